import { ShadegradError } from '../../errors.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import type { OptionRow, OptionValue } from '../../training/option-table.js';
import { flagName } from '../../training/run/flag-name.js';
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOption } from '../../training/run/run-options.js';
import { newSettings, ownSettings, resumedSettings, type RunSettings, type SettingFlags } from '../../training/run/settings.js';
import type { TrainingScheme } from '../../training/scheme.js';

/** Options of every training by the names that settings have, with those of the flags that say the same. */
const COMMON: Readonly<Record<string, string>> = {
  ...{ preset: 'preset', epochs: 'epochs', steps: 'steps', minutes: 'minutes', batch: 'batch', learningRate: 'lr' },
  ...{ seed: 'seed', serial: 'serial', precision: 'precision' },
};

/** Options of every training that say nothing here: of the files of a run's folder, and of what browsers do not read. */
const OF_FOLDERS: readonly string[] = ['csv', 'tensorboard', 'saveEpochs', 'colorProfile'];

/** The numbers that options of every training take, as the flags that say the same. */
const RANGES: Readonly<Record<string, readonly [kind: 'a whole number' | 'a number', least: number, most: number]>> = {
  epochs: ['a whole number', 1, 100_000],
  steps: ['a whole number', 1, 1_000_000_000],
  minutes: ['a number', 0.1, 100_000],
  batch: ['a whole number', 1, 1024],
  learningRate: ['a number', 1e-8, 1],
  seed: ['a whole number', 0, 0xffff_ffff],
};

/** @throws INVALID_ARGUMENT for a length, a batch or a seed that none can be */
function expectRange(name: string, value: OptionValue): void {
  const range = RANGES[name];
  if (!range) return;
  const [kind, least, most] = range;
  const isOfKind = typeof value === 'number' && (kind === 'a number' || Number.isInteger(value));
  if (isOfKind && value >= least && value <= most) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${name} of a training`, {
    expected: `${kind} from ${least} to ${most}`,
    received: typeof value === 'string' ? `'${value}'` : String(value),
    fix: 'use one of that range, or leave it out',
  });
}

/** What the flags are that nobody types. */
function defaultsOf(scheme: TrainingScheme): Record<string, unknown> {
  const own = Object.entries<OptionRow>(scheme.options).flatMap(([name, { flag }]) => (flag ? [[flagName(name), flag] as const] : []));
  const common = Object.values<RunOption>(RUN_OPTIONS).map(({ flag }) => [flag.name, flag] as const);
  return Object.fromEntries(
    [...own, ...common].map(([name, flag]) => [name, 'default' in flag ? flag.default : flag.type === 'boolean' ? false : undefined]),
  );
}

/** Options as the flags that the settings of a run follow from in Node, too. @throws INVALID_ARGUMENT for a name that there is not */
function flagsOf(scheme: TrainingScheme, options: Readonly<Record<string, OptionValue>>): { flags: SettingFlags; given: Set<string> } {
  const names = [...Object.keys(COMMON), ...ownSettings(scheme), ...RUN_OPTION_NAMES.filter((name) => !OF_FOLDERS.includes(name))];
  const strange = Object.keys(options).find((name) => !names.includes(name));
  if (strange !== undefined) {
    throw new ShadegradError('INVALID_ARGUMENT', `options of a training of ${scheme.title}`, {
      expected: `some of ${names.join(', ')}`,
      received: strange,
      fix: 'leave it out, or spell it as docs/options.md does, with small and capital letters in the place of dashes',
    });
  }
  const said = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of said) expectRange(name, value);
  const named = said.map(([name, value]): [string, OptionValue] => [COMMON[name] ?? flagName(name), value]);
  const flags = { seed: 1, serial: false, precision: 'f32' as const, ...defaultsOf(scheme), ...Object.fromEntries(named) } as SettingFlags;
  return { flags, given: new Set(named.map(([name]) => name)) };
}

/**
 * The settings of a new run: those of the train program with the same options. More than one where the preset leaves the scale to the
 * adapter's speed, the largest first.
 */
export function settingsOf(scheme: TrainingScheme, options: Readonly<Record<string, OptionValue>>, software: boolean): RunSettings[] {
  const { flags, given } = flagsOf(scheme, options);
  return newSettings(scheme, flags, given, software);
}

/** The settings of a run that goes on, which may be made longer. @throws CHECKPOINT_MISMATCH for other options than it was started with */
export function settingsToGoOn(
  scheme: TrainingScheme,
  checkpoint: TrainingCheckpoint,
  options: Readonly<Record<string, OptionValue>>,
): RunSettings {
  const { flags, given } = flagsOf(scheme, options);
  return resumedSettings(scheme, 'this browser', checkpoint.options, flags, given);
}
