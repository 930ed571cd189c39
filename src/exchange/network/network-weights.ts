import type { NetworkArchitecture } from '../../models/kind.js';
import type { Shape } from '../../tensor/shape.js';

/** A tensor of a network in this library's layout, whose numbers are read on demand. */
export interface NetworkTensor {
  /** The lengths of the axes, outermost first. */
  readonly shape: Shape;
  /** Reads the numbers, in row-major order. */
  read(): Promise<Float32Array>;
}

/**
 * The weights of a network out of any file: what to build, and what to fill it with. Names are those of Module.namedTensors() (which
 * are the PyTorch reference's); layouts are this library's: convolutions [kernel h, kernel w, in, out], transposed ones [kernel h,
 * kernel w, out, in]. Readers of foreign files make this, writers take it.
 */
export interface NetworkWeights {
  /** The kind and the options that build the network. */
  readonly architecture: NetworkArchitecture;
  /** The tensors by their names in the network. */
  readonly tensors: ReadonlyMap<string, NetworkTensor>;
}
