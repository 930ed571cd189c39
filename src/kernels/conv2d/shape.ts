import { ShadegradError } from '../../errors.js';
import { formatShape, imageShape, type Shape } from '../../tensor/shape.js';

/** How a kernel window moves over an image; each pair is [vertical, horizontal]. */
export interface ConvGeometry {
  readonly stride: readonly [number, number];
  /** Zeros taken to lie around the image, on each side. */
  readonly padding: readonly [number, number];
}

function convSize(length: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((length + 2 * padding - kernel) / stride) + 1;
}

/**
 * Shape of a convolution's result: floor((length + 2 padding - kernel) / stride) + 1 each way.
 * @param input [batch, height, width, in channels]
 * @param weight [kernel height, kernel width, in channels, out channels]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function conv2dOutputShape(input: Shape, weight: Shape, { stride, padding }: ConvGeometry): Shape {
  const [batch, height, width, channels] = imageShape(input, 'input of conv2d');
  const [kernelH, kernelW, inChannels, outChannels] = weightShape(weight, 'conv2d');
  checkGeometry(stride, padding);
  if (inChannels !== channels) {
    throw new ShadegradError('SHAPE_MISMATCH', 'conv2d: input and weight disagree about the channels', {
      expected: `an input of ${inChannels} channels, as the weight ${formatShape(weight)} has`,
      received: `${channels} channels in ${formatShape(input)}`,
      fix: 'build the layer with the channels of the tensor that feeds it',
    });
  }
  const shape = [batch, convSize(height, kernelH, stride[0], padding[0]), convSize(width, kernelW, stride[1], padding[1]), outChannels];
  if (shape[1]! < 1 || shape[2]! < 1) {
    throw new ShadegradError('SHAPE_MISMATCH', 'conv2d: the kernel is larger than the padded input', {
      expected: `at least ${kernelH} x ${kernelW} pixels with the padding`,
      received: `${height + 2 * padding[0]} x ${width + 2 * padding[1]}`,
      fix: 'use a larger image, more padding or fewer layers',
    });
  }
  return shape;
}

/**
 * Shape of a transposed convolution's result: (length - 1) stride - 2 padding + kernel + outputPadding each way.
 * @param input [batch, height, width, in channels]
 * @param weight [kernel height, kernel width, out channels, in channels]: that of the convolution it is the adjoint of
 */
export function convTranspose2dOutputShape(
  input: Shape,
  weight: Shape,
  { stride, padding }: ConvGeometry,
  outputPadding: readonly [number, number] = [0, 0],
): Shape {
  const [batch, height, width, channels] = imageShape(input, 'input of convTranspose2d');
  const [kernelH, kernelW, outChannels, inChannels] = weightShape(weight, 'convTranspose2d');
  checkGeometry(stride, padding);
  if (inChannels !== channels) {
    throw new ShadegradError('SHAPE_MISMATCH', 'convTranspose2d: input and weight disagree about the channels', {
      expected: `an input of ${inChannels} channels, as the weight ${formatShape(weight)} has`,
      received: `${channels} channels in ${formatShape(input)}`,
      fix: 'build the layer with the channels of the tensor that feeds it',
    });
  }
  for (const axis of [0, 1] as const) {
    if (outputPadding[axis] >= 0 && outputPadding[axis] < stride[axis] && Number.isInteger(outputPadding[axis])) continue;
    throw new ShadegradError('INVALID_ARGUMENT', 'convTranspose2d: output padding', {
      expected: 'a whole number of at least 0 and smaller than the stride',
      received: `${outputPadding[axis]} with stride ${stride[axis]}`,
      fix: 'it only chooses among the sizes that one stride makes ambiguous',
    });
  }
  const shape = [
    batch,
    (height - 1) * stride[0] - 2 * padding[0] + kernelH + outputPadding[0],
    (width - 1) * stride[1] - 2 * padding[1] + kernelW + outputPadding[1],
    outChannels,
  ];
  if (shape[1]! < 1 || shape[2]! < 1) {
    throw new ShadegradError('SHAPE_MISMATCH', 'convTranspose2d: nothing is left after the padding is cut off', {
      expected: 'a result of at least 1 x 1',
      received: `${shape[1]} x ${shape[2]}`,
      fix: 'use less padding',
    });
  }
  return shape;
}

function weightShape(weight: Shape, what: string): [number, number, number, number] {
  if (weight.length === 4) return [weight[0]!, weight[1]!, weight[2]!, weight[3]!];
  throw new ShadegradError('SHAPE_MISMATCH', `weight of ${what}`, {
    expected: 'four axes: kernel height, kernel width, channels, channels',
    received: formatShape(weight),
    fix: 'see the layout in the docstring',
  });
}

function checkGeometry(stride: readonly [number, number], padding: readonly [number, number]): void {
  const whole = [...stride, ...padding].every(Number.isInteger);
  if (whole && stride.every((step) => step >= 1) && padding.every((zeros) => zeros >= 0)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'stride and padding of a convolution', {
    expected: 'whole numbers: stride at least 1, padding at least 0',
    received: `stride ${stride.join(' x ')}, padding ${padding.join(' x ')}`,
    fix: 'stride 2 with padding 1 halves an image with a kernel of 4; stride 1 with padding 1 keeps it with a kernel of 3',
  });
}
