import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { printableName } from '../../../src/formats/names.js';
import { ShadegradError } from '../../../src/errors.js';
import { listImages, openPairedFolder } from '../../../src/node/images/dataset.js';
import { decodeImage, encodePng, readImage, writePng } from '../../../src/node/images/read.js';
import decode from '../../goldens/image_decode.json';
import formats from '../../goldens/image_formats.json';

const test = suite<{ folder: string }>('paired folder');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'shadegrad-data-'));
});
test.after.each(async ({ folder }) => rm(folder, { recursive: true, force: true }));

function picture(width: number, height: number, start: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + i * 7) & 255) };
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function fails(work: Promise<unknown>, code: string, ...words: string[]): Promise<void> {
  let caught: unknown;
  await work.catch((error) => (caught = error));
  assert.instance(caught, ShadegradError);
  assert.is((caught as ShadegradError).code, code, (caught as Error).message);
  for (const word of words) assert.ok((caught as Error).message.includes(word), `"${word}" in: ${(caught as Error).message}`);
}

test('pairs come in natural order, hidden and foreign files left out', async ({ folder }) => {
  const names = ['10.png', '9.PNG', '1.png', '2_AB.png'];
  for (const name of names) await writePng(join(folder, 'train', name), picture(8, 4, Number.parseInt(name, 10)));
  await writeFile(join(folder, 'train', '.hidden.png'), 'x');
  await writeFile(join(folder, 'train', 'notes.txt'), 'x');
  const dataset = await openPairedFolder(folder, 'train');
  assert.is(dataset.length, 4);
  assert.is(dataset.name, `${basename(folder)}/train`);
  const pairs = [];
  for (let i = 0; i < 4; i++) pairs.push(await dataset.get(i));
  assert.equal(
    pairs.map((pair) => pair.name),
    ['1.png', '2_AB.png', '9.PNG', '10.png'],
  );
  assert.is(pairs[0]!.a.data[0], 1);
  assert.is(pairs[3]!.b.data[0], (10 + 4 * 3 * 7) & 255);
  assert.is(await dataset.get(2), pairs[2], 'cached');
  let message = '';
  try {
    await dataset.get(4);
  } catch (error) {
    message = (error as Error).message;
  }
  assert.match(message, 'from 0 to 3');
});

test('the cache keeps to its budget and reads the rest again', async ({ folder }) => {
  for (let i = 0; i < 3; i++) await writePng(join(folder, 'val', `${i}.png`), picture(8, 4, i));
  const dataset = await openPairedFolder(folder, 'val', { cacheBytes: 2 * 8 * 4 * 3 });
  const first = [await dataset.get(0), await dataset.get(1), await dataset.get(2)];
  assert.is(await dataset.get(1), first[1]);
  const again = await dataset.get(2);
  assert.is.not(again, first[2]);
  assert.equal(again, first[2]);
});

test('a pair is known by the bytes of its files, however they are decoded', async ({ folder }) => {
  await writePng(join(folder, 'train', '1.png'), picture(8, 4, 1));
  await writePng(join(folder, 'train', '2.png'), picture(8, 4, 1));
  await writeFile(join(folder, 'train', '3.png'), Buffer.concat([encodePng(picture(8, 4, 1)), Buffer.from('x')]));
  const { get, contentOf } = await openPairedFolder(folder, 'train', { maxSide: 3 });
  assert.equal((await get(2)).a, (await get(0)).a);
  const contents = await Promise.all([0, 1, 2].map((index) => contentOf!(index)));
  assert.is(contents[0], contents[1]);
  assert.is.not(contents[0], contents[2]);
  assert.equal(await (await openPairedFolder(folder, 'train')).contentOf!(0), contents[0]);
  // Whether the pair is asked for at the same time or not, and whatever is wrong with its pixels.
  await writePng(join(folder, 'train', '4.png'), picture(7, 4, 1));
  const together = await openPairedFolder(folder, 'train');
  const asked = Array.from({ length: 4 }, (_, index) => [together.get(index), together.contentOf!(index)] as const);
  await fails(Promise.resolve(asked[3]![0]), 'IMAGE_SIZE', '4.png');
  assert.equal(await Promise.all(asked.slice(0, 3).map(([, content]) => content)), contents);
  assert.is(await asked[3]![1], await together.contentOf!(3));
  const other = await openPairedFolder(folder, 'train');
  const [first, second] = [other.get(1), other.get(1)];
  assert.is(await first, await second, 'one reading');
});

