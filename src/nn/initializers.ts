import type { Tensor } from '../tensor/tensor.js';
import { fill } from '../kernels/elementwise.js';
import { fillNormal, fillUniform } from '../kernels/random.js';

/** Fills a new parameter. `stream` numbers the parameters, so that no two share random numbers. */
export type Initializer = (target: Tensor, seed: number, stream: number) => void;

/** Gaussian with the given mean and standard deviation. */
export const normal = (mean: number, std: number): Initializer => (target, seed, stream) => fillNormal(target, mean, std, seed, stream);

/** Uniform in [low, high). */
export const uniform = (low: number, high: number): Initializer => (target, seed, stream) => fillUniform(target, low, high, seed, stream);

/** One value everywhere. */
export const constant = (value: number): Initializer => (target) => fill(target, value);
