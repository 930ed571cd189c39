// not in browsers: it reads files. Images with labels: lists of attributes, folders of classes, and what may be wrong with either.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pythonShuffle } from '../../../src/data/python-random.js';
import { openImageFolder } from '../../../src/node/images/image-sets.js';
import { openLabelledImages, type LabelledImages } from '../../../src/node/images/labelled.js';
import { encodePng } from '../../../src/node/images/read.js';
import { failure } from '../../harness/devices.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('labelled');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ['Black_Hair', 'Male', 'Young'];
const picture = (red: number, width = 4, height = 4): Uint8Array =>
  encodePng({ width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at % 3 === 0 ? red : 0)) });

/** A data set of its own in a new folder: its files by path; pictures where the content is a number. */
let made = 0;
function dataset(files: Record<string, string | number | Uint8Array>): string {
  const directory = join(folder, String(made++));
  for (const [path, content] of Object.entries(files)) {
    const whole = join(directory, path);
    mkdirSync(dirname(whole), { recursive: true });
    if (path.endsWith('/')) mkdirSync(whole);
    else writeFileSync(whole, typeof content === 'number' ? picture(content) : content);
  }
  return directory;
}
const open = (directory: string, labels?: string[]): Promise<LabelledImages> =>
  openLabelledImages(directory, { labels, heldOut: { share: 0.1, most: 2 } });
const refuses = (
  files: Record<string, string | number>,
  code: 'DATA_EMPTY' | 'DATA_UNREADABLE' | 'DATA_NOT_FOUND',
  ...words: (string | RegExp)[]
) => failure(code, () => open(dataset(files)), ...words);

/** The bits of a number as values of three attributes. */
const values = (index: number): number[] => NAMES.map((_, bit) => ((index >> bit) & 1 ? 1 : -1));
const fileOf = (index: number): string => `${String(index + 1).padStart(6, '0')}.png`;
const rowOf = (index: number): string => `${fileOf(index)}  ${values(index).join('  ')}`;
const listOf = (rows: string[], count = rows.length, names = NAMES): string => [count, names.join(' '), ...rows, ''].join('\n');
const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const pictures = (count: number): Record<string, number> =>
  Object.fromEntries(many(count).map((index) => [`images/${fileOf(index)}`, index]));

test('colours of hair exclude one another among the attributes of a list', async () => {
  const names = ['Blond_Hair', 'Male', 'Black_Hair'];
  const directory = dataset({ ...pictures(40), 'list_attr_celeba.txt': listOf(many(40).map(rowOf), 40, names) });
  const { train, validation } = await open(directory);
  for (const { labels } of [train, validation]) assert.equal(labels!.groups, [['Black_Hair', 'Blond_Hair']]);
  assert.equal((await open(directory, ['Male', 'Black_Hair'])).train.labels!.groups, []);
});

test('the rows of a list are split as the StarGAN program splits them, and each image has the labels of its row', async () => {
  const directory = dataset({ ...pictures(40), 'list_attr_celeba.txt': listOf(many(40).map(rowOf)).replaceAll('\n', ' \r\n') });
  const { train, validation, notes } = await open(directory, ['Young', 'Black_Hair']);
  assert.equal([train.length, validation.length], [36, 4]);
  assert.equal(train.labels!.names, ['Young', 'Black_Hair']);
  assert.is(train.labels!.exclusive, false);
  assert.match(notes.join('\n'), /Young \(\d+\), Black_Hair \(\d+\)/);
  const order = pythonShuffle(40, 1234);
  for (const [set, start] of [
    [validation, 0],
    [train, 4],
  ] as const) {
    for (let index = 0; index < set.length; index++) {
      const row = order[start + index]!;
      const { name, image } = await set.get(index);
      assert.is(name, `images/${fileOf(row)}`);
      assert.is(image.data[0], row);
      assert.equal(set.labels!.of(index), [(row >> 2) & 1, row & 1]);
    }
  }
  assert.is((await open(directory)).train.labels!.names.join(), NAMES.join());
});

test('of part of the images, rows without one and images without a row are counted and left out', async () => {
  const rows = many(30).map(rowOf);
  const { train, validation, notes } = await open(
    dataset({ ...pictures(10), 'images/more.png': 3, 'Anno/list_attr_celeba.txt': listOf(rows) }),
  );
  assert.is(train.length + validation.length, 10);
  assert.match(notes.join('\n'), /20 of 30 rows name no file that is there \(000011\.png, 000012\.png, 000013\.png, \.\.\.\)/);
  assert.match(notes.join('\n'), /1 of 11 images have no row \(images\/more\.png\)/);
});

