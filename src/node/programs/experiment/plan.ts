import { isDeepStrictEqual } from 'node:util';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { expectEffects } from '../../../training/option-effects.js';
import type { OptionValue } from '../../../training/option-table.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import { completeOptions } from '../../../training/trainer-options.js';
import { nearest, parseFlags } from '../../terminal/flags.js';
import { checkTogether, flagName, inFlags, type TrainFlags } from '../../training/flags.js';
import { newSettings, optionsOf, type RunSettings } from '../../../training/run/settings.js';
import { trainCommand } from '../train-command.js';
import { flagsInWords } from './file.js';
import { isOfTraining } from './flags.js';
import type { Experiment, FlagValue, Setting, TrainingFlags } from './kind.js';

/** A setting with what follows for it from the flags of all. */
export interface PlannedSetting extends Setting {
  /** Flags of all settings that do nothing in this one, such as the width of a discriminator that there is not. */
  readonly without: readonly string[];
}

/** What an experiment is, all of which has to be the same when it goes on, and in all folders that are merged. */
export interface Plan {
  /** The form of the file. */
  readonly version: 1;
  readonly name: string;
  readonly title: string;
  readonly scheme: string;
  /** Of all settings. */
  readonly flags: TrainingFlags;
  readonly settings: readonly PlannedSetting[];
  /** The kind of adapter that a preview's sizes and weights are of; in the full setting they are those of any. */
  readonly adapter?: 'hardware' | 'software';
  readonly seeds: readonly number[];
  /** Names of metrics, or all that lack nothing. */
  readonly metrics: readonly string[] | 'all';
  /** Options of metrics, by their names. */
  readonly metricOptions: Readonly<Record<string, string | number | boolean>>;
  /** Pictures that are made of each input. */
  readonly samples: number;
  /** Held-out images that are measured at most; all where it is left out. */
  readonly count?: number;
  /** Inputs that the figure shows at most. */
  readonly figure: number;
  readonly published?: string;
}

/** One training of an experiment. */
export interface PlannedRun {
  /** The name of its folder. */
  readonly id: string;
  readonly setting: PlannedSetting;
  readonly seed: number;
}

/** The runs of an experiment, in their order. */
export const runsOf = ({ settings, seeds }: Plan): PlannedRun[] =>
  settings.flatMap((setting) => seeds.map((seed) => ({ id: `${setting.name}-seed${seed}`, setting, seed })));

/**
 * Flags that change no result, or say where something is on this machine: those of the call that trains, not of the experiment. A run that
 * goes on takes them, too.
 */
const OF_CALL = ['data', 'download', 'download-url', 'adapter', 'eager', 'recompute', 'debug-nan', 'save-every', 'report-every'];
/** Those of a setting that its settings as a run keeps them do not say. */
const BESIDE_SETTINGS = [...OF_CALL, 'with-data', 'download-sha256', 'validate', 'tune'];
/** Those that name or choose others, which are there by their own names. */
const SPELT_OUT = ['options', 'recipe'];

/** The flags of a call by what they are of. */
export interface SplitFlags {
  /** Of all settings. */
  readonly common: TrainingFlags;
  /** Of each training that this call runs or goes on with. */
  readonly call: TrainingFlags;
}

/** Divides what was typed. @param given names of flags with values */
export function splitFlags(values: Readonly<Record<string, unknown>>, given: ReadonlySet<string>, scheme: TrainingScheme): SplitFlags {
  const chosen = Object.keys(values).filter((name) => given.has(name) && isOfTraining(name, scheme) && !SPELT_OUT.includes(name));
  const those = (names: readonly string[]): TrainingFlags => Object.fromEntries(names.map((name) => [name, values[name] as FlagValue]));
  return {
    common: those(chosen.filter((name) => !OF_CALL.includes(name))),
    call: those(chosen.filter((name) => OF_CALL.includes(name))),
  };
}

/** Flags as words of a command line. */
export const wordsOf = (flags: TrainingFlags): string[] =>
  Object.entries(flags).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return [`--${value ? '' : 'no-'}${name}`];
    return typeof value === 'object' ? [`--${name}`, ...value] : [`--${name}=${value}`];
  });

