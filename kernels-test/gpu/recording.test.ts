import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { mean, mul } from '../../src/autograd/ops.js';
import { RandomStream } from '../../src/random.js';
import { planMemory } from '../../src/gpu/memory-plan.js';
import type { Recording } from '../../src/gpu/recording.js';
import { Storage, wholeOf, type Binding } from '../../src/gpu/storage.js';
import { add, addInto, copy, fill } from '../../src/kernels/elementwise.js';
import { Conv2d } from '../../src/nn/layers.js';
import { Adam } from '../../src/optim/adam.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, goldenPix2Pix } from '../harness/models.js';

const gpu = await testGpu();
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

/** Everything a few steps of pix2pix with dropout and Adam leave behind: the losses of each, then all weights and moments. */
async function trainSixSteps(mode: 'eager' | 'replayed' | 'replayed between other work'): Promise<Float32Array[]> {
  const size = { size: 32, ngf: 4, ndf: 4 };
  const model = goldenPix2Pix(gpu, size);
  const shape = [2, 32, 32, 3];
  const [source, target] = ['source', 'target'].map((name) => Tensor.from(gpu, values(name, 2 * 32 * 32 * 3), shape)) as [Tensor, Tensor];
  const losses = Tensor.from(gpu, new Float32Array(4), [4]);
  const step = (): void => pix2pixStep(model, source, target, losses);
  const recording = mode === 'eager' ? null : (await gpu.record(step)).recording;
  const found: Float32Array[] = [];
  for (let index = 0; index < 6; index++) {
    source.write(values(`source ${index}`, source.size));
    model.generator.dropoutState.advance(index);
    // The rate may change between two runs.
    model.generatorOptimizer.learningRate = 2e-4 * (6 - index);
    if (recording) recording.run();
    else step();
    if (mode === 'replayed between other work') {
      // The same network at work in between, on buffers of the same sizes as the step's own.
      const seen = gpu.scope(() => model.generator.forward(source, { training: false }));
      const [a, b] = [copy(seen), mul(target, 3)];
      addInto(a, b);
      await gpu.sync();
      for (const tensor of [seen, a, b]) tensor.dispose();
      gpu.trim();
    }
    found.push(await losses.data());
  }
  for (const { memory } of [model.generator, model.discriminator])
    for (const { values: weights } of memory.windows) found.push(await weights.data());
  for (const { firstMoments, secondMoments } of [model.generatorOptimizer, model.discriminatorOptimizer]) {
    for (const moments of [...firstMoments, ...secondMoments]) found.push(await moments.data());
  }
  // Running statistics are part of what a step changes.
  for (const statistics of model.generator.namedBuffers().values()) found.push(await statistics.data());
  recording?.destroy();
  for (const tensor of [source, target, losses]) tensor.dispose();
  disposePix2Pix(model);
  return found;
}

test('six replayed steps of pix2pix with dropout and Adam are the eager ones, to the bit', async () => {
  const eager = await trainSixSteps('eager');
  assert.ok(eager.every((array) => array.every(Number.isFinite)));
  assert.not.equal(eager[0], eager[1]);
  assert.equal(await trainSixSteps('replayed'), eager);
  assert.equal(await trainSixSteps('replayed between other work'), eager);
});

test('results survive later eager work; so does what was kept; the rest shares memory', async () => {
  const x = Tensor.from(gpu, [1, 2, 3, 4], [4]);
  let kept: Tensor | undefined;
  const { recording, result } = await gpu.record(() => {
    const doubled = mul(x, 2);
    kept = mul(doubled, 10).keep();
    let chain = doubled;
    for (let i = 0; i < 8; i++) chain = mul(chain, 2);
    return { doubled, chain: { deep: [chain] } };
  });
  recording.run();
  // Buffers of the same size class that eager code may now take.
  const others = Array.from({ length: 8 }, (_, i) => Tensor.from(gpu, [i, i, i, i], [4]));
  others.push(...others.map((other) => mul(other, 7)));
  assert.equal(await numbers(result.doubled), [2, 4, 6, 8]);
  assert.equal(await numbers(kept!), [20, 40, 60, 80]);
  assert.equal(await numbers(result.chain.deep[0]!), [512, 1024, 1536, 2048]);
  // doubled, kept, the result, and two that the chain is handed through.
  assert.is(recording.bytes, 5 * 256);
  assert.is(recording.length, 10);
  x.write(new Float32Array([0, 0, 0, 1]));
  assert.equal(await numbers(result.doubled), [2, 4, 6, 8], 'nothing runs before run()');
  recording.run();
  assert.equal(await numbers(result.doubled), [0, 0, 0, 2]);
  assert.equal(await numbers(kept!), [0, 0, 0, 20]);
  // Eager work on results goes on with them, also after the step is gone.
  const later = mul(result.doubled, 100);
  recording.destroy();
  assert.equal(await numbers(later), [0, 0, 0, 200]);
  for (const tensor of [x, later, kept!, result.doubled, result.chain.deep[0]!, ...others]) tensor.dispose();
});

