import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { expectWord } from '../checks.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectFinite, expectOperands, walkElements } from './elements.js';
import { specialise } from './kernel.js';
import layerKeySource from '../../shaders/shared/layer_key.wgsl';
import lanesScalarSource from '../../shaders/shared/random_lanes_scalar.wgsl';
import lanesVec4Source from '../../shaders/shared/random_lanes_vec4.wgsl';
import randomSource from '../../shaders/shared/random.wgsl';
import normalSource from '../../shaders/shared/normal.wgsl';
import drawNormalSource from '../../shaders/draw_normal.wgsl';
import fillNormalSource from '../../shaders/fill_normal.wgsl';
import fillUniformSource from '../../shaders/fill_uniform.wgsl';

/** The generator for kernels that take four elements at a time, or one; both draw the same for an element. */
export function randomSources(vectorized: boolean): string[] {
  return [randomSource, vectorized ? lanesVec4Source : lanesScalarSource];
}

/** The generator for kernels that draw for a layer in a forward pass, from the words of a DropoutPass. */
export const layerRandomSources = (vectorized: boolean): string[] => [...randomSources(vectorized), layerKeySource];

/**
 * Fills a tensor with random numbers uniform in [low, high), up to float32's rounding of the result; torch.nn.init.uniform_. An
 * element's number depends on its index, `seed` and `stream` alone.
 *
 * @param seed whole number of 32 bits
 * @param stream whole number of 32 bits that tells tensors with one seed apart
 * @throws INVALID_ARGUMENT for impossible numbers, or another type than f32; USE_AFTER_FREE
 */
export function fillUniform(target: Tensor, low: number, high: number, seed: number, stream: number): void {
  expectFinite('low of fillUniform', low);
  expectFinite('high of fillUniform', high);
  if (low > high) {
    throw new ShadegradError('INVALID_ARGUMENT', 'range of fillUniform', {
      expected: 'low at most high',
      received: `${low} to ${high}`,
      fix: 'exchange the two',
    });
  }
  fillRandom('fill_uniform', [fillUniformSource], target, [low, high - low], seed, stream);
}

/**
 * Fills a tensor with normally distributed random numbers (Box and Muller's transform); torch.nn.init.normal_. An element's number
 * depends on its index, `seed` and `stream` alone.
 *
 * @param deviation standard deviation, at least 0
 * @param seed whole number of 32 bits
 * @param stream whole number of 32 bits that tells tensors with one seed apart
 * @throws INVALID_ARGUMENT for impossible numbers, or another type than f32; USE_AFTER_FREE
 */
export function fillNormal(target: Tensor, mean: number, deviation: number, seed: number, stream: number): void {
  expectFinite('mean of fillNormal', mean);
  expectFinite('deviation of fillNormal', deviation);
  if (deviation < 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'standard deviation of fillNormal', {
      expected: 'at least 0',
      received: String(deviation),
      fix: 'use a standard deviation, not a variance or a logarithm',
    });
  }
  fillRandom('fill_normal', [normalSource, fillNormalSource], target, [mean, deviation], seed, stream);
}

/**
 * Fills a tensor with standard normal numbers for a forward pass. An element's number depends on its index, the layer, and the seed, step
 * and pass in device memory, so that replays draw as calls do.
 *
 * @param layer whole number below 65,536 that tells what is drawn in a pass apart; layers with dropout have numbers of the same row
 * @param words [3] of a DropoutPass
 */
export function drawNormal(target: Tensor, layer: number, words: Tensor): void {
  const walk = walkElements([target]);
  target.gpu.dispatch({
    shader: specialise(
      'draw_normal',
      [walk.source, ...layerRandomSources(walk.vectorized), normalSource, drawNormalSource],
      walk.constants,
      walk.aliases,
    ),
    bindings: [words.read(), target.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(target), words.base, layer),
    workgroups: walk.workgroups,
  });
}

function fillRandom(
  name: string,
  sources: readonly string[],
  target: Tensor,
  numbers: readonly [number, number],
  seed: number,
  stream: number,
): void {
  expectWord(`seed of ${name}`, seed);
  expectWord(`stream of ${name}`, stream);
  expectOperands(name, { target });
  const walk = walkElements([target]);
  target.gpu.dispatch({
    shader: specialise(name, [walk.source, ...randomSources(walk.vectorized), ...sources], walk.constants, walk.aliases),
    bindings: [target.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(target), stream, seed).f32(...numbers),
    workgroups: walk.workgroups,
  });
}
