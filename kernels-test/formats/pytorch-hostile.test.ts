import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { OrderedDict } from '../../src/formats/pickle-read.js';
import { openPyTorch, type PyTorchFile } from '../../src/formats/pytorch-file.js';
import { ShadegradError } from '../../src/errors.js';
import { archiveOf, legacyOf, littleEndian, ops, readValue, tensorPickle } from '../harness/pytorch-golden.js';

const MARK = 0x28,
  STOP = 0x2e,
  REDUCE = 0x52,
  BUILD = 0x62,
  TUPLE = 0x74,
  GLOBAL = 0x63,
  LIST = 0x5d,
  DICT = 0x7d,
  APPEND = 0x61,
  APPENDS = 0x65;
const SETITEMS = 0x75,
  SETITEM = 0x73,
  BINPUT = 0x71,
  BINGET = 0x68,
  NONE = 0x4e,
  EMPTY_TUPLE = 0x29,
  BINPERSID = 0x51,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  STACK_GLOBAL = 0x93;
const PROTO = [0x80, 2];
const text = (value: string): Uint8Array => ops(0x58, littleEndian(new TextEncoder().encode(value).length, 4), value);
const long = (value: bigint, length: number): Uint8Array => ops(0x8a, length, littleEndian(value, length));

/** A pickle in both formats. */
const both = async (pickle: Uint8Array, storage?: Uint8Array): Promise<Uint8Array[]> => [
  await archiveOf(pickle, storage ? [storage] : []),
  legacyOf(pickle, storage ? [{ count: storage.length / 4, bytes: storage }] : []),
];

async function refuses(
  what: string,
  pickle: Uint8Array,
  code: 'WEIGHTS_UNSUPPORTED' | 'WEIGHTS_CORRUPT',
  reason: RegExp,
  storage?: Uint8Array,
): Promise<void> {
  for (const bytes of await both(pickle, storage)) {
    let caught: unknown;
    let file: PyTorchFile | undefined;
    try {
      file = await openPyTorch(bytesSource(bytes));
    } catch (error) {
      caught = error;
    }
    assert.is(file, undefined, `${what} was read`);
    assert.instance(caught, ShadegradError, `${what}: ${String(caught)}`);
    assert.is((caught as ShadegradError).code, code, `${what}: ${(caught as Error).message}`);
    assert.match((caught as Error).message, reason, what);
    assert.ok((caught as Error).message.length < 1000, what);
  }
}

test('calls and names of programs are refused by name, and nothing is called', async () => {
  const command = ops(MARK, text('globalThis.executed = true'), TUPLE, REDUCE, STOP);
  const before = Object.keys(globalThis);
  for (const name of [
    'os\nsystem',
    'posix\nsystem',
    'nt\nsystem',
    '__builtin__\neval',
    'builtins\nexec',
    '__builtin__\ngetattr',
    'builtins\n__import__',
    'subprocess\nPopen',
    'torch\nload',
    'torch.serialization\n_load',
    'torch.hub\nload',
    'torch._utils\n_rebuild_tensor_v2.__globals__',
    'collections\nOrderedDict.__class__',
    'torch._utils\n__proto__',
    '\n',
    'toString\n',
    'constructor\nconstructor',
    '__proto__\n__proto__',
    'globalThis\neval',
    'torch\nFloatStorage.__init__',
    `torch\n${'a'.repeat(300)}Storage`,
  ]) {
    await refuses(name, ops(PROTO, GLOBAL, `${name}\n`, command), 'WEIGHTS_UNSUPPORTED', /which is not called|Python objects/);
    const [module, attribute] = name.split('\n') as [string, string];
    await refuses(
      `${name} by STACK_GLOBAL`,
      ops(PROTO, text(module), text(attribute), STACK_GLOBAL, command),
      'WEIGHTS_UNSUPPORTED',
      /which is not called/,
    );
  }
  assert.equal(Object.keys(globalThis), before);
});

