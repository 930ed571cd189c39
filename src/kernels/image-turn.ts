import { Params } from '../gpu/params.js';
import { expectShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOperands, expectWithoutGaps } from './elements.js';
import { grid, specialise, type Constants } from './kernel.js';
import movedSource from '../../shaders/image_moved.wgsl';
import rotateSource from '../../shaders/image_rotate.wgsl';
import turnSource from '../../shaders/image_turn.wgsl';

/** Runs a kernel that reads each pixel of a result somewhere in its image, by two numbers for each image. */
function moved(operation: string, x: Tensor, draws: Tensor, out: Tensor | undefined, source: string, constants: Constants = {}): Tensor {
  expectOperands(operation, { x, draws, out });
  expectWithoutGaps(operation, { draws }, 'copy it first');
  const [batch, height, width, channels] = imageShape(x.shape, `x of ${operation}`);
  expectShape(`draws of ${operation}`, [batch, 2], draws.shape);
  const output = out ?? Tensor.empty(x.gpu, x.shape, 'turned images');
  expectShape(`out of ${operation}`, x.shape, output.shape);
  x.gpu.dispatch({
    shader: specialise(operation === 'imageTurn' ? 'image_turn' : 'image_rotate', [movedSource, source], constants),
    bindings: [x.read(), draws.read(), output.written()],
    params: new Params().u32(batch, height, width, channels, draws.base, x.base, x.rowStride, output.base, output.rowStride),
    workgroups: grid(batch * height * width, 64),
  });
  return output;
}

/** Options of imageRotate(). */
export interface RotateOptions {
  /** How values between pixels are found: in proportion from the four around, or that of the nearest one. Default 'bilinear'. */
  mode?: 'bilinear' | 'nearest';
  /** Where to put the result, such as a channel slice of a wider tensor; made when absent. */
  out?: Tensor;
}

/**
 * Turns images about their middle, each by an angle of its own. What lies outside of an image is the image mirrored at its edge, so that no
 * corner is empty. Not differentiable.
 *
 * @param x [batch, height, width, channels]
 * @param draws [batch, 2], cosine and sine of each angle, which turns to the left; a recorded step reads anew what it holds
 * @returns x's shape
 * @throws INVALID_ARGUMENT for another type; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageRotate(x: Tensor, draws: Tensor, { mode = 'bilinear', out }: RotateOptions = {}): Tensor {
  return moved('imageRotate', x, draws, out, rotateSource, { SMOOTH: mode === 'bilinear' });
}

/**
 * Mirrors images top to bottom and turns them by quarter turns to the left, each as drawn for it; no value changes. Images that are not
 * square keep their shape: an odd number of quarter turns counts as one less. Not differentiable.
 *
 * @param x [batch, height, width, channels]
 * @param draws [batch, 2], for each image the quarter turns, 0 to 3, and 1 where it is mirrored before them; a recorded step reads anew
 *   what it holds
 * @param out where to put the result, such as a channel slice of a wider tensor; made when absent
 * @returns x's shape
 * @throws INVALID_ARGUMENT for another type; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function imageTurn(x: Tensor, draws: Tensor, out?: Tensor): Tensor {
  return moved('imageTurn', x, draws, out, turnSource);
}
