import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greyImage } from '../../../src/data/grey.js';
import { joinPair } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { pytorchStateDict } from '../../../src/exchange/pytorch/pytorch-run.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { encodePng, readImage } from '../../../src/node/images/read.js';
import decode from '../../goldens/image_decode.json';
import formats from '../../goldens/image_formats.json';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, TINY } from '../../harness/program.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

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
  for (const { name, file } of decode.cases)
    writeFileSync(join(input, `${name}.${name.startsWith('jpeg') ? 'jpg' : 'png'}`), Buffer.from(file, 'base64'));
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

test('parts of a folder are, together, what one call makes of all of it', async () => {
  const [apart, all] = [join(folder, 'apart'), readdirSync(join(folder, 'all')).sort()];
  const counts: number[] = [];
  for (const shard of ['1/2', '2/2']) {
    succeeded(await translate('--input', input, '--output', apart, '--shard', shard));
    counts.push(readdirSync(apart).length);
  }
  assert.is(counts[0], Math.ceil(all.length / 2));
  assert.equal(readdirSync(apart).sort(), all);
  for (const name of all) assert.ok(bytes('apart', name).equals(bytes('all', name)), name);
  failedWith(await translate('--input', input, '--output', apart, '--shard', '3/2'), 'BAD_FLAG', /--shard/, /from 1 to N/);
  failedWith(await translate('--input', '-', '--output', '-', '--shard', '1/2'), 'BAD_FLAG', /one image from stdin/);
});

test('images are told by their content, and what else lies beside them is counted', async () => {
  const place = join(folder, 'by-content');
  mkdirSync(join(place, 'more'), { recursive: true });
  const fromCases = (name: string) => Buffer.from([...decode.cases, ...formats.cases].find((entry) => entry.name === name)!.file, 'base64');
  const files = {
    'a.jpg': 'png-rgb',
    'B.JPEG': 'jpeg-baseline',
    c: 'webp-lossless',
    'd.bmp': 'bmp-rgb',
    'e.tif': 'tiff-rgb',
    'f.gif': 'gif-animated',
    'g.data': 'png-grey',
  };
  for (const [name, kind] of Object.entries(files)) writeFileSync(join(place, name), fromCases(kind));
  for (const name of ['notes.txt', 'x.xml', 'y.xml', '.hidden']) writeFileSync(join(place, name), 'x');
  const printed = succeeded(await translate('--input', place, '--output', join(folder, 'by-content-out')));
  assert.match(printed, '7 of 7 images translated');
  assert.match(printed, `left out of ${place}: 2 .xml files, 1 .txt file, 1 hidden file, 1 folder`);
});

test('several images and folders after --input are translated, as a shell writes *.png; one that is missing is reported', async () => {
  const [first, second] = ['png-rgb.png', 'png-grey.png'].map((name) => join(input, name));
  const to = join(folder, 'several-out');
  assert.match(succeeded(await translate('--input', first!, second!, first!, '--output', to)), '2 of 2 images translated');
  assert.equal(readdirSync(to).sort(), ['png-grey.png', 'png-rgb.png']);
  const result = await translate('--input', first!, join(folder, 'nowhere.png'), '--output', join(folder, 'several-missing'));
  assert.is(result.status, 1);
  assert.match(result.stderr, 'nowhere.png');
  assert.match(result.stdout, '1 of 2 images translated');
  failedWith(await translate('--input', first!, '--input', second!, '--output', to), 'BAD_FLAG', /--input is given twice/, /--input A B/);
});

test('the seed chooses the dropout; without dropout it does not matter', async () => {
  const file = join(input, 'png-rgb.png');
  const variants: Record<string, string[]> = {
    one: ['--seed', '1'],
    again: ['--seed', '1'],
    two: ['--seed', '2'],
    plain: ['--no-dropout'],
    plainToo: ['--no-dropout', '--seed', '2'],
  };
  for (const [name, parameters] of Object.entries(variants))
    succeeded(await translate('--input', file, '--output', join(folder, name), ...parameters));
  const result = (name: string) => bytes(name, 'png-rgb.png');
  assert.ok(result('one').equals(result('again')));
  assert.not.ok(result('one').equals(result('two')));
  assert.not.ok(result('one').equals(result('plain')));
  assert.ok(result('plain').equals(result('plainToo')));
});

