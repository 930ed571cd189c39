import { quote } from '../../formats/safetensors.js';
import { ShadegradError } from '../../errors.js';
import type { LayerTensors } from '../../models/layer-graph.js';
import type { UNetOptions } from '../../models/unet.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import { constantTensor } from '../network/fit-network.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';

/** Deepest U-Net: one of 16 levels is for images of 65,536 pixels. */
const MAX_LEVELS = 16;
/** Flattest U-Net that can be built: images of 16 pixels. */
const MIN_LEVELS = 4;
/** Width of a level over that of the first: doubled at each level, up to this. */
const WIDEST = 8;

/**
 * ngf of encoders whose layers have these many channels.
 *
 * @param layerName names a level's layer, for errors
 * @throws WEIGHTS_UNSUPPORTED unless there are 4 to 16 levels of ngf, 2, 4, 8, 8 ... times ngf channels
 */
export function inferWidth(label: string, channels: readonly number[], layerName: (level: number) => string): number {
  if (channels.length < MIN_LEVELS || channels.length > MAX_LEVELS) {
    throw notThisNetwork(label, 'depth of the U-Net', `${MIN_LEVELS} to ${MAX_LEVELS} levels`, `${channels.length} levels`);
  }
  const ngf = channels[0]!;
  channels.forEach((count, level) => {
    const expected = ngf * Math.min(2 ** level, WIDEST);
    if (count !== expected || ngf < 1)
      throw notThisNetwork(label, `channels of ${layerName(level)}`, `${expected}, as the first layer has ${ngf}`, String(count));
  });
  return ngf;
}

/** The error for a file that is whole, but of a network that this library has not. */
export function notThisNetwork(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, {
    expected,
    received,
    fix: "name a file of pix2pix's U-Net: other networks cannot be read from this format",
  });
}

/** Fills a network's tensors one by one, and knows at its end that all are filled. */
export class NetworkFiller {
  private readonly tensors = new Map<string, NetworkTensor>();

  constructor(
    private readonly label: string,
    private readonly options: UNetOptions,
  ) {}

  /**
   * @param part which of the layer's tensors; nothing happens if the layer has no such one and `tensor` is null
   * @param tensor what fills it; null for a file that has none, where `missing` fills it
   * @throws WEIGHTS_UNSUPPORTED when the shapes differ, or the layer has no place for it
   */
  fill(layer: LayerTensors, part: string, tensor: (NetworkTensor & { readonly name: string }) | null, missing = 0): void {
    const own = layer.get(part);
    if (!own) {
      if (tensor) throw notThisNetwork(this.label, `tensor ${quote(tensor.name)}`, 'a network without it', formatShape(tensor.shape));
      return;
    }
    const { name, shape } = own;
    if (tensor && !sameShape(tensor.shape, shape))
      throw notThisNetwork(this.label, `shape of ${quote(tensor.name)}`, formatShape(shape), formatShape(tensor.shape));
    this.tensors.set(name, tensor ?? constantTensor(shape, missing));
  }

  weights(): NetworkWeights {
    return { architecture: { kind: 'unet', options: this.options }, tensors: this.tensors };
  }
}

/**
 * A decoder's kernel [kernel h, kernel w, out, in] with the halves of its inputs exchanged: this library concatenates
 * [encoder, decoder], TensorFlow's U-Nets [decoder, encoder]. Applying it twice is the identity.
 */
export function swapInputHalves<T extends NetworkTensor>(tensor: T): T {
  const inputs = tensor.shape.at(-1)!;
  const half = inputs / 2;
  return {
    ...tensor,
    async read() {
      const data = await tensor.read();
      const swapped = new Float32Array(data.length);
      for (let row = 0; row < data.length; row += inputs) {
        swapped.set(data.subarray(row + half, row + inputs), row);
        swapped.set(data.subarray(row, row + half), row + half);
      }
      return swapped;
    },
  };
}
