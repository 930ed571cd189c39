import { ShadegradError } from '../../errors.js';
import { linearDecay } from '../../optim/schedule.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import type { Direction } from '../../training/image-store.js';
import type { TrainFlags } from './flags.js';

/** What a run is, all defaults filled in. A checkpoint keeps it, and --resume goes on with it. */
export interface RunSettings {
  preset: 'full' | 'preview';
  size: number;
  ngf: number;
  ndf: number;
  /** The length of the run, in one of three units; the other two are null. */
  epochs: number | null;
  steps: number | null;
  /** As many steps as fit, found out at the start. */
  minutes: number | null;
  batch: number;
  learningRate: number;
  lambda: number;
  seed: number;
  dropout: boolean;
  jitter: boolean;
  direction: Direction;
  /** Files of the networks that it began with; null for random ones. */
  from: string | null;
  fromDiscriminator: string | null;
}

/** Of the generator; the paper's. */
export const DROPOUT_RATE = 0.5;
/** The paper resizes to 286 before it crops 256 (Isola et al. 2017, section 6.2). */
const LOAD_SHARE = 286 / 256;
const FULL = { size: 256, ngf: 64, ndf: 64, epochs: 200, learningRate: 2e-4, lambda: 100, dropout: true } as const;
/**
 * A preview has a hundredth of the paper's steps: longer ones then, and most of the weight on L1, whose pictures come
 * first. With the paper's weight, adversarial texture hides the windows for thousands of steps; dropout likewise.
 */
const PREVIEW = { minutes: 5, learningRate: 1e-3, lambda: 1000, dropout: false } as const;

/** What a preview on an adapter tries in turn until one is fast enough. */
const PREVIEW_SCALES = {
  hardware: [
    { size: 256, ngf: 64, ndf: 64 },
    { size: 128, ngf: 32, ndf: 32 },
  ],
  software: [
    { size: 128, ngf: 16, ndf: 8 },
    { size: 64, ngf: 16, ndf: 8 },
  ],
} as const;

/**
 * The settings of a new run by its flags and preset: more than one when the preset leaves the scale to the adapter's
 * speed, the largest first.
 */
export function newSettings(flags: TrainFlags, given: ReadonlySet<string>, software: boolean): RunSettings[] {
  const preset = flags.preset ?? (software ? 'preview' : 'full');
  const defaults = preset === 'full' ? FULL : PREVIEW;
  const isGiven = (...names: string[]) => names.some((name) => given.has(name));
  const scales = preset === 'full' ? [FULL] : PREVIEW_SCALES[software ? 'software' : 'hardware'];
  const choosable = isGiven('size', 'ngf', 'ndf', 'steps', 'epochs') ? scales.slice(0, 1) : scales;
  const lengthGiven = isGiven('steps', 'epochs', 'minutes');
  return choosable.map(({ size, ngf, ndf }) => ({
    preset,
    size: flags.size ?? size,
    ngf: flags.ngf ?? ngf,
    ndf: flags.ndf ?? ndf,
    epochs: flags.epochs ?? (preset === 'full' && !lengthGiven ? FULL.epochs : null),
    steps: flags.steps ?? null,
    minutes: flags.minutes ?? (preset === 'preview' && !lengthGiven ? PREVIEW.minutes : null),
    batch: flags.batch,
    learningRate: flags.lr ?? defaults.learningRate,
    lambda: flags.lambda ?? defaults.lambda,
    seed: flags.seed,
    dropout: isGiven('dropout') ? flags.dropout : defaults.dropout,
    jitter: flags.jitter,
    direction: flags.direction,
    from: flags.from ?? null,
    fromDiscriminator: flags['from-discriminator'] ?? null,
  }));
}

/** A learning rate to try where the run's was too high: the paper's, or a quarter of one that is no higher. */
export function lowerLearningRate({ learningRate }: Pick<RunSettings, 'learningRate'>): number {
  return learningRate > FULL.learningRate ? FULL.learningRate : Number((learningRate / 4).toPrecision(2));
}

