import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import { greyImage } from '../../src/data/grey.js';
import type { ImagePair, RgbImage } from '../../src/data/image.js';
import { resizeBicubic } from '../../src/data/resize.js';
import { UNet } from '../../src/models/unet.js';
import { averageMetrics, compareImages, constantBaseline, meanImage } from '../../src/training/metrics.js';
import { fittedPairs, pairedEvaluator } from '../../src/training/paired-evaluator.js';
import { Translator } from '../../src/training/translator.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const generator = new UNet({ size: 16, ngf: 2, inChannels: 1 }).to(gpu, { seed: 4 });
const OPTIONS = { halves: ['b', 'a'], key: 'BtoA', size: 16, dropout: true } as const;

const image = (name: string, side: number): RgbImage => ({
  width: side,
  height: side,
  data: Uint8Array.from(values(name, side * side * 3, 100, 128)),
});
const pairOf = (index: number, side = 20): ImagePair => ({
  name: String(index),
  a: image(`a ${index}`, side),
  b: image(`b ${index}`, side),
});
const train: PairedDataset = { name: 'noise', length: 4, get: pairOf };

test('pairs are fitted to the side and channels of the network, and those that fit already are left alone', async () => {
  const evaluator = await pairedEvaluator(gpu, generator, OPTIONS);
  const pair = pairOf(1);
  assert.equal(evaluator.fit(pair), { name: '1', a: resizeBicubic(pair.a, 16, 16), b: resizeBicubic(greyImage(pair.b), 16, 16) });
  const fitting = pairOf(1, 16);
  assert.is(evaluator.fit(fitting).a, fitting.a);
  assert.equal(evaluator.fit(fitting).b, greyImage(fitting.b));
  const some = fittedPairs(train, [3, 1], evaluator.fit);
  assert.equal([some.length, (await some.get(0)).name, await some.get(1)], [2, '3', evaluator.fit(pair)]);
  await failure(
    'INVALID_ARGUMENT',
    async () => fittedPairs({ ...train, get: () => ({}) as never }, [0], evaluator.fit).get(0),
    'no image a',
  );
  evaluator.dispose();
});

test('what the generator makes of a pair is measured against its other half, with the dropout of its index', async () => {
  const evaluator = await pairedEvaluator(gpu, generator, OPTIONS);
  const translator = await Translator.create(gpu, generator, { dropout: true, size: 16 });
  const measures = [];
  const expected = [];
  for (const index of [0, 7]) {
    const pair = evaluator.fit(pairOf(1));
    const { made, measure } = await evaluator.run(pair, index);
    const wanted = await translator.translate(pair.b, index);
    assert.equal(made, [wanted]);
    assert.equal(measure, compareImages(wanted, pair.a));
    measures.push(measure);
    expected.push(compareImages(wanted, pair.a));
  }
  assert.not.equal(measures[0], measures[1], 'another index drops others');
  assert.equal(evaluator.summarize(measures), averageMetrics(expected));
  assert.is(evaluator.key, 'BtoA');
  translator.dispose();
  evaluator.dispose();
});

test('its baseline is the mean of the training images', async () => {
  const evaluator = await pairedEvaluator(gpu, generator, OPTIONS);
  const fitted = fittedPairs(train, [0, 1, 2], evaluator.fit);
  const measured = [evaluator.fit(pairOf(3))];
  const { name, metrics } = await evaluator.baseline!(fitted, measured);
  assert.is(name, 'mean photo');
  const other: PairedDataset = { name: 'measured', length: 1, get: () => measured[0]! };
  assert.equal(metrics, await constantBaseline(await meanImage(fitted, 'a'), other, 'a'));
  evaluator.dispose();
});

test('it gives its memory back, and leaves the network', async () => {
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  const evaluator = await pairedEvaluator(gpu, generator, OPTIONS);
  await evaluator.run(evaluator.fit(pairOf(2)), 0);
  evaluator.dispose();
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
  generator.dispose();
});

test.run();
