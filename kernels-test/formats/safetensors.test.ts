import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../src/random.js';
import { crc32 } from '../../src/formats/crc32.js';
import { encodeHeader, headerBytes, parseHeader, tensorBytes, type SafetensorsEntry } from '../../src/formats/safetensors.js';
import { ShadegradError } from '../../src/errors.js';

const ENTRIES: SafetensorsEntry[] = [
  { name: 'model.0.weight', dtype: 'F32', shape: [4, 4, 3, 8] },
  { name: 'model.0.bias', dtype: 'F32', shape: [8] },
  { name: 'no elements', dtype: 'F16', shape: [3, 0] },
  { name: 'one number', dtype: 'I64', shape: [] },
  { name: 'bytes', dtype: 'U8', shape: [5] },
  { name: 'naïve "façade" \\ 🏛', dtype: 'BF16', shape: [1] },
];
const dataBytes = (entries: readonly SafetensorsEntry[]): number => entries.reduce((sum, entry) => sum + tensorBytes(entry), 0);

/** A file's header from JSON text, with nothing checked. */
function rawHeader(json: string | Uint8Array): Uint8Array {
  const bytes = typeof json === 'string' ? new TextEncoder().encode(json) : json;
  const result = new Uint8Array(8 + bytes.length);
  new DataView(result.buffer).setBigUint64(0, BigInt(bytes.length), true);
  result.set(bytes, 8);
  return result;
}

function refuses(header: Uint8Array, fileSize: number, ...words: RegExp[]): void {
  let caught: unknown;
  try {
    parseHeader(header, fileSize, 'some.safetensors');
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, ShadegradError, `accepted, or failed with ${String(caught)}`);
  const error = caught as ShadegradError;
  assert.is(error.code, 'WEIGHTS_CORRUPT');
  for (const word of [/some\.safetensors/, /expected:/, /received:/, /fix:/, ...words]) assert.match(error.message, word);
}

/** Refuses this header object with `bytes` of data behind it. */
function refusesJson(header: unknown, bytes: number, ...words: RegExp[]): void {
  const start = rawHeader(typeof header === 'string' ? header : JSON.stringify(header));
  refuses(start, start.length + bytes, ...words);
}

const f32 = (shape: unknown, data_offsets: unknown): unknown => ({ dtype: 'F32', shape, data_offsets });

test('a header comes back as it was, aligned to 8 bytes', () => {
  const metadata = { format: 'test', empty: '', json: '{"a": [1, 2]}' };
  const header = encodeHeader(ENTRIES, metadata);
  assert.is(header.length % 8, 0);
  assert.is(headerBytes(header.subarray(0, 8), header.length + dataBytes(ENTRIES)), header.length);
  const parsed = parseHeader(header, header.length + dataBytes(ENTRIES));
  assert.is(parsed.dataStart, header.length);
  assert.equal(Object.fromEntries(parsed.metadata), metadata);
  assert.equal(
    parsed.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    ENTRIES,
  );
  let position = header.length;
  for (const tensor of parsed.tensors) {
    assert.is(tensor.start, position);
    position = tensor.end;
  }
});

test('the bytes are those of the format: little-endian length, JSON, spaces', () => {
  const header = encodeHeader([{ name: 'x', dtype: 'F32', shape: [2] }]);
  const json = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  assert.equal([...header.subarray(0, 8)], [padded.length, 0, 0, 0, 0, 0, 0, 0]);
  assert.is(new TextDecoder().decode(header.subarray(8)), padded);
});

test('reads a file of another writer: any order of names, unknown fields, any padding', () => {
  const json =
    JSON.stringify({ b: { ...(f32([1], [8, 12]) as object), extra: 1 }, 1: f32([2], [0, 8]), __metadata__: { format: 'pt' } }) + '   ';
  const start = rawHeader(json);
  const { tensors, metadata } = parseHeader(start, start.length + 12);
  assert.equal(
    tensors.map(({ name }) => name),
    ['1', 'b'],
  );
  assert.is(metadata.get('format'), 'pt');
});

test('an empty file of tensors is a file', () => {
  const header = encodeHeader([]);
  assert.equal(parseHeader(header, header.length).tensors, []);
});

