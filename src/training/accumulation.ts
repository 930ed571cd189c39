import { backward } from '../autograd/backward.js';
import { noGrad } from '../autograd/graph.js';
import { add, mul } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import { full } from '../kernels/creation.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Runs backward() from a loss of a part of a batch, weighted so that the gradients of all parts add up to those of the batch.
 *
 * @param seed the gradient of what is no single number, as backward() takes it
 */
export type Teach = (loss: Tensor, seed?: Tensor) => void;

/**
 * Cuts what a step works with into parts of as many samples each, along the first axis: views, which take no memory.
 *
 * @param parts that the samples are cut into; 1 returns the tensors themselves
 * @param tensors by name, each [batch, ...] and contiguous; undefined ones stay so
 * @throws INVALID_ARGUMENT for a batch that does not come out even
 */
export function inParts<T extends Readonly<Record<string, Tensor | undefined>>>(parts: number, tensors: T): T[] {
  if (parts === 1) return [tensors];
  const cut = (x: Tensor | undefined, part: number): Tensor | undefined => {
    if (!x) return undefined;
    const [batch = 0, ...rest] = x.shape;
    const samples = batch / parts;
    if (!Number.isInteger(samples) || samples < 1) {
      throw new ShadegradError('INVALID_ARGUMENT', `the parts of "${x.label}"`, {
        expected: `samples that ${parts} parts share evenly`,
        received: String(batch),
        fix: 'choose a batch that is a multiple of the parts',
      });
    }
    const numbers = x.size / parts;
    return x
      .viewAs([x.size])
      .channelView(part * numbers, (part + 1) * numbers)
      .viewAs([samples, ...rest]);
  };
  return Array.from(
    { length: parts },
    (_, part) => Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, cut(x, part)])) as unknown as T,
  );
}

/** What a part of a batch taught. */
export interface Taught<K> {
  /** Its losses by name, each a tensor of one number: means over the samples. */
  readonly losses: Readonly<Record<string, Tensor>>;
  /** What is needed of it afterwards. */
  readonly kept?: K;
}

/**
 * Takes one step of optimisers with the gradients of several parts of a batch: one part after the other runs forward and backward, so that
 * there is memory for the results of one alone, and the optimisers then step with what all have added up to. That is the step of the
 * whole batch, but for rounding, and for norms that use the statistics of what runs together.
 *
 * @param pieces from inParts(); of one, it is the usual step
 * @param learn runs the networks on a piece and hands what is to be learned from to `teach`
 * @returns the losses, each the mean of the parts, and what was kept of each part
 */
export function accumulate<P, K = undefined>(
  gpu: Gpu,
  optimizers: readonly Optimizer[],
  pieces: readonly P[],
  learn: (piece: P, teach: Teach, part: number) => Taught<K>,
): { losses: Record<string, Tensor>; kept: readonly K[] } {
  for (const optimizer of optimizers) optimizer.zeroGrad();
  const weight = 1 / pieces.length;
  const teach: Teach = (loss, seed) => {
    if (pieces.length === 1) backward(loss, seed);
    else backward(loss, seed ? noGrad(() => mul(seed, weight)) : full(loss.gpu, loss.shape, weight));
  };
  const kept: K[] = [];
  let sums: Record<string, Tensor> = {};
  for (const [part, piece] of pieces.entries()) {
    const run = (): Taught<K> => learn(piece, teach, part);
    // What one of several parts has made is given back before the next.
    const taught = pieces.length === 1 ? run() : gpu.scope(run);
    kept.push(taught.kept as K);
    sums = Object.fromEntries(
      Object.entries(taught.losses).map(([name, loss]) => [name, sums[name] ? noGrad(() => add(sums[name]!, loss)) : loss]),
    );
  }
  for (const optimizer of optimizers) optimizer.step();
  const mean = (sum: Tensor): Tensor => (pieces.length === 1 ? sum : noGrad(() => mul(sum, weight)));
  return { losses: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, mean(sum)])), kept };
}
