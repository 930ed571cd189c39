import { activeLossScale } from '../autograd/autocast.js';
import { expectScale, gradientOf, hasGradient } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../errors.js';
import { clipCoefficient, clipScale, clipValue } from '../kernels/clip.js';
import { fill } from '../kernels/elementwise.js';
import { Module } from '../nn/module.js';
import { expectOptions } from '../checks.js';
import { Tensor } from '../tensor/tensor.js';
import { expectIterable, neighbours, type OptimizerTarget } from './target.js';

/** Options of clipGradNorm(): what becomes of gradients whose norm is no number. */
export interface ClipNormOptions {
  /**
   * What becomes of the gradients when their norm is infinite or NaN. 'propagate' (default) is what PyTorch does: they are
   * multiplied with 0 or NaN (but zeros stay zeros). 'zero' makes all of them 0.
   */
  nonFinite?: 'propagate' | 'zero';
}

/**
 * Scales all gradients together so that their norm, as of one vector, is at most `maxNorm`, as
 * torch.nn.utils.clip_grad_norm_. Call it between backward() and the optimiser's step(), in a recorded function too: nothing is read
 * back. PyTorch's `error_if_nonfinite` is a check of `await norm.item()`. Inside autocast() with a loss scale the norm is that of the
 * gradients without the scale, and they keep it.
 * @param parameters a module on a device, or a list of tensors; those without a gradient are left out
 * @param maxNorm at least 0; Infinity only measures
 * @returns the norm before clipping, a scalar
 * @throws INVALID_ARGUMENT, DEVICE_MISMATCH
 */
export function clipGradNorm(parameters: OptimizerTarget, maxNorm: number, options: ClipNormOptions = {}): Tensor {
  const { nonFinite = 'propagate' } = expectOptions('clipGradNorm', options, ['nonFinite']);
  expectBound('maxNorm of clipGradNorm', maxNorm);
  if (nonFinite !== 'propagate' && nonFinite !== 'zero') {
    throw new ShadegradError('INVALID_ARGUMENT', 'nonFinite of clipGradNorm', {
      expected: '"propagate" or "zero"',
      received: String(nonFinite),
      fix: 'leave it out to do as PyTorch does',
    });
  }
  const { list, blocks, release } = gradientBlocks('clipGradNorm', parameters);
  const lossScale = activeLossScale();
  try {
    if (blocks.length === 0) {
      const zero = Tensor.empty(list[0]!.gpu, [], 'norm of the gradients');
      fill(zero, 0);
      return zero;
    }
    const { norm, coefficient } = clipCoefficient(blocks, maxNorm, nonFinite === 'zero', lossScale?.tensor ?? null);
    for (const block of blocks) clipScale(block, coefficient);
    coefficient.dispose();
    return norm;
  } finally {
    release();
  }
}

/**
 * The norm of all gradients together, as of one vector, which stay as they are; null where there are none.
 * @param parameters a module on a device
 * @internal
 */
export function gradientNorm(parameters: Module): Tensor | null {
  const { blocks, release } = gradientBlocks('gradientNorm', parameters);
  try {
    if (blocks.length === 0) return null;
    const { norm, coefficient } = clipCoefficient(blocks, Infinity);
    coefficient.dispose();
    return norm;
  } finally {
    release();
  }
}

/**
 * Brings every number of every gradient into [-value, value], as torch.nn.utils.clip_grad_value_. Call it between backward() and the
 * optimiser's step(), in a recorded function too.
 * @param parameters a module on a device, or a list of tensors; those without a gradient are left out
 * @param value at least 0
 * @throws INVALID_ARGUMENT
 */
export function clipGradValue(parameters: OptimizerTarget, value: number): void {
  expectBound('value of clipGradValue', value);
  if (activeLossScale()) {
    throw new ShadegradError('INVALID_ARGUMENT', `clipGradValue inside autocast() with a loss scale`, {
      expected: 'gradients as they are',
      received: 'gradients times the scale',
      fix: 'leave the loss scale out, or clip by the norm: clipGradNorm()',
    });
  }
  const { blocks, release } = gradientBlocks('clipGradValue', parameters);
  for (const block of blocks) clipValue(block, value);
  release();
}

function expectBound(what: string, bound: number): void {
  if (bound >= 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: 'a number of at least 0',
    received: String(bound),
    fix: 'use 1 for a start, and look at the norms that clipGradNorm() returns',
  });
}

interface GradientBlocks {
  readonly list: readonly Tensor[];
  readonly blocks: readonly Tensor[];
  readonly release: () => void;
}

/** The gradients that are there, those that are neighbours in memory as one. */
function gradientBlocks(what: string, parameters: OptimizerTarget): GradientBlocks {
  const list = parameters instanceof Module ? parameters.parameters() : [...new Set(expectIterable(what, parameters))];
  if (list.length === 0 || !list.every((each) => each instanceof Tensor)) {
    throw new ShadegradError('INVALID_ARGUMENT', `parameters of ${what}`, {
      expected: 'a module with parameters, or a list of one tensor or more',
      received: list.length === 0 ? 'none' : 'something else in the list',
      fix: 'pass the module itself, module.parameters(), or [tensor]',
    });
  }
  for (const leaf of list) if (hasGradient(leaf)) expectScale(`${what} of "${leaf.label}"`, leaf, activeLossScale());
  const gradients = list.filter(hasGradient).map((leaf) => gradientOf(leaf)!);
  const odd = gradients.find(({ dtype }) => dtype !== 'f32');
  if (odd) {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of "${odd.label}"`, {
      expected: 'gradients of f32',
      received: odd.dtype,
      fix: 'keep parameters in f32: autocast() computes in f16 from those',
    });
  }
  const blocks = neighbours(gradients, (gradient) => gradient).map((stretch) => {
    const [first, last] = [stretch[0]!.tensor, stretch[stretch.length - 1]!.tensor];
    const { gpu, storage, offset, label } = first;
    return new Tensor({ gpu, storage: storage.retain(), shape: [last.offset + last.size - offset], offset, label }).keep();
  });
  return { list, blocks, release: () => blocks.forEach((block) => block.dispose()) };
}
