import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { expectShape, formatShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOneDevice, expectFloats, expectOperands, expectWithoutGaps } from './elements.js';
import { grid, specialise, storedTypes } from './kernel.js';
import poolSource from '../../shaders/image_pool.wgsl';

/**
 * Exchanges the images of a batch with a pool of earlier ones, one after the other: each leaves as it is or as an image of the pool, and
 * may take that one's place (Shrivastava et al. 2017, section 2.3; the history of CycleGAN's discriminators). Gradients do not pass.
 *
 * @param x [batch, ...]
 * @param pool [places, ...], the images of the same size; changed in place
 * @param draws i32 [batch, 2] from poolDraws(): the place that an image is taken from, and the one that it is put into; -1 for none
 * @returns [batch, ...], the images that left
 * @throws SHAPE_MISMATCH; INVALID_ARGUMENT for other types or tensors with gaps; DEVICE_MISMATCH, USE_AFTER_FREE
 */
export function imagePool(x: Tensor, pool: Tensor, draws: Tensor): Tensor {
  expectFloats('imagePool', { x }, { pool });
  expectOperands('imagePool', { draws }, 'i32');
  expectOneDevice('imagePool', ['x', x], ['draws', draws]);
  const [batch, ...image] = x.shape;
  if (batch === undefined || image.length === 0) {
    throw new ShadegradError('SHAPE_MISMATCH', 'images of imagePool', {
      expected: '[batch, ...]',
      received: formatShape(x.shape),
      fix: 'pass a batch of images',
    });
  }
  expectShape('pool of imagePool', [pool.shape[0] ?? 0, ...image], pool.shape);
  expectShape('draws of imagePool', [batch, 2], draws.shape);
  expectWithoutGaps('imagePool', { x, pool, draws }, 'copy it first');
  const y = Tensor.empty(x.gpu, x.shape, 'images out of a pool', x.dtype);
  const size = x.size / batch;
  const four = [x, pool, y].every((tensor) => tensor.offset % 4 === 0) && size % 4 === 0;
  const width = four ? 4 : 1;
  x.gpu.dispatch({
    shader: specialise('image_pool', [poolSource], {}, { element: four ? 'vec4f' : 'f32', ...storedTypes(width, { x, y }) }),
    bindings: [x.read(x.dtype), pool.written(), draws.read('i32'), y.written(y.dtype)],
    params: new Params().u32(batch, size / width, pool.shape[0]!, x.base / width, pool.base / width, draws.base, y.base / width),
    workgroups: grid(size / width, 64),
  });
  return y;
}
