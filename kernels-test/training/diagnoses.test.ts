// first driver only: what the numbers of a run say of it, computed on the host: series that say something, and others that nearly do.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import type { PairsSample, RunSoFar } from '../../src/training/diagnoses/diagnosis.js';
import { findAll, inOneLine } from '../../src/training/diagnoses/diagnosis.js';
import { discriminatorWon } from '../../src/training/diagnoses/discriminator-won.js';
import { labelsBlurred } from '../../src/training/diagnoses/labels-blurred.js';
import { noBetterThanMean } from '../../src/training/diagnoses/no-better-than-mean.js';
import { outputCollapsed } from '../../src/training/diagnoses/output-collapsed.js';
import { outputFrozen } from '../../src/training/diagnoses/output-frozen.js';
import { overfitting } from '../../src/training/diagnoses/overfitting.js';
import { outlineAgreement, pairsUnmatched } from '../../src/training/diagnoses/pairs-unmatched.js';
import { rangeUnfit } from '../../src/training/diagnoses/range-unfit.js';
import { PAIR_DIAGNOSES, RUN_DIAGNOSES } from '../../src/training/diagnoses/registry.js';
import { lossRows, type TrainingScheme } from '../../src/training/scheme.js';
import { findScheme } from '../../src/schemes/registry.js';

const pix2pix = findScheme('pix2pix')! as TrainingScheme;
const settings = {
  ganMode: 'vanilla',
  dSteps: 1,
  ndf: 64,
  ngf: 64,
  labelSmoothing: 0,
  dropout: false,
  jitter: false,
  lambda: 100,
  norm: 'batch',
};
const grey = (value: number, shade = 0): RgbImage => {
  const image = createImage(8, 8);
  return { ...image, data: image.data.map((_, at) => value + (at % 2) * shade) };
};

/** A run of 2,000 steps whose numbers say nothing bad, but for what is said otherwise. */
function runOf({
  ssim = 0.1,
  losses = () => ({}),
  l1 = () => 0.3,
  ...rest
}: Partial<Omit<RunSoFar, 'losses' | 'measured'>> & {
  ssim?: number;
  losses?: (step: number) => Record<string, number>;
  l1?: (step: number) => number;
} = {}): RunSoFar {
  const step = rest.step ?? 2000;
  const healthy = { discriminatorReal: 0.4, discriminatorFake: 0.4, generatorGan: 1.5, generatorL1: 0.25 };
  const times = Array.from({ length: 11 }, (_, at) => Math.round((at * step) / 10));
  return {
    ...{ step, lossRows: lossRows(pix2pix, settings), metricRows: pix2pix.metrics, settings, lowerRate: 1e-5, rateShare: 1 },
    losses: Array.from({ length: step }, (_, at) => ({ step: at + 1, losses: { ...healthy, ...losses(at + 1) } })),
    measured: times.map((at) => ({ step: at, metrics: { l1: l1(at), psnr: 14, ssim } })),
    snapshots: times.map((at) => ({ step: at, outputs: [0, 80, 160].map((value) => [grey(value + (at % 7), 30)]) })),
    expected: [0, 80, 160].map((value) => grey(value)),
    baseline: { name: 'mean photo', metrics: { l1: 0.32, psnr: 14, ssim: 0.1 } },
    ...rest,
  };
}

test('of a run that is well nothing is said', () => {
  assert.equal(findAll(RUN_DIAGNOSES, 2000, runOf()), []);
  // Nor of one that has not begun.
  assert.equal(findAll(RUN_DIAGNOSES, 0, { ...runOf({ step: 0 }), measured: [], snapshots: [], losses: [] }), []);
});

