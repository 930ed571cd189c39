import { expectOptions } from '../checks.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { ReLU, Sequential, Tanh } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts } from '../nn/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkDCGANSize, DCGAN_KERNEL, dcganSize, dcganStages } from './dcgan-size.js';
import { pix2pixConvTranspose, pix2pixNorm } from './defaults.js';
import { expectInput } from './input.js';
import type { NetworkKind } from './kind.js';
import type { MadeImages, NoiseInput } from './noise.js';
import { isKernel, kernelChannels, type StateShapes } from './state-shapes.js';

/** Options of a DCGANGenerator: its size, its channels and its random numbers. The defaults are those of PyTorch's example. */
export interface DCGANGeneratorOptions {
  /** The side of the images in pixels, a power of two from 32 to 1024. Default 64. */
  size?: number;
  /** Random numbers that an image is made of. Default 100. */
  nz?: number;
  /** Channels before the last layer; each layer before has twice as many as the next. Default 64. */
  ngf?: number;
  /** Channels of the images. Default 3. */
  outChannels?: number;
}

const NETWORK = 'a DCGAN generator';

/**
 * The generator of DCGAN (Radford et al. 2016), as PyTorch's example has it: transposed convolutions with batch norm and ReLU, from
 * random numbers to an image. Parameter names are those of that example. 3,576,704 parameters with the defaults, for 64 x 64 pixels.
 *
 *     const generator = new DCGANGenerator().to(gpu, { seed: 1 });
 *     const images = generator.forward(randn(gpu, [16, 1, 1, 100], { seed: 2 }));      // [16, 64, 64, 3]
 */
export class DCGANGenerator extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<DCGANGeneratorOptions>>;
  /** What it makes images of. */
  readonly takes: NoiseInput;
  /** What its images are like. */
  readonly makes: MadeImages;
  private readonly main = this.child('main', new Sequential());

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: DCGANGeneratorOptions = {}) {
    super();
    const { size = 64, nz = 100, ngf = 64, outChannels = 3 } = expectOptions(NETWORK, options, ['size', 'nz', 'ngf', 'outChannels']);
    checkDCGANSize(NETWORK, size);
    checkCounts(NETWORK, { nz, ngf, outChannels });
    this.options = Object.freeze({ size, nz, ngf, outChannels });
    this.takes = { numbers: nz, labels: 0, drawn: 'normal' };
    this.makes = { size, channels: outChannels, black: -1 };
    const stages = dcganStages(size);
    // Numbers are places in the example's nn.Sequential: transposed convolution, norm and ReLU for each stage.
    for (let stage = 0, channels = nz; stage < stages; stage++) {
      const made = ngf * 2 ** (stages - 1 - stage);
      const first = stage === 0 && { stride: 1, padding: 0 };
      this.main.add(pix2pixConvTranspose({ inChannels: channels, outChannels: made, bias: false, ...first }), String(3 * stage));
      this.main.add(pix2pixNorm('batch', made)!, String(3 * stage + 1));
      this.main.add(new ReLU(), String(3 * stage + 2));
      channels = made;
    }
    this.main.add(pix2pixConvTranspose({ inChannels: ngf, outChannels, bias: false }), String(3 * stages));
    this.main.add(new Tanh(), String(3 * stages + 1));
  }

  /**
   * Makes an image of each row of random numbers. Its norms use the statistics of the batch, as the example does also to show samples,
   * unless `statistics` says 'running'.
   *
   * @param x [batch, 1, 1, nz], from the standard normal distribution
   * @returns [batch, size, size, out channels], in [-1, 1]
   * @throws SHAPE_MISMATCH for another number of random numbers; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const checked = forwardOptions(this, options);
    expectInput({ network: NETWORK, height: 1, width: 1, channels: this.options.nz, of: 'random numbers' }, x);
    return this.main.forward(x, checked);
  }
}

function inferOptions(tensors: StateShapes, label: string): DCGANGeneratorOptions {
  const [nz] = kernelChannels(tensors, 'main.0.weight', DCGAN_KERNEL, label);
  let stages = 1;
  while (tensors.has(`main.${3 * stages + 3}.weight`)) stages++;
  const [ngf, outChannels] = kernelChannels(tensors, `main.${3 * stages}.weight`, DCGAN_KERNEL, label);
  return { size: dcganSize(stages, label), nz, ngf, outChannels };
}

/** The row of DCGAN generators. */
export const DCGAN_GENERATOR: NetworkKind<DCGANGenerator> = {
  kind: 'dcgan-generator',
  role: 'generator',
  title: 'DCGAN generator',
  network: DCGANGenerator,
  describe: ({ options: { size, nz, ngf, outChannels } }) => [
    `DCGAN generator of ${size} x ${size}`,
    `${nz} random numbers -> ${outChannels} channels`,
    `ngf ${ngf}`,
  ],
  exampleInput: ({ options: { nz } }) => ({ shape: [1, 1, 1, nz], dynamicAxes: [0] }),
  pytorch: {
    anchor: 'main.0.weight',
    looksLike: (tensors) => isKernel(tensors.get('main.0.weight'), DCGAN_KERNEL) && tensors.get('main.1.weight')?.length === 1,
    options: inferOptions,
  },
};
