// not in browsers: it runs programs. Films as data: prepare frames, and prepare split --blocks.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair, type RgbImage } from '../../../src/data/image.js';
import type { ShadegradError } from '../../../src/errors.js';
import { readImage, writePng } from '../../../src/node/images/read.js';
import { prepareData } from '../../../src/node/programs/prepare/prepare.js';
import { RunLock } from '../../../src/node/training/lock.js';
import { buildLibrary, failedWith, pipe, succeeded, temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('frames');
test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const [width, height] = [6, 4];
const frame = (number: number): RgbImage => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (number * 31 + at * 5) & 255),
});
/** Frames as a pipe sends them, in chunks that end anywhere. */
function* film(...numbers: number[]): Generator<Uint8Array> {
  const bytes = Buffer.concat(numbers.map((number) => frame(number).data));
  for (let at = 0; at < bytes.length; at += 50) yield bytes.subarray(at, at + 50);
}
const pictures = (path: string): string[] => readdirSync(path).filter((name) => name.startsWith('frame-'));
const frames = (out: string, input: Iterable<Uint8Array>, ...words: string[]) =>
  pipe('shadegrad', ['prepare', 'frames', out, '--frames', `${width}x${height}`, ...words], input);

test('every second frame becomes a picture; the same film again is kept, and another one takes its place', async () => {
  const out = join(folder, 'film');
  const first = await frames(out, film(1, 2, 3, 4, 5), '--every', '2');
  succeeded(first);
  assert.match(first.stdout, '3 pictures made');
  assert.match(first.stdout, 'of 5 frames');
  assert.equal(pictures(out), ['frame-000001.png', 'frame-000003.png', 'frame-000005.png']);
  assert.equal(await readImage(join(out, 'frame-000003.png')), frame(3));
  const inode = statSync(join(out, 'frame-000001.png')).ino;
  const second = await frames(out, film(1, 2, 9), '--every', '2');
  succeeded(second);
  assert.match(second.stdout, '1 picture made');
  assert.match(second.stdout, '1 there already');
  assert.equal(pictures(out), ['frame-000001.png', 'frame-000003.png']);
  assert.is(statSync(join(out, 'frame-000001.png')).ino, inode, 'what is there is not written again');
  assert.equal(await readImage(join(out, 'frame-000003.png')), frame(9));
  failedWith(await frames(out, film(1)), 'BAD_FLAG', /results of another call/);
});

test('a frame that is cut short, no frame at all, and frames of no size are refused', async () => {
  const out = join(folder, 'cut');
  failedWith(await frames(out, [...film(1, 2)].slice(0, -1)), 'IMAGE_SIZE', /ends within frame 2/, /44 bytes|28 bytes/);
  assert.equal(pictures(out), ['frame-000001.png'], 'what was whole stays, and the same call goes on from there');
  failedWith(await frames(join(folder, 'none'), []), 'DATA_EMPTY', /no frames/);
  const none = await prepareData(['frames', join(folder, 'sides')]).catch((error: unknown) => error);
  assert.is((none as ShadegradError).code, 'BAD_FLAG');
  assert.match((none as ShadegradError).message, /add --frames WxH/);
  assert.not.ok(existsSync(join(folder, 'sides')));
});

test('a folder that another process makes files in is refused', async () => {
  const out = join(folder, 'locked');
  const lock = await RunLock.take(out);
  try {
    failedWith(await frames(out, film(1)), 'RUN_IN_USE', /another process makes files there/);
    assert.equal(pictures(out), []);
  } finally {
    await lock.release();
  }
  succeeded(await frames(out, film(1)));
});