test('host work of a step runs where it stood: one optimiser may step twice', async () => {
  const run = async (recorded: boolean): Promise<number[]> => {
    const layer = new Conv2d({ inChannels: 2, outChannels: 3, kernel: 1 }).to(gpu, { seed: 3 });
    const optimizer = new Adam(layer, { learningRate: 0.1 });
    const x = Tensor.from(gpu, values('x', 18), [1, 3, 3, 2]);
    const step = (): void =>
      gpu.scope(() => {
        for (let i = 0; i < 2; i++) {
          optimizer.zeroGrad();
          const y = layer.forward(x);
          backward(mean(mul(y, y)));
          optimizer.step();
        }
      });
    const recording = recorded ? (await gpu.record(step)).recording : null;
    for (let i = 0; i < 3; i++) {
      if (recording) recording.run();
      else step();
    }
    assert.is(optimizer.stepCount, 6);
    const weights = await numbers(layer.memory.windows[0]!.values);
    recording?.destroy();
    x.dispose();
    optimizer.dispose();
    layer.dispose();
    return weights;
  };
  assert.equal(await run(true), await run(false));
});

test('a step is one pass unless a hook writes what an earlier dispatch touches, or does not say what it writes', async () => {
  const [x, y] = [Tensor.from(gpu, [1], [1]), Tensor.from(gpu, [10], [1])];
  let count = 0;
  const hook = (tensor: Tensor) => (): void => tensor.write(new Float32Array([++count]));
  const record = (...hooks: [() => void, Tensor[]?][]) =>
    gpu.record(() =>
      hooks.map(([run, writes], index) => {
        gpu.eachStep(run, writes);
        return mul(index === 0 ? x : y, 100);
      }),
    );
  const cases: [number, [() => void, Tensor[]?][]][] = [
    [
      1,
      [
        [hook(x), [x]],
        [hook(y), [y]],
      ],
    ],
    [2, [[hook(x), [x]], [hook(y)]]],
    [1, [[hook(x)], [hook(y), [y]]]],
    [
      2,
      [
        [hook(x), [x]],
        [hook(y), [y]],
        [hook(y), [y]],
      ],
    ],
    // The third writes what the first dispatch has read: only a pass of its own keeps the order.
    [
      2,
      [
        [hook(x), [x]],
        [hook(y), [y]],
        [hook(x), [x, y]],
      ],
    ],
  ];
  for (const [passes, hooks] of cases) {
    const { recording, result } = await record(...hooks);
    assert.is(recording.passes, passes);
    for (let run = 0; run < 2; run++) {
      const before = count;
      recording.run();
      const found = await Promise.all(result.map(numbers));
      const writesX = hooks.length === 3 && hooks[2]![1]!.length === 2;
      assert.equal(
        found.flat(),
        [1, 2, writesX ? 2 : 3].slice(0, hooks.length).map((n) => (before + n) * 100),
      );
    }
    recording.destroy();
    for (const tensor of result) tensor.dispose();
  }
  x.dispose();
  y.dispose();
});

test('a recorded pix2pix step is one pass; dispatch by dispatch it does the same', async () => {
  const model = goldenPix2Pix(gpu, { size: 32, ngf: 4, ndf: 4 });
  const [source, target] = ['source', 'target'].map((name) => Tensor.from(gpu, values(name, 32 * 32 * 3), [1, 32, 32, 3])) as [
    Tensor,
    Tensor,
  ];
  const losses = Tensor.from(gpu, new Float32Array(4), [4]);
  const { recording } = await gpu.record(() => pix2pixStep(model, source, target, losses));
  assert.is(recording.passes, 1);
  const names: string[] = [];
  await recording.runOneByOne(async ({ shader }) => void names.push(shader.name));
  assert.is(names.length, recording.length);
  assert.is(model.generatorOptimizer.stepCount, 1);
  const found = await losses.data();
  recording.destroy();
  disposePix2Pix(model);
  const again = goldenPix2Pix(gpu, { size: 32, ngf: 4, ndf: 4 });
  pix2pixStep(again, source, target, losses);
  assert.equal(found, await losses.data());
  disposePix2Pix(again);
  for (const tensor of [source, target, losses]) tensor.dispose();
});

