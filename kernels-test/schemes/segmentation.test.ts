import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classesOf, labelMapOf } from '../../src/data/palettes/label-map.js';
import { NO_CLASS } from '../../src/data/palettes/palette.js';
import { PALETTES, paletteOf, parsePalette } from '../../src/data/palettes/registry.js';
import { codingsOf } from '../../src/data/codings/options.js';
import { FACADE_CLASSES } from '../../src/data/facades/classes.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { Segmenter } from '../../src/models/segmenter.js';
import { segmentation, type SegmentationNetworks, type SegmentationOptions } from '../../src/schemes/segmentation.js';
import { LabelCounts } from '../../src/training/label-scores.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { StepContext } from '../../src/training/scheme.js';
import { Trainer } from '../../src/training/trainer.js';
import golden from '../goldens/segmenter.json';
import { generate } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fillByFormula } from '../harness/weights.js';

// The scheme that tells the class of each pixel: its network and step beside PyTorch's, palettes, label maps and scores.

const gpu = await testGpu();

/** A palette of so many classes, with a colour for none. */
const paletteText = (classes: number, ignored: boolean): string =>
  [
    ...Array.from({ length: classes }, (_, index) => `c${index}=0000${(index + 16).toString(16)}`),
    ...(ignored ? ['none=ff0000'] : []),
  ].join();

for (const each of golden.cases) {
  test(`a first step has PyTorch's gradients: ${JSON.stringify(each.options)}${each.ignored ? ', some pixels of none' : ''}`, async () => {
    const { classes, width: baseChannels, levels } = each.options;
    const [batch, height, width] = each.input.shape as [number, number, number];
    const segmenter = new Segmenter({ ...each.options, size: 8 }).to(gpu, { seed: 1 });
    await fillByFormula(segmenter);
    const create = segmentation.optimizers.segmenterOptimizer!.create;
    const options = { palette: paletteText(classes, each.ignored), baseChannels, levels } as SegmentationOptions;
    const optimizer = create(segmenter, { ...options, learningRate: 0 });
    const photo = Tensor.from(gpu, generate(each.input), each.input.shape);
    const right = Float32Array.from({ length: batch * height * width * classes }, (_, at) =>
      each.labels[Math.floor(at / classes)] === at % classes ? 1 : -1,
    );
    const labels = Tensor.from(gpu, right, [batch, height, width, classes]);
    const context = {
      networks: { segmenter },
      optimizers: { segmenterOptimizer: optimizer },
      images: { photo, labels },
      options,
      parts: 1,
    };
    const { crossEntropy } = gpu.scope(() =>
      segmentation.step(context as unknown as StepContext<SegmentationOptions, SegmentationNetworks>),
    );
    assertClose(await crossEntropy!.data(), [each.loss], { relative: 2e-5, label: 'loss' });
    const logits = gpu.scope(() => segmenter.forward(photo, { training: true }));
    assertClose(await logits.data(), float32(each.logits), { absolute: 1e-4, relative: 1e-3, label: 'logits' });
    const summaries = each.parameters as unknown as Record<string, ArraySummary>;
    const named = [...segmenter.namedParameters()];
    assert.equal(named.map(([name]) => name).sort(), Object.keys(summaries).sort());
    for (const [name, parameter] of named) {
      const gradient = toReferenceLayout(await parameter.grad!.data(), parameter.shape);
      assertMatchesSummary(gradient, summaries[name]!, { relative: 2e-3, label: name });
    }
    for (const part of [optimizer, segmenter, photo, labels, crossEntropy!, logits]) part.dispose();
  });
}

test('pictures that a segmenter does not take are refused by its name', async () => {
  const segmenter = new Segmenter({ width: 1, levels: 2, size: 8 }).to(gpu);
  for (const shape of [
    [1, 6, 8, 3],
    [1, 8, 8, 4],
    [8, 8, 3],
  ])
    await failure(
      'SHAPE_MISMATCH',
      () => segmenter.forward(Tensor.from(gpu, new Float32Array(shape.reduce((a, b) => a * b)), shape)),
      'segmenter',
    );
  segmenter.dispose();
  await failure('INVALID_ARGUMENT', () => new Segmenter({ size: 12, levels: 3 }), 'multiple of 8');
});

test('palettes are named, or written out', () => {
  assert.equal([PALETTES.facades!.classes.length, PALETTES.cityscapes!.classes.length], [12, 19]);
  const { classes, ignored } = paletteOf('sky=87CEEB, old tree=#228b22,none=000000');
  assert.equal(classes, [
    { name: 'sky', colour: [0x87, 0xce, 0xeb] },
    { name: 'old tree', colour: [0x22, 0x8b, 0x22] },
  ]);
  assert.equal(ignored, [[0, 0, 0]]);
  for (const text of [
    '',
    'facade',
    'a=000000',
    'a=000000,a=ffffff',
    'a=000000,b=000000',
    'a=00,b=01',
    'a=000000,none=ffffff',
    'constructor',
    'a=b=000000,c=111111',
    `${' '.repeat(20_000)}a=000000,b=111111`,
  ])
    assert.is(parsePalette(text), null, text);
  for (const { name, classes: named, ignored: none } of Object.values(PALETTES)) {
    const colours = [...named.map(({ colour }) => colour), ...none].map((colour) => colour.join());
    assert.is(new Set(colours).size, colours.length, name);
  }
});

