import { makeDisposable } from '../gpu/disposable.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { expectOptions, expectWord } from '../checks.js';
import type { WeightFile } from '../formats/weight-file.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Initializer } from './initializers.js';
import { ParameterArena, type ParameterMemory } from './parameter-arena.js';
import { ModuleBuffer, notPlaced, Parameter, type ModuleTensor, type TensorLayout } from './parameter.js';
import {
  loadState,
  readState,
  type LoadableTensor,
  type LoadedState,
  type LoadStateDictOptions,
  type ModuleState,
  type StateDict,
  type StateDictOptions,
} from './state-dict.js';

/** Options of Module.to(): the seed of the weights, and whether they are to be trained. */
export interface PlaceOptions {
  /** The seed of the weights, a whole number of 32 bits; the same one gives the same weights on one adapter. Default 0. */
  seed?: number;
  /**
   * Whether the module is to be trained. False saves the memory of the gradients: nothing is tracked then, and the module is put into
   * eval() mode. Default true.
   */
  training?: boolean;
}

/**
 * A part of a network: parameters, buffers and smaller modules, each under a name. Full names join the parts with
 * dots, as in a PyTorch state dict.
 *
 * The module whose to() is called owns the memory of all modules in it; each of them can be run, frozen, trained by an
 * optimiser of its own and saved by itself. What a module keeps on the device beside parameters and buffers is made in
 * onPlaced() and given back in onDisposed(), which are called wherever in a larger module it is.
 */
export abstract class Module {
  /**
   * Whether the module runs as while it is trained, where a call of forward() does not say: dropout drops, batch norms use the
   * batch's statistics and update the running ones. True at first; train() and eval() set it.
   */
  training = true;
  readonly #tensors = new Map<string, ModuleTensor>();
  readonly #children = new Map<string, Module>();
  /** The memory of the tree that this module is the root of. */
  #arena: ParameterArena | null = null;
  /** The root of the tree that was placed; null on no device. */
  #root: Module | null = null;
  /** This module's part of its root's memory, once it was asked for. */
  #part: ParameterMemory | null = null;

  /**
   * Declares a tensor to be trained. Call it in the constructor.
   * @param name unlike those of the module's other parts, and without a dot
   * @param initializer fills it when the module is placed on a device
   * @throws INVALID_ARGUMENT for a name that is taken or no name, or when the module is on a device already
   */
  parameter(name: string, shape: Shape, initializer: Initializer, layout?: TensorLayout): Parameter {
    return this.#declare(name, new Parameter(shape, initializer, layout));
  }

  /**
   * Declares a tensor that is kept with the weights but not trained, such as running statistics. Call it in the constructor;
   * register_buffer in PyTorch.
   *
   * @param name unlike those of the module's other parts, and without a dot
   * @param initializer fills it when the module is placed on a device
   * @throws INVALID_ARGUMENT for a name that is taken or no name, or when the module is on a device already
   */
  buffer(name: string, shape: Shape, initializer: Initializer, layout?: TensorLayout): ModuleBuffer {
    return this.#declare(name, new ModuleBuffer(shape, initializer, layout));
  }

