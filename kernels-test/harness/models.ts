import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import { PIX2PIX_LOSSES, type Pix2Pix } from '../../src/schemes/pix2pix-step.js';
import type { CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import { parameterValues } from './deterministic.js';

/** Gives every parameter the value that the whole-model goldens were made with. */
export function loadGoldenParameters(network: 'G' | 'D', module: Module): void {
  for (const [name, tensor] of module.namedParameters()) tensor.write(parameterValues(network, name, tensor.shape));
}

/** What a step of pix2pix trains, of the paper's own kinds. */
export interface PaperModel extends Pix2Pix {
  generator: UNet;
  discriminator: PatchGAN;
  generatorOptimizer: Adam;
  discriminatorOptimizer: Adam;
}

/** Both networks with their optimisers, weighted as in the goldens. */
export function goldenPix2Pix(gpu: Gpu, { size, ngf, ndf }: { size: number; ngf: number; ndf: number }): PaperModel {
  const generator = new UNet({ size, ngf }).to(gpu, { seed: 1 });
  const discriminator = new PatchGAN({ ndf }).to(gpu, { seed: 2 });
  loadGoldenParameters('G', generator);
  loadGoldenParameters('D', discriminator);
  const options = { learningRate: 2e-4, betas: [0.5, 0.999] as const };
  return {
    generator,
    discriminator,
    generatorOptimizer: new Adam(generator, options),
    discriminatorOptimizer: new Adam(discriminator, options),
  };
}

export function disposePix2Pix({ generator, discriminator, generatorOptimizer, discriminatorOptimizer }: Pix2Pix): void {
  for (const part of [generatorOptimizer, discriminatorOptimizer, generator, discriminator]) part.dispose();
}

/** What a checkpoint of such a run is made of, as a Trainer of pix2pix gives it. */
export function targetOf({ generator, discriminator, generatorOptimizer, discriminatorOptimizer }: Pix2Pix): CheckpointTarget {
  return { scheme: pix2pix, networks: { generator, discriminator }, optimizers: { generatorOptimizer, discriminatorOptimizer } };
}

/** The losses of a step of pix2pix by name. */
export type StepLosses = Record<(typeof PIX2PIX_LOSSES)[number], number>;

/** The losses that pix2pixStep() left, by name. */
export function lossesFrom(values: ArrayLike<number>): StepLosses {
  return Object.fromEntries(PIX2PIX_LOSSES.map((name, index) => [name, values[index]!])) as StepLosses;
}
