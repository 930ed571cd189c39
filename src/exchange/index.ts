/**
 * Weights: files of many formats, the networks in them, and the way back.
 *
 * @module shadegrad/weights
 */

import '../autograd/methods.js';

export {
  encodeHeader,
  headerBytes,
  parseHeader,
  tensorBytes,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsTensor,
} from '../formats/safetensors.js';
export { bytesSource, type ByteSource } from '../formats/byte-source.js';
export { loadNetwork, networkWeights, type LoadNetworkOptions } from './network/load-network.js';
export type { ImageSize, Statistics } from './network-file.js';
export { encodeModule, openModuleFile, type ModuleFileOptions } from './network/module-file.js';
export type { NetworkTensor, NetworkWeights } from './network/network-weights.js';
export type { StoredDType, StoredTensor, TensorToWrite, WeightFile, WeightFormat } from '../formats/weight-file.js';
export { encodeSafetensors, openSafetensors, openShardedSafetensors, type SafetensorsOptions } from '../formats/safetensors-file.js';
export { openPyTorch, type PyTorchFile, type PyTorchKey, type PyTorchValue } from '../formats/pytorch-file.js';
export {
  encodePyTorch,
  PythonFloat,
  type PyTorchTensor,
  type PyTorchWritable,
  type PyTorchWriteOptions,
} from '../formats/pytorch-write.js';
export { OrderedDict, Tuple } from '../formats/pickle-read.js';
export { encodePict, openPict, type PictFile, type PictOptions } from '../formats/pict.js';
export { openTfjsLayers, type TfjsLayersFile } from '../formats/tfjs-layers.js';
export {
  findNetwork,
  findRun,
  findRunIfAny,
  hasRun,
  networksIn,
  type FoundNetwork,
  type WeightOrigin,
} from './read-weights.js';
export { encodeWeights, type WritableFormat, type WriteOptions } from './write-weights.js';
export { exportOnnx, type OnnxOptions } from './onnx/export-network.js';
export { exportModuleOnnx, type OnnxInputShape, type OnnxModuleOptions } from './onnx/export-module.js';
export type { AxisOrder, GraphValue, OnnxGraph } from './onnx/graph.js';
export type { GraphCall, GraphOperand, GraphOperation } from './onnx/call.js';
export type { TraceOutputs } from './onnx/trace.js';
export type { FileToWrite, OnnxAttribute, OnnxFiles } from '../formats/onnx.js';
export type { OnnxStatistics } from './onnx/network-graph.js';
export { encodeRunCheckpoint, restoreRun, type NetworksAlone, type OptimizerWeights, type TrainingRun } from './network/training-run.js';
export { pytorchStateDict, runForPyTorch } from './pytorch/pytorch-run.js';
