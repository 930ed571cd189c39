import { ONNX_FLOAT, type OnnxAttribute, type OnnxNode, type OnnxTensor } from '../../formats/onnx.js';
import type { Norm } from '../../models/defaults.js';
import type { LayerGraph, LayerModel, LayerTensors } from '../../models/layer-graph.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import type { NetworkTensor } from '../network/network-weights.js';
import { referenceShape, toReferenceLayout } from '../network/reference-layout.js';

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

const PADDING = 1;
/** Of an image's axes as ONNX has them, [batch, channels, height, width]. */
const CHANNEL_AXIS = 1;
const MOMENT_AXES = [0, 2, 3];

/** The operations of a network, dropout off. */
export function networkGraph<N>(
  network: N,
  model: LayerModel<N>,
  tensors: ReadonlyMap<string, NetworkTensor>,
  { input, output, ...options }: GraphOptions,
): NetworkGraph {
  const graph = new GraphBuilder(tensors, options);
  const result = model.addTo(graph, network, input);
  return { nodes: graph.nodes.map((node) => (node.output === result ? { ...node, output } : node)), tensors: graph.tensors };
}

/** Gathers nodes and the tensors they use. */
class GraphBuilder implements LayerGraph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly constants = new Set<string>();

  constructor(
    private readonly weights: ReadonlyMap<string, NetworkTensor>,
    private readonly options: Pick<GraphOptions, 'dtype' | 'statistics'>,
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

  relu(x: string): string {
    return this.node('Relu', [x]);
  }

  tanh(x: string): string {
    return this.node('Tanh', [x]);
  }

  joined(first: string, second: string): string {
    return this.node('Concat', [first, second], { axis: CHANNEL_AXIS });
  }

  conv(x: string, layer: LayerTensors, stride: number): string {
    return this.node('Conv', [x, ...this.convTensors(layer)], convAttributes(layer, stride));
  }

  convTranspose(x: string, layer: LayerTensors): string {
    return this.node('ConvTranspose', [x, ...this.convTensors(layer)], convAttributes(layer, 2));
  }

  resizeConv(x: string, layer: LayerTensors, mode: 'nearest' | 'bilinear'): string {
    const nearest = mode === 'nearest';
    const doubled = this.node('Resize', [x, '', this.list('doubled', [1, 1, 2, 2])], {
      mode: nearest ? 'nearest' : 'linear',
      coordinate_transformation_mode: nearest ? 'asymmetric' : 'half_pixel',
      ...(nearest && { nearest_mode: 'floor' }),
    });
    const margins = this.list('margins', [0, 0, PADDING, PADDING, 0, 0, PADDING, PADDING], true);
    const padded = this.node('Pad', [doubled, margins], { mode: 'reflect' });
    return this.node('Conv', [padded, ...this.convTensors(layer)], convAttributes(layer, 1, 0));
  }

  norm(x: string, channels: number, layer: LayerTensors | null, { norm, epsilon }: { norm: Norm; epsilon: number }): string {
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

  /** Numbers that an operation is told; made once. */
  private list(name: string, numbers: readonly number[], integers = false): string {
    const tensor = { name, shape: [numbers.length], read: () => Promise.resolve(Float32Array.from(numbers)) };
    if (!this.constants.has(name))
      this.tensors.push(integers ? { ...tensor, dtype: 'i64', integers: numbers } : { ...tensor, dtype: 'f32' });
    this.constants.add(name);
    return name;
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

function convAttributes(layer: LayerTensors, stride: number, padding = PADDING): Record<string, OnnxAttribute> {
  const [height, width] = layer.get('weight')!.shape as [number, number];
  return { kernel_shape: [height, width], strides: [stride, stride], pads: [padding, padding, padding, padding] };
}
