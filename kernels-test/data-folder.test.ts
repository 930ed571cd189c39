import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../src/data/image.js';
import { resizeBicubic } from '../src/data/resize.js';
import { ShadegradError } from '../src/gpu/errors.js';
import { openPairedFolder } from '../src/node/dataset.js';
import { encodePng, writePng } from '../src/node/images.js';

const test = suite<{ folder: string }>('paired folder');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'shadegrad-data-'));
});
test.after.each(async ({ folder }) => rm(folder, { recursive: true, force: true }));

function picture(width: number, height: number, start: number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + i * 7) & 255) };
}

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
  assert.equal(pairs.map((pair) => pair.name), ['1.png', '2_AB.png', '9.PNG', '10.png']);
  assert.is(pairs[0].a.data[0], 1);
  assert.is(pairs[3].b.data[0], (10 + 4 * 3 * 7) & 255);
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
  await fails(openPairedFolder(folder, 'train'), 'DATA_NOT_FOUND', join(folder, 'train'));
  await mkdir(join(folder, 'train'));
  await fails(openPairedFolder(folder, 'train'), 'DATA_EMPTY', 'an empty folder', 'fix:');
  await writeFile(join(folder, 'train', 'x.webp'), 'x');
  await fails(openPairedFolder(folder, 'train'), 'DATA_EMPTY', 'x.webp');
  await writeFile(join(folder, 'file'), 'x');
  await fails(openPairedFolder(join(folder, 'file'), 'train'), 'DATA_UNREADABLE', 'This is a file');
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
  await fails(open(), 'IMAGE_CORRUPT', '2 of 3 images', '2.png', 'truncated', '3.png', 'differ in size');
  assert.equal(seen, ['1/3', '2/3', '3/3']);
  await rm(join(folder, 'train', '2.png'));
  await fails(open(), 'IMAGE_SIZE', join(folder, 'train', '3.png'));
  await rm(join(folder, 'train', '3.png'));
  assert.is((await open()).length, 1);
});

const facades = process.env.SHADEGRAD_FACADES;
if (facades !== undefined) {
  test('every real facade decodes to two halves of 256 x 256', async () => {
    for (const [split, count] of [['train', 400], ['val', 100]] as const) {
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
