import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { embedding, embeddingGrad } from '../../src/kernels/embedding.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, placed, target } from '../harness/layouts.js';
import { embeddingChecks } from '../harness/spatial-checks.js';

const gpu = await testGpu();

for (const layout of LAYOUTS) {
  test(`rows of a table and their gradient, ${layout.name}`, async () => {
    for (const [entries, columns, count] of [
      [1, 1, 1],
      [7, 3, 31],
      [70, 8, 200],
      [5, 31, 3],
    ] as const) {
      const [table, dy] = [values('table', entries * columns), values('dy', count * columns)];
      const indices = Int32Array.from(values('indices', count), (value) => Math.floor(((value + 1) / 2) * entries));
      const [at, y] = [Tensor.from(gpu, indices, [count]), target(gpu, [count, columns], layout)];
      embedding(at, placed(gpu, table, [entries, columns], layout), y);
      assert.equal(
        [...(await y.data())],
        Array.from({ length: count * columns }, (_, i) => table[indices[Math.floor(i / columns)]! * columns + (i % columns)]!),
      );
      await assertNeighboursKept(y, layout);
      const expected = new Float64Array(entries * columns);
      dy.forEach((value, i) => (expected[indices[Math.floor(i / columns)]! * columns + (i % columns)]! += value));
      assertClose(await embeddingGrad(placed(gpu, dy, [count, columns], layout), at, [entries, columns]).data(), expected, {
        absolute: 1e-5,
        label: 'gradient',
      });
    }
  });
}

for (const [label, check] of Object.entries(embeddingChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

test('gradients are added in the order of the indices, the same to the bit each time', async () => {
  const count = 3000;
  const dy = values('order', count, 1000);
  const at = Tensor.from(gpu, new Int32Array(count).fill(1), [count]);
  const sum = dy.reduce((total, value) => Math.fround(total + value), 0);
  for (let run = 0; run < 2; run++)
    assert.equal([...(await embeddingGrad(Tensor.from(gpu, dy, [count, 1]), at, [3, 1]).data())], [0, sum, 0]);
});

test('an index that the table lacks cannot be overlooked', async () => {
  const table = Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
  table.requiresGrad = true;
  for (const index of [2, -1, 2 ** 31 - 1]) {
    const y = ops.embedding(Tensor.from(gpu, new Int32Array([1, index]), [2]), table);
    assert.equal([...(await y.data())].map(String), ['3', '4', 'NaN', 'NaN']);
    backward(ops.sum(y));
  }
  assert.equal([...(await table.grad!.data())], [0, 0, 3, 3]);
});

test('what does not fit is refused', async () => {
  const table = Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
  await failure('INVALID_ARGUMENT', () => ops.embedding(Tensor.from(gpu, [1], [1]), table), 'embedding: indices', 'Int32Array');
  await failure('SHAPE_MISMATCH', () => ops.embedding(Tensor.from(gpu, new Int32Array(1), [1]), table.reshape([4])), 'table of embedding');
});

test.run();
