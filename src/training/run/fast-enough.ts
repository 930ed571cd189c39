import type { Gpu } from '../../gpu/gpu.js';
import type { TrainingDataset } from '../batches.js';
import type { TrainingScheme } from '../scheme.js';
import { completeOptions } from '../trainer-options.js';
import type { TrainedStep, Trainer } from '../trainer.js';
import type { TrainingData } from './open-data.js';
import { optionsOf, type RunSettings } from './settings.js';

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

/**
 * Starts to train at the first scale that is fast enough for a preview to be worth its time; at the last one in any case.
 *
 * @param scales the same run at one or more scales, the largest first
 * @param open opens the data of a scale
 * @param train makes the trainer of a scale
 * @param note told why a scale was given up
 */
export async function startAtScale(
  gpu: Gpu,
  scheme: TrainingScheme,
  scales: readonly RunSettings[],
  open: (settings: RunSettings) => Promise<OpenedRun>,
  train: (run: OpenedRun) => Promise<Trainer>,
  note: (line: string) => void,
): Promise<Start> {
  for (const [index, scale] of scales.entries()) {
    const { settings, data } = await open(scale);
    const trainer = await train({ settings, data });
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
