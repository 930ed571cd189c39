import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { expectShape, formatShape, imageShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { FLOATS } from './elements.js';
import { walkImages } from './image-walk.js';
import { specialise } from './kernel.js';
import padShapeSource from '../../shaders/shared/pad_shape.wgsl';
import padGradSource from '../../shaders/pad_grad.wgsl';
import padSource from '../../shaders/pad.wgsl';

/** What lies around an image: zeros (or another number), its mirror image about the edge pixels, or its edge pixels. */
export type PadMode = 'zeros' | 'reflect' | 'replicate';

/** As in shared/pad_shape.wgsl. */
const CODES: Record<PadMode, number> = { zeros: 0, reflect: 1, replicate: 2 };

/** The pixels that are added on each side of an image. */
export type Margins = readonly [top: number, bottom: number, left: number, right: number];

/** @throws SHAPE_MISMATCH, INVALID_ARGUMENT */
export function paddedShape(shape: Shape, margins: Margins, mode: PadMode): Shape {
  const [batch, height, width, channels] = imageShape(shape, 'input of pad');
  const [top, bottom, left, right] = margins;
  if (margins.length !== 4 || !margins.every((margin) => Number.isInteger(margin) && margin >= 0)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'padding of pad', {
      expected: '[top, bottom, left, right], whole numbers of at least 0',
      received: formatShape(margins),
      fix: 'use slice() to take rows or columns away',
    });
  }
  if (mode === 'reflect' && (Math.max(top, bottom) >= height || Math.max(left, right) >= width)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'padding of pad by reflection', {
      expected: `less than the ${height} x ${width} pixels of the image: an edge pixel is not repeated`,
      received: formatShape(margins),
      fix: 'pad less, or use the mode replicate',
    });
  }
  return [batch, top + height + bottom, left + width + right, channels];
}

/**
 * Images with margins.
 * @param x [batch, h, w, channels]
 * @param value what the margins are in the mode 'zeros'
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function pad(x: Tensor, margins: Margins, mode: PadMode, value = 0, out?: Tensor): Tensor {
  const shape = paddedShape(x.shape, margins, mode);
  const y = out ?? Tensor.empty(x.gpu, shape, 'pad', x.dtype);
  expectShape('out of pad', shape, y.shape);
  const walk = walkImages('input of pad', [x, y], FLOATS);
  x.gpu.dispatch({
    shader: specialise('pad', [walk.source, padShapeSource, padSource], { ...walk.constants, MODE: CODES[mode] }, walk.types({ x, y })),
    bindings: [x.read(x.dtype), y.written(y.dtype)],
    params: new Params().u32(...x.shape.slice(0, 3), walk.channels, ...margins, ...walk.place(x), ...walk.place(y)).f32(value),
    workgroups: walk.workgroups(shape),
  });
  return y;
}

/**
 * The adjoint of pad(): every pixel gathers the gradients of its copies.
 * @param shape [batch, h, w, channels] of the result, which was padded
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function padGrad(gradOutput: Tensor, shape: Shape, margins: Margins, mode: PadMode, out?: Tensor): Tensor {
  expectShape('gradient of pad', paddedShape(shape, margins, mode), gradOutput.shape);
  const dx = out ?? Tensor.empty(gradOutput.gpu, shape, 'pad gradient', gradOutput.dtype);
  expectShape('out of padGrad', shape, dx.shape);
  const walk = walkImages('gradient of pad', [dx, gradOutput], FLOATS);
  gradOutput.gpu.dispatch({
    shader: specialise(
      'pad_grad',
      [walk.source, padShapeSource, padGradSource],
      { ...walk.constants, MODE: CODES[mode] },
      walk.types({ dy: gradOutput, dx }),
    ),
    bindings: [gradOutput.read(gradOutput.dtype), dx.written(dx.dtype)],
    params: new Params().u32(...shape.slice(0, 3), walk.channels, ...margins, ...walk.place(dx), ...walk.place(gradOutput)).f32(0),
    workgroups: walk.workgroups(shape),
  });
  return dx;
}
