import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../../src/data/image.js';
import { ShadegradError } from '../../../src/errors.js';
import { decodeImage, encodePng, readImage, readImageSides, writePng } from '../../../src/node/images/read.js';
import { loadSharp } from '../../../src/node/images/sharp.js';
import golden from '../../goldens/image_decode.json';
import formats from '../../goldens/image_formats.json';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const fileOf = (name: string) => fromBase64(golden.cases.find((entry) => entry.name === name)!.file);

async function errorOf(run: () => Promise<unknown>): Promise<ShadegradError> {
  try {
    await run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    return error as ShadegradError;
  }
  return assert.unreachable('expected an error') as never;
}

async function refuses(bytes: Uint8Array, code: string, ...words: string[]): Promise<void> {
  const error = await errorOf(() => decodeImage(bytes, 'train/12.jpg'));
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
  test(`${entry.name} reads as in Pillow`, async () => {
    const image = await decodeImage(fromBase64(entry.file), entry.name);
    assert.equal([image.width, image.height], [entry.width, entry.height]);
    const wanted = fromBase64(entry.rgb);
    assert.is(image.data.length, wanted.length);
    // PNG is exact; two JPEG decoders may round the cosine transform and the colour matrix differently.
    const tolerance = entry.name.startsWith('png') ? 0 : 3;
    const differences = Array.from(wanted, (value, i) => Math.abs(value - image.data[i]!));
    assert.ok(Math.max(...differences) <= tolerance, `differs by ${Math.max(...differences)}`);
    assert.ok(differences.reduce((sum, value) => sum + value, 0) / wanted.length <= tolerance / 6);
  });
}

test('a grey JPEG whose last restart interval is not full', async () => {
  const grey = fileOf('jpeg-grey');
  const scan = markerAt(grey, 0xda);
  const scanHeader = grey.subarray(scan, scan + 10);
  // 3 x 2 blocks of mid grey: "00" no DC change, "1010" end of block; four blocks, a restart marker, two blocks and padding.
  const file = join8(grey.subarray(0, scan), [0xff, 0xdd, 0, 4, 0, 4], scanHeader, [0x28, 0xa2, 0x8a, 0xff, 0xd0, 0x28, 0xaf, 0xff, 0xd9]);
  assert.equal([...(await decodeImage(file, 'grey.jpg')).data], new Array(22 * 13 * 3).fill(128));
});

test('a file cut off anywhere is refused as damaged, unless every pixel of it is there', async () => {
  const some = golden.cases.filter(({ name }) => ['jpeg-baseline', 'jpeg-progressive', 'png-rgb', 'png-interlaced'].includes(name));
  for (const { name, file } of [...some, ...formats.cases]) {
    const whole = fromBase64(file);
    const wanted = await decodeImage(whole, name);
    for (let length = 20; length < whole.length; length += 7) {
      try {
        assert.equal(await decodeImage(whole.subarray(0, length), 'cut'), wanted, `${name} at ${length} of ${whole.length}`);
      } catch (error) {
        assert.instance(error, ShadegradError, `${name} at ${length}: ${error}`);
        assert.is((error as ShadegradError).code, 'IMAGE_CORRUPT', `${name} at ${length}: ${(error as Error).message}`);
        assert.match((error as Error).message, 'cut short');
      }
    }
  }
});

test('scan data that end early are found even when the end marker is there', async () => {
  const whole = fileOf('jpeg-baseline');
  const scan = markerAt(whole, 0xda);
  await refuses(join8(whole.subarray(0, scan + 60), [0xff, 0xd9]), 'IMAGE_CORRUPT', 'premature end');
});

for (const entry of formats.cases) {
  test(`${entry.name} reads as in Pillow`, async () => {
    const image = await decodeImage(fromBase64(entry.file), entry.name);
    assert.equal([image.width, image.height], [entry.width, entry.height]);
    // Pillow cuts the stretched channels of 16-bit pixels off, where they are rounded here.
    const tolerance = /bmp-5/.test(entry.name) ? 1 : 0;
    const worst = fromBase64(entry.rgb).reduce((most, value, i) => Math.max(most, Math.abs(value - image.data[i]!)), 0);
    assert.ok(worst <= tolerance, `differs by ${worst}`);
  });
}

