import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../src/data/image.js';
import { ShadegradError } from '../src/gpu/errors.js';
import { decodeImage, encodePng, readImage, writePng } from '../src/node/images.js';
import golden from './goldens/image_decode.json';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const fileOf = (name: string) => fromBase64(golden.cases.find((entry) => entry.name === name)!.file);

function errorOf(run: () => unknown): ShadegradError {
  try {
    run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    return error as ShadegradError;
  }
  return assert.unreachable('expected an error') as never;
}

function refuses(bytes: Uint8Array, code: string, ...words: string[]): void {
  const error = errorOf(() => decodeImage(bytes, 'train/12.jpg'));
  assert.is(error.code, code, error.message);
  for (const word of ['train/12.jpg', 'fix:', ...words]) assert.ok(error.message.includes(word), `"${word}" in: ${error.message}`);
}

const join8 = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** The byte offset of a JPEG marker. */
function markerAt(bytes: Uint8Array, marker: number): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0xff && bytes[i + 1] === marker) return i;
  return assert.unreachable('no such marker') as never;
}

for (const entry of golden.cases) {
  test(`${entry.name} reads as in Pillow`, () => {
    const image = decodeImage(fromBase64(entry.file), entry.name);
    assert.equal([image.width, image.height], [entry.width, entry.height]);
    const wanted = fromBase64(entry.rgb);
    assert.is(image.data.length, wanted.length);
    // PNG is exact; two JPEG decoders may round the cosine transform and the colour matrix differently.
    const tolerance = entry.name.startsWith('png') ? 0 : 3;
    const differences = Array.from(wanted, (value, i) => Math.abs(value - image.data[i]));
    assert.ok(Math.max(...differences) <= tolerance, `differs by ${Math.max(...differences)}`);
    assert.ok(differences.reduce((sum, value) => sum + value, 0) / wanted.length <= tolerance / 6);
  });
}

test('a grey JPEG whose last restart interval is not full', () => {
  const grey = fileOf('jpeg-grey');
  const scan = markerAt(grey, 0xda);
  const scanHeader = grey.subarray(scan, scan + 10);
  // 3 x 2 blocks of mid grey: "00" no DC change, "1010" end of block; four blocks, a restart marker, two blocks and padding.
  const file = join8(grey.subarray(0, scan), [0xff, 0xdd, 0, 4, 0, 4], scanHeader,
    [0x28, 0xa2, 0x8a, 0xff, 0xd0, 0x28, 0xaf, 0xff, 0xd9]);
  assert.equal([...decodeImage(file, 'grey.jpg').data], new Array(22 * 13 * 3).fill(128));
});

test('a JPEG or PNG cut off anywhere is refused as damaged', () => {
  for (const name of ['jpeg-baseline', 'jpeg-progressive', 'png-rgb', 'png-interlaced']) {
    const whole = fileOf(name);
    for (let length = 16; length < whole.length; length++) {
      const error = errorOf(() => decodeImage(whole.subarray(0, length), 'cut'));
      assert.is(error.code, 'IMAGE_CORRUPT', `${name} at ${length}: ${error.message}`);
      assert.match(error.message, 'truncated');
    }
  }
});

test('scan data that end early are found even when the end marker is there', () => {
  const whole = fileOf('jpeg-baseline');
  const scan = markerAt(whole, 0xda);
  refuses(join8(whole.subarray(0, scan + 60), [0xff, 0xd9]), 'IMAGE_CORRUPT', 'make no sense');
});

