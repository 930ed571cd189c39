import { isObject } from '../formats/safetensors.js';
import { encodeSafetensors } from '../formats/safetensors-file.js';
import type { StoredDType, WeightFile } from '../formats/weight-file.js';
import { oneLine } from '../formats/names.js';
import { ShadegradError } from '../errors.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { isGenerator, isLabelledGenerator, NETWORKS } from '../models/registry.js';
import type { WeightLayout } from '../nn/state-dict.js';
import { LIBRARY_VERSION } from '../version.js';
import { fitNetwork, possibleNetwork } from './network/fit-network.js';
import { keptFacts, readFacts, type NetworkFacts } from './network/network-facts.js';
import type { NetworkWeights } from './network/network-weights.js';
import { referenceStateDict } from './pytorch/reference-network.js';

/**
 * A file of one network is a safetensors file. Its metadata holds a NetworkDescription as JSON under "shadegrad"; its
 * tensors have the names of Module.namedTensors(), in the layout that the description names.
 */
export const INFO_KEY = 'shadegrad';
export const NETWORK_FORMAT = 'shadegrad-network';
const FORMAT_VERSION = 1;
/** Of a side: no image is larger. */
const MOST_PIXELS = 65_536;

/** The statistics that the norms of a network use at test time: those of the images at hand, or those gathered while training. */
export type Statistics = 'batch' | 'running';

/** The size of images, in pixels. */
export type ImageSize = readonly [width: number, height: number];

interface NetworkDescription {
  readonly format: typeof NETWORK_FORMAT;
  readonly formatVersion: typeof FORMAT_VERSION;
  readonly libraryVersion: string;
  readonly architecture: NetworkArchitecture;
  readonly layout: WeightLayout;
  readonly statistics: Statistics;
  /** Left out where it is the network's own size. */
  readonly imageSize?: ImageSize;
  /** What else is known of its images and labels; left out where that is nothing. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface NetworkFileOptions {
  /** Type of the parameters and running statistics. Default f32. */
  dtype?: StoredDType;
  /**
   * 'pytorch' turns the weights round and adds num_batches_tracked: the state dict that Python's
   * safetensors.torch.load_file gives the reference implementation. Default 'shadegrad'.
   */
  layout?: WeightLayout;
  statistics?: Statistics;
  /** Of the images that the network is made for, if larger than its own size. */
  imageSize?: ImageSize;
  /** What else is known of it. */
  facts?: NetworkFacts;
}

/** The bytes of a file of one network, a tensor at a time. */
export function encodeNetwork(
  weights: NetworkWeights,
  { dtype = 'f32', layout = 'shadegrad', statistics = 'batch', imageSize, facts = {} }: NetworkFileOptions = {},
): AsyncGenerator<Uint8Array> {
  const kept = keptFacts(facts);
  const description: NetworkDescription = {
    format: NETWORK_FORMAT,
    formatVersion: FORMAT_VERSION,
    libraryVersion: LIBRARY_VERSION,
    architecture: weights.architecture,
    layout,
    statistics,
    ...(imageSize && { imageSize }),
    ...(kept && { facts: kept }),
  };
  const tensors =
    layout === 'pytorch'
      ? referenceStateDict(weights)
      : [...weights.tensors].map(([name, tensor]) => ({ name, shape: tensor.shape, read: () => tensor.read() }));
  // Transformers and others in Python look for this key before they load a file.
  return encodeSafetensors(tensors, {
    dtype,
    metadata: { ...(layout === 'pytorch' && { format: 'pt' }), [INFO_KEY]: JSON.stringify(description) },
  });
}

/** What a description says, or null where there is none of this kind. */
export function describedFormat({ metadata }: WeightFile): string | null {
  const format = parsed(metadata.get(INFO_KEY))?.format;
  return typeof format === 'string' ? format : null;
}

/**
 * The network of a file that encodeNetwork() wrote.
 *
 * @throws WEIGHTS_CORRUPT for a description that makes no sense, WEIGHTS_UNSUPPORTED for one of a later version or of an unknown kind,
 * WEIGHTS_MISMATCH when the tensors are others
 */
export function readNetworkFile(file: WeightFile): { weights: NetworkWeights; statistics: Statistics } & NetworkFacts {
  const description = parsed(file.metadata.get(INFO_KEY)) ?? {};
  const { formatVersion, architecture, layout, statistics = 'batch', imageSize, facts, libraryVersion } = description;
  if (formatVersion !== FORMAT_VERSION) {
    const [version, writer] = [JSON.stringify(formatVersion) ?? 'nothing', String(libraryVersion)].map((text) => oneLine(text, 40));
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${file.name} is of another version`, {
      expected: `format version ${FORMAT_VERSION} (this is shadegrad ${LIBRARY_VERSION})`,
      received: `format version ${version} (written by shadegrad ${writer})`,
      fix: 'update shadegrad to the version that wrote it or a later one',
    });
  }
  if (
    !isArchitecture(architecture) ||
    (layout !== 'shadegrad' && layout !== 'pytorch') ||
    (statistics !== 'batch' && statistics !== 'running')
  )
    throw badDescription(file);
  if (!NETWORKS.some(({ kind }) => kind === architecture.kind)) throw unknownKind(file, architecture);
  if (imageSize !== undefined) expectImageSize(imageSize, architecture, file);
  return {
    weights: fitNetwork(architecture, file.tensors, layout, file.name),
    statistics,
    ...(imageSize !== undefined && { imageSize }),
    ...(isObject(facts) && readFacts(architecture, facts)),
  };
}

function badDescription(
  { name, metadata }: WeightFile,
  expected = 'the architecture of a network, a layout and statistics',
  received: unknown = metadata.get(INFO_KEY),
): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${name}: the description of the network is damaged`, {
    expected,
    received: oneLine(JSON.stringify(received) ?? 'nothing', 120),
    fix: 'copy the file again, or convert it anew',
  });
}

function parsed(json: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json ?? 'null');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function unknownKind({ name }: WeightFile, { kind }: NetworkArchitecture): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${name}: its network is of a kind that is not known here`, {
    expected: NETWORKS.map((row) => row.kind).join(', '),
    received: oneLine(kind, 80),
    fix: 'in code, call registerNetwork() for a network of your own before the file is read; else update shadegrad',
  });
}

/** @throws WEIGHTS_CORRUPT for a size of images that the network does not take */
function expectImageSize(value: unknown, architecture: NetworkArchitecture, file: WeightFile): asserts value is ImageSize {
  const network = possibleNetwork(architecture, file.name);
  const { multipleOf, least } = isGenerator(network) || isLabelledGenerator(network) ? network.imageSizes : { multipleOf: 1, least: 1 };
  const isSide = (side: number): boolean => Number.isSafeInteger(side) && side >= least && side <= MOST_PIXELS && side % multipleOf === 0;
  if (Array.isArray(value) && value.length === 2 && value.every(isSide)) return;
  throw badDescription(file, `an imageSize of width and height, multiples of ${multipleOf} from ${least} to ${MOST_PIXELS}`, value);
}

/** Whether the options are possible ones, building the network tells. */
function isArchitecture(value: unknown): value is NetworkArchitecture {
  return isObject(value) && typeof value.kind === 'string' && isObject(value.options);
}