test('a discriminator has won when its losses are about 0 for long and the generator deceives it no more', () => {
  const won = { discriminatorReal: 0.002, discriminatorFake: 0.003, generatorGan: 7 };
  const found = discriminatorWon.find(runOf({ losses: () => won }));
  assert.match(found!, /D_real 0\.002, D_fake 0\.003, and G_GAN 7/);
  // One of the losses still teaches; the generator deceives it; it is so for too few steps; too early.
  for (const near of [{ discriminatorReal: 0.05 }, { generatorGan: 2 }]) {
    assert.is(discriminatorWon.find(runOf({ losses: () => ({ ...won, ...near }) })), undefined);
  }
  assert.is(discriminatorWon.find(runOf({ losses: (step) => (step > 1800 ? won : {}) })), undefined);
  assert.is(discriminatorWon.find(runOf({ step: 800, losses: () => won })), undefined);
  // Wasserstein's losses say nothing by their size; of least squares other numbers do.
  const by = (ganMode: string, generatorGan: number) =>
    runOf({ settings: { ...settings, ganMode }, losses: () => ({ ...won, generatorGan }) });
  assert.is(discriminatorWon.find(by('wgangp', 7)), undefined);
  assert.ok(discriminatorWon.find(by('lsgan', 0.95)));
  assert.is(discriminatorWon.find(by('lsgan', 0.6)), undefined);
  // Steps in which the discriminator learns alone have no loss of the generator.
  const alone = runOf({ losses: () => won });
  const without = alone.losses.map(({ step, losses }) => ({
    step,
    losses: step % 4 ? { discriminatorReal: 0.002, discriminatorFake: 0.003 } : losses,
  }));
  assert.ok(discriminatorWon.find({ ...alone, losses: without }));
});

test('outputs of different inputs that are one picture have collapsed', () => {
  const snapshots = (spread: number, first = 1000) =>
    [first, 2000].map((step) => ({ step, outputs: [0, 1, 2].map((at) => [grey(100 + at * spread, 9)]) }));
  assert.match(outputCollapsed.find(runOf({ snapshots: snapshots(1) }))!, /differ by 0\.01/);
  assert.is(outputCollapsed.find(runOf({ snapshots: snapshots(30) })), undefined);
  assert.is(outputCollapsed.find(runOf({ snapshots: snapshots(1, 900) })), undefined, 'too early');
  // Targets that are all alike ask for one picture.
  assert.is(outputCollapsed.find(runOf({ snapshots: snapshots(1), expected: [0, 1, 2].map((value) => grey(value)) })), undefined);
});

test('pictures that do not change while the rate is high are frozen', () => {
  const still = (change: number) =>
    [800, 1200, 1600, 2000].map((step, at) => ({ step, outputs: [0, 80, 160].map((value) => [grey(value + at * change)]) }));
  assert.match(outputFrozen.find(runOf({ snapshots: still(0) }))!, /since step 800 they changed by 0 /);
  assert.is(outputFrozen.find(runOf({ snapshots: still(1) })), undefined);
  assert.is(outputFrozen.find(runOf({ snapshots: still(0), rateShare: 0.1 })), undefined, 'meant to come to rest');
  assert.is(outputFrozen.find(runOf({ snapshots: still(0).slice(1) })), undefined);
  assert.is(
    outputFrozen.find(runOf({ snapshots: still(0).map((each, at) => ({ ...each, step: 1000 + at })) })),
    undefined,
    'no time to change',
  );
});

test('a generator that is no better than the mean photo, on training images as well', () => {
  const run = { step: 4000, l1: () => 0.32 };
  assert.match(
    noBetterThanMean.find(runOf({ ...run, losses: () => ({ generatorL1: 0.33 }) }))!,
    /L1 is 0\.32 on validation and 0\.33 on training/,
  );
  assert.is(
    noBetterThanMean.find(runOf({ ...run, losses: () => ({ generatorL1: 0.25 }) })),
    undefined,
    'sharp pictures, no better on others',
  );
  assert.is(noBetterThanMean.find(runOf({ ...run, l1: () => 0.3, losses: () => ({ generatorL1: 0.33 }) })), undefined);
  const inPlace = runOf({ ...run, ssim: 0.3, losses: () => ({ generatorL1: 0.33 }) });
  assert.is(noBetterThanMean.find(inPlace), undefined, 'everything in its place');
  assert.is(noBetterThanMean.find(runOf({ step: 1000, l1: () => 0.32, losses: () => ({ generatorL1: 0.33 }) })), undefined, 'too early');
});

