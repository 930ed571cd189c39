// Every layer, each beside its like in layers/.
export { GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh } from './layers/activation.js';
export { ModuleDict, ModuleList, Sequential, type Named } from './layers/container.js';
export { Conv2d, ConvTranspose2d, type ConvLayerOptions, type ConvTransposeLayerOptions } from './layers/convolution.js';
export { Dropout } from './layers/dropout.js';
export { Linear, type LinearOptions } from './layers/linear.js';
export { BatchNorm2d, InstanceNorm2d, type BatchNormLayerOptions, type InstanceNormLayerOptions } from './layers/normalization.js';
export { Flatten, Identity, type FlattenOptions } from './layers/shape.js';
