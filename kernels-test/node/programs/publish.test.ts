// first driver only: it runs programs. shadegrad publish: a run becomes a folder for the Hugging Face Hub.
// not in browsers: it runs programs.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { findNetwork, networksIn } from '../../../src/exchange/read-weights.js';
import { decodeImage, writePng } from '../../../src/node/images/read.js';
import { LICENCES, licenceFile } from '../../../src/node/programs/publish/licences.js';
import { givenPicture } from '../../../src/node/programs/publish/given.js';
import { publishRun, withoutPaths } from '../../../src/node/programs/publish/publish.js';
import { encodeYaml } from '../../../src/node/programs/publish/yaml.js';
import type { RunSettings } from '../../../src/training/run/settings.js';
import { openCheckpoint } from '../../../src/node/weights/checkpoint.js';
import { openOnnx } from '../../../src/node/weights/onnx.js';
import { openWeights } from '../../../src/node/weights/read.js';
import { cyclegan } from '../../../src/schemes/cyclegan.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { buildLibrary, run, start, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('publish');
const trained = join(folder, 'run');
const made = join(folder, 'made');

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.|LICENSE/.test(name))
    .sort();

async function refused(...argv: string[]): Promise<ShadegradError> {
  const error: unknown = await publishRun(argv).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.instance(error, ShadegradError);
  return error as ShadegradError;
}

test('a run becomes a folder that says what it is, and nothing of the machine', async () => {
  succeeded(await run('train-facades', [...TINY, '--ema', '0.5', '--steps', '2', '--out', trained]));
  const flags = ['--license', 'mit', '--author', 'A. *Name*', '--title', 'Facades: a trial', '--count', '2', '--json'];
  const said = succeeded(await run('shadegrad', ['publish', trained, made, ...flags]));
  const files = ['LICENSE', 'README.md', 'config.json', 'model.safetensors', 'onnx/model.onnx', 'preview.png'];
  assert.equal(filesIn(made), files);
  const told = JSON.parse(said) as { files: string[]; metrics: Record<string, number> };
  assert.equal(told.files, files);
  assert.equal(readdirSync(folder).sort(), ['made', 'run'], 'nothing is left beside it');

  const card = readFileSync(join(made, 'README.md'), 'utf8');
  for (const line of ['license: mit', 'pipeline_tag: image-to-image', 'library_name: shadegrad', '- onnx', '- name: "Facades: a trial"']) {
    assert.ok(card.split('\n---\n')[0]!.includes(line), line);
  }
  // Half B of what the program draws is a label map, and the run went from B to A.
  for (const words of [
    '--input label-map.png --output',
    'to be translated: a label map.',
    "readImage('label-map.png')",
    "Image.open('label-map.png')",
  ])
    assert.ok(card.includes(words), words);
  assert.not.match(card, /photo\.(jpg|png)/);
  for (const words of ['A. \\*Name\\*', 'the mean photo', '--ema 0.5', 'npx shadegrad translate', 'onnxruntime', 'running averages']) {
    assert.ok(card.includes(words), words);
  }
  const config = JSON.parse(readFileSync(join(made, 'config.json'), 'utf8')) as {
    networks: { generator: { kind: string; averaged: boolean; size: number[] } };
    metrics: { values: object; baseline: { name: string } };
  };
  const { kind, averaged, size } = config.networks.generator;
  assert.equal([kind, averaged, size], ['unet', true, [32, 32]]);
  assert.equal([config.metrics.values, config.metrics.baseline.name], [told.metrics, 'mean photo']);
  assert.match(readFileSync(join(made, 'LICENSE'), 'utf8'), /^MIT License\n\nCopyright \(c\) A\. \*Name\*\n/);
  for (const name of files) assert.not.ok(readFileSync(join(made, name)).includes(folder), name);
});

test('its weights are the averages of the run to the bit, and ONNX Runtime makes the same picture of a photo', async () => {
  const [run_, published] = await Promise.all([openWeights(trained), openWeights(made)]);
  const [before, after] = [findNetwork(run_.file, 'generator'), findNetwork(published.file)];
  assert.is(before.averageOf, 'generator');
  assert.equal(networksIn(published.file).length, 1);
  assert.equal([...after.weights.tensors.keys()], [...before.weights.tensors.keys()]);
  for (const [name, tensor] of before.weights.tensors)
    assert.equal(await after.weights.tensors.get(name)!.read(), await tensor.read(), name);
  await Promise.all([run_.close(), published.close()]);

  const { a: photo } = await syntheticFacades({ count: 1, size: 32, seed: 5, split: 'val' }).get(0);
  mkdirSync(join(folder, 'in'));
  await writePng(join(folder, 'in', 'a.png'), photo);
  const words = ['translate', '--weights', made, '--input', join(folder, 'in'), '--output', join(folder, 'out'), '--no-dropout', '--quiet'];
  succeeded(await run('shadegrad', words));
  const picture = await decodeImage(readFileSync(join(folder, 'out', 'a.png')), 'a.png');
  const onnx = await openOnnx(join(made, 'onnx/model.onnx'));
  if (onnx === null) return;
  const output = await onnx(
    Float32Array.from(photo.data, (value) => value / 127.5 - 1),
    [1, 32, 32, 3],
  );
  const apart = picture.data.map((value, at) => Math.abs(value - Math.round((output[at]! + 1) * 127.5)));
  assert.ok(Math.max(...apart) <= 1, `${Math.max(...apart)}`);
  assert.ok(new Set(picture.data).size > 10, 'no single colour');
});

