import { expectFloats } from '../kernels/elements.js';
import { castType } from '../autograd/autocast.js';
import { concat, dropout, expand, leakyRelu, relu, tanh } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { DropoutState, type DropoutPass } from '../kernels/dropout.js';
import { drawNormal } from '../kernels/random.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { ModuleDict } from '../nn/layers.js';
import { Module, type PlaceOptions } from '../nn/module.js';
import { checkChoice, checkCounts, refused } from '../nn/options.js';
import { formatShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { pix2pixConv, pix2pixConvTranspose, pix2pixNorm } from './defaults.js';
import { describeUpsampling, doublingLayer, RESIZE_KERNEL, UPSAMPLINGS, type Upsampling } from './doubling.js';
import type { ImageSizes, NetworkKind } from './kind.js';
import { levelsOf, type LayerGraph, type LevelTensors } from './layer-graph.js';
import { inferNorm, isKernel, kernelChannels, unsupportedWeights, type StateShapes } from './state-shapes.js';
import { describeVariant, resolveVariant, type VariantOptions } from './variants.js';

/**
 * Options of a UNet: its size, its channels, and what the implementations of pix2pix disagree about. The defaults are the PyTorch
 * reference's.
 */
export interface UNetOptions extends VariantOptions {
  /** Height and width of the images: a power of two, at least 16; the network then also takes multiples of it. Default 256. */
  size?: number;
  /** Channels of the image that is translated. Default 3. */
  inChannels?: number;
  /** Channels of the result. Default 3. */
  outChannels?: number;
  /** Channels after the first layer; doubled at each of the next three. Default 64. */
  ngf?: number;
  /** The rate of dropout, from 0 to below 1. Default 0.5. */
  dropout?: number;
  /**
   * Which decoder blocks have dropout, after their norm: the three innermost ('innermost': the paper, its Torch code and
   * the TensorFlow implementations), or those of full width but the innermost ('middle': the PyTorch reference; three at
   * 256 pixels, one more or less for each doubling or halving). Default 'innermost'.
   */
  dropoutBlocks?: 'innermost' | 'middle';
  /**
   * Whether the innermost encoder layer is normalised too, as in the TensorFlow implementations; batch norm only, since a
   * single pixel normalised by itself is zero. Its parameters are named "downNorm", not by a number: the PyTorch
   * reference has no such layer, and counting it would rename those that follow. Default false.
   */
  innermostNorm?: boolean;
  /**
   * What a decoder layer sees of its skip connection: its ReLU, as of all else ('relu': the PyTorch reference and
   * pix2pix-tensorflow), or what the next encoder layer sees, its leaky ReLU ('leaky': TensorFlow's tutorial). Default 'relu'.
   */
  skip?: 'relu' | 'leaky';
  /**
   * Normally distributed random numbers that an image is made of beside what is translated, so that one input has many outputs; each is a
   * channel of one value all over an image. They follow from the seed of Module.to() and the step of Module.advanceDropout(), as
   * dropout's masks do, and are drawn at test time, too. Default 0.
   */
  noise?: number;
  /** Where they come in: beside the image, or beside what the encoder has made of it. Default 'input'. */
  noiseAt?: 'input' | 'bottleneck';
  /**
   * How the decoder doubles an image: by transposed convolutions, as the paper has it, or by resizing it and a convolution of 3 x 3 pixels,
   * which leaves no checkerboard. Default 'transposed'.
   */
  upsample?: Upsampling;
}

/** Deeper than any image is large; a U-Net of 16 levels is one for images of 65,536 pixels. */
export const MOST_LEVELS = 16;
export const LEAST_LEVELS = 4;

interface BlockContext {
  /** Of the whole network; a block's result has a place of its own. */
  readonly mode: Omit<ForwardOptions, 'out'>;
  /** What masks are drawn from; null where nothing is dropped. */
  readonly pass: DropoutPass | null;
  /** Random numbers for the innermost block, [batch, 1, 1, noise]; null where there are none. */
  readonly noise: Tensor | null;
}

/** Of the paper, and the only rate that the reference has. */
export const DROPOUT_RATE = 0.5;
/** Decoder blocks with dropout, counted from the innermost; and the outermost of full width, counted from outside. */
const DROPOUT_BLOCKS = 3;
const FIRST_MIDDLE_LEVEL = 5;

/** The number of the random numbers among what a pass draws: levels with dropout are from 2 on. */
const NOISE_LAYER = 0;

/** Numbers of the layers inside a block, as the PyTorch reference's nn.Sequential has them; `downNorm` of the innermost is ours. */
const INNERMOST = { down: '1', downNorm: 'downNorm', up: '3', upNorm: '4' };
const MIDDLE = { down: '1', downNorm: '2', up: '5', upNorm: '6' };
const MIDDLE_INNER = '3';
const OUTERMOST = { down: '0', inner: '1', up: '3' };

type ResolvedOptions = Readonly<Required<UNetOptions>>;

interface BlockOptions {
  /** Channels of the tensor that comes in, and of the one that goes out. */
  outerChannels: number;
  innerChannels: number;
  dropout: number;
  /** Numbers the dropout layers. */
  level: number;
  /** Of the whole network. */
  network: ResolvedOptions;
}

type Step = (x: Tensor, out?: Tensor) => Tensor;

/** Runs one step after the other; the last writes to `out`. */
function chain(x: Tensor, steps: readonly (Step | null)[], out?: Tensor): Tensor {
  const taken = steps.filter((step) => step !== null);
  return taken.reduce((result, step, index) => step(result, index === taken.length - 1 ? out : undefined), x);
}

/**
 * One level of the U: encode, run the level below, decode. Its result goes beside its own input: both are halves
 * of one wide tensor, so that the concatenation of the skip connection copies nothing. What lies in them is not yet
 * activated where the decoder takes the ReLU of both, and is where it takes the leaky ReLU of the skip connection.
 */
class UNetBlock extends Module {
  private readonly down: Layer;
  private readonly downNorm: Layer | null;
  private readonly inner: UNetBlock | null;
  private readonly up: Layer;
  private readonly upNorm: Layer | null;
  private readonly options: BlockOptions;

  constructor(options: BlockOptions, inner: UNetBlock | null) {
    super();
    const { outerChannels, innerChannels, network } = options;
    const { norm, epsilon, innermostNorm, upsample } = network;
    const bias = network.bias === 'everywhere';
    // Layers live under "model.", as in the reference, where each block holds an nn.Sequential of that name.
    const layers = this.child('model', new ModuleDict());
    const names = inner ? MIDDLE : INNERMOST;
    this.down = layers.child(names.down, pix2pixConv({ inChannels: outerChannels, outChannels: innerChannels, bias }));
    this.downNorm = inner || innermostNorm ? pix2pixNorm(norm, innerChannels, { epsilon }) : null;
    if (this.downNorm) layers.child(names.downNorm, this.downNorm);
    this.inner = inner ? layers.child(MIDDLE_INNER, inner) : null;
    const joined = inner ? 2 * innerChannels : innerChannels + noiseIn('bottleneck', network);
    const decoded = { inChannels: joined, outChannels: outerChannels, bias };
    this.up = layers.child(names.up, doublingLayer(upsample, decoded, pix2pixConvTranspose));
    this.upNorm = pix2pixNorm(norm, outerChannels, { epsilon });
    if (this.upNorm) layers.child(names.upNorm, this.upNorm);
    this.options = options;
  }

  /** @param out where the result goes: the second half of the skip connection's tensor */
  forward(x: Tensor, context: BlockContext, out: Tensor): Tensor {
    const {
      innerChannels,
      dropout: rate,
      level,
      network: { skip, slope },
    } = this.options;
    const { mode, pass } = context;
    const activated = skip === 'leaky';
    const leaky: Step = (each, target) => leakyRelu(each, slope, { out: target });
    const rectified: Step = (each, target) => relu(each, { out: target });
    const encoderInput = activated ? x : leaky(x);
    const encode = [step(this.down, mode), step(this.downNorm, mode), activated ? leaky : null];

    let decoderInput: Tensor;
    if (this.inner) {
      const wide = skipTensor(x, innerChannels);
      const encoded = chain(encoderInput, encode, wide.first);
      decoderInput = concat([encoded, this.inner.forward(encoded, context, wide.second)]);
    } else {
      decoderInput = withNoise(chain(encoderInput, encode), context.noise);
    }

    return chain(
      activated ? decoderInput : rectified(decoderInput),
      [
        step(this.up, mode),
        step(this.upNorm, mode),
        rate > 0 && pass ? (each, target) => dropout(each, { rate, layer: level, state: pass, out: target }) : null,
        activated ? rectified : null,
      ],
      out,
    );
  }
}

function step(layer: Layer | null, mode: Omit<ForwardOptions, 'out'>): Step | null {
  return layer && ((x, out) => layer.forward(x, { ...mode, out }));
}

/** Channels of random numbers at one of the places for them. */
const noiseIn = (place: ResolvedOptions['noiseAt'], { noise, noiseAt }: ResolvedOptions): number => (noiseAt === place ? noise : 0);

/** A tensor with random numbers beside its channels, the same at every pixel. */
function withNoise(x: Tensor, noise: Tensor | null): Tensor {
  return noise ? concat([x, expand(noise, [...x.shape.slice(0, 3), noise.shape[3]!])]) : x;
}

const OWN_OPTIONS = [
  'size',
  'inChannels',
  'outChannels',
  'ngf',
  'dropout',
  'dropoutBlocks',
  'innermostNorm',
  'skip',
  'noise',
  'noiseAt',
  'upsample',
];

function resolve({
  size = 256,
  inChannels = 3,
  outChannels = 3,
  ngf = 64,
  dropout: rate = DROPOUT_RATE,
  dropoutBlocks = 'innermost',
  innermostNorm = false,
  skip = 'relu',
  noise = 0,
  noiseAt = 'input',
  upsample = 'transposed',
  ...variant
}: UNetOptions): ResolvedOptions {
  const network = 'a U-Net';
  const levels = Math.log2(size);
  if (!Number.isInteger(levels) || levels < LEAST_LEVELS || levels > MOST_LEVELS) {
    throw new ShadegradError('INVALID_ARGUMENT', `size of ${network}`, {
      expected: 'a power of two from 16 to 65536',
      received: String(size),
      fix: 'use 64, 128, 256 or 512',
    });
  }
  checkCounts(network, { ngf, inChannels, outChannels });
  checkCounts(network, { noise }, 0);
  checkChoice(`noiseAt of ${network}`, noiseAt, ['input', 'bottleneck']);
  checkChoice(`upsample of ${network}`, upsample, UPSAMPLINGS);
  if (!Number.isFinite(rate) || rate < 0 || rate >= 1) throw refused(`dropout of ${network}`, 'a rate from 0 to below 1', rate);
  checkChoice(`dropoutBlocks of ${network}`, dropoutBlocks, ['innermost', 'middle']);
  checkChoice(`innermostNorm of ${network}`, innermostNorm, [true, false]);
  checkChoice(`skip of ${network}`, skip, ['relu', 'leaky']);
  const resolved = resolveVariant(variant, network, OWN_OPTIONS);
  if (innermostNorm && resolved.norm !== 'batch') throw refused(`norm of ${network} with innermostNorm`, 'batch', resolved.norm);
  return Object.freeze({
    size,
    inChannels,
    outChannels,
    ngf,
    dropout: rate,
    dropoutBlocks,
    ...resolved,
    innermostNorm,
    skip,
    noise,
    noiseAt,
    upsample,
  });
}

/** Memory for [skip, decoded] at half the size of x, and the two halves that their producers write into. */
function skipTensor({ gpu, shape }: Tensor, channels: number): { first: Tensor; second: Tensor } {
  const [batch, height, width] = shape as [number, number, number];
  const wide = Tensor.empty(gpu, [batch, height / 2, width / 2, 2 * channels], 'skip connection', castType());
  return { first: wide.channelView(0, channels), second: wide.channelView(channels, 2 * channels) };
}

/**
 * pix2pix's generator (Isola et al. 2017): an encoder and a decoder of 4x4 stride-2 convolutions down to one pixel,
 * joined by skip connections at every level. Parameter names are those of the PyTorch reference implementation.
 * 54,413,955 parameters at size 256, 3 -> 3 channels, ngf 64.
 */
export class UNet extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<UNetOptions>>;
  /** Height and width of the images that the network is made for, in pixels. */
  readonly size: number;
  /** Channels of the image that is translated. */
  readonly inChannels: number;
  /** Channels of the result. */
  readonly outChannels: number;
  /** Channels after the first layer. */
  readonly ngf: number;
  private readonly down: Layer;
  private readonly inner: UNetBlock;
  private readonly up: Layer;
  private state: DropoutState | null = null;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: UNetOptions = {}) {
    super();
    this.options = resolve(options);
    const { size, inChannels, outChannels, ngf, dropout: rate, dropoutBlocks, bias, upsample } = this.options;
    const levels = Math.log2(size);
    this.size = size;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.ngf = ngf;

    /** Channels after the given level's encoder layer. */
    const width = (level: number): number => ngf * Math.min(2 ** (level - 1), 8);
    const drops = (level: number): boolean =>
      dropoutBlocks === 'innermost' ? level > levels - DROPOUT_BLOCKS : level >= FIRST_MIDDLE_LEVEL && level < levels;
    let inner: UNetBlock | null = null;
    for (let level = levels; level >= 2; level--) {
      inner = new UNetBlock(
        { outerChannels: width(level - 1), innerChannels: width(level), dropout: drops(level) ? rate : 0, level, network: this.options },
        inner,
      );
    }
    const layers = this.child('model', new ModuleDict()).child('model', new ModuleDict());
    const inputs = inChannels + noiseIn('input', this.options);
    this.down = layers.child(OUTERMOST.down, pix2pixConv({ inChannels: inputs, outChannels: ngf, bias: bias === 'everywhere' }));
    this.inner = layers.child(OUTERMOST.inner, inner!);
    const last = { inChannels: 2 * ngf, outChannels, bias: true };
    this.up = layers.child(OUTERMOST.up, doublingLayer(upsample, last, pix2pixConvTranspose));
  }

  /** Sides are multiples of `size`. */
  get imageSizes(): ImageSizes {
    return { own: this.size, multipleOf: this.size, least: this.size };
  }

  protected override onPlaced(gpu: Gpu, { seed }: Required<PlaceOptions>): void {
    this.state = new DropoutState(gpu, seed);
  }

  /** The counters of the dropout masks and random numbers: advance() them before each step. @throws INVALID_ARGUMENT on no device */
  get dropoutState(): DropoutState {
    if (this.state) return this.state;
    throw new ShadegradError('INVALID_ARGUMENT', 'a U-Net is used while it is on no device', {
      expected: 'a network that to(gpu) was called on, or the module that it is in',
      fix: 'call to(gpu) first; after dispose(), once more',
    });
  }

  /**
   * Translates a batch of images.
   * @param x [batch, height, width, in channels], in [-1, 1]; sides are multiples of `size`: at `size` itself the innermost
   * layer sees one pixel, as in the paper, and a network that was trained on larger images runs on those
   * @returns [batch, height, width, out channels], in [-1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out: target, ...mode } = forwardOptions(this, options);
    expectFloats('a U-Net', { x });
    const [, height, width, channels] = imageShape(x.shape, 'input of the U-Net');
    if (height < 1 || width < 1 || height % this.size !== 0 || width % this.size !== 0 || channels !== this.inChannels) {
      throw new ShadegradError('SHAPE_MISMATCH', 'input of the U-Net', {
        expected: `${formatShape([x.shape[0]!, this.size, this.size, this.inChannels])}, or multiples of this height and width`,
        received: formatShape(x.shape),
        fix: 'resize the image, or build the network for its size and channels',
      });
    }
    const wide = skipTensor(x, this.ngf);
    const { skip, slope, noiseAt } = this.options;
    const activated = skip === 'leaky';
    const drops = this.options.dropout > 0 && (mode.dropout ?? mode.training ?? this.training);
    const pass = drops || this.options.noise > 0 ? this.dropoutState.beginPass() : null;
    const noise = this.options.noise > 0 ? this.drawNoise(x, pass!) : null;
    const input = withNoise(x, noiseAt === 'input' ? noise : null);
    const encoded = chain(input, [step(this.down, mode), activated ? (each, out) => leakyRelu(each, slope, { out }) : null], wide.first);
    const context = { mode, pass: drops ? pass : null, noise: noiseAt === 'bottleneck' ? noise : null };
    const joined = concat([encoded, this.inner.forward(encoded, context, wide.second)]);
    return tanh(this.up.forward(activated ? joined : relu(joined)), { out: target });
  }

  /** @returns [batch, 1, 1, noise] */
  private drawNoise({ gpu, shape: [batch] }: Tensor, { words }: DropoutPass): Tensor {
    const noise = Tensor.empty(gpu, [batch!, 1, 1, this.options.noise], 'random numbers');
    drawNormal(noise, NOISE_LAYER, words);
    return noise;
  }

  protected override onAdvance(step: number): void {
    this.dropoutState.advance(step);
  }

  protected override onDisposed(): void {
    this.state?.dispose();
    this.state = null;
  }
}

