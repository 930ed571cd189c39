import { recompute } from '../autograd/graph.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { autocast } from '../autograd/autocast.js';
import { copy } from '../kernels/elementwise.js';
import { LossScale } from '../kernels/loss-scale.js';
import { buildNetwork } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { ParameterGroup } from '../optim/parameter-group.js';
import { expectHalf, Tensor } from '../tensor/tensor.js';
import { placedSets, type PlacedLabelSet } from '../data/labels.js';
import { Averages } from './averages.js';
import { Batches, labelsFor, type TrainingDataset } from './batches.js';
import { FiniteWatch } from './finite-watch.js';
import { lossRows, phaseOf, type Networks, type SchemeLoss, type TrainingScheme } from './scheme.js';
import { described } from '../checks.js';
import { expectScheme } from './scheme-check.js';
import { expectGiven, expectSides, makeOptimizers, makeTensors, otherPart, setBetas, type Own } from './trainer-parts.js';
import { expectNetworkNames, expectSizes, expectTrainerOptions, type TrainerOptions } from './trainer-options.js';

/** The losses of a step that a Trainer took. */
export interface TrainedStep {
  /** The number of the step, counted from 1. */
  step: number;
  /** Its losses, by the names that the scheme gives them; those that steps of its kind have. */
  losses: Readonly<Record<string, number>>;
}

/** Steps whose losses wait on the device; the host must collect before there are more. */
const HISTORY = 64;
/** Steps whose phases are made ready before the first of them. */
const FIRST_STEPS = 100;
/** The scale of the losses at the start of a run in f16: GradScaler's 65536 would leave out a GAN's first steps, to halve it at each. */
const INITIAL_SCALE = 1024;
/** So that two networks of one kind do not begin alike. */
const SEED_STRIDE = 0x9e3779b9;

/** What a step does: its phase, and of several sets with labels of their own the number of the one that it sees. */
interface StepKind {
  readonly phase: string;
  readonly set: number;
}

/**
 * A trainer of a scheme: owns the networks, the recorded step, and what changes from step to step. Everything random follows
 * from (seed, epoch, step), so a run that goes on from a checkpoint is the run that never stopped.
 *
 * ```ts
 * const trainer = await Trainer.create(gpu, pix2pix, pairs, options);
 * for (let i = 0; i < trainer.stepsPerEpoch; i++) await trainer.train();
 * ```
 */
