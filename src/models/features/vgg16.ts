import { expectOptions } from '../../checks.js';
import type { FeatureNetworkKind } from './kind.js';
import { groupChannels, isRow, TappedNetwork, type TappedLayer } from './tapped.js';

/** Options of a VGG16: how wide it is. */
export interface VGG16Options {
  /** Channels of the convolutions before each pool; every published file has the default, 64, 128, 256, 512 and 512. */
  channels?: readonly number[];
}

const CONVOLUTIONS = [2, 2, 3, 3, 3];

const LAYERS: readonly TappedLayer[] = CONVOLUTIONS.flatMap((count, group): TappedLayer[] => {
  const convs = Array.from({ length: count }, (_, at): TappedLayer[] => [
    { group, kernel: 3, padding: 1 },
    at === count - 1 ? 'tap' : 'relu',
  ]);
  return [...(group > 0 ? [{ pool: 2 } as const] : []), ...convs.flat()];
});

/**
 * The convolutions of VGG16 (Simonyan and Zisserman 2015); what is compared is the last ReLU before each pool. Names of parameters are
 * torchvision's. 14,714,688 parameters.
 */
export class VGG16 extends TappedNetwork {
  /** Every option with its resolved value. */
  override readonly options: Readonly<Required<VGG16Options>>;
  /** The side of the smallest images, in pixels, that leave every layer something to look at. */
  override readonly leastSize = 16;

  /** Builds the network, on no device yet. @throws INVALID_ARGUMENT for options that cannot work, or of other names */
  constructor(options: VGG16Options = {}) {
    const { channels = [64, 128, 256, 512, 512] } = expectOptions('a VGG16', options, ['channels']);
    super('a VGG16', LAYERS, channels);
    this.options = Object.freeze({ channels });
  }
}

/** The row of VGG16. */
export const VGG: FeatureNetworkKind<VGG16> = {
  kind: 'vgg16',
  title: 'VGG16',
  network: VGG16,
  anchor: 'features.0.weight',
  looksLike: (tensors) => isRow(tensors, LAYERS),
  options: (tensors, label) => ({ channels: groupChannels(tensors, LAYERS, label) }),
  channels: ({ options }) => options.channels,
  beyond: /^classifier\./,
  file: 'vgg16-397923af.pth of torchvision',
};
