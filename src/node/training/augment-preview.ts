import { pictureOf } from '../../data/codings/views.js';
import { imageGrid, type RgbImage } from '../../data/image.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { buildNetwork } from '../../models/registry.js';
import type { Tensor } from '../../tensor/tensor.js';
import { augmentationsOf, type TurnedOn } from '../../training/augmentations/registry.js';
import { Batches, epochLength, labelsFor } from '../../training/batches.js';
import type { Architectures, ImagePlan, ImageSide, Networks, TrainingScheme } from '../../training/scheme.js';
import { completeOptions, expectSizes } from '../../training/trainer-options.js';
import { writeFileAtomic } from '../files/atomic.js';
import { encodePng } from '../images/read.js';
import { formatCountOf } from '../../formats/words.js';
import type { DataSource } from './data.js';
import { openData } from './open-data.js';
import { optionsOf, type RunSettings } from '../../training/run/settings.js';

/** Epochs that a sheet shows: each sample is drawn for anew in each. */
const EPOCHS = 4;

/** What a sheet is made of. */
export interface PreviewOptions {
  readonly gpu: Gpu;
  readonly scheme: TrainingScheme;
  readonly sources: readonly DataSource[];
  readonly settings: RunSettings;
  /** Architectures out of files, where the run begins with such. */
  readonly networks: Partial<Architectures<Networks>> | undefined;
  /** Samples that are shown. */
  readonly samples: number;
  /** The file that is written. */
  readonly path: string;
  readonly say: (line: string) => void;
}

/**
 * Writes a sheet of training images as the networks would see them: a row for each of the first samples; their images as they are, then
 * as the first epochs change them.
 *
 * @throws as a training with these settings would before its first step; WRITE_FAILED
 */
export async function writeAugmentPreview({ gpu, scheme, sources, settings, networks, samples, path, say }: PreviewOptions): Promise<void> {
  const data = await openData(scheme, sources, settings, say);
  const options = completeOptions(scheme, optionsOf(scheme, settings));
  const architectures = Object.entries(scheme.networks(options, networks ?? {}, labelsFor(scheme, data.train)));
  // Of networks that are on no device: the sides are read off their channels.
  const built = Object.fromEntries(architectures.map(([name, architecture]) => [name, buildNetwork(architecture)]));
  const sides = scheme.sides(options, built);
  const plan = scheme.sizes(options);
  const augmentations = augmentationsOf(settings);
  const rows = Math.min(samples, epochLength(data.train));
  const seen = (changes: readonly TurnedOn[], as: ImagePlan, epochs: number): Promise<RgbImage[][][]> => {
    const { seed } = settings;
    const batches = new Batches(gpu, data.train, {
      ...{ batch: rows, seed, serial: true, data: scheme.data ?? 'paired', labelled: false, plan: as, sides },
      ...{ augmentations: changes, storedSize: expectSizes(as, data.storedSize), residentBytes: 0 },
    });
    return readEpochs(batches, Object.values(sides), epochs).finally(() => batches.dispose());
  };
  const [plain] = await seen([], { ...plan, jitter: false }, 1);
  const drawn = await seen(augmentations, plan, EPOCHS);
  const cells = [plain!, ...drawn].map((epoch) => epoch.map((images) => imageGrid([images], { gap: 0 })));
  await writeFileAtomic(path, encodePng(imageGrid(Array.from({ length: rows }, (_, row) => cells.map((epoch) => epoch[row]!)))));
  const random = plan.jitter ? ['random crops or mirroring'] : [];
  const titles = [...random, ...augmentations.map(({ augmentation }) => augmentation.title)];
  say(
    `${printableName(path)}: ${formatCountOf(rows, 'sample')} (${Object.keys(sides).join(', ')}); first as they are, then as ` +
      `${EPOCHS} epochs see them: ${titles.length === 0 ? 'nothing is drawn at random' : titles.join(', ')}. Nothing was trained`,
  );
}

/** The images of the first samples of an order, in each of some epochs: by sample, then by side. */
async function readEpochs(batches: Batches, seen: readonly ImageSide[], epochs: number): Promise<RgbImage[][][]> {
  const result: RgbImage[][][] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    (await batches.take(epoch * batches.stepsPerEpoch))();
    const sides = await Promise.all(Object.values(batches.images()).map((images, at) => picturesOf(images, seen[at]!)));
    result.push(sides[0]!.map((_, sample) => sides.map((pictures) => pictures[sample]!)));
  }
  return result;
}

/** The images of a tensor in [-1, 1]: the first three channels as colours, or the first in grey; of classes a colour for each. */
async function picturesOf(images: Tensor, { kept }: ImageSide): Promise<RgbImage[]> {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const numbers = await images.data();
  images.dispose();
  const size = height * width * channels;
  return Array.from({ length: batch }, (_, sample) => {
    const data = numbers.slice(sample * size, (sample + 1) * size);
    if (kept !== 'classes') return pictureOf({ kind: 'numbers', channels, data }, width, height);
    const classes = Uint8Array.from({ length: height * width }, (_, pixel) => data.indexOf(1, pixel * channels) - pixel * channels);
    return pictureOf({ kind: 'classes', channels: 1, count: channels, data: classes }, width, height);
  });
}
