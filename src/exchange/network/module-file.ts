import type { ByteSource } from '../../formats/byte-source.js';
import { describeIndex, findBadNumber, holdsSquares } from '../../formats/finite.js';
import { quoteName } from '../../formats/names.js';
import { OrderedDict } from '../../formats/pickle-read.js';
import { openPyTorch } from '../../formats/pytorch-file.js';
import { encodePyTorch } from '../../formats/pytorch-write.js';
import { encodeSafetensors, openSafetensors } from '../../formats/safetensors-file.js';
import { formatByContent } from '../../formats/sniff.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { architectureOf, kindOf } from '../../models/registry.js';
import type { Module } from '../../nn/module.js';
import { StateDict, type StateTensor, type WeightLayout } from '../../nn/state-dict.js';
import { expectOptions } from '../../checks.js';
import { LIBRARY_VERSION } from '../../version.js';
import { encodeNetwork, INFO_KEY } from '../network-file.js';

/** What a file of a module of any kind calls itself: its names and shapes are all that it tells. */
const MODULE_FORMAT = 'shadegrad-module';
const FORMAT_VERSION = 1;

/** Options of encodeModule(): the format of the file, and how its numbers lie and are stored. */
export interface ModuleFileOptions {
  /** The format of the file; 'pytorch' is the .pth of torch.save(module.state_dict()). Default 'safetensors'. */
  format?: 'safetensors' | 'pytorch';
  /** How the weights lie. Default: PyTorch's in a .pth, which has no other; this library's in safetensors. */
  layout?: WeightLayout;
  /** The type of the numbers. Default f32. */
  dtype?: 'f32' | 'f16' | 'bf16';
}

/**
 * Encodes a file with the parameters and buffers of a module, a tensor at a time. Of a network of a known kind, such as a UNet,
 * safetensors also say how to build it, as encodeWeights() has them.
 *
 * @throws INVALID_ARGUMENT while the module is on no device, for options of other names, or for a .pth in this library's layout;
 *   DIVERGED, in place of further pieces, for numbers that are not finite: keep the file that was saved before; STALE_TENSOR when the
 *   module is trained in between; DEVICE_LOST; WEIGHTS_UNSUPPORTED for numbers past the range of a short type
 */
export function encodeModule(module: Module, options: ModuleFileOptions = {}): AsyncGenerator<Uint8Array> {
  const {
    format = 'safetensors',
    layout = format === 'pytorch' ? 'pytorch' : 'shadegrad',
    dtype = 'f32',
  } = expectOptions('a module file', options, ['format', 'layout', 'dtype']);
  if (format === 'pytorch') {
    const state = (): StateDict => checkedState(module.stateDict({ layout: 'pytorch' }));
    if (layout === 'pytorch') return encodePyTorch(new OrderedDict<string, StateTensor>(state()), { dtype });
    throw new ShadegradError('INVALID_ARGUMENT', 'layout of a .pth', {
      expected: 'pytorch',
      received: layout,
      fix: 'leave it out, or write safetensors, which say what layout they have',
    });
  }
  if (kindOf(module)) {
    return encodeNetwork({ architecture: architectureOf(module), tensors: checkedState(module.stateDict()) }, { dtype, layout });
  }
  const description = { format: MODULE_FORMAT, formatVersion: FORMAT_VERSION, libraryVersion: LIBRARY_VERSION, layout };
  return encodeSafetensors(checkedState(module.stateDict({ layout })).values(), {
    // Transformers and others in Python look for "format" before they load a file.
    dtype,
    metadata: { ...(layout === 'pytorch' && { format: 'pt' }), [INFO_KEY]: JSON.stringify(description) },
  });
}

/** The same tensors, whose read() throws DIVERGED for what no network can compute with. */
export function checkedState(state: StateDict): StateDict {
  const result = new StateDict(
    state.layout,
    [...state].map(([name, tensor]) => [
      name,
      {
        ...tensor,
        async read() {
          const values = await tensor.read();
          const index = findBadNumber(values, holdsSquares(name));
          if (index < 0) return values;
          throw new ShadegradError('DIVERGED', `a module is saved whose ${quoteName(name)} holds what no network can compute with`, {
            expected: 'finite numbers, and variances of at least 0',
            received: `${values[index]} at index ${describeIndex(index, tensor.shape)}`,
            fix: 'keep the file that was saved before, and train on from that with a lower learning rate',
          });
        },
      },
    ]),
  );
  result.storages = state.storages;
  return result;
}

/**
 * Opens a file of weights for Module.loadStateDict(): safetensors or a PyTorch checkpoint, told by its first bytes. Tensors are read on
 * demand.
 *
 *     await network.loadStateDict(await openModuleFile(bytesSource(bytes)));
 *
 * @throws WEIGHTS_CORRUPT for a damaged file; WEIGHTS_UNSUPPORTED for what is neither, or holds what is no tensor; what reading the
 *   source throws
 */
export async function openModuleFile(source: ByteSource): Promise<WeightFile> {
  return (await formatByContent(source)) === 'pytorch' ? openPyTorch(source) : openSafetensors(source);
}
