import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ShadegradError } from '../../errors.js';

const CHECKPOINT = 'checkpoint.safetensors';

/** The files of a run. */
export class RunFolder {
  constructor(readonly path: string) {}

  get checkpoint(): string {
    return join(this.path, CHECKPOINT);
  }

  /** A checkpoint that is kept under its step. */
  keptCheckpoint(step: number): string {
    return join(this.path, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
  }

  /** The checkpoint of the best validation. */
  get bestCheckpoint(): string {
    return join(this.path, 'best.safetensors');
  }

  /** One JSON object a line: a training step or a validation. */
  get log(): string {
    return join(this.path, 'log.jsonl');
  }

  /** The table of validations (--csv). */
  get table(): string {
    return join(this.path, 'log.csv');
  }

  /** The files of events for TensorBoard (--tensorboard). */
  get events(): string {
    return join(this.path, 'tb');
  }

  /** The flags of the run, which --options of another one reads. */
  get options(): string {
    return join(this.path, 'options.json');
  }

  get report(): string {
    return join(this.path, 'report.html');
  }

  get samples(): string {
    return join(this.path, 'samples');
  }

  sampleGrid(step: number): string {
    return join(this.samples, `step-${String(step).padStart(7, '0')}.png`);
  }
}

/** The run that a file is a checkpoint of, by its place: its latest, its best, or one that it keeps; undefined for other files. */
export async function runOfCheckpoint(path: string): Promise<RunFolder | undefined> {
  for (const folder of [new RunFolder(dirname(path)), new RunFolder(dirname(dirname(path)))]) {
    const kept = /^step-(\d{6,})\.safetensors$/.exec(basename(path))?.[1];
    const own = [folder.checkpoint, folder.bestCheckpoint, ...(kept === undefined ? [] : [folder.keptCheckpoint(Number(kept))])];
    if (own.some((each) => resolve(each) === resolve(path)) && (await exists(folder.checkpoint))) return folder;
  }
  return undefined;
}

const NONE_TO_RESUME = { what: 'run to resume', fix: 'name the folder of a run with --out, or leave out --resume to start one' };

const numbered = (runs: string, number: number): string => (number === 1 ? runs : `${runs}-${number}`);

/**
 * The folder of a new run. A checkpoint that is there is never written over: without --out, the next number is taken.
 *
 * @throws BAD_FLAG when the folder named by --out holds a run; DATA_UNREADABLE when it is a file or may not be read
 */
export async function newRunFolder(out: string | undefined, runs: string): Promise<RunFolder> {
  if (out === undefined) {
    for (let number = 1; ; number++)
      if ((await entriesOf(numbered(runs, number))).length === 0) return new RunFolder(numbered(runs, number));
  }
  const folder = new RunFolder(out);
  await entriesOf(out);
  if (!(await exists(folder.checkpoint))) return folder;
  throw new ShadegradError('BAD_FLAG', `${out} holds a run already`, {
    expected: 'a new folder, or one without a checkpoint',
    received: folder.checkpoint,
    fix: 'go on with that run (--resume), or name another folder',
  });
}

/**
 * The folder of the run to go on with: --out, or the latest of the default ones.
 *
 * @param missing what an error says where there is none
 * @throws DATA_NOT_FOUND when there is no checkpoint
 */
export async function existingRunFolder(out: string | undefined, runs: string, missing = NONE_TO_RESUME): Promise<RunFolder> {
  let latest: RunFolder | undefined;
  for (let number = 1; out === undefined; number++) {
    const folder = new RunFolder(numbered(runs, number));
    if (await exists(folder.checkpoint)) latest = folder;
    else if (!(await exists(folder.path))) break;
  }
  // Whoever names the checkpoint means its folder.
  const named = out !== undefined && basename(out) === CHECKPOINT ? dirname(out) : out;
  const folder = named === undefined ? latest : new RunFolder(named);
  if (folder !== undefined && (await exists(folder.checkpoint))) return folder;
  throw new ShadegradError('DATA_NOT_FOUND', `There is no ${missing.what} in ${out ?? runs}`, {
    expected: new RunFolder(out ?? runs).checkpoint,
    fix: missing.fix,
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new ShadegradError('DATA_UNREADABLE', `${folder} cannot be used as the folder of a run`, {
      received: code === 'ENOTDIR' ? 'a file' : `${code} from the file system`,
      fix: 'name another folder with --out',
      cause,
    });
  }
}
