import { noGrad } from '../../autograd/graph.js';
import { expectImage, type RgbImage } from '../../data/image.js';
import { crc32 } from '../../formats/crc32.js';
import type { WeightFile } from '../../formats/weight-file.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { InceptionV3 } from '../../models/features/inception.js';
import { loadFeatures } from '../../models/features/load.js';
import { Tensor } from '../../tensor/tensor.js';

/** The side of the images that Inception-v3 was trained on. */
export const INCEPTION_SIDE = 299;
/** Images that go through the network at a time. */
const BATCH = 8;

/** The features of an image as it was when it came. */
interface KnownImage {
  /** The CRC-32 of its pixels and its width: a program may put the next picture into the same object. */
  readonly crc: number;
  readonly features: ImageFeatures;
}

/** The features of an image: null until its batch has been through the network. */
export interface ImageFeatures {
  numbers: Float32Array | null;
}

/** Where the pixels of a line of `size` lie among `length`, edges on edges, and how much of the second of both neighbours each has. */
function neighbours(length: number, size: number): { first: Uint32Array; second: Uint32Array; share: Float64Array } {
  const place = Float64Array.from({ length: size }, (_, at) => Math.max(0, ((at + 0.5) * length) / size - 0.5));
  const first = Uint32Array.from(place, (each) => Math.min(Math.floor(each), length - 1));
  return {
    first,
    second: first.map((each) => Math.min(each + 1, length - 1)),
    share: place.map((each, at) => each - first[at]!),
  };
}

/**
 * An image as the FID has it for Inception-v3: 299 x 299 pixels in [-1, 1], of the four neighbours of each (bilinear), however large the
 * image: without smoothing, as pytorch-fid does it.
 *
 * @returns [299, 299, 3]
 */
export function inceptionInput(image: RgbImage): Float32Array {
  expectImage(image, 'an image for Inception-v3');
  const { data, width, height } = image;
  const [rows, columns] = [neighbours(height, INCEPTION_SIDE), neighbours(width, INCEPTION_SIDE)];
  const result = new Float32Array(INCEPTION_SIDE * INCEPTION_SIDE * 3);
  let at = 0;
  for (let row = 0; row < INCEPTION_SIDE; row++) {
    const [upper, lower, down] = [rows.first[row]! * width, rows.second[row]! * width, rows.share[row]!];
    for (let column = 0; column < INCEPTION_SIDE; column++) {
      const [left, right, across] = [columns.first[column]!, columns.second[column]!, columns.share[column]!];
      for (let channel = 0; channel < 3; channel++) {
        const pixel = (index: number): number => data[index * 3 + channel]!;
        const above = pixel(upper + left) * (1 - across) + pixel(upper + right) * across;
        const below = pixel(lower + left) * (1 - across) + pixel(lower + right) * across;
        result[at++] = (above * (1 - down) + below * down) / 127.5 - 1;
      }
    }
  }
  return result;
}

/**
 * Images that go through Inception-v3, in batches and each once, however many metrics ask for it: all that measure by one file on one
 * device share one of these.
 */
export class InceptionImages {
  static readonly #open = new WeakMap<WeightFile, Promise<InceptionImages>>();
  #users = 0;
  readonly #known = new WeakMap<RgbImage, KnownImage>();
  #waiting: { readonly features: ImageFeatures; readonly input: Float32Array }[] = [];

  private constructor(
    private readonly gpu: Gpu,
    private readonly file: WeightFile,
    private readonly network: InceptionV3,
  ) {}

  /**
   * The one of a file; give it back with close().
   *
   * @throws as loadFeatures()
   */
  static async open(gpu: Gpu, file: WeightFile): Promise<InceptionImages> {
    const shared = await InceptionImages.#open.get(file);
    if (shared?.gpu === gpu) {
      shared.#users++;
      return shared;
    }
    const opened = loadFeatures(gpu, file, ['inception']).then(({ network }) => new InceptionImages(gpu, file, network as InceptionV3));
    InceptionImages.#open.set(file, opened);
    try {
      const own = await opened;
      own.#users++;
      return own;
    } catch (error) {
      InceptionImages.#open.delete(file);
      throw error;
    }
  }

  /** How many numbers an image has. */
  get dimensions(): number {
    return this.network.dimensions;
  }

  /** Whether the network is that which the FID was defined with. */
  get isOriginal(): boolean {
    return this.network.options.pools === 'fid';
  }

  /** Puts an image into the queue, unless it was there before. Its features come with its batch, or with flush(). */
  async add(image: RgbImage): Promise<ImageFeatures> {
    const crc = crc32(image.data, image.width);
    const known = this.#known.get(image);
    if (known?.crc === crc) return known.features;
    const features: ImageFeatures = { numbers: null };
    this.#known.set(image, { crc, features });
    this.#waiting.push({ features, input: inceptionInput(image) });
    if (this.#waiting.length >= BATCH) await this.flush();
    return features;
  }

  /** Takes what waits through the network. */
  async flush(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const { gpu, network, dimensions } = this;
    const numbers = new Float32Array(batch.length * batch[0]!.input.length);
    batch.forEach(({ input }, at) => numbers.set(input, at * input.length));
    const made = gpu.scope(() => {
      const x = Tensor.from(gpu, numbers, [batch.length, INCEPTION_SIDE, INCEPTION_SIDE, 3], 'images for Inception-v3');
      return noGrad(() => network.forward(x));
    });
    const rows = await made.data();
    made.dispose();
    batch.forEach(({ features }, at) => (features.numbers = rows.subarray(at * dimensions, (at + 1) * dimensions)));
  }

  /** Gives it back; the last one to do so ends it. */
  close(): void {
    if (--this.#users > 0) return;
    InceptionImages.#open.delete(this.file);
    this.#waiting = [];
    this.network.dispose();
  }
}