test('hooks run at each replay and at no other time, in order', async () => {
  const calls: string[] = [];
  const x = Tensor.from(gpu, [1], [1]);
  const { recording } = await gpu.record(() => {
    gpu.eachStep(() => calls.push('first'));
    gpu.eachStep(() => calls.push('second'));
    mul(x, 2);
    gpu.eachStep(() => calls.push('last'));
  });
  assert.equal(calls, []);
  recording.run();
  recording.run();
  assert.equal(calls, ['first', 'second', 'last', 'first', 'second', 'last']);
  gpu.eachStep(() => calls.push('eager'));
  assert.is(calls.at(-1), 'eager');
  recording.destroy();
  x.dispose();
});

test('what a recorded function cannot do is refused, and the device stays usable', async () => {
  const x = Tensor.from(gpu, [1, 2], [2], 'outside');
  const other = (await gpu.record(() => mul(x, 2))).recording;
  const before = gpu.memory();
  const refused: [RegExp | string, () => unknown][] = [
    [/"outside" is uploaded inside/, () => x.write(new Float32Array(2))],
    [/"inside" is uploaded inside/, () => Tensor.from(gpu, [1], [1], 'inside')],
    [/"outside" is copied inside/, () => gpu.copy(x.storage, 0, mul(x, 2).storage, 0, 4)],
    [/before anything writes it/, () => add(x, Tensor.empty(gpu, [2], 'unwritten'))],
    [/"unwritten", which nothing in it writes/, () => Tensor.empty(gpu, [2], 'unwritten')],
    [/run inside a recorded/, () => other.run()],
  ];
  for (const [words, body] of refused) await failure('RECORDING', () => gpu.record(body), words);
  for (const start of [() => x.data(), () => gpu.record(() => {})]) {
    let inside: Promise<unknown> | undefined;
    const { recording } = await gpu.record(() => {
      inside = failure('RECORDING', start);
    });
    await inside;
    recording.destroy();
  }
  await failure('INVALID_ARGUMENT', () => gpu.record(async () => mul(x, 2)), /asynchronous/);
  try {
    await gpu.record(() => {
      mul(x, 2);
      throw new Error('from the body');
    });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'from the body');
  }
  assert.not(gpu.tracing);
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before.tensors, before.bytesInUse]);
  other.destroy();
  const y = mul(x, 3);
  assert.equal(await numbers(y), [3, 6]);
  x.dispose();
  y.dispose();
});

test('after destroy() a step does not run and its results are gone, by name', async () => {
  const x = Tensor.from(gpu, [1, 2], [2]);
  const before = gpu.memory();
  const { recording, result } = await gpu.record(() => {
    const y = Tensor.empty(gpu, [2], 'its result');
    copy(x, y);
    return y;
  });
  recording.run();
  // Dispatched, but not yet submitted.
  const eager = mul(result, 5);
  recording.destroy();
  recording.destroy();
  assert.equal(await numbers(eager), [5, 10]);
  await failure('USE_AFTER_FREE', () => recording.run(), /run after destroy/);
  await failure('USE_AFTER_FREE', () => result.data(), '"its result"', 'recorded step');
  for (const use of [() => mul(result, 2), () => result.reshape([2, 1])])
    await failure('USE_AFTER_FREE', () => gpu.scope(use), '"its result"', 'recorded step');
  result.dispose();
  eager.dispose();
  assert.is(gpu.memory().bytesInUse, before.bytesInUse);
  assert.is(gpu.memory().tensors, before.tensors);
  x.dispose();
});

test('a step holds the tensors that it uses: they may be disposed before it runs', async () => {
  const x = Tensor.from(gpu, [1, 2], [2]);
  const { bytesInUse } = gpu.memory();
  const { recording, result } = await gpu.record(() => mul(x, 4));
  x.dispose();
  const thief = Tensor.from(gpu, [8, 8], [2]);
  recording.run();
  assert.equal(await numbers(result), [4, 8]);
  recording.destroy();
  thief.dispose();
  result.dispose();
  assert.is(gpu.memory().bytesInUse, bytesInUse - 256);
});

/**
 * A random program on promised and on external memory, as a list of what each dispatch reads and writes. Every
 * storage is written before it is read; some are written in several dispatches.
 */
function randomProgram(random: RandomStream): { dispatches: Binding[][]; pinned: Set<Storage>; storages: Storage[] } {
  const external = { size: 4096 } as GPUBuffer;
  const storages: Storage[] = [new Storage(4096, 'external', external, () => {})];
  const [dispatches, written, pinned]: [Binding[][], Storage[], Set<Storage>] = [[], [storages[0]!], new Set()];
  const pick = <T>(list: readonly T[]): T => list[random.integer(0, list.length - 1)]!;
  for (let i = random.integer(5, 60); i > 0; i--) {
    const reads = new Set(Array.from({ length: random.integer(0, 3) }, () => pick(written.slice(-12))));
    const writes = new Set<Storage>();
    for (let count = random.integer(1, 3); count > 0; count--) {
      const again = random.integer(0, 3) === 0 ? pick(written) : null;
      if (again && !reads.has(again)) writes.add(again);
      else {
        const fresh = new Storage(4 * random.integer(1, pick([16, 400, 4000])), `storage ${storages.length}`, null, () => {});
        storages.push(fresh);
        writes.add(fresh);
        if (random.integer(0, 9) === 0) pinned.add(fresh);
      }
    }
    const binding =
      (access: Binding['access']) =>
      (storage: Storage): Binding => ({ storage, offset: 0, bytes: storage.bytes, access, region: wholeOf(storage) });
    dispatches.push([...[...reads].map(binding('read')), ...[...writes].map(binding('write'))]);
    for (const storage of writes) if (!written.includes(storage)) written.push(storage);
  }
  return { dispatches, pinned, storages };
}

