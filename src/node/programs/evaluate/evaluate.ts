import { join, resolve } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { printableName, printableText } from '../../../formats/names.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import type { Gpu } from '../../../gpu/gpu.js';
import { chooseMetrics } from '../../../training/evaluation/chosen.js';
import { evaluatePictures, type EvaluateOptions, type Evaluation } from '../../../training/evaluation/evaluate.js';
import type { PixelModel } from '../../../training/evaluation/metric.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import { openNodeGpu } from '../../adapter/adapter.js';
import { formatCountOf } from '../../terminal/format.js';
import { formatHelp } from '../../terminal/help.js';
import { keepAside, keepQuiet, remark } from '../../terminal/remarks.js';
import { savedSources, SYNTHETIC } from '../../training/data.js';
import { evaluateRun, type EvaluateRunOptions } from '../../training/evaluated.js';
import { drawnTitle } from '../../training/flags.js';
import { openPixelModel } from '../../training/pixel-models.js';
import { existingRunFolder } from '../../training/folder.js';
import { StatusLine } from '../../training/status-line.js';
import { schemeOfRun } from '../../training/tested.js';
import { openCheckpoint } from '../../weights/checkpoint.js';
import { openWeights } from '../../weights/read.js';
import {
  EVALUATE_PROGRAM,
  metricModels,
  metricNames,
  metricOptions,
  metricWeights,
  parseEvaluateFlags,
  type EvaluateFlags,
} from './flags.js';
import { openFolders } from './folders.js';
import { checkHuman, evaluateByPeople } from './human/human.js';
import { StandOuts } from './stand-outs.js';
import { printEvaluation, writeEvaluation, type Evaluated } from './results.js';

/**
 * Runs the program of `shadegrad evaluate`: measures made pictures against real ones.
 *
 * @param argv the arguments alone
 * @returns the exit status, 0
 * @throws ShadegradError for whatever the user can mend
 */
export async function evaluateProgram(argv: readonly string[]): Promise<number> {
  const { values: flags, operands, given, help } = parseEvaluateFlags(argv);
  if (help) {
    process.stdout.write(formatHelp(EVALUATE_PROGRAM));
    return 0;
  }
  keepQuiet(flags.quiet);
  // The results are all that goes to stdout.
  keepAside(true);
  const runs = flags.run === undefined ? operands : [flags.run, ...operands];
  checkHuman(flags, given);
  if (flags.human) return evaluateByPeople(flags, given, runs);
  checkTogether(flags, given, runs);
  const weights: Record<string, WeightFile> = {};
  const open = [];
  try {
    for (const [flag, path] of metricWeights(flags)) {
      const opened = await openWeights(path);
      open.push(opened);
      weights[flag] = opened.file;
    }
    const how: EvaluateOptions = { metrics: metricNames(flags.metrics), weights, options: metricOptions(flags, given), seed: flags.seed };
    const evaluated = runs.length > 0 ? await evaluatedRun(runs[0]!, flags, how) : await evaluatedFolders(flags, how);
    await writeEvaluation(evaluated, flags);
    printEvaluation(evaluated, flags);
    return 0;
  } finally {
    for (const { close } of open) await close();
  }
}

/** @throws BAD_FLAG for flags that are right by themselves and not together */
function checkTogether(flags: EvaluateFlags, given: ReadonlySet<string>, runs: readonly string[]): void {
  const refuse = (what: string, expected: string, received: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', what, { expected, received, fix });
  };
  const folders = flags.made !== undefined || flags.real !== undefined;
  const usage = `write ${EVALUATE_PROGRAM.usage}`;
  if (runs.length === 0 && !folders) refuse('There is nothing to evaluate', 'a run, or two folders of pictures', 'neither', usage);
  if (runs.length > 1) refuse('More than one run is named', 'the folder of one run', runs.join(' '), usage);
  if (runs.length > 0 && folders) refuse('A run and folders are named', 'one of the two', `${runs[0]!} and --made or --real`, usage);
  if (folders && (flags.made === undefined || flags.real === undefined)) {
    const [there, missing] = flags.made === undefined ? ['real', 'made'] : ['made', 'real'];
    refuse(`--${missing} is missing`, 'two folders of pictures', `--${there} alone`, `name the other one: --${missing} DIR`);
  }
  const ofRuns = ['data', 'split', 'averages'].find((name) => given.has(name));
  if (folders && ofRuns !== undefined) refuse(`--${ofRuns} is for runs`, 'a run with it', '--made and --real', `leave out --${ofRuns}`);
  const ofFolders = ['resize', 'half', 'grey', 'input', 'made-suffix', 'real-suffix'].find((name) => given.has(name));
  if (!folders && ofFolders !== undefined) {
    refuse(`--${ofFolders} is for folders`, '--made and --real with it', 'a run', `leave out --${ofFolders}`);
  }
}

