import { pairAt } from '../data/dataset.js';
import type { Codings } from '../data/codings/options.js';
import type { SeenImage } from '../data/codings/coding.js';
import type { ImagePair, RgbImage } from '../data/image.js';
import { isCutOnHost, prepareImage } from '../data/preprocess/prepare.js';
import { resizedTo } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator } from '../models/kind.js';
import { averageMetrics, compareImages, compareNumbers, type ImageMetrics } from './metrics.js';
import type { PairedEvaluatorOptions } from './paired-evaluator.js';
import type { Evaluator } from './scheme.js';
import { Translator } from './translator.js';

/**
 * Makes an Evaluator of a network whose images are more than eight-bit colours: results are measured as pictures where the coding says so
 * (one-hot maps to colours, CIELAB), else number by number over all channels, in [-1, 1]. The mean of training images is the baseline.
 *
 * @throws INVALID_ARGUMENT for a size or channels that the generator does not take; OUT_OF_MEMORY, SHADER_COMPILE
 */
export async function codedEvaluator(
  gpu: Gpu,
  generator: Generator,
  codings: Codings,
  { halves: [source, target], key, size, plan, dropout }: PairedEvaluatorOptions,
): Promise<Evaluator<ImageMetrics>> {
  const translator = await Translator.create(gpu, generator, { dropout, size, codings });
  const fitted = (image: RgbImage, name: string): RgbImage =>
    resizedTo(plan && isCutOnHost(plan) ? prepareImage(image, plan, name) : image, size);
  const measure = (made: RgbImage, wanted: RgbImage): ImageMetrics =>
    codings.target.measured === 'pictures' ? compareImages(made, wanted) : compareNumbers(made as SeenImage, wanted as SeenImage);
  // Of an image that is seen as something else, such as L of it, the result wants the image itself: it is kept beside.
  const own = new WeakMap<RgbImage, RgbImage>();
  return {
    key: `${key} ${codings.source.title} to ${codings.target.title}`,
    fit(pair) {
      const given = fitted(pair[source], pair.name);
      const seen = codings.source.see(given);
      own.set(seen, given);
      return { ...pair, [source]: seen, [target]: codings.target.see(fitted(pair[target], pair.name)) } as ImagePair;
    },
    async run(pair, index) {
      const made = await translator.translate(own.get(pair[source]) ?? pair[source], index);
      return { made: [made], measure: measure(made, pair[target]) };
    },
    summarize: (measures) => ({ ...averageMetrics(measures) }),
    async baseline(train, measured, onProgress) {
      const mean: Float64Array[] = [];
      for (let index = 0; index < train.length; index++) {
        const { values } = (await pairAt(train, index))[target] as SeenImage;
        mean[0] ??= new Float64Array(values.data.length);
        for (let at = 0; at < values.data.length; at++) mean[0][at]! += values.data[at]! / train.length;
        onProgress?.(index + 1, train.length);
      }
      const data = Float32Array.from(mean[0]!);
      const answer: SeenImage = {
        ...measured[0]![target],
        values: { kind: 'numbers', channels: codings.target.channels, data },
      };
      const scores = measured.map((pair) => {
        const picture = codings.target.show(answer, own.get(pair[source]) ?? pair[source]);
        return measure({ ...picture, values: answer.values }, pair[target]);
      });
      return { name: 'mean photo', metrics: { ...averageMetrics(scores) } };
    },
    dispose: () => translator.dispose(),
  };
}
