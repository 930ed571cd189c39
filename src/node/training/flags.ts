import { ShadegradError } from '../../errors.js';
import { expectNumbers, PAIR_INPUTS, parseInput } from '../../data/inputs/registry.js';
import { pix2pix } from '../../schemes/pix2pix.js';
import type { OptionRow } from '../../training/option-table.js';
import type { PresetDefaults, SchemePresets, TrainingScheme } from '../../training/scheme.js';
import type { Flag, FlagValues, Program } from '../terminal/flags.js';
import { OPTIONS_FLAG } from '../terminal/options-file.js';
import { QUIET_FLAG } from '../terminal/remarks.js';
import { DOWNLOAD_FLAGS, expectDownload } from './download-flags.js';
import { REMOTE_FORMS } from '../weights/remote/registry.js';
import { flagName } from '../../training/run/flag-name.js';
import { fromFlag, networkNames } from '../../training/run/settings.js';
import { recipeNamed } from './recipes.js';
import { RUN_FLAGS, RUN_OPTION_NAMES } from '../../training/run/run-options.js';

/** What is expected of the text of an input, where it is not what came. */
function inputExpected(text: string): string | undefined {
  try {
    expectNumbers(parseInput(text));
    return undefined;
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    return error.expected;
  }
}

/** What every training takes. What its scheme takes is added to them. */
const COMMON = [
  {
    name: 'data',
    group: 'Data',
    reference: ['dataroot'],
    type: 'string',
    placeholder: 'DIR',
    description:
      'folder of the images; of pairs, train/ and val/ (or test/) with both halves side by side in a picture, or A/ and B/ with equal ' +
      'names (docs/data.md has every layout of every scheme)',
  },
  {
    name: 'download',
    group: 'Data',
    type: 'boolean',
    description:
      'for a scheme that needs no labels: fetch the CMP facades (30 MB), or the data of --recipe, into --data, by default a folder of ' +
      'their name in datasets/, unless they are there, and train on them',
  },
  {
    name: 'with-data',
    group: 'Data',
    reference: ['rafd_image_dir'],
    type: 'list',
    placeholder: 'DIR ...',
    description:
      'for a scheme that takes several sets with labels of their own, such as CelebA and RaFD at once: further folders beside --data, ' +
      'each with its images and labels',
  },
  {
    name: 'labels',
    group: 'Data',
    reference: ['selected_attrs'],
    type: 'list',
    placeholder: 'NAME ...',
    description:
      'for a scheme that learns labels, those to take and their order: attributes of list_attr_celeba.txt, or folders of classes; ' +
      'by default all, of each folder of --with-data, too, no label of which is named',
  },
  {
    name: 'make',
    group: 'Data',
    type: 'string',
    placeholder: 'NAME',
    check: (text) => inputExpected(text),
    description:
      'for a scheme that takes pairs: make them while it trains, of the single pictures of --data (train/ and val/, or one folder): half ' +
      `B is the picture, half A its ${PAIR_INPUTS.map(({ name }) => name).join(', ')}, with numbers if wanted (edges:sigma=2); as ` +
      'prepare make does in files',
  },
  ...DOWNLOAD_FLAGS,
  {
    name: 'from',
    group: 'Networks',
    type: 'string',
    placeholder: 'FILE|URL',
    description:
      'begin with the networks of a file instead of random ones, and with their optimisers where it has them: a checkpoint ' +
      `or a .pth of a whole run, a .pth, .safetensors, .pict or model.json of a generator; or an address of one: ${REMOTE_FORMS}`,
  },
  {
    name: 'epochs',
    group: 'Length',
    reference: ['n_epochs', 'niter'],
    type: 'integer',
    min: 1,
    max: 100_000,
    description: 'passes over the training images; the learning rate falls in the second half (--epochs-decay, --lr-policy)',
  },
  { name: 'steps', group: 'Length', type: 'integer', min: 1, max: 1_000_000_000, description: 'train this many steps instead' },
  {
    name: 'minutes',
    group: 'Length',
    type: 'number',
    min: 0.1,
    max: 100_000,
    description:
      'train as many steps as fit in this time, reports included; with --resume, save and stop after this time: the run ' +
      'keeps its planned length',
  },
  { ...OPTIONS_FLAG, group: 'The run and its folder' },
  { ...QUIET_FLAG, group: 'The run and its folder' },
  {
    name: 'seed',
    group: 'Training',
    type: 'integer',
    min: 0,
    max: 0xffff_ffff,
    default: 1,
    description: 'weights, order, jitter and dropout follow from it',
  },
  {
    name: 'serial',
    group: 'Training',
    reference: ['serial_batches'],
    type: 'boolean',
    description: 'images in their order, not in one that is drawn anew each epoch',
  },
  {
    name: 'precision',
    group: 'Training',
    type: 'choice',
    choices: ['f32', 'f16'],
    default: 'f32',
    description: 'f16 holds activations and gradients in half the bytes; weights, losses and files are f32 in either case',
  },
  {
    name: 'preview-augment',
    group: 'Augmentation',
    type: 'integer',
    min: 1,
    max: 64,
    bare: 4,
    description:
      'train nothing: write a sheet with so many samples as the networks would see them in four epochs, augment-preview.png in --out or ' +
      'here; alone it is 4',
  },
  {
    name: 'resume',
    group: 'The run and its folder',
    reference: ['continue_train'],
    type: 'boolean',
    takenBy: 'out',
    description: 'go on from the checkpoint in --out, by default that of the latest run',
  },
  {
    name: 'validate',
    group: 'The run and its folder',
    type: 'integer',
    min: 1,
    max: 100_000,
    description: 'validation images to measure, spread over the set; by default at most 100, in a preview or on a software adapter 25',
  },
  {
    name: 'save-every',
    group: 'The run and its folder',
    reference: ['save_latest_freq'],
    type: 'integer',
    min: 1,
    max: 1_000_000_000,
    placeholder: 'STEPS',
    description: 'steps between checkpoints; by default every three minutes, and with each report',
  },
  {
    name: 'report-every',
    group: 'The run and its folder',
    reference: ['update_html_freq'],
    type: 'integer',
    min: 1,
    max: 1_000_000_000,
    placeholder: 'STEPS',
    description: 'steps between reports; by default eight over the run, and at least every ten minutes',
  },
  {
    name: 'dashboard',
    group: 'This machine',
    type: 'integer',
    min: 0,
    max: 65535,
    bare: 0,
    placeholder: 'PORT',
    description:
      'show the run on a page of this machine alone while it goes on, and let it be paused and saved there; without a number, or with 0, ' +
      'on the first free port from 7420 on (docs/dashboard.md)',
  },
  {
    name: 'adapter',
    group: 'This machine',
    type: 'string',
    placeholder: 'NAME',
    description:
      "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name; by default what SHADEGRAD_ADAPTER says, else auto",
  },
  {
    name: 'tune',
    group: 'This machine',
    type: 'boolean',
    default: true,
    description: "no timing of the kernels' variants before a new run: rules of thumb choose them",
  },
  {
    name: 'eager',
    group: 'This machine',
    type: 'boolean',
    description: 'run each step anew instead of replaying a recorded one: slower, with the same result',
  },
  {
    name: 'debug-nan',
    group: 'This machine',
    type: 'boolean',
    description:
      'run each step as --eager does, look at the result of every layer and at the gradients, and stop with the name of the first that ' +
      'is not finite: slow, with the same result',
  },
  {
    name: 'recompute',
    group: 'This machine',
    type: 'boolean',
    description:
      'run cheap operations again for the gradients instead of keeping their results: less GPU memory, a little slower, with the same ' +
      'result',
  },
] as const satisfies readonly Flag[];

