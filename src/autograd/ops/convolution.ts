import { expectTensor } from '../../kernels/elements.js';
import * as conv from '../../kernels/conv2d/conv2d.js';
import { biasGrad } from '../../kernels/bias.js';
import { expectOptions } from '../../checks.js';
import type { Shape } from '../../tensor/shape.js';
import type { DType, Tensor } from '../../tensor/tensor.js';
import { castType } from '../autocast.js';
import { called } from '../calls.js';
import { rule, track, where, type GradientTarget, type Rule } from '../graph.js';
import { packed } from './axes.js';
import { dilatedConv2d, hasPhases } from './dilated-convolution.js';
import { directConv2d, directConvTranspose2d } from './direct-convolution.js';
import { pair, type OutOption, type Pair } from './options.js';
import { sumRows } from './rows.js';

/** Options of conv2d(): where its windows lie, and a place for the result. */
export interface ConvOptions extends OutOption {
  /** Pixels from one window to the next; [vertical, horizontal], or one number for both. Default 1. */
  stride?: Pair;
  /** Rows and columns of zeros taken to lie around the image, on each side. Default 0. */
  padding?: Pair;
  /** Pixels from one tap of the kernel to the next. Default 1: no gaps. */
  dilation?: Pair;
  /**
   * Into how many groups, which do not see each other, the channels of both sides are cut. Default 1. Others have plain, slower kernels.
   */
  groups?: number;
}

const CONV_OPTIONS = ['stride', 'padding', 'dilation', 'groups', 'out'] as const;

const isPlain = (dilation: Pair, groups: number): boolean => groups === 1 && pair(dilation).every((step) => step === 1);

/**
 * Convolves x [batch, h, w, in] with a weight [kernel h, kernel w, in / groups, out], and adds a bias [out] or none;
 * torch.nn.functional.conv2d.
 *
 * ```ts
 * const y = conv2d(x, weight, null, { stride: 2, padding: 1 });      // of 4 x 4 kernels: half as high and wide
 * ```
 *
 * @returns [batch, floor((h + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, the same of w, out]
 * @throws SHAPE_MISMATCH for shapes that do not go together; INVALID_ARGUMENT for other types and options
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, out } = expectOptions('conv2d', options, CONV_OPTIONS);
  expectTensor('conv2d', 'x', x);
  expectTensor('conv2d', 'weight', weight);
  const geometry = { stride: pair(stride), padding: pair(padding) };
  const direct = { ...geometry, dilation: pair(dilation), groups };
  return called('conv2d', [x, weight, bias], direct, () => {
    if (!isPlain(dilation, groups)) {
      if (hasPhases(direct, weight.shape)) return dilatedConv2d(x, weight, direct, (phases) => conv2d(phases, weight, bias), { out });
      return directConv2d(x, weight, bias, direct, { out, dtype: resultType(x) });
    }
    // The kernels read weights as one run of numbers.
    const taps = packed(weight);
    const y = conv.conv2dForward(x, taps, bias, geometry, out, undefined, resultType(x));
    return track('conv2d', bias ? [x, taps, bias] : [x, taps], y, convRule(x, taps, geometry));
  });
}

/** Options of convTranspose2d(): those of the convolution it is the adjoint of, and which of the possible sizes is meant. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added below and on the right, to choose among the sizes a stride makes ambiguous. Default 0. */
  outputPadding?: Pair;
}

/**
 * Convolves x [batch, h, w, in] transposed, with a weight [kernel h, kernel w, out / groups, in] (the layout of the convolution it is
 * the adjoint of), and adds a bias [out] or none; torch.nn.functional.conv_transpose2d.
 *
 * @returns [batch, (h - 1) stride - 2 padding + dilation (kernel - 1) + 1 + outputPadding, the same of w, out]
 * @throws SHAPE_MISMATCH for shapes that do not go together; INVALID_ARGUMENT for other types and options
 */
