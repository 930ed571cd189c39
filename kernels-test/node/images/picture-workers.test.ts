import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openPairedFolder } from '../../../src/node/images/dataset.js';
import { imagesOf, isAsStored, type Picture } from '../../../src/training/files/picture.js';
import { finishPicture } from '../../../src/node/images/picture-workers.js';
import { writePng } from '../../../src/node/images/read.js';
import type { Samples } from '../../../src/training/files/samples.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('picture-workers');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const begun: Worker[] = [];
process.on('worker', (worker) => begun.push(worker));

function samplesOf(width: number, height: number, kind: Partial<Samples> & { wide?: boolean } = {}): Samples {
  const { wide = false, channels = 3, colours = 3, alpha = null } = kind;
  const values = Array.from({ length: width * height * channels }, (_, i) => (i * 7919) % (wide ? 65_536 : 256));
  return { width, height, channels, colours, alpha, samples: wide ? Uint16Array.from(values) : Uint8Array.from(values) };
}

const picture = (samples: Samples, rest: Partial<Picture> = {}): Picture => ({ samples, inHalves: false, maxSide: 9, ...rest });

test('what is there as it is stored needs no worker', async () => {
  const stored = picture(samplesOf(18, 9), { inHalves: true });
  assert.equal(await finishPicture(stored), imagesOf(stored));
  const [image] = await finishPicture(picture(samplesOf(9, 4)));
  assert.equal([image!.width, image!.height], [9, 4]);
  assert.is(begun.length, 0);
});

test('a worker gives the bytes that this thread would, of every kind of samples', async () => {
  for (const kind of [
    {},
    { wide: true },
    { channels: 1, colours: 1 },
    { channels: 2, colours: 1, alpha: 1 },
    { channels: 4, colours: 3, alpha: 3, wide: true },
    { channels: 4, colours: 4 },
  ]) {
    for (const rest of [{ inHalves: true }, { inHalves: false }, { inHalves: true, maxSide: Infinity }]) {
      const whole = picture(samplesOf(26, 17, kind), rest);
      const before = whole.samples.samples.slice();
      assert.equal(await finishPicture(whole), imagesOf(whole), JSON.stringify([kind, rest]));
      assert.equal(whole.samples.samples, before, 'the samples stay the caller’s');
    }
  }
  assert.is(begun.length, 1, 'one after the other is work for one');
});

test('a picture that fails takes no other one with it', async () => {
  const good = picture(samplesOf(12, 12));
  // More bytes than a typed array can have.
  const bad = picture({ ...samplesOf(2, 2), channels: 4, width: 2 ** 31, height: 2 ** 31 });
  const [failed, done] = await Promise.allSettled([finishPicture(bad), finishPicture(good)]);
  assert.is(failed!.status, 'rejected');
  assert.match(String((failed as PromiseRejectedResult).reason), /RangeError/);
  assert.equal((done as PromiseFulfilledResult<unknown>).value, imagesOf(good));
  assert.equal(await finishPicture(good), imagesOf(good));
});

test('folders share a few workers, which are all gone when nothing has been asked of them for a while', async () => {
  for (let index = 0; index < 24; index++)
    await writePng(join(folder, 'train', `${index}.png`), imagesOf(picture(samplesOf(40, 20), { maxSide: 40 }))[0]!);
  const folders = await Promise.all([11, 12, 13].map((maxSide) => openPairedFolder(folder, 'train', { maxSide })));
  const pairs = await Promise.all(folders.flatMap((each) => Array.from({ length: each.length }, (_, index) => each.get(index))));
  for (const [at, { a, b }] of pairs.entries()) {
    const maxSide = 11 + Math.floor(at / 24);
    const whole = picture(samplesOf(40, 20), { inHalves: true, maxSide });
    assert.not.ok(isAsStored(whole));
    assert.equal([a, b], imagesOf(whole));
  }
  assert.ok(begun.length <= 6, `${begun.length} workers`);
  // They hold up no process that has nothing else to do, so this one has to wait.
  const waiting = setInterval(() => {}, 100);
  await Promise.all(begun.filter(({ threadId }) => threadId !== -1).map((worker) => once(worker, 'exit')));
  clearInterval(waiting);
  assert.ok(begun.every(({ threadId }) => threadId === -1));
});

test.run();
