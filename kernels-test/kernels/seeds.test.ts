import { test } from 'uvu';
import * as api from '../../src/index.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

// Random draws are hashes of whole numbers of 32 bits. Of any other number a hash would take some of the bits, and of NaN zero: the
// same draws for every seed that was computed wrongly.

const gpu = await testGpu();
const x = api.Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
const state = new api.DropoutState(gpu, 1);
const linear = (): api.Linear => new api.Linear({ inFeatures: 2, outFeatures: 2 });
const placed = new api.Sequential([new api.Linear({ inFeatures: 2, outFeatures: 2 }), new api.Dropout()]).to(gpu);
const withoutDropout = linear().to(gpu);
const generator = new api.UNet({ size: 16, ngf: 1 }).to(gpu);
const translator = await api.Translator.create(gpu, generator);
const jitter = { seed: 1, epoch: 1, index: 1, loadSize: 8, cropSize: 4 };
const facades = { count: 2, size: 32, seed: 1, split: 'train' } as const;

/** All that takes a seed, a step, an epoch or an index, by what errors call it. */
const takers: [name: RegExp, call: (word: number) => unknown][] = [
  [/seed of a permutation/, (word) => api.epochPermutation(4, word, 0)],
  [/epoch of a permutation/, (word) => api.epochPermutation(4, 0, word)],
  [/seed of a jitter/, (seed) => api.jitterDraw({ ...jitter, seed })],
  [/epoch of a jitter/, (epoch) => api.jitterDraw({ ...jitter, epoch })],
  [/index of a jitter/, (index) => api.jitterDraw({ ...jitter, index })],
  [/seed of synthetic facades/, (seed) => api.syntheticFacades({ ...facades, seed })],
  [/no such synthetic facade/, (index) => api.syntheticFacades(facades).get(index)],
  [/seed of fill_uniform/, (seed) => api.rand(gpu, [2], { seed })],
  [/stream of fill_uniform/, (stream) => api.rand(gpu, [2], { seed: 1, stream })],
  [/seed of fill_normal/, (seed) => api.randn(gpu, [2], { seed })],
  [/stream of fill_normal/, (stream) => api.randn(gpu, [2], { seed: 1, stream })],
  [/seed of fill_normal/, (seed) => api.fillNormal(x, 0, 1, seed, 1)],
  [/stream of fill_uniform/, (stream) => api.fillUniform(x, 0, 1, 1, stream)],
  [/seed of fill_normal/, (seed) => api.normal(0, 1)(x, seed, 0)],
  [/seed of fill_uniform/, (seed) => api.xavierUniform()(x, seed, 0)],
  [/seed of dropout/, (seed) => new api.DropoutState(gpu, seed)],
  [/step of dropout/, (step) => state.advance(step)],
  [/layer of dropout/, (layer) => api.dropout(x, { layer, state })],
  [/step of dropout/, (step) => placed.advanceDropout(step)],
  [/step of dropout/, (step) => withoutDropout.advanceDropout(step)],
  [/step of dropout/, (step) => generator.advanceDropout(step)],
  [/seed of a module/, (seed) => linear().to(gpu, { seed })],
  [/seed of a translation/, (seed) => translator.translate(api.createImage(16, 16), seed)],
];

test('seeds, steps, epochs and indices are whole numbers of 32 bits, or refused', async () => {
  for (const [name, call] of takers) {
    for (const word of [NaN, 0.5, -1, 2 ** 32, Infinity, '1' as never]) {
      await failure('INVALID_ARGUMENT', () => call(word), name, /expected: .*whole number|an index from 0/, /fix: /);
    }
  }
});

test('the largest and the smallest word are taken', async () => {
  for (const [name, call] of takers) {
    if (String(name).includes('no such')) continue;
    for (const word of [0, 2 ** 32 - 1]) await call(word);
  }
  await gpu.sync();
});

test.after(() => {
  translator.dispose();
  for (const module of [placed, withoutDropout, generator]) module.dispose();
});

test.run();
