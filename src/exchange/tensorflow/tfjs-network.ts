import { quote } from '../../formats/safetensors.js';
import type { TfjsLayersFile } from '../../formats/tfjs-layers.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { LayerTensors } from '../../models/layer-graph.js';
import { type UNetOptions, unetLevels } from '../../models/unet.js';
import { formatShape } from '../../tensor/shape.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { layerName, parseKerasGraph, type KerasGraph, type KerasOp } from './keras-graph.js';
import type { ImageSize, Statistics } from '../network-file.js';
import type { NetworkWeights } from '../network/network-weights.js';
import { inferWidth, notThisNetwork, NetworkFiller, swapInputHalves } from './unet-levels.js';

const BATCH_NORM = /^BatchNormalization(V[12])?$/;
/** Keras's own, for layers that do not say. */
const KERAS_EPSILON = 1e-3;
const KERAS_SLOPE = 0.3;
/** Decoder blocks with dropout, counted from the innermost. */
const DROPOUT_BLOCKS = 3;

/** The network of a model, and how the model itself runs it. */
export interface TfjsNetwork extends NetworkWeights {
  /** 'batch' where the model calls its norms with training=True, which predict() then does, too. */
  readonly statistics: Statistics;
  /** Images that the model is made for, where those are larger than the network needs. */
  readonly imageSize?: ImageSize;
}

/** What the model does at one level, found by following it. */
interface Level {
  readonly conv: KerasOp;
  readonly norm: KerasOp | null;
}

interface EncoderLevel extends Level {
  /** The leaky ReLU: goes to the next level and to the decoder. */
  readonly output: KerasOp;
}

interface DecoderLevel extends Level {
  readonly dropout: number;
  /** What is concatenated with the result of the level below, before this one; null innermost. */
  readonly skip: KerasOp | null;
  /** Whether the skip connection comes first of the two, as in this library; second in the tutorial. */
  readonly skipFirst: boolean;
}

/** The parts of a U-Net, outermost level first. */
interface KerasUNet {
  readonly input: KerasOp;
  readonly encoder: readonly EncoderLevel[];
  readonly decoder: readonly DecoderLevel[];
}

function isTfjsLayers(file: WeightFile): file is TfjsLayersFile {
  return file.format === 'tfjs-layers' && 'topology' in file;
}

/**
 * The generator in a TensorFlow.js layers model: the U-Net of TensorFlow's pix2pix tutorial, of any width and depth.
 * The model's graph is followed from its output to its input; names of layers only lead from a layer to its weights.
 * The model's predict() is this network with its `statistics`, and model(x, { training: true }) the same with 'batch'.
 *
 * @throws WEIGHTS_UNSUPPORTED for what is no such network, with the first layer that says so; WEIGHTS_CORRUPT
 */
