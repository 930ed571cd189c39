import { parseFlags, type FlagValues, type Program } from '../../terminal/flags.js';
import { formatHelp } from '../../terminal/help.js';
import { readingProfiles, type ProfileWay, type ReadImageOptions } from '../../images/colour-profiles.js';
import { keepQuiet, QUIET_FLAG, remark } from '../../terminal/remarks.js';
import { expectApart, expectOperands } from './operands.js';

/** Something that `shadegrad prepare` does: a program of its own, called by its name. */
export interface Action {
  readonly name: string;
  /** For the list of all. */
  readonly description: string;
  readonly program: Program;
  /** @returns the exit status */
  run(argv: readonly string[]): Promise<number>;
}

/** The command line of an action, read and checked. */
export interface ActionCall<P extends Program> {
  readonly flags: FlagValues<P>;
  /** Names of the flags that were typed. */
  readonly given: ReadonlySet<string>;
  /** The folders that are read. */
  readonly inputs: readonly string[];
  /** The folder of the results, apart from those; of an action that writes nothing, an empty text. */
  readonly output: string;
}

/** What an action is made of. */
interface ActionParts<P extends Program> extends Pick<Action, 'name' | 'description'> {
  readonly program: P;
  /** How many folders are named, that of the results among them. */
  readonly folders: readonly number[];
  /** Whether the last folder is that of the results. Default true. */
  readonly writes?: boolean;
  /** @returns the exit status */
  work(call: ActionCall<P>): Promise<number>;
}

/** Makes an action that reads its command line as all of them do. */
export function makeAction<const P extends Program>({ name, description, program, folders, writes = true, work }: ActionParts<P>): Action {
  return {
    name,
    description,
    program,
    async run(argv) {
      const { values: flags, operands, given, help } = parseFlags<P>(program, argv);
      if (help) {
        process.stdout.write(formatHelp(program));
        return 0;
      }
      keepQuiet((flags as { readonly quiet?: boolean }).quiet === true);
      expectOperands(operands, folders, program);
      if (!writes) return work({ flags, given, inputs: operands, output: '' });
      const [inputs, output] = [operands.slice(0, -1), operands.at(-1)!];
      await expectApart(inputs, output);
      return work({ flags, given, inputs, output });
    },
  };
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

/** How pictures are read, as `--color-profile` says; the results have no profiles. */
export const readingOf = (flags: { readonly 'color-profile'?: ProfileWay }): ReadImageOptions => {
  const { hush: _, ...reading } = readingProfiles(flags['color-profile'] ?? 'ignore', remark);
  return reading;
};

/** What the record of results keeps of how pictures were read: nothing where profiles are ignored, as before there was the flag. */
export const profilesOf = (flags: { readonly 'color-profile'?: ProfileWay }): { readonly colorProfile?: ProfileWay } =>
  (flags['color-profile'] ?? 'ignore') === 'ignore' ? {} : { colorProfile: flags['color-profile']! };