export class Trainer<O extends object = object, N extends Networks = Networks> {
  /** The networks by name, on the device. */
  readonly networks: N;
  /** The optimisers by name. */
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /**
   * What the scheme keeps beside its networks, by name; in f16 the scale of the losses, too, as `lossScale`; and averaged weights, as
   * `average.NETWORK.NAME`.
   */
  readonly state: Readonly<Record<string, Tensor>>;
  /** The options of the scheme, complete. */
  readonly options: O;
  /** Steps in which every sample is seen once. */
  readonly stepsPerEpoch: number;
  /** Steps taken. */
  step = 0;
  private readonly inputs: Readonly<Record<string, Tensor>>;
  private readonly rows: Readonly<Record<string, SchemeLoss>>;
  private readonly lossNames: readonly string[];
  /** Of each group of each optimiser the multiple of the training's rate that the scheme made it with. */
  private readonly rates: readonly { readonly group: ParameterGroup; readonly factor: number }[];
  /** Of data of several sets with labels of their own; else none. */
  private readonly labelSets: readonly PlacedLabelSet[];
  private readonly seed: number;
  private readonly batch: number;
  /** Of a batch, that run one after the other. */
  private readonly accumulate: number;
  private readonly recompute: boolean;
  private readonly debugNan: boolean;
  private readonly batches: Batches;
  /** Null in f32, where losses need no scale. */
  private readonly lossScale: LossScale | null;
  private readonly averages: Averages | null;
  /** Whether the averages are to look how far the checkpoint was that they were restored from. */
  private averagesRestored = false;
  private readonly losses: Tensor;
  private readonly history: Tensor;
  private collected = 0;
  /** Bytes that were taken when everything but the steps was there. */
  private readonly besideSteps: number;
  /** What dispose() gives back. */
  private readonly parts: { dispose(): void }[] = [];
  /** By kind of step; with which steps of the parameters, in relation to each other, each was recorded. Null for eager steps. */
  private readonly recordings: Map<string, { recording: Recording; partition: string }> | null;
  /** Settled when the step before is taken. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly gpu: Gpu,
    /** The scheme that it trains by. */
    readonly scheme: TrainingScheme<O, N>,
    dataset: TrainingDataset,
    options: TrainerOptions<O, N>,
  ) {
    expectScheme(scheme);
    const { run, own: complete, augmentations } = expectTrainerOptions(scheme, options, dataset);
    this.options = complete;
    const { batch, seed, learningRate } = run;
    this.seed = seed;
    this.batch = batch;
    this.accumulate = run.accumulate;
    this.recompute = run.recompute ?? false;
    this.debugNan = run.debugNan ?? false;
    if (run.precision === 'f16') expectHalf(gpu);
    // A recorded step is looked at by nobody.
    this.recordings = (run.replay ?? true) && !this.debugNan ? new Map() : null;
    const labelling = labelsFor(scheme, dataset);
    this.labelSets = placedSets(labelling ?? {});
    const architectures = Object.entries(scheme.networks(complete, run.networks ?? {}, labelling));
    const names = architectures.map(([name]) => name);
    expectNetworkNames(scheme, names, run.networks ?? {});
    expectGiven(scheme, run.networks ?? {}, Object.fromEntries(architectures));
    const plan = scheme.sizes(complete);
    const storedSize = expectSizes(plan, run.storedSize);
    this.rows = lossRows(scheme, complete);
    this.lossNames = Object.keys(this.rows);
    const count = this.lossNames.length;
    const own: Own = (part) => {
      this.parts.push(part);
      return part;
    };
    try {
      const networks = architectures.map(([name, architecture], index) => {
        const network = buildNetwork(architecture).to(gpu, { seed: (seed + index * SEED_STRIDE) >>> 0 });
        return [name, own(network)] as const;
      });
      this.networks = Object.fromEntries(networks) as unknown as N;
      scheme.initialize?.(this.networks, complete, seed);
      this.optimizers = makeOptimizers(scheme, this.networks, { ...complete, learningRate }, own);
      setBetas(scheme, this.optimizers, run);
      for (const optimizer of Object.values(this.optimizers)) optimizer.maxGradNorm = run.clipGrad ?? null;
      this.rates = Object.values(this.optimizers).flatMap(({ groups }) =>
        groups.map((group) => ({ group, factor: learningRate > 0 ? group.learningRate / learningRate : 1 })),
      );
      const size = { ...complete, batch };
      this.lossScale = run.precision === 'f16' ? own(new LossScale(gpu, { initial: INITIAL_SCALE })) : null;
      const state = makeTensors(gpu, scheme, 'state', () => scheme.state?.(gpu, size, this.networks), own);
      if (this.lossScale && 'lossScale' in state) throw otherPart(scheme, 'state', 'tensors of other names than lossScale', 'lossScale');
      this.averages = run.ema === undefined ? null : new Averages(gpu, this.networks, this.optimizers, run.ema, own);
      this.state = { ...state, ...(this.lossScale && { lossScale: this.lossScale.tensor }), ...this.averages?.state };
      this.inputs = makeTensors(gpu, scheme, 'inputs', () => scheme.inputs?.(gpu, size), own);
      const sides = expectSides(scheme, scheme.sides(complete, this.networks));
      this.batches = own(
        new Batches(gpu, dataset, {
          batch,
          seed,
          serial: run.serial ?? false,
          data: scheme.data ?? 'paired',
          labelled: scheme.labelled ?? false,
          severalSets: scheme.severalSets,
          plan,
          sides,
          augmentations,
          storedSize,
          residentBytes: run.residentBytes,
        }),
      );
      this.stepsPerEpoch = this.batches.stepsPerEpoch;
      this.losses = own(Tensor.from(gpu, new Float32Array(count), [count], 'losses').keep());
      this.history = own(Tensor.from(gpu, new Float32Array(HISTORY * count), [HISTORY, count], 'loss history').keep());
      const { bytesInUse } = gpu.memory();
      this.besideSteps = bytesInUse;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Builds the networks and compiles the step. When there is no memory for the images of the whole set beside it, that is done
   * once more without keeping them on the device.
   *
   * @param scheme what is trained and how, such as `pix2pix`
   * @param prepare awaited before the step is compiled, with its dispatches: to tune the kernels for them
   * @throws INVALID_ARGUMENT for options that cannot work; OUT_OF_MEMORY, SHADER_COMPILE, DEVICE_LOST, and what `prepare`
   *   throws; nothing is left allocated then
   */
  static async create<O extends object, N extends Networks>(
    gpu: Gpu,
    scheme: TrainingScheme<O, N>,
    dataset: TrainingDataset,
    options: NoInfer<TrainerOptions<O, N>>,
    prepare?: (step: () => void) => Promise<void>,
  ): Promise<Trainer<O, N>> {
    try {
      return await Trainer.open(gpu, scheme, dataset, options, prepare);
    } catch (error) {
      const { residentBytes } = options;
      if (!(error instanceof ShadegradError) || error.code !== 'OUT_OF_MEMORY' || residentBytes === 0) throw error;
    }
    gpu.trim();
    return Trainer.open(gpu, scheme, dataset, { ...options, residentBytes: 0 }, prepare);
  }

  private static async open<O extends object, N extends Networks>(
    gpu: Gpu,
    scheme: TrainingScheme<O, N>,
    dataset: TrainingDataset,
    options: TrainerOptions<O, N>,
    prepare?: (step: () => void) => Promise<void>,
  ): Promise<Trainer<O, N>> {
    const trainer = new Trainer(gpu, scheme, dataset, options);
    try {
      // What has no memory is told here, and not taken for a failure of what follows.
      await gpu.sync();
      const kinds = trainer.firstKinds();
      await prepare?.(() => kinds.forEach((kind) => trainer.dispatchStep(kind)));
      for (const kind of kinds) await trainer.recorded(kind);
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
   * Sets the learning rate of all optimisers, from the next step on. One that the scheme made with a multiple of the training's rate
   * keeps to that multiple, and so does each of its groups.
   *
   * @throws INVALID_ARGUMENT unless it is a finite number of at least 0
   */
  setLearningRate(rate: number): void {
    for (const { group, factor } of this.rates) group.learningRate = rate * factor;
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
    this.averagesRestored = this.averages !== null;
  }

  /** The networks to look at and to use: those with averaged weights in the place of their like, where the run averages. */
  get evaluated(): N {
    return { ...this.networks, ...this.averages?.networks };
  }

  /** Begins the averages anew with the weights of now: after the networks were filled from a file. */
  beginAverages(): void {
    this.averages?.begin();
  }

  /** Sets of images whose steps take turns: 1, or as many as have labels of their own. */
  get sets(): number {
    return Math.max(this.labelSets.length, 1);
  }

  private kindOf(step: number): StepKind {
    const { sets } = this;
    return { phase: phaseOf(this.scheme, step, this.options, sets), set: step % sets };
  }

  /** The kinds of steps of a run, as far as its first ones and its losses name them: memory and shaders should be there from the start. */
  private firstKinds(): StepKind[] {
    const first = Array.from({ length: FIRST_STEPS }, (_, round) => this.kindOf(round * this.sets).phase);
    const phases = new Set([...first, ...Object.values(this.rows).flatMap(({ phases = [] }) => phases)]);
    return [...phases].flatMap((phase) => Array.from({ length: this.sets }, (_, set) => ({ phase, set })));
  }

  /**
   * The recorded step of a kind, for optimisers whose parameters have taken as many steps, in relation to each other, as now: a restored
   * checkpoint may hold parameters that were thawed late.
   */
  private async recorded(kind: StepKind): Promise<Recording | null> {
    const { recordings, partition } = this;
    if (!recordings) return null;
    const key = `${kind.set} ${kind.phase}`;
    const known = recordings.get(key);
    if (known?.partition === partition) return known.recording;
    known?.recording.destroy();
    recordings.delete(key);
    const { recording } = await this.gpu.record(() => this.dispatchStep(kind));
    recordings.set(key, { recording, partition });
    return recording;
  }

  private get partition(): string {
    return Object.values(this.optimizers)
      .map((optimizer) => optimizer.partition)
      .join('|');
  }

  private dispatchStep({ phase, set }: StepKind): void {
    this.gpu.scope(() => {
      const { networks, optimizers, state, inputs, options, accumulate: parts } = this;
      const { labels } = this.batches;
      const labelSet = this.labelSets[set];
      const context = { networks, optimizers, state, inputs, options, phase, parts, labels, images: this.batches.images() };
      const step = (): Readonly<Record<string, Tensor>> => this.scheme.step({ ...context, ...(labelSet && { labelSet }) });
      const run = (): Readonly<Record<string, Tensor>> => (this.recompute ? recompute(step) : step());
      const losses = this.lossScale ? autocast(this.gpu, run, { lossScale: this.lossScale }) : run();
      this.expectLosses(losses, phase);
      for (const [index, name] of this.lossNames.entries()) {
        if (!this.hasLoss(name, phase)) continue;
        copy(losses[name]!.viewAs([1]), this.losses.channelView(index, index + 1));
      }
    });
  }

  /** Whether the steps of a phase have a loss. */
  private hasLoss(name: string, phase: string): boolean {
    return this.rows[name]!.phases?.includes(phase) ?? true;
  }

  /** @throws INVALID_ARGUMENT unless a step has the losses that the scheme names, each one number */
  private expectLosses(losses: Readonly<Record<string, Tensor>>, phase: string): void {
    const due = this.lossNames.filter((name) => this.hasLoss(name, phase));
    if (typeof losses !== 'object' || losses === null || losses instanceof Promise) {
      throw otherPart(this.scheme, 'losses that step() returns', `a tensor of one number for each of ${due.join(', ')}`, losses);
    }
    const names = Object.keys(losses);
    const wrong = [
      ...due.filter((name) => !names.includes(name)).map((name) => `no ${name}`),
      ...names.filter((name) => !due.includes(name)),
      ...names
        .filter((name) => due.includes(name) && losses[name]?.size !== 1)
        .map((name) => (losses[name] instanceof Tensor ? `${name} of several numbers` : `${name}, ${described(losses[name])}`)),
    ];
    if (wrong.length === 0) return;
    throw new ShadegradError('INVALID_ARGUMENT', `losses that step() of ${this.scheme.title} returns`, {
      expected: `a tensor of one number for each of ${due.join(', ')}`,
      received: wrong.join(', '),
      fix: 'return the losses by the names that the scheme lists in `losses`',
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
    if (this.averagesRestored) await this.averages?.restored();
    this.averagesRestored = false;
    const chooseImages = await this.batches.take(this.step);
    const kind = this.kindOf(this.step);
    const recording = await this.recorded(kind);
    chooseImages();
    for (const network of Object.values<Networks[string]>(this.networks)) network.advanceDropout(this.step);
    const { step, epoch, seed, batch, inputs, networks, optimizers, options } = this;
    this.scheme.prepare?.({ step, epoch, seed, batch, inputs, networks, optimizers, options });
    if (recording) recording.run();
    else if (this.debugNan) await this.watchedStep(kind);
    else this.dispatchStep(kind);
    const bytes = this.lossNames.length * 4;
    this.gpu.copy(this.losses.storage, 0, this.history.storage, (this.step % HISTORY) * bytes, bytes);
    this.step++;
    // The device is busy with this step now: time to read, decode and upload what the next one needs.
    this.batches.prefetch(this.step);
  }

  /** @throws DIVERGED with the first result of the step that is not finite */
  private async watchedStep(kind: StepKind): Promise<void> {
    const watch = new FiniteWatch(this.gpu, this.networks, this.lossScale !== null);
    try {
      watch.run(() => this.dispatchStep(kind));
      await watch.check(this.step + 1);
    } finally {
      watch.dispose();
    }
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
    return Array.from({ length: to - from }, (_, index) => ({ step: from + index + 1, losses: this.lossesAt(values, from + index) }));
  }

  private lossesAt(values: Float32Array, step: number): Record<string, number> {
    const start = (step % HISTORY) * this.lossNames.length;
    const { phase } = this.kindOf(step);
    const entries = this.lossNames.map((name, index) => [name, values[start + index]!] as const);
    return Object.fromEntries(entries.filter(([name]) => this.hasLoss(name, phase)));
  }

  /** What has become of updates of weights in f16; null in f32. Waits for the steps taken so far. @internal */
  async scaling(): Promise<{ leftOut: number; scale: number } | null> {
    if (!this.lossScale) return null;
    const [scale, , , , leftOut] = await this.lossScale.tensor.data();
    return { leftOut: leftOut!, scale: scale! };
  }

  /** The bytes of device memory that were taken beside those of its steps when it was made, and those of the images. @internal */
  memory(): { beside: number; images: number } {
    return { beside: this.besideSteps, images: this.batches.imageBytes };
  }

  /** Gives all memory back, that of the networks too. */
  dispose(): void {
    for (const { recording } of this.recordings?.values() ?? []) recording.destroy();
    this.recordings?.clear();
    for (const part of this.parts.splice(0).reverse()) part.dispose();
  }
}
