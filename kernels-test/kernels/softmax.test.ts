import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { softmax, softmaxGrad } from '../../src/kernels/softmax.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/softmax.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, target } from '../harness/layouts.js';
import { lossChecks } from '../harness/spatial-checks.js';
import * as reference from '../reference/softmax.js';

const gpu = await testGpu();
const SHAPES: readonly Shape[] = [[1], [1, 1], [31], [4, 7], [3, 5, 6], [2, 70, 3]];

for (const layout of LAYOUTS) {
  test(`softmax and its logarithm along every axis, with gradients, ${layout.name}`, async () => {
    for (const shape of SHAPES) {
      const [x, dy] = [values('softmax x', elementCount(shape), 4), values('softmax dy', elementCount(shape))];
      for (const axis of shape.keys()) {
        for (const log of [false, true]) {
          const label = `[${shape}] along ${axis}, ${log ? 'logarithm' : 'softmax'}`;
          const expected = reference.softmax(x, shape, axis, log);
          const y = target(gpu, shape, layout);
          softmax(placed(gpu, x, shape, layout), axis, log, y);
          assertClose(await y.data(), expected, { absolute: 1e-6, relative: 2e-6, label });
          await assertNeighboursKept(y, layout);
          const dx = target(gpu, shape, ODD_SLICE);
          softmaxGrad(y, placed(gpu, dy, shape, layout), axis, log, dx);
          const direction = Float64Array.from(x);
          const at = Math.floor(x.length / 2);
          const shifted = (by: number): number => {
            direction[at] = x[at]! + by;
            return reference.softmax(direction, shape, axis, log).reduce((sum, value, i) => sum + value * dy[i]!, 0);
          };
          assertClose([(await dx.data())[at]!], [(shifted(1e-5) - shifted(-1e-5)) / 2e-5], {
            absolute: 3e-6,
            label: `gradient of ${label}`,
          });
          await assertNeighboursKept(dx, ODD_SLICE);
        }
      }
    }
  });
}

test('a workgroup for each line, as GPUs have it', async () => {
  for (const [shape, axis] of [
    [[3, 5], 1],
    [[2, 130, 3], 1],
    [[5, 64], 0],
    [[1, 1000], 1],
  ] as const) {
    const x = values('wide lines', elementCount(shape), 4);
    const [input, dy] = [Tensor.from(gpu, x, shape), Tensor.from(gpu, values('wide dy', x.length), shape)];
    for (const log of [false, true]) {
      const y = softmax(input, axis, log, undefined, 64);
      assertClose(await y.data(), reference.softmax(x, shape, axis, log), {
        absolute: 1e-6,
        relative: 2e-6,
        label: `[${shape}] along ${axis}`,
      });
      assertClose(await softmaxGrad(y, dy, axis, log, undefined, 64).data(), await softmaxGrad(y, dy, axis, log, undefined, 1).data(), {
        absolute: 2e-5,
        label: 'gradient',
      });
    }
  }
  const odd = await softmax(Tensor.from(gpu, [0, NaN, 1, 2, 3, 4], [2, 3]), 1, false, undefined, 64).data();
  assert.equal([...odd].map(Number.isNaN), [true, true, true, false, false, false]);
});

for (const each of golden.softmax) {
  test(`${each.name} along ${each.axis} equals PyTorch's, with NaN, infinities and large numbers`, async () => {
    const x = Tensor.from(gpu, generate(each.input), each.input.shape);
    x.requiresGrad = true;
    const operation = each.name === 'softmax' ? ops.softmax : ops.logSoftmax;
    const y = operation(x, { axis: each.axis });
    assertClose(await y.data(), float32(each.expected.output), { absolute: 1e-6, relative: 2e-6, label: 'output' });
    backward(y, Tensor.from(gpu, generate(each.seed), y.shape));
    assertClose(await x.grad!.data(), float32(each.expected.gradient), { absolute: 2e-6, relative: 2e-6, label: 'gradient' });
    const odd = Tensor.from(gpu, float32(golden.special), golden.special.shape);
    odd.requiresGrad = true;
    const oddResult = operation(odd);
    const special = await oddResult.data();
    backward(oddResult, Tensor.from(gpu, values('odd seed', odd.size), odd.shape));
    const oddGradient = await odd.grad!.data();
    assert.ok(
      special.every((value, i) => !Number.isNaN(value) || Number.isNaN(oddGradient[i])),
      'a gradient of NaN is NaN',
    );
    const expected = float32(each.expected.special);
    assert.equal([...special].map(Number.isNaN), [...expected].map(Number.isNaN), 'NaN where PyTorch has it');
    const finite = (array: ArrayLike<number>): number[] => Array.from(array).filter((_, i) => !Number.isNaN(expected[i]));
    assertClose(finite(special), finite(expected), { absolute: 1e-6, relative: 2e-6, label: 'special values' });
  });
}

