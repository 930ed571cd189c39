import type { CodingOptions } from '../data/codings/options.js';
import type { LabelSet } from '../data/labels.js';
import type { PreprocessName } from '../data/preprocess/registry.js';
import type { WeightFile } from '../formats/weight-file.js';
import type { PyTorchFile } from '../formats/pytorch-file.js';
import { quoteName } from '../formats/names.js';
import { described } from '../checks.js';
import { ShadegradError } from '../errors.js';
import type { NetworkRole } from '../models/kind.js';
import { networkKind } from '../models/registry.js';
import type { Shape } from '../tensor/shape.js';
import { CHECKPOINT_FORMATS } from '../training/checkpoint-info.js';
import { averagedNetworks, checkpointInfo, checkpointNetworks, type CheckpointNetwork } from './network/checkpoint-file.js';
import { describeForeign, noNetwork } from './network/foreign-networks.js';
import { describedFormat, NETWORK_FORMAT, readNetworkFile, type ImageSize, type Statistics } from './network-file.js';
import type { NetworkWeights } from './network/network-weights.js';
import { pictNetwork } from './tensorflow/pict-network.js';
import { hasOptimizers, pytorchRun } from './pytorch/pytorch-run.js';
import { networkAt } from './pytorch/reference-network.js';
import { findNetworks } from './pytorch/reference-names.js';
import { tfjsNetwork } from './tensorflow/tfjs-network.js';
import { checkpointRun, noRun, type TrainingRun } from './network/training-run.js';

/** The origin of a network in a file: where its names and layout come from. */
export type WeightOrigin = 'shadegrad network' | 'shadegrad checkpoint' | 'PyTorch names' | 'pict' | 'TensorFlow.js layers';

/** A network that was found in a file, and how its makers run it. */
export interface FoundNetwork {
  /** Whether it is a generator or a discriminator. */
  readonly role: NetworkRole;
  /** What to build, and what to fill it with. */
  readonly weights: NetworkWeights;
  /** Where its names and layout come from. */
  readonly origin: WeightOrigin;
  /** What its norms use at test time: pix2pix the image's own statistics, the TensorFlow tutorial those of the training. */
  readonly statistics: Statistics;
  /** The size of the images that it is made for, where the file says that it is larger than the network's own `size`. */
  readonly imageSize?: ImageSize;
  /** Whether it was trained on images, or parts of them, at their own size, as a checkpoint says. */
  readonly unscaled?: true;
  /** Whether it was trained on images that were brought from their colour profiles to sRGB, as a checkpoint says. */
  readonly inSrgb?: true;
  /** Which half of a pair it was trained to translate into the other, where the file says so. */
  readonly direction?: 'AtoB' | 'BtoA';
  /** What the random draws of its dropout and its noise follow from where its run measures it, as a file of that run says. */
  readonly drawSeed?: number;
  /** How the images that it was trained on came to their size, where the file says that it was another way than to resize all of each. */
  readonly preprocess?: PreprocessName;
  /** The width that images were brought to in that way before the cut. */
  readonly loadSize?: number;
  /** How its images are coded, where the file says that they are more than eight-bit colours. */
  readonly coding?: CodingOptions;
  /** Names of the labels that it takes, where it takes some and the file has them. */
  readonly labels?: readonly string[];
  /** Which of these labels exclude one another, where the file says so. */
  readonly labelSets?: readonly LabelSet[];
  /** Those of them of which an image has one at most, beside classes, where the file says so. */
  readonly labelGroups?: readonly (readonly string[])[];
  /** What stands before its names in the file; of an averaged network, what it is called there. */
  readonly prefix: string;
  /** Of a network with running averages of weights the name of the one that has these weights. */
  readonly averageOf?: string;
}

/** What is in a file that has the names of a network, but is none that can be run here. */
export interface RefusedNetwork {
  readonly role: NetworkRole;
  readonly error: ShadegradError;
}

