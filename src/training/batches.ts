import { pairAt, type PairedDataset } from '../data/dataset.js';
import { greyImage, imageBytes } from '../data/grey.js';
import type { RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import { epochPermutation, jitterDraw } from '../data/shuffle.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { imageDraws, imageJitter, writeImageDraws } from '../kernels/image.js';
import type { Tensor } from '../tensor/tensor.js';
import { ImageStore } from './image-store.js';
import type { ImagePlan, ImageSide } from './scheme.js';

/** Options of Batches: how samples are drawn and kept. */
export interface BatchesOptions {
  /** Samples of a step. */
  readonly batch: number;
  /** The seed of the run: order and jitter follow from it. */
  readonly seed: number;
  /** The sizes of the images. */
  readonly plan: ImagePlan;
  /** What a step sees of a sample, by name. */
  readonly sides: Readonly<Record<string, ImageSide>>;
  /** Side in pixels of the images as they are kept. Even. */
  readonly storedSize: number;
  /**
   * Most bytes that all images of all sides may take on the device to stay there; 0 keeps the batch at hand alone. WebGPU
   * does not tell how much memory there is. Default 1 GiB: 2,187 pairs of 286 pixels, beside some 2 GB for the paper's networks.
   */
  readonly residentBytes?: number | undefined;
}

/** The samples of one step, on the device or on their way to it. */
interface Batch {
  readonly step: number;
  /** Of its samples in the data set. */
  readonly indices: readonly number[];
  /** Of its images in the stores. */
  readonly places: Promise<number[]>;
}

const RESIDENT_BYTES = 1024 ** 3;

/**
 * The images of each step, on the device: which samples a step sees, and how they are cropped and mirrored, follows from
 * (seed, epoch, step). A sample is read once, whatever sides a step sees of it, and while the step before it runs.
 */
export class Batches {
  /** Steps in which every sample is seen once. */
  readonly stepsPerEpoch: number;
  private readonly stores: ReadonlyMap<string, ImageStore>;
  private readonly draws: Tensor;
  private order: { epoch: number; indices: Uint32Array } | null = null;
  private ahead: Batch | null = null;

  constructor(
    gpu: Gpu,
    private readonly dataset: PairedDataset,
    private readonly options: BatchesOptions,
  ) {
    const { batch, storedSize, residentBytes = RESIDENT_BYTES } = options;
    this.stepsPerEpoch = Math.floor(dataset.length / batch);
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    const sides = Object.entries(options.sides);
    const bytes = sides.map(([, { channels }]) => dataset.length * storedSize * storedSize * channels);
    const resident = Math.max(...bytes) <= limit && bytes.reduce((sum, each) => sum + each, 0) <= residentBytes;
    const stores = new Map<string, ImageStore>();
    this.stores = stores;
    try {
      for (const [name, { channels }] of sides) {
        const label = `${name} images`;
        stores.set(name, new ImageStore(gpu, { count: dataset.length, batch, side: storedSize, channels, resident, label }));
      }
      this.draws = imageDraws(gpu, batch).keep();
    } catch (error) {
      for (const store of stores.values()) store.dispose();
      throw error;
    }
  }

  /** The images of the step whose draws were written last, by the names of the sides: [batch, size, size, channels] in [-1, 1]. */
  images(): Record<string, Tensor> {
    const { size: cropSize, loadSize, jitter } = this.options.plan;
    // Without jitter the whole image is resized to the networks' size.
    const sizes = { loadSize: jitter ? loadSize : cropSize, cropSize };
    return Object.fromEntries([...this.stores].map(([name, { images }]) => [name, imageJitter(images, this.draws, sizes)]));
  }

  /**
   * Waits for the images of a step.
   *
   * @returns what has to be called to choose them, at once before the step runs
   * @throws what reading the samples throws, even if that happened during the step before
   */
  async take(step: number): Promise<() => void> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead?.step === step) return this.chooser(ahead, await ahead.places);
    // A batch of another step, left from before a run was resumed, must not arrive after this one: it may go to the same places.
    await ahead?.places.catch(() => {});
    const batch = this.fetch(step);
    return this.chooser(batch, await batch.places);
  }

  /** Begins to read, encode and upload what a step needs, behind the work that the device has been given. */
  prefetch(step: number): void {
    this.ahead = this.fetch(step);
  }

  private chooser({ step, indices }: Batch, places: readonly number[]): () => void {
    const {
      seed,
      plan: { size: cropSize, loadSize, jitter },
    } = this.options;
    const epoch = this.epochOf(step);
    const draws = indices.map((index, position) => ({
      ...(jitter ? jitterDraw({ seed, epoch, index, loadSize, cropSize }) : { cropX: 0, cropY: 0, mirror: false }),
      source: places[position]!,
    }));
    return () => writeImageDraws(this.draws, draws);
  }

  private epochOf(step: number): number {
    return Math.floor(step / this.stepsPerEpoch);
  }

  private fetch(step: number): Batch {
    const { batch, seed } = this.options;
    const epoch = this.epochOf(step);
    const start = (step % this.stepsPerEpoch) * batch;
    if (this.order?.epoch !== epoch) this.order = { epoch, indices: epochPermutation(this.dataset.length, seed, epoch) };
    const indices = [...this.order.indices.subarray(start, start + batch)];
    const places = this.load(indices);
    // A failure belongs to the step that awaits it; if none does, as after dispose(), it is nobody's.
    places.catch(() => {});
    return { step, indices, places };
  }

  /** Makes sure that the samples of a batch are on the device. @throws as pairAt() */
  private async load(indices: readonly number[]): Promise<number[]> {
    const [first] = this.stores.values();
    const samples = await Promise.all(indices.map((index) => (first?.has(index) ? null : pairAt(this.dataset, index))));
    return indices.map((index, position) => {
      const sample = samples[position];
      // Null is a sample that is on the device already: a data set's own nothing never gets here.
      if (sample) {
        for (const [name, store] of this.stores) {
          const side = this.options.sides[name]!;
          store.put(index, position, this.bytesOf(side, sample[side.half], `${name} of ${sample.name}`));
        }
      }
      return first?.placeOf(index, position) ?? position;
    });
  }

  private bytesOf(side: ImageSide, image: RgbImage, what: string): Uint8Array {
    const { storedSize } = this.options;
    const { channels } = side;
    if (!side.encode) {
      const seen = channels === 1 ? greyImage(image) : image;
      const sized = seen.width === storedSize && seen.height === storedSize ? seen : resizeBicubic(seen, storedSize, storedSize);
      return imageBytes(sized, channels as 1 | 3);
    }
    const bytes = side.encode(image, storedSize);
    const length = storedSize * storedSize * channels;
    if (bytes instanceof Uint8Array && bytes.length === length) return bytes;
    throw new ShadegradError('IMAGE_SIZE', `${what} as the scheme encodes it`, {
      expected: `${length} bytes: [${storedSize}, ${storedSize}, ${channels}]`,
      received: bytes instanceof Uint8Array ? `${bytes.length} bytes` : String(bytes),
      fix: 'return a Uint8Array of one byte for each channel of each pixel from encode()',
    });
  }

  /** Gives the memory back. */
  dispose(): void {
    this.draws.dispose();
    for (const store of this.stores.values()) store.dispose();
  }
}
