// not in browsers: it reads and writes folders. shadegrad prepare: data sets made ready.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crop, joinPair, splitPair, type RgbImage } from '../../../src/data/image.js';
import { makeInput, parseInput } from '../../../src/data/inputs/registry.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { ShadegradError } from '../../../src/errors.js';
import { encodePng, readImage } from '../../../src/node/images/read.js';
import { prepareData } from '../../../src/node/programs/prepare/prepare.js';
import { trainModel } from '../../../src/node/programs/train-command.js';
import { RunLock } from '../../../src/node/training/lock.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('prepare');
test.after(() => rmSync(folder, { recursive: true, force: true }));

function picture(width: number, height: number, start: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + i * 7) & 255) };
}

/** A folder with pictures, or whatever bytes are given, by their names. */
function folderOf(name: string, files: Record<string, RgbImage | Uint8Array>): string {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content instanceof Uint8Array ? content : encodePng(content));
  }
  return path;
}

const out = (name: string): string => join(folder, 'out', name);
const prepare = (...words: string[]): Promise<number> => prepareData([...words, '--quiet']);
/** Every file below a folder that is no record. */
const filesIn = (path: string): string[] =>
  (readdirSync(path, { recursive: true, encoding: 'utf8' }) as string[])
    .filter((name) => statSync(join(path, name)).isFile() && name !== '.prepare.jsonl')
    .sort();

async function refuses(work: Promise<unknown>, code: string, ...words: RegExp[]): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('it was taken'),
    (caught: unknown) => caught,
  );
  assert.instance(error, ShadegradError);
  assert.is((error as ShadegradError).code, code, String(error));
  for (const word of words) assert.match((error as Error).message, word);
}

/** What it says on stderr while it works. */
async function saying(work: () => Promise<number>): Promise<[status: number, text: string]> {
  const [write, log] = [process.stderr.write.bind(process.stderr), console.log];
  let text = '';
  process.stderr.write = ((more: string) => ((text += more), true)) as typeof process.stderr.write;
  console.log = (line: string) => void (text += `${line}\n`);
  try {
    return [await work(), text];
  } finally {
    process.stderr.write = write;
    console.log = log;
  }
}

test('halves in two folders become pairs side by side; partners are found by name, and sizes that differ are refused', async () => {
  const a = folderOf('A', { 'train/1.png': picture(6, 4, 1), 'train/2.png': picture(6, 4, 2), 'val/9.png': picture(5, 5, 3) });
  const b = folderOf('B', { 'train/1.jpg': picture(6, 4, 4), 'train/3.png': picture(6, 4, 2), 'val/9.png': picture(6, 4, 3) });
  const [status, said] = await saying(() => prepareData(['combine', a, b, out('pairs')]));
  assert.is(status, 1);
  assert.match(said, /only in .*A: 1 picture \(train\/2.png\)/);
  assert.match(said, /only in .*B: 1 picture \(train\/3.png\)/);
  assert.match(said, /IMAGE_SIZE\].*9\.png[^]*5 x 5 and 6 x 4[^]*--resize/);
  assert.equal(filesIn(out('pairs')), ['train/1.png']);
  assert.equal(await readImage(join(out('pairs'), 'train/1.png')), joinPair({ name: '', a: picture(6, 4, 1), b: picture(6, 4, 4) }));
  assert.is(await prepare('combine', a, b, out('resized'), '--resize'), 0);
  const { a: left, b: right } = splitPair(await readImage(join(out('resized'), 'val/9.png')));
  assert.equal([left, right], [picture(5, 5, 3), resizeBicubic(picture(6, 4, 3), 5, 5)]);
  await refuses(
    prepare('combine', a, folderOf('C', { 'x.png': picture(2, 2, 1) }), out('none')),
    'DATA_UNREADABLE',
    /No picture/,
    /x\.png/,
  );
  const [marked, other] = [folderOf('marked/A', { '1_A.png': picture(2, 2, 1) }), folderOf('marked/B', { '1_B.png': picture(2, 2, 1) })];
  assert.is(await prepare('combine', marked, other, out('marked')), 0);
  assert.equal(filesIn(out('marked')), ['1.png']);
});

