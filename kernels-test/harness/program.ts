/**
 * Runs the programs in examples/ and bin/ as a user does: in a process of their own, on the built library.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as assert from 'uvu/assert';

const root = process.cwd();

/** The smallest run: a few milliseconds of work a step, and the same whatever was tuned on this machine. */
export const TINY = ['--no-tune', '--dropout', '--size', '32', '--ngf', '4', '--ndf', '4', '--validate', '2'];

/** Flags with others in the place of those that they name again, as a program refuses a flag that is given twice. */
export function withFlags(flags: readonly string[], ...others: readonly string[]): string[] {
  const nameOf = (word: string): string | undefined => /^--(?:no-)?([^=]+)/.exec(word)?.[1];
  const named = new Set(others.map(nameOf));
  let kept = true;
  const rest = flags.filter((word) => {
    const name = nameOf(word);
    if (name !== undefined) kept = !named.has(name);
    return kept;
  });
  return [...rest, ...others];
}

export interface Finished {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string>;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
}

/** Builds dist/ if it is older than the sources. Call it before the first program. */
export function buildLibrary(): void {
  const build = `const { prepareBuild } = await import('./scripts/lib/prepare.js'); prepareBuild() || process.exit(1);`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', build], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `shadegrad-${name}-`));
}

/** Kills the processes that it was told of (`+id`, `-id` for one that has ended) when nobody is left to tell it more. */
const WATCHER = `
  const running = new Set();
  let text = '';
  process.stdin.on('data', (more) => {
    const lines = (text += more).split('\\n');
    text = lines.pop();
    for (const line of lines) running[line[0] === '+' ? 'add' : 'delete'](Number(line.slice(1)));
  });
  process.stdin.on('end', () => running.forEach((id) => { try { process.kill(id, 'SIGKILL'); } catch {} }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});`;
let watcher: ChildProcess | undefined;

function tellWatcher(line: string): void {
  if (watcher === undefined) {
    watcher = spawn(process.execPath, ['--eval', WATCHER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    watcher.unref();
    (watcher.stdin as Socket).unref();
    watcher.stdin!.on('error', () => {});
  }
  watcher.stdin!.write(`${line}\n`);
}

/** Processes that still run. */
const running = new Set<ChildProcess>();
const afterAll = globalThis as { afterAllTests?: (() => unknown)[] };
(afterAll.afterAllTests ??= []).push(() => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Has a process killed at the latest when the tests of this file are through, or when the process that runs them ends, by
 * whatever signal: a test may fail before it stops what it started.
 */
export function endsWithTests<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  tellWatcher(`+${child.pid}`);
  child.once('close', () => {
    running.delete(child);
    tellWatcher(`-${child.pid}`);
  });
  return child;
}

/**
 * Where Mesa keeps compiled shaders: in one place for all programs, those with a cache of their own too, since it holds nothing but what
 * would be compiled to the same code again.
 */
export const SHADERS = { MESA_SHADER_CACHE_DIR: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache') };

export type ProgramName =
  | 'train-facades'
  | 'translate'
  | 'own-operation'
  | 'own-scheme'
  | 'train-cyclegan'
  | 'train-dcgan'
  | 'train-stargan'
  | 'train-gan'
  | 'train-cgan'
  | 'shadegrad';

export function start(program: ProgramName, parameters: readonly string[], { cwd, env }: ProgramOptions = {}): Running {
  const child = endsWithTests(
    spawn(process.execPath, [join(root, program === 'shadegrad' ? 'bin' : 'examples', `${program}.js`), ...parameters], {
      cwd,
      env: { ...SHADERS, ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  const finished = new Promise<Finished>((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, finished };
}

export function run(program: ProgramName, parameters: readonly string[], options?: ProgramOptions): Promise<Finished> {
  return start(program, parameters, options).finished;
}

export interface Piped extends Finished {
  /** What it wrote to stdout, where `stdout` is the same as text. */
  bytes: Buffer;
}

/**
 * Runs a program as part of a pipe.
 *
 * @param input what it reads from stdin
 * @param takes how many bytes of stdout are read before the other end is closed; by default all
 */
export function pipe(
  program: ProgramName,
  parameters: readonly string[],
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  takes = Infinity,
): Promise<Piped> {
  const child = endsWithTests(
    spawn(process.execPath, [join(root, program === 'shadegrad' ? 'bin' : 'examples', `${program}.js`), ...parameters], {
      env: { ...SHADERS, ...process.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  );
  // A program that ends early closes its end.
  child.stdin.on('error', () => {});
  Readable.from(input).pipe(child.stdin);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let stderr = '';
    let taken = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      taken += chunk.length;
      if (taken >= takes) child.stdout.destroy();
    });
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const bytes = Buffer.concat(chunks);
      resolve({ status, signal, bytes, stdout: bytes.toString(), stderr });
    });
  });
}

/** Asserts that a program ended well and returns what it printed. */
export function succeeded({ status, stdout, stderr }: Finished): string {
  assert.is(status, 0, stderr + stdout);
  return stdout;
}

/** Asserts that a program failed as programs should: a short message with a code, no stack, and this in its words. */
export function failedWith({ status, stdout, stderr }: Finished, code: string, ...words: RegExp[]): void {
  assert.is(status, code === 'BAD_FLAG' ? 2 : 1, stderr + stdout);
  assert.match(stderr, `error [${code}]: `);
  assert.not.match(stderr, /^\s+at .*[:(]\d+/m);
  for (const word of words) assert.match(stderr, word);
}

export interface LoggedLine {
  step: number;
  generatorL1?: number;
  validation?: { l1: number; psnr: number; ssim: number };
  [field: string]: unknown;
}

/** The lines of a run's log; a last one that is cut short is left out. */
export function readLogLines(path: string): LoggedLine[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LoggedLine);
}

/** The training steps of a log, in its order. */
export function loggedSteps(path: string): number[] {
  return readLogLines(path)
    .filter((line) => line.generatorL1 !== undefined)
    .map(({ step }) => step);
}
