import { createImage } from '../image.js';
import { imageOfLab, labOf } from '../lab.js';
import type { Coding } from './coding.js';

/** Bounds of a and b that stand for -1 and 1, as pytorch-CycleGAN-and-pix2pix has them. */
const CHROMA = 110;
/** And half of L, which goes from 0 to 100. */
const HALF_LIGHTNESS = 50;

/** L of CIELAB, a single channel: L / 50 - 1. */
export const lightness: Coding = {
  title: 'L of CIELAB',
  channels: 1,
  kept: 'numbers',
  written: [0, 2 * HALF_LIGHTNESS],
  measured: 'pictures',
  see(image) {
    const { width, height } = image;
    const lab = labOf(image);
    const data = new Float32Array(width * height);
    const grey = new Float64Array(lab.length);
    for (let pixel = 0; pixel < data.length; pixel++) {
      grey[pixel * 3] = lab[pixel * 3]!;
      data[pixel] = lab[pixel * 3]! / HALF_LIGHTNESS - 1;
    }
    return { ...imageOfLab(grey, width, height), values: { kind: 'numbers', channels: 1, data } };
  },
  show: (made) => made,
};

/** a and b of CIELAB, two channels: a / 110 and b / 110. The picture of a result has the L of the image that it was made of. */
export const chroma: Coding = {
  title: 'a and b of CIELAB',
  channels: 2,
  kept: 'numbers',
  written: [-CHROMA, CHROMA],
  measured: 'pictures',
  see(image) {
    const { width, height } = image;
    const lab = labOf(image);
    const data = new Float32Array(width * height * 2);
    for (let at = 0; at < data.length; at++) data[at] = lab[(at >> 1) * 3 + 1 + (at & 1)]! / CHROMA;
    const picture = createImage(width, height);
    picture.data.set(image.data);
    return { ...picture, values: { kind: 'numbers', channels: 2, data } };
  },
  show({ values, width, height }, given) {
    // From its bytes, not from what the network saw: all of the eight bits.
    const lab = labOf(given);
    for (let at = 0; at < width * height * 2; at++) lab[(at >> 1) * 3 + 1 + (at & 1)] = values.data[at]! * CHROMA;
    return imageOfLab(lab, width, height);
  },
};
