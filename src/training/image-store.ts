import type { Gpu } from '../gpu/gpu.js';
import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { Tensor } from '../tensor/tensor.js';

/** Options of an ImageStore: how large it is. */
export interface ImageStoreOptions {
  /** Images of the whole set. */
  readonly count: number;
  /** Images of a step. */
  readonly batch: number;
  /** The images in pixels: their side, or width and height. Even, so that an image is whole 32-bit words. */
  readonly size: PixelSize;
  /** Channels of the images, a byte each. */
  readonly channels: number;
  /** Whether the whole set stays on the device; else only the batch at hand is there. What is computed is the same. */
  readonly resident: boolean;
  /** What it is called in messages. */
  readonly label: string;
}

/** Images of one side of a data set as bytes on the device. */
export class ImageStore {
  /** u8 [images, height, width, channels]. */
  readonly images: Tensor;
  private readonly uploaded = new Set<number>();

  /** @throws OUT_OF_MEMORY, later, at the next call that waits for the device */
  constructor(
    private readonly gpu: Gpu,
    private readonly options: ImageStoreOptions,
  ) {
    const { count, batch, size, channels, resident, label } = options;
    const images = resident ? count : batch;
    const [width, height] = widthAndHeight(size);
    const storage = gpu.allocatePersistent(images * height * width * channels, label);
    this.images = new Tensor({ gpu, dtype: 'u8', shape: [images, height, width, channels], storage }).keep();
  }

  /** Whether the image of an index is on the device, to stay. */
  has(index: number): boolean {
    return this.uploaded.has(index);
  }

  /** The place in `images` that an image has, given its index in the set and its place in the batch. */
  placeOf(index: number, position: number): number {
    return this.options.resident ? index : position;
  }

  /** Puts the bytes of an image, [height, width, channels], into its place. */
  put(index: number, position: number, bytes: Uint8Array): void {
    const { size, channels, resident } = this.options;
    const [width, height] = widthAndHeight(size);
    this.gpu.write(this.images.storage, this.placeOf(index, position) * height * width * channels, bytes);
    if (resident) this.uploaded.add(index);
  }

  /** Gives the memory back. */
  dispose(): void {
    this.images.dispose();
  }
}
