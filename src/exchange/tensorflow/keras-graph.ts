import { isObject, quote } from '../../formats/safetensors.js';
import { ShadegradError } from '../../errors.js';

/** One use of a Keras layer in a model, with the models inside the model taken apart. */
export interface KerasOp {
  /** Its class, such as "Conv2D". */
  readonly kind: string;
  /** Names of the models it is in, and its own; the outermost model is left out. */
  readonly path: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly KerasOp[];
  /** What the model calls it with, whether or not the model itself trains; undefined where it runs as the model does. */
  readonly training: boolean | undefined;
}

export interface KerasGraph {
  readonly output: KerasOp;
  /** Every use of every layer, whether or not the output depends on it. */
  readonly all: readonly KerasOp[];
}

/** The tutorial's U-Net of 256 pixels has 31 layers. */
const MAX_LAYERS = 2000;
/** Layers without weights, which models use again and again. */
const REUSABLE = new Set(['Concatenate', 'Activation', 'ReLU', 'LeakyReLU', 'Dropout']);

/** A layer of the model as the file lists it. */
interface Layer {
  readonly name: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly uses: readonly Use[];
}

/** One call of a layer. */
interface Use {
  /** The layers whose results go in, each with the number of its own use. */
  readonly inputs: readonly Reference[];
  readonly training: boolean | undefined;
}

interface Reference {
  readonly name: string;
  readonly use: number;
}

/** How a layer is called in messages. */
export const layerName = ({ path }: Pick<KerasOp, 'path'>): string => `layer ${quote(path.join('/'))}`;

