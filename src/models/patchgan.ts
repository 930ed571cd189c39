import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { LeakyReLU, Sequential } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { pix2pixConv, pix2pixNorm } from './defaults.js';
import type { Judgement, NetworkKind } from './kind.js';
import { levelsOf, type LayerGraph } from './layer-graph.js';
import { inferNorm, kernelChannels, unsupportedWeights, type StateShapes } from './state-shapes.js';
import { describeVariant, resolveVariant, type VariantOptions } from './variants.js';

/**
 * Options of a PatchGAN: its channels, its depth, and what the implementations of pix2pix disagree about. The defaults are the PyTorch
 * reference's.
 */
export interface PatchGANOptions extends VariantOptions {
  /** Channels of the condition and the image together. Default 6. */
  inChannels?: number;
  /** Channels after the first layer; doubled at each further one, up to eight times. Default 64. */
  ndf?: number;
  /** Stride-2 layers; 3 gives every output a receptive field of 70 x 70 pixels. Default 3. */
  layers?: number;
}

/** Each stride-2 layer halves the image: more of them than this judge no image that there is. */
const MOST_LAYERS = 16;

/**
 * pix2pix's discriminator (Isola et al. 2017): a small convolutional network that judges every 70 x 70 patch on its
 * own; one logit each. Parameter names are those of the PyTorch reference implementation's nn.Sequential.
 * 2,768,705 parameters with 6 channels in and ndf 64.
 */
export class PatchGAN extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<PatchGANOptions>>;
  /** Channels of the condition and the image together. */
  readonly inChannels: number;
  /** Channels after the first layer. */
  readonly ndf: number;
  /** Stride-2 layers. */
  readonly layers: number;
  private readonly model = this.child('model', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor({ inChannels = 6, ndf = 64, layers = 3, ...variant }: PatchGANOptions = {}) {
    super();
    checkCounts('a PatchGAN', { inChannels, ndf, layers });
    if (layers > MOST_LAYERS) throw refused('layers of a PatchGAN', `at most ${MOST_LAYERS}`, layers);
    const { norm: kind, bias, epsilon, slope } = resolveVariant(variant, 'a PatchGAN', ['inChannels', 'ndf', 'layers']);
    this.options = Object.freeze({ inChannels, ndf, layers, norm: kind, bias, epsilon, slope });
    this.inChannels = inChannels;
    this.ndf = ndf;
    this.layers = layers;
    // Numbers are places in the reference's nn.Sequential: each stage but the first is conv, norm (or an identity), activation.
    let position = 0;
    let channels = inChannels;
    for (let stage = 0; stage <= layers; stage++) {
      const outChannels = ndf * Math.min(2 ** stage, 8);
      // The last stage before the head keeps the resolution.
      const stride = stage < layers ? 2 : 1;
      const first = stage === 0;
      this.model.add(pix2pixConv({ inChannels: channels, outChannels, stride, bias: first || bias === 'everywhere' }), String(position++));
      const normed = first ? null : pix2pixNorm(kind, outChannels, { epsilon });
      if (normed) this.model.add(normed, String(position));
      if (!first) position++;
      this.model.add(new LeakyReLU(slope), String(position++));
      channels = outChannels;
    }
    this.model.add(pix2pixConv({ inChannels: channels, outChannels: 1, stride: 1 }), String(position));
  }

  /** Pixels from the middle of a patch to that of the next. */
  get patchStride(): number {
    return 2 ** this.layers;
  }

  /** The side of the square of pixels that one logit sees. */
  get receptiveField(): number {
    let field = 4;
    for (let stage = this.layers; stage >= 0; stage--) field = (field - 1) * (stage < this.layers ? 2 : 1) + 4;
    return field;
  }

  /**
   * Judges every patch of a batch of images.
   * @param x [batch, h, w, in channels]: the condition's channels, then the image's
   * @returns logits [batch, h', w', 1]; 30 x 30 for 256 x 256
   * @throws SHAPE_MISMATCH for other channels or an image that is too small; INVALID_ARGUMENT on no device or for bytes;
   *   DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.model.forward(x, forwardOptions(this, options));
  }

  /** What it says of images, with what follows each of its activations: one scale. @throws as forward() */
  judge(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Judgement[] {
    const { out: _, ...mode } = forwardOptions(this, options);
    const features: Tensor[] = [];
    let made = x;
    for (const layer of this.model) {
      made = layer.forward(made, mode);
      if (layer instanceof LeakyReLU) features.push(made);
    }
    return [{ logits: made, features }];
  }
}

const KERNEL = 4;
/** An image of so many pixels for each step of the first layers: the last two need some. */
const PATCHES = 8;

/** Options of a PatchGAN of the reference, from its tensors. */
function inferOptions(tensors: StateShapes, label: string): PatchGANOptions {
  const [ndf, inChannels] = kernelChannels(tensors, 'model.0.weight', KERNEL, label);
  let position = 2;
  while (tensors.has(`model.${position + 3}.weight`)) position += 3;
  const layers = (position - 2) / 3;
  const [outputs] = kernelChannels(tensors, `model.${position}.weight`, KERNEL, label);
  if (layers < 1 || outputs !== 1)
    throw unsupportedWeights(
      `${label}: this is no PatchGAN`,
      `${layers} layers before a last one of ${outputs} channels`,
      'some layers of conv, norm and leaky ReLU, then a convolution to 1 channel',
    );
  return { inChannels, ndf, layers, norm: inferNorm(tensors, 'model.2', 'model.3', label) };
}

function addPatchGAN(graph: LayerGraph, network: PatchGAN, x: string): string {
  const { options, layers } = network;
  const levels = levelsOf(network);
  return levels.reduce((input, { conv, norm }, level) => {
    const result = graph.conv(input, conv, level < layers ? 2 : 1);
    if (level === levels.length - 1) return result;
    return graph.leakyRelu(level > 0 ? graph.norm(result, conv.get('weight')!.shape[3]!, norm, options) : result, options.slope);
  }, x);
}

/** The row of PatchGANs. */
export const PATCHGAN: NetworkKind<PatchGAN> = {
  kind: 'patchgan',
  role: 'discriminator',
  title: 'PatchGAN',
  network: PatchGAN,
  describe: ({ options }) => [
    'PatchGAN',
    `${options.inChannels} channels`,
    `ndf ${options.ndf}`,
    `${options.layers} layers`,
    ...describeVariant(options),
  ],
  exampleInput: ({ inChannels, layers }) => {
    const side = PATCHES * 2 ** layers;
    return { shape: [1, side, side, inChannels], dynamicAxes: [0, 1, 2] };
  },
  chosen: {
    follows: ['layers'],
    // Of what the layers leave, the last two convolutions take two pixels.
    leastSize: ({ layers = 3 }) => 3 * 2 ** layers,
    options: ({ width, inChannels, norm, layers }) => ({ inChannels, ndf: width, norm, layers }),
  },
  pytorch: {
    anchor: 'model.0.weight',
    looksLike: (tensors) => tensors.has('model.2.weight'),
    options: inferOptions,
  },
  layerModel: {
    name: 'pix2pix discriminator',
    outputRange: 'logits',
    input: ({ inChannels }) => ({
      shape: [inChannels, 'height', 'width'],
      description: "The condition's channels, then the image's: batch, channels, height, width; values in [-1, 1].",
    }),
    output: () => ({
      shape: [1, 'patch_rows', 'patch_columns'],
      description: 'A logit for every patch: above 0 where it looks real.',
    }),
    addTo: addPatchGAN,
  },
};
