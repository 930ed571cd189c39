import { backward } from '../../src/autograd/backward.js';
import { add, mul, sum } from '../../src/autograd/ops.js';
import { constant } from '../../src/nn/initializers.js';
import { Module } from '../../src/nn/module.js';
import { Tensor } from '../../src/tensor/tensor.js';

/** A module of vectors "0", "1", ... of the lengths given, for what works on parameters of any kind. */
export class Vectors extends Module {
  constructor(readonly sizes: readonly number[]) {
    super();
    sizes.forEach((size, index) => this.parameter(String(index), [size], constant(0)));
  }

  /** Sets the parameters. */
  write(numbers: readonly ArrayLike<number>[]): this {
    this.parameters().forEach((tensor, index) => tensor.write(Float32Array.from(numbers[index]!)));
    return this;
  }

  async read(): Promise<number[][]> {
    return Promise.all(this.parameters().map(async (tensor) => [...(await tensor.data())]));
  }
}

/** Leaves the given tensors (none: no gradient) as the gradients of the parameters: those of sum(p * g). Runs in recorded functions too. */
export function leaveGradients(parameters: readonly Tensor[], gradients: readonly (Tensor | null)[]): void {
  const terms = gradients.flatMap((gradient, index) => (gradient ? [[parameters[index]!, gradient] as const] : []));
  const { gpu } = parameters[0]!;
  gpu.scope(() => backward(terms.map(([parameter, gradient]) => sum(mul(parameter, gradient))).reduce((total, each) => add(total, each))));
}

/** Tensors of the given numbers. */
export const vectorsOf = (gpu: Tensor['gpu'], numbers: readonly ArrayLike<number>[]): Tensor[] =>
  numbers.map((each) => Tensor.from(gpu, Float32Array.from(each), [each.length]));
