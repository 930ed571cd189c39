/**
 * Everything that a program may import, in Node and in browsers alike. The two entries add what belongs to one of them.
 *
 * @module shadegrad
 */

import './autograd/methods.js';

export { ShadegradError, type ErrorCode, type ErrorDetails } from './errors.js';
export {
  createImage,
  crop,
  expectImage,
  imageGrid,
  joinPair,
  mirror,
  splitPair,
  type GridOptions,
  type ImagePair,
  type RgbImage,
} from './data/image.js';
export { resizeBicubic } from './data/resize.js';
export type { PairedDataset, ProgressCallback } from './data/dataset.js';
export { epochPermutation, jitterDraw, type JitterDraw, type JitterOptions } from './data/shuffle.js';
export {
  averageMetrics,
  compareImages,
  constantBaseline,
  imageL1,
  imagePsnr,
  imageSsim,
  meanImage,
  type ImageMetrics,
} from './training/metrics.js';
export { syntheticFacades, type SyntheticFacadesOptions } from './data/synthetic-facades.js';
export { FACADE_CLASSES, type FacadeClass } from './data/facades/classes.js';
export {
  encodeHeader,
  headerBytes,
  parseHeader,
  tensorBytes,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsTensor,
} from './formats/safetensors.js';
export { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from './training/checkpoint.js';
export { bytesSource, type ByteSource } from './formats/byte-source.js';
export type { CheckpointArchitecture, CheckpointOptions, TrainingCheckpoint, TrainingProgress } from './training/checkpoint-info.js';
export type { CheckpointExpectations } from './training/checkpoint-fit.js';
export type { CheckpointTarget } from './training/checkpoint-tensors.js';
export { LIBRARY_VERSION } from './version.js';

// The device.
export type { AdapterDescription } from './gpu/adapter.js';
export { Gpu } from './gpu/gpu.js';
export type { MemoryReport } from './gpu/dispatch-call.js';
export { openGpu, type GpuRequest } from './gpu/request.js';
export type { GpuHost } from './gpu/host.js';
export type { Scoped } from './gpu/scope.js';
export type { Recording } from './gpu/recording.js';
export { Choices, type ChoiceTable } from './gpu/choices.js';
export { survey, tune, type TuneOptions, type TuneResult } from './kernels/tuner.js';

// Tensors and what is done with them.
export { Tensor, type DType } from './tensor/tensor.js';
export type { Numbers } from './tensor/contents.js';
export type { Shape } from './tensor/shape.js';
export {
  abs,
  add,
  addScaled,
  argmax,
  argmin,
  avgPool2d,
  batchNorm,
  bceWithLogits,
  clamp,
  concat,
  conv2d,
  convTranspose2d,
  copy,
  crossEntropy,
  div,
  dropout,
  elu,
  embedding,
  equal,
  exp,
  expand,
  flatten,
  flip,
  floatToImage,
  gelu,
  globalAveragePool,
  greater,
  greaterEqual,
  groupNorm,
  hingeLoss,
  instanceNorm,
  l1Loss,
  layerNorm,
  leakyRelu,
  less,
  lessEqual,
  linear,
  log,
  logSoftmax,
  matmul,
  max,
  maximum,
  maxPool2d,
  mean,
  min,
  minimum,
  mseLoss,
  mul,
  neg,
  nllLoss,
  notEqual,
  oneHot,
  pad,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  pow,
  reciprocal,
  relu,
  reshape,
  sigmoid,
  sign,
  silu,
  slice,
  sliceChannels,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  squeeze,
  stack,
  sub,
  sum,
  tanh,
  transpose,
  unsqueeze,
  upsample,
  where,
  type AveragePoolOptions,
  type BatchNormOptions,
  type ConvOptions,
  type ConvTransposeOptions,
  type CrossEntropyOptions,
  type DropoutOptions,
  type GroupNormOptions,
  type InstanceNormOptions,
  type MatmulOptions,
  type NllOptions,
  type OutOption,
  type PadMode,
  type PadOptions,
  type Pair,
  type PoolOptions,
  type Reduction,
  type SliceOptions,
  type SoftmaxOptions,
  type UpsampleOptions,
} from './autograd/ops.js';
export type { ArgReduceOptions } from './autograd/ops/extrema.js';
export type { OperationMethods } from './autograd/methods.js';
export type { ReduceOptions } from './autograd/ops/reduced-axes.js';
export type { ClampOptions, GeluOptions, Unary } from './autograd/ops/unary.js';
export type { Operand } from './kernels/map.js';
export type { Margins } from './kernels/pad.js';
export { arange, full, ones, onesLike, rand, randn, scalar, zeros, zerosLike, type RandomOptions } from './kernels/creation.js';
export { backward, grad, type GradOptions } from './autograd/backward.js';
export { zeroGrad } from './autograd/gradient-slots.js';
export { noGrad, type GradientTarget } from './autograd/graph.js';
// What an operation of one's own is made with.
export { defineOperation, type OperationCall, type OperationDefinition } from './autograd/define.js';
export { checkGradients, type CheckGradientsOptions, type GradientError } from './autograd/check-gradients.js';
export { grid, specialise, type Constants } from './kernels/kernel.js';
export { walkElements, type ElementWalk } from './kernels/elements.js';
export { Params } from './gpu/params.js';
export type { DispatchCall } from './gpu/dispatch-call.js';
export type { Shader } from './gpu/pipeline-cache.js';
export type { Binding } from './gpu/storage.js';
export { DropoutState, type DropoutPass } from './kernels/dropout.js';
export { fill } from './kernels/elementwise.js';
export { fillNormal, fillUniform } from './kernels/random.js';
export {
  imageDraws,
  imageJitter,
  imageResizeBicubic,
  imageToFloat,
  writeImageDraws,
  type ImageDraw,
  type JitterSizes,
} from './kernels/image.js';

// Networks.
export { Module, type PlaceOptions } from './nn/module.js';
export { ModuleBuffer, ModuleTensor, Parameter, type TensorLayout } from './nn/parameter.js';
export {
  StateDict,
  type LoadableTensor,
  type LoadedState,
  type LoadStateDictOptions,
  type StateDictOptions,
  type StateTensor,
  type WeightLayout,
} from './nn/state-dict.js';
export type { ForwardOptions, Layer } from './nn/forward.js';
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  ELU,
  Embedding,
  Flatten,
  GELU,
  GroupNorm,
  Identity,
  InstanceNorm2d,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  MaxPool2d,
  ModuleDict,
  ModuleList,
  PixelShuffle,
  PixelUnshuffle,
  ReflectionPad2d,
  ReLU,
  ReplicationPad2d,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
  Unflatten,
  Upsample,
  ZeroPad2d,
  type AveragePoolLayerOptions,
  type BatchNormLayerOptions,
  type ConvLayerOptions,
  type ConvTransposeLayerOptions,
  type EmbeddingOptions,
  type FlattenOptions,
  type GroupNormLayerOptions,
  type InstanceNormLayerOptions,
  type LayerNormLayerOptions,
  type LinearOptions,
  type Named,
  type PaddingOfSides,
  type PoolLayerOptions,
  type SoftmaxLayerOptions,
  type UpsampleLayerOptions,
} from './nn/layers.js';
export {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
  type Initializer,
  type KaimingOptions,
} from './nn/initializers.js';
export { Adam, AdamW, type AdamGroupOptions, type AdamOptions, type AdamSettings } from './optim/adam.js';
export { SGD, type SGDGroupOptions, type SGDOptions, type SGDSettings } from './optim/sgd.js';
export { Optimizer, type OptimizerRule, type ParameterBlock } from './optim/optimizer.js';
export type { OptimizerState, SavedState, TensorToSave } from './optim/optimizer-state.js';
export type { GroupOptions, OptimizerOptions, ParameterChoice, ParameterGroup } from './optim/parameter-group.js';
export type { OptimizerTarget } from './optim/target.js';
export { clipGradNorm, clipGradValue, type ClipNormOptions } from './optim/clip.js';
export { ExponentialMovingAverage, type AverageOptions } from './optim/average.js';
export { linearDecay } from './optim/schedule.js';
export { applySchedule, type Schedule } from './optim/schedules.js';
/** Schedules of learning rates: functions of the step, for applySchedule(). Each has its like in torch.optim.lr_scheduler. */
export * as schedules from './optim/schedules.js';
export { ReduceOnPlateau, type PlateauOptions, type PlateauState } from './optim/plateau.js';
export { UNet, type UNetOptions } from './models/unet.js';
export { PatchGAN, type PatchGANOptions } from './models/patchgan.js';
export { architectureOf, buildNetwork, isGenerator, NETWORKS, networkKind, registerNetwork } from './models/registry.js';
export type {
  ExampleInput,
  Generator,
  ImageSizes,
  Network,
  NetworkArchitecture,
  NetworkKind,
  NetworkRole,
  PyTorchNames,
} from './models/kind.js';
export type { StateShapes } from './models/state-shapes.js';
export type { Norm } from './models/defaults.js';
export type { VariantOptions } from './models/variants.js';
export {
  loadNetwork,
  networkWeights,
  type LoadNetworkOptions,
} from './exchange/network/load-network.js';
export type { ImageSize, Statistics } from './exchange/network-file.js';
export { encodeModule, openModuleFile, type ModuleFileOptions } from './exchange/network/module-file.js';
export type { NetworkTensor, NetworkWeights } from './exchange/network/network-weights.js';

