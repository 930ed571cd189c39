import { expectLength, pairAt, type PairedDataset } from '../data/dataset.js';
import { greyImage, imageBytes } from '../data/grey.js';
import type { RgbImage } from '../data/image.js';
import { boundedInteger, pcg4d } from '../random.js';
import { widthAndHeight, type PixelSize } from '../pixel-size.js';
import { hasManyCuts, isCutOnHost, prepareImage } from '../data/preprocess/prepare.js';
import { resizeBicubic } from '../data/resize.js';
import { epochPermutation, jitterDraw, type JitterDraw } from '../data/shuffle.js';
import { expectLabelling, labelsAt, rowLength } from '../data/labels.js';
import {
  expectSet,
  expectSets,
  imageAt,
  isImageSet,
  isUnpaired,
  unpaired,
  type ImageLabels,
  type ImageSet,
  type UnpairedDataset,
} from '../data/unpaired.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { imageDraws, imageJitter, writeImageDraws, type JitterSizes } from '../kernels/image.js';
import { classesJitter, numbersJitter } from '../kernels/image-values.js';
import { Tensor } from '../tensor/tensor.js';
import { Augmenter } from './augmentations/augmenter.js';
import { expectChanges, type TurnedOn } from './augmentations/registry.js';
import { ImageStore } from './image-store.js';
import type { ImagePlan, ImageSide } from './scheme.js';
import { described } from '../checks.js';

/** The data sets that a training takes. */
export type TrainingDataset = PairedDataset | UnpairedDataset | ImageSet;

/** Options of Batches: how samples are drawn and kept. */
export interface BatchesOptions {
  /** Samples of a step. */
  readonly batch: number;
  /** The seed of the run: order and jitter follow from it. */
  readonly seed: number;
  /** Whether samples are seen in the order of the data set. */
  readonly serial: boolean;
  /** How samples come together. */
  readonly data: 'paired' | 'unpaired' | 'images';
  /** Whether a step needs the labels of its images. */
  readonly labelled: boolean;
  /** Whether its data may be of several sets with labels of their own, of which the steps see one after the other. */
  readonly severalSets?: boolean | undefined;
  /** The sizes of the images. */
  readonly plan: ImagePlan;
  /** What a step sees of a sample, by name. */
  readonly sides: Readonly<Record<string, ImageSide>>;
  /** What is done to the images at random after they are cropped and mirrored. Default: nothing. */
  readonly augmentations?: readonly TurnedOn[];
  /** The images as they are kept, in pixels: their side, or width and height. Even. */
  readonly storedSize: PixelSize;
  /**
   * Most bytes that all images of all sides may take on the device to stay there; 0 keeps the batch at hand alone. WebGPU
   * does not tell how much memory there is. Default 1 GiB: 2,187 pairs of 286 pixels, beside some 2 GB for the paper's networks.
   */
  readonly residentBytes?: number | undefined;
}

/** A sample as it is read: its images by half. */
interface ReadSample {
  readonly name: string;
  readonly images: Readonly<Partial<Record<'a' | 'b', RgbImage>>>;
}

/** What is drawn of an image where nothing is: all of it, as it is. */
const WHOLE = { cropX: 0, cropY: 0, mirror: false } as const;

/** A choice of a sample: its index, and what its jitter follows from. */
interface Choice {
  readonly index: number;
  readonly jitterSeed: number;
  readonly jitterIndex: number;
}

/** What is drawn together: all sides of pairs, or those of one half. */
interface Stream {
  /** Samples that there are. */
  readonly count: number;
  read(index: number): Promise<ReadSample>;
  /** The sample at a position of an epoch; of several sets with labels of their own, of an epoch of that set. */
  choose(epoch: number, position: number, set: number): Choice;
  readonly stores: ReadonlyMap<string, ImageStore>;
  readonly draws: Tensor;
  readonly augmenter: Augmenter;
}