test('classes are those of the nearest colours, whatever a picture went through', async () => {
  const palette = paletteOf('red=ff0000,blue=0000ff,none=000000');
  const image = { width: 4, height: 1, data: Uint8Array.of(250, 10, 5, 20, 0, 200, 10, 10, 10, 255, 0, 0) };
  const classes = classesOf(image, palette);
  assert.equal([...classes], [0, 1, NO_CLASS, 0]);
  assert.equal([...labelMapOf(classes, 4, 1, palette).data], [255, 0, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0]);
  const { b } = await syntheticFacades({ count: 1, size: 32, seed: 3, split: 'test' }).get(0);
  const own = classesOf(b, PALETTES.facades!);
  for (const [pixel, index] of own.entries())
    assert.equal([...b.data.subarray(3 * pixel, 3 * pixel + 3)], [...FACADE_CLASSES[index]![1]], 'a class with another colour');
  // What a network makes is the class of its largest channel.
  const { target } = codingsOf({ palette: 'a=ff0000,b=0000ff' })!;
  const made = {
    ...image,
    width: 2,
    data: new Uint8Array(6),
    values: { kind: 'numbers', channels: 2, data: Float32Array.of(-3, -4, 5, 7) },
  } as const;
  assert.equal([...target.show(made, made).data], [255, 0, 0, 0, 0, 255]);
});

test('scores are those of the Cityscapes evaluation', async () => {
  const counts = new LabelCounts(3);
  // Class 2 is nowhere, and one pixel is not counted; one was taken for none.
  counts.add(Uint8Array.of(0, 0, 1, 1, 2, NO_CLASS, 1), Uint8Array.of(0, 1, 1, 1, 0, 1, NO_CLASS));
  const { pixelAccuracy, classAccuracy, meanIou, ious } = counts.scores();
  assertClose([pixelAccuracy, classAccuracy, meanIou], [3 / 6, (1 / 2 + 2 / 4) / 3, (1 / 3 + 2 / 4) / 3], {
    relative: 1e-9,
    label: 'scores',
  });
  assertClose(ious, [1 / 3, 2 / 4, 0], { absolute: 1e-9, label: 'intersections over unions' });
  const other = new LabelCounts(3);
  other.merge(counts);
  other.merge(counts);
  assertClose([other.scores().pixelAccuracy], [pixelAccuracy], { relative: 1e-9, label: 'twice the same' });
  assert.ok(Object.values(new LabelCounts(2).scores()).flat().every(Number.isNaN), 'nothing has no score');
  await failure('SHAPE_MISMATCH', () => counts.add(new Uint8Array(2), new Uint8Array(3)), '3');
  await failure('SHAPE_MISMATCH', () => counts.merge(new LabelCounts(2)), '3');
  await failure('INVALID_ARGUMENT', () => new LabelCounts(0), '255');
});

test('a segmenter learns what the synthetic facades show', async () => {
  const pairs = syntheticFacades({ count: 4, size: 32, seed: 1, split: 'train' });
  const options = { palette: 'facades', direction: 'AtoB', size: 32, baseChannels: 4, levels: 2, jitter: false } as const;
  const trainer = await Trainer.create(gpu, segmentation, pairs, { ...options, batch: 2, learningRate: 1e-2, seed: 1 });
  for (let step = 0; step < 60; step++) await trainer.train();
  const losses = (await trainer.collectLosses()).map(({ losses: { crossEntropy } }) => crossEntropy!);
  assert.ok(losses.at(-1)! < 0.6 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
  const evaluator = await segmentation.evaluator(gpu, trainer.networks, trainer.options);
  const fitted = await Promise.all([0, 1, 2, 3].map(async (index) => evaluator.fit(await pairs.get(index))));
  const measures = [];
  for (const [index, pair] of fitted.entries()) measures.push((await evaluator.run(pair, index)).measure);
  const { pixelAccuracy } = evaluator.summarize(measures);
  const baseline = await evaluator.baseline!({ name: 'all', length: 4, get: (index) => fitted[index]! }, fitted);
  assert.match(baseline.name, /^all \w+$/);
  assert.ok(pixelAccuracy! > baseline.metrics.pixelAccuracy! + 0.05, `${pixelAccuracy} and ${baseline.metrics.pixelAccuracy}`);
  evaluator.dispose();
  trainer.dispose();
});

test.run();
