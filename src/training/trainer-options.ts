import { isCutOnHost, keptSize } from '../data/preprocess/prepare.js';
import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { ShadegradError } from '../errors.js';
import { AUGMENTATION_OPTIONS, augmentationsOf, type AugmentationOptions, type TurnedOn } from './augmentations/registry.js';
import { expectTable, numberFrom, oneOf, whole, type OptionFlag, type OptionRow, type OptionTable } from './option-table.js';
import { labelsFor, partsFor, type TrainingDataset } from './batches.js';
import type { Architectures, ImagePlan, Networks, TrainingScheme } from './scheme.js';

/** Options of every training, beside those of its scheme. */
export interface RunOptions<N extends Networks = Networks> extends Partial<AugmentationOptions> {
  /** Samples in a step. Default 1. */
  batch?: number;
  /**
   * The parts of the batch that run one after the other, their gradients added up, where the scheme can: the step of the whole batch with
   * the memory of a part, but for rounding and for norms that use the statistics of a batch. Divides it. Default 1.
   */
  accumulate?: number;
  /** The rate of the optimisers at the start; `setLearningRate` changes it. */
  learningRate: number;
  /** Decay of Adam's mean of the gradients, of all optimisers. Default: that of the scheme. */
  beta1?: number;
  /** Decay of Adam's mean of the squares of the gradients. Default: that of the scheme. */
  beta2?: number;
  /** The most that the norm of the gradients of each optimiser may be: larger ones are scaled down to it. Default: as they are. */
  clipGrad?: number;
  /**
   * What a step keeps of running averages of the generators' weights, such as 0.999, from 0 to below 1; the first steps keep less. They
   * are measured and used instead of the weights, which are trained on as they are. Default: there are none.
   */
  ema?: number;
  /** Whole number of 32 bits: weights, order, jitter and dropout follow from it. */
  seed: number;
  /**
   * Whether samples are seen in the order of the data set, and each image of one set with that of the same number in the other one,
   * instead of an order and partners that are drawn anew each epoch. Default false.
   */
  serial?: boolean;
  /**
   * What activations and their gradients are held in, and what convolutions read their weights in: 'f16' takes half the bytes, for about
   * three digits; parameters, losses and statistics are f32 in either case. Default 'f32'.
   */
  precision?: 'f32' | 'f16';
  /** The images as they are kept on the device, before jitter: their side, or width and height. Even. Default: the scheme's load size. */
  storedSize?: PixelSize;
  /**
   * Most bytes of device memory that the images of the whole set may take; of a larger set, or where there is no memory for it
   * beside the step, each step's images travel anew. The results are the same. Default 1 GiB.
   */
  residentBytes?: number;
  /** Architectures of networks that are not the scheme's own, by the names of the networks. Default: none. */
  networks?: Partial<Architectures<N>>;
  /** Whether the step is recorded and replayed. False runs every step eagerly: slower, and the same to the bit. Default true. */
  replay?: boolean;
  /**
   * Whether a recorded step runs cheap operations again for the gradients instead of keeping their results, as `recompute()` does: less
   * memory, a little slower, the same to the bit. Default false.
   */
  recompute?: boolean;
  /**
   * Whether each step looks at the result of every operation, and at the gradients, and fails with the name of the first that is not
   * finite: eagerly, and slowly. Default false.
   */
  debugNan?: boolean;
}

/** Options of Trainer.create(): those of every training, and those of the scheme. */
export type TrainerOptions<O extends object = object, N extends Networks = Networks> = O & RunOptions<N>;

const betaRow = (usual: number): OptionRow => ({
  fits: (value) => typeof value === 'number' && value >= 0 && value < 1,
  expected: 'a number from 0 to below 1',
  fix: `leave it out for that of the scheme, usually ${usual}`,
  optional: true,
});

