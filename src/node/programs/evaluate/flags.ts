import { ShadegradError } from '../../../errors.js';
import type { OptionRow } from '../../../training/option-table.js';
import type { EvaluateOptions } from '../../../training/evaluation/evaluate.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import { parseFlags, type Flag, type FlagValues, type ParsedFlags, type Program } from '../../terminal/flags.js';
import { nearest } from '../../terminal/nearest.js';
import { OPTIONS_FLAG } from '../../terminal/options-file.js';
import { QUIET_FLAG } from '../../terminal/remarks.js';
import { flagName } from '../../../training/run/flag-name.js';
import { REMOTE_FORMS } from '../../weights/remote/registry.js';
import { HUMAN_FLAGS } from './human/flags.js';

/** The flags that do not come of metrics. */
const OWN = [
  {
    name: 'run',
    group: 'Data',
    reference: ['name', 'checkpoints_dir'],
    type: 'string',
    placeholder: 'RUN',
    description: 'the folder of the run, in the place of RUN without a flag; or a file of weights of any readable format, with --data',
  },
  {
    name: 'weights',
    group: 'Data',
    type: 'string',
    placeholder: 'FILE|DIR',
    description: `weights alone to evaluate, with --data: whatever translate --weights takes, also ${REMOTE_FORMS}`,
  },
  {
    name: 'data',
    group: 'Data',
    reference: ['dataroot'],
    type: 'string',
    placeholder: 'DIR',
    description: 'a folder of data like those of the run, instead of them; for weights alone a folder of pairs',
  },
  {
    name: 'split',
    group: 'Data',
    reference: ['phase'],
    type: 'choice',
    choices: ['train', 'val', 'test'],
    description:
      'which images of the folder to evaluate on; by default those that the run was validated on, of a folder of --data val/, or else ' +
      'test/, or else all',
  },
  {
    name: 'count',
    group: 'Data',
    type: 'integer',
    min: 1,
    description: 'images to evaluate on at most, spread over the set; by default all',
  },
  {
    name: 'direction',
    group: 'Data',
    reference: ['direction'],
    type: 'choice',
    choices: ['AtoB', 'BtoA'],
    description:
      'of a run that translates both ways (CycleGAN), and of weights alone, what is translated into what; by default as the file says, ' +
      'or else AtoB',
  },
  {
    name: 'network',
    group: 'Data',
    type: 'string',
    placeholder: 'NAME',
    description: 'of weights alone with several generators the one to evaluate: generatorA (A to B) or generatorB (B to A) of CycleGAN',
  },
  {
    name: 'averages',
    group: 'Data',
    type: 'boolean',
    default: true,
    description: 'evaluates the weights that were trained, of a run with --ema, in the place of their running averages',
  },
  {
    name: 'made',
    group: 'Folders',
    type: 'string',
    placeholder: 'DIR',
    description: 'a folder of pictures that any program has made, in the place of a run; with --real',
  },
  {
    name: 'real',
    group: 'Folders',
    type: 'string',
    placeholder: 'DIR',
    description: 'the folder of the real pictures, of the same names; endings (.png, .jpg) may differ',
  },
  {
    name: 'input',
    group: 'Folders',
    type: 'string',
    placeholder: 'DIR',
    description: 'the folder of what was given, of the names of the made pictures, for metrics that ask for it and protocols that show it',
  },
  {
    name: 'made-suffix',
    group: 'Folders',
    type: 'string',
    placeholder: 'TEXT',
    description:
      'what the names of made pictures have after that of the real one, such as _fake_B; others are left out, so that both may lie ' +
      'in one folder',
  },
  {
    name: 'real-suffix',
    group: 'Folders',
    type: 'string',
    placeholder: 'TEXT',
    description: 'likewise of real pictures, such as _real_B',
  },
  {
    name: 'half',
    group: 'Folders',
    type: 'choice',
    choices: ['left', 'right'],
    description: 'the pictures of --real are side-by-side pairs: this half of each is the real one, also with --human',
  },
  {
    name: 'input-half',
    group: 'Folders',
    type: 'choice',
    choices: ['left', 'right', 'whole'],
    description: 'the pictures of --input are side-by-side pairs: this half of each was given; whole says that they are no pairs',
  },
  {
    name: 'unpaired',
    group: 'Folders',
    type: 'boolean',
    description:
      'the pictures of --made and --real do not belong together, whatever they are called: measures by metrics of whole sets alone; ' +
      'with --human shows a made picture beside a real one of another name, as the paper did for maps',
  },
  {
    name: 'grey',
    group: 'Folders',
    type: 'boolean',
    description: 'compares the luminance alone: of grey pictures with those of colours, which are refused otherwise',
  },
  {
    name: 'resize',
    group: 'Folders',
    type: 'choice',
    choices: ['made', 'real'],
    description:
      'resizes made pictures to the size of the real ones, or real ones to that of the made ones: bicubic, and with --palette to the ' +
      'nearest pixel, which keeps the colours of label maps',
  },
  {
    name: 'metrics',
    group: 'Metrics',
    type: 'list',
    placeholder: 'NAME ...',
    description:
      `what to measure: ${EVALUATION_METRICS.map(({ name }) => name).join(', ')}; ` +
      'by default, and with all, every one that lacks nothing',
  },
  {
    name: 'samples',
    group: 'Metrics',
    type: 'integer',
    min: 2,
    max: 1000,
    description:
      'pictures of each input, to measure how they differ: a run makes them with other random draws; of --made they are files that ' +
      'are called NAME-1, NAME-2 and so on, as translate --samples writes them, and the first is measured',
  },
  {
    name: 'seed',
    group: 'Metrics',
    type: 'integer',
    min: 0,
    max: 0xffff_ffff,
    default: 0,
    description: 'what random draws follow from, such as those of the intervals',
  },
  {
    name: 'output',
    group: 'Results',
    type: 'string',
    placeholder: 'DIR',
    description:
      'folder for numbers and page, made if missing; by default evaluation/ in that of the run, or evaluation-train/ and the like for ' +
      'other images, another checkpoint, or fewer measures; of folders none',
  },
  { name: 'csv', group: 'Results', type: 'string', placeholder: 'FILE', description: 'writes a table of the values of every picture, too' },
  { name: 'json', group: 'Results', type: 'boolean', description: 'print the numbers as JSON, in place of a table' },
  ...HUMAN_FLAGS,
  { ...QUIET_FLAG, group: 'Results' },
  { ...OPTIONS_FLAG, group: 'Data' },
  {
    name: 'adapter',
    group: 'This machine',
    type: 'string',
    placeholder: 'NAME',
    description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
  },
] as const satisfies readonly Flag[];

