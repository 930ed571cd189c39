import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { NetworkRole } from '../../models/kind.js';
import { openWeightSource } from '../../exchange/open-weights.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { SCHEMES } from '../../schemes/registry.js';
import { openFileSource, type FileRole, type FileSource } from '../files/source.js';
import { tfjsShardOpener } from './tfjs-files.js';
import { chooseFile, isFileOf, nameBeside, weightsPath } from './folder.js';
import { openRemote } from './remote/registry.js';

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
  /**
   * The path of another network's file of the same moment, such as latest_net_D_A.pth beside latest_net_G_A.pth; undefined where there is
   * none.
   *
   * @param called what PyTorch's program calls the network of this file
   * @param other what it calls the other
   */
  beside(called: string, other: string): Promise<string | undefined>;
  /** The path of a file of a name in the same folder, fetched if it has to be; undefined where there is none. */
  fileBeside(name: string): Promise<string | undefined>;
  /** Closes the file; its tensors can no longer be read. */
  close(): Promise<void>;
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
 * its name. A folder stands for the checkpoint or model in it. What begins with `hf:` or `https://` is fetched into the user's cache
 * first. Tensors are read on demand, until the file is closed.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE, WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED; WEIGHTS_MISMATCH for a folder of several;
 *   DOWNLOAD_FAILED, WRITE_FAILED for what is fetched
 */
export async function openWeights(named: string, { network = 'generator', called }: OpenWeightsOptions = {}): Promise<OpenWeights> {
  const place = await placeOf(named, network, called);
  const { path } = place;
  const sources: FileSource[] = [];
  const open = async (name: string): Promise<FileSource> => {
    const source = await openFileSource(await place.ready(name), ROLE);
    sources.push(source);
    return source;
  };
  const close = async (): Promise<void> => void (await Promise.all(sources.splice(0).map((source) => source.close())));
  try {
    const ofNetwork = called !== undefined && isFileOf(called, basename(path));
    const beside = async (own: string, other: string): Promise<string | undefined> => {
      const name = nameBeside(basename(path), own, other);
      return name === undefined ? undefined : place.beside(name);
    };
    const shards = { shard: (name: string) => open(join(dirname(path), name)), manifest: tfjsShardOpener(path, open) };
    return { file: await openWeightSource(await open(path), path, shards), path, ofNetwork, beside, fileBeside: place.beside, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The path of a file on this machine: what is at an address is fetched into the user's cache. @throws as openWeights() */
export async function localFile(named: string): Promise<string> {
  const remote = await openRemote(named);
  if (remote === undefined) return named;
  const { files, pin } = remote;
  return files.fetch(files.file ?? basename(named), pin);
}

/** Where a file of weights is. */
interface Place {
  readonly path: string;
  /** The path of a file beside it, or of itself, fetched if it has to be. */
  ready(path: string): Promise<string>;
  /** The path of a file beside it by its name; undefined where there is none. */
  beside(name: string): Promise<string | undefined>;
}

async function placeOf(named: string, network: NetworkRole, called: string | undefined): Promise<Place> {
  const remote = await openRemote(named);
  if (remote === undefined) {
    const path = await weightsPath(named, network, called);
    const beside = async (name: string): Promise<string | undefined> => {
      const other = join(dirname(path), name);
      return (await isFile(other)) ? other : undefined;
    };
    return { path, ready: async (name) => name, beside };
  }
  const { files, pin } = remote;
  const { title, folder, names } = files;
  const file = files.file ?? chooseFile({ title, names: names ?? [], within: (name) => `${title}/${name}` }, network, called);
  const path = await files.fetch(file, pin);
  return {
    path,
    ready: (name) => (name === path ? Promise.resolve(path) : files.fetch(relative(folder, name))),
    beside: async (name) => (names?.includes(name) ? files.fetch(name) : undefined),
  };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (kind) => kind.isFile(),
    () => false,
  );
