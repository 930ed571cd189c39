import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type * as library from '../../src/web/worker/index.js';

/** A training of the test's page. */
export interface PageTraining extends Omit<library.StartTrainingOptions, 'worker'> {
  /** Whether the run is told to wait before its first step. */
  readonly paused?: boolean;
  /** The step after which the worker works without an end, as soon as it has told its losses. */
  readonly hangsAt?: number;
}

/** What the test's page has of the library, and where it notes the events. */
export interface TrainWindow {
  readonly library: typeof library;
  /** Starts a training whose events are noted. */
  begin(options: PageTraining): library.TrainingHandle;
  readonly events: { readonly type: string; readonly data: Record<string, unknown> }[];
  training?: library.TrainingHandle;
  /** Lets the worker do what it should not: work without an end, or throw. */
  upset(how: 'hang' | 'throw'): void;
  /** The program of workers that are started from here on; one that is not there fails as such do. */
  program: string;
}

const PAGE = `
  import * as library from './src/web/worker/index.js';
  const events = [];
  const names = ['opening', 'opened', 'state', 'progress', 'losses', 'measured', 'samples', 'diagnosis', 'note', 'saved'];
  names.push('silent', 'deviceLost', 'finished');
  let worker;
  Object.assign(globalThis, {
    library,
    events,
    program: '/worker.js',
    upset: (how) => worker.postMessage({ upset: how }),
    begin({ paused = false, hangsAt, ...options }) {
      events.splice(0);
      const training = library.startTraining({ ...options, worker: () => (worker = new Worker(program, { type: 'module' })) });
      for (const name of names) training.on(name, (data) => events.push({ type: name, data }));
      training.on('failed', ({ error: { code, what, fix }, waits }) => events.push({ type: 'failed', data: { code, what, fix, waits } }));
      if (paused) training.pause();
      if (hangsAt !== undefined) worker.postMessage({ upset: 'hang', at: hangsAt });
      globalThis.training = training;
      return training;
    },
    ready: true,
  });`;
/** It can be upset as no worker can be. */
const WORKER = `
  import { serveTraining } from './src/web/worker/index.js';
  let hangsAt;
  addEventListener('message', (event) => {
    const { upset, at } = event.data;
    if (!upset) return;
    event.stopImmediatePropagation();
    if (at !== undefined) return (hangsAt = at);
    if (upset === 'throw') throw new Error('upset');
    for (;;);
  });
  const post = postMessage.bind(globalThis);
  globalThis.postMessage = (message, transferred) => {
    post(message, transferred);
    if (message.type === 'losses' && message.data.steps.at(-1).step >= hangsAt) for (;;);
  };
  serveTraining();`;

/** A page that trains, in a browser, and whatever a test needs of it. */
export interface TrainPages {
  readonly browser: Browser;
  /** Opens the page in a profile of its own. With a clock of its own the test says how time goes by in the page, but not in its worker. */
  open(options?: { readonly ownClock?: boolean }): Promise<{ page: Page; context: BrowserContext }>;
  /** Loads the page anew, and waits for it. */
  reload(page: Page): Promise<void>;
  close(): Promise<void>;
}

/** Serves a page that trains in a worker, and starts a browser for it. */
export async function openTrainPages(): Promise<TrainPages> {
  const { build } = await import('esbuild');
  const script = <T>(name: string): Promise<T> => import(pathToFileURL(resolve('scripts/lib', name)).href) as Promise<T>;
  const { sources } = await script<{ sources: object }>('sources.js');
  const { launchChromium } = await script<{ launchChromium(flags: readonly string[]): Promise<{ browser: Browser }> }>('chromium.js');
  const bundle = async (contents: string): Promise<string> => {
    const stdin = { contents, resolveDir: process.cwd() };
    const { outputFiles } = await build({
      ...sources,
      stdin,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
    });
    return outputFiles![0]!.text;
  };
  const files = new Map([
    ['/page.js', await bundle(PAGE)],
    ['/worker.js', await bundle(WORKER)],
  ]);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.setHeader('content-type', file === undefined ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8');
    response.end(file ?? '<!doctype html><meta charset="utf-8"><title>training</title><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { browser } = await launchChromium(['--enable-unsafe-webgpu']);
  const ready = (page: Page): Promise<unknown> => page.waitForFunction('globalThis.ready === true');
  return {
    browser,
    async open({ ownClock = false } = {}) {
      const context = await browser.newContext();
      const page = await context.newPage();
      if (ownClock) await page.clock.install();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await ready(page);
      return { page, context };
    },
    async reload(page) {
      await page.reload();
      await ready(page);
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Begins a training that says little on its way. @returns the run */
export const begin = (page: Page, options: PageTraining): Promise<string> =>
  page.evaluate((given) => (globalThis as unknown as TrainWindow).begin(given).run, {
    ...{ validate: 1, reportEvery: 1000 },
    ...options,
  });

/** Waits for an event of the training, and gives what it says. */
export async function eventIn(page: Page, type: string, where = 'true', timeout = 120_000): Promise<Record<string, unknown>> {
  const found = await page.waitForFunction(
    ({ type, where }) => {
      const matches = new Function('data', `return ${where};`) as (data: unknown) => boolean;
      const { events } = globalThis as unknown as TrainWindow;
      const ended = type === 'failed' ? undefined : events.find((event) => event.type === 'failed');
      return events.find((event) => event.type === type && matches(event.data)) ?? (ended && { failed: ended.data });
    },
    { type, where },
    { timeout, polling: 50 },
  );
  const event = (await found.jsonValue()) as { data: Record<string, unknown>; failed?: Record<string, unknown> };
  if (event.failed) throw new Error(`the training failed: ${JSON.stringify(event.failed)}`);
  return event.data;
}

/** The bytes of a run's checkpoint. */
export async function checkpointOf(page: Page, run: string): Promise<Buffer> {
  const text = await page.evaluate(async (id) => {
    const file = await (globalThis as unknown as TrainWindow).library.exportRun(id);
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  }, run);
  return Buffer.from(text, 'base64');
}

/** A checkpoint's tensors by name, without what it says of itself; the checksums, which are of that, too, are left out. */
export function tensorsIn(checkpoint: Uint8Array): Map<string, string> {
  const bytes = Buffer.from(checkpoint);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, { data_offsets: [number, number] }>;
  const tensors = new Map<string, string>();
  for (const [name, entry] of Object.entries(header)) {
    if (name.startsWith('__')) continue;
    const [from, to] = entry.data_offsets;
    tensors.set(name, bytes.subarray(8 + length + from, 8 + length + to).toString('base64'));
  }
  return tensors;
}

/** A folder with a run's checkpoint in it, as Node goes on with. */
export async function runFolder(checkpoint: Uint8Array): Promise<{ folder: string; read(): Promise<Buffer>; remove(): Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), 'shadegrad-browser-run-'));
  const folder = join(parent, 'run');
  await mkdir(folder);
  const path = join(folder, 'checkpoint.safetensors');
  await writeFile(path, checkpoint);
  return { folder, read: () => readFile(path), remove: () => rm(parent, { recursive: true, force: true }) };
}
