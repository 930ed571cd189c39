import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { printableName, printableText } from '../../../formats/names.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import type { Gpu } from '../../../gpu/gpu.js';
import { chooseMetrics } from '../../../training/evaluation/chosen.js';
import { evaluatePictures, type EvaluateOptions, type Evaluation } from '../../../training/evaluation/evaluate.js';
import type { PixelModel } from '../../../training/evaluation/metric.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import { openNodeGpu } from '../../adapter/adapter.js';
import { formatCountOf } from '../../../formats/words.js';
import { formatHelp } from '../../terminal/help.js';
import { keepAside, keepQuiet, remark } from '../../terminal/remarks.js';
import { savedSources, SYNTHETIC } from '../../training/data.js';
import { evaluateRun, type EvaluatedRun, type EvaluateRunOptions } from '../../training/evaluated.js';
import { drawnTitle } from '../../training/flags.js';
import { existingRunFolder, runOfCheckpoint, RunFolder } from '../../training/folder.js';
import { apartOf, keepsAverages, resultsFolder } from '../../training/results-folder.js';
import { StatusLine } from '../../training/status-line.js';
import { schemeOfRun } from '../../training/tested.js';
import { openCheckpoint } from '../../weights/checkpoint.js';
import { isNameOfWeights, sayChosen } from '../../weights/folder.js';
import { openWeights, optionsFor } from '../../weights/read.js';
import { isRemote } from '../../weights/remote/registry.js';
import {
  EVALUATE_PROGRAM,
  measuredApart,
  metricModels,
  metricNames,
  metricOptions,
  metricWeights,
  parseEvaluateFlags,
  type EvaluateFlags,
} from './flags.js';
import { openFolders, openSets } from './folders.js';
import { openModels } from './models.js';
import { checkHuman, evaluateByPeople } from './human/human.js';
import { StandOuts } from './stand-outs.js';
import { evaluateWeights, knownDirection } from './weights.js';
import { expectPlaceFor, NUMBERS, printEvaluation, writeEvaluation, type Evaluated, type EvaluatedFacts } from './results.js';

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
  const runs = [flags.run, flags.weights, ...operands].filter((name) => name !== undefined);
  checkHuman(flags, given);
  if (flags.human) return evaluateByPeople(flags, given, runs);
  checkTogether(flags, given, runs);
  await expectPlaceFor(flags);
  const weights: Record<string, WeightFile> = {};
  const open = [];
  try {
    for (const [flag, path] of metricWeights(flags)) {
      const opened = await openWeights(path);
      open.push(opened);
      weights[flag] = opened.file;
    }
    const how: EvaluateOptions = { metrics: metricNames(flags.metrics), weights, options: metricOptions(flags, given), seed: flags.seed };
    const [run] = runs;
    const evaluated = await (run === undefined ? evaluatedFolders(flags, how) : evaluatedPath(run, flags, how));
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
  const ofRuns = ['data', 'split', 'direction', 'network', 'averages'].find((name) => given.has(name));
  if (folders && ofRuns !== undefined) refuse(`--${ofRuns} is for runs`, 'a run with it', '--made and --real', `leave out --${ofRuns}`);
  const ofFolders = ['resize', 'half', 'grey', 'unpaired', 'input', 'input-half', 'made-suffix', 'real-suffix'].find((name) =>
    given.has(name),
  );
  if (!folders && ofFolders !== undefined) {
    refuse(`--${ofFolders} is for folders`, '--made and --real with it', 'a run', `leave out --${ofFolders}`);
  }
  if (given.has('input-half') && flags.input === undefined)
    refuse('--input-half is for --input', '--input DIR with it', 'no --input', 'name the folder: --input DIR, or leave out --input-half');
  const ofPairs = ['samples', 'input', 'resize'].find((name) => given.has(name));
  if (flags.unpaired && ofPairs !== undefined) {
    refuse(`--${ofPairs} is for pictures that belong together`, 'no --unpaired with it', 'both', `leave out --${ofPairs}`);
  }
}