/** Side to which images are resized before the crop: 286 for 256, and always even. */
export function loadSizeOf({ size, jitter }: Pick<RunSettings, 'size' | 'jitter'>): number {
  return jitter ? 2 * Math.round((size * LOAD_SHARE) / 2) : size;
}

/**
 * The rate of a step: constant for the first half of the run, then linear towards zero; in runs of so many epochs it
 * changes with the epoch as the paper's does, in others with the step.
 *
 * @param step counted from 0
 * @param totalSteps null while a run of so many minutes has not been planned yet: the rate is constant then
 */
export function learningRateAt(settings: RunSettings, step: number, totalSteps: number | null, stepsPerEpoch: number): number {
  const { learningRate: base, epochs } = settings;
  if (totalSteps === null) return base;
  if (epochs !== null) return linearDecay({ base, epoch: Math.floor(step / stepsPerEpoch), epochs });
  return linearDecay({ base, epoch: step, epochs: totalSteps });
}

/** The rate of a saved run's next step; null where its options are not those of this program. */
export function savedLearningRate(options: CheckpointOptions, step: number): number | null {
  const settings = options as unknown as RunSettings;
  const { totalSteps, trainPairs } = options;
  const numbers = [settings.learningRate, settings.batch, totalSteps, trainPairs].every((value) => typeof value === 'number');
  if (!numbers || !(settings.epochs === null || typeof settings.epochs === 'number')) return null;
  const stepsPerEpoch = Math.max(1, Math.floor((trainPairs as number) / settings.batch));
  // At the end of a run the rate has come to nothing: what goes on from there begins with the last one that was used.
  return learningRateAt(settings, Math.min(step, (totalSteps as number) - 1), totalSteps as number, stepsPerEpoch);
}

const KEPT_FLAGS = ['preset', 'size', 'ngf', 'ndf', 'batch', 'lr', 'lambda', 'seed', 'dropout', 'jitter', 'direction'] as const;
/** The setting that a flag is for: one of another name has to be named here, or this does not compile. */
const settingOf = (flag: (typeof KEPT_FLAGS)[number]): keyof RunSettings => (flag === 'lr' ? 'learningRate' : flag);

/**
 * The settings to go on with: those of the checkpoint, but for its length in steps or epochs, which may grow.
 *
 * @throws CHECKPOINT_MISMATCH when a flag says otherwise
 */
export function resumedSettings(path: string, options: CheckpointOptions, flags: TrainFlags, given: ReadonlySet<string>): RunSettings {
  const saved = options as unknown as RunSettings;
  const differing = KEPT_FLAGS.filter((flag) => given.has(flag) && flags[flag] !== saved[settingOf(flag)]);
  if (differing.length > 0) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${path} was started with other settings`, {
      expected: differing.map((flag) => `--${flag} ${String(saved[settingOf(flag)])}`).join(' '),
      received: differing.map((flag) => `--${flag} ${String(flags[flag])}`).join(' '),
      fix: 'leave these flags out to go on with that run, or leave out --resume to start a new one',
    });
  }
  const names = Object.keys(NO_SETTINGS) as (keyof RunSettings)[];
  const settings = Object.fromEntries(names.map((name) => [name, saved[name] ?? NO_SETTINGS[name]])) as unknown as RunSettings;
  if (!given.has('epochs') && !given.has('steps')) return settings;
  return { ...settings, epochs: flags.epochs ?? null, steps: flags.steps ?? null, minutes: null };
}

/** Names every setting, so that a checkpoint's other options are told apart from them. */
const NO_SETTINGS: Record<keyof RunSettings, null> = {
  preset: null,
  size: null,
  ngf: null,
  ndf: null,
  epochs: null,
  steps: null,
  minutes: null,
  batch: null,
  learningRate: null,
  lambda: null,
  seed: null,
  dropout: null,
  jitter: null,
  direction: null,
  from: null,
  fromDiscriminator: null,
};
