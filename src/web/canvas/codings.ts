import { argmax, embedding } from '../../autograd/ops.js';
import { described } from '../../checks.js';
import type { Coding } from '../../data/codings/coding.js';
import type { Codings } from '../../data/codings/options.js';
import { createImage, type RgbImage } from '../../data/image.js';
import type { Palette } from '../../data/palettes/palette.js';
import { networkNumbers } from '../../data/pixel-values.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { imageToFloat } from '../../kernels/image.js';
import { imageToClasses } from '../../kernels/pixels.js';
import type { Generator } from '../../models/kind.js';
import { Tensor } from '../../tensor/tensor.js';
import type { PixelPath } from './intake.js';

/** How an image of bytes becomes what a generator takes. */
export interface Entrance {
  /** Channels of the image of bytes. */
  readonly channels: 1 | 3;
  /** Whether it is to have the sides of what the generator takes; of a label map no colours may be mixed. */
  readonly isResized: boolean;
  /** 'host' where its pixels are read back to be coded. */
  readonly path: PixelPath;
  /** @param input [1, height, width, channels of the generator] */
  fill(bytes: Tensor, input: Tensor): void | Promise<void>;
  dispose(): void;
}

/** How what a generator makes becomes an image to show. */
export interface Exit {
  /** What is recorded after the generator. @returns [1, height, width, 1 or 3], unless the host shows it */
  record(made: Tensor): Tensor;
  /**
   * Makes the picture in the program's memory, where the device cannot.
   *
   * @param given the image that it was made of, of its sides
   */
  readonly show: ((made: Float32Array, given: RgbImage) => RgbImage) | null;
  dispose(): void;
}

const nothing = (): void => undefined;

/**
 * How images come into a generator.
 *
 * @throws INVALID_ARGUMENT for a palette that is missing, too large or useless, and for a coding of more than pictures have
 */
export function entranceOf(gpu: Gpu, generator: Generator, codings: Codings | null, named: Palette | undefined): Entrance {
  const coding = codings?.source;
  if (named !== undefined && (!coding || coding.palette || coding.kept !== 'classes')) throw uselessPalette();
  if (!coding || coding.kept === 'bytes') {
    const channels = generator.inChannels as 1 | 3;
    return { channels, isResized: true, path: 'device', fill: (bytes, input) => void imageToFloat(bytes, input), dispose: nothing };
  }
  if (coding.kept === 'classes') return classesEntrance(gpu, coding, named);
  expectSeen(coding);
  return {
    channels: 3,
    isResized: true,
    path: 'host',
    async fill(bytes, input) {
      const image = await imageOfTensor(bytes);
      input.write(networkNumbers(coding.see(image).values));
    },
    dispose: nothing,
  };
}

function classesEntrance(gpu: Gpu, { channels, palette: own }: Coding, named: Palette | undefined): Entrance {
  const palette = expectPalette(own ?? named, channels);
  const classes = palette.classes.map(({ colour }) => colour);
  const words = Uint8Array.from([...classes, ...palette.ignored].flatMap((colour) => [...colour, 0]));
  const colours = Tensor.fromBytes(gpu, words, [words.length / 4, 4], 'colours of a palette').keep();
  const compared = { colours, classes: classes.length };
  return {
    channels: 3,
    isResized: false,
    path: 'device',
    fill: (bytes, input) => imageToClasses(bytes, compared, input),
    dispose: () => colours.dispose(),
  };
}

/** How what a generator makes comes out. */
export function exitOf(gpu: Gpu, codings: Codings | null): Exit {
  const coding = codings?.target;
  if (!coding || coding.kept === 'bytes') return { record: (made) => made, show: null, dispose: nothing };
  if (coding.palette) return paletteExit(gpu, coding.palette);
  // The first three channels as colours, or the first as grey, which is what such a coding shows.
  if (coding.measured === 'numbers')
    return { record: (made) => made.sliceChannels(0, coding.channels < 3 ? 1 : 3), show: null, dispose: nothing };
  return {
    record: (made) => made,
    show(data, given) {
      const { width, height } = given;
      return coding.show({ ...createImage(width, height), values: { kind: 'numbers', channels: coding.channels, data } }, given);
    },
    dispose: nothing,
  };
}

/** The class of a pixel is the channel that is largest, and its colour is looked up. */
function paletteExit(gpu: Gpu, { classes }: Palette): Exit {
  const numbers = Float32Array.from(classes.flatMap(({ colour }) => colour.map((byte) => byte / 127.5 - 1)));
  const table = Tensor.from(gpu, numbers, [classes.length, 3], 'colours of a palette').keep();
  return { record: (made) => embedding(argmax(made, { axis: -1 }), table), show: null, dispose: () => table.dispose() };
}

/** Reads an image of three bytes a pixel back. */
export async function imageOfTensor(bytes: Tensor): Promise<RgbImage> {
  const [, height, width] = bytes.shape as [number, number, number, number];
  return { width, height, data: await bytes.bytes() };
}

function expectPalette(palette: Palette | undefined, channels: number): Palette {
  const isPalette = Array.isArray(palette?.classes) && Array.isArray(palette.ignored);
  if (isPalette && palette.classes.length <= channels) return palette;
  throw new ShadegradError('INVALID_ARGUMENT', 'palette of a CanvasTranslator', {
    expected: `the palette whose colours stand for the ${channels} classes that the generator takes: at most as many`,
    received: isPalette ? `one of ${palette.classes.length} classes` : described(palette),
    fix: 'give the palette that label maps are drawn with, such as PALETTES.facades or what paletteOf() makes',
  });
}

const uselessPalette = (): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', 'palette of a CanvasTranslator', {
    expected: 'none for a generator that takes no classes, or whose coding has a palette of its own',
    received: 'a palette',
    fix: 'leave it out; codings say that a generator takes classes: codingsOf({ oneHot })',
  });

/** @throws INVALID_ARGUMENT for a coding that sees more in an image than its colours */
function expectSeen(coding: Coding): void {
  try {
    coding.see(createImage(1, 1));
  } catch (cause) {
    throw new ShadegradError('INVALID_ARGUMENT', 'codings of a CanvasTranslator', {
      expected: 'a source that is made of colours: pictures, label maps or CIELAB',
      received: coding.title,
      fix: 'use a Translator with images that have such values, and toCanvas() to show its results',
      cause,
    });
  }
}
