// Every layer, each beside its like in layers/.
export { ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh } from './layers/activation.js';
export { ModuleDict, ModuleList, Sequential, type Named } from './layers/container.js';
export { Conv2d, ConvTranspose2d, type ConvLayerOptions, type ConvTransposeLayerOptions } from './layers/convolution.js';
export { Dropout } from './layers/dropout.js';
export { Embedding, type EmbeddingOptions } from './layers/embedding.js';
export { Linear, type LinearOptions } from './layers/linear.js';
export {
  BatchNorm2d,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  type BatchNormLayerOptions,
  type GroupNormLayerOptions,
  type InstanceNormLayerOptions,
  type LayerNormLayerOptions,
} from './layers/normalization.js';
export { ReflectionPad2d, ReplicationPad2d, ZeroPad2d, type PaddingOfSides } from './layers/padding.js';
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, type AveragePoolLayerOptions, type PoolLayerOptions } from './layers/pooling.js';
export { PixelShuffle, PixelUnshuffle, Upsample, type UpsampleLayerOptions } from './layers/resampling.js';
export { Flatten, Identity, Unflatten, type FlattenOptions } from './layers/shape.js';
export { LogSoftmax, Softmax, type SoftmaxLayerOptions } from './layers/softmax.js';
