import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, type ByteSource } from '../../src/formats/byte-source.js';
import { encodeNumbers } from '../../src/formats/half.js';
import { encodeHeader } from '../../src/formats/safetensors.js';
import { encodeSafetensors, openSafetensors, openShardedSafetensors } from '../../src/formats/safetensors-file.js';
import { formatByContent } from '../../src/formats/sniff.js';
import type { StoredDType, TensorToWrite } from '../../src/formats/weight-file.js';
import { ShadegradError, type ErrorCode } from '../../src/errors.js';
import golden from '../goldens/safetensors.json';
import { float32 } from '../harness/golden.js';
import { elementCount, values } from '../harness/deterministic.js';
import { collect } from '../harness/weights.js';

const SHAPES: Record<string, number[]> = { 'model.0.weight': [4, 3, 4, 4], 'model.0.bias': [5], scalar: [], empty: [3, 0] };
const tensor = (
  name: string,
  data: Float32Array,
  shape: readonly number[],
  dtype?: StoredDType,
): TensorToWrite & { dtype?: StoredDType } => ({ name, shape, read: async () => data, dtype });
const TENSORS = Object.entries(SHAPES).map(([name, shape]) => tensor(name, values(name, elementCount(shape)), shape));

async function fails(work: Promise<unknown>, code: ErrorCode, ...words: RegExp[]): Promise<void> {
  let caught: unknown;
  await work.catch((error) => (caught = error));
  assert.instance(caught, ShadegradError, `not refused, or failed with ${String(caught)}`);
  assert.is((caught as ShadegradError).code, code, (caught as ShadegradError).message);
  for (const word of [/fix: /, ...words]) assert.match((caught as ShadegradError).message, word);
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

test('a file is told by its first bytes also where the length of its header looks like the start of a pickle', async () => {
  // The first two bytes of a pickle are 0x80 and its version.
  const lengths = new Set<number>();
  for (let more = 0; more < 1400; more += 8) {
    const bytes = await collect(encodeSafetensors(TENSORS, { metadata: { about: 'x'.repeat(more) } }));
    lengths.add(new DataView(bytes.buffer).getUint16(0, true));
    assert.is(await formatByContent(bytesSource(bytes)), 'safetensors', `${more} more`);
  }
  for (const version of [2, 3, 4, 5]) assert.ok(lengths.has(256 * version + 0x80), `no header looked like protocol ${version}`);
});

test('what is written is read again, to the bit in f32, rounded in f16 and bf16', async () => {
  for (const dtype of ['f64', 'f32', 'f16', 'bf16'] as const) {
    const file = await openSafetensors(
      bytesSource(await collect(encodeSafetensors(TENSORS, { dtype, metadata: { about: 'a façade', n: '1' } }))),
    );
    assert.is(file.format, 'safetensors');
    assert.equal(
      [...file.metadata],
      [
        ['about', 'a façade'],
        ['n', '1'],
      ],
    );
    assert.equal([...file.tensors.keys()], Object.keys(SHAPES));
    for (const { name, shape } of TENSORS) {
      const read = file.tensors.get(name)!;
      assert.equal([read.name, read.dtype, read.shape], [name, dtype, shape]);
      const expected = values(name, elementCount(shape));
      const received = await read.read();
      const allowed = { f64: 0, f32: 0, f16: 2 ** -11, bf16: 2 ** -8 }[dtype];
      assert.is(received.length, expected.length);
      assert.ok(
        received.every((value, i) => Math.abs(value - expected[i]!) <= allowed * Math.max(Math.abs(expected[i]!), 2 ** -14)),
        `${name} as ${dtype}`,
      );
      assert.ok(
        dtype.length > 3 || allowed === 0 || received.some((value, i) => value !== expected[i]) || expected.length === 0,
        'really narrower',
      );
    }
  }
});

test('a tensor may have a type of its own; wide numbers come first, so that every tensor is aligned', async () => {
  const bytes = await collect(
    encodeSafetensors(
      [
        tensor('half', Float32Array.of(1, 2, 3), [3]),
        tensor('count', Float32Array.of(7), [], 'i64'),
        tensor('flags', Float32Array.of(1, 0), [2], 'bool'),
      ],
      { dtype: 'f16' },
    ),
  );
  const file = await openSafetensors(bytesSource(bytes));
  assert.equal(
    [...file.tensors.values()].map(({ name, dtype }) => [name, dtype]),
    [
      ['count', 'i64'],
      ['half', 'f16'],
      ['flags', 'bool'],
    ],
  );
  assert.equal([...(await file.tensors.get('count')!.read())], [7]);
  assert.equal([...(await file.tensors.get('flags')!.read())], [1, 0]);
});

test("a file of Python's safetensors is read: every type, scalars and nothing at all", async () => {
  const file = await openSafetensors(bytesSource(bytesOf(golden.file)));
  assert.equal([...file.metadata], Object.entries(golden.metadata));
  assert.equal([...file.tensors.keys()].sort(), golden.tensors.map(({ name }) => name).sort());
  for (const { name, dtype, values: expected } of golden.tensors) {
    const read = file.tensors.get(name)!;
    assert.equal([read.dtype, [...read.shape]], [dtype, expected.shape]);
    assert.equal([...(await read.read())], [...float32(expected)], name);
  }
});

test('nothing is read but the header until a tensor is asked for', async () => {
  const bytes = await collect(encodeSafetensors(TENSORS));
  const inner = bytesSource(bytes);
  let read = 0;
  const source: ByteSource = { ...inner, read: (start, target) => ((read += target.length), inner.read(start, target)) };
  const file = await openSafetensors(source);
  // The first bytes twice: they tell weights from files of other kinds.
  assert.ok(read <= bytes.length - 4 * (192 + 5 + 1) + 8 + 512);
  const before = read;
  await file.tensors.get('model.0.bias')!.read();
  assert.is(read - before, 20);
});

test('damaged files and types that are not for weights are refused', async () => {
  const bytes = await collect(encodeSafetensors(TENSORS));
  await fails(
    openSafetensors(bytesSource(bytes.slice(0, -1), 'cut.safetensors')),
    'WEIGHTS_CORRUPT',
    /cut\.safetensors/,
    /cut short/,
    /expected: /,
    /received: /,
  );
  await fails(openSafetensors(bytesSource(new Uint8Array(3))), 'WEIGHTS_CORRUPT');
  const header = encodeHeader([{ name: 'eight bits', dtype: 'F8_E4M3', shape: [2] }]);
  await fails(openSafetensors(bytesSource(Uint8Array.from([...header, 0, 0]))), 'WEIGHTS_UNSUPPORTED', /F8_E4M3/, /eight bits/);
});

test('a tensor that gives other numbers than its shape has is refused while writing', async () => {
  await fails(collect(encodeSafetensors([tensor('short', new Float32Array(3), [4])])), 'INVALID_ARGUMENT', /short/);
  await fails(collect(encodeSafetensors([tensor('part', Float32Array.of(0.5), [1], 'i64')])), 'INVALID_ARGUMENT');
});

/** A model in two files and its index. */
async function shards(
  change: (map: Record<string, unknown>) => unknown = (map) => ({ metadata: { total_size: 999 }, weight_map: map }),
): Promise<{ index: ByteSource; files: Map<string, Uint8Array>; opened: string[]; open: (name: string) => Promise<ByteSource> }> {
  const files = new Map<string, Uint8Array>();
  const places: Record<string, unknown> = {};
  for (const [number, part] of [TENSORS.slice(0, 2), TENSORS.slice(2)].entries()) {
    const name = `model-0000${number + 1}-of-00002.safetensors`;
    files.set(name, await collect(encodeSafetensors(part, { metadata: { format: 'pt' } })));
    for (const each of part) places[each.name] = name;
  }
  const opened: string[] = [];
  const open = async (name: string): Promise<ByteSource> => (opened.push(name), bytesSource(files.get(name)!, name));
  return {
    index: bytesSource(new TextEncoder().encode(JSON.stringify(change(places))), 'model.safetensors.index.json'),
    files,
    opened,
    open,
  };
}

test('a model in several files is one, whose tensors come from each', async () => {
  const { index, open, opened } = await shards();
  const file = await openShardedSafetensors(index, open);
  assert.equal([...file.tensors.keys()], Object.keys(SHAPES));
  assert.equal(
    [...file.metadata],
    [
      ['total_size', '999'],
      ['format', 'pt'],
    ],
  );
  assert.is(opened.length, 2);
  for (const { name, shape } of TENSORS) assert.equal(await file.tensors.get(name)!.read(), values(name, elementCount(shape)));
});

test('an index that leads out of its folder, or does not agree with its files, is refused', async () => {
  for (const name of [
    '../secret.safetensors',
    '/etc/a.safetensors',
    'a/b.safetensors',
    'c:\\a.safetensors',
    '.safetensors',
    '..safetensors',
    'weights.bin',
    '',
    7,
    null,
  ]) {
    const { index, open, opened } = await shards((map) => ({ weight_map: { ...map, scalar: name } }));
    await fails(openShardedSafetensors(index, open), 'WEIGHTS_CORRUPT', /scalar/);
    assert.equal(opened, [], 'no file is opened');
  }
  const cases: [(map: Record<string, unknown>) => unknown, RegExp][] = [
    [(map) => ({ weight_map: { ...map, more: Object.values(map)[0] } }), /"more"/],
    [({ scalar: _, ...map }) => ({ weight_map: map }), /"scalar"/],
    [(map) => ({ weight_map: { ...map, scalar: Object.values(map)[0] } }), /"scalar"/],
    [() => ({}), /no index/],
    [() => ({ weight_map: [] }), /no index/],
    [() => [], /JSON/],
  ];
  for (const [change, word] of cases) {
    const { index, open } = await shards(change);
    await fails(openShardedSafetensors(index, open), 'WEIGHTS_CORRUPT', word);
  }
  const { files, index, open } = await shards();
  const [name, bytes] = [...files][1]!;
  files.set(name, bytes.slice(0, -2));
  await fails(openShardedSafetensors(index, open), 'WEIGHTS_CORRUPT', /00002-of-00002/);
});

test("the writer's numbers are little-endian as the format has them", async () => {
  const bytes = await collect(encodeSafetensors([tensor('one', Float32Array.of(1), [1])], { dtype: 'bf16' }));
  assert.equal([...bytes.slice(-2)], [0x80, 0x3f]);
  assert.equal([...encodeNumbers(Float32Array.of(1), 'f16')], [0, 0x3c]);
});

test.run();
