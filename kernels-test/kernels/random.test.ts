import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as hostRandom from '../../src/random.js';
import { ShadegradError } from '../../src/errors.js';
import { DropoutState } from '../../src/kernels/dropout.js';
import { drawNormal, fillNormal, fillUniform } from '../../src/kernels/random.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, SHAPES, target } from '../harness/layouts.js';
import { pcg4d, randomNormal, randomUnit } from '../reference/random.js';

const gpu = await testGpu();
const SEED = 0xdeadbeef;
const COUNT = 200_000;

async function uniform(count: number, seed: number, stream: number): Promise<Float32Array> {
  const tensor = Tensor.empty(gpu, [count]);
  fillUniform(tensor, 0, 1, seed, stream);
  const data = await tensor.data();
  tensor.dispose();
  return data;
}

async function normal(count: number, seed: number, stream: number): Promise<Float32Array> {
  const tensor = Tensor.empty(gpu, [count]);
  fillNormal(tensor, 0, 1, seed, stream);
  const data = await tensor.data();
  tensor.dispose();
  return data;
}

const moment = (x: Float32Array, power: number): number => x.reduce((sum, value) => sum + value ** power, 0) / x.length;

function correlation(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [moment(a, 1), moment(b, 1)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += (a[i]! - meanA) * (b[i]! - meanB);
    squareA += (a[i]! - meanA) ** 2;
    squareB += (b[i]! - meanB) ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}

/** Pearson's statistic for equally likely bins, as deviations from its mean: it has bins - 1 degrees of freedom. */
function chiSquareDeviations(bins: Float64Array): number {
  const expected = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  const statistic = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = bins.length - 1;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

/** P(normal < x), by integrating the density in steps of 1e-3 from -8. */
function normalQuantiles(bins: number): number[] {
  const edges: number[] = [];
  let probability = 0;
  for (let x = -8; x < 8 && edges.length < bins - 1; x += 1e-3) {
    probability += (1e-3 * Math.exp(-((x + 5e-4) ** 2) / 2)) / Math.sqrt(2 * Math.PI);
    if (probability >= (edges.length + 1) / bins) edges.push(x + 1e-3);
  }
  return edges;
}

test('the integers are those of the reference, and of the host generator', async () => {
  const count = 4099;
  for (const [seed, stream] of [
    [0, 0],
    [SEED, 7],
    [0xffffffff, 0xffffffff],
  ] as const) {
    assert.equal(
      await uniform(count, seed, stream),
      Float32Array.from({ length: count }, (_, i) => randomUnit(i, stream, seed)),
    );
  }
  assert.equal(pcg4d([1, 2, 3, 4]), hostRandom.pcg4d(1, 2, 3, 4));
  assert.equal(pcg4d([SEED, 0, 0xffffffff, 5]), hostRandom.pcg4d(SEED, 0, 0xffffffff, 5));
});

for (const shape of SHAPES) {
  for (const layout of LAYOUTS) {
    test(`random numbers for [${shape}], ${layout.name}: each by its own index`, async () => {
      const length = elementCount(shape);
      const tensor = target(gpu, shape, layout);
      fillUniform(tensor, -3, 5, SEED, 1);
      assertClose(
        await tensor.data(),
        Float64Array.from({ length }, (_, i) => -3 + 8 * randomUnit(i, 1, SEED)),
        { absolute: 1e-6, label: 'uniform' },
      );
      fillNormal(tensor, 2, 0.5, SEED, 2);
      // The logarithm is the driver's own.
      assertClose(
        await tensor.data(),
        Float64Array.from({ length }, (_, i) => 2 + 0.5 * randomNormal(i, 2, SEED)),
        { absolute: 2e-5, label: 'normal' },
      );
      await assertNeighboursKept(tensor, layout);
    });
  }
}

test('uniform numbers have the mean, the variance and the evenness of uniform numbers', async () => {
  const x = await uniform(COUNT, 1, 3);
  const deviation = 1 / Math.sqrt(12 * COUNT);
  assert.ok(Math.abs(moment(x, 1) - 1 / 2) < 4 * deviation, `mean ${moment(x, 1)}`);
  assert.ok(Math.abs(moment(x, 2) - 1 / 3) < 4 * deviation * 1.04, `second moment ${moment(x, 2)}`);
  const bins = new Float64Array(256);
  for (const value of x) {
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 256)]! += 1;
  }
  assert.ok(Math.abs(chiSquareDeviations(bins)) < 4, `chi-square ${chiSquareDeviations(bins)} deviations from its mean`);
});