/** Evaluates what a path names: a run, one of its checkpoints, or weights alone. Where nothing is, its ending says what was meant. */
async function evaluatedPath(path: string, flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  if (isRemote(path)) return evaluatedWeights(path, flags, how);
  const kind = await stat(path).catch(() => undefined);
  const run = kind?.isFile() ? await runOfCheckpoint(path) : undefined;
  if (run) return evaluatedRun(run, path, flags, how);
  const holdsRun = kind?.isDirectory() && (await stat(new RunFolder(path).checkpoint).catch(() => undefined)) !== undefined;
  if (kind ? !holdsRun : isNameOfWeights(path)) return evaluatedWeights(path, flags, how);
  const folder = await existingRunFolder(path, path, { what: 'run', fix: 'name the folder of a run, that with checkpoint.safetensors' });
  return evaluatedRun(folder, folder.checkpoint, flags, how);
}

/** Evaluates what a generator makes that is in a file of weights, without its run. @throws BAD_FLAG without --data */
async function evaluatedWeights(path: string, flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  const { data, split, direction, network, averages, count = Infinity } = flags;
  const opened = await openWeights(path, optionsFor(network));
  if (data === undefined) {
    const known = await knownDirection(opened, network, averages);
    await opened.close();
    throw new ShadegradError('BAD_FLAG', `${printableName(path)} is no run: weights alone do not say what they are measured on`, {
      expected: 'a folder of pairs with --data',
      received: 'no --data',
      fix:
        known === undefined
          ? 'write --data DIR, and --direction BtoA where half B is translated; or name the folder of the run'
          : `write --data DIR (that ${known} is translated, the file says); or name the folder of the run`,
    });
  }
  sayChosen(path, opened);
  const line = new StatusLine();
  try {
    const gpu = await deviceOf(flags);
    const models: Record<string, PixelModel> = {};
    try {
      Object.assign(models, await openModels(gpu, flags));
      const standOuts = new StandOuts(EVALUATION_METRICS);
      const onSample: EvaluateRunOptions['onSample'] = (sample, values, done, total) => {
        standOuts.add(sample, values);
        line.show(`evaluated: ${done} of ${total}`);
      };
      const asked = { ...how, ...{ models, outputs: flags.samples ?? 1 }, onSample };
      const evaluation = await evaluateWeights(gpu, { opened, data, split, direction, network, averages, count }, asked, remark);
      const lead = `What its generator makes (${evaluation.direction}), on ${printableName(data)} (${evaluation.split}).`;
      const source = {
        ...{ weights: isRemote(path) ? path : opened.path, ...(network !== undefined && { network }), data: resolve(data) },
        ...measuredFacts(evaluation, standOuts, flags),
      };
      return {
        ...{ evaluation, standOuts, page: { title: printableName(path), lead, titles: evaluation.titles } },
        ...{ source, output: flags.output },
      };
    } finally {
      line.end();
      for (const model of Object.values(models)) model.dispose?.();
      gpu.destroy();
    }
  } finally {
    await opened.close();
  }
}

/** Evaluates what the networks of a run make. @param path of the checkpoint, its latest or another */
async function evaluatedRun(folder: RunFolder, path: string, flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  if (flags.network !== undefined) {
    throw new ShadegradError('BAD_FLAG', '--network is for weights alone', {
      expected: 'of a run that translates both ways, --direction',
      received: `--network ${printableName(flags.network)}, and a run`,
      fix: 'leave out --network, or write --direction AtoB or --direction BtoA',
    });
  }
  const opened = await openCheckpoint(path);
  const line = new StatusLine();
  try {
    const { info } = opened;
    const scheme = schemeOfRun(path, info);
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
      const evaluation = await evaluateRun(
        gpu,
        run,
        { ...how, ...{ models, direction: flags.direction, outputs: flags.samples ?? 1 }, onSample },
        remark,
      ).finally(() => {
        line.end();
        for (const model of Object.values(models)) model.dispose?.();
      });
      const images = sources[0] === SYNTHETIC ? `synthetic ${drawnTitle(scheme)}` : sources.map(printableName).join(' and ');
      const on = evaluation.split === 'validation' ? images : `${images} (${evaluation.split})`;
      const data = sources[0] === SYNTHETIC ? images : sources.length === 1 ? sources[0]! : sources;
      const source = {
        ...{ run: folder.path, checkpoint: basename(path), scheme: scheme.name, step: info.step },
        ...(keepsAverages(info.options) && { averages: flags.averages }),
        ...{ data, ...measuredFacts(evaluation, standOuts, flags) },
      };
      const measured = measuredApart(flags, how);
      const apart = {
        ...(basename(path) !== basename(folder.checkpoint) && { checkpoint: basename(path, extname(path)) }),
        ...apartOf(info.options, flags, sources, evaluation.split),
        ...(!evaluation.isFirstWay && { direction: evaluation.direction }),
        ...(measured !== undefined && { measured }),
      };
      return {
        ...{ evaluation, standOuts, source },
        page: {
          title: `${scheme.title}: ${printableName(folder.path)}`,
          lead: `What its networks make after ${formatCountOf(info.step, 'step')}, on ${on}.`,
          titles: evaluation.titles,
        },
        output: flags.output ?? (await resultsFolder(folder, 'evaluation', apart, NUMBERS)),
      };
    } finally {
      gpu.destroy();
    }
  } finally {
    await opened.close();
  }
}

