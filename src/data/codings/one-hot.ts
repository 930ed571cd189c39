import { ShadegradError } from '../../errors.js';
import type { Coding } from './coding.js';
import { pictureOf } from './views.js';

/** An index map as one channel for each class: 1 for the class of a pixel, -1 for all others, which is the range that images have. */
export const oneHot = (count: number): Coding => ({
  title: `${count} classes`,
  channels: count,
  kept: 'classes',
  written: [0, 1],
  measured: 'pictures',
  see(image) {
    const { values, width, height } = image;
    if (values?.kind === 'classes' && values.count === count) return { ...pictureOf(values, width, height), values };
    throw new ShadegradError('INVALID_ARGUMENT', 'an image for a network that takes index maps', {
      expected: `values of ${count} classes: { kind: 'classes', channels: 1, count: ${count}, data }`,
      received: values ? `${values.kind} of ${values.kind === 'classes' ? values.count : values.channels}` : 'an image without values',
      fix: 'give the images of the data set values, or read them with the reading of the half: openPairedFolder(dir, split, { halves })',
    });
  },
  show: ({ values, width, height }) => pictureOf(values, width, height),
});
