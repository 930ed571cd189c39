import { ShadegradError } from '../../errors.js';
import type { CheckpointOptions } from '../checkpoint-info.js';
import type { OptionRow, OptionValue } from '../option-table.js';
import type { TrainingScheme } from '../scheme.js';
import type { Trainer } from '../trainer.js';
import { ratePolicy } from '../rate-policies.js';
import { completeOptions, fullOptions } from '../trainer-options.js';
import type { ProfileWay } from './color-profile-flag.js';
import { flagName } from './flag-name.js';
import {
  changedRunOptions,
  expectRunOptions,
  KEPT_RUN_OPTIONS,
  newRunOptions,
  RUN_OPTION_NAMES,
  usualValue,
  type RunOptionSettings,
} from './run-options.js';

/** What every run is, all defaults filled in. */
interface CommonSettings {
  preset: 'full' | 'preview';
  /** The length of the run, in one of three units; the other two are null. */
  epochs: number | null;
  steps: number | null;
  /** As many steps as fit, found out at the start. */
  minutes: number | null;
  batch: number;
  learningRate: number;
  seed: number;
  /** Whether samples are seen in the order of the data set. */
  serial: boolean;
  /** What activations and their gradients are held in. */
  precision: 'f32' | 'f16';
  /** The labels of the images, joined by commas; null for all that there are, and for schemes that take none. */
  labels: string | null;
  /** The input that half A of each pair is made as, of pictures that are no pairs; null for pairs that there are. */
  make: string | null;
  /** File of the networks that it began with; null for random ones. Those of other files are under fromSetting(). */
  from: string | null;
}

/** What a run is, the options of its scheme by their names among them. A checkpoint keeps it, and --resume goes on with it. */
export type RunSettings = CommonSettings & RunOptionSettings & { readonly [option: string]: OptionValue };

/** The flags that the settings of a run follow from, by their names; those of its scheme and of RUN_OPTIONS among them. */
export interface SettingFlags {
  readonly preset?: 'full' | 'preview' | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  readonly minutes?: number | undefined;
  readonly batch?: number | undefined;
  readonly lr?: number | undefined;
  readonly seed: number;
  readonly serial: boolean;
  readonly precision: 'f32' | 'f16';
  readonly labels?: readonly string[] | undefined;
  readonly make?: string | undefined;
  readonly from?: string | undefined;
  readonly [flag: string]: unknown;
}

/** The flag that names another file for a network than --from does. */
export const fromFlag = (network: string): string => `from-${flagName(network)}`;

/** The networks of a scheme, as it has them where nothing else is said. */
export function networkNames(scheme: TrainingScheme): string[] {
  return Object.keys(scheme.networks(fullOptions(scheme), {}));
}

/** The setting that keeps the file of a network which --from-NETWORK named. */
const fromSetting = (network: string): string => `from${network[0]!.toUpperCase()}${network.slice(1)}`;

/** The names of the options of a scheme that a run has settings for: those that the command line asks for. */
export function ownSettings(scheme: TrainingScheme): string[] {
  return Object.entries<OptionRow>(scheme.options).flatMap(([name, { flag }]) => (flag ? [name] : []));
}

/** The settings of a run that are options of its scheme. */
export function optionsOf(scheme: TrainingScheme, settings: RunSettings): Record<string, OptionValue> {
  return Object.fromEntries(
    ownSettings(scheme)
      // A checkpoint from before an option has none of it, and one that was left out is null.
      .filter((name) => (settings[name] ?? null) !== null)
      .map((name) => [name, settings[name]!]),
  );
}

/**
 * The settings of a new run by its flags and preset: more than one when the preset leaves the scale to the adapter's
 * speed, the largest first.
 */
