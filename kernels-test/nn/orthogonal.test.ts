import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { orthogonal } from '../../src/nn/initializers.js';
import { emptyRows, orthonormalize } from '../../src/nn/orthonormal.js';
import { RandomStream } from '../../src/random.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

test('orthogonal weights are perpendicular and of one length, whichever are fewer: outputs or inputs', async () => {
  for (const shape of [
    [2, 2, 3, 7],
    [1, 1, 5, 9],
    [6, 6],
    [4, 4, 2, 1],
  ]) {
    const target = Tensor.empty(gpu, shape).keep();
    orthogonal(0.5)(target, 3, 1);
    const data = await target.data();
    const outputs = shape.at(-1)!;
    const inputs = data.length / outputs;
    const byOutput = outputs <= inputs;
    const [count, size] = byOutput ? [outputs, inputs] : [inputs, outputs];
    const at = (vector: number, index: number): number => data[byOutput ? index * outputs + vector : vector * outputs + index]!;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let index = 0; index < size; index++) product += at(i, index) * at(j, index);
        assert.ok(Math.abs(product - (i === j ? 0.25 : 0)) < 1e-6, `${shape}: ${i} and ${j}: ${product}`);
      }
    }
    const again = Tensor.empty(gpu, shape).keep();
    orthogonal(0.5)(again, 3, 1);
    assert.equal(await again.data(), data);
    orthogonal(0.5)(again, 3, 2);
    assert.not.equal(await again.data(), data);
    for (const each of [target, again]) each.dispose();
  }
});

/** Gram and Schmidt's method, modified: one vector after the other. */
function gramSchmidt(vectors: readonly (readonly number[])[]): number[][] {
  const made: number[][] = [];
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  for (const vector of vectors) {
    let left = [...vector];
    for (const other of made) {
      const share = dot(left, other);
      left = left.map((value, at) => value - share * other[at]!);
    }
    const norm = Math.sqrt(dot(left, left));
    made.push(left.map((value) => value / norm));
  }
  return made;
}

test('they are those of Gram and Schmidt, for any number of vectors and dimensions', () => {
  for (const [count, length] of [
    [1, 1],
    [3, 7],
    [4, 64],
    [13, 131],
    [30, 60],
    [47, 48],
    [48, 48],
  ] as const) {
    const random = new RandomStream(count, length);
    const vectors = Array.from({ length: count }, () => Array.from({ length }, () => random.normal()));
    const rows = emptyRows(count, length);
    rows.data.set(vectors.flat());
    assert.ok(orthonormalize(rows));
    const difference = gramSchmidt(vectors)
      .flat()
      .reduce((most, value, at) => Math.max(most, Math.abs(value - rows.data[at]!)), 0);
    assert.ok(difference < 1e-11, `${count} of ${length}: ${difference}`);
  }
});

test('vectors that depend on one another make none', () => {
  const rows = emptyRows(3, 3);
  rows.data.set([1, 2, 3, 0, 1, 1, 1, 3, 4]);
  assert.not.ok(orthonormalize(rows));
});

test.run();
