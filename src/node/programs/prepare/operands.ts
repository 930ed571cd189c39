import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { oneLine, printableName } from '../../../formats/names.js';
import { PICTURE_FORMATS, type PictureFormatName } from '../../images/encode.js';
import { MAX_PIXELS } from '../../images/limits.js';
import type { Sides } from '../../../data/fit.js';
import { ShadegradError } from '../../../errors.js';
import type { Program } from '../../../training/run/flag-table.js';

/** @throws BAD_FLAG for another number of operands than these */
export function expectOperands(operands: readonly string[], counts: readonly number[], { usage }: Program): void {
  if (counts.includes(operands.length)) return;
  throw new ShadegradError('BAD_FLAG', operands.length < Math.min(...counts) ? 'A folder is missing' : 'More folders are named than fit', {
    expected: counts.join(' or '),
    received: oneLine(operands.join(' '), 120) || 'none',
    fix: `write ${usage}`,
  });
}

/** @throws BAD_FLAG for a folder that is named twice, links followed */
export async function expectDifferent(inputs: readonly string[]): Promise<void> {
  const places = await Promise.all(inputs.map((input) => realPath(resolve(input))));
  const twice = inputs.find((_, index) => places.indexOf(places[index]!) < index);
  if (twice === undefined) return;
  throw new ShadegradError('BAD_FLAG', `${printableName(twice)} is named twice`, {
    expected: 'two folders: each picture would be joined with itself',
    received: inputs.map(printableName).join(' and '),
    fix: 'name the folder of the other halves; pairs that lie in one folder are joined by npx shadegrad prepare combine IN OUT',
  });
}

/**
 * Makes sure that results do not go where they would be read from, or among what is read.
 *
 * @throws BAD_FLAG; DATA_NOT_FOUND for a folder that is not there
 */
export async function expectApart(inputs: readonly string[], output: string): Promise<void> {
  const target = await realPath(resolve(output));
  for (const input of inputs) {
    const kind = await stat(input).catch(() => undefined);
    if (kind === undefined)
      throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${printableName(input)}`, { fix: 'check the path' });
    const source = await realPath(resolve(input));
    if (!isWithin(target, source) && !isWithin(source, target)) continue;
    throw new ShadegradError('BAD_FLAG', `${printableName(output)} is not apart from what is read`, {
      expected: `a folder beside ${printableName(input)}, neither in it nor around it`,
      received: target === source ? 'the same folder' : isWithin(target, source) ? 'a folder in it' : 'a folder around it',
      fix: `name another folder for the results, such as ${printableName(join(dirname(source), `${basename(source)}-prepared`))}`,
    });
  }
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
}

/** Without links, also of what is not there yet. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(async () => (dirname(path) === path ? path : join(await realPath(dirname(path)), basename(path))));
}

/**
 * Reads sides as they are typed: `256`, or `512x256`.
 *
 * @param format that pictures of these sides are written in
 * @param halves how many of them lie side by side in a picture
 * @throws BAD_FLAG, naming the flag, also for pictures that the format has no room for, or that are too large to be read again
 */
export function parseSides(flag: string, text: string, format: PictureFormatName, halves: 1 | 2): Sides {
  const sides = sidesOf(flag, text);
  const [width, height] = [halves * sides.width, sides.height];
  const { maxSide } = PICTURE_FORMATS[format];
  if (width * height <= MAX_PIXELS && Math.max(width, height) <= maxSide) return sides;
  throw new ShadegradError('BAD_FLAG', `Pictures of --${flag} ${text} would be too large`, {
    expected:
      width * height > MAX_PIXELS
        ? `at most ${MAX_PIXELS / 1e6} megapixels: larger ones could not be read again`
        : `at most ${maxSide} pixels a side of a ${format}`,
    received: `${width} x ${height} pixels${halves === 2 ? ', two halves side by side' : ''}`,
    fix: `write a smaller --${flag}`,
  });
}

function sidesOf(flag: string, text: string): Sides {
  const [, width, height = width] = /^([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (width !== undefined) return { width: Number(width), height: Number(height) };
  throw new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: 'a side in pixels, or WIDTHxHEIGHT',
    received: oneLine(text, 40),
    fix: `write --${flag} 256 or --${flag} 512x256`,
  });
}
