import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ParameterArena } from './parameter-arena.js';
import type { Initializer } from './initializers.js';

/** A tensor that a module owns: declared with a shape, filled when the module is placed on a device. */
export class Slot {
  private tensor: Tensor | null = null;

  constructor(
    readonly shape: Shape,
    readonly initializer: Initializer,
    /** Buffers (running statistics) are kept with the weights but not trained. */
    readonly trainable: boolean,
  ) {}

  get value(): Tensor {
    if (this.tensor) return this.tensor;
    throw new ShadegradError('INVALID_ARGUMENT', 'a module is used before it is on a device', {
      expected: 'module.to(gpu, { seed }) first',
      fix: 'call to() once, after the module is built',
    });
  }

  get placed(): boolean {
    return this.tensor !== null;
  }

  place(tensor: Tensor): void {
    this.tensor = tensor;
  }
}

/**
 * A part of a network: parameters, buffers and smaller modules, each under a name. Full names join the parts with
 * dots, as in a PyTorch state dict.
 */
export abstract class Module {
  private readonly slots = new Map<string, Slot>();
  private readonly children = new Map<string, Module>();
  private arena: ParameterArena | null = null;

  protected parameter(name: string, shape: Shape, initializer: Initializer): Slot {
    return this.slot(name, new Slot(shape, initializer, true));
  }

  protected buffer(name: string, shape: Shape, initializer: Initializer): Slot {
    return this.slot(name, new Slot(shape, initializer, false));
  }

  private slot(name: string, slot: Slot): Slot {
    this.slots.set(name, slot);
    return slot;
  }

  protected child<M extends Module>(name: string, module: M): M {
    this.children.set(name, module);
    return module;
  }

  /** All parameters and buffers with their full names, in the order of declaration. */
  *namedSlots(prefix = ''): Generator<[name: string, slot: Slot]> {
    for (const [name, slot] of this.slots) yield [prefix + name, slot];
    for (const [name, module] of this.children) yield* module.namedSlots(`${prefix}${name}.`);
  }

  /** Trainable parameters by full name. */
  namedParameters(): Map<string, Tensor> {
    return new Map([...this.namedSlots()].filter(([, slot]) => slot.trainable).map(([name, slot]) => [name, slot.value]));
  }

  /** Running statistics and the like by full name. */
  namedBuffers(): Map<string, Tensor> {
    return new Map([...this.namedSlots()].filter(([, slot]) => !slot.trainable).map(([name, slot]) => [name, slot.value]));
  }

  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /** Trainable numbers in all parameters. */
  get parameterCount(): number {
    let count = 0;
    for (const [, slot] of this.namedSlots()) {
      if (slot.trainable) count += slot.shape.reduce((product, length) => product * length, 1);
    }
    return count;
  }

  /** The flat memory of the parameters, for optimisers and checkpoints. */
  get memory(): ParameterArena {
    if (this.arena) return this.arena;
    throw new ShadegradError('INVALID_ARGUMENT', 'a module is used before it is on a device', {
      expected: 'module.to(gpu, { seed }) first',
      fix: 'call to() once, after the module is built',
    });
  }

  /**
   * Gives every parameter memory on the device and its initial values.
   * @param seed whole number; the same seed gives the same weights on one adapter
   * @param training false saves the memory of the gradients
   */
  to(gpu: Gpu, { seed = 0, training = true }: { seed?: number; training?: boolean } = {}): this {
    if (this.arena) throw new ShadegradError('INVALID_ARGUMENT', 'a module is placed on a device twice', { fix: 'dispose() it first' });
    this.arena = new ParameterArena(gpu, [...this.namedSlots()], { seed, training });
    return this;
  }

  /** Freezes or thaws every parameter: operations that run from now on track gradients for them or not. */
  setRequiresGrad(requires: boolean): void {
    for (const tensor of this.parameters()) tensor.requiresGrad = requires;
  }

  dispose(): void {
    this.arena?.dispose();
    this.arena = null;
  }
}