/** The flags of the metrics: the files of weights that they need, and their options. */
export const METRIC_FLAGS: readonly Flag[] = EVALUATION_METRICS.flatMap(({ weights = [], models = [], options = {} }) => [
  ...[...weights, ...models].map(
    ({ flag, description }): Flag => ({ name: flag, group: 'Metrics', type: 'string', placeholder: 'FILE', description }),
  ),
  ...Object.entries<OptionRow>(options).flatMap(([name, { flag, default: value }]) =>
    flag
      ? [{ ...flag, name: flagName(name), group: 'Metrics', ...(value !== undefined && value !== null && { default: value }) } as Flag]
      : [],
  ),
]).filter(({ name }, at, all) => all.findIndex((each) => each.name === name) === at);

/** The command line of `shadegrad evaluate`. */
export const EVALUATE_PROGRAM = {
  usage: 'npx shadegrad evaluate RUN [flags], evaluate FILE --data DIR [flags], or evaluate --made DIR --real DIR [flags]',
  summary:
    'Measures pictures that were made against real ones: those that the networks of a run make of its validation images, or two ' +
    'folders of pictures with the same names, whatever program has made them. Prints a table; of a run ' +
    'it also writes the numbers, and a page with the best and the worst pictures.',
  takesOperands: true,
  saidByRun: [
    ...['model', 'dataset_mode', 'input_nc', 'output_nc', 'netG', 'netD', 'ngf', 'ndf', 'n_layers_D', 'norm', 'no_dropout'],
    ...['init_type', 'init_gain', 'load_size', 'crop_size', 'preprocess', 'no_flip', 'batch_size', 'serial_batches'],
  ],
  flags: [...OWN, ...METRIC_FLAGS],
  examples: [
    { command: 'npx shadegrad evaluate runs/facades', description: 'A run, on its validation images:' },
    {
      command: 'npx shadegrad evaluate --made results/ --real datasets/facades/test-photos --metrics psnr,ssim',
      description: 'Results of any program:',
    },
    { command: 'npx shadegrad evaluate runs/facades --json --quiet', description: 'The numbers alone, for another program:' },
  ],
} satisfies Program;

