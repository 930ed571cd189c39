import { values } from '../kernels-test/harness/deterministic.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { elementCount, type Shape } from '../src/tensor/shape.js';
import { Tensor } from '../src/tensor/tensor.js';

/** A tensor with a copy of its contents on the host, for the reference. */
export interface Input {
  readonly tensor: Tensor;
  readonly data: Float32Array;
}

/** Makes the inputs of a benchmark entry and disposes them after it. */
export class Workbench {
  private readonly owned: { dispose(): void }[] = [];

  constructor(readonly gpu: Gpu) {}

  /** Numbers uniform in [-1, 1) * scale + offset, the same on every run; equal names give equal numbers. */
  random(name: string, shape: Shape, { scale = 1, offset = 0 }: { scale?: number; offset?: number } = {}): Input {
    const data = values(name, elementCount(shape), scale, offset);
    return { data, tensor: this.own(Tensor.from(this.gpu, data, shape, name)) };
  }

  /** Undefined contents; as a place for results. */
  empty(name: string, shape: Shape): Tensor {
    return this.own(Tensor.empty(this.gpu, shape, name));
  }

  /** Disposes `value` after the entry. */
  own<T extends { dispose(): void }>(value: T): T {
    this.owned.push(value);
    return value;
  }

  dispose(): void {
    for (const value of this.owned.splice(0)) value.dispose();
  }
}
