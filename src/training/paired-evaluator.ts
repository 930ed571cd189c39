import { pairAt, type PairedDataset } from '../data/dataset.js';
import type { Codings } from '../data/codings/options.js';
import type { PixelSize } from '../pixel-size.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator } from '../models/kind.js';
import { codedHalves, colourHalves } from './measured-halves.js';
import { averageMetrics, type ImageMetrics } from './metrics.js';
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
  /** What images are coded as, where that is more than eight-bit colours. */
  readonly codings?: Codings | null;
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
  { halves, key, size, plan, dropout, codings = null }: PairedEvaluatorOptions,
): Promise<Evaluator<ImageMetrics>> {
  const translator = await Translator.create(gpu, generator, { dropout, size, codings });
  const [source, target] = halves;
  const channels = { [source]: generator.inChannels, [target]: generator.outChannels } as Readonly<Record<'a' | 'b', number>>;
  const prepared = plan ?? { size, loadSize: size };
  const { fit, given, compare, scoreMean } = codings ? codedHalves(halves, prepared, codings) : colourHalves(halves, prepared, channels);
  return {
    key: codings ? `${key} ${codings.source.title} to ${codings.target.title}` : key,
    fit,
    async run(pair, index) {
      const made = await translator.translate(given(pair), index);
      return { made: [made], measure: compare(made, pair[target]) };
    },
    summarize: (measures) => ({ ...averageMetrics(measures) }),
    async baseline(train, measured, onProgress) {
      return { name: 'mean photo', metrics: { ...(await scoreMean(train, measured, onProgress)) } };
    },
    dispose: () => translator.dispose(),
  };
}

/** Some pairs of a data set as an evaluator sees them. */
export function fittedPairs(dataset: PairedDataset, indices: readonly number[], fit: Evaluator['fit']): PairedDataset {
  return { name: dataset.name, length: indices.length, get: async (index) => fit(await pairAt(dataset, indices[index]!)) };
}