/** The values of the flags; those of the metrics by their names. */
export type EvaluateFlags = FlagValues<{ usage: string; summary: string; flags: typeof OWN }> & Readonly<Record<string, unknown>>;

/** Reads the command line. @throws as parseFlags() */
export function parseEvaluateFlags(argv: readonly string[]): Pick<ParsedFlags<Program>, 'operands' | 'given' | 'help'> & {
  readonly values: EvaluateFlags;
} {
  const { values, ...rest } = parseFlags(EVALUATE_PROGRAM as Program, argv);
  return { ...rest, values: values as unknown as EvaluateFlags };
}

/** The metrics that --metrics names. @throws BAD_FLAG for a name that there is not */
export function metricNames(words: readonly string[] | undefined): readonly string[] | 'all' {
  const names = [...new Set(words?.flatMap((word) => word.split(',')).filter((word) => word !== ''))];
  if (words === undefined || names.includes('all')) return 'all';
  const known = EVALUATION_METRICS.map(({ name }) => name);
  const strange = names.find((name) => !known.includes(name));
  if (strange === undefined && names.length > 0) return names;
  const near = strange === undefined ? undefined : nearest(strange, known);
  throw new ShadegradError('BAD_FLAG', strange === undefined ? '--metrics names none' : `There is no metric ${JSON.stringify(strange)}`, {
    expected: `names out of ${known.join(', ')}; or all`,
    fix: near === undefined ? 'leave --metrics out for all that can be measured' : `did you mean ${near}?`,
  });
}

/** The options of metrics by their names, of the flags that were given. */
export function metricOptions(
  flags: Readonly<Record<string, unknown>>,
  given: ReadonlySet<string>,
): Record<string, string | number | boolean> {
  const names = EVALUATION_METRICS.flatMap(({ options = {} }) => Object.keys(options));
  return Object.fromEntries(
    names.filter((name) => given.has(flagName(name))).map((name) => [name, flags[flagName(name)] as string | number | boolean]),
  );
}

/**
 * In what an evaluation of a run differs from a full one: all images, a picture of each, every metric, and their options and the seed as by
 * default. Files that a metric lacks otherwise add to the numbers, and change none. Undefined for a full one.
 */
export function measuredApart(
  { count, samples, seed }: Pick<EvaluateFlags, 'count' | 'samples' | 'seed'>,
  { metrics = 'all', options = {} }: Pick<EvaluateOptions, 'metrics' | 'options'>,
): string | undefined {
  const changed = EVALUATION_METRICS.flatMap((metric) => Object.entries<OptionRow>(metric.options ?? {})).flatMap(([name, row]) => {
    const value = options[name];
    const isApart = value !== undefined && row.default !== undefined && row.default !== null && value !== row.default;
    return isApart ? [`${flagName(name)}-${String(value)}`] : [];
  });
  const parts = [
    ...(count === undefined ? [] : [`count-${count}`]),
    ...(samples === undefined ? [] : [`samples-${samples}`]),
    ...(seed === 0 ? [] : [`seed-${seed}`]),
    ...new Set(changed),
    ...(metrics === 'all' ? [] : EVALUATION_METRICS.map(({ name }) => name).filter((name) => metrics.includes(name))),
  ];
  return parts.length > 0 ? parts.join('-') : undefined;
}

/** The files of weights that metrics need, by their flags, as far as they are named. */
export function metricWeights(flags: Readonly<Record<string, unknown>>): [flag: string, path: string][] {
  const named = EVALUATION_METRICS.flatMap(({ weights = [] }) => weights.map(({ flag }) => flag));
  return [...new Set(named)].flatMap((flag) => (typeof flags[flag] === 'string' ? [[flag, flags[flag]] as [string, string]] : []));
}

/** The files of the models that metrics need, by their flags, as far as they are named. */
export function metricModels(flags: Readonly<Record<string, unknown>>): [flag: string, path: string][] {
  const named = EVALUATION_METRICS.flatMap(({ models = [] }) => models.map(({ flag }) => flag));
  return [...new Set(named)].flatMap((flag) => (typeof flags[flag] === 'string' ? [[flag, flags[flag]] as [string, string]] : []));
}
