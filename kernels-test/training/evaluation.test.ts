// The table of metrics: names, what is left out, statistics, and what cannot be.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { paletteOf } from '../../src/data/palettes/registry.js';
import { evaluatePictures } from '../../src/training/evaluation/evaluate.js';
import type { EvaluatedSample, EvaluationMetric, PixelModel } from '../../src/training/evaluation/metric.js';
import { EVALUATION_METRICS } from '../../src/training/evaluation/registry.js';
import { summarizeValues } from '../../src/training/evaluation/statistics.js';
import { compareImages, imageL2 } from '../../src/training/metrics.js';
import { RandomStream } from '../../src/random.js';
import { failure } from '../harness/devices.js';

const close = (got: number, wanted: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${got} instead of ${wanted}`);

/** A picture of noise about a grey, which follows from its number. */
function picture(number: number, width = 24, height = 20): RgbImage {
  const random = new RandomStream(number, 1);
  const middle = random.integer(60, 190);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => middle + random.integer(-40, 40)) };
}
const sample = (number: number): EvaluatedSample => ({ name: `p${number}`, made: picture(number), real: picture(number + 100) });
const SAMPLES = [0, 1, 2, 3, 4].map(sample);

test('the rows of the table have names of their own, and say what they are', () => {
  const names = EVALUATION_METRICS.map(({ name }) => name);
  const columns = EVALUATION_METRICS.flatMap(({ values }) => Object.keys(values));
  const flags = EVALUATION_METRICS.flatMap(({ options = {} }) => Object.keys(options));
  for (const list of [names, columns, flags]) assert.is(new Set(list).size, list.length);
  for (const name of [...names, ...columns]) assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  for (const { name, description } of EVALUATION_METRICS) assert.ok(description.length > 20 && !description.endsWith('.'), name);
});

test('all together is the mean of the samples, whose values are those of single calls', async () => {
  const { columns, pictures, counts } = await evaluatePictures(SAMPLES, { metrics: ['ssim', 'l1', 'psnr', 'l2'] });
  assert.equal(counts, { made: 5, real: 5 });
  assert.equal(
    columns.map(({ name }) => name),
    ['l1', 'l2', 'psnr', 'ssim'],
    'in the order of the table',
  );
  for (const [at, { made, real }] of SAMPLES.entries()) {
    const { l2, ...rest } = pictures[at]!.values as Record<'l1' | 'l2' | 'psnr' | 'ssim', number>;
    assert.equal(rest, compareImages(made!, real!));
    assert.is(l2, imageL2(made!, real!));
    close(l2, 4 / 10 ** (rest.psnr / 10), 1e-12);
  }
  const l1 = pictures.map(({ values }) => values.l1!);
  const [{ value, samples, better }] = columns as [(typeof columns)[number]];
  close(value, l1.reduce((sum, each) => sum + each, 0) / 5);
  assert.is(better, 'lower');
  assert.is(samples!.median, [...l1].sort((a, b) => a - b)[2]);
});

test('statistics: hand values, missing ones, infinity, and an interval that follows from its seed', () => {
  const { a, none, one, far } = summarizeValues({
    a: [1, 2, 4, NaN],
    none: [NaN, NaN, NaN, NaN],
    one: [3, NaN, NaN, NaN],
    far: [1, 2, Infinity, 3],
  });
  close(a.mean, 7 / 3);
  assert.equal([a.count, a.median], [3, 2]);
  close(a.deviation, Math.sqrt(7 / 3));
  assert.ok(a.interval[0] >= 1 && a.interval[0] < a.mean && a.mean < a.interval[1] && a.interval[1] <= 4);
  assert.equal(none, { count: 0, mean: NaN, median: NaN, deviation: NaN, interval: [NaN, NaN] });
  assert.equal(one, { count: 1, mean: 3, median: 3, deviation: NaN, interval: [3, 3] });
  assert.equal([far.mean, far.median, far.interval[1]], [Infinity, 2.5, Infinity]);
  const values = Array.from({ length: 400 }, (_, at) => new RandomStream(at, 5).uniform());
  const of = (seed: number) => summarizeValues({ values }, seed).values;
  assert.equal(of(1), of(1));
  assert.not.equal(of(1).interval, of(2).interval);
  // Of so many the interval is that of a normal distribution: the mean and twice its standard error, almost.
  const { mean, deviation, interval } = of(3);
  for (const [at, sign] of [-1, 1].entries()) close(interval[at]!, mean + (sign * 1.96 * deviation) / 20, 0.004);
});

test('a constant answer is measured beside', async () => {
  const constant = picture(50);
  const { columns, constant: beside } = await evaluatePictures(SAMPLES, { metrics: ['l1'], constant });
  const answers = SAMPLES.map(({ name, real }) => ({ name, made: constant, real: real! }));
  const { columns: wanted } = await evaluatePictures(answers, { metrics: ['l1'] });
  assert.equal(beside, wanted);
  assert.not.equal(columns, wanted);
});

/** A metric for tests: how many pictures it has seen of either set. */
const counting = (more: Partial<EvaluationMetric> = {}, log: string[] = []): EvaluationMetric => ({
  ...{ name: 'counting', description: 'how many pictures there are', compares: 'sets' },
  values: { 'counted-made': { label: 'Made', better: 'higher' }, 'counted-real': { label: 'Real', better: 'higher' } },
  ...more,
  begin({ options }) {
    log.push(`begin ${JSON.stringify(options)}`);
    const counts = { 'counted-made': 0, 'counted-real': 0 };
    return {
      add({ made, real }) {
        if (made) counts['counted-made']++;
        if (real) counts['counted-real']++;
        return undefined;
      },
      together: () => counts,
      dispose: () => void log.push('dispose'),
    };
  },
});

test('a metric of sets has one value of all, none of single samples, and takes sets of two lengths', async () => {
  const samples = [...SAMPLES, { name: 'more', real: picture(9, 3, 3) }];
  const { columns, pictures, counts, leftOut } = await evaluatePictures(samples, {
    pairs: false,
    table: [...EVALUATION_METRICS, counting()],
  });
  const counted = columns.filter(({ metric }) => metric === 'counting');
  assert.equal(
    counted.map(({ value, samples: own }) => [value, own]),
    [
      [5, undefined],
      [6, undefined],
    ],
  );
  assert.equal(counts, { made: 5, real: 6 });
  assert.not.ok('counted-made' in pictures[0]!.values);
  assert.match(leftOut.find(({ name }) => name === 'l1')!.why, /no made picture has a real one of its own/);
});

test('what a metric lacks leaves it out, and is an error where it was named', async () => {
  const needy = counting({ weights: [{ flag: 'inception', description: 'a file' }], leastSide: 1 });
  const { leftOut, columns } = await evaluatePictures(SAMPLES, { table: [needy, EVALUATION_METRICS[0]!] });
  assert.equal(leftOut, [{ name: 'counting', why: 'needs --inception FILE' }]);
  assert.is(columns.length, 1);
  const named = () => evaluatePictures(SAMPLES, { table: [needy], metrics: ['counting'] });
  await failure('INVALID_ARGUMENT', named, /needs --inception FILE/);
  const log: string[] = [];
  const large = counting({ leastSide: 40, options: { way: { default: 2, flag: { type: 'integer', description: 'x' } } } }, log);
  const small = await evaluatePictures(SAMPLES, { table: [large, EVALUATION_METRICS[0]!] });
  assert.match(small.leftOut[0]!.why, /sides of at least 40 pixels; p0 has 24 x 20/);
  assert.equal(log, ['begin {"way":2}', 'dispose']);
  await failure('IMAGE_SIZE', () => evaluatePictures(SAMPLES, { table: [large], metrics: ['counting'] }));
  await failure(
    'INVALID_ARGUMENT',
    () => evaluatePictures(SAMPLES, { table: [large], options: { way: 1.5 } }),
    /way of the metric counting/,
  );
});

test('what cannot be evaluated', async () => {
  const made = picture(1);
  const of =
    (samples: EvaluatedSample[], options = {}) =>
    () =>
      evaluatePictures(samples, options);
  await failure('INVALID_ARGUMENT', of([]), /at least one picture/);
  await failure('INVALID_ARGUMENT', of(SAMPLES, { metrics: ['l7'] }), /names out of l1, /, /l7/);
  await failure('INVALID_ARGUMENT', of(SAMPLES, { metrics: [] }), /at least one of them/);
  await failure('INVALID_ARGUMENT', of([{ name: 'alone', made }]), /alone is no pair/);
  await failure('SHAPE_MISMATCH', of([{ name: 'odd', made, real: picture(2, 10, 10) }]), /odd: .* two sizes/);
  await failure('INVALID_ARGUMENT', of(SAMPLES, { table: [counting({ onDevice: true })] }), /gpu among the options/);
  await failure('INVALID_ARGUMENT', of(SAMPLES, { metric: ['l1'] }), /options of evaluatePictures/);
  await failure('INVALID_ARGUMENT', of(SAMPLES, { options: { edgeTolerence: 3 } }), /edgeTolerence/, /edgeTolerance/);
});

test('label maps are scored by the classes of their colours, over all pictures together', async () => {
  const colours = ['ff0000', '00ff00', '0000ff'].map((digits) => [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)));
  const map = (...classes: number[]): RgbImage => ({
    width: classes.length,
    height: 1,
    data: Uint8Array.from(classes.flatMap((each) => colours[each]!.map((value) => Math.abs(value - 9)))),
  });
  const samples = [
    { name: 'a', made: map(0, 0, 1, 1), real: map(0, 1, 1, 1) },
    { name: 'b', made: map(2, 0, 0, 0), real: map(2, 2, 0, 0) },
  ];
  const palette = 'r=ff0000,g=00ff00,b=0000ff';
  const { columns, leftOut, remarks: none } = await evaluatePictures(samples, { metrics: ['labels'], options: { palette } });
  assert.equal(none, []);
  const value = (name: string): number => columns.find((each) => each.name === name)!.value;
  close(value('label-pixels'), 6 / 8, 1e-9);
  close(value('label-classes'), (3 / 3 + 2 / 3 + 1 / 2) / 3, 1e-9);
  close(value('label-iou'), (3 / 5 + 2 / 3 + 1 / 2) / 3, 1e-9);
  assert.ok(
    columns.every((column) => column.samples === undefined),
    'a single picture has no score',
  );
  assert.equal(leftOut, []);
  const { remarks } = await evaluatePictures(SAMPLES, { metrics: ['labels'], options: { palette } });
  assert.match(remarks.join(), /no label maps of it/);
  const { leftOut: unsaid } = await evaluatePictures(SAMPLES);
  assert.is(unsaid.find(({ name }) => name === 'labels')?.why, 'needs --palette');
  await failure('INVALID_ARGUMENT', () => evaluatePictures(samples, { metrics: ['labels'] }), '--palette');
  await failure('INVALID_ARGUMENT', () => evaluatePictures(samples, { metrics: ['labels'], options: { palette: 'r=ff' } }), 'cityscapes');
});

test('the FCN score asks a model what it sees, of made photos and of real ones', async () => {
  const palette = paletteOf('dark=000000,light=ffffff,none=ff0000');
  const grey = (...values: number[]): RgbImage => ({
    width: values.length,
    height: 1,
    data: Uint8Array.from(values.flatMap((each) => [each, each, each])),
  });
  /** Light is what is above the middle; of photos of two pixels, the first of them and the last. */
  const seen: number[] = [];
  const model: PixelModel = {
    size: [2, 1],
    classes: 2,
    palette,
    classesOf: async ({ width, height, data }) => {
      seen.push(width * height);
      return Uint8Array.of(Number(data[0]! > 127), Number(data[3]! > 127));
    },
  };
  const given = { width: 4, height: 1, data: Uint8Array.of(0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0) };
  const samples = [
    {
      name: 'a',
      made: grey(200, 200, 200, 200),
      real: grey(0, 0, 255, 255),
      given: { ...given, data: given.data.map((v, at) => (at > 8 ? 255 : v)) },
    },
    { name: 'b', made: grey(0, 0, 255, 255), real: grey(0, 0, 255, 255), given },
  ];
  const { columns } = await evaluatePictures(samples, { metrics: ['fcn'], models: { segmenter: model } });
  const values = Object.fromEntries(columns.map(({ name, value }) => [name, value]));
  // Of b the second pixel is of no class; of a the first was taken for light.
  close(values['fcn-pixels']!, 2 / 3, 1e-9);
  close(values['fcn-classes']!, (1 / 2 + 1) / 2, 1e-9);
  close(values['fcn-iou']!, (1 / 2 + 1 / 2) / 2, 1e-9);
  close(values['fcn-real-pixels']!, 1, 1e-9);
  assert.equal(seen, [2, 2, 2, 2], 'pictures come at the size of the model');
  assert.equal((await evaluatePictures(samples, { metrics: ['fcn'], models: { segmenter: model } })).remarks, []);
  const photos = samples.map((each, at) => ({ ...each, given: { ...grey(...Array(4).fill(90 + at)), width: 4 } }));
  const { remarks } = await evaluatePictures(photos, { metrics: ['fcn'], models: { segmenter: model } });
  assert.match(remarks.join(), /pictures that were given .* are no label maps of it/);
  const ask = (more: object, some = samples as readonly EvaluatedSample[]) => evaluatePictures(some, { metrics: ['fcn'], ...more });
  await failure('INVALID_ARGUMENT', () => ask({}), '--segmenter FILE');
  await failure('INVALID_ARGUMENT', () => ask({ models: { segmenter: model } }, SAMPLES), '--input DIR');
  await failure('INVALID_ARGUMENT', () => ask({ models: { segmenter: { ...model, palette: null } } }), '--segmenter-palette');
  await failure('INVALID_ARGUMENT', () => ask({ models: { segmenter: model }, options: { segmenterPalette: 'facades' } }), '2 classes');
});

test.run();