const EXAMPLES: NonNullable<Program['examples']> = [
  { command: 'npx shadegrad train', description: 'On facades that the program draws:' },
  { command: 'npx shadegrad train --download', description: 'On the real facades, fetched first:' },
  {
    command: 'npx shadegrad train --data my/pairs --direction AtoB --preset preview',
    description: 'On your own pairs, from left to right, as a quick trial:',
  },
  {
    command: 'npx shadegrad train --data my/pairs --from latest_net_G.pth --from-discriminator latest_net_D.pth --epochs 50',
    description: 'On your own pairs, from networks that PyTorch has trained:',
  },
  { command: 'npx shadegrad train --resume', description: 'Go on after Ctrl-C or a crash:' },
];

/** What a number of the presets is, which is 1 where they do not say: `1e-1, in a preview 5e-4`. */
function inPresets({ full, preview }: SchemePresets, name: 'batch' | 'learningRate', write: (value: number) => string): string {
  const [first, second] = [full, preview].map((preset) => write(((preset as PresetDefaults)[name] as number | undefined) ?? 1));
  return first === second ? first! : `${first}, in a preview ${second}`;
}

/** The batch of a run that is told none, where all presets have the same. */
function usualBatch({ full, preview }: SchemePresets): Pick<Program, 'usual'> {
  const [first, second] = [full, preview].map((preset: PresetDefaults) => (preset.batch as number | undefined) ?? 1);
  return first === second ? { usual: { batch: String(first) } } : {};
}

