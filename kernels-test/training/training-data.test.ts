import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { ShadegradError } from '../../src/errors.js';
import { atMost } from '../../src/data/at-most.js';
import { openPairedFolder } from '../../src/node/images/dataset.js';
import { encodePng } from '../../src/node/images/read.js';
import { spread } from '../../src/data/spread.js';
import { openTrainingData, SAMPLED_PAIRS, SYNTHETIC, type TrainingData } from '../../src/node/training/data.js';
import { measuredImages } from '../../src/training/run/validation.js';
import type { ImagePlan } from '../../src/training/scheme.js';

// By its address, since scripts have no types.
const { sources } = (await import(pathToFileURL(join(process.cwd(), 'scripts/lib/sources.js')).href)) as { sources: BuildOptions };

const test = suite<{ folder: string }>('training data');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'shadegrad-training-data-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const SETTINGS: ImagePlan & { seed: number } = { size: 32, loadSize: 32, jitter: false, seed: 1 };

function pair(width: number, height: number, start = 0): Uint8Array {
  return encodePng({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + i * 7) & 255),
  } satisfies RgbImage);
}

function write(folder: string, files: Record<string, Uint8Array>): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

/** Opens a folder as a run does, and counts what it decodes. */
async function opened(folder: string, settings = SETTINGS): Promise<TrainingData & { decoded: string[]; notes: string[] }> {
  const decoded: string[] = [];
  const notes: string[] = [];
  const data = await openTrainingData(folder, settings, (line) => notes.push(line), {
    openFolder: async (...parameters) => {
      const dataset = await openPairedFolder(...parameters);
      return { ...dataset, get: async (index) => (decoded.push(`${dataset.name} ${index}`), dataset.get(index)) };
    },
  });
  return { ...data, decoded, notes };
}

test('a large folder starts with a sample: as many decoded pairs for 590 as for 2,000', async ({ folder }) => {
  const file = pair(64, 32);
  for (const count of [590, 2000]) {
    const data = join(folder, String(count));
    write(data, Object.fromEntries(Array.from({ length: count }, (_, index) => [`train/${index}.png`, file])));
    write(data, { 'val/1.png': file, 'val/2.png': file });
    const { decoded, train, storedSize } = await opened(data);
    assert.is(train.length, count);
    assert.is(decoded.length, SAMPLED_PAIRS);
    assert.is(new Set(decoded).size, SAMPLED_PAIRS);
    assert.ok(decoded.every((name) => name.startsWith(`${count}/train`)));
    assert.is(storedSize, 32);
  }
});

/** A picture of 2 x 1 pixels, which is a pair; this format needs no decoder, so a bundled program can read it from anywhere. */
function smallestPair(): Uint8Array {
  const bytes = new Uint8Array(62);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  for (const [at, value] of [
    [2, 62],
    [10, 54],
    [14, 40],
    [18, 2],
    [22, 1],
  ] as const)
    view.setUint32(at, value, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  return bytes;
}

test('thousands of pairs can be asked for at once where few files may be open', async ({ folder }) => {
  if (process.platform === 'win32') return;
  const count = 600;
  write(folder, Object.fromEntries(Array.from({ length: count }, (_, index) => [`val/${index}.bmp`, smallestPair()])));
  const program = join(folder, 'read.cjs');
  const contents = `import { openPairedFolder } from './src/node/images/dataset.js';
    import { readImage } from './src/node/images/read.js';
    (async () => {
    const data = await openPairedFolder(process.argv[2], 'val');
    const all = Array.from({ length: data.length }, (_, index) => index);
    const pairs = await Promise.all(all.map((index) => data.get(index)));
    const sides = await Promise.all(all.map((index) => data.sides(index)));
    console.log(pairs.length, sides.length);
    await Promise.all(all.map((index) => readImage(process.argv[2] + '/val/' + index + '.bmp')))
      .catch((error) => console.log(error.message));
    })();`;
  const output: BuildOptions = { platform: 'node', format: 'cjs', external: ['sharp'], outfile: program, logLevel: 'error' };
  await build({ ...sources, stdin: { contents, resolveDir: process.cwd() }, bundle: true, ...output });
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, program, folder], {
    encoding: 'utf8',
  });
  assert.match(stdout, `${count} ${count}\n`, stderr);
  assert.match(stdout, /EMFILE[^]*fix: .*read fewer at a time, or raise its limit \(ulimit -n\)/);
});

