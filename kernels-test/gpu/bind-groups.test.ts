// first driver only: what is counted is the host's work, and what runs out is lavapipe's
// not in browsers: there the garbage is the browser's to collect
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Gpu } from '../../src/gpu/gpu.js';
import { MOST_BIND_GROUPS } from '../../src/gpu/stream.js';
import { fill } from '../../src/kernels/elementwise.js';
import { nodeHost } from '../../src/node/adapter/polling.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

/** Elements from one slice to the next: ranges begin at whole multiples of it, so that each slice is a range of its own. */
const STEP = gpu.limits.minStorageBufferOffsetAlignment / 4;

/** Fills slices one by one, each of which binds another range. */
function fillSlices(x: Tensor, count: number, length: number): void {
  for (let index = 0; index < count; index++) {
    const slice = x.channelView(index * STEP, index * STEP + length);
    fill(slice, length);
    slice.dispose();
  }
}

test('dispatches that all bind other memory are refused before the driver fails, and go on after a wait', async () => {
  if (!gpu.adapter.software) return;
  const x = Tensor.empty(gpu, [(MOST_BIND_GROUPS + 8) * STEP], 'many slices');
  await failure('LIMIT_EXCEEDED', () => fillSlices(x, MOST_BIND_GROUPS + 8, 1), /different dispatches/, /await gpu\.sync\(\)/);
  for (const length of [2, 3]) {
    await gpu.sync();
    fillSlices(x, MOST_BIND_GROUPS - 8, length);
  }
  const found = await x.data();
  for (const index of [0, 1, 2]) assert.is(found[(MOST_BIND_GROUPS - 9) * STEP + index], 3);
  x.dispose();
});

test('a wait collects once so many are dropped, and in Node that frees them', async () => {
  let collections = 0;
  const host = { ...nodeHost, collect: () => Promise.resolve(void collections++) };
  const software = new Gpu(gpu.device, { ...gpu.adapter, software: true }, host);
  const x = Tensor.empty(software, [8200 * STEP], 'many slices');
  for (const [count, expected] of [
    [8000, 0],
    [8200, 1],
    [0, 1],
  ] as const) {
    fillSlices(x, count, 1);
    await software.sync();
    assert.is(collections, expected);
  }
  x.dispose();

  const dropped = new WeakRef({ large: new Array<number>(100).fill(0) });
  // What a WeakRef was made of lives until the end of the turn.
  await new Promise((done) => setTimeout(done, 0));
  await nodeHost.collect!();
  assert.is(dropped.deref(), undefined);
});

test.run();
