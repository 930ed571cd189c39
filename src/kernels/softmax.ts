import { Params } from '../gpu/params.js';
import { elementCount, expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { resultTensor, walkElements, walkSource } from './elements.js';
import { grid, specialise, type Constants } from './kernel.js';
import linesSource from '../../shaders/shared/lines.wgsl';
import notFiniteSource from '../../shaders/shared/not_finite.wgsl';
import softmaxGradSource from '../../shaders/softmax_grad.wgsl';
import softmaxSource from '../../shaders/softmax.wgsl';

/** With fewer lines than this a GPU is idle if an invocation takes each alone; a CPU adapter's barriers cost more than they gain. */
const MANY_LINES = 4096;

/** Invocations that share a line. */
export type LineWidth = 1 | 64;

interface Lines {
  readonly constants: Constants;
  readonly params: readonly number[];
  readonly workgroups: [number, number, number];
  place(tensor: Tensor): [base: number, stride: number];
}

function linesAlong(axis: number, tensors: readonly Tensor[], chosen?: LineWidth): Lines {
  const [{ gpu, shape, channels }] = tensors as [Tensor];
  const { constants } = walkElements(tensors);
  const [length, inner] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
  const lines = elementCount(shape) / length;
  const width = chosen ?? (!gpu.adapter.software && lines < MANY_LINES && length > 32 ? 64 : 1);
  return {
    constants: { ...constants, WIDTH: width },
    params: [lines, length, inner, channels],
    workgroups: grid(lines * width, 64),
    place: (tensor) => [tensor.base, tensor.rowStride],
  };
}

/**
 * Softmax along an axis, or its logarithm.
 * @param axis from 0 on
 * @param log take the logarithm, without computing the softmax first
 * @param width when absent, by the adapter and the number of lines
 */
export function softmax(x: Tensor, axis: number, log: boolean, out?: Tensor, width?: LineWidth): Tensor {
  const y = resultTensor(log ? 'logSoftmax' : 'softmax', x, out);
  const lines = linesAlong(axis, [x, y], width);
  x.gpu.dispatch({
    shader: specialise('softmax', [walkSource, linesSource, notFiniteSource, softmaxSource], { LOG: log, ...lines.constants }),
    bindings: [x.read(), y.written()],
    params: new Params().u32(...lines.params, ...lines.place(x), ...lines.place(y)).nan(),
    workgroups: lines.workgroups,
  });
  return y;
}

/**
 * Gradient of softmax() with respect to its input.
 * @param y its result
 * @param gradOutput of y's shape
 * @throws SHAPE_MISMATCH
 */
export function softmaxGrad(y: Tensor, gradOutput: Tensor, axis: number, log: boolean, out?: Tensor, width?: LineWidth): Tensor {
  expectShape('gradient of softmax', y.shape, gradOutput.shape);
  const dx = resultTensor('softmax gradient', y, out);
  const lines = linesAlong(axis, [y, gradOutput, dx], width);
  y.gpu.dispatch({
    shader: specialise('softmax_grad', [walkSource, linesSource, notFiniteSource, softmaxGradSource], { LOG: log, ...lines.constants }),
    bindings: [y.read(), gradOutput.read(), dx.written()],
    params: new Params().u32(...lines.params, ...lines.place(y), ...lines.place(gradOutput), ...lines.place(dx)).nan(),
    workgroups: lines.workgroups,
  });
  return dx;
}
