import { withArticle } from '../../checks.js';
import { encodeOnnx, type OnnxFiles, type OnnxModel, type OnnxValue } from '../../formats/onnx.js';
import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { ModelValue } from '../../models/layer-graph.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import { LIBRARY_VERSION } from '../../version.js';
import type { Network, NetworkArchitecture } from '../../models/kind.js';
import { buildNetwork, NETWORKS, networkKind } from '../../models/registry.js';
import type { NetworkWeights } from '../network/network-weights.js';
import { networkGraph, type OnnxStatistics } from './network-graph.js';

/** Options of exportOnnx(): how many images the model takes, what its norms use, and how its weights are stored. */
export interface OnnxOptions {
  /** Images that the model takes at a time: a fixed number, or as many as come. Default 'dynamic'. */
  batch?: 'dynamic' | number;
  /**
   * How convolution kernels are stored. 'f16' halves the file; the model casts them when it is loaded and computes in
   * float32, so that it runs on every provider and differs by the rounding of the weights alone. Default 'f32'.
   */
  dtype?: 'f32' | 'f16';
  /**
   * Moments that batch norms use. 'image': each image's own, so that a batch gives what its images give one by one, which is
   * what pix2pix does at test time. 'batch': of all images of a batch together, as UNet.forward() of a whole batch.
   * 'running': those gathered while training. Default 'image'.
   */
  statistics?: OnnxStatistics;
  /** Puts the weights into a file of their own, beside the model and of this name. Without it a model ends at 2 GiB. */
  external?: { readonly fileName: string };
}

/** The first operators with all that is needed in one version; ONNX Runtime 1.12 and later run it. */
const OPSET = 17;
const INPUT = 'input';
const OUTPUT = 'output';

/** Whether exportOnnx() has the operations of a kind of network; others are exported by tracing, on a device. */
export const hasOnnxGraph = ({ kind }: NetworkArchitecture): boolean => networkKind(kind).layerModel !== undefined;

/**
 * Exports a network as an ONNX model, dropout off. Images are [batch, channels, height, width] (NCHW), float32, in [-1, 1]. A generator
 * takes "input" of its own size and gives "output" of the same; a discriminator takes the condition's channels and then the image's, of
 * any size, and gives logits. Tensors have the names of Module.namedTensors().
 *
 * The files come a tensor at a time: memory stays at about three times the largest tensor.
 *
 * @throws INVALID_ARGUMENT for impossible options, WEIGHTS_UNSUPPORTED for another network than a U-Net or a PatchGAN, WEIGHTS_MISMATCH
 *   for weights that are not the architecture's; while writing WEIGHTS_UNSUPPORTED for a weight that float16 does not reach, and what
 *   reading the tensors throws
 */
export function exportOnnx(weights: NetworkWeights, options: OnnxOptions = {}): OnnxFiles {
  const { batch = 'dynamic', dtype = 'f32', statistics = 'image', external } = options;
  if (batch !== 'dynamic' && !(Number.isSafeInteger(batch) && batch >= 1)) {
    throw refused('batch', '"dynamic", or a whole number of at least 1', batch, 'leave batch out to take as many images as come');
  }
  if (dtype !== 'f32' && dtype !== 'f16') throw refused('dtype', 'f32 or f16', dtype, "leave dtype out for 'f32'");
  if (statistics !== 'image' && statistics !== 'batch' && statistics !== 'running') {
    throw refused('statistics', 'image, batch or running', statistics, "leave statistics out for 'image', each image's own");
  }

  const { kind } = weights.architecture;
  const { layerModel } = networkKind(kind);
  if (!layerModel) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'an ONNX model of weights alone', {
      expected: NETWORKS.flatMap((row) => (row.layerModel ? withArticle(row.title) : [])).join(' or '),
      received: kind,
      fix: 'load it and export the network by tracing: exportModuleOnnx(await loadNetwork(gpu, weights), { input: [1, 64, 64, 3] })',
    });
  }
  const network = buildNetwork(weights.architecture);
  checkWeights(network, weights);
  const { nodes, tensors } = networkGraph(network, layerModel, weights.tensors, { input: INPUT, output: OUTPUT, dtype, statistics });
  const value = (name: string, { shape, description }: ModelValue): OnnxValue => {
    return { name, shape: [batch === 'dynamic' ? 'batch' : batch, ...shape], description };
  };
  const [input, output] = [value(INPUT, layerModel.input(network)), value(OUTPUT, layerModel.output(network))];
  const architecture: NetworkArchitecture = { kind, options: network.options };
  const model: OnnxModel = {
    name: layerModel.name,
    description: `${input.description} ${output.description}`,
    producer: ['shadegrad', LIBRARY_VERSION],
    opset: OPSET,
    metadata: {
      architecture: JSON.stringify(architecture),
      statistics,
      layout: 'NCHW',
      inputRange: '[-1, 1]',
      outputRange: layerModel.outputRange,
    },
    inputs: [input],
    outputs: [output],
    nodes,
    tensors,
  };
  return encodeOnnx(model, { dataFile: external?.fileName });
}

function checkWeights(network: Network, { tensors }: NetworkWeights): void {
  for (const [name, { shape }] of network.namedTensors()) {
    const tensor = tensors.get(name);
    if (tensor && sameShape(tensor.shape, shape)) continue;
    throw new ShadegradError('WEIGHTS_MISMATCH', `weights of an ONNX model: "${name}"`, {
      expected: formatShape(shape),
      received: tensor ? formatShape(tensor.shape) : 'nothing of this name',
      fix: 'give the options of the network that the weights were saved from',
    });
  }
}

function refused(option: string, expected: string, received: unknown, fix: string): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', `${option} of an ONNX model`, { expected, received: oneLine(String(received), 80), fix });
}
