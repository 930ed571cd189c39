import { add, dropout, relu, tanh } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { DropoutState, type DropoutPass } from '../kernels/dropout.js';
import { expectTensor } from '../kernels/elements.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../nn/forward.js';
import { constant, normal } from '../nn/initializers.js';
import { Conv2d, ConvTranspose2d, ModuleDict } from '../nn/layers.js';
import { Module, type PlaceOptions } from '../nn/module.js';
import { checkChoice, checkCounts, refused } from '../nn/options.js';
import { formatShape, imageShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { pix2pixNorm, type Norm } from './defaults.js';
import { describeUpsampling, doublingLayer, UPSAMPLINGS, type Upsampling } from './doubling.js';
import type { ImageSizes, NetworkKind } from './kind.js';
import { inferNorm, isKernel, kernelChannels, unsupportedWeights, type StateShapes } from './state-shapes.js';

/** Options of a ResNetGenerator: its channels, its depth and its norm. The defaults are CycleGAN's. */
export interface ResNetOptions {
  /** Channels of the image that is translated. Default 3. */
  inChannels?: number;
  /** Channels of the result. Default 3. */
  outChannels?: number;
  /** Channels after the first layer; doubled by each of the two that halve the image. Default 64. */
  ngf?: number;
  /** Residual blocks; 9 for images of 256 pixels, 6 for smaller ones. Default 9. */
  blocks?: number;
  /** The normalisation. With 'instance', every convolution has a bias; with others only the last one. Default 'instance'. */
  norm?: Norm;
  /** The rate of dropout between the two convolutions of each block, from 0 to below 1; CycleGAN has none. Default 0. */
  dropout?: number;
  /** Added to the variance under the root of every norm. Default 1e-5. */
  epsilon?: number;
  /**
   * How an image is doubled after the blocks: by transposed convolutions, as CycleGAN has it, or by resizing it and a convolution of 3 x 3
   * pixels, which leaves no checkerboard. Default 'transposed'.
   */
  upsample?: Upsampling;
}

const OPTIONS = ['inChannels', 'outChannels', 'ngf', 'blocks', 'norm', 'dropout', 'epsilon', 'upsample'] as const;
const NORMS: readonly string[] = ['batch', 'instance', 'none'] satisfies Norm[];
/** Far more than any network of this kind has. */
const MOST_BLOCKS = 64;
/** Twice halved, an image leaves at least two pixels for the margin of one that mirrors the pixels beside it. */
const LEAST_SIDE = 8;
const MULTIPLE = 4;
/** The side of images that CycleGAN is trained on. */
const USUAL_SIDE = 256;
const EXAMPLE_SIDE = 32;
/** The paper's, of images of that side and of smaller ones. */
const BLOCKS = { large: 9, small: 6 } as const;
/** Where the first block is in the reference's nn.Sequential: after three times convolution, norm and ReLU, and a padding. */
const FIRST_BLOCK = 10;

interface ConvolutionOptions {
  inChannels: number;
  outChannels: number;
  kernel: number;
  stride?: number;
  bias: boolean;
  mirrored?: boolean;
}

/** A convolution that keeps the size, or halves it with a stride of 2. @param mirrored pads with the pixels beside the border */
const convolution = ({ mirrored = false, kernel, ...options }: ConvolutionOptions): Conv2d =>
  new Conv2d({
    ...options,
    kernel,
    padding: (kernel - 1) / 2,
    ...(mirrored && { paddingMode: 'reflect' }),
    initializer: normal(0, 0.02),
    biasInitializer: constant(0),
  });

/** Doubles an image as the reference does. */
const transposed = (options: { inChannels: number; outChannels: number; bias: boolean }): ConvTranspose2d =>
  new ConvTranspose2d({
    ...options,
    kernel: 3,
    stride: 2,
    padding: 1,
    outputPadding: 1,
    initializer: normal(0, 0.02),
    biasInitializer: constant(0),
  });

interface BlockContext {
  readonly mode: Omit<ForwardOptions, 'out'>;
  /** What masks are drawn from; null where nothing is dropped. */
  readonly pass: DropoutPass | null;
}

/** A block that adds to its input what two convolutions make of it (He et al. 2016), without a ReLU after the sum. */
class ResidualBlock extends Module {
  private readonly first: Layer;
  private readonly firstNorm: Layer | null;
  private readonly second: Layer;
  private readonly secondNorm: Layer | null;

  constructor(
    channels: number,
    private readonly index: number,
    private readonly options: Required<ResNetOptions>,
  ) {
    super();
    const { norm, epsilon, dropout: rate } = options;
    const bias = norm === 'instance';
    const layers = this.child('conv_block', new ModuleDict());
    // Numbers are places in the reference's nn.Sequential: padding, convolution, norm, ReLU, dropout if any, and the same again.
    const second = rate > 0 ? 6 : 5;
    const conv = (): Conv2d => convolution({ inChannels: channels, outChannels: channels, kernel: 3, bias, mirrored: true });
    const normed = (): Layer | null => pix2pixNorm(norm, channels, { epsilon });
    this.first = layers.child('1', conv());
    this.firstNorm = normed();
    if (this.firstNorm) layers.child('2', this.firstNorm);
    this.second = layers.child(String(second), conv());
    this.secondNorm = normed();
    if (this.secondNorm) layers.child(String(second + 1), this.secondNorm);
  }

  forward(x: Tensor, { mode, pass }: BlockContext): Tensor {
    const rate = this.options.dropout;
    const hidden = relu(through(this.first, this.firstNorm, x, mode));
    const dropped = rate > 0 && pass ? dropout(hidden, { rate, layer: this.index, state: pass }) : hidden;
    return add(x, through(this.second, this.secondNorm, dropped, mode));
  }
}

function through(conv: Layer, norm: Layer | null, x: Tensor, mode: Omit<ForwardOptions, 'out'>): Tensor {
  const made = conv.forward(x, mode);
  return norm ? norm.forward(made, mode) : made;
}

function resolve(options: ResNetOptions): Readonly<Required<ResNetOptions>> {
  const network = 'a ResNet generator';
  const {
    inChannels = 3,
    outChannels = 3,
    ngf = 64,
    blocks = 9,
    norm = 'instance',
    dropout: rate = 0,
    epsilon = 1e-5,
    upsample = 'transposed',
  } = expectOptions(network, options, OPTIONS);
  checkCounts(network, { inChannels, outChannels, ngf, blocks });
  if (blocks > MOST_BLOCKS) throw refused(`blocks of ${network}`, `at most ${MOST_BLOCKS}`, blocks);
  checkChoice(`norm of ${network}`, norm, NORMS);
  if (!Number.isFinite(rate) || rate < 0 || rate >= 1) throw refused(`dropout of ${network}`, 'a rate from 0 to below 1', rate);
  if (!(Number.isFinite(epsilon) && epsilon > 0)) throw refused(`epsilon of ${network}`, 'a number above 0, such as 1e-5', epsilon);
  checkChoice(`upsample of ${network}`, upsample, UPSAMPLINGS);
  return Object.freeze({ inChannels, outChannels, ngf, blocks, norm, dropout: rate, epsilon, upsample });
}

/**
 * The generator of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016): two convolutions halve the image, residual blocks work at a
 * quarter of its size, two transposed convolutions bring it back. Parameter names are those of the PyTorch reference implementation.
 * 11,378,179 parameters with 9 blocks, 7,837,699 with 6, both 3 -> 3 channels, ngf 64 and instance norm.
 */
export class ResNetGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<ResNetOptions>>;
  /** Channels of the image that is translated. */
  readonly inChannels: number;
  /** Channels of the result. */
  readonly outChannels: number;
  /** Each a convolution, its norm and a ReLU: those before the blocks, and those after them but the last convolution. */
  private readonly down: readonly [Layer, Layer | null][];
  private readonly blocks: readonly ResidualBlock[];
  private readonly up: readonly [Layer, Layer | null][];
  private readonly last: Layer;
  private state: DropoutState | null = null;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: ResNetOptions = {}) {
    super();
    this.options = resolve(options);
    const { inChannels, outChannels, ngf, blocks, norm, epsilon, upsample } = this.options;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    const bias = norm === 'instance';
    const layers = this.child('model', new ModuleDict());
    const stage = (place: number, conv: Layer, channels: number): [Layer, Layer | null] => {
      layers.child(String(place), conv);
      const normed = pix2pixNorm(norm, channels, { epsilon });
      if (normed) layers.child(String(place + 1), normed);
      return [conv, normed];
    };
    const halved = (place: number, channels: number) =>
      stage(place, convolution({ inChannels: channels, outChannels: 2 * channels, kernel: 3, stride: 2, bias }), 2 * channels);
    this.down = [
      stage(1, convolution({ inChannels, outChannels: ngf, kernel: 7, bias, mirrored: true }), ngf),
      halved(4, ngf),
      halved(7, 2 * ngf),
    ];
    this.blocks = Array.from({ length: blocks }, (_, index) =>
      layers.child(String(FIRST_BLOCK + index), new ResidualBlock(4 * ngf, index, this.options)),
    );
    const after = FIRST_BLOCK + blocks;
    const doubled = (place: number, channels: number) => {
      const doubles = doublingLayer(upsample, { inChannels: channels, outChannels: channels / 2, bias }, transposed);
      return stage(place, doubles, channels / 2);
    };
    this.up = [doubled(after, 4 * ngf), doubled(after + 3, 2 * ngf)];
    this.last = layers.child(String(after + 7), convolution({ inChannels: ngf, outChannels, kernel: 7, bias: true, mirrored: true }));
  }

  /** The sizes of images that come out as large as they went in. */
  get imageSizes(): ImageSizes {
    return { own: USUAL_SIDE, multipleOf: MULTIPLE, least: LEAST_SIDE };
  }

  protected override onPlaced(gpu: Gpu, { seed }: Required<PlaceOptions>): void {
    this.state = new DropoutState(gpu, seed);
  }

  /**
   * Translates a batch of images.
   *
   * @param x [batch, height, width, in channels], in [-1, 1]; sides are multiples of 4, of at least 8 pixels
   * @returns [batch, height, width, out channels], in [-1, 1]
   * @throws SHAPE_MISMATCH for another size or other channels; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    expectTensor('a ResNet generator', 'x', x);
    const [, height, width, channels] = imageShape(x.shape, 'input of the ResNet generator');
    const fits = (side: number): boolean => side >= LEAST_SIDE && side % MULTIPLE === 0;
    if (!fits(height) || !fits(width) || channels !== this.inChannels) {
      throw new ShadegradError('SHAPE_MISMATCH', 'input of the ResNet generator', {
        expected: `sides that are multiples of ${MULTIPLE}, of at least ${LEAST_SIDE} pixels, and ${this.inChannels} channels`,
        received: formatShape(x.shape),
        fix: 'resize the image, or build the network for its channels',
      });
    }
    const run = (input: Tensor, stages: readonly [Layer, Layer | null][]): Tensor =>
      stages.reduce((result, [conv, norm]) => relu(through(conv, norm, result, mode)), input);
    const halved = run(x, this.down);
    const drops = this.options.dropout > 0 && (mode.dropout ?? mode.training ?? this.training);
    const pass = drops ? this.placedState.beginPass() : null;
    const encoded = this.blocks.reduce((result, block) => block.forward(result, { mode, pass }), halved);
    return tanh(this.last.forward(run(encoded, this.up), mode), { out });
  }

  private get placedState(): DropoutState {
    if (this.state) return this.state;
    throw new ShadegradError('INVALID_ARGUMENT', 'a ResNet generator is used while it is on no device', {
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

/** The channels of a network's last convolution, and its blocks, from its tensors; dropout shows as a place that is left out. */
function inferOptions(tensors: StateShapes, label: string): ResNetOptions {
  const [ngf, inChannels] = kernelChannels(tensors, 'model.1.weight', 7, label);
  let blocks = 0;
  while (tensors.has(`model.${FIRST_BLOCK + blocks}.conv_block.1.weight`)) {
    const block = `model.${FIRST_BLOCK + blocks}.conv_block`;
    kernelChannels(tensors, `${block}.1.weight`, 3, label);
    if (++blocks > MOST_BLOCKS)
      throw unsupportedWeights(`${label}: this ResNet is too deep`, `more than ${MOST_BLOCKS} blocks`, `at most ${MOST_BLOCKS} blocks`);
  }
  const [outChannels] = kernelChannels(tensors, `model.${FIRST_BLOCK + blocks + 7}.weight`, 7, label);
  const first = `model.${FIRST_BLOCK}.conv_block`;
  // A batch norm at 6 has one axis.
  const drops = isKernel(tensors.get(`${first}.6.weight`), 3);
  const norm = inferNorm(tensors, 'model.1', 'model.2', label);
  // Kernels that are transposed have the channels of the input first. How an image was resized shows nowhere.
  const [after] = kernelChannels(tensors, `model.${FIRST_BLOCK + blocks}.weight`, 3, label);
  return { inChannels, outChannels, ngf, blocks, norm, dropout: drops ? 0.5 : 0, ...(after === 2 * ngf && { upsample: 'nearest' }) };
}

