import { noGrad } from '../autograd/graph.js';
import { abs, expand, mean, sub } from '../autograd/ops.js';
import { imageBytes, imageOfBytes } from '../data/grey.js';
import { exclusiveGroups, placedSets, rowLength, targetLabels } from '../data/labels.js';
import type { Labelling } from '../data/unpaired.js';
import type { Gpu } from '../gpu/gpu.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import { withLabels } from '../models/labels.js';
import { Tensor } from '../tensor/tensor.js';
import type { Evaluator, SchemeMetric } from '../training/scheme.js';
import { squared } from './image-sides.js';
import { MOST_LABELS, withoutLabels } from './labelled-samples.js';
import type { StarGANNetworks } from './stargan-step.js';

/** The metrics that starganEvaluator() measures. */
export const STARGAN_METRICS = {
  reconstruction: { label: 'There and back L1', better: 'lower' },
  targets: { label: 'Targets that its own discriminator sees', better: 'higher', unit: '%', digits: 1 },
  labels: { label: 'Labels that it finds in real images', better: 'higher', unit: '%', digits: 1 },
} as const satisfies Record<string, SchemeMetric>;

/** The places of the labels that are shown: the first ones, of several sets as many of each as there is room for. */
function shownLabels(labelling: Labelling): number[] {
  const sets = labelling.sets ? placedSets(labelling) : [{ start: 0, names: labelling.names }];
  const inTurn = sets.flatMap(({ start, names }) => names.map((_, at) => ({ at, index: start + at }))).sort((a, b) => a.at - b.at);
  return inTurn
    .slice(0, MOST_LABELS)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/** The headings of what is made: the labels, one after the other, of which one that excludes no other is turned round. */
export function targetTitles(labelling: Labelling): string[] {
  const groups = exclusiveGroups(labelling);
  return shownLabels(labelling).map((index) => `${labelling.names[index]!}${groups[index]!.length > 1 ? '' : ', changed'}`);
}

/**
 * Whether logits say what the labels of an image do of one of them, and of those that exclude one another with it: the most likely one is
 * the one that it has, or where it has none, each is less likely than not.
 *
 * @param group the places of those that exclude one another
 */
export function agrees(logits: ArrayLike<number>, labels: ArrayLike<number>, group: readonly number[]): boolean {
  const own = group.find((each) => labels[each]! > 0.5);
  if (own === undefined) return group.every((each) => logits[each]! <= 0);
  if (group.length === 1) return logits[own]! > 0;
  return group.reduce((best, each) => (logits[each]! > logits[best]! ? each : best)) === own;
}

type Measure = Record<keyof typeof STARGAN_METRICS, number>;

/**
 * Makes an Evaluator of StarGAN: each image is turned into what targetLabels() gives for it (for the first ten labels, of several sets for
 * some of each), and back again by its own labels. It measures how well it comes back (mean absolute difference, 0 to 2), in how many of
 * the results the discriminator sees what they should be, and how many labels of real images it finds. The discriminator was trained with
 * this generator: what it sees says that the two agree, and nothing of what a person or another network would see.
 */
export async function starganEvaluator(
  gpu: Gpu,
  { generator, discriminator }: StarGANNetworks,
  size: number,
  labelling: Labelling,
): Promise<Evaluator<Measure>> {
  const channels = generator.outChannels as 1 | 3;
  const groups = exclusiveGroups(labelling);
  const count = groups.length;
  const places = shownLabels(labelling);
  const shown = places.length;
  // What the generator is told: of several sets, the labels and which set they are of.
  const told = rowLength(labelling);
  const inputs = {
    real: Tensor.fromBytes(gpu, new Uint8Array(size * size * channels), [1, size, size, channels], 'real image').keep(),
    own: Tensor.from(gpu, new Float32Array(told), [1, told], 'labels of the real image').keep(),
    targets: Tensor.from(gpu, new Float32Array(shown * told), [shown, told], 'labels that are wanted').keep(),
  };
  const mode = { training: false } as const;
  const { recording, result } = await gpu
    .record(() =>
      noGrad(() => {
        const real = imageToFloat(inputs.real);
        const repeated = expand(real, [shown, size, size, channels]);
        const made = generator.forward(withLabels(repeated, inputs.targets), mode);
        const again = generator.forward(withLabels(made, expand(inputs.own, [shown, told])), mode);
        return {
          pictures: floatToImage(made),
          reconstruction: mean(abs(sub(again, repeated))),
          onMade: discriminator.outputs(made, mode).classes,
          onReal: discriminator.outputs(real, mode).classes,
        };
      }),
    )
    .catch((error: unknown) => {
      for (const tensor of Object.values(inputs)) tensor.dispose();
      throw error;
    });
  for (const tensor of Object.values(result)) tensor.keep();

  const percentage = (hits: readonly boolean[]): number => (100 * hits.filter(Boolean).length) / hits.length;

  return {
    key: 'targets',
    fit: ({ name, a, labels }) => {
      if (labels?.length !== told) throw withoutLabels('StarGAN', name, told, labels);
      const image = squared(a, size, channels);
      return { name, a: image, b: image, labels };
    },
    async run({ a, labels = [] }) {
      const every = targetLabels(labelling, labels);
      const targets = places.map((place) => every[place]!);
      const own = placedSets(labelling).find((_, set) => labels[count + set] === 1);
      const isKnown = (index: number): boolean => !own || (index >= own.start && index < own.start + own.names.length);
      inputs.real.writeBytes(imageBytes(a, channels));
      inputs.own.write(Float32Array.from(labels));
      inputs.targets.write(Float32Array.from(targets.flat()));
      recording.run();
      const bytes = await result.pictures.bytes();
      const [onMade, onReal] = [await result.onMade.data(), await result.onReal.data()];
      const one = size * size * channels;
      return {
        made: targets.map((_, at) => imageOfBytes(bytes.subarray(at * one, (at + 1) * one), size, size, channels)),
        measure: {
          reconstruction: (await result.reconstruction.data())[0]!,
          targets: percentage(
            targets.map((target, at) => agrees(onMade.subarray(at * count, (at + 1) * count), target, groups[places[at]!]!)),
          ),
          // Of those that exclude one another one is found or none: they count once.
          labels: percentage(
            groups.flatMap((group, index) => (group[0] === index && isKnown(index) ? [agrees(onReal, labels, group)] : [])),
          ),
        },
      };
    },
    summarize(measures) {
      const average = (key: keyof Measure): number => measures.reduce((sum, measure) => sum + measure[key], 0) / measures.length;
      return { reconstruction: average('reconstruction'), targets: average('targets'), labels: average('labels') };
    },
    dispose() {
      recording.destroy();
      for (const tensor of [...Object.values(inputs), ...Object.values(result)]) tensor.dispose();
    },
  };
}
