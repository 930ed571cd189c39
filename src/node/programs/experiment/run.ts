import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RgbImage } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import type { PixelModel } from '../../../training/evaluation/metric.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import { openNodeGpu } from '../../adapter/adapter.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { writePng } from '../../images/read.js';
import { spread } from '../../../data/spread.js';
import { isQuiet, remark } from '../../terminal/remarks.js';
import { quoted } from '../../terminal/program-call.js';
import { savedSources, SYNTHETIC } from '../../training/data.js';
import { evaluateRun, type EvaluatedRun } from '../../training/evaluated.js';
import { RunFolder } from '../../training/folder.js';
import { StatusLine } from '../../training/status-line.js';
import { openCheckpoint, readCheckpointInfo, type OpenCheckpoint } from '../../weights/checkpoint.js';
import { openModels } from '../evaluate/models.js';
import { numbersOf } from '../evaluate/results.js';
import { checkTraining, train } from '../train.js';
import { callOf, trainCommand } from '../train-command.js';
import type { TrainingFlags } from './kind.js';
import { flagsOfRun, runsOf, wordsOf, type Plan, type PlannedRun } from './plan.js';

/** What was measured of a run. It is written last: a folder that has it has a run that needs nothing more. */
export interface RunResult {
  readonly setting: string;
  readonly seed: number;
  /** Steps that it was trained. */
  readonly steps: number;
  /** Samples that it was trained on. */
  readonly trainPairs: number;
  /** What it was trained on: the name of its folder, or that it was drawn. Results of before say nothing. */
  readonly data?: string;
  /** Of all pictures together, by the names of what metrics give; null for what is no finite number. */
  readonly values: Readonly<Record<string, number | null>>;
  /** Likewise of the mean of the training pictures, as the answer to all. */
  readonly constant?: Readonly<Record<string, number | null>>;
  /** The pictures that were measured. */
  readonly pictures: readonly string[];
  /** Those that the figure shows. */
  readonly figure: readonly { readonly name: string; readonly given?: string; readonly made: string; readonly real: string }[];
}

const RESULT = 'result.json';
const EVALUATION = 'evaluation';

/** The folder of a run of an experiment in its own folder. */
export const folderOf = (out: string, { id }: Pick<PlannedRun, 'id'>): string => join(out, 'runs', id);

