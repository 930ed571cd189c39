import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mul } from '../../src/autograd/ops.js';
import { copy } from '../../src/kernels/elementwise.js';
import { adjacentChannels, Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const count = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];
/** Runs a test in which every tensor but those read is a scope's. */
const inScope = (body: () => Record<string, [Tensor, number[]]>) => async (): Promise<void> => {
  const results = gpu.scope(() =>
    Object.fromEntries(Object.entries(body()).map(([name, [tensor, expected]]) => [name, { tensor, expected }])),
  );
  for (const [name, { tensor, expected }] of Object.entries(results)) {
    assert.equal(await numbers(tensor), expected, name);
    tensor.dispose();
  }
};

test('numbers come back as they went in', async () => {
  for (const shape of [[1], [3], [2, 3], [1, 2, 3, 5], [65]]) {
    const size = shape.reduce((product, length) => product * length, 1);
    const tensor = Tensor.from(gpu, count(size), shape, 'numbers');
    assert.equal(await tensor.data(), count(size));
    assert.equal([tensor.size, tensor.channels, tensor.rows, tensor.contiguous], [size, shape.at(-1), size / shape.at(-1)!, true]);
    assert.is(String(tensor), `Tensor "numbers" f32 [${shape.join(', ')}]`);
    tensor.dispose();
  }
  const special = [NaN, Infinity, -Infinity, -0, 1e-40, 3.4028234663852886e38];
  const tensor = Tensor.from(gpu, special, [6]);
  const bits = ({ buffer }: Float32Array): Uint32Array => new Uint32Array(buffer);
  assert.equal(bits(await tensor.data()), bits(new Float32Array(special)));
  tensor.dispose();
});

test('a scalar has no axes and one element', async () => {
  const x = Tensor.from(gpu, [2.5], []);
  assert.equal([x.shape, x.size, x.rows, x.channels, x.contiguous], [[], 1, 1, 1, true]);
  assert.is(await x.item(), 2.5);
  const views = [x.reshape([1, 1]), x.reshape([1, 1]).reshape([]), x.detach()];
  assert.equal(
    views.map(({ shape }) => shape),
    [[1, 1], [], []],
  );
  for (const view of views) assert.equal([...(await view.data())], [2.5]);
  x.write(new Float32Array([3]));
  assert.is(await copy(x).item(), 3);
});

test('whole numbers travel as they are', async () => {
  const numbers = [0, -1, 7, 2147483647, -2147483648, 16777217];
  const x = Tensor.from(gpu, new Int32Array(numbers), [3, 2], 'labels');
  assert.is(x.dtype, 'i32');
  assert.equal([...(await x.ints())], numbers);
  assert.equal([...(await x.sliceChannels(1, 2).ints())], [-1, 2147483647, 16777217]);
  x.write(new Int32Array(6).fill(5));
  assert.equal([...(await x.ints())], Array(6).fill(5));
  assert.is(await Tensor.from(gpu, new Int32Array([-9]), []).item(), -9);
  await failure('SHAPE_MISMATCH', () => Tensor.from(gpu, new Int32Array(1), [2]), '2 numbers');
  await failure('SHAPE_MISMATCH', () => x.write(new Float32Array(6)), 'i32');
  await failure('INVALID_ARGUMENT', () => x.data(), 'ints()');
  await failure('INVALID_ARGUMENT', () => Tensor.from(gpu, [1], [1]).ints(), 'data()');
  await failure('INVALID_ARGUMENT', () => mul(x, 2), 'i32');
});

