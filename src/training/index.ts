/**
 * Training as pix2pix does it, with its checkpoints, metrics and translation.
 *
 * @module shadegrad/training
 */

import '../autograd/methods.js';

export {
  averageMetrics,
  compareImages,
  constantBaseline,
  imageL1,
  imagePsnr,
  imageSsim,
  meanImage,
  type ImageMetrics,
} from './metrics.js';
export { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from './checkpoint.js';
export type { CheckpointArchitecture, CheckpointOptions, TrainingCheckpoint, TrainingProgress } from './checkpoint-info.js';
export type { CheckpointExpectations } from './checkpoint-fit.js';
export type { CheckpointTarget } from './checkpoint-tensors.js';
export { pix2pixStep, type Pix2Pix, type StepLosses, type StepOptions } from './pix2pix-step.js';
export { Trainer, type TrainedStep } from './trainer.js';
export type { TrainerOptions, TrainerVariants } from './trainer-options.js';
export { Translator, type TranslatedSize, type TranslatorOptions } from './translator.js';
export type { Direction } from './image-store.js';
