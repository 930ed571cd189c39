import { join } from 'node:path';
import { joinPair } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { atMost } from '../../../data/at-most.js';
import type { PictureFormatName } from '../../images/encode.js';
import { listSet } from '../../images/image-sets.js';
import { stemOf } from '../../images/layout.js';
import { readImage, readImageSides } from '../../images/read.js';
import { remark } from '../../terminal/remarks.js';
import { pictureJob, type Job } from './jobs.js';

/** Files whose headers are read at the same time. */
const AT_ONCE = 16;

/** A picture of a film: what its name says before the number of the frame, and that number. */
interface Frame {
  readonly name: string;
  readonly film: string;
  readonly number: number;
}

/** Which frames become pairs. */
export interface PairChoice {
  /** How many frames half A is before half B. */
  readonly gap: number;
  /** Of so many frames the first is a half B. */
  readonly every: number;
}

/**
 * Finds the pairs of a folder of numbered frames: half A is the frame whose number is `gap` lower than that of half B, of the same film,
 * which is all before the number, folders included. Where a number is missing there is no pair, so nothing is joined across it.
 *
 * @returns the pictures to make, named after half B
 * @throws DATA_EMPTY, DATA_NOT_FOUND; DATA_UNREADABLE for pictures without numbers, two of one number, and where no two are so far apart;
 *   IMAGE_SIZE for a film whose frames differ in size
 */
export async function framePairs(folder: string, { gap, every }: PairChoice, format: PictureFormatName): Promise<Job[]> {
  const { names, leftOut } = await listSet(folder);
  if (leftOut !== '') remark(`left out of ${printableName(folder)}: ${leftOut}`);
  const films = filmsOf(folder, names);
  const pairs = [...films.values()].flatMap((frames) => {
    const first = [...frames.keys()].reduce((least, number) => Math.min(least, number), Infinity);
    return [...frames].flatMap(([number, b]): [a: Frame, b: Frame][] => {
      const a = frames.get(number - gap);
      return a && (number - first) % every === 0 ? [[a, b]] : [];
    });
  });
  if (pairs.length === 0) {
    const apart = leastStep(films);
    throw new ShadegradError('DATA_UNREADABLE', `No two frames of ${printableName(folder)} are ${gap} apart`, {
      expected: `frames of one film whose numbers differ by ${gap}, one of them the first of ${every}`,
      received: `${names.length} pictures${apart === Infinity ? ', one of each film' : `, ${apart} apart at least`}`,
      fix:
        apart === Infinity
          ? 'name the folder of a film, with its frames numbered'
          : `write --gap ${apart}, and a smaller --every if it is there`,
    });
  }
  await expectOneSize(folder, films);
  return pairs.map(([a, b]) => {
    const [before, now] = [join(folder, a.name), join(folder, b.name)];
    return pictureJob(stemOf(b.name), format, [before, now], async () =>
      joinPair({ name: printableName(b.name), a: await readImage(before), b: await readImage(now) }),
    );
  });
}

function filmsOf(folder: string, names: readonly string[]): Map<string, Map<number, Frame>> {
  const films = new Map<string, Map<number, Frame>>();
  for (const name of names) {
    const [, film = '', digits] = /^(.*?)(\d+)\D*$/s.exec(stemOf(name)) ?? [];
    if (digits === undefined) {
      throw new ShadegradError('DATA_UNREADABLE', `${printableName(join(folder, name))} has no number`, {
        expected: 'frames named by their place in the film, such as frame-000013.png',
        received: printableName(name),
        fix: 'take it out of the folder, or number it',
      });
    }
    if (!Number.isSafeInteger(Number(digits))) {
      throw new ShadegradError('DATA_UNREADABLE', `${printableName(join(folder, name))} has too large a number`, {
        expected: `at most ${Number.MAX_SAFE_INTEGER}, up to which whole numbers are exact`,
        received: printableName(digits),
        fix: 'number the frames from 0 or 1 on: a time in nanoseconds is no number of a frame',
      });
    }
    const frames = films.get(film) ?? new Map<number, Frame>();
    const other = frames.get(Number(digits));
    if (other) {
      throw new ShadegradError('DATA_UNREADABLE', `Two frames of one number in ${printableName(folder)}`, {
        expected: 'each number once in a film',
        received: `${printableName(other.name)} and ${printableName(name)}`,
        fix: 'take one of them out, or put films into folders of their own',
      });
    }
    films.set(film, frames.set(Number(digits), { name, film, number: Number(digits) }));
  }
  return films;
}

/** How far the nearest two frames of any film are apart. */
function leastStep(films: ReadonlyMap<string, ReadonlyMap<number, Frame>>): number {
  let least = Infinity;
  for (const frames of films.values()) {
    const numbers = [...frames.keys()].sort((a, b) => a - b);
    for (const [at, number] of numbers.entries()) if (at > 0) least = Math.min(least, number - numbers[at - 1]!);
  }
  return least;
}

async function expectOneSize(folder: string, films: ReadonlyMap<string, ReadonlyMap<number, Frame>>): Promise<void> {
  const inTurn = atMost(AT_ONCE);
  for (const frames of films.values()) {
    const sides = await Promise.all(
      [...frames.values()].map(({ name }) =>
        inTurn(async () => {
          // One that cannot be read is named when its pair is made.
          const found = await readImageSides(join(folder, name)).catch(() => null);
          return found && { name, text: `${found.width} x ${found.height}` };
        }),
      ),
    );
    const [first, ...others] = sides.filter((each) => each !== null);
    const other = others.find(({ text }) => text !== first!.text);
    if (!other) continue;
    throw new ShadegradError('IMAGE_SIZE', `The frames of a film in ${printableName(folder)} differ in size`, {
      expected: `${first!.text} pixels, as ${printableName(first!.name)}`,
      received: `${other.text} in ${printableName(other.name)}`,
      fix: 'bring all to one size: npx shadegrad prepare resize IN OUT --size WxH',
    });
  }
}