test('operations that make objects are refused', async () => {
  const dictionary = ops(GLOBAL, 'collections\nOrderedDict\n');
  const objects: [string, Uint8Array, RegExp][] = [
    ['INST', ops(MARK, text('id'), 0x69, 'os\nsystem\n', STOP), /operation 0x69/],
    ['OBJ', ops(MARK, dictionary, text('id'), 0x6f, STOP), /operation 0x6f/],
    ['NEWOBJ', ops(dictionary, EMPTY_TUPLE, 0x81, STOP), /operation 0x81/],
    ['NEWOBJ_EX', ops(dictionary, EMPTY_TUPLE, DICT, 0x92, STOP), /operation 0x92/],
    ['EXT1', ops(0x82, 1, STOP), /operation 0x82/],
    ['PERSID', ops(0x50, 'id\n', STOP), /operation 0x50/],
    ['NEXT_BUFFER', ops(0x97, STOP), /operation 0x97/],
    ['BUILD of a list', ops(LIST, DICT, text('__setstate__'), NONE, SETITEM, BUILD, STOP), /attributes/],
    ['BUILD of a function', ops(dictionary, DICT, text('call'), NONE, SETITEM, BUILD, STOP), /attributes/],
    ['BUILD with a text', ops(dictionary, EMPTY_TUPLE, REDUCE, text('state'), BUILD, STOP), /attributes/],
    ['REDUCE of a text', ops(text('eval'), MARK, text('1'), TUPLE, REDUCE, STOP), /calls what is no function/],
    ['REDUCE of a storage type', ops(GLOBAL, 'torch\nFloatStorage\n', EMPTY_TUPLE, REDUCE, STOP), /calls what is no function/],
    ['a function as a value', ops(dictionary, STOP), /no weights/],
    ['a storage type as a value', ops(GLOBAL, 'torch\nFloatStorage\n', STOP), /no weights/],
    ['a list as a key', ops(DICT, LIST, NONE, SETITEM, STOP), /unusual keys/],
    ['a newer protocol', ops(0x80, 6, NONE, STOP), /version/],
  ];
  for (const [what, pickle, reason] of objects) await refuses(what, ops(PROTO, pickle), 'WEIGHTS_UNSUPPORTED', reason);
});

test('state of a dictionary that would set attributes sets none', async () => {
  const pickle = ops(
    PROTO,
    GLOBAL,
    'collections\nOrderedDict\n',
    EMPTY_TUPLE,
    REDUCE,
    DICT,
    MARK,
    text('get'),
    NONE,
    text('__proto__'),
    DICT,
    SETITEMS,
    BUILD,
    STOP,
  );
  for (const bytes of await both(pickle)) {
    const { value } = await openPyTorch(bytesSource(bytes));
    assert.instance(value, OrderedDict);
    assert.equal(
      [(value as Map<unknown, unknown>).size, Object.keys(value as object), Object.getPrototypeOf(value)],
      [0, [], OrderedDict.prototype],
    );
  }
});

test('names of JavaScript are keys like others', async () => {
  const keys = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'then', 'toJSON'];
  const pickle = ops(PROTO, DICT, MARK, ...keys.flatMap((key, i) => [text(key), ops(0x4b, i)]), SETITEMS, STOP);
  for (const bytes of await both(pickle)) {
    const { value } = await openPyTorch(bytesSource(bytes));
    assert.equal(await readValue(value), { dict: keys.map((key, i) => [key, i]) });
  }
  assert.is(({} as Record<string, unknown>).polluted, undefined);
});

test('a stack that does not add up is refused', async () => {
  const pickles: [string, Uint8Array][] = [
    ['nothing', ops(STOP)],
    ['two values', ops(NONE, NONE, STOP)],
    ['a mark', ops(MARK, NONE, STOP)],
    ['a lost mark', ops(NONE, TUPLE, STOP)],
    ['an empty stack', ops(TUPLE2, STOP)],
    ['below a mark', ops(NONE, NONE, MARK, TUPLE2, STOP)],
    ['a value that was not stored', ops(BINGET, 9, STOP)],
    ['nothing to store', ops(BINPUT, 1, STOP)],
    ['an item of nothing', ops(NONE, NONE, APPEND, STOP)],
    ['an item of a tuple', ops(EMPTY_TUPLE, NONE, APPEND, STOP)],
    ['a key alone', ops(DICT, MARK, NONE, SETITEMS, STOP)],
    ['a key twice', ops(DICT, MARK, text('a'), NONE, text('a'), NONE, SETITEMS, STOP)],
    ['no arguments', ops(GLOBAL, 'collections\nOrderedDict\n', NONE, REDUCE, STOP)],
    ['numbers as names', ops(NONE, NONE, STACK_GLOBAL, STOP)],
    ['no UTF-8', ops(0x58, littleEndian(2, 4), 0xc3, 0x28, STOP)],
  ];
  for (const [what, pickle] of pickles) await refuses(what, ops(PROTO, pickle), 'WEIGHTS_CORRUPT', /expected: /);
});