test('maxSide shrinks each side on its own and never enlarges', async ({ folder }) => {
  const whole = picture(40, 12, 3);
  await writePng(join(folder, 'test', 'a.png'), whole);
  await writePng(join(folder, 'test', 'b.png'), picture(12, 6, 3));
  const dataset = await openPairedFolder(folder, 'test', { maxSide: 14 });
  const [large, small] = [await dataset.get(0), await dataset.get(1)];
  assert.equal([large.a.width, large.a.height, small.a.width, small.a.height], [14, 12, 6, 6]);
  const half: RgbImage = { width: 20, height: 12, data: new Uint8Array(720) };
  for (let y = 0; y < 12; y++) half.data.set(whole.data.subarray(y * 120, y * 120 + 60), y * 60);
  assert.equal(large.a, resizeBicubic(half, 14, 12));
});

test('missing, empty and unreadable folders are told apart', async ({ folder }) => {
  await fails(openPairedFolder(join(folder, 'none'), 'train'), 'DATA_NOT_FOUND', join(folder, 'none'), 'fix:');
  await fails(openPairedFolder(folder, 'train'), 'DATA_NOT_FOUND', join(folder, 'train'), 'an empty folder', 'A/train and B/train', 'fix:');
  for (const split of [undefined, 'Train', null])
    await fails(openPairedFolder(folder, split as never), 'INVALID_ARGUMENT', "'train', 'val' or 'test'", `received: ${split}`);
  await fails(openPairedFolder(folder, 'train', { maxSize: 9 } as never), 'INVALID_ARGUMENT', 'maxSize');
  await mkdir(join(folder, 'train'));
  await fails(openPairedFolder(folder, 'train'), 'DATA_EMPTY', 'an empty folder', 'fix:');
  await writeFile(join(folder, 'train', 'x.heic'), 'x');
  await fails(openPairedFolder(folder, 'train'), 'DATA_EMPTY', '1 .heic file');
  await writeFile(join(folder, 'file'), 'x');
  await fails(openPairedFolder(join(folder, 'file'), 'train'), 'DATA_UNREADABLE', 'this is a file');
  // A folder of pictures, or of a split, instead of the one above.
  await writePng(join(folder, 'val', '1.png'), picture(8, 4, 1));
  await fails(openPairedFolder(join(folder, 'val'), 'train'), 'DATA_NOT_FOUND', '1 image', `name the folder above, ${folder}`);
  await writePng(join(folder, 'one', 'photos', '1.png'), picture(8, 4, 1));
  await fails(
    openPairedFolder(join(folder, 'one'), 'train'),
    'DATA_NOT_FOUND',
    `name the folder within it, ${join(folder, 'one', 'photos')}`,
  );
  await fails(openPairedFolder(join(folder, 'one', 'photos'), 'train'), 'DATA_NOT_FOUND', 'put the pairs into a folder train');
});

test('a half that is missing or empty is named, and the layouts that are listed are those that work', async ({ folder }) => {
  await writePng(join(folder, 'A', '1.png'), picture(8, 8, 1));
  await fails(
    openPairedFolder(folder, 'train'),
    'DATA_NOT_FOUND',
    'or A/ and B/ with equal names',
    'there is A/ and no B/: put the other half',
  );
  await mkdir(join(folder, 'B'));
  await fails(
    openPairedFolder(folder, 'train'),
    'DATA_EMPTY',
    `There are no images in ${join(folder, 'B')}`,
    'each of the 1 pictures',
    'an empty folder',
  );
  await writePng(join(folder, 'B', '1.png'), picture(8, 8, 1));
  assert.is((await openPairedFolder(folder, 'train')).length, 1);
  await writePng(join(folder, 'deep', 'A', 'train', '1.png'), picture(8, 8, 1));
  await mkdir(join(folder, 'deep', 'B'));
  await fails(openPairedFolder(join(folder, 'deep'), 'train'), 'DATA_NOT_FOUND', 'there is A/train and no B/train');
  await writePng(join(folder, 'cycle', 'trainB', '1.png'), picture(8, 8, 1));
  await fails(openPairedFolder(join(folder, 'cycle'), 'train'), 'DATA_NOT_FOUND', 'there is trainB/ and no trainA/');
});