test('one folder is combined as a training reads it', async () => {
  const base = folderOf('base', {
    ...{ 'cmp_1.jpg': picture(6, 4, 1), 'cmp_1.png': picture(6, 4, 90), 'cmp_2.jpg': picture(6, 4, 2), 'cmp_2.png': picture(6, 4, 92) },
    'cmp_1.xml': new Uint8Array(9),
  });
  assert.is(await prepare('combine', base, out('base')), 0);
  assert.equal(filesIn(out('base')), ['train/cmp_1.png', 'train/cmp_2.png']);
  assert.equal(splitPair(await readImage(join(out('base'), 'train/cmp_2.png'))).b, picture(6, 4, 92));
  await refuses(prepare('combine', folderOf('nothing', { 'x.txt': new Uint8Array(1) }), out('no')), 'DATA_NOT_FOUND');
});

test('a split follows from names and seed, keeps together what belongs together, and takes shares of each class', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `${index}.png`);
  const small = picture(2, 2, 1);
  const all = Object.fromEntries(names.map((name) => [name, small]));
  const one = folderOf('one', all);
  const other = folderOf('other', Object.fromEntries(Object.entries(all).reverse()));
  assert.is(await prepare('split', one, out('one'), '--test', '3', '--val', '25%'), 0);
  assert.is(await prepare('split', other, out('other'), '--test', '3', '--val', '25%', '--link'), 0);
  const made = filesIn(out('one'));
  assert.equal(made, filesIn(out('other')), 'whatever order the folder has');
  const count = (files: readonly string[], start: string): number => files.filter((name) => name.startsWith(start)).length;
  assert.equal([count(made, 'train/'), count(made, 'val/'), count(made, 'test/')], [12, 5, 3]);
  assert.is(statSync(join(out('other'), made[0]!)).nlink, 2);
  assert.is(await prepare('split', one, out('seed'), '--test', '3', '--val', '25%', '--seed', '2'), 0);
  assert.is.not(filesIn(out('seed')).join(), made.join());

  const pairs = folderOf(
    'halves',
    Object.fromEntries(
      names.flatMap((name) => [
        [`A/${name}`, small],
        [`B/${name.replace('png', 'jpg')}`, small],
      ]),
    ),
  );
  assert.is(await prepare('split', pairs, out('halves')), 0);
  const halves = filesIn(out('halves'));
  assert.is(count(halves, 'A/val/'), 2);
  const stems = (start: string): string[] => halves.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length, -4));
  for (const split of ['train', 'val']) assert.equal(stems(`A/${split}/`), stems(`B/${split}/`), split);

  const sets = folderOf(
    'sets',
    Object.fromEntries(
      names.flatMap((name) => [
        [`trainA/${name}`, small],
        [`trainB/z${name}`, small],
      ]),
    ),
  );
  assert.is(await prepare('split', sets, out('sets'), '--val', '4'), 0);
  assert.equal(
    ['trainA/', 'valA/', 'trainB/', 'valB/'].map((start) => count(filesIn(out('sets')), start)),
    [16, 4, 16, 4],
  );

  const classes = folderOf('classes', {
    ...Object.fromEntries(names.map((name) => [`happy/${name}`, small])),
    'sad/1.png': small,
    'sad/2.png': small,
  });
  assert.is(await prepare('split', classes, out('classes')), 0);
  assert.equal(
    ['train/happy/', 'val/happy/', 'train/sad/', 'val/sad/'].map((start) => count(filesIn(out('classes')), start)),
    [18, 2, 1, 1],
  );
  const beside = folderOf(
    'beside',
    Object.fromEntries(
      names.flatMap((name) => [
        [name, small],
        [name.replace('png', 'jpg'), small],
      ]),
    ),
  );
  assert.is(await prepare('split', beside, out('beside'), '--val', '1'), 0);
  assert.is(
    new Set(
      filesIn(out('beside'))
        .filter((name) => name.startsWith('val/'))
        .map((name) => name.slice(0, -4)),
    ).size,
    1,
  );

  await refuses(prepare('split', one, out('x'), '--val', '19', '--test', '1'), 'BAD_FLAG', /left to train on/);
  await refuses(prepare('split', one, out('x'), '--val', '100%'), 'BAD_FLAG', /--val/);
  await refuses(prepare('split', out('one'), out('x')), 'DATA_UNREADABLE', /split already/, /one\/train/);
});

