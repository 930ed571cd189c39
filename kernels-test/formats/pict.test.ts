import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodePict, openPict } from '../../src/formats/pict.js';
import type { TensorToWrite } from '../../src/formats/weight-file.js';
import golden from '../goldens/pict.json';
import { generate, values } from '../harness/deterministic.js';
import { formulaCodebook, pictBytes, writtenPict } from '../harness/pict-golden.js';
import { collect, refuses } from '../harness/weights.js';

const tensor = (name: string, shape: readonly number[], data: ArrayLike<number>): TensorToWrite => ({
  name,
  shape,
  read: async () => Float32Array.from(data),
});
const open = (bytes: Uint8Array) => openPict(bytesSource(bytes, 'some.pict'));

const refusesBytes = (bytes: Uint8Array, ...words: RegExp[]): Promise<void> =>
  refuses(() => open(bytes), 'WEIGHTS_CORRUPT', /some\.pict/, ...words);

test('a file by hand is read: names, shapes, and codes looked up in the codebook', async () => {
  const codebook = formulaCodebook();
  const list = '[{"name": "b/kernel", "shape": [2, 1, 3], "comment": 1}, {"name": "one", "shape": []}, {"name": "none", "shape": [0, 7]}]';
  const file = await open(pictBytes(list, codebook, Uint8Array.from([0, 255, 128, 127, 3, 3, 200])));
  assert.is(file.format, 'pict');
  assert.equal([...file.tensors.keys()], ['b/kernel', 'one', 'none']);
  assert.equal(file.codebook, codebook);
  const kernel = file.tensors.get('b/kernel')!;
  assert.equal([kernel.shape, kernel.dtype], [[2, 1, 3], 'u8']);
  assert.equal(
    await kernel.read(),
    Float32Array.from([0, 255, 128, 127, 3, 3], (code) => codebook[code]!),
  );
  assert.equal(await file.tensors.get('one')!.read(), Float32Array.of(codebook[200]!));
  assert.equal(await file.tensors.get('none')!.read(), new Float32Array(0));
});

test("numpy's file is read, and written again to the byte with its own codebook", async () => {
  const bytes = writtenPict();
  const file = await open(bytes);
  assert.equal([...file.tensors.keys()], golden.written.names);
  assert.equal(await collect(encodePict(file.tensors.values(), { codebook: file.codebook })), bytes);
});

test('the codebook that is chosen is that of the original exporter, and so are the codes', async () => {
  const bytes = await collect(
    encodePict(golden.written.tensors.map((each) => tensor(each.name.slice('pict/'.length), each.shape, generate(each)))),
  );
  const [ours, theirs] = [await open(bytes), await open(writtenPict())];
  const scale = Math.max(...theirs.codebook.map(Math.abs));
  ours.codebook.forEach((value, code) =>
    assert.ok(Math.abs(value - theirs.codebook[code]!) <= 1e-6 * scale, `entry ${code}: ${value}, numpy's ${theirs.codebook[code]}`),
  );
  const codes = writtenPict().slice(-1648);
  assert.equal(codes.length, bytes.slice(-1648).length);
  const different = [...bytes.slice(-1648)].filter((code, i) => Math.abs(code - codes[i]!) > 0).length;
  assert.ok(different <= 2, `${different} codes differ: only what lies between two values may`);
});

test('no number changes by more than 2.2 % of itself plus 1e-4 of the largest, on any scale', async () => {
  for (const scale of [1e-30, 0.05, 1, 3e38]) {
    const data = values(`pict scale ${scale}`, 20_000, 1).map((value, i) => value ** (1 + (i % 5) * 2) * scale);
    const read = await (await open(await collect(encodePict([tensor('x', [20_000], data)])))).tensors.get('x')!.read();
    const largest = Math.max(...data.map(Math.abs));
    data.forEach((value, i) =>
      assert.ok(Math.abs(read[i]! - value) <= 0.022 * Math.abs(value) + 1e-4 * largest, `${value} became ${read[i]}`),
    );
    assert.ok(read.some((value, i) => value !== data[i]));
  }
});

test('what came out of a .pict file goes back in without loss, codebook kept or not', async () => {
  const { tensors } = await open(writtenPict());
  const again = await open(await collect(encodePict(tensors.values())));
  assert.equal([...again.tensors.keys()], [...tensors.keys()]);
  for (const [name, each] of tensors) assert.equal(await again.tensors.get(name)!.read(), await each.read(), name);
  const third = await collect(encodePict(again.tensors.values()));
  assert.equal(
    third,
    await collect(encodePict(again.tensors.values(), { codebook: again.codebook })),
    'the second time even the bytes stay',
  );
});