test('pictures that do not look like two beside each other are cut with a note that names one', async ({ folder }) => {
  for (const name of ['1.png', '2.png', '3.png']) await writePng(join(folder, 'train', name), picture(16, 8, 1));
  assert.equal((await openPairedFolder(folder, 'train')).notes, []);
  await writePng(join(folder, 'train', '2.png'), picture(8, 8, 1));
  const [note] = (await openPairedFolder(folder, 'train')).notes;
  assert.match(note!, /^note: 2\.png is 8 x 8 pixels, not about twice as wide as high; .* cut down the middle/);
});

test('links that lead nowhere are counted as such, and texts in the place of pictures named', async ({ folder }) => {
  await writePng(join(folder, 'train', '1.png'), picture(16, 8, 1));
  await symlink(join(folder, 'gone.png'), join(folder, 'train', 'a.png'));
  assert.match((await openPairedFolder(folder, 'train')).notes.join(), '1 link to a file that is not there');
  await symlink(join(folder, 'gone.png'), join(folder, 'train', 'b.png'));
  assert.match((await openPairedFolder(folder, 'train')).notes.join(), '2 links to files that are not there');
  const texts: [string, ...string[]][] = [
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2\n', 'a Git LFS pointer, no image', 'git lfs pull'],
    ['<!DOCTYPE html><html></html>', 'a web page (HTML), no image', 'download the file itself'],
    ['<?xml version="1.0"?><Error/>', "perhaps a server's answer, no image", 'download the file itself'],
    ['\x1f\x8b gzip', 'a gzip archive, no image', 'take it out of the folder'],
  ];
  for (const [text, ...words] of texts) {
    await writeFile(join(folder, 'x.jpg'), text, 'latin1');
    await fails(readImage(join(folder, 'x.jpg')), 'IMAGE_UNSUPPORTED', ...words);
  }
  await writeFile(join(folder, 'x.jpg'), Uint8Array.of(1, 2, 3, 255));
  await fails(readImage(join(folder, 'x.jpg')), 'IMAGE_UNSUPPORTED', 'not an image file');
});

test('several pairs of unequal halves are listed with their sizes', async ({ folder }) => {
  for (const name of ['1.png', '2.png']) {
    await writePng(join(folder, 'train', 'A', name), picture(8, 8, 1));
    await writePng(join(folder, 'train', 'B', name), picture(8, 6, 1));
  }
  await fails(
    openPairedFolder(folder, 'train', { verify: true }),
    'IMAGE_SIZE',
    '2 of 2 pairs',
    'expected 8 x 8 pixels',
    'received 8 x 6 pixels',
  );
});

test('verify decodes everything, reports progress, and lists what is bad', async ({ folder }) => {
  const good = encodePng(picture(8, 4, 1));
  const file = (name: string, bytes: Uint8Array) => writeFile(join(folder, 'train', name), bytes);
  await mkdir(join(folder, 'train'));
  await file('1.png', good);
  await file('2.png', good.subarray(0, good.length - 20));
  await file('3.png', encodePng(picture(7, 4, 1)));
  const seen: string[] = [];
  const open = () => openPairedFolder(folder, 'train', { verify: true, onProgress: (done, total) => seen.push(`${done}/${total}`) });
  await fails(open(), 'IMAGE_CORRUPT', '2 of 3 pairs', '2.png', 'cut short', '3.png', 'differ in size');
  assert.equal(seen, ['1/3', '2/3', '3/3']);
  await rm(join(folder, 'train', '2.png'));
  await fails(open(), 'IMAGE_SIZE', join(folder, 'train', '3.png'));
  await rm(join(folder, 'train', '3.png'));
  assert.is((await open()).length, 1);
});

