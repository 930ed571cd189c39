import * as api from '../../src/index.js';
import type { Network, Shape } from '../../src/index.js';

/** A network of each class, what it takes, and how messages name who refuses it. */
export const NETWORK_OPERANDS: Readonly<Record<string, readonly [network: Network, input: Shape, called: RegExp]>> = {
  UNet: [new api.UNet({ size: 16, ngf: 1 }), [1, 16, 16, 3], /a U-Net/],
  PatchGAN: [new api.PatchGAN({ ndf: 1, layers: 1 }), [1, 16, 16, 6], /conv2d/],
  EncoderDecoder: [new api.EncoderDecoder({ size: 16, ngf: 1 }), [1, 16, 16, 3], /leakyRelu|conv2d|encoder/],
  ResNetGenerator: [new api.ResNetGenerator({ ngf: 1, blocks: 1, dropout: 0.5 }), [1, 8, 8, 3], /conv2d|pad|ResNet/],
  MultiscalePatchGAN: [
    new api.MultiscalePatchGAN({ ndf: 1, layers: 1, discriminators: 2 }),
    [1, 16, 16, 6],
    /conv2d|a multi-scale PatchGAN/,
  ],
  PixelGAN: [new api.PixelGAN({ ndf: 1 }), [1, 2, 2, 6], /conv2d/],
  DCGANGenerator: [new api.DCGANGenerator({ size: 32, nz: 2, ngf: 1 }), [2, 1, 1, 2], /a DCGAN generator/],
  DCGANDiscriminator: [new api.DCGANDiscriminator({ size: 32, ndf: 1 }), [2, 32, 32, 3], /a DCGAN discriminator/],
  StarGANGenerator: [new api.StarGANGenerator({ labels: 1, ngf: 1, blocks: 1 }), [1, 8, 8, 4], /a StarGAN generator/],
  StarGANDiscriminator: [new api.StarGANDiscriminator({ size: 4, ndf: 1, layers: 1 }), [1, 4, 4, 3], /a StarGAN discriminator/],
  Segmenter: [new api.Segmenter({ classes: 2, width: 1, levels: 1, size: 4 }), [1, 4, 4, 3], /a segmenter/],
  GANGenerator: [new api.GANGenerator({ size: 2, nz: 2, units: 2 }), [2, 1, 1, 2], /a GAN generator/],
  GANDiscriminator: [new api.GANDiscriminator({ size: 2, units: 2 }), [2, 2, 2, 1], /a GAN discriminator/],
  CGANGenerator: [new api.CGANGenerator({ size: 2, nz: 2, labels: 2, units: 2 }), [2, 1, 1, 4], /a CGAN generator/],
  CGANDiscriminator: [new api.CGANDiscriminator({ size: 2, labels: 2, units: 2 }), [2, 2, 2, 3], /a CGAN discriminator/],
  ConditionalDCGANGenerator: [
    new api.ConditionalDCGANGenerator({ size: 4, nz: 2, labels: 2, ngf: 1, units: 2 }),
    [2, 1, 1, 4],
    /a conditional DCGAN generator/,
  ],
  ConditionalDCGANDiscriminator: [
    new api.ConditionalDCGANDiscriminator({ size: 4, labels: 2, ndf: 1, units: 2 }),
    [2, 4, 4, 3],
    /a conditional DCGAN discriminator/,
  ],
};
