import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { expectOptions } from '../checks.js';
import type { Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectFinite } from './elements.js';
import { fill, fillRange } from './elementwise.js';
import { fillNormal, fillUniform } from './random.js';

// Tensors with contents that a kernel makes, so that a recorded function can make them too: they are made anew in every run.

/**
 * Makes a tensor of one number everywhere; torch.full. Runs as a kernel, so that a recorded function may call it.
 *
 * @throws INVALID_ARGUMENT for a shape that is none; LIMIT_EXCEEDED
 */
export function full(gpu: Gpu, shape: Shape, value: number): Tensor {
  const tensor = Tensor.empty(gpu, shape, 'full');
  fill(tensor, value);
  return tensor;
}

/**
 * Makes a tensor of zeros; torch.zeros. Runs as a kernel, so that a recorded function may call it.
 *
 * @throws INVALID_ARGUMENT for a shape that is none; LIMIT_EXCEEDED
 */
export const zeros = (gpu: Gpu, shape: Shape): Tensor => full(gpu, shape, 0);

/**
 * Makes a tensor of ones; torch.ones. Runs as a kernel, so that a recorded function may call it.
 *
 * @throws INVALID_ARGUMENT for a shape that is none; LIMIT_EXCEEDED
 */
export const ones = (gpu: Gpu, shape: Shape): Tensor => full(gpu, shape, 1);

/** Makes a tensor without axes, shape [], that holds one number; torch.tensor(value). */
export const scalar = (gpu: Gpu, value: number): Tensor => full(gpu, [], value);

/** Makes a tensor of zeros in the shape of x, on its device; torch.zeros_like. */
export const zerosLike = (x: Tensor): Tensor => full(x.gpu, x.shape, 0);

/** Makes a tensor of ones in the shape of x, on its device; torch.ones_like. */
export const onesLike = (x: Tensor): Tensor => full(x.gpu, x.shape, 1);

/** Options of rand() and randn(): what the numbers are drawn from. */
export interface RandomOptions {
  /** The seed, a whole number of 32 bits. The same one gives the same numbers. */
  seed: number;
  /** Tells tensors with one seed apart, a whole number of 32 bits. Default 0. */
  stream?: number;
}

/**
 * Makes a tensor of random numbers, uniform in [0, 1); torch.rand. An element's number depends on its index, the seed and the stream
 * alone.
 *
 * @throws INVALID_ARGUMENT for a shape that is none, seeds that are no whole numbers of 32 bits, or options of other names
 */
export function rand(gpu: Gpu, shape: Shape, options: RandomOptions): Tensor {
  const { seed, stream = 0 } = expectOptions('rand', options, ['seed', 'stream'], { required: ['seed'] });
  const tensor = Tensor.empty(gpu, shape, 'rand');
  fillUniform(tensor, 0, 1, seed, stream);
  return tensor;
}

/**
 * Makes a tensor of normally distributed random numbers, mean 0 and deviation 1; torch.randn. An element's number depends on its index,
 * the seed and the stream alone.
 *
 * @throws INVALID_ARGUMENT for a shape that is none, seeds that are no whole numbers of 32 bits, or options of other names
 */
export function randn(gpu: Gpu, shape: Shape, options: RandomOptions): Tensor {
  const { seed, stream = 0 } = expectOptions('randn', options, ['seed', 'stream'], { required: ['seed'] });
  const tensor = Tensor.empty(gpu, shape, 'randn');
  fillNormal(tensor, 0, 1, seed, stream);
  return tensor;
}

/**
 * Makes a tensor of the numbers start, start + step, ... before `end`: `arange(gpu, end)` counts from 0, `arange(gpu, start, end)` in
 * steps of 1; torch.arange. Computed as start + step * index in float32, which is exact for whole numbers up to 2^24.
 *
 * @returns a tensor of one axis, ceil((end - start) / step) long
 * @throws INVALID_ARGUMENT when that is less than 1, or a number is not finite
 */
export function arange(gpu: Gpu, start: number, end?: number, step = 1): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  for (const [name, value] of Object.entries({ start: from, end: to, step })) expectFinite(`${name} of arange`, value);
  const count = Math.ceil((to - from) / step);
  if (!(count >= 1 && Number.isFinite(count))) {
    throw new ShadegradError('INVALID_ARGUMENT', 'range of arange', {
      expected: 'at least one number from start to end, which is not among them',
      received: `start ${from}, end ${to}, step ${step}`,
      fix: 'let the step lead from start towards end',
    });
  }
  const tensor = Tensor.empty(gpu, [count], 'arange');
  fillRange(tensor, from, step);
  return tensor;
}
