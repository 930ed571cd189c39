import { directOutputShape, type DirectGeometry } from '../../kernels/conv2d/direct.js';
import type { Tensor } from '../../tensor/tensor.js';
import { packed, permute, slice } from './axes.js';
import type { OutOption } from './options.js';
import { pad } from './pad.js';
import { copy } from './shape.js';

/** With fewer channels than this on either side the plain kernels are faster than the copies that phases take. */
const FEWEST_CHANNELS = 16;

/** Whether a convolution is worth cutting into phases: without a stride, groups, and with channels enough. */
export function hasPhases({ stride, groups }: DirectGeometry, [, , inChannels, outChannels]: readonly number[]): boolean {
  return groups === 1 && stride[0] === 1 && stride[1] === 1 && Math.min(inChannels!, outChannels!) >= FEWEST_CHANNELS;
}

/**
 * A convolution with dilation by the tuned kernels: pixels whose indices have one remainder by the dilation meet only each other, so that
 * each such phase of the padded image is an image of its own, with a convolution without gaps.
 * @param convolve that convolution, without stride and padding
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function dilatedConv2d(
  x: Tensor,
  weight: Tensor,
  geometry: DirectGeometry,
  convolve: (phases: Tensor) => Tensor,
  { out }: OutOption,
): Tensor {
  const [batch, outH, outW, outC] = directOutputShape(x.shape, weight.shape, geometry) as [number, number, number, number];
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const {
    padding,
    dilation: [down, across],
  } = geometry;
  // Padded behind until every phase is equally large.
  const [rows, columns] = [Math.ceil((height + 2 * padding[0]) / down), Math.ceil((width + 2 * padding[1]) / across)];
  const padded = pad(x, [padding[0], rows * down - height - padding[0], padding[1], columns * across - width - padding[1]]);
  const phases = permute(padded.reshape([batch, rows, down, columns, across, channels]), [2, 4, 0, 1, 3, 5]);
  const y = convolve(phases.reshape([down * across * batch, rows, columns, channels]));
  const [, h, w] = y.shape as [number, number, number, number];
  const joined = permute(packed(y).reshape([down, across, batch, h, w, outC]), [2, 3, 0, 4, 1, 5]).reshape([
    batch,
    h * down,
    w * across,
    outC,
  ]);
  const inHeight = h * down === outH ? joined : slice(joined, { axis: 1, end: outH });
  const result = w * across === outW ? inHeight : slice(inHeight, { axis: 2, end: outW });
  return out ? copy(result, { out }) : result;
}
