// first driver only: it runs programs. shadegrad evaluate: of a run, and of two folders.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greyImage } from '../../../src/data/grey.js';
import { joinPair, type RgbImage } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import type { ErrorCode } from '../../../src/errors.js';
import { encodePng } from '../../../src/node/images/read.js';
import { evaluateProgram } from '../../../src/node/programs/evaluate/evaluate.js';
import { RandomStream } from '../../../src/random.js';
import { compareImages, imageL1 } from '../../../src/training/metrics.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, run, succeeded, temporaryFolder, TINY, type Finished } from '../../harness/program.js';

const folder = temporaryFolder('evaluate');
const out = join(folder, 'run');

interface Numbers {
  readonly counts: { made: number; real: number };
  readonly values: Record<string, { value: number; median: number; interval: [number, number] }>;
  readonly 'mean photo'?: Record<string, number>;
  readonly pictures: readonly { name: string; values: Record<string, number> }[];
}

interface Step {
  readonly step: number;
}

/** What an evaluation in this process leaves in a folder. */
async function evaluated(output: string, ...words: string[]): Promise<Numbers> {
  assert.is(await evaluateProgram([...words, '--output', output, '--quiet']), 0);
  return JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8')) as Numbers;
}

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = (...words: string[]): Promise<Finished> => run('shadegrad', ['evaluate', ...words]);

function picture(number: number, width = 24, height = 20): RgbImage {
  const random = new RandomStream(number, 1);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255)) };
}

/** A folder of pictures. */
function pictures(name: string, files: Readonly<Record<string, RgbImage>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, image] of Object.entries(files)) writeFileSync(join(path, file), encodePng(image));
  return path;
}

test('a run is evaluated on its validation images: as shadegrad test measures it, with the mean photo of its training', async () => {
  succeeded(await run('train-facades', [...TINY, '--steps', '1', '--out', out]));
  const before = readdirSync(out);
  const { stdout, stderr, status } = await evaluate(out, '--count', '2', '--json', '--quiet');
  assert.is(status, 0, stderr);
  const numbers = JSON.parse(stdout) as Numbers;
  const tested = JSON.parse((await run('shadegrad', ['test', out, '--count', '2', '--json', '--quiet'])).stdout) as {
    metrics: Record<string, number>;
  };
  for (const [name, value] of Object.entries(tested.metrics)) assert.is(numbers.values[name]!.value, value, name);
  assert.equal(numbers.counts, { made: 2, real: 2 });
  assert.ok(numbers['mean photo']!.l1! > 0);
  assert.equal(readdirSync(out).sort(), [...before, 'evaluation', 'test'].sort());
  assert.is(readFileSync(join(out, 'evaluation', 'evaluation.json'), 'utf8'), stdout);
});

test('two folders of any program, with a table for people and one of every picture', async () => {
  const made = pictures('made', { 'a.png': picture(1), 'b.png': picture(2) });
  const real = pictures('real', { 'a.png': picture(3), 'b.png': picture(4), 'c.png': picture(5) });
  const csv = join(folder, 'each.csv');
  const before = [readdirSync(made), readdirSync(real)];
  const { stdout, stderr, status } = await evaluate('--made', made, '--real', real, '--csv', csv, '--metrics', 'psnr,l1');
  assert.is(status, 0, stderr);
  assert.match(stdout, /^2 pictures against 2 real ones\n.*median.*\nL1 .*lower is better\nPSNR \(dB\) .*higher is better\n$/);
  assert.match(stderr, /1 of 3 pictures of .*real have no made one of their name/);
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\r\n');
  assert.is(rows[0], 'name,l1,psnr');
  for (const [at, name] of ['a', 'b'].entries()) {
    const { l1, psnr } = compareImages(picture(1 + at), picture(3 + at));
    assert.is(rows[at + 1], `${name},${l1},${psnr}`);
  }
  assert.equal([readdirSync(made), readdirSync(real)], before, 'nothing is written beside the pictures');
});

