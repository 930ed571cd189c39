import type { Gpu } from '../../gpu/gpu.js';
import { Params } from '../../gpu/params.js';
import type { Shader } from '../../gpu/pipeline-cache.js';
import { expectShape, type Shape } from '../../tensor/shape.js';
import { Tensor, type DType } from '../../tensor/tensor.js';
import { PATCHES, patchesForward, patchesInputGrad, patchesWeightGrad } from './patches.js';
import { conv2dOutputShape, type ConvGeometry } from './shape.js';
import { splitLimit, TILE_CHANNELS, variantFor, type ConvVariant, type DirectVariant } from './variants.js';
import { isWinograd, winogradForward, winogradInputGrad, winogradWeightGrad } from './winograd.js';
import { isWorkgroupTile, workgroupConvProgram, workgroupWeightGradProgram } from './workgroup.js';
import { expectFloats, expectWithoutGaps } from '../elements.js';
import { grid, specialise, storedTypes } from '../kernel.js';
import { operandA, operandB } from '../gemm-operands.js';
import { MAX_LANES, SUBGROUP_DIRECTIVES, WORKGROUP } from '../subgroups.js';
import convColumnsSource from '../../../shaders/shared/conv_columns.wgsl';
import convPatchesSource from '../../../shaders/shared/conv_patches.wgsl';
import convPhasePixelsSource from '../../../shaders/shared/conv_phase_pixels.wgsl';
import convPhaseSource from '../../../shaders/shared/conv_phase.wgsl';
import convWeightTileSource from '../../../shaders/shared/conv_weight_tile.wgsl';
import convShapeSource from '../../../shaders/shared/conv_shape.wgsl';
import forwardSubgroupSource from '../../../shaders/conv2d_forward_subgroup.wgsl';
import inputGradSubgroupSource from '../../../shaders/conv2d_input_grad_subgroup.wgsl';
import forwardSingleSource from '../../../shaders/conv2d_forward_single.wgsl';
import inputGradSingleSource from '../../../shaders/conv2d_input_grad_single.wgsl';
import weightGradSingleSource from '../../../shaders/conv2d_weight_grad_single.wgsl';
import forwardSource from '../../../shaders/conv2d_forward.wgsl';
import inputGradSource from '../../../shaders/conv2d_input_grad.wgsl';
import weightGradSubgroupSource from '../../../shaders/conv2d_weight_grad_subgroup.wgsl';
import weightGradSource from '../../../shaders/conv2d_weight_grad.wgsl';
import weightGradReduceSource from '../../../shaders/conv2d_weight_grad_reduce.wgsl';

export { conv2dOutputShape, convTranspose2dOutputShape, type ConvGeometry } from './shape.js';

/** Sizes of a convolution's two sides. "Input" is the side read forward: of a transposed one, its output. */
interface ConvSizes {
  readonly input: Shape;
  readonly output: Shape;
  readonly kernel: Shape;
}

/** The uniform block of shared/conv_shape.wgsl. */
function convParams(
  { input, output, kernel }: ConvSizes,
  { stride, padding }: ConvGeometry,
  layout: { input: Tensor | null; output: Tensor | null; weightBase: number; bias?: Tensor | null; rowsPerSplit?: number },
): Params {
  const [batch, inH, inW, inC] = input as [number, number, number, number];
  return new Params().u32(
    batch,
    inH,
    inW,
    inC,
    output[1]!,
    output[2]!,
    output[3]!,
    kernel[0]!,
    kernel[1]!,
    ...stride,
    ...padding,
    layout.input?.base ?? 0,
    layout.input?.rowStride ?? 0,
    layout.output?.base ?? 0,
    layout.output?.rowStride ?? 0,
    layout.weightBase,
    layout.bias ? 1 : 0,
    layout.bias?.base ?? 0,
    layout.rowsPerSplit ?? 0,
  );
}

/** Output pixels that one invocation of the forward and input-gradient kernels owns. */
const TILE_PIXELS = 8;
/** Output pixels that one invocation of the forward kernel for a single output channel owns. */
const SINGLE_PIXELS = 4;
/**
 * Output pixels that a subgroup owns where there are more than TILE_PIXELS: the more, the fewer loads a multiply-add, and
 * the longer the compiler takes. Half of it where the input is read in scalars, whose loads are longer code.
 */
const SUBGROUP_PIXELS = 32;
/** Input and output channels that one invocation of the weight-gradient kernel owns. */
const TILE_WEIGHTS = 8;