test('work that may run a few at a time keeps its order, its results and its failures', async () => {
  const inTurn = atMost(3);
  let [running, most] = [0, 0];
  const started: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      inTurn(async () => {
        started.push(index);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (index % 5 === 0) throw new Error(String(index));
        return index;
      }),
    ),
  );
  assert.is(most, 3);
  assert.equal(
    started,
    Array.from({ length: 20 }, (_, index) => index),
  );
  for (const [index, result] of results.entries())
    assert.is(result.status === 'fulfilled' ? result.value : Number(result.reason.message), index);
});

test('of a large validation set a part is measured, unless more is asked for; a resumed run measures what it did', () => {
  const fresh = { slow: false, resumed: false };
  assert.is(measuredImages(undefined, fresh), 100);
  assert.is(measuredImages(undefined, { ...fresh, slow: true }), 25);
  assert.is(measuredImages(3000, fresh), 3000);
  assert.is(measuredImages(3000, { slow: true, resumed: true }), 3000);
  assert.is(measuredImages(undefined, { slow: false, resumed: true }), Infinity);
});

test('a val/ that is there and empty is not said to be missing', async ({ folder }) => {
  write(folder, Object.fromEntries([1, 2, 3].map((index) => [`train/${index}.png`, pair(64, 32)])));
  assert.equal((await opened(folder)).notes, [
    'there is neither val/ nor test/ with pairs; the last 1 of 3 training pairs are held out to validate',
  ]);
  mkdirSync(join(folder, 'val'));
  const { notes } = await opened(folder);
  assert.is(notes[0], `note: there are no images in ${join(folder, 'val')}: nothing can be validated on it`);
  write(folder, { 'test/1.png': pair(64, 32) });
  assert.is((await opened(folder)).notes[1], 'there is no val/ with pairs; test/ is used to validate');
});

test('the sample is spread over the set, and of a small set it is all', () => {
  assert.equal(spread(3, 64), [0, 1, 2]);
  assert.equal(
    spread(64, 64),
    Array.from({ length: 64 }, (_, index) => index),
  );
  assert.equal(spread(10, 4), [0, 2, 5, 7]);
  assert.equal(spread(0, 4), []);
});

test('every damaged picture of a small set is named before the training; of a large one when it is met', async ({ folder }) => {
  const file = pair(64, 32);
  const cut = file.subarray(0, file.length - 40);
  write(folder, { 'small/train/1.png': file, 'small/train/2.png': cut, 'small/train/3.png': cut, 'small/val/1.png': file });
  const failure = async (work: () => unknown): Promise<ShadegradError> => {
    try {
      await work();
    } catch (error) {
      assert.instance(error, ShadegradError);
      return error as ShadegradError;
    }
    return assert.unreachable() as never;
  };
  const fails = (name: string): Promise<ShadegradError> => failure(() => opened(join(folder, name)));
  const error = await fails('small');
  assert.is(error.code, 'IMAGE_CORRUPT');
  for (const words of ['2 of 3 pairs', '2.png', '3.png']) assert.match(error.message, words);

  write(folder, Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`large/train/${index}.png`, index === 199 ? cut : file])));
  write(folder, { 'large/val/1.png': file });
  const { train } = await opened(join(folder, 'large'));
  const met = await failure(() => train.get(199));
  assert.is(met.code, 'IMAGE_CORRUPT');
  assert.match(met.message, '199.png');
  // Of one among several is said that it is one.
  write(folder, { 'one/train/1.png': cut, 'one/train/2.png': file, 'one/train/3.png': file, 'one/val/1.png': file });
  assert.match((await fails('one')).message, /1\.png.* \(the others of the 3 pairs that were looked at can be used\)/);
  // What a header tells is found in any of them.
  write(folder, { 'large/train/198.png': pair(63, 32) });
  assert.match((await fails('large')).message, /198\.png: the two halves/);
});

