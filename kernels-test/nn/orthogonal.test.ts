import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { orthogonal } from '../../src/nn/initializers.js';
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

test.run();