const KERNEL = 4;

/** Options of a U-Net of the reference, from its tensors. Dropout does not show: where there is any, it is where the reference has it. */
export function inferUNetOptions(tensors: StateShapes, label: string): UNetOptions {
  const [ngf, inChannels] = kernelChannels(tensors, 'model.model.0.weight', KERNEL, label);
  const last = 'model.model.3.weight';
  // A resized image is convolved, and by smaller kernels; how it was resized shows nowhere.
  const resized = isKernel(tensors.get(last), RESIZE_KERNEL);
  const outChannels = kernelChannels(tensors, last, resized ? RESIZE_KERNEL : KERNEL, label)[resized ? 0 : 1];
  let levels = 1;
  for (let path = 'model.model.1.model.'; ; path += '3.model.') {
    levels++;
    kernelChannels(tensors, `${path}1.weight`, KERNEL, label);
    if (levels > MOST_LEVELS)
      throw unsupportedWeights(`${label}: this U-Net is too deep`, `more than ${MOST_LEVELS} levels`, `at most ${MOST_LEVELS} levels`);
    // The innermost block has its transposed convolution where others have the block inside them.
    if (tensors.has(`${path}3.weight`)) break;
  }
  if (levels < LEAST_LEVELS)
    throw unsupportedWeights(`${label}: this U-Net is too flat`, `${levels} levels`, `at least ${LEAST_LEVELS} levels`);
  const norm = inferNorm(tensors, 'model.model.1.model.1', 'model.model.1.model.2', label);
  return { size: 2 ** levels, inChannels, outChannels, ngf, norm, dropoutBlocks: 'middle', ...(resized && { upsample: 'nearest' }) };
}

