import { ShadegradError } from '../errors.js';
import { countingGpu } from '../gpu/counting-device.js';
import type { Gpu } from '../gpu/gpu.js';
import { labelsFor, type TrainingDataset } from './batches.js';
import type { Networks, TrainingScheme } from './scheme.js';
import { Trainer } from './trainer.js';
import type { TrainerOptions } from './trainer-options.js';

/** The device memory of a training, in bytes: what estimateMemory() returns. */
export interface MemoryEstimate {
  /** What networks, gradients and optimisers take, and what the scheme keeps beside them. */
  readonly networks: number;
  /** What the intermediate results of steps take, at the most that are there at once. */
  readonly results: number;
  /** What the images take that stay on the device. */
  readonly images: number;
  /** What measuring the networks on samples takes besides. */
  readonly evaluator: number;
  /** All of it. */
  readonly total: number;
}

/**
 * Estimates the device memory that a training needs, and takes none: the networks are built and the steps traced for a device that only
 * counts. It knows nothing of what drivers and other programs take.
 *
 * ```ts
 * const { total } = await estimateMemory(gpu, pix2pix, pairs, { ...options, recompute: true });
 * ```
 *
 * @param gpu whose limits and kernels are asked
 * @param options as Trainer.create() takes them
 * @throws INVALID_ARGUMENT for options that cannot work; LIMIT_EXCEEDED for what no buffer of the adapter holds
 */
export async function estimateMemory<O extends object, N extends Networks>(
  gpu: Gpu,
  scheme: TrainingScheme<O, N>,
  dataset: TrainingDataset,
  options: NoInfer<TrainerOptions<O, N>>,
): Promise<MemoryEstimate> {
  if (typeof gpu?.scope !== 'function') {
    throw new ShadegradError('INVALID_ARGUMENT', 'estimateMemory() without a Gpu', {
      expected: 'estimateMemory(gpu, scheme, dataset, options)',
      received: typeof gpu,
      fix: 'pass what Trainer.create() is given',
    });
  }
  const counting = countingGpu(gpu);
  const needed = (): number => counting.memory().peakBytes;
  // What is not recorded has to run for its memory to be seen.
  const trainer = await Trainer.create(counting, scheme, dataset, options, async (step) => {
    if (options.replay === false) step();
  });
  const [training, { images, beside }] = [needed(), trainer.memory()];
  const labels = labelsFor(scheme, dataset);
  (await scheme.evaluator(counting, trainer.evaluated, trainer.options, labels)).dispose();
  const total = needed();
  return { networks: beside - images, results: training - beside, images, evaluator: total - training, total };
}
