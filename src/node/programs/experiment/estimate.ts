import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainingScheme } from '../../../training/scheme.js';
import { begun, finished } from '../../files/unfinished.js';
import { readLog } from '../../files/log.js';
import { isQuiet, keepQuiet } from '../../terminal/remarks.js';
import { RunFolder } from '../../training/folder.js';
import { readCheckpointInfo } from '../../weights/checkpoint.js';
import { train } from '../train.js';
import { callOf, trainCommand } from '../train-command.js';
import type { TrainingFlags } from './kind.js';
import { flagsOfRun, wordsOf, type Plan, type PlannedRun } from './plan.js';

/** Steps of a trial: the first of them compile shaders, and are not timed. */
const TRIAL = { steps: 12, untimed: 4 } as const;

/** About how long a training takes. */
export interface Estimate {
  readonly seconds: number;
  /** Its steps; undefined where they are as many as fit into its time. */
  readonly steps: number | undefined;
  /** A signal came while it was timed. */
  readonly status: number;
}

/**
 * Finds out about how long a training of an experiment takes, by its first steps, in a folder that is removed. Validations and reports are
 * not in it.
 *
 * @param call flags of this call
 */
export async function estimateRun(plan: Plan, run: PlannedRun, scheme: TrainingScheme, call: TrainingFlags): Promise<Estimate> {
  const { minutes } = plan.flags;
  if (typeof minutes === 'number') return { seconds: minutes * 60, steps: undefined, status: 0 };
  const path = begun(await mkdtemp(join(tmpdir(), 'shadegrad-trial-')));
  const quiet = isQuiet();
  try {
    const folder = new RunFolder(join(path, 'run'));
    // How the rate falls takes no time, and is of a run of so many epochs.
    const { epochs, steps, 'epochs-decay': _, ...flags } = flagsOfRun(plan, run);
    const words = wordsOf({ ...flags, ...call, steps: TRIAL.steps, validate: 1, quiet: true });
    const status = await train({ scheme, call: callOf(scheme), isPart: true }, trainCommand(scheme), [...words, `--out=${folder.path}`]);
    if (status !== 0) return { seconds: NaN, steps: undefined, status };
    const timed = (await readLog(folder.log)).filter((entry) => typeof entry.seconds === 'number' && Number(entry.step) > TRIAL.untimed);
    const [first, last] = [timed[0]!, timed.at(-1)!];
    const perStep = (Number(last.seconds) - Number(first.seconds)) / Math.max(Number(last.step) - Number(first.step), 1);
    const { options } = await readCheckpointInfo(folder.checkpoint);
    const perEpoch = Math.max(1, Math.floor((options.trainPairs as number) / (options.batch as number)));
    const length = typeof steps === 'number' ? steps : (epochs as number) * perEpoch;
    return { seconds: perStep * length, steps: length, status: 0 };
  } finally {
    keepQuiet(quiet);
    await rm(path, { recursive: true, force: true });
    finished(path);
  }
}
