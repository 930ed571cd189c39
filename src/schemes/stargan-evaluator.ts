import { noGrad } from '../autograd/graph.js';
import { abs, expand, mean, sub } from '../autograd/ops.js';
import { imageBytes, imageOfBytes } from '../data/grey.js';
import { exclusiveGroups, targetLabels } from '../data/labels.js';
import type { Labelling } from '../data/unpaired.js';
import type { Gpu } from '../gpu/gpu.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import { withLabels } from '../models/labels.js';
import { Tensor } from '../tensor/tensor.js';
import type { Evaluator, SchemeMetric } from '../training/scheme.js';
import { MOST_LABELS, squared, withoutLabels } from './noise-evaluator.js';
import type { StarGANNetworks } from './stargan-step.js';

/** The metrics that starganEvaluator() measures. */
export const STARGAN_METRICS = {
  reconstruction: { label: 'There and back L1', better: 'lower' },
  targets: { label: 'Targets that its own discriminator sees', better: 'higher', unit: '%', digits: 1 },
  labels: { label: 'Labels that it finds in real images', better: 'higher', unit: '%', digits: 1 },
} as const satisfies Record<string, SchemeMetric>;

/** The headings of what is made: the labels, one after the other, of which one that excludes no other is turned round. */
export const targetTitles = (labelling: Labelling): string[] =>
  exclusiveGroups(labelling)
    .slice(0, MOST_LABELS)
    .map((group, index) => `${labelling.names[index]!}${group.length > 1 ? '' : ', changed'}`);

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
 * Makes an Evaluator of StarGAN: each image is turned into what targetLabels() gives for it (for the first ten labels), and back again by
 * its own labels. It measures how well it comes back (mean absolute difference, 0 to 2), in how many of the results the discriminator sees
 * what they should be, and how many labels of real images it finds. The discriminator was trained with this generator: what it sees says
 * that the two agree, and nothing of what a person or another network would see.
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
  const shown = Math.min(count, MOST_LABELS);
  const inputs = {
    real: Tensor.fromBytes(gpu, new Uint8Array(size * size * channels), [1, size, size, channels], 'real image').keep(),
    own: Tensor.from(gpu, new Float32Array(count), [1, count], 'labels of the real image').keep(),
    targets: Tensor.from(gpu, new Float32Array(shown * count), [shown, count], 'labels that are wanted').keep(),
  };
  const mode = { training: false } as const;
  const { recording, result } = await gpu
    .record(() =>
      noGrad(() => {
        const real = imageToFloat(inputs.real);
        const repeated = expand(real, [shown, size, size, channels]);
        const made = generator.forward(withLabels(repeated, inputs.targets), mode);
        const again = generator.forward(withLabels(made, expand(inputs.own, [shown, count])), mode);
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
      if (labels?.length !== count) throw withoutLabels('StarGAN', name, count, labels);
      const image = squared(a, size, channels);
      return { name, a: image, b: image, labels };
    },
    async run({ a, labels = [] }) {
      const targets = targetLabels(labelling, labels).slice(0, shown);
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
          targets: percentage(targets.map((target, at) => agrees(onMade.subarray(at * count, (at + 1) * count), target, groups[at]!))),
          // Of those that exclude one another one is found or none: they count once.
          labels: percentage(groups.flatMap((group, index) => (group[0] === index ? [agrees(onReal, labels, group)] : []))),
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