/** The row of ResNet generators. */
export const RESNET: NetworkKind<ResNetGenerator> = {
  kind: 'resnet',
  role: 'generator',
  title: 'ResNet generator',
  network: ResNetGenerator,
  describe: ({ options: { inChannels, outChannels, ngf, blocks, norm, dropout: rate, epsilon, upsample } }) => [
    `ResNet generator with ${blocks} blocks`,
    `${inChannels} -> ${outChannels} channels`,
    `ngf ${ngf}`,
    norm === 'none' ? 'no norm' : `${norm} norm`,
    rate > 0 ? `dropout ${rate}` : 'no dropout',
    epsilon !== 1e-5 && `epsilon ${epsilon}`,
    describeUpsampling(upsample),
  ],
  // Any size tells what it does; a trace of the usual one would take tensors beyond the limits of many adapters.
  exampleInput: ({ inChannels }) => ({ shape: [1, EXAMPLE_SIDE, EXAMPLE_SIDE, inChannels], dynamicAxes: [0, 1, 2] }),
  chosen: {
    follows: ['dropout', 'blocks', 'upsample'],
    options: ({ size, width, inChannels, outChannels, norm, dropout: rate, blocks, upsample }) => ({
      inChannels,
      outChannels,
      ngf: width,
      norm,
      dropout: rate,
      blocks: blocks ?? (size >= USUAL_SIDE ? BLOCKS.large : BLOCKS.small),
      upsample,
    }),
  },
  pytorch: {
    anchor: 'model.1.weight',
    // pix2pixHD's global generator halves more often: its first block is further on.
    looksLike: (tensors) => isKernel(tensors.get('model.1.weight'), 7) && tensors.has(`model.${FIRST_BLOCK}.conv_block.1.weight`),
    options: inferOptions,
  },
};