test('validation that gets worse while training gets better is learning by heart', () => {
  const worse = (step: number) => 0.3 + 0.1 * Math.max(0, step / 2000 - 0.3);
  const better = (step: number) => ({ generatorL1: 0.3 - 0.1 * (step / 2000) });
  assert.match(overfitting.find(runOf({ l1: worse, losses: better }))!, /from 0\.3.* to 0\.36/);
  assert.is(overfitting.find(runOf({ l1: worse })), undefined, 'the training is no better: it goes astray');
  assert.is(overfitting.find(runOf({ losses: better })), undefined);
  // One bad measurement is none of three.
  assert.is(overfitting.find(runOf({ l1: (step) => (step === 2000 ? 0.33 : 0.3), losses: better })), undefined);
  // Squared differences are not what the validation measures.
  const l2 = lossRows(pix2pix, { ...settings, reconstruction: 'l2' });
  assert.is(overfitting.find(runOf({ l1: worse, losses: better, lossRows: l2 })), undefined);
});

test('pairs whose outlines agree no better than those of others do not match; the place of the right one is told', async () => {
  const facades = syntheticFacades({ seed: 3, count: 20, size: 64, split: 'train' });
  const pairs = await Promise.all(Array.from({ length: 20 }, (_, index) => facades.get(index)));
  const sample = (shift: number): PairsSample => ({
    neighbours: [pairs.slice(0, 20 - shift).map(({ a }, at) => ({ a, b: pairs[at + shift]!.b }))],
    colours: { a: [], b: [] },
  });
  assert.ok(outlineAgreement(sample(0).neighbours)!.certainty > 5);
  assert.is(pairsUnmatched.find(sample(0)), undefined);
  assert.match(pairsUnmatched.find(sample(1))!, /each A fits the B of the pair before it/);
  assert.match(pairsUnmatched.find(sample(3))!, /within 17 pairs .* standard errors more\)$/);
  // Few pairs, or pictures without outlines, say nothing.
  assert.is(pairsUnmatched.find({ ...sample(1), neighbours: [sample(1).neighbours[0]!.slice(0, 9)] }), undefined);
  assert.is(pairsUnmatched.find({ ...sample(1), neighbours: [sample(1).neighbours[0]!.map(({ a }) => ({ a, b: grey(9) }))] }), undefined);
});

test('label maps of thousands of colours are blurred; photos, and maps of a palette, are not', () => {
  const map = (colours: number) => ({ colours, flat: 0.95, saturation: 150 });
  const photo = { colours: 20_000, flat: 0.4, saturation: 40 };
  const some = (a: object, b: object) =>
    ({ neighbours: [], colours: { a: Array(6).fill(a), b: Array(6).fill(b) } }) as unknown as PairsSample;
  assert.match(labelsBlurred.find(some(photo, map(9000)))!, /half B looks like label maps, and 6 of 6 have some 9000 colours/);
  assert.is(labelsBlurred.find(some(photo, map(12))), undefined);
  assert.is(labelsBlurred.find({ neighbours: [], colours: { a: [map(9000)], b: [map(9000)] } }), undefined, 'one picture');
});

