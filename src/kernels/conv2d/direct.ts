import { ShadegradError } from '../../errors.js';
import { Params } from '../../gpu/params.js';
import type { Binding } from '../../gpu/storage.js';
import { expectShape, formatShape, type Shape } from '../../tensor/shape.js';
import { Tensor, type DType } from '../../tensor/tensor.js';
import { conv2dOutputShape, convTranspose2dOutputShape, type ConvGeometry } from './shape.js';
import { elementGrid, expectFloats, expectWithoutGaps, walkSource } from '../elements.js';
import { specialise, storedTypes, type Constants } from '../kernel.js';
import laneScalarSource from '../../../shaders/batch_norm_lane_scalar.wgsl';
import laneVec4Source from '../../../shaders/batch_norm_lane_vec4.wgsl';
import innerScalarSource from '../../../shaders/shared/inner_scalar.wgsl';
import innerVec4Source from '../../../shaders/shared/inner_vec4.wgsl';
import forwardSource from '../../../shaders/conv2d_direct_forward.wgsl';
import inputGradSource from '../../../shaders/conv2d_direct_input_grad.wgsl';
import weightGradSource from '../../../shaders/conv2d_direct_weight_grad.wgsl';
import shapeSource from '../../../shaders/shared/direct_conv_shape.wgsl';

/** A convolution's geometry with gaps between its taps, and with channels in groups that do not see each other. */
export interface DirectGeometry extends ConvGeometry {
  /** Pixels from one tap to the next; each pair is [vertical, horizontal]. */
  readonly dilation: readonly [number, number];
  /** Divides the channels of both sides. */
  readonly groups: number;
}

/** Shape of the weight without gaps and groups that has the same sizes of input and output. @throws SHAPE_MISMATCH, INVALID_ARGUMENT */
function denseWeight(what: string, weight: Shape, { dilation, groups }: DirectGeometry): Shape {
  const [kernelH, kernelW, inGroup, outChannels] = weight as [number, number, number, number];
  if (![...dilation, groups].every((n) => Number.isInteger(n) && n >= 1) || (weight.length === 4 && outChannels % groups !== 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', `dilation and groups of ${what}`, {
      expected: 'whole numbers of at least 1, and groups that divide the channels of both sides',
      received: `dilation ${formatShape(dilation)}, ${groups} groups, weight ${formatShape(weight)}`,
      fix: 'a weight is [kernel h, kernel w, channels of one group, all channels of the other side]',
    });
  }
  return weight.length === 4 ? [(kernelH - 1) * dilation[0] + 1, (kernelW - 1) * dilation[1] + 1, inGroup * groups, outChannels] : weight;
}

/** Shape of the result. @throws SHAPE_MISMATCH, INVALID_ARGUMENT */
export function directOutputShape(input: Shape, weight: Shape, geometry: DirectGeometry): Shape {
  return conv2dOutputShape(input, denseWeight('conv2d', weight, geometry), geometry);
}

/** Shape of the transposed convolution's result. @throws SHAPE_MISMATCH, INVALID_ARGUMENT */
export function directTransposeShape(
  input: Shape,
  weight: Shape,
  geometry: DirectGeometry,
  outputPadding: readonly [number, number],
): Shape {
  return convTranspose2dOutputShape(input, denseWeight('convTranspose2d', weight, geometry), geometry, outputPadding);
}

interface Operands {
  /** The side that is read forward. */
  readonly x: { readonly tensor: Tensor; readonly shape: Shape };
  readonly y: { readonly tensor: Tensor; readonly shape: Shape };
  readonly weight: Tensor;
  readonly bias?: Tensor | null;
}

/** How many channels of which sides a kernel takes at a time, and its uniforms. */
function prepare(
  { x, y, weight, bias }: Operands,
  weightShape: Shape,
  { stride, padding, dilation, groups }: DirectGeometry,
  lanesOf: 'x' | 'y',
) {
  const [batch, inH, inW, inC] = x.shape as [number, number, number, number];
  const [, outH, outW, outC] = y.shape as [number, number, number, number];
  const depthwise = groups === inC && groups === outC;
  expectFloats('conv2d', { input: x.tensor, output: y.tensor, weight }, { bias });
  expectWithoutGaps('conv2d', { weight }, 'copy() the slice of weights first');
  const aligned = (tensor: Tensor): boolean => tensor.vectorizable;
  const whole = depthwise ? aligned(x.tensor) && aligned(y.tensor) : lanesOf === 'y' && (outC / groups) % 4 === 0 && aligned(y.tensor);
  const width: 1 | 4 = whole && weight.vectorizable ? 4 : 1;
  const lane = width === 4 ? 'vec4f' : 'f32';
  const constants: Constants = { STRIDED: false, WIDTH: width, DEPTHWISE: depthwise };
  // Of the input's gradient, whose sums run along the output channels.
  const vectorTerms = depthwise ? width === 4 : (outC / groups) % 4 === 0 && aligned(y.tensor) && weight.vectorizable;
  return {
    width,
    constants,
    vectorTerms,
    sources: (source: string) => [walkSource, width === 4 ? laneVec4Source : laneScalarSource, shapeSource, source],
    aliases: {
      x_value: depthwise ? lane : 'f32',
      ...storedTypes(depthwise ? width : 1, { x: x.tensor }),
      ...storedTypes(width, { y: y.tensor, w: weight }),
    },
    params: new Params().u32(
      batch,
      inH,
      inW,
      inC,
      outH,
      outW,
      outC,
      weightShape[0]!,
      weightShape[1]!,
      ...stride,
      ...padding,
      ...dilation,
      inC / groups,
      outC / groups,
      x.tensor.base,
      x.tensor.rowStride,
      y.tensor.base,
      y.tensor.rowStride,
      weight.base,
      bias ? 1 : 0,
      bias?.base ?? 0,
    ),
  };
}