function corrupt(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${label}: ${what}`, {
    expected,
    received,
    fix: 'export the Keras model again: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model',
  });
}

function unsupported(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, {
    expected,
    received,
    fix: "name a model of the U-Net of TensorFlow's pix2pix tutorial: others cannot be read from such files",
  });
}

/**
 * The graph of a functional Keras model from its JSON, as Keras 2, Keras 3 and TensorFlow.js write it, with each
 * Sequential inside it replaced by its layers. One input, one output.
 *
 * @param topology `modelTopology`, untrusted
 * @throws WEIGHTS_CORRUPT for what is no such JSON, WEIGHTS_UNSUPPORTED for models of other kinds
 */
export function parseKerasGraph(topology: unknown, label: string): KerasGraph {
  const root = isObject(topology) && isObject(topology.model_config) ? topology.model_config : topology;
  if (!isObject(root) || !isObject(root.config))
    throw corrupt(label, 'modelTopology', 'a Keras model: an object with class_name and config', quote(root));
  if (root.class_name !== 'Functional' && root.class_name !== 'Model')
    throw unsupported(label, 'the model', 'a functional model', quote(root.class_name));
  const { config } = root;
  const layers = new Map<string, Layer>();
  for (const entry of list(config.layers, 'layers', label)) {
    const layer = parseLayer(entry, label);
    if (layers.has(layer.name)) throw corrupt(label, `layer ${quote(layer.name)}`, 'each name once', 'it is there twice');
    layers.set(layer.name, layer);
    if (layers.size > MAX_LAYERS) throw unsupported(label, 'the model', `at most ${MAX_LAYERS} layers`, 'more');
  }

  const made = new Map<string, KerasOp | 'in the making'>();
  const all: KerasOp[] = [];
  const make = (op: KerasOp): KerasOp => {
    all.push(op);
    return op;
  };
  const resolve = ({ name, use }: Reference): KerasOp => {
    const layer = layers.get(name);
    if (!layer) throw corrupt(label, 'the input of a layer', 'a layer of the model', quote(name));
    // A model inside the model counts its uses from 1, and by some writers from 0: with a single use there is no doubt.
    const number = layer.uses.length === 1 ? 0 : use;
    const called = layer.uses[number];
    if (!called) throw corrupt(label, `use ${use} of layer ${quote(name)}`, `one of ${layer.uses.length}`, 'there is no such use');
    const key = `${number} ${name}`;
    const known = made.get(key);
    if (known === 'in the making') throw corrupt(label, `layer ${quote(name)}`, 'a model without loops', 'its result goes into itself');
    if (known) return known;
    made.set(key, 'in the making');
    const op = expand(layer, called.inputs.map(resolve), called.training);
    made.set(key, op);
    return op;
  };
  const expand = ({ name, kind, config: own }: Layer, inputs: readonly KerasOp[], training: boolean | undefined): KerasOp => {
    if (kind !== 'Sequential') return make({ kind, path: [name], config: own, inputs, training });
    if (inputs.length !== 1) throw corrupt(label, `inputs of layer ${quote(name)}`, 'one', String(inputs.length));
    let last = inputs[0]!;
    for (const entry of list(own.layers, `layers of ${quote(name)}`, label)) {
      const inner = parseLayer(entry, label);
      if (inner.kind !== 'InputLayer') {
        last = make({ kind: inner.kind, path: [name, inner.name], config: inner.config, inputs: [last], training });
      }
      if (all.length > MAX_LAYERS) throw unsupported(label, 'the model', `at most ${MAX_LAYERS} layers`, 'more');
    }
    return last;
  };

  for (const [name, layer] of layers) {
    if (layer.uses.length !== 1 && !REUSABLE.has(layer.kind))
      throw unsupported(label, `layer ${quote(name)}`, 'used once', `used ${layer.uses.length} times`);
    layer.uses.forEach((_, use) => resolve({ name, use }));
  }
  const [output, second] = references(config.output_layers, 'output_layers', label);
  if (!output || second) throw unsupported(label, 'outputs of the model', 'one', second ? 'several' : 'none');
  return { output: resolve(output), all };
}

function list(value: unknown, what: string, label: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw corrupt(label, what, 'a list', quote(value));
}

function parseLayer(entry: unknown, label: string): Layer {
  if (!isObject(entry) || typeof entry.class_name !== 'string' || !isObject(entry.config))
    throw corrupt(label, 'a layer', 'an object with class_name and config', quote(entry));
  const { class_name: kind, config } = entry;
  const name = entry.name ?? config.name;
  if (typeof name !== 'string') throw corrupt(label, `a layer of class ${quote(kind)}`, 'a name', quote(name));
  const nodes = list(entry.inbound_nodes ?? [], `inbound_nodes of layer ${quote(name)}`, label);
  // The input has no node, and is there once.
  const once = kind === 'InputLayer' && nodes.length === 0;
  const uses = once ? [{ inputs: [], training: undefined }] : nodes.map((node) => parseNode(node, name, label));
  return { name, kind, config, uses };
}

/** One use: in Keras 2 a list of [layer, use, tensor, arguments], in Keras 3 the arguments with tensors among them. */
function parseNode(node: unknown, name: string, label: string): Use {
  const what = `inbound_nodes of layer ${quote(name)}`;
  if (Array.isArray(node)) {
    const items = node as unknown[];
    // Keras 3 leaves out the outer list where there is a single tensor.
    const calls = typeof items[0] === 'string' ? [items] : items;
    const training = calls.map((each) => trainingOf(Array.isArray(each) ? each[3] : null)).find((each) => each !== undefined);
    return { inputs: references(items, what, label), training };
  }
  if (!isObject(node)) throw corrupt(label, what, 'a list, or an object with args', quote(node));
  const args = list(node.args, what, label);
  // A layer of several inputs takes a list of them as its one argument.
  const tensors = args.length === 1 && Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const inputs = tensors.map((tensor) => {
    const history = isObject(tensor) && isObject(tensor.config) ? tensor.config.keras_history : undefined;
    return reference(history, what, label);
  });
  return { inputs, training: trainingOf(node.kwargs) };
}

/** The argument `training` of a call; some programs write it as a number. */
function trainingOf(given: unknown): boolean | undefined {
  const training = isObject(given) ? given.training : undefined;
  return typeof training === 'boolean' || training === 0 || training === 1 ? Boolean(training) : undefined;
}

function references(value: unknown, what: string, label: string): Reference[] {
  const items = list(value, what, label);
  // Keras 3 leaves out the outer list where there is a single tensor.
  return (typeof items[0] === 'string' ? [items] : items).map((item) => reference(item, what, label));
}

function reference(value: unknown, what: string, label: string): Reference {
  const [name, use] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof name === 'string' && Number.isSafeInteger(use)) return { name, use: use as number };
  throw corrupt(label, what, 'the name of a layer and the number of its use', quote(value));
}
