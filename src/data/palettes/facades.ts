import { FACADE_CLASSES } from '../facades/classes.js';
import type { Palette } from './palette.js';

/** The parts of buildings of the CMP Facade Database, in the colours of pix2pix's label maps. */
export const facades: Palette = {
  name: 'facades',
  title: 'the CMP facades',
  classes: FACADE_CLASSES.map(([name, colour]) => ({ name, colour })),
  ignored: [],
};
