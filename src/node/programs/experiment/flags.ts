import type { TrainingScheme } from '../../../training/scheme.js';
import { pix2pix } from '../../../schemes/pix2pix.js';
import type { Flag, FlagValues, Program } from '../../terminal/flags.js';
import { QUIET_FLAG } from '../../terminal/remarks.js';
import { shardFlag } from '../../terminal/shard.js';
import { METRIC_FLAGS } from '../evaluate/flags.js';
import { trainCommand } from '../train-command.js';
import { EXPERIMENTS } from './registry.js';
import { SCHEDULERS } from './schedulers/registry.js';

/** A flag of a scheduler: a script is of one of them, has all runs, and is printed in place of anything else. */
const ofScheduler = (flag: Flag, own: string): Flag => ({
  ...flag,
  group: 'On several machines',
  ...(flag.name === own
    ? { excludes: [...SCHEDULERS.map((each) => each.flag).filter((name) => name !== own), 'shard', 'list', 'dry-run'] }
    : { needs: { flag: own } }),
});

/** The flags that an experiment has beside those of a training. */
const OWN = [
  {
    name: 'out',
    group: 'Results',
    type: 'string',
    placeholder: 'DIR',
    description: 'folder for the runs, table and figure; by default runs/experiment-NAME. The same call again goes on in it',
  },
  {
    name: 'seeds',
    group: 'The experiment',
    type: 'integer',
    min: 1,
    max: 1000,
    default: 1,
    description: 'times that each setting is trained, with --seed (1) and the seeds after it: the table has means and standard deviations',
  },
  {
    name: 'seed',
    group: 'The experiment',
    type: 'integer',
    min: 0,
    max: 0xffff_ffff,
    default: 1,
    description: 'the first seed',
  },
  {
    name: 'count',
    group: 'The experiment',
    type: 'integer',
    min: 1,
    max: 100_000,
    description: 'held-out images to measure at most, spread over the set; by default all',
  },
  {
    name: 'metrics',
    group: 'The experiment',
    type: 'list',
    placeholder: 'NAME ...',
    description: 'metrics of evaluate, or all that lack nothing; by default those that the experiment names, else all',
  },
  {
    name: 'samples',
    group: 'The experiment',
    type: 'integer',
    min: 1,
    max: 1000,
    description:
      'pictures to make of each input, with other random draws, to measure how they differ; by default what the experiment says, or 1',
  },
  {
    name: 'figure',
    group: 'Results',
    type: 'integer',
    min: 1,
    max: 100,
    default: 4,
    description: 'inputs that the figure shows, spread over those that are measured',
  },
  {
    name: 'list',
    group: 'Before it begins',
    type: 'boolean',
    excludes: ['dry-run'],
    description: 'print the settings, train nothing, and write nothing',
  },
  {
    name: 'dry-run',
    group: 'Before it begins',
    type: 'boolean',
    description: 'print the settings and about how long they take: a few steps of each are trained, and thrown away',
  },
  { ...shardFlag('the runs'), group: 'On several machines' },
  {
    name: 'merge',
    group: 'On several machines',
    type: 'list',
    placeholder: 'DIR ...',
    alone: ['out', 'quiet'],
    description: 'train nothing: make table and figure in --out of what calls with --shard have left in these folders',
  },
  ...METRIC_FLAGS,
  ...SCHEDULERS.flatMap(({ flag: own, flags }) => flags.map((flag) => ofScheduler(flag, own))),
  { ...QUIET_FLAG, group: 'Results' },
] as const satisfies readonly Flag[];

/** Flags of a training that the help of an experiment lists, since most calls have them. */
const SHOWN = ['data', 'download', 'direction', 'steps', 'epochs', 'minutes', 'size', 'batch', 'preset', 'adapter'];
/** Flags of a training that are of one run, and those that choose its table of flags. */
const LEFT_OUT = new Set(['out', 'resume', 'seed', 'dashboard', 'preview-augment', 'quiet', 'scheme', 'help']);

const ownNames = new Set<string>(OWN.map(({ name }) => name));
const ofTraining = ({ flags }: Program): Flag[] => flags.filter(({ name }) => !LEFT_OUT.has(name) && !ownNames.has(name));

/** The command line of `shadegrad experiment`; what else it takes of a training, experimentProgram() has. */
export const EXPERIMENT_PROGRAM = {
  usage: 'npx shadegrad experiment NAME [flags]',
  summary:
    'Trains several settings on the same data for the same time, measures each on the held-out images, and writes a table and a figure ' +
    `of them. NAME is ${EXPERIMENTS.map(({ name }) => name).join(', ')}, or a file of JSON with settings of your own ` +
    '(docs/experiments.md). Flags of train are those of all settings. A call that was stopped goes on where it was when it is made again.',
  takesOperands: true,
  alternatives: [['epochs', 'steps', 'minutes']],
  flags: [
    ...OWN,
    ...ofTraining(trainCommand(pix2pix))
      .filter(({ name }) => SHOWN.includes(name))
      .map((flag): Flag => ({ ...flag, group: 'Training, as of train' })),
  ],
  examples: [
    {
      command: 'npx shadegrad experiment losses --data datasets/facades --epochs 20',
      description: 'L1, GAN and cGAN on the facades, 20 epochs each:',
    },
    {
      command: 'npx shadegrad experiment losses --data datasets/facades --epochs 200 --seeds 3 --slurm > job.sh',
      description: 'A script for Slurm that trains each run in a task of its own:',
    },
  ],
} as const satisfies Program;

/** The values of the flags that an experiment has beside those of a training. */
export type ExperimentFlags = FlagValues<{ usage: string; summary: string; flags: typeof OWN }>;

/** The command line of an experiment that trains by a scheme: its own flags, and those of the training. */
export function experimentProgram(scheme: TrainingScheme): Program {
  const training = trainCommand(scheme);
  return {
    ...EXPERIMENT_PROGRAM,
    ...(training.sets && { sets: training.sets }),
    ...(training.fixed && { fixed: training.fixed }),
    ...(training.foreign && { foreign: training.foreign }),
    flags: [...OWN, ...ofTraining(training)],
  };
}

const ofMetrics = new Set(METRIC_FLAGS.map(({ name }) => name));

/** Whether a flag is one of a training by a scheme; one that a metric has under the same name, such as a palette, is of both. */
export const isOfTraining = (name: string, scheme: TrainingScheme): boolean =>
  (!ownNames.has(name) || ofMetrics.has(name)) && trainCommand(scheme).flags.some((flag) => flag.name === name);
