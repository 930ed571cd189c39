import { forwardOptions, type ForwardOptions, type Layer } from '../../nn/forward.js';
import { Conv2d, MaxPool2d, ReLU, Sequential } from '../../nn/layers.js';
import { Module } from '../../nn/module.js';
import { checkCounts, refused } from '../../nn/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { unsupportedWeights, type StateShapes } from '../state-shapes.js';

/** A convolution of a network in a row: its group, which has its channels, and its windows. */
export interface TappedConv {
  readonly group: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding: number;
}

/** A layer of a network in a row. 'tap' is a ReLU whose result is compared. */
export type TappedLayer = TappedConv | 'relu' | 'tap' | { readonly pool: 2 | 3 };

/**
 * Convolutions, ReLUs and pools in a row, some of whose results are compared; the names are those of torchvision: `features.` and the
 * place in the row.
 */
export abstract class TappedNetwork extends Module {
  abstract readonly options: { readonly channels: readonly number[] };
  abstract readonly leastSize: number;
  readonly #row: Sequential;
  readonly #taps = new Set<Layer>();

  /** @param channels of each group of convolutions */
  constructor(what: string, layers: readonly TappedLayer[], channels: readonly number[]) {
    super();
    const groups = 1 + Math.max(...layers.map((layer) => (typeof layer === 'object' && 'group' in layer ? layer.group : 0)));
    if (!Array.isArray(channels) || channels.length !== groups)
      throw refused(`channels of ${what}`, `a list of ${groups} numbers`, channels);
    checkCounts(what, Object.fromEntries(channels.map((count, group) => [`channels[${group}]`, count])));
    this.#row = this.child('features', new Sequential());
    let inChannels = 3;
    for (const layer of layers) {
      if (layer === 'relu' || layer === 'tap') {
        const relu = this.#row.add(new ReLU());
        if (layer === 'tap') this.#taps.add(relu);
      } else if ('pool' in layer) {
        this.#row.add(new MaxPool2d({ kernel: layer.pool, stride: 2 }));
      } else {
        const { group, ...windows } = layer;
        this.#row.add(new Conv2d({ inChannels, outChannels: channels[group]!, ...windows }));
        inChannels = channels[group]!;
      }
    }
  }

  /**
   * What the layers that are compared make of images.
   *
   * @param x [batch, h, w, 3] RGB, as the training of the weights had it: of torchvision's, less the means of ImageNet and divided by its
   *   deviations
   * @throws SHAPE_MISMATCH for other channels or smaller images; INVALID_ARGUMENT on no device
   */
  features(x: Tensor, options: Omit<ForwardOptions, 'out'> = {}): Tensor[] {
    const mode = forwardOptions(this, options);
    const taps: Tensor[] = [];
    let made = x;
    for (const layer of this.#row) {
      // What lies behind the last of them is nobody's to compare.
      if (taps.length === this.#taps.size) break;
      made = layer.forward(made, mode);
      if (this.#taps.has(layer)) taps.push(made);
    }
    return taps;
  }
}

/** Whether tensors have the kernels of a row, and no convolution behind it. */
export function isRow(tensors: StateShapes, layers: readonly TappedLayer[]): boolean {
  return layers.every((layer, place) => {
    const shape = tensors.get(`features.${place}.weight`);
    if (typeof layer === 'string' || 'pool' in layer) return shape === undefined;
    return shape?.length === 4 && shape[2] === layer.kernel && shape[3] === layer.kernel;
  });
}

/** The channels of each group, read off the tensors of a row. @throws WEIGHTS_UNSUPPORTED where a group has several numbers of them */
export function groupChannels(tensors: StateShapes, layers: readonly TappedLayer[], label: string): number[] {
  const channels: number[] = [];
  for (const [place, layer] of layers.entries()) {
    if (typeof layer === 'string' || 'pool' in layer) continue;
    const own = tensors.get(`features.${place}.weight`)![0]!;
    channels[layer.group] ??= own;
    if (channels[layer.group] === own) continue;
    throw unsupportedWeights(
      `${label}: tensor "features.${place}.weight"`,
      `${own} channels after ${channels[layer.group]}`,
      'the same number of channels in every convolution between two pools',
    );
  }
  return channels;
}
