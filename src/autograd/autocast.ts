import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import type { LossScale } from '../kernels/loss-scale.js';
import { expectHalf } from '../tensor/tensor.js';
import type { Gpu } from '../gpu/gpu.js';
import { isThenable } from './graph.js';

/** Options of autocast(): what keeps gradients within the range of f16. */
export interface AutocastOptions {
  /**
   * The scale of the losses. With it backward() of a loss begins at the scale instead of 1, optimisers divide by it and leave out a step
   * whose gradients are not finite, and the scale of the next call follows from that. Default: none.
   */
  lossScale?: LossScale;
}

interface Casting {
  readonly lossScale: LossScale | null;
}

let casting: Casting | null = null;

/**
 * Runs `body` in mixed precision, as torch.autocast has it: convolutions give f16, and what follows them keeps the type; losses, sums,
 * statistics and matrix products are f32, and so are parameters and their gradients. Networks know nothing of it.
 *
 * ```ts
 * const lossScale = new LossScale(gpu);
 * const { recording } = await gpu.record(() => autocast(gpu, () => step(), { lossScale }));
 * ```
 *
 * @param body a function without await; a call of it is one step of the loss scale
 * @returns what `body` returns
 * @throws NO_ADAPTER on an adapter without `shader-f16`; INVALID_ARGUMENT when `body` returns a promise, and inside another autocast();
 *   and what `body` throws
 */
export function autocast<T>(gpu: Gpu, body: () => T, options: AutocastOptions = {}): T {
  const { lossScale = null } = expectOptions('autocast', options, ['lossScale']);
  if (typeof body !== 'function' || typeof gpu?.scope !== 'function') {
    throw refused('autocast() of other things', 'autocast(gpu, body, { lossScale }), where body is a function', 'pass the Gpu first');
  }
  expectHalf(gpu);
  if (casting) throw refused('autocast() inside autocast()', 'one at a time', 'leave the inner one out');
  casting = { lossScale };
  let result: T;
  try {
    result = body();
  } finally {
    casting = null;
  }
  if (isThenable(result)) {
    result.then(undefined, () => {});
    throw refused('an asynchronous function is run in autocast()', 'a function without await', 'await the data outside');
  }
  lossScale?.update();
  return result;
}

const refused = (what: string, expected: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, fix });

/** The type that convolutions give at present. @internal */
export const castType = (): 'f32' | 'f16' => (casting ? 'f16' : 'f32');

/** The scale of the losses at present; null where they are not scaled. @internal */
export const activeLossScale = (): LossScale | null => casting?.lossScale ?? null;
