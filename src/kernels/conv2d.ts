import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import type { Shader } from '../gpu/pipeline-cache.js';
import { expectShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { conv2dOutputShape, type ConvGeometry } from './conv2d-shape.js';
import { grid, specialise } from './kernel.js';
import { operandA, operandB } from './operands.js';
import convPhaseSource from '../../shaders/operands/conv_phase.wgsl';
import convWeightTileSource from '../../shaders/operands/conv_weight_tile.wgsl';
import convShapeSource from '../../shaders/operands/conv_shape.wgsl';
import forwardSubgroupSource from '../../shaders/conv2d_forward_subgroup.wgsl';
import inputGradSubgroupSource from '../../shaders/conv2d_input_grad_subgroup.wgsl';
import forwardSource from '../../shaders/conv2d_forward.wgsl';
import inputGradSource from '../../shaders/conv2d_input_grad.wgsl';
import weightGradSubgroupSource from '../../shaders/conv2d_weight_grad_subgroup.wgsl';
import weightGradSource from '../../shaders/conv2d_weight_grad.wgsl';
import weightGradReduceSource from '../../shaders/conv2d_weight_grad_reduce.wgsl';

export { conv2dOutputShape, convTranspose2dOutputShape, type ConvGeometry } from './conv2d-shape.js';

/** Sizes of a convolution's two sides. "Input" is the side read forward: of a transposed one, its output. */
interface ConvSizes {
  readonly input: Shape;
  readonly output: Shape;
  readonly kernel: Shape;
}

/** The uniform block of operands/conv_shape.wgsl. */
function convParams(
  { input, output, kernel }: ConvSizes,
  { stride, padding }: ConvGeometry,
  layout: { input: Tensor | null; output: Tensor | null; weightBase: number; bias?: Tensor | null; rowsPerSplit?: number },
): Params {
  const [batch, inH, inW, inC] = input as [number, number, number, number];
  return new Params().u32(
    batch, inH, inW, inC,
    output[1]!, output[2]!, output[3]!,
    kernel[0]!, kernel[1]!,
    ...stride, ...padding,
    layout.input?.base ?? 0, layout.input?.rowStride ?? 0,
    layout.output?.base ?? 0, layout.output?.rowStride ?? 0,
    layout.weightBase, layout.bias ? 1 : 0, layout.bias?.base ?? 0, layout.rowsPerSplit ?? 0,
  );
}

/** Output pixels and channels that one invocation of the forward and input-gradient kernels owns. */
const TILE_PIXELS = 8;
const TILE_CHANNELS = 4;
/** Input and output channels that one invocation of the weight-gradient kernel owns. */
const TILE_WEIGHTS = 8;

/**
 * How the forward and input-gradient kernels share their loads: each invocation loads all it needs ("tile"), or the
 * lanes of a subgroup load for each other ("subgroup").
 */
export type ConvVariant = 'tile' | 'subgroup';

/** Subgroups are of one known size only by a workgroup that they divide evenly. */
const WORKGROUP = 64;

/** Whether an adapter and a layer can run a variant at all. */
export function supportsConvVariant(gpu: Gpu, variant: ConvVariant, input: Tensor, weight: Tensor, channels: number): boolean {
  if (variant === 'tile') return true;
  const size = gpu.adapter.subgroupSize;
  const vectors = input.vectorizable && weight.shape[3]! % 4 === 0 && weight.base % 4 === 0 && channels % 4 === 0;
  return size !== null && size <= WORKGROUP && vectors;
}

/**
 * The variant for a layer. On CPU adapters a load costs several multiply-adds, and sharing loads doubles the speed as
 * long as a subgroup is wide enough and full: lavapipe's has 8 lanes, SwiftShader's 4. On GPUs neighbouring lanes'
 * loads meet in the cache.
 */
function chooseVariant(gpu: Gpu, input: Tensor, weight: Tensor, channels: number): ConvVariant {
  const { software, subgroupSize } = gpu.adapter;
  const pays = software && subgroupSize !== null && subgroupSize >= TILE_PIXELS && channels >= TILE_CHANNELS * subgroupSize;
  return pays && supportsConvVariant(gpu, 'subgroup', input, weight, channels) ? 'subgroup' : 'tile';
}

/** What the variants of the forward and the input-gradient kernel consist of, beside the operands. */
const SOURCES = {
  forward: { tile: [forwardSource], subgroup: [forwardSubgroupSource] },
  input_grad: { tile: [convPhaseSource, inputGradSource], subgroup: [convPhaseSource, inputGradSubgroupSource] },
} as const;

/** Shader and workgroups of the forward or the input-gradient kernel. `channels` and `pixels` are its result's. */
function convProgram(
  kind: keyof typeof SOURCES,
  variant: ConvVariant,
  gpu: Gpu,
  { input, weight, channels, pixels }: { input: Tensor; weight: Tensor; channels: number; pixels: number },
): { shader: Shader; workgroups: [number, number, number] } {
  const a = operandA(input.vectorizable);
  const b = operandB(weight.shape[3]! % 4 === 0 && weight.base % 4 === 0);
  const sources = [convShapeSource, a.source, b.source, ...SOURCES[kind][variant]];
  const vectors = Math.ceil(channels / TILE_CHANNELS);
  if (variant === 'tile') {
    return {
      shader: specialise(`conv2d_${kind}`, sources, { ...a.constants, ...b.constants }),
      workgroups: grid(vectors * Math.ceil(pixels / TILE_PIXELS), WORKGROUP),
    };
  }
  const size = gpu.adapter.subgroupSize!;
  const perSubgroup = Math.min(TILE_PIXELS, size);
  return {
    shader: specialise(`conv2d_${kind}_subgroup`, sources, { PIXELS: perSubgroup }, {}, SUBGROUP_DIRECTIVES),
    workgroups: grid(Math.ceil(vectors / size) * size * Math.ceil(pixels / perSubgroup), WORKGROUP),
  };
}

/**
 * WGSL cannot prove that a subgroup's lanes agree on a branch that depends on their index; that they do follows from
 * how tiles are numbered: a multiple of the subgroup's size shares one group of pixels.
 */
const SUBGROUP_DIRECTIVES = 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);';

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library).
 * @param input [batch, height, width, in channels]
 * @param weight [kernel height, kernel width, in channels, out channels]
 * @param bias [out channels] or null
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @param variant chosen by the adapter and the layer when absent
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function conv2dForward(input: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, out?: Tensor, variant?: ConvVariant): Tensor {
  const shape = conv2dOutputShape(input.shape, weight.shape, geometry);
  const output = out ?? Tensor.empty(input.gpu, shape, 'conv2d');
  expectShape('out of conv2d', shape, output.shape);
  if (bias) expectShape('bias of conv2d', [shape[3]!], bias.shape);
  const pixels = shape[0]! * shape[1]! * shape[2]!;
  const { gpu } = input;
  const program = convProgram('forward', variant ?? chooseVariant(gpu, input, weight, shape[3]!), gpu, { input, weight, channels: shape[3]!, pixels });
  gpu.dispatch({
    shader: program.shader,
    bindings: [input.read(), weight.read(), (bias ?? weight).read(), output.written()],
    params: convParams({ input: input.shape, output: shape, kernel: weight.shape }, geometry, {
      input, output, weightBase: weight.base, bias,
    }),
    workgroups: program.workgroups,
  });
  return output;
}

