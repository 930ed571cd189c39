import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImageSet } from '../../src/data/unpaired.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { readZipDirectory } from '../../src/formats/zip-read.js';
import { encodePng } from '../../src/node/images/read.js';
import { arranged } from '../../src/web/files/data-sets.js';
import { treeOf } from '../../src/web/files/image-tree.js';
import { Control } from '../../src/web/worker/control.js';
import { openData } from '../../src/web/worker/data.js';
import { arrivedError, plainError } from '../../src/web/worker/messages.js';
import { startTraining } from '../../src/web/worker/start.js';
import { settingsOf } from '../../src/web/worker/settings.js';
import { findPairs } from '../../src/training/files/pair-layout.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import { stargan } from '../../src/schemes/stargan.js';
import { ShadegradError } from '../../src/errors.js';
import { SCHEMES } from '../../src/schemes/registry.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { zipped } from '../harness/zips.js';

const pathsOf = (paths: readonly string[]): string[] => arranged(paths.map((path) => ({ path }))).files.map(({ path }) => path);

test('wrapping folders are taken off, hidden files left out, and loose pictures are those to train on', () => {
  assert.equal(pathsOf(['set/x/train/1.png', 'set/x/val/2.png', 'set/x/.DS_Store']), ['train/1.png', 'val/2.png']);
  assert.equal(pathsOf(['set/1.png', 'set/2.png', '__MACOSX/set/1.png']), ['train/1.png', 'train/2.png']);
  assert.equal(pathsOf(['A/1.png', 'B/1.jpg']), ['A/1.png', 'B/1.jpg']);
  assert.equal(pathsOf(['train/1.png', 'train/2.png']), ['train/1.png', 'train/2.png']);
  assert.equal(pathsOf(['set\\trainA\\1.png', 'set\\trainB\\2.png']), ['trainA/1.png', 'trainB/2.png']);
  assert.equal(
    pathsOf(['a/../../1.png', 'a/2.png']).filter((path) => path.split('/').includes('..')),
    [],
  );
});

test('what lies beside the pictures does not hide them, folders without a meaning lie in train/, and two alone are the halves', () => {
  assert.equal(pathsOf(['set/LICENCE.txt', 'set/x/train/1.png', 'set/x/val/2.png']), ['train/1.png', 'val/2.png']);
  assert.equal(pathsOf(['set/day/1.png', 'set/night/1.png', 'set/dusk/1.png']), [
    'train/day/1.png',
    'train/night/1.png',
    'train/dusk/1.png',
  ]);
  assert.equal(pathsOf(['set/1.png', 'set/more/2.png']), ['train/1.png', 'train/more/2.png']);
  assert.equal(pathsOf(['set/photos/x y.png', 'set/labels/x y.png', 'set/about.md']), ['B/x y.png', 'A/x y.png', 'about.md']);
  assert.equal(arranged([{ path: 'zebras/1.png' }, { path: 'horses/2.png' }]).notes, ['horses is taken as A, zebras as B']);
  // The CMP facades, as published.
  assert.equal(pathsOf(['base/1.jpg', 'base/1.png', 'extended/2.jpg', 'extended/2.png'])[0], 'train/base/1.jpg');
  assert.equal(pathsOf(['only/A/1.png', 'only/B/1.png']), ['A/1.png', 'B/1.png']);
  // One letter, written in two ways.
  assert.equal(pathsOf(['A/fu\u0308r.png', 'B/f\u00fcr.png']), ['A/f\u00fcr.png', 'B/f\u00fcr.png']);
  assert.equal(pathsOf([]), []);
});

test('names in a zip of an older system are read where that is asked for', async () => {
  // "für.png" of MS-DOS.
  const bytes = zipped({ name: Uint8Array.of(0x66, 0x81, 0x72, 0x2e, 0x70, 0x6e, 0x67), bytes: 'x' }, { name: 'gut/ö.png', bytes: 'y' });
  assert.equal([...(await readZipDirectory(bytesSource(bytes), { otherNames: true })).keys()], ['für.png', 'gut/ö.png']);
  await readZipDirectory(bytesSource(bytes)).then(
    () => assert.unreachable(),
    (error: ShadegradError) => assert.is(error.code, 'WEIGHTS_CORRUPT'),
  );
});

