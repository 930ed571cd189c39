import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { conv2d, mean, mul, relu } from '../../src/autograd/ops.js';
import { BufferPool } from '../../src/gpu/buffer-pool.js';
import type { MemoryReport } from '../../src/gpu/dispatch-call.js';
import { fill } from '../../src/kernels/elementwise.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, goldenPix2Pix } from '../harness/models.js';

const gpu = await testGpu();

const live = ({ tensors, bytesInUse }: MemoryReport): { tensors: number; bytesInUse: number } => ({ tensors, bytesInUse });

/** Runs `body`, which disposes of all it makes, and checks that nothing of it is left once the pool is emptied. */
async function assertGivesAllBack(body: () => Promise<void>): Promise<void> {
  await gpu.sync();
  gpu.trim();
  const before = live(gpu.memory());
  assert.is(gpu.memory().bytesPooled, 0);
  await body();
  assert.equal(live(gpu.memory()), before);
  gpu.trim();
  assert.equal(live(gpu.memory()), before);
  assert.is(gpu.memory().bytesPooled, 0);
}

for (const mode of ['eager', 'replayed'] as const) {
  test(`200 ${mode} steps of pix2pix leave tensors and memory as they were after the first few`, () =>
    assertGivesAllBack(async () => {
      const model = goldenPix2Pix(gpu, { size: 32, ngf: 4, ndf: 4 });
      const [source, target] = ['source', 'target'].map((name) => Tensor.from(gpu, values(name, 32 * 32 * 3), [1, 32, 32, 3])) as [
        Tensor,
        Tensor,
      ];
      const losses = Tensor.from(gpu, new Float32Array(4), [4]);
      const step = (): void => pix2pixStep(model, source, target, losses);
      const recording = mode === 'replayed' ? (await gpu.record(step)).recording : null;
      let early: MemoryReport | undefined;
      for (let index = 0; index < 200; index++) {
        source.write(values(`source ${index % 7}`, source.size));
        model.generator.dropoutState.advance(index);
        if (recording) recording.run();
        else step();
        if (index % 10 === 0) assert.ok((await losses.data()).every(Number.isFinite));
        // All that may ever be pooled is there after a few steps: the report is the same, byte for byte.
        if (index === 10) early = gpu.memory();
        else if (early && index % 10 === 0) assert.equal(gpu.memory(), early, `step ${index}`);
      }
      await gpu.sync();
      assert.equal(gpu.memory(), early);
      recording?.destroy();
      for (const tensor of [source, target, losses]) tensor.dispose();
      disposePix2Pix(model);
    }));
}

test('200 convolutions with their gradients, in scopes', () =>
  assertGivesAllBack(async () => {
    const x = Tensor.from(gpu, values('x', 2 * 9 * 9 * 5), [2, 9, 9, 5]);
    const weight = Tensor.from(gpu, values('weight', 4 * 4 * 5 * 6), [4, 4, 5, 6]);
    const bias = Tensor.from(gpu, values('bias', 6), [6]);
    for (const leaf of [x, weight, bias]) leaf.requiresGrad = true;
    let early: MemoryReport | undefined;
    for (let index = 0; index < 200; index++) {
      gpu.scope(() => {
        const y = relu(conv2d(x, weight, bias, { stride: 2, padding: 1 }));
        backward(mean(mul(y, y)));
      });
      if (index % 50 === 10) await weight.grad!.data();
      if (index % 3 === 0) zeroGrad([x, weight, bias]);
      if (index === 60) early = gpu.memory();
      else if (early && index % 30 === 0) assert.equal(gpu.memory(), early);
    }
    for (const leaf of [x, weight, bias]) leaf.dispose();
  }));

test('a leaf gives its gradient back with itself, and at zeroGrad()', () =>
  assertGivesAllBack(async () => {
    const { tensors } = gpu.memory();
    const leaf = Tensor.from(gpu, [1, 2], [2]);
    leaf.requiresGrad = true;
    const run = (): void => gpu.scope(() => backward(mean(mul(leaf, leaf))));
    run();
    assert.is(gpu.memory().tensors, tensors + 2);
    zeroGrad([leaf]);
    assert.is(gpu.memory().tensors, tensors + 1);
    run();
    leaf.dispose();
  }));

test('errors in the middle of a scope leave nothing behind', () =>
  assertGivesAllBack(async () => {
    const x = Tensor.from(gpu, [1, 2], [2]);
    for (let i = 0; i < 5; i++) {
      assert.throws(() =>
        gpu.scope(() => {
          const y = mul(x, 2);
          // Reading and writing one buffer is refused after the result was allocated.
          mul(y, 2, { out: y });
        }),
      );
      assert.throws(() => Tensor.from(gpu, [1, 2, 3], [2]));
      assert.throws(() => Tensor.fromBytes(gpu, new Uint8Array(3), [2]));
      assert.throws(() => x.reshape([-1, -2]));
      assert.throws(() => x.reshape([0.5, 4]));
      assert.throws(() => x.sliceChannels(1, 3));
    }
    x.dispose();
  }));

