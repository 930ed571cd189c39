import { noGrad } from '../autograd/graph.js';
import { greyImage, imageBytes, imageOfBytes } from '../data/grey.js';
import { expectImage, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { expectOptions, expectWord } from '../checks.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import type { Generator, ImageSizes, LabelledGenerator } from '../models/kind.js';
import { withLabels } from '../models/labels.js';
import { labelCount } from '../models/registry.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * The size at which images go through a generator. A number is the side of a square; sides are such as the generator takes, as its
 * `imageSizes` say. 'image' is each image's own size: a side that is no multiple is resized to the nearest one for the
 * network, and the result is resized back.
 */
export type TranslatedSize = 'image' | number | readonly [width: number, height: number];

/** Options of Translator.create(): the size of the images, and how the generator is run. */
export interface TranslatorOptions {
  /**
   * Whether dropout drops at test time, as the paper has it: the source of variety, where a network draws no random numbers. Default true.
   */
  dropout?: boolean;
  /** The statistics that norms use: those of the image itself, as in the paper, or those gathered while training. Default 'batch'. */
  statistics?: 'batch' | 'running';
  /**
   * The size at which images go through the generator. A network that was trained on larger images wants theirs. Default: the
   * generator's own size.
   */
  size?: TranslatedSize;
}

/** A network needs hundreds of bytes for each of an image's pixels: more of them than this no device has memory for. */
const MOST_PIXELS = 2 ** 27;

/** An image as a translator's generator takes it, made by `fit()`: worth keeping where the same image is translated several times. */
export interface FittedImage {
  /** Tells it from an image. */
  readonly kind: 'fitted';
  /** Sides of the image that it was made of. */
  readonly own: readonly [width: number, height: number];
  /** Width of what the generator takes. */
  readonly width: number;
  /** Height of what the generator takes. */
  readonly height: number;
  /** Its pixels, a byte for each channel that the generator takes. */
  readonly bytes: Uint8Array;
}

/** A generator recorded for images of one size. */
interface Stage {
  readonly width: number;
  readonly height: number;
  readonly input: Tensor;
  /** [1, labels], of a generator that takes some. */
  readonly labels: Tensor | null;
  readonly output: Tensor;
  readonly recording: Recording;
}

/**
 * A translator of single images: runs a generator on them, recorded once for each size. Images have three channels: a generator of one
 * takes their luminance (ITU-R BT.601) and gives grey images.
 */
export class Translator {
  private stage: Stage | null = null;
  /** The translation in progress: each waits for the one before it. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly gpu: Gpu,
    private readonly generator: Generator | LabelledGenerator,
    private readonly options: Required<TranslatorOptions>,
  ) {}

  /**
   * Records the generator's work on one image.
   *
   * @param gpu that the generator is on
   * @param generator it stays the caller's
   * @throws INVALID_ARGUMENT for a size that the generator does not take, other channels than 1 or 3, or a generator on no device;
   *   LIMIT_EXCEEDED for too many pixels; OUT_OF_MEMORY, SHADER_COMPILE; nothing is left allocated then
   */
  static async create(gpu: Gpu, generator: Generator | LabelledGenerator, options: TranslatorOptions = {}): Promise<Translator> {
    expectOptions('Translator.create', options, ['dropout', 'statistics', 'size']);
    const { dropout = true, statistics = 'batch', size = generator.imageSizes.own } = options;
    expectChoice('dropout of a Translator', dropout, [true, false]);
    expectChoice('statistics of a Translator', statistics, ['batch', 'running']);
    for (const channels of [generator.inChannels, generator.outChannels]) {
      if (channels === 1 || channels === 3) continue;
      throw new ShadegradError('INVALID_ARGUMENT', 'channels of a generator to translate images with', {
        expected: '1 (grey) or 3 (colours)',
        received: `${generator.inChannels} -> ${generator.outChannels}`,
        fix: 'call forward() on tensors of these channels',
      });
    }
    const translator = new Translator(gpu, generator, { dropout, statistics, size });
    if (size !== 'image') await translator.stageFor(...sidesOf(size, generator.imageSizes));
    return translator;
  }

  /**
   * Makes an image ready for the generator: grey where that takes one channel, and resized. `translate()` does it with every image; what
   * this gives may be translated any number of times.
   *
   * @param image any size; resized (bicubic) to the size of the options
   * @throws IMAGE_SIZE for data that are not those of the image's sides; INVALID_ARGUMENT for what is no image, or fitted already
   */
  fit(image: RgbImage): FittedImage {
    if (isFitted(image)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'image to fit', {
        expected: 'an image { width, height, data }',
        received: 'one that fit() has made',
        fix: 'give it to translate() as it is',
      });
    }
    expectImage(image, 'the image to translate');
    const [width, height] = this.sidesFor(image.width, image.height);
    const { inChannels } = this.generator;
    // Luminance first, as the PyTorch reference has it: resizing rounds.
    const seen = inChannels === 1 ? greyImage(image) : image;
    const bytes = imageBytes(resized(seen, width, height), inChannels as 1 | 3);
    return { kind: 'fitted', own: [image.width, image.height], width, height, bytes };
  }

  /**
   * Translates one image.
   *
   * @param image as fit() takes or gives it
   * @param seed chooses the dropout masks and random numbers, from 0 to 2^32 - 1; the same seed gives the same picture
   * @param labels what the image is to become, for a generator that takes labels: a number for each, such as 0 or 1
   * @returns an image of the size of the options; with 'image', of the size it came in
   * @throws IMAGE_SIZE for data that are not those of the image's sides, and for an image that another translator has fitted to another
   *   size; INVALID_ARGUMENT for what is no image, for a seed that is no whole number from 0 to
   *   2^32 - 1, and for other labels than the generator takes; with 'image', also as create(): LIMIT_EXCEEDED, OUT_OF_MEMORY
   */
  translate(image: RgbImage | FittedImage, seed = 0, labels: readonly number[] = []): Promise<RgbImage> {
    const result = this.last.then(() => this.run(image, seed, labels));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async run(image: RgbImage | FittedImage, seed: number, wanted: readonly number[]): Promise<RgbImage> {
    const { own, width, height, bytes } = isFitted(image) ? this.expectOwn(image) : this.fit(image);
    expectWord('seed of a translation', seed);
    expectWanted(this.generator, wanted);
    const { generator, options } = this;
    const { input, labels, output, recording } = await this.stageFor(width, height);
    input.writeBytes(bytes);
    labels?.write(Float32Array.from(wanted));
    generator.advanceDropout(seed);
    recording.run();
    const result = imageOfBytes(await output.bytes(), width, height, generator.outChannels as 1 | 3);
    return options.size === 'image' ? resized(result, ...own) : result;
  }

  /** Width and height at which the generator takes an image of these sides. */
  private sidesFor(width: number, height: number): [width: number, height: number] {
    const {
      generator: { imageSizes },
      options: { size },
    } = this;
    return size === 'image' ? [nearest(width, imageSizes), nearest(height, imageSizes)] : sidesOf(size, imageSizes);
  }

  /** @throws IMAGE_SIZE for an image that was made ready for another generator, or for another size */
  private expectOwn(image: FittedImage): FittedImage {
    const [width, height] = this.sidesFor(...image.own);
    const { inChannels } = this.generator;
    if (image.width === width && image.height === height && image.bytes.length === width * height * inChannels) return image;
    throw new ShadegradError('IMAGE_SIZE', 'fitted image to translate', {
      expected: `one of ${width} x ${height} x ${inChannels}, as fit() of this translator makes it`,
      received: `${image.width} x ${image.height} with ${image.bytes.length} bytes`,
      fix: 'call fit() of the translator that is to translate it',
    });
  }

  private async stageFor(width: number, height: number): Promise<Stage> {
    if (this.stage?.width === width && this.stage.height === height) return this.stage;
    if (width * height > MOST_PIXELS) {
      throw new ShadegradError('LIMIT_EXCEEDED', 'size of an image to translate', {
        expected: `at most ${MOST_PIXELS} pixels`,
        received: `${width} x ${height}`,
        fix: 'make the image smaller, or cut it into parts',
      });
    }
    this.dispose();
    const {
      gpu,
      generator,
      options: { dropout, statistics },
    } = this;
    const { inChannels } = generator;
    const shape = [1, height, width, inChannels];
    const input = Tensor.fromBytes(gpu, new Uint8Array(width * height * inChannels), shape, 'image to translate').keep();
    const count = labelCount(generator);
    const labels = count === 0 ? null : Tensor.from(gpu, new Float32Array(count), [1, count], 'labels of an image to translate').keep();
    try {
      const { recording, result } = await gpu.record(() =>
        noGrad(() => {
          const image = imageToFloat(input);
          return floatToImage(generator.forward(labels ? withLabels(image, labels) : image, { training: false, statistics, dropout }));
        }),
      );
      return (this.stage = { width, height, input, labels, output: result.keep(), recording });
    } catch (error) {
      labels?.dispose();
      input.dispose();
      throw error;
    }
  }

  /**
   * Gives back the memory of the step; the generator stays. A translation that is asked for later takes it again, and needs a dispose().
   */
  dispose(): void {
    const { stage } = this;
    this.stage = null;
    stage?.recording.destroy();
    stage?.input.dispose();
    stage?.labels?.dispose();
    stage?.output.dispose();
  }
}

const isFitted = (image: RgbImage | FittedImage): image is FittedImage => (image as FittedImage | null)?.kind === 'fitted';

/** @throws INVALID_ARGUMENT for other labels than a generator takes */
function expectWanted(generator: Generator, wanted: readonly number[]): void {
  const count = labelCount(generator);
  if (wanted.length === count && wanted.every(Number.isFinite)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'labels of an image to translate', {
    expected: count === 0 ? 'none, as the generator takes none' : `${count} finite numbers, one for each label that the generator takes`,
    received: wanted.length === 0 ? 'none' : wanted.join(', ').slice(0, 80),
    fix: count === 0 ? 'leave them out' : 'say what the image is to become: translate(image, seed, labels)',
  });
}

function expectChoice(what: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice))).join(' or '),
    received: String(value),
    fix: 'use one of these, or leave it out',
  });
}

