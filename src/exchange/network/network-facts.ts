import { codingsOf, savedCodings, type CodingOptions } from '../../data/codings/options.js';
import { decodeLabelGroups, decodeLabelSets, encodeLabelGroups, encodeLabelSets, toldOf, type LabelSet } from '../../data/labels.js';
import { PREPROCESS, type PreprocessName } from '../../data/preprocess/registry.js';
import type { NetworkArchitecture } from '../../models/kind.js';
import { buildNetwork, isGenerator, isLabelledGenerator, labelCount } from '../../models/registry.js';
import type { CheckpointOptions as RunOptions } from '../../training/checkpoint-info.js';

/** What a file says of a network beside its architecture and its numbers. */
export interface NetworkFacts {
  /** Side of the images that the run trains it on, where the network itself is for others. */
  readonly imageSize?: readonly [width: number, height: number];
  /** Whether the run saw images, or parts of them, at their own size, so that an image is to be resized to nothing. */
  readonly unscaled?: true;
  /** Whether the run brought its images from their colour profiles to sRGB. */
  readonly inSrgb?: true;
  /** Which half of a pair it was trained to translate into the other. */
  readonly direction?: 'AtoB' | 'BtoA';
  /** What the random draws of its dropout and its noise follow from where the run measures it, with each sample's number. */
  readonly drawSeed?: number;
  /** How the run brought images to their size, where that was another way than to resize all of each. */
  readonly preprocess?: PreprocessName;
  /** The width that images were brought to in that way before the cut. */
  readonly loadSize?: number;
  /** How its images are coded, where they are more than eight-bit colours. */
  readonly coding?: CodingOptions;
  /** Names of the labels that it takes, where it takes some. */
  readonly labels?: readonly string[];
  /** Which of these labels exclude one another, where the checkpoint says so. */
  readonly labelSets?: readonly LabelSet[];
  /** Those of them of which an image has one at most, beside classes, where the checkpoint says so. */
  readonly labelGroups?: readonly (readonly string[])[];
}

/** What the options of a run say of a network of it. */
export const factsOf = (architecture: NetworkArchitecture, options: RunOptions): NetworkFacts => ({
  ...sizeOf(architecture, options),
  ...scaleOf(options),
  ...(options.colorProfile === 'convert' && { inSrgb: true }),
  ...directionOf(architecture, options),
  ...drawsOf(architecture, options),
  ...preparedOf(options),
  ...codingOf(architecture, options),
  ...labelsOf(architecture, options),
});

/** How a run codes the images of its generator. */
function codingOf(architecture: NetworkArchitecture, options: RunOptions): Pick<NetworkFacts, 'coding'> {
  const network = buildNetwork(architecture);
  if (!isGenerator(network)) return {};
  const { inChannels, outChannels } = network;
  const coding: CodingOptions = { ...savedCodings(options), inChannels, outChannels };
  const codings = codingsOf(coding);
  return codings && codings.source.channels === inChannels && codings.target.channels === outChannels ? { coding } : {};
}

/** @param options of the run, which keep names joined by commas, and the sets that they are of */
function labelsOf(
  architecture: NetworkArchitecture,
  { labels, labelSets, labelGroups }: RunOptions,
): Pick<NetworkFacts, 'labels' | 'labelSets' | 'labelGroups'> {
  const count = labelCount(buildNetwork(architecture));
  if (count === 0 || typeof labels !== 'string') return {};
  const names = labels.split(',');
  const sets = decodeLabelSets(labelSets, names);
  if (toldOf(names, sets) !== count) return {};
  const groups = decodeLabelGroups(labelGroups, names);
  return { labels: names, ...(sets && { labelSets: sets }), ...(groups && { labelGroups: groups }) };
}

/** What a generator of a run translates into what: of a run with two of them each has its own way, which the run does not say. */
function directionOf(architecture: NetworkArchitecture, { direction }: RunOptions): Pick<NetworkFacts, 'direction'> {
  return (direction === 'AtoB' || direction === 'BtoA') && isGenerator(buildNetwork(architecture)) ? { direction } : {};
}

/** The seed of a run whose generator, the first of its networks, draws something when it is measured. */
function drawsOf({ options }: NetworkArchitecture, { direction, seed }: RunOptions): Pick<NetworkFacts, 'drawSeed'> {
  const { dropout = 0, noise = 0 } = options as { readonly dropout?: number; readonly noise?: number };
  return (dropout > 0 || noise > 0) && typeof direction === 'string' && typeof seed === 'number' ? { drawSeed: seed } : {};
}

const isPreprocess = (name: unknown): name is PreprocessName => typeof name === 'string' && Object.hasOwn(PREPROCESS, name);

function scaleOf({ preprocess }: RunOptions): Pick<NetworkFacts, 'unscaled'> {
  return isPreprocess(preprocess) && !PREPROCESS[preprocess].takesLoadSize ? { unscaled: true } : {};
}

function preparedOf({ preprocess, loadSize }: RunOptions): Pick<NetworkFacts, 'preprocess' | 'loadSize'> {
  if (!isPreprocess(preprocess) || PREPROCESS[preprocess].onDevice) return {};
  return { preprocess, ...(PREPROCESS[preprocess].takesLoadSize && typeof loadSize === 'number' && { loadSize }) };
}

function sizeOf(architecture: NetworkArchitecture, { size, width }: RunOptions): Pick<NetworkFacts, 'imageSize'> {
  const network = buildNetwork(architecture);
  if (!(isGenerator(network) || isLabelledGenerator(network)) || typeof size !== 'number') return {};
  const { own, multipleOf, least } = network.imageSizes;
  const sides = [typeof width === 'number' ? width : size, size] as const;
  const isOwn = sides.every((side) => side === own);
  return !isOwn && sides.every((side) => side >= least && side % multipleOf === 0) ? { imageSize: sides } : {};
}

/** What a file of one network keeps of the facts that are not of its images' size: what factsOf() reads, by the same names. */
export function keptFacts(facts: NetworkFacts): Record<string, unknown> | undefined {
  const { unscaled, inSrgb, direction, drawSeed, preprocess, loadSize, coding, labels, labelSets, labelGroups } = facts;
  const kept = {
    ...(unscaled && { unscaled }),
    ...(inSrgb && { inSrgb }),
    ...(direction && { direction }),
    ...(drawSeed !== undefined && { seed: drawSeed }),
    ...(preprocess && { preprocess, ...(loadSize !== undefined && { loadSize }) }),
    ...coding,
    ...(labels && {
      labels: labels.join(','),
      ...(labelSets && { labelSets: encodeLabelSets(labelSets) }),
      ...(labelGroups && { labelGroups: encodeLabelGroups(labels, labelGroups) }),
    }),
  };
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** The facts that keptFacts() kept; those that do not fit the network are left out. */
export function readFacts(architecture: NetworkArchitecture, kept: Readonly<Record<string, unknown>>): Omit<NetworkFacts, 'imageSize'> {
  const { unscaled, inSrgb, ...options } = kept;
  const { imageSize: _, ...facts } = factsOf(architecture, { ...(options as RunOptions), size: null });
  return { ...facts, ...(unscaled === true && { unscaled: true as const }), ...(inSrgb === true && { inSrgb: true as const }) };
}