/** What the variants of the forward and the input-gradient kernel consist of, beside the operands. */
const SOURCES = {
  forward: {
    tile: [convPatchesSource, forwardSource],
    single: [convPatchesSource, forwardSingleSource],
    subgroup: [forwardSubgroupSource],
  },
  input_grad: {
    tile: [convPhaseSource, convPhasePixelsSource, inputGradSource],
    single: [convPhaseSource, convPhasePixelsSource, inputGradSingleSource],
    subgroup: [convPhaseSource, inputGradSubgroupSource],
  },
} as const;

/** Shader and workgroups of the forward or the input-gradient kernel. `channels` and `pixels` are its result's. */
function convProgram(
  kind: keyof typeof SOURCES,
  variant: DirectVariant,
  gpu: Gpu,
  { input, weight, output, channels, pixels }: { input: Tensor; weight: Tensor; output: Tensor; channels: number; pixels: number },
): { shader: Shader; workgroups: [number, number, number] } {
  if (isWorkgroupTile(variant)) return workgroupConvProgram(kind, variant, { input, weight, output, channels, pixels });
  const a = operandA(input);
  // A single output channel leaves the input channels as the weight's contiguous axis.
  const b = operandB(weight, (variant === 'single' ? weight.shape[2]! : weight.shape[3]!) % 4 === 0 && weight.base % 4 === 0);
  const vectors = Math.ceil(channels / TILE_CHANNELS);
  if (variant === 'single') {
    // The gradient of the input reads its one channel itself.
    const operands = kind === 'forward' ? [a, b] : [b];
    return {
      shader: specialise(
        `conv2d_${kind}_single`,
        [convShapeSource, ...operands.map(({ source }) => source), ...SOURCES[kind].single],
        Object.assign({}, ...operands.map(({ constants }) => constants)),
        Object.assign({}, ...operands.map(({ aliases }) => aliases), storedTypes(1, { dy: input, output })),
      ),
      workgroups: grid(kind === 'forward' ? Math.ceil(pixels / SINGLE_PIXELS) : vectors * Math.ceil(pixels / TILE_PIXELS), WORKGROUP),
    };
  }
  const sources = [convShapeSource, a.source, b.source, ...SOURCES[kind][variant]];
  const aliases = { ...a.aliases, ...b.aliases };
  if (variant === 'tile') {
    return {
      shader: specialise(`conv2d_${kind}`, sources, { ...a.constants, ...b.constants }, { ...aliases, ...storedTypes(1, { output }) }),
      workgroups: grid(vectors * Math.ceil(pixels / TILE_PIXELS), WORKGROUP),
    };
  }
  const size = gpu.adapter.subgroupSize!;
  const lanes = Math.min(MAX_LANES, size);
  const most = input.vectorizable ? SUBGROUP_PIXELS : SUBGROUP_PIXELS / 2;
  const perSubgroup = pixels > TILE_PIXELS ? most : TILE_PIXELS;
  return {
    shader: specialise(
      `conv2d_${kind}_subgroup`,
      sources,
      { ...a.constants, PIXELS: perSubgroup, LANES: lanes, LOADS: perSubgroup / lanes },
      { ...aliases, ...storedTypes(4, { output }) },
      SUBGROUP_DIRECTIVES,
    ),
    workgroups: grid(Math.ceil(vectors / size) * size * Math.ceil(pixels / perSubgroup), WORKGROUP),
  };
}

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library).
 * @param input [batch, height, width, in channels]
 * @param weight [kernel height, kernel width, in channels, out channels], without gaps
 * @param bias [out channels] or null
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @param variant when absent, gpu.variants' for this problem, else one by the adapter and the layer
 * @param dtype of the result where it has no place yet; operands may be f32 or f16, a bias is f32
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function conv2dForward(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: ConvGeometry,
  out?: Tensor,
  variant?: ConvVariant,
  dtype: DType = input.dtype,
): Tensor {
  expectFloats('conv2d', { input, weight, out }, { bias });
  expectWithoutGaps('conv2d', { weight }, 'copy() the slice of weights first');
  const shape = conv2dOutputShape(input.shape, weight.shape, geometry);
  const output = out ?? Tensor.empty(input.gpu, shape, 'conv2d', dtype);
  expectShape('out of conv2d', shape, output.shape);
  if (bias) expectShape('bias of conv2d', [shape[3]!], bias.shape);
  const pixels = shape[0]! * shape[1]! * shape[2]!;
  const { gpu } = input;
  const chosen = variant ?? variantFor('forward', { input, weight, output }, geometry);
  if (chosen === PATCHES) {
    patchesForward(input, weight, bias, geometry, output);
    return output;
  }
  if (isWinograd(chosen)) {
    winogradForward(chosen, input, weight, bias, geometry, output);
    return output;
  }
  const program = convProgram('forward', chosen, gpu, { input, weight, output, channels: shape[3]!, pixels });
  gpu.dispatch({
    shader: program.shader,
    bindings: [
      input.read(input.dtype),
      weight.read(weight.dtype),
      (bias ?? weight).read(bias?.dtype ?? weight.dtype),
      output.written(output.dtype),
    ],
    params: convParams({ input: input.shape, output: shape, kernel: weight.shape }, geometry, {
      input,
      output,
      weightBase: weight.base,
      bias,
    }),
    workgroups: program.workgroups,
  });
  return output;
}

