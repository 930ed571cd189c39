import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../../src/data/image.js';
import type { ShadegradError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/node/images/read.js';
import { renderReport, writeReport, writeSampleGrid, type TrainingReport } from '../../../src/node/report/write.js';
import { choosePictures } from '../../../src/node/report/pictures.js';
import { renderPlot } from '../../../src/node/report/plot.js';
import { pix2pix, type Pix2PixOptions } from '../../../src/schemes/pix2pix.js';
import { lossRows } from '../../../src/training/scheme.js';
import { launchChromium } from '../../harness/bundles.js';
import { downsample, geometricIndices, niceTicks, quantile, smooth } from '../../../src/node/report/series.js';

const LOSSES = lossRows(pix2pix, { ganMode: 'vanilla' } as Pix2PixOptions);

/** A linear congruential generator: noise that does not compress, the same every time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function image(side: number, seed: number): RgbImage {
  const random = noise(seed);
  return { width: side, height: side, data: Uint8Array.from({ length: side * side * 3 }, () => random() * 256) };
}

function makeReport({ side = 8, rows = 2, snapshots = 3, losses = 30 } = {}): TrainingReport {
  const random = noise(7);
  const images = (seed: number) => Array.from({ length: rows }, (_, row) => image(side, seed * 100 + row));
  return {
    title: 'pix2pix on facades',
    command: 'node examples/train-facades.js --seed 1',
    settings: { size: side, lr: 0.0002, dropout: true, direction: 'BtoA' },
    adapter: { name: 'llvmpipe', driver: 'Mesa 25', backend: 'Vulkan', software: true },
    version: '0.1.0',
    startedAt: '2025-06-01T12:34:56Z',
    state: 'finished',
    steps: losses,
    totalSteps: losses,
    imagesSeen: losses,
    seconds: 100,
    peakBytes: 2 ** 30,
    lossRows: LOSSES,
    losses: Array.from({ length: losses }, (_, index) => ({
      step: index + 1,
      losses: Object.fromEntries(Object.keys(LOSSES).map((name) => [name, random()])),
    })),
    names: Array.from({ length: rows }, (_, row) => `house-${row}.jpg`),
    given: [{ title: 'Input', images: images(1) }],
    made: ['Output'],
    wanted: [{ title: 'Target', images: images(2) }],
    snapshots: Array.from({ length: snapshots }, (_, index) => ({
      step: (index + 1) * 10,
      outputs: images(10 + index).map((one) => [one]),
    })),
    metricRows: pix2pix.metrics,
    metrics: [
      { step: 10, metrics: { l1: 0.31, psnr: 12.34, ssim: 0.2 } },
      { step: 20, metrics: { l1: 0.25, psnr: 13.45, ssim: 0.3 } },
      { step: 30, metrics: { l1: 0.2, psnr: 13.4, ssim: 0.28 } },
    ],
    baseline: { name: 'mean photo', metrics: { l1: 0.25, psnr: 12, ssim: 0.22 } },
  };
}

test('the page holds everything it was given', () => {
  const page = renderReport(makeReport());
  for (const text of [
    'pix2pix on facades',
    'node examples/train-facades.js --seed 1',
    'llvmpipe',
    'Mesa 25',
    'Vulkan',
    '0.0002',
    'house-1.jpg',
    'Step 30',
    '0.310',
    '13.45',
    '1m 40s',
    '1.0 GiB',
    '2025-06-01 12:34 UTC',
    '20% below the baseline (mean photo)',
  ]) {
    assert.ok(page.includes(text), text);
  }
  assert.is(page.match(/<img /g)?.length, 2 * (2 + 3));
  assert.is(page.match(/<img [^>]*alt="[^"]+"/g)?.length, 10, 'every picture has a text');
  assert.is(page.match(/<svg [^>]*aria-label="[^"]+"/g)?.length, 3, 'every plot has a text');
  assert.match(page, /<td class="best">0\.200</);
});

test('a measure of an earlier step says so, and no speed is made of images whose time is not known', () => {
  assert.not.match(renderReport(makeReport()), /at step 30[;<]/);
  const page = renderReport({ ...makeReport(), state: 'interrupted', steps: 40, totalSteps: 100, imagesSeen: 40, imagesTimed: 10 });
  assert.match(page, /<dt>Validation L1<\/dt><dd>0\.200<small>at step 30; mean photo: 0\.250<\/small>/);
  assert.match(page, /<dt>Speed<\/dt><dd>0\.100<small>/);
  assert.match(page, /1m 40s<small>of 10 of 40 images</);
  assert.match(page, /1m 40s, of 10 images: that of the others is not known/);
  assert.match(renderReport({ ...makeReport(), imagesTimed: 0 }), /<dt>Speed<\/dt><dd>–</);
});

test('warnings stand with the losses, escaped; without any there is none', () => {
  assert.match(renderReport({ ...makeReport(), warnings: ['D <has> won'] }), '<p class="warning" role="note">D &lt;has&gt; won</p>');
  assert.not.match(renderReport(makeReport()), 'class="warning"');
});

test('findings stand before everything else, with their step and what to try, escaped; without any there is no heading', () => {
  const found = { diagnosis: 'x', title: 'the <b> has won', step: 1200, evidence: 'D_real 0.001', tries: ['a lower rate (--lr 1e-5)'] };
  const page = renderReport({ ...makeReport(), findings: [found, { ...found, step: 0, tries: [] }] });
  assert.match(page, /<h3>The &lt;b&gt; has won<\/h3>\n<p>Step 1,200: D_real 0\.001\.<\/p><ul><li>A lower rate \(--lr 1e-5\)<\/li><\/ul>/);
  assert.match(page, '<p>Before the first step: D_real 0.001.</p></div>');
  assert.ok(page.indexOf('Diagnosis') < page.indexOf('Validation images'));
  assert.not.match(renderReport(makeReport()), 'Diagnosis');
});

test('every text is escaped', () => {
  const evil = `"><img src=x onerror='alert(1)'></style></script><script>alert(2)</script>&lt;`;
  const report = makeReport();
  const page = renderReport({
    ...report,
    title: evil,
    command: evil,
    settings: { [evil]: evil },
    adapter: { name: evil, driver: evil, backend: evil, software: false },
    version: evil,
    startedAt: evil,
    names: [evil, evil],
    lossRows: Object.fromEntries(Object.keys(LOSSES).map((name) => [name, { label: evil, plot: evil }])),
    given: report.given.map(({ images }) => ({ title: evil, images })),
    made: [evil, evil],
    wanted: report.wanted.map(({ images }) => ({ title: evil, images })),
    metricRows: { l1: { label: evil, unit: evil, better: 'lower' } },
    baseline: { name: evil, metrics: { l1: 1 } },
  });
  assert.not.ok(page.includes('<img src=x'));
  assert.not.ok(page.includes('<script>alert'));
  assert.is(page.match(/<\/?script>/g)?.length, 2);
  assert.is(page.match(/<\/?style>/g)?.length, 2);
  assert.ok(page.includes('&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;'));
  assert.ok(page.includes('&amp;lt;'));
});

test('the page needs nothing else', () => {
  const page = renderReport(makeReport());
  assert.not.match(page, /https?:|\/\/[a-z]|@import|<link(?! rel="icon" href="data:,">)|url\((?!#)/i);
  assert.match(page, "default-src 'none'".replaceAll("'", '&#39;'));
  for (const [, source] of page.matchAll(/src="([^"]*)"/g)) assert.ok(source!.startsWith('data:image/png;base64,'));
});

test('pictures in the page are those of the report', async () => {
  const report = makeReport();
  const texts = [...renderReport(report).matchAll(/src="data:image\/png;base64,([^"]*)"/g)].map(([, text]) => text!);
  const sources = await Promise.all(texts.map((text) => decodeImage(Buffer.from(text, 'base64'), 'page')));
  const expected = [
    report.given[0]!.images[0],
    ...report.snapshots.map(({ outputs }) => outputs[0]![0]),
    report.wanted[0]!.images[0],
    report.given[0]!.images[1],
    ...report.snapshots.map(({ outputs }) => outputs[1]![0]),
    report.wanted[0]!.images[1],
  ];
  assert.equal(
    sources.map(({ data }) => [...data]),
    expected.map((image) => [...image!.data]),
  );
});

test('hard pixel edges only for small images', () => {
  assert.match(renderReport(makeReport({ side: 64 })), '<img class="pixels"');
  assert.not.match(renderReport(makeReport({ side: 65 })), '<img class="pixels"');
});

test('a long run with many incompressible pictures stays below 15 MB, first and last snapshot and all rows included', () => {
  const report = makeReport({ side: 256, rows: 4, snapshots: 24, losses: 80_000 });
  const page = renderReport(report);
  assert.ok(page.length < 15e6, `${page.length} bytes`);
  assert.ok(page.length > 10e6, 'the room is used');
  for (const text of ['Step 10<', 'Step 240<', 'house-0.jpg', 'house-3.jpg', 'of 24 snapshots']) assert.ok(page.includes(text), text);
});

test('a small budget leaves out snapshots first, then rows, never the first row', () => {
  const report = makeReport({ side: 32, rows: 3, snapshots: 6 });
  const one = choosePictures(makeReport({ side: 32, rows: 1, snapshots: 1 })).rows[0]!.given[0]!.length;
  const chosen = (images: number) => {
    const { rows, steps } = choosePictures(report, images * one * 1.02);
    return [rows.length, steps];
  };
  assert.equal(chosen(24), [3, [10, 20, 30, 40, 50, 60]]);
  assert.equal(chosen(15), [3, [10, 20, 60]]);
  assert.equal(chosen(12), [3, [10, 60]]);
  assert.equal(chosen(8), [2, [10, 60]]);
  assert.equal(chosen(1), [1, [60]]);
});

test('runs that have only just begun, or have gone wrong, still make a page', () => {
  const empty: TrainingReport = {
    ...makeReport(),
    state: 'running',
    steps: 0,
    totalSteps: 0,
    imagesSeen: 0,
    seconds: 0,
    losses: [],
    snapshots: [],
    names: [],
    given: [{ title: 'Input', images: [] }],
    wanted: [{ title: 'Target', images: [] }],
    metrics: [],
    baseline: undefined,
  };
  const broken = makeReport();
  for (const { losses } of broken.losses.slice(5))
    Object.assign(losses, { generatorL1: NaN, generatorGan: Infinity, discriminatorReal: -Infinity });
  Object.assign(broken.metrics[2]!.metrics, { l1: NaN, psnr: Infinity, ssim: NaN });
  const complete = makeReport();
  const missing: TrainingReport = {
    ...complete,
    snapshots: complete.snapshots.map(({ step, outputs }, index) => ({ step, outputs: index === 1 ? outputs.slice(0, -1) : outputs })),
    names: complete.names.slice(0, -1),
  };
  const allNaN = makeReport();
  for (const { losses } of allNaN.losses) Object.assign(losses, { generatorL1: NaN });
  for (const report of [empty, broken, missing, allNaN, makeReport({ losses: 1 }), makeReport({ losses: 2, rows: 0 })]) {
    const page = renderReport(report);
    for (const [, path] of page.matchAll(/ d="([^"]*)"/g)) assert.match(path!, /^([MLHV]-?[\d.]+( -?[\d.]+)?)*$/);
    assert.not.match(page, /(x|y|cx|cy|width|height)="(NaN|-?Infinity|undefined)"/);
    assert.not.match(page.replace(/<script>.*<\/script>/s, ''), /undefined/);
  }
  assert.match(renderReport(broken), '25 values are not finite and left out');
  assert.match(renderReport(allNaN), 'Nothing to draw yet');
  assert.match(renderReport(empty), 'No picture has been made yet');
});

/** Of a scheme that is not pix2pix: one loss, nothing given, two pictures made of each sample, and metrics of its own. */
function otherReport(): TrainingReport {
  const report = makeReport();
  return {
    ...report,
    lossRows: { energy: { label: 'energy', plot: 'Energy' } },
    losses: report.losses.map(({ step }) => ({ step, losses: { energy: 1 / step } })),
    given: [],
    made: ['Sketch', 'Painting'],
    wanted: [],
    snapshots: report.snapshots.map(({ step, outputs }) => ({
      step,
      outputs: outputs.map(([one], row) => [one!, image(8, 500 + step + row)]),
    })),
    metricRows: { fid: { label: 'FID', better: 'lower', digits: 4 }, agreement: { label: 'Agreement', better: 'higher', unit: '%' } },
    metrics: [
      { step: 10, metrics: { fid: NaN, agreement: 60 } },
      { step: 20, metrics: { fid: 80.25, agreement: 71 } },
      { step: 30, metrics: { fid: NaN, agreement: 75 } },
    ],
    baseline: { name: 'noise', metrics: { fid: NaN, agreement: 50 } },
  };
}

test('the page follows the losses, pictures and metrics of the report', () => {
  const page = renderReport(otherReport());
  assert.equal(
    [...page.matchAll(/<h[23][^>]*>([^<]*)/g)].map(([, heading]) => heading),
    ['Validation images', 'Losses', 'Energy', 'Validation metrics', 'FID on the validation set', 'Settings', 'Make this run again'],
  );
  assert.match(
    page,
    '<thead><tr><td></td><th scope="col" data-snapshot="0"><span>Step 10</span>, Sketch</th>' +
      '<th scope="col" data-snapshot="0"><span>Step 10</span>, Painting</th>',
  );
  assert.is(page.match(/<th scope="row"><span class="name" title="house-[01]\.jpg">house-[01]\.jpg<\/span><\/th>/g)?.length, 2);
  assert.is(page.match(/<img /g)?.length, 2 * 2 * 3);
  assert.match(page, 'alt="Painting for house-1.jpg at step 30"');
  assert.is(/\bL1\b|PSNR|mean photo|Target/.exec(page.replace(/base64,[^"]*/g, '')), null);
});

test('a metric that was not measured is NaN, the best of nothing, and no level to compare with', () => {
  const page = renderReport(otherReport());
  assert.match(page, '<dt>Validation FID</dt><dd>NaN<small>noise: NaN</small>');
  assert.match(page, 'FID is NaN at step 30; lower is better.');
  assert.match(page, '2 values are not finite and left out');
  assert.match(page, 'Agreement, % <span aria-label="higher is better">');
  assert.equal(
    [...page.matchAll(/<td class="best">([^<]*)/g)].map(([, value]) => value),
    ['75.0', '80.25'],
  );
  assert.not.match(page, 'class="reference"');
  for (const [, path] of page.matchAll(/ d="([^"]*)"/g)) assert.match(path!, /^([MLHV]-?[\d.]+( -?[\d.]+)?)*$/);
});

test('losses share a plot by its heading and have colours of their own in it, wherever they stand in the list', () => {
  const plots = ['GAN', 'Cycle', 'GAN', 'Cycle', 'GAN', 'Cycle'];
  const page = renderReport({
    ...makeReport(),
    lossRows: Object.fromEntries(plots.map((plot, index) => [`loss${index}`, { label: `loss ${index}`, plot }])),
    losses: [{ step: 1, losses: Object.fromEntries(plots.map((_, index) => [`loss${index}`, index])) }],
  });
  const figures = page.split('<figure class="plot">').slice(1);
  const legends = figures.map((figure) =>
    [...figure.matchAll(/class="key (c\d)"><\/i>([^<]*) /g)].map(([, colour, name]) => [name, colour]),
  );
  assert.equal(
    legends.slice(0, 2).map((legend) => legend.map(([name]) => name)),
    [
      ['loss 0', 'loss 2', 'loss 4'],
      ['loss 1', 'loss 3', 'loss 5'],
    ],
  );
  for (const legend of legends) assert.is(new Set(legend.map(([, colour]) => colour)).size, legend.length);
});

test('thinning keeps the extremes, the ends of the range and the order, within its bound', () => {
  const random = noise(3);
  const points = Array.from({ length: 80_000 }, (_, x) => ({ x, y: random() }));
  points[12_345]!.y = 100;
  points[54_321]!.y = -100;
  points[40_000]!.y = NaN;
  const thin = downsample(points, 200);
  assert.ok(thin.length <= 3 * 200 && thin.length >= 400);
  assert.ok(thin.includes(points[12_345]!) && thin.includes(points[54_321]!) && thin.includes(points[40_000]!));
  for (let at = 1; at < thin.length; at++) assert.ok(thin[at]!.x > thin[at - 1]!.x);
  assert.equal(downsample(points.slice(0, 30), 200), points.slice(0, 30), 'few points are left alone');
  assert.equal(
    downsample(
      Array.from({ length: 100 }, (_, x) => ({ x, y: NaN })),
      10,
    ).length,
    10,
  );
});

test('smoothing keeps constants and lines, leaves out what is not finite, and tames noise', () => {
  const line = Array.from({ length: 50 }, (_, x) => ({ x, y: 2 * x }));
  const smoothed = smooth(line, 5);
  for (let at = 5; at < 45; at++) assert.ok(Math.abs(smoothed[at]!.y - 2 * at) < 1e-9);
  assert.equal(smooth(line, 0), line);
  const broken = [1, 1, NaN, 1, Infinity, 1].map((y, x) => ({ x, y }));
  assert.equal(
    smooth(broken, 2).map(({ y }) => y),
    [1, 1, 1, 1, 1, 1],
  );
  assert.ok(Number.isNaN(smooth([{ x: 0, y: NaN }], 3)[0]!.y));
});

test('ticks are round and inside the axis', () => {
  assert.equal(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(niceTicks(0, 0.37, 5), [0, 0.1, 0.2, 0.3]);
  assert.equal(niceTicks(1, 80_000, 4), [20_000, 40_000, 60_000, 80_000]);
  assert.equal(niceTicks(3, 3, 5), [3]);
});

test('quantiles and widening steps', () => {
  assert.is(quantile([5, 1, NaN, 3, 2, 4], 0.5), 3);
  assert.ok(Number.isNaN(quantile([NaN], 0.5)));
  for (let length = 1; length <= 60; length++) {
    for (let count = 1; count <= 25; count++) {
      const chosen = geometricIndices(length, count);
      assert.is(new Set(chosen).size, Math.min(length, count));
      assert.is(chosen[chosen.length - 1], length - 1);
      if (count > 1) assert.is(chosen[0], 0);
    }
  }
  const gaps = geometricIndices(1000, 8).map((index, at, all) => index - (all[at - 1] ?? 0));
  assert.equal(
    gaps,
    [...gaps].sort((a, b) => a - b),
  );
});

test('a spike is cut off and told, so that it does not flatten the rest', () => {
  const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x === 3 ? 500 : 1 }));
  const plot = (smoothed: boolean) =>
    renderPlot({ title: 'Loss', description: 'a loss', smoothed, curves: [{ name: 'loss', colour: 1, points }] }).text;
  assert.match(plot(true), 'Spikes up to 500 are cut off');
  assert.not.match(plot(false), 'cut off', 'an unsmoothed line is shown whole');
});

test('files are written whole, or the old one stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-report-'));
  try {
    const path = join(folder, 'deep', 'report.html');
    await writeReport(path, makeReport());
    await writeReport(path, { ...makeReport(), title: 'second' });
    assert.match(readFileSync(path, 'utf8'), '<title>second</title>');
    assert.equal(readdirSync(join(folder, 'deep')), ['report.html']);

    await writeSampleGrid(join(folder, 'grid.png'), [
      [image(8, 1), image(8, 2)],
      [image(8, 3), image(8, 4)],
    ]);
    const grid = await decodeImage(readFileSync(join(folder, 'grid.png')), 'grid');
    assert.ok(grid.width >= 16 && grid.height >= 16);

    writeFileSync(join(folder, 'file'), '');
    try {
      await writeReport(join(folder, 'file', 'report.html'), makeReport());
      assert.unreachable();
    } catch (error) {
      assert.is((error as ShadegradError).code, 'WRITE_FAILED');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('in a browser: slider, all steps, no scripts, no sideways scrolling, nothing fetched', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-report-'));
  const browser = await launchChromium();
  try {
    await writeReport(join(folder, 'report.html'), makeReport({ snapshots: 12 }));
    const address = pathToFileURL(join(folder, 'report.html')).href;
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const requests: string[] = [];
    const troubles: string[] = [];
    page.on('request', (request) => request.url().startsWith('data:') || requests.push(request.url()));
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(String(error)));
    await page.goto(address);
    const columns = () =>
      page.$$eval('.samples thead tr > *', (cells) => cells.filter((cell) => cell.checkVisibility()).map((cell) => cell.textContent));
    const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

    assert.equal(await columns(), ['Input', 'Step 120', 'Target'], 'the newest first');
    await page.locator('#step').focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await columns(), ['Input', 'Step 110', 'Target']);
    await page.keyboard.press('Home');
    assert.equal(await columns(), ['Input', 'Step 10', 'Target']);
    assert.is(await page.locator('.controls output').textContent(), 'Step 10');
    assert.is(await sideways(), 0);
    await page.locator('.all').click();
    assert.is((await columns()).length, 14);
    assert.is(await page.locator('.all').getAttribute('aria-pressed'), 'true');
    assert.is(await sideways(), 0);
    assert.equal(requests, [address]);
    assert.equal(troubles, []);

    const { given, ...others } = makeReport();
    const wider = { ...others, given: [...given, { title: 'Edges', images: given[0]!.images }] };
    const headings = [
      ['', 'Step 30, Sketch', 'Step 30, Painting'],
      ['Input', 'Edges', 'Step 30', 'Target'],
    ];
    for (const [index, report] of [otherReport(), wider].entries()) {
      await writeReport(join(folder, `${index}.html`), report);
      await page.goto(pathToFileURL(join(folder, `${index}.html`)).href);
      const pictures = await page.$$eval('.samples img', (images) =>
        images.flatMap((one) => (one.checkVisibility() ? [one.getBoundingClientRect()] : [])).map(({ width, right }) => ({ width, right })),
      );
      const [least, ...more] = pictures.map(({ width }) => width).sort((a, b) => a - b);
      assert.ok(more[more.length - 1]! < 1.1 * least!, `pictures of one size, not ${least} to ${more[more.length - 1]} pixels wide`);
      for (const { right } of pictures) assert.ok(right <= 390, `a picture reaches to ${right} of 390 pixels`);
      assert.is(await sideways(), 0);
      assert.equal(await columns(), headings[index]);
      assert.is(await page.locator('.controls output').textContent(), 'Step 30');
    }
    assert.equal(troubles, []);

    const plain = await browser.newContext({ javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(address);
    assert.is(await still.locator('.samples thead th:visible').count(), 14);
    assert.is(await still.locator('.controls').isVisible(), false);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
