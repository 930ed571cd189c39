/**
 * Training schemes: what is trained and how.
 *
 * @module shadegrad/schemes
 */

import '../autograd/methods.js';

export { cgan } from './cgan.js';
export { cyclegan } from './cyclegan.js';
export type { CycleGANNetworks, CycleGANOptions } from './cyclegan-step.js';
export { dcgan, type DCGANNetworks, type DCGANOptions } from './dcgan.js';
export { gan } from './gan.js';
export type { GANOptions } from './gan-parts.js';
export type { GANNetworks } from './gan-step.js';
export { gradientPenalty, OBJECTIVES, type Objective, type ObjectiveName } from './objectives.js';
export { pix2pix, type Direction, type Pix2PixNetworks, type Pix2PixOptions } from './pix2pix.js';
export { pix2pixStep, PIX2PIX_LOSSES, type Pix2Pix, type StepOptions } from './pix2pix-step.js';
export { findScheme, registerScheme, SCHEMES } from './registry.js';
export { segmentation, type SegmentationNetworks, type SegmentationOptions } from './segmentation.js';
export { stargan } from './stargan.js';
export type { StarGANNetworks, StarGANOptions } from './stargan-step.js';
export { pairedEvaluator, type PairedEvaluatorOptions } from '../training/paired-evaluator.js';
export type {
  Architectures,
  Baseline,
  DrawnData,
  Evaluator,
  ImagePlan,
  ImageSide,
  JudgedPicture,
  LossWatch,
  PrepareContext,
  Networks,
  PictureColumn,
  ComparedColumns,
  PictureColumns,
  PresetDefaults,
  PyTorchRunRow,
  ScheduleContext,
  SchemeLoss,
  SchemeMetric,
  SchemeOptimizer,
  SchemePresets,
  StepContext,
  TrainingScheme,
} from '../training/scheme.js';
export type { OptionFlag, OptionRow, OptionTable, OptionValue } from '../training/option-table.js';
export type { PreprocessName } from '../data/preprocess/registry.js';