// Weights: files of many formats, the networks in them, and the way back.
export type { StoredDType, StoredTensor, TensorToWrite, WeightFile, WeightFormat } from './formats/weight-file.js';
export { encodeSafetensors, openSafetensors, openShardedSafetensors, type SafetensorsOptions } from './formats/safetensors-file.js';
export { openPyTorch, type PyTorchFile, type PyTorchKey, type PyTorchValue } from './formats/pytorch-file.js';
export { encodePyTorch, PythonFloat, type PyTorchTensor, type PyTorchWritable, type PyTorchWriteOptions } from './formats/pytorch-write.js';
export { OrderedDict, Tuple } from './formats/pickle-read.js';
export { encodePict, openPict, type PictFile, type PictOptions } from './formats/pict.js';
export { openTfjsLayers, type TfjsLayersFile } from './formats/tfjs-layers.js';
export {
  findNetwork,
  findRun,
  findRunIfAny,
  hasRun,
  networksIn,
  type FoundNetwork,
  type WeightOrigin,
} from './exchange/read-weights.js';
export { encodeWeights, type WritableFormat, type WriteOptions } from './exchange/write-weights.js';
export { exportOnnx, type OnnxOptions } from './exchange/onnx/export-network.js';
export { exportModuleOnnx, type OnnxInputShape, type OnnxModuleOptions } from './exchange/onnx/export-module.js';
export type { AxisOrder, GraphValue, OnnxGraph } from './exchange/onnx/graph.js';
export type { GraphCall, GraphOperand, GraphOperation } from './exchange/onnx/call.js';
export type { TraceOutputs } from './exchange/onnx/trace.js';
export type { FileToWrite, OnnxAttribute, OnnxFiles } from './formats/onnx.js';
export type { OnnxStatistics } from './exchange/onnx/network-graph.js';
export { encodeRunCheckpoint, placeRun, type AdamMoments, type TrainingRun } from './exchange/network/training-run.js';
export { pytorchStateDict, runForPyTorch } from './exchange/pytorch/pytorch-run.js';

// Training.
export { pix2pixStep, type Pix2Pix, type StepLosses, type StepOptions } from './training/pix2pix-step.js';
export { Trainer, type TrainedStep } from './training/trainer.js';
export type { TrainerOptions, TrainerVariants } from './training/trainer-options.js';
export { Translator, type TranslatedSize, type TranslatorOptions } from './training/translator.js';
export type { Direction } from './training/image-store.js';
