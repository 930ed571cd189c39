import { Params } from '../gpu/params.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { checkEpsilon } from './batch-norm.js';
import { expectFloats, expectTensors, FLOATS, resultTensor, walkElements } from './elements.js';
import { grid, specialise, storedTypes } from './kernel.js';
import laneScalarSource from '../../shaders/batch_norm_lane_scalar.wgsl';
import laneVec4Source from '../../shaders/batch_norm_lane_vec4.wgsl';
import normShapeSource from '../../shaders/shared/norm_shape.wgsl';
import applySource from '../../shaders/norm_apply.wgsl';
import groupGradSource from '../../shaders/norm_group_grad.wgsl';
import inputGradSource from '../../shaders/norm_input_grad.wgsl';
import mergeChunksSource from '../../shaders/norm_merge_chunks.wgsl';
import partialGradSource from '../../shaders/norm_partial_grad.wgsl';
import partialStatisticsSource from '../../shaders/norm_partial_statistics.wgsl';
import scaleShiftSource from '../../shaders/scale_shift.wgsl';
import statisticsSource from '../../shaders/norm_statistics.wgsl';

/** What is normalised together: all rows of one group of neighbouring channels of one image. */
export interface NormLayout {
  readonly images: number;
  /** Of an image. */
  readonly rows: number;
  readonly channels: number;
  /** Divides the channels. */
  readonly groups: number;
}

/** What a normalisation keeps from its forward run. */
export interface GroupStatistics {
  /** [images, groups] */
  readonly mean: Tensor;
  /** [images, groups], 1 / sqrt(variance + epsilon) */
  readonly inverseStd: Tensor;
}

/** With fewer rows than this for a chunk its sums would cost more to merge than they save. */
const FEWEST_ROWS = 16;

/** How the kernels walk some tensors of one layout. */
class NormWalk {
  /** Channels that an invocation handles at a time. */
  readonly width: 1 | 4;

  constructor(
    private readonly layout: NormLayout,
    tensors: readonly Tensor[],
    widest: 1 | 4 = 4,
  ) {
    expectTensors('a normalisation', tensors, FLOATS);
    this.width = widest === 4 && layout.channels % 4 === 0 && tensors.every((tensor) => tensor.vectorizable) ? 4 : 1;
  }

  sources(source: string): string[] {
    return [this.width === 4 ? laneVec4Source : laneScalarSource, normShapeSource, source];
  }

  get constants() {
    return { LANE_WIDTH: this.width };
  }

  /** The types of the bindings that hold tensors of the layout, by their names. */
  types(tensors: Readonly<Record<string, Tensor>>): Record<string, string> {
    return storedTypes(this.width, tensors);
  }

  /** Uniforms for chunks of so many rows. A row of a tensor may be several rows of the layout, or the other way round. */
  params(rowsPerChunk: number, tensors: { x?: Tensor; dy?: Tensor; y?: Tensor }, epsilon = 0): Params {
    const { images, rows, channels, groups } = this.layout;
    const place = (tensor: Tensor | undefined): number[] => {
      if (!tensor) return [0, 0, 0];
      const split = tensor.channels !== channels;
      return [tensor.base, split ? tensor.rowStride : rows * tensor.rowStride, split ? channels : tensor.rowStride].map(
        (n) => n / this.width,
      );
    };
    return new Params()
      .u32(images, rows, channels / this.width, groups, channels / groups, Math.ceil(rows / rowsPerChunk), rowsPerChunk)
      .u32(...place(tensors.x), ...place(tensors.dy), ...place(tensors.y))
      .f32(epsilon);
  }

  workgroups(rowsPerChunk: number): [number, number, number] {
    const { images, rows, channels } = this.layout;
    return grid(images * Math.ceil(rows / rowsPerChunk) * (channels / this.width), 64);
  }

  /** Rows of an elementwise pass for an invocation: enough to pay for loading the statistics, if there are enough. */
  get rowsEach(): number {
    const work = (this.layout.images * this.layout.rows * this.layout.channels) / this.width;
    return Math.min(this.layout.rows, work >= 65536 ? 16 : work >= 8192 ? 4 : 1);
  }
}

/** The square root of the rows: summing within chunks and then over chunks are equally short. */
const chunkRows = (rows: number): number => Math.max(FEWEST_ROWS, Math.ceil(Math.sqrt(rows)));

/**
 * Mean and deviation of every group of every image. Accurate for means far from zero.
 * @param x [images, rows, channels] in any axes
 * @param epsilon added to the variance before the square root; above 0
 * @throws INVALID_ARGUMENT
 */
