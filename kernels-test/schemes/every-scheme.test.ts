// first driver only: a hundred steps of every scheme, and more, which on SwiftShader would take minutes
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { RgbImage } from '../../src/data/image.js';
import type { ImageSet } from '../../src/data/unpaired.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { estimateMemory, type MemoryEstimate } from '../../src/training/memory-estimate.js';
import { fullOptions, type TrainerOptions } from '../../src/training/trainer-options.js';
import { SCHEMES } from '../../src/schemes/registry.js';
import type { TrainingDataset } from '../../src/training/batches.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../src/training/checkpoint.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

// What every scheme of the registry owes to a run, with networks as small as they come: a new one is tried without a line here.

const gpu = await testGpu();
const SIDE = 36;
const LENGTH = 7;
const CLASSES = ['first', 'second', 'third'];
const STEPS = 100;
/** Bytes of numbers for kernels, of which a Gpu does not tell apart who wrote them: much beside networks as small as these. */
const UNIFORMS = 2 ** 17;

/** Values of options that make a scheme small, where it has them. */
const SMALL: Readonly<Record<string, unknown>> = {
  ...{ size: 32, loadSize: 32, ngf: 2, ndf: 2, blocks: 1, poolSize: 3, nz: 3, units: 24, layers: 3, baseChannels: 2, jitter: false },
};

/** Everything that is done to training images at random, in batches that run in parts. */
const AUGMENTED = { accumulate: 2, flipVertical: true, quarterTurns: true, rotate: 10, colorJitter: 0.8 };

function picture(name: string): RgbImage {
  const seed = hashName(name);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => pcg((seed ^ pcg(i >> 4)) >>> 0) >>> 24);
  return { width: SIDE, height: SIDE, data };
}

function dataOf({ data = 'paired' }: TrainingScheme): TrainingDataset {
  const pairs: PairedDataset = {
    name: 'pairs',
    length: LENGTH,
    get: (index) => ({ name: `pair ${index}`, a: picture(`a ${index}`), b: picture(`b ${index}`) }),
  };
  const set = (name: string): ImageSet => ({
    kind: 'images',
    name,
    length: LENGTH,
    get: (index) => ({ name: `${name} ${index}`, image: picture(`${name} ${index}`) }),
    labels: { names: CLASSES, exclusive: true, of: (index) => CLASSES.map((_, each) => Number(each === index % CLASSES.length)) },
  });
  if (data === 'unpaired') return { name: 'two sets', a: set('a'), b: set('b') };
  return data === 'images' ? set('images') : pairs;
}

function optionsFor(scheme: TrainingScheme, more: object): TrainerOptions {
  const own = Object.fromEntries(Object.entries(fullOptions(scheme)).map(([name, value]) => [name, SMALL[name] ?? value]));
  return { ...own, batch: 2, learningRate: 1e-3, seed: 3, ...more };
}

const start = (scheme: TrainingScheme, more: object = {}): Promise<Trainer> =>
  Trainer.create(gpu, scheme, dataOf(scheme), optionsFor(scheme, more));

async function take(trainer: Trainer, steps: number): Promise<TrainedStep[]> {
  const losses: TrainedStep[] = [];
  for (let step = 0; step < steps; step++) {
    await trainer.train();
    if (step % 32 === 31 || step === steps - 1) losses.push(...(await trainer.collectLosses()));
  }
  return losses;
}

const save = (trainer: Trainer): Promise<Uint8Array> =>
  collect(encodeCheckpoint(trainer, { options: {}, step: trainer.step, epoch: trainer.epoch, adapter: 'any' }));

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

for (const scheme of SCHEMES) {
  test(`${scheme.name}: called, replayed and resumed steps are the same to the bit`, async () => {
    const whole = await start(scheme, AUGMENTED);
    const losses = await take(whole, 4);
    const end = await save(whole);
    whole.dispose();
    assert.ok(losses.every((each) => Object.values(each.losses).every(Number.isFinite)));

    const eager = await start(scheme, { ...AUGMENTED, replay: false });
    assert.equal(await take(eager, 4), losses);
    assert.ok(same(await save(eager), end), 'called steps end with other bits');
    eager.dispose();

    const stopped = await start(scheme, AUGMENTED);
    await take(stopped, 2);
    const saved = await save(stopped);
    stopped.dispose();
    // A run may go on with less memory than it began with.
    const again = await start(scheme, { ...AUGMENTED, recompute: true });
    await take(again, 1);
    again.resumeAt((await restoreCheckpoint(bytesSource(saved), again)).step);
    assert.equal(await take(again, 2), losses.slice(2));
    assert.ok(same(await save(again), end), 'resumed steps end with other bits');
    again.dispose();
  });

  test(`${scheme.name}: the memory of a run is known before any of it is taken, and recomputing needs no more`, async () => {
    await gpu.sync();
    gpu.trim();
    const before = gpu.memory();
    const estimate = (more: object): Promise<MemoryEstimate> => estimateMemory(gpu, scheme, dataOf(scheme), optionsFor(scheme, more));
    const [{ total: plain }, { total, networks, results, images, evaluator }] = [await estimate({}), await estimate({ recompute: true })];
    assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before.tensors, before.bytesInUse]);
    assert.is(networks + results + images + evaluator, total);
    assert.ok(Math.min(networks, results, images, evaluator) > 0 && total <= plain);
    const trainer = await start(scheme, { recompute: true });
    await take(trainer, 1);
    const { labels } = dataOf(scheme) as ImageSet;
    const measuring = await scheme.evaluator(gpu, trainer.networks, trainer.options, scheme.labelled ? labels : undefined);
    const { bytesInUse, bytesPooled } = gpu.memory();
    const taken = bytesInUse + bytesPooled - before.bytesInUse;
    assert.ok(Math.abs(total - taken) < 0.1 * taken + UNIFORMS, `${total} bytes estimated, ${taken} taken`);
    measuring.dispose();
    trainer.dispose();
  });

  test(`${scheme.name}: ${STEPS} steps take no more memory than the first ones, and all of it is given back`, async () => {
    await gpu.sync();
    const before = gpu.memory();
    const trainer = await start(scheme);
    await take(trainer, 12);
    await gpu.sync();
    const early = gpu.memory();
    await take(trainer, STEPS - 12);
    await gpu.sync();
    const late = gpu.memory();
    assert.equal([late.tensors, late.bytesInUse, late.peakBytes], [early.tensors, early.bytesInUse, early.peakBytes]);
    trainer.dispose();
    await gpu.sync();
    assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before.tensors, before.bytesInUse]);
  });
}

test.run();
