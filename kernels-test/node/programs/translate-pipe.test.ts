// first driver only: it runs programs, and what they do depends on no adapter. not in browsers: likewise. Formats and pipes of translate.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mirror, type RgbImage } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { pytorchStateDict } from '../../../src/exchange/pytorch/pytorch-run.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { imageFormat } from '../../../src/formats/image-format.js';
import { decodeImage, encodePng, readImage } from '../../../src/node/images/read.js';
import { buildLibrary, failedWith, pipe, run, succeeded, temporaryFolder } from '../../harness/program.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

const folder = temporaryFolder('translate-pipe');
const weights = join(folder, 'net_G.pth');
const input = join(folder, 'a.png');
const common = ['--weights', weights, '--no-dropout'];
let picture: RgbImage;
/** The result as a PNG in a folder. */
let expected: Buffer;

const meanDifference = (a: RgbImage, b: RgbImage): number => {
  assert.is(a.data.length, b.data.length);
  return a.data.reduce((sum, value, at) => sum + Math.abs(value - b.data[at]!), 0) / a.data.length;
};

test.before(async () => {
  buildLibrary();
  picture = (await syntheticFacades({ count: 1, size: 32, seed: 5, split: 'test' }).get(0)).a;
  writeFileSync(weights, await collect(encodePyTorch(pytorchStateDict(formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2 } })))));
  writeFileSync(input, encodePng(picture));
  succeeded(await run('shadegrad', ['translate', ...common, '--input', input, '--output', join(folder, 'png')]));
  expected = readFileSync(join(folder, 'png', 'a.png'));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test('results are written in the format that is asked for, smaller with less quality', async () => {
  const whole = await decodeImage(expected);
  const sizes = new Map<string, number>();
  for (const [name, format, ending, ...flags] of [
    ['jpeg', 'JPEG', 'jpg'],
    ['jpeg', 'JPEG', 'jpg', '--quality', '20'],
    ['webp', 'WebP', 'webp'],
  ] as const) {
    const to = join(folder, [name, ...flags].join(''));
    succeeded(await run('shadegrad', ['translate', ...common, '--input', input, '--output', to, '--format', name, ...flags]));
    assert.equal(readdirSync(to), [`a.${ending}`]);
    const bytes = readFileSync(join(to, `a.${ending}`));
    assert.is(imageFormat(bytes), format);
    sizes.set([name, ...flags].join(' '), bytes.length);
    const lost = meanDifference(await decodeImage(bytes), whole);
    assert.ok(lost > 0 && lost < 40, `${name} loses ${lost}`);
  }
  assert.ok(sizes.get('jpeg --quality 20')! < sizes.get('jpeg')!);
  const refused = await run('shadegrad', ['translate', ...common, '--input', input, '--output', join(folder, 'never'), '--quality', '50']);
  failedWith(refused, 'BAD_FLAG', /--quality means nothing with --format png/, /--format jpeg/);
  assert.not.ok(existsSync(join(folder, 'never')));
});

test('a pattern in quotes names images at any depth, whose results lie in folders as they do', async () => {
  const photos = join(folder, 'photos');
  for (const name of ['one/a.png', 'two/deep/a.png', 'two/a.txt']) {
    mkdirSync(dirname(join(photos, name)), { recursive: true });
    writeFileSync(join(photos, name), name.endsWith('png') ? encodePng(picture) : 'words');
  }
  const to = join(folder, 'matched');
  succeeded(await run('shadegrad', ['translate', ...common, '--input', join(photos, '**', '*'), '--output', to]));
  assert.ok(readFileSync(join(to, 'one', 'a.png')).equals(expected));
  assert.ok(existsSync(join(to, 'two', 'deep', 'a.png')));
  assert.equal(readdirSync(join(to, 'two')), ['deep']);
  const none = await run('shadegrad', ['translate', ...common, '--input', join(photos, '*.webp'), '--output', to]);
  failedWith(none, 'DATA_NOT_FOUND', /No image matches/, /nothing of that name/);
});

test('an image from stdin to stdout, with nothing else there, is that of files', async () => {
  const through = await pipe('shadegrad', ['translate', ...common, '--input', '-', '--output', '-'], [readFileSync(input)]);
  succeeded(through);
  assert.ok(through.bytes.equals(expected));
  assert.match(through.stderr, /1 of 1 images translated into stdout/);
  const to = join(folder, 'from-stdin');
  succeeded(await pipe('shadegrad', ['translate', ...common, '--input', '-', '--output', to], [readFileSync(input)]));
  assert.ok(readFileSync(join(to, 'stdin.png')).equals(expected));
  const damaged = await pipe('shadegrad', ['translate', ...common, '--input', '-', '--output', '-'], [readFileSync(input).subarray(0, 90)]);
  failedWith(damaged, 'IMAGE_CORRUPT', /stdin/);
  assert.is(damaged.bytes.length, 0);
});