/** Flags that every training takes and whose texts depend on the scheme. */
interface SchemeFlags {
  readonly batch: number | undefined;
  readonly out: string | undefined;
  readonly preset: 'full' | 'preview' | undefined;
  readonly lr: number | undefined;
}

export { flagName, fromFlag };

/** The values of the flags of a training; those of its scheme by their names. */
export type TrainFlags = FlagValues<{ usage: string; summary: string; flags: typeof COMMON }> &
  SchemeFlags &
  Readonly<Record<string, unknown>>;

/**
 * The command line of a program that trains by a scheme: the flags of every training, and the scheme's own. Defaults that the preset
 * decides are in settings.ts.
 *
 * @param usage how the program is called, such as `npx shadegrad train`
 */
export function trainProgram<O extends object>(scheme: TrainingScheme<O>, usage = 'npx shadegrad train'): Program {
  const { presets, summary } = scheme;
  const runs = runsOf(scheme);
  return {
    usage: `${usage} [flags]`,
    summary:
      `${summary} Without --data it learns from ${drawnTitle(scheme)} that it draws itself. ` +
      `On a GPU it takes the full setting (--preset full), on a software adapter one that ends in about ` +
      `${String(presets.preview.minutes)} minutes (--preset preview).`,
    fixed: { ...scheme.reference, scheme: scheme.name },
    ...usualBatch(scheme.presets),
    alternatives: [['epochs', 'steps', 'minutes']],
    flags: [
      ...COMMON,
      ...RUN_FLAGS,
      {
        name: 'preset',
        group: 'Training',
        type: 'choice',
        choices: ['full', 'preview'],
        description: `full: ${presets.description}; preview: smaller and as many steps as fit in --minutes. Other flags win over it`,
      },
      {
        name: 'batch',
        reference: ['batch_size', 'batchSize'],
        group: 'Training',
        type: 'integer',
        min: 1,
        max: 1024,
        description: `images in a step; ${inPresets(presets, 'batch', String)}`,
      },
      {
        name: 'lr',
        reference: ['lr'],
        group: 'Training',
        type: 'number',
        min: 1e-8,
        max: 1,
        description: `learning rate of all networks; ${inPresets(presets, 'learningRate', (rate) => rate.toExponential())}`,
      },
      {
        name: 'out',
        group: 'The run and its folder',
        reference: ['name', 'checkpoints_dir'],
        type: 'string',
        placeholder: 'DIR',
        description: `folder for checkpoint, log and report; by default ${runs}, or ${runs}-2, ... when that is taken`,
      },
      ...schemeFlags(scheme),
    ],
    ...(usage === 'npx shadegrad train' && { examples: EXAMPLES }),
  };
}

/** The flags that a scheme adds to those of every training: the files of its further networks, and its options. */
export function schemeFlags<O extends object>(scheme: TrainingScheme<O>): Flag[] {
  const [first, ...others] = networkNames(scheme as unknown as TrainingScheme);
  return [
    ...others.map(
      (name): Flag => ({
        name: fromFlag(name),
        group: 'Networks',
        type: 'string',
        placeholder: 'FILE',
        description: `with --from, another file for the ${name}, instead of that of the ${first}`,
      }),
    ),
    ...ownFlags(scheme),
  ];
}

/** What the program draws to train on by a scheme where no data are named. */
export const drawnTitle = ({ drawn }: Pick<TrainingScheme, 'drawn'>): string => drawn?.title ?? 'facades';