export function newSettings(scheme: TrainingScheme, flags: SettingFlags, given: ReadonlySet<string>, software: boolean): RunSettings[] {
  const { full, preview, previewScales } = scheme.presets;
  const preset = flags.preset ?? (software ? 'preview' : 'full');
  const defaults = preset === 'full' ? full : preview;
  const isGiven = (...names: string[]) => names.some((name) => given.has(name));
  const scales = preset === 'full' ? [full] : previewScales[software ? 'software' : 'hardware'];
  const choosable = isGiven('steps', 'epochs', ...Object.keys(scales[0] ?? {}).map(flagName)) ? scales.slice(0, 1) : scales;
  const lengthGiven = isGiven('steps', 'epochs', 'minutes');
  const rows = Object.entries<OptionRow>(scheme.options);
  const settings = choosable.map((scale): RunSettings => {
    const own = ownSettings(scheme).map((name): [string, OptionValue] => {
      const row = rows.find(([each]) => each === name)![1];
      const flag = flags[flagName(name)] as OptionValue | undefined;
      // A flag that has a default is never undefined: a preset wins over that default, and what is typed over the preset.
      const other = presetMeansAnother(rows, row, flags, given);
      const byPreset = other ? undefined : (scale[name] ?? defaults[name]);
      const value = isGiven(flagName(name)) ? flag : (byPreset ?? flag ?? (other ? undefined : full[name]) ?? row.default);
      return [name, value ?? null];
    });
    const asked = Object.fromEntries(own.filter(([, value]) => value !== null));
    return {
      preset,
      ...Object.fromEntries(own),
      epochs: flags.epochs ?? (preset === 'full' && !lengthGiven ? (full.epochs as number) : null),
      steps: flags.steps ?? null,
      minutes: flags.minutes ?? (preset === 'preview' && !lengthGiven ? (preview.minutes as number) : null),
      batch: flags.batch ?? (scale.batch as number | undefined) ?? (defaults.batch as number | undefined) ?? 1,
      learningRate: flags.lr ?? scheme.presets.rate?.(completeOptions(scheme, asked), preset) ?? (defaults.learningRate as number),
      seed: flags.seed,
      serial: flags.serial,
      precision: flags.precision,
      labels: kept(flags.labels) as string | null,
      make: flags.make ?? null,
      from: flags.from ?? null,
      ...newRunOptions(flags),
      ...Object.fromEntries(
        otherNetworks(scheme).map((name) => [fromSetting(name), (flags[fromFlag(name)] as string | undefined) ?? null]),
      ),
    } as RunSettings;
  });
  for (const each of settings) expectRunOptions(each, scheme);
  return settings;
}

/** Whether an option has another value than the one for which a preset chooses this one's. */
function presetMeansAnother(
  rows: readonly (readonly [string, OptionRow])[],
  { presetFor }: OptionRow,
  flags: SettingFlags,
  given: ReadonlySet<string>,
): boolean {
  if (presetFor === undefined || !given.has(flagName(presetFor))) return false;
  return rows.some(([name, row]) => name === presetFor && row.default !== flags[flagName(presetFor)]);
}

/** What a run does with the colour profiles of its images; one from before it could be chosen ignores them. */
export const wayOf = ({ colorProfile }: RunSettings): ProfileWay => (colorProfile ?? 'ignore') as ProfileWay;

const otherNetworks = (scheme: TrainingScheme): string[] => networkNames(scheme).slice(1);