test('shapes and contents that do not fit are refused', async () => {
  for (const shape of [[0], [2, -1], [1.5], [NaN]]) {
    await failure('INVALID_ARGUMENT', () => Tensor.empty(gpu, shape, 'misshapen'), '"misshapen"', `[${shape.join(', ')}]`);
    await failure('INVALID_ARGUMENT', () => Tensor.from(gpu, [1], shape, 'misshapen'), '"misshapen"');
  }
  await failure('SHAPE_MISMATCH', () => Tensor.from(gpu, [1, 2, 3], [2, 2], 'short'), '"short"', '4 numbers', '3 numbers');
  await failure('SHAPE_MISMATCH', () => Tensor.fromBytes(gpu, new Uint8Array(5), [2, 2], 'long'), '"long"', '4 bytes', '5 bytes');
  const tensor = Tensor.from(gpu, count(4), [4], 'four');
  await failure('SHAPE_MISMATCH', () => tensor.write(count(5)), '"four"');
  await failure('SHAPE_MISMATCH', () => tensor.item(), '"four"', 'data()');
  tensor.dispose();
});

test('lists of numbers of any kind become float32, where that is what they say', async () => {
  const wanted = [1, -2, NaN, Infinity];
  const x = Tensor.from(gpu, [0, 0, 0, 0], [4]);
  for (const data of [wanted, Float64Array.from(wanted), Float32Array.from(wanted)]) {
    x.write(new Float32Array(4));
    x.write(data);
    assert.equal(await numbers(x), wanted);
    assert.equal(await numbers(Tensor.from(gpu, data, [4])), wanted);
  }
  x.write([0.1, 0, 0, 0]);
  assert.is((await numbers(x))[0], Math.fround(0.1));
  await failure('SHAPE_MISMATCH', () => x.write(new Int32Array(4)), 'i32');
  const kept = await numbers(x);
  const wrong: [unknown, ...(string | RegExp)[]][] = [
    [new Uint8Array(4), 'received: Uint8Array', 'writeBytes()'],
    [new Uint8ClampedArray(4), 'received: Uint8ClampedArray', 'writeBytes()'],
    [new Uint32Array(4), 'received: Uint32Array', 'Int32Array.from(data)'],
    [new Int16Array(4), 'Int16Array'],
    [new BigInt64Array(4), 'BigInt64Array'],
    [new DataView(new ArrayBuffer(16)), 'DataView'],
    [new ArrayBuffer(16), 'object'],
    [['1', 2, 3, 4], 'string at index 0'],
    [[1, 2, undefined, 4], 'undefined at index 2'],
    [
      [
        [1, 2],
        [3, 4],
      ],
      'array at index 0',
      'flat()',
    ],
    [5, 'number'],
    [null, 'null'],
  ];
  for (const [data, ...words] of wrong) {
    await failure('INVALID_ARGUMENT', () => x.write(data as never), ...words, 'fix: ');
    await failure('INVALID_ARGUMENT', () => Tensor.from(gpu, data as never, [4]), ...words, 'fix: ');
  }
  assert.equal(await numbers(x), kept);
});

test('bytes are whole numbers from 0 to 255', async () => {
  for (const data of [[1, 255, 0], new Uint8Array([1, 255, 0]), new Uint8ClampedArray([9, 1, 255, 0]).subarray(1)]) {
    const image = Tensor.fromBytes(gpu, data, [3]);
    assert.equal([...(await image.bytes())], [1, 255, 0]);
    image.writeBytes([3, 2, 1]);
    image.writeBytes(data);
    assert.equal([...(await image.bytes())], [1, 255, 0]);
  }
  const image = Tensor.fromBytes(gpu, [1, 2], [2]);
  const wrong: [unknown, string][] = [
    [[1, 300], '300 at index 1'],
    [[-1, 0], '-1 at index 0'],
    [[0.5, 0], '0.5 at index 0'],
    [[NaN, 0], 'NaN at index 0'],
    [new Float32Array(2), 'Float32Array'],
    [new Int8Array(2), 'Int8Array'],
    [new Uint16Array(2), 'Uint16Array'],
    ['ab', 'string'],
  ];
  for (const [data, word] of wrong) {
    await failure('INVALID_ARGUMENT', () => Tensor.fromBytes(gpu, data as never, [2]), `received: ${word}`);
    await failure('INVALID_ARGUMENT', () => image.writeBytes(data as never), `received: ${word}`);
  }
  assert.equal([...(await image.bytes())], [1, 2]);
});

