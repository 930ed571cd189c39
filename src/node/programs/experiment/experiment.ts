import { join } from 'node:path';
import { printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { pix2pix } from '../../../schemes/pix2pix.js';
import { findScheme } from '../../../schemes/registry.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import { openNodeGpu } from '../../adapter/adapter.js';
import { nearest, parseFlags } from '../../terminal/flags.js';
import { formatCountOf, formatDuration } from '../../../formats/words.js';
import { formatHelp } from '../../terminal/help.js';
import { keepQuiet, remark } from '../../terminal/remarks.js';
import { parseShard, partOf } from '../../terminal/shard.js';
import { openWeights, type OpenWeights } from '../../weights/read.js';
import { chooseMetrics } from '../../../training/evaluation/chosen.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import { metricModels, metricNames, metricOptions, metricWeights } from '../evaluate/flags.js';
import { estimateRun } from './estimate.js';
import { flagsInWords, readExperiment } from './file.js';
import { EXPERIMENT_PROGRAM, experimentProgram, type ExperimentFlags } from './flags.js';
import type { Experiment, TrainingFlags } from './kind.js';
import { mergeResults } from './merge.js';
import { planExperiment, runsOf, splitFlags, type Plan, type PlannedRun } from './plan.js';
import { expectTrainable } from './run.js';
import { beginIn } from './plan-file.js';
import { EXPERIMENTS } from './registry.js';
import { isForScheduler, scriptOf } from './schedulers/script.js';
import { runAll } from './sweep.js';

const say = (line: string): void => remark(printableText(line));

/**
 * Runs the program of `shadegrad experiment`: trains the settings of an experiment, measures them, and writes table and figure.
 *
 * @param argv the arguments alone, the first of which names the experiment
 * @returns the exit status: 0, 1 if a setting could not be trained, or 128 and the number of the signal that stopped it
 * @throws ShadegradError for whatever the user can mend
 */
export async function runExperiment(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name.startsWith('-')) return withoutName(argv);
  const experiment = await experimentCalled(name);
  const scheme = findScheme(experiment.scheme ?? pix2pix.name)!;
  const { values, given, operands, help } = parseFlags(experimentProgram(scheme), rest);
  if (help) {
    process.stdout.write(formatHelp(EXPERIMENT_PROGRAM));
    return 0;
  }
  const flags = values as unknown as ExperimentFlags;
  if (operands.length > 0) throw tooMany(operands);
  keepQuiet(flags.quiet);
  if (flags.merge !== undefined) return mergeResults(flags.merge, flags.out, experiment.name);
  const { common, call } = splitFlags(values, given, scheme);
  const out = flags.out ?? join('runs', `experiment-${experiment.name}`);
  const plan = planExperiment(experiment, scheme, {
    ...{ typed: common, seed: flags.seed, seeds: flags.seeds, figure: flags.figure, say },
    ...(flags.count !== undefined && { count: flags.count }),
    metrics: metricNames(flags.metrics ?? experiment.metrics),
    metricOptions: metricOptions(values, given),
    samples: flags.samples ?? experiment.samples ?? 1,
    needsLength: !flags.list,
    // Who writes a script may sit at a machine without a GPU.
    software: !isForScheduler(values) && common.preset !== 'full' && (await isSoftware(call.adapter as string | undefined)),
  });
  expectMeasurable(plan, values);
  const script = scriptOf(argv, plan, values, experimentProgram(scheme));
  if (script !== undefined) {
    process.stdout.write(script.text);
    for (const note of script.notes) console.error(printableText(`note: ${note}`));
    return 0;
  }
  const runs = runsOf(plan);
  const own = flags.shard === undefined ? runs : partOf(runs, parseShard(flags.shard));
  if (flags.list) {
    for (const line of describe(plan, own)) console.log(printableText(line));
    return 0;
  }
  if (flags['dry-run']) return dryRun(plan, own, scheme, call);
  const weights: Record<string, WeightFile> = {};
  const open: OpenWeights[] = [];
  try {
    for (const [flag, path] of metricWeights(values)) {
      const opened = await openWeights(path);
      open.push(opened);
      weights[flag] = opened.file;
    }
    await beginIn(out, plan, () => expectTrainable(out, plan, own, scheme, call));
    return await runAll(out, plan, own, scheme, { flags: call, weights, typed: values });
  } finally {
    for (const { close } of open) await close();
  }
}

