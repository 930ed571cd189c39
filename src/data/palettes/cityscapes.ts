import type { Colour } from '../facades/classes.js';
import type { Palette } from './palette.js';

/**
 * The 19 classes of street scenes that Cityscapes (Cordts et al., CVPR 2016) evaluates, in the order of their trainIds, with its colours.
 * Its other labels are ignored: `pole group` and `license plate` have the colours of `pole` and `car`, and count as those.
 */
const CLASSES: readonly (readonly [string, Colour])[] = [
  ['road', [128, 64, 128]],
  ['sidewalk', [244, 35, 232]],
  ['building', [70, 70, 70]],
  ['wall', [102, 102, 156]],
  ['fence', [190, 153, 153]],
  ['pole', [153, 153, 153]],
  ['traffic light', [250, 170, 30]],
  ['traffic sign', [220, 220, 0]],
  ['vegetation', [107, 142, 35]],
  ['terrain', [152, 251, 152]],
  ['sky', [70, 130, 180]],
  ['person', [220, 20, 60]],
  ['rider', [255, 0, 0]],
  ['car', [0, 0, 142]],
  ['truck', [0, 0, 70]],
  ['bus', [0, 60, 100]],
  ['train', [0, 80, 100]],
  ['motorcycle', [0, 0, 230]],
  ['bicycle', [119, 11, 32]],
];

/** Unlabelled and static, dynamic, ground, parking, rail track, guard rail, bridge, tunnel, caravan, trailer. */
const IGNORED: readonly Colour[] = [
  [0, 0, 0],
  [111, 74, 0],
  [81, 0, 81],
  [250, 170, 160],
  [230, 150, 140],
  [180, 165, 180],
  [150, 100, 100],
  [150, 120, 90],
  [0, 0, 90],
  [0, 0, 110],
];

/** The classes that Cityscapes evaluates. */
export const cityscapes: Palette = {
  name: 'cityscapes',
  title: 'Cityscapes',
  classes: CLASSES.map(([name, colour]) => ({ name, colour })),
  ignored: IGNORED,
};
