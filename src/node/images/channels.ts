/** The numbers of a decoded image as its file stores them. */
export interface Channels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height][width][channels] */
  readonly data: Float32Array | Float64Array | Uint8Array | Uint16Array;
  /** What whole numbers of the file are at most; null of floats, and of numbers with a sign. */
  readonly full: number | null;
}