/** @throws INVALID_ARGUMENT for metrics that are named and lack something: before anything is trained */
function expectMeasurable({ metrics, metricOptions: options, samples }: Plan, flags: Readonly<Record<string, unknown>>): void {
  if (metrics === 'all') return;
  const [weights, models] = [metricWeights(flags), metricModels(flags)].map((files) => files.map(([flag]) => flag)) as [string[], string[]];
  chooseMetrics(EVALUATION_METRICS, metrics, { pairs: true, outputs: samples > 1, weights, models, options: Object.keys(options) });
}

/** The calls without the name of an experiment: --merge, and --help. */
async function withoutName(argv: readonly string[]): Promise<number> {
  const { values: flags, operands } = parseFlags(EXPERIMENT_PROGRAM, argv);
  keepQuiet(flags.quiet);
  if (flags.merge !== undefined && operands.length === 0) return mergeResults(flags.merge, flags.out);
  if (argv.length > 0 && !argv.some((word) => word === '--help' || word === '-h')) {
    throw new ShadegradError('BAD_FLAG', 'The experiment is not named', {
      expected: `${EXPERIMENTS.map(({ name }) => name).join(', ')}, or a file of JSON, before all flags`,
      fix: `write ${EXPERIMENT_PROGRAM.usage}`,
    });
  }
  process.stdout.write(formatHelp(EXPERIMENT_PROGRAM));
  return argv.length === 0 ? 2 : 0;
}

/** @throws BAD_FLAG where there is none of that name */
async function experimentCalled(name: string): Promise<Experiment> {
  const known = EXPERIMENTS.find((each) => each.name === name);
  if (known !== undefined) return known;
  if (/[./\\]/.test(name)) return readExperiment(name);
  const names = EXPERIMENTS.map((each) => each.name);
  const near = nearest(name, names);
  throw new ShadegradError('BAD_FLAG', `There is no experiment ${JSON.stringify(name)}`, {
    expected: `${names.join(', ')}, or the path of a file of JSON`,
    fix: near === undefined ? 'see npx shadegrad experiment --help' : `did you mean ${near}?`,
  });
}

const tooMany = (operands: readonly string[]): ShadegradError =>
  new ShadegradError('BAD_FLAG', 'More than one experiment is named', {
    expected: 'one name, before all flags',
    received: operands.join(' ').slice(0, 60),
    fix: 'call the program once for each',
  });

/** Whether the adapter that the settings will be trained on is none of hardware: that decides about their preset. */
async function isSoftware(adapter: string | undefined): Promise<boolean> {
  const { gpu, adapterChoice } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  gpu.destroy();
  return adapterChoice.kind !== 'hardware';
}

/** Prints the runs and about how long they take. @returns the exit status */
async function dryRun(plan: Plan, own: readonly PlannedRun[], scheme: TrainingScheme, call: TrainingFlags): Promise<number> {
  for (const line of describe(plan, own)) console.log(printableText(line));
  let total = 0;
  for (const setting of plan.settings) {
    const runs = own.filter((run) => run.setting === setting);
    if (runs.length === 0) continue;
    const { seconds, steps, status } = await estimateRun(plan, runs[0]!, scheme, call);
    if (status !== 0) return status;
    total += runs.length * seconds;
    const length = steps === undefined ? '' : ` for ${formatCountOf(steps, 'step')}`;
    const times = runs.length === 1 ? '' : `, ${runs.length} times`;
    console.log(printableText(`${setting.name}: about ${formatDuration(seconds)}${length}${times}`));
  }
  console.log(`all: about ${formatDuration(total)}, and what validations and measuring take`);
  return 0;
}

/** The runs as --list prints them. */
function describe(plan: Plan, own: readonly PlannedRun[]): string[] {
  const timed = ['steps', 'epochs', 'minutes'].some((name) => name in plan.flags);
  return [
    `${plan.name}: ${plan.title}`,
    `all: ${flagsInWords(plan.flags)}`,
    ...own.map(
      ({ id, setting }) => `${id}: ${setting.title}${Object.keys(setting.flags).length > 0 ? `: ${flagsInWords(setting.flags)}` : ''}`,
    ),
    ...(timed ? [] : ['length: to be said, by --steps, --epochs or --minutes']),
    `measured: ${plan.metrics === 'all' ? 'all that lacks nothing' : plan.metrics.join(', ')}`,
  ];
}
