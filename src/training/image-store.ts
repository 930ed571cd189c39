import { pairAt, type PairedDataset } from '../data/dataset.js';
import { greyImage, imageBytes } from '../data/grey.js';
import type { RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import { Tensor } from '../tensor/tensor.js';

/** The direction of a translation: which half of a pair is translated into the other. */
export type Direction = 'AtoB' | 'BtoA';

export interface ImageStoreOptions {
  direction: Direction;
  /** Side in pixels of the stored images; others are resized to it. Even, so that an image is whole 32-bit words. */
  side: number;
  /** Images of a step. */
  batch: number;
  /** Of sources and targets: 3 (colours) or 1 (luminance). Default 3 and 3. */
  channels?: readonly [source: number, target: number];
  /**
   * Most bytes that all images of both sides may take on the device to stay there; 0 keeps the batch at hand alone. WebGPU
   * does not tell how much memory there is. Default 1 GiB: 2,187 pairs of 286 pixels, beside some 2 GB for the paper's networks.
   */
  residentBytes?: number;
}

const RESIDENT_BYTES = 1024 ** 3;
const COLOURS = [3, 3] as const;

/**
 * Training pairs as bytes on the device. A set within the budget stays there, each image uploaded when it is first drawn;
 * of a larger one, only the batch at hand is there. What is computed is the same.
 */
export class ImageStore {
  /** u8 [images, side, side, channels]: what is translated. */
  readonly sources: Tensor;
  /** Likewise what it should become. */
  readonly targets: Tensor;
  /** True when every image has a place of its own. */
  readonly resident: boolean;
  private readonly uploaded = new Set<number>();

  constructor(
    private readonly gpu: Gpu,
    private readonly dataset: PairedDataset,
    private readonly options: ImageStoreOptions,
  ) {
    const { side, batch, channels = COLOURS, residentBytes = RESIDENT_BYTES } = options;
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    const [sourceBytes, targetBytes] = channels.map((count) => dataset.length * side * side * count) as [number, number];
    this.resident = Math.max(sourceBytes, targetBytes) <= limit && sourceBytes + targetBytes <= residentBytes;
    const images = this.resident ? dataset.length : batch;
    const make = (label: string, count: number): Tensor => {
      const storage = gpu.allocatePersistent(images * side * side * count, label);
      return new Tensor({ gpu, dtype: 'u8', shape: [images, side, side, count], storage }).keep();
    };
    this.sources = make('source images', channels[0]);
    try {
      this.targets = make('target images', channels[1]);
    } catch (error) {
      this.sources.dispose();
      throw error;
    }
  }

  /**
   * Makes sure that the samples of a batch are on the device.
   * @returns the place of each in `sources` and `targets`
   * @throws as pairAt()
   */
  async load(indices: readonly number[]): Promise<number[]> {
    const pairs = await Promise.all(indices.map((index) => (this.uploaded.has(index) ? null : pairAt(this.dataset, index))));
    return indices.map((index, position) => {
      const pair = pairs[position];
      const place = this.resident ? index : position;
      // Null is a pair that is on the device already: a data set's own nothing never gets here.
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
    const channels = tensor.channels as 1 | 3;
    const seen = channels === 1 ? greyImage(image) : image;
    const sized = seen.width === side && seen.height === side ? seen : resizeBicubic(seen, side, side);
    this.gpu.write(tensor.storage, place * side * side * channels, imageBytes(sized, channels));
  }

  /** Gives the memory back. */
  dispose(): void {
    this.sources.dispose();
    this.targets.dispose();
  }
}