export function tfjsNetwork(file: WeightFile): TfjsNetwork {
  const label = file.name;
  if (!isTfjsLayers(file))
    throw new ShadegradError('INVALID_ARGUMENT', `${label} as a TensorFlow.js layers model`, {
      expected: 'a file from openTfjsLayers()',
      received: file.format,
      fix: 'open it with openTfjsLayers()',
    });
  const graph = parseKerasGraph(file.topology, label);
  const unet = followUNet(graph, label);
  const { input, encoder, decoder } = unet;
  const weights = new LayerWeights(file);

  const kernels = encoder.map(({ conv }) => weights.take(conv, 'kernel'));
  const outermost = weights.take(decoder[0]!.conv, 'kernel');
  for (const kernel of [...kernels, outermost]) {
    if (kernel.shape.length !== 4 || kernel.shape[2]! < 1)
      throw notThisNetwork(label, `shape of ${quote(kernel.name)}`, 'a kernel of four axes', formatShape(kernel.shape));
  }
  const ngf = inferWidth(
    label,
    kernels.map(({ shape }) => shape[3]!),
    (level) => layerName(encoder[level]!.conv),
  );
  const biased = encoder.some(({ conv }) => usesBias(conv)) || decoder.slice(1).some(({ conv }) => usesBias(conv));
  const options: UNetOptions = {
    size: 2 ** encoder.length,
    inChannels: kernels[0]!.shape[2]!,
    outChannels: outermost.shape[2]!,
    ngf,
    dropout: dropoutRate(decoder, label),
    norm: 'batch',
    bias: biased ? 'everywhere' : 'ends',
    epsilon: common(
      'epsilon',
      [...decoder, ...encoder].flatMap(({ norm }) => norm ?? []),
      (norm) => norm.config.epsilon ?? KERAS_EPSILON,
      label,
    ),
    slope: common(
      'slope',
      encoder.map(({ output }) => output),
      slopeOf,
      label,
    ),
    innermostNorm: encoder.at(-1)!.norm !== null,
    skip: 'leaky',
  };

  const levels = unetLevels(options);
  const filler = new NetworkFiller(label, options);
  encoder.forEach(({ conv, norm }, level) => {
    filler.fill(levels.encoder[level]!.conv, 'weight', kernels[level]!);
    filler.fill(levels.encoder[level]!.conv, 'bias', usesBias(conv) ? weights.take(conv, 'bias') : null);
    fillNorm(filler, levels.encoder[level]!.norm, norm, weights);
  });
  decoder.forEach(({ conv, norm, skip, skipFirst }, level) => {
    const kernel = level === 0 ? outermost : weights.take(conv, 'kernel');
    filler.fill(levels.decoder[level]!.conv, 'weight', skip && !skipFirst ? swapInputHalves(kernel) : kernel);
    filler.fill(levels.decoder[level]!.conv, 'bias', usesBias(conv) ? weights.take(conv, 'bias') : null);
    fillNorm(filler, levels.decoder[level]!.norm, norm, weights);
  });
  weights.expectAllTaken();
  const norms = [...encoder, ...decoder].flatMap(({ norm }) => norm ?? []);
  const larger = largerImages(input, encoder.length, label);
  return { ...filler.weights(), statistics: statisticsOf(norms, label), ...(larger && { imageSize: larger }) };
}

/** What the norms take when the model predicts. @throws WEIGHTS_UNSUPPORTED where some take this and others that */
function statisticsOf(norms: readonly KerasOp[], label: string): Statistics {
  const [first] = norms;
  const batch = first?.training === true;
  const other = norms.find(({ training }) => (training === true) !== batch);
  if (!other) return batch ? 'batch' : 'running';
  const called = (training: boolean): string => (training ? 'training=True: statistics of the image' : 'statistics of the training');
  throw notThisNetwork(label, `batch norm ${layerName(other)}`, `${called(batch)}, as in ${layerName(first!)}`, called(!batch));
}

function fillNorm(filler: NetworkFiller, layer: LayerTensors | null, norm: KerasOp | null, weights: LayerWeights): void {
  if (!layer || !norm) return;
  filler.fill(layer, 'weight', norm.config.scale === false ? null : weights.take(norm, 'gamma'), 1);
  filler.fill(layer, 'bias', norm.config.center === false ? null : weights.take(norm, 'beta'), 0);
  filler.fill(layer, 'running_mean', weights.take(norm, 'moving_mean'));
  filler.fill(layer, 'running_var', weights.take(norm, 'moving_variance'));
}

const usesBias = (conv: KerasOp): boolean => conv.config.use_bias !== false;
const slopeOf = ({ config }: KerasOp): unknown => config.alpha ?? config.negative_slope ?? KERAS_SLOPE;

/** The weights of a file by layer. */
class LayerWeights {
  private readonly left: Map<string, StoredTensor>;
  private readonly byPart = new Map<string, { readonly folders: ReadonlySet<string>; readonly tensor: StoredTensor }[]>();

  constructor(private readonly file: WeightFile) {
    this.left = new Map(file.tensors);
    for (const [name, tensor] of file.tensors) {
      const folders = name.split('/');
      const part = folders.pop()!;
      const others = this.byPart.get(part) ?? [];
      others.push({ folders: new Set(folders), tensor });
      this.byPart.set(part, others);
    }
  }

  /** "conv2d/kernel" of Keras 2 and TensorFlow.js, "sequential/conv2d/kernel" of Keras 3, and what else has the layer in its path. */
  take(op: KerasOp, part: string): StoredTensor {
    const own = op.path.at(-1)!;
    let found = (this.byPart.get(part) ?? []).filter(({ folders }) => folders.has(own));
    if (found.length > 1) found = found.filter(({ folders }) => op.path.every((name) => folders.has(name)));
    const tensor = found.length === 1 ? found[0]!.tensor : undefined;
    if (!tensor || !this.left.delete(tensor.name)) {
      throw notThisNetwork(
        this.file.name,
        `${part} of ${layerName(op)}`,
        'one weight of that name',
        tensor ? 'another layer has it' : `${found.length} of them`,
      );
    }
    return checkedTensor(tensor, this.file.name);
  }

