import { dirname, join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { RgbImage } from '../../../data/image.js';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { atMost } from '../../../data/at-most.js';
import { makeFolder, removeAllStale, replaceFile } from '../../files/atomic.js';
import { encodeAside, PICTURE_FORMATS, type PictureFormatName } from '../../images/encode.js';
import { formatCountOf } from '../../../formats/words.js';
import { createProgress } from '../../terminal/progress.js';
import { remark } from '../../terminal/remarks.js';
import { checkSides } from '../../images/limits.js';
import { Interrupt } from '../../training/interrupt.js';
import { RunLock, type LockUse } from '../../training/lock.js';
import { concernsOneFile } from '../one-file.js';
import { describeError } from '../run-main.js';
import { OutputRecord, stampOf, type Call } from './record.js';

/** Files that are worked on at the same time: enough to keep the threads that decode, compute and encode busy. */
const AT_ONCE = 8;

/** Two calls in one folder would each take results of the other for their own. */
const MADE: LockUse = {
  doing: 'another process makes files there',
  expected: 'a folder that no other process writes into',
  fix: 'let that call end or stop it (the same call goes on where it was), or name another folder',
};

/** A file that is to be made. */
export interface Job {
  /** Its name below the folder of results, with slashes. */
  readonly output: string;
  /** The files that it is made of. */
  readonly sources: readonly string[];
  /** Writes it under the name that it is given. */
  write(path: string): Promise<void>;
}

/** A job whose result is a picture. @param stem its name below the folder of results, without an ending */
export function pictureJob(stem: string, format: PictureFormatName, sources: readonly string[], make: () => Promise<RgbImage>): Job {
  return {
    output: `${stem}${PICTURE_FORMATS[format].ending}`,
    sources,
    async write(path) {
      const picture = await make();
      // One that nothing here could read again: two halves may be too large together.
      checkSides(printableName(`${stem}${PICTURE_FORMATS[format].ending}`), picture.width, picture.height);
      await writeFile(path, await encodeAside(picture, format), { flag: 'wx' });
    },
  };
}

/** @throws DATA_UNREADABLE for two jobs whose results would have one name */
function expectNames(jobs: readonly Job[]): void {
  const taken = new Map<string, Job>();
  for (const job of jobs) {
    const other = taken.get(job.output);
    if (other) {
      throw new ShadegradError('DATA_UNREADABLE', `Two results would have the name ${printableName(job.output)}`, {
        expected: 'a name for each: endings become those of --format',
        received: `${printableName(other.sources[0]!)} and ${printableName(job.sources[0]!)}`,
        fix: 'rename one of them; a photo beside its label map is joined by npx shadegrad prepare combine IN OUT',
      });
    }
    taken.set(job.output, job);
  }
}

/**
 * Makes files, several at a time. What is there already of an earlier run of the same call is kept where its sources have not changed. A
 * file that cannot be made is reported, and the others still are.
 *
 * @param noun what a file is, such as `picture`
 * @returns the exit status: 0, 1 if a file could not be made, or 128 and the number of the signal that stopped it
 * @throws DATA_UNREADABLE, BAD_FLAG, RUN_IN_USE while another process makes files in the folder, and what concerns all files
 */
export async function runJobs(folder: string, call: Call, jobs: readonly Job[], force: boolean, noun = 'picture'): Promise<number> {
  expectNames(jobs);
  return inFolder(folder, () => runLocked(folder, call, jobs, force, noun));
}

/** Works in a folder of results that no other call uses meanwhile. @throws RUN_IN_USE while one does; WRITE_FAILED */
export async function inFolder<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const lock = await RunLock.take(folder, MADE);
  try {
    if (!lock.guarded) remark(`note: the disk of ${printableName(folder)} has no locks: let no other call use that folder meanwhile`);
    return await work();
  } finally {
    await lock.release();
  }
}

async function runLocked(folder: string, call: Call, jobs: readonly Job[], force: boolean, noun: string): Promise<number> {
  const record = await OutputRecord.open(folder, call, new Set(jobs.map(({ output }) => output)), force);
  for (const below of new Set(jobs.map(({ output }) => dirname(join(folder, output))))) {
    await makeFolder(below);
    await removeAllStale(below);
  }
  const progress = createProgress({ total: jobs.length, label: call.action, imagesPerStep: 1 });
  const interrupt = new Interrupt(() => progress.note('stopping after the files at hand; the same call goes on from there'));
  const inTurn = atMost(AT_ONCE);
  let [done, made, failed] = [0, 0, 0];
  let fatal: unknown;
  const work = async (job: Job): Promise<void> => {
    if (interrupt.exitStatus !== undefined || fatal !== undefined) return;
    try {
      const from = await stampOf(job.sources);
      if (!(await record.has(job.output, from))) {
        await replaceFile(join(folder, job.output), (path) => job.write(path));
        await record.add(job.output, from);
        made++;
      }
    } catch (error) {
      if (!concernsOneFile(error)) fatal ??= error;
      else {
        failed++;
        progress.note(describeError(error));
      }
    }
    progress.update(++done);
  };
  try {
    await Promise.all(jobs.map((job) => inTurn(() => work(job))));
  } finally {
    progress.stop();
    interrupt.dispose();
  }
  if (fatal !== undefined) throw fatal;
  const kept = done - made - failed;
  const more = [kept > 0 ? `${kept} there already` : '', failed > 0 ? `${failed} could not be made` : ''].filter((part) => part !== '');
  remark(printableText(`${[`${formatCountOf(made, noun)} made in ${printableName(folder)}`, ...more].join('; ')}`));
  return interrupt.exitStatus ?? (failed > 0 ? 1 : 0);
}
