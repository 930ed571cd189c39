import { copy, dropout } from '../../autograd/ops.js';
import type { Gpu } from '../../gpu/gpu.js';
import { DropoutState } from '../../kernels/dropout.js';
import { expectFloats } from '../../kernels/elements.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module, type PlaceOptions } from '../module.js';
import { notPlaced } from '../parameter.js';
import { refused } from '../options.js';

/**
 * A layer that drops elements while training, and nothing otherwise (Srivastava et al. 2014); torch.nn.Dropout. The masks follow from
 * the seed of Module.to(), the layer's place in its network, the number given to Module.advanceDropout() and the count of forward
 * passes since then. The device keeps that count, so that replays draw as calls do. Call advanceDropout(step) before each step, and a
 * resumed run drops what an unbroken one would.
 */
export class Dropout extends Module {
  /** The probability that an element becomes zero. */
  readonly rate: number;
  private state: DropoutState | null = null;

  /**
   * Builds the layer.
   *
   * @param rate probability that an element becomes zero, from 0 to below 1; the others are divided by 1 - rate. Default 0.5
   * @throws INVALID_ARGUMENT for another rate
   */
  constructor(rate = 0.5) {
    super();
    if (!(rate >= 0 && rate < 1)) throw refused('rate of a Dropout', 'a number from 0 to below 1', rate);
    this.rate = rate;
  }

  protected override onPlaced(gpu: Gpu, { seed }: Required<PlaceOptions>): void {
    this.state = new DropoutState(gpu, seed);
  }

  protected override onDisposed(): void {
    this.state?.dispose();
    this.state = null;
  }

  protected override onAdvance(step: number): void {
    if (!this.state) throw notPlaced();
    this.state.advance(step);
  }

  /**
   * Drops elements, while training.
   *
   * @param x of any shape
   * @returns x itself when nothing is dropped and no `out` is given
   * @throws as dropout(): SHAPE_MISMATCH, INVALID_ARGUMENT, DEVICE_MISMATCH; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { training = this.training, dropout: drops = training, out } = forwardOptions(this, options);
    if (!drops || this.rate === 0) return out ? copy(x, { out }) : x;
    const { state } = this;
    if (!state) throw notPlaced();
    expectFloats('dropout', { input: x, out }, { state: state.tensor });
    return dropout(x, { rate: this.rate, layer: 0, state: state.beginPass(), out });
  }
}