test('what does not go, and leaves nothing behind', async () => {
  const made = pictures('odd/made', { 'a.png': picture(1), 'b.png': picture(2) });
  const other = pictures('odd/other', { 'x.png': picture(1), 'b.png': picture(2) });
  const wide = pictures('odd/wide', { 'a.png': picture(1, 48, 20), 'b.png': picture(2, 48, 20) });
  const large = pictures('odd/large', { 'x.png': picture(1, 30, 30) });
  const grey = pictures('odd/grey', { 'x.png': greyImage(picture(1)) });
  const none = pictures('odd/none', {});
  const output = join(folder, 'odd', 'results');
  const csv = join(output, 'x.csv');
  const cases: [code: ErrorCode, words: readonly RegExp[], flags: readonly string[]][] = [
    ['BAD_FLAG', [/nothing to evaluate/], []],
    ['BAD_FLAG', [/--real is missing/], ['--made', made]],
    ['BAD_FLAG', [/A run and folders/], [out, '--made', made, '--real', other]],
    ['BAD_FLAG', [/no metric "sim"/, /did you mean ssim/], ['--made', made, '--real', other, '--metrics', 'l1,sim']],
    ['BAD_FLAG', [/--split is for runs/], ['--made', made, '--real', other, '--split', 'val']],
    ['BAD_FLAG', [/--half is for folders/], [out, '--half', 'left']],
    ['DATA_NOT_FOUND', [/no folder .*absent/], ['--made', made, '--real', join(folder, 'absent')]],
    ['DATA_EMPTY', [/no images in .*none/], ['--made', none, '--real', made]],
    ['DATA_UNREADABLE', [/1 picture \(a\.png\) without one/], ['--made', made, '--real', other]],
    ['SHAPE_MISMATCH', [/made\/a\.png and .*wide\/a\.png/, /48 x 20/, /--half left/], ['--made', made, '--real', wide]],
    ['SHAPE_MISMATCH', [/x\.png and/, /--resize made/], ['--made', large, '--real', other]],
    ['SHAPE_MISMATCH', [/made pictures are grey/, /--grey/], ['--made', grey, '--real', other]],
    ['DATA_EMPTY', [/names that end in _fake/], ['--made', made, '--real', other, '--made-suffix', '_fake']],
    ['DATA_UNREADABLE', [/no picture a-1 in/, /translate --samples/], ['--made', made, '--real', made, '--samples', '2']],
  ];
  // In this process: a program takes longer to start than to refuse.
  for (const [code, words, flags] of cases) {
    await failure(code, () => evaluateProgram([...flags, '--output', output, '--csv', csv]), ...words);
  }
  assert.not.ok(existsSync(output));
  const own = join(folder, 'own');
  mkdirSync(own);
  writeFileSync(join(own, 'index.html'), 'mine');
  const measured = ['--made', made, '--real', made];
  await failure('BAD_FLAG', () => evaluateProgram([...measured, '--output', own]), /a page of somebody else/, /own\/index\.html/);
  assert.is(readFileSync(join(own, 'index.html'), 'utf8'), 'mine');
  await failure('BAD_FLAG', () => evaluateProgram([...measured, '--output', join(own, 'index.html')]), /--output names a file/);
  await failure('BAD_FLAG', () => evaluateProgram([...measured, '--csv', own]), /--csv names a folder/);
});

test('folders as programs leave them: suffixes, pairs side by side, other sizes, several pictures of one input', async () => {
  const numbers = async (...flags: string[]): Promise<Numbers> => {
    const output = join(folder, 'as-left');
    await evaluateProgram([...flags, '--output', output, '--quiet', '--metrics', 'l1']);
    return JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8')) as Numbers;
  };
  const l1 = (numbers: Numbers): number[] => numbers.pictures.map(({ values }) => values.l1!);
  const [a, b, c, d] = [1, 2, 3, 4].map((number) => picture(number)) as [RgbImage, RgbImage, RgbImage, RgbImage];
  const wanted = [imageL1(a, c), imageL1(b, d)];
  const one = pictures('left/one', { 'x_fake_B.png': a, 'y_fake_B.png': b, 'x_real_B.png': c, 'y_real_B.png': d, 'x_real_A.png': a });
  assert.equal(l1(await numbers('--made', one, '--real', one, '--made-suffix', '_fake_B', '--real-suffix', '_real_B')), wanted);
  const made = pictures('left/made', { 'x.png': a, 'y.png': b });
  const pairs = pictures('left/pairs', { 'x.png': joinPair({ name: '', a: b, b: c }), 'y.png': joinPair({ name: '', a, b: d }) });
  assert.equal(l1(await numbers('--made', made, '--real', pairs, '--half', 'right')), wanted);
  const large = pictures('left/large', { 'x.png': picture(3, 48, 40), 'y.png': picture(4, 30, 30) });
  const sides = await numbers('--made', made, '--real', large, '--resize', 'real');
  assert.is(l1(sides)[0], imageL1(a, resizeBicubic(picture(3, 48, 40), 24, 20)));
  assert.is(l1(await numbers('--made', large, '--real', made, '--resize', 'made'))[0], l1(sides)[0]);
  assert.is(l1(await numbers('--made', made, '--real', pairs, '--half', 'right', '--grey'))[0], imageL1(greyImage(a), greyImage(c)));
  const several = pictures('left/several', { 'x-1.png': a, 'x-2.png': b, 'y-1.png': c, 'y-2.png': d });
  const output = join(folder, 'left', 'results');
  await evaluateProgram(['--made', several, '--real', made, '--samples', '2', '--output', output, '--quiet']);
  const { pictures: each } = JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8')) as Numbers;
  assert.equal(
    each.map(({ name, values }) => [name, values.l1, values.diversity]),
    [
      ['x', 0, imageL1(a, b)],
      ['y', imageL1(c, b), imageL1(c, d)],
    ],
  );
});