test('files are images by their content: whatever their ending says, or when there is none', async ({ folder }) => {
  const png = encodePng(picture(8, 4, 1));
  const jpeg = fromBase64(decode.cases.find(({ name }) => name === 'jpeg-baseline')!.file);
  const bmp = fromBase64(formats.cases.find(({ name }) => name === 'bmp-rgb')!.file);
  const images = { '1.jpg': png, '2.png': jpeg, '3.JPEG': jpeg, '4.JPG': jpeg, '5x': png, '6.dat': png, '7.jfif': jpeg, '8.orig': bmp };
  const others = {
    'a.txt': 'x',
    'b.xml': '<x/>',
    'c.xml': '<x/>',
    'd.dat': 'no picture',
    '.DS_Store': 'x',
    '.hidden.png': png,
    e: 'x',
    'f.svg': '<svg/>',
  };
  await mkdir(join(folder, 'deep'));
  for (const [name, content] of Object.entries({ ...images, ...others })) await writeFile(join(folder, name), content);
  await symlink(join(folder, '1.jpg'), join(folder, '9.png'));
  const notes: string[] = [];
  assert.equal(await listImages(folder, (line) => notes.push(line)), [...Object.keys(images), '9.png']);
  assert.equal(notes, ['2 .xml files, 2 hidden files, 1 .dat file, 1 .svg file, 1 .txt file, 1 file without an ending, 1 folder']);
  for (const name of Object.keys(images)) assert.ok((await readImage(join(folder, name))).width > 0, name);
});

test('halves in folders of their own: A/train and B/train, trainA and trainB, train/A and train/B', async ({ folder }) => {
  for (const [index, [a, b]] of [
    ['A/train', 'B/train'],
    ['trainA', 'trainB'],
    ['train/A', 'train/B'],
    ['a/train', 'b/train'],
    ['A', 'B'],
  ].entries()) {
    const data = join(folder, String(index));
    for (const name of ['1', '2', '10']) {
      await writePng(join(data, a!, `${name}.png`), picture(4, 6, Number(name)));
      // Other endings than the other half's, and other content than the ending says.
      await writePng(join(data, b!, `${name}.jpg`), picture(4, 6, Number(name) + 100));
    }
    const dataset = await openPairedFolder(data, 'train', { verify: true });
    assert.equal(await Promise.all([0, 1, 2].map(async (at) => (await dataset.get(at)).name)), ['1.png', '2.png', '10.png']);
    const pair = await dataset.get(2);
    assert.equal([pair.a, pair.b], [picture(4, 6, 10), picture(4, 6, 110)]);
    assert.equal(await dataset.sides(2), { width: 4, height: 6 });
    assert.equal(dataset.notes, [`pairs by name: A in ${join(data, a!)}, B in ${join(data, b!)}`]);
    await fails(openPairedFolder(data, 'val'), 'DATA_NOT_FOUND', 'val');
  }
});

test('a folder of one half alone, train/A or train/B, is no folder of pictures of both', async ({ folder }) => {
  for (const [index, [there, missing]] of [
    ['A', 'B'],
    ['b', 'A'],
  ].entries()) {
    const train = join(folder, String(index), 'train');
    // As wide as a picture of two halves: the folder's name says what it is.
    await writePng(join(train, there!, '1.png'), picture(8, 4, 1));
    await fails(
      openPairedFolder(join(folder, String(index)), 'train'),
      'DATA_UNREADABLE',
      `no ${missing}/ beside it`,
      join(train, missing!),
    );
  }
  // Letters among others are folders like any.
  for (const name of ['A', 'C']) await writePng(join(folder, 'more', 'train', name, `${name}.png`), picture(8, 4, 1));
  assert.is((await openPairedFolder(join(folder, 'more'), 'train')).length, 2);
});

