import { add, crossEntropy, div, mean, mul, sum } from '../autograd/ops.js';
import { codingsOf } from '../data/codings/options.js';
import { PALETTE_TEXT, paletteOf, parsePalette } from '../data/palettes/registry.js';
import { ShadegradError } from '../errors.js';
import { describeArchitecture } from '../models/describe.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';
import { Segmenter } from '../models/segmenter.js';
import type { Tensor } from '../tensor/tensor.js';
import { accumulate, inParts } from '../training/accumulation.js';
import { whole, type OptionRow } from '../training/option-table.js';
import type { TrainingScheme } from '../training/scheme.js';
import { adam } from './adam.js';
import { keptSides } from './coding-rows.js';
import { describeSides, imagePlanOf, imageSizeOf, imageWidthRow, type ImageSizeOptions } from './image-size.js';
import { FLIP_ROW, JITTER_ROW, LOAD_SIZE_FLAG, widthRow } from './option-rows.js';
import { LOAD_SIZE_EFFECT, loadSizeOf } from './preprocess-option.js';
import { segmentationEvaluator } from './segmentation-evaluator.js';

/** Options of the training of a segmenter: its network, its classes and its images. */
export interface SegmentationOptions extends Omit<ImageSizeOptions, 'levels'> {
  /** The palette of the label maps: the name of one, or its classes as `sky=87ceeb,tree=228b22`. Default 'facades'. */
  palette: string;
  /** Which half of a pair is the photo and which the label map: 'AtoB' where the photo is on the left. */
  direction: 'AtoB' | 'BtoA';
  /** Channels of the network at full size. */
  baseChannels: number;
  /** How often the network halves images. Default 4. */
  levels: number;
  /** Whether images are cropped and mirrored at random. */
  jitter: boolean;
  /** Whether they are mirrored, where they are cropped. Default true. */
  flip?: boolean;
}

/** The network that the training is about. */
export type SegmentationNetworks = {
  /** Tells the class of each pixel of a photo. */
  readonly segmenter: Segmenter;
};

const MODE = { training: true } as const;
const MULTIPLE = 4;
const LEAST_SIDE = 16;
const LEVELS = { fits: whole(1, 8), least: 1, most: 8, usual: 4 } as const;

const SIDE_ROW: OptionRow = {
  isSide: true,
  fits: (value) => whole(LEAST_SIDE)(value) && (value as number) % MULTIPLE === 0,
  expected: `a multiple of ${MULTIPLE} of at least ${LEAST_SIDE}`,
  fix: 'use 64, 128 or 256',
  flag: {
    group: 'Data',
    reference: ['crop_size'],
    type: 'integer',
    min: LEAST_SIDE,
    max: 2048,
    check: (value) => (value % MULTIPLE === 0 ? undefined : `a multiple of ${MULTIPLE}`),
    description: 'side of the images in pixels; they halve evenly as often as the network has levels',
  },
};

/**
 * Semantic segmentation: a network learns to tell the class of each pixel of a photo from pairs of photos and label maps, by cross-entropy.
 * It is what `shadegrad evaluate --segmenter` judges photos by that were made of label maps: one that is good can be read again, as the
 * FCN score of pix2pix has it (Isola et al. 2017, section 3.2).
 */
