// first driver only: no driver reads files. not in browsers: likewise. Arrays, deep pictures and index maps with all their depth.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HalfReading } from '../../../src/data/codings/options.js';
import { ShadegradError } from '../../../src/errors.js';
import { decodeNpy, encodeNpy } from '../../../src/node/images/npy.js';
import { decodeImage, encodePng } from '../../../src/node/images/read.js';
import { decodeValues } from '../../../src/node/images/values.js';
import golden from '../../goldens/deep_pictures.json';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const caseOf = (name: string): Uint8Array => bytesOf(golden.cases.find((each) => each.name === name)!.file);

async function refused(code: string, run: () => unknown, ...words: readonly RegExp[]): Promise<void> {
  try {
    await run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    const { code: own, message } = error as ShadegradError;
    assert.is(own, code, message);
    for (const word of words) assert.match(message, word);
    return;
  }
  assert.unreachable(`no ${code}`);
}

test('numbers are those that were saved, in the named range', async () => {
  for (const { name, channels, values, file } of golden.cases) {
    const reading: HalfReading = { kind: 'numbers', channels, range: [-70_000, 70_000] };
    const image = await decodeValues(bytesOf(file), name, reading);
    assert.equal([image.width, image.height, image.values!.kind, image.values!.channels], [3, 2, 'numbers', channels], name);
    const expected = Float32Array.from(values, (value) => (2 * (value + 70_000)) / 140_000 - 1);
    assert.equal(image.values!.data, expected, name);
  }
});

test('numbers of an array stay as wide as in its file, which need not be copied', () => {
  const kinds = { '<u2': Uint16Array, '>u2': Uint16Array, '<i2': Int16Array, '|u1': Uint8Array, '<f4': Float32Array, '>f4': Float32Array };
  for (const [type, kind] of Object.entries(kinds)) {
    const file = caseOf(`npy ${type}`);
    const { data } = decodeNpy(file, type);
    assert.instance(data, kind, type);
    assert.is(data.buffer === file.buffer, !type.startsWith('>'), type);
    // Where they cannot be used in their place, they are copied.
    const moved = new Uint8Array(file.length + 1);
    moved.set(file, 1);
    assert.equal(decodeNpy(moved.subarray(1), type).data, data, type);
  }
  const halves = Uint8Array.from(Buffer.concat([caseOf('npy <f2').subarray(0, -24), Buffer.from(Uint16Array.of(...HALVES.keys()).buffer)]));
  assert.equal([...decodeNpy(halves, 'f2').data], [...HALVES.values()]);
});

/** Bits of float16 that are no usual numbers: the least, the largest below 1, the largest, the least normal one. */
const HALVES = new Map([
  ...([
    [0x0001, 2 ** -24],
    [0x8001, -(2 ** -24)],
    [0x3bff, 1 - 2 ** -11],
    [0x7bff, 65_504],
    [0xfbff, -65_504],
    [0x0400, 2 ** -14],
  ] as const),
  ...([
    [0x03ff, 1023 * 2 ** -24],
    [0x0000, 0],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x3c00, 1],
    [0x3555, 0.333251953125],
  ] as const),
]);

test('the full range is that of the whole numbers of a file, which floats do not have', async () => {
  const full = (channels: number): HalfReading => ({ kind: 'numbers', channels, range: 'full' });
  for (const [name, most] of [
    ['npy |u1', 255],
    ['npy >u2', 65_535],
    ['TIFF u2 of 5', 65_535],
    ['TIFF u1 of 2', 255],
  ] as const) {
    const { channels, values } = golden.cases.find((each) => each.name === name)!;
    const { values: read } = await decodeValues(caseOf(name), name, full(channels));
    assert.equal(
      read!.data,
      Float32Array.from(values, (value) => (2 * value) / most - 1),
      name,
    );
  }
  await refused('IMAGE_UNSUPPORTED', () => decodeValues(caseOf('TIFF f4 of 5'), 'a.tif', full(5)), /a\.tif/, /--in-range MIN,MAX/);
  await refused('IMAGE_UNSUPPORTED', () => decodeValues(caseOf('npy <i2'), 'a.npy', full(2)), /--in-range/);
  await refused('IMAGE_UNSUPPORTED', () => decodeValues(caseOf('npy |u1'), 'a.npy', full(3)), /expected: 3 channels/, /received: 2/);
});