test('more than one image or result for a standard stream is refused before anything is read', async () => {
  const refused = async (words: RegExp, ...flags: string[]) =>
    failedWith(await run('shadegrad', ['translate', ...common, ...flags]), 'BAD_FLAG', words);
  await refused(/--input - is one image/, '--input', '-', input, '--output', join(folder, 'never'));
  await refused(/--output - is one result/, '--input', input, '--output', '-', '--samples', '2');
  mkdirSync(join(folder, 'two'));
  for (const name of ['a.png', 'b.png']) writeFileSync(join(folder, 'two', name), readFileSync(input));
  await refused(/one image with it(.|\n)*2 images/, '--input', join(folder, 'two'), '--output', '-');
  assert.not.ok(existsSync(join(folder, 'never')));
});

test('frames go from stdin to stdout, smoothed if asked for; a last one that is cut short is an error', async () => {
  const film = ['translate', ...common, '--input', '-', '--output', '-', '--frames'];
  const [first, second] = [resizeBicubic(picture, 16, 32), resizeBicubic(mirror(picture), 16, 32)];
  const frames = Buffer.concat([first.data, second.data, second.data]);
  const to = join(folder, 'of-files');
  mkdirSync(join(folder, 'film'));
  for (const [name, image] of Object.entries({ first, second })) writeFileSync(join(folder, 'film', `${name}.png`), encodePng(image));
  succeeded(await run('shadegrad', ['translate', ...common, '--input', join(folder, 'film'), '--output', to]));
  const [one, two] = [(await readImage(join(to, 'first.png'))).data, (await readImage(join(to, 'second.png'))).data];

  const plain = await pipe('shadegrad', [...film, '16x32'], [frames.subarray(0, 1000), frames.subarray(1000)]);
  succeeded(plain);
  assert.ok(plain.bytes.equals(Buffer.concat([one, two, two])), 'each frame is that of a file');
  assert.match(plain.stderr, /frames of 16 x 32 become 16 x 16/);
  assert.match(plain.stderr, /translated 3 frames/);

  const smoothed = await pipe('shadegrad', [...film, '16x32', '--smooth', '0.5'], [frames]);
  succeeded(smoothed);
  const mix = (share: number) => one.map((value, at) => Math.round(share * value + (1 - share) * two[at]!));
  assert.ok(smoothed.bytes.equals(Buffer.concat([one, mix(0.5), mix(0.25)])));

  const cut = await pipe('shadegrad', [...film, '16x32'], [frames.subarray(0, 16 * 32 * 3 + 7)]);
  failedWith(cut, 'IMAGE_SIZE', /within frame 2/, /7 bytes after 1 frame/);
  assert.is(cut.bytes.length, 16 * 16 * 3);
  failedWith(await pipe('shadegrad', [...film, '16x32'], []), 'DATA_EMPTY', /no frames/);
});

test('frames without an end are read no further than their results are, and a reader that goes away ends it quietly', async () => {
  let sent = 0;
  function* film(): Generator<Uint8Array> {
    for (; ; sent++) yield picture.data;
  }
  const flags = ['translate', ...common, '--input', '-', '--output', '-', '--frames', `${picture.width}x${picture.height}`];
  const { status, stderr } = await pipe('shadegrad', flags, film(), 16 * 16 * 3 * 4);
  assert.is(status, 0, stderr);
  assert.not.match(stderr, /error/i);
  assert.ok(sent < 100_000);
});

test('flags that mean nothing with frames, or without, are refused', async () => {
  const refused = async (words: RegExp, ...flags: string[]) =>
    failedWith(await run('shadegrad', ['translate', ...common, ...flags]), 'BAD_FLAG', words);
  const piped = ['--input', '-', '--output', '-'];
  await refused(/--input - --output -/, '--input', input, '--output', '-', '--frames', '16x16');
  await refused(/--format means nothing/, ...piped, '--frames', '16x16', '--format', 'webp');
  await refused(/--smooth is for --frames/, ...piped, '--smooth', '0.5');
  await refused(/--frames 640x360/, ...piped, '--frames', '16x0');
});

test.run();
