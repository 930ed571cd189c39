import { globalAveragePool } from '../../autograd/ops.js';
import { expectOptions } from '../../checks.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../../nn/forward.js';
import { MaxPool2d } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import { checkChoice, checkNumber } from '../../nn/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { kernelChannels, type StateShapes } from '../state-shapes.js';
import { basicConv, channelsAt, Mixed, type Block, type ConvStep, type Step } from './inception-blocks.js';
import type { FeatureNetworkKind } from './kind.js';

/** Options of an InceptionV3: whose weights it is for, and how wide it is. */
export interface InceptionV3Options {
  /**
   * Whose pools it has: 'fid' those of the network of December 2015 that the FID was defined with (zeros around an image do not count in
   * an average, and the last block takes the largest), 'torchvision' those of torchvision's network. Default 'fid'.
   */
  pools?: 'fid' | 'torchvision';
  /** What all channels are multiplied by; every published file has 1. Default 1. */
  width?: number;
}

const conv = (name: string, channels: number, kernel: ConvStep['kernel'], stride: 1 | 2 = 1): ConvStep => ({
  name,
  channels,
  kernel,
  stride,
});

/** The convolutions and pools before the blocks. */
const STEM: readonly (ConvStep | 'halve')[] = [
  { name: 'Conv2d_1a_3x3', channels: 32, kernel: 3, stride: 2 },
  { name: 'Conv2d_2a_3x3', channels: 32, kernel: 3, valid: true },
  { name: 'Conv2d_2b_3x3', channels: 64, kernel: 3 },
  'halve',
  { name: 'Conv2d_3b_1x1', channels: 80, kernel: 1 },
  { name: 'Conv2d_4a_3x3', channels: 192, kernel: 3, valid: true },
  'halve',
];

const DOUBLE_3X3: readonly Step[] = [conv('branch3x3dbl_1', 64, 1), conv('branch3x3dbl_2', 96, 3)];

/** Blocks of 35 x 35 pixels in an image of 299 x 299. */
const blockA = (pooled: number): Block => [
  [conv('branch1x1', 64, 1)],
  [conv('branch5x5_1', 48, 1), conv('branch5x5_2', 64, 5)],
  [...DOUBLE_3X3, conv('branch3x3dbl_3', 96, 3)],
  ['average', conv('branch_pool', pooled, 1)],
];

/** From 35 x 35 to 17 x 17. */
const BLOCK_B: Block = [[conv('branch3x3', 384, 3, 2)], [...DOUBLE_3X3, conv('branch3x3dbl_3', 96, 3, 2)], ['halve']];

/** Blocks of 17 x 17, whose 7 x 7 convolutions are a row and a column. */
const blockC = (inner: number): Block => [
  [conv('branch1x1', 192, 1)],
  [conv('branch7x7_1', inner, 1), conv('branch7x7_2', inner, [1, 7]), conv('branch7x7_3', 192, [7, 1])],
  [
    conv('branch7x7dbl_1', inner, 1),
    conv('branch7x7dbl_2', inner, [7, 1]),
    conv('branch7x7dbl_3', inner, [1, 7]),
    conv('branch7x7dbl_4', inner, [7, 1]),
    conv('branch7x7dbl_5', 192, [1, 7]),
  ],
  ['average', conv('branch_pool', 192, 1)],
];

/** From 17 x 17 to 8 x 8. */
const BLOCK_D: Block = [
  [conv('branch3x3_1', 192, 1), conv('branch3x3_2', 320, 3, 2)],
  [conv('branch7x7x3_1', 192, 1), conv('branch7x7x3_2', 192, [1, 7]), conv('branch7x7x3_3', 192, [7, 1]), conv('branch7x7x3_4', 192, 3, 2)],
  ['halve'],
];

/** Blocks of 8 x 8. */
const blockE = (pool: 'average' | 'max'): Block => [
  [conv('branch1x1', 320, 1)],
  [conv('branch3x3_1', 384, 1), [conv('branch3x3_2a', 384, [1, 3]), conv('branch3x3_2b', 384, [3, 1])]],
  [
    conv('branch3x3dbl_1', 448, 1),
    conv('branch3x3dbl_2', 384, 3),
    [conv('branch3x3dbl_3a', 384, [1, 3]), conv('branch3x3dbl_3b', 384, [3, 1])],
  ],
  [pool, conv('branch_pool', 192, 1)],
];

