import type { SeenImage } from '../../data/codings/coding.js';
import { inRange, type ValueRange } from '../../data/codings/options.js';
import { ShadegradError } from '../../errors.js';
import { encodeNpy } from './npy.js';
import { withProfile } from './profile.js';
import { loadSharp } from './sharp.js';

/** A format that the numbers of results are written in, with all their depth. */
interface ValueFormat {
  readonly ending: string;
  /** What the help says of it. */
  readonly description: string;
  /**
   * @param range of the results, as the training named it; of pictures, 0 to 255
   * @param icc the colour profile of a result in colours
   */
  encode(image: SeenImage, range: ValueRange, icc?: Uint8Array): Promise<Uint8Array>;
}

/** The formats that the numbers of results are written in, by name. */
export const VALUE_FORMATS = {
  png16: {
    ending: '.png',
    description: '16 bits of each channel, of results of 1 or 3, whose range is spread over 0 to 65535',
    async encode({ values, width, height }, _, icc) {
      const { channels } = values;
      if (channels !== 1 && channels !== 3) {
        throw new ShadegradError('IMAGE_UNSUPPORTED', 'A PNG of 16 bits has 1 or 3 channels', {
          expected: 'a result of 1 or 3 channels',
          received: String(channels),
          fix: 'write --format npy',
        });
      }
      const data = Uint16Array.from(values.data, (value) => Math.round(Math.min(1, Math.max(0, (value + 1) / 2)) * 65_535));
      const sharp = await loadSharp();
      const image = sharp(data, { raw: { width, height, channels } });
      const png = await image
        .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
        .png({ compressionLevel: 6 })
        .toBuffer();
      return channels === 3 ? withProfile(png, 'png', icc) : png;
    },
  },
  npy: {
    ending: '.npy',
    description: 'an array of NumPy, float32 [height, width, channels], in the range of --out-range of the training',
    encode: async ({ values, width, height }, range) =>
      encodeNpy(inRange(values.data as Float32Array, range), width, height, values.channels),
  },
} as const satisfies Record<string, ValueFormat>;

/** The name of a format of VALUE_FORMATS. */
export type ValueFormatName = keyof typeof VALUE_FORMATS;

/** Whether a format is one of numbers, not of pictures. */
export const isValueFormat = (name: string): name is ValueFormatName => Object.hasOwn(VALUE_FORMATS, name);
