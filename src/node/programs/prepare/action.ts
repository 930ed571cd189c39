import type { Program } from '../../terminal/flag-table.js';
import { QUIET_FLAG } from '../../terminal/remarks.js';

/** Something that `shadegrad prepare` does: a program of its own, called by its name. */
export interface Action {
  readonly name: string;
  /** For the list of all. */
  readonly description: string;
  readonly program: Program;
  /** @returns the exit status */
  run(argv: readonly string[]): Promise<number>;
}

/** Flags of every action that writes files. */
export const WRITING_FLAGS = [
  {
    name: 'force',
    group: 'Results',
    type: 'boolean',
    description: 'write into a folder that holds other files, or results of another call, which then go',
  },
  { ...QUIET_FLAG, group: 'Results' },
] as const;

/** What pictures are written as. */
export const FORMAT_FLAG = {
  name: 'format',
  group: 'Results',
  type: 'choice',
  choices: ['png', 'jpeg'],
  default: 'png',
  description: 'what pictures are written as: png, as they are; jpeg, several times smaller, for photos (quality 95), never for label maps',
} as const;

/** How pictures of another shape come to a size. */
export const FIT_FLAG = {
  name: 'fit',
  group: 'Pictures',
  type: 'choice',
  choices: ['stretch', 'crop', 'pad'],
  default: 'stretch',
  description:
    'pictures of another shape: stretch each side on its own, as a training does with pairs; crop to the largest part in the middle; ' +
    'pad with white',
} as const;

/** The flag of what brings images to another size; `filter` says how. */
export const FILTER_FLAG = {
  name: 'filter',
  group: 'Pictures',
  type: 'choice',
  choices: ['bicubic', 'nearest'],
  default: 'bicubic',
  description: 'how pictures are resized: bicubic for photos; nearest for label maps, whose colours stay those that they are',
} as const;
