import { expectOptions } from '../../checks.js';
import type { FeatureNetworkKind } from './kind.js';
import { groupChannels, isRow, TappedNetwork, type TappedLayer } from './tapped.js';

/** Options of an AlexNet: how wide it is. */
export interface AlexNetOptions {
  /** Channels of its five convolutions; every published file has the default, 64, 192, 384, 256 and 256. */
  channels?: readonly number[];
}

const LAYERS: readonly TappedLayer[] = [
  { group: 0, kernel: 11, stride: 4, padding: 2 },
  'tap',
  { pool: 3 },
  { group: 1, kernel: 5, padding: 2 },
  'tap',
  { pool: 3 },
  { group: 2, kernel: 3, padding: 1 },
  'tap',
  { group: 3, kernel: 3, padding: 1 },
  'tap',
  { group: 4, kernel: 3, padding: 1 },
  'tap',
];

/**
 * The convolutions of AlexNet (Krizhevsky 2014, as torchvision has it); what is compared is the result of each of its five ReLUs. Names
 * of parameters are torchvision's. 2,469,696 parameters.
 */
export class AlexNet extends TappedNetwork {
  /** Every option with its resolved value. */
  override readonly options: Readonly<Required<AlexNetOptions>>;
  /** The side of the smallest images, in pixels, that leave every layer something to look at. */
  override readonly leastSize = 31;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: AlexNetOptions = {}) {
    const { channels = [64, 192, 384, 256, 256] } = expectOptions('an AlexNet', options, ['channels']);
    super('an AlexNet', LAYERS, channels);
    this.options = Object.freeze({ channels });
  }
}

/** The row of AlexNet. */
export const ALEXNET: FeatureNetworkKind<AlexNet> = {
  kind: 'alexnet',
  title: 'AlexNet',
  network: AlexNet,
  anchor: 'features.0.weight',
  looksLike: (tensors) => isRow(tensors, LAYERS),
  options: (tensors, label) => ({ channels: groupChannels(tensors, LAYERS, label) }),
  channels: ({ options }) => options.channels,
  beyond: /^classifier\./,
  file: 'alexnet-owt-7be5be79.pth of torchvision',
};
