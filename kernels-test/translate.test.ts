import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair } from '../src/data/image.js';
import { syntheticFacades } from '../src/data/synthetic-facades.js';
import { encodePng, readImage } from '../src/node/images.js';
import decode from './goldens/image_decode.json';
import formats from './goldens/image_formats.json';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, TINY } from './harness/program.js';

const folder = temporaryFolder('translate');
const weights = join(folder, 'run', 'checkpoint.safetensors');
const input = join(folder, 'input');
const facades = syntheticFacades({ count: 2, size: 50, seed: 5, split: 'test' });
const translate = (...parameters: string[]) => run('translate', ['--weights', weights, ...parameters]);
const bytes = (...path: string[]): Buffer => readFileSync(join(folder, ...path));

test.before(async () => {
  buildLibrary();
  succeeded(await run('train-facades', [...TINY, '--steps', '2', '--out', join(folder, 'run')]));
  mkdirSync(input);
  // Whatever JPEG and PNG there is: grey, CMYK, palette, alpha, 16 bits, odd sizes.
  for (const { name, file } of decode.cases) writeFileSync(join(input, `${name}.${name.startsWith('jpeg') ? 'jpg' : 'png'}`), Buffer.from(file, 'base64'));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a folder of images of every kind is translated under the same names', async () => {
  const printed = succeeded(await translate('--input', input, '--output', join(folder, 'all')));
  assert.match(printed, `${decode.cases.length} of ${decode.cases.length} images translated`);
  assert.equal(readdirSync(join(folder, 'all')).sort(), decode.cases.map(({ name }) => `${name}.png`).sort());
  const { width, height, data } = await readImage(join(folder, 'all', 'jpeg-cmyk.png'));
  assert.equal([width, height], [32, 32]);
  assert.ok(new Set(data).size > 8, 'a picture, not a single colour');
});

test('images are told by their content, and what else lies beside them is counted', async () => {
  const place = join(folder, 'by-content');
  mkdirSync(join(place, 'more'), { recursive: true });
  const fromCases = (name: string) => Buffer.from([...decode.cases, ...formats.cases].find((entry) => entry.name === name)!.file, 'base64');
  const files = { 'a.jpg': 'png-rgb', 'B.JPEG': 'jpeg-baseline', c: 'webp-lossless', 'd.bmp': 'bmp-rgb', 'e.tif': 'tiff-rgb', 'f.gif': 'gif-animated', 'g.data': 'png-grey' };
  for (const [name, kind] of Object.entries(files)) writeFileSync(join(place, name), fromCases(kind));
  for (const name of ['notes.txt', 'x.xml', 'y.xml', '.hidden']) writeFileSync(join(place, name), 'x');
  const printed = succeeded(await translate('--input', place, '--output', join(folder, 'by-content-out')));
  assert.match(printed, '7 of 7 images translated');
  assert.match(printed, `left out of ${place}: 2 .xml files, 1 .txt file, 1 hidden file, 1 folder`);
});

test('the seed chooses the dropout; without dropout it does not matter', async () => {
  const file = join(input, 'png-rgb.png');
  const variants: Record<string, string[]> = { one: ['--seed', '1'], again: ['--seed', '1'], two: ['--seed', '2'], plain: ['--no-dropout'], plainToo: ['--no-dropout', '--seed', '2'] };
  for (const [name, parameters] of Object.entries(variants)) succeeded(await translate('--input', file, '--output', join(folder, name), ...parameters));
  const result = (name: string) => bytes(name, 'png-rgb.png');
  assert.ok(result('one').equals(result('again')));
  assert.not.ok(result('one').equals(result('two')));
  assert.not.ok(result('one').equals(result('plain')));
  assert.ok(result('plain').equals(result('plainToo')));
});

test('--half takes one image of a pair', async () => {
  const pair = await facades.get(0);
  for (const [name, image] of [['pair', joinPair(pair)], ['left', pair.a], ['right', pair.b]] as const) writeFileSync(join(folder, `${name}.png`), encodePng(image));
  for (const half of ['left', 'right']) {
    succeeded(await translate('--input', join(folder, 'pair.png'), '--half', half, '--output', join(folder, 'of-pair')));
    succeeded(await translate('--input', join(folder, `${half}.png`), '--output', join(folder, 'alone')));
    assert.ok(bytes('of-pair', 'pair.png').equals(bytes('alone', `${half}.png`)), half);
  }
  assert.not.ok(bytes('alone', 'left.png').equals(bytes('alone', 'right.png')));
});

test('bad files are named, the others are translated, and the exit status is 1', async () => {
  const mixed = join(folder, 'mixed');
  mkdirSync(mixed);
  copyFileSync(join(input, 'png-rgb.png'), join(mixed, 'good.png'));
  const jpeg = readFileSync(join(input, 'jpeg-baseline.jpg'));
  writeFileSync(join(mixed, 'cut.jpg'), jpeg.subarray(0, jpeg.length - 60));
  writeFileSync(join(mixed, 'text.png'), 'not a picture');
  writeFileSync(join(mixed, 'empty.png'), '');
  const result = await translate('--input', mixed, '--output', join(folder, 'mixed-out'));
  failedWith(result, 'IMAGE_CORRUPT', /cut\.jpg/, /empty\.png/, /text\.png/);
  assert.match(result.stdout, '1 of 4 images translated');
  assert.equal(readdirSync(join(folder, 'mixed-out')), ['good.png']);
});

test('an input is never written over, nor one result over another', async () => {
  const own = join(folder, 'own');
  mkdirSync(own);
  copyFileSync(join(input, 'png-rgb.png'), join(own, 'a.png'));
  const before = readFileSync(join(own, 'a.png'));
  failedWith(await translate('--input', own, '--output', own), 'BAD_FLAG', /a\.png/, /--output/);
  symlinkSync(own, join(folder, 'linked'));
  failedWith(await translate('--input', own, '--output', join(folder, 'linked')), 'BAD_FLAG', /written over/);
  assert.ok(readFileSync(join(own, 'a.png')).equals(before));
  copyFileSync(join(input, 'jpeg-baseline.jpg'), join(own, 'a.jpg'));
  failedWith(await translate('--input', own, '--output', join(folder, 'same-names')), 'BAD_FLAG', /same name/);
  assert.not.ok(existsSync(join(folder, 'same-names')));
});

test('missing flags, files and folders are said to be missing', async () => {
  const output = join(folder, 'none');
  failedWith(await run('translate', ['--input', input, '--output', output]), 'BAD_FLAG', /--weights is missing/);
  failedWith(await translate('--output', output), 'BAD_FLAG', /--input is missing/);
  failedWith(await translate('--input', join(folder, 'nowhere'), '--output', output), 'DATA_NOT_FOUND', /nowhere/);
  mkdirSync(join(folder, 'no-images'));
  failedWith(await translate('--input', join(folder, 'no-images'), '--output', output), 'DATA_EMPTY', /no-images/);
  failedWith(await run('translate', ['--weights', join(folder, 'none.safetensors'), '--input', input, '--output', output]), 'DATA_NOT_FOUND', /none\.safetensors/);
  failedWith(await run('translate', ['--weights', join(input, 'png-rgb.png'), '--input', input, '--output', output]), 'WEIGHTS_UNSUPPORTED', /png-rgb\.png/);
  failedWith(await translate('--input', input, '--output', join(input, 'png-rgb.png')), 'WRITE_FAILED', /png-rgb\.png/);
  assert.not.ok(existsSync(output));
});

test.run();