test('a folder with other files is left alone; an earlier publication is replaced when that is asked for', async () => {
  const text = join(folder, 'own-licence.md');
  writeFileSync(text, '# Our **Model** Licence 1\r\n\r\nDo what is right.');
  const licence = ['--license', 'other', '--license-file', text];
  const foreign = join(folder, 'foreign');
  mkdirSync(join(foreign, 'onnx'), { recursive: true });
  writeFileSync(join(foreign, 'onnx', 'mine.txt'), 'mine');
  for (const more of [[], ['--replace']]) {
    const error = await refused(trained, foreign, ...licence, ...more);
    assert.equal([error.code, error.received], ['BAD_FLAG', 'onnx/mine.txt']);
  }
  assert.match((await refused(trained, made, ...licence)).fix!, '--replace');

  // As a clone of a new repository, with a file of an earlier publication that this one has not.
  mkdirSync(join(made, '.git'));
  writeFileSync(join(made, '.gitattributes'), '');
  writeFileSync(join(made, 'net_G_A.safetensors'), '');
  const flags = [...licence, '--replace', '--no-onnx', '--count', '1', '--no-averages', '--data-name', 'me/pairs: all'];
  succeeded(await run('shadegrad', ['publish', trained, made, ...flags]));
  const files = ['.git', '.gitattributes', 'LICENSE', 'README.md', 'config.json', 'model.safetensors', 'preview.png'];
  assert.equal(readdirSync(made).sort(), files);
  assert.is(readFileSync(join(made, 'LICENSE'), 'utf8'), '# Our **Model** Licence 1\n\nDo what is right.\n');
  const card = readFileSync(join(made, 'README.md'), 'utf8');
  for (const words of [
    'license: other\nlicense_name: our-model-licence-1\n',
    'Our \\*\\*Model\\*\\* Licence 1. See LICENSE.',
    'There is no ONNX model',
    'name: "me/pairs: all"',
  ])
    assert.ok(card.includes(words), words);
  assert.not.match(card, '- onnx');
});

test('without a licence, a run or both names there is nothing', async () => {
  const none = join(folder, 'none');
  assert.match((await refused(trained, none)).message, /--license is missing.*\n.*MIT/);
  assert.match((await refused(trained, none, '--license', 'all mine')).message, /SPDX/);
  for (const [typed, meant] of [
    ['CC-BY-4', 'CC-BY-4.0'],
    ['gpl-3.0', 'GPL-3.0-only'],
    ['apache', 'Apache-2.0'],
    ['MTI', 'MIT'],
  ] as const) {
    const { code, fix } = await refused(trained, none, '--license', typed);
    assert.equal([code, fix], ['BAD_FLAG', `did you mean ${meant}?`], typed);
  }
  assert.match((await refused(trained, none, '--license', 'foo')).message, /--license has a wrong value\n.*other with --license-file FILE/);
  assert.match((await refused(trained, none, '--license', 'other')).message, /without its text\n[^]*add --license-file FILE/);
  const text = join(folder, 'own-licence.md');
  assert.match((await refused(trained, none, '--license', 'MIT', '--license-file', text)).message, /--license-file is for --license other/);
  const other = ['--license', 'other', '--license-file'];
  assert.is((await refused(trained, none, ...other, join(folder, 'nowhere'))).code, 'DATA_NOT_FOUND');
  const picture = await refused(trained, none, ...other, join(folder, 'in', 'a.png'));
  assert.equal([picture.code, picture.received], ['DATA_UNREADABLE', 'other bytes']);
  rmSync(text);
  assert.match((await refused(trained, '--license', 'MIT')).message, /The folder to make is not named\n.*a run and the folder to make/);
  assert.match((await refused(trained, '', '--license', 'MIT')).message, /an empty name/);
  assert.match((await refused('--license', 'MIT')).message, /The run and the folder to make are not named/);
  assert.match((await refused(trained, none, none, '--license', 'MIT')).message, /More than a run and a folder are named/);
  assert.is((await refused(join(folder, 'in'), none, '--license', 'MIT')).code, 'DATA_NOT_FOUND');
  const moved = await refused(trained, join(folder, 'deep', 'er', 'none'), '--license', 'MIT', '--data', join(folder, 'nowhere'));
  assert.is(moved.code, 'DATA_NOT_FOUND');
  assert.not(existsSync(none));
  assert.equal(readdirSync(folder).sort(), ['foreign', 'in', 'made', 'out', 'run']);
});

