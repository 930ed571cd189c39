import { createHash, randomBytes } from 'node:crypto';
import { promises as nodeFiles } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ShadegradError } from '../../errors.js';
import { makeFolder } from '../files/atomic.js';

/** The socket in a run's folder that its process listens on: `.lock.1`, or a higher number after processes that were killed. */
const LOCK_NAME = /^\.lock\.(\d+)$/;
/** What the name of a socket begins with that is not a lock yet. */
const LOCKING = '.locking-';
const lockName = (number: number): string => `.lock.${number}`;
/** Longest path of a socket that every system takes, in bytes. */
const LONGEST_SOCKET_PATH = 100;
/** How long the holder of a lock has to say its process id. */
const ANSWER_MILLISECONDS = 500;
/** Another process may take the number that this one was about to. */
const ATTEMPTS = 100;
/** Another process may remove an empty folder of locks that this one was about to use. */
const PLACE_ATTEMPTS = 10;
/** What connecting says where nobody listens, or where there is no socket. Every other error may be that of a lock which is held. */
const NOBODY_LISTENS: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

/** What a lock is for, in the words of whoever is refused by it. */
export interface LockUse {
  /** What another process may be doing there, such as `a run is being trained there`. */
  readonly doing: string;
  readonly expected: string;
  readonly fix: string;
}

const TRAINED: LockUse = {
  doing: 'a run is being trained there',
  expected: 'a folder that no other process trains in',
  fix: 'let that run end or stop it (Ctrl-C saves it), or name another folder with --out',
};

/** A folder to lock, as it was named, and what for. */
interface Place {
  readonly folder: string;
  readonly use: LockUse;
}

/** Whether a file of this name in a folder is a lock, or is about to become one. */
export const isLockName = (name: string): boolean => LOCK_NAME.test(name) || name.startsWith(LOCKING);

/**
 * Keeps a run's folder, or one of results, to one process. The lock is a socket that the process listens on, so the system lets go of it
 * however the process ends: no process id that another process may have by now, and nothing to wait for after a crash.
 * Containers and users that share a folder on one machine are kept apart as well; two machines on one network disk are not.
 * Where a disk has no sockets, the lock is in a private folder of the user under the system's temporary one: it keeps
 * apart the processes of that user alone.
 */
export class RunLock {
  private constructor(
    /** Folders that were made for the run, the innermost first. */
    private readonly made: readonly string[],
    private readonly held: Held | null,
  ) {}

  /**
   * Locks the folder of a run, or another one, which is made if it is missing.
   *
   * @throws RUN_IN_USE when another process is at work there; WRITE_FAILED when the folder cannot be made
   */
  static async take(folder: string, use: LockUse = TRAINED): Promise<RunLock> {
    const first = await makeFolder(folder);
    const path = await nodeFiles.realpath(folder);
    const made: string[] = [];
    if (first !== undefined)
      for (let at = path, top = dirname(await nodeFiles.realpath(first)); at !== top; at = dirname(at)) made.push(at);
    try {
      return new RunLock(made, await hold({ folder, use }, path));
    } catch (error) {
      await removeEmpty(made);
      throw error;
    }
  }

  /** False where the disk has no place for a lock: nothing keeps another process out of the folder then. */
  get guarded(): boolean {
    return this.held !== null;
  }

  /** Lets go of the folder, and removes it if it was made for the run and nothing came of it. */
  async release(): Promise<void> {
    await this.held?.release();
    await removeEmpty(this.made);
  }
}

async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders)
    if (
      !(await nodeFiles.rmdir(folder).then(
        () => true,
        () => false,
      ))
    )
      return;
}

interface Held {
  release(): Promise<void>;
}

/** @returns null where the system has no place for such a lock */
async function hold(where: Place, path: string): Promise<Held | null> {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return holdPipe(where, `\\\\.\\pipe\\shadegrad-${hash}`);
  const held = await holdIn(where, path);
  if (held) return held;
  const place = join(tmpdir(), `shadegrad-${process.getuid?.() ?? 'user'}-${hash}`);
  for (let attempt = 0; attempt < PLACE_ATTEMPTS; attempt++) {
    await nodeFiles.mkdir(place, { mode: 0o700 }).catch(() => {});
    if (await isPrivate(place)) {
      const elsewhere = await holdIn(where, place);
      if (elsewhere) return { release: () => elsewhere.release().then(() => removeEmpty([place])) };
    }
    // The process that held the lock may have removed the folder since.
    if (
      await nodeFiles.lstat(place).then(
        () => true,
        () => false,
      )
    )
      return null;
  }
  return null;
}

/** @returns null where the place takes no sockets: not every disk does, and not every folder can be written to */
async function holdIn(where: Place, place: string): Promise<Held | null> {
  const directory = await openDirectory(place);
  return (
    directory &&
    holdSocket(where, directory).catch(async (error: unknown) => {
      await directory.close();
      if (error instanceof ShadegradError) throw error;
      return null;
    })
  );
}

