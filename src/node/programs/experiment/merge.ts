import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { differenceOf, runsOf, type Plan } from './plan.js';
import { expectNothingElse, planIn } from './plan-file.js';
import { FILES, finishedRuns, writeResults, type FoundRun } from './results.js';

/**
 * Makes table and figure of what calls with --shard have left in folders of their own: the same, to the byte, as those of one call that
 * trained all of it.
 *
 * @param folders the folders of those calls
 * @param out where they go; by default the folder, if there is one alone
 * @param name the experiment that they are to be of, where it was named
 * @returns the exit status, 0
 * @throws DATA_NOT_FOUND for folders of no experiment, and for runs that nobody has finished; BAD_FLAG for folders of different
 *   experiments, for runs that are there twice, and where `out` has those of another experiment
 */
export async function mergeResults(folders: readonly string[], out: string | undefined, name?: string): Promise<number> {
  const target = out ?? (folders.length === 1 ? folders[0] : undefined);
  if (target === undefined) {
    throw new ShadegradError('BAD_FLAG', '--merge has no folder for table and figure', {
      expected: '--out with it',
      fix: 'add --out DIR',
    });
  }
  const plans: [string, Plan][] = [];
  for (const folder of folders) plans.push([folder, await planOf(folder)]);
  const [[first, plan], ...others] = plans as [[string, Plan], ...[string, Plan][]];
  if (name !== undefined && name !== plan.name) {
    throw new ShadegradError('BAD_FLAG', `${printableName(first)} holds another experiment`, {
      expected: name,
      received: plan.name,
      fix: `leave out ${name}, or name the folders of that experiment`,
    });
  }
  for (const [folder, other] of others) {
    const difference = differenceOf(plan, other);
    if (difference === undefined) continue;
    throw new ShadegradError('BAD_FLAG', `${printableName(folder)} and ${printableName(first)} hold different experiments`, {
      expected: difference[0],
      received: difference[1],
      fix: 'merge folders of calls that differ in --shard and --out alone',
    });
  }
  await expectOwn(target, plan);
  const found = (await Promise.all(folders.map((folder) => finishedRuns(folder, plan)))).flat();
  const sorted = runsOf(plan).map(({ id }) => found.filter(({ run }) => run.id === id));
  expectOnce(sorted);
  expectAll(plan, found);
  await writeResults(target, plan, sorted.flat());
  console.log(printableText(`page: ${printableName(join(target, FILES.page))}`));
  return 0;
}

/** Table and figure lie beside the runs that they are of. @throws BAD_FLAG where there are those of another experiment */
async function expectOwn(target: string, plan: Plan): Promise<void> {
  const there = (await planIn(target)) ?? (await mergedIn(target));
  // A page alone may be that of anything.
  if (there === undefined) await expectNothingElse(target);
  const difference = there && differenceOf(plan, there);
  if (difference === undefined) return;
  throw new ShadegradError('BAD_FLAG', `${printableName(target)} holds another experiment`, {
    expected: difference[0],
    received: difference[1],
    fix: 'name another folder for table and figure: --out DIR',
  });
}

/** The plan of results that were merged in a folder. */
async function mergedIn(folder: string): Promise<Plan | undefined> {
  try {
    return (JSON.parse(await readFile(join(folder, FILES.numbers), 'utf8')) as { plan?: Plan } | null)?.plan;
  } catch {
    return undefined;
  }
}

/** @throws DATA_NOT_FOUND */
async function planOf(folder: string): Promise<Plan> {
  const plan = await planIn(folder);
  if (plan !== undefined) return plan;
  const there = await stat(folder).catch(() => undefined);
  throw new ShadegradError(
    'DATA_NOT_FOUND',
    there ? `${printableName(folder)} holds no experiment` : `There is no folder ${printableName(folder)}`,
    {
      expected: 'a folder that experiment --out has written',
      fix: 'check the paths after --merge',
    },
  );
}

/** @throws BAD_FLAG for runs that are in two folders */
function expectOnce(sorted: readonly (readonly FoundRun[])[]): void {
  const twice = sorted.filter((runs) => runs.length > 1);
  if (twice.length === 0) return;
  throw new ShadegradError('BAD_FLAG', 'Runs are there more than once', {
    expected: 'each run in one folder',
    received: twice.map((runs) => `${runs[0]!.run.id} in ${runs.map(({ out }) => printableName(out)).join(' and ')}`).join('; '),
    fix: 'leave out one of the folders, or remove the runs from it',
  });
}

/** @throws DATA_NOT_FOUND for runs that are in none */
function expectAll(plan: Plan, found: readonly FoundRun[]): void {
  const runs = runsOf(plan);
  const missing = runs.filter(({ id }) => !found.some(({ run }) => run.id === id));
  if (missing.length === 0) return;
  throw new ShadegradError('DATA_NOT_FOUND', `${missing.length} of the ${runs.length} runs of ${plan.name} are missing`, {
    expected: 'a finished run of each setting and seed in one of the folders',
    received: `none of ${missing.map(({ id }) => id).join(', ')}`,
    fix: 'name the other folders, too, or make the calls of their shards again',
  });
}
