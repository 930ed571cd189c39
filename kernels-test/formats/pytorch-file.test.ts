import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, type ByteSource } from '../../src/formats/byte-source.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { ShadegradError } from '../../src/errors.js';
import { archiveOf, expectedValue, files, isTensor, legacyOf, readValue, refused, tensorPickle, zipOf } from '../harness/pytorch-golden.js';

/** Every refusal says why in one of these words. */
const REASONS: Record<string, RegExp> = {
  TorchScript: /TorchScript archive/,
  'a whole model': /whole model/,
  'numpy array': /numpy/,
  'numpy number': /numpy/,
  'a Namespace': /"argparse\.Namespace"/,
  'a set': /Python objects.*(0x8f|set")/s,
  complex: /numbers of another type.*ComplexFloatStorage/s,
  sparse: /sparse/,
  quantized: /quantized|QInt8Storage/,
  'a function': /"(builtins|__builtin__)\.print"/,
  'complex number': /complex"/,
  'a slice': /slice"/,
  'a bytearray': /bytearray"/,
  'a storage': /no weights/,
  conjugate: /conjugate or negated/,
  float8: /numbers of another type.*float8_e4m3fn/s,
};

async function refusal(bytes: Uint8Array, code: string, reason: RegExp, what = 'a file'): Promise<void> {
  let caught: unknown;
  const result = await openPyTorch(bytesSource(bytes, 'some.pth')).catch((error) => (caught = error));
  assert.instance(caught, ShadegradError, `${what}: ${String(caught ?? JSON.stringify(result))}`);
  assert.is((caught as ShadegradError).code, code, `${what}: ${(caught as Error).message}`);
  for (const word of [reason, /some\.pth/, /fix: /]) assert.match((caught as Error).message, word, what);
  assert.ok((caught as Error).message.length < 1500);
}

for (const { name, torch, legacy, bytes, value } of files) {
  test(`what PyTorch ${torch} wrote is read: ${name}`, async () => {
    const file = await openPyTorch(bytesSource(bytes));
    assert.equal([file.format, file.container], ['pytorch', legacy ? 'legacy' : 'zip']);
    assert.equal(await readValue(file.value), expectedValue(value));
  });
}

test('the goldens are of two versions of PyTorch and of every type of numbers', async () => {
  assert.ok(new Set(files.map(({ torch }) => torch)).size >= 2);
  const dtypes = new Set<string>();
  for (const { bytes } of files) for (const { dtype } of (await openPyTorch(bytesSource(bytes))).tensors.values()) dtypes.add(dtype);
  assert.equal([...dtypes].sort(), ['bf16', 'bool', 'f16', 'f32', 'f64', 'i16', 'i32', 'i64', 'i8', 'u16', 'u8']);
});

test('tensors are found by the keys that lead to them', async () => {
  const { bytes } = files.find(({ name }) => name === 'checkpoint')!;
  const { tensors } = await openPyTorch(bytesSource(bytes));
  const names = [...tensors.keys()];
  assert.equal(names.slice(0, 3), ['model.module.0.weight', 'model.module.0.bias', 'model.module.1.weight']);
  assert.ok(names.includes('optimizer.state.0.exp_avg') && names.includes('parameter'));
  assert.ok([...tensors].every(([name, tensor]) => tensor.name === name));
  const alone = await openPyTorch(bytesSource(files.find(({ name }) => name === 'a tensor')!.bytes));
  assert.equal([[...alone.tensors.keys()], isTensor(alone.value)], [['tensor'], true]);
});

test('numbers are read when they are asked for, and only those of the tensor', async () => {
  const { bytes } = files.find(({ name }) => name === 'views')!;
  const inner = bytesSource(bytes);
  const reads: number[] = [];
  const source: ByteSource = { ...inner, read: (start, target) => (reads.push(target.length), inner.read(start, target)) };
  const { tensors } = await openPyTorch(source);
  reads.length = 0;
  await tensors.get('part')!.read();
  await tensors.get('element')!.read();
  await tensors.get('none')!.read();
  assert.equal(reads, [12, 4]);
});

for (const { name, torch, bytes } of refused) {
  const kind = name.split(',')[0]!;
  test(`what PyTorch ${torch} wrote is refused with its reason: ${name}`, () =>
    refusal(bytes, 'WEIGHTS_UNSUPPORTED', REASONS[kind]!, name));
}

test('big-endian files, other archives and what is no file of PyTorch are refused', async () => {
  const pickle = tensorPickle({});
  await refusal(
    await zipOf(['a/data.pkl', pickle], ['a/byteorder', 'big'], ['a/data/0', new Uint8Array(24)], ['a/version', '3\n']),
    'WEIGHTS_UNSUPPORTED',
    /big-endian/,
  );
  await refusal(
    await zipOf(['a/data.pkl', pickle], ['a/byteorder', 'middle'], ['a/data/0', new Uint8Array(24)], ['a/version', '3\n']),
    'WEIGHTS_CORRUPT',
    /byte order/,
  );
  await refusal(legacyOf(pickle, [{ count: 6, bytes: new Uint8Array(24) }], false), 'WEIGHTS_UNSUPPORTED', /big-endian/);
  await refusal(
    await zipOf(['a/data.pkl', pickle], ['a/data/0', new Uint8Array(24)], ['a/version', '11\n']),
    'WEIGHTS_UNSUPPORTED',
    /newer format/,
  );
  await refusal(await zipOf(['a/data.pkl', pickle], ['a/data/0', new Uint8Array(24)]), 'WEIGHTS_CORRUPT', /version/);
  await refusal(await zipOf(['a/data.pkl', pickle], ['b/data.pkl', pickle], ['a/version', '3']), 'WEIGHTS_CORRUPT', /2 of them/);
  await refusal(await zipOf(['word/document.xml', '<xml/>']), 'WEIGHTS_CORRUPT', /no PyTorch checkpoint/);
  const tar = new Uint8Array(1024);
  tar.set(new TextEncoder().encode('ustar'), 257);
  await refusal(tar, 'WEIGHTS_UNSUPPORTED', /tar archive/);
  for (const bytes of [new Uint8Array(3), Uint8Array.of(0x80, 2, 1)]) await refusal(bytes, 'WEIGHTS_CORRUPT', /no PyTorch file/);
  await refusal(new Uint8Array(0), 'WEIGHTS_CORRUPT', /nothing in this file/);
  await refusal(new TextEncoder().encode('{"a": 1}'), 'WEIGHTS_UNSUPPORTED', /a text in JSON/);
});

test('damage is noticed: of the pickle when the file is opened, of a tensor when it is read', async () => {
  const original = await archiveOf(tensorPickle({}), [new Uint8Array(24).fill(7)]);
  const at = (bytes: Uint8Array, text: string): number => new TextDecoder('latin1').decode(bytes).indexOf(text);
  const inName = original.slice();
  inName[at(inName, 'X\x01\0\0\0t') + 5]! ^= 1;
  await refusal(inName, 'WEIGHTS_CORRUPT', /"a\/data\.pkl" is damaged/);

  const inNumbers = original.slice();
  inNumbers[at(inNumbers, '\x07'.repeat(24)) + 5]! ^= 1;
  const file = await openPyTorch(bytesSource(inNumbers));
  const error: unknown = await file.tensors
    .get('t')!
    .read()
    .catch((each) => each);
  assert.is((error as ShadegradError).code, 'WEIGHTS_CORRUPT');
  assert.match((error as ShadegradError).message, /tensor "t" is damaged/);
  assert.is((await (await openPyTorch(bytesSource(original))).tensors.get('t')!.read()).length, 6);
  await refusal(original.slice(0, -1), 'WEIGHTS_CORRUPT', /no end/);
});

test.run();
