// not in browsers: it is about processes and folders
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  promises,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { RunLock } from '../../../src/node/training/lock.js';
import { endsWithTests } from '../../harness/program.js';

const test = suite<{ folder: string }>('run lock');
const home = mkdtempSync(join(tmpdir(), 'shadegrad-lock-'));
const program = join(home, 'hold.mjs');
let count = 0;

test.before(async () => {
  const contents = `import { RunLock } from './src/node/training/lock.js';
    if (process.argv[3]) {
      process.setgid(Number(process.argv[3]));
      process.setuid(Number(process.argv[3]));
    }
    await RunLock.take(process.argv[2]).then(
      ({ guarded }) => console.log(guarded ? 'held' : 'unguarded'),
      (error) => console.log(error.message));
    setInterval(() => {}, 1000);`;
  await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    logLevel: 'error',
  });
});
test.before.each((context) => {
  context.folder = join(home, String(count++), 'run');
});
test.after(() => rmSync(home, { recursive: true, force: true }));

async function refusal(folder: string): Promise<ShadegradError> {
  const error = await RunLock.take(folder).then(
    () => assert.unreachable('the lock was given twice'),
    (thrown: unknown) => thrown,
  );
  assert.instance(error, ShadegradError);
  assert.is((error as ShadegradError).code, 'RUN_IN_USE');
  return error as ShadegradError;
}

/** A process that took the lock of a folder and lives on, and what it said of that. */
async function taker(folder: string, uid?: number): Promise<{ child: ChildProcess; said: string }> {
  const parameters = [program, folder, ...(uid === undefined ? [] : [String(uid)])];
  const child = endsWithTests(spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] }));
  const said = await new Promise((resolve) => child.stdout!.once('data', resolve));
  return { child, said: String(said).trim() };
}

/** A process that holds the lock of a folder. */
async function holder(folder: string, uid?: number): Promise<ChildProcess> {
  const { child, said } = await taker(folder, uid);
  assert.is(said, 'held');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

test('a folder is given to one, until it is released, under whatever name', async ({ folder }) => {
  const lock = await RunLock.take(folder);
  assert.match((await refusal(folder)).message, `process ${process.pid}`);
  symlinkSync(folder, `${folder}-link`);
  await refusal(`${folder}-link`);
  writeFileSync(join(folder, 'log.jsonl'), '');
  await lock.release();
  assert.equal(readdirSync(folder), ['log.jsonl']);
  const next = await RunLock.take(folder);
  await next.release();
});

test('a folder that was made for nothing goes, one that was there stays', async ({ folder }) => {
  await (await RunLock.take(join(folder, 'a', 'b'))).release();
  assert.not.ok(existsSync(folder));
  mkdirSync(folder, { recursive: true });
  await (await RunLock.take(folder)).release();
  assert.ok(existsSync(folder));
});

test('another process holds it while it lives, also when it is stopped; after kill -9 it is free at once', async ({ folder }) => {
  const child = await holder(folder);
  assert.match((await refusal(folder)).message, `process ${child.pid}`);
  child.kill('SIGSTOP');
  await refusal(folder);
  await killed(child);
  const lock = await RunLock.take(folder);
  await refusal(folder);
  await lock.release();
  assert.equal(readdirSync(folder), []);
});

test('of many that find a dead one, one gets the folder', async ({ folder }) => {
  await killed(await holder(folder));
  const locks = await Promise.allSettled(Array.from({ length: 24 }, () => RunLock.take(folder)));
  const given = locks.flatMap((lock) => (lock.status === 'fulfilled' ? [lock.value] : []));
  for (const lock of locks)
    if (lock.status === 'rejected') assert.is((lock.reason as ShadegradError).code, 'RUN_IN_USE', String(lock.reason));
  assert.is(given.length, 1);
  await refusal(folder);
  await given[0]!.release();
  assert.equal(readdirSync(folder), []);
});

test('a path longer than that of a socket may be, and a file in the place of the lock', async ({ folder }) => {
  const deep = join(folder, ...Array.from({ length: 8 }, () => 'folder-of-thirty-characters...'));
  const lock = await RunLock.take(deep);
  await refusal(deep);
  await lock.release();
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, '.lock.1'), '12345');
  const other = await RunLock.take(deep);
  await refusal(deep);
  await other.release();
});

/** A user without rights, as whom only root can run a process. */
const NOBODY = 65534;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('another user is refused a lock that is held, whether its socket may be connected to or not', async ({ folder }) => {
  chmodSync(home, 0o755);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
  const lock = await RunLock.take(folder);
  for (const mode of [null, 0o755, 0]) {
    if (mode !== null) chmodSync(join(folder, '.lock.1'), mode);
    const { child, said } = await taker(folder, NOBODY);
    assert.match(said, mode === null ? `process ${process.pid}` : /is in use[^]*EACCES[^]*delete its \.lock\.1/);
    await killed(child);
    assert.equal(readdirSync(folder), ['.lock.1']);
  }
  await lock.release();

  const other = await holder(folder, NOBODY);
  assert.match((await refusal(folder)).message, `process ${other.pid}`);
  await killed(other);
  await killed(await holder(folder));
  // Dead locks of both users, of which one may not be removed.
  chmodSync(folder, 0o1777);
  const next = await holder(folder, NOBODY);
  await refusal(folder);
  await killed(next);
  await (await RunLock.take(folder)).release();
});

/** A folder whose path is too long for a socket and that no shorter name can be had of: every lock is in a temporary folder then. */
async function withoutSockets(work: (temporary: string) => Promise<void>): Promise<void> {
  const { TMPDIR } = process.env;
  const temporary = mkdtempSync(join(tmpdir(), 'sg-'));
  const { open } = promises;
  process.env.TMPDIR = temporary;
  promises.open = (path, ...rest) => (String(path).startsWith(home) ? Promise.reject(new Error('no such disk')) : open(path, ...rest));
  try {
    await work(temporary);
  } finally {
    promises.open = open;
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(temporary, { recursive: true, force: true });
  }
}

test('where a disk has no sockets, the lock is in a private folder that goes with it', async ({ folder }) => {
  const deep = join(folder, ...Array.from({ length: 8 }, () => 'folder-of-thirty-characters...'));
  await withoutSockets(async (temporary) => {
    const lock = await RunLock.take(deep);
    assert.ok(lock.guarded);
    const [place] = readdirSync(temporary);
    assert.is(statSync(join(temporary, place!)).mode & 0o777, 0o700);
    await refusal(deep);
    await lock.release();
    assert.equal(readdirSync(temporary), []);

    // A folder that others may write to, or a link, was not made for this: whoever made it may have put anything there.
    mkdirSync(join(temporary, place!));
    chmodSync(join(temporary, place!), 0o777);
    assert.not.ok((await RunLock.take(deep)).guarded);
    rmSync(join(temporary, place!), { recursive: true });
    mkdirSync(join(temporary, 'other'), { mode: 0o700 });
    symlinkSync(join(temporary, 'other'), join(temporary, place!));
    assert.not.ok((await RunLock.take(deep)).guarded);
    assert.equal(readdirSync(join(temporary, 'other')), []);
  });
});

test.run();