/** The folder of the runs of a scheme, where none is named; of further ones, with a number. */
export const runsOf = ({ name, folder = name }: Pick<TrainingScheme, 'name' | 'folder'>): string => `runs/${folder}`;

/** @throws INVALID_ARGUMENT for an option whose flag every training has */
function ownFlags<O extends object>({ options, title }: TrainingScheme<O>): Flag[] {
  const common = [...[...COMMON, ...RUN_FLAGS].map(({ name }) => name as string), 'batch', 'preset', 'lr', 'out', 'scheme', 'help'];
  const taken = Object.keys(options).find((name) => common.includes(flagName(name)));
  if (taken !== undefined) {
    throw new ShadegradError('INVALID_ARGUMENT', `options of ${title}`, {
      expected: `other names than those of the flags of every training: ${common.join(', ')}`,
      received: taken,
      fix: 'rename the option',
    });
  }
  return Object.entries<OptionRow>(options).flatMap(([name, { flag }]) =>
    flag ? [{ name: flagName(name), group: title, ...flag } as Flag] : [],
  );
}

/** The program of `shadegrad train`. */
export const TRAIN_PROGRAM = trainProgram(pix2pix);

/** Options of every training whose flags do not have their names. */
const CALLED_OTHERWISE: Readonly<Record<string, string>> = { learningRate: 'lr' };
/** What errors call the training itself, beside the title of its scheme. */
const TRAINING = 'the training';

/**
 * An error about an option of a training, as whoever types flags knows it: BAD_FLAG by the name of the flag. Any other is itself.
 *
 * @param error whose text begins `OPTION of the training`, or `OPTION of` and the title of the scheme
 */
export function inFlags(error: unknown, { title, options }: Pick<TrainingScheme, 'title' | 'options'>): unknown {
  if (!(error instanceof ShadegradError) || error.code !== 'INVALID_ARGUMENT') return error;
  const own = Object.entries<OptionRow>(options).flatMap(([name, { flag }]) => (flag ? [name] : []));
  const named = new Map(
    [...own, ...RUN_OPTION_NAMES, 'batch', 'seed', 'serial', 'precision', 'learningRate'].map((name) => [
      name,
      CALLED_OTHERWISE[name] ?? flagName(name),
    ]),
  );
  const [option, rest] = error.what.split(' of ', 2) as [string, string | undefined];
  const flag = named.get(option);
  if (flag === undefined || rest === undefined || !(rest === title || rest.startsWith(TRAINING))) return error;
  // Words such as size are words, unless they stand in backquotes; names that no text has by chance are written as flags in any case.
  const typed = (text?: string): string | undefined =>
    text?.replace(/`(\w+)`|\b[a-z]+[A-Z]\w*/g, (whole, quoted?: string) => {
      const name = named.get(quoted ?? whole);
      return name === undefined ? whole : `--${name}`;
    });
  const { expected, received, fix } = error;
  return new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: typed(expected),
    received: typed(received),
    fix: typed(fix),
    cause: error,
  });
}