test('pairs are found among files as in folders of the disk', async () => {
  const wide = encodePng({ width: 8, height: 4, data: new Uint8Array(96) });
  const open = async (): Promise<Blob> => new Blob([wide as Uint8Array<ArrayBuffer>]);
  const paths = ['train/10.png', 'train/2.png', 'train/notes.txt', 'val/1.png'];
  const tree = treeOf('set', new Map(paths.map((path) => [path, open])));
  const { pairs, notes } = await findPairs(tree, 'set', 'train');
  assert.equal(
    pairs.map(({ a }) => a),
    ['set/train/2.png', 'set/train/10.png'],
  );
  assert.equal(notes, ['left out of set/train: 1 .txt file']);
  const sides = treeOf('set', new Map(['A/1.png', 'A/2.png', 'B/1.png', 'B/2.png'].map((path) => [path, open])));
  const both = await findPairs(sides, 'set', 'train');
  assert.equal(
    both.pairs.map(({ a, b }) => [a, b]),
    [
      ['set/A/1.png', 'set/B/1.png'],
      ['set/A/2.png', 'set/B/2.png'],
    ],
  );
  await findPairs(treeOf('set', new Map([['x.txt', open]])), 'set', 'val').then(
    () => assert.unreachable(),
    (error: ShadegradError) => assert.is(error.code, 'DATA_NOT_FOUND'),
  );
});

test('every scheme has settings in a browser; options that there are not are refused by name', () => {
  for (const scheme of SCHEMES) {
    const [first] = settingsOf(scheme, { preset: 'preview', minutes: 5 }, true);
    assert.is(first!.minutes, 5, scheme.name);
    assert.is(first!.seed, 1);
  }
  const scheme = pix2pix as unknown as TrainingScheme;
  const [settings] = settingsOf(scheme, { steps: 30, size: 64, learningRate: 1e-3, direction: 'AtoB' }, false);
  assert.equal(
    [settings!.steps, settings!.size, settings!.learningRate, settings!.direction, settings!.epochs, settings!.csv],
    [30, 64, 1e-3, 'AtoB', null, false],
  );
  assert.throws(
    () => settingsOf(scheme, { sise: 64 }, false),
    (error: ShadegradError) => error.code === 'INVALID_ARGUMENT' && error.received === 'sise',
  );
  // The flags of these are checked by the command line's parser, which browsers do not have.
  const wrong = { steps: -5, batch: 1.5, minutes: 0, epochs: 'many', seed: -1, learningRate: 0 };
  for (const [name, value] of Object.entries(wrong)) {
    assert.throws(
      () => settingsOf(scheme, { [name]: value }, false),
      (error: ShadegradError) => error.code === 'INVALID_ARGUMENT' && error.what === `${name} of a training`,
    );
  }
  // What is about the files of a folder would say nothing here.
  assert.throws(
    () => settingsOf(scheme, { steps: 2, tensorboard: true }, false),
    (error: ShadegradError) => error.received === 'tensorboard',
  );
});

test('a run of some labels that Node began is not trained on all of them', async () => {
  const scheme = stargan as unknown as TrainingScheme;
  const [settings] = settingsOf(scheme, { size: 32 }, true);
  const told = { opening: () => undefined, note: () => undefined };
  const { train } = await openData(scheme, 'synthetic', settings!, told);
  const { names } = (train as ImageSet).labels!;
  await openData(scheme, 'synthetic', { ...settings!, labels: names.join(',') }, told);
  const some = names.slice(1).join(',');
  const refused = await openData(scheme, 'synthetic', { ...settings!, labels: some }, told).catch((error: unknown) => error);
  assert.match((refused as ShadegradError).what, `some of the labels of its images (labels ${some})`);
});

test('what the page asks is seen to once, and a stop ends a pause', async () => {
  const control = new Control();
  assert.not.ok(control.due);
  control.ask('save');
  assert.ok(control.due && control.takeSave() && !control.takeSave() && !control.due);
  control.ask('pause');
  assert.ok(control.paused);
  const asked = control.asked();
  control.ask('stop');
  await asked;
  assert.ok(control.stopped && !control.paused);
});

test('errors travel with their codes and what to do; others in their own words', () => {
  const error = new ShadegradError('WRITE_FAILED', 'full', { received: 'x', fix: 'make room' });
  const arrived = arrivedError(structuredClone(plainError(error)));
  assert.equal([arrived.code, arrived.what, arrived.received, arrived.fix], ['WRITE_FAILED', 'full', 'x', 'make room']);
  assert.match(arrivedError(plainError(new TypeError('odd'))).message, 'TypeError: odd');
});

test('a training that cannot be started is refused at the call, with what is wrong', () => {
  const worker = (): Worker => assert.unreachable('no worker is made') as never;
  const refused: [unknown, RegExp][] = [
    [undefined, /options of startTraining/],
    [{}, /no worker/],
    [{ worker: 'train-worker.js' }, /worker of startTraining[^]*a Worker, or a function/],
    [{ worker, data: { kind: 'folder' } }, /data of startTraining[^]*kind folder/],
    [{ worker, saveevery: 3 }, /saveevery/],
  ];
  for (const [options, words] of refused) {
    assert.throws(
      () => startTraining(options as never),
      (error: ShadegradError) => error.code === 'INVALID_ARGUMENT' && words.test(error.message),
    );
  }
});

test.run();