test('pictures come to one size in each way', async () => {
  const wide = picture(12, 6, 5);
  const input = folderOf('sizes', { 'deep/a.png': wide, 'b.png': joinPair({ name: '', a: picture(8, 8, 1), b: picture(8, 8, 9) }) });
  const at = async (name: string, ...words: string[]): Promise<RgbImage> => {
    assert.is(await prepare('resize', input, out(name), ...words), 0);
    return readImage(join(out(name), 'deep/a.png'));
  };
  assert.equal(await at('stretch', '--size', '4'), resizeBicubic(wide, 4, 4));
  assert.equal(await at('crop', '--size', '4', '--fit', 'crop'), resizeBicubic(crop(wide, 3, 0, 6, 6), 4, 4));
  const padded = await at('pad', '--size', '4', '--fit', 'pad');
  assert.equal(crop(padded, 0, 1, 4, 2), resizeBicubic(wide, 4, 2));
  assert.equal([...padded.data.slice(0, 12)], Array(12).fill(255));
  const nearest = await at('nearest', '--size', '6x3', '--filter', 'nearest');
  assert.equal(Array.from(nearest.data.slice(0, 3)), Array.from(wide.data.slice((12 + 1) * 3, (12 + 1) * 3 + 3)));
  assert.is(await prepare('resize', input, out('halves-small'), '--size', '4', '--halves'), 0);
  const { a, b } = splitPair(await readImage(join(out('halves-small'), 'b.png')));
  assert.equal([a, b], [resizeBicubic(picture(8, 8, 1), 4, 4), resizeBicubic(picture(8, 8, 9), 4, 4)]);
  assert.is(await prepare('resize', input, out('jpeg'), '--size', '16', '--format', 'jpeg'), 0);
  assert.equal(filesIn(out('jpeg')), ['b.jpg', 'deep/a.jpg']);
  assert.equal([...readFileSync(join(out('jpeg'), 'b.jpg')).subarray(0, 2)], [0xff, 0xd8]);
  await refuses(prepare('resize', input, out('x'), '--size', '4x'), 'BAD_FLAG', /WIDTHxHEIGHT/);
  await refuses(
    prepare('resize', folderOf('clash', { 'a.png': wide, 'a.jpg': wide }), out('x')),
    'DATA_UNREADABLE',
    /the name a\.png/,
    /prepare combine/,
  );
  assert.not.ok(existsSync(out('x')), 'nothing is left of what is refused');
});

