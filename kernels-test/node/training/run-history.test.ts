// not in browsers: it is about the files and notes of a run
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../../src/data/image.js';
import type { Trainer, TrainedStep } from '../../../src/training/trainer.js';
import type { LossWatch, TrainingScheme } from '../../../src/training/scheme.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import type { Progress } from '../../../src/node/terminal/progress.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { LossCurve } from '../../../src/training/run/loss-curve.js';
import { TRAIN_PROGRAM, type TrainFlags } from '../../../src/node/training/flags.js';
import { RunFolder } from '../../../src/node/training/folder.js';
import { RunHistory, type HistoryOptions, type MeasuredImages } from '../../../src/node/training/history.js';
import type { Interrupt } from '../../../src/node/training/interrupt.js';
import { LossWatcher } from '../../../src/training/run/loss-watch.js';
import { TrainingLoop } from '../../../src/training/run/loop.js';
import { lowerLearningRate, newSettings } from '../../../src/training/run/settings.js';
import type { StepLosses } from '../../harness/models.js';

const losses = (discriminator: number): StepLosses => ({
  discriminatorReal: discriminator,
  discriminatorFake: discriminator,
  generatorGan: 9,
  generatorL1: 0.5,
});
const watch: LossWatch = pix2pix.watch!;
const settings = newSettings(
  pix2pix,
  parseFlags(TRAIN_PROGRAM, ['--preset', 'full', '--lr', '0.01']).values as TrainFlags,
  new Set(['lr']),
  false,
)[0]!;

test('a curve of any length has a bound, the first step and equal distances', () => {
  const curve = new LossCurve(100);
  for (let step = 1; step <= 100; step++) curve.add({ step, losses: losses(step) });
  assert.equal(
    curve.points.map(({ step }) => step),
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  for (let step = 101; step <= 100_000; step++) {
    curve.add({ step, losses: losses(step) });
    assert.ok(curve.points.length <= 100);
  }
  const steps = curve.points.map(({ step }) => step);
  assert.is(steps[0], 1);
  assert.ok(steps.length > 50 && steps[steps.length - 1]! > 98_000);
  assert.is(new Set(steps.slice(1).map((step, index) => step - steps[index]!)).size, 1);
});

test('a curve keeps every kind of steps, however often each comes', () => {
  const curve = new LossCurve(100);
  // Every second step has a loss more, and no power of two ever meets one of these from the first step on.
  for (let step = 1; step <= 10_000; step++) curve.add({ step, losses: step % 2 === 0 ? { first: step, second: step } : { first: step } });
  const [some, all] = [false, true].map((both) => curve.points.filter(({ losses }) => 'second' in losses === both).map(({ step }) => step));
  assert.equal([some![0], all![0]], [1, 2]);
  for (const steps of [some!, all!]) {
    assert.ok(steps.length > 20, String(steps.length));
    assert.is(new Set(steps.slice(1).map((step, index) => step - steps[index]!)).size, 1);
  }
});

test('steps without the losses that are watched do not say that they are well', () => {
  const watcher = new LossWatcher({ ...watch, losses: ['generatorGan'] });
  const low = Array.from({ length: 2 * watch.steps }, (_, index) => watcher.add(index + 1, index % 2 === 0 ? { generatorGan: 0 } : {}));
  assert.is(low.lastIndexOf(true), 2 * watch.steps - 2);
});

test('a discriminator has won after its losses were about 0 for so long, and not because some were', () => {
  const healthy = new LossWatcher(watch);
  for (let step = 1; step <= 5000; step++) assert.not.ok(healthy.add(step, losses(step % (watch.steps - 1) === 0 ? 1e-3 : 0)));
  // One of the two losses is not enough: the other still teaches.
  for (let step = 1; step <= 1000; step++) assert.not.ok(healthy.add(step, { ...losses(0), discriminatorFake: 0.02 }));
  assert.is(healthy.foundAt, undefined);
  const lost = new LossWatcher(watch);
  const told = Array.from({ length: 2000 }, (_, index) => lost.add(index + 1, losses(index < 100 ? 0.3 : 0)));
  assert.equal(
    told.flatMap((now, index) => (now ? [index + 1] : [])),
    [100 + watch.steps],
  );
  assert.is(lost.foundAt, 100 + watch.steps);
});

test('a scheme that watches nothing finds nothing', () => {
  const watcher = new LossWatcher(undefined);
  for (let step = 1; step <= 1000; step++) assert.not.ok(watcher.add(step, losses(0)));
  assert.is(watcher.foundAt, undefined);
});

test('the loop says so once, with flags that can be given', () => {
  const notes: string[] = [];
  const watcher = new LossWatcher(watch);
  const history = {
    secondsBefore: 0,
    addSteps: (steps: readonly TrainedStep[]) => steps.forEach(({ step, losses: of }) => watcher.add(step, of)),
    get watchedAt() {
      return watcher.foundAt;
    },
  } as unknown as RunHistory;
  const progress = { update: () => {}, note: (line: string) => notes.push(line), stop: () => {} } as Progress;
  const trainer = { step: 0, stepsPerEpoch: 400, scheme: pix2pix as unknown as TrainingScheme } as Trainer;
  const loop = new TrainingLoop({
    trainer,
    settings,
    history,
    progress,
    interrupt: {} as Interrupt,
    measured: { rate: undefined },
    totalSteps: 1000,
    trial: { trained: [], secondsPerStep: 1 },
  });
  for (let step = 1; step <= 1000; step += 4) loop.record([0, 1, 2, 3].map((more) => ({ step: step + more, losses: losses(1e-6) })));
  assert.is(notes.length, 1);
  assert.match(notes[0]!, /by step 300 .* has won/);
  const flags = [...watch.describe(300, settings, lowerLearningRate(pix2pix, settings)).matchAll(/\((--[^)]*)\)/g)].map(
    ([, flag]) => flag!,
  );
  assert.equal(flags, ['--lr 0.0002', '--ndf 32', '--from']);
  for (const flag of flags.slice(0, 2)) parseFlags(TRAIN_PROGRAM, flag.split(' '));
  assert.throws(() => loop.record([{ step: 1001, losses: losses(NaN) }]), /step 1001[^]*--lr 0\.0002/);
});

