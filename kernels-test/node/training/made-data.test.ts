// first driver only: runs of programs, whose pairs no driver makes. Pairs that are made of single pictures while a scheme trains.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputText, makeInput, parseInput } from '../../../src/data/inputs/registry.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import type { ShadegradError } from '../../../src/errors.js';
import { encodePng } from '../../../src/node/images/read.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { SYNTHETIC } from '../../../src/node/training/data.js';
import { checkTogether, trainProgram, type TrainFlags } from '../../../src/node/training/flags.js';
import { openMadeData } from '../../../src/node/training/made-data.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { cyclegan, pix2pix } from '../../../src/schemes/index.js';
import type { TrainingScheme } from '../../../src/training/scheme.js';
import { buildLibrary, failedWith, loggedSteps, run, start, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('made-data');
const photos = syntheticFacades({ count: 6, size: 48, seed: 5, split: 'test' });
const plan = { size: 32, loadSize: 36, jitter: true, seed: 7 };

test.before(async () => {
  buildLibrary();
  for (let index = 0; index < 6; index++) {
    const path = join(folder, 'photos', index < 4 ? 'train/day' : 'val', `${index}.png`);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, encodePng((await photos.get(index)).a));
  }
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('half B is the picture at the size of the training, half A its input, the same each time', async () => {
  const make = parseInput('random-mask');
  const notes: string[] = [];
  const { train, validation, storedSize } = await openMadeData(join(folder, 'photos'), { ...plan, make }, (line) => notes.push(line));
  assert.equal([train.length, validation.length, storedSize], [4, 2, 36]);
  assert.match(notes.join(), /A its random-mask:share=0\.5/);
  for (const [set, index, side] of [
    [train, 2, 36],
    [validation, 4, 32],
  ] as const) {
    const pair = await set.get(set === train ? index : 0);
    const b = resizeBicubic((await photos.get(index)).a, side, side);
    assert.equal([pair.a, pair.b], [makeInput(b, make, String(index), 7), b]);
    assert.is(await set.get(set === train ? index : 0), pair, 'kept');
  }
  const again = await openMadeData(join(folder, 'photos'), { ...plan, make }, () => {});
  assert.equal(await again.train.get(2), await train.get(2));
  assert.is(again.fingerprint, (await openMadeData(join(folder, 'photos'), { ...plan, make }, () => {})).fingerprint);
  const one = await openMadeData(join(folder, 'photos', 'train'), { ...plan, make }, (line) => notes.push(line));
  assert.equal([one.train.length, one.validation.length], [3, 1]);
  assert.match(notes.join(), /the last 1 of 4 images are held out/);
  const drawn = await openMadeData(SYNTHETIC, { ...plan, make: parseInput('edges') }, () => {});
  const pair = await drawn.train.get(0);
  assert.equal(pair.a, makeInput(pair.b, parseInput('edges'), '', 7));
});

test('a run on pairs that are made goes from A to B, keeps its input, and goes on to the same bits', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const call = [...TINY, '--data', join(folder, 'photos'), '--make', 'edges:high=0.4', '--steps', '6', '--save-every', '2'];
  succeeded(await run('train-facades', [...call, '--out', whole]));
  const { options } = await readCheckpointInfo(join(whole, 'checkpoint.safetensors'));
  assert.equal([options.make, options.direction], [inputText(parseInput('edges:high=0.4')), 'AtoB']);
  const { child, finished } = start('train-facades', [...call, '--out', killed]);
  const log = join(killed, 'log.jsonl');
  let ended = false;
  void finished.then(() => (ended = true));
  while (!ended && !(existsSync(log) && loggedSteps(log).length >= 3)) await new Promise((wake) => setTimeout(wake, 5));
  child.kill('SIGKILL');
  await finished;
  succeeded(await run('train-facades', ['--resume', '--out', killed]));
  const checkpointOf = (path: string): Buffer => readFileSync(join(path, 'checkpoint.safetensors'));
  assert.ok(checkpointOf(killed).equals(checkpointOf(whole)), 'the checkpoints differ');
  const tested = succeeded(await run('shadegrad', ['test', whole, '--quiet']));
  assert.match(tested, /2 images/);
});

test('training images are measured without those that were held out; of a single one it is said that there is no validation', async () => {
  const out = join(folder, 'held');
  succeeded(
    await run('train-facades', [...TINY, '--data', join(folder, 'photos', 'train'), '--make', 'grey', '--steps', '1', '--out', out]),
  );
  const tested = await run('shadegrad', ['test', out, '--split', 'train']);
  assert.match(succeeded(tested), /3 images:/);
  assert.match(tested.stderr, /3 pairs of 4 pairs in train\/ are measured/);

  const alone = ['--data', join(folder, 'photos', 'alone'), '--make', 'grey', '--steps', '1', '--out', join(folder, 'alone-run')];
  mkdirSync(join(folder, 'photos', 'alone'));
  copyFileSync(join(folder, 'photos', 'train', 'day', '0.png'), join(folder, 'photos', 'alone', '0.png'));
  const printed = succeeded(await run('train-facades', [...TINY, ...alone]));
  assert.match(printed, /a single image and neither val\/ nor test\/: nothing is held out, so there is no validation/);
  assert.match(printed, /on the image that it is trained on: L1/);
  assert.not.match(printed, /mean photo|validation image/);
  failedWith(
    await run('train-facades', [...TINY, ...alone.slice(0, -1), join(folder, 'best'), '--best', 'l1']),
    'BAD_FLAG',
    /--best needs images/,
  );
});

test('pairs are made for schemes that take some, of single pictures', () => {
  for (const [scheme, flags, words] of [
    [cyclegan, ['--make', 'edges'], /CycleGAN takes no pairs/],
    [pix2pix, ['--make', 'edges', '--download'], /one of --download and --make/],
  ] as const) {
    const { values, given } = parseFlags(trainProgram(scheme as unknown as TrainingScheme), flags);
    assert.throws(
      () => checkTogether(values as unknown as TrainFlags, given, scheme as unknown as TrainingScheme),
      (error: ShadegradError) => error.code === 'BAD_FLAG' && words.test(error.message),
    );
  }
  assert.throws(() => parseFlags(trainProgram(pix2pix), ['--make', 'edgy']), /edges, soft-edges, grey/);
  assert.throws(() => parseFlags(trainProgram(pix2pix), ['--make', 'edges:sigma=x']), /from 0 to 20/);
});

test.run();