/** The most bytes that are in use at one time; no plan needs less. */
function mostAtOnce(dispatches: readonly (readonly Binding[])[], pinned: ReadonlySet<Storage>): number {
  const touched = dispatches.map((bindings) => new Set(bindings.map(({ storage }) => storage).filter(({ buffer }) => buffer === null)));
  const after = (index: number): Set<Storage> => new Set(touched.slice(index).flatMap((each) => [...each]));
  const before = (index: number): Set<Storage> => new Set(touched.slice(0, index + 1).flatMap((each) => [...each]));
  const inUse = dispatches.map((_, index) => {
    const later = after(index);
    const live = new Set([...[...before(index)].filter((storage) => later.has(storage)), ...pinned]);
    return [...live].reduce((sum, { bytes }) => sum + bytes, 0);
  });
  return Math.max(...inUse);
}

test('no plan gives one buffer to two storages at a time: 300 random programs, run against memory of their own', () => {
  const random = new RandomStream(5, 0, 0);
  let [planned, asked, needed] = [0, 0, 0];
  for (let round = 0; round < 300; round++) {
    const { dispatches, pinned, storages } = randomProgram(random);
    const { bufferBytes, assignment } = planMemory(dispatches, pinned);
    // Every write leaves a number of its own; a read must find the one of the storage's last writer.
    const buffers = new Map<number, number>();
    const own = new Map<Storage, number>();
    let stamp = 0;
    for (const bindings of dispatches) {
      const places = bindings.filter(({ storage }) => storage.buffer === null).map(({ storage }) => assignment.get(storage)!);
      assert.is(new Set(places).size, places.length, 'one dispatch has no buffer twice');
      for (const { storage, access } of bindings) {
        if (storage.buffer) continue;
        const place = assignment.get(storage)!;
        assert.ok(bufferBytes[place]! >= storage.bytes, 'the buffer is large enough');
        if (access === 'read') assert.is(buffers.get(place), own.get(storage), `round ${round}: ${storage.label} was overwritten`);
      }
      for (const { storage, access } of bindings) {
        if (access !== 'write' || storage.buffer) continue;
        // A partial write needs what is there already.
        if (own.has(storage)) assert.is(buffers.get(assignment.get(storage)!), own.get(storage));
        own.set(storage, ++stamp);
        buffers.set(assignment.get(storage)!, stamp);
      }
    }
    for (const storage of pinned)
      assert.is(buffers.get(assignment.get(storage)!), own.get(storage), `round ${round}: a result was overwritten`);
    planned += bufferBytes.reduce((sum, bytes) => sum + bytes, 0);
    needed += mostAtOnce(dispatches, pinned);
    asked += storages.slice(1).reduce((sum, { bytes }) => sum + bytes, 0);
  }
  assert.ok(planned < asked, `buffers are handed on: ${planned} bytes for ${asked}`);
  assert.ok(planned < 1.15 * needed, `there are hardly more than are needed at one time: ${planned} bytes for ${needed}`);
});

test('a plan refuses memory that is read before it is written', () => {
  const unwritten = new Storage(16, 'nothing yet', null, () => {});
  assert.throws(
    () => planMemory([[{ storage: unwritten, offset: 0, bytes: 16, access: 'read', region: wholeOf(unwritten) }]], new Set()),
    /"nothing yet" before anything writes it/,
  );
});

test('a chain of any length needs two buffers', async () => {
  const x = Tensor.from(gpu, [1], [1]);
  const recordings: Recording[] = [];
  for (const length of [4, 40, 400]) {
    const { recording, result } = await gpu.record(() => {
      let chain = mul(x, 1);
      for (let i = 1; i < length; i++) chain = mul(chain, 1);
      const y = Tensor.empty(gpu, [1]);
      fill(y, 0);
      return copy(chain, y);
    });
    assert.is(recording.bytes, 3 * 256);
    recording.run();
    assert.is(await result.item(), 1);
    result.dispose();
    recordings.push(recording);
  }
  for (const recording of recordings) recording.destroy();
  x.dispose();
});

test.run();
