import { parsePalette, PALETTES, type Colour, type Palette } from 'shadegrad';
import type { InputKind } from '../../common/model-rows.js';

/** What one can draw with: a class of label maps, or paper and ink. */
export interface Swatch {
  readonly name: string;
  readonly colour: Colour;
  /** The key that chooses it; further ones have none. */
  readonly key?: string;
}

/** Keys of swatches, as they stand in a row above the letters. */
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '='];

const withKeys = (named: readonly Pick<Swatch, 'name' | 'colour'>[]): Swatch[] =>
  named.map(({ name, colour }, at) => ({ name, colour, ...(KEYS[at] !== undefined && { key: KEYS[at] }) }));

/** Lines are ink on paper. */
const LINES: readonly Swatch[] = [
  { name: 'paper', colour: [255, 255, 255] },
  { name: 'ink', colour: [0, 0, 0] },
];

/** The palette of label maps of a model, by its name or its classes; the facades' where there is none. */
export const paletteFor = (text: string | undefined): Palette => parsePalette(text ?? '') ?? PALETTES.facades!;

/** What one draws with for a kind of drawing; the first one is the paper. Pictures have none. */
export function swatchesFor(input: InputKind, palette: Palette): readonly Swatch[] {
  if (input === 'labels') return withKeys(palette.classes);
  return input === 'lines' ? LINES : [];
}

/** The swatch to begin with: what lies on the paper. */
export const firstSwatch = (swatches: readonly Swatch[]): number => Math.min(1, swatches.length - 1);