test('numbers most of which lie beyond their range are found, and outliers are not', () => {
  const image = (beyond: number) => ({
    ...createImage(2, 1),
    values: { kind: 'numbers' as const, channels: 1, data: new Float32Array(2), ...(beyond > 0 && { beyond }) },
  });
  const some = (a: number, b: number): string | undefined =>
    rangeUnfit.find({ neighbours: [[{ a: image(a), b: image(b) }]], colours: { a: [], b: [] } });
  assert.match(some(0.99, 0)!, /^99% of the numbers of half A lie outside/);
  assert.match(some(0.5, 0.3)!, /^50% of the numbers of half A and 30% of the numbers of half B/);
  assert.is(some(0.1, 0), undefined);
  assert.is(rangeUnfit.find({ neighbours: [[{ a: createImage(2, 1), b: createImage(2, 1) }]], colours: { a: [], b: [] } }), undefined);
});

test('what is to be tried is nothing that the run has already', () => {
  const NAMES: Readonly<Record<string, string>> = { lr: 'learningRate' };
  const named = (flag: string): string => NAMES[flag] ?? flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  /** What the advice of a flag would set. */
  const advised = (texts: readonly string[]): [name: string, value: string | number | boolean][] =>
    texts.flatMap((text) =>
      [...text.matchAll(/\(--([a-z-]+)(?: ([^),]+))?[^)]*\)/g)].map(([, flag, value]): [string, string | number | boolean] => [
        named(flag!),
        value === undefined ? true : Number.isNaN(Number(value)) ? value : Number(value),
      ]),
    );
  for (const each of RUN_DIAGNOSES) {
    // A user who follows each piece of advice, again and again, is never told what is done, and comes to an end.
    let own: Record<string, string | number | boolean> = { ...settings, discriminatorLayers: 4, z: 4, dSteps: 2, lambda: 20, seed: 0 };
    const changed = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const tries = each.tries(runOf({ settings: own }));
      for (const [name, value] of advised(tries)) {
        if (['learningRate', 'seed', 'direction'].includes(name)) continue;
        assert.is.not(own[name], value, `${each.name}: ${tries.join('; ')}`);
        own = { ...own, [name]: value };
        changed.add(name);
      }
    }
    const left = advised(each.tries(runOf({ settings: own }))).map(([name]) => name);
    assert.equal(
      left.filter((name) => changed.has(name)),
      [],
      each.name,
    );
  }
  const at = (lambda: number): string => noBetterThanMean.tries(runOf({ settings: { ...settings, lambda } })).join();
  assert.match(at(10), /--lambda 100, that of the paper/);
  assert.not.match(at(100), /--lambda/);
});

test('what is to be tried names options that there are, of this run', async () => {
  const { TRAIN_PROGRAM } = await import('../../src/node/training/flags.js');
  const { parseFlags } = await import('../../src/node/terminal/flags.js');
  const known = new Set(TRAIN_PROGRAM.flags.map(({ name }) => name as string));
  const runs = ['vanilla', 'lsgan'].map((ganMode) =>
    runOf({ settings: { ...settings, ganMode, discriminatorLayers: 3, z: 4, dSteps: 2 } }),
  );
  const texts = [
    ...RUN_DIAGNOSES.flatMap((each) => runs.flatMap((run) => each.tries(run))),
    ...PAIR_DIAGNOSES.flatMap((each) => each.tries({ neighbours: [], colours: { a: [], b: [] } })),
  ];
  const flags = texts
    .flatMap((text) => [...text.matchAll(/--([a-z0-9-]+)/g)].map(([, name]) => name!))
    .filter((name) => !['filter', 'scheme'].includes(name));
  for (const name of flags) assert.ok(known.has(name), name);
  const whole = texts
    .flatMap((text) => [...text.matchAll(/\((--[^),]*)[^)]*\)/g)].map(([, words]) => words!))
    .filter((words) => words.includes(' ') && !words.startsWith('--scheme'));
  for (const words of new Set(whole)) parseFlags(TRAIN_PROGRAM, words.split(' '));
  assert.match(inOneLine({ title: 'bad', evidence: 'of 3', tries: ['x', 'y'] }), /^bad: of 3; try x, or y$/);
});

test.run();
