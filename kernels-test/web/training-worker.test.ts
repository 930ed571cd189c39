// first driver only: it trains in a browser, on the browser's own adapter
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../src/node/images/read.js';
import {
  begin,
  checkpointOf,
  eventIn,
  openTrainPages,
  runFolder,
  tensorsIn,
  type PageTraining,
  type TrainPages,
  type TrainWindow,
} from '../harness/train-page.js';

const STEPS = 16;
const HALF = STEPS / 2;
const OPTIONS = { size: 32, ngf: 4, ndf: 4, discriminatorLayers: 1, batch: 1, steps: STEPS, dropout: true, jitter: true, seed: 3 };
let pages: TrainPages;

test.before(async () => {
  pages = await openTrainPages();
});
test.after(async () => pages?.close());

const isSame = (tensors: ReadonlyMap<string, string>, as: ReadonlyMap<string, string>): void => {
  assert.equal(
    [...tensors].filter(([name, bytes]) => as.get(name) !== bytes).map(([name]) => name),
    [],
  );
  assert.is(tensors.size, as.size);
};

const node = (...call: string[]): void => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['bin/shadegrad.js', ...call], { encoding: 'utf8' });
  assert.is(status, 0, stdout + stderr);
};
const ON_ADAPTER = ['--adapter', 'swiftshader', '--no-tune'];

/** Goes on with files of a run, on pictures that lie in one folder or on those that the library draws. */
const beginFrom = (
  page: Page,
  files: Readonly<Record<string, Buffer>>,
  options: PageTraining,
  pictures: Readonly<Record<string, Buffer>> | null = null,
): Promise<string> => {
  const texts = (all: Readonly<Record<string, Buffer>>): [string, string][] =>
    Object.entries(all).map(([name, bytes]) => [name, bytes.toString('base64')]);
  return page.evaluate(
    ({ files, pictures, options }) => {
      const fileOf = ([name, text]: [string, string]): File =>
        new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name);
      const [checkpoint, log] = files.map(fileOf);
      const data = pictures && {
        ...{ kind: 'files' as const, name: 'pictures' },
        files: pictures.map((each) => ({ path: `pictures/${each[0]}`, file: fileOf(each) })),
      };
      return (globalThis as unknown as TrainWindow).begin({ ...options, from: { checkpoint: checkpoint!, log }, ...(data && { data }) })
        .run;
    },
    { files: texts(files), pictures: pictures && texts(pictures), options },
  );
};

/** Lets a run go on that waits; its events are noted anew. */
const resume = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { events, training } = globalThis as unknown as TrainWindow;
    events.splice(0);
    training!.resume();
  });

const runsIn = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await (globalThis as unknown as TrainWindow).library.listRuns()).map(({ id }) => id));

/** The whole run, unbroken. */
let whole: Map<string, string>;
/** The run at its half. */
let half: Buffer;

test('a run that a reload breaks off goes on to the same bits as one that nothing broke', async () => {
  const { page, context } = await pages.open();
  const unbroken = await begin(page, { options: OPTIONS });
  await eventIn(page, 'finished');
  whole = tensorsIn(await checkpointOf(page, unbroken));

  // It stands still before the end, however fast the machine is.
  const broken = await begin(page, { options: OPTIONS, saveEvery: HALF, hangsAt: HALF + 2 });
  await eventIn(page, 'losses', `data.steps.at(-1).step >= ${HALF + 2}`);
  await pages.reload(page);
  const [kept] = await page.evaluate(async () => (globalThis as unknown as TrainWindow).library.listRuns());
  assert.equal([kept!.id, kept!.step, kept!.totalSteps, kept!.scheme], [broken, HALF, STEPS, 'pix2pix']);
  half = await checkpointOf(page, broken);

  await begin(page, { run: broken });
  const opened = await eventIn(page, 'opened');
  assert.is(opened.step, HALF);
  assert.is((opened.losses as unknown[]).length, HALF, 'its curves are there');
  await eventIn(page, 'samples', `data.step === ${HALF}`);
  await eventIn(page, 'finished');
  const resumed = tensorsIn(await checkpointOf(page, broken));
  assert.ok(whole.size > 20);
  isSame(resumed, whole);
  await context.close();
});

