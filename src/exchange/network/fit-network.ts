import type { StoredTensor, TensorToWrite } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Network, NetworkArchitecture } from '../../models/kind.js';
import { buildNetwork, networkKind } from '../../models/registry.js';
import type { ModuleTensor } from '../../nn/parameter.js';
import type { WeightLayout } from '../../nn/state-dict.js';
import { elementCount, formatShape, sameShape, type Shape } from '../../tensor/shape.js';
import { checkedTensor } from './checked-tensor.js';
import type { NetworkTensor, NetworkWeights } from './network-weights.js';
import { libraryShape, referenceShape, toLibraryLayout, toReferenceLayout } from './reference-layout.js';

/** What a state dict has beyond the parameters. */
const STATISTICS = /\.(running_mean|running_var|num_batches_tracked)$/;
/** Tensors named in one message: the first ones tell what kind of difference it is. */
const NAMED_TENSORS = 3;

/**
 * The tensors of a file as those of one network: each name and shape is checked, layouts are turned round when read.
 * Running statistics may be missing, and may be there where the network has none: old instance norms kept some that
 * nothing ever read.
 *
 * @param stored by the network's own names
 * @param label names the file in errors
 * @returns tensors whose read() also throws WEIGHTS_CORRUPT for numbers that are not finite
 * @throws WEIGHTS_MISMATCH with the first differences, WEIGHTS_CORRUPT for options that no network has
 */
export function fitNetwork(
  architecture: NetworkArchitecture,
  stored: ReadonlyMap<string, StoredTensor>,
  layout: WeightLayout,
  label: string,
): NetworkWeights {
  const shapeOf = ({ shape, pytorchAxes }: ModuleTensor): Shape => (layout === 'pytorch' ? referenceShape(shape, pytorchAxes) : shape);
  const tensors = new Map<string, NetworkTensor>();
  const left = new Map(stored);
  const differences: string[] = [];
  for (const [name, own] of possibleNetwork(architecture, label).namedTensors()) {
    const tensor = left.get(name);
    left.delete(name);
    if (!tensor && !own.trainable) tensors.set(name, constantTensor(own.shape, name.endsWith('.running_var') ? 1 : 0));
    else if (!tensor) differences.push(`${quoteName(name)} is missing`);
    else if (!sameShape(tensor.shape, shapeOf(own)))
      differences.push(`${quoteName(name)} is ${formatShape(tensor.shape)} where ${formatShape(shapeOf(own))} is needed`);
    else
      tensors.set(name, layout === 'pytorch' ? libraryTensor(checkedTensor(tensor, label), own.pytorchAxes) : checkedTensor(tensor, label));
  }
  for (const name of left.keys()) if (!STATISTICS.test(name)) differences.push(`${quoteName(name)} has no place`);
  if (differences.length > 0) {
    const rest = differences.length - NAMED_TENSORS;
    throw new ShadegradError('WEIGHTS_MISMATCH', `${label}: the tensors are not those of one ${networkKind(architecture.kind).title}`, {
      expected: `what ${JSON.stringify(architecture.options)} has`,
      received: differences.slice(0, NAMED_TENSORS).join('; ') + (rest > 0 ? `; and ${rest} more differences` : ''),
      fix: 'save the state dict of one network again, as the program of its authors has it, whole and without other tensors',
    });
  }
  return { architecture, tensors };
}

/**
 * The network of a file's architecture. Options that no network can have are the file's fault, not the caller's.
 * @throws WEIGHTS_CORRUPT
 */
export function possibleNetwork(architecture: NetworkArchitecture, label: string): Network {
  try {
    return buildNetwork(architecture);
  } catch (error) {
    if (!(error instanceof ShadegradError) || error.code !== 'INVALID_ARGUMENT') throw error;
    throw new ShadegradError('WEIGHTS_CORRUPT', `${label}: there is no such network: ${error.what}`, {
      expected: error.expected,
      received: error.received,
      fix: 'copy the file again, or convert it anew',
    });
  }
}

/** A tensor of PyTorch's layout in this library's. @param axes as referenceShape() takes them */
export function libraryTensor(tensor: NetworkTensor, axes?: readonly number[] | null): NetworkTensor {
  return { shape: libraryShape(tensor.shape, axes), read: async () => toLibraryLayout(await tensor.read(), tensor.shape, axes) };
}

/** A tensor of this library's layout in PyTorch's, under a name. @param axes as referenceShape() takes them */
export function referenceTensor(name: string, tensor: NetworkTensor, axes?: readonly number[] | null): TensorToWrite {
  return {
    name,
    shape: referenceShape(tensor.shape, axes),
    read: async () => toReferenceLayout(await tensor.read(), tensor.shape, axes),
  };
}

/** A tensor of one value all over. */
export function constantTensor(shape: Shape, value: number): NetworkTensor {
  return { shape, read: async () => new Float32Array(elementCount(shape)).fill(value) };
}
