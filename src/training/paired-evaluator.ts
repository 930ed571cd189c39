import { pairAt, type PairedDataset } from '../data/dataset.js';
import { greyImage } from '../data/grey.js';
import type { ImagePair, RgbImage } from '../data/image.js';
import type { PixelSize } from '../pixel-size.js';
import { isCutOnHost, prepareImage, type PreparePlan } from '../data/preprocess/prepare.js';
import { resizedTo } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator } from '../models/kind.js';
import { averageMetrics, compareImages, constantBaseline, meanImage, type ImageMetrics } from './metrics.js';
import type { Evaluator, ImagePlan } from './scheme.js';
import { Translator } from './translator.js';

/** Options of pairedEvaluator(): what is translated into what, and how. */
export interface PairedEvaluatorOptions {
  /** The half that is translated, and the half that it should become. */
  readonly halves: readonly [source: 'a' | 'b', target: 'a' | 'b'];
  /** What measuring depends on beside the images. */
  readonly key: string;
  /** The images in pixels: their side, or width and height. */
  readonly size: PixelSize;
  /** How images come to it. Default: all of each is resized. */
  readonly plan?: ImagePlan;
  /** Whether dropout drops at test time. */
  readonly dropout: boolean;
}

/**
 * Makes an Evaluator of a network that translates one half of a pair into the other: its output is compared with the other half by L1,
 * PSNR and SSIM; the mean of training images is what a model that ignores its input would answer.
 *
 * @throws INVALID_ARGUMENT for a size or channels that the generator does not take; OUT_OF_MEMORY, SHADER_COMPILE
 */
export async function pairedEvaluator(
  gpu: Gpu,
  generator: Generator,
  { halves: [source, target], key, size, plan, dropout }: PairedEvaluatorOptions,
): Promise<Evaluator<ImageMetrics>> {
  const translator = await Translator.create(gpu, generator, { dropout, size });
  const channels = { [source]: generator.inChannels, [target]: generator.outChannels } as Readonly<Record<'a' | 'b', number>>;
  return {
    key,
    fit: (pair) => fitHalves(pair, plan ?? { size, loadSize: size }, channels),
    async run(pair, index) {
      const made = await translator.translate(pair[source], index);
      return { made: [made], measure: compareImages(made, pair[target]) };
    },
    summarize: (measures) => ({ ...averageMetrics(measures) }),
    async baseline(train, measured, onProgress) {
      const mean = await meanImage(train, target, onProgress);
      return { name: 'mean photo', metrics: { ...(await constantBaseline(mean, datasetOf(measured), target)) } };
    },
    dispose: () => translator.dispose(),
  };
}

/** An image as a network of so many channels sees it: resized (bicubic), and grey for one channel. */
export function fitImage(image: RgbImage, size: PixelSize, channels: number): RgbImage {
  return resizedTo(channels === 1 ? greyImage(image) : image, size);
}

/**
 * A sample as networks are measured on it: all of each half resized (bicubic); where a training cuts parts out of larger images on the
 * host, the middle. Grey for one channel.
 */
export function fitHalves({ name, a, b }: ImagePair, plan: PreparePlan, channels: Readonly<Record<'a' | 'b', number>>): ImagePair {
  const fitted = (image: RgbImage, half: 'a' | 'b'): RgbImage =>
    fitImage(isCutOnHost(plan) ? prepareImage(image, plan, name) : image, plan.size, channels[half]);
  return { name, a: fitted(a, 'a'), b: fitted(b, 'b') };
}

function datasetOf(pairs: readonly ImagePair[]): PairedDataset {
  return { name: 'measured pairs', length: pairs.length, get: (index) => pairs[index]! };
}

/** Some pairs of a data set as an evaluator sees them. */
export function fittedPairs(dataset: PairedDataset, indices: readonly number[], fit: Evaluator['fit']): PairedDataset {
  return { name: dataset.name, length: indices.length, get: async (index) => fit(await pairAt(dataset, indices[index]!)) };
}