/** The flags that make the networks of a run begin as they did. */
export function fromFlags(scheme: TrainingScheme, settings: RunSettings): [flag: string, file: string][] {
  const files: [string, unknown][] = [
    ['from', settings.from],
    ...otherNetworks(scheme).map((name): [string, unknown] => [fromFlag(name), settings[fromSetting(name)]]),
  ];
  return files.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** A learning rate to try where the run's was too high: the paper's, or a quarter of one that is no higher. */
export function lowerLearningRate({ presets: { full } }: TrainingScheme, { learningRate }: Pick<RunSettings, 'learningRate'>): number {
  const papers = full.learningRate as number;
  return learningRate > papers ? papers : Number((learningRate / 4).toPrecision(2));
}

/** What a rate depends on beside the step. */
export interface RateFacts {
  /** Whose scheme may have a schedule of its own. */
  readonly trainer?: Pick<Trainer, 'scheme' | 'options'> & Partial<Pick<Trainer, 'sets'>>;
  /** The rate that measurements have left, where the policy follows them. */
  readonly measured?: number | undefined;
}

/**
 * The rate of a step: by the policy that was asked for; else that of the scheme's own schedule, or constant for the first half of the run,
 * then linear towards zero. In runs of so many epochs it changes with the epoch as the paper's does, in others with the step.
 *
 * @param step counted from 0
 * @param totalSteps null while a run of so many minutes has not been planned yet: the rate of a policy of its length is constant then
 */
export function learningRateAt(
  settings: RunSettings,
  step: number,
  totalSteps: number | null,
  stepsPerEpoch: number,
  { trainer, measured }: RateFacts = {},
): number {
  const usual = policyRateAt(settings, step, totalSteps, stepsPerEpoch, measured);
  const { scheme, options, sets = 1 } = trainer ?? {};
  if ((settings.lrPolicy ?? null) !== null) return usual;
  return scheme?.schedule?.({ step, base: settings.learningRate, usual, totalSteps, sets, options: options! }) ?? usual;
}

function policyRateAt(
  settings: RunSettings,
  step: number,
  totalSteps: number | null,
  stepsPerEpoch: number,
  measured: number | undefined,
): number {
  const { learningRate: base, epochs } = settings;
  if (totalSteps === null) return measured ?? base;
  const numberOf = (name: 'epochsDecay' | 'lrDecayIters' | 'lrDecayFactor'): number | null => (settings[name] as number | null) ?? null;
  const epoch = Math.floor(step / stepsPerEpoch);
  const [at, length] = epochs === null ? [step, totalSteps] : [epoch, epochs];
  return ratePolicy(settings.lrPolicy as string | null).rate({
    ...{ base, at, length, epoch, measured: measured ?? base },
    ...{ falling: numberOf('epochsDecay'), every: numberOf('lrDecayIters'), factor: numberOf('lrDecayFactor') },
  });
}

/** What runs had whose checkpoints are older than a setting. */
const BEFORE = { serial: false, precision: 'f32' } as const;

/** Flags of every training that a resumed run keeps, with the settings that they name. */
const KEPT: Readonly<Record<string, string>> = {
  ...{ preset: 'preset', batch: 'batch', lr: 'learningRate', seed: 'seed', serial: 'serial', precision: 'precision', labels: 'labels' },
  make: 'make',
  ...KEPT_RUN_OPTIONS,
};

/**
 * The settings to go on with: those of the checkpoint, but for its length in steps or epochs, which may grow.
 *
 * @throws CHECKPOINT_MISMATCH when a flag says otherwise
 */
export function resumedSettings(
  scheme: TrainingScheme,
  path: string,
  options: CheckpointOptions,
  flags: SettingFlags,
  given: ReadonlySet<string>,
): RunSettings {
  const saved = { ...BEFORE, ...options } as unknown as RunSettings;
  const own = ownSettings(scheme);
  const settingOf = { ...KEPT, ...Object.fromEntries(own.map((name) => [flagName(name), name])) };
  // A checkpoint from before an option was trained with its default; and what follows from other options may be named all the same.
  const rows = new Map(Object.entries<OptionRow>(scheme.options));
  const complete = completed(scheme, saved);
  const trainPairs = options.trainPairs as number;
  const savedValue = (setting: string, flag: string): unknown =>
    saved[setting] ??
    complete[setting] ??
    rows.get(setting)?.default ??
    usualValue(setting, { settings: saved, scheme, trainPairs, typed: flags[flag] });
  const differing = Object.entries(settingOf).filter(
    ([flag, setting]) => given.has(flag) && kept(flags[flag]) !== (savedValue(setting, flag) ?? null),
  );
  if (differing.length > 0) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${path} was started with other settings`, {
      expected: differing.map(([flag, setting]) => typed(flag, savedValue(setting, flag))).join(' '),
      received: differing.map(([flag]) => typed(flag, kept(flags[flag]))).join(' '),
      fix: 'leave these flags out to go on with that run, or leave out --resume to start a new one',
    });
  }
  const before = Object.fromEntries(settingNames(scheme).map((name) => [name, saved[name] ?? null])) as unknown as RunSettings;
  const settings = { ...before, ...changedRunOptions(flags, given) } as RunSettings;
  expectRunOptions(changedRunOptions(flags, given), scheme);
  if (!given.has('epochs') && !given.has('steps')) return settings;
  const longer = { ...settings, epochs: flags.epochs ?? null, steps: flags.steps ?? null, minutes: null } as RunSettings;
  expectRunOptions(longer, scheme);
  return longer;
}

/** The options of a saved run with what follows from them, and from the networks; none where one is missing that has no default. */
export function completed(scheme: TrainingScheme, saved: RunSettings): Readonly<Record<string, unknown>> {
  try {
    const complete = completeOptions(scheme, optionsOf(scheme, saved)) as Readonly<Record<string, unknown>>;
    return { ...scheme.optionsOf?.(scheme.networks(complete, {}), scheme.title), ...complete };
  } catch (error) {
    if (error instanceof ShadegradError) return {};
    throw error;
  }
}

/** The value of a flag as a run keeps it: the words of a list, some of which may be joined already, joined by commas. */
function kept(value: unknown): OptionValue {
  if (!Array.isArray(value)) return (value ?? null) as OptionValue;
  const words = value.flatMap((word: string) => word.split(','));
  return words.filter((word) => word !== '').join(',');
}

/** A flag with its value, as it is typed. */
function typed(flag: string, value: unknown): string {
  if (typeof value === 'boolean') return `--${value ? '' : 'no-'}${flag}`;
  return value === null || value === undefined ? `no --${flag}` : `--${flag} ${String(value)}`;
}

/** Every common setting but the preset. */
const COMMON_NAMES = [
  ...(['epochs', 'steps', 'minutes', 'batch', 'learningRate', 'seed', 'serial', 'precision', 'labels', 'make', 'from'] as const),
] satisfies (keyof CommonSettings)[];

/** Names every setting, in the order of newSettings(), so that a checkpoint's other options are told apart from them. */
function settingNames(scheme: TrainingScheme): string[] {
  return ['preset', ...ownSettings(scheme), ...COMMON_NAMES, ...RUN_OPTION_NAMES, ...otherNetworks(scheme).map(fromSetting)];
}