test('what a call that was stopped has begun is removed: by itself after Ctrl-C, by the next one after it was killed', async () => {
  const stopped = join(folder, 'stopped');
  const words = ['publish', trained, stopped, '--license', 'MIT', '--count', '1', '--no-onnx', '--quiet'];
  const unfinished = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.partial'));
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const { child, finished } = start('shadegrad', words);
    const isBegun = (): boolean => unfinished().some((name) => name.includes(`-${child.pid}-`));
    // One that ends by itself before never gets there.
    while (!isBegun() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
    // By then, that of the one that was killed is gone.
    assert.is(unfinished().length, 1);
    child.kill(signal);
    assert.is((await finished).signal, signal);
    assert.is(unfinished().length, signal === 'SIGKILL' ? 1 : 0);
  }
  assert.not(existsSync(stopped));
});

test('a card names what its network is given: by the direction of the run, and by its data', () => {
  const fileOf = (data: string | undefined, direction: string, more: object = {}): string => {
    const options = { direction, ...more };
    return givenPicture({ scheme: pix2pix as never, options, make: null, data }, 0).file;
  };
  for (const [data, a, b] of [
    [undefined, 'photo.jpg', 'label-map.png'],
    ['facades', 'photo.jpg', 'label-map.png'],
    ['maps', 'aerial-photo.jpg', 'map.png'],
    ['edges2shoes', 'edges.png', 'shoes.png'],
    ['night2day', 'night.png', 'day.png'],
    ['my pairs', 'input.png', 'input.png'],
  ] as const)
    assert.equal([fileOf(data, 'AtoB'), fileOf(data, 'BtoA')], [a, b], data);
  assert.is(fileOf('my pairs', 'AtoB', { oneHot: 5 }), 'classes.png');
  const of = (scheme: object, facts: object, index = 0): object =>
    givenPicture({ scheme: scheme as never, options: { direction: 'AtoB' }, make: null, data: 'x', ...facts }, index);
  assert.equal(of(pix2pix, { make: 'edges' }), { file: 'edges.png', words: 'outlines by Canny, black on white' });
  assert.is((of(pix2pix, {}) as { words: string }).words, 'a picture such as those of half A of the pairs');
  assert.equal(
    [0, 1].map((index) => (of(cyclegan, { data: 'horse2zebra' }, index) as { file: string }).file),
    ['horse.png', 'zebra.png'],
  );
});

test('an address that weights came from is told without what lets somebody in, and a path without its folders', () => {
  const told = (from: string): unknown => withoutPaths(pix2pix, { from } as unknown as RunSettings).from;
  assert.is(told('https://example.org/a/net_G.pth?token=secret#sha256=00'), 'https://example.org/a/net_G.pth#sha256=00');
  assert.is(told('hf:me/facades@main/net_G.pth'), 'hf:me/facades@main/net_G.pth');
  assert.is(told('http://localhost:8000/own/net_G.pth?token=secret'), 'net_G.pth');
  assert.is(told('/home/me/what?/net_G.pth'), 'net_G.pth');
});

test('a checkpoint that is open is one file, also when the run puts another in its place', async () => {
  const path = join(folder, 'checkpoint.safetensors');
  copyFileSync(join(trained, 'checkpoint.safetensors'), path);
  const opened = await openCheckpoint(path);
  const names = [...(await opened.weights()).tensors.keys()];
  await writePng(path, { width: 1, height: 1, data: new Uint8Array(3) });
  const file = await opened.weights();
  assert.equal([...file.tensors.keys()], names);
  assert.ok((await file.tensors.get(names[0]!)!.read()).length > 0);
  await opened.close();
  rmSync(path);
});

test('the head of a card is YAML whatever its texts are', () => {
  const head = { a: 'plain', b: 'no', c: 'x: y #z\n', d: [1, 'two', { e: true, f: [{ g: 0.5 }] }], h: undefined, i: [] };
  assert.is(encodeYaml(head), 'a: plain\nb: "no"\nc: "x: y #z\\n"\nd:\n- 1\n- two\n- e: true\n  f:\n  - g: 0.5\ni: []\n');
});

test('each licence has a file that names whom it is of', () => {
  for (const licence of LICENCES) {
    const text = licenceFile(licence, 'Somebody');
    assert.match(text, 'Somebody');
    assert.ok(text.split('\n').every((line) => line.length <= 80) && text.endsWith('\n'), licence.id);
  }
  assert.is(new Set(LICENCES.map(({ id }) => id)).size, LICENCES.length);
});

test.run();
