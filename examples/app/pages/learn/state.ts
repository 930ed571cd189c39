import { effect, signal } from '@preact/signals';
import {
  findNetwork,
  loadNetwork,
  openWeightFiles,
  patchScores,
  syntheticFacades,
  type Network,
  type PatchScores,
  type RgbImage,
} from 'shadegrad';
import { deviceState } from '../../common/device.js';
import { modelState, type OpenModel } from '../../common/models.js';
import { reportError } from '../../common/notices.js';
import { look, type Look, type LookOptions } from './looking.js';

/** A picture to look at, and what it shows in truth where that is known. */
export interface Subject {
  readonly name: string;
  /** The number of the building that it is; null for a picture of the person's own. */
  readonly example: number | null;
  readonly input: RgbImage;
  readonly truth: RgbImage | null;
}

/** What is being looked at. */
export const subject = signal<Subject | null>(null);
/** How the generator is run. */
export const options = signal<LookOptions>({ seed: 1, dropout: false, skipsOff: [], layer: null });
/** What was seen last. */
export const seen = signal<Look | null>(null);
/** Whether something is being computed. */
export const busy = signal(false);
/** What the discriminator says of the generator's picture and of the true one; none without a discriminator. */
export const verdict = signal<{ readonly made: PatchScores; readonly truth: PatchScores | null } | null>(null);

/** Which half of a building's pair goes in; null for the one that the model says. A file of weights often does not say it. */
export const given = signal<'labels' | 'photos' | null>(null);

/** Which half of a pair goes into a model. */
export const givenTo = ({ row }: OpenModel): 'labels' | 'photos' => given.value ?? (row.input === 'pictures' ? 'photos' : 'labels');

/** How many buildings there are to choose from. */
export const EXAMPLES = 6;
const SEED = 7;

/** Takes one of the buildings that the library draws, at the model's size. */
export function takeExample(model: OpenModel, index: number): void {
  const size = Math.min(512, Math.max(32, model.width));
  const pair = syntheticFacades({ count: EXAMPLES, size, seed: SEED, split: 'test' }).get(index);
  if (pair instanceof Promise) return;
  const [input, truth] = givenTo(model) === 'labels' ? [pair.b, pair.a] : [pair.a, pair.b];
  subject.value = { name: `Building ${index + 1}`, example: index, input, truth };
}

/** Takes a picture of the person's own. */
export async function takeFile(file: File): Promise<void> {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, 1024 / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale))];
    const context = new OffscreenCanvas(width, height).getContext('2d')!;
    context.drawImage(bitmap, 0, 0, width, height);
    const { data: rgba } = context.getImageData(0, 0, width, height);
    const data = new Uint8Array(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) for (let c = 0; c < 3; c++) data[3 * pixel + c] = rgba[4 * pixel + c]!;
    subject.value = { name: file.name, example: null, input: { width, height, data }, truth: null };
  } catch (error) {
    reportError(error);
  }
}

let wanted = 0;
let working: Promise<void> | null = null;

/** Looks again, whenever something has changed: one look at a time, and only the newest counts. */
export function follow(): () => void {
  return effect(() => {
    const now = modelState.value;
    const [picture, how] = [subject.value, options.value];
    if (now.kind !== 'ready') {
      seen.value = null;
      return;
    }
    if (!picture) return takeExample(now.model, 0);
    const turn = ++wanted;
    const before = working ?? Promise.resolve();
    busy.value = true;
    working = before.then(async () => {
      if (turn !== wanted) return;
      try {
        const found = await look(now.model, picture.input, how);
        if (turn === wanted) seen.value = found;
      } catch (error) {
        // A lost device tells of itself, and the model comes back.
        if (turn === wanted && deviceState.peek().kind === 'ready') reportError(error);
      } finally {
        if (turn === wanted) busy.value = false;
      }
    });
  });
}

/** Opens the discriminator of a checkpoint, and asks it about the pictures at hand. */
export async function askDiscriminator(files: readonly File[]): Promise<void> {
  const now = modelState.peek();
  const [picture, found] = [subject.peek(), seen.peek()];
  if (now.kind !== 'ready' || !picture || !found) return;
  const { gpu } = now.model;
  let discriminator: Network | undefined;
  try {
    const { weights } = findNetwork(await openWeightFiles(files), 'discriminator');
    discriminator = await loadNetwork(gpu, weights);
    const scores = (image: RgbImage): Promise<PatchScores> => patchScores(gpu, discriminator!, [picture.input, image]);
    verdict.value = { made: await scores(found.image), truth: picture.truth ? await scores(picture.truth) : null };
  } catch (error) {
    reportError(error);
  } finally {
    discriminator?.dispose();
  }
}