/** The flags of a training of an experiment. */
export const flagsOfRun = ({ flags }: Pick<Plan, 'flags'>, { setting, seed }: Omit<PlannedRun, 'id'>): TrainingFlags => ({
  ...withoutThose(flags, setting.without),
  ...setting.flags,
  seed,
});

const withoutThose = (flags: TrainingFlags, names: readonly string[]): TrainingFlags =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => !names.includes(name)));

/** What is planned beside the settings. */
export interface PlanOptions extends Pick<Plan, 'metrics' | 'metricOptions' | 'samples' | 'count' | 'figure'> {
  /** What was typed for all settings. */
  readonly typed: TrainingFlags;
  readonly seed: number;
  readonly seeds: number;
  /** Whether the adapter is none of hardware, which then has smaller presets. */
  readonly software: boolean;
  /** Whether it has to be said how long each setting is trained: not to print what there is. */
  readonly needsLength: boolean;
  /** Told which settings are left out. */
  say(line: string): void;
}

/**
 * Plans an experiment: every training of it is checked before the first begins, and has the size and the preset that follow from this
 * machine written down.
 *
 * @throws BAD_FLAG for flags that no training has or takes, for those that every setting has its own of, and for no length
 */
export function planExperiment(experiment: Experiment, scheme: TrainingScheme, options: PlanOptions): Plan {
  const { typed, seed, seeds, software, needsLength, say } = options;
  const lengths = ['epochs', 'steps', 'minutes'];
  const fixed = Object.entries(experiment.flags ?? {}).filter(
    ([name]) => !(lengths.includes(name) && lengths.some((each) => each in typed)),
  );
  const common: TrainingFlags = { tune: false, ...Object.fromEntries(fixed), ...typed };
  const varied = experiment.settings.flatMap(({ flags }) => Object.keys(flags));
  const timed = varied.find((name) => lengths.includes(name));
  if (timed !== undefined || (needsLength && !lengths.some((name) => name in common))) {
    throw new ShadegradError(
      'BAD_FLAG',
      timed === undefined ? 'How long each setting is trained is not said' : 'Settings differ in their length',
      {
        expected: 'one of --steps, --epochs and --minutes, the same for all settings',
        ...(timed !== undefined && { received: `--${timed} of a setting` }),
        fix: timed === undefined ? 'add, for example, --steps 2000' : 'leave it out, and type it for all of them',
      },
    );
  }
  expectVaried(experiment, typed);
  const [first] = experiment.settings;
  const scale = checkSetting(scheme, common, first!, software).settings;
  // What a preset chooses by the adapter, and by its speed, is to be the same for all settings, and on all machines.
  const flags: TrainingFlags = { preset: scale.preset, ...sidesOf(scale), ...common };
  const side = Math.min(...['size', 'width'].map((name) => (typeof flags[name] === 'number' ? flags[name] : Infinity)));
  const fitting = experiment.settings.filter(({ title, smallest = 0 }) => {
    if (side >= smallest) return true;
    say(`left out: ${title}, which needs images of at least ${smallest} pixels a side`);
    return false;
  });
  if (fitting.length === 0) {
    throw new ShadegradError('BAD_FLAG', `No setting of ${experiment.name} fits images of ${side} pixels`, {
      expected: `at least ${Math.min(...experiment.settings.map(({ smallest = 0 }) => smallest))} pixels a side`,
      received: String(side),
      fix: 'write a larger --size',
    });
  }
  const checked = fitting.map((setting) => ({ setting, ...checkSetting(scheme, flags, setting, software) }));
  expectDifferent(checked);
  const settings = checked.map(({ setting, without }) => ({ ...setting, without }));
  const useless = Object.keys(typed).find((name) => settings.every(({ without }) => without.includes(name)));
  if (useless !== undefined) {
    throw new ShadegradError('BAD_FLAG', `--${useless} does nothing in any of the settings`, { fix: `leave out --${useless}` });
  }
  return {
    version: 1,
    name: experiment.name,
    title: experiment.title,
    scheme: scheme.name,
    flags,
    settings,
    ...(scale.preset === 'preview' && { adapter: software ? ('software' as const) : ('hardware' as const) }),
    seeds: Array.from({ length: seeds }, (_, at) => (seed + at) % 2 ** 32),
    ...{ metrics: options.metrics, metricOptions: options.metricOptions, samples: options.samples },
    ...(options.count !== undefined && { count: options.count }),
    figure: options.figure,
    ...(experiment.published !== undefined && { published: experiment.published }),
  };
}