/** Width and height of a size that is the same for all images. @throws INVALID_ARGUMENT */
export function sidesOf(size: Exclude<TranslatedSize, 'image'>, sizes: ImageSizes): [width: number, height: number] {
  const { multipleOf: multiple, least } = sizes;
  if (typeof size !== 'number' && !Array.isArray(size)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'size of images for this generator', {
      expected: `'image', a multiple of ${multiple}, or [width, height] of such`,
      received: typeof size === 'string' ? `'${String(size)}'` : String(size),
      fix: "use 'image' for each image's own size, or leave it out for the generator's",
    });
  }
  const sides: readonly number[] = typeof size === 'number' ? [size, size] : size;
  const fits = (side: number): boolean => Number.isSafeInteger(side) && side >= least && side % multiple === 0;
  if (sides.length === 2 && sides.every(fits)) return [sides[0]!, sides[1]!];
  const near = sides
    .slice(0, 2)
    .map((side) => (Number.isFinite(side) ? nearest(side, sizes) : sizes.own))
    .join(' x ');
  throw new ShadegradError('INVALID_ARGUMENT', 'size of images for this generator', {
    expected: `multiples of ${multiple}${least > multiple ? ` from ${least} on` : ''}, which its levels halve to whole pixels`,
    received: sides.slice(0, 4).join(' x '),
    fix: `choose ${near}`,
  });
}

/** The side that the generator takes nearest to a length. */
const nearest = (length: number, { multipleOf, least }: ImageSizes): number =>
  Math.max(least, Math.round(length / multipleOf) * multipleOf);

function resized(image: RgbImage, width: number, height: number): RgbImage {
  return image.width === width && image.height === height ? image : resizeBicubic(image, width, height);
}
