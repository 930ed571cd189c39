import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { RECORD_NAME } from '../../images/folder.js';
import { isLockName } from '../../training/lock.js';
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
  /** The call that made it, by callHash(); left out in records from before. */
  readonly by?: string;
}

/**
 * The record of what a folder of results holds, a line for each finished file, kept in the folder itself. A file that a killed run had
 * written and not recorded yet is made again.
 */
export class OutputRecord {
  private constructor(
    private readonly folder: string,
    private readonly by: string,
    private readonly entries: Map<string, Entry>,
  ) {}

  /**
   * Opens the record of a folder, and makes the folder.
   *
   * @param outputs that the call will make: files of an earlier call that are none of them are removed
   * @param force whether a folder that holds something else may be used
   * @throws BAD_FLAG for a folder with other files, or of another call; WRITE_FAILED
   */
  static async open(folder: string, call: Call, outputs: Pick<ReadonlySet<string>, 'has'>, force: boolean): Promise<OutputRecord> {
    const before = await readRecord(folder);
    const others = before ? [] : (await readdir(folder).catch((): string[] => [])).filter((name) => !isLockName(name));
    if (others.length > 0 && !force) {
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds other files`, {
        expected: 'a folder that is empty or not there yet',
        received: `${others.slice(0, 3).map(printableName).join(', ')}${others.length > 3 ? ', ...' : ''}`,
        fix: 'name another folder, or write --force: files of the names of the results are then replaced, the others stay',
      });
    }
    const same = before !== null && JSON.stringify(before.call) === JSON.stringify(call);
    if (before && !same && !force) {
      const [expected, received] = differenceOf(before.call, call);
      throw new ShadegradError('BAD_FLAG', `${printableName(folder)} holds the results of another call`, {
        expected,
        received,
        fix: 'name another folder, or write --force: those results then go',
      });
    }
    const entries = new Map<string, Entry>();
    const by = callHash(call);
    for (const entry of before?.entries.values() ?? []) {
      // What another call has made meanwhile, where nothing kept the two apart, is made anew.
      if (same && outputs.has(entry.output) && (entry.by ?? by) === by) entries.set(entry.output, entry);
      else if (!outputs.has(entry.output)) await rm(join(folder, entry.output), { force: true }).catch(() => undefined);
    }
    await makeFolder(folder);
    const lines = [{ shadegrad: 'prepare', call }, ...entries.values()].map((line) => `${JSON.stringify(line)}\n`);
    await writeFileAtomic(join(folder, RECORD_NAME), lines.join(''));
    return new OutputRecord(folder, by, entries);
  }

  /** Whether a result is there as it was made of sources that are the same now. @param from what stampOf() says of these */
  async has(output: string, from: string): Promise<boolean> {
    const entry = this.entries.get(output);
    if (entry?.from !== from) return false;
    const there = await stat(join(this.folder, output)).catch(() => null);
    return there?.isFile() === true && there.size === entry.bytes;
  }

  /** Removes results of before that the call, which has come to its end, did not make. */
  async keepOnly(outputs: ReadonlySet<string>): Promise<void> {
    for (const output of this.entries.keys()) if (!outputs.has(output)) await rm(join(this.folder, output), { force: true });
  }

  /** Notes that a result is finished. @throws WRITE_FAILED */
  async add(output: string, from: string): Promise<void> {
    const path = join(this.folder, RECORD_NAME);
    try {
      const { size: bytes } = await stat(join(this.folder, output));
      appendFileSync(path, `${JSON.stringify({ output, from, bytes, by: this.by } satisfies Entry)}\n`);
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

const callHash = (call: Call): string => createHash('sha256').update(JSON.stringify(call)).digest('hex').slice(0, 12);

/** What two calls have different, of the one that made the results and of the one that is asked for, as it is typed. */
function differenceOf(made: unknown, { action, settings }: Call): [expected: string, received: string] {
  const before = (made ?? {}) as Partial<Call>;
  if (typeof before.action !== 'string' || typeof before.settings !== 'object' || before.settings === null)
    return ['results of this call', `a record that cannot be read (${RECORD_NAME})`];
  const old = before.settings;
  if (before.action !== action) return [`results of prepare ${action}`, printableText(`results of prepare ${before.action}`)];
  const names = [...new Set([...Object.keys(settings), ...Object.keys(old)])];
  const differing = names.filter((name) => JSON.stringify(settings[name]) !== JSON.stringify(old[name]));
  const typed = (from: Call['settings']): string => printableText(differing.map((name) => typedSetting(name, from[name])).join(', '));
  return [typed(settings), typed(old)];
}

/** A setting of a call as it is typed. */
function typedSetting(name: string, value: unknown): string {
  if (name === 'input') return `pictures of ${[value].flat().join(' and ')}`;
  const flag = `--${name === 'make' ? 'input' : name}`;
  if (value === true) return flag;
  return value === false || value === null || value === undefined ? `no ${flag}` : `${flag} ${String(value)}`;
}

async function readRecord(folder: string): Promise<{ call: unknown; entries: Map<string, Entry> } | null> {
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
  return { call: call ?? null, entries: new Map(entries.map((entry) => [entry.output, entry])) };
}

/** Names come from a file that anybody may have written: none may lead out of the folder. */
function isEntry(entry: Partial<Entry> | null): entry is Entry {
  const { output, from, bytes, by = '' } = entry ?? {};
  const isName = typeof output === 'string' && output !== '' && !output.startsWith('/') && !output.split(/[/\\]/).includes('..');
  return isName && typeof from === 'string' && typeof bytes === 'number' && typeof by === 'string';
}
