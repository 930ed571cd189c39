// not in browsers: it reads folders. shadegrad prepare check: what a training would meet in a folder.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countColours } from '../../../src/data/colours.js';
import { createImage, joinPair, mirror, type RgbImage } from '../../../src/data/image.js';
import { findAlike, hashPicture } from '../../../src/data/picture-hash.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { crc32 } from '../../../src/formats/crc32.js';
import { encodePng } from '../../../src/node/images/read.js';
import { prepareData } from '../../../src/node/programs/prepare/prepare.js';
import type { ShadegradError } from '../../../src/errors.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('check');
test.after(() => rmSync(folder, { recursive: true, force: true }));
const facades = syntheticFacades({ count: 14, size: 64, seed: 3, split: 'train' });
const pairs = await Promise.all(Array.from({ length: 14 }, (_, index) => facades.get(index)));
const joined = pairs.map(({ name, a, b }) => joinPair({ name, a, b }));

function folderOf(name: string, files: Record<string, RgbImage | Uint8Array>): string {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content instanceof Uint8Array ? content : encodePng(content));
  }
  return path;
}

interface Report {
  readonly layout: string;
  readonly splits: readonly { split: string; samples: number; width: [number, number] }[];
  readonly sound: boolean;
  readonly notes: readonly string[];
  readonly findings: readonly { severity: string; kind: string; text: string; files: string[][] }[];
}

async function check(path: string, ...words: string[]): Promise<[status: number, text: string]> {
  const write = process.stdout.write.bind(process.stdout);
  let text = '';
  process.stdout.write = ((more: string) => ((text += more), true)) as typeof process.stdout.write;
  try {
    return [await prepareData(['check', path, '--quiet', ...words]), text];
  } finally {
    process.stdout.write = write;
  }
}

async function report(path: string): Promise<Report> {
  const [status, text] = await check(path, '--json');
  const found = JSON.parse(text) as Report;
  assert.is(status, found.findings.some(({ severity }) => severity === 'error') ? 1 : 0);
  assert.is(found.sound, status === 0);
  return found;
}
const kinds = ({ findings }: Report): string[] => findings.map(({ kind }) => kind);
const filesOf = ({ findings }: Report, kind: string): string[] =>
  findings
    .find((each) => each.kind === kind)!
    .files.flat()
    .map((file) => file.slice(folder.length + 1).replace(/^[^/]+\//, ''));

test('a sound set has its layout, counts and sizes, and nothing wrong', async () => {
  const path = folderOf('sound', { 'train/1.png': joined[0]!, 'train/2.png': joined[1]!, 'val/3.png': joined[2]! });
  const found = await report(path);
  assert.equal(found.findings, []);
  assert.is(found.layout, 'pairs');
  assert.equal(
    found.splits.map(({ split, samples, width }) => [split, samples, width]),
    [
      ['train', 2, [64, 64]],
      ['val', 1, [64, 64]],
    ],
  );
  const [, text] = await check(path);
  assert.match(text, /train +2 pairs, 64 x 64[^]*val +1 pair,[^]*nothing wrong found/);
});

test('what is wrong with pairs is said, with its files: damage, sizes, copies, leaks', async () => {
  const odd = createImage(127, 64);
  odd.data.fill(9);
  const path = folderOf('wrong', {
    'train/1.png': joined[0]!,
    'train/2.png': joined[1]!,
    'train/copy.png': joined[1]!,
    'train/like.png': resizeBicubic(joined[0]!, 100, 50),
    'train/odd.png': odd,
    'train/damaged.png': encodePng(joined[3]!).subarray(0, 2000),
    'val/leak.png': joined[0]!,
    'test/near.png': resizeBicubic(joined[1]!, 120, 60),
  });
  const found = await report(path);
  assert.equal(kinds(found), ['unreadable', 'odd-width', 'leak', 'duplicate', 'leak-alike', 'alike', 'blurred-labels']);
  assert.equal(filesOf(found, 'unreadable'), ['train/damaged.png']);
  assert.equal(filesOf(found, 'odd-width'), ['train/odd.png']);
  assert.equal(filesOf(found, 'leak'), ['train/1.png', 'val/leak.png']);
  assert.equal(filesOf(found, 'duplicate'), ['train/2.png', 'train/copy.png']);
  assert.equal(filesOf(found, 'leak-alike'), ['train/2.png', 'test/near.png']);
  assert.equal(filesOf(found, 'alike'), ['train/1.png', 'train/like.png']);
  const [status, text] = await check(path);
  assert.is(status, 1);
  assert.match(text, /error: 1 sample trained on[^]*train\/1\.png = val\/leak\.png/);
  assert.match(text, /3 errors, 4 warnings\n$/);
});

test('halves in two folders: sizes that differ, and pictures without a partner', async () => {
  const path = folderOf('halves', {
    ...{ 'A/train/1.png': pairs[0]!.a, 'B/train/1.png': pairs[0]!.b, 'A/train/2.png': pairs[1]!.a, 'B/train/2.png': createImage(60, 64) },
    ...{ 'A/train/3.png': pairs[2]!.a },
  });
  const found = await report(path);
  assert.equal(kinds(found), ['halves-differ', 'no-partner']);
  assert.equal(filesOf(found, 'halves-differ'), ['A/train/2.png', 'B/train/2.png']);
  assert.equal(filesOf(found, 'no-partner'), ['A/train/3.png']);
});

test('label maps that lost their colours are told from those that keep them', async () => {
  const blurred = pairs.slice(0, 3).map(({ name, a, b }) => joinPair({ name, a, b: resizeBicubic(resizeBicubic(b, 40, 40), 64, 64) }));
  const found = await report(folderOf('blurred', Object.fromEntries(blurred.map((image, index) => [`train/${index}.png`, image]))));
  assert.equal(kinds(found), ['blurred-labels']);
  assert.match(found.findings[0]!.text, /half B .* 3 of 3/);
  assert.is(found.findings[0]!.severity, 'warning');
});

/** A PNG of 8 x 8 with a palette. */
function indexedPng(classes: readonly number[], palette: Uint8Array): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body) >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const rows = Uint8Array.from({ length: 8 * 9 }, (_, at) => (at % 9 === 0 ? 0 : classes[at % classes.length]!));
  const parts = [
    chunk('IHDR', Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 8, 8, 3, 0, 0, 0)),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows)),
  ];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts, chunk('IEND', new Uint8Array(0))]);
}

