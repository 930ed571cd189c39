// not in browsers: it is about processes and folders
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../src/gpu/errors.js';
import { RunLock } from '../src/node/training/lock.js';

const test = suite<{ folder: string }>('run lock');
const home = mkdtempSync(join(tmpdir(), 'shadegrad-lock-'));
const program = join(home, 'hold.mjs');
let count = 0;

test.before(async () => {
  const contents = `import { RunLock } from './src/node/training/lock.js';
    await RunLock.take(process.argv[2]);
    console.log('held');
    setInterval(() => {}, 1000);`;
  await build({ stdin: { contents, resolveDir: process.cwd() }, bundle: true, platform: 'node', format: 'esm', outfile: program, logLevel: 'error' });
});
test.before.each((context) => {
  context.folder = join(home, String(count++), 'run');
});
test.after(() => rmSync(home, { recursive: true, force: true }));

async function refusal(folder: string): Promise<ShadegradError> {
  const error = await RunLock.take(folder).then(() => assert.unreachable('the lock was given twice'), (thrown: unknown) => thrown);
  assert.instance(error, ShadegradError);
  assert.is((error as ShadegradError).code, 'RUN_IN_USE');
  return error as ShadegradError;
}

/** A process that holds the lock of a folder. */
async function holder(folder: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
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
  for (const lock of locks) if (lock.status === 'rejected') assert.is((lock.reason as ShadegradError).code, 'RUN_IN_USE', String(lock.reason));
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

test.run();
