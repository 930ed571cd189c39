import { deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../src/random.js';
import { crc32 } from '../../../src/formats/crc32.js';
import { ShadegradError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/node/images/read.js';

interface Kind {
  colour: 0 | 2 | 3 | 4 | 6;
  bits: number;
  interlaced: boolean;
}

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
const BITS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] } as const;
const KINDS: Kind[] = ([0, 2, 3, 4, 6] as const).flatMap((colour) =>
  BITS[colour].flatMap((bits) => [false, true].map((interlaced) => ({ colour, bits, interlaced }))),
);
const nameOf = ({ colour, bits, interlaced }: Kind): string => `colour type ${colour}, ${bits} bits${interlaced ? ', interlaced' : ''}`;
const random = new RandomStream(7);
const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.integer(0, 255));

const joined = (...parts: (Uint8Array | number[])[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const long = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

function chunk(type: string, body: Uint8Array | number[]): Uint8Array {
  const typed = joined(
    [...type].map((letter) => letter.charCodeAt(0)),
    body,
  );
  return joined(long(body.length), typed, long(crc32(typed)));
}

/** The rows that a header asks for: width and height of the picture, or of each of Adam7's passes. */
function passes({ interlaced }: Kind, width: number, height: number): [number, number][] {
  if (!interlaced) return [[width, height]];
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return starts
    .map(([x, y, across, down]): [number, number] => [Math.ceil((width - x) / across), Math.ceil((height - y) / down)])
    .filter(([w, h]) => w > 0 && h > 0);
}

/** Random pixels behind random filters. */
function rows(kind: Kind, width: number, height: number): Uint8Array {
  const row = (across: number): Uint8Array =>
    joined([random.integer(0, 4)], bytes(Math.ceil((across * CHANNELS[kind.colour] * kind.bits) / 8)));
  return joined(...passes(kind, width, height).flatMap(([across, down]) => Array.from({ length: down }, () => row(across))));
}

function png({ colour, bits, interlaced }: Kind, width: number, height: number, data: Uint8Array, ...chunks: Uint8Array[]): Uint8Array {
  return packedPng({ colour, bits, interlaced }, width, height, deflateSync(data), ...chunks);
}

function packedPng(
  { colour, bits, interlaced }: Kind,
  width: number,
  height: number,
  stream: Uint8Array,
  ...chunks: Uint8Array[]
): Uint8Array {
  const header = chunk('IHDR', [...long(width), ...long(height), bits, colour, 0, 0, interlaced ? 1 : 0]);
  return joined([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], header, ...chunks, chunk('IDAT', stream), chunk('IEND', []));
}

const palette = ({ colour, bits }: Kind): Uint8Array[] => (colour === 3 ? [chunk('PLTE', bytes(3 * 2 ** bits))] : []);

/** What pngjs, another decoder, reads in a file that is as it should be; 16 bits rounded, transparency laid on white. */
function byPngjs(file: Uint8Array): number[] {
  const { data } = PNG.sync.read(Buffer.from(file));
  return Array.from({ length: (data.length / 4) * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3) * 4;
    const alpha = data[pixel + 3]!;
    return Math.round((data[pixel + (i % 3)]! * alpha + 255 * (255 - alpha)) / 255);
  });
}

async function refused(file: Uint8Array, label: string, code = 'IMAGE_CORRUPT'): Promise<void> {
  try {
    await decodeImage(file, label);
  } catch (error) {
    assert.instance(error, ShadegradError, label);
    assert.is((error as ShadegradError).code, code, (error as Error).message);
    return;
  }
  assert.unreachable(`${label} was read`);
}

test('every colour type and depth, interlaced or not, with transparent colours: as another decoder reads them', async () => {
  for (const kind of KINDS) {
    for (const [width, height] of [
      [1, 1],
      [5, 3],
      [33, 17],
    ] as const) {
      const data = rows(kind, width, height);
      const levels = 2 ** kind.bits;
      // One colour for grey and RGB, here that of the first pixel where rows are not filtered; a list for palettes.
      const transparent =
        kind.colour === 3
          ? bytes(Math.ceil(levels / 2))
          : kind.colour === 0
            ? [0, random.integer(0, Math.min(levels, 256) - 1)]
            : [0, data[1]!, 0, data[2]!, 0, data[3]!];
      const colours = palette(kind);
      const files = [png(kind, width, height, data, ...colours), png(kind, width, height, data, chunk('gAMA', long(100_000)), ...colours)];
      if (kind.colour < 4) files.push(png(kind, width, height, data, ...colours, chunk('tRNS', transparent)));
      for (const [index, file] of files.entries()) {
        const image = await decodeImage(file, nameOf(kind));
        assert.equal([image.width, image.height], [width, height]);
        assert.equal([...image.data], byPngjs(file), `${nameOf(kind)}, ${width} x ${height}, file ${index}`);
      }
    }
  }
});

test('a stream that ends before the last row is refused, by whatever length; one that goes on is read', async () => {
  for (const kind of KINDS) {
    const [width, height] = [13, 9];
    const data = rows(kind, width, height);
    const colours = palette(kind);
    const whole = await decodeImage(png(kind, width, height, data, ...colours), nameOf(kind));
    for (const missing of [1, 2, Math.floor(data.length / 2), data.length - 1, data.length]) {
      await refused(
        png(kind, width, height, data.subarray(0, data.length - missing), ...colours),
        `${nameOf(kind)} without ${missing} bytes`,
      );
    }
    for (const surplus of [1, 700, 40_000]) {
      assert.equal(
        await decodeImage(png(kind, width, height, joined(data, bytes(surplus)), ...colours), nameOf(kind)),
        whole,
        `${nameOf(kind)} and ${surplus} bytes more`,
      );
    }
  }
});

test('a list of transparencies that is too long, or a palette that is too short: what there is counts, each time alike', async () => {
  for (const bits of BITS[3]) {
    const kind: Kind = { colour: 3, bits, interlaced: false };
    const data = rows(kind, 13, 9);
    const long = png(kind, 13, 9, data, ...palette(kind), chunk('tRNS', bytes(2 ** bits + 7)));
    const short = png(kind, 13, 9, data, chunk('PLTE', [1, 2, 3]));
    for (const file of [long, short]) assert.equal(await decodeImage(file, 'once'), await decodeImage(file, 'twice'));
  }
});

test('bombs: what a small file promises or unpacks to takes no memory to speak of', async () => {
  const deep: Kind = { colour: 6, bits: 16, interlaced: false };
  const before = process.memoryUsage().rss;
  // 784 MB of pixels by the header, in a stream of nothing.
  await refused(png(deep, 9900, 9900, new Uint8Array(0)), 'a promise');
  await refused(png(deep, 9900, 9900, bytes(50)), 'a promise and a few bytes');
  await refused(png(deep, 10_001, 10_000, new Uint8Array(0)), 'too large', 'IMAGE_SIZE');
  await refused(png(deep, 0x7fffffff, 0x7fffffff, new Uint8Array(0)), 'far too large', 'IMAGE_SIZE');
  // 8 x 8 pixels and 200 MB more, packed into 200 kB.
  const stream = deflateSync(new Uint8Array(2e8), { level: 1 });
  const packed = process.memoryUsage().rss;
  for (const interlaced of [false, true]) {
    const image = await decodeImage(packedPng({ colour: 2, bits: 8, interlaced }, 8, 8, stream), 'a long stream');
    assert.equal([...image.data], new Array(192).fill(0));
  }
  const grown = process.memoryUsage().rss - Math.max(before, packed);
  assert.ok(grown < 100e6, `${Math.round(grown / 1e6)} MB more than before`);
});

test('a wrong checksum of the pixels is refused', async () => {
  const kind: Kind = { colour: 2, bits: 8, interlaced: false };
  const file = png(kind, 13, 9, rows(kind, 13, 9));
  file[file.length - 14]! ^= 1;
  await refused(file, 'a wrong checksum');
});

test.run();
