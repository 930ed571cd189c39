/**
 * Everything that a program may import, in Node and in browsers alike. The two entries add what belongs to one of them.
 *
 * @module shadegrad
 */

import './autograd/methods.js';

// Rooms that are entries of their own, too: shadegrad/nn and so on.
export * from './data/index.js';
export * from './exchange/index.js';
export * from './models/index.js';
export * from './nn/index.js';
export * from './schemes/index.js';
export * from './training/index.js';

export { ShadegradError, type ErrorCode, type ErrorDetails } from './errors.js';
export { LIBRARY_VERSION } from './version.js';

// The device.
export type { AdapterDescription, MatrixUnit } from './gpu/adapter.js';
export { Gpu } from './gpu/gpu.js';
export type { MemoryReport } from './gpu/dispatch-call.js';
export { openGpu, type GpuRequest } from './gpu/request.js';
export type { GpuHost } from './gpu/host.js';
export type { Scoped } from './gpu/scope.js';
export type { Recording } from './gpu/recording.js';
export { KernelVariants, type VariantTable } from './gpu/kernel-variants.js';
export { listConvProblems, tune, type TuneOptions, type TuneResult } from './kernels/tuner.js';

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
  cast,
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
export { noGrad, recompute, type GradientTarget } from './autograd/graph.js';
export { autocast, type AutocastOptions } from './autograd/autocast.js';
export { LossScale, type LossScaleOptions } from './kernels/loss-scale.js';
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
export { colorDraws, imageColorJitter, type ColorChange, type ColorDraw } from './kernels/color-jitter.js';
export { imageRotate, imageTurn, type RotateOptions } from './kernels/image-turn.js';
export type { PixelSize } from './pixel-size.js';
export { imagePool } from './kernels/image-pool.js';

// Optimisers.
export { Adam, AdamW, type AdamGroupOptions, type AdamOptions, type AdamSettings } from './optim/adam.js';
export { SGD, type SGDGroupOptions, type SGDOptions, type SGDSettings } from './optim/sgd.js';
export { Optimizer } from './optim/optimizer.js';
export type { OptimizerRule, ParameterBlock } from './optim/rule.js';
export type { OptimizerState, SavedState, TensorToSave } from './optim/optimizer-state.js';
export type { GroupOptions, OptimizerOptions, ParameterChoice, ParameterGroup } from './optim/parameter-group.js';
export type { OptimizerTarget } from './optim/target.js';
export { clipGradNorm, clipGradValue, type ClipNormOptions } from './optim/clip.js';
export { ExponentialMovingAverage, type AverageOptions } from './optim/average.js';
export { linearDecay } from './optim/schedule.js';
export { applySchedule, type Schedule } from './optim/schedules.js';
/** Schedules of learning rates: functions of the step, for applySchedule(). Each has its like in torch.optim.lr_scheduler. */
export * as schedules from './optim/schedules.js';
export { ReduceOnPlateau, type PlateauOptions, type PlateauState, type PlateauTarget } from './optim/plateau.js';
