import { ShadegradError } from '../../errors.js';
import type { NetworkArchitecture } from '../../models/kind.js';
import { buildNetwork, isGenerator, isLabelledGenerator } from '../../models/registry.js';
import { averageName } from '../../training/averages.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { readCheckpointHeader } from '../../training/checkpoint.js';
import type { OptionValue } from '../../training/option-table.js';
import type { LogEntry } from '../../training/run/run-book.js';
import { blobSource } from '../blob-source.js';
import { fileIn, listFolder, openAccess, openFolder, remove, storageFailed, writeAt, writeParts, type SyncAccess } from './opfs.js';

const RUNS = 'runs';
const ABOUT = 'run.json';
const LOG = 'log.jsonl';
const STEP_DIGITS = 9;
/** A checkpoint is taken for one only when this lies beside it: it is made, in one moment, when all of the file is on the disk. */
const WHOLE = '.whole';
/** Beside the checkpoint of the best validation. */
const BEST = '.best';
const CHECKPOINT = /^checkpoint-(\d+)-(\d+)\.safetensors$/;

/** What is known of a run before its first checkpoint. */
export interface RunAbout {
  /** What people call it. */
  readonly title: string;
  /** The name of its scheme. */
  readonly scheme: string;
  /** The data set that it is trained on: one that is kept in the browser, or `synthetic`. */
  readonly source: string;
  /** When it was begun, in ISO 8601. */
  readonly startedAt: string;
  /** What it was started with, for whoever starts another one like it. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** A run that is kept in the browser. */
export interface KeptRun extends RunAbout {
  /** What it is called in the storage, and in an address. */
  readonly id: string;
  /** Steps of its checkpoint; 0 where there is none yet. */
  readonly step: number;
  /** The steps that it is to have; null where there is no checkpoint yet. */
  readonly totalSteps: number | null;
  /** Bytes that it takes in the browser. */
  readonly bytes: number;
  /** When it was saved last, in milliseconds since 1970. */
  readonly savedAt: number;
  /** The networks of its checkpoint that make pictures out of pictures, by the names that findNetwork() takes; of some schemes none. */
  readonly generators: readonly string[];
}

interface Checkpoint {
  readonly name: string;
  readonly step: number;
  readonly serial: number;
  readonly isBest: boolean;
}

/** The files of a run in the browser's storage. Writing is for workers; a page may list, export and delete. */
export class RunStore {
  private log: SyncAccess | undefined;
  private logBytes = 0;
  private waiting = '';

  private constructor(
    /** What it is called in the storage. */
    readonly id: string,
    private readonly folder: FileSystemDirectoryHandle,
  ) {}

  /** Opens the files of a run, new or not. */
  static async open(id: string): Promise<RunStore> {
    return new RunStore(id, await openFolder(RUNS, id));
  }

  /** What the run is; null of one that is new. */
  async about(): Promise<RunAbout | null> {
    const text = await (await fileIn(this.folder, ABOUT))?.text();
    try {
      return text === undefined ? null : (JSON.parse(text) as RunAbout);
    } catch {
      return null;
    }
  }

  /** Writes down what the run is. @throws WRITE_FAILED */
  async describe(about: RunAbout): Promise<void> {
    await writeParts(this.folder, ABOUT, [new TextEncoder().encode(JSON.stringify(about))]);
  }

  /** The file of the latest checkpoint, or of that of the best validation; null where there is none. */
  async checkpoint(which: 'latest' | 'best' = 'latest'): Promise<File | null> {
    const found = (await this.checkpoints()).filter(({ isBest }) => which === 'latest' || isBest).at(-1);
    return found ? fileIn(this.folder, found.name) : null;
  }

  /** What the latest checkpoint says of itself; null where there is none. @throws CHECKPOINT_CORRUPT, CHECKPOINT_VERSION */
  async info(): Promise<TrainingCheckpoint | null> {
    const file = await this.checkpoint();
    return file && readCheckpointHeader(blobSource(file));
  }