test('pairs are made of single pictures: the picture on the right, on the left what is made of it', async () => {
  const photo = picture(16, 12, 3);
  const input = folderOf('photos', { 'train/a.png': photo, 'val/b.png': picture(12, 12, 4) });
  assert.is(await prepare('make', input, out('edges'), '--low', '0.1', '--high', '0.3'), 0);
  assert.equal(filesIn(out('edges')), ['train/a.png', 'val/b.png']);
  const { a, b } = splitPair(await readImage(join(out('edges'), 'train/a.png')));
  assert.equal(b, photo);
  assert.equal(a, makeInput(photo, parseInput('edges:low=0.1,high=0.3'), 'a', 1));
  assert.is(await prepare('make', input, out('holes'), '--input', 'random-mask', '--seed', '7', '--size', '20x10'), 0);
  const hole = splitPair(await readImage(join(out('holes'), 'train/a.png')));
  assert.equal(hole.b, resizeBicubic(photo, 20, 10));
  assert.equal(hole.a, makeInput(hole.b, parseInput('random-mask'), 'a', 7));
  assert.is(await prepare('make', out('edges'), out('half'), '--input', 'grey', '--half', 'right'), 0);
  assert.equal(splitPair(await readImage(join(out('half'), 'train/a.png'))).b, photo);
  // The same choice, typed in two ways, is one call.
  assert.is(await prepare('make', input, out('edges'), '--input', 'edges:low=0.1', '--high', '0.3'), 0);
  await refuses(prepare('make', input, out('edges')), 'BAD_FLAG', /another call/);
  await refuses(prepare('make', input, out('x'), '--input', 'edge'), 'BAD_FLAG', /edges, soft-edges/);
  await refuses(prepare('make', input, out('x'), '--gain', '2'), 'BAD_FLAG', /sigma, low, high/);
});

test('a stopped call goes on: what is finished and unchanged stays, and nothing half written does', async () => {
  const input = folderOf('resumed', {
    'a.png': picture(8, 8, 1),
    'b.png': picture(8, 8, 2),
    'c.png': picture(8, 8, 3),
    'd.png': picture(8, 8, 4),
  });
  const output = out('resumed');
  const call = ['resize', input, output, '--size', '4'] as const;
  assert.is(await prepare(...call), 0);
  // a is finished; b was made and not recorded; c has changed since; d was cut short by a power cut.
  const record = join(output, '.prepare.jsonl');
  const lines = readFileSync(record, 'utf8').split('\n');
  writeFileSync(record, `${lines.filter((line) => !line.includes('"b.png"')).join('\n')}{"output":"e.p`);
  writeFileSync(join(input, 'c.png'), encodePng(picture(8, 8, 7)));
  writeFileSync(join(output, 'd.png'), '');
  const gone = `.a.png.${hostname()}-999999999-0.partial`;
  writeFileSync(join(output, gone), 'half');
  const before = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, statSync(join(output, `${name}.png`)).ino]));
  const [status, said] = await saying(() => prepareData([...call]));
  assert.is(status, 0);
  assert.match(said, /3 pictures made in .*; 1 there already/);
  const now = (name: string): number => statSync(join(output, `${name}.png`)).ino;
  assert.equal(
    ['a', 'b', 'c', 'd'].filter((name) => now(name) !== before[name]),
    ['b', 'c', 'd'],
  );
  assert.equal(await readImage(join(output, 'c.png')), resizeBicubic(picture(8, 8, 7), 4, 4));
  assert.equal(filesIn(output), ['a.png', 'b.png', 'c.png', 'd.png']);
  // A source that is gone takes its result along.
  unlinkSync(join(input, 'a.png'));
  assert.is(await prepare(...call), 0);
  assert.equal(filesIn(output), ['b.png', 'c.png', 'd.png']);

  await refuses(prepare('resize', input, output, '--size', '5'), 'BAD_FLAG', /another call/, /--force/);
  assert.is((await readImage(join(output, 'c.png'))).width, 4);
  assert.is(await prepare('resize', input, output, '--size', '5', '--force'), 0);
  assert.is((await readImage(join(output, 'c.png'))).width, 5);
  const own = folderOf('own', { 'mine.txt': new Uint8Array(1) });
  await refuses(prepare('resize', input, own), 'BAD_FLAG', /mine\.txt/, /--force/);
  assert.is(await prepare('resize', input, own, '--force'), 0);
  assert.equal(filesIn(own), ['b.png', 'c.png', 'd.png', 'mine.txt']);
});

