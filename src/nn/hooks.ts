import { copy } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ForwardOptions, Layer } from './forward.js';
import type { Module } from './module.js';
import { refused } from './options.js';

/** What is done about each run of a layer; PyTorch's forward hooks. A tensor that one returns takes the place of the one it was given. */
export interface ForwardHooks {
  /** Called with what the layer takes, before it runs; torch.nn.Module.register_forward_pre_hook. */
  before?(this: void, x: Tensor, layer: Layer): Tensor | undefined;
  /** Called with what the layer has made, and what it made it of; torch.nn.Module.register_forward_hook. */
  after?(this: void, result: Tensor, x: Tensor, layer: Layer): Tensor | undefined;
}

/** The hooks of a layer in the order in which they came, and the forward() that it had of its own. */
interface Hooked {
  readonly hooks: Set<ForwardHooks>;
  readonly own: PropertyDescriptor | undefined;
}

const hooked = new WeakMap<Layer, Hooked>();

/**
 * Looks into a network, or changes what goes through it, while it runs as it is: hooks are called about each forward() of a layer. Inside
 * gpu.record() that is once, while it is recorded; gradients flow through what hooks put in.
 *
 *     const unhook = hookForward(network.at(3)!, { after: (features) => mul(features, mask) });
 *
 * @returns takes the hooks away; calling it twice is harmless
 * @throws INVALID_ARGUMENT for a module without forward(), and hooks of other names
 */
export function hookForward(layer: Layer, hooks: ForwardHooks): () => void {
  expectOptions('hookForward()', hooks, ['before', 'after']);
  if (typeof layer?.forward !== 'function') throw refused('layer of hookForward()', 'a module with forward(x, options)', layer);
  const entry = { ...hooks };
  (hooked.get(layer) ?? install(layer)).hooks.add(entry);
  return () => {
    const now = hooked.get(layer);
    if (now?.hooks.delete(entry) && now.hooks.size === 0) uninstall(layer, now);
  };
}

/** A forward() of its own stands before the one of the layer's class. */
function install(layer: Layer): Hooked {
  const own = Object.getOwnPropertyDescriptor(layer, 'forward');
  const forward = layer.forward.bind(layer);
  const entry: Hooked = { hooks: new Set(), own };
  const value = (x: Tensor, options: ForwardOptions = {}): Tensor => {
    const all = [...entry.hooks];
    const input = all.reduce((each, { before }) => before?.(each, layer) ?? each, x);
    const made = forward(input, options);
    const result = all.reduce((each, { after }) => after?.(each, input, layer) ?? each, made);
    // Whoever asked for the result in a place of its own reads it there.
    return options.out && result !== made ? copy(result, { out: options.out }) : result;
  };
  Object.defineProperty(layer, 'forward', { value, configurable: true, writable: true });
  hooked.set(layer, entry);
  return entry;
}

function uninstall(layer: Layer, { own }: Hooked): void {
  hooked.delete(layer);
  if (own) Object.defineProperty(layer, 'forward', own);
  else delete (layer as Partial<Layer>).forward;
}

/** What one layer made in a run of the network that it is in. */
export interface LayerOutput {
  /** The full name of the layer in the network, as in Module.namedModules(). */
  readonly name: string;
  /** The layer. */
  readonly layer: Layer;
  /** What it made. A layer that ran twice is there twice. */
  readonly output: Tensor;
}

/** Options of layerOutputs(): which layers. */
export interface LayerOutputsOptions {
  /** Whether a layer is wanted. Default: those that have no layers in them, such as convolutions and norms. */
  only?: (layer: Layer, name: string) => boolean;
}

/**
 * Runs a network and keeps what its layers make on the way, in the order in which they ran: feature maps. They live as long as tensors
 * made in `run` do, so that a scope around it keeps them.
 *
 *     const { result, layers } = gpu.scope(() => noGrad(() => layerOutputs(network, () => network.forward(x, { training: false }))));
 *
 * @param run runs the network, as often as it likes
 * @throws what it throws; the network is then as it was
 */
export function layerOutputs<Result>(
  network: Module,
  run: () => Result,
  options: LayerOutputsOptions = {},
): { result: Result; layers: LayerOutput[] } {
  const { only = isLeaf } = expectOptions('layerOutputs()', options, ['only']);
  const layers: LayerOutput[] = [];
  const unhook: (() => void)[] = [];
  try {
    for (const [name, module] of network.namedModules()) {
      const layer = module as Layer;
      if (typeof layer.forward !== 'function' || !only(layer, name)) continue;
      unhook.push(hookForward(layer, { after: (output) => void layers.push({ name, layer, output }) }));
    }
    return { result: run(), layers };
  } finally {
    for (const each of unhook) each();
  }
}

/** The first of its modules is itself. */
const isLeaf = (layer: Layer): boolean => [...layer.modules()].length === 1;
