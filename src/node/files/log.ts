import { promises as nodeFiles } from 'node:fs';
import { oneLine, printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { LogEntry } from '../../training/run/run-book.js';
import { AppendedFile } from './appended.js';
import { writeFailed, writeFileAtomic } from './atomic.js';

export type { LogEntry };

/** A log: a file with one JSON object a line, to which lines are appended. */
export class JsonLog {
  /** The path of the file. */
  readonly path: string;
  #file: AppendedFile | undefined;

  private constructor(file: AppendedFile) {
    this.path = file.path;
    this.#file = file;
  }

  /**
   * Starts a new log, or goes on with one, in constant memory.
   *
   * @param options `resumeAtStep`, the checkpoint's step: what was logged after it is dropped, since those steps are about to be run
   *   again; without it, an old log is replaced by an empty one. `onKept` is told each line that is kept, in order
   * @throws WRITE_FAILED; DATA_UNREADABLE if the old log is damaged before its last line
   */
  static async open(
    path: string,
    { resumeAtStep, onKept }: { resumeAtStep?: number; onKept?: (entry: LogEntry) => void } = {},
  ): Promise<JsonLog> {
    const isKept = ({ step }: LogEntry): boolean => step <= resumeAtStep!;
    const kept = resumeAtStep === undefined ? null : await keptPart(path, isKept, onKept);
    try {
      if (kept === null) await writeFileAtomic(path, '');
      else if (kept === 'scattered') await writeFileAtomic(path, keptLines(path, isKept));
      const file = new AppendedFile(path);
      if (kept !== null && kept !== 'scattered') cutTo(file, kept);
      return new JsonLog(file);
    } catch (error) {
      throw writeFailed(path, error);
    }
  }

  /**
   * Appends a line. It is in the file (though maybe not on the disk, see `flush`) when this returns.
   *
   * @throws WRITE_FAILED, with nothing of the line left in the file
   */
  append(entry: LogEntry): void {
    this.#opened().append(Buffer.from(JSON.stringify(entry) + '\n'));
  }

  /** Waits until all lines are on the disk. Call it before a checkpoint that is to agree with the log. @throws WRITE_FAILED */
  flush(): void {
    this.#opened().flush();
  }

  /** Closes the file. Closing it twice is harmless. @throws WRITE_FAILED */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #opened(): AppendedFile {
    if (this.#file === undefined)
      throw new ShadegradError('WRITE_FAILED', `The log ${printableName(this.path)} is closed already`, {
        fix: 'open it again with JsonLog.open()',
      });
    return this.#file;
  }
}

/** Drops what comes after the lines that are kept; a crash leaves either all of it or none. */
function cutTo(file: AppendedFile, { bytes, terminated }: KeptPart): void {
  try {
    file.cut(bytes);
    if (!terminated) file.append(Buffer.from('\n'));
    file.flush();
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Lines from the start of a log that are kept when it is cut. */
interface KeptPart {
  readonly bytes: number;
  /** Whether the last of them ends in a line break. */
  readonly terminated: boolean;
}

/** @returns null when there is no log; 'scattered' when a line to keep comes after one to drop, which no cut can do */
async function keptPart(
  path: string,
  isKept: (entry: LogEntry) => boolean,
  onKept?: (entry: LogEntry) => void,
): Promise<KeptPart | 'scattered' | null> {
  if (
    !(await nodeFiles.stat(path).then(
      () => true,
      () => false,
    ))
  )
    return null;
  let part: KeptPart = { bytes: 0, terminated: true };
  let dropped = false;
  let scattered = false;
  for await (const { entry, end, terminated } of logLines(path)) {
    if (!isKept(entry)) dropped = true;
    else {
      scattered ||= dropped;
      part = { bytes: end, terminated };
      onKept?.(entry);
    }
  }
  return scattered ? 'scattered' : part;
}

async function* keptLines(path: string, isKept: (entry: LogEntry) => boolean): AsyncGenerator<Uint8Array> {
  for await (const { entry } of logLines(path)) if (isKept(entry)) yield Buffer.from(JSON.stringify(entry) + '\n');
}

/**
 * Reads a log; none at all reads as empty. A last line that a crash has cut short is left out.
 *
 * @throws DATA_UNREADABLE if an earlier line is not an object with a `step`
 */
export async function readLog(path: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const { entry } of logLines(path)) entries.push(entry);
  return entries;
}

/** Bytes of a log that are in memory at once. */
const PIECE_BYTES = 256 * 1024;
/** A longer line is damage, such as the zeros that a power cut leaves, and is not held in memory. */
const LONGEST_LINE_BYTES = 2 ** 20;

interface LogLine {
  readonly entry: LogEntry;
  /** Bytes from the start of the file to the end of the line, its line break included. */
  readonly end: number;
  /** False of a last line without a line break. */
  readonly terminated: boolean;
}

/**
 * The lines of a log of any size, in constant memory; none of a file that is not there.
 *
 * @param pieceBytes bytes to read at a time
 * @throws DATA_UNREADABLE as `readLog`
 */
export async function* logLines(path: string, pieceBytes = PIECE_BYTES): AsyncGenerator<LogLine> {
  let number = 0;
  let damaged: { number: number; text: string } | undefined;
  for await (const { text, end, terminated } of textLines(path, pieceBytes)) {
    number++;
    if (damaged !== undefined && text.trim() !== '') throw damagedLine(path, damaged);
    const entry = parseEntry(text);
    if (entry === undefined) damaged ??= { number, text };
    else yield { entry, end, terminated };
  }
}

function damagedLine(path: string, { number, text }: { number: number; text: string }): ShadegradError {
  return new ShadegradError('DATA_UNREADABLE', `Line ${number} of the log ${printableName(path)} is damaged`, {
    expected: 'a JSON object with a number "step"',
    received: oneLine(text, 80),
    fix: 'delete that line, or the whole log: training does not need it',
  });
}

async function* textLines(path: string, pieceBytes: number): AsyncGenerator<{ text: string; end: number; terminated: boolean }> {
  const unreadable = (error: unknown): never => {
    throw new ShadegradError('DATA_UNREADABLE', `The log ${printableName(path)} cannot be read`, {
      received: (error as Error).message,
      fix: 'check its permissions, or move it away: training does not need it',
      cause: error,
    });
  };
  let handle: nodeFiles.FileHandle;
  try {
    handle = await nodeFiles.open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    return unreadable(error);
  }
  try {
    const piece = Buffer.alloc(pieceBytes);
    let begun: Buffer[] = [];
    let begunBytes = 0;
    const begin = (bytes: Buffer): void => {
      const part = bytes.subarray(0, Math.max(LONGEST_LINE_BYTES - begunBytes, 0));
      if (part.length > 0) begun.push(Buffer.from(part));
      begunBytes += part.length;
    };
    const take = (): string => {
      const text = Buffer.concat(begun).toString();
      [begun, begunBytes] = [[], 0];
      return text;
    };
    for (let position = 0; ; ) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, position).catch(unreadable);
      if (bytesRead === 0) {
        if (begunBytes > 0) yield { text: take(), end: position, terminated: false };
        return;
      }
      let from = 0;
      for (let at = piece.indexOf(10); at >= 0 && at < bytesRead; at = piece.indexOf(10, from)) {
        begin(piece.subarray(from, at));
        from = at + 1;
        yield { text: take(), end: position + from, terminated: true };
      }
      begin(piece.subarray(from, bytesRead));
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof (value as LogEntry | null)?.step === 'number' ? (value as LogEntry) : undefined;
  } catch {
    return undefined;
  }
}