/**
 * The adjoint of conv2dForward: the gradient of its input, and at the same time the transposed convolution.
 * @param gradOutput [batch, out height, out width, out channels]
 * @param weight [kernel height, kernel width, in channels, out channels], without gaps
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
  dtype: DType = gradOutput.dtype,
): Tensor {
  expectFloats('convTranspose2d, or the input gradient of conv2d', { input: gradOutput, weight, out }, { bias });
  expectWithoutGaps('convTranspose2d, or the input gradient of conv2d', { weight }, 'copy() the slice of weights first');
  expectShape('gradient of conv2d', conv2dOutputShape(inputShape, weight.shape, geometry), gradOutput.shape);
  const output = out ?? Tensor.empty(gradOutput.gpu, inputShape, 'conv2d input gradient', dtype);
  expectShape('out of conv2dInputGrad', inputShape, output.shape);
  const [batch, height, width, channels] = inputShape as [number, number, number, number];
  if (bias) expectShape('bias of convTranspose2d', [channels], bias.shape);
  const { stride } = geometry;
  const pixels = batch * Math.ceil(height / stride[0]) * Math.ceil(width / stride[1]);
  const { gpu } = gradOutput;
  const chosen = variant ?? variantFor('input_grad', { input: output, weight, output: gradOutput }, geometry);
  if (chosen === PATCHES) {
    patchesInputGrad(gradOutput, weight, bias, geometry, output);
    return output;
  }
  if (isWinograd(chosen)) {
    winogradInputGrad(chosen, gradOutput, weight, bias, geometry, output);
    return output;
  }
  const program = convProgram('input_grad', chosen, gpu, { input: gradOutput, weight, output, channels, pixels });
  gpu.dispatch({
    shader: program.shader,
    bindings: [
      gradOutput.read(gradOutput.dtype),
      weight.read(weight.dtype),
      (bias ?? weight).read(bias?.dtype ?? weight.dtype),
      output.written(output.dtype),
    ],
    params: convParams({ input: inputShape, output: gradOutput.shape, kernel: weight.shape }, geometry, {
      input: output,
      output: gradOutput,
      weightBase: weight.base,
      bias,
    }),
    workgroups: [program.workgroups[0], program.workgroups[1], stride[0] * stride[1]],
  });
  return output;
}

/** Shader of the weight gradient, and the workgroups that cover the weights once. */
function weightGradProgram(
  variant: DirectVariant,
  gpu: Gpu,
  { input, gradOutput, weightShape }: { input: Tensor; gradOutput: Tensor; weightShape: Shape },
): { shader: Shader; workgroups: [number, number, number] } {
  if (isWorkgroupTile(variant)) return workgroupWeightGradProgram(variant, { input, gradOutput, weightShape });
  const a = operandA(input);
  const b = operandB(gradOutput);
  const [kernelH, kernelW, inC, outC] = weightShape as [number, number, number, number];
  const taps = kernelH * kernelW;
  const aliases = { ...a.aliases, ...b.aliases };
  if (variant === 'single') {
    return {
      shader: specialise('conv2d_weight_grad_single', [convShapeSource, a.source, convColumnsSource, weightGradSingleSource], a.constants, {
        ...a.aliases,
        ...storedTypes(1, { dy: gradOutput }),
      }),
      workgroups: grid(taps * Math.ceil(inC / TILE_CHANNELS), WORKGROUP),
    };
  }
  if (variant === 'tile') {
    return {
      shader: specialise(
        'conv2d_weight_grad',
        [convShapeSource, a.source, b.source, convColumnsSource, convWeightTileSource, weightGradSource],
        { ...a.constants, ...b.constants },
        aliases,
      ),
      workgroups: grid(taps * Math.ceil(inC / TILE_WEIGHTS) * Math.ceil(outC / TILE_WEIGHTS), WORKGROUP),
    };
  }
  const size = gpu.adapter.subgroupSize!;
  const lanes = Math.min(MAX_LANES, size);
  return {
    shader: specialise(
      'conv2d_weight_grad_subgroup',
      [convShapeSource, a.source, b.source, weightGradSubgroupSource],
      { LANES: lanes },
      aliases,
      SUBGROUP_DIRECTIVES,
    ),
    workgroups: grid(taps * Math.ceil(inC / (TILE_CHANNELS * lanes)) * Math.ceil(outC / TILE_CHANNELS / size) * size, WORKGROUP),
  };
}

