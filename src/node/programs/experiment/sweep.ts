import { join } from 'node:path';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import { formatCountOf } from '../../../formats/words.js';
import { remark } from '../../terminal/remarks.js';
import { reportError } from '../run-main.js';
import { runsOf, type Plan, type PlannedRun } from './plan.js';
import { FILES, finishedRuns, writeResults } from './results.js';
import { finishRun, folderOf, readResult, type CallOptions } from './run.js';

const say = (line: string): void => remark(printableText(line));

/** Errors of one setting that say nothing of the others. */
const OF_ONE_RUN = ['DIVERGED', 'OUT_OF_MEMORY', 'LIMIT_EXCEEDED'];

/**
 * Trains and measures the runs that are not finished yet, one after the other, and writes table and figure when all of the experiment are.
 *
 * @param own the runs that are of this call
 * @param finish trains and measures one, which tests replace
 * @returns the exit status: 0, 1 if a run failed, or 128 and the number of the signal that stopped it
 */
export async function runAll(
  out: string,
  plan: Plan,
  own: readonly PlannedRun[],
  scheme: TrainingScheme,
  call: CallOptions,
  finish: typeof finishRun = finishRun,
): Promise<number> {
  let failed = 0;
  for (const [at, run] of own.entries()) {
    const named = `${run.id} (${at + 1} of ${own.length})`;
    if ((await readResult(out, run)) !== undefined) {
      say(`${named}: finished before`);
      continue;
    }
    say(`${named}: ${run.setting.title}, in ${printableName(folderOf(out, run))}`);
    try {
      const status = await finish(out, plan, run, scheme, call);
      if (status !== 0) {
        say('the experiment goes on from here when the same call is made again');
        return status;
      }
    } catch (error) {
      if (!(error instanceof ShadegradError) || !OF_ONE_RUN.includes(error.code)) throw error;
      reportError(error);
      failed++;
    }
  }
  const found = await finishedRuns(out, plan);
  const missing = runsOf(plan).filter(({ id }) => !found.some(({ run }) => run.id === id));
  if (missing.length === 0) {
    await writeResults(out, plan, found);
    console.log(printableText(`page: ${printableName(join(out, FILES.page))}`));
  } else {
    say(
      `${found.length} of ${formatCountOf(found.length + missing.length, 'run')} are finished in ${printableName(out)}; ` +
        `there is no table without ${missing.map(({ id }) => id).join(', ')}`,
    );
  }
  return failed > 0 ? 1 : 0;
}
