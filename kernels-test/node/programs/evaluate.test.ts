// first driver only: it runs programs. shadegrad evaluate: of a run, of its weights, and of two folders.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greyImage } from '../../../src/data/grey.js';
import { joinPair, type RgbImage } from '../../../src/data/image.js';
import { resizeBicubic } from '../../../src/data/resize.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import type { ErrorCode } from '../../../src/errors.js';
import { encodePng } from '../../../src/node/images/read.js';
import { convertWeights } from '../../../src/node/programs/convert.js';
import { evaluateProgram } from '../../../src/node/programs/evaluate/evaluate.js';
import { publishRun } from '../../../src/node/programs/publish/publish.js';
import { testRun } from '../../../src/node/programs/test-run.js';
import { trainModel } from '../../../src/node/programs/train-command.js';
import { translateImages } from '../../../src/node/programs/translate.js';
import { RandomStream } from '../../../src/random.js';
import { compareImages, imageL1 } from '../../../src/training/metrics.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, run, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('evaluate');
const out = join(folder, 'run');

interface Numbers {
  readonly counts: { made: number; real: number };
  readonly values: Record<string, { value: number; median: number; interval: [number, number] }>;
  readonly 'mean photo'?: Record<string, number>;
  readonly pictures: readonly { name: string; values: Record<string, number> }[];
}

/** What results say of what was evaluated. */
interface Facts {
  readonly step: number;
  readonly checkpoint: string;
  readonly weights?: string;
  readonly data: string;
  readonly split: string;
  readonly direction: string;
  readonly size: [number, number];
  readonly prepared: string;
  readonly samples: number;
  readonly seed: number;
}

const numbersIn = (output: string): Numbers & Facts => JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8')) as Numbers & Facts;

// In this process: a program takes longer to start than to do what is asked of it here.
/** What an evaluation in this process leaves in a folder. */
async function evaluated(output: string, ...words: string[]): Promise<Numbers & Facts> {
  assert.is(await evaluateProgram([...words, '--output', output, '--quiet']), 0);
  return numbersIn(output);
}

const trained = async (...words: string[]): Promise<void> => assert.is(await trainModel([...words, '--quiet']), 0);

/** The smallest run without dropout, which makes the same picture of an input each time. */
const SURE = TINY.filter((word) => word !== '--dropout');

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

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
  await trained(...TINY, '--steps', '1', '--out', out);
  const before = readdirSync(out);
  const { stdout, stderr, status } = await run('shadegrad', ['evaluate', out, '--count', '2', '--json', '--quiet']);
  assert.is(status, 0, stderr);
  // Two lines of Dawn's about some drivers are none that a program could leave out.
  assert.match(stderr, /^(Warning: max.* artificially reduced .*\n)*$/, 'what is quiet says nothing');
  const numbers = JSON.parse(stdout) as Numbers & Facts;
  assert.is(await testRun([out, '--count', '2', '--quiet']), 0);
  const tested = JSON.parse(readFileSync(join(out, 'test', 'metrics.json'), 'utf8')) as { metrics: Record<string, number> };
  for (const [name, value] of Object.entries(tested.metrics)) assert.is(numbers.values[name]!.value, value, name);
  assert.equal(numbers.counts, { made: 2, real: 2 });
  assert.ok(numbers['mean photo']!.l1! > 0);
  const { checkpoint, split, direction, size, samples, seed, step } = numbers;
  assert.equal([checkpoint, split, direction, size], ['checkpoint.safetensors', 'validation', 'BtoA', [32, 32]]);
  assert.equal([samples, seed, step], [1, 0, 1]);
  assert.equal(readdirSync(out).sort(), [...before, 'evaluation-count-2', 'test'].sort());
  assert.is(readFileSync(join(out, 'evaluation-count-2', 'evaluation.json'), 'utf8'), stdout);
  const page = readFileSync(join(out, 'evaluation-count-2', 'index.html'), 'utf8');
  for (const fact of ['validation', 'BtoA', '32 x 32', 'bicubic']) assert.ok(page.includes(fact), `the page says ${fact}`);
});