test('reading back keeps its buffers for the next time, and trim() gives them up', () =>
  assertGivesAllBack(async () => {
    const x = Tensor.from(gpu, new Float32Array(1000), [1000]);
    const { bytesInUse } = gpu.memory();
    await x.data();
    const { bytesPooled } = gpu.memory();
    assert.ok(bytesPooled >= 4000);
    for (let i = 0; i < 20; i++) await x.data();
    assert.is(gpu.memory().bytesPooled, bytesPooled);
    const inFlight = Array.from({ length: 3 }, () => x.data());
    assert.is(gpu.memory().bytesInUse, bytesInUse, 'buffers on their way are not in use by tensors');
    await Promise.all(inFlight);
    gpu.trim();
    assert.is(gpu.memory().bytesPooled, 0);
    assert.is((await x.data()).length, 1000);
    x.dispose();
  }));

test('a read is of one moment, however large, whatever runs or is given back while it waits', () =>
  assertGivesAllBack(async () => {
    const length = 9 << 20;
    const whole = Tensor.from(gpu, new Float32Array(length).fill(1), [length], 'large');
    const ends = (data: Float32Array): number[] => [data[0]!, data[length >> 1]!, data[length - 1]!];
    const { recording } = await gpu.record(() => fill(whole, 2));

    const reading = whole.data();
    recording.run();
    assert.equal(ends(await reading), [1, 1, 1], 'not what a run after the call wrote');
    const { bytesInUse } = gpu.memory();

    const second = whole.data();
    fill(whole, 3);
    recording.destroy();
    whole.dispose();
    // The pool hands the same buffer to whoever asks next.
    const next = Tensor.from(gpu, new Float32Array(length).fill(4), [length], 'next');
    assert.equal(ends(await second), [2, 2, 2], 'not what the next owner of the memory wrote');
    const third = next.data();
    next.dispose();
    gpu.trim();
    assert.equal(ends(await third), [4, 4, 4], 'not gone with its buffer');
    assert.ok(gpu.memory().bytesInUse <= bytesInUse);
    gpu.trim();
    assert.is(gpu.memory().bytesPooled, 0, 'the buffer of a large read is not kept');
  }));

test('the peak is the most that was there at once', () => {
  const x = Tensor.from(gpu, new Float32Array(1 << 20), [1 << 20]);
  const y = Tensor.from(gpu, new Float32Array(1 << 20), [1 << 20]);
  const { peakBytes } = gpu.memory();
  assert.ok(peakBytes >= 2 << 22);
  x.dispose();
  y.dispose();
  gpu.trim();
  assert.is(gpu.memory().peakBytes, peakBytes);
  assert.ok(gpu.memory().bytesInUse < 2 << 22);
});

test('size classes hold what is asked for with at most a quarter of slack, and are their own class', () => {
  for (let bytes = 4; bytes < 1 << 30; bytes = Math.ceil((bytes * 1.037 + 4) / 4) * 4) {
    const size = BufferPool.sizeClass(bytes);
    assert.ok(size >= bytes && size % 4 === 0, `${bytes}: ${size}`);
    assert.ok(size <= Math.max(256, bytes * 1.25), `${bytes}: ${size}`);
    assert.is(BufferPool.sizeClass(size), size);
  }
});

test('the pool hands out the oldest buffer that is free, in whatever order they were released', () => {
  let made = 0;
  const pool = new BufferPool((bytes) => ({ size: bytes, serial: made++ }) as unknown as GPUBuffer);
  const buffers = Array.from({ length: 6 }, () => pool.acquire(1000, ''));
  for (const order of [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [3, 0, 5, 1, 4, 2],
  ]) {
    for (const index of order) pool.release(buffers[index]!);
    assert.equal(
      buffers.map(() => buffers.indexOf(pool.acquire(1000, ''))),
      [0, 1, 2, 3, 4, 5],
    );
  }
});

test('the pool hands out what was released, by class, and never one buffer twice', () => {
  let made = 0;
  const create = (bytes: number): GPUBuffer =>
    ({
      size: bytes,
      serial: made++,
      destroy() {
        made--;
      },
    }) as unknown as GPUBuffer;
  const pool = new BufferPool(create, 10_000);
  const [a, b] = [pool.acquire(1000, ''), pool.acquire(1000, '')];
  pool.release(a);
  assert.is(pool.pooledBytes, a.size);
  assert.is(pool.acquire(900, ''), a);
  assert.is(pool.pooledBytes, 0);
  assert.is.not(pool.acquire(900, ''), a);
  assert.is(made, 3);
  assert.is(pool.acquire(9500, '').size, 10_000, 'cut to the largest');
  pool.release(a);
  pool.release(b);
  pool.remove(a);
  pool.remove(a);
  assert.is(pool.acquire(900, ''), b);
  pool.release(b);
  pool.trim();
  assert.is(pool.pooledBytes, 0);
  assert.is.not(pool.acquire(900, ''), b);
});

test.run();