test('lengths past the end are refused before anything is allocated', async () => {
  const lengths: [string, Uint8Array][] = [
    ['BINUNICODE8', ops(0x8d, littleEndian(2n ** 60n, 8))],
    ['BINBYTES8', ops(0x8e, littleEndian(2n ** 64n - 1n, 8))],
    ['BINUNICODE', ops(0x58, littleEndian(0xffff_ffff, 4))],
    ['BINBYTES', ops(0x42, littleEndian(0x7fff_ffff, 4))],
    ['SHORT_BINUNICODE', ops(0x8c, 255)],
    ['FRAME', ops(0x95, littleEndian(2n ** 62n, 8), 0x8d, 0xff)],
    ['no STOP', ops(NONE)],
    ['GLOBAL', ops(GLOBAL, 'no end')],
  ];
  for (const [what, pickle] of lengths) await refuses(what, ops(PROTO, pickle), 'WEIGHTS_CORRUPT', /cut short|cannot be read/);
  for (const length of [0x8000_0000, 0x7fff_ffff, 257])
    await refuses('LONG4', ops(PROTO, 0x8b, littleEndian(length, 4), STOP), 'WEIGHTS_UNSUPPORTED', /huge number/);
});

test('lists by memo that grow without end are refused, and what contains itself', async () => {
  // Each list holds the one before it ten times: 10^30 values in 800 bytes.
  const level = (i: number): Uint8Array =>
    ops(LIST, BINPUT, i, MARK, ...Array.from({ length: 10 }, () => ops(BINGET, i - 1)), APPENDS, BINPUT, i);
  const laughs = ops(PROTO, text('ha'), BINPUT, 0, ...Array.from({ length: 30 }, (_, i) => ops(level(i + 1), TUPLE2, BINPUT, i + 1)), STOP);
  await refuses('billion laughs', laughs, 'WEIGHTS_UNSUPPORTED', /repeats its parts too often/);
  await refuses('a list in itself', ops(PROTO, LIST, BINPUT, 0, BINGET, 0, APPEND, STOP), 'WEIGHTS_UNSUPPORTED', /nested too deep|repeats/);
  await refuses(
    'a dictionary in itself',
    ops(PROTO, DICT, BINPUT, 0, text('a'), BINGET, 0, SETITEM, STOP),
    'WEIGHTS_UNSUPPORTED',
    /nested too deep|repeats/,
  );
  await refuses(
    'a tuple 100,000 deep',
    ops(PROTO, NONE, new Uint8Array(100_000).fill(TUPLE1), STOP),
    'WEIGHTS_UNSUPPORTED',
    /nested too deep/,
  );
  await refuses(
    '600,000 lists',
    ops(PROTO, MARK, new Uint8Array(600_000).fill(LIST), TUPLE, STOP),
    'WEIGHTS_UNSUPPORTED',
    /too many lists/,
  );
  await refuses(
    '5,000,000 operations',
    ops(PROTO, MARK, new Uint8Array(5_000_000).fill(NONE), TUPLE, STOP),
    'WEIGHTS_UNSUPPORTED',
    /too many steps/,
  );
});

test('one list or text that many calls copy is refused', async () => {
  const repeat = (part: Uint8Array): Uint8Array => ops(...Array.from({ length: 2000 }, () => part));
  const pairs = ops(
    LIST,
    MARK,
    ...Array.from({ length: 500 }, (_, i) => ops(0x4d, littleEndian(i, 2), NONE, TUPLE2)),
    APPENDS,
    TUPLE1,
    BINPUT,
    0,
  );
  const dictionaries = ops(
    PROTO,
    MARK,
    pairs,
    GLOBAL,
    'collections\nOrderedDict\n',
    BINPUT,
    1,
    repeat(ops(BINGET, 1, BINGET, 0, REDUCE)),
    TUPLE,
    STOP,
  );
  await refuses('dictionaries of one list', dictionaries, 'WEIGHTS_UNSUPPORTED', /repeats its parts too often/);
  const bytes = ops(
    PROTO,
    MARK,
    text('x'.repeat(5000)),
    text('latin1'),
    TUPLE2,
    BINPUT,
    0,
    GLOBAL,
    '_codecs\nencode\n',
    BINPUT,
    1,
    repeat(ops(BINGET, 1, BINGET, 0, REDUCE)),
    TUPLE,
    STOP,
  );
  await refuses('bytes of one text', bytes, 'WEIGHTS_UNSUPPORTED', /repeats its parts too often/);
});

