import { noGrad } from '../autograd/graph.js';
import { add, mul } from '../autograd/ops.js';
import { greyImage, imageBytes, imageOfBytes } from '../data/grey.js';
import { centreSquare, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import type { Network } from '../models/kind.js';
import { withLabels } from '../models/labels.js';
import { drawNoise, type MadeImages, type NoiseGenerator, type NoiseInput } from '../models/noise.js';
import type { ForwardOptions } from '../nn/forward.js';
import { Tensor } from '../tensor/tensor.js';
import type { Evaluator, ImageSide, SchemeMetric } from '../training/scheme.js';

/** The seed of the samples that a run shows: the same at every step. */
const SHOWN_SEED = 0x73686f77;
/** Samples in a row of the report, of a network without labels. */
export const SHOWN = 4;
/** Labels that a row of the report has room for. */
export const MOST_LABELS = 10;

/** The metrics of a scheme that noiseEvaluator() measures. */
export const VERDICTS = {
  gap: { label: 'Gap of the verdicts', better: 'lower' },
  real: { label: 'Verdict on real', better: 'higher' },
  fake: { label: 'Verdict on generated', better: 'higher' },
} as const satisfies Record<string, SchemeMetric>;

/** The side of a step that sees real images: their middle as a square, grey for one channel. */
export const realSide = (channels: number): ImageSide => ({
  half: 'a',
  channels,
  encode: (image, side) => imageBytes(squared(image, side, channels), channels as 1 | 3),
});

/** The middle of an image as a square of a size, grey for one channel. */
export function squared(image: RgbImage, side: number, channels: number): RgbImage {
  const square = centreSquare(image);
  const sized = square.width === side ? square : resizeBicubic(square, side, side);
  return channels === 1 ? greyImage(sized) : sized;
}

/** Images in [-1, 1] as a network has them whose black is another. */
export const toNetwork = (images: Tensor, { black }: Pick<MadeImages, 'black'>): Tensor =>
  black === -1 ? images : add(mul(images, 0.5), 0.5);

/** Images in [-1, 1] of those that a network has made whose black is another. */
export const fromNetwork = (images: Tensor, { black }: Pick<MadeImages, 'black'>): Tensor =>
  black === -1 ? images : add(mul(images, 2), -1);

/** Joins labels to images or random numbers, for a network that takes some. */
export const labelled = (x: Tensor, labels: Tensor | null | undefined): Tensor => (labels ? withLabels(x, labels) : x);

/** The error of an image to measure a scheme on that has other labels than the networks take, or none. */
export const withoutLabels = (title: string, name: string, count: number, labels: readonly number[] | undefined): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', `${name}, an image to measure ${title} on`, {
    expected: `an image with ${count} labels`,
    received: labels ? `one with ${labels.length}` : 'one without',
    fix: 'measure on a set of images with the labels of those that are trained on',
  });

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
}

/** What a generator says of itself, with norms that use the statistics of the training. */
export const formOf = ({ generator: { takes, makes } }: { readonly generator: NoiseGenerator }): NoiseForm => ({
  takes,
  makes,
  mode: { training: false, statistics: 'running' },
});

/**
 * Makes an Evaluator of a generator of random numbers: for each image that the networks are not trained on, what the discriminator says of
 * it (0 to 1), of generated images, and those images; their random numbers are the same at every step of a run. Of a generator that takes
 * labels it shows an image for each label. The further apart the verdicts, the more the discriminator knows what the generator does not.
 */
export async function noiseEvaluator(
  gpu: Gpu,
  { generator, discriminator }: { readonly generator: Network; readonly discriminator: Network },
  { takes, makes: { size, channels, black }, mode }: NoiseForm,
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
          fake: discriminator.forward(labelled(made, wanted), mode).sigmoid().mean(),
          real: discriminator
            .forward(labelled(toNetwork(imageToFloat(real), { black }), realLabels), mode)
            .sigmoid()
            .mean(),
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
      const mean = (key: keyof Verdicts): number => measures.reduce((sum, measure) => sum + measure[key], 0) / measures.length;
      return { gap: mean('real') - mean('fake'), real: mean('real'), fake: mean('fake') };
    },
    dispose() {
      recording.destroy();
      for (const tensor of [...Object.values(inputs), ...Object.values(result)]) tensor.dispose();
    },
  };
}
