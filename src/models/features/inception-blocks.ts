import { concat } from '../../autograd/ops.js';
import { forwardOptions, type ForwardOptions, type Layer } from '../../nn/forward.js';
import { AvgPool2d, BatchNorm2d, Conv2d, MaxPool2d, ReLU, Sequential } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A convolution of Inception-v3: its name, its channels before the width counts, and its kernel. */
export interface ConvStep {
  readonly name: string;
  readonly channels: number;
  readonly kernel: number | readonly [number, number];
  /** Pixels from one window to the next. Default 1. */
  readonly stride?: 1 | 2;
  /** Whether no zeros lie around the image; by default as many as keep its size. */
  readonly valid?: boolean;
}

/** A pool in front of a convolution, or alone: 'average' and 'max' keep the size, 'halve' is the largest of 3 x 3, every other pixel. */
export type PoolStep = 'average' | 'max' | 'halve';

/** A step of a branch: a convolution, a pool, or convolutions side by side whose results are joined. */
export type Step = ConvStep | PoolStep | readonly ConvStep[];

/** The branches of a block, in the order in which their results are joined. */
export type Block = readonly (readonly Step[])[];

/** What all blocks of a network have in common. */
export interface BlockOptions {
  /** What all channels are multiplied by. */
  readonly width: number;
  /** Whether the zeros around an image count in its average pools. */
  readonly countIncludePad: boolean;
}

/** Channels of a layer at a width: at least one. */
export const channelsAt = (channels: number, width: number): number => Math.max(1, Math.round(channels * width));

/** A convolution without bias, batch norm and ReLU, under the names of torchvision: `conv` and `bn`. */
export function basicConv(inChannels: number, { channels, kernel, stride = 1, valid = stride === 2 }: ConvStep, width: number): Sequential {
  const outChannels = channelsAt(channels, width);
  const [high, wide] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  const padding: [number, number] = valid ? [0, 0] : [(high - 1) / 2, (wide - 1) / 2];
  return new Sequential({
    conv: new Conv2d({ inChannels, outChannels, kernel: [high, wide], stride, padding, bias: false }),
    bn: new BatchNorm2d(outChannels, { epsilon: 0.001 }),
    relu: new ReLU(),
  });
}

const POOLS: Readonly<Record<PoolStep, (options: BlockOptions) => Layer>> = {
  average: ({ countIncludePad }) => new AvgPool2d({ kernel: 3, stride: 1, padding: 1, countIncludePad }),
  max: () => new MaxPool2d({ kernel: 3, stride: 1, padding: 1 }),
  halve: () => new MaxPool2d({ kernel: 3, stride: 2 }),
};

/** Branches side by side, whose results are joined along the channels. */
export class Mixed extends Module {
  /** Channels of the result. */
  readonly outChannels: number;
  readonly #branches: (readonly (readonly Layer[])[])[] = [];

  /** Builds the block, on no device yet. */
  constructor(inChannels: number, block: Block, options: BlockOptions) {
    super();
    let joined = 0;
    for (const branch of block) {
      let channels = inChannels;
      const steps = branch.map((step) => {
        if (typeof step === 'string') return [POOLS[step](options)];
        const before = channels;
        const convs = 'name' in step ? [step] : step;
        channels = convs.reduce((sum, each) => sum + channelsAt(each.channels, options.width), 0);
        return convs.map((each) => this.child(each.name, basicConv(before, each, options.width)));
      });
      this.#branches.push(steps);
      joined += channels;
    }
    this.outChannels = joined;
  }

  /** Runs every branch. @param x [batch, h, w, in channels] */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out: _, ...mode } = forwardOptions(this, options);
    const side = (layers: readonly Layer[], input: Tensor): Tensor => {
      const made = layers.map((layer) => layer.forward(input, mode));
      return made.length === 1 ? made[0]! : concat(made);
    };
    return concat(this.#branches.map((steps) => steps.reduce((made, layers) => side(layers, made), x)));
  }
}
