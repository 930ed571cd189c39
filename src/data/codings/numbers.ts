import { ShadegradError } from '../../errors.js';
import type { Coding } from './coding.js';
import { pictureOf } from './views.js';

/** Numbers of any number of channels out of arrays and deep pictures, whose range is named: its ends are -1 and 1. */
export const numbers = (channels: number): Coding => ({
  title: `numbers of ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
  channels,
  kept: 'numbers',
  written: [0, 1],
  measured: 'numbers',
  see(image) {
    const { values, width, height } = image;
    if (values?.kind === 'numbers' && values.channels === channels) return { ...pictureOf(values, width, height), values };
    throw new ShadegradError('INVALID_ARGUMENT', 'an image for a network that takes numbers', {
      expected: `values of ${channels} channels: { kind: 'numbers', channels, data }`,
      received: values ? `${values.kind} of ${values.channels} channels` : 'an image without values',
      fix: 'give the images of the data set values, or read them with the reading of the half: openPairedFolder(dir, split, { halves })',
    });
  },
  show: ({ values, width, height }) => pictureOf(values, width, height),
});
