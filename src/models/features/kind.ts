import type { ForwardOptions } from '../../nn/forward.js';
import type { Module } from '../../nn/module.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { StateShapes } from '../state-shapes.js';

/**
 * A network that was trained to tell what pictures show, and whose layers are taken here as a measure of pictures. It runs as after
 * training; nothing here trains one.
 */
export type FeatureNetwork = Module & {
  /** Every option with its resolved value. */
  readonly options: object;
  /** The side of the smallest images, in pixels, that leave every layer something to look at. */
  readonly leastSize: number;
  /**
   * What the layers that are compared make of images, the first layer first.
   *
   * @param x [batch, h, w, 3] RGB, scaled as the network's authors do
   * @returns for each of these layers [batch, its h, its w, its channels]
   */
  features(x: Tensor, options?: Omit<ForwardOptions, 'out'>): Tensor[];
};

/** A kind of feature network: one row of FEATURE_NETWORKS, made beside the class of its network, in one file. */
export interface FeatureNetworkKind<N extends FeatureNetwork = FeatureNetwork> {
  /** What flags and reports call it, such as 'alexnet'. */
  readonly kind: string;
  /** What people call it, such as 'AlexNet'. */
  readonly title: string;
  /** Builds one of its options, on no device yet. */
  readonly network: new (
    options?: never,
  ) => N;
  /** A tensor that every file of it has, under the names of PyTorch. */
  readonly anchor: string;
  /** Whether tensors look like those of such a network; the first row that says so has the file. */
  looksLike(tensors: StateShapes): boolean;
  /** The options of the network, read off its tensors. @throws WEIGHTS_UNSUPPORTED for what is no such network after all */
  options(tensors: StateShapes, label: string): object;
  /** Channels of each layer whose features are compared, for a network that LPIPS has weights for; left out for others. */
  channels?(network: N): readonly number[];
  /** Names of tensors that files have and that the features do not depend on, such as those of the classifier. */
  readonly beyond: RegExp;
  /** The file that people have of it, and where it is published: what an error asks for. */
  readonly file: string;
}