/** True of a folder that nobody else can have put anything into: its name can be guessed. */
async function isPrivate(place: string): Promise<boolean> {
  const entry = await nodeFiles.lstat(place).catch(() => null);
  return entry?.isDirectory() === true && entry.uid === process.getuid?.() && (entry.mode & 0o077) === 0;
}

/** A name for what lies in a folder that is short enough for a socket. */
interface Directory {
  readonly path: string;
  at(name: string): string;
  close(): Promise<void>;
}

async function openDirectory(path: string): Promise<Directory | null> {
  const handle = process.platform === 'linux' ? await nodeFiles.open(path, 'r').catch(() => null) : null;
  if (handle) {
    const short = `/proc/self/fd/${handle.fd}`;
    if (
      await nodeFiles.stat(short).then(
        () => true,
        () => false,
      )
    )
      return { path: short, at: (name) => `${short}/${name}`, close: () => handle.close() };
    await handle.close();
  }
  const longest = Buffer.byteLength(join(path, socketName()));
  return longest > LONGEST_SOCKET_PATH ? null : { path, at: (name) => join(path, name), close: async () => {} };
}

async function holdPipe(where: Place, path: string): Promise<Held | null> {
  const server = await listen(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') return null;
    throw inUse(where, (await holderOf(path)) ?? 'another process');
  });
  return server && { release: () => close(server) };
}

/** A name that no other socket has. */
const socketName = (): string => `${LOCKING}${process.pid}-${randomBytes(4).toString('hex')}`;

/** The socket listens before it appears as a lock, so that it is never taken for a dead one. */
async function holdSocket(where: Place, directory: Directory): Promise<Held> {
  const own = directory.at(socketName());
  const server = await listen(own);
  let lock: string | undefined;
  const release = async (): Promise<void> => {
    if (lock !== undefined) await nodeFiles.rm(lock, { force: true }).catch(() => {});
    await close(server);
  };
  try {
    const number = await appear(where, directory, own);
    lock = directory.at(lockName(number));
    await nodeFiles.rm(own, { force: true });
    // Between the look of another process at the locks and its own lock, this one may have appeared and removed dead ones:
    // each therefore looks at all the others again.
    for (const other of await lockNumbers(directory)) {
      if (other === number) continue;
      await refuseHeld(where, directory, other);
      // A dead lock that may not be removed (another user's, in a folder like /tmp) is in nobody's way.
      await nodeFiles.rm(directory.at(lockName(other)), { force: true }).catch(() => {});
    }
    return { release: () => release().then(() => directory.close()) };
  } catch (error) {
    await release();
    await nodeFiles.rm(own, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Gives our socket a number that no lock has, if all locks there are dead. They are not removed before: the name of a
 * dead lock would be free for two.
 */
async function appear(where: Place, directory: Directory, own: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const numbers = await lockNumbers(directory);
    for (const number of numbers) await refuseHeld(where, directory, number);
    const next = Math.max(0, ...numbers) + 1;
    try {
      await nodeFiles.link(own, directory.at(lockName(next)));
      return next;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' && attempt < ATTEMPTS) continue;
      if (code === 'EEXIST' || code === 'ENOENT') throw error;
      // Some systems give a socket no second name.
      await nodeFiles.rename(own, directory.at(lockName(next)));
      return next;
    }
  }
}

async function lockNumbers(directory: Directory): Promise<number[]> {
  return (await nodeFiles.readdir(directory.path)).flatMap((name) => LOCK_NAME.exec(name)?.[1] ?? []).map(Number);
}

async function refuseHeld(where: Place, directory: Directory, number: number): Promise<void> {
  const holder = await holderOf(directory.at(lockName(number)));
  if (holder !== null) throw inUse(where, holder);
}

/** Every user may connect: one who may not would have to guess whether the lock is held. */
function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) =>
      socket
        .on('error', () => {})
        .unref()
        .end(String(process.pid)),
    );
    server
      .unref()
      .once('error', reject)
      .listen({ path, readableAll: true, writableAll: true }, () => resolve(server.off('error', reject)));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Who listens on a socket, in words; null when nobody does. */
function holderOf(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path);
    const done = (holder: string | null): void => {
      socket.destroy();
      resolve(holder);
    };
    const answer = (): void => done(/^\d+$/.test(text) ? `process ${text}` : 'another process');
    socket
      .setTimeout(ANSWER_MILLISECONDS, answer)
      .on('data', (data) => (text += data.toString()))
      .on('end', answer);
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (NOBODY_LISTENS.has(code)) done(null);
      else done(`a lock that cannot be asked who holds it (${code}); if no run uses the folder, delete its ${basename(path)}`);
    });
  });
}

function inUse({ folder, use: { doing, expected, fix } }: Place, holder: string): ShadegradError {
  return new ShadegradError('RUN_IN_USE', `${folder} is in use: ${doing}`, { expected, received: holder, fix });
}
