import type { ForwardOptions, Layer } from '../nn/forward.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Norm } from './defaults.js';
import type { Upsampling } from './doubling.js';
import type { LayerModel } from './layer-graph.js';
import type { StateShapes } from './state-shapes.js';

/** The part that a network plays: a generator makes images, a discriminator judges them. */
export type NetworkRole = 'generator' | 'discriminator';

/** The architecture of a network: its kind, which is a row of NETWORKS, and the options that build it. */
export interface NetworkArchitecture {
  /** The name of the kind, such as 'unet'. */
  readonly kind: string;
  /** What the kind's network is built with. What is left out has its default. */
  readonly options: object;
}

/** A network that its options build anew: a layer that holds every one of them, resolved. */
export type Network = Layer & {
  /** Every option with its resolved value; numbers, texts, truth values and nothing deeper, so that a file can hold them. */
  readonly options: object;
  /** Everything that it makes, by name, where that is more than one tensor; forward() gives the first. */
  outputs?(x: Tensor, options?: Omit<ForwardOptions, 'out'>): Readonly<Record<string, Tensor>>;
  /** What a discriminator says of images at each scale, with what its layers make of them; forward() gives the first logits. */
  judge?(x: Tensor, options?: Omit<ForwardOptions, 'out'>): Judgement[];
};

/** What a discriminator says of images at one scale. */
export interface Judgement {
  /** What it says of every patch. */
  readonly logits: Tensor;
  /** What each of its layers but the last makes of the images, the first layer first; none where it does not show it. */
  readonly features: readonly Tensor[];
}

/** What a discriminator says of images: at each of its scales, or that of forward() alone. */
export function everyJudgement(network: Network, x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Judgement[] {
  return network.judge ? network.judge(x, options) : [{ logits: network.forward(x, options), features: [] }];
}

/** What a network makes of an input: the tensor of forward(), or those of outputs() by name where it has several. */
export function everyOutput(
  network: Network,
  x: Tensor,
  options: Omit<ForwardOptions, 'out'> = {},
): Tensor | Readonly<Record<string, Tensor>> {
  return network.outputs ? network.outputs(x, options) : network.forward(x, options);
}

/** The sizes of images that a network takes, in pixels. */
export interface ImageSizes {
  /** The side of the square images that it is made for. */
  readonly own: number;
  /** Every side of an image is a multiple of this. */
  readonly multipleOf: number;
  /** No side is shorter. */
  readonly least: number;
}

/** A network that translates images: what it makes has the size of what it is given. */
export type Generator = Network & {
  /** Channels of the image that is translated. */
  readonly inChannels: number;
  /** Channels of the result. */
  readonly outChannels: number;
  /** The sizes of images that come out as large as they went in. */
  readonly imageSizes: ImageSizes;
};

/** A network that translates images to what labels say, which withLabels() joins to an image: `inChannels` are those of the image alone. */
export type LabelledGenerator = Generator & {
  /** How many labels it takes. */
  readonly labels: number;
};

/** What a network takes, to try it with and to export it. */
export interface ExampleInput {
  /** The shape of an input of usual size, in this library's order, with a batch of one. */
  readonly shape: Shape;
  /** The axes that may have any length when an exported model runs. */
  readonly dynamicAxes: readonly number[];
}

/** How a kind of network is told from the names and shapes of a state dict of PyTorch, where nothing else says what it is. */
export interface PyTorchNames {
  /** The name of a tensor that every such network has, up to its end; what stands before it in a file is the network's prefix. */
  readonly anchor: string;
  /**
   * Whether tensors look like those of such a network. Of several kinds the first that says so has it: what options() finds wrong
   * afterwards is then an error, and no reason to try the next kind.
   *
   * @param tensors by their names below the prefix
   */
  looksLike(tensors: StateShapes): boolean;
  /**
   * The options of the network, read off its tensors.
   *
   * @param label names the file in errors
   * @throws WEIGHTS_UNSUPPORTED for what is no such network after all
   */
  options(tensors: StateShapes, label: string): object;
  /**
   * Options that no tensor shows, with values that a file is written for all the same: whoever loads it says which one is meant. Every
   * other option has to come out of options() as it went in, or the file is refused.
   */
  readonly unseen?: Readonly<Record<string, readonly unknown[]>>;
}

/** What a scheme asks of one of its networks, in words that all kinds share. */
export interface WantedNetwork {
  /** Height and width of the images of the training; of rectangles the shorter of both. */
  readonly size: number;
  /** The side of an image that the levels of a network halve to one pixel: a power of two that divides both sides of the images. */
  readonly levelSize: number;
  /** Channels after the first layer: ngf of a generator, ndf of a discriminator. */
  readonly width: number;
  /** Channels of what the network is given. */
  readonly inChannels?: number | undefined;
  /** Channels of the image that a generator makes. */
  readonly outChannels?: number | undefined;
  /** The normalisation. */
  readonly norm: Norm;
  /** The rate of a generator's dropout. */
  readonly dropout?: number | undefined;
  /** Residual blocks. */
  readonly blocks?: number | undefined;
  /** Levels of a generator, each of half the sides of the one before. */
  readonly levels?: number | undefined;
  /** Layers of a discriminator that halve the image. */
  readonly layers?: number | undefined;
  /** Discriminators of one kind, each for images of half the size of those before. */
  readonly discriminators?: number | undefined;
  /** Random numbers that an image is made of beside what is translated. */
  readonly noise?: number | undefined;
  /** Where they come in. */
  readonly noiseAt?: 'input' | 'bottleneck' | undefined;
  /** How a generator doubles an image. */
  readonly upsample?: Upsampling | undefined;
}

/** How a kind of network is built for a scheme that has it chosen by name. */
export interface ChosenNetwork {
  /** What this kind follows beside size, width, channels and norm: anything else that is asked for is refused by its name. */
  readonly follows: readonly (keyof WantedNetwork)[];
  /** The side of the smallest images, in pixels, that leave it something to judge or to make. Default 1. */
  leastSize?(wanted: WantedNetwork): number;
  /** The options of the network that is asked for. What is undefined has its default. */
  options(wanted: WantedNetwork): object;
}

/**
 * A kind of network: one row of NETWORKS. Files, programs and exporters work from the rows, and name no network. A row is made beside
 * the class of its network, in one file.
 */
export interface NetworkKind<N extends Network = Network> {
  /** What files call it, such as 'unet'. Files rely on it, so it never changes. */
  readonly kind: string;
  /** Whether it makes images or judges them. */
  readonly role: NetworkRole;
  /** What people call it, without an article, such as 'U-Net'. */
  readonly title: string;
  /** Builds one of its options, on no device yet; its constructor throws INVALID_ARGUMENT for options that no network has. */
  readonly network: new (
    options?: never,
  ) => N;
  /**
   * The network in words, in parts that commas join: `U-Net for 256 x 256`, `3 -> 3 channels`, `ngf 64`. What is as in the reference
   * and rarely otherwise is left out; false is no part.
   */
  describe(network: N): readonly (string | false)[];
  /** What the network takes. */
  exampleInput(network: N): ExampleInput;
  /** How schemes that translate images build it by name, as `train --generator` does; left out for a kind that they do not offer. */
  readonly chosen?: ChosenNetwork;
  /** How it is found in a state dict of PyTorch; left out where there is no such implementation. */
  readonly pytorch?: PyTorchNames;
  /** How an ONNX model is made of its weights where no device is there to trace it on. @internal */
  readonly layerModel?: LayerModel<N>;
}