const blocks = (last: 'average' | 'max'): readonly [name: string, block: Block][] => [
  ['Mixed_5b', blockA(32)],
  ['Mixed_5c', blockA(64)],
  ['Mixed_5d', blockA(64)],
  ['Mixed_6a', BLOCK_B],
  ['Mixed_6b', blockC(128)],
  ['Mixed_6c', blockC(160)],
  ['Mixed_6d', blockC(160)],
  ['Mixed_6e', blockC(192)],
  ['Mixed_7a', BLOCK_D],
  ['Mixed_7b', blockE('average')],
  ['Mixed_7c', blockE(last)],
];

/**
 * Inception-v3 (Szegedy et al. 2016) up to its last pool: 2,048 numbers of an image, by which the Frechet inception distance and the
 * kernel inception distance compare sets of images. Names of parameters are those of torchvision, which pytorch-fid has, too.
 */
export class InceptionV3 extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<InceptionV3Options>>;
  /** The side of the smallest images, in pixels, that leave every layer something to look at. */
  readonly leastSize = 75;
  /** How many numbers it makes of an image. */
  readonly dimensions: number;
  readonly #layers: Layer[] = [];

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: InceptionV3Options = {}) {
    super();
    const { pools = 'fid', width = 1 } = expectOptions('an InceptionV3', options, ['pools', 'width']);
    checkChoice('pools of an InceptionV3', pools, ['fid', 'torchvision']);
    checkNumber('width of an InceptionV3', width, true);
    this.options = Object.freeze({ pools, width });
    let channels = 3;
    for (const step of STEM) {
      if (step === 'halve') {
        this.#layers.push(new MaxPool2d({ kernel: 3, stride: 2 }));
        continue;
      }
      this.#layers.push(this.child(step.name, basicConv(channels, step, width)));
      channels = channelsAt(step.channels, width);
    }
    for (const [name, block] of blocks(pools === 'fid' ? 'max' : 'average')) {
      const mixed = this.child(name, new Mixed(channels, block, { width, countIncludePad: pools === 'torchvision' }));
      this.#layers.push(mixed);
      channels = mixed.outChannels;
    }
    this.dimensions = channels;
  }

  /**
   * What the last pool makes of images.
   *
   * @param x [batch, h, w, 3] RGB in [-1, 1], 299 x 299 pixels for results that compare with others, at least 75 x 75
   * @returns [batch, dimensions]
   * @throws SHAPE_MISMATCH for other channels or smaller images; INVALID_ARGUMENT on no device
   */
  forward(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Tensor {
    const mode = forwardOptions(this, options);
    const made = globalAveragePool(this.#layers.reduce((each, layer) => layer.forward(each, mode), x));
    return made.reshape([made.shape[0]!, this.dimensions]);
  }

  /** What forward() makes, as one layer of one pixel. @param x as forward() takes it */
  features(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Tensor[] {
    const made = this.forward(x, options);
    return [made.reshape([made.shape[0]!, 1, 1, this.dimensions])];
  }
}

const ANCHOR = 'Conv2d_1a_3x3.conv.weight';
/** Classes that the network of December 2015 tells apart; torchvision's has 1,000. */
const FID_CLASSES = 1008;

function inferOptions(tensors: StateShapes, label: string): InceptionV3Options {
  const [channels] = kernelChannels(tensors, ANCHOR, 3, label);
  const classes = tensors.get('fc.weight')?.[0];
  // Of a file without its classifier, what torchvision's has beside the network says whose it is.
  const isTorchvision = classes === undefined ? tensors.has('AuxLogits.fc.weight') : classes !== FID_CLASSES;
  return { pools: isTorchvision ? 'torchvision' : 'fid', width: channels / 32 };
}

/** The row of Inception-v3. */
export const INCEPTION: FeatureNetworkKind<InceptionV3> = {
  kind: 'inception',
  title: 'Inception-v3',
  network: InceptionV3,
  anchor: ANCHOR,
  looksLike: (tensors) => tensors.has(ANCHOR) && tensors.has('Mixed_7c.branch_pool.conv.weight'),
  options: inferOptions,
  beyond: /^(?:fc|AuxLogits)\./,
  file: 'pt_inception-2015-12-05-6726825d.pth of the releases of pytorch-fid',
};
