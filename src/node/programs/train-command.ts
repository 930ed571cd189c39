import { ShadegradError } from '../../errors.js';
import { pix2pix } from '../../schemes/pix2pix.js';
import { findScheme, SCHEMES } from '../../schemes/registry.js';
import type { TrainingScheme } from '../../training/scheme.js';
import { programCall } from '../terminal/program-call.js';
import { nearest, type Flag, type Program } from '../terminal/flags.js';
import { wordsOfFlag } from '../terminal/our-words.js';
import { commandLine, OPTIONS_FLAG } from '../terminal/options-file.js';
import { schemeFlags, trainProgram } from '../training/flags.js';
import { existingRunFolder } from '../training/folder.js';
import { formatRecipes, LIST, recipeNamed, RECIPES } from '../training/recipes.js';
import { readCheckpointInfo } from '../weights/checkpoint.js';
import { train } from './train.js';

const SCHEME_FLAG = '--scheme';

/** The flag that chooses a recipe of a scheme; none for a scheme without. */
function recipeFlags({ name, title }: TrainingScheme): Flag[] {
  const own = RECIPES.filter(({ scheme }) => scheme === name).map((recipe) => recipe.name);
  const flag: Flag = {
    name: 'recipe',
    group: 'Training',
    type: 'choice',
    choices: RECIPES.map((recipe) => recipe.name),
    placeholder: 'NAME',
    check: (recipe) => (own.includes(recipe) ? undefined : `a recipe of ${title}: ${own.join(', ')}`),
    description:
      'the settings of a published training, and its scheme; what is typed wins over them. Its data are those of --data, or fetched with ' +
      `--download; --recipe ${LIST} says what each is`,
  };
  return own.length === 0 ? [] : [flag];
}

/** The program of `shadegrad train` for a scheme: it has a flag that chooses another one. */
export function trainCommand(scheme: TrainingScheme): Program {
  const program = trainProgram(scheme, packageCallOf(scheme));
  const choices = SCHEMES.map(({ name }) => name);
  const titles = SCHEMES.map(({ title }) => title).join(', ');
  const description = `the training scheme (${titles}); each has flags of its own: train --scheme NAME --help`;
  const own = new Set([...program.flags, ...recipeFlags(scheme)].map(({ name }) => name));
  const others = SCHEMES.flatMap((other) =>
    [...recipeFlags(other), ...schemeFlags(other)].map((flag) => ({ flag, owner: `${SCHEME_FLAG} ${other.name}` })),
  );
  return {
    ...program,
    fixed: scheme.reference ?? {},
    foreign: others.filter(({ flag }) => !own.has(flag.name)),
    sets: {
      flag: 'recipe',
      of: (name) => {
        const recipe = recipeNamed(name);
        return recipe?.scheme === scheme.name ? recipe.flags : undefined;
      },
    },
    flags: [
      { name: 'scheme', group: 'Training', type: 'choice', choices, default: scheme.name, reference: ['model'], description },
      ...recipeFlags(scheme),
      ...program.flags,
    ],
  };
}

/**
 * Runs `shadegrad train`: trains by the scheme that `--scheme` names, or that of the run to go on with; else pix2pix.
 *
 * @param argv the arguments alone
 * @returns the exit status, as trainScheme()
 * @throws ShadegradError for whatever the user can mend
 */
export async function trainModel(argv: readonly string[]): Promise<number> {
  if (schemeWords(argv).recipe === LIST) {
    process.stdout.write(formatRecipes());
    return 0;
  }
  const scheme = await schemeOf(argv);
  return train({ scheme, call: callOf(scheme) }, trainCommand(scheme), argv);
}

/**
 * Trains pix2pix, as `examples/train-facades.js` does.
 *
 * @param argv the arguments alone
 * @returns the exit status, as trainScheme()
 * @throws ShadegradError for whatever the user can mend
 */
export function trainFacades(argv: readonly string[]): Promise<number> {
  return train({ scheme: pix2pix, call: programCall('train') }, trainProgram(pix2pix), argv);
}

/** How training by a scheme is called; the name of pix2pix, which is meant where none is given, is left out. */
export const callOf = (scheme: Pick<TrainingScheme, 'name'>): string => `${programCall('train')}${schemeWord(scheme)}`;

/** How whoever has the package trains by a scheme, wherever this process was started from. */
export const packageCallOf = (scheme: Pick<TrainingScheme, 'name'>): string => `npx shadegrad train${schemeWord(scheme)}`;

const schemeWord = ({ name }: Pick<TrainingScheme, 'name'>): string => (name === pix2pix.name ? '' : ` ${SCHEME_FLAG} ${name}`);

/** The scheme of a command line: its flags are those of the scheme, so this has to be known first. */
async function schemeOf(argv: readonly string[]): Promise<TrainingScheme> {
  const { scheme: asked, recipe, resume, out } = schemeWords(argv);
  const named = asked ?? recipeNamed(recipe)?.scheme ?? (resume ? await schemeOfRun(out) : undefined);
  if (named === undefined) return pix2pix;
  const scheme = findScheme(named);
  if (scheme) return scheme;
  const names = SCHEMES.map(({ name }) => name);
  const near = nearest(named, names);
  throw new ShadegradError('BAD_FLAG', `Bad value for ${SCHEME_FLAG}`, {
    expected: names.join(', '),
    received: named.slice(0, 40),
    fix:
      near === undefined
        ? 'use one of these names; a scheme of your own is trained by the program that defines it (docs/schemes.md)'
        : `did you mean ${near}?`,
  });
}

/** What of a command line says which scheme it is for, read before the flags of that are known. */
function schemeWords(argv: readonly string[]): { scheme?: string; recipe?: string; resume: boolean; out?: string } {
  const program = trainCommand(pix2pix);
  const flags = program.flags.filter(({ name }) => ['scheme', 'recipe', 'resume', 'out', OPTIONS_FLAG.name].includes(name));
  const asking = { usage: program.usage, summary: program.summary, flags };
  const { words } = commandLine(asking, argv, true);
  const [scheme, recipe, out] = ['scheme', 'recipe', 'out'].map((flag) => wordsOfFlag(words, flag)?.[0]);
  return {
    ...(scheme !== undefined && { scheme }),
    ...(recipe !== undefined && { recipe }),
    ...(out !== undefined && { out }),
    resume: words.some((word) => word === '--resume' || word === '--resume=true'),
  };
}

/** What the checkpoint of a run says; of a run that cannot be read, nothing: that is told later. */
async function schemeOfRun(out: string | undefined): Promise<string | undefined> {
  try {
    const folder = out === undefined ? undefined : await existingRunFolder(out, out);
    return folder && ((await readCheckpointInfo(folder.checkpoint)).scheme ?? undefined);
  } catch (error) {
    if (error instanceof ShadegradError) return undefined;
    throw error;
  }
}
