/**
 * Images, datasets of pairs, and the draws that shuffle and jitter them.
 *
 * @module shadegrad/data
 */

export {
  centreSquare,
  createImage,
  crop,
  expectImage,
  imageGrid,
  joinPair,
  mirror,
  splitPair,
  type GridOptions,
  type ImagePair,
  type RgbImage,
} from './image.js';
export type { PixelSize } from '../pixel-size.js';
export { networkNumbers, type PixelValues } from './pixel-values.js';
export type { Coding, SeenImage } from './codings/coding.js';
export { codingsOf, type CodingOptions, type Codings, type HalfReading, type ValueRange } from './codings/options.js';
export { imageOfLab, labOf } from './lab.js';
export { inputText, makeInput, PAIR_INPUTS, parseInput, type InputChoice } from './inputs/registry.js';
export type { InputOption, PairInput } from './inputs/input.js';
export { resizeBicubic } from './resize.js';
export type { PairedDataset, ProgressCallback } from './dataset.js';
export { epochPermutation, jitterDraw, type JitterDraw, type JitterOptions } from './shuffle.js';
export { syntheticDigits, type SyntheticDigitsOptions } from './synthetic-digits.js';
export { labelledFacades } from './labelled-facades.js';
export { syntheticFacades, type SyntheticFacadesOptions } from './synthetic-facades.js';
export { classesOf, labelMapOf } from './palettes/label-map.js';
export { NO_CLASS, type Palette, type PaletteClass } from './palettes/palette.js';
export { PALETTES, paletteOf, parsePalette } from './palettes/registry.js';
export { FACADE_CLASSES, type Colour, type FacadeClass } from './facades/classes.js';
export {
  imageAt,
  isImageSet,
  isUnpaired,
  serialPairs,
  unpaired,
  type ImageLabels,
  type ImageSet,
  type Labelling,
  type NamedImage,
  type UnpairedDataset,
} from './unpaired.js';
export { targetLabels, type LabelSet, type PlacedLabelSet } from './labels.js';
export { joinLabelledSets } from './label-sets.js';
export { poolDraws, type PoolDrawsOptions } from './image-pool.js';