test('with --gap a picture is a frame and the one so many before it, out of a pipe or a folder', async () => {
  const [piped, single, of] = [
    join(folder, 'piped-pairs'),
    join(folder, 'single'),
    (a: number, b: number) => ({ name: '', a: frame(a), b: frame(b) }),
  ];
  succeeded(await frames(piped, film(1, 2, 3, 4, 5), '--gap', '2'));
  assert.equal(pictures(piped), ['frame-000003.png', 'frame-000004.png', 'frame-000005.png']);
  assert.equal(await readImage(join(piped, 'frame-000004.png')), joinPair(of(2, 4)));
  succeeded(await frames(single, film(1, 2, 3, 4, 5)));
  const prepared = (out: string, ...words: string[]) => prepareData(['frames', single, join(folder, out), '--quiet', ...words]);
  assert.is(await prepared('pairs', '--gap', '2'), 0);
  for (const name of pictures(piped)) assert.equal(await readImage(join(folder, 'pairs', name)), await readImage(join(piped, name)), name);
  assert.is(await prepared('every', '--gap', '1', '--every', '2'), 0);
  assert.equal(pictures(join(folder, 'every')), ['frame-000003.png', 'frame-000005.png']);
  const refused = async (code: string, word: RegExp, ...words: string[]): Promise<void> => {
    const error = await prepared('refused', ...words).catch((caught: unknown) => caught);
    assert.is((error as ShadegradError).code, code);
    assert.match((error as ShadegradError).message, word);
    assert.not.ok(existsSync(join(folder, 'refused')));
  };
  await refused('BAD_FLAG', /--gap is missing/);
  await refused('BAD_FLAG', /leave out --frames/, '--gap', '1', '--frames', '6x4');
  // Nothing is paired across a missing frame, nor between films.
  rmSync(join(single, 'frame-000003.png'));
  await writePng(join(single, 'other-000003.png'), frame(9));
  assert.is(await prepared('across', '--gap', '1'), 0);
  assert.equal(pictures(join(folder, 'across')), ['frame-000002.png', 'frame-000005.png']);
  await refused('DATA_UNREADABLE', /No two frames .* 9 apart[^]*--gap 1/, '--gap', '9');
  await writePng(join(single, 'frame-000006.png'), { width: 2, height: 2, data: new Uint8Array(12) });
  await refused('IMAGE_SIZE', /6 x 4 pixels, as frame-000001\.png[^]*2 x 2 in frame-000006\.png/, '--gap', '1');
  await writePng(join(single, 'frame-6.png'), frame(6));
  await refused('DATA_UNREADABLE', /Two frames of one number[^]*frame-6\.png/, '--gap', '1');
  rmSync(join(single, 'frame-6.png'));
  await writePng(join(single, 'frame-1764424540123456789.png'), frame(6));
  await refused('DATA_UNREADABLE', /frame-1764424540123456789\.png has too large a number/, '--gap', '1');
  rmSync(join(single, 'frame-1764424540123456789.png'));
  await writePng(join(single, 'cover.png'), frame(6));
  await refused('DATA_UNREADABLE', /cover\.png has no number/, '--gap', '1');
  failedWith(await frames(join(folder, 'short'), film(1, 2), '--gap', '2'), 'DATA_EMPTY', /No two frames of stdin are 2 apart/);
});

test('blocks of neighbours are split whole, by the seed', async () => {
  const [film20, split] = [join(folder, 'long'), (name: string) => join(folder, 'split', name)];
  succeeded(await frames(film20, film(...Array.from({ length: 20 }, (_, index) => index))));
  const prepared = async (name: string, ...words: string[]): Promise<Record<string, number[]>> => {
    assert.is(await prepareData(['split', film20, split(name), '--quiet', ...words]), 0);
    const numbers = (of: string) =>
      (existsSync(join(split(name), of)) ? pictures(join(split(name), of)) : []).map((file) => +file.slice(6, 12));
    return { train: numbers('train'), val: numbers('val'), test: numbers('test') };
  };
  const { train, val, test: kept } = await prepared('one', '--blocks', '4', '--val', '20%', '--test', '4');
  assert.equal([train!.length, val!.length, kept!.length], [12, 4, 4]);
  for (const block of [val!, kept!]) {
    assert.is(block[0]! % 4, 1);
    assert.equal(
      block,
      [0, 1, 2, 3].map((more) => block[0]! + more),
    );
  }
  assert.equal(
    [...train!, ...val!, ...kept!].sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  const seeds = await Promise.all([2, 3, 4].map((seed) => prepared(`seed${seed}`, '--blocks', '4', '--val', '20%', '--seed', `${seed}`)));
  assert.ok(new Set(seeds.map((each) => each.val![0])).size > 1);
  const said: string[] = [];
  const { log } = console;
  console.log = (line: string) => void said.push(line);
  try {
    assert.is(await prepareData(['split', film20, split('told'), '--blocks', '4', '--val', '1', '--test', '4']), 0);
  } finally {
    console.log = log;
  }
  assert.equal(said.slice(0, 3), ['train: 12', 'val: 4, for 1 that were asked for: 4 neighbours stay together', 'test: 4']);
  const error = await prepareData(['split', film20, split('x'), '--blocks', '10', '--val', '1', '--test', '1']).catch((caught) => caught);
  assert.is((error as ShadegradError).code, 'BAD_FLAG');
  assert.match((error as ShadegradError).message, /in 2 blocks of 10/);
});

test.run();
