import type { PatchGANOptions } from '../models/patchgan.js';
import type { UNetOptions } from '../models/unet.js';
import type { Shape } from '../tensor/shape.js';

/** The options that build a network, every one of them given. */
export type NetworkArchitecture =
  | { readonly kind: 'unet'; readonly options: UNetOptions }
  | { readonly kind: 'patchgan'; readonly options: PatchGANOptions };

/** Numbers of one tensor of a network in this library's layout; read on demand. */
export interface NetworkTensor {
  readonly shape: Shape;
  read(): Promise<Float32Array>;
}

/**
 * A network out of any file: what to build, and what to fill it with. Names are those of Module.namedTensors() (which are
 * the PyTorch reference's); layouts are this library's: convolutions [kernel h, kernel w, in, out], transposed ones
 * [kernel h, kernel w, out, in]. Readers of foreign files make this, writers take it.
 */
export interface NetworkWeights {
  readonly architecture: NetworkArchitecture;
  readonly tensors: ReadonlyMap<string, NetworkTensor>;
}
