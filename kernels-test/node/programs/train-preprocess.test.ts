// first driver only: it runs programs. not in browsers: likewise. --preprocess through the command line.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PNG } from 'pngjs';
import { joinPair } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { encodePng } from '../../../src/node/images/read.js';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, withFlags } from '../../harness/program.js';

const folder = temporaryFolder('preprocess');
const TINY = ['--no-tune', '--size', '32', '--ngf', '2', '--ndf', '2', '--validate', '1'];
const facades = syntheticFacades({ count: 4, size: 64, seed: 5, split: 'test' });

/** Writes pairs of some sizes, the last of them to validate on. */
async function pairsOf(name: string, sizes: readonly (readonly [width: number, height: number])[]): Promise<string> {
  const data = join(folder, name);
  for (const split of ['train', 'val']) mkdirSync(join(data, split), { recursive: true });
  for (const [index, [width, height]] of sizes.entries()) {
    const pair = await facades.get(index);
    const [a, b] = [resizeBicubic(pair.a, width, height), resizeBicubic(pair.b, width, height)];
    const split = index === sizes.length - 1 ? 'val' : 'train';
    await writeFile(join(data, split, `${index}.png`), encodePng(joinPair({ name: '', a, b })));
  }
  return data;
}

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const shadegrad = (...flags: string[]) => run('shadegrad', flags);
const bytesOf = (out: string): Buffer => readFileSync(join(out, 'checkpoint.safetensors')).subarray(-4096);
const sidesOf = (path: string): [number, number] => {
  const { width, height } = PNG.sync.read(readFileSync(path));
  return [width, height];
};

test('crop takes parts of images of any size, goes on to the bit, is tested in the middle and translates at their own size', async () => {
  const data = await pairsOf('several', [
    [50, 40],
    [36, 64],
    [44, 38],
  ]);
  const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
  // A rate that does not depend on the length of the run, which --resume changes.
  const flags = ['train', ...TINY, '--data', data, '--preprocess', 'crop', '--lr-policy', 'step'];
  succeeded(await shadegrad(...flags, '--steps', '4', '--out', whole));
  succeeded(await shadegrad(...flags, '--steps', '3', '--out', parts));
  succeeded(await shadegrad('train', '--resume', '--steps', '4', '--out', parts));
  assert.ok(bytesOf(parts).equals(bytesOf(whole)));
  succeeded(await shadegrad('test', whole));
  assert.equal(sidesOf(join(whole, 'test', 'images', '0001-1-input.png')), [32, 32]);
  const made = join(folder, 'made');
  succeeded(await shadegrad('translate', '--weights', whole, '--input', join(data, 'val'), '--half', 'right', '--output', made));
  assert.equal(sidesOf(join(made, '2.png')), [44, 38]);
});

test('the other ways of the reference, and what does not come to one size', async () => {
  const several = join(folder, 'several');
  const [wide, out] = [
    await pairsOf('wide', [
      [64, 32],
      [64, 32],
      [64, 32],
    ]),
    join(folder, 'out'),
  ];
  const train = (data: string, name: string, ...flags: string[]) =>
    shadegrad('train', ...TINY, '--data', data, '--steps', '1', '--out', `${out}-${name}`, ...flags);
  succeeded(await train(several, 'scaled', '--preprocess', 'scale_width_and_crop', '--load_size', '40'));
  succeeded(await train(wide, 'none', '--preprocess', 'none', '--width', '64'));
  succeeded(await train(wide, 'width', '--preprocess', 'scale_width', '--width', '64', '--scheme', 'cyclegan', '--blocks', '1'));
  failedWith(await train(several, 'a', '--preprocess', 'none'), 'IMAGE_SIZE', /0\.png/, /32 x 32 pixels/, /preprocess crop/);
  failedWith(
    await shadegrad(
      'train',
      ...withFlags(TINY, '--size', '64'),
      '--data',
      several,
      '--steps',
      '1',
      '--out',
      `${out}-b`,
      '--preprocess',
      'crop',
    ),
    'IMAGE_SIZE',
    /at least 64 x 64/,
    /scale_width_and_crop/,
  );
  failedWith(await train(several, 'c', '--preprocess', 'crop', '--load-size', '40'), 'BAD_FLAG', /--load-size/, /nothing is resized/);
  failedWith(await train(wide, 'd', '--preprocess', 'scale_width', '--load-size', '40'), 'BAD_FLAG', /--load-size/, /scale_width_and_crop/);
  failedWith(await train(wide, 'e', '--preprocess', 'fill'), 'BAD_FLAG', /scale_width_and_crop/);
});

test.run();
