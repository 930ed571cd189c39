// Every operation, with its gradient beside it in ops/.
export { leakyRelu, relu, sigmoid, tanh } from './ops/activation.js';
export { flip, permute, slice, split, stack, transpose, type SliceOptions } from './ops/axes.js';
export {
  add,
  addScaled,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  notEqual,
  sub,
  where,
} from './ops/binary.js';
export { cast } from './ops/cast.js';
export { conv2d, convTranspose2d, type ConvOptions, type ConvTransposeOptions } from './ops/convolution.js';
export { dropout, type DropoutOptions } from './ops/dropout.js';
export { argmax, argmin, max, min } from './ops/extrema.js';
export { embedding } from './ops/embedding.js';
export { floatToImage } from './ops/image.js';
export { crossEntropy, nllLoss, oneHot, type CrossEntropyOptions, type NllOptions, type Reduction } from './ops/labels.js';
export { bceWithLogits, hingeLoss, l1Loss, mseLoss } from './ops/loss.js';
export { linear, matmul, type MatmulOptions } from './ops/matmul.js';
export { batchNorm, type BatchNormOptions } from './ops/normalization.js';
export { groupNorm, instanceNorm, layerNorm, type GroupNormOptions, type InstanceNormOptions } from './ops/group-normalization.js';
export type { OutOption, Pair } from './ops/options.js';
export { pad, type PadMode, type PadOptions } from './ops/pad.js';
export { avgPool2d, globalAveragePool, maxPool2d, type AveragePoolOptions, type PoolOptions } from './ops/pool.js';
export { pow } from './ops/pow.js';
export { pixelShuffle, pixelUnshuffle, upsample, type UpsampleOptions } from './ops/resample.js';
export { concat, copy, flatten, reshape, sliceChannels, squeeze, unsqueeze } from './ops/shape.js';
export { logSoftmax, softmax, type SoftmaxOptions } from './ops/softmax.js';
export { expand, mean, sum } from './ops/sum.js';
export { abs, clamp, elu, exp, gelu, log, neg, reciprocal, sign, silu, softplus, sqrt, square } from './ops/unary.js';
