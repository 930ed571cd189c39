import { ShadegradError } from '../../errors.js';
import { AUGMENTATION_OPTIONS, augmentationsOf, type AugmentationOptions } from '../augmentations/registry.js';
import type { OptionRow, OptionValue } from '../option-table.js';
import { RATE_POLICIES, ratePolicy, type RateOption } from '../rate-policies.js';
import type { TrainingScheme } from '../scheme.js';
import { COLOR_PROFILE_FLAG } from './color-profile-flag.js';
import type { Flag } from './flag-table.js';
import { flagName } from './flag-name.js';

/** An option of every training that a run keeps under a name of its own: a row of RUN_OPTIONS. */
export interface RunOption {
  /** How the command line asks for it. Without a default: a run in which it was not typed has null. */
  readonly flag: Flag;
  /** What null stands for in a run, where that is one value: the run may be told it when it goes on. */
  readonly usual?: OptionValue | ((run: UsualOf) => OptionValue | undefined);
  /** Whether a resumed run with another value is refused, or obeyed. */
  readonly onResume: 'refused' | 'obeyed';
  /** Whether the Trainer takes it, as an option of the same name. */
  readonly trainer?: boolean;
}

/** The options of what is done to training images at random. */
const AUGMENTATION_ROWS = Object.fromEntries(
  Object.entries<OptionRow>(AUGMENTATION_OPTIONS).map(([name, { flag, default: usual }]): [string, RunOption] => [
    name,
    { flag: { name: flagName(name), group: 'Augmentation', ...flag! } as Flag, usual: usual!, onResume: 'refused', trainer: true },
  ]),
) as Record<keyof AugmentationOptions, RunOption>;

/** What the usual value of an option may follow from. */
export interface UsualOf {
  readonly settings: Readonly<Record<string, OptionValue>>;
  readonly scheme: Pick<TrainingScheme, 'schedule'>;
  /** Samples that the run was trained on. */
  readonly trainPairs: number;
  /** The value that was typed: several may say the same. */
  readonly typed: unknown;
}

/** The usual value of an option that its policy takes. */
const ofPolicy =
  (option: RateOption) =>
  ({ settings: { lrPolicy, epochs } }: UsualOf): OptionValue | undefined =>
    ratePolicy((lrPolicy ?? null) as string | null).usual?.((epochs ?? null) as number | null)[option];

