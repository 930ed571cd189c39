import { gradientOf, setGradientSlot } from '../autograd/gradient-slots.js';
import type { Gpu } from '../gpu/gpu.js';
import { ShadegradError } from '../gpu/errors.js';
import { fill } from '../kernels/elementwise.js';
import { elementCount } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Slot } from './module.js';

/** Parameters start on multiples of this many elements: a binding's offset must be a multiple of 256 bytes. */
const ALIGNMENT = 64;
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

/**
 * A module's parameters in a few flat windows, so that an optimiser updates 54 million of them in a few dispatches.
 * No parameter straddles two windows.
 */
export class ParameterArena {
  readonly windows: readonly ArenaWindow[];
  private readonly buffers: Tensor[] = [];

  constructor(gpu: Gpu, slots: readonly [string, Slot][], { seed, training }: { seed: number; training: boolean }) {
    const windowElements = Math.floor(Math.min(MAX_WINDOW_BYTES, gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize) / 4);
    const plans: { length: number; places: { name: string; slot: Slot; offset: number; size: number }[] }[] = [];
    for (const [name, slot] of slots.filter(([, each]) => each.trainable)) {
      const size = elementCount(slot.shape);
      if (size > windowElements) {
        throw new ShadegradError('LIMIT_EXCEEDED', `parameter "${name}" does not fit in one binding of this adapter`, {
          expected: `at most ${windowElements} elements`,
          received: `${size} elements`,
          fix: 'use a narrower network',
        });
      }
      let plan = plans[plans.length - 1];
      if (!plan || plan.length + size > windowElements) plans.push((plan = { length: 0, places: [] }));
      plan.places.push({ name, slot, offset: plan.length, size });
      plan.length += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    }

    this.windows = plans.map(({ length, places }) => {
      const values = flat(gpu, length, 'parameters');
      const gradients = training ? flat(gpu, length, 'gradients') : null;
      const parameters = places.map(({ name, slot, offset, size }) => {
        const tensor = view(values, slot.shape, offset);
        tensor.requiresGrad = training;
        if (gradients) setGradientSlot(tensor, view(gradients, slot.shape, offset));
        slot.place(tensor);
        return { name, tensor, offset, size };
      });
      return { length, values, gradients, parameters };
    });

    let stream = 0;
    for (const [name, slot] of slots) {
      if (!slot.trainable) {
        slot.place(new Tensor({ gpu, shape: slot.shape, storage: gpu.allocatePersistent(elementCount(slot.shape) * 4, name) }).keep());
        this.buffers.push(slot.value);
      }
      slot.initializer(slot.value, seed, stream++);
    }
  }

  *parameters(): Generator<PlacedParameter> {
    for (const window of this.windows) yield* window.parameters;
  }

  dispose(): void {
    for (const { values, gradients, parameters } of this.windows) {
      for (const { tensor } of parameters) {
        gradientOf(tensor)?.dispose();
        tensor.dispose();
      }
      values.dispose();
      gradients?.dispose();
    }
    for (const buffer of this.buffers) buffer.dispose();
  }
}

/** Zeroed, so that the gaps between parameters never hold what a pooled buffer was left with. */
export function flat(gpu: Gpu, length: number, label: string): Tensor {
  const tensor = new Tensor({ gpu, shape: [length], storage: gpu.allocatePersistent(length * 4, label) }).keep();
  fill(tensor, 0);
  return tensor;
}

/** Part of a flat tensor under a shape of its own. */
export function view(flatTensor: Tensor, shape: readonly number[], offset: number): Tensor {
  const { gpu, storage } = flatTensor;
  return new Tensor({ gpu, shape, storage: storage.retain(), offset: flatTensor.offset + offset }).keep();
}
