import { concat } from '../autograd/ops.js';
import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { expectFloats } from '../kernels/elements.js';
import { forwardOptions, type ForwardOptions } from '../nn/forward.js';
import { Conv2d, GroupNorm, ReLU, Sequential, Upsample } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { checkCounts, refused } from '../nn/options.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ImageSizes, NetworkKind } from './kind.js';

/** Options of a Segmenter: what it tells apart, and how large it is. */
export interface SegmenterOptions {
  /** The classes that it tells apart. Default 12, those of the CMP facades. */
  classes?: number;
  /** Channels at full size; twice as many at each half of it, up to eight times. Default 32. */
  width?: number;
  /** How often images are halved. Default 4. */
  levels?: number;
  /** The side of the images that it is made for, in pixels. Default 256. */
  size?: number;
}

/** Channels at the smallest scales, in relation to those at full size. */
const MOST_TIMES = 8;

/**
 * A network that tells the class of each pixel of a picture, as fully convolutional networks do (Long, Shelhamer and Darrell, CVPR 2015):
 * a U-Net (Ronneberger et al. 2015) of 3 x 3 convolutions, whose decoder resizes (bilinear) and joins what the encoder made at that size.
 * Its norms are of groups of channels of an image (Wu and He, ECCV 2018), so that it does the same whatever runs beside it, in training
 * and after. Fully convolutional: any sides that halve evenly as often as it has levels.
 */
export class Segmenter extends Module {
  /** Every option with its resolved value. */
  readonly options: Readonly<Required<SegmenterOptions>>;
  /** Channels of a picture. */
  readonly inChannels = 3;
  /** The number of classes. */
  readonly outChannels: number;
  /** The sizes of images that it takes. */
  readonly imageSizes: ImageSizes;
  private readonly encoder: Sequential[] = [];
  private readonly decoder: Sequential[] = [];
  private readonly up = this.child('up', new Upsample({ scale: 2, mode: 'bilinear' }));
  private readonly head: Conv2d;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: SegmenterOptions = {}) {
    super();
    const names = ['classes', 'width', 'levels', 'size'] as const;
    const { classes = 12, width = 32, levels = 4, size = 256 } = expectOptions('a segmenter', options, names);
    checkCounts('a segmenter', { classes, width, levels, size });
    if (size % 2 ** levels !== 0)
      throw refused('size of a segmenter', `a multiple of ${2 ** levels}, as its ${levels} levels halve it`, size);
    this.options = Object.freeze({ classes, width, levels, size });
    this.outChannels = classes;
    this.imageSizes = { own: size, multipleOf: 2 ** levels, least: 2 ** levels };
    const widths = Array.from({ length: levels + 1 }, (_, level) => width * Math.min(2 ** level, MOST_TIMES));
    for (const [level, channels] of widths.entries())
      this.encoder.push(
        this.child(`encoder${level}`, block(level === 0 ? this.inChannels : widths[level - 1]!, channels, level === 0 ? 1 : 2)),
      );
    for (let level = levels - 1; level >= 0; level--)
      this.decoder.push(this.child(`decoder${level}`, block(widths[level + 1]! + widths[level]!, widths[level]!, 1)));
    this.head = this.child('head', new Conv2d({ inChannels: width, outChannels: this.outChannels, kernel: 1 }));
  }

  /**
   * Tells the classes of the pixels of a batch of pictures.
   *
   * @param x [batch, height, width, 3] in [-1, 1], with sides that are multiples of 2 ** levels
   * @returns logits [batch, height, width, classes]
   * @throws SHAPE_MISMATCH for other channels and sides; INVALID_ARGUMENT on no device or for bytes; DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out, ...mode } = forwardOptions(this, options);
    this.expectImages(x);
    const scales: Tensor[] = [];
    let y = x;
    for (const encode of this.encoder) scales.push((y = encode.forward(y, mode)));
    scales.pop();
    for (const decode of this.decoder) y = decode.forward(concat([this.up.forward(y, mode), scales.pop()!]), mode);
    return this.head.forward(y, { ...mode, out });
  }

  /** Before a layer inside refuses it by its own name. */
  private expectImages(x: Tensor): void {
    expectFloats('a segmenter', { x });
    const [, height = 0, width = 0, channels] = x.shape;
    const { multipleOf } = this.imageSizes;
    if (x.shape.length === 4 && channels === this.inChannels && height % multipleOf === 0 && width % multipleOf === 0) return;
    throw new ShadegradError('SHAPE_MISMATCH', 'input of a segmenter', {
      expected: `pictures [batch, height, width, ${this.inChannels}] with sides that are multiples of ${multipleOf}`,
      received: formatShape(x.shape),
      fix: 'resize or pad them, or build the network with fewer levels',
    });
  }
}

/** Most groups of a norm. */
const MOST_GROUPS = 8;

/** As many groups as divide the channels, up to eight. */
function groupsOf(channels: number): number {
  let groups = Math.min(MOST_GROUPS, channels);
  while (channels % groups !== 0) groups--;
  return groups;
}

/** Two convolutions with norms, the first of which may halve the image. */
function block(inChannels: number, outChannels: number, stride: number): Sequential {
  const convolution = (channels: number, step: number): Conv2d =>
    new Conv2d({ inChannels: channels, outChannels, kernel: 3, stride: step, padding: 1, bias: false });
  const norm = (): GroupNorm => new GroupNorm(groupsOf(outChannels), outChannels);
  return new Sequential([convolution(inChannels, stride), norm(), new ReLU(), convolution(outChannels, 1), norm(), new ReLU()]);
}

/** The row of Segmenters. */
export const SEGMENTER: NetworkKind<Segmenter> = {
  kind: 'segmenter',
  role: 'generator',
  title: 'segmenter',
  network: Segmenter,
  describe: ({ options: { classes, width, levels, size } }) => [
    `segmenter for ${size} x ${size}`,
    `${classes} classes`,
    `width ${width}`,
    `${levels} levels`,
  ],
  exampleInput: ({ options: { levels } }) => ({ shape: [1, 4 * 2 ** levels, 4 * 2 ** levels, 3], dynamicAxes: [0, 1, 2] }),
};
