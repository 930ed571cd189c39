import { isCutOnHost, keptSize, shrunkSize } from '../../data/preprocess/prepare.js';
import type { PairedDataset } from '../../data/dataset.js';
import type { ImagePair } from '../../data/image.js';
import { inputText, type InputChoice } from '../../data/inputs/registry.js';
import { imageAt, unpaired, type ImageSet } from '../../data/unpaired.js';
import { printableName } from '../../formats/names.js';
import type { ImagePlan } from '../../training/scheme.js';
import { verifySamples } from '../images/dataset.js';
import { openImageFolder } from '../images/image-sets.js';
import { stemOf } from '../images/layout.js';
import { limitFor, type SideLimit } from '../../training/files/picture.js';
import { computeAside } from '../images/picture-workers.js';
import { spread } from '../../data/spread.js';
import type { DataPlace } from '../../training/run/open-data.js';
import { CACHE_BYTES, DISK, openTrainingData, SAMPLED_PAIRS, SYNTHETIC, withLine, type DataSource, type TrainingData } from './data.js';
import { heldOut } from './set-data.js';

/** Times its height that a picture is wide that looks like two beside each other. */
const WIDE = 1.8;

/**
 * Opens a folder of single pictures as pairs: half B is the picture at the size that is trained on, half A the input that is made of it,
 * when its turn comes. No file is written. The same picture gives the same pair each time.
 *
 * @param plan with the input that is made
 * @param note prints what the user should know about the data
 * @throws as openTrainingData()
 */
export async function openMadeData(
  source: DataSource,
  plan: ImagePlan & { readonly seed: number; readonly make: InputChoice },
  note: (line: string) => void,
  { tree }: DataPlace = DISK,
): Promise<TrainingData<PairedDataset>> {
  const { seed, make } = plan;
  const [large, small] = [shrunkSize(plan), isCutOnHost(plan) ? shrunkSize(plan) : plan.size];
  const cache = { left: CACHE_BYTES };
  // Outlines that are resized after they are found would be blurred: each picture has its size before.
  const made = (set: ImageSet, size: SideLimit): PairedDataset => madePairs(set, { size, choice: make, seed, cache });
  note(`pairs are made of single pictures: B is the picture, A its ${inputText(make)}`);
  if (source === SYNTHETIC) {
    const { train, validation } = await openTrainingData(source, plan, note);
    return { train: made(unpaired(train).a, large), validation: made(unpaired(validation).a, small), storedSize: keptSize(plan) };
  }
  const open = { maxSide: Infinity, cacheBytes: 0 };
  const train = (await openImageFolder(source, 'train', open, tree))!;
  for (const line of train.notes) note(line);
  const other = (await openImageFolder(source, 'val', open, tree)) ?? (await openImageFolder(source, 'test', open, tree));
  const { rest, validation, ...more } = other ? { rest: train, validation: other } : heldOut(train, note);
  const { name, image } = await imageAt(train, 0);
  if (image.width >= WIDE * image.height)
    note(
      `note: ${printableName(name)} is ${image.width} x ${image.height} pixels; if it is a pair side by side, take a half of each first: ` +
        'npx shadegrad prepare make IN OUT --half left',
    );
  const pairs = made(rest, large);
  const reads = spread(pairs.length, SAMPLED_PAIRS).map((index) => () => pairs.get(index));
  await withLine((onProgress) => verifySamples('images', reads, onProgress), 'reading a sample of the pictures');
  const fingerprint = await train.fingerprint();
  const compared = made(rest, small);
  return { train: pairs, compared, validation: made(validation, small), storedSize: keptSize(plan), fingerprint, ...more };
}

interface MadePairs {
  /** Both halves in pixels: one size for all, or one for each picture by its own sides. */
  readonly size: SideLimit;
  readonly choice: InputChoice;
  readonly seed: number;
  /** Bytes that may still be kept. */
  readonly cache: { left: number };
}

/** Pairs of the pictures of a set and the inputs that are made of them. */
export function madePairs(set: ImageSet, { size, choice, seed, cache }: MadePairs): PairedDataset {
  const kept = new Map<number, ImagePair>();
  return {
    name: set.name,
    length: set.length,
    async get(index) {
      const known = kept.get(index);
      if (known) return known;
      const { name, image } = await imageAt(set, index);
      const key = stemOf(name).slice(name.lastIndexOf('/') + 1);
      const [a, b] = await computeAside('pair', { image, size: limitFor(image, size), choice, name: key, seed });
      const pair = { name, a: a!, b: b! };
      const bytes = pair.a.data.length + pair.b.data.length;
      if (!kept.has(index) && bytes <= cache.left) {
        kept.set(index, pair);
        cache.left -= bytes;
      }
      return pair;
    },
    ...(set.contentOf && { contentOf: (index: number) => set.contentOf!(index) }),
  };
}