test('names on one side only are counted and named; two sets without common names are no pairs', async ({ folder }) => {
  const put = (side: string, ...names: string[]) =>
    Promise.all(names.map((name) => writePng(join(folder, `train${side}`, name), picture(4, 4, 1))));
  await put('A', '1.png', '2.png', '3.png', 'a.png', 'b\u001b[2J.png');
  await put('B', '1.png', '2.png', '3.png', 'z.png');
  await writeFile(join(folder, 'trainB', 'notes.txt'), 'x');
  const { length, notes } = await openPairedFolder(folder, 'train');
  assert.is(length, 3);
  assert.equal(notes.slice(1), [
    `left out, only in ${join(folder, 'trainA')}: 2 pictures (a.png, "b\\u001b[2J.png")`,
    `left out, only in ${join(folder, 'trainB')}: 1 picture (z.png)`,
    `left out of ${join(folder, 'trainB')}: 1 .txt file`,
  ]);
  await put('A', 'c.png', 'd.png', 'e.png', 'f.png');
  await put('B', 'p.png', 'q.png', 'r.png', 's.png');
  await fails(
    openPairedFolder(folder, 'train'),
    'DATA_UNREADABLE',
    'are no pairs',
    '3 equal names',
    '6 pictures (a.png',
    '5 pictures (p.png, q.png, r.png, ...)',
    '--scheme cyclegan',
  );
  await put('A', '1.jpg');
  await fails(openPairedFolder(folder, 'train'), 'DATA_UNREADABLE', 'Two pictures of one name', '1.jpg and 1.png');
});

test('halves of different sizes are refused with both files', async ({ folder }) => {
  await writePng(join(folder, 'trainA', '1.png'), picture(4, 6, 1));
  await writePng(join(folder, 'trainB', '1.png'), picture(4, 5, 1));
  const dataset = await openPairedFolder(folder, 'train');
  for (const read of [() => dataset.get(0), () => dataset.sides(0)]) {
    await fails(Promise.resolve(read()), 'IMAGE_SIZE', join(folder, 'trainA', '1.png'), '4 x 6', '4 x 5', join(folder, 'trainB', '1.png'));
  }
});

test('a photo beside its label map, as in the CMP base: the photo is A', async ({ folder }) => {
  const jpeg = decode.cases.find(({ name }) => name === 'jpeg-baseline')!;
  const label = { width: jpeg.width, height: jpeg.height, data: new Uint8Array(jpeg.width * jpeg.height * 3).fill(7) };
  for (const place of ['.', 'train']) {
    const data = join(folder, 'cmp', place);
    await mkdir(data, { recursive: true });
    for (const name of ['cmp_b0001', 'cmp_b0002']) {
      await writeFile(join(data, `${name}.jpg`), fromBase64(jpeg.file));
      await writePng(join(data, `${name}.png`), label);
      await writeFile(join(data, `${name}.xml`), '<x/>');
    }
    await writePng(join(data, 'lonely.png'), label);
    const dataset = await openPairedFolder(join(folder, 'cmp'), 'train', { verify: true });
    assert.is(dataset.length, 2);
    const pair = await dataset.get(1);
    assert.equal([pair.name, pair.b], ['cmp_b0002.jpg', label]);
    assert.equal(pair.a, await readImage(join(data, 'cmp_b0002.jpg')));
    assert.equal(dataset.notes.length, 3);
    for (const [index, words] of [/each JPEG is a photo \(A\)/, /without a partner: 1 picture \(lonely\.png\)/, /2 \.xml files/].entries())
      assert.match(dataset.notes[index]!, words);
  }
  // A pair saved twice is no photo with a label map, when most of the others are pairs by themselves.
  for (const name of ['1.png', '2.png', '3.png', '4.png', '1.jpg']) await writePng(join(folder, 'few', 'train', name), picture(8, 4, 1));
  assert.is((await openPairedFolder(join(folder, 'few'), 'train')).length, 5);
});

