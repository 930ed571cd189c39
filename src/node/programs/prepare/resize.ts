import { join, resolve } from 'node:path';
import { expectHalves } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { COLOR_PROFILE_FLAG } from '../../images/colour-profiles.js';
import { listSet } from '../../images/image-sets.js';
import { stemOf } from '../../images/layout.js';
import { computeAside } from '../../images/picture-workers.js';
import { readImage } from '../../images/read.js';
import type { Program } from '../../terminal/flags.js';
import { remark } from '../../terminal/remarks.js';
import { FILTER_FLAG, FIT_FLAG, FORMAT_FLAG, WRITING_FLAGS, makeAction, profilesOf, readingOf } from './action.js';
import { pictureJob, runJobs } from './jobs.js';
import { parseSides } from './operands.js';

const PROGRAM = {
  usage: 'npx shadegrad prepare resize IN OUT [flags]',
  summary:
    'Brings all pictures of a folder, and of the folders in it, to one size, under the same names. Training reads small files many ' +
    'times as fast as large ones that it shrinks itself.',
  takesOperands: true,
  flags: [
    { name: 'size', group: 'Pictures', type: 'string', placeholder: 'N|WxH', default: '256', description: 'the sides in pixels' },
    FIT_FLAG,
    FILTER_FLAG,
    {
      name: 'halves',
      group: 'Pictures',
      type: 'boolean',
      description: 'pictures are pairs side by side: each half is brought to --size on its own',
    },
    { ...COLOR_PROFILE_FLAG, group: 'Pictures' },
    FORMAT_FLAG,
    ...WRITING_FLAGS,
  ],
  examples: [
    { command: 'npx shadegrad prepare resize photos/ small/ --size 256 --fit crop', description: 'Squares of 256 pixels out of photos:' },
    { command: 'npx shadegrad prepare resize facades/ small/ --size 128 --halves', description: 'Pairs side by side:' },
  ],
} as const satisfies Program;

/** The action that brings pictures to one size. */
export const RESIZE = makeAction({
  name: 'resize',
  description: 'bring all pictures of a folder to one size',
  program: PROGRAM,
  folders: [2],
  async work({ flags, inputs, output }) {
    const [input] = inputs as [string];
    const sides = parseSides('size', flags.size, flags.format, flags.halves ? 2 : 1);
    const { names, leftOut } = await listSet(input);
    if (leftOut !== '') remark(`left out of ${printableName(input)}: ${leftOut}`);
    const { fit, filter, halves: inHalves } = flags;
    const reading = readingOf(flags);
    const jobs = names.map((name) => {
      const path = join(input, name);
      return pictureJob(stemOf(name), flags.format, [path], async () => {
        const image = await readImage(path, reading);
        if (inHalves) expectHalves(image, printableName(path));
        return (await computeAside('fit', { images: [image], sides, fit, filter, inHalves }))[0]!;
      });
    });
    const settings = {
      input: resolve(input),
      size: `${sides.width}x${sides.height}`,
      fit,
      filter,
      halves: inHalves,
      format: flags.format,
      ...profilesOf(flags),
    };
    return runJobs(output, { action: 'resize', settings }, jobs, flags.force);
  },
});
