import { noGrad } from '../autograd/graph.js';
import type { SeenImage } from '../data/codings/coding.js';
import type { Codings } from '../data/codings/options.js';
import { greyImage, imageBytes, imageOfBytes } from '../data/grey.js';
import { createImage, expectImage, type RgbImage } from '../data/image.js';
import { networkNumbers } from '../data/pixel-values.js';
import { resizedTo } from '../data/resize.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { expectOptions, expectWord } from '../checks.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import type { Generator, LabelledGenerator } from '../models/kind.js';
import { withLabels } from '../models/labels.js';
import { labelCount } from '../models/registry.js';
import { Tensor } from '../tensor/tensor.js';
import { ENSEMBLES, meanImages, type EnsembleName } from './ensembles.js';
import type { FitPlan, FitRequest } from './fits/kind.js';
import { FITS, type FitName } from './fits/registry.js';
import { sidesOf, type TranslatedSize } from './fits/sides.js';

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
  /**
   * How an image of another size goes through: 'resize' to `size`; 'pad', reflected at its borders up to what the generator takes, and the
   * result cropped; or 'tiles' that overlap, blended. The results of the last two have the size of the image. Default 'resize'.
   */
  fit?: FitName;
  /** Sides of a tile, such as the generator takes. Default: its own size. */
  tile?: number | readonly [width: number, height: number];
  /**
   * Pixels that neighbouring tiles share at least, less than half of a tile: the outer quarter of them is thrown away, the inner half
   * blended. Default: a quarter of a tile's shorter side.
   */
  overlap?: number;
  /** What the mean of several results is made of: 'mirror', of the image and of its mirror image. Default: none. */
  ensemble?: EnsembleName;
  /**
   * How images become the channels of the generator, and its results pictures, where they are more than eight-bit colours: results
   * then have `values`, the generator's numbers. Default: images of 1 or 3 channels.
   */
  codings?: Codings | null | undefined;
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
  /** Its pixels, a byte for each channel that the generator takes; none where it has values. */
  readonly bytes: Uint8Array;
  /** What the generator sees of it, where that is more than eight-bit colours, and the image itself. */
  readonly coded?: { readonly seen: SeenImage; readonly image: RgbImage };
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
 * takes their luminance (ITU-R BT.601) and gives grey images. With `codings`, images are index maps, arrays or CIELAB.
 */
export class Translator {
  private stage: Stage | null = null;
  /** The translation in progress: each waits for the one before it. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly gpu: Gpu,
    private readonly generator: Generator | LabelledGenerator,
    private readonly options: Pick<Required<TranslatorOptions>, 'dropout' | 'statistics'>,
    private readonly way: { readonly fit: FitName; readonly ensemble: EnsembleName | undefined; readonly request: FitRequest },
    private readonly codings: Codings | null,
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
    const names = ['dropout', 'statistics', 'size', 'fit', 'tile', 'overlap', 'ensemble', 'codings'] as const;
    expectOptions('Translator.create', options, names);
    const { imageSizes: sizes } = generator;
    const { dropout = true, statistics = 'batch', fit = 'resize', ensemble, tile: asked = sizes.own } = options;
    expectChoice('dropout of a Translator', dropout, [true, false]);
    expectChoice('statistics of a Translator', statistics, ['batch', 'running']);
    expectChoice('fit of a Translator', fit, Object.keys(FITS));
    if (ensemble !== undefined) expectChoice('ensemble of a Translator', ensemble, Object.keys(ENSEMBLES));
    const { takesSize, takesTile } = FITS[fit];
    if (!takesSize && ![undefined, 'image'].includes(options.size as undefined)) throw needless('size', fit, 'takesSize');
    if (!takesTile && (options.tile ?? options.overlap) !== undefined) throw needless('tile and overlap', fit, 'takesTile');
    // Not `??`: null is no size, and refused as any other that is none.
    const { size = takesSize ? sizes.own : 'image' } = options;
    const tile = sidesOf(asked, sizes);
    const overlap = options.overlap ?? Math.floor(Math.min(...tile) / 4);
    if (!Number.isInteger(overlap) || overlap < 0 || 2 * overlap >= Math.min(...tile)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'overlap of tiles', {
        expected: `whole pixels, less than half of a tile of ${tile.join(' x ')}`,
        received: String(overlap),
        fix: 'take a smaller one or larger tiles, or leave it out for a quarter',
      });
    }
    const { codings = null } = options;
    const coded = codings && [codings.source.channels, codings.target.channels];
    for (const [at, channels] of [generator.inChannels, generator.outChannels].entries()) {
      if (coded ? channels === coded[at] : channels === 1 || channels === 3) continue;
      throw new ShadegradError('INVALID_ARGUMENT', 'channels of a generator to translate images with', {
        expected: coded ? `${coded.join(' -> ')}, those of its codings` : '1 (grey) or 3 (colours), or codings of these channels',
        received: `${generator.inChannels} -> ${generator.outChannels}`,
        fix: 'call forward() on tensors of these channels',
      });
    }
    const request: FitRequest = { size, tile, overlap, sizes };
    const piece = FITS[fit].fixedPiece(request);
    const translator = new Translator(gpu, generator, { dropout, statistics }, { fit, ensemble, request }, codings);
    if (piece) await translator.stageFor(...piece);
    return translator;
  }

  /**
   * Makes an image ready for the generator: grey where that takes one channel, and resized. `translate()` does it with every image; what
   * this gives may be translated any number of times.
   *
   * @param image any size; made ready as the options say
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
    const plan = this.planFor([image.width, image.height]);
    const { inChannels } = this.generator;
    const sides = { own: [image.width, image.height], width: plan.fitted[0], height: plan.fitted[1] } as const;
    if (this.codings) {
      const seen = this.codings.source.see(plan.prepare(image));
      return { kind: 'fitted', ...sides, bytes: new Uint8Array(0), coded: { seen, image } };
    }
    // Luminance first, as the PyTorch reference has it: resizing rounds.
    const seen = inChannels === 1 ? greyImage(image) : image;
    const bytes = imageBytes(plan.prepare(seen), inChannels as 1 | 3);
    return { kind: 'fitted', ...sides, bytes };
  }

  /**
   * Translates one image.
   *
   * @param image as fit() takes or gives it
   * @param seed chooses the dropout masks and random numbers, from 0 to 2^32 - 1; the same seed gives the same picture
   * @param labels what the image is to become, for a generator that takes labels: a number for each, such as 0 or 1
   * @returns an image of the size of the options; with 'image', padded or in tiles, of the size it came in
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
    const { own, width, height, bytes, coded } = isFitted(image) ? this.expectOwn(image) : this.fit(image);
    expectWord('seed of a translation', seed);
    expectWanted(this.generator, wanted);
    const views = this.way.ensemble && ENSEMBLES[this.way.ensemble].views;
    const through = (piece: RgbImage): Promise<RgbImage> => this.runPiece(piece, seed, wanted);
    const fitted = coded?.seen ?? imageOfBytes(bytes, width, height, this.generator.inChannels as 1 | 3);
    const result = await this.planFor(own).run(fitted, async (piece) => {
      if (views === undefined) return through(piece);
      const results: RgbImage[] = [];
      for (const { there, back } of views) results.push(back(await through(there(piece))));
      return meanImages(results);
    });
    if (!this.codings || !coded) return result;
    const made = result as SeenImage;
    const given = resizedTo(coded.image, [made.width, made.height]);
    return { ...this.codings.target.show(made, given), values: made.values };
  }

  /** What the generator makes of a piece of an image that is ready. */
  private async runPiece(piece: RgbImage, seed: number, wanted: readonly number[]): Promise<RgbImage> {
    const { generator } = this;
    const { width, height } = piece;
    const { input, labels, output, recording } = await this.stageFor(width, height);
    if (this.codings) input.write(networkNumbers((piece as SeenImage).values));
    else input.writeBytes(imageBytes(piece, generator.inChannels as 1 | 3));
    labels?.write(Float32Array.from(wanted));
    generator.advanceDropout(seed);
    recording.run();
    if (this.codings) {
      const values = { kind: 'numbers', channels: generator.outChannels, data: await output.data() } as const;
      return { ...createImage(width, height), values };
    }
    return imageOfBytes(await output.bytes(), width, height, generator.outChannels as 1 | 3);
  }

