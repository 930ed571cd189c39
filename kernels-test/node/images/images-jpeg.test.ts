import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/node/images/read.js';
import golden from '../../goldens/image_jpeg.json';

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const joined = (...parts: (Uint8Array | number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const files = Object.entries(golden.cases.find(({ name }) => name === '2x2 19x13')!.files).map(
  ([kind, file]) => [kind, fromBase64(file!)] as const,
);

/** Decoders may round the cosine transform and the colour matrix differently. */
const ROUNDING = 2;

function markerAt(bytes: Uint8Array, marker: number, from = 0): number {
  for (let i = from; i < bytes.length; i++) if (bytes[i] === 0xff && bytes[i + 1] === marker) return i;
  return -1;
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await decodeImage(bytes, 'x.jpg');
    return 'read';
  } catch (error) {
    assert.instance(error, ShadegradError);
    return (error as ShadegradError).code;
  }
}

test('every sampling, baseline and progressive, with restarts and without, grey, CMYK and YCCK: as libjpeg reads them', async () => {
  let count = 0;
  for (const { name, width, height, rgb, files: variants } of golden.cases) {
    const wanted = fromBase64(rgb);
    for (const [kind, file] of Object.entries(variants)) {
      const label = `${name}, ${kind}`;
      const image = await decodeImage(fromBase64(file!), label);
      assert.equal([image.width, image.height, image.data.length], [width, height, wanted.length], label);
      const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - image.data[i]!)), 0);
      assert.ok(worst <= ROUNDING, `${label}: differs by ${worst}`);
      count++;
    }
  }
  assert.is(count, 180);
});

test('stray bytes before, between and after the data are passed over', async () => {
  for (const [kind, file] of files) {
    const wanted = await decodeImage(file, kind);
    const scan = markerAt(file, 0xda);
    const end = file.length - 2;
    const restart = markerAt(file, 0xd0, scan);
    const insertions: [string, number, number[]][] = [
      ['before the scan', scan, [0, 0, 7]],
      ['before the end', end, [1, 2, 3, 4]],
      ['fill bytes before the end', end, [0xff, 0xff]],
      ['after the end', file.length, [5, 6, 7]],
      // A JFIF header of a version that does not exist, and a comment.
      ['odd headers', 2, [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 9, 9, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xfe, 0, 4, 0xc3, 0x28]],
      ...(restart > 0 ? [['before a restart', restart, [9, 9]] as [string, number, number[]]] : []),
    ];
    for (const [where, at, bytes] of insertions) {
      const image = await decodeImage(joined(file.subarray(0, at), bytes, file.subarray(at)), `${kind}, ${where}`);
      assert.equal(image, wanted, `${kind}, ${where}`);
    }
  }
});

test('data that end early are refused, with an end marker put after them and without; no end marker alone is enough', async () => {
  for (const [kind, file] of files) {
    const scan = markerAt(file, 0xda);
    for (const share of [0.2, 0.5, 0.8]) {
      const half = file.subarray(0, Math.round(scan + 14 + (file.length - scan - 16) * share));
      assert.is(await codeOf(half), 'IMAGE_CORRUPT', `${kind}, ${share}`);
      // Of a progressive file, whole scans may be left out: what there is of it is the picture, only coarser.
      if (!kind.startsWith('progressive'))
        assert.is(await codeOf(joined(half, [0xff, 0xd9])), 'IMAGE_CORRUPT', `${kind}, ${share} and an end`);
    }
    assert.is(await codeOf(file.subarray(0, file.length - 2)), 'IMAGE_CORRUPT', `${kind}, no end marker`);
  }
});

/** An Exif header of one entry: the orientation, in the byte order of most cameras or of the others. */
function exif(orientation: number, big: boolean): number[] {
  const word = (value: number): number[] => (big ? [value >> 8, value & 255] : [value & 255, value >> 8]);
  const long = (value: number): number[] => (big ? [0, 0, ...word(value)] : [...word(value), 0, 0]);
  const tiff = [
    ...(big ? [0x4d, 0x4d] : [0x49, 0x49]),
    ...word(42),
    ...long(8),
    ...word(1),
    ...word(0x112),
    ...word(3),
    ...long(1),
    ...word(orientation),
    0,
    0,
    ...long(0),
  ];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return [0xff, 0xe1, 0, body.length + 2, ...body];
}

test('a photo is turned as its EXIF orientation says', async () => {
  const [, file] = files[0]!;
  const plain = await decodeImage(file, 'plain');
  const { width, height, data } = plain;
  // Where the pixel of the upright picture lies in the stored one, for each orientation (Exif 2.3, tag 274).
  const sources: Record<number, (x: number, y: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [width - 1 - x, y],
    3: (x, y) => [width - 1 - x, height - 1 - y],
    4: (x, y) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, height - 1 - x],
    7: (x, y) => [width - 1 - y, height - 1 - x],
    8: (x, y) => [width - 1 - y, x],
  };
  for (const [text, source] of Object.entries(sources)) {
    for (const big of [false, true]) {
      const image = await decodeImage(joined(file.subarray(0, 2), exif(Number(text), big), file.subarray(2)), `orientation ${text}`);
      const sides = Number(text) >= 5 ? [height, width] : [width, height];
      assert.equal([image.width, image.height], sides, text);
      const wanted = new Uint8Array(data.length);
      for (let y = 0; y < sides[1]!; y++) {
        for (let x = 0; x < sides[0]!; x++) {
          const [fromX, fromY] = source(x, y);
          wanted.set(data.subarray((fromY * width + fromX) * 3, (fromY * width + fromX) * 3 + 3), (y * sides[0]! + x) * 3);
        }
      }
      assert.equal(image.data, wanted, `orientation ${text}`);
    }
  }
});

test('a colour profile changes nothing', async () => {
  const [, file] = files[0]!;
  const sharp = (await import('sharp')).default;
  // Display P3, whose numbers are other colours than those of sRGB.
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const tagged = await sharp(data, { raw: info }).withIccProfile('p3', { attach: true }).png().toBuffer();
  const untagged = await sharp(tagged, { ignoreIcc: true }).png().toBuffer();
  assert.ok(tagged.length > untagged.length + 100, 'a profile in the file');
  assert.equal(await decodeImage(tagged, 'tagged'), await decodeImage(untagged, 'untagged'));
});

test.run();
