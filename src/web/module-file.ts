import { encodeModule, openModuleFile, type ModuleFileOptions } from '../exchange/network/module-file.js';
import type { Module } from '../nn/module.js';
import type { LoadedState, LoadStateDictOptions } from '../nn/state-dict.js';
import { blobSource } from './blob-source.js';

/**
 * Makes a file of the parameters and buffers of a module on a device, to download or to store.
 *
 * @throws as encodeModule(): INVALID_ARGUMENT, DIVERGED, STALE_TENSOR, DEVICE_LOST, WEIGHTS_UNSUPPORTED
 */
export async function moduleBlob(module: Module, options: ModuleFileOptions = {}): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of encodeModule(module, options)) parts.push(part.slice());
  return new Blob(parts);
}

/**
 * Fills a module on a device with the tensors of a file that the user chose, or a downloaded one: safetensors or a PyTorch
 * checkpoint, told by its first bytes. An error leaves the module as it was.
 *
 * @returns what was left out, with `strict: false`
 * @throws DATA_UNREADABLE, and as Module.loadStateDict()
 */
export async function loadModule(blob: Blob, module: Module, options: LoadStateDictOptions = {}): Promise<LoadedState> {
  return module.loadStateDict(await openModuleFile(blobSource(blob)), options);
}
