import { constants } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { epochPermutation } from '../../../data/shuffle.js';
import { oneLine, printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import type { Program } from '../../terminal/flags.js';
import { formatCountOf } from '../../../formats/words.js';
import { remark } from '../../terminal/remarks.js';
import { WRITING_FLAGS, makeAction } from './action.js';
import { runJobs, type Job } from './jobs.js';
import { planSplit, type Unit } from './split-layout.js';

const PROGRAM = {
  usage: 'npx shadegrad prepare split IN OUT [flags]',
  summary:
    'Splits a folder into train, val and test at random. Halves of pairs stay together (equal names in A/ and B/, a photo beside its ' +
    'label map); of two sets and of folders of classes, each is split by itself. What goes where follows from the names and --seed alone.',
  takesOperands: true,
  flags: [
    { name: 'val', group: 'Split', type: 'string', placeholder: 'N|N%', default: '10%', description: 'to measure while training' },
    { name: 'test', group: 'Split', type: 'string', placeholder: 'N|N%', default: '0', description: 'to keep for the end' },
    {
      name: 'seed',
      group: 'Split',
      type: 'integer',
      min: 0,
      max: 0xffff_ffff,
      default: 1,
      description: 'another one puts other pictures into each',
    },
    {
      name: 'blocks',
      group: 'Split',
      type: 'integer',
      min: 1,
      max: 1_000_000,
      default: 1,
      description: 'keep so many neighbours together, in the order of their names: frames of a film, which are nearly the same',
    },
    {
      name: 'link',
      group: 'Results',
      type: 'boolean',
      description: 'second names (hard links) of the files in place of copies: no space is taken; both folders are on one disk then',
    },
    ...WRITING_FLAGS,
  ],
  examples: [
    { command: 'npx shadegrad prepare split pairs/ data/ --val 10% --test 50', description: 'A tenth to validate, 50 to test:' },
    { command: 'npx shadegrad prepare split film/ data/ --blocks 100', description: 'Frames of a film, a hundred neighbours at a time:' },
  ],
} as const satisfies Program;

/** The action that splits a folder into train, val and test. */
export const SPLIT = makeAction({
  name: 'split',
  description: 'split a folder into train, val and test',
  program: PROGRAM,
  folders: [2],
  async work({ flags, inputs, output }) {
    const [input] = inputs as [string];
    const [val, test] = [shareOf('val', flags.val), shareOf('test', flags.test)];
    const { groups, notes } = await planSplit(input);
    for (const note of notes) remark(note);
    const counts = new Map<string, number>();
    const asked = { val: 0, test: 0 };
    const jobs = groups.flatMap(({ units, target }, group) => {
      const shares = { val: val(units.length), test: test(units.length) };
      for (const split of ['val', 'test'] as const) asked[split] += shares[split];
      return [...assign(units, { ...shares, seed: flags.seed, group, blocks: flags.blocks })].flatMap(([unit, split]) => {
        counts.set(split, (counts.get(split) ?? 0) + 1);
        return unit.files.map((file) => jobOf(join(input, file), target(split, file), flags.link));
      });
    });
    for (const split of ['train', 'val', 'test'] as const) {
      const count = counts.get(split);
      if (count === undefined) continue;
      const other = split !== 'train' && count !== asked[split];
      remark(`${split}: ${count}${other ? `, for ${asked[split]} that were asked for: ${flags.blocks} neighbours stay together` : ''}`);
    }
    const settings = {
      input: resolve(input),
      val: flags.val,
      test: flags.test,
      seed: flags.seed,
      link: flags.link,
      ...(flags.blocks > 1 && { blocks: flags.blocks }),
    };
    return runJobs(output, { action: 'split', settings }, jobs, flags.force, 'file');
  },
});

/** What a share is of so many: a number, or a part, rounded and at least one. @throws BAD_FLAG for what is neither */
function shareOf(flag: string, text: string): (length: number) => number {
  const [, number, percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  const isRight = number !== undefined && (percent === '%' ? value < 100 : Number.isInteger(value));
  if (isRight) return (length) => (percent === '%' ? (value === 0 ? 0 : Math.max(1, Math.round((length * value) / 100))) : value);
  throw new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: 'a number of samples, or a part of them below 100%',
    received: oneLine(text, 40),
    fix: `write --${flag} 50 or --${flag} 10%`,
  });
}

/** How many samples of a group go where, and by what they are chosen. */
interface Shares {
  readonly val: number;
  readonly test: number;
  readonly seed: number;
  readonly group: number;
  /** Neighbours that go to the same place. */
  readonly blocks: number;
}

/** @throws BAD_FLAG where nothing would be left to train on */
function assign(units: readonly Unit[], { val, test, seed, group, blocks }: Shares): Map<Unit, 'train' | 'val' | 'test'> {
  const count = Math.ceil(units.length / blocks);
  // At least one block where anything is asked for.
  const [vals, tests] = [val, test].map((share) => (share === 0 ? 0 : Math.max(1, Math.round(share / blocks)))) as [number, number];
  if (val + test >= units.length || vals + tests >= count) {
    const inBlocks = blocks === 1 ? '' : `, in ${count === 1 ? 'one block' : `${count} blocks`} of ${blocks}`;
    throw new ShadegradError('BAD_FLAG', 'Nothing would be left to train on', {
      expected: `--val and --test of less than ${formatCountOf(units.length, 'sample')} together${inBlocks}`,
      received: `${val} and ${test}, of those that ${printableName(units[0]!.key)} is one of`,
      fix: `write smaller numbers, or parts, such as --val 10%${blocks === 1 ? '' : ', or smaller --blocks'}`,
    });
  }
  const order = epochPermutation(count, seed, group);
  const splitOf = (block: number) => (order[block]! < vals ? 'val' : order[block]! < vals + tests ? 'test' : 'train');
  return new Map(units.map((unit, index) => [unit, splitOf(Math.floor(index / blocks))]));
}

function jobOf(source: string, output: string, isLinked: boolean): Job {
  return {
    output,
    sources: [source],
    async write(path) {
      if (!isLinked) return copyFile(source, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      return link(source, path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EXDEV') throw cause;
        throw new ShadegradError('WRITE_FAILED', `${printableName(source)} cannot have a second name on another disk`, {
          received: 'EXDEV from the file system',
          fix: 'leave out --link, or name a folder on the same disk',
          cause,
        });
      });
    },
  };
}
