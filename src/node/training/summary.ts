import { labelSetsOf } from '../../data/labels.js';
import type { Labelling } from '../../data/unpaired.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { epochLength, type TrainingDataset } from '../../training/batches.js';
import type { OptionRow, OptionValue } from '../../training/option-table.js';
import { completeOptions } from '../../training/trainer-options.js';
import { lossRows, phaseOf, type TrainingScheme } from '../../training/scheme.js';
import { LIBRARY_VERSION } from '../../version.js';
import type { AdapterChoice } from '../adapter/choice.js';
import { formatCount, formatCountOf, formatNumber } from '../../formats/words.js';
import { programCall, quoted } from '../terminal/program-call.js';
import type { TrainingReport } from '../report/write.js';
import { SAMPLED_PAIRS, SYNTHETIC, type DataSource, type TrainingData } from './data.js';
import { drawnTitle, flagName } from './flags.js';
import type { RunFolder } from './folder.js';
import type { RunHistory } from './history.js';
import { warningOf } from '../../training/run/loop.js';
import type { Measured } from '../../training/run/measured.js';
import { runOptionFlags } from '../../training/run/run-options.js';
import { fromFlags, optionsOf, type RunSettings } from '../../training/run/settings.js';
import { countSamples } from './set-data.js';
import type { ScoredBaseline, Validator } from '../../training/run/validation.js';
import { scalingNote, type Scaling } from './scaling.js';

/** What a run is, for its report and the texts around it. */
export interface RunFacts {
  gpu: Gpu;
  scheme: TrainingScheme;
  /** How the user calls the program that trains. */
  call: string;
  /** Whether it is one of the trainings of another program: what a single one could be tried with next is then not said. */
  isPart?: boolean;
  /** Of the scheme, complete. */
  options: object;
  adapter: AdapterChoice;
  settings: RunSettings;
  /** More than one for a scheme that takes several sets with labels of their own. */
  sources: readonly DataSource[];
  data: TrainingData<TrainingDataset>;
  /** Those of the images, where the scheme learns some. */
  labels?: Labelling;
  folder: RunFolder;
  validator: Validator;
  /** How many validation images were asked for. */
  validate?: number;
  /** Steps between validations that were asked for, where the training follows from them. */
  reportEvery?: number;
  baseline: ScoredBaseline | undefined;
  startedAt: Date;
  /** The networks that make pictures of random numbers. */
  makers: readonly string[];
  /** The networks that turn pictures into pictures. */
  translators: readonly string[];
}

/** The command line that makes a run again on the same adapter, whatever its speed. */
export function commandOf(
  {
    scheme,
    call,
    settings,
    sources,
    validate,
    reportEvery,
  }: Pick<RunFacts, 'scheme' | 'call' | 'settings' | 'sources' | 'validate' | 'reportEvery'>,
  totalSteps: number,
): string {
  const { preset, epochs, batch, learningRate, seed, serial, precision } = settings;
  const [source, ...further] = sources;
  const flags = [
    source === SYNTHETIC ? '' : `--data ${quoted(source!)}`,
    further.length === 0 ? '' : `--with-data ${further.map(quoted).join(' ')}`,
    settings.labels === null ? '' : `--labels ${quoted(settings.labels)}`,
    settings.make === null ? '' : `--make ${quoted(settings.make)}`,
    `--preset ${preset}`,
    ...Object.entries(optionsOf(scheme, settings)).map(([name, value]) => flagOf(name, value, scheme)),
    epochs === null ? `--steps ${totalSteps}` : `--epochs ${epochs}`,
    `--batch ${batch} --lr ${learningRate} --seed ${seed}${serial ? ' --serial' : ''}${precision === 'f16' ? ' --precision f16' : ''}`,
    ...runOptionFlags(settings).map(([flag, value]) => (value === true ? `--${flag}` : `--${flag} ${quoted(String(value))}`)),
    validate === undefined ? '' : `--validate ${validate}`,
    reportEvery === undefined ? '' : `--report-every ${reportEvery}`,
    ...fromFlags(scheme, settings).map(([flag, file]) => `--${flag} ${quoted(file)}`),
  ];
  return [call, ...flags].filter((part) => part !== '').join(' ');
}

/** The flags that make a run again, by their names: the file of flags in its folder. */
export function flagsOf(
  { scheme, settings, sources, validate, reportEvery }: Pick<RunFacts, 'scheme' | 'settings' | 'sources' | 'validate' | 'reportEvery'>,
  totalSteps: number,
): Record<string, OptionValue | string[]> {
  const { preset, epochs, batch, learningRate, seed, serial, precision, labels, make } = settings;
  const [source, ...further] = sources;
  const own = Object.entries(optionsOf(scheme, settings)).map(([name, value]) => [flagName(name), value]);
  return {
    scheme: scheme.name,
    ...(source !== SYNTHETIC && { data: source! }),
    ...(further.length > 0 && { 'with-data': [...further] }),
    ...(labels !== null && { labels: labels.split(',') }),
    ...(make !== null && { make }),
    preset,
    ...Object.fromEntries(own),
    ...(epochs === null ? { steps: totalSteps } : { epochs }),
    ...{ batch, lr: learningRate, seed, serial, precision },
    ...Object.fromEntries(runOptionFlags(settings)),
    ...(validate !== undefined && { validate }),
    ...(reportEvery !== undefined && { 'report-every': reportEvery }),
    ...Object.fromEntries(fromFlags(scheme, settings)),
  };
}

