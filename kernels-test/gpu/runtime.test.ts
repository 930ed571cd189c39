import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mul } from '../../src/autograd/ops.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { openGpu } from '../../src/gpu/request.js';
import { UniformCache } from '../../src/gpu/uniform-cache.js';
import { add, fill } from '../../src/kernels/elementwise.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure, openTestGpu, slowShader, withLimits, wrapDevice } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

const VALID = `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = 7; }`;
/** The mistake is in line 5. */
const INVALID = `const A = 1u;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
  y[0] = undeclared;
  y[1] = 2;
}`;
const shader = (code: string, name: string) => ({ name, code: `// ${name}\n${code}` });

/** Whatever went wrong before, the device still computes. */
async function assertUsable(): Promise<void> {
  const [a, b] = [Tensor.from(gpu, [1, 2, 3], [3]), Tensor.from(gpu, [10, 20, 30], [3])];
  const c = add(a, b);
  assert.equal([...(await c.data())], [11, 22, 33]);
  await gpu.sync();
  for (const tensor of [a, b, c]) tensor.dispose();
}

/** Runs `dispatch` on a throw-away tensor. */
async function withOutput(label: string, body: (y: Tensor) => unknown): Promise<void> {
  const y = Tensor.empty(gpu, [4], label);
  try {
    await body(y);
  } finally {
    y.dispose();
  }
}