test('AVIF is read', async () => {
  const sharp = (await import('sharp')).default;
  const { width, height } = golden.cases[0]!;
  const pixels = fromBase64(golden.cases.find(({ name }) => name === 'png-rgb')!.rgb);
  const written = sharp(pixels, { raw: { width, height, channels: 3 } }).avif({ lossless: true, chromaSubsampling: '4:4:4' });
  const file = new Uint8Array(await written.toBuffer());
  const image = await decodeImage(file, 'x.avif');
  assert.equal([image.width, image.height], [width, height]);
  const worst = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - image.data[i]!)), 0);
  assert.ok(worst <= 2, `differs by ${worst}`);
});

test('a run-length coded BMP may skip pixels and end early; those are of its first colour', async () => {
  const colours = [
    [1, 2, 3],
    [10, 20, 30],
    [40, 50, 60],
  ];
  const runs = [2, 1, 0, 2, 1, 1, 1, 2, 0, 1];
  const word = (value: number) => [value & 255, value >> 8, 0, 0];
  const offset = 54 + colours.length * 4;
  const first = join8([0x42, 0x4d], word(offset + runs.length), word(0), word(offset));
  const [compression, size] = [word(1), word(runs.length)];
  const second = join8(word(40), word(4), word(3), [1, 0, 8, 0], compression, size, word(0), word(0), word(colours.length), word(0));
  const file = join8(
    first,
    second,
    colours.flatMap(([red, green, blue]) => [blue!, green!, red!, 0]),
    runs,
  );
  const image = await decodeImage(file, 'x.bmp');
  const expected = [
    [0, 0, 0, 0],
    [0, 0, 0, 2],
    [1, 1, 0, 0],
  ]
    .flat()
    .flatMap((place) => colours[place]!);
  assert.equal([...image.data], expected);
});

test('BMPs with the headers of OS/2, of 12 and of 16 bytes', async () => {
  const [short, long] = [(value: number) => [value & 255, value >> 8], (value: number) => [value & 255, value >> 8, 0, 0]];
  const row = [3, 2, 1, 6, 5, 4, 0, 0];
  for (const header of [
    [...long(12), ...short(2), ...short(1), 1, 0, 24, 0],
    [...long(16), ...long(2), ...long(1), 1, 0, 24, 0],
  ]) {
    const offset = 14 + header.length;
    const file = join8([0x42, 0x4d], long(offset + row.length), long(0), long(offset), header, row);
    assert.equal([...(await decodeImage(file, 'x.bmp')).data], [1, 2, 3, 4, 5, 6]);
  }
});

