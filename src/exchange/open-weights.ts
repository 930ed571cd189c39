import { ShadegradError } from '../errors.js';
import type { ByteSource } from '../formats/byte-source.js';
import { openPict } from '../formats/pict.js';
import { openPyTorch } from '../formats/pytorch-file.js';
import { openSafetensors, openShardedSafetensors } from '../formats/safetensors-file.js';
import { formatByContent } from '../formats/sniff.js';
import { refuseStranger } from '../formats/stranger.js';
import { openTfjsLayers } from '../formats/tfjs-layers.js';
import type { WeightFile } from '../formats/weight-file.js';

/** Formats that a file's name ends with; `index` is that of safetensors in several files. */
export type NamedFormat = 'safetensors' | 'index' | 'pytorch' | 'pict' | 'tfjs' | 'onnx';

const ENDINGS: readonly [ending: string, format: NamedFormat][] = [
  ['.safetensors.index.json', 'index'],
  ['.safetensors', 'safetensors'],
  ['.pth', 'pytorch'],
  ['.pt', 'pytorch'],
  ['.ckpt', 'pytorch'],
  ['.pict', 'pict'],
  ['.json', 'tfjs'],
  ['.onnx', 'onnx'],
];

/** The format that the ending of a name says. */
export function formatByName(name: string): NamedFormat | undefined {
  const lower = name.toLowerCase();
  return ENDINGS.find(([ending]) => lower.endsWith(ending))?.[1];
}

/** The files beside one of weights, which some formats name. */
export interface FilesBeside {
  /** Opens a file of a safetensors index by its name. */
  shard(name: string): Promise<ByteSource>;
  /** Opens a file of a model.json's manifest by its path. */
  manifest(path: string): Promise<ByteSource>;
}

/**
 * Opens a file of weights of any readable format, by its first bytes where they are unmistakable, else by the ending of its name.
 *
 * @param name what its name ends with, and what errors call it
 * @param beside how the files are opened that some formats consist of
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED, and what reading throws
 */
export async function openWeightSource(source: ByteSource, name: string, beside: FilesBeside): Promise<WeightFile> {
  switch ((await formatByContent(source)) ?? formatByName(name)) {
    case 'safetensors':
      return openSafetensors(source);
    case 'index':
      return openShardedSafetensors(source, (shard) => beside.shard(shard));
    case 'pict':
      return openPict(source);
    case 'tfjs':
      return openTfjsLayers(source, (path) => beside.manifest(path));
    case 'pytorch':
      return openPyTorch(source);
    case 'onnx':
      throw unreadableFormat(name, 'an ONNX model, which is written here and not read');
    default: {
      await refuseStranger(source);
      const [ending] = /\.[^./\\]+$/.exec(name) ?? [];
      throw unreadableFormat(
        name,
        ending === undefined ? 'a name without ending, and other contents' : `the ending ${ending}, and other contents`,
      );
    }
  }
}

function unreadableFormat(name: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${name} is no file of weights that can be read here`, {
    expected: '.safetensors (or its .safetensors.index.json), a .pth or .pt of PyTorch, .pict, or a TensorFlow.js model.json',
    received,
    fix: 'name the weights of a network in one of these formats, or a folder of a training run',
  });
}