test('two folders of any program, with a table for people and one of every picture', async () => {
  const made = pictures('made', { 'a.png': picture(1), 'b.png': picture(2) });
  const real = pictures('real', { 'a.png': picture(3), 'b.png': picture(4), 'c.png': picture(5) });
  const csv = join(folder, 'each.csv');
  const before = [readdirSync(made), readdirSync(real)];
  const words = ['--made', made, '--real', real, '--csv', csv, '--metrics', 'psnr,l1'];
  const { stdout, stderr, status } = await run('shadegrad', ['evaluate', ...words]);
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
  const wider = pictures('odd/wider', { 'a.png': picture(1, 96, 40), 'b.png': picture(2, 96, 40) });
  const large = pictures('odd/large', { 'x.png': picture(1, 30, 30) });
  const grey = pictures('odd/grey', { 'x.png': greyImage(picture(1)) });
  const none = pictures('odd/none', {});
  const output = join(folder, 'odd', 'results');
  const csv = join(output, 'x.csv');
  const study = '--human --protocol forced-choice --practice 0 --trials 1'.split(' ');
  const cases: [code: ErrorCode, words: readonly RegExp[], flags: readonly string[]][] = [
    ['BAD_FLAG', [/nothing to evaluate/], []],
    ['BAD_FLAG', [/--real is missing/], ['--made', made]],
    ['BAD_FLAG', [/A run and folders/], [out, '--made', made, '--real', other]],
    ['BAD_FLAG', [/no metric "sim"/, /did you mean ssim/], ['--made', made, '--real', other, '--metrics', 'l1,sim']],
    ['BAD_FLAG', [/--split is for runs/], ['--made', made, '--real', other, '--split', 'val']],
    ['BAD_FLAG', [/--half is for folders/], [out, '--half', 'left']],
    ['BAD_FLAG', [/--input-half is for --input/], ['--made', made, '--real', made, '--input-half', 'left']],
    // The other half of a pair is the answer.
    [
      'BAD_FLAG',
      [/pairs, which show the answer/, /--input-half left/],
      [...study, '--made', made, '--real', wide, '--half', 'left', '--input', wide],
    ],
    ['DATA_NOT_FOUND', [/no file of weights absent\.pth/], ['absent.pth', '--data', made]],
    ['DATA_NOT_FOUND', [/no folder .*absent/], ['--made', made, '--real', join(folder, 'absent')]],
    ['DATA_EMPTY', [/no images in .*none/], ['--made', none, '--real', made]],
    ['DATA_UNREADABLE', [/1 picture \(a\.png\) without one/], ['--made', made, '--real', other]],
    ['SHAPE_MISMATCH', [/made\/a\.png and .*wide\/a\.png/, /48 x 20/, /--half left/], ['--made', made, '--real', wide]],
    ['SHAPE_MISMATCH', [/96 x 40/, /side-by-side pairs.*--half left/], ['--made', made, '--real', wider]],
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
  // A pair that is resized as a whole is no real picture, which the numbers do not show.
  const said: unknown[] = [];
  const log = console.error;
  console.error = (line) => said.push(line);
  const whole = ['--made', made, '--real', pairs, '--resize', 'real', '--metrics', 'l1'];
  await evaluateProgram(whole).finally(() => (console.error = log));
  assert.match(said.join('\n'), /twice as wide .* as made ones; .*--half left or --half right/);
  // With the numbers, for who reads them later.
  const told = join(folder, 'left', 'whole');
  await evaluateProgram([...whole, '--output', told, '--quiet']);
  assert.match((JSON.parse(readFileSync(join(told, 'evaluation.json'), 'utf8')) as { remarks: string[] }).remarks.join(), /--half left/);
  assert.match(readFileSync(join(told, 'index.html'), 'utf8'), /twice as wide .*--half left/);
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
  await trained(...small, '--out', segmenter);
  const scores = async (...words: string[]): Promise<Record<string, number>> => {
    assert.is(await evaluateProgram([out, '--count', '2', '--metrics', 'fcn', '--quiet', ...words]), 0);
    return Object.fromEntries(
      Object.entries(numbersIn(join(out, 'evaluation-count-2-fcn')).values).map(([name, { value }]) => [name, value]),
    );
  };
  const expected = await scores('--segmenter', segmenter);
  assert.equal(Object.keys(expected).length, 6);
  const page = readFileSync(join(out, 'evaluation-count-2-fcn', 'index.html'), 'utf8');
  assert.ok(/segmenter: segmenter for 32 x 32/.test(page), 'the page names what the score is by');
  for (const value of Object.values(expected)) assert.ok(value >= 0 && value <= 1, String(value));
  const alone = join(folder, 'segmenter.safetensors');
  assert.is(await convertWeights([segmenter, alone, '--no-check', '--quiet']), 0);
  assert.equal(await scores('--segmenter', alone), expected);
  const onnx = join(folder, 'segmenter.onnx');
  assert.is(await convertWeights([segmenter, onnx, '--no-check', '--quiet']), 0);
  const others = await scores('--segmenter', onnx, '--segmenter-palette', 'facades');
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs(others[name]! - value) < 0.01, `${name}: ${others[name]}, not ${value}`);

  const refused = (code: ErrorCode, words: readonly string[], ...said: (string | RegExp)[]) =>
    failure(code, () => evaluateProgram([out, '--count', '2', '--metrics', 'fcn', '--quiet', '--segmenter', ...words]), ...said);
  await refused('INVALID_ARGUMENT', [segmenter, '--segmenter-palette', 'cityscapes'], 'facades, which it was trained with');
  // Labels to photos is the wrong way, whatever palette is named; and other files are told what a segmenter is, not how to convert them.
  for (const palette of [[], ['--segmenter-palette', 'facades']])
    await refused('WEIGHTS_UNSUPPORTED', [out, ...palette], 'makes no label maps', '--direction BtoA', '--direction AtoB');
  const text = join(folder, 'segmenter.txt');
  writeFileSync(text, 'a letter');
  const broken = join(folder, 'broken.onnx');
  writeFileSync(broken, 'a letter');
  for (const [code, path] of [
    ['WEIGHTS_UNSUPPORTED', text],
    ['WEIGHTS_MISMATCH', broken],
    ['DATA_NOT_FOUND', join(folder, 'absent')],
  ] as const) {
    const { fix } = await refused(code, [path], 'cannot be taken for a segmenter', /a run of train --scheme segmentation.*\.onnx/);
    assert.not.match(fix!, 'convert');
  }

  // Of label maps the run, and its weights alone, know the palette.
  const data = join(folder, 'facades');
  const facades = syntheticFacades({ count: 2, size: 48, seed: 3, split: 'val' });
  pictures('facades/val', { '1.png': joinPair(await facades.get(0)), '2.png': joinPair(await facades.get(1)) });
  const [ofRun, ofWeights] = [
    await evaluated(join(folder, 'labels'), segmenter, '--data', data),
    await evaluated(join(folder, 'labels'), alone, '--data', data),
  ];
  assert.ok(ofRun.values['label-iou']!.value >= 0);
  assert.equal([ofWeights.values, ofWeights.direction], [ofRun.values, 'AtoB']);
  // As the pictures that translate makes, beside the label maps: these come to its size without blended colours.
  const read = join(folder, 'read');
  const val = join(data, 'val');
  assert.is(await translateImages(['--weights', alone, '--input', val, '--half', 'left', '--output', read, '--quiet']), 0);
  const ofFolders = ['--made', read, '--real', val, '--half', 'right', '--resize', 'real', '--palette', 'facades'];
  const apart = await evaluated(join(folder, 'labels'), ...ofFolders);
  const labels = ({ values }: Numbers) => Object.entries(values).filter(([name]) => name.startsWith('label-'));
  assert.equal(labels(apart), labels(ofRun));
  assert.match(apart.prepared, 'nearest pixel');
  await failure('BAD_FLAG', () => evaluateProgram([segmenter, '--samples', '2', '--quiet']), '--samples 2', 'draws nothing');
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

test('one model has one score: as a run, as weights, as a published folder, and by the pictures that translate makes', async () => {
  const data = join(folder, 'pairs');
  // Larger than the networks take, and than what the training keeps for its random crops.
  const pair = (number: number) => joinPair({ name: '', a: picture(number, 80, 50), b: picture(number + 50, 80, 50) });
  pictures('pairs/train', { '1.png': pair(1), '2.png': pair(2), '3.png': pair(3) });
  pictures('pairs/val', { '1.png': pair(4), '2.png': pair(5), '3.png': pair(6) });
  const ofPairs = join(folder, 'of-pairs');
  await trained(...SURE, '--ema', '0.5', '--steps', '2', '--data', data, '--direction', 'BtoA', '--out', ofPairs);
  const latest = join(ofPairs, 'checkpoint.safetensors');
  const weights = join(folder, 'weights.safetensors');
  const best = join(ofPairs, 'best.safetensors');
  for (const copy of [weights, best]) copyFileSync(latest, copy);
  // Few measures are not those of a full evaluation, whose folder stays as it is.
  const few = 'l1-l2-ssim';
  const measures = ['--metrics', 'ssim', 'l1,l2'];
  const numbers = (...words: string[]) => evaluated(join(folder, 'of-weights'), ...words, ...measures);
  assert.is(await evaluateProgram([ofPairs, '--quiet', ...measures]), 0);
  const ofRun = numbersIn(join(ofPairs, `evaluation-${few}`));

  const [pth, converted, published] = [join(folder, 'net.pth'), join(folder, 'net.safetensors'), join(folder, 'published')];
  for (const file of [pth, converted]) assert.is(await convertWeights([ofPairs, file, '--no-check', '--quiet']), 0);
  assert.is(await publishRun([ofPairs, published, '--license', 'MIT', '--no-onnx', '--quiet']), 0);
  // One that was published before its weights said it has the direction in its config.json alone.
  const earlier = join(folder, 'published-earlier');
  mkdirSync(earlier);
  copyFileSync(join(published, 'config.json'), join(earlier, 'config.json'));
  assert.is(await convertWeights([pth, join(earlier, 'model.safetensors'), '--no-check', '--quiet']), 0);
  for (const [path, ...words] of [[weights], [converted], [published], [earlier], [pth, '--direction', 'BtoA']] as const) {
    const found = await numbers(path, '--data', data, ...words);
    assert.equal([found.values, found['mean photo'], found.pictures], [ofRun.values, ofRun['mean photo'], ofRun.pictures], path);
    assert.equal(
      [found.direction, found.split, found.data, found.size, found.prepared],
      ['BtoA', ofRun.split, ofRun.data, [32, 32], ofRun.prepared],
    );
  }
  const made = join(folder, 'translated');
  assert.is(
    await translateImages(['--weights', published, '--input', join(data, 'val'), '--half', 'right', '--output', made, '--quiet']),
    0,
  );
  const apart = await numbers('--made', made, '--real', join(data, 'val'), '--half', 'left', '--resize', 'real');
  assert.equal([apart.values, apart.size], [ofRun.values, [32, 32]]);

  assert.not.equal((await numbers(weights, '--data', data, '--direction', 'AtoB')).values, ofRun.values);
  // The averages are what is measured, unless they are not wanted.
  assert.not.equal((await numbers(weights, '--data', data, '--no-averages')).values, ofRun.values);
  // Dropout drops the same as in the run.
  const [dropping, alone] = [await numbers(out, '--data', data), await numbers(join(out, 'checkpoint.safetensors'), '--data', data)];
  const copied = join(folder, 'dropping.safetensors');
  copyFileSync(join(out, 'checkpoint.safetensors'), copied);
  assert.equal([alone.values, (await numbers(copied, '--data', data)).values], [dropping.values, dropping.values]);
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
  assert.equal([fetched.values, fetched.weights], [ofRun.values, address]);
  await failure('BAD_FLAG', () => evaluateProgram([pth]), /--data/, /no run/, /--direction BtoA/);
  // What a folder knows is not asked for; what it says and cannot be read is not gone by in silence.
  for (const known of [weights, published, earlier])
    assert.not.match((await failure('BAD_FLAG', () => evaluateProgram([known]), /that BtoA is translated/)).fix!, '--direction');
  writeFileSync(join(earlier, 'config.json'), '{');
  await failure(
    'WEIGHTS_CORRUPT',
    () => numbers(earlier, '--data', data),
    /published-earlier\/config\.json is no JSON/,
    /publish the folder/,
  );
  await failure('BAD_FLAG', () => evaluateProgram([ofPairs, '--network', 'generatorA']), '--network is for weights alone');
  await failure('BAD_FLAG', () => evaluateProgram([ofPairs, '--samples', '2', '--quiet']), '--samples 2', 'draws nothing');

  // What is no evaluation of the latest checkpoint on the validation images replaces none of it.
  const others = pictures('elsewhere/pairs/val', { '1.png': joinPair({ name: '', a: picture(7, 32, 32), b: picture(8, 32, 32) }) });
  assert.is(await evaluateProgram([ofPairs, '--quiet']), 0);
  const full = ['evaluation', `evaluation-${few}`].map((name) => join(ofPairs, name, 'evaluation.json'));
  const kept = full.map((path) => readFileSync(path, 'utf8'));
  for (const [place, ...words] of [
    ['evaluation-best', best],
    ['evaluation-train', ofPairs, '--split', 'train'],
    ['evaluation-pairs-val', ofPairs, '--data', join(others, '..')],
    ['evaluation-trained-weights', ofPairs, '--no-averages'],
    // The validation images, said in other words.
    ['evaluation', ofPairs, '--split', 'val'],
    ['evaluation', ofPairs, '--data', data],
    // Fewer pictures, other draws, and a measure that is not taken as by default.
    ['evaluation-count-1', ofPairs, '--count', '1'],
    ['evaluation-seed-5', ofPairs, '--seed', '5'],
    ['evaluation-edge-tolerance-2', ofPairs, '--edge-tolerance', '2'],
  ] as const) {
    const name = `${place}-${few}`;
    const before = readdirSync(ofPairs);
    assert.is(await evaluateProgram([...words, '--quiet', ...measures]), 0);
    assert.equal(readdirSync(ofPairs).sort(), [...new Set([...before, name])].sort());
    const { values, 'mean photo': mean, split } = numbersIn(join(ofPairs, name));
    if (['evaluation', 'evaluation-best', 'evaluation-edge-tolerance-2', 'evaluation-seed-5'].includes(place))
      assert.equal([values, mean], [ofRun.values, ofRun['mean photo']], name);
    else assert.not.equal(values.l1, ofRun.values.l1, name);
    if (place === 'evaluation-train') assert.is(split, 'train');
    // The validation images in other words have the same numbers in the same folder, to the letter.
    assert.equal(
      full.map((path) => readFileSync(path, 'utf8')),
      kept,
      name,
    );
  }
  // Another folder of the same name has its own.
  const third = pictures('third/pairs/val', { '1.png': joinPair({ name: '', a: picture(9, 32, 32), b: picture(8, 32, 32) }) });
  assert.is(await evaluateProgram([ofPairs, '--data', join(third, '..'), '--quiet', ...measures]), 0);
  assert.is(numbersIn(join(ofPairs, `evaluation-pairs-val-${few}-2`)).data, join(third, '..'));
  rmSync(join(data, 'train'), { recursive: true });
  assert.is((await numbers(ofPairs, '--data', data))['mean photo'], undefined);
});

test('images that a run cuts out of larger ones are cut for its weights, too', async () => {
  const cut = join(folder, 'cut');
  const data = join(folder, 'larger');
  const pair = (number: number) => joinPair({ name: '', a: picture(number, 90, 60), b: picture(number + 50, 90, 60) });
  pictures('larger/train', { '1.png': pair(1), '2.png': pair(2) });
  pictures('larger/val', { '1.png': pair(3) });
  await trained(...TINY, '--preprocess', 'scale_width_and_crop', '--load-size', '60', '--steps', '1', '--data', data, '--out', cut);
  const alone = join(folder, 'cut.safetensors');
  assert.is(await convertWeights([cut, alone, '--no-check', '--quiet']), 0);
  const [ofRun, ofWeights] = [
    await evaluated(join(folder, 'cut-results'), cut, '--metrics', 'l1'),
    await evaluated(join(folder, 'cut-results'), alone, '--data', data, '--metrics', 'l1'),
  ];
  assert.equal([ofWeights.values, ofWeights['mean photo']], [ofRun.values, ofRun['mean photo']]);
  assert.match(ofWeights.prepared, 'scaled to a width of 60 (bicubic), and its middle of 32 x 32 cut out');
  // Pictures of one input that happen to be the same are no error; networks that draw nothing are refused before.
  const { values } = await evaluated(join(folder, 'cut-results'), cut, '--samples', '2', '--metrics', 'diversity');
  assert.ok(values.diversity!.value >= 0);
});

test('pictures of one input that happen to be the same have no diversity', async () => {
  const flat = join(folder, 'flat');
  await trained(...TINY, '--steps', '1', '--init-gain', '0.000001', '--lr', '1e-8', '--out', flat);
  const { values } = await evaluated(join(folder, 'flat-results'), flat, '--samples', '2', '--metrics', 'diversity', '--count', '2');
  assert.equal([values.diversity!.value, values['diversity-deviation']!.value], [0, 0]);
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
  await trained(...small, '--data', sets, '--out', cycle);
  const of = (...words: string[]): Promise<Numbers & Facts> => evaluated(join(folder, 'cycle-results'), cycle, ...words);
  const [there, back] = [await of(), await of('--direction', 'BtoA')];
  assert.equal(
    [there.counts, back.counts],
    [
      { made: 3, real: 2 },
      { made: 2, real: 3 },
    ],
  );
  assert.equal(Object.keys(there.values), ['lab-l', 'lab-a', 'lab-b']);
  assert.equal([there.direction, back.direction], ['AtoB', 'BtoA']);
  // The mean of the training pictures is another one for each set.
  assert.not.equal(there['mean photo'], back['mean photo']);
  // As its pictures are measured as two folders.
  assert.is(await testRun([cycle, '--quiet']), 0);
  const made = join(folder, 'cycle-made');
  mkdirSync(made);
  for (const name of readdirSync(join(cycle, 'test', 'images')).filter((each) => /a-to-b/i.test(each)))
    copyFileSync(join(cycle, 'test', 'images', name), join(made, name));
  const apart = await evaluated(join(folder, 'apart'), '--made', made, '--real', join(sets, 'testB'), '--unpaired');
  assert.equal(there.values, apart.values);
  await failure('BAD_FLAG', () => evaluateProgram([cycle, '--direction', 'both']), '--direction');
  assert.is(await evaluateProgram([cycle, '--direction', 'BtoA', '--quiet']), 0);
  assert.equal(numbersIn(join(cycle, 'evaluation-BtoA')).values, back.values);
  assert.not.ok(existsSync(join(cycle, 'evaluation')));
});

test.run();
