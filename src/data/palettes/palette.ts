import type { Colour } from '../facades/classes.js';

/** A class of the pixels of a label map. */
export interface PaletteClass {
  /** What it is called. */
  readonly name: string;
  /** Its colour. */
  readonly colour: Colour;
}

/** The classes of label maps with their colours, and colours that say nothing: one file, and one row of PALETTES. */
export interface Palette {
  /** What options call it, such as 'facades'. Files rely on it, so it never changes. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  /** Its classes, in their order: a class is its place here. */
  readonly classes: readonly PaletteClass[];
  /** Colours of pixels that are of none of them, and are not counted. */
  readonly ignored: readonly Colour[];
}

/** What stands for the class of a pixel that is of none. */
export const NO_CLASS = 255;
