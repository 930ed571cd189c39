import { ShadegradError } from '../../errors.js';
import type { Colour } from '../facades/classes.js';
import { cityscapes } from './cityscapes.js';
import { facades } from './facades.js';
import type { Palette } from './palette.js';

/** The palettes of label maps that there are, by name. */
export const PALETTES: Readonly<Record<string, Palette>> = { facades, cityscapes };

/** Most classes of a palette: a byte stands for each, and the last one for none. */
const MOST_CLASSES = 254;
/** Longest text of one. */
const MOST_LETTERS = 16_384;
/** A colour as in web pages. */
const COLOUR = /^#?([0-9a-f]{6})$/i;

/** What is expected of the text of a palette. */
export const PALETTE_TEXT = `${Object.keys(PALETTES).join(', ')}, or at least two classes with their colours, as sky=87ceeb,tree=228b22`;

/** The palette of a text: the name of one, or its classes; null for another text. */
export function parsePalette(text: string): Palette | null {
  if (Object.hasOwn(PALETTES, text)) return PALETTES[text]!;
  if (text.length > MOST_LETTERS) return null;
  const classes = text.split(',').map((part) => {
    const [name = '', colourText = '', ...rest] = part.split('=').map((each) => each.trim());
    const [, digits] = COLOUR.exec(colourText) ?? [];
    if (name === '' || digits === undefined || rest.length > 0) return null;
    const colour = [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as unknown as Colour;
    return { name, colour };
  });
  const found = classes.filter((each) => each !== null);
  const distinct = new Set(found.map(({ name }) => name)).size === found.length;
  const colours = new Set(found.map(({ colour }) => colour.join())).size === found.length;
  if (found.length !== classes.length || !distinct || !colours || found.length < 2 || found.length > MOST_CLASSES) return null;
  const counted = found.filter(({ name }) => name !== 'none');
  const ignored = found.filter(({ name }) => name === 'none').map(({ colour }) => colour);
  return counted.length < 2 ? null : { name: text, title: `${counted.length} classes`, classes: counted, ignored };
}

/** The palette of a text, as parsePalette(). @throws INVALID_ARGUMENT for another text */
export function paletteOf(text: string): Palette {
  const palette = parsePalette(text);
  if (palette) return palette;
  throw new ShadegradError('INVALID_ARGUMENT', 'palette of label maps', {
    expected: PALETTE_TEXT,
    received: JSON.stringify(text).slice(0, 80),
    fix: 'each class has a name and a colour of its own; pixels of the colour of `none` are not counted',
  });
}