/**
 * Finds every network in a file of any readable format. Structure is checked here; numbers are read on demand, and those that are not
 * finite are refused then (WEIGHTS_CORRUPT).
 *
 * @returns generators first; never empty
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED with what else the file holds, WEIGHTS_MISMATCH
 */
export function networksIn(file: WeightFile): FoundNetwork[] {
  return surveyNetworks(file).found;
}

/**
 * Like networksIn(), with those beside them that cannot be run.
 *
 * @throws as networksIn(), when none can be run
 */
export function surveyNetworks(file: WeightFile): { found: FoundNetwork[]; refused: RefusedNetwork[] } {
  expectWeightFile(file);
  const refused: RefusedNetwork[] = [];
  const found = find(file, refused);
  if (found.length === 0) throw refused.length > 0 && describeForeign(shapesOf(file)) === null ? refused[0]!.error : noNetwork(file);
  return { found: found.sort((a, b) => Number(a.role === 'discriminator') - Number(b.role === 'discriminator')), refused };
}

const shapesOf = ({ tensors }: WeightFile): Map<string, Shape> => new Map([...tensors].map(([name, { shape }]) => [name, shape]));

function find(file: WeightFile, refused: RefusedNetwork[]): FoundNetwork[] {
  if (file.format === 'pict') return [{ role: 'generator', weights: pictNetwork(file), origin: 'pict', statistics: 'batch', prefix: '' }];
  if (file.format === 'tfjs-layers') {
    const { statistics, imageSize, ...weights } = tfjsNetwork(file);
    return [{ role: 'generator', weights, origin: 'TensorFlow.js layers', statistics, ...(imageSize && { imageSize }), prefix: '' }];
  }
  if (describedFormat(file) === NETWORK_FORMAT) {
    const network = readNetworkFile(file);
    return [{ ...network, origin: 'shadegrad network', prefix: '', role: networkKind(network.weights.architecture.kind).role }];
  }
  if (isCheckpoint(file)) {
    const averaged = averagedNetworks(file).map(({ averageOf, ...network }) => ({ ...inCheckpoint(network), averageOf }));
    return [...checkpointNetworks(file).map(inCheckpoint), ...averaged];
  }
  return findNetworks(file.tensors).flatMap((root): FoundNetwork[] => {
    const { role } = networkKind(root.kind);
    try {
      return [{ role, weights: networkAt(file, root), origin: 'PyTorch names', statistics: 'batch', prefix: root.prefix }];
    } catch (error) {
      // Of a file with several, one of another kind is no reason to refuse the others.
      if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
      refused.push({ role, error });
      return [];
    }
  });
}

const inCheckpoint = ({ name, ...network }: CheckpointNetwork): FoundNetwork => ({
  ...network,
  origin: 'shadegrad checkpoint',
  statistics: 'batch',
  prefix: `${name}.`,
});

/** Whether a file says that it is a training checkpoint of this library. */
const isCheckpoint = (file: WeightFile): boolean => CHECKPOINT_FORMATS.includes(describedFormat(file));

/**
 * Finds the generator or the discriminator of a file.
 *
 * @param role left out, the network of the name, else the only network there is, or the generator
 * @param name of a network in a file with several of a role, such as `generatorB` in a checkpoint of CycleGAN, or `generator` for weights
 *   beside which the file has their running average, which is what is found without a name
 * @throws WEIGHTS_MISMATCH when there is none of the kind, or several; INVALID_ARGUMENT for another role; and what networksIn() throws:
 *   WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED
 */