test('photos beside label maps in several folders, as CMP base and extended: other formats are told by their palettes', async ({
  folder,
}) => {
  const sharp = (await import('sharp')).default;
  const raw = { width: 24, height: 16, channels: 3 } as const;
  const photo = sharp(picture(24, 16, 3).data, { raw });
  const labels = sharp(
    picture(24, 16, 1).data.map((value) => value & 192),
    { raw },
  ).removeAlpha();
  const [jpeg, webp, map] = [await photo.jpeg().toBuffer(), await photo.webp().toBuffer(), await labels.png({ palette: true }).toBuffer()];
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), bytes);
  };
  for (const place of ['cmp', 'split/train']) {
    for (const stem of ['base/cmp_b0001', 'base/cmp_b0002', 'extended/cmp_x0001']) {
      await put(`${place}/${stem}.jpg`, jpeg);
      await put(`${place}/${stem}.png`, map);
      await put(`${place}/${stem}.xml`, Buffer.from('<x/>'));
    }
    await put(`${place}/readme.txt`, Buffer.from('read me'));
    const found = await openPairedFolder(join(folder, place.split('/')[0]!), 'train', { verify: true });
    assert.equal([0, 1, 2].map(found.nameOf), ['base/cmp_b0001.jpg', 'base/cmp_b0002.jpg', 'extended/cmp_x0001.jpg']);
    const { a, b } = await found.get(2);
    assert.equal([a, b], [await decodeImage(jpeg), await decodeImage(map)]);
    assert.match(found.notes.join('\n'), /pairs in .*base: each JPEG[^]*2 \.xml files[^]*pairs in .*extended: each JPEG/);
  }
  // A palette makes the label map, whatever its name; JPEGs are photos anyway.
  for (const stem of ['1', '2']) {
    await put(`kinds/${stem}.webp`, webp);
    await put(`kinds/${stem}.png`, map);
  }
  const pair = await (await openPairedFolder(join(folder, 'kinds'), 'train')).get(0);
  assert.equal([pair.a, pair.b], [await decodeImage(webp), await decodeImage(map)]);
  await put('kinds/2.gif', await labels.gif().toBuffer());
  await fails(openPairedFolder(join(folder, 'kinds'), 'train'), 'DATA_UNREADABLE', 'Two label maps of one name', '2.gif and 2.png');
  await put('cmp/base/cmp_b0002.jpeg', jpeg);
  await fails(
    openPairedFolder(join(folder, 'cmp'), 'train'),
    'DATA_UNREADABLE',
    'Two photos of one name',
    'cmp_b0002.jpeg and cmp_b0002.jpg',
  );
});

test('pairs side by side that were saved as JPEG and as PNG are no photos with label maps', async ({ folder }) => {
  const sharp = (await import('sharp')).default;
  const side = (width: number, at: number): RgbImage => ({
    width,
    height: 32,
    data: Uint8Array.from({ length: width * 32 * 3 }, (_, i) => Math.round(128 + 100 * Math.sin(i / (9 + at)))),
  });
  const put = async (data: string, name: string, image: RgbImage): Promise<void> => {
    await mkdir(join(folder, data, 'train'), { recursive: true });
    const { width, height } = image;
    const jpeg = sharp(image.data, { raw: { width, height, channels: 3 } }).jpeg({ quality: 70 });
    await writeFile(join(folder, data, 'train', name), name.endsWith('.jpg') ? await jpeg.toBuffer() : encodePng(image));
  };
  // Portraits side by side are no wider than photos; label maps of panoramas are as wide as pairs.
  for (const [data, width] of [
    ['wide', 64],
    ['portraits', 40],
  ] as const) {
    for (const at of [1, 2, 3]) await put(data, `${at}.jpg`, side(width, at));
    for (const at of [1, 2]) await put(data, `${at}.png`, side(width, at));
    const { length, notes, sides } = await openPairedFolder(join(folder, data), 'train', { verify: true });
    assert.is(length, 3);
    assert.is(notes[0], `left out of ${join(folder, data, 'train')}, as copies of the JPEGs of their names: 2 pictures (1.png, 2.png)`);
    assert.is(notes.length, data === 'wide' ? 1 : 2);
    if (data === 'portraits') assert.match(notes[1]!, /1\.jpg is 40 x 32 pixels.*cut down the middle/);
    assert.equal(await sides(0), { width: width / 2, height: 32 });
  }
  for (const at of [1, 2]) {
    await put('panoramas', `${at}.jpg`, side(64, at));
    await put('panoramas', `${at}.png`, picture(64, 32, at));
  }
  const panoramas = await openPairedFolder(join(folder, 'panoramas'), 'train', { verify: true });
  assert.is(panoramas.length, 2);
  assert.match(panoramas.notes[0]!, /each JPEG is a photo/);
  await put('panoramas', '3.jpg', side(64, 3));
  await put('panoramas', '3.png', side(64, 3));
  const mixed = openPairedFolder(join(folder, 'panoramas'), 'train');
  await fails(mixed, 'DATA_UNREADABLE', 'of 3 PNGs that were compared, 1 show', 'fix: if each JPEG is a photo');
});