/** The tensors of a U-Net by level, outermost first. */
export interface UNetLevels {
  /** [0] takes the image, the last makes one pixel. */
  readonly encoder: readonly LevelTensors[];
  /** [0] makes the image. */
  readonly decoder: readonly LevelTensors[];
}

/** The tensors of a U-Net by level: it declares them on the way down, and back up. @throws INVALID_ARGUMENT for impossible options */
export function unetLevels(options: UNetOptions): UNetLevels {
  const levels = levelsOf(new UNet(options));
  const half = levels.length / 2;
  return { encoder: levels.slice(0, half), decoder: levels.slice(half).reverse() };
}

function addUNet(graph: LayerGraph, { options }: UNet, input: string): string {
  if (options.noise > 0) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'an ONNX model of a U-Net that draws random numbers', {
      expected: 'a network whose output follows from its input: no noise',
      received: `noise ${options.noise}`,
      fix: 'translate with it here (shadegrad translate --samples), or train one with --z 0',
    });
  }
  const { encoder, decoder } = unetLevels(options);
  const { innermostNorm, slope, upsample } = options;
  const resized = upsample !== 'transposed';
  const activated = options.skip === 'leaky';
  const innermost = encoder.length - 1;

  const encoded: string[] = [];
  encoder.forEach(({ conv, norm }, level) => {
    let x = encoded.at(-1) ?? input;
    if (level > 0 && !activated) x = graph.leakyRelu(x, slope);
    x = graph.conv(x, conv, 2);
    if (level > 0 && (level < innermost || innermostNorm)) x = graph.norm(x, conv.get('weight')!.shape[3]!, norm, options);
    encoded.push(activated ? graph.leakyRelu(x, slope) : x);
  });

  let decoded: string | null = null;
  for (let level = innermost; level >= 0; level--) {
    const { conv, norm } = decoder[level]!;
    let x = encoded[level]!;
    if (decoded !== null) x = graph.joined(x, decoded);
    if (!activated) x = graph.relu(x);
    x = resized ? graph.resizeConv(x, conv, upsample) : graph.convTranspose(x, conv);
    if (level > 0) x = graph.norm(x, conv.get('weight')!.shape[resized ? 3 : 2]!, norm, options);
    decoded = level > 0 && activated ? graph.relu(x) : x;
  }
  return graph.tanh(decoded!);
}