test('--half takes one image of a pair', async () => {
  const pair = await facades.get(0);
  for (const [name, image] of [
    ['pair', joinPair(pair)],
    ['left', pair.a],
    ['right', pair.b],
  ] as const)
    writeFileSync(join(folder, `${name}.png`), encodePng(image));
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
  // One file that has no place does not keep the others from theirs.
  copyFileSync(join(input, 'jpeg-baseline.jpg'), join(own, 'a.jpg'));
  copyFileSync(join(input, 'jpeg-baseline.jpg'), join(own, 'b.jpg'));
  const result = await translate('--input', own, '--output', join(folder, 'same-names'));
  assert.is(result.status, 1);
  assert.match(result.stderr, /error \[BAD_FLAG\]: The results for .*a\.jpg and .*a\.png would have the same name/);
  assert.match(result.stdout, '2 of 3 images translated');
  assert.equal(readdirSync(join(folder, 'same-names')), ['a.png', 'b.png']);
  const within = await translate('--input', own, '--output', own);
  assert.match(within.stdout, '1 of 3 images translated');
  assert.ok(readFileSync(join(own, 'a.png')).equals(before));
  assert.equal(readdirSync(own).sort(), ['a.jpg', 'a.png', 'b.jpg', 'b.png']);
});

test('one result that cannot be written ends one file; a long name is as good as any', async () => {
  const names = [`${'n'.repeat(251)}.png`, 'between.png', 'last.png'];
  const [from, to] = [join(folder, 'long'), join(folder, 'long-out')];
  mkdirSync(from);
  for (const name of names) copyFileSync(join(input, 'png-rgb.png'), join(from, name));
  mkdirSync(join(to, 'between.png'), { recursive: true });
  const result = await translate('--input', from, '--output', to);
  failedWith(result, 'WRITE_FAILED', /between\.png/, /a folder of that name/);
  assert.match(result.stdout, '2 of 3 images translated');
  assert.equal(readdirSync(to).sort(), [names[1]!, names[2]!, names[0]!].sort());
  for (const name of [names[0]!, names[2]!]) assert.ok(statSync(join(to, name)).isFile());
});

test('images run at the size that is asked for, and what that is is said', async () => {
  const wide = join(folder, 'wide');
  mkdirSync(wide);
  const first = await facades.get(0);
  const picture = (width: number, height: number): void =>
    writeFileSync(join(wide, `${width}x${height}.png`), encodePng(resizeBicubic(first.a, width, height)));
  for (const [width, height] of [
    [96, 32],
    [50, 70],
    [10, 9],
  ] as const)
    picture(width, height);
  const sizes = async (name: string): Promise<number[][]> =>
    Promise.all(
      readdirSync(join(folder, name))
        .sort()
        .map(async (file) => {
          const { width, height } = await readImage(join(folder, name, file));
          return [width, height];
        }),
    );
  assert.match(
    succeeded(await translate('--input', wide, '--output', join(folder, 'at-own'))),
    /images are resized to 32 x 32, the size of the network/,
  );
  assert.equal(await sizes('at-own'), [
    [32, 32],
    [32, 32],
    [32, 32],
  ]);
  assert.match(
    succeeded(await translate('--input', wide, '--output', join(folder, 'at-image'), '--size', 'image', '--no-dropout')),
    /images keep their size/,
  );
  assert.equal(await sizes('at-image'), [
    [10, 9],
    [50, 70],
    [96, 32],
  ]);
  failedWith(
    await translate('--input', wide, '--output', join(folder, 'never'), '--size', '32x40'),
    'BAD_FLAG',
    /multiples of 32/,
    /write --size 32x32, or --size image/,
  );
  failedWith(await translate('--input', wide, '--output', join(folder, 'never'), '--size', 'big'), 'BAD_FLAG', /--size image/);
  assert.not.ok(existsSync(join(folder, 'never')));
});