/** Where the samples of a stream come from. */
type Source = Pick<Stream, 'count' | 'read' | 'choose'>;

/** The samples of one step, on the device or on their way to it. */
interface Batch {
  readonly step: number;
  readonly epoch: number;
  /** For each stream its choices, and the places of their images in its stores. */
  readonly choices: readonly (readonly Choice[])[];
  readonly places: Promise<number[][]>;
}

const RESIDENT_BYTES = 1024 ** 3;
/** Keep the second half's draws apart from the first's. */
const SECOND_HALF = 0x62626262;
/** Keeps the orders of sets with labels of their own apart. */
const SET_STRIDE = 0x9e3779b1;

/** Samples that an epoch of a data set sees: of two sets, as many as the larger one has. @throws INVALID_ARGUMENT for an empty one */
export function epochLength(dataset: TrainingDataset): number {
  if (isUnpaired(dataset)) {
    expectSets(dataset);
    return Math.max(dataset.a.length, dataset.b.length);
  }
  if (isImageSet(dataset)) expectSet(dataset);
  else expectLength(dataset);
  if (typeof dataset.get === 'function') return dataset.length;
  throw new ShadegradError('INVALID_ARGUMENT', 'data set of a training', {
    expected: '{ name, length, get(index) }, where get() gives { name, a, b } for each pair',
    received: described(dataset),
    fix: 'write get(), or open a folder with openPairedFolder()',
  });
}

/**
 * The lengths of the sets that steps see one after the other: of several sets with labels of their own those of each, where the training
 * takes such; else that of all together.
 *
 * @throws as epochLength() and labelsFor()
 */
export function partsFor(needed: NeededLabels, dataset: TrainingDataset): readonly number[] {
  const length = epochLength(dataset);
  return (labelsFor(needed, dataset)?.sets && isImageSet(dataset) && dataset.parts) || [length];
}

/** The most samples that a step can see: of sets that steps see one after the other, as many as the smallest has. @throws as partsFor() */
export const mostInStep = (needed: NeededLabels, dataset: TrainingDataset): number => Math.min(...partsFor(needed, dataset));

/** What a training says of the labels that it needs. */
export type NeededLabels = { readonly labelled?: boolean; readonly severalSets?: boolean | undefined };

/**
 * The labels of a data set for a training that needs them; undefined for one that needs none.
 *
 * @throws INVALID_ARGUMENT for data without labels, for names and groups that cannot be, and for several sets where the training takes one
 */
export function labelsFor({ labelled = false, severalSets = false }: NeededLabels, dataset: TrainingDataset): ImageLabels | undefined {
  if (!labelled) return undefined;
  const labels = isImageSet(dataset) ? dataset.labels : undefined;
  if (!labels) throw noLabels(dataset);
  expectLabelling(labels, dataset.name);
  if (labels.sets) expectJoined(dataset as ImageSet, severalSets);
  return labels;
}

/**
 * The images of each step, on the device: which samples a step sees, and how they are cropped and mirrored, follows from
 * (seed, epoch, step). A sample is read once, whatever sides a step sees of it, and while the step before it runs.
 */
export class Batches {
  /** Steps in which every sample is seen once; of two sets, every image of the larger one. */
  readonly stepsPerEpoch: number;
  /** The labels of the step whose draws were written last, [batch, names]; null for a training that needs none. */
  readonly labels: Tensor | null;
  private readonly labelsOf: ((index: number) => readonly number[]) | null;
  private readonly streams: readonly Stream[];
  /** Of each set with labels of its own, or else the one of all. */
  private readonly orders: { epoch: number; indices: Uint32Array }[] = [];
  /** The lengths of sets with labels of their own, of which the steps see one after the other. */
  private readonly parts: readonly number[];
  private ahead: Batch | null = null;