/** The row of U-Nets. */
export const UNET: NetworkKind<UNet> = {
  kind: 'unet',
  role: 'generator',
  title: 'U-Net',
  network: UNet,
  describe: ({ options }) => [
    `U-Net for ${options.size} x ${options.size}`,
    `${options.inChannels} -> ${options.outChannels} channels`,
    `ngf ${options.ngf}`,
    ...describeVariant(options, [
      options.innermostNorm && 'innermost layer normalised',
      options.skip === 'leaky' && 'leaky skips',
      options.dropout > 0 ? `dropout ${options.dropout}${options.dropoutBlocks === 'middle' ? ' in the middle blocks' : ''}` : 'no dropout',
      options.noise > 0 && `${options.noise} random numbers at the ${options.noiseAt}`,
      describeUpsampling(options.upsample),
    ]),
  ],
  exampleInput: ({ size, inChannels }) => ({ shape: [1, size, size, inChannels], dynamicAxes: [0] }),
  chosen: {
    follows: ['dropout', 'noise', 'noiseAt', 'levels', 'upsample'],
    options: ({ levelSize: size, width: ngf, inChannels, outChannels, norm, dropout: rate, noise, noiseAt, upsample }) => ({
      ...{ size, ngf, inChannels, outChannels, norm, dropout: rate, noise, noiseAt, upsample },
    }),
  },
  pytorch: {
    anchor: 'model.model.0.weight',
    looksLike: (tensors) => tensors.has('model.model.1.model.1.weight'),
    options: inferUNetOptions,
    // The reference's program is told whether there is dropout (no_dropout), and its Torch code begins with the innermost block.
    unseen: { dropout: [0, DROPOUT_RATE], dropoutBlocks: ['innermost', 'middle'] },
  },
  layerModel: {
    name: 'pix2pix generator',
    outputRange: '[-1, 1]',
    input: ({ inChannels, size }) => ({
      shape: [inChannels, size, size],
      description: 'Images to translate: batch, channels, height, width; values in [-1, 1].',
    }),
    output: ({ outChannels, size }) => ({ shape: [outChannels, size, size], description: 'Translated images, values in [-1, 1].' }),
    addTo: addUNet,
  },
};