/** The sides of the images of a run, where its scheme has such. */
const sidesOf = ({ size, width }: RunSettings): TrainingFlags => ({
  ...(typeof size === 'number' && { size }),
  ...(typeof width === 'number' && { width }),
});

/** @throws BAD_FLAG for a flag that was typed and that each setting says otherwise */
function expectVaried({ name, settings }: Experiment, typed: TrainingFlags): void {
  const useless = Object.keys(typed).find((flag) => settings.every(({ flags }) => flag in flags));
  if (useless === undefined) return;
  throw new ShadegradError('BAD_FLAG', `--${useless} is what ${name} compares`, {
    expected: `another flag: each of its settings has a ${useless} of its own`,
    fix: `leave out --${useless}, or train with it alone: npx shadegrad train`,
  });
}

/** @throws BAD_FLAG for settings that come to the same training: it would be trained twice */
function expectDifferent(checked: readonly { readonly setting: Setting; readonly settings: RunSettings }[]): void {
  const beside = ({ flags }: Setting): unknown[] => BESIDE_SETTINGS.map((name) => flags[name]);
  for (const [at, { setting, settings }] of checked.entries()) {
    const same = checked
      .slice(0, at)
      .find((other) => isDeepStrictEqual([other.settings, beside(other.setting)], [settings, beside(setting)]));
    if (same === undefined) continue;
    const told = ({ name, flags }: Setting): string => `${name} (${flagsInWords(flags) || 'no flags of its own'})`;
    throw new ShadegradError('BAD_FLAG', `${same.setting.name} and ${setting.name} are the same training`, {
      expected: 'settings that differ from each other with the flags of all',
      received: `${told(same.setting)} and ${told(setting)}`,
      fix: `leave out one of the two, or a flag that makes them equal; --seeds N trains each setting N times`,
    });
  }
}

/**
 * Checks the training of a setting as far as it can be without a device.
 *
 * @param common flags of all settings
 * @returns its settings at its largest scale, and the common flags that do nothing in it
 * @throws BAD_FLAG that names the setting
 */
function checkSetting(
  scheme: TrainingScheme,
  common: TrainingFlags,
  { name: where, flags: own }: Setting,
  software: boolean,
): CheckedSetting {
  const program = trainCommand(scheme);
  expectFlags(
    program.flags.map(({ name }) => name),
    { ...common, ...own },
    where,
  );
  try {
    const { values, given } = parseFlags(program, wordsOf({ ...common, ...own }));
    const read = values as unknown as TrainFlags;
    checkTogether(read, given, scheme);
    const settings = newSettings(scheme, read, given, software)[0]!;
    const options = optionsOf(scheme, settings);
    const named = (flags: TrainingFlags): string[] => Object.keys(scheme.options).filter((name) => flagName(name) in flags);
    expectEffects(scheme, options, named(own));
    const without = named(withoutThose(common, Object.keys(own))).filter((name) => !hasEffect(scheme, options, name));
    // Networks are built from these; what does not fit together is told now, and not when their turn comes.
    const complete = completeOptions(scheme, options);
    scheme.networks(complete, {});
    expectMeasurable(scheme, complete);
    return { settings, without: without.map(flagName) };
  } catch (error) {
    const told = inFlags(error, scheme);
    if (!(told instanceof ShadegradError)) throw told;
    const { code, what, expected, received, fix } = told;
    throw new ShadegradError(code === 'INVALID_ARGUMENT' ? 'BAD_FLAG' : code, `${where}: ${what}`, {
      ...(expected !== undefined && { expected }),
      ...(received !== undefined && { received }),
      ...(fix !== undefined && { fix }),
      cause: error,
    });
  }
}