test('grey networks take luminance and give grey pictures; the folder of a run is taken for its checkpoint', async () => {
  const colour = await readImage(join(input, 'png-rgb.png'));
  mkdirSync(join(folder, 'colours'));
  writeFileSync(join(folder, 'colours', 'colour.png'), encodePng(colour));
  writeFileSync(join(folder, 'colours', 'grey.png'), encodePng(greyImage(colour)));
  mkdirSync(join(folder, 'grey'));
  const weightsOfGrey = pytorchStateDict(formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2, inChannels: 1, outChannels: 1 } }));
  writeFileSync(join(folder, 'grey', 'latest_net_G.pth'), await collect(encodePyTorch(weightsOfGrey)));
  const printed = await run('translate', [
    '--weights',
    join(folder, 'grey'),
    '--input',
    join(folder, 'colours'),
    '--output',
    join(folder, 'grey-out'),
    '--no-dropout',
  ]);
  assert.match(succeeded(printed), /grey: taking its latest_net_G\.pth/);
  const { data } = await readImage(join(folder, 'grey-out', 'colour.png'));
  assert.ok(data.every((value, at) => value === data[at - (at % 3)]) && new Set(data).size > 8);
  assert.ok(bytes('grey-out', 'colour.png').equals(bytes('grey-out', 'grey.png')));
  assert.match(
    succeeded(
      await run('translate', [
        '--weights',
        join(folder, 'run'),
        '--input',
        join(input, 'png-rgb.png'),
        '--output',
        join(folder, 'of-folder'),
        '--seed',
        '1',
      ]),
    ),
    /taking its checkpoint\.safetensors/,
  );
  assert.ok(bytes('of-folder', 'png-rgb.png').equals(bytes('one', 'png-rgb.png')));
});

test('padded and in tiles, results have the size of their image; flags of another way are refused', async () => {
  const odd = join(folder, 'odd.png');
  writeFileSync(odd, encodePng(resizeBicubic((await facades.get(0)).a, 70, 45)));
  for (const way of [['pad'], ['tiles'], ['tiles', '--tile', '64x32', '--overlap', '12', '--ensemble', 'mirror']]) {
    const to = join(folder, `fit-${way.length}-${way[0]}`);
    assert.match(succeeded(await translate('--input', odd, '--output', to, '--fit', ...way)), /images keep their size/);
    const { width, height } = await readImage(join(to, 'odd.png'));
    assert.equal([width, height], [70, 45]);
  }
  const wrong = async (words: RegExp, ...flags: string[]) =>
    failedWith(await translate('--input', odd, '--output', join(folder, 'no-fit'), ...flags), 'BAD_FLAG', words);
  await wrong(/--size means nothing with --fit pad/, '--fit', 'pad', '--size', '64');
  await wrong(/write --fit tiles/, '--tile', '64');
  await wrong(/write --tile 32x32/, '--fit', 'tiles', '--tile', '40');
  await wrong(/less than half of a tile/, '--fit', 'tiles', '--overlap', '16');
  assert.not.ok(existsSync(join(folder, 'no-fit')));
});

test('missing flags, files and folders are said to be missing', async () => {
  const output = join(folder, 'none');
  failedWith(await run('translate', ['--input', input, '--output', output]), 'BAD_FLAG', /--weights is missing/);
  failedWith(await translate('--output', output), 'BAD_FLAG', /--input is missing/);
  failedWith(await translate('--input', join(folder, 'nowhere'), '--output', output), 'DATA_NOT_FOUND', /nowhere/);
  mkdirSync(join(folder, 'no-images'));
  failedWith(await translate('--input', join(folder, 'no-images'), '--output', output), 'DATA_EMPTY', /no-images/);
  failedWith(
    await run('translate', ['--weights', join(folder, 'none.safetensors'), '--input', input, '--output', output]),
    'DATA_NOT_FOUND',
    /none\.safetensors/,
  );
  failedWith(
    await run('translate', ['--weights', join(input, 'png-rgb.png'), '--input', input, '--output', output]),
    'WEIGHTS_UNSUPPORTED',
    /png-rgb\.png/,
  );
  failedWith(await translate('--input', input, '--output', join(input, 'png-rgb.png')), 'WRITE_FAILED', /png-rgb\.png/);
  assert.not.ok(existsSync(output));
});

test.run();
