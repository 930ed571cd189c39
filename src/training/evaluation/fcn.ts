import { resizeNearest } from '../../data/fit.js';
import type { RgbImage } from '../../data/image.js';
import { classesOf } from '../../data/palettes/label-map.js';
import { paletteOf } from '../../data/palettes/registry.js';
import { resizedTo } from '../../data/resize.js';
import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import { LabelCounts } from '../label-scores.js';
import { LabelMapCheck, paletteRow } from './label-maps.js';
import type { EvaluatedSample, EvaluationMetric, PixelModel } from './metric.js';

const SEGMENTER = 'segmenter';

/**
 * The FCN score (Isola et al. 2017, section 3.2): photos that were made of label maps are good when a model that was trained on real photos
 * reads the label maps off them again. Real photos have a score, too, which is the most to hope for.
 */
export const fcn: EvaluationMetric = {
  name: 'fcn',
  description:
    'of photos that were made of label maps, how well --segmenter reads these off them again: per-pixel and per-class accuracy and ' +
    'intersection over union (the FCN score of pix2pix), and those of the real photos',
  compares: 'pairs',
  givenToo: true,
  models: [
    {
      flag: SEGMENTER,
      description:
        'a model that tells the class of each pixel of a photo, for the metric fcn: a run of train --scheme segmentation, its weights, ' +
        'or an .onnx of [batch, 3, height, width] from -1 to 1 to a channel for each class',
    },
  ],
  options: { segmenterPalette: paletteRow('the classes of --segmenter and their colours in label maps, where its file does not say') },
  values: {
    'fcn-pixels': { label: 'FCN pixels', better: 'higher' },
    'fcn-classes': { label: 'FCN classes', better: 'higher' },
    'fcn-iou': { label: 'FCN IoU', better: 'higher' },
    'fcn-real-pixels': { label: 'real pixels', better: 'higher' },
    'fcn-real-classes': { label: 'real classes', better: 'higher' },
    'fcn-real-iou': { label: 'real IoU', better: 'higher' },
  },
  begin({ models, options }) {
    const model = models[SEGMENTER]!;
    const named = options.segmenterPalette as string | null | undefined;
    const palette = typeof named === 'string' ? paletteOf(named) : model.palette;
    if (!palette) {
      throw new ShadegradError('INVALID_ARGUMENT', 'the palette of the segmenter', {
        expected: 'the classes that it tells apart, with their colours in the label maps',
        received: 'a file that does not say',
        fix: 'name them: --segmenter-palette facades, or sky=87ceeb,tree=228b22 and so on, in the order of its channels',
      });
    }
    const { length: classes } = palette.classes;
    if (model.classes !== undefined && model.classes !== classes) {
      throw new ShadegradError('INVALID_ARGUMENT', 'the palette of the segmenter', {
        expected: `${model.classes} classes, as many as it tells apart`,
        received: `${classes} of ${palette.title}`,
        fix: 'name the palette that it was trained with: --segmenter-palette',
      });
    }
    const check = new LabelMapCheck(palette);
    const [ofMade, ofReal] = [new LabelCounts(classes), new LabelCounts(classes)];
    const counted = async (photo: RgbImage, labels: RgbImage): Promise<LabelCounts> => {
      const counts = new LabelCounts(classes);
      counts.add(await seenBy(model, photo), classesOf(labels, palette));
      return counts;
    };
    const valuesOf = (made: LabelCounts, real: LabelCounts): Record<string, number> => {
      const [ours, theirs] = [made.scores(), real.scores()];
      return {
        ...{ 'fcn-pixels': ours.pixelAccuracy, 'fcn-classes': ours.classAccuracy, 'fcn-iou': ours.meanIou },
        ...{ 'fcn-real-pixels': theirs.pixelAccuracy, 'fcn-real-classes': theirs.classAccuracy, 'fcn-real-iou': theirs.meanIou },
      };
    };
    return {
      async add({ name, made, real, given }: EvaluatedSample) {
        if (!given) throw withoutInput(name);
        const [width, height] = sidesFor(model, made!);
        const labels = resizeNearest(given, width, height);
        check.add(labels);
        ofMade.merge(await counted(made!, labels));
        ofReal.merge(await counted(real!, labels));
        // Of a single picture most classes have no pixel: its scores are none that a mean could be taken of.
        return undefined;
      },
      together: () => valuesOf(ofMade, ofReal),
      remarks: () => [
        ...(model.title === undefined ? [] : [`the FCN score is by ${model.title}; that of another segmenter does not compare`]),
        ...(model.remarks?.() ?? []),
        ...check.remarks('the pictures that were given', 'Label maps that were made of photos are measured by --palette (labels)'),
      ],
    };
  },
};

const withoutInput = (name: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', `the FCN score of ${printableName(name)}`, {
    expected: 'the label map that it was made of, as of the samples before',
    received: 'none',
    fix: 'give every sample its `given`, or leave the metric fcn out',
  });

/** The sides at which a model looks at a picture. */
function sidesFor({ size }: PixelModel, { width, height }: RgbImage): readonly [width: number, height: number] {
  if (size === null) return [width, height];
  return typeof size === 'number' ? [size, size] : size;
}

const seenBy = (model: PixelModel, photo: RgbImage): Promise<Uint8Array> => model.classesOf(resizedTo(photo, sidesFor(model, photo)));
