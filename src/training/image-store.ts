import type { Gpu } from '../gpu/gpu.js';
import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { Tensor } from '../tensor/tensor.js';

/** Bytes of a number. */
const BYTES = { u8: 1, f32: 4 } as const;

/** Options of an ImageStore: how large it is. */
export interface ImageStoreOptions {
  /** Images of the whole set. */
  readonly count: number;
  /** Images of a step. */
  readonly batch: number;
  /** The images in pixels: their side, or width and height. Even, so that an image is whole 32-bit words. */
  readonly size: PixelSize;
  /** Numbers that are kept of a pixel. */
  readonly channels: number;
  /** What they are kept as: a byte each, or f32. Default 'u8'. */
  readonly dtype?: 'u8' | 'f32';
  /** Whether the whole set stays on the device; else only the batch at hand is there. What is computed is the same. */
  readonly resident: boolean;
  /** What it is called in messages. */
  readonly label: string;
}

/** Images of one side of a data set on the device. */
export class ImageStore {
  /** [images, height, width, channels]. */
  readonly images: Tensor;
  private readonly uploaded = new Set<number>();

  /** @throws OUT_OF_MEMORY, later, at the next call that waits for the device */
  constructor(
    private readonly gpu: Gpu,
    private readonly options: ImageStoreOptions,
  ) {
    const { count, batch, size, channels, dtype = 'u8', resident, label } = options;
    const images = resident ? count : batch;
    const [width, height] = widthAndHeight(size);
    const storage = gpu.allocatePersistent(images * height * width * channels * BYTES[dtype], label);
    this.images = new Tensor({ gpu, dtype, shape: [images, height, width, channels], storage }).keep();
  }

  /** Whether the image of an index is on the device, to stay. */
  has(index: number): boolean {
    return this.uploaded.has(index);
  }

  /** The place in `images` that an image has, given its index in the set and its place in the batch. */
  placeOf(index: number, position: number): number {
    return this.options.resident ? index : position;
  }

  /** Puts the numbers of an image, [height, width, channels], into its place. */
  put(index: number, position: number, numbers: Uint8Array | Float32Array): void {
    const { size, channels, dtype = 'u8', resident } = this.options;
    const [width, height] = widthAndHeight(size);
    this.gpu.write(this.images.storage, this.placeOf(index, position) * height * width * channels * BYTES[dtype], numbers);
    if (resident) this.uploaded.add(index);
  }

  /** Gives the memory back. */
  dispose(): void {
    this.images.dispose();
  }
}