test('sides are read from the beginning of a file, and from all of it where the header comes last', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-sides-'));
  try {
    const sharp = (await import('sharp')).default;
    const noise = {
      create: {
        width: 700,
        height: 500,
        channels: 3 as const,
        background: 'grey',
        noise: { type: 'gaussian' as const, mean: 128, sigma: 40 },
      },
    };
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const) {
      const path = join(folder, `x.${format}`);
      await sharp(noise)
        .toFormat(format, format === 'tiff' ? { compression: 'none' } : format === 'avif' ? { effort: 0 } : {})
        .toFile(path);
      assert.equal(await readImageSides(path), { width: 700, height: 500 }, format);
      // A file larger than any program reads at once; it takes no place where disks keep holes.
      if (format !== 'jpeg' || process.platform === 'win32') continue;
      await truncate(path, 3 * 2 ** 30);
      assert.equal(await readImageSides(path), { width: 700, height: 500 });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('sharp keeps the settings of a program that uses it, too', async () => {
  const sharp = (await import('sharp')).default;
  const threads = sharp.concurrency();
  sharp.concurrency(threads + 1);
  sharp.cache({ memory: 30 });
  await loadSharp();
  assert.equal([sharp.concurrency(), sharp.cache().memory.max], [threads + 1, 30]);
});

test('what is not read is refused by name', async () => {
  const text = (value: string) => Uint8Array.from(value.padEnd(64, '\0'), (c) => c.charCodeAt(0));
  await refuses(text('\0\0\0\x20ftypheic'), 'IMAGE_UNSUPPORTED', 'HEIC', 'PNG or JPEG');
  await refuses(text('\0\0\0\x20ftypmif1\0\0\0\0mif1heic'), 'IMAGE_UNSUPPORTED', 'HEIC');
  await refuses(text('\0\0\0\x20ftypavis\0\0\0\0avifmif1'), 'IMAGE_UNSUPPORTED', 'animated AVIF');
  await refuses(text('\0\0\0\x20ftypisom'), 'IMAGE_UNSUPPORTED', 'MP4');
  await refuses(text('\0\0\0\x0cjP  '), 'IMAGE_UNSUPPORTED', 'JPEG 2000');
  await refuses(text('\xff\x0a'), 'IMAGE_UNSUPPORTED', 'JPEG XL');
  const nameless = await decodeImage(text('%PDF')).then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(nameless, /^image: /);
  await refuses(text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'IMAGE_UNSUPPORTED', 'SVG');
  await refuses(text('BMX is a sport'), 'IMAGE_UNSUPPORTED', 'not an image');
  await refuses(text('hello'), 'IMAGE_UNSUPPORTED', 'not an image');
  await refuses(new Uint8Array(0), 'IMAGE_CORRUPT', 'empty');
  // A start that promises an image is not enough.
  for (const start of ['RIFF\x20\0\0\0WEBPVP8 ', 'GIF89a', 'II*\0', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff\xe0', '\0\0\0\x1cftypavif']) {
    await refuses(text(start), 'IMAGE_CORRUPT', 'damaged');
  }
});

test('kinds of JPEG that cannot be read say why', async () => {
  const frame = (change: (bytes: Uint8Array, at: number) => void, name = 'jpeg-baseline') => {
    const bytes = fileOf(name);
    change(bytes, markerAt(bytes, 0xc0));
    return bytes;
  };
  await refuses(
    frame((bytes, at) => (bytes[at + 1] = 0xc3)),
    'IMAGE_UNSUPPORTED',
    'this kind of JPEG',
  );
  await refuses(
    frame((bytes, at) => (bytes[at + 1] = 0xc5)),
    'IMAGE_UNSUPPORTED',
    'this kind of JPEG',
  );
  await refuses(
    frame((bytes, at) => (bytes[at + 4] = 12)),
    'IMAGE_UNSUPPORTED',
    'precision 12',
  );
  await refuses(
    frame((bytes, at) => bytes.set([0, 0], at + 5)),
    'IMAGE_UNSUPPORTED',
    'DNL',
  );
  await refuses(
    frame((bytes, at) => bytes.set([0xff, 0xff, 0xff, 0xff], at + 5)),
    'IMAGE_SIZE',
    '65500',
    '100 megapixels',
  );
  await refuses(
    frame((bytes, at) => bytes.set([0xea, 0x60, 0xea, 0x60], at + 5)),
    'IMAGE_SIZE',
    '60000 x 60000',
  );
});

test('CMYK without an Adobe marker is taken for inverted, as browsers do', async () => {
  const cmyk = fileOf('jpeg-cmyk');
  const adobe = markerAt(cmyk, 0xee);
  const plain = join8(cmyk.subarray(0, adobe), cmyk.subarray(adobe + 16));
  assert.equal(await decodeImage(plain, 'plain'), await decodeImage(cmyk, 'adobe'));
});

test('bytes after the end of an image are ignored', async () => {
  for (const { name, file } of [...golden.cases, ...formats.cases].filter(({ name }) => !/jpeg-[^b]|tiff/.test(name))) {
    const bytes = fromBase64(file);
    assert.equal(await decodeImage(join8(bytes, [1, 2, 3]), name), await decodeImage(bytes, name), name);
  }
});

test('without sharp, an image is refused with what to install, and PNGs are still written', async () => {
  const said = new Error('\nCould not load the "sharp" module using the linux-x64 runtime\nmore');
  const error = await errorOf(() => loadSharp(() => Promise.reject(said)));
  assert.is(error.code, 'IMAGE_DECODER');
  for (const words of ['npm install', 'Could not load the "sharp" module', process.platform]) assert.match(error.message, words);
  assert.ok(encodePng({ width: 1, height: 1, data: new Uint8Array(3) }).length > 40);
});

test('an image whose data are not those of its sides is not encoded', async () => {
  for (const length of [0, 11, 13, 16]) {
    const error = await errorOf(async () => encodePng({ width: 2, height: 2, data: new Uint8Array(length) }));
    assert.is(error.code, 'IMAGE_SIZE');
    assert.is(error.message.includes('RGBA'), length === 16);
  }
});

test('PNG files come back as they were written; reading errors name the path', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-images-'));
  try {
    const image: RgbImage = { width: 7, height: 5, data: Uint8Array.from({ length: 105 }, (_, i) => (i * 37) & 255) };
    assert.equal(await decodeImage(encodePng(image), 'memory'), image);
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