  /**
   * @throws INVALID_ARGUMENT for two sets of images where pairs are needed
   */
  constructor(
    gpu: Gpu,
    dataset: TrainingDataset,
    private readonly options: BatchesOptions,
  ) {
    const { batch, data, storedSize, residentBytes = RESIDENT_BYTES, augmentations = [], plan } = options;
    expectChanges(augmentations, options.sides);
    const sides = Object.entries(options.sides);
    const length = epochLength(dataset);
    const found = labelsFor(options, dataset);
    this.parts = partsFor(options, dataset);
    this.stepsPerEpoch = Math.floor(length / batch);
    const sources =
      data === 'paired'
        ? [this.pairs(expectPairs(dataset))]
        : data === 'images'
          ? [this.single(imagesOf(dataset))]
          : this.halves(expectHalves(dataset), length);
    const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    const sidesOf = (half: string): [string, ImageSide][] => sides.filter(([, side]) => half === 'ab' || side.half === half);
    const [width, height] = widthAndHeight(storedSize);
    const bytes = sources.flatMap(({ half, count }) => sidesOf(half).map(([, side]) => count * height * width * bytesOfPixel(side)));
    // Of an image that is cut on the host another part comes to the device each time.
    const changing = plan.jitter && hasManyCuts(plan);
    const resident = !changing && Math.max(...bytes) <= limit && bytes.reduce((sum, each) => sum + each, 0) <= residentBytes;
    this.labelsOf = found ? (index) => labelsAt(found, index, dataset.name) : null;
    const streams: Stream[] = [];
    this.streams = streams;
    const made: { dispose(): void }[] = [];
    const keep = <T extends { dispose(): void }>(part: T): T => {
      made.push(part);
      return part;
    };
    try {
      for (const { half, ...source } of sources) {
        const stores = sidesOf(half).map(([name, side]) => {
          const store = { count: source.count, batch, size: storedSize, ...storedOf(side), resident, label: `${name} images` };
          return [name, keep(new ImageStore(gpu, store))] as const;
        });
        streams.push({
          ...source,
          stores: new Map(stores),
          draws: keep(imageDraws(gpu, batch).keep()),
          augmenter: keep(new Augmenter(gpu, augmentations, batch)),
        });
      }
      const shape = [batch, found ? rowLength(found) : 0];
      this.labels = found ? keep(Tensor.from(gpu, new Float32Array(batch * shape[1]!), shape, 'labels').keep()) : null;
    } catch (error) {
      for (const part of made) part.dispose();
      throw error;
    }
  }

  /** One set of images. */
  private single(set: ImageSet): Source & { half: 'ab' } {
    const { seed } = this.options;
    const starts = this.parts.map((_, part) => this.parts.slice(0, part).reduce((sum, each) => sum + each, 0));
    return {
      half: 'ab',
      count: set.length,
      async read(index) {
        const { name, image } = await imageAt(set, index);
        return { name, images: { a: image, b: image } };
      },
      choose: (epoch, position, part) => {
        const index = starts[part]! + this.orderOf(epoch, this.parts[part]!, part)[position]!;
        return { index, jitterSeed: seed, jitterIndex: index };
      },
    };
  }

  /** Pairs: both halves alike. */
  private pairs(dataset: PairedDataset): Source & { half: 'ab' } {
    const { seed } = this.options;
    return {
      half: 'ab',
      count: dataset.length,
      async read(index) {
        const { name, a, b } = await pairAt(dataset, index);
        return { name, images: { a, b } };
      },
      choose: (epoch, position) => {
        const index = this.orderOf(epoch, dataset.length)[position]!;
        // By the index and not the position, so that the draw survives another batch size.
        return { index, jitterSeed: seed, jitterIndex: index };
      },
    };
  }

