import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { makeFolder, writeFileAtomic } from '../../files/atomic.js';
import { RunLock } from '../../training/lock.js';
import { expectSamePlan, type Plan } from './plan.js';
import { hasBegun } from './run.js';

/** The file of an experiment's folder that says what it is. */
const PLAN = 'experiment.json';

/** The plan in a folder; undefined where there is none. @throws DATA_UNREADABLE for one that cannot be read */
export async function planIn(folder: string): Promise<Plan | undefined> {
  try {
    const plan = JSON.parse(await readFile(join(folder, PLAN), 'utf8')) as Plan;
    if (plan.version !== 1) throw new SyntaxError(`version ${String(plan.version)}`);
    if (![plan.settings, plan.seeds].every((list) => Array.isArray(list) && list.length > 0))
      throw new SyntaxError('no settings and seeds');
    return plan;
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(join(folder, PLAN))} cannot be read`, {
      expected: 'the file of an experiment of this program',
      received: (cause as Error).message.slice(0, 80),
      fix: 'name another folder with --out',
      cause,
    });
  }
}

/**
 * Writes the plan down, or finds that it is the one that is there.
 *
 * @param check throws what keeps the runs from being trained: it is called before anything is written
 * @throws BAD_FLAG for a folder with files of somebody else's, among which results would be written, and for another plan of which a run
 *   was begun there; WRITE_FAILED
 */
export async function beginIn(out: string, plan: Plan, check: () => Promise<void> = async () => {}): Promise<void> {
  const found = await planIn(out);
  if (found === undefined) await expectNothingElse(out);
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  if (found !== undefined && (await hasRuns(out))) expectSamePlan(plan, found, out);
  await check();
  if (JSON.stringify(found, null, 2) === text.trimEnd()) return;
  await makeFolder(out);
  await writeFileAtomic(join(out, PLAN), text);
}

/** Whether a run was begun in the folder of an experiment, or is just being begun by another process. */
async function hasRuns(out: string): Promise<boolean> {
  const runs = join(out, 'runs');
  for (const name of await readdir(runs).catch(() => [])) {
    const path = join(runs, name);
    if ((await hasBegun(path)) || (await isAtWork(path))) return true;
  }
  return false;
}

/** Whether a process trains in a folder. */
async function isAtWork(path: string): Promise<boolean> {
  try {
    await (await RunLock.take(path)).release();
    return false;
  } catch (error) {
    return error instanceof ShadegradError && error.code === 'RUN_IN_USE';
  }
}

/** What may be there before the plan is: runs that somebody has brought, and hidden files, one of which another machine may just write. */
const isNoMatter = (name: string): boolean => name === 'runs' || name.startsWith('.');

/**
 * Finds nothing in a folder but what an experiment leaves there.
 *
 * @param own further names that may be there
 * @throws BAD_FLAG for files of somebody else's, among which results would be written
 */
export async function expectNothingElse(out: string, own: readonly string[] = []): Promise<void> {
  const names = (await readdir(out).catch(() => [])).filter((name) => !isNoMatter(name) && !own.includes(name));
  // Several machines begin one experiment at the same moment.
  if (names.length === 0 || names.includes(PLAN)) return;
  throw new ShadegradError('BAD_FLAG', `${printableName(out)} holds something else than this experiment`, {
    expected: 'a new or empty folder, or that of the same experiment',
    received: names.slice(0, 5).map(printableName).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : ''),
    fix: 'name another folder with --out',
  });
}