test('another label is another data set, though its files are the same', async () => {
  const [before, after] = [many(4).map(rowOf), many(4).map(rowOf)];
  after[2] = `${fileOf(2)} 1 1 1`;
  const prints = [];
  for (const rows of [before, before, after]) {
    prints.push(await (await open(dataset({ ...pictures(4), 'list_attr.txt': listOf(rows) }))).fingerprint());
  }
  assert.is(prints[0], prints[1]);
  assert.is.not(prints[0], prints[2]);
});

test('what is wrong with a list is said with its count and the first lines', async () => {
  const good = many(6).map(rowOf);
  const with_ = (list: string) => ({ ...pictures(6), 'list_attr_celeba.txt': list });
  const changed = (line: number, row: string): string => listOf(good.map((each, index) => (index === line ? row : each)));
  const unreadable = (list: string, ...words: (string | RegExp)[]) => refuses(with_(list), 'DATA_UNREADABLE', ...words);
  await unreadable(changed(1, '000002.png 1 -1'), '1 of 6 rows', 'another length', 'line 4 (000002.png): 2 values');
  await unreadable(listOf(good.map((row) => `${row} 1`)), '6 of 6 rows', 'line 3', '...');
  await unreadable(changed(0, '000001.png 1 2 -1'), '1 of 6 rows', 'neither 1 nor -1', '"2" for Male');
  await unreadable(changed(5, rowOf(0)), '1 of 6 rows', 'a row already', 'line 8 (000001.png), as line 3');
  await unreadable(listOf(good, 7), '7 rows, by its first line', 'received: 6');
  await unreadable(listOf(good, 6, ['Male', 'Young', 'Male']), 'Male twice');
  await unreadable(listOf(good, 6, ['Male', 'Yo,ung', 'Old']), 'comma');
  await unreadable(good.join('\n'), 'no list of attributes', 'a first line of');
  await unreadable('', 'an empty file');
  const commas = listOf(good).replaceAll(' ', ',');
  for (const list of [commas, commas.replaceAll(',', ', '), commas.slice(commas.indexOf('\n') + 1), 'image_id,Male,Young'])
    await unreadable(list, 'separates its columns by commas', 'columns separated by spaces');
  await refuses(with_(listOf([])), 'DATA_EMPTY', 'it lists no images', '0 rows');
  await unreadable(
    listOf(good).replaceAll('.png', '.jpg'),
    'not of the images',
    '6 of 6 rows name no file',
    '6 of 6 images have no row',
    '000001.jpg',
  );
  await refuses({ 'list_attr_celeba.txt': listOf(good) }, 'DATA_EMPTY', 'the 6 images of');
  await refuses({ ...with_(listOf(good)), 'other/list_attr.txt': 'x' }, 'DATA_UNREADABLE', 'several lists', 'list_attr.txt');
  await refuses({ ...with_(listOf(good)), 'unaligned/000003.png': 1 }, 'DATA_UNREADABLE', '2 pictures have the name 000003.png');
  const directory = dataset(with_(listOf(good)));
  await failure('DATA_UNREADABLE', () => open(directory, ['Black_hair']), 'no attribute', 'did you mean Black_Hair?');
  await failure('DATA_UNREADABLE', () => open(directory, ['Male', 'Male']), 'asked for twice');
});

test('a folder within says which of two files of one name a row means', async () => {
  const files = { 'a/1.png': 1, 'b/1.png': 2, 'list_attr.txt': listOf(['a/1.png 1 1 1', 'b/1.png -1 -1 -1']) };
  const { train, validation } = await open(dataset(files));
  for (const set of [train, validation]) assert.is(set.labels!.of(0)[0], (await set.get(0)).image.data[0] === 1 ? 1 : 0);
});

test('folders are classes in the order of their names as Python sorts them; those to validate on are those of test/', async () => {
  const directory = dataset({
    'train/sad/1.png': 1,
    'train/sad/2.png': 2,
    'train/Happy/more/1.png': 3,
    'train/10/1.png': 4,
    'train/9/1.png': 5,
    'train/x.png': 6,
    'test/sad/1.png': 7,
    'test/9/1.png': 8,
  });
  const { train, validation, notes } = await open(directory);
  assert.equal(train.labels!.names, ['10', '9', 'Happy', 'sad']);
  assert.is(train.labels!.exclusive, true);
  const seen = async (set: LabelledImages['train']) =>
    Promise.all(many(set.length).map(async (index) => [(await set.get(index)).image.data[0], set.labels!.of(index).indexOf(1)]));
  assert.equal(await seen(train), [
    [4, 0],
    [5, 1],
    [3, 2],
    [1, 3],
    [2, 3],
  ]);
  assert.equal(await seen(validation), [
    [8, 1],
    [7, 3],
  ]);
  assert.match(notes.join('\n'), /1 image beside the folders of the classes \(x\.png\)/);
  assert.match(notes.join('\n'), /no images of 10, Happy/);
  const some = await open(directory, ['sad', '9']);
  assert.equal(await seen(some.train), [
    [1, 0],
    [2, 0],
    [5, 1],
  ]);
  assert.match(some.notes.join('\n'), /left out: 2 of 4 classes \(10, Happy\)/);
});

