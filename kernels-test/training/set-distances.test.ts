import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FeatureRows } from '../../src/training/distances/feature-rows.js';
import { frechetDistance } from '../../src/training/distances/frechet.js';
import { kernelDistance } from '../../src/training/distances/kernel-distance.js';
import { factor, sumOfSingularValues } from '../../src/training/distances/singular-values.js';
import golden from '../goldens/set_distances.json';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';

function rowsOf({ shape, ...rest }: StoredArray, parts = 1): FeatureRows {
  const [count, dimensions] = shape as [number, number];
  const numbers = float32({ shape, ...rest });
  const rows = new FeatureRows(dimensions);
  const size = Math.ceil(count / parts) * dimensions;
  for (let start = 0; start < numbers.length; start += size) rows.add(numbers.subarray(start, start + size));
  assert.is(rows.count, count);
  return rows;
}

for (const each of golden.cases) {
  test(`distances of ${each.first.shape[0]} and ${each.second.shape[0]} images with ${each.first.shape[1]} features are NumPy's`, () => {
    const [a, b] = [rowsOf(each.first), rowsOf(each.second, 3)];
    assertClose([frechetDistance(a, b)], [each.frechet], { relative: 1e-9, label: 'Frechet' });
    assertClose([frechetDistance(b, a)], [each.frechet], { relative: 1e-9, label: 'Frechet, the other way' });
    assertClose([kernelDistance(a, b).distance], [each.kernel], { relative: 1e-9, absolute: 1e-12, label: 'kernel' });
    // Of images that are all alike there is a mean and no deviation.
    const constant = new FeatureRows(a.dimensions);
    for (let i = 0; i < 3; i++) constant.add(a.at(0));
    assert.is(frechetDistance(constant, constant), 0);
    assertClose([frechetDistance(a, a), frechetDistance(b, b)], [0, 0], { absolute: 1e-9 * each.frechet, label: 'of a set from itself' });
  });
}

test('a set of few images lies as far from another as its few directions say', () => {
  // Two images a set: each deviates along one direction, and the root of both covariances has one singular value, known by hand.
  const [a, b] = [new FeatureRows(4), new FeatureRows(4)];
  a.add(Float32Array.of(1, 0, 0, 0, -1, 0, 0, 0));
  b.add(Float32Array.of(3, 4, 0, 0, -3, -4, 0, 0));
  assertClose([frechetDistance(a, b)], [2 + 50 - 2 * Math.sqrt(2 * 50) * 0.6], { relative: 1e-14, label: 'distance' });
});

test('singular values add up, of matrices of any form and rank', () => {
  const diagonal = (numbers: readonly number[], columns: number): Float64Array => {
    const matrix = new Float64Array(numbers.length * columns);
    numbers.forEach((number, i) => (matrix[i * columns + i] = number));
    return matrix;
  };
  assert.is(sumOfSingularValues(diagonal([3, -4, 0], 3), 3, 3), 7);
  assert.is(sumOfSingularValues(new Float64Array(6), 2, 3), 0);
  assert.is(sumOfSingularValues(new Float64Array(0), 0, 3), 0);
  assertClose([sumOfSingularValues(Float64Array.of(3, 4), 1, 2), sumOfSingularValues(Float64Array.of(3, 4), 2, 1)], [5, 5], {
    relative: 1e-15,
    label: 'a row, and a column',
  });
  // Q D Q' of reflections Q has the singular values of D, over 16 orders of magnitude.
  const n = 31;
  const numbers = Array.from({ length: n }, (_, i) => 10 ** (-i / 2));
  const direction = Float64Array.from(values('direction', n));
  const squares = direction.reduce((sum, each) => sum + each * each, 0);
  const reflect = (i: number, j: number): number => (i === j ? 1 : 0) - (2 * direction[i]! * direction[j]!) / squares;
  const turned = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) turned[i * n + j]! += reflect(i, k) * numbers[k]! * reflect(k, j);
  const sum = numbers.reduce((total, each) => total + each, 0);
  const { rank, rows } = factor(turned, n);
  assert.ok(rank > 26 && rank <= n, String(rank));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let product = 0;
      for (let k = 0; k < rank; k++) product += rows[k * n + i]! * rows[k * n + j]!;
      assertClose([product], [turned[i * n + j]!], { absolute: 1e-14, label: `factors at ${i}, ${j}` });
    }
  }
  assertClose([sumOfSingularValues(turned, n, n)], [sum], { relative: 1e-13, label: 'sum' });
});

test('sets above 1,000 images are compared in parts that follow from the seed', () => {
  const set = (name: string, count: number): FeatureRows => {
    const rows = new FeatureRows(2);
    rows.add(values(name, count * 2));
    return rows;
  };
  const [a, b] = [set('a', 2100), set('b', 2700)];
  const first = kernelDistance(a, b, 1);
  assert.equal(kernelDistance(a, b, 1), first);
  assert.not.equal(kernelDistance(a, b, 2), first);
  assert.ok(first.deviation > 0 && Math.abs(first.distance) < 0.02, JSON.stringify(first));
  assert.is(kernelDistance(set('a', 1000), set('b', 900)).deviation, 0);
});

test('sets of one image, of other features, and numbers that are not finite are refused', async () => {
  const [one, two, other] = [new FeatureRows(2), new FeatureRows(2), new FeatureRows(3)];
  one.add(Float32Array.of(1, 2));
  two.add(Float32Array.of(1, 2, 3, 4));
  other.add(new Float32Array(6));
  for (const distance of [frechetDistance, kernelDistance]) {
    await failure('INVALID_ARGUMENT', () => distance(one, two), 'at least two images', '1 images with 2 features', 'fix: ');
    await failure('INVALID_ARGUMENT', () => distance(two, other), '2 with 3', 'fix: ');
  }
  await failure('INVALID_ARGUMENT', () => one.add(Float32Array.of(1, NaN)), 'NaN at index 1', 'fix: ');
  await failure('INVALID_ARGUMENT', () => one.add(new Float32Array(3)), '2 finite numbers', '3 numbers');
  one.add(new Float32Array(0));
  assert.is(one.count, 1);
  assert.throws(() => one.at(1), RangeError);
});

test.run();
