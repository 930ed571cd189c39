import { ONNX_FLOAT, type OnnxAttribute, type OnnxNode, type OnnxTensor } from '../../formats/onnx.js';
import type { PatchGAN } from '../../models/patchgan.js';
import { UNet } from '../../models/unet.js';
import type { Norm } from '../../models/defaults.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import type { NetworkTensor } from '../network/network-weights.js';
import { referenceShape, toReferenceLayout } from '../network/reference-layout.js';
import { unetLevels, type LayerTensors, type LevelTensors } from '../tensorflow/unet-levels.js';

/** Which moments a batch norm takes: each image's own, those of all images together, or those gathered while training. */
export type OnnxStatistics = 'image' | 'batch' | 'running';

export interface GraphOptions {
  readonly input: string;
  readonly output: string;
  readonly dtype: 'f32' | 'f16';
  readonly statistics: OnnxStatistics;
}

export interface NetworkGraph {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/** What all norms of a network share. */
interface NormOptions {
  readonly norm: Norm;
  readonly epsilon: number;
}

const PADDING = 1;
/** Of an image's axes as ONNX has them, [batch, channels, height, width]. */
const CHANNEL_AXIS = 1;
const MOMENT_AXES = [0, 2, 3];

/** The operations of a network, dropout off. */
export function networkGraph(network: UNet | PatchGAN, tensors: ReadonlyMap<string, NetworkTensor>, options: GraphOptions): NetworkGraph {
  const graph = new GraphBuilder(tensors, options);
  if (network instanceof UNet) addUNet(graph, network, options);
  else addPatchGAN(graph, network, options);
  return graph;
}

function addUNet(graph: GraphBuilder, { options }: UNet, { input, output }: GraphOptions): void {
  const { encoder, decoder } = unetLevels(options);
  const { innermostNorm, slope } = options;
  const activated = options.skip === 'leaky';
  const innermost = encoder.length - 1;

  const encoded: string[] = [];
  encoder.forEach(({ conv, norm }, level) => {
    let x = encoded.at(-1) ?? input;
    if (level > 0 && !activated) x = graph.leakyRelu(x, slope);
    x = graph.conv(x, conv, 2);
    if (level > 0 && (level < innermost || innermostNorm)) x = graph.norm(x, channelsOut(conv), norm, options);
    encoded.push(activated ? graph.leakyRelu(x, slope) : x);
  });

  let decoded: string | null = null;
  for (let level = innermost; level >= 0; level--) {
    const { conv, norm } = decoder[level]!;
    let x = encoded[level]!;
    if (decoded !== null) x = graph.node('Concat', [x, decoded], { axis: CHANNEL_AXIS });
    if (!activated) x = graph.node('Relu', [x]);
    x = graph.convTranspose(x, conv);
    if (level > 0) x = graph.norm(x, channelsOutTransposed(conv), norm, options);
    decoded = level > 0 && activated ? graph.node('Relu', [x]) : x;
  }
  graph.node('Tanh', [decoded!], {}, output);
}

function addPatchGAN(graph: GraphBuilder, network: PatchGAN, { input, output }: GraphOptions): void {
  const levels = patchganLevels(network);
  const head = levels.length - 1;
  let x = input;
  levels.forEach(({ conv, norm }, level) => {
    x = graph.conv(x, conv, level < network.layers ? 2 : 1, level === head ? output : undefined);
    if (level === head) return;
    if (level > 0) x = graph.norm(x, channelsOut(conv), norm, network.options);
    x = graph.leakyRelu(x, network.options.slope);
  });
}

/** Tensors by layer, in the order of declaration, which is that of the forward pass. */
function patchganLevels(network: PatchGAN): LevelTensors[] {
  const layers = new Map<string, Map<string, { name: string; shape: Shape }>>();
  for (const [name, { shape }] of network.namedTensors()) {
    const dot = name.lastIndexOf('.');
    const tensors = layers.get(name.slice(0, dot)) ?? new Map<string, { name: string; shape: Shape }>();
    layers.set(name.slice(0, dot), tensors.set(name.slice(dot + 1), { name, shape }));
  }
  const levels: { conv: LayerTensors; norm: LayerTensors | null }[] = [];
  for (const tensors of layers.values()) {
    if (tensors.get('weight')!.shape.length === 4) levels.push({ conv: tensors, norm: null });
    else levels.at(-1)!.norm = tensors;
  }
  return levels;
}

/** Gathers nodes and the tensors they use. Methods return the name of the value they add. */
class GraphBuilder implements NetworkGraph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly constants = new Set<string>();