test('pairs whose halves differ in size are counted over a set that is not read whole, and the first of them are named', async ({
  folder,
}) => {
  const [wide, high] = [pair(32, 16), pair(16, 32)];
  for (let index = 0; index < 150; index++) {
    write(folder, { [`A/${index}.png`]: wide, [`B/${index}.png`]: index > 100 && index % 7 === 1 ? high : wide });
  }
  let message = '';
  await opened(folder).catch((error: ShadegradError) => (message = error.message));
  assert.match(message, /^7 of 150 pairs cannot be used/);
  assert.match(message, /106\.png: the two halves of the pair differ in size .*16 x 32/);
  assert.match(message, 'and 2 more');
});

test('images are stored at their own side if they share one, and else at the side of the jitter', async ({ folder }) => {
  const jittered = { ...SETTINGS, loadSize: 36, jitter: true };
  const cases: [string, [number, number][], number][] = [
    [
      'equal',
      [
        [64, 32],
        [64, 32],
        [64, 32],
      ],
      32,
    ],
    [
      'one-other',
      [
        [64, 32],
        [64, 32],
        [60, 30],
      ],
      36,
    ],
    [
      'oblong',
      [
        [64, 30],
        [64, 30],
      ],
      36,
    ],
    [
      'odd',
      [
        [62, 31],
        [62, 31],
      ],
      36,
    ],
    // Larger ones are shrunk to the side of the jitter each.
    [
      'large',
      [
        [200, 90],
        [100, 80],
      ],
      36,
    ],
  ];
  for (const [name, sizes, wanted] of cases) {
    write(folder, Object.fromEntries(sizes.map(([width, height], index) => [`${name}/train/${index}.png`, pair(width, height)])));
    write(folder, { [`${name}/val/1.png`]: pair(64, 32) });
    const { storedSize, train } = await opened(join(folder, name), jittered);
    assert.is(storedSize, wanted, name);
    for (let index = 0; index < train.length; index++) assert.ok((await train.get(index)).a.width <= 36);
  }
});

test('what is measured is read as it lies in its files: shrunk for the random crops first, it would be softer', async ({ folder }) => {
  const plan = { size: 32, loadSize: 36, jitter: true, seed: 1 } as const;
  write(folder, Object.fromEntries(Array.from({ length: 3 }, (_, index) => [`train/${index}.png`, pair(160, 60, index)])));
  const widthsOf = async ({ train, compared, validation }: TrainingData): Promise<number[]> =>
    Promise.all([train, compared as typeof train, validation].map(async (set) => (await set.get(0)).a.width));
  const heldOut = await opened(folder, plan);
  assert.equal([await widthsOf(heldOut), heldOut.train.length], [[36, 80, 80], 2]);
  assert.equal((await heldOut.validation.get(0)).name, '2.png');
  assert.is((heldOut.compared as typeof heldOut.train).length, 2);
  write(folder, { 'val/v.png': pair(160, 60, 9) });
  const apart = await opened(folder, plan);
  assert.equal([await widthsOf(apart), apart.train.length], [[36, 80, 80], 3]);
  // Runs that measured these twice resized do not compare then with now; of images that were resized once before nothing has changed.
  const contents = async (plan: typeof SETTINGS): Promise<string> => (await opened(folder, plan)).validation.contentOf!(0);
  assert.match(await contents(plan), / resized once$/);
  for (const same of [SETTINGS, { ...plan, loadSize: 80 }]) assert.not.match(await contents(same), 'resized once');
});

test('how the pairs lie and what is left out is said once', async ({ folder }) => {
  write(folder, {
    'trainA/1.png': pair(32, 32),
    'trainB/1.png': pair(32, 32, 9),
    'trainB/2.png': pair(32, 32),
    'trainB/x.txt': new Uint8Array(3),
  });
  const { notes, train, validation } = await opened(folder);
  assert.equal([train.length, validation.length], [1, 1]);
  const said = notes.join('\n');
  for (const words of [
    /pairs by name/,
    /only in .*trainB: 1 picture \(2\.png\)/,
    /1 \.txt file/,
    /a single pair and neither.*nothing is held out, so there is no validation/,
  ])
    assert.match(said, words);
  assert.is(new Set(notes).size, notes.length);
});

test('facades that the program draws are resized for networks of larger images than can be drawn', async () => {
  const { train, validation, storedSize } = await openTrainingData(SYNTHETIC, { ...SETTINGS, size: 1024, loadSize: 1144 }, () => {});
  assert.is(storedSize, 512);
  assert.equal([train.length, validation.length], [400, 100]);
});

test.run();