test('without images to validate on, the last of each class are held out with their labels', async () => {
  const files = Object.fromEntries(
    many(12).flatMap((index) => [
      [`cats/${index}.png`, index],
      [`dogs/${index}.png`, 100 + index],
    ]),
  );
  const { train, validation, notes } = await open(dataset({ ...files, 'bird/1.png': 200 }));
  assert.equal([train.length, validation.length], [21, 4]);
  for (const set of [train, validation]) {
    for (let index = 0; index < set.length; index++) {
      const red = (await set.get(index)).image.data[0]!;
      assert.equal(set.labels!.of(index), red === 200 ? [1, 0, 0] : red < 100 ? [0, 1, 0] : [0, 0, 1]);
    }
  }
  assert.match(notes.join('\n'), /held out to validate, 4 in all/);
});

test('two sets are two classes, A and B', async () => {
  const { train, validation } = await open(
    dataset({ 'trainA/x.png': 1, 'trainB/y.png': 2, 'trainB/z.png': 3, 'testA/x.png': 4, 'testB/y.png': 5 }),
  );
  assert.equal(train.labels!.names, ['A', 'B']);
  assert.equal(
    many(3).map((index) => train.labels!.of(index)[1]),
    [0, 1, 1],
  );
  assert.is(validation.length, 2);
});

test('classes that are called a, b and so on are classes like others', async () => {
  const { train } = await open(dataset({ 'train/a/1.png': 1, 'train/b/1.png': 2, 'train/c/1.png': 3 }));
  assert.equal(train.labels!.names, ['a', 'b', 'c']);
});

test('what is wrong with folders of classes is said before anything is read', async () => {
  await refuses({ 'train/a/1.png': 1, 'train/b/': 0, 'train/c/notes.txt': 'x' }, 'DATA_EMPTY', '2 of 3 classes', 'none in b/, c/');
  await refuses({ 'train/a/1.png': 1 }, 'DATA_UNREADABLE', 'one class', 'a/ with 1 image');
  await refuses({ 'train/1.png': 1, 'train/2.png': 2 }, 'DATA_UNREADABLE', 'have no labels', 'list_attr_celeba.txt', 'train/CLASS/');
  await refuses({ '1.png': 1 }, 'DATA_UNREADABLE', 'have no labels', '1 image');
  await refuses({ 'train/': 0 }, 'DATA_EMPTY', 'no images', 'train/CLASS/');
  assert.is((await open(dataset({ 'train/a/1.png': 1, 'train/b/1.png': 1, 'val/': 0, 'test/b/1.png': 1 }))).validation.length, 1);
  await refuses({ 'test/a/1.png': 1, 'test/b/1.png': 1 }, 'DATA_NOT_FOUND', 'no folder', 'train');
  await refuses(
    { 'train/a/1.png': 1, 'train/b/1.png': 1, 'test/a/1.png': 1, 'test/c/1.png': 1 },
    'DATA_UNREADABLE',
    'classes that',
    'received: c',
  );
  await refuses({ 'train/a,b/1.png': 1, 'train/b/1.png': 1 }, 'DATA_UNREADABLE', 'comma');
  const directory = dataset({ 'train/angry/1.png': 1, 'train/happy/1.png': 1 });
  await failure('DATA_UNREADABLE', () => open(directory, ['hapy', 'angry']), 'no class', 'did you mean happy?');
  await failure('DATA_UNREADABLE', () => open(directory, ['happy']), 'one class', '--labels');
});

test('images that are cut to a square later keep their shape when they are shrunk', async () => {
  const stripes = new Uint8Array(40 * 20 * 3);
  for (let at = 0; at < 800; at++) stripes[3 * at] = at % 40 < 20 ? 255 : 0;
  const directory = dataset({ 'a/1.png': encodePng({ width: 40, height: 20, data: stripes }), 'a/2.png': picture(7, 6, 3), 'b/1.png': 1 });
  const { train } = await open(directory);
  const sizes = async (set: { get: LabelledImages['train']['get'] }) => {
    const images = [(await set.get(0)).image, (await set.get(1)).image];
    return images.map(({ width, height }) => [width, height]);
  };
  const options = { maxSide: 10 };
  const labelled = await openLabelledImages(directory, { ...options, heldOut: { share: 0, most: 0 } });
  assert.equal(await sizes(labelled.train), [
    [20, 10],
    [6, 3],
  ]);
  assert.equal(await sizes((await openImageFolder(directory, 'train', options))!), [
    [20, 10],
    [6, 3],
  ]);
  assert.is(train.length, 2);
});

test.run();