test('does not write what could not be read', () => {
  const x: SafetensorsEntry = { name: 'x', dtype: 'F32', shape: [1] };
  for (const entries of [
    [x, x],
    [{ ...x, name: '__metadata__' }],
    [{ ...x, name: 'a.__proto__' }],
    [{ ...x, shape: [-1] }],
    [{ ...x, shape: [0.5] }],
  ]) {
    assert.throws(
      () => encodeHeader(entries),
      (error: unknown) => error instanceof ShadegradError && error.code === 'INVALID_ARGUMENT',
    );
  }
});

test('refuses lengths that cannot be', () => {
  refuses(new Uint8Array(0), 0, /too short/);
  refuses(new Uint8Array(7), 7, /too short/);
  const long = new Uint8Array(16);
  new DataView(long.buffer).setBigUint64(0, 100_000_001n, true);
  refuses(long, 1e12, /no safetensors file/);
  new DataView(long.buffer).setBigUint64(0, 2n ** 64n - 1n, true);
  refuses(long, 1e12, /no safetensors file/);
  new DataView(long.buffer).setBigUint64(0, 9n, true);
  refuses(long, 16, /cut short/);
  refuses(rawHeader('{}').subarray(0, 9), 10, /cut short/);
});

test('refuses what is no JSON object, and hostile JSON', () => {
  for (const json of ['', 'x', '[]', 'null', ' {}', '\ufeff{}', '{', '{"a":}', '{}{}', '{"a', '{"a\\', '{"\\', '{"\\ud8"', '{"a":1,}'])
    refusesJson(json, 0, /header cannot be read/);
  refuses(rawHeader(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d)), 14, /header cannot be read/);
  refusesJson(`{"a":${'['.repeat(5_000_000)}`, 0, /nested/);
  refusesJson(`{"${'\\"'.repeat(2_000_000)}`, 0, /cannot be read/);
});

test('refuses a name that is there twice, however it is spelled', () => {
  const entry = JSON.stringify(f32([1], [0, 4]));
  refusesJson(`{"a":${entry},"a":${entry}}`, 4, /twice/);
  refusesJson(`{"a":${entry},"\\u0061":${entry}}`, 4, /twice/);
  refusesJson('{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', 8, /twice/);
  refusesJson('{"__metadata__":{"a":"1","a":"2"}}', 0, /twice/);
});

test('refuses names that reach a prototype', () => {
  const entry = JSON.stringify(f32([1], [0, 4]));
  for (const name of ['__proto__', 'constructor', 'prototype', 'a.__proto__.b', '\\u005f_proto__'])
    refusesJson(`{"${name}":${entry}}`, 4, /name without/);
  refusesJson('{"__metadata__":{"__proto__":"x"}}', 0, /metadata/);
  assert.is(({} as Record<string, unknown>).dtype, undefined);
});

test('refuses entries that are not whole', () => {
  for (const entry of [1, null, [], 'F32']) refusesJson({ a: entry }, 0, /"a"/);
  for (const dtype of ['F31', '', 4, null, undefined, 'toString', '__proto__'])
    refusesJson({ a: { dtype, shape: [1], data_offsets: [0, 4] } }, 4, /unknown dtype/);
  for (const shape of [[-1], [0.5], ['1'], [null], 1, undefined, {}, [2 ** 53]]) refusesJson({ a: f32(shape, [0, 4]) }, 4, /bad shape/);
  refusesJson({ a: f32([[1]], [0, 4]) }, 4, /nested/);
  for (const range of [[0], [0, 4, 8], [4, 0], [-4, 0], [0, 4.5], ['0', '4'], 4, null, undefined])
    refusesJson({ a: f32([1], range) }, 4, /bad data_offsets/);
  for (const metadata of [1, null, [], { a: 1 }, { a: null }, { a: {} }]) refusesJson({ __metadata__: metadata }, 0, /metadata/);
});

test('refuses sizes that disagree, also where a product overflows', () => {
  refusesJson({ a: f32([2], [0, 4]) }, 4, /disagree/);
  refusesJson({ a: f32([], [0, 8]) }, 8, /disagree/);
  refusesJson({ a: f32([2 ** 32, 2 ** 32], [0, 0]) }, 0, /disagree[^]*more bytes than can be counted/);
  refusesJson({ a: f32([2 ** 52, 2 ** 52, 0], [0, 0]) }, 0, /disagree/);
});

