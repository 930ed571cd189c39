import { findScheme } from '../../schemes/registry.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { measuredState } from '../../training/run/measured.js';
import { completed, learningRateAt, type RunSettings } from '../../training/run/settings.js';

/** What a checkpoint says of a run. */
type SavedRun = Pick<TrainingCheckpoint, 'options' | 'step' | 'scheme'>;

/** The rate of a saved run's next step, by the schedule of its scheme; null where its options are not those of this program. */
export function savedLearningRate({ options, step, scheme: name }: SavedRun): number | null {
  const settings = options as unknown as RunSettings;
  const { totalSteps, trainPairs } = options;
  const numbers = [settings.learningRate, settings.batch, totalSteps, trainPairs].every((value) => typeof value === 'number');
  if (!numbers || !(settings.epochs === null || typeof settings.epochs === 'number')) return null;
  const stepsPerEpoch = Math.max(1, Math.floor((trainPairs as number) / settings.batch));
  const scheme = name === null ? null : findScheme(name);
  const trainer = scheme?.schedule && { scheme, options: completed(scheme, settings) };
  const measured = measuredState(options.measured)?.rate;
  // At the end of a run the rate has come to nothing: what goes on from there begins with the last one that was used.
  return learningRateAt(settings, Math.min(step, (totalSteps as number) - 1), totalSteps as number, stepsPerEpoch, {
    ...(trainer && { trainer }),
    measured,
  });
}
