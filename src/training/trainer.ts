import type { PairedDataset } from '../data/dataset.js';
import { epochPermutation, jitterDraw } from '../data/shuffle.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { imageDraws, imageJitter, writeImageDraws } from '../kernels/image.js';
import { PatchGAN } from '../models/patchgan.js';
import { UNet } from '../models/unet.js';
import { Adam } from '../optim/adam.js';
import { Tensor } from '../tensor/tensor.js';
import { ImageStore } from './image-store.js';
import { LOSS_COUNT, lossesFrom, pix2pixStep, type Pix2Pix, type StepLosses } from './pix2pix-step.js';
import { expectTrainerOptions, type TrainerOptions } from './trainer-options.js';

/** The losses of a step that a Trainer took. */
export interface TrainedStep {
  /** The number of the step, counted from 1. */
  step: number;
  /** Its four losses. */
  losses: StepLosses;
}

/** The images of one step, on the device or on their way to it. */
interface Batch {
  readonly step: number;
  /** Of its pairs in the data set. */
  readonly indices: readonly number[];
  /** Of its images in the store. */
  readonly places: Promise<number[]>;
}

/** Steps whose losses wait on the device; the host must collect before there are more. */
const HISTORY = 64;
/** Those of pix2pix (Isola et al. 2017, section 3.3), and PyTorch's own epsilon. */
export const ADAM_BETAS = [0.5, 0.999] as const;
export const ADAM_EPSILON = 1e-8;

/**
 * A trainer of pix2pix on pairs: owns the networks, the recorded step, and what changes from step to step. Everything random follows
 * from (seed, epoch, step), so a run that goes on from a checkpoint is the run that never stopped.
 *
 * ```ts
 * const trainer = await Trainer.create(gpu, pairs, options);
 * for (let i = 0; i < trainer.stepsPerEpoch; i++) await trainer.train();
 * ```
 */