const RUN_OPTIONS: OptionTable<RunOptions> = {
  batch: { fits: whole(1), expected: 'a whole number of samples from 1 up', fix: 'leave it out for 1', default: 1 },
  accumulate: { fits: whole(1), expected: 'a whole number of parts from 1 up', fix: 'leave it out for 1', default: 1 },
  learningRate: { fits: numberFrom(0), expected: 'a finite number of at least 0', fix: 'a usual one is 2e-4' },
  beta1: betaRow(0.5),
  beta2: betaRow(0.999),
  clipGrad: {
    fits: (value) => numberFrom(0)(value) && (value as number) > 0,
    expected: 'a finite number above 0',
    fix: 'leave it out to clip nothing; 1 is usual',
    optional: true,
  },
  ema: {
    fits: (value) => typeof value === 'number' && value >= 0 && value < 1,
    expected: 'a number from 0 to below 1',
    fix: 'leave it out for no average; 0.999 is usual',
    optional: true,
  },
  seed: {
    fits: whole(0, 0xffff_ffff),
    expected: 'a whole number of 32 bits, from 0 to 4294967295',
    fix: 'round it, or take its remainder by 2 ** 32',
  },
  serial: { fits: oneOf(true, false), expected: 'true or false', fix: 'leave it out for false', default: false },
  precision: { fits: oneOf('f32', 'f16'), expected: "'f32' or 'f16'", fix: "leave it out for 'f32'", default: 'f32' },
  storedSize: {
    fits: isSize,
    expected: 'a whole number of pixels, or [width, height]',
    fix: "leave it out for the scheme's load size",
    optional: true,
  },
  residentBytes: {
    fits: (value) => typeof value === 'number' && value >= 0,
    expected: 'a number of bytes of at least 0',
    fix: 'leave it out for 1 GiB, or use 0 to keep only the batch at hand on the device',
    optional: true,
  },
  networks: {
    fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    expected: "an object with an architecture { kind, options } for each network that is not the scheme's own",
    fix: "leave it out for the scheme's networks",
    optional: true,
  },
  replay: { fits: oneOf(true, false), expected: 'true or false', fix: 'leave it out for true', default: true },
  recompute: { fits: oneOf(true, false), expected: 'true or false', fix: 'leave it out for false', default: false },
  debugNan: { fits: oneOf(true, false), expected: 'true or false', fix: 'leave it out for false', default: false },
  ...AUGMENTATION_OPTIONS,
};

/** The options of a training, all checked: those of every training, and the scheme's own, complete. */
export interface CheckedOptions<O extends object, N extends Networks> {
  readonly run: RunOptions<N> & { readonly batch: number; readonly accumulate: number };
  readonly own: O;
  /** What is done to the images at random beside crops and mirroring. */
  readonly augmentations: readonly TurnedOn[];
}

/**
 * Checks all options of a training before anything is allocated.
 *
 * @throws INVALID_ARGUMENT
 */
export function expectTrainerOptions<O extends object, N extends Networks>(
  scheme: TrainingScheme<O, N>,
  options: TrainerOptions<O, N>,
  dataset: TrainingDataset,
): CheckedOptions<O, N> {
  const table = { ...RUN_OPTIONS, ...scheme.options } as OptionTable<TrainerOptions<O, N>>;
  const checked = expectTable('the training', options, table) as TrainerOptions<O, N> & { batch: number; accumulate: number };
  const own = Object.fromEntries(
    Object.keys(scheme.options).flatMap((name) => {
      const value = checked[name as keyof typeof checked];
      return value === undefined ? [] : [[name, value]];
    }),
  ) as O;
  const parts = partsFor(scheme, dataset);
  const length = Math.min(...parts);
  if (checked.batch > length) {
    const ofSet = parts.length > 1 ? 'the smallest set of ' : '';
    throw refused(
      'batch of the training',
      `a whole number from 1 to ${length}, the samples in ${ofSet}"${dataset.name}"`,
      String(checked.batch),
      'use a smaller batch or more images',
    );
  }
  expectParts(scheme, checked);
  return { run: checked, own: scheme.complete?.(own, labelsFor(scheme, dataset)) ?? own, augmentations: augmentationsOf(options) };
}

