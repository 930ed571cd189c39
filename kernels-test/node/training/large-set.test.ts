// first driver only: it reads files. A set of images that fits neither into memory nor onto the device.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NamedImage } from '../../../src/data/unpaired.js';
import { openImageFolder } from '../../../src/node/images/image-sets.js';
import { encodePng } from '../../../src/node/images/read.js';
import { dcgan } from '../../../src/schemes/dcgan.js';
import { Trainer } from '../../../src/training/trainer.js';
import { testGpu } from '../../harness/gpu.js';
import { temporaryFolder } from '../../harness/program.js';

const gpu = await testGpu();
const folder = temporaryFolder('large-set');
test.after(() => rmSync(folder, { recursive: true, force: true }));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const [SIDE, COUNT, BATCH, KEPT] = [32, 24, 2, 3];
const OPTIONS = {
  size: SIDE,
  ngf: 2,
  ndf: 2,
  nz: 4,
  ganMode: 'vanilla' as const,
  mirror: true,
  batch: BATCH,
  learningRate: 1e-3,
  seed: 1,
  storedSize: SIDE,
};

async function open(cachedImages: number) {
  const set = (await openImageFolder(folder, 'train', { cacheBytes: cachedImages * SIDE * SIDE * 3 }))!;
  const asked: number[] = [];
  const given: WeakRef<NamedImage>[] = [];
  const get = async (index: number): Promise<NamedImage> => {
    asked.push(index);
    const image = await set.get(index);
    given.push(new WeakRef(image));
    return image;
  };
  return { set: { ...set, get }, asked, given };
}

test.before(() => {
  for (let index = 0; index < COUNT; index++) {
    const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => (at * (index + 1)) & 255);
    writeFileSync(join(folder, `${index}.png`), encodePng({ width: SIDE, height: SIDE, data }));
  }
});

test('it is read ahead of each step, memory stays as it is, and what is learned is what is learned of a set that is kept', async () => {
  const { set, asked, given } = await open(KEPT);
  const trainer = await Trainer.create(gpu, dcgan, set, { ...OPTIONS, residentBytes: 0 });
  const inUse: number[] = [];
  const losses = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let step = 0; step < COUNT / BATCH; step++) {
      await trainer.train();
      assert.is(asked.length, (trainer.step + 1) * BATCH, `images that were asked for when step ${trainer.step} was under way`);
    }
    losses.push(...(await trainer.collectLosses()));
    await turn();
    collectGarbage();
    inUse.push(gpu.memory().bytesInUse);
    const alive = new Set(given.map((image) => image.deref()).filter((image) => image !== undefined));
    assert.ok(alive.size <= KEPT + 2 * BATCH, `${alive.size} images are in memory after ${asked.length} were read`);
  }
  assert.equal(inUse, [inUse[0], inUse[0], inUse[0]]);
  trainer.dispose();

  const whole = await open(COUNT);
  const other = await Trainer.create(gpu, dcgan, whole.set, OPTIONS);
  for (let step = 0; step < losses.length; step++) await other.train();
  assert.is(whole.asked.length, COUNT, 'of a set that stays on the device each image is asked for once');
  assert.equal(await other.collectLosses(), losses);
  other.dispose();
});

test.run();
