import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { OrderedDict, Tuple } from '../../src/formats/pickle-read.js';
import { openPyTorch, type PyTorchFile } from '../../src/formats/pytorch-file.js';
import {
  encodePyTorch,
  PythonFloat,
  type PyTorchTensor,
  type PyTorchWritable,
  type PyTorchWriteOptions,
} from '../../src/formats/pytorch-write.js';
import type { StoredDType } from '../../src/formats/weight-file.js';
import { readZipDirectory } from '../../src/formats/zip-read.js';
import { ShadegradError } from '../../src/errors.js';
import { elementCount, values } from '../harness/deterministic.js';
import { expectedValue, readValue, writable, written } from '../harness/pytorch-golden.js';
import { collect } from '../harness/weights.js';

const tensor = (data: Float32Array, shape: readonly number[], dtype?: StoredDType): PyTorchTensor => ({
  shape,
  read: async () => data,
  ...(dtype ? { dtype } : {}),
});
const reopen = async (value: PyTorchWritable, options?: PyTorchWriteOptions): Promise<PyTorchFile> =>
  openPyTorch(bytesSource(await collect(encodePyTorch(value, options))));
const back = async (value: PyTorchWritable): Promise<unknown> => readValue((await reopen(value)).value);

async function refuses(what: string, value: PyTorchWritable, reason: RegExp): Promise<void> {
  let caught: unknown;
  await collect(encodePyTorch(value)).catch((error) => (caught = error));
  assert.instance(caught, ShadegradError, `${what}: ${String(caught)}`);
  assert.is((caught as ShadegradError).code, 'INVALID_ARGUMENT', what);
  assert.match((caught as Error).message, reason, what);
}

for (const { name, bytes, options, value } of written) {
  test(`these bytes are written, which torch.load has read: ${name}`, async () => {
    const pieces = await collect(encodePyTorch(writable(value), options));
    // With a type for the file, what torch.load found has been rounded, and rounds to itself.
    assert.is(pieces.length, bytes.length);
    assert.ok(pieces.every((byte, i) => byte === bytes[i]));
    assert.equal(await readValue((await openPyTorch(bytesSource(bytes))).value), expectedValue(value));
  });
}

test('there are such files of every option', () => {
  assert.equal(
    new Set(written.map(({ options }) => JSON.stringify(options))),
    new Set(['{}', '{"zip64From":0}', '{"zip64From":200}', '{"dtype":"f16"}', '{"dtype":"bf16"}']),
  );
});

test('numbers of every type come back to the bit', async () => {
  const cases: [StoredDType, number[]][] = [
    ['f64', [0.1, -0, Infinity, -Infinity, NaN, 1e-45, 3.4e38].map(Math.fround)],
    ['f32', [0.1, -0, Infinity, -Infinity, NaN, 1e-45, 3.4e38].map(Math.fround)],
    ['f16', [0.5, -0, 65504, 2 ** -24, -Infinity, NaN]],
    ['bf16', [1.5, -0, 2 ** -130, Infinity, 2 ** 127]],
    ['i64', [-(2 ** 63), 2 ** 62, 0, -1]],
    ['i32', [-(2 ** 31), 2 ** 30, 7]],
    ['i16', [-32768, 32767, 0]],
    ['i8', [-128, 127, 0, -1]],
    ['u8', [0, 255, 1]],
    ['bool', [1, 0, 1]],
  ];
  const state = new OrderedDict<string, PyTorchWritable>(
    cases.map(([dtype, numbers]) => [dtype, tensor(Float32Array.from(numbers), [numbers.length], dtype)]),
  );
  const { tensors } = await reopen(state);
  for (const [dtype, numbers] of cases) {
    const read = await tensors.get(dtype)!.read();
    assert.equal(
      [tensors.get(dtype)!.dtype, [...new Uint32Array(read.buffer, read.byteOffset, read.length)]],
      [dtype, [...new Uint32Array(Float32Array.from(numbers).buffer)]],
    );
  }
});

test('values of Python come back as they were, of any size and length', async () => {
  const ints = [
    0,
    1,
    255,
    256,
    65535,
    65536,
    2 ** 31 - 1,
    2 ** 31,
    -1,
    -128,
    -129,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2n ** 53n,
    2n ** 63n,
    -(2n ** 63n),
    10n ** 300n,
    -(10n ** 300n),
  ];
  assert.equal(await back(ints), { list: ints });
  assert.equal(await back([0.1, -0, NaN, Infinity, new PythonFloat(3), 2 ** 53]), { list: [0.1, '-0', NaN, Infinity, 3, 2 ** 53] });
  assert.equal(
    await back(
      new Map<string | number | bigint | boolean | null, PyTorchWritable>([
        ['', null],
        [1, 'a'],
        [true, false],
        [null, Tuple.from([1, 'b'])],
        [2n ** 70n, new OrderedDict([['x', []]])],
        ['__proto__', 1],
      ]),
    ),
    {
      dict: [
        ['', null],
        [1, 'a'],
        [true, false],
        [null, { tuple: [1, 'b'] }],
        [2n ** 70n, { ordered: [['x', { list: [] }]] }],
        ['__proto__', 1],
      ],
    },
  );
  // The writer's memory grows in the middle of every kind of operation.
  for (let length = 4060; length <= 4100; length++) {
    const value = ['x'.repeat(length), 70_000, 0.5, 2n ** 90n, 'd\u00e9\u{1f600}', Tuple.from([null, true])];
    assert.equal(await back(value), { list: [...value.slice(0, -1), { tuple: [null, true] }] }, `${length}`);
  }
  assert.equal(await back('y'.repeat(300_000)), 'y'.repeat(300_000));
});