export function convTranspose2d(x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvTransposeOptions = {}): Tensor {
  const {
    stride = 1,
    padding = 0,
    outputPadding = 0,
    dilation = 1,
    groups = 1,
    out,
  } = expectOptions('convTranspose2d', options, [...CONV_OPTIONS, 'outputPadding']);
  expectTensor('convTranspose2d', 'x', x);
  expectTensor('convTranspose2d', 'weight', weight);
  const geometry = { stride: pair(stride), padding: pair(padding) };
  const direct = { ...geometry, dilation: pair(dilation), groups };
  return called('convTranspose2d', [x, weight, bias], { ...direct, outputPadding: pair(outputPadding) }, () => {
    if (!isPlain(dilation, groups)) {
      return directConvTranspose2d(x, weight, bias, direct, pair(outputPadding), { out, dtype: resultType(x) });
    }
    const shape = conv.convTranspose2dOutputShape(x.shape, weight.shape, geometry, pair(outputPadding));
    const taps = packed(weight);
    const y = conv.conv2dInputGrad(x, taps, bias, shape, geometry, out, undefined, resultType(x));
    return track('convTranspose2d', bias ? [x, taps, bias] : [x, taps], y, convTransposeRule(x, taps, geometry));
  });
}

/** The type of a result: f16 of f16, and in autocast() of anything. */
const resultType = (x: Tensor): DType => (x.dtype === 'f16' ? 'f16' : castType());

/**
 * The three kernels of a convolution are closed under differentiation: each is linear in both of its operands, and the adjoint
 * with respect to one of them is another of the three.
 */
function convRule(x: Tensor, weight: Tensor, geometry: conv.ConvGeometry): Rule {
  return rule(
    ([dx, dw]) => where([dx, weight], [dw, x]),
    (dy, [dx, dw, db]) => [
      dx ? inputGrad(dy, weight, x.shape, geometry) : null,
      dw ? weightGrad(x, dy, weight.shape, geometry, dw) : null,
      biasGradient(dy, db),
    ],
  );
}

/** The adjoint of a convolution: input and gradient change places, and the gradient of the input is the convolution itself. */
function convTransposeRule(x: Tensor, weight: Tensor, geometry: conv.ConvGeometry): Rule {
  return rule(
    ([dx, dw]) => where([dx, weight], [dw, x]),
    (dy, [dx, dw, db]) => [
      dx ? convolve(dy, weight, geometry) : null,
      dw ? weightGrad(dy, x, weight.shape, geometry, dw) : null,
      biasGradient(dy, db),
    ],
  );
}

/** A convolution without bias, as rules need it: the weight may be a gradient that is a channel slice. */
function convolve(x: Tensor, slice: Tensor, geometry: conv.ConvGeometry): Tensor {
  const weight = packed(slice);
  return track('conv2d', [x, weight], conv.conv2dForward(x, weight, null, geometry), convRule(x, weight, geometry));
}

function inputGrad(dy: Tensor, slice: Tensor, shape: Shape, geometry: conv.ConvGeometry): Tensor {
  const weight = packed(slice);
  return track(
    'conv2d input gradient',
    [dy, weight],
    conv.conv2dInputGrad(dy, weight, null, shape, geometry),
    convTransposeRule(dy, weight, geometry),
  );
}

function weightGrad(x: Tensor, dy: Tensor, shape: Shape, geometry: conv.ConvGeometry, { tensor, accumulate }: GradientTarget = {}): Tensor {
  const dw = conv.conv2dWeightGrad(x, dy, shape, geometry, tensor, accumulate);
  // What goes straight into its place is nobody's operand.
  if (tensor) return dw;
  return track(
    'conv2d weight gradient',
    [x, dy],
    dw,
    rule(
      ([dx, ddy]) => where([dx, dy], [ddy, x]),
      (g, [dx, ddy]) => [dx ? inputGrad(dy, g, x.shape, geometry) : null, ddy ? convolve(x, g, geometry) : null],
    ),
  );
}

function biasGradient(dy: Tensor, target: GradientTarget | undefined): Tensor | null {
  if (!target) return null;
  return target.tensor ? biasGrad(dy, target.tensor, target.accumulate) : sumRows(dy);
}