test('pairs in folders within the split, unless they look like halves', async ({ folder }) => {
  for (const name of ['train/day/1.png', 'train/night/2.png', 'train/night/more/3.png', 'val/1.png'])
    await writePng(join(folder, name), picture(8, 4, 1));
  const train = await openPairedFolder(folder, 'train', { verify: true });
  assert.equal(await Promise.all([0, 1, 2].map(async (at) => (await train.get(at)).name)), [
    'day/1.png',
    'night/2.png',
    'night/more/3.png',
  ]);
  assert.match(train.notes[0]!, '3 folders within');
  assert.is((await openPairedFolder(folder, 'val')).length, 1);
  // One name in both: of pictures twice as wide as high, each is a pair.
  for (const [data, width] of [
    ['wide', 8],
    ['square', 4],
  ] as const) {
    for (const name of ['day/1.png', 'night/1.png']) await writePng(join(folder, data, 'train', name), picture(width, 4, 1));
  }
  assert.is((await openPairedFolder(join(folder, 'wide'), 'train')).length, 2);
  await fails(openPairedFolder(join(folder, 'square'), 'train'), 'DATA_UNREADABLE', 'day/ and night/', 'name the folders A and B');
  // Folders beside pictures are left out, and said to be.
  await writePng(join(folder, 'train', '0.png'), picture(8, 4, 1));
  const beside = await openPairedFolder(folder, 'train');
  assert.equal([beside.length, beside.notes], [1, [`left out of ${join(folder, 'train')}: 2 folders`]]);
});

test('names that a terminal would obey are printed in quotes', async ({ folder }) => {
  const names = ['a\u001b[31m.png', 'b\nc.png', 'd\u202e.png'];
  await mkdir(join(folder, 'train'));
  for (const name of names) await writeFile(join(folder, 'train', name), Uint8Array.of(1, 2, 3, 255));
  const dataset = await openPairedFolder(folder, 'train');
  for (const index of names.keys()) {
    let message = '';
    await Promise.resolve(dataset.get(index)).catch((error: Error) => (message = error.message));
    assert.match(message, /^"[^\u0000-\u001f\u007f\u202e]*\.png": this is not an image/);
  }
  // An error that says nothing of quoting is safe as well.
  assert.is(new ShadegradError('DATA_EMPTY', 'x\u001b[2Jy\u009by\n').message, 'x\\u{1b}[2Jy\\u{9b}y\n');
  assert.is(printableName('plain ä 漢.png'), 'plain ä 漢.png');
});

const facades = process.env.SHADEGRAD_FACADES;
if (facades !== undefined) {
  test('every real facade decodes to two halves of 256 x 256', async () => {
    for (const [split, count] of [
      ['train', 400],
      ['val', 100],
    ] as const) {
      const dataset = await openPairedFolder(facades, split, { verify: true });
      assert.is(dataset.length, count);
      for (let i = 0; i < count; i++) {
        const { a, b } = await dataset.get(i);
        assert.equal([a.width, a.height, b.width, b.height], [256, 256, 256, 256]);
      }
    }
  });
}

test.run();