  /**
   * Saves a checkpoint: under a new name, whole and on the disk before it is taken for the run's, and before any former one goes.
   *
   * @param keep how many of the last ones stay
   * @returns its bytes
   * @throws WRITE_FAILED where the storage is full, what making the parts throws; the former one stays then
   */
  async save(step: number, parts: AsyncIterable<Uint8Array>, { keep = 1 }: { readonly keep?: number } = {}): Promise<number> {
    const before = await this.checkpoints();
    const serial = Math.max(0, ...before.map((each) => each.serial)) + 1;
    const name = `checkpoint-${String(step).padStart(STEP_DIGITS, '0')}-${serial}.safetensors`;
    await this.clear(before);
    this.flush();
    const bytes = await writeParts(this.folder, name, parts);
    await this.mark(name, WHOLE);
    for (const old of before.slice(0, Math.max(0, before.length - keep + 1))) if (!old.isBest) await this.drop(old.name);
    return bytes;
  }

  /**
   * Takes over what another place has of a run: its checkpoint, and the log where there is one. The run has none yet.
   *
   * @throws WRITE_FAILED where the storage is full
   */
  async adopt(step: number, checkpoint: Blob, log?: Blob): Promise<void> {
    if (log) await writeParts(this.folder, LOG, piecesOf(log));
    await this.save(step, piecesOf(checkpoint));
  }

  /** Takes the run away. */
  async remove(): Promise<void> {
    this.close();
    await remove(await openFolder(RUNS), this.id);
  }

  /** Marks the latest checkpoint as that of the best validation, which then stays. */
  async markBest(): Promise<void> {
    const all = await this.checkpoints();
    const latest = all.at(-1);
    if (!latest || latest.isBest) return;
    await this.mark(latest.name, BEST);
    for (const { name, isBest } of all.slice(0, -1)) if (isBest) await this.drop(name);
  }

  /** Adds a line to the log; it is on the disk with the next checkpoint. */
  append(entry: LogEntry): void {
    this.waiting += `${JSON.stringify(entry)}\n`;
  }

  /**
   * Reads the lines of the log up to a step, and drops what comes after: those steps are about to be run again.
   *
   * @param step of the checkpoint; null for a new run, whose log is empty
   */
  async restoreLog(step: number | null): Promise<LogEntry[]> {
    this.waiting = '';
    const file = await fileIn(this.folder, LOG);
    const lines = step === null || !file ? [] : (await file.text()).split('\n');
    const entries = lines.flatMap((line) => {
      const entry = parsed(line);
      return entry && entry.step <= step! ? [entry] : [];
    });
    this.log ??= await openAccess(this.folder, LOG);
    this.log.truncate(0);
    this.logBytes = 0;
    for (const entry of entries) this.append(entry);
    this.flush();
    return entries;
  }

  /** Puts what was appended on the disk. @throws WRITE_FAILED; what was appended stays to be written */
  private flush(): void {
    if (!this.log || this.waiting === '') return;
    try {
      const bytes = new TextEncoder().encode(this.waiting);
      this.logBytes += writeAt(this.log, bytes, this.logBytes);
      this.log.flush();
      this.waiting = '';
    } catch (error) {
      throw storageFailed('The log of the run could not be saved in the browser', error);
    }
  }

  /** Closes the files. */
  close(): void {
    this.log?.close();
    this.log = undefined;
  }

  /** Whole checkpoints, the latest last. */
  private async checkpoints(): Promise<Checkpoint[]> {
    const names = new Set((await listFolder(this.folder)).map(({ name }) => name));
    return [...names]
      .flatMap((name) => {
        const [, step, serial] = CHECKPOINT.exec(name) ?? [];
        if (serial === undefined || !names.has(name + WHOLE)) return [];
        return [{ name, step: Number(step), serial: Number(serial), isBest: names.has(name + BEST) }];
      })
      .sort((a, b) => a.serial - b.serial);
  }

  /** Takes away what a tab that was closed has left half written. */
  private async clear(whole: readonly Checkpoint[]): Promise<void> {
    const kept = new Set(whole.map(({ name }) => name));
    for (const { name } of await listFolder(this.folder)) if (CHECKPOINT.test(name) && !kept.has(name)) await remove(this.folder, name);
  }

  private async mark(name: string, mark: string): Promise<void> {
    try {
      await this.folder.getFileHandle(name + mark, { create: true });
    } catch (error) {
      throw storageFailed('The checkpoint could not be saved in the browser', error);
    }
  }