/** @throws INVALID_ARGUMENT for parts that do not divide the batch, or that the scheme does not run */
function expectParts(
  { title, accumulates = false }: Pick<TrainingScheme, 'title' | 'accumulates'>,
  { batch, accumulate }: { readonly batch: number; readonly accumulate: number },
): void {
  if (accumulate === 1) return;
  if (!accumulates) {
    const fix = 'leave it out, or take inParts() and accumulate() into step() of the scheme, which then says accumulates: true';
    throw refused('accumulate of the training', `1: ${title} runs its batch at once`, String(accumulate), fix);
  }
  if (batch % accumulate === 0) return;
  const those = Array.from({ length: batch }, (_, index) => index + 1).filter((parts) => batch % parts === 0);
  const expected = `parts that divide the batch of ${batch} evenly: ${those.slice(0, 8).join(', ')}${those.length > 8 ? ' ...' : ''}`;
  throw refused('accumulate of the training', expected, String(accumulate), `use such a number, or a batch of ${accumulate * batch}`);
}

/**
 * The options of a scheme, complete: defaults filled in, then what follows from others.
 *
 * @throws INVALID_ARGUMENT
 */
export function completeOptions<O extends object, N extends Networks>(scheme: TrainingScheme<O, N>, options: O): O {
  const checked = expectTable(`the training (${scheme.title})`, options, scheme.options);
  return scheme.complete?.(checked) ?? checked;
}

/** Whether a value is a side in pixels, or width and height. */
function isSize(value: unknown): boolean {
  return whole(1)(value) || (Array.isArray(value) && value.length === 2 && value.every(whole(1)));
}

/**
 * Checks the sizes of a plan's images.
 *
 * @returns the images as they are kept
 * @throws INVALID_ARGUMENT
 */
export function expectSizes(plan: ImagePlan, storedSize = keptSize(plan)): PixelSize {
  const { size, loadSize, jitter, mirror = true } = plan;
  const kept = isCutOnHost(plan) ? widthAndHeight(size).join() === widthAndHeight(storedSize).join() : true;
  if (
    kept &&
    typeof jitter === 'boolean' &&
    typeof mirror === 'boolean' &&
    isSize(size) &&
    isSize(loadSize) &&
    isSize(storedSize) &&
    widthAndHeight(loadSize).every((side, axis) => side >= widthAndHeight(size)[axis]!) &&
    widthAndHeight(storedSize).every((side) => side % 2 === 0)
  )
    return storedSize;
  throw refused(
    'sizes of the training images',
    'jitter and mirror true or false, loadSize of at least the size, and an even storedSize',
    Object.entries({ jitter, mirror, size, loadSize, storedSize })
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', '),
    'leave storedSize out, and let sizes() of the scheme give whole numbers of pixels, loadSize an even one',
  );
}

/** Names as checkpoints can have them: a file's tensors are called NETWORK.NAME, state.NAME and OPTIMIZER.STATE.NAME. */
const NAME = /^(?!(?:state|constructor|prototype)$)[A-Za-z]\w*$/;

/** @throws INVALID_ARGUMENT for names that a checkpoint could not tell apart, and for a given network that the scheme does not have */
export function expectNetworkNames(
  { title, optimizers }: Pick<TrainingScheme, 'title' | 'optimizers'>,
  names: readonly string[],
  given: object,
): void {
  const all = [...names, ...Object.keys(optimizers)];
  const unfit = all.find((name, index) => !NAME.test(name) || all.indexOf(name) !== index);
  if (unfit !== undefined) {
    throw refused(
      `names of the networks and optimisers of ${title}`,
      "a name of its own for each, of letters and digits, and not 'state'",
      `'${unfit}'`,
      'rename it: checkpoints call their tensors by these names',
    );
  }
  if (names.length === 0) throw refused(`networks() of ${title}`, 'at least one network by its name', 'none', 'see docs/schemes.md');
  const strange = Object.keys(given).find((name) => !names.includes(name));
  if (strange === undefined) return;
  throw refused('networks of the training', `networks of ${title}: ${names.join(', ')}`, strange, 'use one of these names');
}

const refused = (what: string, expected: string, received: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix });

/** The options of a scheme in its full preset. */
export function fullOptions(scheme: TrainingScheme): object {
  const rows = Object.entries<OptionRow>(scheme.options);
  const values = rows.map(([name, row]) => [name, scheme.presets.full[name] ?? flagDefault(row.flag) ?? row.default]);
  return completeOptions(scheme, Object.fromEntries(values.filter(([, value]) => value !== undefined)) as object);
}

/** What an option is when its flag is not given; undefined where the flag has no default. */
const flagDefault = (flag: OptionFlag | undefined): unknown => (flag && 'default' in flag ? flag.default : undefined);