  #declare<T extends ModuleTensor>(name: string, tensor: T): T {
    this.#checkName(name);
    this.#tensors.set(name, tensor);
    return tensor;
  }

  /**
   * Declares a smaller module as a part of this one. Call it in the constructor.
   * @param name unlike those of the module's other parts, and without a dot
   * @returns the module
   * @throws INVALID_ARGUMENT for a name that is taken or no name; for a module that is a part of this one already, or this
   *   one a part of it; or when this module is on a device already
   */
  child<M extends Module>(name: string, module: M): M {
    this.#checkName(name);
    const parts = new Set(this.modules());
    for (const each of module.modules()) {
      if (!parts.has(each)) continue;
      throw new ShadegradError('INVALID_ARGUMENT', `module "${name}" is a part of the same module twice, or of itself`, {
        expected: 'a tree: each module is a part of one other',
        received: `a ${each.constructor.name} that is there already`,
        fix: 'declare it once and call its forward() as often as needed, or build a second one',
      });
    }
    this.#children.set(name, module);
    return module;
  }

  #checkName(name: string): void {
    if (this.#root) {
      throw new ShadegradError('INVALID_ARGUMENT', `"${name}" is declared when the module is on a device already`, {
        fix: 'declare parameters, buffers and modules in the constructor, before to()',
      });
    }
    if (typeof name !== 'string' || name === '' || name.includes('.')) {
      throw new ShadegradError('INVALID_ARGUMENT', 'name of a part of a module', {
        expected: 'a text that is not empty and has no dot: dots join the parts of full names',
        received: JSON.stringify(name) ?? String(name),
        fix: 'for a name with a dot, declare a module in a module',
      });
    }
    if (!this.#tensors.has(name) && !this.#children.has(name)) return;
    throw new ShadegradError('INVALID_ARGUMENT', `a module has two parts of the name "${name}"`, {
      expected: 'one parameter, buffer or module of a name',
      received: `a second one beside ${[...this.#tensors.keys(), ...this.#children.keys()].map((each) => `"${each}"`).join(', ')}`,
      fix: 'give it another name',
    });
  }

  /**
   * Puts this module and all in it into training mode, or out of it; torch.nn.Module.train. Options of forward() win over it. What
   * gpu.record() has recorded stays in the mode that it was recorded in. Returns the module.
   */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Puts this module and all in it out of training mode: train(false); torch.nn.Module.eval. Returns the module. */
  eval(): this {
    return this.train(false);
  }

  /** All modules in the tree: this one and all in it, each before its parts; torch.nn.Module.modules. */
  *modules(): Generator<Module> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /**
   * All modules in the tree by their full names: this one under the name "", each before its parts; torch.nn.Module.named_modules.
   *
   * @param path what stands before the names, without a dot
   */
  *namedModules(path = ''): Generator<[name: string, module: Module]> {
    yield [path, this];
    for (const [name, module] of this.#children) yield* module.namedModules(path === '' ? name : `${path}.${name}`);
  }

  /** All parameters and buffers with their full names, in the order of declaration. @param prefix what stands before the names */
  *namedTensors(prefix = ''): Generator<[name: string, tensor: ModuleTensor]> {
    for (const [name, tensor] of this.#tensors) yield [prefix + name, tensor];
    for (const [name, module] of this.#children) yield* module.namedTensors(`${prefix}${name}.`);
  }

  /**
   * The trainable parameters by full name; torch.nn.Module.named_parameters.
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   */
  namedParameters(): Map<string, Tensor> {
    return new Map([...this.namedTensors()].filter(([, each]) => each.trainable).map(([name, { value }]) => [name, value]));
  }

  /**
   * The buffers, such as running statistics, by full name; torch.nn.Module.named_buffers.
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   */
  namedBuffers(): Map<string, Tensor> {
    return new Map([...this.namedTensors()].filter(([, each]) => !each.trainable).map(([name, { value }]) => [name, value]));
  }

  /**
   * The trainable parameters in the order of declaration; torch.nn.Module.parameters.
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   */
  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /** The number of trainable numbers in all parameters. */
  get parameterCount(): number {
    let count = 0;
    for (const [, { trainable, size }] of this.namedTensors()) if (trainable) count += size;
    return count;
  }

  /**
   * The flat memory of this module's parameters, for optimisers and checkpoints: its own, or its part of the memory of the module that
   * it was placed with.
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   * @internal
   */
  get memory(): ParameterMemory {
    const arena = this.#placedArena();
    if (this.#root === this) return arena;
    return (this.#part ??= arena.part(this.namedParameters()));
  }

  /**
   * Gives every parameter and buffer, also of the modules in this one, memory on the device and its initial values.
   * @throws INVALID_ARGUMENT when the module or one in it is on a device already, for a wrong seed, or for options of other names;
   *   LIMIT_EXCEEDED for a parameter that no buffer holds; and what initializers throw. The module is then on no device, and what was
   *   allocated is given back.
   */
  to(gpu: Gpu, options: PlaceOptions = {}): this {
    const { seed = 0, training = true } = expectOptions('Module.to()', options, ['seed', 'training']);
    expectWord('seed of a module', seed);
    const modules = [...this.modules()];
    this.#checkUnplaced(modules);
    const done: Module[] = [];
    try {
      this.#arena = new ParameterArena(gpu, [...this.namedTensors()], { seed, training });
      for (const module of modules) module.#root = this;
      if (!training) this.eval();
      for (const [index, module] of modules.entries()) {
        done.push(module);
        // Distinct, so that two modules of one kind do not draw the same random numbers; the seed itself for the root.
        module.onPlaced(gpu, { seed: (seed + index * 0x9e3779b9) >>> 0, training });
      }
    } catch (error) {
      this.#release(done);
      throw error;
    }
    return this;
  }

  #checkUnplaced(modules: readonly Module[]): void {
    if (this.#root === this) {
      throw new ShadegradError('INVALID_ARGUMENT', 'a module is placed on a device twice', {
        expected: 'a module on no device',
        received: 'one that is there, with its weights',
        fix: 'dispose() it first, if its weights are no longer needed',
      });
    }
    const placed = modules.find((module) => module.#root);
    if (placed) {
      throw new ShadegradError('INVALID_ARGUMENT', `a ${placed.constructor.name} in a ${this.constructor.name} is on a device already`, {
        expected: 'modules on no device: to() would replace their weights by new ones',
        received: 'a module that to() was called on, or that another module was placed with',
        fix: 'build the whole first, call to() on it, and load the weights of its parts after that; or place each part by itself',
      });
    }
    if (new Set(modules).size === modules.length) return;
    throw new ShadegradError('INVALID_ARGUMENT', 'one module is twice in another', {
      expected: 'a tree: each module is a part of one other',
      fix: 'declare it once and call its forward() as often as needed, or build a second one',
    });
  }

  /**
   * Called when this module has got its memory, in whatever module it is: the place to allocate what is neither parameter nor buffer.
   * What it allocates must be kept (Tensor.keep()) and given back in onDisposed().
   *
   * @param _options of to(); the seed differs from module to module in one tree
   */
  protected onPlaced(_gpu: Gpu, _options: Required<PlaceOptions>): void {}

  /** Called before this module's memory is given back, and when onPlaced() has failed: must be harmless then, too. */
  protected onDisposed(): void {}

  /**
   * Chooses the masks of every dropout layer in this module: by a number of its own for each step, a resumed run drops what an
   * unbroken one would. Call it at once before eager code and before each run of a recording.
   * @param step whole number of 32 bits, such as the number of the step
   * @throws INVALID_ARGUMENT, also while the module is on no device
   */
  advanceDropout(step: number): void {
    expectWord('step of dropout', step);
    for (const module of this.modules()) module.onAdvance(step);
  }

  /** Called by advanceDropout(): the place to advance() a DropoutState of one's own. */
  protected onAdvance(_step: number): void {}

  /** Names that the module's state has in PyTorch and not here: counters of one whole number, written as 0 and not read. */
  protected get pytorchCounters(): readonly string[] {
    return [];
  }

  /**
   * The parameters and buffers by their full names, which are PyTorch's for the same tree of layers. Nothing is copied: numbers are
   * read from the device when they are asked for, and STALE_TENSOR is thrown if the module changes between two of them.
   *
   *     const bytes = encodeSafetensors(network.stateDict().values());
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   */
  stateDict(options: StateDictOptions = {}): StateDict {
    return readState(this.#state(), expectOptions('stateDict()', options, ['layout', 'prefix']));
  }

  /**
   * Fills the parameters and buffers with the tensors of a file or of a map, after all of them were checked: an error leaves the
   * module as it was. Layers know how their weights lie in PyTorch's files; its counters (num_batches_tracked) and the "module." of
   * DataParallel are known too. One tensor at a time is in memory.
   *
   *     await network.loadStateDict(await openPyTorch(source));
   *
   * @returns what was left out, with `strict: false`
   * @throws WEIGHTS_MISMATCH with the first differences; WEIGHTS_CORRUPT for numbers that are not finite; INVALID_ARGUMENT on no
   *   device, or for tensors whose layout nobody tells; and what reading throws
   */
  async loadStateDict(source: WeightFile | ReadonlyMap<string, LoadableTensor>, options: LoadStateDictOptions = {}): Promise<LoadedState> {
    expectOptions('loadStateDict()', options, ['layout', 'strict', 'prefix']);
    return loadState(this.#placedArena().gpu, this.#state(), source, options);
  }

  #placedArena(): ParameterArena {
    const arena = this.#root ? this.#root.#arena : null;
    if (!arena) throw notPlaced();
    return arena;
  }

  #state(): ModuleState {
    const counters = [...this.namedModules()].flatMap(([path, { pytorchCounters }]) =>
      pytorchCounters.map((name) => (path === '' ? name : `${path}.${name}`)),
    );
    return { tensors: new Map(this.namedTensors()), counters };
  }

  /**
   * Freezes or thaws every parameter: operations that run from now on track gradients for them or not; torch.nn.Module.requires_grad_.
   *
   * @throws INVALID_ARGUMENT while the module is on no device
   */
  setRequiresGrad(requires: boolean): void {
    for (const tensor of this.parameters()) tensor.requiresGrad = requires;
  }

  /**
   * Gives the memory back, of the modules in this one too; they can be placed anew, with new weights. Disposing twice is
   * harmless.
   * @throws INVALID_ARGUMENT for a module whose memory is that of a larger one
   */
  dispose(): void {
    if (!this.#root) return;
    if (this.#root !== this) {
      const [part, whole] = [this.constructor.name, this.#root.constructor.name];
      throw new ShadegradError('INVALID_ARGUMENT', `a ${part} is disposed whose memory belongs to the ${whole} that it is in`, {
        expected: 'the module on which to() was called',
        fix: 'dispose() that one',
      });
    }
    this.#release([...this.modules()]);
  }

  /** The dispose() of `using network = ...`, which ends the module with its block. */
  declare [Symbol.dispose]: () => void;

  static {
    makeDisposable(Module);
  }

  #release(modules: readonly Module[]): void {
    for (const module of modules) module.onDisposed();
    for (const module of this.modules()) {
      module.#root = null;
      module.#part = null;
    }
    for (const [, tensor] of this.namedTensors()) tensor.place(null);
    this.#arena?.dispose();
    this.#arena = null;
  }
}