export function groupStatistics(x: Tensor, layout: NormLayout, epsilon: number): GroupStatistics {
  checkEpsilon(epsilon);
  const { gpu } = x;
  const { images, rows, channels, groups } = layout;
  const rowsPerChunk = chunkRows(rows);
  const chunks = Math.ceil(rows / rowsPerChunk);
  const walk = new NormWalk(layout, [x]);
  const partial = Tensor.empty(gpu, [images, chunks, 2, channels], 'partial statistics');
  gpu.dispatch({
    shader: specialise('norm_partial_statistics', walk.sources(partialStatisticsSource), walk.constants, walk.types({ x })),
    bindings: [x.read(x.dtype), partial.written()],
    params: walk.params(rowsPerChunk, { x }),
    workgroups: walk.workgroups(rowsPerChunk),
  });
  // What follows takes channel by channel.
  const params = new NormWalk(layout, [x], 1).params(rowsPerChunk, { x }, epsilon);
  const merged = chunks === 1 ? partial : Tensor.empty(gpu, [images, 2, channels], 'merged statistics');
  if (merged !== partial) {
    gpu.dispatch({
      shader: specialise('norm_merge_chunks', [normShapeSource, mergeChunksSource]),
      bindings: [partial.read(), merged.written()],
      params,
      workgroups: grid(images * channels, 64),
    });
    partial.dispose();
  }
  const mean = Tensor.empty(gpu, [images, groups], 'mean');
  const inverseStd = Tensor.empty(gpu, [images, groups], 'inverse deviation');
  gpu.dispatch({
    shader: specialise('norm_statistics', [normShapeSource, statisticsSource], {}, storedTypes(1, { x })),
    bindings: [x.read(x.dtype), merged.read(), mean.written(), inverseStd.written()],
    params,
    workgroups: grid(images * groups, 64),
  });
  merged.dispose();
  return { mean, inverseStd };
}

/**
 * (x - mean) * inverseStd, each group of each image by its own.
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function groupNormApply(x: Tensor, layout: NormLayout, { mean, inverseStd }: GroupStatistics, out?: Tensor): Tensor {
  const y = resultTensor('normalisation', x, out, FLOATS);
  const walk = new NormWalk(layout, [x, y]);
  x.gpu.dispatch({
    shader: specialise('norm_apply', walk.sources(applySource), walk.constants, walk.types({ x, y })),
    bindings: [x.read(x.dtype), mean.read(), inverseStd.read(), y.written(y.dtype)],
    params: walk.params(walk.rowsEach, { x, y }),
    workgroups: walk.workgroups(walk.rowsEach),
  });
  return y;
}

/**
 * Gradient of a normalisation by groups with respect to x, whose statistics depend on x.
 * @param gradOutput of x's shape
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function groupNormGrad(
  x: Tensor,
  gradOutput: Tensor,
  layout: NormLayout,
  { mean, inverseStd }: GroupStatistics,
  out?: Tensor,
): Tensor {
  expectShape('gradient of a normalisation', x.shape, gradOutput.shape);
  const { gpu } = x;
  const { images, rows, channels, groups } = layout;
  const rowsPerChunk = chunkRows(rows);
  const partial = Tensor.empty(gpu, [images, Math.ceil(rows / rowsPerChunk), 2, channels], 'partial gradients of a normalisation');
  const sums = new NormWalk(layout, [x, gradOutput]);
  gpu.dispatch({
    shader: specialise('norm_partial_grad', sums.sources(partialGradSource), sums.constants, sums.types({ x, dy: gradOutput })),
    bindings: [x.read(x.dtype), gradOutput.read(gradOutput.dtype), mean.read(), partial.written()],
    params: sums.params(rowsPerChunk, { x, dy: gradOutput }),
    workgroups: sums.workgroups(rowsPerChunk),
  });
  const slopes = Tensor.empty(gpu, [images, 2, groups], 'slopes of a normalisation');
  gpu.dispatch({
    shader: specialise('norm_group_grad', [normShapeSource, groupGradSource]),
    bindings: [partial.read(), inverseStd.read(), slopes.written()],
    params: new NormWalk(layout, [x], 1).params(rowsPerChunk, {}),
    workgroups: grid(images * groups, 64),
  });
  partial.dispose();
  const dx = resultTensor('normalisation gradient', x, out, FLOATS);
  const walk = new NormWalk(layout, [x, gradOutput, dx]);
  gpu.dispatch({
    shader: specialise('norm_input_grad', walk.sources(inputGradSource), walk.constants, walk.types({ x, dy: gradOutput, dx })),
    bindings: [x.read(x.dtype), gradOutput.read(gradOutput.dtype), mean.read(), inverseStd.read(), slopes.read(), dx.written(dx.dtype)],
    params: walk.params(walk.rowsEach, { x, dy: gradOutput, y: dx }),
    workgroups: walk.workgroups(walk.rowsEach),
  });
  slopes.dispose();
  return dx;
}

/**
 * x * gamma + beta, channel by channel.
 * @param x [..., channels]
 * @param gamma [channels]
 * @param beta [channels], or null for none
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function scaleShift(x: Tensor, gamma: Tensor, beta: Tensor | null, out?: Tensor): Tensor {
  expectShape('gamma', [x.channels], gamma.shape);
  if (beta) expectShape('beta', [x.channels], beta.shape);
  expectFloats('scaleShift', { x, out }, { gamma, beta });
  const y = resultTensor('scaleShift', x, out, FLOATS);
  const walk = walkElements(beta ? [x, gamma, beta, y] : [x, gamma, y], true);
  x.gpu.dispatch({
    shader: specialise(
      'scale_shift',
      [walk.source, scaleShiftSource],
      { ...walk.constants, HAS_BETA: beta !== null },
      walk.types({ x, y }),
    ),
    bindings: [x.read(x.dtype), gamma.read(), (beta ?? gamma).read(), y.written(y.dtype)],
    params: new Params().u32(
      walk.count,
      walk.columns,
      ...walk.place(x),
      ...walk.place(y),
      walk.place(gamma)[0],
      beta ? walk.place(beta)[0] : 0,
    ),
    workgroups: walk.workgroups,
  });
  return y;
}