  constructor(
    private readonly weights: ReadonlyMap<string, NetworkTensor>,
    private readonly options: GraphOptions,
  ) {}

  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = `${this.nodes.length}.${operator}`,
  ): string {
    this.nodes.push({ operator, inputs, attributes, output });
    return output;
  }

  leakyRelu(x: string, slope: number): string {
    return this.node('LeakyRelu', [x], { alpha: { float: slope } });
  }

  conv(x: string, layer: LayerTensors, stride: number, output?: string): string {
    return this.node('Conv', [x, ...this.convTensors(layer)], convAttributes(layer, stride), output);
  }

  convTranspose(x: string, layer: LayerTensors): string {
    return this.node('ConvTranspose', [x, ...this.convTensors(layer)], convAttributes(layer, 2));
  }

  /** @param layer tensors of the norm; null where it has none, as instance norm */
  norm(x: string, channels: number, layer: LayerTensors | null, { norm, epsilon }: NormOptions): string {
    if (norm === 'none') return x;
    const attributes = { epsilon: { float: epsilon } };
    if (layer === null)
      return this.node('InstanceNormalization', [x, this.constant(1, [channels]), this.constant(0, [channels])], attributes);
    switch (this.options.statistics) {
      case 'image':
        return this.node('InstanceNormalization', [x, this.tensor(layer, 'weight'), this.tensor(layer, 'bias')], attributes);
      case 'running':
        return this.node(
          'BatchNormalization',
          [x, ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => this.tensor(layer, part))],
          attributes,
        );
      case 'batch':
        return this.batchNorm(x, channels, layer, epsilon);
    }
  }

  /** ONNX's batch norm in training mode also gives running statistics and few runtimes have it: so its parts. */
  private batchNorm(x: string, channels: number, layer: LayerTensors, epsilon: number): string {
    const moment = { axes: MOMENT_AXES, keepdims: 1 };
    const perChannel = [channels, 1, 1];
    const centred = this.node('Sub', [x, this.node('ReduceMean', [x], moment)]);
    const variance = this.node('ReduceMean', [this.node('Mul', [centred, centred])], moment);
    const deviation = this.node('Sqrt', [this.node('Add', [variance, this.constant(epsilon, [])])]);
    const scaled = this.node('Mul', [this.node('Div', [centred, deviation]), this.tensor(layer, 'weight', perChannel)]);
    return this.node('Add', [scaled, this.tensor(layer, 'bias', perChannel)]);
  }

  private convTensors(layer: LayerTensors): string[] {
    return layer.has('bias') ? [this.kernel(layer), this.tensor(layer, 'bias')] : [this.kernel(layer)];
  }

  /** A float16 kernel is cast where it is used, which a runtime does once, when it loads the model: all else is float32. */
  private kernel(layer: LayerTensors): string {
    const { name, shape } = layer.get('weight')!;
    const { dtype } = this.options;
    const tensor = this.weights.get(name)!;
    this.tensors.push({ name, shape: referenceShape(shape), dtype, read: async () => toReferenceLayout(await tensor.read(), shape) });
    return dtype === 'f16' ? this.node('Cast', [name], { to: ONNX_FLOAT }, `${name}.f32`) : name;
  }

  /** @param shape if it is to be another than its own */
  private tensor(layer: LayerTensors, part: string, shape?: Shape): string {
    const own = layer.get(part)!;
    const tensor = this.weights.get(own.name)!;
    this.tensors.push({ name: own.name, shape: shape ?? own.shape, dtype: 'f32', read: () => tensor.read() });
    return own.name;
  }

  /** One value all over; made once. */
  private constant(value: number, shape: Shape): string {
    const name = ['constant', value, ...shape].join('.');
    if (!this.constants.has(name))
      this.tensors.push({ name, shape, dtype: 'f32', read: () => Promise.resolve(new Float32Array(elementCount(shape)).fill(value)) });
    this.constants.add(name);
    return name;
  }
}

function convAttributes(layer: LayerTensors, stride: number): Record<string, OnnxAttribute> {
  const [height, width] = layer.get('weight')!.shape as [number, number];
  return { kernel_shape: [height, width], strides: [stride, stride], pads: [PADDING, PADDING, PADDING, PADDING] };
}

function channelsOut(conv: LayerTensors): number {
  return conv.get('weight')!.shape[3]!;
}

function channelsOutTransposed(conv: LayerTensors): number {
  return conv.get('weight')!.shape[2]!;
}