  /**
   * Two sets, as pytorch-CycleGAN-and-pix2pix has them: the images of the larger one in an order that is shuffled, each once an epoch, and
   * for each an image of the other one at random; or both in their order, the smaller one from the start again when it is at its end.
   * (There it is always the first set that goes in order.)
   */
  private halves(dataset: PairedDataset | UnpairedDataset, length: number): (Source & { half: 'a' | 'b' })[] {
    const { seed, serial } = this.options;
    const sets = isUnpaired(dataset) ? dataset : unpaired(dataset);
    const ordered = sets.a.length === length ? 'a' : 'b';
    const second = (seed ^ SECOND_HALF) >>> 0;
    return (['a', 'b'] as const).map((half) => {
      const set = sets[half];
      return {
        half,
        count: set.length,
        async read(index) {
          const { name, image } = await imageAt(set, index);
          return { name, images: { [half]: image } };
        },
        choose: (epoch, position) => {
          const partner = (): number => (serial ? position % set.length : boundedInteger(pcg4d(second, epoch, position, 0)[0], set.length));
          const index = half === ordered ? this.orderOf(epoch, length)[position]! : partner();
          return { index, jitterSeed: half === 'a' ? seed : second, jitterIndex: position };
        },
      };
    });
  }

  private orderOf(epoch: number, length: number, part = 0): Uint32Array {
    const known = this.orders[part];
    if (known?.epoch === epoch) return known.indices;
    const { serial } = this.options;
    // Sets of one length are not to be in one order.
    const seed = (this.options.seed ^ Math.imul(part, SET_STRIDE)) >>> 0;
    const indices = serial ? Uint32Array.from({ length }, (_, index) => index) : epochPermutation(length, seed, epoch);
    this.orders[part] = { epoch, indices };
    return indices;
  }

  /** The images of the step whose draws were written last, by the names of the sides: [batch, height, width, channels] in [-1, 1]. */
  images(): Record<string, Tensor> {
    const sizes = this.cropSizes;
    return Object.fromEntries(
      this.streams.flatMap(({ stores, draws, augmenter }) =>
        [...stores].map(([name, { images }]) => {
          const side = this.options.sides[name]!;
          return [name, augmenter.apply(jittered(side, images, draws, sizes), side)];
        }),
      ),
    );
  }

  /** What the device resizes images to, and crops out of that. */
  private get cropSizes(): JitterSizes {
    const { plan } = this.options;
    const { size: cropSize, loadSize, jitter } = plan;
    // Without jitter the whole image is resized to the networks' size; what the host has cut is of that size.
    return { loadSize: jitter && !isCutOnHost(plan) ? loadSize : cropSize, cropSize };
  }

