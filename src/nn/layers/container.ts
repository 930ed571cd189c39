import { copy } from '../../autograd/ops.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { ForwardOptions, Layer } from '../forward.js';
import { Module } from '../module.js';
import { refused } from '../options.js';

/** Modules in a list, which name themselves by their places: "0", "1" ...; or with names of their own. */
export type Named<M> = readonly M[] | Readonly<Record<string, M>>;

const hasForward = (module: Module): module is Layer => module instanceof Module && 'forward' in module && typeof module.forward === 'function';
const namesOf = <M>(parts: Named<M>): [string, M][] => Object.entries(parts);

/**
 * Layers that run one after the other, as torch.nn.Sequential:
 *
 *     new Sequential([new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3 }), new ReLU()])
 *     new Sequential({ conv: new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3 }), activation: new ReLU() })
 */
export class Sequential extends Module {
  private readonly layers: Layer[] = [];

  /** @throws INVALID_ARGUMENT as child() */
  constructor(layers: Named<Layer> = []) {
    super();
    for (const [name, layer] of namesOf(layers)) this.add(layer, name);
  }

  /**
   * Appends a layer. @param name by default its place
   * @returns the layer
   * @throws INVALID_ARGUMENT as child()
   */
  add<L extends Layer>(layer: L, name = String(this.layers.length)): L {
    return this.child(name, layer);
  }

  /** Appends a layer under a name, as add(). @throws INVALID_ARGUMENT also for a module without forward() */
  override child<M extends Module>(name: string, layer: M): M {
    if (!hasForward(layer)) throw refused(`layer "${name}" of a Sequential`, 'a module with forward(x, options)', layer?.constructor.name);
    super.child(name, layer);
    this.layers.push(layer);
    return layer;
  }

  /** Layers in it. */
  get length(): number {
    return this.layers.length;
  }

  /** The layer at a place; from the end for numbers below 0. */
  at(place: number): Layer | undefined {
    return this.layers.at(place);
  }

  /** The layers in their order. */
  [Symbol.iterator](): Iterator<Layer> {
    return this.layers[Symbol.iterator]();
  }

  /**
   * Runs every layer on what the one before it made. @param options handed to all of them, `out` to the last
   * @throws what the layers throw
   */
  forward(x: Tensor, { out, ...mode }: ForwardOptions = {}): Tensor {
    if (this.layers.length === 0) return out ? copy(x, { out }) : x;
    return this.layers.reduce((result, layer, place) => layer.forward(result, place === this.layers.length - 1 ? { ...mode, out } : mode), x);
  }
}

/** Modules under numbers, as torch.nn.ModuleList: for whoever runs them in a way of their own. */
export class ModuleList<M extends Module = Module> extends Module {
  private readonly list: M[] = [];

  /** @throws INVALID_ARGUMENT as child() */
  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.add(module);
  }

  /** Appends a module. @returns the module @throws INVALID_ARGUMENT as child() */
  add<N extends M>(module: N): N {
    this.child(String(this.list.length), module);
    this.list.push(module);
    return module;
  }

  /** Modules in it. */
  get length(): number {
    return this.list.length;
  }

  /** The module at a place; from the end for numbers below 0. */
  at(place: number): M | undefined {
    return this.list.at(place);
  }

  /** The modules in their order. */
  [Symbol.iterator](): Iterator<M> {
    return this.list[Symbol.iterator]();
  }
}

/** Modules under names, as torch.nn.ModuleDict: for whoever runs them in a way of their own. */
export class ModuleDict extends Module {
  /** @throws INVALID_ARGUMENT as child() */
  constructor(modules: Readonly<Record<string, Module>> = {}) {
    super();
    for (const [name, module] of namesOf(modules)) this.child(name, module);
  }
}
