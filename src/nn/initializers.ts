import { emptyRows, orthonormalize } from './orthonormal.js';
import { RandomStream } from '../random.js';
import { ShadegradError } from '../errors.js';
import { fill } from '../kernels/elementwise.js';
import { fillNormal, fillUniform } from '../kernels/random.js';
import { expectOptions } from '../checks.js';
import { elementCount, formatShape, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkChoice, refused } from './options.js';

/**
 * What fills a new parameter: a function of the tensor, the seed, and a number of its own for each parameter, so that no two share
 * random numbers.
 */
export type Initializer = (target: Tensor, seed: number, stream: number) => void;

/**
 * Fills parameters with normally distributed numbers of a given mean and standard deviation; torch.nn.init.normal_.
 *
 * @throws INVALID_ARGUMENT, when the module is placed, for a deviation below 0
 */
export const normal =
  (mean: number, std: number): Initializer =>
  (target, seed, stream) =>
    fillNormal(target, mean, std, seed, stream);

/**
 * Fills parameters with numbers uniform in [low, high); torch.nn.init.uniform_.
 *
 * @throws INVALID_ARGUMENT, when the module is placed, for a `low` above `high`
 */
export const uniform =
  (low: number, high: number): Initializer =>
  (target, seed, stream) =>
    fillUniform(target, low, high, seed, stream);

/** Fills parameters with one number; torch.nn.init.constant_. */
export const constant =
  (value: number): Initializer =>
  (target) =>
    fill(target, value);

/** Options of kaimingNormal() and kaimingUniform(): what follows the layer, and which variance is kept. */
export interface KaimingOptions {
  /** The slope below zero of the ReLU that follows: 0 for ReLU itself. Default 0, as in PyTorch. */
  slope?: number;
  /** Whether the variance is kept forwards ('fanIn') or backwards ('fanOut'). Default 'fanIn'. */
  mode?: 'fanIn' | 'fanOut';
}

/**
 * Numbers that each output of a layer is summed from, and that each input goes into. Weights are [..., in, out], those of
 * transposed convolutions [..., out, in]: PyTorch, too, takes the latter for those of the convolution they are the adjoint of.
 * @throws SHAPE_MISMATCH for a tensor of fewer than two axes
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new ShadegradError('SHAPE_MISMATCH', 'tensor to fill by its number of inputs and outputs', {
      expected: 'the weight of a layer, with at least two axes',
      received: formatShape(shape),
      fix: 'use uniform(), normal() or constant() for it',
    });
  }
  const size = elementCount(shape);
  return { fanIn: size / shape.at(-1)!, fanOut: size / shape.at(-2)! };
}

/** The deviation as a function of the shape. @throws INVALID_ARGUMENT at once, not when the module is placed */
function kaimingDeviation(what: string, options: KaimingOptions): (shape: Shape) => number {
  const { slope = 0, mode = 'fanIn' } = expectOptions(what, options, ['slope', 'mode']);
  checkChoice(`mode of ${what}`, mode, ['fanIn', 'fanOut']);
  if (!Number.isFinite(slope)) throw refused(`slope of ${what}`, 'a finite number', slope);
  return (shape) => Math.sqrt(2 / (1 + slope * slope) / fans(shape)[mode]);
}

function xavierDeviation(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = fans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** A uniform distribution around 0 of the given standard deviation. */
function symmetric(deviation: number): Initializer {
  const bound = Math.sqrt(3) * deviation;
  return uniform(-bound, bound);
}

/**
 * Fills weights with normally distributed numbers that keep the variance through a layer and its ReLU (He et al. 2015);
 * torch.nn.init.kaiming_normal_.
 *
 * @throws INVALID_ARGUMENT for options that cannot be; SHAPE_MISMATCH, when the module is placed, for a parameter of fewer than two axes
 */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  const deviation = kaimingDeviation('kaimingNormal', options);
  return (target, seed, stream) => normal(0, deviation(target.shape))(target, seed, stream);
}

/**
 * Fills weights with uniform numbers that keep the variance through a layer and its ReLU (He et al. 2015);
 * torch.nn.init.kaiming_uniform_. With `slope` sqrt(5) the bounds are plus and minus 1 / sqrt(inputs): PyTorch's default for
 * convolutions and linear layers.
 *
 * @throws SHAPE_MISMATCH, when the module is placed, for a parameter of fewer than two axes
 */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  const deviation = kaimingDeviation('kaimingUniform', options);
  return (target, seed, stream) => symmetric(deviation(target.shape))(target, seed, stream);
}

/**
 * Fills weights with normally distributed numbers between what keeps the variance forwards and what keeps it backwards (Glorot and
 * Bengio 2010); torch.nn.init.xavier_normal_.
 *
 * @throws SHAPE_MISMATCH, when the module is placed, for a parameter of fewer than two axes
 */
export const xavierNormal =
  (gain = 1): Initializer =>
  (target, seed, stream) =>
    normal(0, xavierDeviation(target.shape, gain))(target, seed, stream);

/**
 * Fills weights with uniform numbers between what keeps the variance forwards and what keeps it backwards (Glorot and Bengio 2010);
 * torch.nn.init.xavier_uniform_.
 *
 * @throws SHAPE_MISMATCH, when the module is placed, for a parameter of fewer than two axes
 */
export const xavierUniform =
  (gain = 1): Initializer =>
  (target, seed, stream) =>
    symmetric(xavierDeviation(target.shape, gain))(target, seed, stream);

/**
 * Fills weights with orthogonal vectors (Saxe et al. 2014): the weights of each output, as one vector, are perpendicular to those of the
 * others and of length `gain`; where there are more outputs than inputs of a layer, the weights of each input are. Drawn in float64 on the
 * host, so the same on every adapter; torch.nn.init.orthogonal_. Takes about 2 * k * k * n operations for k vectors of n numbers: seconds
 * for the widest layers.
 *
 * @throws SHAPE_MISMATCH, when the module is placed, for a parameter of fewer than two axes
 */
export const orthogonal =
  (gain = 1): Initializer =>
  (target, seed, stream) => {
    const { fanIn } = fans(target.shape);
    target.write(orthogonalMatrix(fanIn, target.shape.at(-1)!, gain, new RandomStream(seed, stream, ORTHOGONAL_STREAM)));
  };

/** Tells these draws from others of one seed. */
const ORTHOGONAL_STREAM = 0x6f727468;

/** A matrix [rows, columns] whose columns, or whose rows where these are fewer, are perpendicular and of one length. */
function orthogonalMatrix(rows: number, columns: number, length: number, random: RandomStream): Float32Array<ArrayBuffer> {
  const [count, size] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors = emptyRows(count, size);
  const { data } = vectors;
  // Of normally distributed vectors every direction is as likely as another. Those that all but depend on one another are drawn anew.
  do for (let at = 0; at < count * size; at++) data[at] = random.normal();
  while (!orthonormalize(vectors));
  const matrix = new Float32Array(rows * columns);
  const [step, next] = columns <= rows ? [columns, 1] : [1, columns];
  for (let vector = 0, from = 0; vector < count; vector++)
    for (let at = 0; at < size; at++) matrix[at * step + vector * next] = length * data[from++]!;
  return matrix;
}

/** Weights as a PyTorch layer has them at first: uniform within 1 / sqrt(inputs). */
export const defaultWeight: Initializer = kaimingUniform({ slope: Math.sqrt(5) });

/** Biases as a PyTorch layer has them at first. @param weight shape of the layer's weight */
export function defaultBias(weight: Shape): Initializer {
  const bound = 1 / Math.sqrt(fans(weight).fanIn);
  return uniform(-bound, bound);
}