for (const each of golden.crossEntropy) {
  test(`${each.name} equals PyTorch's`, async () => {
    const logits = Tensor.from(gpu, generate(each.logits), each.logits.shape);
    const targets = each.targets ? Tensor.from(gpu, generate(each.targets), each.targets.shape) : null;
    const labels = targets ?? Tensor.from(gpu, new Int32Array(each.labels!), each.logits.shape.slice(0, -1));
    for (const tensor of targets ? [logits, targets] : [logits]) tensor.requiresGrad = true;
    const loss = ops.crossEntropy(logits, labels, each.options as ops.CrossEntropyOptions);
    const expected = float32(each.expected.loss);
    assertClose(await loss.data(), expected, { absolute: 1e-6, relative: 2e-6, label: 'loss' });
    backward(loss, Tensor.from(gpu, new Float32Array(expected.length).fill(1), loss.shape));
    assertClose(await logits.grad!.data(), float32(each.expected.gradient), { absolute: 1e-6, relative: 2e-6, label: 'gradient' });
    if (targets)
      assertClose(await targets.grad!.data(), float32(each.expected.targetGradient!), {
        absolute: 1e-6,
        relative: 2e-6,
        label: 'gradient of the targets',
      });
  });
}

for (const [label, check] of Object.entries(lossChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

for (const layout of LAYOUTS) {
  test(`labels of many shapes and numbers of classes, ${layout.name}`, async () => {
    for (const classes of [1, 3, 6, 7, 8, 31]) {
      for (const rows of [[1], [31], [4, 2, 3]]) {
        const count = elementCount(rows);
        const shape = [...rows, classes];
        const x = values(`labels ${shape}`, count * classes, 3);
        const numbers = Int32Array.from({ length: count }, (_, row) => (row === 1 ? -100 : (row * 5) % classes));
        const [logits, labels] = [placed(gpu, x, shape, layout), Tensor.from(gpu, numbers, rows)];
        const label = `[${shape}]`;
        const each = ops.crossEntropy(logits, labels, { reduction: 'none' });
        assert.equal(each.shape, rows);
        assertClose(await each.data(), reference.crossEntropyRows(x, classes, [...numbers]), { absolute: 3e-6, relative: 3e-6, label });
        const expected = reference.crossEntropy(x, classes, [...numbers], 0.1);
        const smoothed = ops.crossEntropy(logits, labels, { labelSmoothing: 0.1 });
        assertClose(await smoothed.data(), [expected], { absolute: 3e-6, relative: 3e-6, label });
        const picked = Array.from(numbers, (at, row) => (at < 0 ? 0 : -x[row * classes + at]!));
        const nll = await ops.nllLoss(logits, labels, { reduction: 'none' }).data();
        assert.equal(
          [...nll].map((value) => value + 0),
          picked.map((value) => value + 0),
          label,
        );
        const code = await ops
          .oneHot(
            Tensor.from(
              gpu,
              numbers.map((at) => Math.max(at, 0)),
              rows,
            ),
            classes,
          )
          .data();
        assert.equal(
          [...code],
          Array.from(code, (_, i) => Number(Math.max(numbers[Math.floor(i / classes)]!, 0) === i % classes)),
          label,
        );
      }
    }
  });
}

test('a label that is no class cannot be overlooked', async () => {
  for (const label of [3, -1, 2 ** 31 - 1, -(2 ** 31)]) {
    const logits = Tensor.from(gpu, values('logits', 6), [2, 3]);
    logits.requiresGrad = true;
    const labels = Tensor.from(gpu, new Int32Array([1, label]), [2]);
    const loss = ops.crossEntropy(logits, labels);
    assert.ok(Number.isNaN(await loss.item()), `loss of label ${label}`);
    const rows = await ops.crossEntropy(logits, labels, { reduction: 'none' }).data();
    assert.equal([...rows].map(Number.isNaN), [false, true], 'the row that is to blame');
    backward(loss);
    assert.ok((await logits.grad!.data()).slice(3).every(Number.isNaN), 'its gradient');
    assert.equal([...(await ops.oneHot(labels, 3).data())].map(String), ['0', '1', '0', 'NaN', 'NaN', 'NaN']);
  }
  const ignored = ops.crossEntropy(Tensor.from(gpu, values('logits', 6), [2, 3]), Tensor.from(gpu, new Int32Array([7, 7]), [2]), {
    ignoreIndex: 7,
  });
  assert.ok(Number.isNaN(await ignored.item()), 'a mean of nothing');
});

test('oneHot has the classes as its last axis', async () => {
  const code = ops.oneHot(Tensor.from(gpu, new Int32Array([0, 2, 1, 2]), [2, 2]), 3);
  assert.equal([...code.shape], [2, 2, 3]);
  assert.equal([...(await code.data())], [1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
});

test('i32 tensors are written and read as such, and nothing else takes them', async () => {
  const labels = Tensor.from(gpu, new Int32Array([1, -2, 3]), [3], 'labels');
  assert.is(labels.dtype, 'i32');
  assert.equal([...(await labels.ints())], [1, -2, 3]);
  labels.write(new Int32Array([4, 5, 6]));
  assert.equal([...(await labels.sliceChannels(1, 3).ints())], [5, 6]);
  await failure('INVALID_ARGUMENT', () => labels.data(), 'use ints()');
  await failure('INVALID_ARGUMENT', () => Tensor.from(gpu, [1], [1]).ints(), 'use data()');
  await failure('SHAPE_MISMATCH', () => labels.write(new Float32Array(3)), 'i32', 'of its type');
  await failure('INVALID_ARGUMENT', () => ops.mul(labels, 2), 'i32', 'oneHot()');
  await failure('INVALID_ARGUMENT', () => ops.softmax(labels), 'i32');
});

test('what cannot be done is refused', async () => {
  const x = Tensor.from(gpu, values('x', 12), [4, 3]);
  const labels = (count: number): Tensor => Tensor.from(gpu, new Int32Array(count), [count]);
  await failure('INVALID_ARGUMENT', () => ops.softmax(x, { axis: 2 }), 'axis of softmax', 'from -2 to 1');
  await failure('SHAPE_MISMATCH', () => ops.crossEntropy(x, labels(3)), 'labels of crossEntropy', '[4]', 'last axis');
  await failure(
    'SHAPE_MISMATCH',
    () => ops.crossEntropy(x, Tensor.from(gpu, [0, 0, 0, 0], [4])),
    'probabilities of crossEntropy',
    '[4, 3]',
  );
  await failure('INVALID_ARGUMENT', () => ops.nllLoss(x, x), /nllLoss: labels/, 'Int32Array');
  await failure('INVALID_ARGUMENT', () => ops.crossEntropy(x, labels(4), { labelSmoothing: 1.5 }), 'from 0 to 1');
  await failure('INVALID_ARGUMENT', () => ops.crossEntropy(x, x, { ignoreIndex: 0 }), 'ignoreIndex');
  await failure('INVALID_ARGUMENT', () => ops.oneHot(labels(2), 0), 'classes of oneHot');
  await failure('INVALID_ARGUMENT', () => ops.mseLoss(x, NaN), 'finite');
  await failure('INVALID_ARGUMENT', () => ops.nllLoss(x, labels(4), { ignoreIndex: 0.5 }), 'ignoreIndex');
  await failure('INVALID_ARGUMENT', () => ops.crossEntropy(x, x, { reduction: 'batchmean' as never }), "'mean', 'sum', 'none'");
  await failure('INVALID_ARGUMENT', () => ops.hingeLoss(x, 'true' as never), 'form of hingeLoss');
  await failure('SHAPE_MISMATCH', () => ops.bceWithLogits(x, Tensor.from(gpu, [1], [1])), 'target of bceWithLogits');
});

test.run();