test('a shader that does not compile is shown with its name, line and the source around it', async () => {
  const broken = shader(INVALID, 'broken_eager');
  const shown = [
    /shader "broken_eager" does not compile/,
    /broken_eager\.wgsl:6:\d+: /,
    /> +6 \| {3}y\[0\] = undeclared;/,
    / +5 \| fn main\(\) \{/,
    / +7 \| {3}y\[1\] = 2;/,
  ];
  await withOutput('result', async (y) => {
    gpu.dispatch({ shader: broken, bindings: [y.written()], workgroups: [1, 1, 1] });
    await failure('SHADER_COMPILE', () => y.data(), ...shown);
    await assertUsable();
    // Asked for again it fails at once, and leaves nothing that fails later.
    await failure('SHADER_COMPILE', () => gpu.dispatch({ shader: broken, bindings: [y.written()], workgroups: [1, 1, 1] }), ...shown);
    await failure('SHADER_COMPILE', () => gpu.pipelines.prepare(broken), ...shown);
  });
  await assertUsable();
});

test('sync() throws a compile error, too, once', async () => {
  await withOutput('result', async (y) => {
    gpu.dispatch({ shader: shader(INVALID, 'broken_sync'), bindings: [y.written()], workgroups: [1, 1, 1] });
    await failure('SHADER_COMPILE', () => gpu.sync(), /broken_sync\.wgsl:6/);
  });
  await gpu.sync();
  await assertUsable();
});

test('a recorded function with such a shader is refused, and leaves no memory behind', async () => {
  const broken = shader(INVALID, 'broken_recorded');
  const before = gpu.memory();
  for (let attempt = 0; attempt < 3; attempt++) {
    await failure(
      'SHADER_COMPILE',
      () =>
        gpu.record(() => {
          const y = Tensor.empty(gpu, [4]);
          fill(y, 1);
          gpu.dispatch({ shader: broken, bindings: [y.written()], workgroups: [1, 1, 1] });
          return y;
        }),
      /broken_recorded\.wgsl:6:\d+: /,
      />\s+6 \| {3}y\[0\] = undeclared;/,
    );
  }
  assert.is(gpu.memory().tensors, before.tensors);
  assert.is(gpu.memory().bytesInUse, before.bytesInUse);
  await assertUsable();
});

test('a command that the device refuses surfaces at the next wait, once', async () => {
  const valid = shader(VALID, 'valid');
  for (const wait of [(y: Tensor) => y.data(), () => gpu.sync(), (y: Tensor) => gpu.record(() => fill(y, 1))]) {
    await withOutput('result', async (y) => {
      const extra = Tensor.from(gpu, [1], [1]);
      // One binding more than the shader has.
      gpu.dispatch({ shader: valid, bindings: [y.written(), extra.read()], workgroups: [1, 1, 1] });
      fill(extra, 2);
      await failure('GPU_VALIDATION', () => wait(y), /binding index 1/);
      extra.dispose();
    });
    await assertUsable();
  }
});

test('tensors that do not fit in one buffer are refused with name, bytes and limit', async () => {
  const { maxBufferSize } = gpu.limits;
  const elements = Math.floor(maxBufferSize / 4) + 1;
  const words = ['"giant"', `${elements * 4} bytes`, String(maxBufferSize), 'maxBufferSize'];
  const before = gpu.memory();
  await failure('LIMIT_EXCEEDED', () => Tensor.empty(gpu, [elements], 'giant'), ...words);
  await failure('LIMIT_EXCEEDED', () => gpu.record(() => Tensor.empty(gpu, [elements], 'giant')), ...words);
  assert.equal(gpu.memory(), before);
  await assertUsable();
});

test('tensors too large to bind, and too many workgroups, are refused with name, size and limit', async () => {
  const small = withLimits(gpu, { maxStorageBufferBindingSize: 4096, maxComputeWorkgroupsPerDimension: 32 });
  const fits = Tensor.empty(small, [1024], 'fits');
  const wide = Tensor.empty(small, [1025], 'wide');
  fill(fits, 1);
  await failure('LIMIT_EXCEEDED', () => fill(wide, 1), 'kernel fill', '"wide"', '4100 bytes', '4096 bytes', 'maxStorageBufferBindingSize');
  await failure('LIMIT_EXCEEDED', () => small.record(() => fill(wide, 1)), '"wide"', '4100 bytes');
  await failure(
    'LIMIT_EXCEEDED',
    () => small.dispatch({ shader: shader(VALID, 'valid'), bindings: [fits.written()], workgroups: [1, 33, 1] }),
    'kernel valid',
    '1 x 33 x 1',
    '32',
  );
  await failure(
    'LIMIT_EXCEEDED',
    () => small.dispatch({ shader: shader(VALID, 'valid'), bindings: [fits.written()], workgroups: [1, 0, 1] }),
    '1 x 0 x 1',
  );
  assert.equal(
    [...(await fits.data())],
    Array.from({ length: 1024 }, () => 1),
  );
  fits.dispose();
  wide.dispose();
  small.trim();
});

test('a size class beyond the largest buffer is cut to it, and its buffer is used again', async () => {
  // 1,100,000 bytes belong to the class of 1,310,720.
  const small = withLimits(gpu, { maxBufferSize: 1_100_000 });
  for (let round = 0; round < 3; round++) {
    const tensor = Tensor.empty(small, [275_000]);
    fill(tensor, round);
    assert.is((await tensor.data())[274_999], round);
    assert.is(small.memory().bytesInUse, 1_100_000);
    tensor.dispose();
  }
  const { recording, result } = await small.record(() => {
    const tensor = Tensor.empty(small, [275_000]);
    fill(tensor, 5);
    return tensor;
  });
  recording.run();
  assert.is((await result.data())[0], 5);
  assert.is(recording.bytes, 1_100_000);
  recording.destroy();
  result.dispose();
  small.trim();
  assert.is(small.memory().bytesInUse, 0);
});

/** A runtime whose next buffers of at least `bytes` find no memory, as the device would tell it. */
function withoutMemory(bytes: number): Gpu {
  const { device } = gpu;
  let refused = false;
  return new Gpu(
    wrapDevice(device, {
      createBuffer(descriptor: GPUBufferDescriptor) {
        refused = descriptor.size >= bytes;
        return device.createBuffer(descriptor);
      },
      async popErrorScope() {
        const noMemory = refused;
        refused = false;
        const error = await device.popErrorScope();
        return noMemory ? { message: 'pretended' } : error;
      },
    }),
    gpu.adapter,
  );
}

test('no memory left: the error names the tensor and the bytes, and the buffer is never used again', async () => {
  const full = withoutMemory(1 << 20);
  const kept = Tensor.from(full, [1, 2, 3], [3], 'kept');
  const { bytesInUse } = full.memory();
  for (const disposedBefore of [false, true]) {
    const huge = Tensor.empty(full, [1 << 18], 'huge one');
    if (disposedBefore) huge.dispose();
    await failure(
      'OUT_OF_MEMORY',
      () => full.sync(),
      '"huge one"',
      '1048576 bytes',
      `${bytesInUse} bytes were allocated`,
      String(gpu.limits.maxBufferSize),
      'smaller',
    );
    huge.dispose();
    assert.is(full.memory().bytesInUse, bytesInUse);
    assert.is(full.memory().bytesPooled, 0, 'a buffer without memory does not go back to the pool');
    await full.sync();
  }
  await failure(
    'OUT_OF_MEMORY',
    () =>
      full.record(() => {
        const y = Tensor.empty(full, [1 << 18]);
        fill(y, 1);
        return y;
      }),
    '"recorded step"',
  );
  assert.is(full.memory().bytesInUse, bytesInUse);
  assert.is(full.memory().tensors, 1);
  assert.equal([...(await kept.data())], [1, 2, 3]);
  kept.dispose();
  full.trim();
});

// Other drivers promise memory that they do not have, or crash.
const swiftShader = /swiftshader/i.test(`${gpu.adapter.architecture} ${gpu.adapter.description}`);
(swiftShader ? test : test.skip)('really no memory left, on SwiftShader', async () => {
  const { maxBufferSize } = gpu.limits;
  const before = gpu.memory().bytesInUse;
  const huge = new Tensor({ gpu, shape: [maxBufferSize / 4], storage: gpu.allocate(maxBufferSize, 'all there is') });
  await failure('OUT_OF_MEMORY', () => gpu.sync(), '"all there is"', `${maxBufferSize} bytes`);
  huge.dispose();
  assert.is(gpu.memory().bytesInUse, before);
  await assertUsable();
});

test('a lost device surfaces from every wait and every call, and nothing hangs', async () => {
  for (const wait of ['read', 'sync', 'record'] as const) {
    const doomed = await openTestGpu();
    const [x, y] = [Tensor.from(doomed, [1], [1]), Tensor.from(doomed, [0], [1])];
    await doomed.sync();
    doomed.dispatch({ shader: slowShader(1000), bindings: [x.read(), y.written()], workgroups: [1, 1, 1] });
    const waits = { read: () => y.data(), sync: () => doomed.sync(), record: () => doomed.record(() => mul(x, 2)) };
    const pending = failure('DEVICE_LOST', waits[wait]);
    // Behind the library's back.
    doomed.device.destroy();
    // A wait whose work was done already may still succeed, but for a read: its buffer cannot be mapped any more.
    if (wait === 'read') await pending;
    else await pending.catch(() => {});
    await doomed.device.lost;
    await failure('DEVICE_LOST', () => y.data(), /lost/, 'checkpoint');
    await failure('DEVICE_LOST', () => doomed.sync());
    await failure('DEVICE_LOST', () => doomed.record(() => mul(x, 2)));
    await failure('DEVICE_LOST', () => fill(y, 1));
    await failure('DEVICE_LOST', () => y.write(new Float32Array(1)));
    await failure('DEVICE_LOST', () => Tensor.empty(doomed, [1]));
    x.dispose();
    y.dispose();
    doomed.destroy();
  }
});

test('destroy() ends pending waits and refuses what comes after it', async () => {
  const ended = await openTestGpu();
  const [x, y] = [Tensor.from(ended, [1], [1]), Tensor.from(ended, [0], [1])];
  ended.dispatch({ shader: slowShader(1000), bindings: [x.read(), y.written()], workgroups: [1, 1, 1] });
  const { recording } = await ended.record(() => mul(x, 2));
  const pending = failure('DEVICE_LOST', () => y.data(), /destroy\(\)/);
  ended.destroy();
  await pending;
  ended.destroy();
  await failure('DEVICE_LOST', () => y.data(), /destroy\(\)/);
  await failure('DEVICE_LOST', () => ended.sync(), /destroy\(\)/);
  await failure('DEVICE_LOST', () => recording.run(), /destroy\(\)/);
  recording.destroy();
  x.dispose();
  y.dispose();
});

test('what was disposed is not used: tensor, view, and what a scope has ended', async () => {
  const gone = Tensor.from(gpu, [1, 2], [2], 'gone');
  const view = gone.reshape([1, 2]);
  gone.dispose();
  gone.dispose();
  assert.equal([...(await view.data())], [1, 2], 'a view keeps the memory');
  view.dispose();
  for (const use of [
    () => gone.data(),
    () => gone.write(new Float32Array(2)),
    () => fill(gone, 0),
    () => gone.detach(),
    () => gone.reshape([1, 2]),
    () => gone.sliceChannels(0, 1),
    () => view.data(),
  ]) {
    await failure('USE_AFTER_FREE', use, '"gone"', 'keep()');
  }
  const made: Tensor[] = [];
  const returned = gpu.scope(() => {
    made.push(Tensor.from(gpu, [1], [1], 'local'), Tensor.from(gpu, [2], [1], 'kept').keep());
    return { list: [Tensor.from(gpu, [3], [1], 'returned')] };
  });
  await failure('USE_AFTER_FREE', () => made[0]!.data(), '"local"');
  assert.equal([await made[1]!.item(), await returned.list[0]!.item()], [2, 3]);
  made[1]!.dispose();
  returned.list[0]!.dispose();
});

test('a scope whose body throws, or is asynchronous, disposes what it made', async () => {
  const { tensors } = gpu.memory();
  assert.throws(
    () =>
      gpu.scope(() => {
        Tensor.from(gpu, [1], [1]);
        throw new Error('from the body');
      }),
    /from the body/,
  );
  await failure('INVALID_ARGUMENT', () => gpu.scope(async () => Tensor.from(gpu, [1], [1])), /asynchronous/);
  assert.is(gpu.memory().tensors, tensors);
});

test('one dispatch does not read and write one buffer, and no copy stays within one', async () => {
  const both = Tensor.from(gpu, [1, 2, 3, 4], [4], 'both');
  await failure('BUFFER_CONFLICT', () => mul(both, 2, { out: both }), 'kernel unary', '"both"');
  await failure('BUFFER_CONFLICT', () => mul(both.sliceChannels(0, 2), 2, { out: both.sliceChannels(2, 4) }), '"both"');
  await failure('BUFFER_CONFLICT', () => gpu.copy(both.storage, 0, both.storage, 8, 8), '"both"');
  assert.equal([...(await both.data())], [1, 2, 3, 4]);
  both.dispose();
  await assertUsable();
});

/** A runtime on the shared device that counts how often pipelines are made. */
function counting(): { counted: Gpu; made: { now: number; later: number; atOnce: number; unfinished: number } } {
  const { device } = gpu;
  const made = { now: 0, later: 0, atOnce: 0, unfinished: 0 };
  const counted = new Gpu(
    wrapDevice(device, {
      createComputePipeline(descriptor: GPUComputePipelineDescriptor) {
        made.now++;
        return device.createComputePipeline(descriptor);
      },
      async createComputePipelineAsync(descriptor: GPUComputePipelineDescriptor) {
        made.later++;
        made.atOnce = Math.max(made.atOnce, ++made.unfinished);
        const pipeline = await device.createComputePipelineAsync(descriptor);
        made.unfinished--;
        return pipeline;
      },
    }),
    gpu.adapter,
  );
  return { counted, made };
}

test('one source compiles once, however many ask for it, and different ones in parallel', async () => {
  const { counted, made } = counting();
  const sources = ['one', 'two', 'three'].map((name) => shader(VALID, name));
  const pipelines = await Promise.all([...sources, ...sources, ...sources].map((each) => counted.pipelines.prepare(each)));
  assert.equal([made.later, made.now, made.atOnce], [3, 0, 3]);
  assert.is(new Set(pipelines).size, 3);
  // The cache goes by the text: another object with it is the same shader.
  assert.is(counted.pipelines.get({ ...sources[0]! }), pipelines[0]);
  assert.is(await counted.pipelines.prepare({ ...sources[1]! }), pipelines[1]);
  assert.equal([made.later, made.now], [3, 0]);
  assert.is(counted.pipelines.size, 3);
});

test('a recorded step compiles each of its shaders once, in parallel; eager code then compiles none', async () => {
  const { counted, made } = counting();
  const [a, b] = [Tensor.from(counted, [1, 2], [2]), Tensor.from(counted, [3, 4], [2])];
  const step = (): Tensor => counted.scope(() => add(mul(add(a, b), 2), mul(a, 3)));
  const { recording, result } = await counted.record(step);
  assert.equal([made.later, made.now, made.atOnce], [2, 0, 2]);
  const eager = step();
  recording.run();
  assert.equal([...(await eager.data())], [11, 18]);
  assert.equal([...(await result.data())], [11, 18]);
  assert.equal([made.later, made.now], [2, 0]);
  recording.destroy();
  for (const tensor of [a, b, eager, result]) tensor.dispose();
  counted.trim();
});

test('a pipeline that eager code needs while it compiles is one pipeline afterwards', async () => {
  const { counted } = counting();
  const wanted = shader(VALID, 'in a hurry');
  const later = counted.pipelines.prepare(wanted);
  const now = counted.pipelines.get(wanted);
  assert.is(await later, now);
  assert.is(counted.pipelines.get(wanted), now);
});

test('features and adapters that are not there are refused by name', async () => {
  const adapter = { features: new Set(['subgroups']) } as unknown as GPUAdapter;
  await failure('NO_ADAPTER', () => openGpu(adapter, { requiredFeatures: ['shader-f16'] }), 'shader-f16', 'subgroups');
});

test('parallel reads get each their own numbers', async () => {
  const tensors = Array.from({ length: 20 }, (_, i) => Tensor.from(gpu, [i, i + 1], [2]));
  const read = await Promise.all(tensors.map((tensor) => tensor.data()));
  assert.equal(
    read.map((data) => [...data]),
    tensors.map((_, i) => [i, i + 1]),
  );
  for (const tensor of tensors) tensor.dispose();
});

test('uniform blocks are kept by content, each in a place of its own, and not without end', () => {
  const written = new Map<string, number>();
  let buffers = 0;
  const queue = {
    writeBuffer: ({ serial }: { serial: number }, offset: number, data: Uint8Array) =>
      written.set(`${serial} ${offset}`, new Uint32Array(data.slice().buffer)[0]!),
  };
  const device = { queue, createBuffer: () => ({ serial: buffers++, destroy() {} }) } as unknown as GPUDevice;
  const cache = new UniformCache(device);
  const get = (value: number): string => {
    const { buffer, offset } = cache.get(new Uint8Array(new Uint32Array([value, 0, 0, 0]).buffer));
    return `${(buffer as unknown as { serial: number }).serial} ${offset}`;
  };
  const places = Array.from({ length: 40_000 }, (_, i) => get(i));
  assert.is(new Set(places).size, places.length);
  assert.ok(
    places.every((place, i) => written.get(place) === i),
    'a place is never written twice',
  );
  assert.ok(cache.bytes <= 64 * 65_536, `${cache.bytes} bytes`);
  assert.is(get(39_999), places[39_999]);
  assert.is.not(get(0), places[0], 'what was forgotten is written again');
  assert.is(written.get(get(0)), 0);
});

test.run();