test('pairs of neighbouring uniform numbers fill the square evenly', async () => {
  for (const distance of [1, 2, 3, 4]) {
    const x = await uniform(COUNT, 2, 0);
    const bins = new Float64Array(256);
    for (let i = 0; i + distance < COUNT; i += 2 * distance) bins[Math.floor(x[i]! * 16) * 16 + Math.floor(x[i + distance]! * 16)]! += 1;
    assert.ok(Math.abs(chiSquareDeviations(bins)) < 4, `distance ${distance}: ${chiSquareDeviations(bins)} deviations`);
  }
});

test('seeds, streams and neighbours are not correlated', async () => {
  const x = await uniform(COUNT, 5, 0);
  const limit = 4 / Math.sqrt(COUNT);
  for (const [label, other] of [
    ['seed', await uniform(COUNT, 6, 0)],
    ['stream', await uniform(COUNT, 5, 1)],
    ['neighbour', x.slice(1)],
  ] as const) {
    const shorter = x.subarray(0, other.length);
    assert.ok(Math.abs(correlation(shorter, other)) < limit, `${label}: ${correlation(shorter, other)}`);
  }
});

test('normal numbers have the moments and the quantiles of normal numbers', async () => {
  const x = await normal(COUNT, 9, 4);
  assert.ok(Math.abs(moment(x, 1)) < 4 / Math.sqrt(COUNT), `mean ${moment(x, 1)}`);
  assert.ok(Math.abs(moment(x, 2) - 1) < 4 * Math.sqrt(2 / COUNT), `variance ${moment(x, 2)}`);
  assert.ok(Math.abs(moment(x, 3)) < 4 * Math.sqrt(15 / COUNT), `skewness ${moment(x, 3)}`);
  assert.ok(Math.abs(moment(x, 4) - 3) < 4 * Math.sqrt(96 / COUNT), `kurtosis ${moment(x, 4)}`);
  const edges = normalQuantiles(64);
  const bins = new Float64Array(64);
  for (const value of x) {
    const bin = edges.findIndex((edge) => value < edge);
    bins[bin < 0 ? 63 : bin]! += 1;
  }
  assert.ok(Math.abs(chiSquareDeviations(bins)) < 4, `chi-square ${chiSquareDeviations(bins)} deviations from its mean`);
  assert.ok(Math.max(...x.subarray(0, 50_000)) < 5.8);
});

test('the two halves of a Box-Muller pair are independent', async () => {
  const x = await normal(COUNT, 10, 0);
  const even = x.filter((_, i) => i % 2 === 0);
  const odd = x.filter((_, i) => i % 2 === 1);
  const limit = 4 / Math.sqrt(COUNT / 2);
  assert.ok(Math.abs(correlation(even, odd)) < limit);
  assert.ok(
    Math.abs(
      correlation(
        even.map((v) => v * v),
        odd.map((v) => v * v),
      ),
    ) < limit,
  );
});

test('what a forward pass draws follows from its seed, step, pass and layer, called or replayed', async () => {
  const state = new DropoutState(gpu, SEED);
  const drawn = Tensor.empty(gpu, [3, 7]).keep();
  const { recording } = await gpu.record(() => {
    state.beginPass();
    drawNormal(drawn, 5, state.beginPass().words);
  });
  const expected = (step: number): number[] => Array.from({ length: 21 }, (_, index) => randomNormal(index, 5 + (1 << 16), SEED, step));
  for (const step of [3, 4, 3]) {
    state.advance(step);
    recording.run();
    assertClose(await drawn.data(), expected(step), { absolute: 1e-4, label: `step ${step}` });
  }
  recording.destroy();
  drawn.dispose();
  state.dispose();
});

test('a second filling with the same seed is the same to the bit', async () => {
  assert.equal(await normal(1001, 3, 3), await normal(1001, 3, 3));
  assert.not.equal(await normal(1001, 3, 3), await normal(1001, 3, 4));
});

test('arguments that make no sense are refused', () => {
  const tensor = Tensor.empty(gpu, [4]);
  const wrong = [
    () => fillUniform(tensor, 1, 0, 0, 0),
    () => fillUniform(tensor, NaN, 1, 0, 0),
    () => fillUniform(tensor, 0, 1, -1, 0),
    () => fillUniform(tensor, 0, 1, 0, 2 ** 32),
    () => fillNormal(tensor, 0, -1, 0, 0),
    () => fillNormal(tensor, 0, Infinity, 0, 0),
    () => fillNormal(tensor, 0, 1, 0.5, 0),
  ];
  for (const run of wrong) {
    assert.throws(run, (error: unknown) => error instanceof ShadegradError && error.code === 'INVALID_ARGUMENT');
  }
});

test.run();
