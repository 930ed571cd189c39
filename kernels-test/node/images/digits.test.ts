// not in browsers: it reads files
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageAt } from '../../../src/data/unpaired.js';
import { openDigits } from '../../../src/node/images/digits.js';
import { openImagesData } from '../../../src/node/training/set-data.js';
import { failure } from '../../harness/devices.js';

const root = mkdtempSync(join(tmpdir(), 'shadegrad-digits-'));
test.after(() => rmSync(root, { recursive: true, force: true }));

/** A file of the format: the type, the sizes with the highest byte first, then a byte for each element. */
function idx(shape: readonly number[], data = shape.reduce((product, size) => product * size, 1), type = 8): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, type, shape.length]);
  shape.forEach((size, axis) => head.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([
    head,
    Buffer.from(Array.from({ length: data }, (_, index) => (shape.length === 1 ? index % 10 : (index * 7) % 256))),
  ]);
}

test('another set of the same names and sizes has another fingerprint', async () => {
  const files = { 'train-images-idx3-ubyte': idx([4, 2, 2]), 'train-labels-idx1-ubyte': idx([4]) };
  const other = Buffer.from(files['train-images-idx3-ubyte']);
  other[other.length - 1]! ^= 1;
  const prints = await Promise.all(
    [files, { ...files }, { ...files, 'train-images-idx3-ubyte': other }].map(async (each) =>
      (await openDigits(folderWith(each), 'train'))!.fingerprint(),
    ),
  );
  assert.is(prints[0], prints[1]);
  assert.is.not(prints[0], prints[2]);
});

let folders = 0;
function folderWith(files: Readonly<Record<string, Buffer>>): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

for (const [how, name, wrap] of [
  ['as published', (what: string) => `${what}-ubyte`, (bytes: Buffer) => bytes],
  ['unpacked by some programs', (what: string) => `${what.replace('-idx', '.idx')}-ubyte`, (bytes: Buffer) => bytes],
  ['packed', (what: string) => `${what}-ubyte.gz`, (bytes: Buffer) => gzipSync(bytes)],
] as const)
  test(`digits are read from MNIST's files ${how}`, async () => {
    const folder = folderWith({
      [name('train-images-idx3')]: wrap(idx([12, 5, 4])),
      [name('train-labels-idx1')]: wrap(idx([12])),
      [name('t10k-images-idx3')]: wrap(idx([3, 5, 4])),
      [name('t10k-labels-idx1')]: wrap(idx([3])),
    });
    const [train, other] = [(await openDigits(folder, 'train'))!, (await openDigits(folder, 'test'))!];
    assert.equal([train.length, other.length, train.labels!.names.length, train.labels!.exclusive], [12, 3, 10, true]);
    const { image, name: called } = await imageAt(train, 11);
    assert.equal([image.width, image.height], [4, 5]);
    assert.equal(
      [...image.data.subarray(0, 6)],
      [11 * 20 * 7, 11 * 20 * 7, 11 * 20 * 7, 221 * 7, 221 * 7, 221 * 7].map((each) => each % 256),
    );
    assert.equal(train.labels!.of(11), [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.match(called, '1 (image 12)');
    assert.is.not(await train.fingerprint(), await other.fingerprint());
  });

test('images without their labels are read where none are needed, and are refused where they are', async () => {
  const folder = folderWith({ 'train-images-idx3-ubyte': idx([4, 2, 2]) });
  await failure('DATA_NOT_FOUND', () => openDigits(folder, 'train'), /no file of labels/);
  const set = (await openDigits(folder, 'train', false))!;
  assert.equal([set.length, set.labels, (await set.get(3)).name], [4, undefined, 'image 4']);
  assert.is((await set.fingerprint()).length, 16);
  const labels = folderWith({ 'train-labels-idx1-ubyte': idx([4]) });
  await failure('DATA_NOT_FOUND', () => openDigits(labels, 'train', false), /no file of images/);
});

test('the trainer takes them, with labels also where some are held out to validate', async () => {
  const folder = folderWith({ 'train-images-idx3-ubyte': idx([12, 28, 28]), 'train-labels-idx1-ubyte': idx([12]) });
  const notes: string[] = [];
  const plan = { size: 28, loadSize: 28, jitter: false, seed: 1 };
  const { train, validation } = await openImagesData(folder, plan, (line) => void notes.push(line));
  assert.equal([epochs(train), validation.length], [10, 2]);
  assert.match(notes.join(), 'the last 2 of 12 images are held out');
  assert.equal((await validation.get(1)).labels, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});
const epochs = (set: object): number => (set as { length: number }).length;

test('files that are damaged, of another kind or of different sets are told before the training', async () => {
  const [images, labels] = [idx([4, 3, 3]), idx([4])];
  const strange = idx([4]);
  strange[10] = 12;
  const cases: [Readonly<Record<string, Buffer>>, Parameters<typeof failure>[0], ...RegExp[]][] = [
    [{ images: labels, labels: images }, 'IMAGE_CORRUPT', /images/, /00 00 08 03/, /00 00 08 01/, /changed places/],
    [{ images: Buffer.alloc(0), labels }, 'IMAGE_CORRUPT', /an empty file/],
    [{ images: gzipSync(images), labels }, 'IMAGE_CORRUPT', /1f 8b 08/, /ends with \.gz/],
    [{ images: idx([4, 3, 3], 36, 13), labels }, 'IMAGE_CORRUPT', /00 00 0d 03/],
    [{ images: images.subarray(0, 10), labels }, 'IMAGE_CORRUPT', /cut short/, /at least 16 bytes/, /10 bytes/],
    [{ images: images.subarray(0, -1), labels }, 'IMAGE_CORRUPT', /cut short/, /52 bytes: 4 x 3 x 3/, /51 bytes/],
    [{ images: Buffer.concat([images, images]), labels }, 'IMAGE_CORRUPT', /longer than it says/],
    [{ images, labels: idx([5]) }, 'IMAGE_CORRUPT', /different sets/, /each of 4 images/, /5 labels/],
    [{ images, labels: strange }, 'IMAGE_CORRUPT', /no digits/, /12 for image 3/],
    [{ images: idx([0, 3, 3]), labels: idx([0]) }, 'DATA_EMPTY', /0 x 3 x 3/],
    [{ images }, 'DATA_NOT_FOUND', /no file of labels/, /train-labels-idx1-ubyte/],
    [{ labels }, 'DATA_NOT_FOUND', /no file of images/, /train-images-idx3-ubyte/],
  ];
  for (const [files, code, ...words] of cases) {
    const named = Object.entries(files).map(([what, bytes]) => [`train-${what}-idx${what === 'images' ? 3 : 1}-ubyte`, bytes]);
    await failure(code, () => openDigits(folderWith(Object.fromEntries(named)), 'train'), /fix: /, ...words);
  }
  const packed = { 'train-images-idx3-ubyte.gz': gzipSync(images).subarray(0, -9), 'train-labels-idx1-ubyte': labels };
  await failure('IMAGE_CORRUPT', () => openDigits(folderWith(packed), 'train'), /cannot be unpacked/, /fetch the file again/);
  assert.is(await openDigits(folderWith({ 'digits.txt': labels }), 'train'), null);
});

test.run();