test('photos are read again by a segmenter: a run, its weights alone, and an ONNX model of it', async () => {
  const segmenter = join(folder, 'segmenter');
  const small = '--scheme segmentation --no-tune --size 32 --base-channels 2 --levels 2 --validate 2 --steps 2'.split(' ');
  succeeded(await run('shadegrad', ['train', ...small, '--out', segmenter]));
  const scores = async (...words: string[]): Promise<Record<string, number>> => {
    const { stdout, stderr, status } = await evaluate(out, '--count', '2', '--metrics', 'fcn', '--json', '--quiet', ...words);
    assert.is(status, 0, stderr);
    const { values } = JSON.parse(stdout) as Numbers;
    return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
  };
  const expected = await scores('--segmenter', segmenter);
  assert.equal(Object.keys(expected).length, 6);
  const page = readFileSync(join(out, 'evaluation', 'index.html'), 'utf8');
  assert.ok(/segmenter: segmenter for 32 x 32/.test(page), 'the page names what the score is by');
  for (const value of Object.values(expected)) assert.ok(value >= 0 && value <= 1, String(value));
  const alone = join(folder, 'segmenter.safetensors');
  succeeded(await run('shadegrad', ['convert', segmenter, alone]));
  const asked = ['--count', '2', '--metrics', 'fcn', '--quiet', '--segmenter'];
  assert.equal(await scores('--segmenter', alone), expected);
  const onnx = join(folder, 'segmenter.onnx');
  succeeded(await run('shadegrad', ['convert', segmenter, onnx, '--no-check']));
  const others = await scores('--segmenter', onnx, '--segmenter-palette', 'facades');
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs(others[name]! - value) < 0.01, `${name}: ${others[name]}, not ${value}`);
  const wrong = [segmenter, '--segmenter-palette', 'cityscapes'];
  await failure('INVALID_ARGUMENT', () => evaluateProgram([out, ...asked, ...wrong]), 'facades, which it was trained with');
});

test('sets of pictures that do not belong together, of two lengths and any sizes', async () => {
  const made = pictures('sets/made', { 'a.png': picture(1), 'b.png': picture(2, 10, 30), 'c.png': picture(3) });
  const real = pictures('sets/real', { 'x.png': picture(4, 12, 12), 'y.png': picture(5) });
  const output = join(folder, 'sets', 'results');
  await evaluateProgram(['--made', made, '--real', real, '--unpaired', '--output', output, '--quiet', '--json']);
  const { counts, values } = JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8')) as Numbers;
  assert.equal(counts, { made: 3, real: 2 });
  assert.ok(values['lab-l']!.value > 0 && !('l1' in values));
  await failure('BAD_FLAG', () => evaluateProgram(['--made', made, '--real', real, '--unpaired', '--samples', '2']), /leave out --samples/);
});

