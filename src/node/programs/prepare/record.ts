import { appendFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { RECORD_NAME } from '../../images/folder.js';
import { makeFolder, writeFailed, writeFileAtomic } from '../../files/atomic.js';

/** What a folder of results was made by: an action with its settings. The same ones again go on where they were stopped. */
export interface Call {
  readonly action: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A result that is finished: what it was made of, and how long its file is. */
interface Entry {
  readonly output: string;
  readonly from: string;
  readonly bytes: number;
}

/**
 * The record of what a folder of results holds, a line for each finished file, kept in the folder itself. A file that a killed run had
 * written and not recorded yet is made again.
 */
export class OutputRecord {
  private constructor(
    private readonly folder: string,
    private readonly entries: Map<string, Entry>,
  ) {}

  /**
   * Opens the record of a folder, and makes the folder.
   *
   * @param outputs that the call will make: files of an earlier call that are none of them are removed
   * @param force whether a folder that holds something else may be used
   * @throws BAD_FLAG for a folder with other files, or of another call; WRITE_FAILED
   */
  static async open(folder: string, call: Call, outputs: ReadonlySet<string>, force: boolean): Promise<OutputRecord> {
    const before = await readRecord(folder);
    const others = before ? [] : await readdir(folder).catch(() => []);
    if (others.length > 0 && !force) {
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds other files`, {
        expected: 'a folder that is empty or not there yet',
        received: `${others.slice(0, 3).map(printableName).join(', ')}${others.length > 3 ? ', ...' : ''}`,
        fix: 'name another folder, or write --force: files of the names of the results are then replaced, the others stay',
      });
    }
    const same = before !== null && before.call === JSON.stringify(call);
    if (before && !same && !force) {
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds the results of another call`, {
        expected: JSON.stringify(call),
        received: before.call,
        fix: 'name another folder, or write --force: those results then go',
      });
    }
    const entries = new Map<string, Entry>();
    for (const entry of before?.entries.values() ?? []) {
      if (same && outputs.has(entry.output)) entries.set(entry.output, entry);
      else if (!outputs.has(entry.output)) await rm(join(folder, entry.output), { force: true }).catch(() => undefined);
    }
    await makeFolder(folder);
    const lines = [{ shadegrad: 'prepare', call }, ...entries.values()].map((line) => `${JSON.stringify(line)}\n`);
    await writeFileAtomic(join(folder, RECORD_NAME), lines.join(''));
    return new OutputRecord(folder, entries);
  }

  /** Whether a result is there as it was made of sources that are the same now. @param from what stampOf() says of these */
  async has(output: string, from: string): Promise<boolean> {
    const entry = this.entries.get(output);
    if (entry?.from !== from) return false;
    const there = await stat(join(this.folder, output)).catch(() => null);
    return there?.isFile() === true && there.size === entry.bytes;
  }

  /** Notes that a result is finished. @throws WRITE_FAILED */
  async add(output: string, from: string): Promise<void> {
    const path = join(this.folder, RECORD_NAME);
    try {
      const { size: bytes } = await stat(join(this.folder, output));
      appendFileSync(path, `${JSON.stringify({ output, from, bytes } satisfies Entry)}\n`);
    } catch (error) {
      throw writeFailed(path, error);
    }
  }
}

/** What tells a file from what it was before: its length and when it was changed. Of one that is not there, nothing that recurs. */
export async function stampOf(sources: readonly string[]): Promise<string> {
  const each = await Promise.all(
    sources.map((path) =>
      stat(path).then(
        ({ size, mtimeMs }) => `${size}@${mtimeMs}`,
        () => 'gone',
      ),
    ),
  );
  return each.join(' ');
}

async function readRecord(folder: string): Promise<{ call: string; entries: Map<string, Entry> } | null> {
  const text = await readFile(join(folder, RECORD_NAME), 'utf8').catch(() => null);
  if (text === null) return null;
  // Each line is appended at once; one that a full disk has cut short is none.
  const [head, ...lines] = text.split('\n').flatMap((line): unknown[] => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  const { call } = (head ?? {}) as { call?: unknown };
  const entries = (lines as Partial<Entry>[]).filter(isEntry);
  return { call: JSON.stringify(call ?? null), entries: new Map(entries.map((entry) => [entry.output, entry])) };
}

/** Names come from a file that anybody may have written: none may lead out of the folder. */
function isEntry(entry: Partial<Entry> | null): entry is Entry {
  const { output, from, bytes } = entry ?? {};
  const isName = typeof output === 'string' && output !== '' && !output.startsWith('/') && !output.split(/[/\\]/).includes('..');
  return isName && typeof from === 'string' && typeof bytes === 'number';
}
