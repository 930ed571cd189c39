import { pairAt, type PairedDataset, type ProgressCallback } from '../data/dataset.js';
import type { Codings } from '../data/codings/options.js';
import type { Coding, SeenImage } from '../data/codings/coding.js';
import { greyImage } from '../data/grey.js';
import type { ImagePair, RgbImage } from '../data/image.js';
import { isCutOnHost, prepareImage, type PreparePlan } from '../data/preprocess/prepare.js';
import { resizedTo } from '../data/resize.js';
import { averageMetrics, compareImages, compareNumbers, constantBaseline, meanImage, type ImageMetrics } from './metrics.js';

/** The half that is translated, and the half that it should become. */
type Halves = readonly [source: 'a' | 'b', target: 'a' | 'b'];

/** How the halves of pairs are measured: as eight-bit colours, or as a coding says. */
export interface MeasuredHalves {
  /** A sample as the network is measured on it. */
  fit(pair: ImagePair): ImagePair;
  /** What is translated of it. */
  given(pair: ImagePair): RgbImage;
  /** How far a result is from what was wanted. */
  compare(made: RgbImage, wanted: RgbImage): ImageMetrics;
  /** What the mean of training images would score, as an answer to everything. */
  scoreMean(train: PairedDataset, measured: readonly ImagePair[], onProgress?: ProgressCallback): Promise<ImageMetrics>;
}

/**
 * A sample as networks are measured on it: all of each half resized (bicubic); where a training cuts parts out of larger images on the
 * host, the middle. Grey for one channel.
 */
export function fitHalves({ name, a, b }: ImagePair, plan: PreparePlan, channels: Readonly<Record<'a' | 'b', number>>): ImagePair {
  const fitted = (image: RgbImage, half: 'a' | 'b'): RgbImage => {
    const cut = cutAsPlanned(image, plan, name);
    return resizedTo(channels[half] === 1 ? greyImage(cut) : cut, plan.size);
  };
  return { name, a: fitted(a, 'a'), b: fitted(b, 'b') };
}

const cutAsPlanned = (image: RgbImage, plan: PreparePlan, name: string): RgbImage =>
  isCutOnHost(plan) ? prepareImage(image, plan, name) : image;

/** Halves that are eight-bit colours, or grey. */
export function colourHalves([source, target]: Halves, plan: PreparePlan, channels: Readonly<Record<'a' | 'b', number>>): MeasuredHalves {
  return {
    fit: (pair) => fitHalves(pair, plan, channels),
    given: (pair) => pair[source],
    compare: compareImages,
    async scoreMean(train, measured, onProgress) {
      const mean = await meanImage(train, target, onProgress);
      const pairs: PairedDataset = { name: 'measured pairs', length: measured.length, get: (index) => measured[index]! };
      return constantBaseline(mean, pairs, target);
    },
  };
}

/**
 * Halves that are more than eight-bit colours: results are measured as pictures where the coding says so (one-hot maps to colours, CIELAB),
 * else number by number over all channels, in [-1, 1].
 */
export function codedHalves([source, target]: Halves, plan: PreparePlan, codings: Codings): MeasuredHalves {
  const fitted = (image: RgbImage, name: string, { resized = resizedTo }: Coding): RgbImage =>
    resized(cutAsPlanned(image, plan, name), plan.size);
  const compare = (made: RgbImage, wanted: RgbImage): ImageMetrics =>
    codings.target.measured === 'pictures' ? compareImages(made, wanted) : compareNumbers(made as SeenImage, wanted as SeenImage);
  // Of an image that is seen as something else, such as L of it, the result wants the image itself: it is kept beside.
  const own = new WeakMap<RgbImage, RgbImage>();
  const given = (pair: ImagePair): RgbImage => own.get(pair[source]) ?? pair[source];
  return {
    fit(pair) {
      const image = fitted(pair[source], pair.name, codings.source);
      const seen = codings.source.see(image);
      own.set(seen, image);
      return { ...pair, [source]: seen, [target]: codings.target.see(fitted(pair[target], pair.name, codings.target)) } as ImagePair;
    },
    given,
    compare,
    async scoreMean(train, measured, onProgress) {
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
      return averageMetrics(
        measured.map((pair) => compare({ ...codings.target.show(answer, given(pair)), values: answer.values }, pair[target])),
      );
    },
  };
}