test('weights alone, on a folder of pairs: as their run is measured on it', async () => {
  const data = join(folder, 'pairs');
  for (const split of ['train', 'val']) {
    // Of the size of the networks, so that nothing is resized.
    const pair = (number: number) => joinPair({ name: '', a: picture(number, 32, 32), b: picture(number + 50, 32, 32) });
    pictures(`pairs/${split}`, { '1.png': pair(1), '2.png': pair(2), '3.png': pair(3) });
  }
  const trained = join(folder, 'of-pairs');
  succeeded(await run('train-facades', [...TINY, '--ema', '0.5', '--steps', '2', '--data', data, '--direction', 'BtoA', '--out', trained]));
  const latest = join(trained, 'checkpoint.safetensors');
  const weights = join(folder, 'weights.safetensors');
  const best = join(trained, 'best.safetensors');
  for (const copy of [weights, best]) copyFileSync(latest, copy);
  const numbers = (...words: string[]): Promise<Numbers> =>
    evaluated(join(folder, 'of-weights'), ...words, '--metrics', 'l1', 'l2', 'ssim');
  const ofRun = await numbers(trained);
  // A checkpoint says what it translates into what.
  const ofWeights = await numbers('--weights', weights, '--data', data);
  // Dropout draws other masks than those of the run.
  for (const name of ['l1', 'l2', 'ssim']) assert.ok(Math.abs(ofWeights.values[name]!.value - ofRun.values[name]!.value) < 0.01, name);
  assert.equal(ofWeights['mean photo'], ofRun['mean photo']);
  assert.not.equal((await numbers(weights, '--data', data, '--direction', 'AtoB')).values, ofWeights.values);
  // The averages are what is measured, unless they are not wanted.
  assert.not.equal((await numbers(weights, '--data', data, '--no-averages')).values, ofWeights.values);
  // At an address, whose file is fetched into the cache.
  const server = createServer((_, response) => void response.end(readFileSync(weights)));
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/facades.safetensors`;
  const cache = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  const fetched = await numbers('--weights', address, '--data', data).finally(() => {
    server.close();
    if (cache === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cache;
  });
  assert.equal([fetched.values, (fetched as Numbers & { weights: string }).weights], [ofWeights.values, address]);
  await failure('BAD_FLAG', () => evaluateProgram([weights]), /--data/, /no run/);
  await failure('BAD_FLAG', () => evaluateProgram([trained, '--network', 'generatorA']), '--network is for weights alone');

  // Another checkpoint in the folder of a run is one of that run, and its results do not replace those of the latest.
  await evaluateProgram([best, '--quiet', '--metrics', 'l1', 'l2', 'ssim']);
  const { step: _, ...ofBest } = JSON.parse(readFileSync(join(trained, 'evaluation-best', 'evaluation.json'), 'utf8')) as Numbers & Step;
  const { step: __, ...ofLatest } = ofRun as Numbers & Step;
  assert.equal(ofBest, ofLatest);
  assert.not.ok(existsSync(join(trained, 'evaluation')));
  // A split of the run's folder, and another folder, have the mean of their own training images beside them.
  for (const words of [
    ['--split', 'val'],
    ['--data', data],
    ['--data', data, '--split', 'val'],
  ]) {
    const { values, 'mean photo': mean } = await numbers(trained, ...words);
    assert.equal([values, mean], [ofRun.values, ofRun['mean photo']], words.join(' '));
  }
  rmSync(join(data, 'train'), { recursive: true });
  assert.is((await numbers(trained, '--data', data))['mean photo'], undefined);
});

test('pictures of one input that happen to be the same have no diversity; networks that draw nothing are refused', async () => {
  const flat = join(folder, 'flat');
  succeeded(await run('train-facades', [...TINY, '--steps', '1', '--init-gain', '0.000001', '--lr', '1e-8', '--out', flat]));
  const { values } = await evaluated(join(folder, 'flat-results'), flat, '--samples', '2', '--metrics', 'diversity');
  assert.equal([values.diversity!.value, values['diversity-deviation']!.value], [0, 0]);
  const sure = join(folder, 'sure');
  succeeded(await run('train-facades', [...TINY.filter((word) => word !== '--dropout'), '--steps', '1', '--out', sure]));
  await failure('BAD_FLAG', () => evaluateProgram([sure, '--samples', '2', '--quiet']), '--samples 2', 'draws nothing');
});

test('a run that translates both ways between two sets: each picture counts once, and its sets are compared', async () => {
  const sets = join(folder, 'two-sets');
  for (const [name, from, count] of [
    ['trainA', 1, 2],
    ['trainB', 11, 2],
    ['testA', 21, 3],
    ['testB', 31, 2],
  ] as const) {
    pictures(`two-sets/${name}`, Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.png`, picture(from + at, 32, 32)])));
  }
  const cycle = join(folder, 'cycle');
  const small = '--scheme cyclegan --no-tune --size 32 --ngf 2 --ndf 2 --steps 1 --validate 3'.split(' ');
  succeeded(await run('shadegrad', ['train', ...small, '--data', sets, '--out', cycle]));
  const of = (...words: string[]): Promise<Numbers> => evaluated(join(folder, 'cycle-results'), cycle, ...words);
  const [there, back] = [await of(), await of('--direction', 'BtoA')];
  assert.equal(
    [there.counts, back.counts],
    [
      { made: 3, real: 2 },
      { made: 2, real: 3 },
    ],
  );
  assert.equal(Object.keys(there.values), ['lab-l', 'lab-a', 'lab-b']);
  // The mean of the training pictures is another one for each set.
  assert.not.equal(there['mean photo'], back['mean photo']);
  // As its pictures are measured as two folders.
  succeeded(await run('shadegrad', ['test', cycle, '--quiet']));
  const made = join(folder, 'cycle-made');
  mkdirSync(made);
  for (const name of readdirSync(join(cycle, 'test', 'images')).filter((each) => /a-to-b/i.test(each)))
    copyFileSync(join(cycle, 'test', 'images', name), join(made, name));
  const apart = await evaluated(join(folder, 'apart'), '--made', made, '--real', join(sets, 'testB'), '--unpaired');
  assert.equal(there.values, apart.values);
  await failure('BAD_FLAG', () => evaluateProgram([cycle, '--direction', 'both']), '--direction');
});

test.run();
