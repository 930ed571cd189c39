import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/norms.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, placed, target } from '../harness/layouts.js';
import { normChecks } from '../harness/spatial-checks.js';
import * as reference from '../reference/group-norm.js';

const gpu = await testGpu();

for (const layout of LAYOUTS) {
  test(`group, instance and layer norm, ${layout.name}`, async () => {
    // Far from zero, so that a variance as a difference of large numbers would show.
    const check = async (
      label: string,
      shape: Shape,
      run: (x: Tensor, out: Tensor) => Tensor,
      expected: (x: Float32Array) => Float64Array,
    ): Promise<void> => {
      const x = values('norm', elementCount(shape), 2, 30);
      const out = target(gpu, shape, layout);
      assert.is(run(placed(gpu, x, shape, layout), out), out);
      assertClose(await out.data(), expected(x), { absolute: 3e-5, label: `${label} of [${shape}]` });
      await assertNeighboursKept(out, layout);
    };
    for (const [shape, groups] of [
      [[2, 3, 5, 6], 2],
      [[1, 31, 2, 7], 7],
      [[3, 4, 4, 8], 1],
      [[4, 20, 20, 12], 3],
      [[2, 9], 3],
    ] as const) {
      const [images, channels] = [shape[0], shape.at(-1)!];
      const rows = elementCount(shape) / images / channels;
      const [gamma, beta] = [values('gamma', channels), values('beta', channels)];
      const given = { gamma: Tensor.from(gpu, gamma, [channels]), beta: Tensor.from(gpu, beta, [channels]) };
      await check(
        'group norm',
        shape,
        (x, out) => ops.groupNorm(x, groups, { ...given, out }),
        (x) => reference.normalise(x, { images, rows, channels, groups }, gamma, beta),
      );
      await check(
        'without a factor',
        shape,
        (x, out) => ops.groupNorm(x, groups, { beta: given.beta, out }),
        (x) => reference.normalise(x, { images, rows, channels, groups }, undefined, beta),
      );
      const each = elementCount(shape) / channels;
      await check(
        'layer norm',
        shape,
        (x, out) => ops.layerNorm(x, [channels], { gamma: given.gamma, out }),
        (x) => reference.normalise(x, { images: each, rows: 1, channels, groups: 1 }, gamma),
      );
      const last = shape.slice(1);
      await check(
        'layer norm of all',
        shape,
        (x, out) => ops.layerNorm(x, last, { out }),
        (x) => reference.normalise(x, { images, rows: 1, channels: rows * channels, groups: 1 }),
      );
    }
  });
}

for (const [label, check] of Object.entries(normChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

const run: Record<string, (x: Tensor, gamma: Tensor, beta: Tensor, options: { groups?: number; axes?: number }) => Tensor> = {
  groupNorm: (x, gamma, beta, { groups }) => ops.groupNorm(x, groups!, { gamma, beta }),
  layerNorm: (x, gamma, beta, { axes }) => ops.layerNorm(x, x.shape.slice(-axes!), { gamma, beta }),
  instanceNorm: (x, gamma, beta) => ops.instanceNorm(x, { gamma, beta }),
};

for (const each of golden.cases) {
  test(`${each.name} of [${each.inputs[0]!.shape}] equals PyTorch's, with gradients`, async () => {
    const inputs = each.inputs.map((description) => {
      const tensor = Tensor.from(gpu, generate(description), description.shape);
      tensor.requiresGrad = true;
      return tensor;
    });
    const y = run[each.name]!(inputs[0]!, inputs[1]!, inputs[2]!, each.options);
    assertClose(await y.data(), float32(each.expected.output), { absolute: 5e-6, relative: 2e-6, label: 'output' });
    backward(y, Tensor.from(gpu, generate(each.seed), y.shape));
    for (const [index, input] of inputs.entries()) {
      assertClose(await input.grad!.data(), float32(each.expected.gradients[index]!), {
        absolute: 1e-5,
        relative: 1e-5,
        label: `gradient ${index}`,
      });
    }
  });
}

test('as many dispatches for many images as for one', async () => {
  const dispatches = async (images: number): Promise<number> => {
    const x = Tensor.from(gpu, values('images', images * 48), [images, 4, 4, 3]);
    x.requiresGrad = true;
    const { recording } = await gpu.record(() => backward(ops.sum(ops.instanceNorm(x))));
    const count = recording.length;
    recording.destroy();
    return count;
  };
  assert.is(await dispatches(5), await dispatches(1));
});

test('what cannot be done is refused', async () => {
  const x = Tensor.from(gpu, values('x', 24), [2, 2, 6], 'x');
  const row = Tensor.from(gpu, [1, 2, 3, 4, 5], [5]);
  await failure('INVALID_ARGUMENT', () => ops.groupNorm(x, 4), 'groups of groupNorm', 'divisor');
  await failure('SHAPE_MISMATCH', () => ops.groupNorm(x, 3, { gamma: row }), 'gamma of group norm', '[6]');
  await failure('SHAPE_MISMATCH', () => ops.layerNorm(x, [2]), 'normalised shape of layerNorm', '[x.channels]');
  await failure('SHAPE_MISMATCH', () => ops.layerNorm(x, [6], { beta: row }), 'beta of layer norm');
  await failure('INVALID_ARGUMENT', () => ops.layerNorm(x, [6], { epsilon: 0 }), 'epsilon');
  await failure('SHAPE_MISMATCH', () => ops.instanceNorm(x), 'input of instance norm');
  await failure('INVALID_ARGUMENT', () => ops.groupNorm(Tensor.from(gpu, new Int32Array(4), [2, 2]), 1), 'i32');
});

test.run();
