import { ShadegradError } from '../../errors.js';
import { paletteOf } from '../palettes/registry.js';
import type { Coding } from './coding.js';
import { colours } from './colours.js';
import { labelMap } from './label-map.js';
import { chroma, lightness } from './lab.js';
import { numbers } from './numbers.js';
import { oneHot } from './one-hot.js';

/** The numbers that become -1 and 1: named, or all that the whole numbers of a file can be (255 or 65535). */
export type ValueRange = readonly [least: number, most: number] | 'full';

/** How a half of a pair is read, where that is not as an eight-bit picture. */
export type HalfReading =
  | { readonly kind: 'numbers'; readonly channels: number; readonly range: ValueRange }
  | { readonly kind: 'classes'; readonly count: number };

/** Options that say how images become the channels of networks, as a run keeps them. */
export interface CodingOptions {
  /** Channels of what is translated. Default 3. */
  inChannels?: number;
  /** Channels of the result. Default 3. */
  outChannels?: number;
  /** Of what is translated the numbers that become -1 and 1: `least,most`, or `full`. Default: eight-bit pictures. */
  inRange?: string;
  /** Of the result the numbers that become -1 and 1. */
  outRange?: string;
  /** Classes of the index maps that are translated, a channel each. Default: no index maps. */
  oneHot?: number;
  /** What networks see of colours: `lab` is L of what is translated, and a and b of the result. Default 'rgb'. */
  colourSpace?: string;
  /** The palette of the label maps that pictures are made into, by name or by its classes: a channel each. Default: pictures. */
  palette?: string;
}

const NAMES: Readonly<Record<keyof CodingOptions, 'number' | 'string'>> = {
  ...{ inChannels: 'number', outChannels: 'number', oneHot: 'number' },
  ...{ inRange: 'string', outRange: 'string', colourSpace: 'string', palette: 'string' },
};

/** The options of a run that say how its images are coded; what it has none of is null there, or missing. */
export const savedCodings = (options: Readonly<Record<string, unknown>>): CodingOptions =>
  Object.fromEntries(Object.entries(NAMES).flatMap(([name, type]) => (typeof options[name] === type ? [[name, options[name]]] : [])));

/** How both sides of a translation are coded. */
export interface Codings {
  /** Of what is translated. */
  readonly source: Coding;
  /** Of the result. */
  readonly target: Coding;
}

/** Reads a range, as `0,4096` or `full`; undefined for another text. */
export function parseRange(text: string): ValueRange | undefined {
  if (text === 'full') return text;
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [least = Number.NaN, most = Number.NaN] = parts;
  return parts.length === 2 && Number.isFinite(least) && Number.isFinite(most) && least < most ? [least, most] : undefined;
}

const isOfPictures = (channels: number): channels is 1 | 3 => channels === 1 || channels === 3;

/** How the two sides of a translation are read, where that is not as eight-bit pictures. */
export function readingsOf({ inChannels = 3, outChannels = 3, inRange, outRange, oneHot: classes, colourSpace, palette }: CodingOptions): {
  readonly source?: HalfReading;
  readonly target?: HalfReading;
} {
  if (colourSpace === 'lab' || palette !== undefined) return {};
  const ofNumbers = (channels: number, range: string | undefined): HalfReading | undefined =>
    range === undefined && isOfPictures(channels)
      ? undefined
      : { kind: 'numbers', channels, range: (range === undefined ? undefined : parseRange(range)) ?? 'full' };
  const source: HalfReading | undefined = classes === undefined ? ofNumbers(inChannels, inRange) : { kind: 'classes', count: classes };
  const target = ofNumbers(outChannels, outRange);
  return { ...(source && { source }), ...(target && { target }) };
}

/** How the sides of a translation are coded; null where both are eight-bit pictures, grey or in colours. */
export function codingsOf(options: CodingOptions): Codings | null {
  if (options.colourSpace === 'lab') return { source: lightness, target: chroma };
  if (options.palette !== undefined) return { source: colours(3), target: labelMap(paletteOf(options.palette)) };
  const { source, target } = readingsOf(options);
  if (!source && !target) return null;
  const codingOf = (reading: HalfReading | undefined, channels = 3): Coding =>
    reading === undefined ? colours(channels as 1 | 3) : reading.kind === 'classes' ? oneHot(reading.count) : numbers(reading.channels);
  return { source: codingOf(source, options.inChannels), target: codingOf(target, options.outChannels) };
}

/** How images are coded in words, such as `13 classes to colours`; nothing where all are eight-bit pictures. */
export function describeCodings(options: CodingOptions): string[] {
  const codings = codingsOf(options);
  return codings ? [`${codings.source.title} to ${codings.target.title}`] : [];
}

/** Options with the channels that follow from them. @throws INVALID_ARGUMENT for what does not go together */
export function completeCodings<O extends CodingOptions>(options: O): O {
  const { oneHot: classes, colourSpace, inChannels, outChannels, inRange, outRange } = options;
  const refuse = (option: string, expected: string, received: unknown): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `${option} of the training`, {
      expected,
      received: String(received),
      fix: 'leave one of the two out',
    });
  };
  if (colourSpace === 'lab') {
    if (classes !== undefined) refuse('oneHot', 'none with colourSpace lab', classes);
    if (inRange !== undefined) refuse('inRange', 'none with colourSpace lab, which has its own', inRange);
    if (outRange !== undefined) refuse('outRange', 'none with colourSpace lab, which has its own', outRange);
    if ((inChannels ?? 1) !== 1) refuse('inChannels', '1 with colourSpace lab: L', inChannels);
    if ((outChannels ?? 2) !== 2) refuse('outChannels', '2 with colourSpace lab: a and b', outChannels);
    return { ...options, inChannels: 1, outChannels: 2 };
  }
  if (classes === undefined) return options;
  if (inRange !== undefined) refuse('inRange', 'none with oneHot: index maps have no range', inRange);
  if ((inChannels ?? classes) !== classes) {
    throw new ShadegradError('INVALID_ARGUMENT', 'oneHot of the training', {
      expected: `${inChannels}, one for each channel of inChannels, or of the networks that it begins with`,
      received: String(classes),
      fix: 'give as many classes as there are channels, or leave inChannels out and begin with other networks',
    });
  }
  return { ...options, inChannels: classes };
}

/** Numbers in [-1, 1] in their own range; of `full`, which each file has its own of, from 0 to 1. */
export function inRange(data: Float32Array, range: ValueRange): Float32Array {
  const [least, most] = range === 'full' ? [0, 1] : range;
  return data.map((value) => least + ((value + 1) / 2) * (most - least));
}