/** An option as the command line takes it. */
function flagOf(name: string, value: unknown, { options, presets }: TrainingScheme): string {
  if (typeof value !== 'boolean') return value === null ? '' : `--${flagName(name)} ${quoted(String(value))}`;
  const { flag } = new Map(Object.entries<OptionRow>(options)).get(name)!;
  const fixed = presets.full[name] === undefined && presets.preview[name] === undefined;
  // What every preset leaves as it is need not be said.
  const usual = flag && 'default' in flag ? flag.default : false;
  if (fixed && value === usual) return '';
  return value ? `--${flagName(name)}` : `--no-${flagName(name)}`;
}

export function describeSettings(scheme: TrainingScheme, settings: RunSettings): string {
  const { batch, learningRate, epochs, steps, minutes } = settings;
  const parts = Number(settings.accumulate ?? 1);
  const length =
    epochs !== null
      ? formatCountOf(epochs, 'epoch')
      : steps !== null
        ? formatCountOf(steps, 'step')
        : `about ${formatNumber(minutes!, 2)} minutes`;
  return [
    ...scheme.describe(completeOptions(scheme, optionsOf(scheme, settings))),
    `batch ${batch}${parts > 1 ? ` in ${parts} parts` : ''}`,
    `learning rate ${learningRate}`,
    length,
  ].join(', ');
}

/** What a number of samples that are measured is a number of, by the data of the scheme. */
const MEASURED = { paired: 'pairs measured', unpaired: 'images measured in each direction', images: 'images measured' } as const;

/** How many steps of a run are looked at for kinds of steps that it has not. */
const LOOKED_AT = 10_000;

/**
 * Says of a run that is too short for some kind of its steps what it never trains by; undefined where there is nothing to say.
 *
 * @param sets whose steps take turns
 */
export function tooShort(scheme: TrainingScheme, options: object, totalSteps: number, sets: number): string | undefined {
  const phaseAt = (step: number): string => phaseOf(scheme, step, options, sets);
  const phases = new Set(Array.from({ length: Math.min(totalSteps, LOOKED_AT) }, (_, step) => phaseAt(step)));
  const missed = Object.values(lossRows(scheme, options)).filter((loss) => loss.phases?.every((phase) => !phases.has(phase)));
  if (missed.length === 0) return undefined;
  let first = totalSteps;
  while (first < LOOKED_AT && !missed.every((loss) => loss.phases!.includes(phaseAt(first)))) first++;
  const none =
    totalSteps === 1 ? 'the only step of this run trains not' : `none of the ${formatCount(totalSteps)} steps of this run trains`;
  const labels = missed.map(({ label }) => label).join(', ');
  return (
    `note: ${none} by ${labels}, so what learns from ${missed.length === 1 ? 'it' : 'them'} stays as it began` +
    (first < LOOKED_AT ? `; step ${formatCount(first + 1)} would be the first that does` : '')
  );
}

/** The name of an option in words: `load size` for loadSize. */
const inWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export interface ReportState {
  state: TrainingReport['state'];
  history: RunHistory;
  step: number;
  totalSteps: number;
  seconds: number;
}

export function reportOf(facts: RunFacts, { state, history, step, totalSteps, seconds }: ReportState): TrainingReport {
  const { gpu, scheme, options, adapter, settings, sources, data, labels, validator, baseline, startedAt } = facts;
  const { losses, metrics, snapshots } = history;
  const { epochs, minutes, learningRate, batch } = settings;
  const drawn = sources[0] === SYNTHETIC ? `synthetic ${drawnTitle(scheme)}` : undefined;
  const shown: TrainingReport['settings'] = {
    data: drawn ?? sources.join(' and '),
    'trained on': countSamples(data.train),
    ...(settings.make !== null && { 'half A made as': settings.make }),
    ...(labels && {
      labels: labelSetsOf(labels)
        .map(({ names }) => names.join(', '))
        .join('; '),
    }),
    [`validation ${MEASURED[scheme.data ?? 'paired']}`]: validator.length,
    preset: settings.preset,
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [inWords(name), value as string | number | boolean])),
    ...(epochs !== null && { epochs }),
    ...(minutes !== null && { minutes }),
    steps: totalSteps,
    batch,
    'learning rate': learningRate,
    ...Object.fromEntries(runOptionFlags(settings).map(([flag, value]) => [flag.replaceAll('-', ' '), value!])),
    seed: settings.seed,
    ...(settings.from !== null && { 'begun with': settings.from }),
  };
  const warning = warningOf(history, scheme, settings);
  return {
    title: `${scheme.title} on ${drawn ?? data.train.name.replace(/\/train.*?(?= and |$)/g, '')}`,
    command: commandOf(facts, totalSteps),
    settings: shown,
    adapter: {
      name: adapter.description || adapter.name,
      driver: gpu.adapter.description,
      backend: adapter.backend,
      software: adapter.kind !== 'hardware',
    },
    version: LIBRARY_VERSION,
    startedAt: startedAt.toISOString(),
    state,
    steps: step,
    totalSteps,
    imagesSeen: step * batch,
    seconds,
    imagesTimed: history.timedSteps * batch,
    peakBytes: gpu.memory().peakBytes,
    lossRows: lossRows(scheme, options),
    losses,
    ...(history.findings.length > 0 && { findings: history.findings }),
    ...(warning !== undefined && { warnings: [`Note: ${warning}.`] }),
    metricRows: scheme.metrics,
    metrics,
    snapshots,
    ...validator.pictured,
    ...(baseline && { baseline }),
  };
}

