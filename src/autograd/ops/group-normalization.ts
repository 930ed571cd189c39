import { expectFloats, expectTensor } from '../../kernels/elements.js';
import { ShadegradError } from '../../errors.js';
import { fill } from '../../kernels/elementwise.js';
import * as kernel from '../../kernels/group-norm.js';
import { expectOptions } from '../../checks.js';
import { elementCount, expectShape, formatShape, imageShape, sameShape, type Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track, where } from '../graph.js';
import { packed } from './axes.js';
import { expandTo, sumTo } from './broadcasting.js';
import { addScaled, mul } from './binary.js';
import type { OutOption } from './options.js';
import { sumRows } from './rows.js';
import { copy } from './shape.js';

/** Options of instanceNorm(), groupNorm() and layerNorm(): what the normalised numbers are multiplied by and added to. */
export interface GroupNormOptions extends OutOption {
  /** The factor of each channel (layer norm: of each element). Default none. */
  gamma?: Tensor;
  /** The summand of each channel (layer norm: of each element). Default none. */
  beta?: Tensor;
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
}

/** Options of instanceNorm(): gamma, beta and epsilon. */
export type InstanceNormOptions = GroupNormOptions;

const DEFAULT_EPSILON = 1e-5;

function expectNorm(operation: string, x: Tensor, options: GroupNormOptions): void {
  const { gamma, beta, out } = expectOptions(operation, options, ['gamma', 'beta', 'epsilon', 'out']);
  expectTensor(operation, 'input', x);
  expectFloats(operation, { input: x, out }, { gamma, beta });
}

/**
 * Applies instance normalisation to x [batch, h, w, channels] (Ulyanov et al. 2016): every channel of every image by its own moments;
 * then gamma and beta [channels], where given. torch.nn.functional.instance_norm.
 *
 * @throws SHAPE_MISMATCH for factors of other shapes, or another number of axes; INVALID_ARGUMENT for other types and options
 */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  expectNorm('instanceNorm', x, options);
  const [images, height, width, channels] = imageShape(x.shape, 'input of instance norm');
  const { gamma = null, beta = null, epsilon = DEFAULT_EPSILON } = options;
  return called('instanceNorm', [x, gamma, beta], { epsilon }, () =>
    affine('instance norm', x, { images, rows: height * width, channels, groups: channels }, [channels], options),
  );
}

/**
 * Applies group normalisation to x [batch, ..., channels] (Wu and He 2018): every group of neighbouring channels of every image by its
 * own moments; then gamma and beta [channels], where given. torch.nn.functional.group_norm.
 *
 * @param groups how many; divides the channels
 * @throws SHAPE_MISMATCH for factors of other shapes, or another number of axes; INVALID_ARGUMENT for other types and options
 */
export function groupNorm(x: Tensor, groups: number, options: GroupNormOptions = {}): Tensor {
  expectNorm('groupNorm', x, options);
  const { channels } = x;
  if (!(Number.isInteger(groups) && groups >= 1 && channels % groups === 0 && x.shape.length > 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'groups of groupNorm', {
      expected: 'a whole number that divides the channels of [batch, ..., channels]',
      received: `${groups} for ${formatShape(x.shape)}`,
      fix: 'choose a divisor of the channels',
    });
  }
  const images = x.shape[0]!;
  const { gamma = null, beta = null, epsilon = DEFAULT_EPSILON } = options;
  return called('groupNorm', [x, gamma, beta], { groups, epsilon }, () =>
    affine('group norm', x, { images, rows: x.rows / images, channels, groups }, [channels], options),
  );
}

/** Rows of layer norm over one axis are cut into as many, so that they are summed as the rows of an image are. */
const LANES = 64;

/**
 * Applies layer normalisation (Ba et al. 2016): the numbers of the last axes by their own moments, for each index of the axes before;
 * then gamma and beta of the normalised shape, where given. torch.nn.functional.layer_norm.
 *
 * @param normalized lengths of the last axes of x, such as [x.channels]; a number for the last one alone
 * @throws SHAPE_MISMATCH for factors of other shapes, or another number of axes; INVALID_ARGUMENT for other types and options
 */
export function layerNorm(x: Tensor, normalized: number | Shape, options: GroupNormOptions = {}): Tensor {
  expectNorm('layerNorm', x, options);
  const normalizedShape = typeof normalized === 'number' ? [normalized] : normalized;
  if (normalizedShape.length === 0 || !sameShape(x.shape.slice(-normalizedShape.length), normalizedShape)) {
    throw new ShadegradError('SHAPE_MISMATCH', 'normalised shape of layerNorm', {
      expected: x.shape.length === 0 ? 'an input with axes' : `one or more of the last axes of ${formatShape(x.shape)}`,
      received: formatShape(normalizedShape),
      fix: 'pass [x.channels] to normalise over the channels',
    });
  }
  const size = elementCount(normalizedShape);
  const lanes = normalizedShape.length > 1 ? x.channels : widestDivisor(size);
  const { gamma = null, beta = null, epsilon = DEFAULT_EPSILON } = options;
  const layout = { images: x.size / size, rows: size / lanes, channels: lanes, groups: 1 };
  return called('layerNorm', [x, gamma, beta], { axes: normalizedShape.length, epsilon }, () =>
    affine('layer norm', x, layout, normalizedShape, options),
  );
}

