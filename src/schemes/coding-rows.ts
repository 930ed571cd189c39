import { codingsOf, parseRange, readingsOf, type CodingOptions, type HalfReading } from '../data/codings/options.js';
import type { Coding } from '../data/codings/coding.js';
import { resizedTo } from '../data/resize.js';
import { whole, type OptionRow } from '../training/option-table.js';
import type { ImageSide } from '../training/scheme.js';

/** Channels that a network may have at either end. */
const MOST_CHANNELS = 256;

/** The rows of the options that say how images become the channels of networks. */
export const CODING_ROWS = {
  inChannels: channelsRow('input_nc', 'what is translated', ', or those of --one-hot'),
  outChannels: channelsRow('output_nc', 'the result', ''),
  inRange: rangeRow('what is translated'),
  outRange: rangeRow('the results'),
  oneHot: {
    optional: true,
    fits: whole(2, MOST_CHANNELS),
    expected: `a whole number of classes from 2 to ${MOST_CHANNELS}`,
    fix: 'leave it out for pictures',
    flag: {
      group: 'Data',
      type: 'integer',
      min: 2,
      max: MOST_CHANNELS,
      description:
        'what is translated are index maps of so many classes (palette PNGs, grey pictures or arrays of 0 to N-1): a channel for ' +
        'each, 1 for the class of a pixel and -1 for all others; resized by the nearest pixel',
    },
  },
  colourSpace: {
    optional: true,
    fix: "leave it out for 'rgb'",
    flag: {
      group: 'Data',
      reference: ['dataset_mode'],
      type: 'choice',
      choices: ['rgb', 'lab'],
      description:
        'lab: what is translated is the lightness L of CIELAB, and the result its a and b, which are joined with that L (--make lab ' +
        'trains so on single photos); rgb',
    },
  },
} as const satisfies Record<Exclude<keyof CodingOptions, 'palette'>, OptionRow>;

function channelsRow(reference: string, what: string, besides: string): OptionRow {
  return {
    optional: true,
    fits: whole(1, MOST_CHANNELS),
    expected: `a whole number of channels from 1 to ${MOST_CHANNELS}`,
    fix: 'leave it out for 3',
    flag: {
      group: 'Data',
      reference: [reference],
      type: 'integer',
      min: 1,
      max: MOST_CHANNELS,
      description: `channels of ${what}: 3 for colours, 1 for grey, any number of arrays and pictures with so many; 3${besides}`,
    },
  };
}

function rangeRow(what: string): OptionRow {
  return {
    optional: true,
    fix: 'leave it out for eight-bit pictures',
    flag: {
      group: 'Data',
      type: 'string',
      placeholder: 'MIN,MAX',
      check: (text) => (parseRange(text) === undefined ? 'two numbers, the smaller one first, as 0,4096; or full' : undefined),
      description:
        `${what}: read with all the depth (.npy, PNG and TIFF of 16 bits, TIFF of floats), and of the numbers these become -1 and 1; ` +
        'full: 0 and 255 or 65535, as the files have it, which floats have not; by default eight-bit pictures, and of other channels ' +
        'than 1 and 3 full',
    },
  };
}

/** How a side of a step comes to the device. */
function keptBy(coding: Coding): Pick<ImageSide, 'kept' | 'encode'> {
  // As all other eight-bit pictures.
  if (coding.kept === 'bytes') return {};
  return {
    kept: coding.kept,
    encode(image, size) {
      // Classes are read off the image as it is: between the colours of two of them there is nothing.
      if (coding.kept === 'classes') return resizedTo(coding.see(image), size).values!.data;
      return coding.see(resizedTo(image, size)).values.data;
    },
  };
}

/** How the sides of a step come to the device, where they are not eight-bit pictures. */
export function keptSides(options: CodingOptions): Readonly<Record<'source' | 'target', Pick<ImageSide, 'kept' | 'encode'>>> {
  const codings = codingsOf(options);
  return codings ? { source: keptBy(codings.source), target: keptBy(codings.target) } : { source: {}, target: {} };
}

/** How the halves of pairs are read. @param halves those that are translated, and what they become */
export function halfReadings(
  options: CodingOptions,
  [source, target]: readonly ['a' | 'b', 'a' | 'b'],
): { readonly a?: HalfReading; readonly b?: HalfReading } {
  const readings = readingsOf(options);
  return { ...(readings.source && { [source]: readings.source }), ...(readings.target && { [target]: readings.target }) };
}
