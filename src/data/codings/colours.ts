import { greyImage, imageBytes } from '../grey.js';
import type { Coding } from './coding.js';
import { pictureOf } from './views.js';

/** Eight-bit colours or luminance: 0 is -1 and 255 is 1. */
export const colours = (channels: 1 | 3): Coding => ({
  title: channels === 1 ? 'grey' : 'colours',
  channels,
  kept: 'bytes',
  written: [0, 255],
  measured: 'pictures',
  see(image) {
    const picture = channels === 1 ? greyImage(image) : image;
    // The numbers of the kernel that does the same on the device, to the bit.
    const data = Float32Array.from(imageBytes(image, channels), (byte) => Math.fround((2 * byte - 255) * Math.fround(1 / 255)));
    return { ...picture, values: { kind: 'numbers', channels, data } };
  },
  show: ({ values, width, height }) => pictureOf(values, width, height),
});
