import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { Params } from '../gpu/params.js';
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
