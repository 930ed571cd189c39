// first driver only: what is counted is the host's work, and what runs out is lavapipe's
// not in browsers: there the garbage is the browser's to collect
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOST_BIND_GROUPS } from '../../src/gpu/stream.js';
import { fill } from '../../src/kernels/elementwise.js';
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
  // Without a collection these would be more than the driver has.
  for (const length of [2, 3]) {
    await gpu.sync();
    fillSlices(x, MOST_BIND_GROUPS - 8, length);
  }
  const found = await x.data();
  for (const index of [0, 1, 2]) assert.is(found[(MOST_BIND_GROUPS - 9) * STEP + index], 3);
  x.dispose();
});

test.run();
