import type { Codings } from '../data/codings/options.js';
import type { RgbImage } from '../data/image.js';
import { classesOf } from '../data/palettes/label-map.js';
import type { Palette } from '../data/palettes/palette.js';
import { pairAt } from '../data/dataset.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator } from '../models/kind.js';
import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { LabelCounts } from '../training/label-scores.js';
import { codedHalves } from '../training/measured-halves.js';
import type { Evaluator } from '../training/scheme.js';
import { Translator } from '../training/translator.js';

/** How a segmenter is measured. */
export interface SegmentationEvaluatorOptions {
  readonly codings: Codings;
  readonly palette: Palette;
  /** The half of a pair that is the photo, and that of the label map. */
  readonly halves: readonly [photo: 'a' | 'b', labels: 'a' | 'b'];
  /** The images in pixels. */
  readonly size: PixelSize;
}

/**
 * Makes an Evaluator of a segmenter: its label maps are compared with those of the pairs, pixel by pixel, and scored over all of them
 * together. What knows nothing of the photo answers with the class that is most frequent in training.
 *
 * @throws OUT_OF_MEMORY, SHADER_COMPILE
 */
export async function segmentationEvaluator(
  gpu: Gpu,
  segmenter: Generator,
  { codings, palette, halves: [photo, labels], size }: SegmentationEvaluatorOptions,
): Promise<Evaluator<LabelCounts>> {
  const translator = await Translator.create(gpu, segmenter, { dropout: false, size, codings });
  const [width, height] = widthAndHeight(size);
  const { fit, given } = codedHalves([photo, labels], { size, loadSize: size }, codings);
  const count = (found: Uint8Array, right: RgbImage): LabelCounts => {
    const counts = new LabelCounts(palette.classes.length);
    counts.add(found, classesOf(right, palette));
    return counts;
  };
  const summarize = (measures: readonly LabelCounts[]): Record<string, number> => {
    const all = new LabelCounts(palette.classes.length);
    for (const each of measures) all.merge(each);
    const { pixelAccuracy, classAccuracy, meanIou } = all.scores();
    return { meanIou, pixelAccuracy, classAccuracy };
  };
  return {
    key: `photo to ${codings.target.title}`,
    fit,
    async run(pair, index) {
      const made = await translator.translate(given(pair), index);
      return { made: [made], measure: count(classesOf(made, palette), pair[labels]) };
    },
    summarize,
    async baseline(train, measured, onProgress) {
      const pixels = new Float64Array(256);
      for (let index = 0; index < train.length; index++) {
        for (const each of classesOf((await pairAt(train, index))[labels], palette)) pixels[each]!++;
        onProgress?.(index + 1, train.length);
      }
      const frequent = pixels.subarray(0, palette.classes.length).reduce((best, value, at) => (value > pixels[best]! ? at : best), 0);
      const answers = measured.map((pair) => count(new Uint8Array(width * height).fill(frequent), pair[labels]));
      return { name: `all ${palette.classes[frequent]!.name}`, metrics: summarize(answers) };
    },
    dispose: () => translator.dispose(),
  };
}