/**
 * The adjoint of conv2dForward: the gradient of its input, and at the same time the transposed convolution.
 * @param gradOutput [batch, out height, out width, out channels]
 * @param weight [kernel height, kernel width, in channels, out channels]
 * @param bias [in channels] or null
 * @param inputShape shape of the result; several sizes share one gradient shape when the stride is above 1
 */
export function conv2dInputGrad(
  gradOutput: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  inputShape: Shape,
  geometry: ConvGeometry,
  out?: Tensor,
  variant?: ConvVariant,
): Tensor {
  expectShape('gradient of conv2d', conv2dOutputShape(inputShape, weight.shape, geometry), gradOutput.shape);
  const output = out ?? Tensor.empty(gradOutput.gpu, inputShape, 'conv2d input gradient');
  expectShape('out of conv2dInputGrad', inputShape, output.shape);
  const [batch, height, width, channels] = inputShape as [number, number, number, number];
  if (bias) expectShape('bias of convTranspose2d', [channels], bias.shape);
  const { stride } = geometry;
  const pixels = batch * Math.ceil(height / stride[0]) * Math.ceil(width / stride[1]);
  const { gpu } = gradOutput;
  const program = convProgram('input_grad', variant ?? chooseVariant(gpu, gradOutput, weight, channels), gpu, { input: gradOutput, weight, channels, pixels });
  gpu.dispatch({
    shader: program.shader,
    bindings: [gradOutput.read(), weight.read(), (bias ?? weight).read(), output.written()],
    params: convParams({ input: inputShape, output: gradOutput.shape, kernel: weight.shape }, geometry, {
      input: output, output: gradOutput, weightBase: weight.base, bias,
    }),
    workgroups: [program.workgroups[0], program.workgroups[1], stride[0] * stride[1]],
  });
  return output;
}

/** Whether an adapter and a layer can run a variant of the weight gradient. */
export function supportsWeightGradVariant(gpu: Gpu, variant: ConvVariant, input: Tensor, gradOutput: Tensor): boolean {
  const size = gpu.adapter.subgroupSize;
  return variant === 'tile' || (size !== null && size <= WORKGROUP && input.vectorizable && gradOutput.vectorizable);
}

