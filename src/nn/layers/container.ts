import { copy } from '../../autograd/ops.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../forward.js';
import { Module } from '../module.js';
import { refused } from '../options.js';

/**
 * Modules in a list, which name themselves by their places: "0", "1" ...; or with names of their own. Names that are whole numbers come
 * first and in their order, as JavaScript has the keys of objects.
 */
export type Named<M> = readonly M[] | Readonly<Record<string, M>>;

const hasForward = (module: Module): module is Layer =>
  module instanceof Module && 'forward' in module && typeof module.forward === 'function';
const namesOf = <M>(parts: Named<M>): [string, M][] => Object.entries(parts);

/**
 * A row of layers that run one after the other; torch.nn.Sequential.
 *
 *     new Sequential([new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3 }), new ReLU()])
 *     new Sequential({ conv: new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3 }), activation: new ReLU() })
 */
export class Sequential extends Module {
  readonly #layers: Layer[] = [];

  /**
   * Builds the row of its layers.
   *
   * @throws INVALID_ARGUMENT as child(), for names that are taken and modules that have a place already, and for a module without
   *   forward()
   */
  constructor(layers: Named<Layer> = []) {
    super();
    if (layers instanceof Module) {
      const single = `a single ${layers.constructor.name}`;
      throw refused('layers of a Sequential', 'a list or an object of layers, as in new Sequential([a, b])', single);
    }
    for (const [name, layer] of namesOf(layers)) this.add(layer, name);
  }

  /**
   * Appends a layer.
   *
   * @param name by default its place
   * @returns the layer
   * @throws INVALID_ARGUMENT as child(), for names that are taken and modules that have a place already
   */
  add<L extends Layer>(layer: L, name = String(this.#layers.length)): L {
    return this.child(name, layer);
  }

  /** Appends a layer under a name, as add(). @throws INVALID_ARGUMENT also for a module without forward() */
  override child<M extends Module>(name: string, layer: M): M {
    if (!hasForward(layer)) throw refused(`layer "${name}" of a Sequential`, 'a module with forward(x, options)', layer?.constructor.name);
    super.child(name, layer);
    this.#layers.push(layer);
    return layer;
  }

  /** The number of layers. */
  get length(): number {
    return this.#layers.length;
  }

  /** The layer at a place; from the end for numbers below 0. */
  at(place: number): Layer | undefined {
    return this.#layers.at(place);
  }

  /** The layers in their order. */
  [Symbol.iterator](): Iterator<Layer> {
    return this.#layers[Symbol.iterator]();
  }

  /**
   * Runs every layer on what the one before it made. @param options handed to all of them, `out` to the last
   * @throws what the layers throw
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    const last = this.#layers.at(-1);
    const result = this.#layers.reduce((each, layer) => layer.forward(each, layer === last ? { ...mode, out } : mode), x);
    // A layer of somebody's may know nothing of `out`.
    return !out || result === out ? result : copy(result, { out });
  }
}

/** A list of modules, under their numbers; torch.nn.ModuleList. For whoever runs them in a way of their own. */
export class ModuleList<M extends Module = Module> extends Module {
  readonly #list: M[] = [];

  /**
   * Builds the list of its modules.
   *
   * @throws INVALID_ARGUMENT as child(), for names that are taken and modules that have a place already
   */
  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.add(module);
  }

  /**
   * Appends a module.
   *
   * @returns the module
   * @throws INVALID_ARGUMENT as child(), for names that are taken and modules that have a place already
   */
  add<N extends M>(module: N): N {
    return this.child(String(this.#list.length), module);
  }

  /** Appends a module under a name, as add(). @throws INVALID_ARGUMENT */
  override child<N extends Module>(name: string, module: N): N {
    super.child(name, module);
    this.#list.push(module as Module as M);
    return module;
  }

  /** The number of modules. */
  get length(): number {
    return this.#list.length;
  }

  /** The module at a place; from the end for numbers below 0. */
  at(place: number): M | undefined {
    return this.#list.at(place);
  }

  /** The modules in their order. */
  [Symbol.iterator](): Iterator<M> {
    return this.#list[Symbol.iterator]();
  }
}

/** A set of modules under names; torch.nn.ModuleDict. For whoever runs them in a way of their own. */
export class ModuleDict extends Module {
  /**
   * Builds the set of its modules.
   *
   * @throws INVALID_ARGUMENT as child(), for names that are taken and modules that have a place already
   */
  constructor(modules: Readonly<Record<string, Module>> = {}) {
    super();
    for (const [name, module] of namesOf(modules)) this.child(name, module);
  }
}