export function findNetwork(file: WeightFile, role?: NetworkRole, name?: string): FoundNetwork {
  if (role !== undefined && role !== 'generator' && role !== 'discriminator') {
    throw new ShadegradError('INVALID_ARGUMENT', 'role of a network to find', {
      expected: "'generator' or 'discriminator'",
      received: String(role),
      fix: 'use one of these, or leave it out for the only network of a file',
    });
  }
  const { found: all, refused } = surveyNetworks(file);
  // A name alone may be that of a network of either role.
  const wanted = role ?? (name === undefined ? all[0]!.role : undefined);
  const ofRole = wanted === undefined ? all : all.filter((network) => network.role === wanted);
  // Where nobody names one, the average is meant: it is what the run was measured with.
  const averaged = new Set(ofRole.map(({ averageOf }) => averageOf));
  const fitting =
    name === undefined
      ? ofRole.filter(({ prefix }) => !averaged.has(nameUnder(prefix)))
      : ofRole.filter(({ prefix }) => nameUnder(prefix) === name);
  if (fitting.length === 1) return fitting[0]!;
  const unusable = refused.find((network) => wanted === undefined || network.role === wanted);
  if (fitting.length === 0 && unusable) throw unusable.error;
  const sought = `${wanted ?? 'network'}${name === undefined ? '' : ` called ${quoteName(name)}`}`;
  const letter = wanted === 'discriminator' ? 'D' : 'G';
  throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name} ${fitting.length === 0 ? `holds no ${sought}` : `holds several ${wanted}s`}`, {
    expected: `one ${sought}`,
    received: all.map(({ role: each, prefix }) => `a ${each}${prefix === '' ? '' : ` under ${quoteName(prefix)}`}`).join(', '),
    fix: isCheckpoint(file)
      ? `say which: ${ofRole.map(({ prefix }) => nameUnder(prefix)).join(', ')} (--network NAME)`
      : fitting.length === 0
        ? `name the file of the ${wanted ?? 'network'} (in the PyTorch reference's folders latest_net_${letter}.pth)`
        : "in Python, save the one that is meant alone: torch.save(model.state_dict(), 'weights.pth')",
  });
}

/** @throws INVALID_ARGUMENT for what is no opened file of weights, such as its path */
function expectWeightFile(file: WeightFile): void {
  if (file?.tensors instanceof Map && file.metadata instanceof Map) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'a file of weights to look into', {
    expected: 'what openWeights() gives as `file`',
    received: described(file),
    fix: 'open it first: const { file, close } = await openWeights(path)',
  });
}

/** The name of a network by what stands before its tensors' names. */
const nameUnder = (prefix: string): string => prefix.replace(/\.$/, '');

/** Tells whether findRun() may find a run: the file is a training checkpoint, or holds the state of an optimiser. */
export function hasRun(file: WeightFile): boolean {
  expectWeightFile(file);
  return file.format === 'pytorch' ? hasOptimizers(file as PyTorchFile) : isCheckpoint(file);
}

/**
 * Finds the training run of a checkpoint of this library or of a .pth.
 *
 * @throws WEIGHTS_MISMATCH when there is none; WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED
 */
export async function findRun(file: WeightFile): Promise<TrainingRun> {
  expectWeightFile(file);
  if (file.format === 'pytorch') return pytorchRun(file as PyTorchFile);
  if (isCheckpoint(file)) return checkpointRun(file);
  throw noRun(file.name, 'networks alone, or nothing of the kind');
}

/**
 * Finds the training run of a file as findRun() does, for whoever can do with the networks alone: why the run cannot be gone on with is
 * no error then.
 *
 * @returns the run, or null and the reason in words, such as optimisers of another kind; both null for networks alone
 * @throws WEIGHTS_CORRUPT for a damaged file
 */
export async function findRunIfAny(file: WeightFile): Promise<{ run: TrainingRun | null; reason: string | null }> {
  const alone = isCheckpoint(file) && Object.keys(checkpointInfo(file).optimizers).length === 0;
  if (!hasRun(file) || alone) return { run: null, reason: null };
  try {
    return { run: await findRun(file), reason: null };
  } catch (error) {
    if (!(error instanceof ShadegradError) || (error.code !== 'WEIGHTS_UNSUPPORTED' && error.code !== 'WEIGHTS_MISMATCH')) throw error;
    return { run: null, reason: [error.what, error.received].filter((part) => part !== undefined).join(': ') };
  }
}
