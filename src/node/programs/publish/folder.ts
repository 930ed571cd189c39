import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { printableName } from '../../../formats/names.js';
import { makeFolder, partialPath, removeStale, writeFailed } from '../../files/atomic.js';
import { finished } from '../../files/unfinished.js';

/** What a published folder holds, and nothing else. */
const OWN = /^(README\.md|LICENSE|config\.json|preview\.png|(model|net_[\w-]+)\.safetensors|onnx\/(model|net_[\w-]+)\.onnx(\.data)?)$/;
/** What a clone of an empty repository has, which stays. */
const OF_GIT = new Set(['.git', '.gitattributes', '.gitignore']);
/** Put in place after all others: who reads it finds what it describes. */
const LAST = 'README.md';

/** The first few names of files, and how many others there are. */
const firstOf = (names: readonly string[]): string =>
  names.slice(0, 5).map(printableName).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');

/** A folder that is being made: it appears as a whole, or in one that is there file by file, each of them whole. */
export class PublishedFolder {
  private constructor(
    /** Where its files are written for now. */
    readonly staging: string,
    private readonly target: string,
    private readonly earlier: readonly string[],
    private readonly isThere: boolean,
    /** The outermost folder that was made for it. */
    private readonly outermost: string | undefined,
  ) {}

  /**
   * Looks at what is in the way before any work is done.
   *
   * @param replace whether the files of an earlier publication may be replaced
   * @throws BAD_FLAG for a folder with other files, and for an earlier publication without `replace`; WRITE_FAILED
   */
  static async begin(folder: string, replace: boolean): Promise<PublishedFolder> {
    const target = resolve(folder);
    const { names, isThere } = await filesIn(target);
    const foreign = names.filter((name) => !OWN.test(name));
    if (foreign.length > 0) {
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds something else`, {
        expected: 'a new or empty folder, one of an earlier publication, or a clone of a repository with nothing else in it',
        received: firstOf(foreign),
        fix: 'name another folder, or move these files out of it',
      });
    }
    if (names.length > 0 && !replace) {
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds a published model already`, {
        expected: 'a new or empty folder',
        received: firstOf(names),
        fix: 'name another folder, or replace these files: --replace',
      });
    }
    const outermost = await makeFolder(dirname(target));
    await removeStale(target);
    const staging = partialPath(target);
    await makeFolder(staging).catch((error: unknown) => {
      finished(staging);
      throw error;
    });
    return new PublishedFolder(staging, target, names, isThere, outermost);
  }

  /** Puts everything in place, and takes away what an earlier publication had besides. @throws WRITE_FAILED */
  async finish(): Promise<string[]> {
    const { names } = await filesIn(this.staging);
    try {
      if (this.isThere) await this.moveInto(names);
      else await rename(this.staging, this.target);
    } catch (cause) {
      throw writeFailed(this.target, cause);
    }
    return names;
  }

  private async moveInto(names: readonly string[]): Promise<void> {
    for (const name of [...names].sort((a, b) => Number(a === LAST) - Number(b === LAST))) {
      const path = join(this.target, name);
      await makeFolder(dirname(path));
      await rename(join(this.staging, name), path);
    }
    for (const name of this.earlier) if (!names.includes(name)) await rm(join(this.target, name), { force: true });
    // Of a run whose networks ONNX cannot say, an empty folder would be left of an earlier one.
    await rmdir(join(this.target, 'onnx')).catch(() => undefined);
  }

  /** Takes away what finish() has not put in place, and folders that were made for it alone. */
  async discard(): Promise<void> {
    await rm(this.staging, { recursive: true, force: true });
    finished(this.staging);
    let at = this.target;
    while (this.outermost !== undefined && at !== this.outermost) {
      at = dirname(at);
      // One that holds something stays, and so do those above it.
      await rmdir(at).catch(() => (at = this.outermost!));
    }
  }
}

/** The files of a folder and below, by their paths in it, without those of git. */
async function filesIn(folder: string): Promise<{ names: string[]; isThere: boolean }> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const below = entries
      .filter(({ name }) => !OF_GIT.has(name))
      .map(async (entry) => {
        if (!entry.isDirectory()) return [entry.name];
        const { names } = await filesIn(join(folder, entry.name));
        return names.length === 0 ? [] : names.map((name) => `${entry.name}/${name.replaceAll(sep, '/')}`);
      });
    return { names: (await Promise.all(below)).flat().sort(), isThere: true };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { names: [], isThere: false };
    throw writeFailed(folder, cause);
  }
}