/** A scheme that is not pix2pix: other losses and metrics, nothing given, two pictures made of each sample. */
const other: HistoryOptions['scheme'] = {
  title: 'another scheme',
  losses: { energy: { label: 'energy', plot: 'Energy' }, drift: { label: 'drift', plot: 'Energy' } },
  metrics: { fid: { label: 'FID', better: 'lower' }, agreement: { label: 'Agreement', better: 'higher' } },
  watch: { losses: ['drift'], below: 0.1, steps: 3, describe: (step) => `stands still since step ${step}` },
};
const plain = (value: number): RgbImage => ({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(value) });
const facts = (step: number) => ({ epoch: 1, learningRate: 1e-3, imagesPerSecond: 2, seconds: step / 2 });

async function inFolder(use: (folder: RunFolder) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'shadegrad-history-'));
  try {
    await use(new RunFolder(path));
  } finally {
    rmSync(path, { recursive: true });
  }
}

test('losses, metrics and pictures of any scheme are written down, and read back up to the step of the checkpoint', () =>
  inFolder(async (folder) => {
    const images: MeasuredImages = { pictured: { given: [], made: ['Sketch', 'Painting'], wanted: [] }, fingerprint: 'these' };
    const lossesAt = (step: number) => ({ energy: 1 / step, drift: step === 3 ? NaN : step < 4 ? 1 : 0.01 });
    const trained = (first: number, last: number): TrainedStep[] =>
      Array.from({ length: last - first + 1 }, (_, index) => ({ step: first + index, losses: lossesAt(first + index) }));
    const outputsAt = (step: number) => [0, 1].map((row) => [plain(10 * step + row), plain(100 + 10 * step + row)]);

    const history = await RunHistory.open(folder, images, { scheme: other });
    history.addSteps(trained(1, 5), facts);
    await history.addValidation(5, { metrics: { fid: NaN, agreement: 0.5 }, outputs: outputsAt(5) });
    history.addSteps(trained(6, 9), facts);
    await history.addValidation(9, { metrics: { fid: 80, agreement: 0.6 }, outputs: outputsAt(9) });
    history.addSteps(trained(10, 12), facts);
    assert.is(history.watchedAt, 6);
    history.close();
    assert.equal(JSON.parse(readFileSync(folder.log, 'utf8').split('\n')[0]!), { step: 1, energy: 1, drift: 1, ...facts(1) });

    const resumed = await RunHistory.open(folder, images, { scheme: other, resumeAtStep: 9 });
    resumed.close();
    assert.equal(resumed.losses, trained(1, 9));
    assert.equal(resumed.metrics, [
      { step: 5, metrics: { fid: NaN, agreement: 0.5 } },
      { step: 9, metrics: { fid: 80, agreement: 0.6 } },
    ]);
    assert.equal(resumed.snapshots, [
      { step: 5, outputs: outputsAt(5) },
      { step: 9, outputs: outputsAt(9) },
    ]);
    assert.equal([resumed.watchedAt, resumed.timedSteps, resumed.secondsBefore], [6, 9, 4.5]);

    const earlier = await RunHistory.open(folder, images, { scheme: other, resumeAtStep: 5 });
    earlier.close();
    assert.equal([earlier.losses.length, earlier.metrics.length, earlier.snapshots.length, earlier.watchedAt], [5, 1, 1, undefined]);
  }));

