import type { Shape } from '../tensor/shape.js';

/** How a file stores its numbers. */
export type StoredDType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'u16' | 'i8' | 'u8' | 'bool';

/** A tensor of somebody's file, in the file's own layout. */
export interface StoredTensor {
  readonly name: string;
  /** Lengths of each axis, outermost first; none for a single number. */
  readonly shape: Shape;
  readonly dtype: StoredDType;
  /**
   * The numbers, row-major and without gaps whatever the file has. Read on demand, so that a file's tensors are never
   * all in memory at once. @throws WEIGHTS_CORRUPT
   */
  read(): Promise<Float32Array>;
}

export type WeightFormat = 'safetensors' | 'pytorch' | 'pict' | 'tfjs-layers';

/** A file of weights whose structure is read and checked, and whose numbers are read on demand. */
export interface WeightFile {
  readonly format: WeightFormat;
  /** Names it in errors. */
  readonly name: string;
  /** By name, in the file's order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says of itself in words, by key. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A tensor to write: numbers come when they are asked for, one tensor at a time. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: Shape;
  read(): Promise<Float32Array>;
}