test('flipped bytes give an image or a typed error, never another one', () => {
  let state = 1;
  const random = (bound: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  let refused = 0;
  for (const entry of golden.cases) {
    for (let round = 0; round < 40; round++) {
      const bytes = fromBase64(entry.file);
      for (let flips = 0; flips < 3; flips++) bytes[random(bytes.length)] = random(256);
      try {
        const image = decodeImage(bytes, 'flipped');
        assert.is(image.data.length, image.width * image.height * 3);
      } catch (error) {
        assert.instance(error, ShadegradError);
        refused++;
      }
    }
  }
  assert.ok(refused > 100);
});

test('other formats are refused by name', () => {
  const text = (value: string) => Uint8Array.from(value.padEnd(32, '\0'), (c) => c.charCodeAt(0));
  refuses(text('RIFF\x20\0\0\0WEBPVP8 '), 'IMAGE_UNSUPPORTED', 'WebP', 'PNG or JPEG');
  refuses(text('GIF89a'), 'IMAGE_UNSUPPORTED', 'GIF');
  refuses(text('BM'), 'IMAGE_UNSUPPORTED', 'BMP');
  refuses(text('\0\0\0\x20ftypheic'), 'IMAGE_UNSUPPORTED', 'HEIC');
  refuses(text('hello'), 'IMAGE_UNSUPPORTED', 'not an image');
  refuses(new Uint8Array(0), 'IMAGE_CORRUPT', 'empty');
});

test('kinds of JPEG that cannot be read say why', () => {
  const frame = (change: (bytes: Uint8Array, at: number) => void, name = 'jpeg-baseline') => {
    const bytes = fileOf(name);
    change(bytes, markerAt(bytes, 0xc0));
    return bytes;
  };
  refuses(frame((bytes, at) => (bytes[at + 1] = 0xc3)), 'IMAGE_UNSUPPORTED', 'lossless');
  refuses(frame((bytes, at) => (bytes[at + 1] = 0xc9)), 'IMAGE_UNSUPPORTED', 'arithmetic');
  refuses(frame((bytes, at) => (bytes[at + 4] = 12)), 'IMAGE_UNSUPPORTED', '12 bits');
  refuses(frame((bytes, at) => bytes.set([0, 0], at + 5)), 'IMAGE_CORRUPT', '22 x 0');
  refuses(frame((bytes, at) => bytes.set([0xff, 0xff, 0xff, 0xff], at + 5)), 'IMAGE_SIZE', '65535 x 65535');
  const cmyk = fileOf('jpeg-cmyk');
  const adobe = markerAt(cmyk, 0xee);
  refuses(join8(cmyk.subarray(0, adobe), cmyk.subarray(adobe + 16)), 'IMAGE_UNSUPPORTED', 'CMYK');
});

test('an absurd PNG header is refused before anything is allocated', () => {
  const png = fileOf('png-rgb');
  png.set([0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff], 16);
  refuses(png, 'IMAGE_SIZE', '2147483647 x 2147483647');
});

test('bytes after the end of a PNG or JPEG are ignored', () => {
  for (const name of ['png-rgb', 'jpeg-baseline']) {
    const bytes = fileOf(name);
    assert.equal(decodeImage(join8(bytes, [1, 2, 3]), name), decodeImage(bytes, name));
  }
});

test('PNG files come back as they were written; reading errors name the path', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-images-'));
  try {
    const image: RgbImage = { width: 7, height: 5, data: Uint8Array.from({ length: 105 }, (_, i) => (i * 37) & 255) };
    assert.equal(decodeImage(encodePng(image), 'memory'), image);
    // The type comes from the bytes, not from the name.
    const path = join(folder, 'deep', 'picture.jpg');
    await writePng(path, image);
    assert.equal(await readImage(path), image);
    assert.equal(await readdir(join(folder, 'deep')), ['picture.jpg']);
    const failure = async (target: string) => {
      let caught: unknown;
      await readImage(target).catch((error) => (caught = error));
      assert.instance(caught, ShadegradError);
      assert.match((caught as Error).message, target);
      return (caught as ShadegradError).code;
    };
    assert.is(await failure(join(folder, 'absent.png')), 'DATA_NOT_FOUND');
    assert.is(await failure(folder), 'DATA_UNREADABLE');
    await writeFile(join(folder, 'empty.png'), '');
    assert.is(await failure(join(folder, 'empty.png')), 'IMAGE_CORRUPT');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();
