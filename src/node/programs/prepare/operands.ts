import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { oneLine, printableName } from '../../../formats/names.js';
import type { Sides } from '../../../data/fit.js';
import { ShadegradError } from '../../../errors.js';
import type { Program } from '../../terminal/flag-table.js';

/** @throws BAD_FLAG for another number of operands than these */
export function expectOperands(operands: readonly string[], counts: readonly number[], { usage }: Program): void {
  if (counts.includes(operands.length)) return;
  throw new ShadegradError('BAD_FLAG', operands.length < Math.min(...counts) ? 'A folder is missing' : 'More folders are named than fit', {
    expected: counts.join(' or '),
    received: oneLine(operands.join(' '), 120) || 'none',
    fix: `write ${usage}`,
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
 * @throws BAD_FLAG, naming the flag
 */
export function parseSides(flag: string, text: string): Sides {
  const [, width, height = width] = /^([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (width !== undefined) return { width: Number(width), height: Number(height) };
  throw new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: 'a side in pixels, or WIDTHxHEIGHT',
    received: oneLine(text, 40),
    fix: `write --${flag} 256 or --${flag} 512x256`,
  });
}
