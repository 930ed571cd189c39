import { classesOf } from '../../data/palettes/label-map.js';
import { PALETTE_TEXT, paletteOf, parsePalette } from '../../data/palettes/registry.js';
import { LabelCounts } from '../label-scores.js';
import type { OptionRow } from '../option-table.js';
import type { EvaluationMetric } from './metric.js';

/** The row of an option that names a palette. */
export const paletteRow = (description: string): OptionRow => ({
  optional: true,
  fits: (value) => typeof value === 'string' && parsePalette(value) !== null,
  expected: PALETTE_TEXT,
  fix: 'name the palette of the label maps',
  flag: {
    type: 'string',
    placeholder: 'PALETTE',
    check: (text) => (parsePalette(text) ? undefined : PALETTE_TEXT),
    description: `${description}: ${PALETTE_TEXT}`,
  },
});

/** Label maps that were made, against those of the pairs. */
export const labelMaps: EvaluationMetric = {
  name: 'labels',
  description:
    'of label maps that were made of photos, the classes of their pixels (of the nearest colours of --palette) against the right ones: ' +
    'per-pixel and per-class accuracy and intersection over union, as the Cityscapes evaluation counts them',
  compares: 'pairs',
  values: {
    'label-pixels': { label: 'Pixels right', better: 'higher' },
    'label-classes': { label: 'Classes right', better: 'higher' },
    'label-iou': { label: 'IoU', better: 'higher' },
  },
  needs: ['palette'],
  options: { palette: paletteRow('of made label maps the classes and their colours, for the metric labels') },
  begin({ options }) {
    const palette = paletteOf(options.palette as string);
    const all = new LabelCounts(palette.classes.length);
    return {
      add({ made, real }) {
        all.add(classesOf(made!, palette), classesOf(real!, palette));
        // Of a single picture most classes have no pixel: its scores are none that a mean could be taken of.
        return undefined;
      },
      together() {
        const { pixelAccuracy, classAccuracy, meanIou } = all.scores();
        return { 'label-pixels': pixelAccuracy, 'label-classes': classAccuracy, 'label-iou': meanIou };
      },
    };
  },
};