test('Node goes on with the checkpoint of a browser to the same bits, on the same kind of adapter', async () => {
  const run = await runFolder(half);
  try {
    node('train', '--resume', '--out', run.folder, ...ON_ADAPTER);
    const there = tensorsIn(await run.read());
    isSame(there, whole);
  } finally {
    await run.remove();
  }
});

test('a lost device is opened again, once, and the run goes on from its last checkpoint to the same bits', async () => {
  const { page, context } = await pages.open();
  const run = await beginFrom(page, { 'checkpoint.safetensors': half }, { paused: true });
  await eventIn(page, 'state', "data.state === 'paused'");
  const lost = page.evaluate(async () => {
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    Object.assign(globalThis, { isOpen: true });
    await device.lost;
  });
  await page.waitForFunction('globalThis.isOpen === true');
  const session = await pages.browser.newBrowserCDPSession();
  // It is answered by nothing but the loss.
  void session.send('Browser.crashGpuProcess').catch(() => undefined);
  await lost;
  await resume(page);
  const { step, text } = await eventIn(page, 'deviceLost');
  assert.is(step, HALF, text as string);
  await eventIn(page, 'finished');
  isSame(tensorsIn(await checkpointOf(page, run)), whole);
  await context.close();
});

/** A run that goes on with the checkpoint of another browser. */
let second: { page: Page; context: BrowserContext; run: string };

test('the checkpoint that another browser has kept goes on here; full storage is told, and the former checkpoint stays', async () => {
  const { page, context } = await pages.open();
  const origin = new URL(page.url()).origin;
  const session = await context.newCDPSession(page);
  const run = await beginFrom(page, { 'checkpoint.safetensors': half }, { paused: true });
  second = { page, context, run };
  const opened = await eventIn(page, 'opened');
  assert.equal([opened.step, opened.scheme, (opened.losses as unknown[]).length], [HALF, 'pix2pix', 0]);
  await eventIn(page, 'state', "data.state === 'paused'");
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
  await resume(page);
  const { code, waits, what } = await eventIn(page, 'failed');
  assert.equal([code, waits], ['WRITE_FAILED', true]);
  assert.match(what as string, 'full');
  assert.ok((await checkpointOf(page, run)).length > 1000, 'the former one is there');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
});

test('a run is trained in one tab alone', async () => {
  const { page, context, run } = second;
  const other = await context.newPage();
  await other.goto(page.url());
  await other.waitForFunction('globalThis.ready === true');
  await begin(other, { run });
  const { code, waits } = await eventIn(other, 'failed');
  assert.equal([code, waits], ['RUN_IN_USE', false]);
  await other.close();
});

test('a run that waits for storage goes on when there is room, to the same bits', async () => {
  const { page, context, run } = second;
  await resume(page);
  await eventIn(page, 'finished');
  isSame(tensorsIn(await checkpointOf(page, run)), whole);

  // What is no checkpoint is refused in words, and nothing of it is left.
  await beginFrom(page, { 'checkpoint.safetensors': half.subarray(0, 2000) }, {});
  const { code, waits } = await eventIn(page, 'failed');
  assert.equal([code, waits], ['CHECKPOINT_CORRUPT', false]);
  assert.equal(await runsIn(page), [run]);
  await context.close();
});

