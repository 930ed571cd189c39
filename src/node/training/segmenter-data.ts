import { pairAt, type PairedDataset } from '../../data/dataset.js';
import type { RgbImage } from '../../data/image.js';
import type { Palette } from '../../data/palettes/palette.js';
import { PALETTES } from '../../data/palettes/registry.js';
import { spread } from '../../data/spread.js';
import { syntheticFacades } from '../../data/synthetic-facades.js';
import { isLabelMap } from '../../training/evaluation/label-maps.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import { AS_STORED } from '../../training/run/open-data.js';
import { openPairedFolder } from '../images/dataset.js';
import { SYNTHETIC } from './data.js';

/** Training pairs that are looked at. */
const LOOKED_AT = 4;
/** Colours of label maps as they lie in files are no further from those of their palette, but for what JPEG does along edges. */
const NEAR = 24;
/** The side of what is drawn to look at. */
const DRAWN = 64;

/**
 * Whether a run of pictures makes something else than label maps, by what it is trained to make: false where these are label maps, and
 * where nobody knows, such as when its data lie elsewhere now.
 *
 * @param palette of the label maps; null for any that is known, one of which the pictures that are given then have
 */
export async function makesNoLabelMaps({ source, direction }: CheckpointOptions, palette: Palette | null): Promise<boolean> {
  if (typeof source !== 'string' || (direction !== 'AtoB' && direction !== 'BtoA')) return false;
  const [given, made] = direction === 'AtoB' ? (['a', 'b'] as const) : (['b', 'a'] as const);
  // What cannot be read is no reason to refuse the network: its run may have moved away from its data.
  const pairs = await openSome(source).catch(() => undefined);
  if (!pairs) return false;
  const some = await Promise.all(spread(pairs.length, LOOKED_AT).map((index) => pairAt(pairs, index))).catch(() => []);
  if (some.length === 0) return false;
  const most = (half: 'a' | 'b', of: Palette): boolean =>
    isMost(
      some.map((pair) => pair[half]),
      of,
    );
  if (palette) return !most(made, palette);
  const known = Object.values(PALETTES);
  return known.some((each) => most(given, each)) && !known.some((each) => most(made, each));
}

/** Whether most of some pictures are label maps of a palette. */
const isMost = (images: readonly RgbImage[], palette: Palette): boolean =>
  2 * images.filter((image) => isLabelMap(image, palette, NEAR)).length > images.length;

const openSome = async (source: string): Promise<PairedDataset> =>
  source === SYNTHETIC
    ? syntheticFacades({ count: LOOKED_AT, size: DRAWN, seed: 0, split: 'train' })
    : openPairedFolder(source, 'train', AS_STORED);