  /** The marks go first: a file without them is taken for none. */
  private async drop(name: string): Promise<void> {
    for (const each of [name + WHOLE, name + BEST, name]) await remove(this.folder, each);
  }
}

/** Bytes of a file that are copied at once. */
const PIECE_BYTES = 8 * 2 ** 20;

async function* piecesOf(file: Blob): AsyncGenerator<Uint8Array> {
  const source = blobSource(file);
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, file.size - at));
    await source.read(at, piece);
    yield piece;
  }
}

function parsed(line: string): LogEntry | undefined {
  try {
    const value = JSON.parse(line) as LogEntry | null;
    return typeof value?.step === 'number' ? value : undefined;
  } catch {
    // A line that was cut short.
    return undefined;
  }
}

/** The runs that are kept in the browser, the one that was saved last first. */
export async function listRuns(): Promise<KeptRun[]> {
  const runs: KeptRun[] = [];
  for (const entry of await listFolder(await openFolder(RUNS))) {
    if (entry.kind !== 'directory') continue;
    const store = await RunStore.open(entry.name);
    const about = await store.about();
    if (!about) continue;
    const files = await Promise.all((await listFolder(entry)).map((each) => fileIn(entry, each.name)));
    const info = await store.info().catch(() => null);
    const total = info?.options.totalSteps;
    runs.push({
      ...about,
      id: entry.name,
      step: info?.step ?? 0,
      totalSteps: typeof total === 'number' ? total : null,
      bytes: files.reduce((sum, file) => sum + (file?.size ?? 0), 0),
      savedAt: Math.max(0, ...files.map((file) => file?.lastModified ?? 0)),
      generators: generatorsOf(info),
    });
  }
  return runs.sort((a, b) => b.savedAt - a.savedAt);
}

/** Running averages stand for their networks, as everywhere where nobody asks for the weights themselves. */
function generatorsOf(info: TrainingCheckpoint | null): string[] {
  const names = Object.entries(info?.networks ?? {}).flatMap(([name, architecture]) => (isTranslator(architecture) ? [name] : []));
  return typeof info?.options.ema === 'number' ? names.map(averageName) : names;
}

/** Whether a network is a generator of pictures out of pictures: not of random numbers, no discriminator, and no other one. */
const isTranslator = (architecture: NetworkArchitecture): boolean => {
  try {
    const network = buildNetwork(architecture);
    return isGenerator(network) || isLabelledGenerator(network);
  } catch {
    // One that this program does not know is none that it translates with.
    return false;
  }
};

/** The name by which a run is trained in one tab alone. */
export const runLock = (id: string): string => `shadegrad run ${id}`;

/** Deletes a run that is kept in the browser. @throws RUN_IN_USE while it is trained, in this tab or another */
export async function deleteRun(id: string): Promise<void> {
  await navigator.locks.request(runLock(id), { ifAvailable: true }, async (lock) => {
    if (!lock) throw runInUse();
    await remove(await openFolder(RUNS), id);
  });
}

/** The error of a run that is trained already. */
export const runInUse = (): ShadegradError =>
  new ShadegradError('RUN_IN_USE', 'This run is being trained already', {
    expected: 'a run that no other tab trains',
    received: 'one that is trained in this browser',
    fix: 'go on in the tab that trains it, or stop it there first',
  });

/**
 * Makes a file of a run's checkpoint, to download: Node goes on with it, and programs that translate take it.
 *
 * @param which the latest, or that of the best validation
 * @throws DATA_NOT_FOUND where the run has none yet
 */
export async function exportRun(id: string, which: 'latest' | 'best' = 'latest'): Promise<File> {
  const file = await (await RunStore.open(id)).checkpoint(which);
  // A copy: the file itself goes when the next one is saved.
  if (file) return new File([await file.arrayBuffer()], 'checkpoint.safetensors', { type: 'application/octet-stream' });
  throw new ShadegradError('DATA_NOT_FOUND', 'The run has no checkpoint yet', {
    expected: `the ${which} checkpoint of a run that was saved`,
    fix: which === 'latest' ? 'save it first' : 'ask for the latest one: no validation has been the best so far',
  });
}
