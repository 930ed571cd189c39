import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2dForward } from '../../src/kernels/conv2d/conv2d.js';
import { ShadegradError } from '../../src/errors.js';
import { expectTimed } from '../../bench/command.js';
import { compareReports, formatComparison } from '../../bench/compare.js';
import { entriesByFile } from '../../bench/entries.js';
import { convEntries } from '../../bench/conv2d.bench.js';
import { filterEntries, runEntry, workload, type BenchEntry, type BenchResult } from '../../bench/harness.js';
import { formatHtml } from '../../bench/html.js';
import { patchganLayers, pix2pixMacs, unetLayers } from '../../bench/layers.js';
import type { BenchReport } from '../../bench/report.js';
import { readReport, writeJson } from '../../bench/report-files.js';
import { fmaWorkload } from '../../bench/limits.bench.js';
import { chooseClock, judge, Timestamps } from '../../bench/stopwatch.js';
import { median, summarise } from '../../bench/timing.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { openNodeGpu } from '../../src/node/adapter/adapter.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const ONE_SAMPLE = { sampleMs: 0, samples: 1, maxSeconds: 1 };

/** The name of a kernel file's benchmark: src/kernels/conv2d/direct.ts has bench/conv2d-direct.bench.ts. */
const entryOf = (file: string): string => [...new Set(file.replace(/\.ts$/, '').split(/[\\/]/))].join('-');

test('a time that is over before anything is timed is an error, not an empty table', () => {
  const failed = ['conv2d is wrong'];
  expectTimed({ results: [], failures: failed }, 5);
  expectTimed({ results: [{} as BenchResult], failures: [] }, 5);
  try {
    expectTimed({ results: [], failures: [] }, 5);
    assert.unreachable();
  } catch (error) {
    assert.is((error as ShadegradError).code, 'BAD_FLAG', String(error));
    assert.match((error as Error).message, /the 5 s of --seconds were over before the first/);
  }
});

test('every file of src/kernels that dispatches kernels has benchmark entries', () => {
  const folder = join(process.cwd(), 'src/kernels');
  const sources = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  const files = [...sources.keys()].filter((name) => /\.dispatch\([^)]/.test(sources.get(name)!));
  assert.ok(files.length >= 10);
  assert.equal(Object.keys(entriesByFile).sort(), files.map(entryOf).sort());
  for (const [file, entries] of Object.entries(entriesByFile)) {
    // Of the file itself, or of one that is built on it.
    const name = files.find((each) => entryOf(each) === file)!;
    const source = [...sources]
      .filter(([each, text]) => each === name || text.includes(`/${basename(name, '.ts')}.js'`))
      .map(([, text]) => text);
    assert.ok(entries.length > 0, file);
    for (const { kernel, label } of entries)
      assert.match(source.join(''), new RegExp(`export function ${kernel}\\b`), `${kernel} ${label} is in ${file}.ts, or built on it`);
  }
});

