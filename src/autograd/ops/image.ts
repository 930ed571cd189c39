import { floatToImage as kernel } from '../../kernels/image.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { missingGradient, noGrad, track } from '../graph.js';
import { inSingle } from './cast.js';

/**
 * Makes bytes 0..255 of numbers in [-1, 1], rounded and clamped: a u8 tensor of x's shape. Rounding has no gradient, so backward()
 * through it is an error (MISSING_GRADIENT) and not a silent zero.
 *
 * @throws INVALID_ARGUMENT for another type than f32
 */
export function floatToImage(x: Tensor): Tensor {
  return called('floatToImage', [x], {}, () =>
    track('floatToImage', [x], kernel(noGrad(() => inSingle(x))), missingGradient('floatToImage')),
  );
}