  /** The bytes of the images that stay on the device. */
  get imageBytes(): number {
    return this.streams.flatMap(({ stores }) => [...stores.values()]).reduce((sum, { images }) => sum + images.storage.bytes, 0);
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

  private chooser({ epoch, choices }: Batch, places: readonly number[][]): () => void {
    const { jitter, mirror: mirrored = true } = this.options.plan;
    const sizes = this.cropSizes;
    const draws = choices.map((chosen, stream) =>
      chosen.map(({ jitterSeed: seed, jitterIndex: index }, position) => {
        const { cropX, cropY, mirror } = jitter ? jitterDraw({ seed, epoch, index, ...sizes }) : WHOLE;
        return { cropX, cropY, mirror: mirror && mirrored, source: places[stream]![position]! };
      }),
    );
    const augment = choices.map((chosen, stream) =>
      this.streams[stream]!.augmenter.draw(chosen.map(({ jitterSeed: seed, jitterIndex: index }) => ({ seed, epoch, index }))),
    );
    return () => {
      this.streams.forEach((stream, index) => writeImageDraws(stream.draws, draws[index]!));
      for (const write of augment) write();
      const { labels, labelsOf } = this;
      if (labels) labels.write(Float32Array.from(choices[0]!.flatMap(({ index }) => [...labelsOf!(index)])));
    };
  }

  /** Where a step is: in which of several sets with labels of their own, and in which epoch of it. Each begins anew at its end. */
  private turnOf(step: number): { set: number; epoch: number; start: number } {
    const { batch } = this.options;
    const { length } = this.parts;
    const [set, round] = [step % length, Math.floor(step / length)];
    const rounds = Math.floor(this.parts[set]! / batch);
    return { set, epoch: Math.floor(round / rounds), start: (round % rounds) * batch };
  }

  private fetch(step: number): Batch {
    const { batch } = this.options;
    const { set, epoch, start } = this.turnOf(step);
    const choices = this.streams.map((stream) => Array.from({ length: batch }, (_, image) => stream.choose(epoch, start + image, set)));
    const places = Promise.all(this.streams.map((stream, index) => this.load(stream, choices[index]!, epoch)));
    // A failure belongs to the step that awaits it; if none does, as after dispose(), it is nobody's.
    places.catch(() => {});
    return { step, epoch, choices, places };
  }

  /** Makes sure that the samples of a batch are on the device. @throws as pairAt() and imageAt() */
  private async load({ stores, read }: Stream, choices: readonly Choice[], epoch: number): Promise<number[]> {
    const [first] = stores.values();
    if (!first) return choices.map((_, position) => position);
    const samples = await Promise.all(
      choices.map((choice) => (first.has(choice.index) ? null : this.cut(read(choice.index), choice, epoch))),
    );
    // All sides of all samples before any of them: where one fails, none counts as uploaded.
    const encoded = samples.map((sample) =>
      // Null is a sample that is on the device already: a data set's own nothing never gets here.
      [...(sample ? stores : [])].map(([name, store]) => {
        const side = this.options.sides[name]!;
        return { store, bytes: this.bytesOf(side, sample!.images[side.half]!, `${name} of ${sample!.name}`) };
      }),
    );
    return choices.map(({ index }, position) => {
      for (const { store, bytes } of encoded[position]!) store.put(index, position, bytes);
      return first.placeOf(index, position);
    });
  }

  /**
   * A sample as it comes to the device: where the host cuts, that part of it, as soon as it is read. So a batch of large images is held as
   * its parts alone.
   */
  private async cut(reading: Promise<ReadSample>, { jitterSeed: seed, jitterIndex: index }: Choice, epoch: number): Promise<ReadSample> {
    const sample = await reading;
    const { plan } = this.options;
    if (!isCutOnHost(plan)) return sample;
    const { name } = sample;
    const choose = (loadSize: PixelSize): JitterDraw => jitterDraw({ seed, epoch, index, loadSize, cropSize: plan.size });
    const part = (image: RgbImage): RgbImage => prepareImage(image, plan, name, ...(plan.jitter ? [choose] : []));
    return { name, images: Object.fromEntries(Object.entries(sample.images).map(([half, image]) => [half, part(image)])) };
  }

  private bytesOf(side: ImageSide, image: RgbImage, what: string): Uint8Array | Float32Array {
    const { storedSize } = this.options;
    const { channels } = side;
    const [width, height] = widthAndHeight(storedSize);
    if (!side.encode) {
      const seen = channels === 1 ? greyImage(image) : image;
      const sized = seen.width === width && seen.height === height ? seen : resizeBicubic(seen, width, height);
      return imageBytes(sized, channels as 1 | 3);
    }
    const bytes: unknown = side.encode(image, storedSize);
    const { channels: kept, dtype } = storedOf(side);
    const length = height * width * kept;
    const [type, noun] = dtype === 'u8' ? ([Uint8Array, 'bytes'] as const) : ([Float32Array, 'numbers'] as const);
    if (bytes instanceof type && bytes.length === length) return bytes;
    throw new ShadegradError('IMAGE_SIZE', `${what} as the scheme encodes it`, {
      expected: `${length} ${noun}: [${height}, ${width}, ${kept}]`,
      received: bytes instanceof type ? `${bytes.length} ${noun}` : described(bytes),
      fix: `return a ${type.name} of one of the ${noun} for each ${side.kept === 'classes' ? '' : 'channel of each '}pixel from encode()`,
    });
  }

  /** Gives the memory back. */
  dispose(): void {
    this.labels?.dispose();
    for (const { draws, augmenter, stores } of this.streams) {
      draws.dispose();
      augmenter.dispose();
      for (const store of stores.values()) store.dispose();
    }
  }
}

/** What a store keeps of a pixel of a side. */
const storedOf = ({ kept = 'bytes', channels }: ImageSide): { readonly channels: number; readonly dtype: 'u8' | 'f32' } =>
  kept === 'classes' ? { channels: 1, dtype: 'u8' } : { channels, dtype: kept === 'numbers' ? 'f32' : 'u8' };

function bytesOfPixel(side: ImageSide): number {
  const { channels, dtype } = storedOf(side);
  return channels * (dtype === 'f32' ? 4 : 1);
}

/** The images of a step of a side, out of those that are kept. */
function jittered({ kept, channels }: ImageSide, images: Tensor, draws: Tensor, sizes: JitterSizes): Tensor {
  if (kept === 'numbers') return numbersJitter(images, draws, sizes);
  return kept === 'classes' ? classesJitter(images, draws, sizes, channels) : imageJitter(images, draws, sizes);
}

/** @throws INVALID_ARGUMENT for other data than pairs */
function expectPairs(dataset: TrainingDataset): PairedDataset {
  if (!isUnpaired(dataset) && !isImageSet(dataset)) return dataset;
  throw otherData(
    dataset,
    'pairs: { name, length, get(index) } with { name, a, b } for each',
    'pass pairs, or train by a scheme that needs none, such as CycleGAN',
  );
}

/** @throws INVALID_ARGUMENT for a single set of images */
function expectHalves(dataset: TrainingDataset): PairedDataset | UnpairedDataset {
  if (!isImageSet(dataset)) return dataset;
  throw otherData(dataset, 'two sets of images, { name, a, b }, or pairs', 'pass two sets');
}

/** One set: of two, the first one; of pairs, their first halves. */
function imagesOf(dataset: TrainingDataset): ImageSet {
  if (isImageSet(dataset)) return dataset;
  return isUnpaired(dataset) ? dataset.a : unpaired(dataset).a;
}

function otherData(dataset: TrainingDataset, expected: string, fix: string): ShadegradError {
  const received = isUnpaired(dataset) ? 'two sets of images' : isImageSet(dataset) ? 'one set of images' : 'pairs';
  return new ShadegradError('INVALID_ARGUMENT', `the data set ${dataset.name} for this training scheme`, { expected, received, fix });
}

/** @throws INVALID_ARGUMENT for several sets with labels of their own where a training takes one, or without the lengths of the sets */
function expectJoined({ name, length, labels, parts }: ImageSet, severalSets: boolean): void {
  const { sets = [] } = labels!;
  const sum = parts?.reduce((total, each) => total + each, 0);
  if (severalSets && parts?.length === sets.length && sum === length && parts.every((each) => Number.isSafeInteger(each) && each >= 1))
    return;
  throw new ShadegradError('INVALID_ARGUMENT', `the data set ${name} for this training scheme`, {
    expected: severalSets
      ? `the lengths of the ${sets.length} sets of its labels as \`parts\`, ${length} in all`
      : 'images of one set of labels',
    received: severalSets ? (JSON.stringify(parts) ?? 'no parts') : `${sets.length} sets with labels of their own`,
    fix: severalSets ? 'join the sets by joinLabelledSets()' : 'train on one of them, or by a scheme that takes several, such as StarGAN',
  });
}

function noLabels({ name }: TrainingDataset): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', `the data set ${name} for this training scheme`, {
    expected: 'a set of images with labels',
    received: 'one without',
    fix: 'give the set `labels`: names, and of(index) with a number for each name',
  });
}
