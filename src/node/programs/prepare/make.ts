import { basename, join, resolve } from 'node:path';
import {
  chooseInput,
  expectNumbers,
  PAIR_INPUTS,
  inputText,
  madeOfPicture,
  parseInput,
  trainingOf,
  type InputChoice,
} from '../../../data/inputs/registry.js';
import { sidesWithin, type Sides } from '../../../data/fit.js';
import { joinPair, splitPair, type RgbImage } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { COLOR_PROFILE_FLAG, type ProfileWay } from '../../images/colour-profiles.js';
import type { PictureFormatName } from '../../images/encode.js';
import { listSet } from '../../images/image-sets.js';
import { stemOf } from '../../images/layout.js';
import { computeAside } from '../../images/picture-workers.js';
import { readImage } from '../../images/read.js';
import type { NumberFlag } from '../../../training/run/flag-table.js';
import type { Program } from '../../terminal/flags.js';
import { remark } from '../../terminal/remarks.js';
import { FIT_FLAG, FORMAT_FLAG, WRITING_FLAGS, makeAction, profilesOf, readingOf } from './action.js';
import { pictureJob, runJobs } from './jobs.js';
import { parseSides } from './operands.js';

/** A flag for each number that some input is made with. */
const NUMBER_FLAGS = [...new Set(PAIR_INPUTS.flatMap(({ options }) => Object.keys(options)))].map((name): NumberFlag => {
  const rows = PAIR_INPUTS.flatMap(({ name: input, options }) => (options[name] ? [{ input, ...options[name] }] : []));
  const texts = [...new Set(rows.map(({ description }) => description))].map((description) => {
    const of = rows.filter((row) => row.description === description);
    return `of ${of.map((row) => row.input).join(' and ')}, ${description} (default ${of[0]!.default})`;
  });
  const [min, max] = [Math.min(...rows.map((row) => row.min)), Math.max(...rows.map((row) => row.max))];
  return { name, group: 'Numbers of an input', type: 'number', min, max, description: texts.join('; ') };
});

const PROGRAM = {
  usage: 'npx shadegrad prepare make IN OUT [flags]',
  summary:
    'Makes pairs out of single pictures: A (left) is made of B (right), the picture itself, so that a network learns the way back. ' +
    'Folders in IN stay as they are. Train on them with --direction AtoB; train --make does the same without files.',
  takesOperands: true,
  flags: [
    {
      name: 'input',
      group: 'Pairs',
      type: 'string',
      placeholder: 'NAME',
      default: 'edges',
      description: `what A is: ${PAIR_INPUTS.filter(({ training }) => training === undefined)
        .map(({ name, title }) => `${name}, ${title}`)
        .join('; ')}`,
    },
    {
      name: 'half',
      group: 'Pairs',
      type: 'choice',
      choices: ['left', 'right'],
      description: 'the pictures are pairs side by side, of which this half is taken',
    },
    { name: 'seed', group: 'Pairs', type: 'integer', min: 0, max: 0xffff_ffff, default: 1, description: 'what is random follows from it' },
    ...NUMBER_FLAGS,
    {
      name: 'size',
      group: 'Pictures',
      type: 'string',
      placeholder: 'N|WxH',
      description: 'bring pictures to these sides first; by default they keep theirs',
    },
    FIT_FLAG,
    { ...COLOR_PROFILE_FLAG, group: 'Pictures' },
    FORMAT_FLAG,
    ...WRITING_FLAGS,
  ],
  examples: [
    { command: 'npx shadegrad prepare make shoes/ pairs/ --input edges --size 256 --fit pad', description: 'Edges to shoes:' },
    {
      command: 'npx shadegrad prepare make photos/ pairs/ --input lowres --factor 8',
      description: 'Pictures of few pixels to sharp ones:',
    },
  ],
} satisfies Program;

/** The flags of PROGRAM that are no numbers of inputs. */
interface Flags {
  readonly input: string;
  readonly half?: 'left' | 'right';
  readonly seed: number;
  readonly size?: string;
  readonly fit: 'stretch' | 'crop' | 'pad';
  readonly format: PictureFormatName;
  readonly 'color-profile'?: ProfileWay;
  readonly force: boolean;
  readonly quiet: boolean;
}

/** The action that makes pairs out of single pictures. */
export const MAKE = makeAction({
  name: 'make',
  description: 'make pairs out of single pictures: edges, greys, holes and others to the pictures themselves',
  program: PROGRAM,
  folders: [2],
  async work({ flags: values, given, inputs, output }) {
    const flags = values as unknown as Flags;
    const [input] = inputs as [string];
    const numbers = NUMBER_FLAGS.filter(({ name }) => given.has(name)).map(({ name }) => [name, Number(values[name])] as const);
    const choice = inputOf(flags.input, numbers);
    const sides = flags.size === undefined ? null : parseSides('size', flags.size, flags.format, 2);
    const { names, leftOut } = await listSet(input);
    if (leftOut !== '') remark(`left out of ${printableName(input)}: ${leftOut}`);
    const reading = readingOf(flags);
    const jobs = names.map((name) => {
      const path = join(input, name);
      return pictureJob(stemOf(name), flags.format, [path], async () => {
        const half = halfOf(await readImage(path, reading), path, flags.half);
        const key = stemOf(basename(name));
        const make = async (image: RgbImage) => (await computeAside('input', { image, choice, name: key, seed: flags.seed }))[0]!;
        const fitted = async (image: RgbImage, to: Sides, fit = flags.fit) =>
          (await computeAside('fit', { images: [image], sides: to, fit, filter: 'bicubic' }))[0]!;
        const padded = sides !== null && flags.fit === 'pad' && madeOfPicture(choice);
        const inside = padded ? await fitted(half, sidesWithin(sides, half), 'stretch') : null;
        const b = sides ? await fitted(inside ?? half, sides) : half;
        const a = inside ? await fitted(await make(inside), sides!) : await make(b);
        return joinPair({ name: printableName(path), a, b });
      });
    });
    const { half = null, seed, fit } = flags;
    const size = sides && `${sides.width}x${sides.height}`;
    const settings = { input: resolve(input), make: inputText(choice), half, seed, size, fit, format: flags.format, ...profilesOf(flags) };
    const status = await runJobs(output, { action: 'make', settings }, jobs, flags.force, 'pair');
    remark('half A (left) is made of half B: train with --direction AtoB');
    return status;
  },
});

/** @throws BAD_FLAG */
function inputOf(text: string, numbers: readonly (readonly [string, number])[]): InputChoice {
  try {
    const choice = parseInput(text);
    const { name, options } = choice;
    if (Object.keys(trainingOf(choice)).length > 0) {
      throw new ShadegradError('BAD_FLAG', `The input ${name} is for a training alone`, {
        expected: PAIR_INPUTS.flatMap((each) => (each.training ? [] : [each.name])).join(', '),
        received: `--input ${name}`,
        fix: `train on the single pictures themselves: npx shadegrad train --make ${name} --data DIR`,
      });
    }
    // Those of the text are checked already; a flag has the last word.
    return expectNumbers(chooseInput(name, [...Object.entries(options), ...numbers]));
  } catch (error) {
    throw error instanceof ShadegradError ? error.withCode('BAD_FLAG') : error;
  }
}

function halfOf(image: RgbImage, path: string, half: 'left' | 'right' | undefined): RgbImage {
  if (half === undefined) return image;
  const { a, b } = splitPair(image, printableName(path));
  return half === 'left' ? a : b;
}
