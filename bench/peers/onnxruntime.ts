import { elementCount, type Shape } from '../../src/tensor/shape.js';
import {
  convOperands,
  gemmOperands,
  networkImages,
  networkParameters,
  type ConvCase,
  type GemmCase,
  type NetworkCase,
  type PeerCase,
} from './cases.js';
import { unetForward, type NetworkOps } from './networks.js';
import { OnnxGraph } from './onnx-model.js';
import { permute, peerRequire, TO_NCHW, TO_NHWC, TO_OIHW, type Peer, type Prepared } from './peer.js';

/** A model with one input and one output, NCHW; its result is put back into NHWC. */
interface OnnxProgram {
  readonly model: Uint8Array;
  readonly input: Float32Array;
  readonly inputShape: readonly number[];
  /** Null: as it comes. */
  readonly outputShape: readonly number[] | null;
}

const channelsFirst = ([batch, height, width, channels]: Shape): number[] => [batch!, channels!, height!, width!];
const CONV = { kernel_shape: { ints: [4, 4] }, pads: { ints: [1, 1, 1, 1] } };
const conv = (stride: number) => ({ ...CONV, strides: { ints: [stride, stride] } });
/** Weights are constants of the model, as in deployment, so that the provider may lay them out as it likes. */
const addWeight = (graph: OnnxGraph, name: string, shape: Shape, data: Float32Array): string =>
  shape.length === 4
    ? graph.weight(
        name,
        TO_OIHW.map((axis) => shape[axis]!),
        permute(data, shape, TO_OIHW),
      )
    : graph.weight(name, shape, data);

function convProgram(peerCase: ConvCase): OnnxProgram {
  const { layer, pass } = peerCase;
  const { x, w, dy } = convOperands(peerCase);
  const [from, to, data] = pass === 'convolve' ? [layer.input, layer.output, x] : [layer.output, layer.input, dy];
  const graph = new OnnxGraph();
  graph.node(
    pass === 'convolve' ? 'Conv' : 'ConvTranspose',
    [graph.input('x', channelsFirst(from)), addWeight(graph, 'w', layer.weight, w)],
    conv(layer.geometry.stride[0]),
    'y',
  );
  graph.output('y', channelsFirst(to));
  return { model: graph.encode(), input: permute(data, from, TO_NCHW), inputShape: channelsFirst(from), outputShape: channelsFirst(to) };
}

function gemmProgram(peerCase: GemmCase): OnnxProgram {
  const { side } = peerCase;
  const { a, b } = gemmOperands(peerCase);
  const graph = new OnnxGraph();
  graph.node('MatMul', [graph.input('x', [side, side]), graph.weight('b', [side, side], b)], {}, 'y');
  graph.output('y', [side, side]);
  return { model: graph.encode(), input: a, inputShape: [side, side], outputShape: null };
}

function generatorProgram(peerCase: NetworkCase): OnnxProgram {
  const graph = new OnnxGraph();
  for (const [name, { shape, data }] of networkParameters('G', peerCase)) addWeight(graph, name, shape, data);
  const withBias = (x: string, name: string, bias: boolean): string[] => [x, `${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
  const ops: NetworkOps<string> = {
    convolve: (x, name, stride, bias) => graph.node('Conv', withBias(x, name, bias), conv(stride)),
    convolveTransposed: (x, name, bias) => graph.node('ConvTranspose', withBias(x, name, bias), conv(2)),
    // At batch 1 the statistics of the batch are those of the instance.
    norm: (x, name) => graph.node('InstanceNormalization', [x, `${name}.weight`, `${name}.bias`], { epsilon: { float: 1e-5 } }),
    leakyRelu: (x) => graph.node('LeakyRelu', [x], { alpha: { float: 0.2 } }),
    relu: (x) => graph.node('Relu', [x]),
    tanh: (x) => graph.node('Tanh', [x], {}, 'y'),
    concat: (a, b) => graph.node('Concat', [a, b], { axis: { int: 1 } }),
  };
  const { size } = peerCase;
  const shape = [1, 3, size, size];
  unetForward(ops, graph.input('x', shape), size);
  graph.output('y', shape);
  return {
    model: graph.encode(),
    input: permute(networkImages(peerCase).source, [1, size, size, 3], TO_NCHW),
    inputShape: shape,
    outputShape: shape,
  };
}

function programOf(peerCase: PeerCase): OnnxProgram | null {
  if (peerCase.kind === 'gemm') return gemmProgram(peerCase);
  if (peerCase.kind === 'generator') return generatorProgram(peerCase);
  return peerCase.kind === 'conv' && peerCase.pass !== 'weight' ? convProgram(peerCase) : null;
}

/**
 * onnxruntime-node with its WebGPU provider, which brings a Dawn of its own: its polling is not ours to slow down.
 * Each run uploads the input and reads the output back; the weights stay on the device.
 */
export async function openOnnxRuntime(): Promise<Peer> {
  const ort = peerRequire()('onnxruntime-node');
  return {
    async prepare(peerCase): Promise<Prepared | null> {
      const program = programOf(peerCase);
      if (!program) return null;
      const session = await ort.InferenceSession.create(program.model, { executionProviders: ['webgpu'], logSeverityLevel: 3 });
      const feeds = { x: new ort.Tensor('float32', program.input, program.inputShape) };
      const once = async (): Promise<Float32Array> => (await session.run(feeds)).y.data;
      return {
        async run(times) {
          for (let time = 0; time < times; time++) await once();
        },
        async result() {
          const data = await once();
          const shape = program.outputShape;
          return shape && data.length === elementCount(shape) ? permute(data, shape, TO_NHWC) : data;
        },
        dispose: () => session.release(),
      };
    },
  };
}
