import { dropout, leakyRelu, relu, tanh } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { DropoutState, type DropoutPass } from '../kernels/dropout.js';
import { expectTensor } from '../kernels/elements.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { ModuleDict } from '../nn/layers.js';
import { Module, type PlaceOptions } from '../nn/module.js';
import { checkChoice, checkCounts, refused } from '../nn/options.js';
import { formatShape, imageShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { pix2pixConv, pix2pixConvTranspose, pix2pixNorm } from './defaults.js';
import { describeUpsampling, doublingLayer, RESIZE_KERNEL, UPSAMPLINGS, type Upsampling } from './doubling.js';
import type { ImageSizes, NetworkKind } from './kind.js';
import { DROPOUT_RATE, inferUNetOptions, LEAST_LEVELS, MOST_LEVELS } from './unet.js';
import { describeVariant, resolveVariant, type VariantOptions } from './variants.js';

/** Options of an EncoderDecoder: its size, its channels, its norm. */
export interface EncoderDecoderOptions extends VariantOptions {
  /** Height and width of the images: a power of two, at least 16; the network then also takes multiples of it. Default 256. */
  size?: number;
  /** Channels of the image that is translated. Default 3. */
  inChannels?: number;
  /** Channels of the result. Default 3. */
  outChannels?: number;
  /** Channels after the first layer; doubled at each of the next three. Default 64. */
  ngf?: number;
  /** The rate of dropout in the three innermost decoder layers, from 0 to below 1. Default 0.5. */
  dropout?: number;
  /**
   * How the decoder doubles an image: by transposed convolutions, as the paper has it, or by resizing it and a convolution of 3 x 3 pixels,
   * which leaves no checkerboard. Default 'transposed'.
   */
  upsample?: Upsampling;
}

const OWN_OPTIONS = ['size', 'inChannels', 'outChannels', 'ngf', 'dropout', 'upsample'];
/** Decoder layers with dropout, counted from the innermost. */
const DROPOUT_LEVELS = 3;

interface LevelContext {
  readonly mode: Omit<ForwardOptions, 'out'>;
  /** What masks are drawn from; null where nothing is dropped. */
  readonly pass: DropoutPass | null;
}

type Resolved = Readonly<Required<EncoderDecoderOptions>>;

interface LevelOptions {
  readonly outerChannels: number;
  readonly innerChannels: number;
  readonly drops: boolean;
  /** Numbers the dropout layers. */
  readonly level: number;
  readonly network: Resolved;
}

/** One level: encode, run the level below, decode. Its layers have the names that a U-Net's have. */
class Level extends Module {
  private readonly down: Layer;
  private readonly downNorm: Layer | null;
  private readonly up: Layer;
  private readonly upNorm: Layer | null;

  constructor(
    private readonly options: LevelOptions,
    private readonly inner: Level | null,
  ) {
    super();
    const { outerChannels, innerChannels, network } = options;
    const { norm, epsilon, upsample } = network;
    const bias = network.bias === 'everywhere';
    const layers = this.child('model', new ModuleDict());
    const [up, upNorm] = inner ? ['5', '6'] : ['3', '4'];
    this.down = layers.child('1', pix2pixConv({ inChannels: outerChannels, outChannels: innerChannels, bias }));
    this.downNorm = inner ? pix2pixNorm(norm, innerChannels, { epsilon }) : null;
    if (this.downNorm) layers.child('2', this.downNorm);
    if (inner) layers.child('3', inner);
    const decoded = { inChannels: innerChannels, outChannels: outerChannels, bias };
    this.up = layers.child(up!, doublingLayer(upsample, decoded, pix2pixConvTranspose));
    this.upNorm = pix2pixNorm(norm, outerChannels, { epsilon });
    if (this.upNorm) layers.child(upNorm!, this.upNorm);
  }

  forward(x: Tensor, context: LevelContext): Tensor {
    const { mode, pass } = context;
    const { drops, level, network } = this.options;
    const encoded = normed(this.downNorm, this.down.forward(leakyRelu(x, network.slope), mode), mode);
    const inner = this.inner ? this.inner.forward(encoded, context) : encoded;
    const decoded = normed(this.upNorm, this.up.forward(relu(inner), mode), mode);
    return drops && pass ? dropout(decoded, { rate: network.dropout, layer: level, state: pass }) : decoded;
  }
}

const normed = (norm: Layer | null, x: Tensor, mode: Omit<ForwardOptions, 'out'>): Tensor => (norm ? norm.forward(x, mode) : x);

function resolve({
  size = 256,
  inChannels = 3,
  outChannels = 3,
  ngf = 64,
  dropout: rate = DROPOUT_RATE,
  upsample = 'transposed',
  ...variant
}: EncoderDecoderOptions): Resolved {
  const network = 'an encoder-decoder';
  const levels = Math.log2(size);
  if (!Number.isInteger(levels) || levels < LEAST_LEVELS || levels > MOST_LEVELS) {
    throw new ShadegradError('INVALID_ARGUMENT', `size of ${network}`, {
      expected: 'a power of two from 16 to 65536',
      received: String(size),
      fix: 'use 64, 128, 256 or 512',
    });
  }
  checkCounts(network, { ngf, inChannels, outChannels });
  if (!Number.isFinite(rate) || rate < 0 || rate >= 1) throw refused(`dropout of ${network}`, 'a rate from 0 to below 1', rate);
  checkChoice(`upsample of ${network}`, upsample, UPSAMPLINGS);
  return Object.freeze({ size, inChannels, outChannels, ngf, dropout: rate, ...resolveVariant(variant, network, OWN_OPTIONS), upsample });
}

/**
 * pix2pix's generator without skip connections (Isola et al. 2017, section 4.2, Table 2): a U-Net's encoder and decoder, in which all
 * that comes out has gone through one pixel. Parameter names are those of a U-Net, whose decoder layers take twice the channels.
 * 39,075,459 parameters at size 256, 3 -> 3 channels, ngf 64. The paper trains it with batches of 10.
 */
export class EncoderDecoder extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<EncoderDecoderOptions>>;
  /** Height and width of the images that the network is made for, in pixels. */
  readonly size: number;
  /** Channels of the image that is translated. */
  readonly inChannels: number;
  /** Channels of the result. */
  readonly outChannels: number;
  private readonly down: Layer;
  private readonly inner: Level;
  private readonly up: Layer;
  private state: DropoutState | null = null;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: EncoderDecoderOptions = {}) {
    super();
    this.options = resolve(options);
    const { size, inChannels, outChannels, ngf, bias, upsample } = this.options;
    this.size = size;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    const levels = Math.log2(size);
    /** Channels after the given level's encoder layer. */
    const width = (level: number): number => ngf * Math.min(2 ** (level - 1), 8);
    let inner: Level | null = null;
    for (let level = levels; level >= 2; level--) {
      const drops = level > levels - DROPOUT_LEVELS && this.options.dropout > 0;
      inner = new Level({ outerChannels: width(level - 1), innerChannels: width(level), drops, level, network: this.options }, inner);
    }
    const layers = this.child('model', new ModuleDict()).child('model', new ModuleDict());
    this.down = layers.child('0', pix2pixConv({ inChannels, outChannels: ngf, bias: bias === 'everywhere' }));
    this.inner = layers.child('1', inner!);
    this.up = layers.child('3', doublingLayer(upsample, { inChannels: ngf, outChannels, bias: true }, pix2pixConvTranspose));
  }

  /** The sizes of images that come out as large as they went in. */
  get imageSizes(): ImageSizes {
    return { own: this.size, multipleOf: this.size, least: this.size };
  }

  protected override onPlaced(gpu: Gpu, { seed }: Required<PlaceOptions>): void {
    this.state = new DropoutState(gpu, seed);
  }

  /**
   * Translates a batch of images.
   *
   * @param x [batch, height, width, in channels], in [-1, 1]; sides are multiples of `size`
   * @returns [batch, height, width, out channels], in [-1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    expectTensor('an encoder-decoder', 'x', x);
    const [, height, width, channels] = imageShape(x.shape, 'input of the encoder-decoder');
    const fits = (side: number): boolean => side >= 1 && side % this.size === 0;
    if (!fits(height) || !fits(width) || channels !== this.inChannels) {
      throw new ShadegradError('SHAPE_MISMATCH', 'input of the encoder-decoder', {
        expected: `${formatShape([x.shape[0]!, this.size, this.size, this.inChannels])}, or multiples of this height and width`,
        received: formatShape(x.shape),
        fix: 'resize the image, or build the network for its size and channels',
      });
    }
    const encoded = this.down.forward(x, mode);
    const drops = this.options.dropout > 0 && (mode.dropout ?? mode.training ?? this.training);
    const pass = drops ? this.placedState.beginPass() : null;
    const decoded = this.inner.forward(encoded, { mode, pass });
    return tanh(this.up.forward(relu(decoded), mode), { out });
  }

  private get placedState(): DropoutState {
    if (this.state) return this.state;
    throw new ShadegradError('INVALID_ARGUMENT', 'an encoder-decoder is used while it is on no device', {
      expected: 'a network that to(gpu) was called on, or the module that it is in',
      fix: 'call to(gpu) first; after dispose(), once more',
    });
  }

  protected override onAdvance(step: number): void {
    this.placedState.advance(step);
  }

  protected override onDisposed(): void {
    this.state?.dispose();
    this.state = null;
  }
}

/** The row of encoder-decoders; before that of U-Nets, from which the channels of the last layer tell them. */
export const ENCODER_DECODER: NetworkKind<EncoderDecoder> = {
  kind: 'encoder-decoder',
  role: 'generator',
  title: 'encoder-decoder',
  network: EncoderDecoder,
  describe: ({ options }) => [
    `encoder-decoder for ${options.size} x ${options.size}`,
    `${options.inChannels} -> ${options.outChannels} channels`,
    `ngf ${options.ngf}`,
    ...describeVariant(options, [options.dropout > 0 ? `dropout ${options.dropout}` : 'no dropout', describeUpsampling(options.upsample)]),
  ],
  exampleInput: ({ size, inChannels }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
  chosen: {
    follows: ['dropout', 'levels', 'upsample'],
    options: ({ levelSize: size, width, inChannels, outChannels, norm, dropout: rate, upsample }) => ({
      size,
      inChannels,
      outChannels,
      ngf: width,
      norm,
      dropout: rate,
      upsample,
    }),
  },
  pytorch: {
    anchor: 'model.model.0.weight',
    looksLike: (tensors) => {
      const [first, last] = [tensors.get('model.model.0.weight'), tensors.get('model.model.3.weight')];
      // Of kernels that are transposed the channels of the input come first, of those of a resize-convolution the others do.
      return tensors.has('model.model.1.model.1.weight') && first !== undefined && last?.[last[2] === RESIZE_KERNEL ? 1 : 0] === first[0];
    },
    options: (tensors, label) => {
      const { dropoutBlocks: _, ...options } = inferUNetOptions(tensors, label);
      return options;
    },
    unseen: { dropout: [0, DROPOUT_RATE] },
  },
};
