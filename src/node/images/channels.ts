/** Numbers as wide as those of a file, or as narrow. */
export type StoredNumbers = Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

/** The numbers of a decoded image as its file stores them. */
export interface Channels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height][width][channels]; it may be memory of the file's bytes. */
  readonly data: StoredNumbers;
  /** What whole numbers of the file are at most; null of floats, and of numbers with a sign. */
  readonly full: number | null;
}