test('a folder that another process makes files in is refused; results that another call has made meanwhile are made anew', async () => {
  const input = folderOf('twice-in', { 'a.png': picture(8, 8, 1), 'b.png': picture(8, 8, 2) });
  const output = out('twice');
  const lock = await RunLock.take(output);
  await refuses(
    prepare('resize', input, output, '--size', '4'),
    'RUN_IN_USE',
    /another process makes files there/,
    /the same call goes on/,
  );
  assert.equal(filesIn(output), []);
  await lock.release();
  assert.is(await prepare('resize', input, output, '--size', '4'), 0);
  assert.equal(
    readdirSync(output).filter((name) => name.startsWith('.lock')),
    [],
  );
  // As two calls leave it on a disk without locks: the head is of the one, a line of the other.
  const record = join(output, '.prepare.jsonl');
  const lines = readFileSync(record, 'utf8');
  assert.is(await prepare('resize', input, output, '--size', '4', '--filter', 'nearest', '--force'), 0);
  const [, ...others] = lines.split('\n');
  writeFileSync(record, `${readFileSync(record, 'utf8')}${others.find((line) => line.includes('b.png'))!}\n`);
  const [, said] = await saying(() => prepareData(['resize', input, output, '--size', '4', '--filter', 'nearest']));
  assert.match(said, /1 picture made in .*; 1 there already/);
});

test('another call is told by what differs, as it is typed', async () => {
  const input = folderOf('told-in', { 'a.png': picture(8, 8, 1) });
  const output = out('told');
  assert.is(await prepare('resize', input, output, '--size', '4'), 0);
  await refuses(prepare('resize', input, output, '--size', '6'), 'BAD_FLAG', /expected: --size 6x6\n/, /received: --size 4x4\n/);
  await refuses(prepare('resize', input, output, '--size', '4', '--halves'), 'BAD_FLAG', /expected: --halves\n/, /received: no --halves\n/);
  await refuses(prepare('make', input, output), 'BAD_FLAG', /expected: results of prepare make/, /received: results of prepare resize/);
  writeFileSync(join(output, '.prepare.jsonl'), 'damaged');
  await refuses(prepare('resize', input, output, '--size', '4'), 'BAD_FLAG', /received: a record that cannot be read \(\.prepare\.jsonl\)/);
});

test('sizes that nothing here could read again are refused once, before anything is made', async () => {
  const input = folderOf('huge-in', { 'a.png': picture(2, 2, 1), 'wide.png': picture(40, 1, 2) });
  for (const words of [
    ['resize', '--size', '12000'],
    ['resize', '--size', '8000', '--halves'],
    ['resize', '--size', '70000x1', '--format', 'jpeg'],
    ['make', '--size', '8000'],
  ]) {
    const [action, ...rest] = words as [string, ...string[]];
    await refuses(prepare(action, input, out('huge'), ...rest), 'BAD_FLAG', /--size .* would be too large/, /smaller --size/);
  }
  assert.not.ok(existsSync(out('huge')));
});

test('numbers of an input that do not go together are refused, wherever they are typed', async () => {
  const input = folderOf('low-in', { 'a.png': picture(8, 8, 1) });
  await refuses(prepare('make', input, out('low'), '--low', '3', '--high', '1'), 'BAD_FLAG', /low of at most high, 1/);
  await refuses(prepare('make', input, out('low'), '--input', 'edges:low=3,high=1'), 'BAD_FLAG', /low of at most high/);
  await refuses(trainModel(['--make', 'edges:low=3', '--data', input]), 'BAD_FLAG', /low of at most high, 0\.5/);
  assert.is(await prepare('make', input, out('low'), '--input', 'edges:low=3', '--high', '4'), 0);
});

test('a hole lies on the picture, not on the white beside it', async () => {
  const thin = picture(34, 4, 1);
  const input = folderOf('thin-in', { 'a.png': thin });
  assert.is(await prepare('make', input, out('thin'), '--input', 'mask', '--size', '20', '--fit', 'pad'), 0);
  const { a, b } = splitPair(await readImage(join(out('thin'), 'a.png')));
  const inside = resizeBicubic(thin, 20, 2);
  assert.equal(crop(b, 0, 9, 20, 2), inside);
  assert.equal(crop(a, 0, 9, 20, 2), makeInput(inside, parseInput('mask'), 'a', 1));
  for (const half of [a, b]) assert.equal([...crop(half, 0, 0, 20, 9).data], Array(20 * 9 * 3).fill(255));
});

