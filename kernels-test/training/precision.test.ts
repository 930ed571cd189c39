// not in browsers: Chromium's SwiftShader has no shader-f16
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/node/weights/checkpoint.js';
import { pix2pix, type Pix2PixNetworks, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure, withFeatures } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';

const gpu = await testGpu();
const folder = mkdtempSync(join(tmpdir(), 'precision-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const OPTIONS = {
  ...{ size: 32, loadSize: 36, ngf: 8, ndf: 8, batch: 2, learningRate: 2e-4, seed: 7 },
  ...{ jitter: true, dropout: 0.5, lambda: 100, direction: 'BtoA' },
} as const;

const side = 64;
const picture = (name: string, index: number) => ({
  width: side,
  height: side,
  // Blocks of one colour, as in facades.
  data: Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    return pcg(hashName(`${name} ${index} ${x >> 3} ${y >> 3} ${i % 3}`)) >>> 24;
  }),
});
const pairs: PairedDataset = {
  name: 'blocks',
  length: 4,
  get: (index) => ({ name: String(index), a: picture('a', index), b: picture('b', index) }),
};

type Pix2PixTrainer = Trainer<Pix2PixOptions, Pix2PixNetworks>;
const create = (options: object = {}): Promise<Pix2PixTrainer> => Trainer.create(gpu, pix2pix, pairs, { ...OPTIONS, ...options } as never);

async function take(trainer: Pix2PixTrainer, steps: number): Promise<TrainedStep[]> {
  for (let step = 0; step < steps; step++) await trainer.train();
  return trainer.collectLosses();
}

const leftOutOf = async ({ optimizers }: Pix2PixTrainer): Promise<number[][]> =>
  Promise.all(Object.values(optimizers).map(async (each) => [...(await each.leftOutCounts()).values()]));

/** The weights, the moments and the scale. */
async function stateOf({ networks, optimizers, state }: Pix2PixTrainer): Promise<number[][]> {
  const windows = Object.values(networks).flatMap(({ memory }) => memory.windows.map(({ values }) => values.data()));
  const saved = Object.values(optimizers).flatMap((each) => [...each.stateDict().tensors.values()]);
  const moments = saved.filter(({ name }) => name !== 'leftOut').map((tensor) => tensor.read());
  const kept = Object.values(state).map((tensor) => tensor.data());
  return (await Promise.all([...windows, ...moments, ...kept])).map((numbers) => [...numbers]);
}

testHalf(gpu, 'twenty steps of pix2pix in f16: losses within 1% of those of f32', async () => {
  // Of fewer pixels a norm's statistics are of so few numbers that losses of the same steps differ by up to 3%.
  const larger = { size: 64, loadSize: 64, jitter: false };
  const [single, half] = [await create(larger), await create({ ...larger, precision: 'f16' })];
  const [expected, received] = [await take(single, 20), await take(half, 20)];
  const differences = expected.flatMap(({ losses }, step) =>
    Object.entries(losses).map(([name, loss]) => Math.abs(received[step]!.losses[name]! - loss) / Math.abs(loss)),
  );
  const largest = Math.max(...differences);
  console.log(`largest difference of a loss: ${(100 * largest).toFixed(3)}%`);
  assert.ok(largest < 0.01, `${100 * largest}%`);
  assert.ok(largest > 0, 'f16 was computed in');
  assert.equal([...(await half.state.lossScale!.data())].slice(1), [20, 0, 0, 0], 'no step was left out');
  assert.is(single.state.lossScale, undefined);
  assert.is(await single.scaling(), null);
  single.dispose();
  half.dispose();
});

testHalf(gpu, 'eager and replayed steps in f16 to the same bits, also after a checkpoint and an overflow', async () => {
  const [replayed, eager] = [await create({ precision: 'f16' }), await create({ precision: 'f16', replay: false })];
  // So large that the gradients of the first steps are infinite: each step halves it once.
  for (const { state } of [replayed, eager]) state.lossScale!.write([2 ** 40, 0, 0, 0, 0]);
  const losses = [await take(replayed, 2), await take(eager, 2)];
  assert.equal(losses[0], losses[1]);
  const states = [await stateOf(replayed), await stateOf(eager)];
  assert.equal(states[0], states[1]);
  assert.equal(states[0]!.at(-1), [2 ** 38, 0, 0, 0, 4], 'both steps of both optimisers were left out');
  assert.equal(await replayed.scaling(), { leftOut: 4, scale: 2 ** 38 }, 'what the end of a run says');
  assert.ok(losses[0]!.every(({ losses: each }) => Object.values(each).every(Number.isFinite)));
  const fresh = await create({ precision: 'f16' });
  assert.equal((await stateOf(fresh)).slice(0, -1), states[0]!.slice(0, -1), 'no weight or moment has changed');

  for (const { state } of [replayed, eager]) state.lossScale!.write([1024, 0, 0, 0, 4]);
  await Promise.all([take(replayed, 1), take(eager, 1)]);
  const path = join(folder, 'checkpoint.safetensors');
  await saveCheckpoint(path, replayed, { options: {}, step: 3, epoch: 1, adapter: gpu.adapter.description });
  const { optimizers } = await loadCheckpoint(path, fresh);
  fresh.resumeAt(3);
  for (const { steps, stepCounts, leftOut } of Object.values(optimizers)) {
    assert.equal([steps, stepCounts, [...new Set(Object.values(leftOut ?? {}))]], [1, undefined, [2]], 'two of three steps were left out');
  }
  assert.equal(await leftOutOf(fresh), await leftOutOf(eager));
  const ends = [];
  for (const trainer of [replayed, eager, fresh]) ends.push({ losses: (await take(trainer, 2)).slice(-2), state: await stateOf(trainer) });
  assert.equal(ends[1], ends[0]);
  assert.equal(ends[2], ends[0]);
  assert.equal([...new Set((await leftOutOf(fresh)).flat())], [2]);
  for (const trainer of [replayed, eager, fresh]) trainer.dispose();
});

test('f16 is refused where there is none, before anything is allocated, and so are other precisions', async () => {
  const without = withFeatures(gpu, []);
  const refused = Trainer.create(without, pix2pix, pairs, { ...OPTIONS, precision: 'f16' } as never);
  await failure('NO_ADAPTER', () => refused, 'shader-f16', '--precision f32');
  assert.is(without.memory().bytesInUse, 0);
  await failure('INVALID_ARGUMENT', () => create({ precision: 'f64' }), 'precision', "'f32' or 'f16'");
});

test.run();
