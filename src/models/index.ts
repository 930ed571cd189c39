/**
 * Networks that are ready to train.
 *
 * @module shadegrad/models
 */

import '../autograd/methods.js';

export { UNet, type UNetOptions } from './unet.js';
export { EncoderDecoder, type EncoderDecoderOptions } from './encoder-decoder.js';
export { ResNetGenerator, type ResNetOptions } from './resnet.js';
export { PixelGAN, type PixelGANOptions } from './pixelgan.js';
export { MultiscalePatchGAN, type MultiscalePatchGANOptions } from './multiscale-patchgan.js';
export { PatchGAN, type PatchGANOptions } from './patchgan.js';
export { DCGANGenerator, type DCGANGeneratorOptions } from './dcgan-generator.js';
export { DCGANDiscriminator, type DCGANDiscriminatorOptions } from './dcgan-discriminator.js';
export { StarGANGenerator, type StarGANGeneratorOptions } from './stargan-generator.js';
export { StarGANDiscriminator, type StarGANDiscriminatorOptions, type StarGANJudgement } from './stargan-discriminator.js';
export { GANGenerator, type GANGeneratorOptions } from './gan-generator.js';
export { GANDiscriminator, type GANDiscriminatorOptions } from './gan-discriminator.js';
export { CGANGenerator, type CGANGeneratorOptions } from './cgan-generator.js';
export { CGANDiscriminator, type CGANDiscriminatorOptions } from './cgan-discriminator.js';
export { ConditionalDCGANGenerator, type ConditionalDCGANGeneratorOptions } from './conditional-dcgan-generator.js';
export { ConditionalDCGANDiscriminator, type ConditionalDCGANDiscriminatorOptions } from './conditional-dcgan-discriminator.js';
export { Segmenter, type SegmenterOptions } from './segmenter.js';
export { AlexNet, type AlexNetOptions } from './features/alexnet.js';
export { InceptionV3, type InceptionV3Options } from './features/inception.js';
export type { FeatureNetwork, FeatureNetworkKind } from './features/kind.js';
export { loadFeatures, loadPerceptualDistance, type LoadedDistance, type LoadedFeatures } from './features/load.js';
export { PerceptualDistance } from './features/perceptual-distance.js';
export { FEATURE_NETWORKS } from './features/registry.js';
export { VGG16, type VGG16Options } from './features/vgg16.js';
export { withLabels } from './labels.js';
export { drawNoise, isNoiseGenerator, type MadeImages, type NoiseGenerator, type NoiseInput } from './noise.js';
export type { Norm } from './defaults.js';
export type { Upsampling } from './doubling.js';
export type { VariantOptions } from './variants.js';
export { architectureOf, buildNetwork, isGenerator, isLabelledGenerator, NETWORKS, networkKind, registerNetwork } from './registry.js';
export type {
  ChosenNetwork,
  ExampleInput,
  Generator,
  LabelledGenerator,
  ImageSizes,
  Judgement,
  Network,
  NetworkArchitecture,
  NetworkKind,
  NetworkRole,
  PyTorchNames,
  WantedNetwork,
} from './kind.js';
export type { StateShapes } from './state-shapes.js';
