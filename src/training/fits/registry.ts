import type { Fit } from './kind.js';
import { pad } from './pad.js';
import { resize } from './resize.js';
import { tiles } from './tiles.js';

/** The name of a way of bringing images of any size through a generator. */
export type FitName = 'resize' | 'pad' | 'tiles';

/** The ways of bringing images of any size through a generator, by their names. */
export const FITS: Readonly<Record<FitName, Fit>> = { resize, pad, tiles };
