import { basename, dirname, extname, join } from 'node:path';
import type { NetworkRole } from '../../models/kind.js';
import { openPict } from '../../formats/pict.js';
import { openPyTorch } from '../../formats/pytorch-file.js';
import { openSafetensors, openShardedSafetensors } from '../../formats/safetensors-file.js';
import { formatByContent } from '../../formats/sniff.js';
import { refuseStranger } from '../../formats/stranger.js';
import { openTfjsLayers } from '../../formats/tfjs-layers.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { SCHEMES } from '../../schemes/registry.js';
import { openFileSource, type FileRole, type FileSource } from '../files/source.js';
import { tfjsShardOpener } from './tfjs-files.js';
import { isFileOf, weightsPath } from './folder.js';

const ROLE: FileRole = {
  what: 'file of weights',
  advice: 'it may be a .safetensors, .pth, .pict or a TensorFlow.js model.json',
  damaged: 'WEIGHTS_CORRUPT',
};

/** A file of weights that is open, made by openWeights(). */
export interface OpenWeights {
  /** What the file holds. */
  readonly file: WeightFile;
  /** The path of the file that was opened: the path given, or the one chosen in the folder given. */
  readonly path: string;
  /** Whether the name of the file says that it is that of the network that was asked for alone, as latest_net_G_A.pth does of G_A. */
  readonly ofNetwork: boolean;
  /** Closes the file; its tensors can no longer be read. */
  close(): Promise<void>;
}

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

export function formatByName(path: string): NamedFormat | undefined {
  const name = basename(path).toLowerCase();
  return ENDINGS.find(([ending]) => name.endsWith(ending))?.[1];
}

/** Options of openWeights(): which network is meant. */
export interface OpenWeightsOptions {
  /** The network whose file is meant in a folder where each has its own. Default 'generator'. */
  network?: NetworkRole;
  /** What PyTorch's program calls that network in the names of its files, such as 'G_A' in latest_net_G_A.pth. */
  called?: string;
}

/** What is to be opened for a network by its name in a scheme, such as `generatorA`, or in PyTorch's program; nothing for other names. */
export function optionsFor(name: string | undefined): OpenWeightsOptions {
  for (const { pytorch } of SCHEMES) {
    const [network, called] = Object.entries(pytorch?.names ?? {}).find((entry) => name !== undefined && entry.includes(name)) ?? [];
    if (network !== undefined) return { network: pytorch!.roles[network]!, called: called! };
  }
  return {};
}

/**
 * Opens a file of weights of any readable format: by its first bytes where they are unmistakable, else by the ending of
 * its name. A folder stands for the checkpoint or model in it. Tensors are read on demand, until the file is closed.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED; WEIGHTS_MISMATCH for a folder of several
 */
export async function openWeights(named: string, { network = 'generator', called }: OpenWeightsOptions = {}): Promise<OpenWeights> {
  const path = await weightsPath(named, network, called);
  const sources: FileSource[] = [];
  const open = async (name: string): Promise<FileSource> => {
    const source = await openFileSource(name, ROLE);
    sources.push(source);
    return source;
  };
  const close = async (): Promise<void> => void (await Promise.all(sources.splice(0).map((source) => source.close())));
  try {
    const ofNetwork = called !== undefined && isFileOf(called, basename(path));
    return { file: await read(await open(path), path, open), path, ofNetwork, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function read(source: FileSource, path: string, open: (path: string) => Promise<FileSource>): Promise<WeightFile> {
  switch ((await formatByContent(source)) ?? formatByName(path)) {
    case 'safetensors':
      return openSafetensors(source);
    case 'index':
      return openShardedSafetensors(source, (name) => open(join(dirname(path), name)));
    case 'pict':
      return openPict(source);
    case 'tfjs':
      return openTfjsLayers(source, tfjsShardOpener(path, open));
    case 'pytorch':
      return openPyTorch(source);
    case 'onnx':
      throw unreadableFormat(path, 'an ONNX model, which is written here and not read');
    default:
      await refuseStranger(source);
      throw unreadableFormat(
        path,
        extname(path) === '' ? 'a name without ending, and other contents' : `the ending ${extname(path)}, and other contents`,
      );
  }
}

function unreadableFormat(path: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} is no file of weights that can be read here`, {
    expected: '.safetensors (or its .safetensors.index.json), a .pth or .pt of PyTorch, .pict, or a TensorFlow.js model.json',
    received,
    fix: 'name the weights of a network in one of these formats, or a folder of a training run',
  });
}