test('shapes, strides and offsets outside of the storage are refused', async () => {
  const huge = 2n ** 62n;
  const storage = new Uint8Array(24);
  const wrong: [string, Parameters<typeof tensorPickle>[0]][] = [
    ['one too many', { shape: [7], strides: [1] }],
    ['an offset', { offset: 1 }],
    ['a negative offset', { offset: -1 }],
    ['a huge offset', { offset: huge }],
    ['a stride', { strides: [4, 1] }],
    ['a negative stride', { offset: 5, shape: [6], strides: [-1] }],
    ['a huge stride', { shape: [2], strides: [huge] }],
    ['an unsafe stride', { shape: [3], strides: [2 ** 52] }],
    ['a huge shape', { shape: [huge, huge], strides: [0, 0] }],
    ['a shape whose product is past 2^53', { shape: [2 ** 30, 2 ** 30], strides: [0, 0] }],
    ['a shape whose product wraps to 0', { shape: [2 ** 32, 2 ** 32], strides: [0, 0] }],
    ['a negative length', { shape: [-2, -3] }],
    ['fewer strides', { strides: [1] }],
    ['too many axes', { shape: Array.from({ length: 65 }, () => 1), strides: Array.from({ length: 65 }, () => 1) }],
    ['a negative count', { count: -6 }],
    ['a huge count', { count: huge }],
    ['another count', { count: 5, shape: [5], strides: [1] }],
    ['another type', { type: 'DoubleStorage' }],
    ['another key', { key: '1' }],
    ['a key that leads elsewhere', { key: '../data.pkl' }],
  ];
  for (const [what, tensor] of wrong) await refuses(what, tensorPickle(tensor), 'WEIGHTS_CORRUPT', /expected: /, storage);
  await refuses('no such type', tensorPickle({ type: 'QInt8Storage' }), 'WEIGHTS_UNSUPPORTED', /numbers of another type/, storage);
  await refuses(
    'a billion of one number',
    tensorPickle({ shape: [2 ** 30], strides: [0] }),
    'WEIGHTS_UNSUPPORTED',
    /repeat their numbers too often/,
    storage,
  );
  for (const bytes of await both(tensorPickle({}), storage))
    assert.is((await openPyTorch(bytesSource(bytes))).tensors.get('t')!.shape.length, 2);
});

test('references to outside of the pickle name storages alone', async () => {
  const id = (...parts: (Uint8Array | number)[]): Uint8Array => ops(PROTO, MARK, ...parts, TUPLE, BINPERSID, STOP);
  const float = ops(GLOBAL, 'torch\nFloatStorage\n');
  await refuses('a text', ops(PROTO, text('storage'), BINPERSID, STOP), 'WEIGHTS_UNSUPPORTED', /no storage/);
  await refuses('a number', ops(PROTO, long(7n, 1), BINPERSID, STOP), 'WEIGHTS_UNSUPPORTED', /no storage/);
  await refuses('nothing', id(), 'WEIGHTS_UNSUPPORTED', /no storage/);
  await refuses('a module', id(text('module'), text('os'), text('os.py'), text('import os')), 'WEIGHTS_UNSUPPORTED', /no storage/);
  await refuses(
    'no type',
    id(text('storage'), text('FloatStorage'), text('0'), text('cpu'), 0x4b, 1),
    'WEIGHTS_CORRUPT',
    /type of a storage/,
  );
  await refuses('no key', id(text('storage'), float, LIST, text('cpu'), 0x4b, 1), 'WEIGHTS_CORRUPT', /a key and a length/);
  await refuses('a list as a length', id(text('storage'), float, text('0'), text('cpu'), LIST), 'WEIGHTS_CORRUPT', /a key and a length/);
  await refuses(
    'a part of a part',
    id(text('storage'), float, text('0'), text('cpu'), 0x4b, 1, ops(MARK, text('1'), 0x4b, 1, 0x4b, 1, TUPLE)),
    'WEIGHTS_CORRUPT',
    /a part of storage/,
  );
});

test.run();
