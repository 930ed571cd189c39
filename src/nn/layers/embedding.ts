import { embedding } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { normal, type Initializer } from '../initializers.js';
import { Module } from '../module.js';
import { checkCounts } from '../options.js';
import type { Parameter } from '../parameter.js';
import { placed } from './out.js';

/** Options of an Embedding: the size of its table, and what fills it. */
export interface EmbeddingOptions {
  /** Rows of the table: indices go from 0 to one less. */
  entries: number;
  /** Numbers that an index becomes. */
  dimensions: number;
  /** Fills the table. Default, as in PyTorch: N(0, 1). */
  initializer?: Initializer;
}

/**
 * A table with a row for each index, as torch.nn.Embedding; weight [entries, dimensions].
 *
 *     const words = new Embedding({ entries: 1000, dimensions: 64 }).to(gpu);           // nn.Embedding(1000, 64)
 *     words.forward(Tensor.from(gpu, new Int32Array([3, 1, 999]), [1, 3]));             // [1, 3, 64]
 */
export class Embedding extends Module {
  /** The table, [entries, dimensions]. */
  readonly weight: Parameter;

  /** Makes the layer. @throws INVALID_ARGUMENT for options that cannot be, or of other names */
  constructor(options: EmbeddingOptions) {
    super();
    const {
      entries,
      dimensions,
      initializer = normal(0, 1),
    } = expectOptions('an Embedding', options, ['entries', 'dimensions', 'initializer'], { required: ['entries', 'dimensions'] });
    checkCounts('an Embedding', { entries, dimensions });
    this.weight = this.parameter('weight', [entries, dimensions], initializer);
  }

  /**
   * Looks up a row for each index.
   *
   * @param x i32 [...]; an index that the table lacks gives a row of NaN
   * @returns [..., dimensions]
   * @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as embedding(); INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return placed('embedding', x, out, () => embedding(x, this.weight.value));
  }
}
