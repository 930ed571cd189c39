import { readFile, rename, rm, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RgbImage } from '../../data/image.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { writePng } from '../images/read.js';

const PICTURES = 'images';
/** The file with the numbers in the folder of a test. */
export const NUMBERS = 'metrics.json';
const PAGE = 'index.html';
/** A picture as tests write them: others in the folder are somebody else's. */
const OWN = /^images\/\d{4,}-[a-z0-9-]+\.(png|npy)$/;

/**
 * The folder of a test's results: page, numbers and pictures. Those of an earlier test stay as they are until all of the new ones are
 * there; then its pictures go, and no others.
 */
export class TestResults {
  private readonly unfinished: string;

  /** @param folder made if it is missing */
  constructor(readonly folder: string) {
    // Of each process its own: two tests of one folder do not take each other's pictures.
    this.unfinished = join(folder, `${PICTURES}.part-${process.pid}`);
  }

  /** Writes a picture aside. @returns its path in the folder, as it will be */
  async picture(name: string, image: RgbImage): Promise<string> {
    await writePng(join(this.unfinished, `${name}.png`), image);
    return `${PICTURES}/${name}.png`;
  }

  /** Writes the numbers of a result aside, as an array beside its picture. */
  async array(name: string, bytes: Uint8Array): Promise<string> {
    await writeFileAtomic(join(this.unfinished, `${name}.npy`), bytes);
    return `${PICTURES}/${name}.npy`;
  }

  /** Puts everything in place. @param pictures the paths that picture() and array() gave */
  async finish(pictures: readonly string[], numbers: string, page: string): Promise<void> {
    const earlier = await this.earlierPictures();
    await makeFolder(join(this.folder, PICTURES));
    for (const path of pictures) await rename(join(this.unfinished, basename(path)), join(this.folder, path));
    await writeFileAtomic(join(this.folder, NUMBERS), numbers);
    await writeFileAtomic(join(this.folder, PAGE), page);
    const kept = new Set(pictures);
    for (const path of earlier) if (!kept.has(path)) await unlink(join(this.folder, path)).catch(() => {});
  }

  /** Takes away what finish() has not put in place. */
  async discard(): Promise<void> {
    await rm(this.unfinished, { recursive: true, force: true });
  }

  /** The pictures and arrays that the numbers of an earlier test list; none where there are none, or no such file. */
  private async earlierPictures(): Promise<string[]> {
    try {
      const { samples } = JSON.parse(await readFile(join(this.folder, NUMBERS), 'utf8')) as {
        samples: { pictures: string[]; arrays?: string[] }[];
      };
      return samples
        .flatMap(({ pictures, arrays = [] }) => [...pictures, ...arrays])
        .filter((path) => typeof path === 'string' && OWN.test(path));
    } catch {
      return [];
    }
  }
}
