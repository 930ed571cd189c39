/**
 * Modules: layers, the parameters and buffers in them, their state, and initial weights.
 *
 * @module shadegrad/nn
 */

import '../autograd/methods.js';

export { Module, type PlaceOptions } from './module.js';
export { ModuleBuffer, ModuleTensor, Parameter, type TensorLayout } from './parameter.js';
export {
  StateDict,
  type LoadableTensor,
  type LoadedState,
  type LoadStateDictOptions,
  type StateDictOptions,
  type StateTensor,
  type WeightLayout,
} from './state-dict.js';
export type { ForwardOptions, Layer } from './forward.js';
export { hookForward, layerOutputs, type ForwardHooks, type LayerOutput, type LayerOutputsOptions } from './hooks.js';
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
} from './layers.js';
export {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
  type Initializer,
  type KaimingOptions,
} from './initializers.js';
