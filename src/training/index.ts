/**
 * Training by any scheme, with its checkpoints, metrics and translation.
 *
 * @module shadegrad/training
 */

import '../autograd/methods.js';

export {
  averageMetrics,
  compareImages,
  compareNumbers,
  constantBaseline,
  imageDiversity,
  imageL1,
  imageL2,
  imageMsSsim,
  imagePsnr,
  imageSsim,
  meanImage,
  type ImageDiversity,
  type ImageMetrics,
} from './metrics.js';
export { FeatureRows } from './distances/feature-rows.js';
export { frechetDistance } from './distances/frechet.js';
export { kernelDistance, type KernelDistance } from './distances/kernel-distance.js';
export { imageEdgeAgreement, type EdgeAgreement } from './edge-agreement.js';
export type {
  EvaluatedSample,
  EvaluationMetric,
  Measurement,
  MetricContext,
  MetricValues,
  MetricWeights,
  PixelModel,
} from './evaluation/metric.js';
export { EVALUATION_METRICS } from './evaluation/registry.js';
export {
  evaluatePictures,
  type EvaluatedColumn,
  type EvaluatedPicture,
  type EvaluateOptions,
  type Evaluation,
  type LeftOutMetric,
} from './evaluation/evaluate.js';
export { summarizeValues, type Summary } from './evaluation/statistics.js';
export { accumulate, inParts, type Taught, type Teach } from './accumulation.js';
export { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from './checkpoint.js';
export type { CheckpointOptions, OptimizerProgress, TrainingCheckpoint, TrainingProgress } from './checkpoint-info.js';
export type { CheckpointExpectations } from './checkpoint-fit.js';
export type { CheckpointTarget } from './checkpoint-tensors.js';
export { estimateMemory, type MemoryEstimate } from './memory-estimate.js';
export type { Finding } from './diagnoses/diagnosis.js';
export { patchOverlay, patchScores, type PatchScores, type PatchScoresOptions, type VerdictKind } from './patch-scores.js';
export { Trainer, type TrainedStep } from './trainer.js';
export type { PixelSize } from '../pixel-size.js';
export type { TrainingDataset } from './batches.js';
export type { RunOptions, TrainerOptions } from './trainer-options.js';
export { ImageMaker, slerp, type ImageMakerOptions, type ImageOrder } from './image-maker.js';
export type { TranslatedSize } from './fits/sides.js';
export type { FitName } from './fits/registry.js';
export type { EnsembleName } from './ensembles.js';
export { Translator, type FittedImage, type TranslatorOptions } from './translator.js';
