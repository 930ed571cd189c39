import { Params } from '../gpu/params.js';
import { expectShape, imageShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { FLOATS } from './elements.js';
import { walkImages } from './image-walk.js';
import { specialise } from './kernel.js';
import resampleSource from '../../shaders/shared/resample.wgsl';
import upsampleGradSource from '../../shaders/upsample_grad.wgsl';
import upsampleSource from '../../shaders/upsample.wgsl';

/** How an image gets its new size. */
export interface Resampling {
  readonly mode: 'nearest' | 'bilinear';
  /** New height and width. */
  readonly size: readonly [number, number];
  /** Pixels of the input for one of the output, each way. */
  readonly ratio: readonly [number, number];
  /** Whether the corner pixels' centres lie on each other. */
  readonly alignCorners: boolean;
}

const constants = ({ mode, alignCorners }: Resampling) => ({ BILINEAR: mode === 'bilinear', ALIGN: alignCorners });

/**
 * Images in another size.
 * @param x [batch, h, w, channels]
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function upsample(x: Tensor, resampling: Resampling, out?: Tensor): Tensor {
  const [batch, height, width, channels] = imageShape(x.shape, 'input of upsample');
  const shape = [batch, ...resampling.size, channels];
  const y = out ?? Tensor.empty(x.gpu, shape, 'upsample', x.dtype);
  expectShape('out of upsample', shape, y.shape);
  const walk = walkImages('input of upsample', [x, y], FLOATS);
  x.gpu.dispatch({
    shader: specialise(
      'upsample',
      [walk.source, resampleSource, upsampleSource],
      { ...walk.constants, ...constants(resampling) },
      walk.types({ x, y }),
    ),
    bindings: [x.read(x.dtype), y.written(y.dtype)],
    params: new Params()
      .u32(batch, walk.channels, height, width, ...resampling.size, ...walk.place(x), ...walk.place(y))
      .f32(...resampling.ratio),
    workgroups: walk.workgroups(shape),
  });
  return y;
}

/**
 * The adjoint of upsample(): every pixel gathers what was taken of it.
 * @param shape [batch, h, w, channels] of the result, which was resampled
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function upsampleGrad(gradOutput: Tensor, shape: Shape, resampling: Resampling, out?: Tensor): Tensor {
  const [batch, height, width, channels] = imageShape(shape, 'input of upsample');
  expectShape('gradient of upsample', [batch, ...resampling.size, channels], gradOutput.shape);
  const dx = out ?? Tensor.empty(gradOutput.gpu, shape, 'upsample gradient', gradOutput.dtype);
  expectShape('out of upsampleGrad', shape, dx.shape);
  const walk = walkImages('gradient of upsample', [dx, gradOutput], FLOATS);
  gradOutput.gpu.dispatch({
    shader: specialise(
      'upsample_grad',
      [walk.source, resampleSource, upsampleGradSource],
      { ...walk.constants, ...constants(resampling) },
      walk.types({ dy: gradOutput, dx }),
    ),
    bindings: [gradOutput.read(gradOutput.dtype), dx.written(dx.dtype)],
    params: new Params()
      .u32(batch, walk.channels, height, width, ...resampling.size, ...walk.place(dx), ...walk.place(gradOutput))
      .f32(...resampling.ratio),
    workgroups: walk.workgroups(shape),
  });
  return dx;
}