/** Options of every training by the names that a run keeps them under. Flags, settings, --resume and the command of a run follow. */
export const RUN_OPTIONS = {
  epochsDecay: {
    flag: {
      name: 'epochs-decay',
      group: 'Length',
      reference: ['n_epochs_decay', 'niter_decay'],
      type: 'integer',
      min: 0,
      max: 100_000,
      description:
        'of --epochs the last ones, in which the learning rate falls; by default half. With --lr-policy cosine those after it has come ' +
        'to 0, in which it rises again; by default none',
    },
    usual: ofPolicy('epochsDecay'),
    onResume: 'refused',
  },
  lrPolicy: {
    flag: {
      name: 'lr-policy',
      group: 'Training',
      reference: ['lr_policy'],
      type: 'choice',
      choices: Object.keys(RATE_POLICIES),
      description:
        'how the learning rate changes: constant, then down in a line (linear, unless the scheme has a schedule of its own); in steps; ' +
        'where the validation stops to improve (plateau); along a cosine; not at all (constant)',
    },
    usual: ({ scheme }: UsualOf) => (scheme.schedule ? undefined : 'linear'),
    onResume: 'refused',
  },
  lrDecayIters: {
    flag: {
      name: 'lr-decay-iters',
      group: 'Training',
      reference: ['lr_decay_iters'],
      type: 'integer',
      min: 1,
      max: 100_000,
      description: 'with --lr-policy step, the epochs between two falls; by default 50',
    },
    usual: ofPolicy('lrDecayIters'),
    onResume: 'refused',
  },
  lrDecayFactor: {
    flag: {
      name: 'lr-decay-factor',
      group: 'Training',
      type: 'number',
      min: 1e-6,
      max: 0.999999,
      description: 'what a fall of --lr-policy step or plateau multiplies the rate with; by default 0.1 (step) or 0.2 (plateau)',
    },
    usual: ofPolicy('lrDecayFactor'),
    onResume: 'refused',
  },
  beta1: {
    flag: {
      name: 'beta1',
      group: 'Training',
      reference: ['beta1'],
      type: 'number',
      min: 0,
      max: 0.999999,
      description: "decay of Adam's mean of the gradients, of all networks; by default that of the scheme, 0.5",
    },
    usual: 0.5,
    onResume: 'refused',
    trainer: true,
  },
  beta2: {
    flag: {
      name: 'beta2',
      group: 'Training',
      reference: ['beta2'],
      type: 'number',
      min: 0,
      max: 0.999999999,
      description: 'likewise of the mean of their squares; by default that of the scheme, 0.999',
    },
    usual: 0.999,
    onResume: 'refused',
    trainer: true,
  },
  clipGrad: {
    flag: {
      name: 'clip-grad',
      group: 'Training',
      type: 'number',
      min: 1e-6,
      max: 1e9,
      placeholder: 'NORM',
      description: 'scale the gradients of a network down to this norm, of all its weights together, where it is larger; by default never',
    },
    onResume: 'refused',
    trainer: true,
  },
  accumulate: {
    flag: {
      name: 'accumulate',
      group: 'Training',
      type: 'integer',
      min: 1,
      max: 1024,
      placeholder: 'PARTS',
      description:
        'run the images of a step in so many parts, one after the other, and add their gradients up: --batch 16 --accumulate 4 is a step ' +
        'of 16 images in the memory of 4; by default at once',
    },
    usual: 1,
    onResume: 'refused',
    trainer: true,
  },
  ema: {
    flag: {
      name: 'ema',
      group: 'Training',
      type: 'number',
      min: 0,
      max: 0.9999999,
      placeholder: 'DECAY',
      description:
        "keep running averages of the generators' weights beside them, of which a step keeps so much (0.999 is usual; the first steps " +
        'less): they are what is measured, and what translate and the others use; by default none',
    },
    onResume: 'refused',
    trainer: true,
  },
  maxDatasetSize: {
    flag: {
      name: 'max-dataset-size',
      group: 'Data',
      reference: ['max_dataset_size'],
      type: 'integer',
      min: 1,
      max: 1_000_000_000,
      description: 'train on the first so many samples, of two sets on so many of each; what is measured stays; by default on all',
    },
    usual: ({ trainPairs, typed }: UsualOf) => (typeof typed === 'number' && typed >= trainPairs ? typed : trainPairs),
    onResume: 'refused',
  },
  colorProfile: { flag: COLOR_PROFILE_FLAG, usual: 'ignore', onResume: 'refused' },
  keep: {
    flag: {
      name: 'keep',
      group: 'The run and its folder',
      type: 'integer',
      min: 1,
      max: 1_000_000,
      description: 'keep the last so many checkpoints, under their steps in checkpoints/ (--save-every); by default none beside the latest',
    },
    onResume: 'obeyed',
  },
  saveEpochs: {
    flag: {
      name: 'save-epochs',
      group: 'The run and its folder',
      reference: ['save_epoch_freq'],
      type: 'integer',
      min: 1,
      max: 100_000,
      placeholder: 'EPOCHS',
      description: 'keep a checkpoint after every so many epochs in checkpoints/, all of them, whatever --keep says; by default none',
    },
    onResume: 'obeyed',
  },
  best: {
    flag: {
      name: 'best',
      group: 'The run and its folder',
      type: 'string',
      placeholder: 'METRIC',
      description:
        'keep the checkpoint whose validation is best by this metric, such as l1, as best.safetensors; it is what --early-stop looks at, ' +
        "too, by default the scheme's first",
    },
    onResume: 'obeyed',
  },
  earlyStop: {
    flag: {
      name: 'early-stop',
      group: 'Length',
      type: 'integer',
      min: 1,
      max: 1_000_000,
      placeholder: 'VALIDATIONS',
      description: 'stop when so many validations in a row have not been better than the best, which is kept as best.safetensors (--best)',
    },
    onResume: 'obeyed',
  },
  csv: {
    flag: {
      name: 'csv',
      group: 'The run and its folder',
      type: 'boolean',
      description: 'keep log.csv beside the log, too: a table with a row a validation',
    },
    onResume: 'obeyed',
  },
  tensorboard: {
    flag: {
      name: 'tensorboard',
      group: 'The run and its folder',
      type: 'boolean',
      description: 'keep files of events for TensorBoard in tb/, too: losses, rate, speed, metrics and pictures',
    },
    onResume: 'obeyed',
  },
  ...AUGMENTATION_ROWS,
} as const satisfies Readonly<Record<string, RunOption>>;

/** The options of every training as a run keeps them; null for one that was not typed. */
export type RunOptionSettings = { [Name in keyof typeof RUN_OPTIONS]: OptionValue };

const ROWS = Object.entries<RunOption>(RUN_OPTIONS);

/** The flags of the options of every training. */
export const RUN_FLAGS: readonly Flag[] = ROWS.map(([, { flag }]) => flag);

/** The names that a run keeps them under. */
export const RUN_OPTION_NAMES: readonly string[] = ROWS.map(([name]) => name);

/** By flag the settings of which a resumed run refuses another value. */
export const KEPT_RUN_OPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  ROWS.filter(([, { onResume }]) => onResume === 'refused').map(([name, { flag }]) => [flag.name, name]),
);

