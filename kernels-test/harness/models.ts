import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import type { Pix2Pix } from '../../src/training/pix2pix-step.js';
import { parameterValues } from './deterministic.js';

/** Gives every parameter the value that the whole-model goldens were made with. */
export function loadGoldenParameters(network: 'G' | 'D', module: Module): void {
  for (const [name, tensor] of module.namedParameters()) tensor.write(parameterValues(network, name, tensor.shape));
}

/** Both networks with their optimisers, weighted as in the goldens. */
export function goldenPix2Pix(gpu: Gpu, { size, ngf, ndf }: { size: number; ngf: number; ndf: number }): Pix2Pix {
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