test('refuses gaps, overlaps, cut and trailing bytes', () => {
  refusesJson({ a: f32([1], [4, 8]) }, 8, /gap/);
  refusesJson({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12, /gap/);
  refusesJson({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8, /overlaps/);
  refusesJson({ a: f32([1], [0, 4]), b: f32([1], [0, 4]) }, 4, /overlaps/);
  refusesJson({ a: f32([2], [0, 8]) }, 7, /cut short/);
  refusesJson({ a: f32([2], [0, 8]) }, 9, /after the last tensor/);
  refusesJson({}, 1, /after the last tensor/);
});

/** Changes a header at random: bits, runs of bytes, digits, words that mean something. */
function mutate(header: Uint8Array, random: RandomStream): Uint8Array {
  const bytes = [...header];
  const place = (): number => random.integer(0, Math.max(0, bytes.length - 1));
  const words = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '0',
    '-1',
    '1e400',
    '1e3',
    '9007199254740993',
    'null',
    'true',
    '"F32"',
    '"U8"',
    '"__proto__":',
    '"__metadata__":',
    '"shape":',
  ];
  for (let count = random.integer(1, 4); count > 0; count--) {
    const at = place();
    switch (random.integer(0, 6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
        break;
      case 1:
        bytes.splice(at, random.integer(1, 12));
        break;
      case 2:
        bytes.splice(at, 0, ...bytes.slice(place()).slice(0, random.integer(1, 60)));
        break;
      case 3:
        bytes.splice(at, random.integer(0, 4), ...new TextEncoder().encode(random.pick(words)));
        break;
      case 4:
        bytes[at] = random.integer(0, 255);
        break;
      case 5:
        bytes[random.integer(0, Math.min(7, bytes.length - 1))] = random.integer(0, 255);
        break;
      default: {
        const digits = bytes.flatMap((byte, index) => (index >= 8 && byte >= 0x30 && byte <= 0x39 ? [index] : []));
        if (digits.length > 0) bytes[random.pick(digits)] = 0x30 + random.integer(0, 9);
      }
    }
  }
  return Uint8Array.from(bytes);
}

test('20,000 mutated headers: each is read to a consistent table or refused with a reason', () => {
  const random = new RandomStream(2024);
  const original = encodeHeader(ENTRIES, { format: 'test' });
  const json = original.subarray(8);
  let accepted = 0;
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    // Half of them keep a right length field, so that the mutation gets as far as the JSON.
    const bytes = round % 2 === 0 ? mutate(original, random) : rawHeader(mutate(json, random));
    const fileSize = bytes.length + dataBytes(ENTRIES);
    try {
      const { tensors, dataStart } = parseHeader(bytes, fileSize);
      let position = dataStart;
      for (const tensor of tensors) {
        assert.is(tensor.start, position);
        assert.is(tensor.end - tensor.start, tensorBytes(tensor));
        position = tensor.end;
      }
      assert.is(position, fileSize);
      accepted++;
    } catch (error) {
      if (!(error instanceof ShadegradError) || error.code !== 'WEIGHTS_CORRUPT') {
        throw new Error(`round ${round}: ${String(error)} for ${new TextDecoder().decode(bytes)}`);
      }
      assert.ok(error.message.length < 1000, error.message);
      refused++;
    }
  }
  // Both must happen, or the mutations are too mild or too wild to mean anything.
  assert.ok(accepted > 200, `${accepted} accepted`);
  assert.ok(refused > 10_000, `${refused} refused`);
});

test('crc32 has the published check value, and continues', () => {
  const text = new TextEncoder().encode('123456789');
  assert.is(crc32(text), 0xcbf43926);
  assert.is(crc32(new Uint8Array(0)), 0);
  for (let cut = 0; cut <= text.length; cut++) assert.is(crc32(text.subarray(cut), crc32(text.subarray(0, cut))), 0xcbf43926);
});

/** The definition, bit by bit. */
function slowCrc32(bytes: Uint8Array): number {
  let state = 0xffffffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = (state >>> 1) ^ (state & 1 ? 0xedb88320 : 0);
  }
  return ~state >>> 0;
}

test('crc32 agrees with its definition on every length and alignment', () => {
  const random = new RandomStream(7);
  const bytes = Uint8Array.from({ length: 4000 }, () => random.integer(0, 255));
  for (let start = 0; start < 9; start++) {
    for (let length = 0; length < 40; length++) {
      const part = bytes.subarray(start, start + length);
      assert.is(crc32(part), slowCrc32(part));
    }
  }
  assert.is(crc32(bytes), slowCrc32(bytes));
});

test.run();
