import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { ShadegradError } from '../gpu/errors.js';
import { writeFailed, writeFileAtomic } from './files.js';

/** One line of a log. Numbers that are not finite become `null` in the file, as JSON has none. */
export interface LogEntry {
  /** The training step it belongs to. */
  step: number;
  [field: string]: unknown;
}

/** An append-only file with one JSON object a line. */
export class JsonLog {
  readonly path: string;
  #descriptor: number | undefined;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /**
   * Starts a new log, or goes on with one.
   *
   * @param resumeAtStep the checkpoint's step: what was logged after it is dropped, atomically, since
   *   those steps are about to be run again; without it, an old log is replaced by an empty one
   * @throws ShadegradError WRITE_FAILED; DATA_UNREADABLE if the old log is damaged before its last line
   */
  static async open(path: string, { resumeAtStep }: { resumeAtStep?: number } = {}): Promise<JsonLog> {
    const kept = resumeAtStep === undefined ? [] : (await readLog(path)).filter((entry) => entry.step <= resumeAtStep);
    try {
      await writeFileAtomic(path, kept.map((entry) => JSON.stringify(entry) + '\n').join(''));
      return new JsonLog(path, openSync(path, 'a'));
    } catch (error) {
      throw writeFailed(path, error);
    }
  }

  /**
   * Appends a line. It is in the file (though maybe not on the disk, see `flush`) when this returns.
   *
   * @throws ShadegradError WRITE_FAILED, with nothing of the line left in the file
   */
  append(entry: LogEntry): void {
    const descriptor = this.#opened();
    const before = fstatSync(descriptor).size;
    const line = Buffer.from(JSON.stringify(entry) + '\n');
    try {
      for (let done = 0; done < line.length; ) done += writeSync(descriptor, line, done);
    } catch (error) {
      ftruncateSync(descriptor, before);
      throw writeFailed(this.path, error);
    }
  }

  /** Waits until all lines are on the disk. Call it before a checkpoint that is to agree with the log. */
  flush(): void {
    try {
      fsyncSync(this.#opened());
    } catch (error) {
      throw error instanceof ShadegradError ? error : writeFailed(this.path, error);
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #opened(): number {
    if (this.#descriptor === undefined) throw new ShadegradError('WRITE_FAILED', `The log ${this.path} is closed already`);
    return this.#descriptor;
  }
}

/**
 * Reads a log; none at all reads as empty. A last line that a crash has cut short is left out.
 *
 * @throws ShadegradError DATA_UNREADABLE if an earlier line is not an object with a `step`
 */
export async function readLog(path: string): Promise<LogEntry[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ShadegradError('DATA_UNREADABLE', `The log ${path} cannot be read`, { received: (error as Error).message, cause: error });
  }
  const lines = text.split('\n');
  while (lines.length > 0 && lines[lines.length - 1].trim() === '') lines.pop();
  const entries: LogEntry[] = [];
  lines.forEach((line, index) => {
    const entry = parseEntry(line);
    if (entry !== undefined) {
      entries.push(entry);
    } else if (index < lines.length - 1) {
      throw new ShadegradError('DATA_UNREADABLE', `Line ${index + 1} of the log ${path} is damaged`, {
        expected: 'a JSON object with a number "step"',
        received: line.length > 80 ? line.slice(0, 80) + '…' : line,
        fix: 'delete that line, or the whole log: training does not need it',
      });
    }
  });
  return entries;
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof (value as LogEntry | null)?.step === 'number' ? (value as LogEntry) : undefined;
  } catch {
    return undefined;
  }
}
