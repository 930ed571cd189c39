import { encodeModule, type ModuleFileOptions } from '../../exchange/network/module-file.js';
import { ShadegradError } from '../../errors.js';
import type { Module } from '../../nn/module.js';
import type { LoadedState, LoadStateDictOptions } from '../../nn/state-dict.js';
import { writeFileAtomic } from '../files/atomic.js';
import { formatByName } from '../../exchange/open-weights.js';
import { openWeights } from './read.js';

/**
 * Saves the parameters and buffers of a module on a device, whole or not at all: as a PyTorch state dict under a name that ends
 * with .pth or .pt, as safetensors under .safetensors. One tensor at a time is in memory.
 *
 * @throws INVALID_ARGUMENT for another ending, and as encodeModule(); WRITE_FAILED
 */
export async function saveModule(path: string, module: Module, options: Omit<ModuleFileOptions, 'format'> = {}): Promise<void> {
  expectPath(path, "saveModule('network.safetensors', network)");
  const format = formatByName(path);
  if (format !== 'safetensors' && format !== 'pytorch') {
    throw new ShadegradError('INVALID_ARGUMENT', 'name of a file to save a module in', {
      expected: 'a name that ends with .safetensors, .pth or .pt',
      received: path,
      fix: 'give it the ending of the format that you want',
    });
  }
  await writeFileAtomic(path, encodeModule(module, { ...options, format }));
}

/**
 * Fills a module on a device with the tensors of a file, safetensors (also in several files, by their index) or a PyTorch
 * checkpoint, after all were checked: an error leaves the module as it was.
 *
 *     const network = new Sequential([new Linear({ inFeatures: 4, outFeatures: 2 })]).to(gpu);
 *     await loadModule('theirs.pth', network);
 *
 * @returns what was left out, with `strict: false`
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, and as Module.loadStateDict()
 */
export async function loadModule(path: string, module: Module, options: LoadStateDictOptions = {}): Promise<LoadedState> {
  expectPath(path, "loadModule('network.safetensors', network)");
  const { file, close } = await openWeights(path);
  try {
    return await module.loadStateDict(file, options);
  } finally {
    await close();
  }
}

function expectPath(path: unknown, call: string): void {
  if (typeof path === 'string') return;
  throw new ShadegradError('INVALID_ARGUMENT', 'file of a module', {
    expected: 'a path, then the module',
    received: typeof path,
    fix: call,
  });
}
