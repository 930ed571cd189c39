// first driver only: it trains in a browser, on the browser's own adapter
import { spawnSync } from 'node:child_process';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpointOf, eventIn, openTrainPages, runFolder, tensorsIn, type TrainPages, type TrainWindow } from '../harness/train-page.js';

const STEPS = 30;
const OPTIONS = { size: 32, ngf: 4, ndf: 4, discriminatorLayers: 1, batch: 1, steps: STEPS, dropout: true, jitter: true, seed: 3 };
let pages: TrainPages;

test.before(async () => {
  pages = await openTrainPages();
});
test.after(async () => pages?.close());

type Options = Parameters<TrainWindow['begin']>[0];

const begin = (page: Page, options: Options): Promise<string> =>
  page.evaluate((given) => (globalThis as unknown as TrainWindow).begin(given).run, {
    validate: 1,
    reportEvery: STEPS,
    ...options,
  } as Options);

/** The whole run, unbroken. */
let whole: Map<string, string>;
/** The run at its half. */
let half: Buffer;

test('a run that a reload breaks off goes on to the same bits as one that nothing broke', async () => {
  const { page, context } = await pages.open();
  const unbroken = await begin(page, { options: OPTIONS });
  await eventIn(page, 'finished');
  whole = tensorsIn(await checkpointOf(page, unbroken));

  const broken = await begin(page, { options: OPTIONS, saveEvery: 15 });
  await eventIn(page, 'saved', 'data.step === 15');
  await pages.reload(page);
  const [kept] = await page.evaluate(async () => (globalThis as unknown as TrainWindow).library.listRuns());
  assert.equal([kept!.id, kept!.step, kept!.totalSteps, kept!.scheme], [broken, 15, STEPS, 'pix2pix']);
  half = await checkpointOf(page, broken);

  await begin(page, { run: broken });
  const opened = await eventIn(page, 'opened');
  assert.is(opened.step, 15);
  assert.is((opened.losses as unknown[]).length, 15, 'its curves are there');
  await eventIn(page, 'samples', 'data.step === 15');
  await eventIn(page, 'finished');
  const resumed = tensorsIn(await checkpointOf(page, broken));
  assert.ok(whole.size > 20);
  assert.equal(
    [...resumed].filter(([name, bytes]) => whole.get(name) !== bytes).map(([name]) => name),
    [],
  );
  assert.is(resumed.size, whole.size);
  await context.close();
});

test('Node goes on with the checkpoint of a browser to the same bits, on the same kind of adapter', async () => {
  const run = await runFolder(half);
  try {
    const call = ['bin/shadegrad.js', 'train', '--resume', '--out', run.folder, '--adapter', 'swiftshader', '--no-tune'];
    const { status, stderr, stdout } = spawnSync(process.execPath, call, { encoding: 'utf8' });
    assert.is(status, 0, stdout + stderr);
    const there = tensorsIn(await run.read());
    assert.equal(
      [...there].filter(([name, bytes]) => whole.get(name) !== bytes).map(([name]) => name),
      [],
    );
    assert.is(there.size, whole.size);
  } finally {
    await run.remove();
  }
});

test('a lost device is opened again, once, and the run goes on from its last checkpoint to the same bits', async () => {
  const { page, context } = await pages.open();
  const run = await begin(page, { options: OPTIONS, saveEvery: 10 });
  await eventIn(page, 'saved', 'data.step === 10');
  const session = await pages.browser.newBrowserCDPSession();
  // It is answered by nothing but the loss.
  void session.send('Browser.crashGpuProcess').catch(() => undefined);
  const { step, text } = await eventIn(page, 'deviceLost');
  assert.ok((step as number) >= 10, text as string);
  await eventIn(page, 'finished');
  const lost = tensorsIn(await checkpointOf(page, run));
  assert.equal(
    [...lost].filter(([name, bytes]) => whole.get(name) !== bytes).map(([name]) => name),
    [],
  );
  await context.close();
});

test('full storage is told, the former checkpoint stays, and the run goes on when there is room', async () => {
  const { page, context } = await pages.open();
  const session = await context.newCDPSession(page);
  const origin = new URL(page.url()).origin;
  const run = await begin(page, { options: OPTIONS, saveEvery: 10 });
  await eventIn(page, 'saved', 'data.step === 10');
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
  const { code, waits, what } = await eventIn(page, 'failed');
  assert.equal([code, waits], ['WRITE_FAILED', true]);
  assert.match(what as string, 'full');
  assert.ok((await checkpointOf(page, run)).length > 1000, 'the former one is there');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await page.evaluate(() => {
    const { events, training } = globalThis as unknown as TrainWindow;
    events.splice(0);
    training!.resume();
  });
  await eventIn(page, 'finished');
  const late = tensorsIn(await checkpointOf(page, run));
  assert.equal(
    [...late].filter(([name, bytes]) => whole.get(name) !== bytes).map(([name]) => name),
    [],
  );
  await context.close();
});

test('a run is trained in one tab alone', async () => {
  const { page, context } = await pages.open();
  const run = await begin(page, { options: { ...OPTIONS, steps: 1000 } });
  await eventIn(page, 'saved');
  const other = await context.newPage();
  await other.goto(page.url());
  await other.waitForFunction('globalThis.ready === true');
  await begin(other, { run });
  const { code, waits } = await eventIn(other, 'failed');
  assert.equal([code, waits], ['RUN_IN_USE', false]);
  await context.close();
});

test.run();