test('combine: a folder named twice is refused, names that end in _A and _B may lie in one folder, and mends say what helps', async () => {
  const marked = folderOf('suffix', {
    ...{ '0_A.png': picture(4, 4, 1), '0_B.png': picture(4, 4, 2), '1_A.png': picture(4, 4, 3), '1_b.jpg': picture(4, 4, 4) },
    ...{ 'val/2_A.png': picture(4, 4, 5), 'val/2_B.png': picture(4, 4, 6), '3_A.png': picture(4, 4, 7) },
  });
  symlinkSync(marked, join(folder, 'suffix-link'));
  for (const other of [marked, join(folder, 'suffix-link')])
    await refuses(prepare('combine', marked, other, out('self')), 'BAD_FLAG', /named twice/, /joined with itself/);
  const [status, said] = await saying(() => prepareData(['combine', marked, out('suffix')]));
  assert.is(status, 0);
  assert.match(said, /left out, without a partner: 1 picture \(3_A\.png\)/);
  assert.equal(filesIn(out('suffix')), ['train/0.png', 'train/1.png', 'val/2.png']);
  const made = await readImage(join(out('suffix'), 'train/1.png'));
  assert.equal(made, joinPair({ name: '', a: picture(4, 4, 3), b: picture(4, 4, 4) }));

  const [a, b] = [folderOf('fixA', { '1.png': picture(6, 4, 1) }), folderOf('fixB', { '1.png': picture(5, 4, 1) })];
  await refuses(prepare('combine', a, b), 'DATA_NOT_FOUND', /the second is the folder of the results/, /combine A B OUT/);
  const [, refused] = await saying(() => prepareData(['combine', a, b, out('fix')]));
  assert.match(refused, /write --resize --force/);
  assert.is(await prepare('combine', a, b, out('fix'), '--resize', '--force'), 0);
});

test('a record that somebody else wrote removes nothing outside its folder', async () => {
  const input = folderOf('hostile-in', { 'a.png': picture(2, 2, 1) });
  const output = folderOf('hostile', {});
  mkdirSync(output, { recursive: true });
  writeFileSync(join(folder, 'precious'), 'x');
  const entries = ['../precious', 'x/../../precious', join(folder, 'precious')].map((name) => ({ output: name, from: '', bytes: 1 }));
  writeFileSync(join(output, '.prepare.jsonl'), [{}, ...entries].map((line) => JSON.stringify(line)).join('\n'));
  assert.is(await prepare('resize', input, output, '--force'), 0);
  assert.ok(existsSync(join(folder, 'precious')));
});

test('results never go where they are read from, and a picture that is damaged is named while the others are made', async () => {
  const input = folderOf('apart', { 'a.png': picture(2, 2, 1), 'b.png': new Uint8Array(9) });
  for (const output of [input, join(input, 'small'), join(input, '..')])
    await refuses(prepare('resize', input, output), 'BAD_FLAG', /not apart from what is read/);
  await refuses(prepare('resize', join(folder, 'nowhere'), out('x')), 'DATA_NOT_FOUND', /nowhere/);
  await refuses(prepare('resize', input), 'BAD_FLAG', /missing/);
  await refuses(prepareData(['resise']), 'BAD_FLAG', /did you mean resize/);
  const [status, said] = await saying(() => prepareData(['resize', input, out('damaged')]));
  assert.is(status, 1);
  assert.match(said, /error \[IMAGE_UNSUPPORTED\]: .*b\.png/);
  assert.match(said, /1 picture made in .*; 1 could not be made/);
  assert.equal(filesIn(out('damaged')), ['a.png']);
});

test.run();
