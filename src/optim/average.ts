import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { AVERAGE_HYPER_SIZE, averageHyper, averageStep, swapBlocks } from '../kernels/average.js';
import { copy } from '../kernels/elementwise.js';
import type { Module } from '../nn/module.js';
import { flat, view } from '../nn/parameter-arena.js';
import { expectOptions } from '../checks.js';
import { formatShape, sameShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { SavedState, TensorToSave } from './optimizer-state.js';

/** Options of an ExponentialMovingAverage: how fast it follows the weights. */
export interface AverageOptions {
  /** What an update keeps of the average, from 0 to 1. Default 0.999. */
  decay?: number;
  /**
   * Whether early updates keep less, so that the first weights are forgotten soon: update t from 0 keeps at most
   * (1 + t) / (10 + t). Default false.
   */
  warmUp?: boolean;
  /**
   * A module of the same architecture on the same device, whose weights become the average: it can be run, while the other one is
   * trained. Default: memory of the average's own.
   */
  into?: Module;
}

/** A part of the module's memory and the average of it: a window of parameters, or a buffer. */
interface Pair {
  readonly current: Tensor;
  readonly average: Tensor;
}

/** A parameter or buffer, by name. */
interface Place {
  readonly name: string;
  readonly shape: Shape;
  readonly pair: Pair;
  /** Elements from the start of the pair's tensors. */
  readonly offset: number;
}

/**
 * An exponential moving average of a module's weights (EMA), as torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn: the
 * first update copies the weights, later ones move the average by 1 - decay of the way to them. Buffers, such as running statistics,
 * are copied. Call update() after the optimiser's step(), in a recorded function too: one dispatch for each window of the module's
 * memory and each buffer.
 */
export class ExponentialMovingAverage {
  private readonly gpu: Gpu;
  private readonly windows: readonly Pair[];
  private readonly buffers: readonly Pair[];
  private readonly places: readonly Place[];
  private readonly hyper: Tensor;
  private readonly decay: number;
  private readonly warmUp: boolean;
  /** The number of updates so far, [1], as the latest update left it. @internal */
  readonly updates: Tensor;
  private readonly ownsMemory: boolean;
  private count = 0;
  private isSwapped = false;

  /**
   * Makes an average of the weights of a module, with which it begins.
   *
   * @param module on a device
   * @throws INVALID_ARGUMENT for a wrong decay, a module on no device, and for one of another architecture to hold the average
   */
  constructor(module: Module, options: AverageOptions = {}) {
    const { decay = 0.999, warmUp = false, into } = expectOptions('ExponentialMovingAverage', options, ['decay', 'warmUp', 'into']);
    if (!(decay >= 0 && decay <= 1)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'decay of ExponentialMovingAverage', {
        expected: 'a number from 0 to 1',
        received: String(decay),
        fix: 'use 0.999, or 0.9999 for a training of many steps',
      });
    }
    [this.decay, this.warmUp] = [decay, warmUp];
    const { gpu, windows } = module.memory;
    this.gpu = gpu;
    if (into) expectLike(module, into);
    this.ownsMemory = into === undefined;
    const pair = (current: Tensor, average = flat(gpu, current.size, `average of ${current.label}`)): Pair => ({ current, average });
    this.windows = windows.map(({ values }, index) => pair(values, into?.memory.windows[index]?.values));
    const held = new Map(into?.namedBuffers());
    const whole = (buffer: Tensor): Tensor => view(buffer, [buffer.size], 0);
    const buffers = [...module.namedBuffers()].map(([name, buffer]) => ({
      name,
      shape: buffer.shape,
      pair: pair(whole(buffer), into && whole(held.get(name)!)),
      offset: 0,
    }));
    this.buffers = buffers.map((each) => each.pair);
    this.places = [
      ...windows.flatMap(({ parameters }, index) =>
        parameters.map(({ name, tensor: { shape }, offset }) => ({ name, shape, pair: this.windows[index]!, offset })),
      ),
      ...buffers,
    ];
    const storage = gpu.allocatePersistent(AVERAGE_HYPER_SIZE * 4, 'decay of the average');
    this.hyper = new Tensor({ gpu, shape: [AVERAGE_HYPER_SIZE], storage }).keep();
    this.updates = flat(gpu, 1, 'updates of the average');
    this.begin();
  }

  /** Makes the average what the module's weights are now, as if there had been no update. */
  begin(): void {
    for (const { current, average } of this.pairs) copy(current, average);
    this.count = 0;
  }

  private get pairs(): readonly Pair[] {
    return [...this.windows, ...this.buffers];
  }

  /** Updates so far. */
  get updateCount(): number {
    return this.count;
  }

  /** Whether the module holds the average at the moment. */
  get swapped(): boolean {
    return this.isSwapped;
  }

  /** Takes the module's weights into the average. @throws INVALID_ARGUMENT while the module holds the average itself */
  update(): void {
    this.gpu.eachStep(
      () => {
        if (this.isSwapped) {
          throw new ShadegradError('INVALID_ARGUMENT', 'the average of a module is updated while the module holds the average', {
            expected: "the module's own weights in it",
            received: 'an update between two calls of swap()',
            fix: 'call swap() once more before training goes on',
          });
        }
        this.hyper.write(averageHyper(this.decayAt(this.count)));
        this.updates.write([this.count + 1]);
      },
      [this.hyper.storage, this.updates.storage],
      () => this.count++,
    );
    for (const { current, average } of this.windows) averageStep({ average, parameters: current, hyper: this.hyper });
    for (const { current, average } of this.buffers) copy(current, average);
  }

  private decayAt(update: number): number {
    if (update === 0) return 0;
    return this.warmUp ? Math.min(this.decay, (1 + update) / (10 + update)) : this.decay;
  }

  /** Exchanges the module's weights and the average, to the bit: once before an evaluation or a save, once more after it. */
  swap(): void {
    this.gpu.eachStep(
      () => {},
      [],
      () => (this.isSwapped = !this.isSwapped),
    );
    for (const { current, average } of this.pairs) swapBlocks(current, average);
  }

  /**
   * The average under the names of the module's parameters and buffers, to be saved as its weights are, and the number of updates.
   * The tensors are read when their `read()` is called: do that before the next update.
   */
  stateDict(): { readonly tensors: ReadonlyMap<string, TensorToSave>; readonly updateCount: number } {
    const tensors = this.places.map(({ name, shape, pair, offset }): [string, TensorToSave] => [
      name,
      {
        name,
        shape,
        read: async () => {
          const part = view(this.averageOf(pair), shape, offset);
          try {
            return await part.data();
          } finally {
            part.dispose();
          }
        },
      },
    ]);
    return { tensors: new Map(tensors), updateCount: this.count };
  }

  private averageOf({ current, average }: Pair): Tensor {
    return this.isSwapped ? current : average;
  }

  /**
   * Goes on from what stateDict() returned.
   * @throws INVALID_ARGUMENT for tensors of another module; what reading throws. Nothing is changed then.
   */
  async loadStateDict({ tensors, updateCount }: { readonly tensors: SavedState['tensors']; readonly updateCount: number }): Promise<void> {
    const mismatch = (what: string, expected: string, received: string): never => {
      throw new ShadegradError('INVALID_ARGUMENT', `${what} of a saved average`, {
        expected,
        received,
        fix: 'make the average for the same module as the one that was saved',
      });
    };
    const valid = Number.isSafeInteger(updateCount) && updateCount >= 0;
    if (!valid) mismatch('updateCount', 'a whole number of at least 0', String(updateCount));
    const found = this.places.map((place) => {
      const tensor = tensors.get(place.name) ?? mismatch('the tensors', `"${place.name}"`, `none of that name among ${tensors.size}`);
      if (!sameShape(tensor.shape, place.shape)) mismatch(`tensor "${place.name}"`, formatShape(place.shape), formatShape(tensor.shape));
      return { ...place, tensor };
    });
    const numbers: Float32Array[] = [];
    for (const { tensor } of found) numbers.push(await tensor.read());
    found.forEach(({ pair, shape, offset }, index) => {
      const part = view(this.averageOf(pair), shape, offset);
      part.write(numbers[index]!);
      part.dispose();
    });
    this.count = updateCount;
  }

  /** Goes on from the number in `updates`, which a checkpoint has restored together with the average. @internal */
  async readUpdates(): Promise<void> {
    [this.count] = (await this.updates.data()) as unknown as [number];
  }

  /** Gives the average's memory back; the modules keep what they hold. */
  dispose(): void {
    if (this.ownsMemory) for (const { average } of this.windows) average.dispose();
    for (const { average } of this.buffers) average.dispose();
    this.updates.dispose();
    for (const { current } of this.buffers) current.dispose();
    this.hyper.dispose();
  }
}

/** @throws INVALID_ARGUMENT unless one module can hold the average of the other */
function expectLike(module: Module, into: Module): void {
  const described = (each: Module): string =>
    [...each.namedTensors()]
      .map(([name, { shape, trainable }]) => `${name} ${formatShape(shape)}${trainable ? '' : ', a buffer'}`)
      .join('; ');
  const [ours, theirs] = [described(module), described(into)];
  if (ours === theirs && module !== into && module.memory.gpu === into.memory.gpu) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'module that is to hold an average', {
    expected: 'another module of the same architecture, on the same device',
    received: ours === theirs ? 'the module itself, or one on another device' : 'other parameters or buffers',
    fix: 'build it as the first one was built, and place it with to(gpu, { training: false })',
  });
}
