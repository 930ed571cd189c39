import { setGradientSlot } from '../autograd/gradient-slots.js';
import type { Gpu } from '../gpu/gpu.js';
import { ShadegradError } from '../errors.js';
import { fill } from '../kernels/elementwise.js';
import { Tensor } from '../tensor/tensor.js';
import type { ModuleTensor } from './parameter.js';

/** Parameters start on multiples of this many elements: a binding's offset must be a multiple of 256 bytes. */
export const ALIGNMENT = 64;
/** Larger windows gain nothing and some adapters bind no more (128 MiB). */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

export interface PlacedParameter {
  readonly name: string;
  readonly tensor: Tensor;
  /** Elements from the start of the window. */
  readonly offset: number;
  readonly size: number;
}

/** One flat block of parameters and, when training, one of gradients laid out alike. */
export interface ArenaWindow {
  readonly length: number;
  readonly values: Tensor;
  readonly gradients: Tensor | null;
  readonly parameters: readonly PlacedParameter[];
}

/** The flat memory of a module's parameters: its own, or a part of a larger module's. */
export interface ParameterMemory {
  readonly gpu: Gpu;
  readonly windows: readonly ArenaWindow[];
}

/**
 * A module's parameters in a few flat windows, so that an optimiser updates 54 million of them in a few dispatches.
 * No parameter straddles two windows.
 */
export class ParameterArena implements ParameterMemory {
  readonly windows: readonly ArenaWindow[];
  /** What dispose() gives back. */
  private readonly handles: Tensor[] = [];

  /** @throws LIMIT_EXCEEDED, and what initializers throw; nothing is left allocated or placed then */
  constructor(
    readonly gpu: Gpu,
    tensors: readonly [string, ModuleTensor][],
    { seed, training }: { seed: number; training: boolean },
  ) {
    try {
      this.windows = this.place(tensors, training);
      let stream = 0;
      for (const [, { initializer, value }] of tensors) initializer(value, seed, stream++);
    } catch (error) {
      this.dispose();
      for (const [, tensor] of tensors) tensor.place(null);
      throw error;
    }
  }

  private own(tensor: Tensor): Tensor {
    this.handles.push(tensor);
    return tensor;
  }

  private place(tensors: readonly [string, ModuleTensor][], training: boolean): ArenaWindow[] {
    const { gpu } = this;
    const windowElements = Math.floor(Math.min(MAX_WINDOW_BYTES, gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize) / 4);
    const plans: { length: number; places: { name: string; declared: ModuleTensor; offset: number; size: number }[] }[] = [];
    for (const [name, declared] of tensors.filter(([, each]) => each.trainable)) {
      const { size } = declared;
      if (size > windowElements) {
        throw new ShadegradError('LIMIT_EXCEEDED', `parameter "${name}" does not fit in one binding of this adapter`, {
          expected: `at most ${windowElements} elements`,
          received: `${size} elements`,
          fix: 'use fewer channels, or an adapter that binds more',
        });
      }
      let plan = plans[plans.length - 1];
      if (!plan || plan.length + size > windowElements) plans.push((plan = { length: 0, places: [] }));
      plan.places.push({ name, declared, offset: plan.length, size });
      plan.length += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    }

    const windows = plans.map(({ length, places }) => {
      const values = this.own(flat(gpu, length, 'parameters'));
      const gradients = training ? this.own(flat(gpu, length, 'gradients')) : null;
      const parameters = places.map(({ name, declared, offset, size }) => {
        const tensor = this.own(view(values, declared.shape, offset, name));
        tensor.requiresGrad = training;
        if (gradients) setGradientSlot(tensor, this.own(view(gradients, declared.shape, offset, `gradient of ${name}`)));
        declared.place(tensor);
        return { name, tensor, offset, size };
      });
      return { length, values, gradients, parameters };
    });
    for (const [name, declared] of tensors) {
      if (declared.trainable) continue;
      const storage = gpu.allocatePersistent(declared.size * 4, name);
      declared.place(this.own(new Tensor({ gpu, shape: declared.shape, storage }).keep()));
    }
    return windows;
  }

  /**
   * Views of some of the parameters, as if they had an arena of their own.
   * @param named the tensors of a module in the arena's, by their names in that module. They follow each other here as in
   *   every module, so that a window has one stretch of them or none.
   */
  part(named: ReadonlyMap<string, Tensor>): ParameterMemory {
    const names = new Map([...named].map(([name, tensor]) => [tensor, name]));
    const windows = this.windows.flatMap(({ values, gradients, parameters }) => {
      const own = parameters.filter(({ tensor }) => names.has(tensor));
      const [first, last] = [own[0], own[own.length - 1]];
      if (!first || !last) return [];
      const start = first.offset;
      const length = last.offset + last.size - start;
      const partOf = (whole: Tensor): Tensor => this.own(view(whole, [length], start));
      return [
        {
          length,
          values: partOf(values),
          gradients: gradients && partOf(gradients),
          parameters: own.map(({ tensor, offset, size }) => ({ name: names.get(tensor)!, tensor, offset: offset - start, size })),
        },
      ];
    });
    return { gpu: this.gpu, windows };
  }

  /** Gives all memory back, views included. */
  dispose(): void {
    for (const handle of this.handles.splice(0).reverse()) handle.dispose();
  }
}

/** Zeroed, so that the gaps between parameters never hold what a pooled buffer was left with. */
export function flat(gpu: Gpu, length: number, label: string): Tensor {
  const tensor = new Tensor({ gpu, shape: [length], storage: gpu.allocatePersistent(length * 4, label) }).keep();
  fill(tensor, 0);
  return tensor;
}

/** Part of a flat tensor under a shape of its own. */
export function view(flatTensor: Tensor, shape: readonly number[], offset: number, label = flatTensor.label): Tensor {
  const { gpu, storage } = flatTensor;
  return new Tensor({ gpu, shape, storage: storage.retain(), offset: flatTensor.offset + offset, label }).keep();
}
