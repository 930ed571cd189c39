import { ShadegradError } from '../errors.js';
import { quoteName } from '../formats/names.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import type { Norm } from './defaults.js';

/** Names and shapes of a state dict, PyTorch's, below the network's own prefix. */
export type StateShapes = Pick<ReadonlyMap<string, Shape>, 'has' | 'get'>;

/** The error for tensors that no network that can be run here has. @param what begins with the file's name */
export function unsupportedWeights(what: string, received: string, expected: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
    expected,
    received,
    fix: 'name the weights of such a network; others cannot be run here',
  });
}

/** Whether a shape is that of square kernels of this side, in PyTorch's order. */
export const isKernel = (shape: Shape | undefined, side: number): boolean =>
  shape?.length === 4 && shape[2] === side && shape[3] === side && shape[0]! >= 1 && shape[1]! >= 1;

/**
 * The two numbers of channels of square kernels, in the order of their shape.
 *
 * @param label names the file in errors
 * @throws WEIGHTS_UNSUPPORTED where there are no such kernels
 */
export function kernelChannels(tensors: StateShapes, name: string, side: number, label: string): [number, number] {
  const shape = tensors.get(name);
  if (shape && isKernel(shape, side)) return [shape[0]!, shape[1]!];
  throw unsupportedWeights(
    `${label}: tensor ${quoteName(name)}`,
    shape ? formatShape(shape) : 'it is not there',
    `the weight of a convolution with ${side} x ${side} kernels`,
  );
}

/**
 * The norm after a convolution. Batch norm has weights and no bias before it; the reference's instance norm has no weights (running
 * statistics only in files of 2018 and before, where nothing ever used them) and a bias before it.
 *
 * @param conv name of the convolution; its bias tells
 * @param norm name of the place of the norm
 * @throws WEIGHTS_UNSUPPORTED for a norm of another kind
 */
export function inferNorm(tensors: StateShapes, conv: string, norm: string, label: string): Norm {
  const biased = tensors.has(`${conv}.bias`);
  const affine = tensors.has(`${norm}.weight`);
  const tracked = tensors.has(`${norm}.running_mean`);
  if (affine && !biased) return 'batch';
  if (!affine && biased) return 'instance';
  if (!affine && !tracked) return 'none';
  throw unsupportedWeights(
    `${label}: the norm ${quoteName(norm)}`,
    `${affine ? 'a norm with weights' : 'a norm without weights'} after a convolution ${biased ? 'with' : 'without'} a bias`,
    'batch norm, instance norm without weights, or none, as in pytorch-CycleGAN-and-pix2pix',
  );
}