/** Any buffer where there is none. */
const ofBias = (bias: Tensor | null, weight: Tensor): Binding => (bias ?? weight).read(bias?.dtype ?? weight.dtype);

/**
 * 2-D convolution with dilation and groups.
 * @param input [batch, h, w, in channels]
 * @param weight [kernel h, kernel w, in channels / groups, out channels], without gaps
 * @param bias [out channels], f32, or null
 * @param dtype of the result where it has no place yet; operands may be f32 or f16
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function directForward(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: DirectGeometry,
  out?: Tensor,
  dtype: DType = input.dtype,
): Tensor {
  const shape = directOutputShape(input.shape, weight.shape, geometry);
  const y = out ?? Tensor.empty(input.gpu, shape, 'conv2d', dtype);
  expectShape('out of conv2d', shape, y.shape);
  if (bias) expectShape('bias of conv2d', [shape[3]!], bias.shape);
  const call = prepare({ x: { tensor: input, shape: input.shape }, y: { tensor: y, shape }, weight, bias }, weight.shape, geometry, 'y');
  input.gpu.dispatch({
    shader: specialise('conv2d_direct_forward', call.sources(forwardSource), call.constants, call.aliases),
    bindings: [input.read(input.dtype), weight.read(weight.dtype), ofBias(bias, weight), y.written(y.dtype)],
    params: call.params,
    workgroups: elementGrid(y.size / call.width, input.gpu.adapter.software),
  });
  return y;
}

/**
 * The adjoint of directForward(): the gradient of its input, and the transposed convolution.
 * @param gradOutput [batch, out h, out w, out channels]
 * @param bias [in channels], f32, or null
 * @param inputShape of the result
 * @param dtype of the result where it has no place yet; operands may be f32 or f16
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function directInputGrad(
  gradOutput: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  inputShape: Shape,
  geometry: DirectGeometry,
  out?: Tensor,
  dtype: DType = gradOutput.dtype,
): Tensor {
  expectShape('gradient of conv2d', directOutputShape(inputShape, weight.shape, geometry), gradOutput.shape);
  const x = out ?? Tensor.empty(gradOutput.gpu, inputShape, 'conv2d input gradient', dtype);
  expectShape('out of convTranspose2d', inputShape, x.shape);
  if (bias) expectShape('bias of convTranspose2d', [inputShape[3]!], bias.shape);
  const call = prepare(
    { x: { tensor: x, shape: inputShape }, y: { tensor: gradOutput, shape: gradOutput.shape }, weight, bias },
    weight.shape,
    geometry,
    'x',
  );
  gradOutput.gpu.dispatch({
    shader: specialise(
      'conv2d_direct_input_grad',
      [call.vectorTerms ? innerVec4Source : innerScalarSource, ...call.sources(inputGradSource)],
      { ...call.constants, VECTOR_TERMS: call.vectorTerms },
      { ...storedTypes(call.width, { x }), ...storedTypes(call.vectorTerms ? 4 : 1, { y: gradOutput, w: weight }) },
    ),
    bindings: [gradOutput.read(gradOutput.dtype), weight.read(weight.dtype), ofBias(bias, weight), x.written(x.dtype)],
    params: call.params,
    workgroups: elementGrid(x.size / call.width, gradOutput.gpu.adapter.software),
  });
  return x;
}

/**
 * Gradient of directForward() with respect to its weight, in a fixed order; f32.
 * @param weightShape [kernel h, kernel w, in channels / groups, out channels]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function directWeightGrad(input: Tensor, gradOutput: Tensor, weightShape: Shape, geometry: DirectGeometry): Tensor {
  expectShape('gradient of conv2d', directOutputShape(input.shape, weightShape, geometry), gradOutput.shape);
  const dw = Tensor.empty(input.gpu, weightShape, 'conv2d weight gradient');
  const call = prepare(
    { x: { tensor: input, shape: input.shape }, y: { tensor: gradOutput, shape: gradOutput.shape }, weight: dw },
    weightShape,
    geometry,
    'y',
  );
  input.gpu.dispatch({
    shader: specialise('conv2d_direct_weight_grad', call.sources(weightGradSource), call.constants, call.aliases),
    bindings: [input.read(input.dtype), gradOutput.read(gradOutput.dtype), dw.written()],
    params: call.params,
    workgroups: elementGrid(dw.size / call.width, input.gpu.adapter.software),
  });
  return dw;
}