/** Metrics that one line has room for. */
const MOST_IN_LINE = 4;

/** The metrics of a scheme in one line. */
export function metricsInWords({ metrics }: TrainingScheme, values: Readonly<Record<string, number>>): string {
  const rows = Object.entries(metrics);
  const words = rows
    .slice(0, MOST_IN_LINE)
    .map(([name, { label, unit, digits }]) => `${label} ${formatNumber(values[name]!, digits)}${unit === undefined ? '' : ` ${unit}`}`);
  const rest = rows.length - words.length;
  return [...words, ...(rest > 0 ? [`${rest} more in the report`] : [])].join(', ');
}

/** What the end of a run says of the checkpoint that it has kept as the best; nothing where there is none. */
export function bestLine({ bestSoFar, stops }: Pick<Measured, 'bestSoFar' | 'stops'>, { folder, scheme }: RunFacts): string | undefined {
  if (!bestSoFar || bestSoFar.value === null) return undefined;
  const { metric, value, step, without } = bestSoFar;
  const { label, unit, digits } = scheme.metrics[metric]!;
  const best = `${label} ${formatNumber(Number(value), digits)}${unit === undefined ? '' : ` ${unit}`} at step ${formatCount(step!)}`;
  const why = stops ? `stopped: ${formatCountOf(without, 'validation')} in a row without a better ${label} (--early-stop); ` : '';
  return `${why}best: ${best}, kept as ${printableName(folder.bestCheckpoint)}`;
}

/** The lines at the end of a run. */
export function closingLines(facts: RunFacts, { state, history, step, totalSteps }: ReportState, scaling: Scaling | null): string[] {
  const { folder, scheme, baseline, validator } = facts;
  const lines = [`${state === 'finished' ? 'finished' : 'stopped'} after ${formatCount(step)} of ${formatCountOf(totalSteps, 'step')}`];
  const scaled = scalingNote(scaling);
  if (scaled !== undefined) lines.push(`note: ${scaled}`);
  const last = history.metrics[history.metrics.length - 1];
  const text = (metrics: Readonly<Record<string, number>>): string => metricsInWords(scheme, metrics);
  if (last) {
    const when = last.step === step ? '' : ` at step ${formatCount(last.step)}`;
    const on = facts.data.unvalidated ? 'on the image that it is trained on' : `on ${formatCountOf(validator.length, 'validation image')}`;
    lines.push(`${on}${when}: ${text(last.metrics)}`);
    const sample = epochLength(facts.data.train) > SAMPLED_PAIRS ? ` (of a sample of ${SAMPLED_PAIRS} training images)` : '';
    if (baseline) lines.push(`${baseline.name}, for comparison: ${text(baseline.metrics)}${baseline.sampled ? sample : ''}`);
  }
  lines.push(`report: ${printableName(folder.report)}`);
  return facts.isPart ? lines : [...lines, ...adviceLines(facts, state, totalSteps)];
}

/** What a run can be used for, and how it goes on. */
function adviceLines({ folder, scheme, call, settings, ...facts }: RunFacts, state: ReportState['state'], totalSteps: number): string[] {
  const lines: string[] = [];
  const out = quoted(folder.path);
  const named = (name: string, among: readonly string[]): string =>
    quoted(folder.checkpoint) + (among.length === 1 ? '' : ` --network ${name}`);
  const [maker] = facts.makers;
  if (maker !== undefined) lines.push(`make pictures: ${programCall('generate')} --weights ${named(maker, facts.makers)} --output FOLDER`);
  const [translator] = facts.translators;
  if (translator !== undefined) {
    const weights = named(translator, facts.translators);
    const [label] = facts.labels?.names ?? [];
    const asked = label === undefined ? '' : ` --label ${quoted(label)}`;
    lines.push(
      `translate your own images: ${programCall('translate')} --weights ${weights}${asked} --input FILE_OR_FOLDER --output FOLDER`,
    );
  }
  if (state === 'interrupted') lines.push(`go on: ${call} --resume --out ${out}`);
  else {
    const longer = settings.epochs === null ? `--steps ${totalSteps * 4}` : `--epochs ${settings.epochs * 2}`;
    lines.push(`train longer: ${call} --resume --out ${out} ${longer}`);
    if (settings.preset === 'preview') lines.push(`the full setting (${scheme.presets.description}): --preset full`);
  }
  return lines;
}