/** Evaluates what the networks of a run make. */
async function evaluatedRun(path: string, flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  const folder = await existingRunFolder(path, path, { what: 'run', fix: 'name the folder of a run, that with checkpoint.safetensors' });
  const opened = await openCheckpoint(folder.checkpoint);
  const line = new StatusLine();
  try {
    const { info } = opened;
    const scheme = schemeOfRun(folder.checkpoint, info);
    const sources = flags.data === undefined ? savedSources(info.options) : [resolve(flags.data)];
    const run = {
      ...{ folder, checkpoint: opened, scheme, sources, count: flags.count ?? Infinity, first: false },
      ...{ averages: flags.averages, patchMap: false, chosen: flags.data !== undefined, split: flags.split },
    };
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      remark(adapterChoice.summary);
      const standOuts = new StandOuts(EVALUATION_METRICS);
      const onSample: EvaluateRunOptions['onSample'] = (sample, values, done, total) => {
        standOuts.add(sample, values);
        line.show(`evaluated: ${done} of ${total}`);
      };
      const models = await openModels(gpu, flags);
      const evaluation = await evaluateRun(gpu, run, { ...how, models, outputs: flags.samples ?? 1, onSample }, remark).finally(() => {
        line.end();
        for (const model of Object.values(models)) model.dispose?.();
      });
      const images = sources[0] === SYNTHETIC ? `synthetic ${drawnTitle(scheme)}` : sources.map(printableName).join(' and ');
      const on = evaluation.split === undefined ? images : `${images} (${evaluation.split})`;
      return {
        ...{ evaluation, standOuts },
        source: { run: folder.path, scheme: scheme.name, step: info.step, data: on },
        page: {
          title: `${scheme.title}: ${printableName(folder.path)}`,
          lead: `What its networks make after ${formatCountOf(info.step, 'step')}, on ${on}.`,
          titles: evaluation.titles,
        },
        output: flags.output ?? join(folder.path, 'evaluation'),
      };
    } finally {
      gpu.destroy();
    }
  } finally {
    await opened.close();
  }
}

/** Evaluates the pictures of two folders. */
async function evaluatedFolders(flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  const [made, real] = [flags.made!, flags.real!];
  const { length, samples } = await openFolders({
    ...{
      made,
      real,
      input: flags.input,
      half: flags.half,
      grey: flags.grey,
      resize: flags.resize,
      samples: flags.samples ?? 1,
      count: flags.count,
    },
    ...{ madeSuffix: flags['made-suffix'] ?? '', realSuffix: flags['real-suffix'] ?? '' },
  });
  const line = new StatusLine();
  const standOuts = new StandOuts(EVALUATION_METRICS);
  const onSample: EvaluateOptions['onSample'] = (sample, values, done) => {
    standOuts.add(sample, values);
    line.show(`evaluated: ${done} of ${length}`);
  };
  const modelFlags = metricModels(flags).map(([flag]) => flag);
  const needs = {
    ...{ pairs: true, outputs: flags.samples !== undefined, given: flags.input !== undefined, models: modelFlags },
    ...{ weights: Object.keys(how.weights ?? {}), options: Object.keys(how.options ?? {}) },
  };
  const { metrics } = chooseMetrics(EVALUATION_METRICS, how.metrics, needs);
  const gpu = metrics.some(({ onDevice, models = [] }) => onDevice || models.length > 0) ? await deviceOf(flags) : undefined;
  let models: Readonly<Record<string, PixelModel>> = {};
  try {
    models = gpu ? await openModels(gpu, flags) : {};
    const asked = { ...how, models, onSample, ...(gpu && { gpu }) };
    const evaluation: Evaluation = await evaluatePictures(samples(), asked).finally(() => line.end());
    const lead = `The pictures of ${printableName(made)}, by their names against those of ${printableName(real)}.`;
    const page = { title: `Pictures of ${printableName(made)}`, lead, titles: { made: 'Made', real: 'Real' } };
    return { ...{ evaluation, standOuts, page }, source: { made, real }, output: flags.output };
  } finally {
    for (const model of Object.values(models)) model.dispose?.();
    gpu?.destroy();
  }
}

/** The models that metrics need, as far as they are named. @throws what opening them throws */
async function openModels(gpu: Gpu, flags: EvaluateFlags): Promise<Record<string, PixelModel>> {
  const models: Record<string, PixelModel> = {};
  for (const [flag, path] of metricModels(flags)) {
    const palette = flags[`${flag}-palette`];
    models[flag] = await openPixelModel(gpu, path, typeof palette === 'string' ? palette : undefined);
  }
  return models;
}

async function deviceOf({ adapter }: EvaluateFlags): Promise<Gpu> {
  const { gpu, adapterChoice } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  remark(printableText(adapterChoice.summary));
  return gpu;
}
