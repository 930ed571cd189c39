import { concat, dropout, leakyRelu, relu, tanh } from '../autograd/ops.js';
import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { DropoutState } from '../kernels/dropout.js';
import { BatchNorm2d, Conv2d, ConvTranspose2d, type ForwardMode } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { formatShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

export interface UNetOptions {
  /** Height and width of the images: a power of two, at least 16. Default 256. */
  size?: number;
  inChannels?: number;
  outChannels?: number;
  /** Channels after the first layer; doubled at each of the next three. Default 64. */
  ngf?: number;
  /** Dropout rate of the three innermost decoder blocks. Default 0.5. */
  dropout?: number;
}

export interface GeneratorMode extends ForwardMode {
  /** pix2pix's only noise: on while training, and at test time unless switched off. Default: as `training`. */
  dropout?: boolean;
}

interface BlockContext {
  readonly mode: GeneratorMode;
  readonly dropoutState: DropoutState;
}

/** Slope of the encoder's leaky ReLUs. */
const SLOPE = 0.2;
/** Decoder blocks with dropout, counted from the innermost. */
const DROPOUT_BLOCKS = 3;

/** Numbers of the layers inside a block, as the PyTorch reference's nn.Sequential has them. */
const INNERMOST = { down: '1', up: '3', upNorm: '4' };
const MIDDLE = { down: '1', downNorm: '2', inner: '3', up: '5', upNorm: '6' };
const OUTERMOST = { down: '0', inner: '1', up: '3' };

interface BlockOptions {
  /** Channels of the tensor that comes in, and of the one that goes out. */
  outerChannels: number;
  innerChannels: number;
  dropout: number;
  /** Numbers the dropout layers. */
  level: number;
}

/** Layers live under "model.", as in the reference, where each block holds an nn.Sequential of that name. */
class Sequential extends Module {
  add<M extends Module>(name: string, module: M): M {
    return this.child(name, module);
  }
}

/**
 * One level of the U: encode, run the level below, decode. Its result goes beside its own input: both are halves
 * of one wide tensor, so that the concatenation of the skip connection copies nothing.
 */
class UNetBlock extends Module {
  private readonly down: Conv2d;
  private readonly downNorm: BatchNorm2d | null;
  private readonly inner: UNetBlock | null;
  private readonly up: ConvTranspose2d;
  private readonly upNorm: BatchNorm2d;
  private readonly innerChannels: number;
  private readonly dropout: number;
  private readonly level: number;

  constructor({ outerChannels, innerChannels, dropout: rate, level }: BlockOptions, inner: UNetBlock | null) {
    super();
    const layers = this.child('model', new Sequential());
    const names = inner ? MIDDLE : INNERMOST;
    this.down = layers.add(names.down, new Conv2d({ inChannels: outerChannels, outChannels: innerChannels, bias: false }));
    this.downNorm = inner ? layers.add(MIDDLE.downNorm, new BatchNorm2d(innerChannels)) : null;
    this.inner = inner ? layers.add(MIDDLE.inner, inner) : null;
    this.up = layers.add(names.up, new ConvTranspose2d({ inChannels: inner ? 2 * innerChannels : innerChannels, outChannels: outerChannels, bias: false }));
    this.upNorm = layers.add(names.upNorm, new BatchNorm2d(outerChannels));
    this.innerChannels = innerChannels;
    this.dropout = rate;
    this.level = level;
  }

  /** @param out where the result goes: the second half of the skip connection's tensor */
  forward(x: Tensor, context: BlockContext, out: Tensor): Tensor {
    const encoded = this.down.forward(leakyRelu(x, SLOPE));
    let decoderInput = encoded;
    if (this.inner && this.downNorm) {
      const wide = skipTensor(encoded.gpu, encoded.shape, this.innerChannels);
      const skip = this.downNorm.forward(encoded, context.mode, wide.first);
      decoderInput = concat([skip, this.inner.forward(skip, context, wide.second)]);
    }
    const decoded = this.up.forward(relu(decoderInput));
    const drops = this.dropout > 0 && (context.mode.dropout ?? context.mode.training);
    const normed = this.upNorm.forward(decoded, context.mode, drops ? undefined : out);
    return drops ? dropout(normed, { rate: this.dropout, layer: this.level, state: context.dropoutState, out }) : normed;
  }
}

/** Memory for [skip, decoded], and the two halves that their producers write into. */
function skipTensor(gpu: Gpu, shape: readonly number[], channels: number): { first: Tensor; second: Tensor } {
  const wide = Tensor.empty(gpu, [...shape.slice(0, -1), 2 * channels], 'skip connection');
  return { first: wide.sliceChannels(0, channels), second: wide.sliceChannels(channels, 2 * channels) };
}

/**
 * pix2pix's generator (Isola et al. 2017): an encoder and a decoder of 4x4 stride-2 convolutions down to one pixel,
 * joined by skip connections at every level. Parameter names are those of the PyTorch reference implementation.
 * 54,413,955 parameters at size 256, 3 -> 3 channels, ngf 64.
 */
export class UNet extends Module {
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly ngf: number;
  private readonly down: Conv2d;
  private readonly inner: UNetBlock;
  private readonly up: ConvTranspose2d;
  private state: DropoutState | null = null;

  constructor({ size = 256, inChannels = 3, outChannels = 3, ngf = 64, dropout: rate = 0.5 }: UNetOptions = {}) {
    super();
    const levels = Math.log2(size);
    if (!Number.isInteger(levels) || levels < 4) {
      throw new ShadegradError('INVALID_ARGUMENT', 'size of a U-Net', {
        expected: 'a power of two of at least 16',
        received: String(size),
        fix: 'use 64, 128, 256 or 512',
      });
    }
    for (const [name, count] of Object.entries({ ngf, inChannels, outChannels })) {
      if (Number.isInteger(count) && count >= 1) continue;
      throw new ShadegradError('INVALID_ARGUMENT', `${name} of a U-Net`, { expected: 'a whole number of at least 1', received: String(count), fix: 'use such a number' });
    }
    this.size = size;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.ngf = ngf;

    /** Channels after the given level's encoder layer. */
    const width = (level: number): number => ngf * Math.min(2 ** (level - 1), 8);
    let inner: UNetBlock | null = null;
    for (let level = levels; level >= 2; level--) {
      inner = new UNetBlock(
        { outerChannels: width(level - 1), innerChannels: width(level), dropout: level > levels - DROPOUT_BLOCKS ? rate : 0, level },
        inner,
      );
    }
    const layers = this.child('model', new Sequential()).add('model', new Sequential());
    this.down = layers.add(OUTERMOST.down, new Conv2d({ inChannels, outChannels: ngf, bias: false }));
    this.inner = layers.add(OUTERMOST.inner, inner!);
    this.up = layers.add(OUTERMOST.up, new ConvTranspose2d({ inChannels: 2 * ngf, outChannels, bias: true }));
  }

  override to(gpu: Gpu, options: { seed?: number; training?: boolean } = {}): this {
    super.to(gpu, options);
    this.state = new DropoutState(gpu, options.seed ?? 0);
    return this;
  }

  /** The counters of the dropout masks: advance() them before each step. */
  get dropoutState(): DropoutState {
    if (this.state) return this.state;
    throw new ShadegradError('INVALID_ARGUMENT', 'a U-Net is used before it is on a device', { fix: 'call to(gpu) first' });
  }

  /**
   * @param x [batch, size, size, in channels], in [-1, 1]
   * @returns [batch, size, size, out channels], in [-1, 1]
   */
  forward(x: Tensor, mode: GeneratorMode): Tensor {
    const [, height, width, channels] = imageShape(x.shape, 'input of the U-Net');
    if (height !== this.size || width !== this.size || channels !== this.inChannels) {
      throw new ShadegradError('SHAPE_MISMATCH', 'input of the U-Net', {
        expected: formatShape([x.shape[0]!, this.size, this.size, this.inChannels]),
        received: formatShape(x.shape),
        fix: 'resize the image, or build the network for its size and channels',
      });
    }
    const wide = skipTensor(x.gpu, [x.shape[0]!, height / 2, width / 2, this.ngf], this.ngf);
    const skip = this.down.forward(x, wide.first);
    const decoded = this.inner.forward(skip, { mode, dropoutState: this.dropoutState }, wide.second);
    return tanh(this.up.forward(relu(concat([skip, decoded]))));
  }

  override dispose(): void {
    this.state?.dispose();
    this.state = null;
    super.dispose();
  }
}
