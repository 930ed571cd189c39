import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { describeArchitecture } from '../../models/describe.js';
import { Trainer } from '../../training/trainer.js';
import { labelsFor, type TrainingDataset } from '../../training/batches.js';
import { estimateMemory, type MemoryEstimate } from '../../training/memory-estimate.js';
import { expectTrainerOptions, type TrainerOptions } from '../../training/trainer-options.js';
import type { Architectures, Networks, TrainingScheme } from '../../training/scheme.js';
import { startAtScale, type OpenedRun, type Start } from '../../training/run/fast-enough.js';
import type { TrainingData } from './data.js';
import { inFlags } from './flags.js';
import { trainerOptions } from '../../training/run/run-options.js';
import { optionsOf, type RunSettings } from '../../training/run/settings.js';
import { expectLearned, type LearnedLabels } from './start-from.js';

export type { OpenedRun, Start };

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

/** As startAtScale(), with the trainer that openTrainer() makes. */
export const startFastEnough = (
  gpu: Gpu,
  scheme: TrainingScheme,
  scales: readonly RunSettings[],
  open: (settings: RunSettings) => Promise<OpenedRun>,
  steps: StepOptions,
  note: (line: string) => void,
): Promise<Start> => startAtScale(gpu, scheme, scales, open, ({ data, settings }) => openTrainer(gpu, scheme, data, settings, steps), note);
