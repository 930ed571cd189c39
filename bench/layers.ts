import { conv2dOutputShape, type ConvGeometry } from '../src/kernels/conv2d/conv2d.js';
import type { Shape } from '../src/tensor/shape.js';

/**
 * A convolution of a network, seen from the convolution that is not transposed: `input` convolved with `weight` gives
 * `output`. A transposed layer goes the other way: it takes `output` and makes `input`.
 */
export interface ConvLayer {
  /** e for encoder, d for decoder, p for PatchGAN; counted from the layer that runs first. */
  readonly name: string;
  readonly transposed: boolean;
  readonly bias: boolean;
  readonly input: Shape;
  readonly weight: Shape;
  readonly output: Shape;
  readonly geometry: ConvGeometry;
  /** Multiplications of one pass over the layer, zeros of the padding included. */
  readonly macs: number;
}

interface LayerOptions {
  name: string;
  input: Shape;
  outChannels: number;
  stride?: number;
  kernel?: number;
  padding?: number;
  transposed?: boolean;
  bias?: boolean;
}

const KERNEL = 4;

function layer({
  name,
  input,
  outChannels,
  stride = 2,
  transposed = false,
  bias = false,
  kernel = KERNEL,
  padding = 1,
}: LayerOptions): ConvLayer {
  const geometry: ConvGeometry = { stride: [stride, stride], padding: [padding, padding] };
  const weight = [kernel, kernel, input[3]!, outChannels];
  const output = conv2dOutputShape(input, weight, geometry);
  const macs = output[0]! * output[1]! * output[2]! * weight.reduce((product, length) => product * length, 1);
  return { name, transposed, bias, input, weight, output, geometry, macs };
}

/** Layers of models/unet.ts in the order in which they run: encoder, then decoder from the innermost out. */
export function unetLayers({
  size,
  ngf,
  batch,
  channels = 3,
}: {
  size: number;
  ngf: number;
  batch: number;
  channels?: number;
}): ConvLayer[] {
  const levels = Math.log2(size);
  const width = (level: number): number => (level === 0 ? channels : ngf * Math.min(2 ** (level - 1), 8));
  const image = (level: number): Shape => [batch, size >> level, size >> level, width(level)];
  const encoder: ConvLayer[] = [];
  const decoder: ConvLayer[] = [];
  for (let level = 1; level <= levels; level++) {
    encoder.push(layer({ name: `e${level}`, input: image(level - 1), outChannels: width(level) }));
    // The decoder reads the skip connection beside the level below, except at the innermost one.
    const inChannels = level === levels ? width(level) : 2 * width(level);
    decoder.unshift(
      layer({ name: `d${levels - level + 1}`, input: image(level - 1), outChannels: inChannels, transposed: true, bias: level === 1 }),
    );
  }
  return [...encoder, ...decoder];
}

/** Layers of models/patchgan.ts: three of stride 2, one of stride 1, and the head. */
export function patchganLayers({
  size,
  ndf,
  batch,
  channels = 6,
}: {
  size: number;
  ndf: number;
  batch: number;
  channels?: number;
}): ConvLayer[] {
  const layers: ConvLayer[] = [];
  let input: Shape = [batch, size, size, channels];
  [ndf, 2 * ndf, 4 * ndf, 8 * ndf, 1].forEach((outChannels, index) => {
    const next = layer({ name: `p${index + 1}`, input, outChannels, stride: index < 3 ? 2 : 1, bias: index === 0 || index === 4 });
    layers.push(next);
    input = next.output;
  });
  return layers;
}

/** A convolution of a residual block of ResNet generators (models/resnet.ts): 3 x 3, as many channels out as in. */
export function residualLayer({ size, width, batch }: { size: number; width: number; batch: number }): ConvLayer {
  return layer({ name: 'r', input: [batch, size, size, width], outChannels: width, stride: 1, kernel: 3 });
}

/** Layers of models/resnet.ts in the order in which they run, whose blocks are 3 x 3 at a quarter of the size. */
export function resnetLayers({ size, ngf, batch, blocks = 9 }: { size: number; ngf: number; batch: number; blocks?: number }): ConvLayer[] {
  const image = (side: number, channels: number): Shape => [batch, side, side, channels];
  const end = { kernel: 7, padding: 3, stride: 1 } as const;
  return [
    layer({ name: 'first', input: image(size, 3), outChannels: ngf, ...end }),
    layer({ name: 'down1', input: image(size, ngf), outChannels: 2 * ngf, kernel: 3 }),
    layer({ name: 'down2', input: image(size / 2, 2 * ngf), outChannels: 4 * ngf, kernel: 3 }),
    ...Array.from({ length: 2 * blocks }, () => residualLayer({ size: size / 4, width: 4 * ngf, batch })),
    layer({ name: 'up1', input: image(size / 2, 2 * ngf), outChannels: 4 * ngf, kernel: 3, transposed: true }),
    layer({ name: 'up2', input: image(size, ngf), outChannels: 2 * ngf, kernel: 3, transposed: true }),
    layer({ name: 'last', input: image(size, ngf), outChannels: 3, ...end, bias: true }),
  ];
}

const totalMacs = (layers: readonly ConvLayer[]): number => layers.reduce((sum, { macs }) => sum + macs, 0);

/**
 * Multiplications in the convolutions of one pix2pix step (training/pix2pix-step.ts), which are all but a thousandth
 * of its arithmetic: 43.5e9 at size 256, ngf and ndf 64, batch 1.
 */
export function pix2pixMacs(options: { size: number; ngf: number; ndf: number; batch: number }): {
  generatorForward: number;
  step: number;
} {
  const generator = unetLayers(options);
  const discriminator = patchganLayers(options);
  const forwardG = totalMacs(generator);
  const forwardD = totalMacs(discriminator);
  // No gradient flows into the images: the first layers have no input gradient, but for the generator's loss.
  const inputGradG = forwardG - generator[0]!.macs;
  const inputGradD = forwardD - discriminator[0]!.macs;
  const generatorPass = forwardG + forwardG + inputGradG;
  const discriminatorUpdate = 2 * (forwardD + forwardD + inputGradD);
  const verdict = forwardD + forwardD;
  return { generatorForward: forwardG, step: generatorPass + discriminatorUpdate + verdict };
}

/** Multiplications in a ResNet generator's convolutions: forward, and in a step that fits it to one image by L1 and Adam. */
export function resnetMacs(options: { size: number; ngf: number; batch: number }): { forward: number; step: number } {
  const layers = resnetLayers(options);
  const forward = totalMacs(layers);
  return { forward, step: 3 * forward - layers[0]!.macs };
}