test('no two entries have one name', () => {
  const names = Object.values(entriesByFile)
    .flat()
    .map(({ kernel, label }) => `${kernel} ${label}`);
  assert.equal(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test('the layers are those of the networks, and a step is 43.5 GMAC', () => {
  const weights = (layers: { weight: readonly number[] }[]): string[] => layers.map(({ weight }) => weight.join()).sort();
  const declared = (network: UNet | PatchGAN): string[] =>
    [...network.namedTensors()]
      .filter(([, { shape }]) => shape.length === 4)
      .map(([, { shape }]) => shape.join())
      .sort();
  assert.equal(weights(unetLayers({ size: 256, ngf: 64, batch: 1 })), declared(new UNet()));
  assert.equal(weights(patchganLayers({ size: 256, ndf: 64, batch: 1 })), declared(new PatchGAN()));
  const { generatorForward, step } = pix2pixMacs({ size: 256, ngf: 64, ndf: 64, batch: 1 });
  assert.is((generatorForward / 1e9).toFixed(2), '6.05');
  assert.is((step / 1e9).toFixed(1), '43.5');
});

/** The three passes of a transposed layer and of one with a stride of 1, small. */
const small = [unetLayers({ size: 16, ngf: 4, batch: 2 })[5]!, patchganLayers({ size: 32, ndf: 4, batch: 1 })[3]!].flatMap((layer) =>
  convEntries(layer),
);
for (const entry of [
  ...small,
  ...filterEntries(entriesByFile.dropout!, '[1, 8, 8, 512]'),
  ...filterEntries(entriesByFile.loss!, '[1, 30, 30, 1]'),
  ...filterEntries(entriesByFile.map!, '[1, 8, 8, 512]'),
  ...filterEntries(entriesByFile.reduce!, '[1, 256, 256, 3] over 3'),
]) {
  test(`${entry.kernel} ${entry.label} is checked and timed`, async () => {
    const before = gpu.memory();
    const { medianMs, minMs, maxMs, samplesMs, gflops, gigabytes } = await runEntry(gpu, entry, ONE_SAMPLE);
    assert.is(samplesMs.length, 1);
    assert.ok(0 < minMs && minMs <= medianMs && medianMs <= maxMs);
    assert.ok(gigabytes > 0);
    assert.is(gflops !== undefined, entry.work.flops !== undefined);
    assert.is(gpu.memory().tensors, before.tensors, 'every tensor was disposed');
    assert.is(gpu.memory().bytesInUse, before.bytesInUse, 'so was the recording');
  });
}

test('what computes something else is not timed', async () => {
  const { setup, ...rest } = small[0]!;
  const wrong: BenchEntry = {
    ...rest,
    setup(bench) {
      const { check } = setup(bench);
      const x = bench.random('another x', [1, 4, 4, 4]);
      const w = bench.random('another w', [4, 4, 4, 8]);
      return workload<unknown>({ run: () => conv2dForward(x.tensor, w.tensor, null, { stride: [2, 2], padding: [1, 1] }), check });
    },
  };
  let message = '';
  await runEntry(gpu, wrong, ONE_SAMPLE).catch((error: Error) => (message = error.message));
  assert.match(message, /the result is wrong, so it is not timed/);
});

const result = (kernel: string, samplesMs: number[]): BenchResult => ({
  kernel,
  label: 'a < b',
  work: { bytes: 4e6, flops: 4e8 },
  gflops: 4e8 / median(samplesMs) / 1e6,
  gigabytes: 4 / median(samplesMs),
  ...summarise(samplesMs),
});
const report = (results: BenchResult[], name = 'one adapter'): BenchReport => ({
  date: '2026-11-01T00:00:00.000Z',
  adapter: { name, description: '', kind: 'software', backend: 'vulkan' },
  features: [],
  shadegrad: '0',
  node: 'v20',
  clock: 'wall',
  sampling: ONE_SAMPLE,
  failures: [],
  results,
  limits: {
    fmaGflops: 100,
    copyGigabytes: 18,
    bufferCopyGigabytes: 20,
    dispatchMicroseconds: 50,
    hostMicrosecondsPerDispatch: 3,
    emptySubmitMs: 0.2,
  },
});

test('a comparison marks only what is beyond the spread of both runs', () => {
  const old = report([
    result('slow', [1, 2, 3]),
    result('fast', [10, 11, 12]),
    result('noisy', [1, 2, 9]),
    result('once', [1]),
    result('gone', [1, 1]),
  ]);
  const now = report(
    [result('slow', [4, 5, 6]), result('fast', [5, 5.5, 6]), result('noisy', [8, 8, 10]), result('once', [7]), result('new', [1, 1])],
    'another adapter',
  );
  const comparison = compareReports(old, now);
  assert.equal(
    comparison.changes.map(({ kernel, ratio, verdict }) => [kernel, ratio, verdict]),
    [
      ['slow', 2.5, 'slower'],
      ['fast', 0.5, 'faster'],
      ['noisy', 4, null],
      ['once', 7, null],
    ],
  );
  assert.equal(comparison.added, ['new a < b']);
  assert.is(comparison.warnings.length, 1);
  assert.is(comparison.limits.length, Object.keys(now.limits).length, 'every limit is compared');
  const text = formatComparison(comparison);
  assert.match(text, /another adapter: one adapter then, another adapter now/);
  assert.match(text, /1 slower and 1 faster beyond the spread of both runs; 2 within it/);
});

test('a report that was written is read again; anything else is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-bench-'));
  const path = join(folder, 'report.json');
  try {
    const whole = report([result('one', [1, 2])]);
    await writeJson(path, whole);
    assert.equal(await readReport(path), whole);
    const refused = async (content: unknown, code: string): Promise<void> => {
      if (content !== undefined) writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      const error = await readReport(path).then(
        () => null,
        (cause: unknown) => cause,
      );
      assert.instance(error, ShadegradError);
      assert.is((error as ShadegradError).code, code);
    };
    await refused('{"results": [', 'DATA_UNREADABLE');
    await refused('null', 'DATA_UNREADABLE');
    await refused({ measured: [] }, 'DATA_UNREADABLE');
    await refused({ ...whole, results: 3 }, 'DATA_UNREADABLE');
    await refused({ ...whole, results: [null] }, 'DATA_UNREADABLE');
    await refused({ ...whole, results: [{ ...whole.results[0], medianMs: 0 }] }, 'DATA_UNREADABLE');
    await refused({ ...whole, limits: { ...whole.limits, fmaGflops: '100' } }, 'DATA_UNREADABLE');
    await refused({ ...whole, adapter: undefined }, 'DATA_UNREADABLE');
    rmSync(path);
    await refused(undefined, 'DATA_NOT_FOUND');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the HTML report holds a point for each result, every table, and nothing from elsewhere', () => {
  const { gflops: _, ...bytesOnly } = { ...result('adamStep', [1, 2]), work: { bytes: 4e6 } };
  const whole = report([result('conv2dForward', [1, 2, 3]), bytesOnly], 'a & b');
  const html = formatHtml({ ...whole, failures: ['<wrong>'] }, compareReports(whole, whole));
  const circles = [...html.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
  assert.is(circles.length, 2);
  // 2 ms for 4 MB and 0.4 GFLOP: at 100 operations a byte and 200 GFLOP/s, twice the FMA peak; y grows downwards.
  const roofY = Number(html.match(/<polyline points="[^"]*,([\d.]+)"/)![1]);
  assert.ok(circles[0]![1]! < roofY);
  assert.ok(circles[1]![0]! < circles[0]![0]!, 'bytes alone stand to the left');
  assert.match(html, /<title>conv2dForward a &#60; b: 2.00 ms, spread 100%, 200 GFLOP\/s<\/title>/);
  assert.match(html, /a &#38; b/);
  assert.match(html, /&#60;wrong&#62;/);
  for (const text of ['empty submit until done', 'Against an earlier run', '>adam<', '>conv2d<']) assert.ok(html.includes(text), text);
  assert.not.match(html, /https?:|<script|<link|@import|url\(|NaN|Infinity|undefined/);
});

test('timestamps are believed only while they agree with the wall clock', async () => {
  assert.is(judge(45, 50), null);
  assert.is(judge(26, 50), null);
  assert.match(judge(24, 50)!, /24.000 ms of a workload that takes 50.000 ms/);
  for (const nonsense of [101, 0, -3, NaN]) assert.ok(judge(nonsense, 50) !== null, String(nonsense));
  const { result: target, run } = fmaWorkload(gpu);
  const clock = await chooseClock(gpu, run);
  try {
    assert.match(clock.description, /^(GPU timestamps|wall clock)/);
    const timed = await runEntry(gpu, small[0]!, ONE_SAMPLE, async (submit) =>
      clock.stopwatch(() => {
        run();
        submit();
      }),
    );
    assert.ok(timed.medianMs > 0);
  } finally {
    clock.destroy();
    target.dispose();
  }
});

test('timestamps are rounded to 65,536 ns unless exact ones are asked for', async () => {
  if (!gpu.features.has('timestamp-query')) return;
  const rounded = async (exactTimestamps: boolean): Promise<boolean> => {
    const { gpu: own } = await openNodeGpu({ exactTimestamps });
    const timestamps = new Timestamps(own);
    try {
      const samples: number[] = [];
      for (let taken = 0; taken < 8; taken++) samples.push(await timestamps.time(() => own.submitCommands([])));
      return samples.every((ms) => Math.round(ms * 1e6) % 65_536 === 0);
    } finally {
      timestamps.destroy();
      own.destroy();
    }
  };
  assert.equal([await rounded(false), await rounded(true)], [true, false]);
});

test('a clock that stands still is an error, not an infinite rate', async () => {
  let message = '';
  await runEntry(gpu, small[0]!, ONE_SAMPLE, async (submit) => {
    submit();
    return 0;
  }).catch((error: Error) => (message = error.message));
  assert.match(message, /the clock gave a sample of 0 ms/);
});

test.run();