/** @throws BAD_FLAG for flags that are right by themselves and not together */
export function checkTogether(flags: TrainFlags, given: ReadonlySet<string>, scheme: TrainingScheme): void {
  const lengths = ['epochs', 'steps', 'minutes'].filter((name) => given.has(name));
  if (lengths.length > 1) {
    throw new ShadegradError('BAD_FLAG', 'The length of the run is given more than once', {
      expected: 'one of --epochs, --steps and --minutes',
      received: lengths.map((name) => `--${name}`).join(' and '),
      fix: 'leave out all but one',
    });
  }
  expectRecipe(flags);
  if (flags.labels !== undefined && !scheme.labelled) {
    throw new ShadegradError('BAD_FLAG', `${scheme.title} learns no labels`, {
      expected: '--labels with a scheme that does',
      received: `--labels ${flags.labels.join(' ')}`,
      fix: 'leave out --labels, or choose another scheme (--scheme)',
    });
  }
  const further = flags['with-data'];
  if (further !== undefined && !scheme.severalSets) {
    throw new ShadegradError('BAD_FLAG', `${scheme.title} takes the images of one folder`, {
      expected: '--with-data with a scheme that learns labels of several sets at once',
      received: `--with-data ${further.join(' ')}`,
      fix: 'leave out --with-data, or choose another scheme (--scheme)',
    });
  }
  if (further !== undefined && flags.data === undefined && !flags.resume) {
    throw new ShadegradError('BAD_FLAG', '--with-data names folders beside that of --data', {
      expected: '--data with it',
      received: `--with-data ${further.join(' ')}`,
      fix: `write --data ${further[0]!} for a single folder, or add --data DIR`,
    });
  }
  if (further !== undefined && flags['max-dataset-size'] !== undefined) {
    throw new ShadegradError('BAD_FLAG', '--max-dataset-size is for the images of one folder', {
      expected: 'one of --max-dataset-size and --with-data',
      received: 'both',
      fix: 'leave out --max-dataset-size, and put fewer pictures into the folders',
    });
  }
  if (flags.make !== undefined && (scheme.data ?? 'paired') !== 'paired') {
    throw new ShadegradError('BAD_FLAG', `${scheme.title} takes no pairs`, {
      expected: '--make with a scheme that does',
      received: `--make ${flags.make}`,
      fix: 'leave out --make, or choose another scheme (--scheme)',
    });
  }
  expectDownload(flags);
  const [first, ...others] = networkNames(scheme);
  const other = others.map(fromFlag).find((name) => flags[name] !== undefined);
  if (other !== undefined && flags.from === undefined) {
    throw new ShadegradError('BAD_FLAG', `--${other} goes with a ${first}`, {
      expected: '--from with it',
      fix: 'add --from FILE',
    });
  }
  if (flags.from !== undefined && flags.resume) {
    throw new ShadegradError('BAD_FLAG', '--resume goes on with the networks of its own run', {
      expected: 'one of --from and --resume',
      received: 'both',
      fix: 'leave out --resume to start a new run',
    });
  }
  if (flags['preview-augment'] !== undefined && flags.resume) {
    throw new ShadegradError('BAD_FLAG', '--preview-augment shows what a new run would see', {
      expected: 'one of --preview-augment and --resume',
      received: 'both',
      fix: 'leave out --resume, and give the flags of the run: --options RUN/options.json',
    });
  }
  if (flags.resume && flags.tune && given.has('tune')) {
    throw new ShadegradError('BAD_FLAG', '--tune is for new runs: another choice of kernels would give other numbers', {
      expected: 'one of --tune and --resume',
      received: 'both',
      fix: 'leave out --tune: a resumed run takes the kernels of its checkpoint',
    });
  }
  if (flags.recompute && (flags.eager || flags['debug-nan'])) {
    throw new ShadegradError('BAD_FLAG', '--recompute is for recorded steps: those that run each kernel at once keep their results', {
      expected: `one of --recompute and --${flags.eager ? 'eager' : 'debug-nan'}`,
      received: 'both',
      fix: `leave out --${flags.eager ? 'eager' : 'recompute'}`,
    });
  }
}

/** @throws BAD_FLAG for a recipe of a run that goes on, and for one without its data: facades that are drawn are another task */
function expectRecipe({ recipe: name, data, download, resume, 'download-url': url }: TrainFlags): void {
  const recipe = recipeNamed(name);
  if (recipe === undefined) return;
  if (resume) {
    throw new ShadegradError('BAD_FLAG', '--resume goes on with the settings of its own run', {
      expected: 'one of --recipe and --resume',
      received: 'both',
      fix: 'leave out --recipe: the folder of the run has all settings',
    });
  }
  if (download && recipe.set === undefined && url === undefined) {
    throw new ShadegradError('BAD_FLAG', `Nobody serves the data of --recipe ${recipe.name} for --download`, {
      expected: '--data with it',
      received: '--download',
      fix: `write --data DIR in its place; the data: ${recipe.source!}`,
    });
  }
  if (data !== undefined || download) return;
  throw new ShadegradError('BAD_FLAG', `--recipe ${recipe.name} needs data`, {
    expected: recipe.set === undefined ? '--data with it' : '--download or --data with it',
    fix: recipe.set === undefined ? `add --data DIR; the data: ${recipe.source!}` : 'add --download, or --data DIR for data of your own',
  });
}
