import type { PairedDataset } from '../data/dataset.js';
import { greyImage, imageBytes } from '../data/grey.js';
import { expectImage, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import { Tensor } from '../tensor/tensor.js';

/** Which half of a pair is translated into the other. */
export type Direction = 'AtoB' | 'BtoA';

export interface ImageStoreOptions {
  direction: Direction;
  /** Side in pixels of the stored images; others are resized to it. Even, so that an image is whole 32-bit words. */
  side: number;
  batch: number;
  /** Of sources and targets: 3 (colours) or 1 (luminance). Default 3 and 3. */
  channels?: readonly [source: number, target: number];
}

const COLOURS = [3, 3] as const;

/**
 * Training pairs as bytes on the device. A set that fits stays there, each image uploaded when it is first drawn;
 * of a larger one, only the batch at hand is there.
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
    const { side, batch, channels = COLOURS } = options;
    const largest = side * side * Math.max(...channels);
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    this.resident = dataset.length * largest <= limit;
    const images = this.resident ? dataset.length : batch;
    const make = (label: string, count: number): Tensor => {
      const storage = gpu.allocatePersistent(images * side * side * count, label);
      return new Tensor({ gpu, dtype: 'u8', shape: [images, side, side, count], storage }).keep();
    };
    this.sources = make('source images', channels[0]);
    this.targets = make('target images', channels[1]);
  }

  /**
   * Makes sure that the samples of a batch are on the device.
   * @returns the place of each in `sources` and `targets`
   * @throws IMAGE_SIZE for an image whose data are not those of its sides; what reading the dataset throws
   */
  async load(indices: readonly number[]): Promise<number[]> {
    const pairs = await Promise.all(indices.map((index) => (this.uploaded.has(index) ? null : this.dataset.get(index))));
    return indices.map((index, position) => {
      const pair = pairs[position];
      const place = this.resident ? index : position;
      if (pair) {
        const [source, target] = this.options.direction === 'AtoB' ? [pair.a, pair.b] : [pair.b, pair.a];
        expectImage(source, `${pair.name} (pair ${index} of ${this.dataset.name}), what is translated`);
        expectImage(target, `${pair.name} (pair ${index} of ${this.dataset.name}), what it should become`);
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

  dispose(): void {
    this.sources.dispose();
    this.targets.dispose();
  }
}