test('few values are kept exactly: -0, the smallest and largest, all equal, none', async () => {
  const few = [0, -0, 1e-45, -3.4028234663852886e38, 3.4028234663852886e38, 0.1];
  const read = async (data: readonly number[]) =>
    (await open(await collect(encodePict([tensor('x', [data.length], data)])))).tensors.get('x')!.read();
  assert.equal(
    [...(await read(few))].map((value) => Object.is(value, -0)),
    few.map((value) => Object.is(value, -0)),
  );
  assert.equal(await read(few), Float32Array.from(few));
  assert.equal(await read([0, 0, 0]), new Float32Array(3));
  assert.equal(await read([-2, -2]), Float32Array.of(-2, -2));
  assert.equal(await read([]), new Float32Array(0));
  const exactly256 = Array.from({ length: 256 }, (_, i) => i - 100);
  assert.equal(await read([...exactly256, 5]), Float32Array.from([...exactly256, 5]));
});

test('a codebook in any order, and with repeated values, is used as it is', async () => {
  const codebook = formulaCodebook().reverse();
  codebook[10] = codebook[11]!;
  const bytes = await collect(encodePict([tensor('x', [4], [10, -10, codebook[11]!, codebook[100]! + 1e-9])], { codebook }));
  assert.equal([...bytes.slice(-4)], [0, 255, 10, 100]);
});

test('tensors are written in the order of their names, as those programs expect that read by position', async () => {
  const file = await open(await collect(encodePict([tensor('b', [1], [2]), tensor('a', [1], [1]), tensor('B', [1], [3])])));
  assert.equal([...file.tensors.keys()], ['B', 'a', 'b']);
  assert.equal(await file.tensors.get('b')!.read(), Float32Array.of(2));
});

test('what cannot be written is refused', async () => {
  const write = (tensors: TensorToWrite[], codebook?: Float32Array) => () => collect(encodePict(tensors, codebook && { codebook }));
  await refuses(write([tensor('x', [1], [NaN])]), 'INVALID_ARGUMENT', /"x"/, /NaN/);
  await refuses(write([tensor('x', [2], [0, Infinity])], formulaCodebook()), 'INVALID_ARGUMENT', /number 1 /);
  await refuses(write([tensor('x', [1], [0]), tensor('x', [1], [0])]), 'INVALID_ARGUMENT', /twice/);
  await refuses(write([tensor('x', [3], [0])]), 'INVALID_ARGUMENT', /\[3\]/);
  await refuses(write([tensor('x', [1], [0])], new Float32Array(255)), 'INVALID_ARGUMENT', /codebook/);
  await refuses(write([tensor('x', [2 ** 33], [])]), 'INVALID_ARGUMENT', /8589934592/);
  await refuses(write([tensor('x'.repeat(2 ** 20), [1], [0])]), 'INVALID_ARGUMENT', /list of tensors/);
});

test('damaged files are refused by what is wrong with them', async () => {
  const good = pictBytes('[{"name":"x","shape":[3]}]', formulaCodebook(), new Uint8Array(3));
  await open(good);
  for (const length of [0, 3, 4, 20, 30, 33, 600, good.length - 8, good.length - 3, good.length - 1])
    await refusesBytes(good.slice(0, length), /cut short|there is no/);
  await refusesBytes(Uint8Array.from([...good, 0]), /bytes after the codes/);
  await refusesBytes(Uint8Array.from([0xff, 0xff, 0xff, 0xff, ...good.slice(4)]), /4294967295 bytes/);
  const badList = (list: string, ...words: RegExp[]): Promise<void> =>
    refusesBytes(pictBytes(list, formulaCodebook(), new Uint8Array(3)), ...words);
  await badList('not json', /cannot be read/);
  await badList('{"name":"x"}', /a list of names/);
  await badList('[3]', /an object with name and shape/);
  await badList('[{"name":"x","shape":[4]}]', /4 codes for the shapes/, /3 codes/);
  await badList('[{"name":"x","shape":[2]}]', /2 codes for the shapes/);
  await badList('[{"name":"x","shape":[-3]}]', /shape of tensor "x"/);
  await badList('[{"name":"x","shape":[1.5]}]', /shape of tensor/);
  await badList('[{"name":"x","shape":["3"]}]', /shape of tensor/);
  await badList('[{"name":"x","shape":[9007199254740991,9007199254740991]}]', /fewer numbers/);
  await badList('[{"name":"x","shape":[1,1,1,1,1,1,1,1,3]}]', /at most 8/);
  await badList('[{"name":"x","shape":[1]},{"name":"x","shape":[2]}]', /twice/);
  await badList(`"${'x'.repeat(2 ** 20)}"`, /at most 1048576 bytes/);
  await badList('[{"name":"\ud800","shape":[9]}]', /disagree/);
  const broken = formulaCodebook();
  broken[77] = NaN;
  await refusesBytes(pictBytes('[{"name":"x","shape":[3]}]', broken, new Uint8Array(3)), /entry 77/, /NaN/);
  await refusesBytes(pictBytes('[{"name":"x","shape":[3]}]', new Float32Array(255), new Uint8Array(3)), /1024 bytes/, /1020 bytes/);
});

test.run();
