import { basename, dirname, extname, join } from 'node:path';
import { openPict } from '../formats/pict.js';
import { openPyTorch } from '../formats/pytorch-file.js';
import { openSafetensors, openShardedSafetensors } from '../formats/safetensors-file.js';
import { openTfjsLayers } from '../formats/tfjs-layers.js';
import type { WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../gpu/errors.js';
import { openFileSource, type FileRole, type FileSource } from './file-source.js';
import { tfjsShardOpener } from './tfjs-files.js';

const ROLE: FileRole = { what: 'file of weights', advice: 'it may be a .safetensors, .pth, .pict or a TensorFlow.js model.json', damaged: 'WEIGHTS_CORRUPT' };

export interface OpenWeights {
  readonly file: WeightFile;
  close(): Promise<void>;
}

/** Formats that a file's name ends with; `index` is that of safetensors in several files. */
export type NamedFormat = 'safetensors' | 'index' | 'pytorch' | 'pict' | 'tfjs' | 'onnx';

const ENDINGS: readonly [ending: string, format: NamedFormat][] = [
  ['.safetensors.index.json', 'index'], ['.safetensors', 'safetensors'], ['.pth', 'pytorch'], ['.pt', 'pytorch'], ['.pict', 'pict'], ['.json', 'tfjs'], ['.onnx', 'onnx'],
];
const ZIP = [0x50, 0x4b, 3, 4];
const PICKLE = 0x80;
/** A header's length of eight bytes and its opening brace. */
const SAFETENSORS_START = 9;

export function formatByName(path: string): NamedFormat | undefined {
  const name = basename(path).toLowerCase();
  return ENDINGS.find(([ending]) => name.endsWith(ending))?.[1];
}

/**
 * Opens a file of weights of any readable format, by the ending of its name; by its first bytes where that says nothing.
 * Tensors are read on demand, until it is closed.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED
 */
export async function openWeights(path: string): Promise<OpenWeights> {
  const sources: FileSource[] = [];
  const open = async (name: string): Promise<FileSource> => {
    const source = await openFileSource(name, ROLE);
    sources.push(source);
    return source;
  };
  const close = async (): Promise<void> => void (await Promise.all(sources.splice(0).map((source) => source.close())));
  try {
    return { file: await read(await open(path), path, open), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function read(source: FileSource, path: string, open: (path: string) => Promise<FileSource>): Promise<WeightFile> {
  switch (formatByName(path) ?? (await formatByContent(source))) {
    case 'safetensors': return openSafetensors(source);
    case 'index': return openShardedSafetensors(source, (name) => open(join(dirname(path), name)));
    case 'pict': return openPict(source);
    case 'tfjs': return openTfjsLayers(source, tfjsShardOpener(path, open));
    case 'pytorch': return openPyTorch(source);
    case 'onnx': throw unreadableFormat(path, 'an ONNX model, which is written here and not read');
    default: throw unreadableFormat(path, extname(path) === '' ? 'a name without ending, and other contents' : `the ending ${extname(path)}, and other contents`);
  }
}

function unreadableFormat(path: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} is no file of weights that can be read here`, {
    expected: '.safetensors (or its .safetensors.index.json), a .pth or .pt of PyTorch, .pict, or a TensorFlow.js model.json', received, fix: 'name such a file',
  });
}

async function formatByContent(source: FileSource): Promise<NamedFormat | undefined> {
  const start = new Uint8Array(Math.min(SAFETENSORS_START, source.size));
  await source.read(0, start);
  if (start[0] === PICKLE || ZIP.every((byte, index) => start[index] === byte)) return 'pytorch';
  return start[SAFETENSORS_START - 1] === '{'.charCodeAt(0) ? 'safetensors' : undefined;
}