test('a tensor that is there twice is stored once; the same values give the same bytes', async () => {
  const shared = tensor(values('shared', 6), [2, 3]);
  const state = new Map<string, PyTorchWritable>([
    ['a', shared],
    ['nested', new Map([['b', shared]])],
    ['c', tensor(values('other', 2), [2])],
  ]);
  const bytes = await collect(encodePyTorch(state));
  assert.equal(
    [...(await readZipDirectory(bytesSource(bytes))).keys()],
    ['archive/data.pkl', 'archive/byteorder', 'archive/data/0', 'archive/data/1', 'archive/version'],
  );
  const { tensors } = await openPyTorch(bytesSource(bytes));
  assert.equal([...tensors.keys()], ['a', 'nested.b', 'c']);
  for (const name of ['a', 'nested.b']) assert.equal(await tensors.get(name)!.read(), values('shared', 6));
  assert.equal(await collect(encodePyTorch(state)), bytes);
});

test("the file's type is for numbers with fractions, and not for those that stand alone", async () => {
  const state = new Map([
    ['weight', tensor(Float32Array.of(0.1, 65504), [2])],
    ['double', tensor(Float32Array.of(0.5), [1], 'f64')],
    ['scale', tensor(Float32Array.of(0.1), [])],
    ['count', tensor(Float32Array.of(2 ** 20), [1], 'i64')],
    ['flag', tensor(Float32Array.of(1), [1], 'bool')],
  ]);
  const { tensors } = await reopen(state, { dtype: 'f16' });
  assert.equal(
    [...tensors.values()].map(({ dtype }) => dtype),
    ['f16', 'f16', 'f32', 'i64', 'bool'],
  );
  assert.equal([...(await tensors.get('weight')!.read())], [0.0999755859375, 65504]);
  assert.equal([...(await tensors.get('scale')!.read())], [Math.fround(0.1)]);
});

test('tensors are read one at a time, and only when they are written', async () => {
  const log: string[] = [];
  const logged = (name: string): PyTorchTensor => ({ shape: [3], read: async () => (log.push(name), values(name, 3)) });
  for await (const piece of encodePyTorch(
    new Map([
      ['a', logged('a')],
      ['b', logged('b')],
    ]),
  ))
    log.push(`${piece.length > 0 ? 'piece' : 'nothing'}`);
  assert.equal(
    log.filter((each) => each !== 'piece'),
    ['a', 'b'],
  );
  assert.ok(log.indexOf('b') > log.indexOf('a') + 2, 'a is written before b is read');
  assert.is(log[0], 'piece');
});

test('what a state dictionary cannot hold is refused', async () => {
  const cyclic: PyTorchWritable[] = [];
  cyclic.push(cyclic);
  const strange = (value: unknown): PyTorchWritable => value as PyTorchWritable;
  const cases: [string, PyTorchWritable, RegExp][] = [
    ['too few numbers', tensor(values('x', 5), [2, 3]), /shape \[2, 3\]/],
    ['a type that no storage has', tensor(values('x', 1), [1], 'u16'), /u16/],
    ['parts of whole numbers', tensor(Float32Array.of(0.5), [1], 'i64'), /0\.5/],
    ['a shape with a part', tensor(values('x', 1), [0.5]), /whole lengths/],
    ['a negative shape', tensor(values('x', 1), [-1, -1]), /whole lengths/],
    ['a list in itself', cyclic, /nested too deep/],
    ['undefined', strange(undefined), /undefined/],
    ['a function', strange(() => 1), /function/],
    ['an object', strange({ a: 1 }), /object/],
    ['a set', strange(new Set([1])), /Set/],
    ['a date', strange([new Date(0)]), /Date/],
    ['a key that is a list', strange(new Map([[[], 1]])), /a key of a map/],
    ['a number past 255 bytes', 2n ** 3000n, /at most 255 bytes/],
  ];
  for (const [what, value, reason] of cases) await refuses(what, value, reason);
  assert.is(elementCount([2, 3]), 6);
});

test.run();