  expectAllTaken(): void {
    for (const [name, { shape }] of this.left)
      throw notThisNetwork(this.file.name, `weight ${quote(name)}`, 'only the weights of the U-Net', formatShape(shape));
  }
}

/** Follows a model from its output to its input. @throws WEIGHTS_UNSUPPORTED at the first layer that is not the U-Net's */
function followUNet({ output, all }: KerasGraph, label: string): KerasUNet {
  const visited = new Set<KerasOp>();
  const expect = (op: KerasOp, expected: string, right: boolean, received = op.kind): void => {
    if (!right) throw notThisNetwork(label, layerName(op), expected, quote(received));
    visited.add(op);
  };
  const inputOf = (op: KerasOp): KerasOp => {
    expect(op, 'a layer with one input', op.inputs.length === 1, `${op.inputs.length} inputs`);
    return op.inputs[0]!;
  };
  const isActivation = ({ kind, config }: KerasOp, name: string): boolean => kind === 'Activation' && activationOf(config) === name;
  const takeNorm = (op: KerasOp): KerasOp | null => {
    if (!BATCH_NORM.test(op.kind)) return null;
    const { axis = -1 } = op.config;
    const axes = Array.isArray(axis) ? (axis as unknown[]) : [axis];
    expect(op, 'batch norm over the channels', axes.length === 1 && (axes[0] === -1 || axes[0] === 3), `axis ${JSON.stringify(axis)}`);
    return op;
  };
  const takeConv = (op: KerasOp, kind: string, activation: string): KerasOp => {
    expect(op, kind, op.kind === kind);
    const wrong = convDifference(op.config, activation);
    expect(op, wrong?.expected ?? '', wrong === null, wrong?.received);
    return op;
  };

  const decoder: DecoderLevel[] = [];
  const separate = isActivation(output, 'tanh');
  visited.add(output);
  let conv = takeConv(separate ? inputOf(output) : output, 'Conv2DTranspose', separate ? 'linear' : 'tanh');
  let norm: KerasOp | null = null;
  let dropout = 0;
  let below = inputOf(conv);
  while (below.kind === 'Concatenate') {
    const { axis = -1 } = below.config;
    expect(
      below,
      'two inputs joined by their channels',
      below.inputs.length === 2 && (axis === -1 || axis === 3),
      `${below.inputs.length} inputs, axis ${JSON.stringify(axis)}`,
    );
    const skipFirst = below.inputs[0]!.kind === 'LeakyReLU';
    const [skip, decoded] = (skipFirst ? below.inputs : [...below.inputs].reverse()) as [KerasOp, KerasOp];
    decoder.push({ conv, norm, dropout, skip, skipFirst });
    expect(decoded, 'ReLU', isRelu(decoded));
    let op = inputOf(decoded);
    dropout = 0;
    if (op.kind === 'Dropout') {
      dropout = op.training === false ? 0 : (op.config.rate as number);
      expect(op, 'a dropout rate from 0 to below 1', typeof dropout === 'number' && dropout >= 0 && dropout < 1, JSON.stringify(dropout));
      op = inputOf(op);
    }
    norm = takeNorm(op);
    expect(op, 'batch norm after a transposed convolution', norm !== null);
    conv = takeConv(inputOf(op), 'Conv2DTranspose', 'linear');
    below = inputOf(conv);
  }
  decoder.push({ conv, norm, dropout, skip: null, skipFirst: false });

  const encoder: EncoderLevel[] = [];
  while (below.kind !== 'InputLayer') {
    const leaky = below;
    expect(leaky, 'leaky ReLU', leaky.kind === 'LeakyReLU');
    let op = inputOf(leaky);
    const encoderNorm = takeNorm(op);
    if (encoderNorm) op = inputOf(op);
    encoder.unshift({ conv: takeConv(op, 'Conv2D', 'linear'), norm: encoderNorm, output: leaky });
    below = inputOf(op);
  }
  visited.add(below);

  if (encoder.length !== decoder.length)
    throw notThisNetwork(label, 'levels of the model', `${encoder.length} in the decoder, as in the encoder`, String(decoder.length));
  decoder.forEach(({ conv: up, skip }, level) => {
    if (skip && skip !== encoder[level]!.output)
      throw notThisNetwork(label, `skip connection before ${layerName(up)}`, layerName(encoder[level]!.output), layerName(skip));
  });
  encoder.forEach(({ conv: down, norm: own }, level) => {
    const innermost = level === encoder.length - 1;
    if (level === 0 ? own !== null : own === null && !innermost)
      throw notThisNetwork(label, `batch norm after ${layerName(down)}`, level === 0 ? 'none' : 'batch norm', own ? 'batch norm' : 'none');
  });
  const stray = all.find((op) => !visited.has(op));
  if (stray) throw notThisNetwork(label, layerName(stray), 'only the layers of the U-Net', quote(stray.kind));
  return { input: below, encoder, decoder };
}