/** @throws BAD_FLAG for a scheme that says of no picture what would be right: there would be nothing to measure after all trainings */
function expectMeasurable(scheme: TrainingScheme, options: object): void {
  if (!scheme.labelled && scheme.pictures(options).wanted.length > 0) return;
  throw new ShadegradError('BAD_FLAG', `runs of ${scheme.title} say of no picture what would be right`, {
    expected: 'a scheme of pairs, such as pix2pix',
    received: scheme.name,
    fix: 'train them by npx shadegrad train, and compare folders: npx shadegrad evaluate --made DIR --real DIR',
  });
}

/** What is known of the training of a setting. */
interface CheckedSetting {
  readonly settings: RunSettings;
  readonly without: readonly string[];
}

/** Whether an option does something beside the others. */
function hasEffect(scheme: TrainingScheme, options: Readonly<Record<string, OptionValue>>, name: string): boolean {
  try {
    expectEffects(scheme, options, [name]);
    return true;
  } catch (error) {
    if (error instanceof ShadegradError && error.code === 'INVALID_ARGUMENT') return false;
    throw error;
  }
}

/** @throws BAD_FLAG for what no training takes, and for what each run of an experiment has of its own */
function expectFlags(known: readonly string[], flags: TrainingFlags, where: string): void {
  for (const name of Object.keys(flags)) {
    const own = ['out', 'seed', 'resume', 'dashboard', 'options', 'recipe', 'scheme', 'preview-augment'].includes(name);
    if (!own && known.includes(name)) continue;
    const near = nearest(name, known);
    throw new ShadegradError('BAD_FLAG', `${where}: ${JSON.stringify(name).slice(0, 60)} is no flag of a setting`, {
      expected: own ? 'flags of train that are not of one run alone' : 'flags of train',
      fix: own || near === undefined ? 'leave it out' : `did you mean ${JSON.stringify(near)}?`,
    });
  }
}

/** A plan as far as it decides results; the rest says how they are shown. */
const asData = (plan: Plan): Record<string, unknown> => JSON.parse(JSON.stringify(plan)) as Record<string, unknown>;

/**
 * Makes sure that two plans are of one experiment.
 *
 * @param where the folder that the other one was found in
 * @throws BAD_FLAG with what differs, by its name
 */
export function expectSamePlan(plan: Plan, found: Plan, where: string): void {
  const [expected, received] = differenceOf(found, plan) ?? [];
  if (expected === undefined || received === undefined) return;
  throw new ShadegradError('BAD_FLAG', `The experiment in ${printableName(where)} has other settings`, {
    expected,
    received,
    fix: 'make the same call again to go on with it, or name another folder with --out',
  });
}

/** What differs first between two plans, in words: of the first and of the second; undefined where they are equal. */
export function differenceOf(first: Plan, second: Plan): [string, string] | undefined {
  const [a, b] = [asData(first), asData(second)];
  const words = (flags: TrainingFlags, name: string): string => (name in flags ? flagsInWords({ [name]: flags[name]! }) : `no --${name}`);
  const inFlagsOf = (one: TrainingFlags, other: TrainingFlags, of: string): [string, string] | undefined => {
    const name = [...new Set([...Object.keys(one), ...Object.keys(other)])].find((each) => !isDeepStrictEqual(one[each], other[each]));
    return name === undefined ? undefined : [`${of}${words(one, name)}`, `${of}${words(other, name)}`];
  };
  if (first.name !== second.name) return [`experiment ${first.name}`, `experiment ${second.name}`];
  const common = inFlagsOf(first.flags, second.flags, '');
  if (common) return common;
  for (const setting of first.settings) {
    const other = second.settings.find(({ name }) => name === setting.name);
    if (other === undefined) return [`the setting ${setting.name}`, 'none of that name'];
    const own = inFlagsOf(setting.flags, other.flags, `${setting.name}: `);
    if (own) return own;
  }
  const added = second.settings.find(({ name }) => !first.settings.some((each) => each.name === name));
  if (added !== undefined) return ['no other settings', `the setting ${added.name}`];
  const key = Object.keys({ ...a, ...b }).find((each) => !isDeepStrictEqual(a[each], b[each]));
  return key === undefined ? undefined : [`${key} ${inShort(a[key])}`, `${key} ${inShort(b[key])}`];
}

const inShort = (value: unknown): string => (JSON.stringify(value) ?? 'none').slice(0, 80);
