// Everything a user may import, in Node and in browsers alike. The two entries add what belongs to one of them.

export { ShadegradError, type ErrorCode, type ErrorDetails } from './gpu/errors.js';
export { createImage, crop, imageGrid, joinPair, mirror, splitPair, type GridOptions, type ImagePair, type RgbImage } from './data/image.js';
export { resizeBicubic } from './data/resize.js';
export type { PairedDataset, ProgressCallback } from './data/dataset.js';
export { epochPermutation, jitterDraw, type JitterDraw, type JitterOptions } from './data/shuffle.js';
export { averageMetrics, compareImages, constantBaseline, imageL1, imagePsnr, imageSsim, meanImage, type ImageMetrics } from './training/metrics.js';
export { syntheticFacades, type SyntheticFacadesOptions } from './data/synthetic-facades.js';
export { FACADE_CLASSES, type FacadeClass } from './data/facades/classes.js';
export { encodeHeader, headerBytes, parseHeader, tensorBytes, type SafetensorsDType, type SafetensorsEntry, type SafetensorsHeader, type SafetensorsTensor } from './formats/safetensors.js';
export { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from './training/checkpoint.js';
export { bytesSource, type ByteSource } from './formats/byte-source.js';
export type { CheckpointArchitecture, CheckpointOptions, TrainingCheckpoint, TrainingProgress } from './training/checkpoint-info.js';
export type { CheckpointExpectations } from './training/checkpoint-fit.js';
export type { CheckpointTarget } from './training/checkpoint-tensors.js';
export { LIBRARY_VERSION } from './version.js';

// The device.
export { Gpu, type AdapterDescription, type MemoryReport } from './gpu/gpu.js';
export { openGpu, type GpuRequest } from './gpu/request.js';
export type { GpuHost } from './gpu/host.js';
export type { Recording } from './gpu/recording.js';
export { Choices, type ChoiceTable } from './gpu/choices.js';
export { survey, tune, type TuneOptions, type TuneResult } from './kernels/tuner.js';

// Tensors and what is done with them.
export { Tensor, type DType } from './tensor/tensor.js';
export type { Shape } from './tensor/shape.js';
export {
  add, addScaled, batchNorm, bceWithLogits, concat, conv2d, convTranspose2d, copy, dropout, floatToImage, instanceNorm, l1Loss,
  leakyRelu, mean, mseLoss, multiply, relu, reshape, scale, sigmoid, sliceChannels, sum, tanh,
  type BatchNormOptions, type ConvOptions, type ConvTransposeOptions, type DropoutOptions, type InstanceNormOptions, type OutOption,
} from './autograd/ops.js';
export {
  avgPool2d, crossEntropy, embedding, expand, flip, globalAveragePool, groupNorm, hingeLoss, layerNorm, linear, logSoftmax, matmul,
  maxPool2d, nllLoss, oneHot, pad, permute,
  pixelShuffle, pixelUnshuffle, slice, softmax, split, stack, transpose, upsample,
  type AveragePoolOptions, type CrossEntropyOptions, type GroupNormOptions, type MatmulOptions, type NllOptions, type PadMode,
  type PadOptions, type Pair, type PoolOptions,
  type Reduction, type SliceOptions, type SoftmaxOptions, type UpsampleOptions,
} from './autograd/ops.js';
export { backward, grad, type GradOptions } from './autograd/backward.js';
export { zeroGrad } from './autograd/gradient-slots.js';
export { noGrad } from './autograd/graph.js';
export { DropoutState } from './kernels/dropout.js';
export { fill } from './kernels/elementwise.js';
export { fillNormal, fillUniform } from './kernels/random.js';
export { imageDraws, imageJitter, imageResizeBicubic, imageToFloat, writeImageDraws, type ImageDraw, type JitterSizes } from './kernels/image.js';

// Networks.
export { Module, Slot } from './nn/module.js';
export { BatchNorm2d, Conv2d, ConvTranspose2d, InstanceNorm2d, type BatchNormLayerOptions, type ConvLayerOptions, type ForwardMode, type Norm } from './nn/layers.js';
export { constant, normal, uniform, type Initializer } from './nn/initializers.js';
export { Adam, type AdamOptions } from './optim/adam.js';
export { linearDecay } from './optim/schedule.js';
export { UNet, type GeneratorMode, type UNetOptions } from './models/unet.js';
export { PatchGAN, type PatchGANOptions } from './models/patchgan.js';
export type { VariantOptions } from './models/variants.js';
export { buildNetwork, loadNetwork, networkArchitecture, networkWeights, type LoadNetworkOptions } from './exchange/load-network.js';
export type { NetworkArchitecture, NetworkTensor, NetworkWeights } from './exchange/network-weights.js';

// Weights: files of many formats, the networks in them, and the way back.
export type { StoredDType, StoredTensor, TensorToWrite, WeightFile, WeightFormat } from './formats/weight-file.js';
export { encodeSafetensors, openSafetensors, openShardedSafetensors } from './formats/safetensors-file.js';
export { openPyTorch, type PyTorchFile, type PyTorchKey, type PyTorchValue } from './formats/pytorch-file.js';
export { encodePyTorch, PythonFloat, type PyTorchTensor, type PyTorchWritable, type PyTorchWriteOptions } from './formats/pytorch-write.js';
export { OrderedDict, Tuple } from './formats/pickle-read.js';
export { encodePict, openPict, type PictFile } from './formats/pict.js';
export { openTfjsLayers, type TfjsLayersFile } from './formats/tfjs-layers.js';
export { findNetwork, findRun, hasRun, networksIn, type FoundNetwork, type NetworkRole, type WeightOrigin } from './exchange/read-weights.js';
export { encodeWeights, type WritableFormat, type WriteOptions } from './exchange/write-weights.js';
export { exportOnnx, type OnnxOptions } from './exchange/onnx-export.js';
export type { FileToWrite, OnnxFiles } from './formats/onnx.js';
export { encodeRunCheckpoint, placeRun, type AdamMoments, type TrainingRun } from './exchange/training-run.js';
export { runForPyTorch, stateDict } from './exchange/pytorch-run.js';

// Training.
export { pix2pixStep, type Pix2Pix, type StepLosses, type StepOptions } from './training/pix2pix-step.js';
export { Trainer, type TrainedStep, type TrainerOptions, type TrainerVariants } from './training/trainer.js';
export { Translator, type TranslatorOptions } from './training/translator.js';
export type { Direction } from './training/image-store.js';