/** What results are of, what they were measured on and how. */
const measuredFacts = (
  { split, direction, prepared }: Pick<EvaluatedRun, 'split' | 'direction' | 'prepared'>,
  { size }: StandOuts,
  { count, samples, seed }: EvaluateFlags,
): EvaluatedFacts => ({
  // A folder's val/ and what a run is validated on have one name, however they were asked for.
  ...{ split: split === 'val' ? 'validation' : split, direction: direction ?? null, size, prepared },
  ...{ atMost: count ?? null, samples: samples ?? 1, seed },
});

/** Evaluates the pictures of two folders. */
async function evaluatedFolders(flags: EvaluateFlags, how: EvaluateOptions): Promise<Evaluated> {
  const [made, real] = [flags.made!, flags.real!];
  const { length, samples, remarks } = await (flags.unpaired ? openSets : openFolders)({
    ...{
      made,
      real,
      input: flags.input,
      half: flags.half,
      inputHalf: flags['input-half'],
      grey: flags.grey,
      resize: flags.resize,
      labels: how.options?.palette !== undefined,
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
    ...{ pairs: !flags.unpaired, outputs: flags.samples !== undefined, given: flags.input !== undefined, models: modelFlags },
    ...{ weights: Object.keys(how.weights ?? {}), options: Object.keys(how.options ?? {}) },
  };
  const { metrics } = chooseMetrics(EVALUATION_METRICS, how.metrics, needs);
  const gpu = metrics.some(({ onDevice, models = [] }) => onDevice || models.length > 0) ? await deviceOf(flags) : undefined;
  let models: Readonly<Record<string, PixelModel>> = {};
  try {
    models = gpu ? await openModels(gpu, flags) : {};
    const asked = { ...how, ...{ models, onSample, pairs: !flags.unpaired }, ...(gpu && { gpu }) };
    const measured = await evaluatePictures(samples(), asked).finally(() => line.end());
    const evaluation: Evaluation = { ...measured, remarks: [...remarks, ...measured.remarks] };
    const beside = flags.unpaired ? 'all together' : 'by their names';
    const lead = `The pictures of ${printableName(made)}, ${beside} against those of ${printableName(real)}.`;
    const page = { title: `Pictures of ${printableName(made)}`, lead, titles: { made: 'Made', real: 'Real' } };
    return { ...{ evaluation, standOuts, page }, source: { made, real, ...ofFolders(flags, standOuts) }, output: flags.output };
  } finally {
    for (const model of Object.values(models)) model.dispose?.();
    gpu?.destroy();
  }
}

/** What results of two folders are of. */
const ofFolders = (
  { count, samples, seed, resize, grey, half, palette, 'input-half': inputHalf }: EvaluateFlags,
  { size }: StandOuts,
): EvaluatedFacts => ({
  size,
  prepared:
    [
      ...(half === undefined ? [] : [`the ${half} half of each real picture`]),
      ...(inputHalf === undefined || inputHalf === 'whole' ? [] : [`the ${inputHalf} half of each input`]),
      ...(resize === undefined
        ? []
        : [`${resize} pictures resized to the others (${palette === undefined ? 'bicubic' : 'nearest pixel'})`]),
      ...(grey ? ['luminance alone'] : []),
    ].join('; ') || 'as they are',
  ...{ atMost: count ?? null, samples: samples ?? 1, seed },
});

async function deviceOf({ adapter }: EvaluateFlags): Promise<Gpu> {
  const { gpu, adapterChoice } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  remark(printableText(adapterChoice.summary));
  return gpu;
}