test('what was found is logged when it is new or was said long ago, and known to a run that goes on', () =>
  inFolder(async (folder) => {
    const images: MeasuredImages = { pictured: { given: [], made: [], wanted: [] }, fingerprint: 'these' };
    const finding = (diagnosis: string, step: number) => ({ diagnosis, title: 'bad', step, evidence: `at ${step}`, tries: ['--lr 1'] });
    const history = await RunHistory.open(folder, images, { scheme: other });
    const said = [
      finding('won', 0),
      finding('won', 1),
      finding('frozen', 100),
      finding('won', 110),
      finding('frozen', 150),
      finding('frozen', 200),
    ]
      .flatMap((each) => history.addFindings([each]))
      .map(({ diagnosis, step }) => [diagnosis, step]);
    assert.equal(said, [
      ['won', 0],
      ['frozen', 100],
      ['won', 110],
      ['frozen', 200],
    ]);
    assert.equal(history.findings, [finding('won', 110), finding('frozen', 200)]);
    history.close();
    const resumed = await RunHistory.open(folder, images, { scheme: other, resumeAtStep: 150 });
    resumed.close();
    assert.equal(resumed.findings, [finding('won', 110), finding('frozen', 100)]);
    assert.equal([resumed.losses.length, resumed.metrics.length], [0, 0]);
    assert.equal(resumed.addFindings([finding('frozen', 160)]), [], 'said at 100');
  }));

test('pictures are read back between the columns that are given and wanted, and not where those are of other samples', () =>
  inFolder(async (folder) => {
    const set = (title: string, ...values: number[]) => ({ title, images: values.map(plain) });
    const given = [set('Photo', 1, 2), set('Edges', 101, 102)];
    const wanted = [set('Target', 201, 202)];
    const made = ['Sketch', 'Painting'];
    const images = (of: MeasuredImages['pictured'], fingerprint = 'these'): MeasuredImages => ({ pictured: of, fingerprint });
    const outputs = [
      [plain(50), plain(60)],
      [plain(70), plain(80)],
    ];
    const history = await RunHistory.open(folder, images({ given, made, wanted }), { scheme: other });
    await history.addValidation(1, { metrics: { fid: 1, agreement: 1 }, outputs });
    history.close();

    const reopened = async (measured: MeasuredImages): Promise<RunHistory> => {
      const again = await RunHistory.open(folder, measured, { scheme: other, resumeAtStep: 1 });
      again.close();
      return again;
    };
    assert.equal((await reopened(images({ given, made, wanted }))).snapshots, [{ step: 1, outputs }]);
    for (const pictured of [
      { given: [set('Photo', 1, 2), set('Edges', 101, 152)], made, wanted },
      { given, made, wanted: [set('Target', 251, 202)] },
      { given: [set('Photo', 1), set('Edges', 101)], made, wanted: [set('Target', 201)] },
      { given, made: ['Sketch'], wanted },
    ]) {
      assert.equal((await reopened(images(pictured))).snapshots, []);
    }
    const others = await reopened(images({ given, made, wanted }, 'those'));
    assert.equal([others.snapshots.length, others.metrics.length, others.otherMeasurements], [0, 0, 1]);
  }));

test.run();
