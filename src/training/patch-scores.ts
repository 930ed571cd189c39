import { expectImage, type RgbImage } from '../data/image.js';
import { greyImage, imageBytes } from '../data/grey.js';
import { ShadegradError } from '../errors.js';
import { noGrad } from '../autograd/graph.js';
import { concat } from '../autograd/ops.js';
import type { Gpu } from '../gpu/gpu.js';
import { imageToFloat } from '../kernels/image.js';
import type { Network } from '../models/kind.js';
import { Tensor } from '../tensor/tensor.js';

/** What a discriminator's numbers mean: logits of a probability, or scores of which 1 is meant for real and 0 for generated images. */
export type VerdictKind = 'logits' | 'scores';

/** Options of patchScores(). */
export interface PatchScoresOptions {
  /** Channels of each picture, 3 (colours) or 1 (its luminance). Default: as many as the discriminator takes, shared evenly. */
  readonly channels?: readonly number[];
  /** What its numbers mean. Default 'logits': each goes through a sigmoid. */
  readonly verdict?: VerdictKind;
}

/** How real a discriminator takes each patch of an image for. */
export interface PatchScores {
  /** Patches in a row. */
  readonly width: number;
  /** Rows of patches. */
  readonly height: number;
  /** For each patch, row by row, from 0 (taken for generated) to 1 (taken for real). */
  readonly scores: Float32Array;
  /** Their mean. */
  readonly mean: number;
  /** The side in pixels of the square that each patch is; undefined where the network does not say. */
  readonly receptiveField: number | undefined;
  /** Pixels from the middle of a patch to that of the next; by the sizes, where the network does not say. */
  readonly stride: number;
}

/** What a network that judges patches says of them. */
interface Patches {
  readonly receptiveField?: number;
  readonly patchStride?: number;
}

/**
 * Judges every patch of an image by a discriminator: how real it takes each for. Norms go by the image's own statistics, as in training
 * with a batch of one; nothing about the network changes, its running statistics included.
 *
 * @param gpu that the discriminator is on
 * @param discriminator whose output is a map of numbers, [1, rows, columns, 1]
 * @param pictures what it sees, of one size: what was translated, if it is conditional, then the image that is judged
 * @throws INVALID_ARGUMENT for pictures that do not make up its channels, and for a network whose output is no such map; SHAPE_MISMATCH for
 *   pictures of different sizes or too small; OUT_OF_MEMORY, SHADER_COMPILE
 */
export async function patchScores(
  gpu: Gpu,
  discriminator: Network,
  pictures: readonly RgbImage[],
  { channels = evenly(discriminator, pictures), verdict = 'logits' }: PatchScoresOptions = {},
): Promise<PatchScores> {
  for (const [at, picture] of pictures.entries()) expectImage(picture, `picture ${at + 1} of patchScores()`);
  const [first] = pictures;
  if (!first || channels.length !== pictures.length || !channels.every((count) => count === 1 || count === 3)) {
    throw refused('pictures of patchScores()', 'one or more, each of 1 or 3 channels', `${pictures.length}, of ${channels.join(', ')}`);
  }
  const { width, height } = first;
  const result = gpu.scope(() =>
    noGrad(() => {
      const images = pictures.map((picture, at) => {
        const count = channels[at] as 1 | 3;
        return imageToFloat(
          Tensor.fromBytes(gpu, imageBytes(picture, count), [1, picture.height, picture.width, count], 'picture to judge'),
        );
      });
      const seen = images.length === 1 ? images[0]! : concat(images);
      return discriminator.forward(seen, { training: false, statistics: 'batch', dropout: false });
    }),
  );
  try {
    const [batch, rows, columns, depth] = result.shape;
    if (result.shape.length !== 4 || batch !== 1 || depth !== 1) {
      throw refused('discriminator of patchScores()', 'one whose output is [1, rows, columns, 1]', `[${result.shape.join(', ')}]`);
    }
    const values = await result.data();
    const scores = Float32Array.from(values as Float32Array, (value) =>
      verdict === 'logits' ? 1 / (1 + Math.exp(-value)) : Math.min(Math.max(value, 0), 1),
    );
    const { receptiveField, patchStride } = discriminator as unknown as Patches;
    const stride = patchStride ?? 2 ** Math.floor(Math.log2(Math.max(1, Math.min(width / columns!, height / rows!))));
    const mean = scores.reduce((sum, each) => sum + each, 0) / scores.length;
    return { width: columns!, height: rows!, scores, mean, receptiveField, stride };
  } finally {
    result.dispose();
  }
}

/** Channels of each picture, when they are alike. */
function evenly(discriminator: Network, pictures: readonly RgbImage[]): number[] {
  const { inChannels = 0 } = discriminator.options as { readonly inChannels?: number };
  return pictures.map(() => inChannels / pictures.length);
}

const refused = (what: string, expected: string, received: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, {
    expected,
    received,
    fix: 'give a PatchGAN or PixelGAN the pictures that it was trained on',
  });

/** Colours from 0 to 1: violet, through red, to yellow. Each is lighter than the one before, so that it can be read in grey, too. */
const HEAT = [
  [40, 10, 110],
  [125, 25, 125],
  [205, 55, 75],
  [245, 135, 25],
  [255, 235, 90],
] as const;
/** Of the heat in the picture; the rest is its luminance. */
const SHARE = 0.65;

/** The colour of a score. */
function heatOf(score: number): readonly number[] {
  const place = Math.min(Math.max(score, 0), 1) * (HEAT.length - 1);
  const at = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[at]!.map((low, channel) => low + (HEAT[at + 1]![channel]! - low) * (place - at));
}

/**
 * Lays the scores of an image's patches over it: yellow where the discriminator takes it for real, violet where it takes it for
 * generated. Between the middles of patches scores are interpolated; towards the borders the outermost stay.
 */
export function patchOverlay(image: RgbImage, { width, height, scores, stride }: Omit<PatchScores, 'mean' | 'receptiveField'>): RgbImage {
  const { data } = greyImage(image);
  const places = (length: number, patches: number): [low: number, high: number, share: number][] =>
    Array.from({ length }, (_, pixel) => {
      const place = Math.min(Math.max((pixel - (length - 1) / 2) / stride + (patches - 1) / 2, 0), patches - 1);
      const low = Math.floor(place);
      return [low, Math.min(low + 1, patches - 1), place - low];
    });
  const [across, down] = [places(image.width, width), places(image.height, height)];
  const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
  for (let y = 0, at = 0; y < image.height; y++) {
    const [above, below, lower] = down[y]!;
    for (let x = 0; x < image.width; x++, at += 3) {
      const [left, right, further] = across[x]!;
      const row = (of: number): number => mix(scores[of * width + left]!, scores[of * width + right]!, further);
      const heat = heatOf(mix(row(above), row(below), lower));
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(mix(data[at + c]!, heat[c]!, SHARE));
    }
  }
  return { width: image.width, height: image.height, data };
}