test('a run of Node goes on in a browser, on the same pictures, to the bits that Node itself comes to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-node-run-'));
  const { page, context } = await pages.open();
  try {
    const files: Record<string, Buffer> = {};
    for (let index = 1; index <= 5; index++) {
      // None has the size of the networks' images.
      const [width, height] = [64, 32 + 2 * index];
      const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7 * index + (at >> 5)) & 255);
      files[`${index} für.png`] = Buffer.from(encodePng({ width, height, data }));
    }
    mkdirSync(join(folder, 'train'));
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, 'train', name), bytes);
    const flags = ['--size', '32', '--ngf', '4', '--ndf', '4', '--discriminator-layers', '1', '--dropout', '--seed', '5'];
    node('train', '--data', folder, '--out', join(folder, 'run'), '--steps', '3', ...flags, ...ON_ADAPTER);
    const of = (name: string): Buffer => readFileSync(join(folder, 'run', name));
    const begun = { 'checkpoint.safetensors': of('checkpoint.safetensors'), 'log.jsonl': of('log.jsonl') };

    await beginFrom(page, begun, { options: { steps: 6 } });
    const { code, fix } = await eventIn(page, 'failed');
    assert.is(code, 'DATA_NOT_FOUND');
    assert.match(fix as string, /choose their folder/);
    const run = await beginFrom(page, begun, { options: { steps: 6 } }, files);
    const opened = await eventIn(page, 'opened');
    assert.equal([opened.step, (opened.losses as unknown[]).length], [3, 3], 'its curves came with it');
    await eventIn(page, 'finished');
    const notes = await page.evaluate(() => (globalThis as unknown as TrainWindow).events.filter(({ type }) => type === 'note'));
    assert.not.ok(
      notes.some(({ data }) => /other pictures/.test(data.text as string)),
      'they are the same pictures',
    );

    node('train', '--resume', '--out', join(folder, 'run'), '--steps', '6', ...ON_ADAPTER);
    isSame(tensorsIn(await checkpointOf(page, run)), tensorsIn(of('checkpoint.safetensors')));
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a worker that throws is replaced, once; so is one that is stuck, after it has been told; then the run can go on', async () => {
  const { page, context } = await pages.open({ ownClock: true });
  const run = await begin(page, { options: { ...OPTIONS, steps: 1000 }, saveEvery: 10 });
  const upset = (how: 'hang' | 'throw'): Promise<void> => page.evaluate((how) => (globalThis as unknown as TrainWindow).upset(how), how);
  await eventIn(page, 'saved', 'data.step >= 10');
  await upset('throw');
  const { step, text } = await eventIn(page, 'deviceLost');
  assert.match(text as string, /upset/);
  await eventIn(page, 'opened', `data.step >= ${String(step)} && data.step > 0`);

  await upset('hang');
  await page.clock.runFor(70_000);
  const silent = await eventIn(page, 'silent', 'data.seconds > 0');
  assert.ok((silent.seconds as number) >= 15);
  const { code, fix, waits } = await eventIn(page, 'failed');
  assert.equal([code, waits], ['WORKER_LOST', false]);
  assert.match(fix as string, /saved up to step [1-9]/);

  // As the page offers it; and one that the person replaces before the minute is over.
  await begin(page, { run });
  const again = await eventIn(page, 'opened');
  assert.ok((again.step as number) >= 10);
  await upset('hang');
  await page.evaluate(() => (globalThis as unknown as TrainWindow).training!.restart());
  assert.match((await eventIn(page, 'deviceLost')).text as string, /started anew/);
  // A wish to end is granted even where the worker is stuck.
  await upset('hang');
  await page.evaluate(() => void (globalThis as unknown as TrainWindow).training!.stop());
  await page.clock.runFor(70_000);
  assert.is((await eventIn(page, 'finished')).stopped, true);
  await context.close();
});

test('a worker whose program cannot be loaded is told, and leaves no run', async () => {
  const { page, context } = await pages.open();
  await page.evaluate(() => ((globalThis as unknown as { program: string }).program = '/none.js'));
  await begin(page, { options: OPTIONS });
  const { code, waits } = await eventIn(page, 'failed');
  assert.equal([code, waits], ['DOWNLOAD_FAILED', false]);
  assert.equal(await runsIn(page), []);
  await context.close();
});

test.run();
