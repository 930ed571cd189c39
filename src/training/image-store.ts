import type { Gpu } from '../gpu/gpu.js';
import { Tensor } from '../tensor/tensor.js';

/** Options of an ImageStore: how large it is. */
export interface ImageStoreOptions {
  /** Images of the whole set. */
  readonly count: number;
  /** Images of a step. */
  readonly batch: number;
  /** Side in pixels of the images. Even, so that an image is whole 32-bit words. */
  readonly side: number;
  /** Channels of the images, a byte each. */
  readonly channels: number;
  /** Whether the whole set stays on the device; else only the batch at hand is there. What is computed is the same. */
  readonly resident: boolean;
  /** What it is called in messages. */
  readonly label: string;
}

/** Images of one side of a data set as bytes on the device. */
export class ImageStore {
  /** u8 [images, side, side, channels]. */
  readonly images: Tensor;
  private readonly uploaded = new Set<number>();

  /** @throws OUT_OF_MEMORY, later, at the next call that waits for the device */
  constructor(
    private readonly gpu: Gpu,
    private readonly options: ImageStoreOptions,
  ) {
    const { count, batch, side, channels, resident, label } = options;
    const images = resident ? count : batch;
    const storage = gpu.allocatePersistent(images * side * side * channels, label);
    this.images = new Tensor({ gpu, dtype: 'u8', shape: [images, side, side, channels], storage }).keep();
  }

  /** Whether the image of an index is on the device, to stay. */
  has(index: number): boolean {
    return this.uploaded.has(index);
  }

  /** The place in `images` that an image has, given its index in the set and its place in the batch. */
  placeOf(index: number, position: number): number {
    return this.options.resident ? index : position;
  }

  /** Puts the bytes of an image, [side, side, channels], into its place. */
  put(index: number, position: number, bytes: Uint8Array): void {
    const { side, channels, resident } = this.options;
    this.gpu.write(this.images.storage, this.placeOf(index, position) * side * side * channels, bytes);
    if (resident) this.uploaded.add(index);
  }

  /** Gives the memory back. */
  dispose(): void {
    this.images.dispose();
  }
}