test('label maps with a palette: classes beyond those of the others, and other colours for the same classes', async () => {
  const sharp = (await import('sharp')).default;
  const palette = Uint8Array.from({ length: 60 }, (_, at) => (at * 37) & 255);
  const recoloured = palette.slice();
  recoloured[3 * 4] = 1;
  const files: Record<string, Uint8Array> = {};
  for (let index = 1; index <= 8; index++) {
    const data = Uint8Array.from({ length: 192 }, (_, at) => (at * at * index) & 255);
    files[`base/${index}.jpg`] = await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
      .jpeg()
      .toBuffer();
    files[`base/${index}.xml`] = Buffer.from('<x/>');
    files[`base/${index}.png`] = indexedPng([1, 4, 12, index], palette);
  }
  assert.equal(
    kinds(await report(folderOf('cmp', files))).filter((kind) => !/alike/.test(kind)),
    [],
  );
  const wrong = { ...files, 'base/3.png': indexedPng([1, 4, 0, 14], palette), 'base/5.png': indexedPng([1, 4, 12], recoloured) };
  const found = await report(folderOf('cmp-wrong', wrong));
  assert.is(found.layout, 'pairs');
  assert.equal(filesOf(found, 'unknown-class'), ['base/3.png']);
  assert.match(
    found.findings.find(({ kind }) => kind === 'unknown-class')!.text,
    /beyond those of the others, 1 to 12: 0, 14; give these pixels/,
  );
  assert.equal(filesOf(found, 'other-palette'), ['base/5.png']);
  const twice = await report(folderOf('cmp-twice', { ...files, 'base/2.jpeg': files['base/1.jpg']! }));
  assert.match(twice.notes.join(), /as pairs: Two photos of one name in .*2\.jpeg and 2\.jpg.*take one of them out/);
});

test('two sets, folders of classes and plain pictures are none of pairs', async () => {
  const photos = pairs.map(({ a }) => a);
  const two = { 'trainA/1.png': photos[0]!, 'trainB/x.png': photos[1]!, 'valA/z.png': photos[6]!, 'valB/y.png': photos[1]! };
  const sets = await report(folderOf('sets', two));
  assert.is(sets.layout, 'two sets');
  assert.equal(kinds(sets), ['leak']);
  assert.equal(filesOf(sets, 'leak'), ['trainB/x.png', 'valB/y.png']);
  const classes = await report(folderOf('classes', { 'train/day/1.png': photos[2]!, 'train/night/1.png': photos[3]! }));
  assert.is(classes.layout, 'pictures');
  assert.match(classes.notes.join(), /2 folders: classes/);
  assert.equal(classes.findings, []);
  const plain = await report(folderOf('plain', { 'a.png': photos[4]!, 'b.png': photos[5]! }));
  assert.equal([plain.layout, plain.splits[0]!.samples], ['pictures', 2]);
  assert.equal(kinds(await report(folderOf('bare', { 'a.png': joined[0]!, 'b.png': joined[1]! }))), ['pairs-elsewhere']);
  const untrained = await report(folderOf('untrained', { 'val/a.png': joined[4]! }));
  assert.equal(kinds(untrained), ['nothing-to-train-on']);
  for (const [path, code] of [
    [join(folder, 'nowhere'), 'DATA_NOT_FOUND'],
    [folderOf('empty', { 'x/y.txt': new Uint8Array(1) }), 'DATA_EMPTY'],
  ] as const) {
    const error = await check(path).then(
      () => null,
      (caught: ShadegradError) => caught,
    );
    assert.is(error?.code, code);
  }
});

test('pictures that look alike are found by hash and thumbnail, others are not', () => {
  const photos = pairs.map(({ a }) => a);
  const darker = { ...photos[2]!, data: photos[2]!.data.map((value) => Math.max(0, value - 3)) };
  const inverse = { ...photos[3]!, data: photos[3]!.data.map((value) => 255 - value) };
  const all = [...photos, darker, resizeBicubic(photos[5]!, 200, 150), mirror(photos[4]!), inverse];
  assert.equal(findAlike(all.map(hashPicture)), [
    [2, 14],
    [5, 15],
  ]);
  const image = createImage(4, 1);
  image.data.set([255, 0, 0, 255, 0, 0, 0, 0, 255, 9, 9, 9]);
  const { colours, flat, saturation } = countColours(image);
  assert.equal([colours, flat, saturation], [3, 0.5, (255 * 3) / 4]);
});

test.run();
