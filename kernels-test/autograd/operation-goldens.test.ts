import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/every_operation.json';
import operations from '../goldens/operations.json';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { runs, type Options } from '../harness/operation-goldens.js';

// Every operation beside PyTorch's: the result, its gradients, and the gradients of those.

const gpu = await testGpu();
const { add, mul, sum } = ops;

test('every operation has a golden', () => {
  const goldens = [...golden.cases, ...operations.binary, ...operations.indices].map(({ name }) => name);
  // PyTorch draws other masks, and has no conversion of its own to bytes; half.test.ts compares cast() with IEEE's rounding.
  const named = new Set([...goldens, 'oneHot', 'dropout', 'floatToImage', 'cast']);
  assert.equal(
    Object.keys(ops).filter((name) => !named.has(name)),
    [],
  );
});

/** A constant of a case: classes and indices as i32, other numbers as f32. */
const constant = (stored: { shape: number[]; int32?: number[]; float32?: string }): Tensor =>
  Tensor.from(gpu, stored.int32 ? new Int32Array(stored.int32) : float32(stored as StoredArray), stored.shape);

for (const each of golden.cases) {
  const shapes = each.inputs.map(({ shape }) => `[${shape}]`).join(' and ');
  test(`${each.name} ${JSON.stringify(each.options)} of ${shapes} is PyTorch's`, async () => {
    const inputs = each.inputs.map((described) => {
      const tensor = Tensor.from(gpu, generate(described), described.shape);
      tensor.requiresGrad = true;
      return tensor;
    });
    const constants = each.constants.map(constant);
    const weighted = (x: Tensor, name: string): Tensor => sum(mul(x, Tensor.from(gpu, values(`${each.label}/${name}`, x.size), x.shape)));
    const { y, first, second } = gpu.scope(() => {
      const output = runs[each.name]!([...inputs, ...constants], each.options as unknown as Options);
      const slopes = grad(weighted(mul(output, output), 'w'), inputs, { createGraph: true });
      const along = slopes.map((slope, index) => weighted(slope, `v${index}`));
      return {
        y: output,
        first: slopes,
        second: grad(
          along.reduce((total, term) => add(total, term)),
          inputs,
        ),
      };
    });
    assert.equal(y.shape, each.output.shape);
    const compare = async (what: string, tensor: Tensor, expected: StoredArray): Promise<void> => {
      const stored = float32(expected);
      const largest = stored.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
      assertClose(await tensor.data(), stored, { absolute: 1e-5 * largest, label: `${what} of ${each.name}` });
    };
    await compare('output', y, each.output);
    for (const [index, expected] of each.first.entries()) await compare(`gradient ${index}`, first[index]!, expected);
    for (const [index, expected] of each.second.entries()) await compare(`second gradient ${index}`, second[index]!, expected);
    for (const tensor of [y, ...first, ...second, ...inputs, ...constants]) tensor.dispose();
  });
}

test("oneHot is PyTorch's", async () => {
  const { labels, shape, classes, output } = golden.oneHot;
  const code = ops.oneHot(Tensor.from(gpu, new Int32Array(labels), shape), classes);
  assert.equal([code.shape, [...(await code.data())]], [output.shape, [...float32(output)]]);
});

test.run();
