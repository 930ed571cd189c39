// not in browsers: it decodes files in Node
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../../src/node/images/read.js';

interface Kind {
  /** 1 for grey, 2 for RGB, 5 for CMYK. */
  photometric: number;
  channels: number;
  /** Meaning of each sample after the colours; none for a file that does not say. */
  extra?: number[];
  bigEndian?: boolean;
  /** A BigTIFF, with places of eight bytes. */
  big?: boolean;
}

/** An uncompressed TIFF of one row of 8-bit pixels. */
function tiff(pixels: readonly number[], { photometric, channels, extra, bigEndian = false, big = false }: Kind): Uint8Array {
  const width = pixels.length / channels;
  const words = big ? 8 : 4;
  const tags: [tag: number, type: number, values: readonly number[]][] = [
    [256, 3, [width]],
    [257, 3, [1]],
    [258, 3, new Array<number>(channels).fill(8)],
    [259, 3, [1]],
    [262, 3, [photometric]],
    [273, 4, [0]],
    [277, 3, [channels]],
    [278, 3, [1]],
    [279, 4, [pixels.length]],
    ...(extra ? [[338, 3, extra] as [number, number, number[]]] : []),
  ];
  const list = big ? 16 : 8;
  const rest = list + (big ? 8 : 2) + tags.length * (4 + 2 * words) + words;
  const bytes = new Uint8Array(rest + 16 * tags.length + pixels.length);
  const view = new DataView(bytes.buffer);
  const little = !bigEndian;
  const short = (at: number, value: number): void => view.setUint16(at, value, little);
  const word = (at: number, value: number): void =>
    big ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  bytes.fill(bigEndian ? 0x4d : 0x49, 0, 2);
  short(2, big ? 43 : 42);
  if (big) short(4, 8);
  word(big ? 8 : 4, list);
  if (big) word(list, tags.length);
  else short(list, tags.length);
  tags.forEach(([tag, type, values], index) => {
    const entry = list + (big ? 8 : 2) + index * (4 + 2 * words);
    short(entry, tag);
    short(entry + 2, type);
    word(entry + 4, values.length);
    const place = entry + 4 + words;
    const inline = values.length * (type === 3 ? 2 : 4) <= words;
    const at = inline ? place : rest + 16 * index;
    if (!inline) word(place, at);
    values.forEach((value, each) =>
      type === 3 ? short(at + 2 * each, value) : view.setUint32(at + 4 * each, tag === 273 ? rest + 16 * tags.length : value, little),
    );
  });
  bytes.set(pixels, rest + 16 * tags.length);
  return bytes;
}

const decoded = async (pixels: number[], kind: Kind): Promise<number[]> => [...(await decodeImage(tiff(pixels, kind), 'x.tif')).data];
const RGB = { photometric: 2 };

for (const form of [{}, { bigEndian: true }, { big: true }, { big: true, bigEndian: true }]) {
  test(`of a TIFF only what it says is transparency is taken for it ${JSON.stringify(form)}`, async () => {
    const four = [255, 0, 0, 0, 10, 20, 30, 255];
    assert.equal(await decoded(four, { ...RGB, ...form, channels: 4, extra: [2] }), [255, 255, 255, 10, 20, 30], 'transparency');
    assert.equal(await decoded(four, { ...RGB, ...form, channels: 4, extra: [0] }), [255, 0, 0, 10, 20, 30], 'unspecified');
    assert.equal(await decoded([10, 20, 30, 40, 50], { ...RGB, ...form, channels: 5, extra: [0, 0] }), [10, 20, 30], 'two unspecified');
    assert.equal(
      await decoded([10, 20, 30, 40, 0], { ...RGB, ...form, channels: 5, extra: [0, 2] }),
      [255, 255, 255],
      'one, then transparency',
    );
  });
}

test('grey and inks likewise, and a TIFF that does not say what it has', async () => {
  assert.equal(await decoded([70, 0], { photometric: 1, channels: 2, extra: [0] }), [70, 70, 70]);
  assert.equal(await decoded([70, 0], { photometric: 1, channels: 2, extra: [2] }), [255, 255, 255]);
  assert.equal(await decoded([0, 0, 0, 55, 0], { photometric: 5, channels: 5, extra: [0] }), [200, 200, 200]);
  assert.equal(await decoded([0, 0, 0, 55, 0], { photometric: 5, channels: 5, extra: [2] }), [255, 255, 255]);
  assert.equal(await decoded([10, 20, 30, 0], { ...RGB, channels: 4 }), [10, 20, 30]);
});

test.run();