test('write() replaces the contents, in order with what was dispatched', async () => {
  const x = Tensor.from(gpu, [1, 2], [2]);
  const before = mul(x, 10);
  x.write(new Float32Array([3, 4]));
  const after = mul(x, 10);
  assert.equal(
    [await numbers(before), await numbers(after)],
    [
      [10, 20],
      [30, 40],
    ],
  );
  for (const tensor of [x, before, after]) tensor.dispose();
});

test(
  'a slice of the channels shares memory and reads its own',
  inScope(() => {
    const wide = Tensor.from(gpu, count(12), [2, 2, 3]);
    const slice = wide.sliceChannels(1, 3);
    assert.equal([slice.shape, slice.contiguous, slice.rows, slice.offset], [[2, 2, 2], false, 4, 1]);
    const inner = slice.sliceChannels(1, 2);
    const regrouped = slice.reshape([4, 2]);
    copy(Tensor.from(gpu, [-1, -2, -3, -4], [2, 2, 1]), wide.sliceChannels(0, 1));
    return {
      slice: [slice, [1, 2, 4, 5, 7, 8, 10, 11]],
      inner: [inner, [2, 5, 8, 11]],
      regrouped: [regrouped, [1, 2, 4, 5, 7, 8, 10, 11]],
      wide: [wide, [-1, 1, 2, -2, 4, 5, -3, 7, 8, -4, 10, 11]],
    };
  }),
);

test('what is not in a tensor is not sliced from it, and a slice is no place to upload to', async () => {
  const wide = Tensor.from(gpu, count(12), [4, 3], 'wide');
  for (const [start, end] of [
    [-1, 2],
    [0, 4],
    [2, 2],
    [2, 1],
    [0.5, 2],
  ] as const) {
    await failure('INVALID_ARGUMENT', () => wide.sliceChannels(start, end), '"wide"', `start ${start}, end ${end}`);
  }
  const slice = wide.sliceChannels(0, 2);
  await failure('SHAPE_MISMATCH', () => slice.write(count(8)), 'channel slice');
  await failure('SHAPE_MISMATCH', () => slice.reshape([8]), '"wide"', 'last axis of 2', 'copy');
  await failure('SHAPE_MISMATCH', () => wide.reshape([5, 3]), '12 elements');
  await failure('INVALID_ARGUMENT', () => wide.reshape([-4, -3]));
  slice.dispose();
  wide.dispose();
});

test(
  'reshape and detach are views',
  inScope(() => {
    const x = Tensor.from(gpu, count(12), [3, 4]);
    x.requiresGrad = true;
    const [flat, square, detached] = [x.reshape([12]), x.reshape([2, 2, 3]), x.detach()];
    assert.equal([detached.requiresGrad, detached.origin, detached.shape], [false, null, [3, 4]]);
    x.write(count(12).map((value) => -value));
    const expected = [...count(12)].map((value) => -value);
    // A single row has no stride, however wide the tensor that it was cut from.
    const row = Tensor.from(gpu, count(8), [1, 8]).sliceChannels(2, 6);
    assert.ok(row.contiguous);
    return { flat: [flat, expected], square: [square, expected], detached: [detached, expected], row: [row.reshape([2, 2]), [2, 3, 4, 5]] };
  }),
);

