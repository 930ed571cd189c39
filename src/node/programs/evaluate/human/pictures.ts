import { createHash } from 'node:crypto';
import type { RgbImage } from '../../../../data/image.js';
import { resizedTo } from '../../../../data/resize.js';
import { ShadegradError } from '../../../../errors.js';
import { encodePlainPng } from '../../../images/png.js';
import { readImage, readImageSides } from '../../../images/read.js';
import { formatBytes, formatCountOf } from '../../../../formats/words.js';
import { readAhead } from '../../../../data/read-ahead.js';
import { halfOf, type PictureFolders } from '../folders.js';
import type { NamedFile, StudyFiles } from './examples.js';
import type { PictureSource } from './protocol.js';

/** What the pictures of a study may take in memory together. */
const MOST_BYTES = 2 ** 30;
const CHANNELS = 3;

/** The pictures of a study as pages get them: PNGs of one size and one length, so that nothing but what they show tells them apart. */
export interface StudyPictures {
  readonly width: number;
  readonly height: number;
  readonly files: Readonly<Partial<Record<PictureSource, readonly Uint8Array[]>>>;
  /** A hash of all of them. */
  readonly hash: string;
  /** Whether any had to be resized. */
  readonly resized: boolean;
  /** How many of them had other proportions, and are shown wider or narrower than they are. */
  readonly stretched: number;
}

/**
 * Reads the pictures of a study.
 *
 * @param size what all are brought to; by default the sides of the smallest made or real one
 * @param onPicture told how many are ready
 * @param halves which half of the real ones, and of what was given, is meant, where these are side-by-side pairs
 * @throws what reading them throws; LIMIT_EXCEEDED where they do not fit into memory
 */
export async function readPictures(
  files: StudyFiles,
  size: readonly [width: number, height: number] | undefined,
  onPicture: (done: number, total: number) => void,
  { half, inputHalf }: Pick<PictureFolders, 'inputHalf'> & Partial<Pick<PictureFolders, 'half'>> = {},
): Promise<StudyPictures> {
  const [width, height] = size ?? (await smallest(files, half));
  const sources = (['made', 'real', 'input'] as const).filter((source) => files[source] !== undefined);
  const total = sources.reduce((sum, source) => sum + files[source]!.length, 0);
  const bytes = total * width * height * CHANNELS;
  if (bytes > MOST_BYTES) {
    throw new ShadegradError('LIMIT_EXCEEDED', `${formatCountOf(total, 'picture')} of ${width} x ${height} take too much memory`, {
      expected: `at most ${formatBytes(MOST_BYTES)}`,
      received: formatBytes(bytes),
      fix: 'show fewer (--count N), or smaller ones (--size N)',
    });
  }
  const hash = createHash('sha256');
  const made: Partial<Record<PictureSource, Uint8Array[]>> = {};
  let [done, resized, stretched] = [0, false, 0];
  for (const source of sources) {
    const encoded: Uint8Array[] = [];
    for await (const image of images(files[source]!, { made: undefined, real: half, input: inputHalf }[source])) {
      const fits = image.width === width && image.height === height;
      resized ||= !fits;
      // A side that was rounded to whole pixels is no other proportion.
      if (Math.abs((image.width / image.height) * height - width) >= 1) stretched++;
      const png = encodePlainPng(fits ? image : resizedTo(image, [width, height]));
      hash.update(png);
      encoded.push(png);
      onPicture(++done, total);
    }
    made[source] = encoded;
  }
  return { width, height, files: made, hash: hash.digest('hex'), resized, stretched };
}

const images = (files: readonly NamedFile[], half: PictureFolders['inputHalf']): AsyncGenerator<RgbImage> =>
  readAhead([...files.keys()], async (at) => halfOf(await readImage(files[at]!.path), half, files[at]!.path));

async function smallest({ made, real }: StudyFiles, half: PictureFolders['half']): Promise<readonly [number, number]> {
  let least: readonly [number, number] = [Infinity, Infinity];
  const ofPairs = half === undefined ? 1 : 2;
  for (const [{ path }, parts] of [...made.map((file) => [file, 1] as const), ...real.map((file) => [file, ofPairs] as const)]) {
    const { width, height } = await readImageSides(path);
    const shown = Math.floor(width / parts);
    if (shown * height < least[0] * least[1]) least = [shown, height];
  }
  return least;
}
