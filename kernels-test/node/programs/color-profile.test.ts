// first driver only: it runs programs. not in browsers: likewise. Colour profiles of images that are trained on, translated and prepared.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair } from '../../../src/data/image.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { profileOf, withProfile } from '../../../src/node/images/profile.js';
import { openPairedFolder } from '../../../src/node/images/dataset.js';
import { encodePng, readImage } from '../../../src/node/images/read.js';
import { prepareData } from '../../../src/node/programs/prepare/prepare.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('profiles');
const data = join(folder, 'data');
const facades = syntheticFacades({ count: 3, size: 32, seed: 5, split: 'test' });
const p3 = (await profileOf(
  await sharp(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } })
    .withIccProfile('p3')
    .png()
    .toBuffer(),
))!;

test.before(async () => {
  buildLibrary();
  mkdirSync(join(data, 'train'), { recursive: true });
  for (const index of [0, 1, 2]) {
    const png = encodePng(joinPair(await facades.get(index)));
    writeFileSync(join(data, 'train', `${index}.png`), withProfile(png, 'png', index === 2 ? undefined : p3));
  }
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a training ignores profiles with a remark, or brings colours to sRGB; translate does as the training did', async () => {
  const train = (out: string, ...words: string[]) =>
    run('train-facades', [...TINY, '--data', data, '--steps', '1', '--out', join(folder, out), ...words]);
  const ignored = succeeded(await train('ignored'));
  assert.is(ignored.split('which is ignored').length, 2, 'told once');
  assert.match(ignored, /0\.png has the colour profile sP3C/);
  assert.not.match(succeeded(await train('converted', '--color-profile', 'convert')), 'which is ignored');
  const losses = (out: string): string =>
    readFileSync(join(folder, out, 'log.jsonl'), 'utf8').replaceAll(/"(?:time|seconds|at)[^,}]*/g, '');
  assert.is.not(losses('converted'), losses('ignored'));
  failedWith(await train('converted', '--resume', '--color-profile', 'ignore'), 'CHECKPOINT_MISMATCH', /--color-profile convert/);

  const picture = join(folder, 'photo.png');
  writeFileSync(picture, withProfile(encodePng((await facades.get(0)).b), 'png', p3));
  const translate = async (run_: string, out: string, ...words: string[]) => {
    const output = join(folder, out);
    succeeded(await run('translate', ['--weights', join(folder, run_), '--input', picture, '--output', output, ...words]));
    return readFileSync(join(output, 'photo.png'));
  };
  const kept = await translate('ignored', 'kept', '--format', 'png16');
  assert.ok(Buffer.from((await profileOf(kept))!).equals(Buffer.from(p3)));
  assert.is((await sharp(kept).metadata()).depth, 'ushort');
  assert.is(await profileOf(await translate('converted', 'by-run')), undefined);
  assert.is(await profileOf(await translate('ignored', 'by-flag', '--color-profile', 'convert')), undefined);
});

test('two data sets of one process are read in two ways, whichever is read first', async () => {
  const notes: string[] = [];
  const told = (line: string): void => void notes.push(line);
  const [stored, converted] = await Promise.all([
    openPairedFolder(data, 'train', { onIgnoredProfile: told }),
    openPairedFolder(data, 'train', { colorProfile: 'convert', onIgnoredProfile: told }),
  ]);
  const [first, second] = await Promise.all([stored.get(0), converted.get(0)]);
  assert.equal(first.b, (await facades.get(0)).b);
  assert.not.equal(second.b, first.b);
  assert.is(notes.length, 1);
  assert.match(notes[0]!, '0.png has the colour profile sP3C');
  const wrong = { colorProfile: 'srgb' } as unknown as { colorProfile: 'convert' };
  await failure('INVALID_ARGUMENT', () => openPairedFolder(data, 'train', wrong), "'ignore' or 'convert'", 'srgb');
});

test('prepare brings pictures to sRGB, and check names those that are not', async () => {
  const resize = (out: string, ...words: string[]) =>
    prepareData(['resize', join(data, 'train'), join(folder, out), '--size', '64x32', '--quiet', ...words]);
  assert.is(await resize('as-they-are'), 0);
  assert.is(await resize('srgb', '--color-profile', 'convert'), 0);
  const [stored, converted] = [await readImage(join(folder, 'as-they-are', '0.png')), await readImage(join(folder, 'srgb', '0.png'))];
  assert.equal(stored, joinPair(await facades.get(0)));
  assert.not.equal(converted, stored);
  assert.equal(await readImage(join(folder, 'srgb', '2.png')), joinPair(await facades.get(2)), 'one without a profile');
  const found = await run('shadegrad', ['prepare', 'check', data]);
  assert.match(succeeded(found), /2 pictures with a colour profile that is not of sRGB \(sP3C\).*--color-profile convert/);
});

test.run();