/** As chooseVariant; rows shorter than a subgroup's group of pixels would leave most of it empty. */
function chooseWeightGradVariant(gpu: Gpu, input: Tensor, gradOutput: Tensor): ConvVariant {
  const { software, subgroupSize } = gpu.adapter;
  const pays = software && subgroupSize !== null && subgroupSize >= TILE_PIXELS
    && gradOutput.channels >= TILE_WEIGHTS * subgroupSize && gradOutput.shape[2]! >= TILE_PIXELS;
  return pays && supportsWeightGradVariant(gpu, 'subgroup', input, gradOutput) ? 'subgroup' : 'tile';
}

/** Shader of the weight gradient, and how many invocations cover the weights once. */
function weightGradProgram(
  variant: ConvVariant,
  gpu: Gpu,
  { input, gradOutput, weightShape }: { input: Tensor; gradOutput: Tensor; weightShape: Shape },
): { shader: (accumulate: boolean) => Shader; invocations: number } {
  const a = operandA(input.vectorizable);
  const b = operandB(gradOutput.vectorizable);
  const [kernelH, kernelW, inC, outC] = weightShape as [number, number, number, number];
  const rows = kernelH * kernelW * Math.ceil(inC / TILE_WEIGHTS);
  const columns = Math.ceil(outC / TILE_WEIGHTS);
  if (variant === 'tile') {
    return {
      shader: (accumulate) =>
        specialise('conv2d_weight_grad', [convShapeSource, a.source, b.source, convWeightTileSource, weightGradSource], { ACCUMULATE: accumulate, ...a.constants, ...b.constants }),
      invocations: rows * columns,
    };
  }
  const size = gpu.adapter.subgroupSize!;
  const constants = { PIXELS: Math.min(TILE_PIXELS, size) };
  return {
    shader: (accumulate) =>
      specialise('conv2d_weight_grad_subgroup', [convShapeSource, a.source, b.source, convWeightTileSource, weightGradSubgroupSource], { ACCUMULATE: accumulate, ...constants }, {}, SUBGROUP_DIRECTIVES),
    invocations: rows * Math.ceil(columns / size) * size,
  };
}

/** Work for about this many workgroups keeps every core of a large GPU busy. */
const TARGET_WORKGROUPS = 256;
/** A split shorter than this spends more on writing partial sums than it wins. */
const MIN_PIXELS_PER_SPLIT = 256;

/**
 * Gradient of a convolution with respect to its weight.
 * @param input [batch, height, width, in channels]
 * @param gradOutput [batch, out height, out width, out channels]
 * @param into where to put it: written over, or added to with `accumulate`
 * @param variant chosen by the adapter and the layer when absent
 */
export function conv2dWeightGrad(input: Tensor, gradOutput: Tensor, weightShape: Shape, geometry: ConvGeometry, into?: Tensor, accumulate = false, variant?: ConvVariant): Tensor {
  expectShape('gradient of conv2d', conv2dOutputShape(input.shape, weightShape, geometry), gradOutput.shape);
  const { gpu } = input;
  const result = into ?? Tensor.empty(gpu, weightShape, 'conv2d weight gradient');
  expectShape('target of conv2dWeightGrad', weightShape, result.shape);
  const [kernelH, kernelW, inC, outC] = weightShape as [number, number, number, number];
  const program = weightGradProgram(variant ?? chooseWeightGradVariant(gpu, input, gradOutput), gpu, { input, gradOutput, weightShape });
  const tiles = program.invocations;
  const rows = gradOutput.shape[0]! * gradOutput.shape[1]!;
  const pixels = rows * gradOutput.shape[2]!;
  const wanted = Math.ceil(TARGET_WORKGROUPS / Math.ceil(tiles / WORKGROUP));
  const limit = Math.max(1, Math.floor(pixels / MIN_PIXELS_PER_SPLIT));
  const rowsPerSplit = Math.ceil(rows / Math.min(wanted, limit, rows));
  const splits = Math.ceil(rows / rowsPerSplit);
  const direct = splits === 1;
  const count = kernelH * kernelW * inC * outC;
  const partial = direct ? result : Tensor.empty(gpu, [splits, count], 'partial weight gradients');

  const [x, y] = grid(tiles, WORKGROUP);
  gpu.dispatch({
    shader: program.shader(direct && accumulate),
    bindings: [input.read(), gradOutput.read(), partial.written()],
    params: convParams({ input: input.shape, output: gradOutput.shape, kernel: weightShape }, geometry, {
      input, output: gradOutput, weightBase: partial.base, rowsPerSplit,
    }),
    workgroups: [x, y, splits],
  });
  if (!direct) {
    gpu.dispatch({
      shader: specialise('conv2d_weight_grad_reduce', [weightGradReduceSource], { ACCUMULATE: accumulate }),
      bindings: [partial.read(), result.written()],
      params: new Params().u32(count, splits, result.base),
      workgroups: grid(count, 64),
    });
    partial.dispose();
  }
  return result;
}
