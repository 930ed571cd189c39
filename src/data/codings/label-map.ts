import { ShadegradError } from '../../errors.js';
import { widthAndHeight } from '../../pixel-size.js';
import { resizeNearest } from '../fit.js';
import { classesOf, labelMapOf } from '../palettes/label-map.js';
import type { Palette } from '../palettes/palette.js';
import type { Coding } from './coding.js';

/** A label map as one channel for each class of its palette: of what a network makes, the largest is the class of a pixel. */
export const labelMap = (palette: Palette): Coding => ({
  title: `classes of ${palette.title}`,
  channels: palette.classes.length,
  kept: 'classes',
  written: [-1, 1],
  measured: 'pictures',
  palette,
  see(image) {
    const data = classesOf(image, palette);
    const values = { kind: 'classes', channels: 1, count: palette.classes.length, data } as const;
    return { ...labelMapOf(data, image.width, image.height, palette), values };
  },
  show({ values, width, height }) {
    const { data, channels } = values;
    if (values.kind === 'classes') return labelMapOf(values.data, width, height, palette);
    if (channels !== palette.classes.length) {
      throw new ShadegradError('SHAPE_MISMATCH', 'what a network made of the classes of a label map', {
        expected: `${palette.classes.length} channels`,
        received: String(channels),
        fix: 'use the palette that the network was trained with',
      });
    }
    return labelMapOf(largest(data as Float32Array, channels), width, height, palette);
  },
  // Between two colours of a palette there may be that of a third class.
  resized: (image, size) => resizeNearest(image, ...widthAndHeight(size)),
});

/** Of each pixel the channel that is largest. */
function largest(data: Float32Array, channels: number): Uint8Array {
  const classes = new Uint8Array(data.length / channels);
  for (let pixel = 0; pixel < classes.length; pixel++) {
    const from = pixel * channels;
    let best = 0;
    for (let channel = 1; channel < channels; channel++) if (data[from + channel]! > data[from + best]!) best = channel;
    classes[pixel] = best;
  }
  return classes;
}
