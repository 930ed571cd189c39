import { Params } from '../gpu/params.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOneDevice, expectOperands, expectScalar, walkElements, type ElementWalk } from './elements.js';
import { grid, specialise } from './kernel.js';
import coefficientSource from '../../shaders/clip_coefficient.wgsl';
import scaledSource from '../../shaders/clip_coefficient_scaled.wgsl';
import scaleSource from '../../shaders/clip_scale.wgsl';
import valueSource from '../../shaders/clip_value.wgsl';
import partialSumsSource from '../../shaders/shared/partial_sums.wgsl';
import sumTermsSource from '../../shaders/sum_terms.wgsl';
import squaredDifferenceSource from '../../shaders/loss-terms/squared_difference.wgsl';

/** Partial sums of this many terms are long enough to hide the second stage and short enough to stay precise. */
const TERMS_PER_PARTIAL = 16;
/** Of one block. More partial sums keep no GPU busier and make the second stage longer. */
const MOST_PARTIALS = 16384;
/** Partial sums of each block begin on a multiple of this many: a binding's offset must be a multiple of 256 bytes. */
const ALIGNMENT = 64;
const LARGEST_FLOAT = 3.4028234663852886e38;

/**
 * The norm of all blocks together, and what they are to be multiplied with so that it is at most `maxNorm`: 1 where it is already,
 * else maxNorm / (norm + 1e-6). Adds in an order that depends on the blocks' sizes and places in memory alone.
 * @param zeroed whether the coefficient of a norm that is not finite is to be -1, which clipScale() takes for a zero
 * @param scale of the losses that the gradients are of, as a LossScale has it: the norm is that of the gradients without it
 * @returns two scalars
 * @throws as expectOperands()
 */
export function clipCoefficient(
  blocks: readonly Tensor[],
  maxNorm: number,
  zeroed = false,
  scale: Tensor | null = null,
): { norm: Tensor; coefficient: Tensor } {
  const { gpu } = blocks[0]!;
  for (const block of blocks) {
    expectOperands('clipCoefficient', { gradients: block });
    expectOneDevice('clipCoefficient', ['gradients', blocks[0]!], ['other gradients', block]);
  }
  let partials = 0;
  const walks = blocks.map((block) => {
    const walk = walkElements([block]);
    const wanted = Math.min(MOST_PARTIALS, Math.ceil(walk.count / TERMS_PER_PARTIAL));
    const count = Math.ceil(wanted / ALIGNMENT) * ALIGNMENT;
    const start = partials;
    partials += count;
    return { block, walk, start, count };
  });
  const partial = Tensor.empty(gpu, [partials], 'partial sums of squares');
  for (const each of walks) sumSquares(each.block, each.walk, partial, each.start, each.count);
  const norm = Tensor.empty(gpu, [], 'norm of the gradients');
  const coefficient = Tensor.empty(gpu, [], 'coefficient of the gradients');
  const [name, source] = scale ? ['clip_coefficient_scaled', scaledSource] : ['clip_coefficient', coefficientSource];
  gpu.dispatch({
    shader: specialise(name, [partialSumsSource, source], { ZEROED: zeroed }),
    bindings: [partial.read(), norm.written(), coefficient.written(), ...(scale ? [scale.read()] : [])],
    params: new Params().u32(partials, norm.base, coefficient.base, ...(scale ? [scale.base] : [])).f32(Math.min(maxNorm, LARGEST_FLOAT)),
    workgroups: [1, 1, 1],
  });
  partial.dispose();
  return { norm, coefficient };
}

/** Partial sums of the squares, from `start` on. */
function sumSquares(block: Tensor, walk: ElementWalk, partial: Tensor, start: number, count: number): void {
  const { gpu } = block;
  const part = new Tensor({ gpu, storage: partial.storage.retain(), shape: [count], offset: partial.offset + start });
  gpu.dispatch({
    shader: specialise(
      'sum_terms(squared_difference)',
      [walk.source, squaredDifferenceSource, sumTermsSource],
      { HAS_TARGET: false, VECTORIZED: walk.vectorized, ...walk.constants },
      walk.types({ x: block, t: block }),
    ),
    bindings: [block.read(), block.read(), part.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(block), ...walk.place(block), count).f32(0),
    workgroups: grid(count, 64),
  });
  part.dispose();
}

/**
 * Multiplies a block with a scalar, in place; zeros stay zeros, and all is zero where the scalar is negative.
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function clipScale(block: Tensor, coefficient: Tensor): void {
  expectOperands('clipScale', { gradients: block, coefficient });
  expectScalar('coefficient of clipScale', coefficient.shape);
  const walk = walkElements([block]);
  block.gpu.dispatch({
    shader: specialise('clip_scale', [walk.source, scaleSource], walk.constants, walk.aliases),
    bindings: [coefficient.read(), block.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(block), coefficient.base),
    workgroups: walk.workgroups,
  });
}

/** Brings a block into [-bound, bound], in place; NaN stays. @throws as expectOperands() */
export function clipValue(block: Tensor, bound: number): void {
  expectOperands('clipValue', { gradients: block });
  const walk = walkElements([block]);
  block.gpu.dispatch({
    shader: specialise('clip_value', [walk.source, valueSource], walk.constants, walk.aliases),
    bindings: [block.written()],
    params: new Params().u32(walk.count, walk.columns, ...walk.place(block)).f32(Math.min(bound, LARGEST_FLOAT)),
    workgroups: walk.workgroups,
  });
}
