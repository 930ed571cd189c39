import type { Shape } from '../tensor/shape.js';

/** The type of the numbers in a file: how they are stored, not how they are computed with. */
export type StoredDType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'u16' | 'i8' | 'u8' | 'bool';

/** A tensor of somebody's file, in the file's own layout. */
export interface StoredTensor {
  /** The name, as the file has it. */
  readonly name: string;
  /** The lengths of the axes, outermost first; none for a single number. */
  readonly shape: Shape;
  /** The type that the numbers have in the file. */
  readonly dtype: StoredDType;
  /**
   * Reads the numbers, row-major and without gaps whatever the file has. They are read on demand, so that a file's tensors are never
   * all in memory at once.
   *
   * @throws WEIGHTS_CORRUPT
   */
  read(): Promise<Float32Array>;
}

/** The format of a file of weights. */
export type WeightFormat = 'safetensors' | 'pytorch' | 'pict' | 'tfjs-layers';

/** A file of weights whose structure is read and checked, and whose numbers are read on demand. */
export interface WeightFile {
  /** The format of the file. */
  readonly format: WeightFormat;
  /** What errors call the file. */
  readonly name: string;
  /** The tensors by name, in the file's order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says of itself in words, by key. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A tensor to write to a file: its numbers come when they are asked for, one tensor at a time. */
export interface TensorToWrite {
  /** The name that the file is to have it under. */
  readonly name: string;
  /** The lengths of the axes, outermost first; none for a single number. */
  readonly shape: Shape;
  /** Reads the numbers, in row-major order. */
  read(): Promise<Float32Array>;
}
