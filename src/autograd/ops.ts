// Every operation, with its gradient beside it in ops/.
export { leakyRelu, relu, sigmoid, tanh } from './ops/activation.js';
export { expand, flip, permute, slice, split, stack, transpose, type SliceOptions } from './ops/axes.js';
export { conv2d, convTranspose2d, type ConvOptions, type ConvTransposeOptions } from './ops/convolution.js';
export { dropout, type DropoutOptions } from './ops/dropout.js';
export { add, addScaled, multiply, scale } from './ops/elementwise.js';
export { floatToImage } from './ops/image.js';
export { crossEntropy, nllLoss, oneHot, type CrossEntropyOptions, type NllOptions, type Reduction } from './ops/labels.js';
export { bceWithLogits, hingeLoss, l1Loss, mseLoss } from './ops/loss.js';
export { linear, matmul, type MatmulOptions } from './ops/matmul.js';
export { batchNorm, type BatchNormOptions } from './ops/normalization.js';
export { groupNorm, instanceNorm, layerNorm, type GroupNormOptions, type InstanceNormOptions } from './ops/group-normalization.js';
export type { OutOption, Pair } from './ops/options.js';
export { pad, type PadMode, type PadOptions } from './ops/pad.js';
export { avgPool2d, globalAveragePool, maxPool2d, type AveragePoolOptions, type PoolOptions } from './ops/pool.js';
export { mean, sum } from './ops/reductions.js';
export { pixelShuffle, pixelUnshuffle, upsample, type UpsampleOptions } from './ops/resample.js';
export { concat, copy, reshape, sliceChannels } from './ops/shape.js';
export { logSoftmax, softmax, type SoftmaxOptions } from './ops/softmax.js';
