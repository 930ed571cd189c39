import { ShadegradError } from '../errors.js';
import { isFloat } from '../gpu/params.js';
import { SGD_HYPER_SIZE, sgdHyper, sgdKind, sgdStep } from '../kernels/sgd.js';
import { expectOptions } from '../checks.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerRule } from './rule.js';
import type { GroupOptions, OptimizerOptions } from './parameter-group.js';
import type { OptimizerTarget } from './target.js';

/** Options of SGD that may differ from group to group. */
export interface SGDGroupOptions {
  /** Size of a step, at least 0. Default 1e-3. */
  learningRate?: number;
  /** How much of the last step's direction is kept, at least 0. Default 0. */
  momentum?: number;
  /** How much of a gradient is left out of the direction, from the second step on. Default 0. */
  dampening?: number;
  /** Whether to step along the direction of the step after this one. Needs momentum and no dampening. Default false. */
  nesterov?: boolean;
  /** How much of each parameter is added to its gradient, at least 0. Default 0. */
  weightDecay?: number;
}

/** Options of SGD. */
export interface SGDOptions extends SGDGroupOptions {
  /** Options of some parameters; the others have those above. */
  groups?: readonly GroupOptions<SGDSettings>[];
}

/** The options of SGD, each with its value. */
export interface SGDSettings extends OptimizerOptions {
  /** How much of the last step's direction is kept. */
  momentum: number;
  /** How much of a gradient is left out of the direction. */
  dampening: number;
  /** Whether to step along the direction of the step after this one. */
  nesterov: boolean;
}

/**
 * Stochastic gradient descent, with momentum (Sutskever et al. 2013) if wanted, as torch.optim.SGD: `v = momentum * v + gradient`, then
 * `p -= learningRate * v`. Where a rate changes, all of v is taken with the new one; programs that have the rate inside v
 * (`v = momentum * v - learningRate * gradient; p += v`) take earlier gradients with the rates of their steps.
 */
export class SGD extends Optimizer<SGDSettings> {
  /**
   * Makes an SGD for the parameters of a target.
   *
   * @param target a module on a device, or a list of tensors; trained by no other optimiser
   * @throws INVALID_ARGUMENT for wrong options or groups, or a target on no device or without gradients
   */
  constructor(target: OptimizerTarget, options: SGDOptions = {}) {
    expectOptions('SGD', options, ['learningRate', 'momentum', 'dampening', 'nesterov', 'weightDecay', 'groups']);
    const { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, groups } = options;
    super(sgdRule, target, { learningRate, momentum, dampening, nesterov, weightDecay }, groups);
  }
}

const sgdRule: OptimizerRule<SGDSettings> = {
  name: 'SGD',
  check({ momentum, dampening, nesterov }) {
    const finite = isFloat(momentum) && momentum >= 0 && isFloat(dampening);
    if (finite && (!nesterov || (momentum > 0 && dampening === 0))) return;
    throw new ShadegradError('INVALID_ARGUMENT', 'options of SGD', {
      expected: finite ? 'with nesterov, a momentum above 0 and no dampening' : 'a finite momentum of at least 0, and a finite dampening',
      received: `momentum ${momentum}, dampening ${dampening}${nesterov ? ', nesterov' : ''}`,
      fix: 'momentum 0.9 without dampening is usual',
    });
  },
  stateNames: (options) => (options.some(({ momentum }) => momentum > 0) ? ['momentum'] : []),
  numbersSize: SGD_HYPER_SIZE,
  numbers: (options, step) => sgdHyper({ ...options, step }),
  kind: ({ momentum, nesterov, weightDecay }) => sgdKind({ decays: weightDecay > 0, momentum: momentum > 0, nesterov }),
  update({ state: { momentum: sums }, ...block }, options) {
    if (!options) sgdStep({ ...block, momentum: sums });
    else {
      const { momentum, nesterov, weightDecay } = options;
      sgdStep({ ...block, momentum: momentum > 0 ? sums : undefined, nesterov, decays: weightDecay > 0 });
    }
  },
};