/** Work for about this many workgroups keeps every core busy: of a large GPU, of a CPU. */
const TARGET_WORKGROUPS = { hardware: 256, software: 32 };
/**
 * Gradient of a convolution with respect to its weight.
 * @param input [batch, height, width, in channels]
 * @param gradOutput [batch, out height, out width, out channels]
 * @param into where to put it: written over, or added to with `accumulate`
 * @param variant when absent, gpu.variants' for this problem, else one by the adapter and the layer
 */
export function conv2dWeightGrad(
  input: Tensor,
  gradOutput: Tensor,
  weightShape: Shape,
  geometry: ConvGeometry,
  into?: Tensor,
  accumulate = false,
  variant?: ConvVariant,
): Tensor {
  expectFloats('conv2dWeightGrad', { input, gradOutput }, { into });
  expectWithoutGaps('conv2dWeightGrad', { into }, 'let the gradient have memory of its own');
  expectShape('gradient of conv2d', conv2dOutputShape(input.shape, weightShape, geometry), gradOutput.shape);
  const { gpu } = input;
  const result = into ?? Tensor.empty(gpu, weightShape, 'conv2d weight gradient');
  expectShape('target of conv2dWeightGrad', weightShape, result.shape);
  const [kernelH, kernelW, inC, outC] = weightShape as [number, number, number, number];
  const chosen = variant ?? variantFor('weight_grad', { input, weight: result, output: gradOutput }, geometry);
  if (chosen === PATCHES) {
    patchesWeightGrad(input, gradOutput, geometry, result, accumulate);
    return result;
  }
  if (isWinograd(chosen)) {
    winogradWeightGrad(chosen, input, gradOutput, geometry, result, accumulate);
    return result;
  }
  const program = weightGradProgram(chosen, gpu, { input, gradOutput, weightShape });
  const [x, y] = program.workgroups;
  const rows = gradOutput.shape[0]! * gradOutput.shape[1]!;
  const wanted = Math.ceil(TARGET_WORKGROUPS[gpu.adapter.software ? 'software' : 'hardware'] / (x * y));
  const rowsPerSplit = Math.ceil(rows / Math.min(wanted, splitLimit(gradOutput.shape)));
  const splits = Math.ceil(rows / rowsPerSplit);
  // Adding to what is there is left to the reduction: a second pipeline that does it takes a second to compile on a CPU.
  const direct = splits === 1 && !accumulate;
  const count = kernelH * kernelW * inC * outC;
  const partial = direct ? result : Tensor.empty(gpu, [splits, count], 'partial weight gradients');

  gpu.dispatch({
    shader: program.shader,
    bindings: [input.read(input.dtype), gradOutput.read(gradOutput.dtype), partial.written()],
    params: convParams({ input: input.shape, output: gradOutput.shape, kernel: weightShape }, geometry, {
      input,
      output: gradOutput,
      weightBase: partial.base,
      rowsPerSplit,
    }),
    workgroups: [x, y, splits],
  });
  if (!direct) {
    gpu.dispatch({
      shader: specialise('conv2d_weight_grad_reduce', [weightGradReduceSource], { ACCUMULATE: accumulate }),
      bindings: [partial.read(), result.written()],
      params: new Params().u32(count, splits, count, result.base),
      workgroups: grid(count, 64),
    });
    partial.dispose();
  }
  return result;
}