export const segmentation: TrainingScheme<SegmentationOptions, SegmentationNetworks> = {
  name: 'segmentation',
  title: 'Segmentation',
  summary: 'Trains a network to tell the class of each pixel of a photo, from pairs of photos and label maps.',

  options: {
    palette: {
      default: 'facades',
      fits: (value) => typeof value === 'string' && parsePalette(value) !== null,
      expected: PALETTE_TEXT,
      fix: "leave it out for 'facades'",
      flag: {
        group: 'Data',
        type: 'string',
        placeholder: 'PALETTE',
        example: 'facades',
        check: (text) => (parsePalette(text) ? undefined : PALETTE_TEXT),
        description:
          `the classes and colours of the label maps: ${PALETTE_TEXT} (none=000000: pixels that are not counted); ` + 'by default facades',
      },
    },
    direction: {
      expected: "'AtoB' or 'BtoA'",
      fix: "use 'AtoB' where the photo is the half a, on the left",
      flag: {
        group: 'Data',
        reference: ['direction', 'which_direction'],
        type: 'choice',
        choices: ['AtoB', 'BtoA'],
        default: 'AtoB',
        description: 'which half is the photo and which the label map; A is the left one',
      },
    },
    size: SIDE_ROW,
    width: imageWidthRow(MULTIPLE, LEAST_SIDE),
    loadSize: {
      fits: whole(1),
      expected: 'a whole number of pixels',
      fix: 'leave it out for 286 at a size of 256',
      optional: true,
      only: LOAD_SIZE_EFFECT,
      flag: LOAD_SIZE_FLAG,
    },
    baseChannels: widthRow([], 'width of the network: channels at full size', '32 is usual'),
    levels: {
      default: LEVELS.usual,
      fits: LEVELS.fits,
      expected: `a whole number of levels from ${LEVELS.least} to ${LEVELS.most}`,
      fix: `leave it out for ${LEVELS.usual}`,
      flag: {
        group: 'Networks',
        type: 'integer',
        min: LEVELS.least,
        max: LEVELS.most,
        description: `how often the network halves images; ${LEVELS.usual}`,
      },
    },
    jitter: JITTER_ROW,
    flip: FLIP_ROW,
  },

  presets: {
    description: '256 pixels, width 32, 100 epochs; hours to days without a GPU',
    full: { size: 256, baseChannels: 32, batch: 4, epochs: 100, learningRate: 1e-3 },
    preview: { minutes: 5, batch: 4, learningRate: 2e-3 },
    previewScales: {
      hardware: [{ size: 256, baseChannels: 32 }],
      software: [
        { size: 128, baseChannels: 8 },
        { size: 64, baseChannels: 8 },
      ],
    },
  },

  complete(options) {
    const sides = [options.size, options.width ?? options.size];
    const { levels = LEVELS.usual } = options;
    if (sides.some((side) => side % 2 ** levels !== 0)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'levels of the training', {
        expected: `sides that halve evenly ${levels} times: multiples of ${2 ** levels}`,
        received: describeSides(options),
        fix: 'use fewer levels, or other sides',
      });
    }
    return { ...options, ...loadSizeOf(options) };
  },

  describe: (options) => [
    `${describeSides(options)} pixels`,
    `${paletteOf(options.palette).classes.length} classes of ${paletteOf(options.palette).title}`,
    `width ${options.baseChannels}`,
  ],

  networks({ palette, size, baseChannels, levels }, given) {
    const classes = paletteOf(palette).classes.length;
    const segmenter: NetworkArchitecture = given.segmenter ?? {
      kind: 'segmenter',
      options: { classes, width: baseChannels, levels, size },
    };
    const network = buildNetwork(segmenter);
    if (network instanceof Segmenter && network.outChannels === classes) return { segmenter };
    throw new ShadegradError('INVALID_ARGUMENT', 'segmenter of the training', {
      expected: `a segmenter of ${classes} classes, those of the palette`,
      received: describeArchitecture(segmenter),
      fix: 'choose the palette that it was trained with, or leave it out for a new one',
    });
  },
  optionsOf({ segmenter }) {
    const { width, levels, size } = (segmenter?.options ?? {}) as { width?: number; levels?: number; size?: number };
    const found = { baseChannels: width, levels, size };
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  },

  optimizers: { segmenterOptimizer: { network: 'segmenter', create: adam } },

  sizes: imagePlanOf,
  sides(options) {
    const [photo, labels] = halvesOf(options);
    const { palette } = options;
    const { source, target } = keptSides({ palette });
    return {
      photo: { half: photo, channels: 3, role: 'input', ...source },
      labels: { half: labels, channels: paletteOf(palette).classes.length, role: 'target', ...target },
    };
  },

  accumulates: true,
  losses: { crossEntropy: { label: 'cross-entropy', plot: 'Cross-entropy' } },
  step({ networks: { segmenter }, optimizers: { segmenterOptimizer }, images, parts, options }) {
    const hasIgnored = paletteOf(options.palette).ignored.length > 0;
    const { gpu } = images.photo!;
    // Of -1 and 1. A pixel that is of no class has -1 throughout: no probability, and no part in the loss.
    const probabilities = mul(add(images.labels!, 1), 0.5);
    // Of all parts together, so that each counts by the pixels that it has.
    const share = hasIgnored ? counted(probabilities) : null;
    const pieces = inParts(parts, { photo: images.photo!, probabilities });
    return accumulate(gpu, [segmenterOptimizer!], pieces, ({ photo, probabilities: wanted }, teach) => {
      const average = crossEntropy(segmenter.forward(photo, MODE), wanted);
      const loss = share ? div(average, share) : average;
      teach(loss);
      return { losses: { crossEntropy: loss } };
    }).losses;
  },

  metrics: {
    meanIou: { label: 'IoU', better: 'higher' },
    pixelAccuracy: { label: 'Pixels right', better: 'higher' },
    classAccuracy: { label: 'Classes right', better: 'higher' },
  },

  pictures(options) {
    const [photo, labels] = halvesOf(options);
    return { given: [{ title: 'Photo', half: photo }], made: ['Classes'], wanted: [{ title: 'Labels', half: labels }] };
  },

  evaluator: (gpu, { segmenter }, options) => {
    const { palette } = options;
    const codings = codingsOf({ palette })!;
    return segmentationEvaluator(gpu, segmenter, {
      codings,
      palette: paletteOf(palette),
      halves: halvesOf(options),
      size: imageSizeOf(options),
    });
  },
};

/** The halves of a pair: the photo's, and the label map's. */
const halvesOf = ({ direction }: Pick<SegmentationOptions, 'direction'>): readonly ['a' | 'b', 'a' | 'b'] =>
  direction === 'AtoB' ? ['a', 'b'] : ['b', 'a'];

/** The share of the pixels that are of some class; never 0, so that a batch of none has a loss. */
const counted = (probabilities: Tensor): Tensor => add(mean(sum(probabilities, { axes: [3] })), 1e-6);