test(
  'a slice whose start is no multiple of 256 bytes is bound below it',
  inScope(() => {
    const wide = Tensor.from(gpu, count(300), [3, 100]);
    const result: Record<string, [Tensor, number[]]> = {};
    for (const start of [0, 1, 63, 64, 65, 97]) {
      const slice = wide.sliceChannels(start, start + 3);
      const { offset, bytes } = slice.read();
      assert.is(offset % 256, 0);
      assert.is(offset / 4 + slice.base, start);
      assert.is(offset + bytes, (200 + start + 3) * 4);
      result[`from ${start}`] = [mul(slice, 1), [0, 1, 2].flatMap((row) => [0, 1, 2].map((channel) => row * 100 + start + channel))];
    }
    return result;
  }),
);

test('adjacent channels are told from others', async () => {
  gpu.scope(() => {
    const wide = Tensor.from(gpu, count(24), [2, 2, 6]);
    const [a, b, c] = [wide.sliceChannels(0, 2), wide.sliceChannels(2, 5), wide.sliceChannels(3, 6)];
    assert.ok(adjacentChannels(a, b));
    assert.not(adjacentChannels(b, a));
    assert.not(adjacentChannels(a, c));
    assert.not(adjacentChannels(a, b.reshape([4, 3])));
    assert.not(adjacentChannels(a, Tensor.from(gpu, count(24), [2, 2, 6]).sliceChannels(2, 5)));
  });
});

test('bytes come back as they went in, at any length', async () => {
  for (const length of [1, 3, 4, 5, 257]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 37) & 255);
    const tensor = Tensor.fromBytes(gpu, data, [length]);
    assert.equal(await tensor.bytes(), data);
    tensor.writeBytes(data.map((byte) => 255 - byte));
    assert.equal(
      await tensor.bytes(),
      data.map((byte) => 255 - byte),
    );
    tensor.dispose();
  }
});

test('bytes are no numbers, and slices of bytes are not read or written', async () => {
  const [image, floats] = [Tensor.fromBytes(gpu, new Uint8Array(12), [4, 3], 'image'), Tensor.from(gpu, [1], [1], 'floats')];
  const slice = image.sliceChannels(0, 2);
  await failure('INVALID_ARGUMENT', () => image.data(), '"image"', 'u8', 'bytes()');
  await failure('SHAPE_MISMATCH', () => image.write(new Float32Array(12)), 'u8');
  await failure('INVALID_ARGUMENT', () => floats.bytes(), '"floats"', 'f32');
  await failure('INVALID_ARGUMENT', () => floats.writeBytes(new Uint8Array(1)), '"floats"');
  await failure('INVALID_ARGUMENT', () => slice.bytes(), 'slice');
  await failure('INVALID_ARGUMENT', () => slice.writeBytes(new Uint8Array(8)), 'slice');
  await failure('SHAPE_MISMATCH', () => image.writeBytes(new Uint8Array(11)), '12 bytes', '11 bytes');
  await failure('INVALID_ARGUMENT', () => mul(image, 2), '"image"', 'u8');
  for (const tensor of [slice, image, floats]) tensor.dispose();
});

test('copies on the device, byte ranges and all', async () => {
  const [a, b] = [Tensor.from(gpu, count(8), [8]), Tensor.from(gpu, new Float32Array(8), [8])];
  gpu.copy(a.storage, 8, b.storage, 16, 12);
  assert.equal(await numbers(b), [0, 0, 0, 0, 2, 3, 4, 0]);
  a.dispose();
  b.dispose();
});

test('reads of more than one piece', async () => {
  // 40 MiB: more than the buffers through which it travels.
  const length = 10 * 1024 * 1024;
  const tensor = Tensor.empty(gpu, [length]);
  const marks = [0, 8 * 1024 * 1024 - 1, 8 * 1024 * 1024, length - 1];
  const source = new Float32Array(length);
  for (const place of marks) source[place] = place;
  tensor.write(source);
  const data = await tensor.data();
  assert.equal(
    marks.map((place) => data[place]),
    marks,
  );
  assert.is(
    data.reduce((sum, value) => sum + value, 0),
    marks.reduce((sum, value) => sum + value, 0),
  );
  tensor.dispose();
  gpu.trim();
});

test.run();
