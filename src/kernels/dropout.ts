import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import { expectWord } from '../checks.js';
import { writeTime } from '../gpu/write-log.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { copy } from './elementwise.js';
import { FLOATS, resultTensor, walkElements } from './elements.js';
import { specialise } from './kernel.js';
import { layerRandomSources } from './random.js';
import dropoutSource from '../../shaders/dropout.wgsl';
import dropoutPassSource from '../../shaders/dropout_pass.wgsl';

/** Seed, step and pass. */
const WORDS = 3;

/**
 * A forward pass of a network, made by DropoutState.beginPass(): its layers draw from the same three words, whatever the state is at
 * when they are needed again.
 */
export interface DropoutPass {
  /** The three words, [3]: the bits of three unsigned integers, seed, step and pass. */
  readonly words: Tensor;
}

/**
 * What the dropout masks of one step are drawn from: seed, step and the number of the forward pass within it, three 32-bit words in
 * device memory, so that a recorded step draws new masks each time it runs.
 */
export class DropoutState {
  /** The three words, [3]: the bits of three unsigned integers, seed, step and pass. @internal */
  readonly tensor: Tensor;
  /** The latest snapshot, and what tells whether it would be the same if it were taken again. */
  private taken: { tensor: Tensor; time: number; trace: WeakRef<object> | null; hooks: number } | null = null;

  /**
   * Takes memory for the words; the step is 0 at first.
   *
   * @param seed whole number of 32 bits
   * @throws INVALID_ARGUMENT for another seed
   */
  constructor(
    private readonly gpu: Gpu,
    /** The seed of the masks. */
    readonly seed: number,
  ) {
    expectWord('seed of dropout', seed);
    this.tensor = new Tensor({ gpu, shape: [WORDS], storage: gpu.allocatePersistent(WORDS * 4, 'dropout state') }).keep();
    this.advance(0);
  }

  /**
   * Chooses the masks from here on. Call it at once for eager code, inside `gpu.eachStep()` for code that is recorded.
   *
   * @param step whole number of 32 bits
   * @throws INVALID_ARGUMENT for another step
   */
  advance(step: number): void {
    expectWord('step of dropout', step);
    this.gpu.write(this.tensor.storage, 0, new Uint32Array([this.seed, step, 0]));
  }

  /**
   * Begins a forward pass: each draws other masks than those before it in the step. The first after `advance()` draws what a single
   * one would. The count is kept on the device, so that replays count as calls do.
   */
  beginPass(): DropoutPass {
    const words = Tensor.empty(this.gpu, [WORDS], 'dropout pass');
    this.gpu.dispatch({
      shader: specialise('dropout_pass', [dropoutPassSource]),
      bindings: [this.tensor.written(), words.written()],
      params: new Params().u32(this.tensor.base, words.base),
      workgroups: [1, 1, 1],
    });
    return { words };
  }

  /** The words as they are now, for a backward pass that may come after another `advance()`. Layers share the copy. @internal */
  snapshot(): Tensor {
    const { currentTrace: trace, tracedHooks: hooks } = this.gpu;
    const { taken } = this;
    const sameTrace = taken && (taken.trace?.deref() ?? null) === trace && (taken.trace === null) === (trace === null);
    if (sameTrace && !taken.tensor.disposed && taken.hooks === hooks && !this.tensor.writtenSince(taken.time)) return taken.tensor;
    const tensor = copy(this.tensor);
    this.taken = { tensor, time: writeTime(), trace: trace && new WeakRef(trace), hooks };
    return tensor;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.tensor.dispose();
  }
}

/**
 * Sets each element to zero with probability `rate` and divides the others by 1 - rate. The gradient is the same
 * function of the output's gradient: for one layer and step it draws the same mask again.
 * @param rate at least 0 and below 1
 * @param layer whole number of 32 bits that tells the layers of a model apart
 * @param state the tensor of a DropoutState or the words of a pass, shared by the layers of a model
 * @throws INVALID_ARGUMENT, SHAPE_MISMATCH
 */
export function dropout(x: Tensor, rate: number, layer: number, state: Tensor, out?: Tensor): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'rate of dropout', {
      expected: 'at least 0 and below 1',
      received: String(rate),
      fix: 'it is the part that is dropped, 0.5 for half of the elements',
    });
  }
  expectWord('layer of dropout', layer);
  expectShape('state of dropout', [WORDS], state.shape);
  if (rate === 0) return copy(x, out);
  const output = resultTensor('dropout', x, out, FLOATS);
  const walk = walkElements([x, output]);
  x.gpu.dispatch({
    shader: specialise(
      'dropout',
      [walk.source, ...layerRandomSources(walk.vectorized), dropoutSource],
      walk.constants,
      walk.types({ x, y: output }),
    ),
    bindings: [x.read(x.dtype), state.read(), output.written(output.dtype)],
    params: new Params()
      .u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(output), state.base, layer, dropThreshold(rate))
      .f32(1 / (1 - rate)),
    workgroups: walk.workgroups,
  });
  return output;
}

/** Words below this are dropped. 2^32 itself, for rates that round up to 1, would not fit. */
function dropThreshold(rate: number): number {
  return Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
}
