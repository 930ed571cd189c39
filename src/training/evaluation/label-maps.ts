import type { RgbImage } from '../../data/image.js';
import { classesOf } from '../../data/palettes/label-map.js';
import type { Palette } from '../../data/palettes/palette.js';
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
    example: 'facades',
    check: (text) => (parsePalette(text) ? undefined : PALETTE_TEXT),
    description: `${description}: ${PALETTE_TEXT}`,
  },
});

/** Colours that are further from all of a palette's, of red, green and blue together, are none that JPEG or a resize has made of one. */
const FAR = 64;

/**
 * Whether at least half of the pixels of a picture have colours like those of a palette: else it is no label map of it.
 *
 * @param within the distance from a colour that counts as like it, of red, green and blue together
 */
export function isLabelMap({ data }: RgbImage, { classes, ignored }: Palette, within = FAR): boolean {
  const colours = [...classes.map(({ colour }) => colour), ...ignored];
  let far = 0;
  for (let at = 0; at < data.length; at += 3) {
    const isNear = ([r, g, b]: readonly number[]): boolean =>
      (data[at]! - r!) ** 2 + (data[at + 1]! - g!) ** 2 + (data[at + 2]! - b!) ** 2 <= within ** 2;
    if (!colours.some(isNear)) far++;
  }
  return 2 * far <= data.length / 3;
}

/** Finds out whether pictures that are taken for label maps are such, by their colours. */
export class LabelMapCheck {
  #others = 0;
  #seen = 0;

  /** Begins with no picture. */
  constructor(private readonly palette: Palette) {}

  /** Looks at a picture. */
  add(image: RgbImage): void {
    this.#seen++;
    if (!isLabelMap(image, this.palette)) this.#others++;
  }

  /**
   * What is to be said where more than half of them are no label maps.
   *
   * @param what pictures they are
   * @param advice what to do instead, a sentence
   */
  remarks(what: string, advice: string): string[] {
    if (2 * this.#others <= this.#seen) return [];
    const { title } = this.palette;
    return [`${what} have hardly a colour of ${title}: they are no label maps of it, and the scores say nothing. ${advice}`];
  }
}

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
    const check = new LabelMapCheck(palette);
    return {
      add({ made, real }) {
        check.add(real!);
        all.add(classesOf(made!, palette), classesOf(real!, palette));
        // Of a single picture most classes have no pixel: its scores are none that a mean could be taken of.
        return undefined;
      },
      remarks: () => check.remarks('the real pictures', 'Photos that were made of label maps are measured by --segmenter (fcn)'),
      together() {
        const { pixelAccuracy, classAccuracy, meanIou } = all.scores();
        return { 'label-pixels': pixelAccuracy, 'label-classes': classAccuracy, 'label-iou': meanIou };
      },
    };
  },
};
