import type { PairedDataset } from '../data/dataset.js';
import type { RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import { Tensor } from '../tensor/tensor.js';

/** Which half of a pair is translated into the other. */
export type Direction = 'AtoB' | 'BtoA';

export interface ImageStoreOptions {
  direction: Direction;
  /** Side in pixels of the stored images; others are resized to it. Even, so that an image is whole 32-bit words. */
  side: number;
  /** Images of a step. */
  batch: number;
  /**
   * Most bytes that all images of both sides may take on the device to stay there; 0 keeps the batch at hand alone. WebGPU
   * does not tell how much memory there is. Default 1 GiB: 2,187 pairs of 286 pixels, beside some 2 GB for the paper's networks.
   */
  residentBytes?: number;
}

const RESIDENT_BYTES = 1024 ** 3;

/** Bytes of one image: RGB. */
const CHANNELS = 3;

/**
 * Training pairs as bytes on the device. A set within the budget stays there, each image uploaded when it is first drawn;
 * of a larger one, only the batch at hand is there. What is computed is the same.
 */
export class ImageStore {
  /** u8 [images, side, side, 3]: what is translated. */
  readonly sources: Tensor;
  /** Likewise what it should become. */
  readonly targets: Tensor;
  /** True when every image has a place of its own. */
  readonly resident: boolean;
  private readonly uploaded = new Set<number>();
  private readonly imageBytes: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly dataset: PairedDataset,
    private readonly options: ImageStoreOptions,
  ) {
    const { side, batch, residentBytes = RESIDENT_BYTES } = options;
    this.imageBytes = side * side * CHANNELS;
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    const bytes = dataset.length * this.imageBytes;
    this.resident = bytes <= limit && 2 * bytes <= residentBytes;
    const images = this.resident ? dataset.length : batch;
    const make = (label: string): Tensor =>
      new Tensor({ gpu, dtype: 'u8', shape: [images, side, side, CHANNELS], storage: gpu.allocatePersistent(images * this.imageBytes, label) }).keep();
    this.sources = make('source images');
    try {
      this.targets = make('target images');
    } catch (error) {
      this.sources.dispose();
      throw error;
    }
  }

  /**
   * Makes sure that the samples of a batch are on the device.
   * @returns the place of each in `sources` and `targets`
   * @throws what reading the dataset throws
   */
  async load(indices: readonly number[]): Promise<number[]> {
    const pairs = await Promise.all(indices.map((index) => (this.uploaded.has(index) ? null : this.dataset.get(index))));
    return indices.map((index, position) => {
      const pair = pairs[position];
      const place = this.resident ? index : position;
      if (pair) {
        const [source, target] = this.options.direction === 'AtoB' ? [pair.a, pair.b] : [pair.b, pair.a];
        this.upload(this.sources, place, source);
        this.upload(this.targets, place, target);
        if (this.resident) this.uploaded.add(index);
      }
      return place;
    });
  }

  private upload(tensor: Tensor, place: number, image: RgbImage): void {
    const { side } = this.options;
    const sized = image.width === side && image.height === side ? image : resizeBicubic(image, side, side);
    this.gpu.write(tensor.storage, place * this.imageBytes, sized.data);
  }

  /** Gives the memory back. */
  dispose(): void {
    this.sources.dispose();
    this.targets.dispose();
  }
}
