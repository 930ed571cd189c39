import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import { createImage, type ImagePair } from '../../src/data/image.js';
import type { ErrorCode } from '../../src/errors.js';
import { pix2pix, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import { Trainer } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

type Options = TrainerOptions<Pix2PixOptions>;

const OPTIONS: Options = {
  size: 32,
  loadSize: 36,
  ngf: 1,
  ndf: 1,
  batch: 1,
  learningRate: 2e-4,
  lambda: 100,
  dropout: 0.5,
  jitter: true,
  seed: 7,
  direction: 'BtoA',
  replay: false,
};

const dataset = (length: number): PairedDataset => ({
  name: 'noise',
  length,
  get: (index) => ({ name: String(index), a: createImage(36, 36), b: createImage(36, 36) }),
});

test('options that cannot work are refused', async () => {
  const refused: [Partial<Options>, RegExp][] = [
    [{ batch: 6 }, /1 to 5, the samples in "noise"[^]*6/],
    [{ batch: 0 }, /batch/],
    [{ batch: 1.5 }, /1\.5/],
    [{ loadSize: 30 }, /loadSize 30/],
    [{ loadSize: 37 }, /even storedSize/],
    [{ size: 40, loadSize: 48 }, /multiples of 16/],
    [{ ngf: 0 }, /ngf/],
    [{ learningRate: -1 }, /learningRate/],
  ];
  const wrong: Record<string, readonly unknown[]> = {
    size: [16, 33, '32', NaN, undefined],
    loadSize: [36.5, NaN, '36'],
    ngf: [1.5],
    ndf: [0, NaN],
    batch: ['1', NaN, null],
    learningRate: [NaN, Infinity, '0.1'],
    lambda: [-100, NaN, Infinity, undefined, '100'],
    dropout: [1, -0.1, NaN],
    jitter: ['no', 1],
    seed: [-1, 1.5, 2 ** 32, NaN],
    direction: ['atob', 'A2B', undefined],
    storedSize: [NaN, 0, 36.5, '36'],
    residentBytes: [NaN, -1],
    networks: ['batch', null, []],
    variants: [{}],
    replay: ['yes'],
    learningrate: [1],
    rate: [undefined],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) refused.push([{ [name]: value }, new RegExp(`\\b${name}\\b`)]);
  }
  const { tensors, bytesInUse } = gpu.memory();
  for (const [options, words] of refused)
    await failure('INVALID_ARGUMENT', () => Trainer.create(gpu, pix2pix, dataset(5), { ...OPTIONS, ...options }), words);
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('what is no pair of images is refused by the names of data set and pair, on the device or not', async () => {
  const images = dataset(2);
  const cases: [unknown, ErrorCode, ...RegExp[]][] = [
    [undefined, 'INVALID_ARGUMENT', /^pair \d of noise/, /received: undefined/],
    [null, 'INVALID_ARGUMENT', /received: null/],
    [0, 'INVALID_ARGUMENT', /received: 0/],
    [{ name: 'x', a: createImage(4, 4) }, 'INVALID_ARGUMENT', /^x \(pair \d of noise\)/, /no image b/],
    [{ a: null, b: createImage(4, 4) }, 'INVALID_ARGUMENT', /^pair \d of noise/, /no image a/],
    [{ a: createImage(4, 4), b: { ...createImage(4, 4), data: [] } }, 'IMAGE_SIZE', /^pair \d of noise, image b/],
    [{ name: 'x', a: createImage(4, 8), b: createImage(8, 4) }, 'IMAGE_SIZE', /^x \(pair \d of noise\)/, /4 x 8 and 8 x 4/],
  ];
  for (const residentBytes of [undefined, 0]) {
    const state: { pair: unknown } = { pair: undefined };
    const trainer = await Trainer.create(gpu, pix2pix, { ...images, get: () => state.pair as ImagePair }, { ...OPTIONS, residentBytes });
    for (const [pair, code, ...words] of cases) {
      state.pair = pair;
      await failure(code, () => trainer.train(), ...words);
    }
    // Nothing computes with the name.
    state.pair = { a: createImage(4, 4), b: createImage(4, 4) };
    await trainer.train();
    assert.is(trainer.step, 1);
    trainer.dispose();
  }
});

test('a data set of no pairs, or of no whole number of them, is refused', async () => {
  for (const length of [0, -1, NaN, 2.5, undefined as never]) {
    await failure(
      'INVALID_ARGUMENT',
      () => Trainer.create(gpu, pix2pix, { ...dataset(1), length }, OPTIONS),
      /length of the data set noise/,
      String(length),
    );
  }
});

test('the step after which a run goes on is a whole number', async () => {
  const trainer = await Trainer.create(gpu, pix2pix, dataset(2), OPTIONS);
  for (const step of [-1, 0.5, NaN]) await failure('INVALID_ARGUMENT', () => trainer.resumeAt(step), String(step));
  trainer.dispose();
});

test.run();