  /** How an image of these sides goes through the generator. */
  private planFor(own: readonly [width: number, height: number]): FitPlan {
    return FITS[this.way.fit].plan(own, this.way.request);
  }

  /** @throws IMAGE_SIZE for an image that was made ready for another generator, or for another size */
  private expectOwn(image: FittedImage): FittedImage {
    const [width, height] = this.planFor(image.own).fitted;
    const { inChannels } = this.generator;
    const isOfSize = image.width === width && image.height === height;
    if (isOfSize && this.codings && image.coded) return image;
    if (isOfSize && !this.codings && image.bytes.length === width * height * inChannels) return image;
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
    const isCoded = this.codings !== null;
    const input = (
      isCoded
        ? Tensor.from(gpu, new Float32Array(width * height * inChannels), shape, 'image to translate')
        : Tensor.fromBytes(gpu, new Uint8Array(width * height * inChannels), shape, 'image to translate')
    ).keep();
    const count = labelCount(generator);
    const labels = count === 0 ? null : Tensor.from(gpu, new Float32Array(count), [1, count], 'labels of an image to translate').keep();
    try {
      const { recording, result } = await gpu.record(() =>
        noGrad(() => {
          const image = isCoded ? input : imageToFloat(input);
          const made = generator.forward(labels ? withLabels(image, labels) : image, { training: false, statistics, dropout });
          return isCoded ? made : floatToImage(made);
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
export function expectWanted(generator: Generator, wanted: readonly number[]): void {
  const count = labelCount(generator);
  if (wanted.length === count && wanted.every(Number.isFinite)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'labels of an image to translate', {
    expected: count === 0 ? 'none, as the generator takes none' : `${count} finite numbers, one for each label that the generator takes`,
    received: wanted.length === 0 ? 'none' : wanted.join(', ').slice(0, 80),
    fix: count === 0 ? 'leave them out' : 'say what the image is to become, in labels',
  });
}

/** The error of an option that a way of fitting does not go by. */
function needless(option: string, fit: FitName, key: 'takesSize' | 'takesTile'): ShadegradError {
  const ways = Object.entries(FITS).filter(([, way]) => way[key]);
  return new ShadegradError('INVALID_ARGUMENT', `${option} of a Translator`, {
    expected: `none with fit '${fit}'${key === 'takesSize' ? ", or 'image'" : ''}`,
    received: 'one',
    fix: `leave it out, or choose fit ${ways.map(([name]) => `'${name}'`).join(' or ')}`,
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
