import { classesOf, NO_CLASS, syntheticFacades } from 'shadegrad';
import type { ModelRow } from '../../common/model-rows.js';
import { drawingOf, PictureError } from './pictures-in.js';
import { blank, resized, type Raster } from './raster.js';
import type { Subject } from './studio.js';

/** Facades that the library draws, of which an example is one. */
const FACADES = 500;
/** Sides for which facades can be drawn. */
const [LEAST, MOST] = [32, 512];

/** Whether there are examples of a subject. */
export const hasExamples = ({ input, palette }: Subject, row: ModelRow | undefined): boolean =>
  (row !== undefined && row.examples.length > 0) || (input === 'labels' && palette.name === 'facades');

/**
 * An example to begin with: one of the model's own, else for facades one that the library draws.
 *
 * @param random from 0 to below 1: which one
 * @returns null where there is none
 */
export async function exampleOf(subject: Subject, row: ModelRow | undefined, random: number): Promise<Raster | null> {
  const { examples = [] } = row ?? {};
  if (examples.length > 0) {
    const file = examples[Math.floor(random * examples.length)]!;
    const response = await fetch(new URL(`models/${file}`, document.baseURI)).catch(() => undefined);
    if (!response?.ok) throw new PictureError('The example could not be loaded: check the connection.');
    return (await drawingOf(await response.blob(), subject)).raster;
  }
  if (!hasExamples(subject, row)) return null;
  const { width, height, palette } = subject;
  const size = Math.min(MOST, Math.max(LEAST, width, height));
  const { b } = await syntheticFacades({ count: FACADES, size, seed: 5, split: 'val' }).get(Math.floor(random * FACADES));
  const data = classesOf(b, palette).map((value) => (value === NO_CLASS ? 0 : value));
  return resized({ width: size, height: size, channels: 1, data }, width, height);
}

/** The empty sheet of a subject. */
export const emptySheet = ({ input, width, height }: Subject): Raster =>
  input === 'pictures' ? blank(width, height, 255, 3) : blank(width, height);
