/**
 * npm run bench:data [-- flags]: how fast pictures come to the device when no training step is waited for.
 *
 *   npm run bench:data -- --data my/photos                    every picture in the folder and those within it
 *   npm run bench:data -- --data my/photos --size 512 --batch 16
 *   npm run bench:data                                        JPEGs that it draws, 512 x 512
 *
 * Each line does what the line above does, and more: reads files; decodes them; shrinks them to what a training keeps; brings them to the
 * device as a training does, a batch ahead of the step that needs it. Nothing is kept, as in the first epoch, or where a set is larger than
 * memory. Files come out of the system's cache from the second pass on. A training whose progress bar shows about as many images/s as the
 * last line waits for its pictures; one that shows far fewer waits for its steps.
 */
import { rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import sharp from 'sharp';
import { syntheticFacades } from '../src/data/synthetic-facades.js';
import type { ImageSet } from '../src/data/unpaired.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { openNodeGpu } from '../src/node/adapter/adapter.js';
import { atMost } from '../src/data/at-most.js';
import { IMAGES_AT_ONCE, imagesBelow, openSet } from '../src/node/images/image-sets.js';
import { scanFolder } from '../src/node/images/folder.js';
import { decodeSamples, readBytes } from '../src/node/images/read.js';
import { runMain } from '../src/node/programs/run-main.js';
import { parseFlags } from '../src/node/terminal/flags.js';
import { formatHelp } from '../src/node/terminal/help.js';
import { ShadegradError } from '../src/errors.js';
import { Batches } from '../src/training/batches.js';
import { provenance, writeJson } from './report-files.js';
import { DATA_PROGRAM } from './programs.js';
import { digits, formatTable } from './table.js';

/** Pictures that are drawn where no folder is named. */
const DRAWN = { count: 32, size: 512 } as const;

interface Stage {
  readonly what: string;
  readonly imagesPerSecond: number;
}

async function main(): Promise<number> {
  const { values: flags, help } = parseFlags(DATA_PROGRAM, process.argv.slice(2));
  if (help) {
    process.stdout.write(formatHelp(DATA_PROGRAM));
    return 0;
  }
  const drawn = flags.data === undefined ? await drawPictures() : undefined;
  const folder = flags.data ?? drawn!;
  try {
    const names = await picturesOf(folder);
    const { size, batch, seconds } = flags;
    const inTurn = atMost(IMAGES_AT_ONCE);
    const set = openSet('the pictures', { folder, names, maxSide: size, cache: { left: 0 }, inTurn });
    const read = (index: number): Promise<Uint8Array> => readBytes(join(folder, names[index]!));
    const decode = async (index: number) => decodeSamples(await read(index), names[index]!);
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      console.log(`${adapterChoice.summary}\n${names.length} pictures, shrunk to ${size} x ${size}, batches of ${batch}\n`);
      const stages: Stage[] = [
        await timed('read', seconds, names.length, (index) => inTurn(() => read(index))),
        await timed('read and decoded', seconds, names.length, (index) => inTurn(() => decode(index))),
        await timed('read, decoded and shrunk', seconds, names.length, async (index) => set.get(index)),
        await uploaded(gpu, set, { size, batch, seconds }),
      ];
      const rows = stages.map(({ what, imagesPerSecond }) => [what, digits(imagesPerSecond), digits(1000 / imagesPerSecond)]);
      console.log(formatTable(['pictures', 'images/s', 'ms each'], rows));
      if (flags.json !== undefined) {
        await writeJson(flags.json, { ...provenance(gpu, adapterChoice, 'the wall clock'), setting: { size, batch }, stages });
        console.log(`\nwritten to ${flags.json}`);
      }
      return 0;
    } finally {
      gpu.destroy();
    }
  } finally {
    if (drawn !== undefined) await rm(drawn, { recursive: true });
  }
}

async function drawPictures(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-bench-data-'));
  const { count, size } = DRAWN;
  const facades = syntheticFacades({ count, size, seed: 1, split: 'train' });
  for (let index = 0; index < count; index++) {
    const { a } = await facades.get(index);
    const jpeg = sharp(a.data, { raw: { width: size, height: size, channels: 3 } }).jpeg({ quality: 90 });
    await writeFile(join(folder, `${index}.jpg`), await jpeg.toBuffer());
  }
  return folder;
}

/** @throws DATA_EMPTY */
async function picturesOf(folder: string): Promise<string[]> {
  const content = await scanFolder(folder);
  const names = [...content.images, ...(await imagesBelow(folder, content))];
  if (names.length > 0) return names;
  throw new ShadegradError('DATA_EMPTY', `There are no images in ${folder}`, { fix: 'name a folder of pictures' });
}

/** Images a second of work that is asked for as often as it is done, a few at a time, after one of them to warm up. */
async function timed(what: string, seconds: number, count: number, work: (index: number) => Promise<unknown>): Promise<Stage> {
  await work(0);
  const start = performance.now();
  const over = (): boolean => performance.now() - start >= seconds * 1000;
  let done = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    do {
      await work(next++ % count);
      done++;
    } while (!over());
  };
  await Promise.all(Array.from({ length: IMAGES_AT_ONCE }, worker));
  return { what, imagesPerSecond: (1000 * done) / (performance.now() - start) };
}

/** As a training gets its pictures. */
async function uploaded(gpu: Gpu, set: ImageSet, setting: { size: number; batch: number; seconds: number }): Promise<Stage> {
  const { size, batch, seconds } = setting;
  const batches = new Batches(gpu, set, {
    batch,
    seed: 1,
    data: 'images',
    labelled: false,
    serial: false,
    plan: { size, loadSize: size, jitter: false },
    sides: { image: { half: 'a', channels: 3 } },
    storedSize: size,
    residentBytes: 0,
  });
  try {
    (await batches.take(0))();
    await gpu.sync();
    const start = performance.now();
    let step = 1;
    for (; step === 1 || performance.now() - start < seconds * 1000; step++) {
      (await batches.take(step))();
      batches.prefetch(step + 1);
    }
    await gpu.sync();
    return { what: 'and on the device', imagesPerSecond: (1000 * batch * (step - 1)) / (performance.now() - start) };
  } finally {
    batches.dispose();
  }
}

await runMain(main);
