import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
import { writeTime } from '../gpu/write-log.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { copy } from './elementwise.js';
import { expectWord, resultTensor, walkElements } from './elements.js';
import { specialise } from './kernel.js';
import { randomSources } from './random.js';
import dropoutSource from '../../shaders/dropout.wgsl';

/**
 * What the masks of one step are drawn from: seed and step, two 32-bit words in device memory, so that a recorded
 * step draws new masks each time it runs.
 */
export class DropoutState {
  /** [2]: the bits of two unsigned integers, seed and step. */
  readonly tensor: Tensor;

  /** The latest snapshot, and what tells whether it would be the same if it were taken again. */
  private taken: { tensor: Tensor; time: number; trace: object | null; hooks: number } | null = null;
  private passes = 0;
  private tracedPasses: { trace: object; count: number } | null = null;

  /** @param seed whole number of 32 bits. The step is 0 at first. @throws INVALID_ARGUMENT */
  constructor(
    private readonly gpu: Gpu,
    readonly seed: number,
  ) {
    expectWord('seed of dropout', seed);
    this.tensor = new Tensor({ gpu, shape: [2], storage: gpu.allocatePersistent(8, 'dropout state') }).keep();
    this.advance(0);
  }

  /**
   * Chooses the masks from here on. Call it at once for eager code, inside `gpu.eachStep()` for code that is recorded.
   * @param step whole number of 32 bits
   */
  advance(step: number): void {
    expectWord('step of dropout', step);
    this.gpu.write(this.tensor.storage, 0, new Uint32Array([this.seed, step]));
    this.passes = 0;
  }

  /**
   * The two words as they are now, for a backward pass that may come after another `advance()`. Layers of one forward pass share
   * the copy.
   */
  snapshot(): Tensor {
    const { currentTrace: trace, tracedHooks: hooks } = this.gpu;
    const { taken } = this;
    const current = taken && !taken.tensor.disposed && taken.trace === trace && taken.hooks === hooks && !this.tensor.writtenSince(taken.time);
    if (current) return taken.tensor;
    const tensor = copy(this.tensor);
    this.taken = { tensor, time: writeTime(), trace, hooks };
    return tensor;
  }

  /**
   * Number of a network's forward pass since `advance()`, from 0: passes of one step draw different masks. A recorded
   * function counts its own, since `advance()` comes before each of its runs.
   */
  nextPass(): number {
    const trace = this.gpu.currentTrace;
    if (!trace) return this.passes++;
    if (this.tracedPasses?.trace !== trace) this.tracedPasses = { trace, count: 0 };
    return this.tracedPasses.count++;
  }

  dispose(): void {
    this.tensor.dispose();
  }
}

/**
 * Sets each element to zero with probability `rate` and divides the others by 1 - rate. The gradient is the same
 * function of the output's gradient: for one layer and step it draws the same mask again.
 * @param rate at least 0 and below 1
 * @param layer whole number of 32 bits that tells the layers of a model apart
 * @param state the tensor of a DropoutState, shared by the layers of a model
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
  expectShape('state of dropout', [2], state.shape);
  if (rate === 0) return copy(x, out);
  const output = resultTensor('dropout', x, out);
  const walk = walkElements([x, output]);
  x.gpu.dispatch({
    shader: specialise('dropout', [walk.source, ...randomSources(walk.vectorized), dropoutSource], walk.constants, walk.aliases),
    bindings: [x.read(), state.read(), output.written()],
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