export class Trainer {
  /** The networks and their optimisers, on the device. */
  readonly networks: Pix2Pix;
  /** Steps in which every pair is seen once. */
  readonly stepsPerEpoch: number;
  /** Steps taken. */
  step = 0;
  private readonly store: ImageStore;
  private readonly draws: Tensor;
  private readonly losses: Tensor;
  private readonly history: Tensor;
  private collected = 0;
  /** What dispose() gives back. */
  private readonly parts: { dispose(): void }[] = [];
  private recording: Recording | null = null;
  private recordedFor = '';
  private order: { epoch: number; indices: Uint32Array } | null = null;
  private ahead: Batch | null = null;
  /** Settled when the step before is taken. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly gpu: Gpu,
    private readonly dataset: PairedDataset,
    /** The options that it was made with. */
    readonly options: TrainerOptions,
  ) {
    expectTrainerOptions(options, dataset);
    const {
      size,
      loadSize,
      ngf,
      ndf,
      batch,
      learningRate,
      dropout,
      seed,
      direction,
      storedSize = loadSize,
      residentBytes,
      variants,
    } = options;
    this.stepsPerEpoch = Math.floor(dataset.length / batch);
    const own = <T extends { dispose(): void }>(part: T): T => {
      this.parts.push(part);
      return part;
    };
    try {
      const generator = own(new UNet({ ...variants?.generator, size, ngf, dropout }).to(gpu, { seed }));
      const { inChannels, outChannels } = generator;
      const judge = new PatchGAN({ ...variants?.discriminator, inChannels: inChannels + outChannels, ndf });
      const discriminator = own(judge.to(gpu, { seed: (seed + 0x9e3779b9) >>> 0 }));
      const adam = { learningRate, betas: ADAM_BETAS, epsilon: ADAM_EPSILON };
      this.networks = {
        generator,
        discriminator,
        generatorOptimizer: own(new Adam(generator, adam)),
        discriminatorOptimizer: own(new Adam(discriminator, adam)),
      };
      this.store = own(
        new ImageStore(gpu, dataset, { direction, side: storedSize, batch, channels: [inChannels, outChannels], residentBytes }),
      );
      this.draws = own(imageDraws(gpu, batch).keep());
      this.losses = own(Tensor.from(gpu, new Float32Array(LOSS_COUNT), [LOSS_COUNT], 'losses').keep());
      this.history = own(Tensor.from(gpu, new Float32Array(HISTORY * LOSS_COUNT), [HISTORY, LOSS_COUNT], 'loss history').keep());
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Builds the networks and compiles the step. When there is no memory for the images of the whole set beside it, that is done
   * once more without keeping them on the device.
   *
   * @param prepare awaited before the step is compiled, with its dispatches: to tune the kernels for them
   * @throws INVALID_ARGUMENT for options that cannot work; OUT_OF_MEMORY, SHADER_COMPILE, DEVICE_LOST, and what `prepare`
   *   throws; nothing is left allocated then
   */
  static async create(
    gpu: Gpu,
    dataset: PairedDataset,
    options: TrainerOptions,
    prepare?: (step: () => void) => Promise<void>,
  ): Promise<Trainer> {
    try {
      return await Trainer.open(gpu, dataset, options, prepare);
    } catch (error) {
      const { residentBytes } = options;
      if (!(error instanceof ShadegradError) || error.code !== 'OUT_OF_MEMORY' || residentBytes === 0) throw error;
    }
    gpu.trim();
    return Trainer.open(gpu, dataset, { ...options, residentBytes: 0 }, prepare);
  }

  private static async open(
    gpu: Gpu,
    dataset: PairedDataset,
    options: TrainerOptions,
    prepare?: (step: () => void) => Promise<void>,
  ): Promise<Trainer> {
    const trainer = new Trainer(gpu, dataset, options);
    try {
      // What has no memory is told here, and not taken for a failure of what follows.
      await gpu.sync();
      await prepare?.(() => trainer.dispatchStep());
      if (options.replay ?? true) await trainer.record();
    } catch (error) {
      trainer.dispose();
      throw error;
    }
    return trainer;
  }

  /** The epoch of the next step, from 0. */
  get epoch(): number {
    return Math.floor(this.step / this.stepsPerEpoch);
  }

  /** The number of steps whose losses have not been collected. */
  get uncollected(): number {
    return this.step - this.collected;
  }

  /**
   * Sets the learning rate of both optimisers, from the next step on.
   *
   * @throws INVALID_ARGUMENT unless it is a finite number of at least 0
   */
  setLearningRate(rate: number): void {
    this.networks.generatorOptimizer.learningRate = rate;
    this.networks.discriminatorOptimizer.learningRate = rate;
  }

  /**
   * Continues after a checkpoint's step; the networks and optimisers must hold its state already.
   *
   * @throws INVALID_ARGUMENT unless it is a whole number of steps
   */
  resumeAt(step: number): void {
    if (!(Number.isSafeInteger(step) && step >= 0)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'step to go on after', {
        expected: 'a whole number of at least 0',
        received: String(step),
        fix: 'pass the step that the checkpoint was saved after',
      });
    }
    this.step = step;
    this.collected = step;
  }

  /** Compiles the step for optimisers whose parameters have taken as many steps, in relation to each other, as now. */
  private async record(): Promise<void> {
    this.recording?.destroy();
    this.recording = null;
    this.recordedFor = this.partition;
    this.recording = (await this.gpu.record(() => this.dispatchStep())).recording;
  }

  private get partition(): string {
    const { generatorOptimizer, discriminatorOptimizer } = this.networks;
    return `${generatorOptimizer.partition}|${discriminatorOptimizer.partition}`;
  }

  private dispatchStep(): void {
    const { size: cropSize, loadSize, jitter, lambda } = this.options;
    this.gpu.scope(() => {
      // Without jitter the whole image is resized to the networks' size.
      const sizes = { loadSize: jitter ? loadSize : cropSize, cropSize };
      const source = imageJitter(this.store.sources, this.draws, sizes);
      const target = imageJitter(this.store.targets, this.draws, sizes);
      pix2pixStep(this.networks, source, target, this.losses, { lambda, dropout: this.options.dropout > 0 });
    });
  }

  /**
   * Takes one step and begins to fetch the images of the next; does not wait for the device. Collect the losses at
   * least every 64 steps. A call while another one waits for its images takes its step after that one.
   *
   * @throws what reading this step's images throws, even if that happened during the step before; no step is taken then
   */
  train(): Promise<void> {
    const step = this.turn.then(() => this.takeStep());
    this.turn = step.catch(() => {});
    return step;
  }

  private async takeStep(): Promise<void> {
    if (this.uncollected >= HISTORY) {
      throw new ShadegradError('INVALID_ARGUMENT', 'too many steps without collecting their losses', {
        expected: `collectLosses() at least every ${HISTORY} steps`,
        received: `${this.uncollected} steps`,
        fix: 'await trainer.collectLosses()',
      });
    }
    const { seed, size, loadSize, jitter } = this.options;
    const { epoch } = this;
    const { indices, places } = await this.takeBatch();
    // A restored checkpoint may hold parameters that were thawed late.
    if (this.recording && this.recordedFor !== this.partition) await this.record();
    writeImageDraws(
      this.draws,
      indices.map((index, position) => ({
        ...(jitter ? jitterDraw({ seed, epoch, index, loadSize, cropSize: size }) : { cropX: 0, cropY: 0, mirror: false }),
        source: places[position]!,
      })),
    );
    this.networks.generator.dropoutState.advance(this.step);
    if (this.recording) this.recording.run();
    else this.dispatchStep();
    const bytes = LOSS_COUNT * 4;
    this.gpu.copy(this.losses.storage, 0, this.history.storage, (this.step % HISTORY) * bytes, bytes);
    this.step++;
    // The device is busy with this step now: time to read, decode and upload what the next one needs.
    this.ahead = this.fetch();
  }

  /** Waits for the images of the step to take. */
  private async takeBatch(): Promise<{ indices: readonly number[]; places: readonly number[] }> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead?.step === this.step) return { indices: ahead.indices, places: await ahead.places };
    // A batch of another step, left from before resumeAt(), must not arrive after this one: it may go to the same places.
    await ahead?.places.catch(() => {});
    const { indices, places } = this.fetch();
    return { indices, places: await places };
  }

  /** Begins to bring the next step's images to the device, behind the work that it has been given. */
  private fetch(): Batch {
    const { step, epoch } = this;
    const { batch, seed } = this.options;
    const start = (step % this.stepsPerEpoch) * batch;
    if (this.order?.epoch !== epoch) this.order = { epoch, indices: epochPermutation(this.dataset.length, seed, epoch) };
    const indices = [...this.order.indices.subarray(start, start + batch)];
    const places = this.store.load(indices);
    // A failure belongs to the step that awaits it; if none does, as after dispose(), it is nobody's.
    places.catch(() => {});
    return { step, indices, places };
  }

  /**
   * Waits for the steps taken so far and returns the losses of those not returned before. Steps may be taken while it
   * waits: it reads a copy that the device makes ahead of them.
   */
  async collectLosses(): Promise<TrainedStep[]> {
    const [from, to] = [this.collected, this.step];
    if (from === to) return [];
    // At once, so that a second call while this one waits does not return the same steps.
    this.collected = to;
    const values = await this.history.data();
    return Array.from({ length: to - from }, (_, index) => ({
      step: from + index + 1,
      losses: lossesFrom(values, ((from + index) % HISTORY) * LOSS_COUNT),
    }));
  }

  /** Gives all memory back, that of the networks too. */
  dispose(): void {
    this.recording?.destroy();
    this.recording = null;
    for (const part of this.parts.splice(0).reverse()) part.dispose();
  }
}
