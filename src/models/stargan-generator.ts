import { add, relu, tanh } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { expectFloats } from '../kernels/elements.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { constant } from '../nn/initializers.js';
import { Conv2d, ConvTranspose2d, InstanceNorm2d, ModuleDict } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ImageSizes, NetworkKind } from './kind.js';
import { isKernel, kernelChannels, unsupportedWeights, type StateShapes } from './state-shapes.js';

/** Options of a StarGANGenerator: its channels, its labels and its depth. The defaults are those of the authors' program. */
export interface StarGANGeneratorOptions {
  /** Channels of the images, before and after. Default 3. */
  channels?: number;
  /** Labels that say what an image is to become. Default 5. */
  labels?: number;
  /** Channels after the first layer; doubled by each of the two that halve the image. Default 64. */
  ngf?: number;
  /** Residual blocks. Default 6. */
  blocks?: number;
}

const NETWORK = 'a StarGAN generator';
/** Far more than any network of this kind has. */
const MOST_BLOCKS = 64;
const MULTIPLE = 4;
/** The side of the authors' images. */
const SIDE = 128;
/** Twice halved, an image leaves instance norms more than one pixel. */
const LEAST_SIDE = 8;
const EXAMPLE_SIDE = 32;
/** Where the first block is in the program's nn.Sequential: after three times convolution, norm and ReLU. */
const FIRST_BLOCK = 9;

/**
 * Instance norm as the authors' program builds it, with running statistics that it never uses: its files have them, and it loads none
 * without.
 */
class TrackedInstanceNorm extends InstanceNorm2d {
  constructor(channels: number) {
    super(channels, { affine: true });
    this.buffer('running_mean', [channels], constant(0));
    this.buffer('running_var', [channels], constant(1));
  }

  protected override get pytorchCounters(): readonly string[] {
    return ['num_batches_tracked'];
  }
}

type Mode = Omit<ForwardOptions, 'out'>;
type Stage = readonly [convolution: Layer, norm: Layer];

const through = ([convolution, norm]: Stage, x: Tensor, mode: Mode): Tensor => norm.forward(convolution.forward(x, mode), mode);

/** A convolution and its norm at a place of an nn.Sequential. Weights begin as PyTorch has them by default. */
function stage(layers: ModuleDict, place: number, convolution: Layer, channels: number): Stage {
  return [layers.child(String(place), convolution), layers.child(String(place + 1), new TrackedInstanceNorm(channels))];
}

/** A convolution that keeps the size of an image, its border padded with zeros, which tell the labels from what norms take away. */
const keeping = (inChannels: number, outChannels: number, kernel: number): Conv2d =>
  new Conv2d({ inChannels, outChannels, kernel, padding: (kernel - 1) / 2, bias: false });

/** A block that adds to its input what two convolutions make of it, without a ReLU after the sum. */
class ResidualBlock extends Module {
  private readonly first: Stage;
  private readonly second: Stage;

  constructor(channels: number) {
    super();
    const layers = this.child('main', new ModuleDict());
    this.first = stage(layers, 0, keeping(channels, channels, 3), channels);
    this.second = stage(layers, 3, keeping(channels, channels, 3), channels);
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return add(x, through(this.second, relu(through(this.first, x, mode)), mode));
  }
}

/**
 * The generator of StarGAN (Choi et al. 2018), which one network translates between many domains with: what an image is to become, labels
 * say that are joined to it as further channels. Parameter names are those of the authors' PyTorch program (yunjey/stargan). 8,430,528
 * parameters with 5 labels.
 *
 *     const generator = new StarGANGenerator({ labels: 5 }).to(gpu, { seed: 1 });
 *     const younger = generator.forward(withLabels(images, labels));       // [16, 128, 128, 3] and [16, 5]
 */