/** The result of a run; undefined for one that is not finished. */
export async function readResult(out: string, run: Pick<PlannedRun, 'id'>): Promise<RunResult | undefined> {
  try {
    const result = JSON.parse(await readFile(join(folderOf(out, run), RESULT), 'utf8')) as RunResult | null;
    return Array.isArray(result?.pictures) && Array.isArray(result.figure) ? result : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // One that cannot be read is measured again.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a call has for its runs beside the plan: none of it changes a result. */
export interface CallOptions {
  /** Flags of each training. */
  readonly flags: TrainingFlags;
  /** Files that metrics need, open, by the names of their flags. */
  readonly weights: Readonly<Record<string, WeightFile>>;
  /** The flags of metrics as they were typed: the models among them are opened on the device of each run. */
  readonly typed?: Readonly<Record<string, unknown>>;
}

/**
 * Trains a run of an experiment, or goes on with it where it stopped, and measures it.
 *
 * @returns the exit status: 0, or 128 and the number of the signal that stopped it
 * @throws what training and evaluating throw
 */
export async function finishRun(out: string, plan: Plan, run: PlannedRun, scheme: TrainingScheme, call: CallOptions): Promise<number> {
  const folder = new RunFolder(folderOf(out, run));
  const begun = await stat(folder.checkpoint).then(
    () => true,
    () => false,
  );
  const flags = begun ? { resume: true } : flagsOfRun(plan, run);
  const status = await train({ scheme, call: callOf(scheme), isPart: true }, trainCommand(scheme), [
    ...wordsOf({ ...flags, ...call.flags, ...(isQuiet() && { quiet: true }) }),
    `--out=${folder.path}`,
  ]);
  if (status !== 0) return status;
  const opened = await openCheckpoint(folder.checkpoint);
  try {
    await measure(folder, opened, plan, run, scheme, call);
  } finally {
    await opened.close();
  }
  return 0;
}

/**
 * Checks the trainings that are to begin, before anything of the experiment is written: their images, and their files of weights.
 *
 * @throws what the first of them would throw; BAD_FLAG where others of the experiment have data, and it would have none, or the other way
 *   round
 */
export async function expectTrainable(
  out: string,
  plan: Plan,
  own: readonly PlannedRun[],
  scheme: TrainingScheme,
  call: TrainingFlags,
): Promise<void> {
  const looked = new Set<string>();
  const settings = new Set<string>();
  for (const run of own) {
    // Seeds of one setting have the same images.
    if (settings.has(run.setting.name) || (await hasBegun(folderOf(out, run)))) continue;
    settings.add(run.setting.name);
    const flags = { ...flagsOfRun(plan, run), ...call };
    await expectSameKindOfData(out, plan, flags);
    await checkTraining(scheme, trainCommand(scheme), wordsOf(flags), plan.adapter === 'software', looked);
  }
}

/** @throws BAD_FLAG for a call that has lost its --data since runs of the experiment began: the others would be trained on what is drawn */
async function expectSameKindOfData(out: string, plan: Plan, { data, download }: TrainingFlags): Promise<void> {
  const named = data !== undefined || download === true;
  for (const run of runsOf(plan)) {
    const info = await readCheckpointInfo(new RunFolder(folderOf(out, run)).checkpoint).catch(() => undefined);
    if (info === undefined) continue;
    const [before] = savedSources(info.options);
    if (named === (before !== SYNTHETIC)) return;
    throw new ShadegradError('BAD_FLAG', `The runs of the experiment in ${printableName(out)} are trained on other data`, {
      expected: named ? 'no --data: they are trained on what the program draws' : `--data, as ${run.id} has ${printableName(before!)}`,
      received: named ? `--data ${printableName(String(data ?? 'of --download'))}` : 'no --data',
      fix: named ? 'leave it out, or name another folder with --out' : `add --data ${quoted(before!)}`,
    });
  }
}

/** Whether a run has a checkpoint to go on from, or its result. */
export async function hasBegun(path: string): Promise<boolean> {
  const there = [new RunFolder(path).checkpoint, join(path, RESULT)].map((file) =>
    stat(file).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(there)).includes(true);
}

/** Measures a run that is trained, and writes its result. */
async function measure(
  folder: RunFolder,
  checkpoint: OpenCheckpoint,
  plan: Plan,
  run: PlannedRun,
  scheme: TrainingScheme,
  { flags: { adapter }, weights, typed = {} }: CallOptions,
): Promise<void> {
  const { step, options } = checkpoint.info;
  const figure: RunResult['figure'][number][] = [];
  const tested = {
    ...{ folder, checkpoint, scheme, sources: savedSources(options), count: plan.count ?? Infinity, first: false },
    ...{ averages: true, patchMap: false, chosen: false, split: undefined },
  };
  let size: [width: number, height: number] | null = null;
  const line = new StatusLine();
  const { gpu } = await openNodeGpu(typeof adapter === 'string' ? { adapter } : {});
  let models: Readonly<Record<string, PixelModel>> = {};
  const evaluate = (outputs: number): Promise<EvaluatedRun> =>
    evaluateRun(
      gpu,
      tested,
      {
        ...{ metrics: metricsFor(plan.metrics, outputs), options: plan.metricOptions, weights, models, outputs },
        async onSample({ name, given, made, real }, _values, done, total) {
          line.show(`measured: ${done} of ${total}`);
          size = [made!.width, made!.height];
          const row = spread(total, plan.figure).indexOf(done - 1);
          if (row < 0) return;
          const put = async (what: string, image: RgbImage): Promise<string> => {
            const path = `${EVALUATION}/${row + 1}-${what}.png`;
            await writePng(join(folder.path, path), image);
            return path;
          };
          figure[row] = {
            name,
            ...(given && { given: await put('input', given) }),
            made: await put('output', made!),
            real: await put('target', real!),
          };
        },
      },
      remark,
    );
  try {
    models = await openModels(gpu, typed);
    const varied = plan.samples > 1 ? await evaluate(plan.samples).catch(unlessAlike) : undefined;
    const evaluation = varied ?? (await evaluate(1));
    const { columns, constant, pictures } = evaluation;
    const valuesOf = (some: readonly { readonly name: string; readonly value: number }[]): RunResult['values'] =>
      Object.fromEntries(some.map(({ name, value }) => [name, Number.isFinite(value) ? value : null]));
    const result: RunResult = {
      ...{ setting: run.setting.name, seed: run.seed, steps: step, trainPairs: options.trainPairs as number },
      data: dataInWords(tested.sources),
      values: {
        ...valuesOf(columns.filter(({ metric }) => plan.metrics === 'all' || plan.metrics.includes(metric))),
        ...(plan.samples > 1 && varied === undefined && alike(plan.metrics)),
      },
      ...(constant && { constant: valuesOf(constant) }),
      ...{ pictures: pictures.map(({ name }) => name), figure },
    };
    const { split, direction = null, prepared } = evaluation;
    const source = {
      ...{ run: folder.path, checkpoint: basename(folder.checkpoint), scheme: scheme.name, step, data: tested.sources.join(' and ') },
      ...{ split, direction, size, prepared, atMost: plan.count ?? null, samples: varied ? plan.samples : 1, seed: 0 },
    };
    await writeFileAtomic(join(folder.path, EVALUATION, 'evaluation.json'), numbersOf({ evaluation, source }));
    await writeFileAtomic(join(folder.path, RESULT), `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    line.end();
    for (const model of Object.values(models)) model.dispose?.();
    gpu.destroy();
  }
}

/** What a run was trained on: without a word of it, drawn pictures could stand in a table for photos. */
const dataInWords = (sources: readonly string[]): string =>
  sources.map((source) => (source === SYNTHETIC ? 'pictures that the program draws' : basename(source))).join(' and ');

const ofOutputs = EVALUATION_METRICS.filter(({ compares }) => compares === 'outputs');

/** The metrics to ask for: those of several pictures of one input need such. */
function metricsFor(metrics: Plan['metrics'], outputs: number): Plan['metrics'] {
  if (metrics === 'all' || outputs > 1) return metrics;
  const others = metrics.filter((name) => !ofOutputs.some((metric) => metric.name === name));
  // The pictures of the figure are made by the way, also where nothing else is asked for.
  return others.length > 0 ? others : ['l1'];
}

/** Of pictures that are all alike, which a setting may be there to show, no metric of several pictures says anything but 0. */
function alike(metrics: Plan['metrics']): Record<string, number> {
  const chosen = ofOutputs.filter(({ name }) => metrics === 'all' || metrics.includes(name));
  return Object.fromEntries(chosen.flatMap(({ values }) => Object.keys(values).map((name) => [name, 0])));
}

/** Nothing, where several pictures of one input are the same to the last bit. */
function unlessAlike(error: unknown): undefined {
  if (error instanceof ShadegradError && error.code === 'BAD_FLAG') return undefined;
  throw error;
}