/** What null stands for in a setting of a run; undefined where that is no single value. */
export function usualValue(setting: string, run: UsualOf): OptionValue | undefined {
  const usual = (RUN_OPTIONS as Readonly<Record<string, RunOption>>)[setting]?.usual;
  return typeof usual === 'function' ? usual(run) : usual;
}

/** The settings of a new run by its flags. */
export function newRunOptions(flags: Readonly<Record<string, unknown>>): Record<string, OptionValue> {
  return Object.fromEntries(ROWS.map(([name, { flag }]) => [name, (flags[flag.name] ?? null) as OptionValue]));
}

/** Those of a resumed run that flags change. */
export function changedRunOptions(flags: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): Record<string, OptionValue> {
  const changed = ROWS.filter(([, { flag, onResume }]) => onResume === 'obeyed' && given.has(flag.name));
  return Object.fromEntries(changed.map(([name, { flag }]) => [name, (flags[flag.name] ?? null) as OptionValue]));
}

/** The flags that make a run's options again: those that are not as they are when nobody says anything. */
export function runOptionFlags(settings: Readonly<Record<string, OptionValue>>): [flag: string, value: OptionValue][] {
  return ROWS.flatMap(([name, { flag }]): [string, OptionValue][] => {
    const value = settings[name] ?? null;
    return value === null || value === false ? [] : [[flag.name, value]];
  });
}

/** Those that the Trainer takes. */
export function trainerOptions(settings: Readonly<Record<string, OptionValue>>): Record<string, OptionValue> {
  return Object.fromEntries(
    ROWS.flatMap(([name, { trainer }]) => (trainer && (settings[name] ?? null) !== null ? [[name, settings[name]!]] : [])),
  );
}

/** @throws BAD_FLAG for options that are right by themselves and not together */
export function expectRunOptions(settings: Readonly<Record<string, OptionValue>>, { title, metrics }: Measures): void {
  expectPolicy(settings);
  augmentationsOf(settings);
  const { best } = settings;
  if ((best ?? null) === null || Object.hasOwn(metrics, String(best))) return;
  throw new ShadegradError('BAD_FLAG', 'Bad value for --best', {
    expected: `one of ${Object.keys(metrics).join(', ')}, the metrics of ${title}`,
    received: String(best),
    fix: 'name one of these',
  });
}

/** What is measured by a scheme. */
type Measures = Pick<TrainingScheme, 'title' | 'metrics'>;

/** The flag of each option that a policy of the learning rate may take. */
const RATE_FLAGS: Readonly<Record<RateOption, string>> = {
  epochsDecay: RUN_OPTIONS.epochsDecay.flag.name,
  lrDecayIters: RUN_OPTIONS.lrDecayIters.flag.name,
  lrDecayFactor: RUN_OPTIONS.lrDecayFactor.flag.name,
};

function expectPolicy(settings: Readonly<Record<string, OptionValue>>): void {
  const { lrPolicy, epochs, minutes, epochsDecay } = settings;
  const name = (lrPolicy ?? 'linear') as string;
  const { takes, needsLength } = ratePolicy(name);
  for (const [option, flag] of Object.entries(RATE_FLAGS) as [RateOption, string][]) {
    const value = settings[option] ?? null;
    if (value === null || takes.includes(option)) continue;
    const those = Object.entries(RATE_POLICIES).filter(([, policy]) => (policy.takes as readonly string[]).includes(option));
    throw new ShadegradError('BAD_FLAG', `--${flag} says nothing about the learning rate`, {
      expected: `--lr-policy ${those.map(([each]) => each).join(' or ')} with it`,
      received: `--${flag} ${String(value)}, with the policy ${name}`,
      fix: `leave out --${flag}, or choose another --lr-policy`,
    });
  }
  if (needsLength && (minutes ?? null) !== null) {
    throw new ShadegradError('BAD_FLAG', `--lr-policy ${name} has to know the length of the run from its first step on`, {
      expected: '--epochs or --steps with it',
      received: `a run of ${String(minutes)} minutes`,
      fix: 'add --epochs N or --steps N',
    });
  }
  if ((epochsDecay ?? null) === null) return;
  if ((epochs ?? null) === null) {
    throw new ShadegradError('BAD_FLAG', '--epochs-decay is for a run of so many epochs', {
      expected: '--epochs with it',
      fix: 'add --epochs N, or leave out --epochs-decay',
    });
  }
  const most = (epochs as number) - (needsLength ? 1 : 0);
  if ((epochsDecay as number) <= most) return;
  throw new ShadegradError('BAD_FLAG', 'Bad value for --epochs-decay', {
    expected: `at most ${most}, with --epochs ${String(epochs)}${needsLength ? ` and --lr-policy ${name}` : ''}`,
    received: String(epochsDecay),
    fix: '--epochs counts all epochs, --epochs-decay the last of them',
  });
}