export class StarGANGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<StarGANGeneratorOptions>>;
  /** Channels of the images that it translates, without those of their labels. */
  readonly inChannels: number;
  /** Channels of what it makes. */
  readonly outChannels: number;
  /** How many labels it takes. */
  readonly labels: number;
  /** The sizes of images that it takes. */
  readonly imageSizes: ImageSizes = { own: SIDE, multipleOf: MULTIPLE, least: LEAST_SIDE };
  /** Each a convolution and its norm: those before the blocks, and those after them but the last convolution. */
  private readonly down: readonly Stage[];
  private readonly blocks: readonly ResidualBlock[];
  private readonly up: readonly Stage[];
  private readonly last: Layer;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: StarGANGeneratorOptions = {}) {
    super();
    const { channels = 3, labels = 5, ngf = 64, blocks = 6 } = expectOptions(NETWORK, options, ['channels', 'labels', 'ngf', 'blocks']);
    checkCounts(NETWORK, { channels, labels, ngf, blocks });
    if (blocks > MOST_BLOCKS) throw refused(`blocks of ${NETWORK}`, `at most ${MOST_BLOCKS}`, blocks);
    this.options = Object.freeze({ channels, labels, ngf, blocks });
    this.inChannels = channels;
    this.outChannels = channels;
    this.labels = labels;
    const layers = this.child('main', new ModuleDict());
    const halves = { kernel: 4, stride: 2, padding: 1, bias: false };
    const halved = (place: number, width: number): Stage =>
      stage(layers, place, new Conv2d({ inChannels: width, outChannels: 2 * width, ...halves }), 2 * width);
    const doubled = (place: number, width: number): Stage =>
      stage(layers, place, new ConvTranspose2d({ inChannels: width, outChannels: width / 2, ...halves }), width / 2);
    this.down = [stage(layers, 0, keeping(channels + labels, ngf, 7), ngf), halved(3, ngf), halved(6, 2 * ngf)];
    this.blocks = Array.from({ length: blocks }, (_, index) => layers.child(String(FIRST_BLOCK + index), new ResidualBlock(4 * ngf)));
    const after = FIRST_BLOCK + blocks;
    this.up = [doubled(after, 4 * ngf), doubled(after + 3, 2 * ngf)];
    this.last = layers.child(String(after + 6), keeping(ngf, channels, 7));
  }

  /**
   * Translates a batch of images to what their labels say.
   *
   * @param x [batch, height, width, channels + labels], as withLabels() joins them: images in [-1, 1] whose sides are multiples of 4, of
   *   at least 8 pixels, and their labels
   * @returns [batch, height, width, channels], in [-1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    this.expectImages(x);
    const run = (input: Tensor, stages: readonly Stage[]): Tensor =>
      stages.reduce((result, each) => relu(through(each, result, mode)), input);
    const encoded = this.blocks.reduce((result, block) => block.forward(result, mode), run(x, this.down));
    return tanh(this.last.forward(run(encoded, this.up), mode), { out });
  }

  private expectImages(x: Tensor): void {
    expectFloats(NETWORK, { x });
    const { channels, labels } = this.options;
    const [, height, width, depth] = x.shape;
    const fits = (side: number): boolean => side >= LEAST_SIDE && side % MULTIPLE === 0;
    if (x.shape.length === 4 && fits(height!) && fits(width!) && depth === channels + labels) return;
    throw new ShadegradError('SHAPE_MISMATCH', `input of ${NETWORK}`, {
      expected:
        `images with sides that are multiples of ${MULTIPLE}, of at least ${LEAST_SIDE} pixels, ` +
        `and ${channels} + ${labels} channels: of the image, and its labels`,
      received: formatShape(x.shape),
      fix: `resize the images, and join their labels: withLabels(images, labels), which are [batch, ${labels}]`,
    });
  }
}

function inferOptions(tensors: StateShapes, label: string): StarGANGeneratorOptions {
  const [ngf, joined] = kernelChannels(tensors, 'main.0.weight', 7, label);
  let blocks = 0;
  while (blocks <= MOST_BLOCKS && tensors.has(`main.${FIRST_BLOCK + blocks}.main.0.weight`)) blocks++;
  const [channels] = kernelChannels(tensors, `main.${FIRST_BLOCK + blocks + 6}.weight`, 7, label);
  const labels = joined - channels;
  if (labels >= 1 && blocks >= 1 && blocks <= MOST_BLOCKS) return { channels, labels, ngf, blocks };
  throw unsupportedWeights(
    `${label}: this is no StarGAN generator`,
    `${joined} channels in, ${channels} out, ${blocks} blocks`,
    `more channels in than out, by a label each, and 1 to ${MOST_BLOCKS} blocks`,
  );
}

/** The row of StarGAN generators. */
export const STARGAN_GENERATOR: NetworkKind<StarGANGenerator> = {
  kind: 'stargan-generator',
  role: 'generator',
  title: 'StarGAN generator',
  network: StarGANGenerator,
  describe: ({ options: { channels, labels, ngf, blocks } }) => [
    `StarGAN generator with ${blocks} blocks`,
    `${channels} channels`,
    `${labels} labels`,
    `ngf ${ngf}`,
  ],
  exampleInput: ({ options: { channels, labels } }) => ({
    shape: [1, EXAMPLE_SIDE, EXAMPLE_SIDE, channels + labels],
    dynamicAxes: [0, 1, 2],
  }),
  pytorch: {
    anchor: 'main.0.weight',
    looksLike: (tensors) => isKernel(tensors.get('main.0.weight'), 7) && isKernel(tensors.get('main.3.weight'), 4),
    options: inferOptions,
  },
};