test('index maps are the numbers of a palette or of grey, not the colours', async () => {
  for (const { name, values, file } of golden.maps) {
    const count = Math.max(...values) + 1;
    const { values: read } = await decodeValues(bytesOf(file), name, { kind: 'classes', count });
    assert.equal(read, { kind: 'classes', channels: 1, count, data: Uint8Array.from(values) }, name);
    if (count < 3) continue;
    const at = values.indexOf(count - 1);
    const width = name === 'filtered rows' ? 50 : 7;
    await refused(
      'IMAGE_UNSUPPORTED',
      () => decodeValues(bytesOf(file), 'map.png', { kind: 'classes', count: count - 1 }),
      new RegExp(`map\\.png: pixel \\(${at % width}, ${Math.floor(at / width)}\\)`),
      new RegExp(`is ${count - 1}, which is no class`),
      /--one-hot/,
    );
  }
  const colours = encodePng({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) });
  await refused('IMAGE_UNSUPPORTED', () => decodeValues(colours, 'photo.png', { kind: 'classes', count: 9 }), /palette/);
  const [map] = golden.maps as [(typeof golden.maps)[number]];
  const cut = bytesOf(map.file).slice(0, -20);
  await refused('IMAGE_CORRUPT', () => decodeValues(cut, 'cut.png', { kind: 'classes', count: 2 }), /cut\.png/);
});

test('arrays that are damaged, too large or of no numbers are refused', async () => {
  const whole = caseOf('npy <f4');
  const texts = (from: string, to: string): Uint8Array => {
    const text = Buffer.from(whole).toString('latin1');
    return Uint8Array.from(Buffer.from(text.replace(from, to.padEnd(from.length)).padEnd(whole.length), 'latin1'));
  };
  await refused('IMAGE_CORRUPT', () => decodeNpy(whole.slice(0, -1), 'a.npy'), /cut short/);
  await refused('IMAGE_CORRUPT', () => decodeNpy(Uint8Array.of(...whole, 0), 'a.npy'), /longer/);
  await refused('IMAGE_CORRUPT', () => decodeNpy(whole.slice(0, 60), 'a.npy'), /header/);
  await refused('IMAGE_CORRUPT', () => decodeNpy(whole.slice(0, 9), 'a.npy'), /header/);
  await refused('IMAGE_CORRUPT', () => decodeNpy(whole.slice(1), 'a.npy'), /begin/);
  await refused('IMAGE_SIZE', () => decodeNpy(texts('(2, 3, 2), }', '(99999, 99999), }'), 'a.npy'));
  await refused('IMAGE_CORRUPT', () => decodeNpy(texts('(2, 3, 2)', '(0, 3, 2)'), 'a.npy'));
  await refused('IMAGE_UNSUPPORTED', () => decodeNpy(texts('(2, 3, 2)', '(12,)'), 'a.npy'), /\[height, width\]/);
  await refused('IMAGE_UNSUPPORTED', () => decodeNpy(texts("'<f4'", "'<c8'"), 'a.npy'), /c8/);
  await refused('IMAGE_UNSUPPORTED', () => decodeNpy(bytesOf(golden.refused.objects), 'a.npy'), /objects of Python/);
  const holes = encodeNpy(Float32Array.of(0, Number.NaN), 2, 1, 1);
  const reading: HalfReading = { kind: 'numbers', channels: 1, range: [0, 1] };
  await refused('IMAGE_CORRUPT', () => decodeValues(holes, 'a.npy', reading), /pixel \(1, 0\) is NaN/);
});

test('arrays of whole numbers are pictures, too, and what is written is read again', async () => {
  const { data } = await decodeImage(caseOf('npy |u1'), 'a.npy');
  const { values } = golden.cases.find(({ name }) => name === 'npy |u1')!;
  // Grey, and transparency on white.
  const seen = values.flatMap((value, at) =>
    at % 2 === 0 ? [Math.round((value * values[at + 1]! + 255 * (255 - values[at + 1]!)) / 255)] : [],
  );
  assert.equal(
    [...data],
    seen.flatMap((value) => [value, value, value]),
  );
  await refused('IMAGE_UNSUPPORTED', () => decodeImage(caseOf('npy <f4'), 'a.npy'), /--in-range/);
  const numbers = Float32Array.from({ length: 24 }, (_, at) => at / 7);
  const { width, height, channels, data: read } = decodeNpy(encodeNpy(numbers, 2, 3, 4), 'a.npy');
  assert.equal([width, height, channels, Float32Array.from(read)], [2, 3, 4, numbers]);
});

test.run();
