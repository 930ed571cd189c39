import { ShadegradError } from '../errors.js';
import { isFloat, SMALLEST_FLOAT } from '../gpu/params.js';
import { ADAM_HYPER_SIZE, adamHyper, adamKind, adamStep, type Decay } from '../kernels/adam.js';
import { expectOptions } from '../checks.js';
import type { Tensor } from '../tensor/tensor.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerRule } from './rule.js';
import type { GroupOptions, OptimizerOptions } from './parameter-group.js';
import type { OptimizerTarget } from './target.js';

/** Options of Adam and AdamW that may differ from group to group. */
export interface AdamGroupOptions {
  /** Size of a step, at least 0. Default 1e-3; pix2pix uses 2e-4. */
  learningRate?: number;
  /** Decay rates of the two moments, from 0 to below 1. Default 0.9 and 0.999; pix2pix uses 0.5 and 0.999. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment; above 0. Default 1e-8. */
  epsilon?: number;
  /**
   * How much each step draws parameters towards zero, at least 0. Adam adds weightDecay * parameter to the gradient (default 0);
   * AdamW subtracts learningRate * weightDecay * parameter from the parameter (default 0.01).
   */
  weightDecay?: number;
}

/** Options of Adam and AdamW. */
export interface AdamOptions extends AdamGroupOptions {
  /** Whether to divide by the largest second moment so far (Reddi et al. 2018) instead of the latest. Default false. */
  amsgrad?: boolean;
  /** Options of some parameters; the others have those above. */
  groups?: readonly GroupOptions<AdamSettings>[];
}

/** The options of Adam and AdamW, each with its value. */
export interface AdamSettings extends OptimizerOptions {
  /** The decay rates of the two moments. */
  betas: readonly [number, number];
  /** What is added to the root of the second moment. */
  epsilon: number;
}

const ADAM_OPTIONS = ['learningRate', 'betas', 'epsilon', 'weightDecay', 'amsgrad', 'groups'] as const;

/**
 * Adam (Kingma and Ba 2015) with bias correction; torch.optim.Adam. The module may be a part of a larger one; no other parameters are
 * touched then.
 *
 * ```ts
 * const adam = new Adam(network, { learningRate: 2e-4, betas: [0.5, 0.999] });
 * ```
 */
export class Adam extends Optimizer<AdamSettings> {
  /**
   * Makes an Adam for the parameters of a target.
   *
   * @param target a module on a device, or a list of tensors; trained by no other optimiser
   * @throws INVALID_ARGUMENT for wrong options or groups, or a target on no device or without gradients
   */
  constructor(target: OptimizerTarget, options: AdamOptions = {}) {
    expectOptions('Adam', options, ADAM_OPTIONS);
    super(adamRule('Adam', options, 'coupled'), target, adamSettings(options, 0), options.groups);
  }

  /** The decay rates of the two moments: those of the first group. */
  get betas(): readonly [number, number] {
    return this.groups[0]!.options.betas;
  }

  /** What is added to the root of the second moment: that of the first group. */
  get epsilon(): number {
    return this.groups[0]!.options.epsilon;
  }

  /** The means of the gradients: a flat tensor for each window of the parameters' memory. */
  get firstMoments(): readonly Tensor[] {
    return this.stateWindows('firstMoment');
  }

  /** The means of their squares: a flat tensor for each window of the parameters' memory. */
  get secondMoments(): readonly Tensor[] {
    return this.stateWindows('secondMoment');
  }
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW. */
export class AdamW extends Optimizer<AdamSettings> {
  /**
   * Makes an AdamW for the parameters of a target.
   *
   * @param target a module on a device, or a list of tensors; trained by no other optimiser
   * @throws INVALID_ARGUMENT for wrong options or groups, or a target on no device or without gradients
   */
  constructor(target: OptimizerTarget, options: AdamOptions = {}) {
    expectOptions('AdamW', options, ADAM_OPTIONS);
    super(adamRule('AdamW', options, 'decoupled'), target, adamSettings(options, 0.01), options.groups);
  }
}

function adamSettings(
  { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay }: AdamOptions,
  decay: number,
): AdamSettings {
  return { learningRate, betas: [...betas], epsilon, weightDecay: weightDecay ?? decay };
}

function adamRule(name: string, { amsgrad = false }: AdamOptions, kind: Decay): OptimizerRule<AdamSettings> {
  const decayOf = ({ weightDecay }: AdamSettings): Decay => (weightDecay === 0 ? 'none' : kind);
  return {
    name,
    check({ betas, epsilon }) {
      if (betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1) && epsilon >= SMALLEST_FLOAT && isFloat(epsilon)) return;
      throw new ShadegradError('INVALID_ARGUMENT', `options of ${name}`, {
        expected: 'two betas from 0 to below 1, and an epsilon from 1.2e-38 to 3.4e38',
        received: `betas ${betas.join(' and ')}, epsilon ${epsilon}`,
        fix: 'leave them out for 0.9, 0.999 and 1e-8',
      });
    },
    stateNames: () => ['firstMoment', 'secondMoment', ...(amsgrad ? ['largestSecondMoment'] : [])],
    numbersSize: ADAM_HYPER_SIZE,
    numbers: (options, step) => {
      const {
        learningRate,
        betas: [beta1, beta2],
        epsilon,
        weightDecay,
      } = options;
      return adamHyper({ learningRate, beta1, beta2, epsilon, step, weightDecay, decay: decayOf(options) });
    },
    kind: (options) => adamKind(decayOf(options)),
    update({ state, ...block }, options) {
      const { firstMoment, secondMoment, largestSecondMoment } = state;
      const decay = options && decayOf(options);
      adamStep({ ...block, firstMoment: firstMoment!, secondMoment: secondMoment!, largestSecondMoment, decay });
    },
  };
}
