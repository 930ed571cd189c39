import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { isFloat, Params } from '../gpu/params.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOptions } from '../checks.js';
import { expectShape } from '../tensor/shape.js';
import { expectOperands, expectWithoutGaps, walkElements } from './elements.js';
import { grid, specialise } from './kernel.js';
import checkSource from '../../shaders/loss_scale_check.wgsl';
import leftOutSource from '../../shaders/loss_scale_left_out.wgsl';
import updateSource from '../../shaders/loss_scale_update.wgsl';

/** The numbers of a LossScale, and where they lie. */
const SIZE = 5;
/** Where the counts begin in what noteLeftOut() writes. */
export const LEFT_OUT_START = 3;

/** Options of a LossScale: those of torch.cuda.amp.GradScaler. */
export interface LossScaleOptions {
  /** The scale at the start. Default 65536. */
  initial?: number;
  /** Steps without an overflow after which the scale is doubled. Default 2000. */
  growthInterval?: number;
}

/**
 * The scale of the losses in mixed precision, which keeps small gradients from vanishing in f16: torch.cuda.amp.GradScaler. It lives on
 * the device, so that a recorded step needs no host: a step with a gradient that is not finite halves it and leaves the parameters
 * alone, and after 2,000 steps without one it is doubled.
 */
export class LossScale {
  /**
   * The numbers of the scale, [5]: the scale itself, the steps since it last changed, whether a gradient of the optimiser at hand was not
   * finite, whether one of this step was, and how many steps of optimisers were left out. To be saved and restored as a whole.
   */
  readonly tensor: Tensor;
  private readonly growthInterval: number;

  /**
   * Makes a scale.
   *
   * @throws INVALID_ARGUMENT for a scale that is no positive number, or an interval that is no whole number of at least 1
   */
  constructor(gpu: Gpu, options: LossScaleOptions = {}) {
    const { initial = 65536, growthInterval = 2000 } = expectOptions('LossScale', options, ['initial', 'growthInterval']);
    if (typeof gpu?.scope !== 'function') {
      throw new ShadegradError('INVALID_ARGUMENT', 'LossScale of no Gpu', {
        expected: 'new LossScale(gpu, { initial, growthInterval })',
        received: typeof gpu,
        fix: 'pass the Gpu of the networks first',
      });
    }
    if (!(initial > 0 && isFloat(initial) && Number.isSafeInteger(growthInterval) && growthInterval >= 1)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'options of LossScale', {
        expected: 'a positive number to begin with, and a whole number of steps from 1 up',
        received: `initial ${initial}, growthInterval ${growthInterval}`,
        fix: 'leave them out for 65536 and 2000',
      });
    }
    this.growthInterval = growthInterval;
    this.tensor = Tensor.from(gpu, [initial, 0, 0, 0, 0], [SIZE], 'loss scale').keep();
  }

  /** The scale alone, in the shape of a loss. @internal */
  seed(shape: readonly number[]): Tensor {
    return this.tensor.channelView(0, 1).viewAs(shape);
  }

  /** Notes whether a block of gradients holds a number that is not finite. @internal */
  check(gradients: Tensor): void {
    noteNotFinite(gradients, this.tensor);
  }

  /** After an optimiser's step: what was found out counts for the whole step. @internal */
  stepped(): void {
    this.dispatch(false);
  }

  /** At the end of a step: the scale of the next one. autocast() calls it. */
  update(): void {
    this.dispatch(true);
  }

  private dispatch(end: boolean): void {
    this.tensor.gpu.dispatch({
      shader: specialise('loss_scale_update', [updateSource], { END: end }),
      bindings: [this.tensor.written()],
      params: new Params().u32(this.tensor.base).f32(this.growthInterval),
      workgroups: [1, 1, 1],
    });
  }

  /** Gives the memory back. */
  dispose(): void {
    this.tensor.dispose();
  }
}

/**
 * Notes in the numbers of a LossScale whether gradients hold one that is not finite.
 * @param gradients f32, without gaps
 * @throws INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function noteNotFinite(gradients: Tensor, state: Tensor): void {
  expectOperands('loss scale', { gradients, state });
  expectWithoutGaps('loss scale', { gradients }, 'keep gradients in arenas of their own');
  const walk = walkElements([gradients]);
  gradients.gpu.dispatch({
    shader: specialise('loss_scale_check', [walk.source, checkSource], walk.constants, walk.aliases),
    bindings: [gradients.read(), state.written()],
    params: new Params().u32(walk.count, walk.place(gradients)[0], state.base),
    workgroups: walk.workgroups,
  });
}

/**
 * Writes what the kernels of an optimiser are to know of a LossScale, once all gradients of a step are looked through.
 * @param own [3 + parameters], updated in place: the scale; third whether the step is left out; then of each parameter how many steps
 *   were, this one among them
 * @param due [parameters]: 1 for those that take part in the step, else 0
 * @param state the numbers of the LossScale
 * @throws INVALID_ARGUMENT, SHAPE_MISMATCH, USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function noteLeftOut(own: Tensor, due: Tensor, state: Tensor): void {
  expectOperands('steps left out', { own, due, state });
  expectShape('own of steps left out', [LEFT_OUT_START + due.size], own.shape);
  own.gpu.dispatch({
    shader: specialise('loss_scale_left_out', [leftOutSource]),
    bindings: [state.read(), due.read(), own.written()],
    params: new Params().u32(due.size, state.base, due.base),
    workgroups: grid(due.size, 64),
  });
}
