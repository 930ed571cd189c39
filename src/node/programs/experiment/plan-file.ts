import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { makeFolder, writeFileAtomic } from '../../files/atomic.js';
import { expectSamePlan, type Plan } from './plan.js';

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

/** Writes the plan down, or finds that it is the one that is there. */
export async function beginIn(out: string, plan: Plan): Promise<void> {
  await makeFolder(out);
  const found = await planIn(out);
  if (found === undefined) await writeFileAtomic(join(out, PLAN), `${JSON.stringify(plan, null, 2)}\n`);
  else expectSamePlan(plan, found, out);
}
