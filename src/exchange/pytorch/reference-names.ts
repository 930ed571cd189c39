import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { NetworkArchitecture } from '../network/network-weights.js';

export { quoteName };

/** Names and shapes of a state dict, PyTorch's, below the network's own prefix. */
export type StateShapes = ReadonlyMap<string, Shape>;

export interface NetworkRoot {
  readonly kind: NetworkArchitecture['kind'];
  /** What stands before "model." in the network's names, such as "module." or "generator.". */
  readonly prefix: string;
}

/** Deeper than any image is large; a U-Net of 16 levels is one for images of 65,536 pixels. */
const MAX_LEVELS = 16;
const MIN_LEVELS = 4;
const KERNEL = 4;

/** Every U-Net and PatchGAN of the reference implementation among a file's names. */
export function findNetworks(names: Iterable<string>): NetworkRoot[] {
  const all = new Set(names);
  const roots: NetworkRoot[] = [];
  for (const name of all) {
    const unet = before(name, 'model.model.0.weight');
    if (unet !== null && all.has(`${unet}model.model.1.model.1.weight`)) {
      roots.push({ kind: 'unet', prefix: unet });
      continue;
    }
    const patchgan = before(name, 'model.0.weight');
    if (patchgan !== null && all.has(`${patchgan}model.2.weight`)) roots.push({ kind: 'patchgan', prefix: patchgan });
  }
  return roots;
}

/** What stands before an ending that makes up the name or follows a dot; null where the name does not end so. */
function before(name: string, ending: string): string | null {
  if (!name.endsWith(ending)) return null;
  const prefix = name.slice(0, -ending.length);
  return prefix === '' || prefix.endsWith('.') ? prefix : null;
}

export function unsupported(
  what: string,
  received: string,
  expected = 'a U-Net or PatchGAN as in pytorch-CycleGAN-and-pix2pix',
): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
    expected,
    received,
    fix: 'name the weights of such a network; others cannot be run here',
  });
}

/**
 * The options of a network, from the names and shapes of its tensors alone. Dropout does not show: where there is any, it is
 * where the reference has it.
 *
 * @param tensors names below the prefix of the network's root
 * @param label names the file in errors
 * @throws WEIGHTS_UNSUPPORTED for what is no such network
 */
export function inferArchitecture(kind: NetworkRoot['kind'], tensors: StateShapes, label: string): NetworkArchitecture {
  return kind === 'unet' ? inferUNet(tensors, label) : inferPatchGAN(tensors, label);
}

function inferUNet(tensors: StateShapes, label: string): NetworkArchitecture {
  const [ngf, inChannels] = kernelShape(tensors, 'model.model.0.weight', label);
  const [, outChannels] = kernelShape(tensors, 'model.model.3.weight', label);
  let levels = 1;
  for (let path = 'model.model.1.model.'; ; path += '3.model.') {
    levels++;
    kernelShape(tensors, `${path}1.weight`, label);
    if (levels > MAX_LEVELS)
      throw unsupported(`${label}: this U-Net is too deep`, `more than ${MAX_LEVELS} levels`, `at most ${MAX_LEVELS} levels`);
    // The innermost block has its transposed convolution where others have the block inside them.
    if (tensors.has(`${path}3.weight`)) break;
  }
  if (levels < MIN_LEVELS) throw unsupported(`${label}: this U-Net is too flat`, `${levels} levels`, `at least ${MIN_LEVELS} levels`);
  const norm = inferNorm(tensors, 'model.model.1.model.1', 'model.model.1.model.2', label);
  return { kind: 'unet', options: { size: 2 ** levels, inChannels, outChannels, ngf, norm, dropoutBlocks: 'middle' } };
}

function inferPatchGAN(tensors: StateShapes, label: string): NetworkArchitecture {
  const [ndf, inChannels] = kernelShape(tensors, 'model.0.weight', label);
  let position = 2;
  while (tensors.has(`model.${position + 3}.weight`)) position += 3;
  const layers = (position - 2) / 3;
  const [outputs] = kernelShape(tensors, `model.${position}.weight`, label);
  if (layers < 1 || outputs !== 1)
    throw unsupported(
      `${label}: this is no PatchGAN`,
      `${layers} layers before a last one of ${outputs} channels`,
      'some layers of conv, norm and leaky ReLU, then a convolution to 1 channel',
    );
  return { kind: 'patchgan', options: { inChannels, ndf, layers, norm: inferNorm(tensors, 'model.2', 'model.3', label) } };
}

/** The two numbers of channels of a 4 x 4 kernel, in the order of its shape. */
function kernelShape(tensors: StateShapes, name: string, label: string): [number, number] {
  const shape = tensors.get(name);
  if (shape?.length === 4 && shape[2] === KERNEL && shape[3] === KERNEL && shape[0]! >= 1 && shape[1]! >= 1) return [shape[0]!, shape[1]!];
  throw unsupported(
    `${label}: tensor ${quoteName(name)}`,
    shape ? formatShape(shape) : 'it is not there',
    `the weight of a convolution with ${KERNEL} x ${KERNEL} kernels`,
  );
}

/**
 * Batch norm has weights and no bias before it; the reference's instance norm has no weights (running statistics only
 * in files of 2018 and before, where nothing ever used them) and a bias before it.
 */
function inferNorm(tensors: StateShapes, conv: string, norm: string, label: string): 'batch' | 'instance' | 'none' {
  const biased = tensors.has(`${conv}.bias`);
  const affine = tensors.has(`${norm}.weight`);
  const tracked = tensors.has(`${norm}.running_mean`);
  if (affine && !biased) return 'batch';
  if (!affine && biased) return 'instance';
  if (!affine && !tracked) return 'none';
  throw unsupported(
    `${label}: the norm ${quoteName(norm)}`,
    `${affine ? 'a norm with weights' : 'a norm without weights'} after a convolution ${biased ? 'with' : 'without'} a bias`,
    'batch norm, instance norm without weights, or none, as in pytorch-CycleGAN-and-pix2pix',
  );
}
