import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { expectOptions } from '../tensor/options.js';
import type { Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectFinite } from './elements.js';
import { fill, fillRange } from './elementwise.js';
import { fillNormal, fillUniform } from './random.js';

// Tensors with contents that a kernel makes, so that a recorded function can make them too: they are made anew in every run.

/** A tensor of one number everywhere. @throws INVALID_ARGUMENT for a shape that is none */
export function full(gpu: Gpu, shape: Shape, value: number): Tensor {
  const tensor = Tensor.empty(gpu, shape, 'full');
  fill(tensor, value);
  return tensor;
}

/** A tensor of zeros. @throws INVALID_ARGUMENT for a shape that is none */
export const zeros = (gpu: Gpu, shape: Shape): Tensor => full(gpu, shape, 0);

/** A tensor of ones. @throws INVALID_ARGUMENT for a shape that is none */
export const ones = (gpu: Gpu, shape: Shape): Tensor => full(gpu, shape, 1);

/** A tensor without axes, shape [], that holds one number. */
export const scalar = (gpu: Gpu, value: number): Tensor => full(gpu, [], value);

/** Zeros in the shape of x, on its device. */
export const zerosLike = (x: Tensor): Tensor => full(x.gpu, x.shape, 0);

/** Ones in the shape of x, on its device. */
export const onesLike = (x: Tensor): Tensor => full(x.gpu, x.shape, 1);

export interface RandomOptions {
  /** Whole number of 32 bits. The same seed gives the same numbers. */
  seed: number;
  /** Whole number of 32 bits that tells tensors with one seed apart. Default 0. */
  stream?: number;
}

/** Numbers uniform in [0, 1): an element's depends on its index, the seed and the stream alone. @throws INVALID_ARGUMENT */
export function rand(gpu: Gpu, shape: Shape, options: RandomOptions): Tensor {
  const { seed, stream = 0 } = expectOptions('rand', options, ['seed', 'stream'], { required: ['seed'] });
  const tensor = Tensor.empty(gpu, shape, 'rand');
  fillUniform(tensor, 0, 1, seed, stream);
  return tensor;
}

/**
 * Normally distributed numbers, mean 0 and deviation 1: an element's depends on its index, the seed and the stream alone.
 *
 * @throws INVALID_ARGUMENT
 */
export function randn(gpu: Gpu, shape: Shape, options: RandomOptions): Tensor {
  const { seed, stream = 0 } = expectOptions('randn', options, ['seed', 'stream'], { required: ['seed'] });
  const tensor = Tensor.empty(gpu, shape, 'randn');
  fillNormal(tensor, 0, 1, seed, stream);
  return tensor;
}

/**
 * The numbers start, start + step, ... before `end`: `arange(gpu, end)` counts from 0, `arange(gpu, start, end)` in steps of 1.
 * Computed as start + step * index in float32, which is exact for whole numbers up to 2^24.
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
