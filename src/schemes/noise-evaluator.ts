import { noGrad } from '../autograd/graph.js';
import { mean } from '../autograd/ops.js';
import { imageBytes, imageOfBytes } from '../data/grey.js';
import type { Gpu } from '../gpu/gpu.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import type { Network } from '../models/kind.js';
import { labelled } from '../models/labels.js';
import { drawNoise, fromNetwork, toNetwork, type MadeImages, type NoiseGenerator, type NoiseInput } from '../models/noise.js';
import type { ForwardOptions } from '../nn/forward.js';
import { Tensor } from '../tensor/tensor.js';
import type { Evaluator, PictureColumns, SchemeMetric } from '../training/scheme.js';
import { squared } from './image-sides.js';
import { MOST_LABELS, withoutLabels } from './labelled-samples.js';
import { objectiveOf, type Objective, type ObjectiveName } from './objectives.js';

/** The seed of the samples that a run shows: the same at every step. */
const SHOWN_SEED = 0x73686f77;
/** Samples in a row of the report, of a network without labels. */
const SHOWN = 4;

/** The metrics of a scheme that noiseEvaluator() measures. */
export const VERDICTS = {
  gap: { label: 'Gap of the verdicts', better: 'lower' },
  real: { label: 'Verdict on real', better: 'higher' },
  fake: { label: 'Verdict on generated', better: 'higher' },
} as const satisfies Record<string, SchemeMetric>;

/** The columns of pictures of noiseEvaluator(). @param made the headings of generated ones; left out, those of a network without labels */
export const noisePictures = (
  made: readonly string[] = Array.from({ length: SHOWN }, (_, index) => `Generated ${index + 1}`),
): PictureColumns => ({ given: [{ title: 'Real', half: 'a' }], made, wanted: [] });

interface Verdicts {
  readonly real: number;
  readonly fake: number;
}

/** What noiseEvaluator() has to know of the networks. */
export interface NoiseForm {
  readonly takes: NoiseInput;
  readonly makes: MadeImages;
  /** How both networks run. */
  readonly mode: ForwardOptions;
  /** How the discriminator's verdict is read. */
  readonly verdict: Objective['verdict'];
}

/** What a generator says of itself and options of their objective, with norms that use the statistics of the training. */
export const formOf = (
  { generator: { takes, makes } }: { readonly generator: NoiseGenerator },
  options: { readonly ganMode?: ObjectiveName },
): NoiseForm => ({
  takes,
  makes,
  mode: { training: false, statistics: 'running' },
  verdict: objectiveOf(options).verdict,
});

/**
 * Makes an Evaluator of a generator of random numbers: for each image that the networks are not trained on, what the discriminator says of
 * it (as its objective reads verdicts), of generated images, and those images; their random numbers are the same at every step of a run.
 * Of a generator that takes labels it shows an image for each label.
 * The further apart the verdicts, the more the discriminator knows what the generator does not.
 */
export async function noiseEvaluator(
  gpu: Gpu,
  { generator, discriminator }: { readonly generator: Network; readonly discriminator: Network },
  { takes, makes: { size, channels, black }, mode, verdict }: NoiseForm,
): Promise<Evaluator<Verdicts>> {
  const { numbers, labels } = takes;
  const shown = labels === 0 ? SHOWN : Math.min(labels, MOST_LABELS);
  const each = Float32Array.from({ length: shown * labels }, (_, at) => Number(at % labels === Math.floor(at / labels)));
  const inputs = {
    noise: Tensor.from(gpu, new Float32Array(shown * numbers), [shown, 1, 1, numbers], 'noise').keep(),
    real: Tensor.fromBytes(gpu, new Uint8Array(size * size * channels), [1, size, size, channels], 'real image').keep(),
    ...(labels > 0 && {
      wanted: Tensor.from(gpu, each, [shown, labels], 'labels').keep(),
      realLabels: Tensor.from(gpu, new Float32Array(labels), [1, labels], 'labels of the real image').keep(),
    }),
  };
  const { noise, real, wanted = null, realLabels = null } = inputs;
  const { recording, result } = await gpu
    .record(() =>
      noGrad(() => {
        const made = generator.forward(labelled(noise, wanted), mode);
        return {
          pictures: floatToImage(fromNetwork(made, { black })),
          fake: mean(verdict(discriminator.forward(labelled(made, wanted), mode))),
          real: mean(verdict(discriminator.forward(labelled(toNetwork(imageToFloat(real), { black }), realLabels), mode))),
        };
      }),
    )
    .catch((error: unknown) => {
      for (const tensor of Object.values(inputs)) tensor.dispose();
      throw error;
    });
  for (const tensor of Object.values(result)) tensor.keep();
  return {
    key: 'noise',
    fit: ({ name, a, labels: own }) => {
      if (labels > 0 && own?.length !== labels) throw withoutLabels('a conditional GAN', name, labels, own);
      const image = squared(a, size, channels);
      return { name, a: image, b: image, ...(own && { labels: own }) };
    },
    async run({ a, labels: own }, index) {
      drawNoise(noise, takes, SHOWN_SEED, index);
      real.writeBytes(imageBytes(a, channels as 1 | 3));
      realLabels?.write(Float32Array.from(own!));
      recording.run();
      const bytes = await result.pictures.bytes();
      const [[onReal], [onFake]] = [await result.real.data(), await result.fake.data()];
      const one = size * size * channels;
      const made = Array.from({ length: shown }, (_, at) =>
        imageOfBytes(bytes.subarray(at * one, (at + 1) * one), size, size, channels as 1 | 3),
      );
      return { made, measure: { real: onReal!, fake: onFake! } };
    },
    summarize(measures) {
      const average = (key: keyof Verdicts): number => measures.reduce((sum, measure) => sum + measure[key], 0) / measures.length;
      return { gap: average('real') - average('fake'), real: average('real'), fake: average('fake') };
    },
    dispose() {
      recording.destroy();
      for (const tensor of [...Object.values(inputs), ...Object.values(result)]) tensor.dispose();
    },
  };
}