function isRelu({ kind, config }: KerasOp): boolean {
  if (kind === 'Activation') return activationOf(config) === 'relu';
  return kind === 'ReLU' && (config.max_value ?? null) === null && !config.negative_slope && !config.threshold;
}

/** An activation's name; Keras 3 may write it as an object. */
function activationOf({ activation }: Readonly<Record<string, unknown>>): unknown {
  return activation ?? 'linear';
}

/** What a convolution has that the U-Net's have not; null if nothing. */
function convDifference(config: Readonly<Record<string, unknown>>, activation: string): { expected: string; received: string } | null {
  const pair = (value: unknown): string => JSON.stringify(Array.isArray(value) ? value : [value, value]);
  const differences: [string, unknown, unknown][] = [
    ['kernel_size', '[4,4]', pair(config.kernel_size)],
    ['strides', '[2,2]', pair(config.strides)],
    ['dilation_rate', '[1,1]', pair(config.dilation_rate ?? 1)],
    ['padding', 'same', config.padding],
    ['output_padding', null, config.output_padding ?? null],
    ['groups', 1, config.groups ?? 1],
    ['data_format', 'channels_last', config.data_format ?? 'channels_last'],
    ['activation', activation, activationOf(config)],
  ];
  const wrong = differences.find(([, expected, received]) => received !== expected);
  return wrong ? { expected: `${wrong[0]} ${String(wrong[1])}`, received: `${wrong[0]} ${JSON.stringify(wrong[2])}` } : null;
}

/** The size that the model says its images have, if it is a larger one than leaves one pixel innermost; null where it is that or any. */
function largerImages(input: KerasOp, levels: number, label: string): [width: number, height: number] | null {
  const shape = input.config.batch_input_shape ?? input.config.batch_shape;
  const size = 2 ** levels;
  const [, height, width] = Array.isArray(shape) ? (shape as unknown[]) : [];
  const sides = [width, height];
  if (sides.every((side) => side === null || side === size)) return null;
  const isMultiple = (side: unknown): side is number => Number.isSafeInteger(side) && (side as number) > 0 && (side as number) % size === 0;
  if (sides.every(isMultiple)) return [sides[0]!, sides[1]!];
  throw notThisNetwork(label, layerName(input), `images whose sides are multiples of ${size} pixels, for ${levels} levels`, quote(shape));
}

/** @returns the rate in the three innermost blocks, if no other has dropout, or 0 if none has */
function dropoutRate(decoder: readonly DecoderLevel[], label: string): number {
  const rates = decoder.map(({ dropout }) => dropout);
  const rate = rates.at(-1)!;
  rates.forEach((each, level) => {
    const expected = level >= rates.length - DROPOUT_BLOCKS ? rate : 0;
    if (each !== expected)
      throw notThisNetwork(
        label,
        `dropout after ${layerName(decoder[level]!.conv)}`,
        `${expected}: one rate in the ${DROPOUT_BLOCKS} innermost levels, none elsewhere`,
        String(each),
      );
  });
  return rate;
}

/** A number that all layers share. */
function common(what: string, ops: readonly KerasOp[], read: (op: KerasOp) => unknown, label: string): number {
  const value = read(ops[0]!);
  for (const op of ops) {
    const own = read(op);
    const right = typeof own === 'number' && own >= 0 && own <= 1 && own === value && (what !== 'epsilon' || own > 0);
    if (!right) throw notThisNetwork(label, `${what} of ${layerName(op)}`, `one ${what} in all layers, from 0 to 1`, quote(own));
  }
  return value as number;
}
