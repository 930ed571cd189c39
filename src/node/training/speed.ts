import { performance } from 'node:perf_hooks';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { describeArchitecture } from '../../models/describe.js';
import { Trainer, type TrainedStep } from '../../training/trainer.js';
import { labelsFor, type TrainingDataset } from '../../training/batches.js';
import { estimateMemory, type MemoryEstimate } from '../../training/memory-estimate.js';
import { completeOptions, expectTrainerOptions, type TrainerOptions } from '../../training/trainer-options.js';
import type { Architectures, Networks, TrainingScheme } from '../../training/scheme.js';
import type { TrainingData } from './data.js';
import { inFlags } from './flags.js';
import { trainerOptions } from '../../training/run/run-options.js';
import { optionsOf, type RunSettings } from '../../training/run/settings.js';
import { expectLearned, type LearnedLabels } from './start-from.js';

/** The networks of a run and what was learned of their speed; the steps measured are the run's first. */
export interface Start {
  trainer: Trainer;
  settings: RunSettings;
  data: TrainingData<TrainingDataset>;
  trained: TrainedStep[];
  secondsPerStep: number;
}

/** The settings of a run with its data. */
export type OpenedRun = Pick<Start, 'settings' | 'data'>;

/** Below this a preview shows nothing recognisable, and a smaller scale shows more. */
const FEWEST_PREVIEW_STEPS = 500;
/** Timed until so much time or so many steps have passed; the first step, which compiles shaders, is not timed. */
const TRIAL = { seconds: 3, mostSteps: 16 } as const;

/** How the steps of a run are made ready. */
export interface StepOptions {
  /** False for eager steps. */
  replay: boolean;
  /** Whether each step looks for what is not finite. */
  debugNan?: boolean;
  /** Whether steps need less memory and more time. */
  recompute: boolean;
  /** Told what a run needs before it takes any of it. @returns whether the images of the whole set find room @throws OUT_OF_MEMORY */
  expectMemory?: (settings: RunSettings, estimate: MemoryEstimate) => boolean;
  /** Tunes the kernels for a step. */
  tuning?: (step: () => void) => Promise<void>;
  /** Of networks that are not the scheme's own. */
  networks?: Partial<Architectures<Networks>>;
  /** The labels that these have learned. */
  learned?: readonly LearnedLabels[];
  /** Fills the networks before their first step. */
  place?: (trainer: Trainer) => Promise<void>;
}

export async function openTrainer(
  gpu: Gpu,
  scheme: TrainingScheme,
  { train, storedSize }: TrainingData<TrainingDataset>,
  settings: RunSettings,
  { replay, recompute, debugNan = false, expectMemory, tuning, networks, learned = [], place }: StepOptions,
): Promise<Trainer> {
  const { batch, learningRate, seed, serial, precision } = settings;
  const run = { batch, learningRate, seed, serial, precision, storedSize, replay, recompute, debugNan, ...(networks && { networks }) };
  const options = { ...optionsOf(scheme, settings), ...trainerOptions(settings), ...run };
  if (networks) expectTrainable(scheme, options, networks, train);
  const labels = labelsFor(scheme, train);
  if (labels) expectLearned(learned, labels);
  const fits = expectMemory?.(settings, await estimateMemory(gpu, scheme, train, options)) ?? true;
  const trainer = await Trainer.create(gpu, scheme, train, { ...options, ...(!fits && { residentBytes: 0 }) }, tuning);
  try {
    await place?.(trainer);
    if (place) trainer.beginAverages();
    return trainer;
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}

/** @throws WEIGHTS_UNSUPPORTED for networks out of files that a scheme does not train, with what each of them is */
function expectTrainable(
  scheme: TrainingScheme,
  options: TrainerOptions,
  networks: Partial<Architectures<Networks>>,
  train: TrainingDataset,
): void {
  const { own } = expectTrainerOptions(scheme, options, train);
  try {
    scheme.networks(own, networks, labelsFor(scheme, train));
  } catch (error) {
    // An option that does not go with the networks is a matter of its flag.
    if (!(error instanceof ShadegradError) || error.code !== 'INVALID_ARGUMENT' || inFlags(error, scheme) !== error) throw error;
    // What scheme and code say by the options of networks, whoever named a file has to be told in words.
    const described = Object.entries(networks).map(([name, network]) => `${name}: ${describeArchitecture(network!)}`);
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${scheme.title} does not train these networks`, {
      expected: `${error.what}: ${error.expected ?? 'other ones'}`,
      received: described.join('; '),
      fix: 'name a run of this scheme, or train these networks by the scheme that they are of (--scheme)',
      cause: error,
    });
  }
}

/**
 * Starts to train at the first scale that is fast enough for a preview to be worth its time; at the last one in any case.
 *
 * @param scales the same run at one or more scales, the largest first
 * @param note told why a scale was given up
 */
export async function startFastEnough(
  gpu: Gpu,
  scheme: TrainingScheme,
  scales: readonly RunSettings[],
  open: (settings: RunSettings) => Promise<OpenedRun>,
  steps: StepOptions,
  note: (line: string) => void,
): Promise<Start> {
  for (const [index, scale] of scales.entries()) {
    const { settings, data } = await open(scale);
    const trainer = await openTrainer(gpu, scheme, data, settings, steps);
    const longest = index === scales.length - 1 || settings.minutes === null ? Infinity : (settings.minutes * 60) / FEWEST_PREVIEW_STEPS;
    const { trained, secondsPerStep } = await measure(trainer);
    if (secondsPerStep <= longest) return { trainer, settings, data, trained, secondsPerStep };
    trainer.dispose();
    gpu.trim();
    const described = (each: RunSettings): string => scheme.describe(completeOptions(scheme, optionsOf(scheme, each))).join(', ');
    note(
      `a step takes ${secondsPerStep.toFixed(1)} s at ${described(settings)}, too long for a preview; ` +
        `going on with ${described(scales[index + 1]!)}`,
    );
  }
  throw new RangeError('no scale to train at');
}

async function measure(trainer: Trainer): Promise<{ trained: TrainedStep[]; secondsPerStep: number }> {
  await trainer.train();
  const trained = await trainer.collectLosses();
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  let steps = 0;
  while (steps === 0 || (steps < TRIAL.mostSteps && seconds() < TRIAL.seconds)) {
    await trainer.train();
    trained.push(...(await trainer.collectLosses()));
    steps++;
  }
  return { trained, secondsPerStep: seconds() / steps };
}

/** What is known when the length of a run of so many minutes is planned. */
export interface PlanFacts {
  step: number;
  secondsPerStep: number;
  /** Until the run should end. */
  secondsLeft: number;
  /** What a validation, with its report and checkpoint, takes; and how many are to come. */
  pauseSeconds: number;
  pauses: number;
}

/**
 * Steps in all that fit. At least twice those done: a run is planned while its learning rate is still that of the first
 * half, so that it is the same run as one of that many steps from the start.
 */
export function planSteps({ step, secondsPerStep, secondsLeft, pauseSeconds, pauses }: PlanFacts): number {
  const steps = step + Math.floor((secondsLeft - pauseSeconds * pauses) / secondsPerStep);
  return Math.max(steps, 2 * (step + 1));
}