/** The largest divisor of at most LANES, of those that are multiples of four if any is. */
function widestDivisor(size: number): number {
  const divisors = Array.from({ length: LANES }, (_, index) => LANES - index).filter((lanes) => size % lanes === 0);
  return divisors.find((lanes) => lanes % 4 === 0) ?? divisors[0]!;
}

function affine(
  what: string,
  x: Tensor,
  layout: kernel.NormLayout,
  shape: Shape,
  { gamma, beta, epsilon = DEFAULT_EPSILON, out }: GroupNormOptions,
): Tensor {
  if (gamma) expectShape(`gamma of ${what}`, shape, gamma.shape);
  if (beta) expectShape(`beta of ${what}`, shape, beta.shape);
  if (out) expectShape(`out of ${what}`, x.shape, out.shape);
  const statistics = kernel.groupStatistics(x, layout, epsilon);
  if (!gamma && !beta) return normalised(x, statistics, layout, out);
  const y = normalised(x, statistics, layout);
  // As rows as long as gamma and beta, which of layer norm may have several axes.
  const size = elementCount(shape);
  const rows = (tensor: Tensor, lead: Shape): Tensor => (shape.length === 1 ? tensor : tensor.reshape([...lead, size]));
  const lead = x.shape.slice(0, x.shape.length - shape.length);
  const target = out && shape.length > 1 ? undefined : out;
  const result = scaleShift(rows(y, lead), gamma ? rows(packed(gamma), []) : null, beta ? rows(packed(beta), []) : null, target);
  if (shape.length === 1) return result;
  const shaped = result.reshape(x.shape);
  return out ? copy(shaped, { out }) : shaped;
}

// Normalisation by groups, its gradient and the deviation that it divides by are closed under differentiation.

/** (x - mean) / deviation, with statistics that were computed from x and depend on it. */
export function normalised(x: Tensor, statistics: kernel.GroupStatistics, layout: kernel.NormLayout, out?: Tensor): Tensor {
  const y = kernel.groupNormApply(x, layout, statistics, out);
  return track(
    'normalisation',
    [x],
    y,
    rule(
      [x, statistics.mean, statistics.inverseStd],
      (dy) => [normaliseGradient(x, statistics, dy, layout)],
      () => kernel.groupNormApply(x, layout, statistics),
    ),
  );
}

/** One kernel, or operations where it is to be differentiated again. */
export function normaliseGradient(x: Tensor, statistics: kernel.GroupStatistics, dy: Tensor, layout: kernel.NormLayout): Tensor {
  if (!isTracked([x, dy])) return kernel.groupNormGrad(x, dy, layout, statistics);
  const y = normalised(x, statistics, layout);
  const centred = addScaled(addScaled(dy, groupMean(dy, layout), 1, -1), mul(y, groupMean(mul(dy, y), layout)), 1, -1);
  return mul(spread(inverseDeviation(x, statistics, layout), layout, x.shape), centred);
}

/** 1 / deviation of each group, [images, 1, groups, 1], as it depends on x: its derivative is -xhat / (count * deviation^2). */
function inverseDeviation(x: Tensor, statistics: kernel.GroupStatistics, layout: kernel.NormLayout): Tensor {
  const { images, rows, channels, groups } = layout;
  const value = statistics.inverseStd.viewAs([images, 1, groups, 1]);
  const count = rows * (channels / groups);
  return track(
    'inverse deviation',
    [x],
    value,
    rule([x, statistics.mean, statistics.inverseStd], (ds) => {
      const s = inverseDeviation(x, statistics, layout);
      const slope = mul(mul(ds, mul(s, s)), -1 / count);
      return [mul(spread(slope, layout, x.shape), normalised(x, statistics, layout))];
    }),
  );
}

const axesOf = ({ images, rows, channels, groups }: kernel.NormLayout): Shape => [images, rows, groups, channels / groups];

/** A number of each group, for all its elements. */
function spread(x: Tensor, layout: kernel.NormLayout, shape: Shape): Tensor {
  return expandTo(x, axesOf(layout)).reshape(shape);
}

/** The mean of each group, for all its elements. */
function groupMean(x: Tensor, layout: kernel.NormLayout): Tensor {
  const { images, rows, channels, groups } = layout;
  const total = sumTo(packed(x).reshape(axesOf(layout)), [images, 1, groups, 1]);
  return spread(mul(total, groups / (rows * channels)), layout, x.shape);
}

/** x * gamma + beta, channel by channel; either may be missing. */
export function scaleShift(x: Tensor, gamma: Tensor | null, beta: Tensor | null, out?: Tensor): Tensor {
  const factor = gamma ?? filledRow(x, 1);
  const inputs = [x, ...(gamma ? [gamma] : []), ...(beta ? [beta] : [])];
  const saved = ([dx, second]: readonly boolean[]): Tensor[] => where([dx, factor], [gamma !== null && second, x]);
  return track(
    'scale and shift',
    inputs,
    kernel.scaleShift(x, factor, beta, out),
    rule(
      saved,
      (dy, [dx, second, third]) => {
        const [dGamma, dBeta] = gamma ? [second, third] : [undefined, second];
        return [
          dx ? scaleShift(dy, factor, null) : null,
          ...(gamma ? [dGamma ? sumRows(mul(dy, x)) : null] : []),
          ...(beta ? [dBeta ? sumRows(dy) : null] : []),
        ];
      },
      () => kernel.scaleShift(x, factor, beta),
    ),
  );
}

function filledRow({ gpu, channels }: Tensor, value: number): Tensor {
  const row = Tensor.empty(gpu, [channels], 'factor');
  fill(row, value);
  return row;
}
