import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import {
  bceWithLogits,
  bceWithLogitsGrad,
  l1Loss,
  l1LossGrad,
  mseLoss,
  mseLossGrad,
  mean,
  meanGrad,
  sum,
  sumGrad,
} from '../../src/kernels/loss.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/losses.json';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, SHAPES, target as placeFor } from '../harness/layouts.js';
import * as reference from '../reference/loss.js';

const gpu = await testGpu();
const GRAD_LOSS = -2.5;
const gradLoss = Tensor.from(gpu, [GRAD_LOSS], [1]).keep();

/** GRAD_LOSS times the central differences of a float64 loss. */
function numericGradient(loss: (x: Float64Array) => number, x: Float32Array): Float64Array {
  const inputs = Float64Array.from(x);
  return inputs.map((middle, i) => {
    inputs[i] = middle + 1e-5;
    const above = loss(inputs);
    inputs[i] = middle - 1e-5;
    const below = loss(inputs);
    inputs[i] = middle;
    return (GRAD_LOSS * (above - below)) / 2e-5;
  });
}

for (const shape of SHAPES) {
  for (const layout of LAYOUTS) {
    test(`losses, mean and sum of [${shape}], ${layout.name}`, async () => {
      const length = elementCount(shape);
      const x = values('loss x', length, 2);
      const t = values('loss t', length);
      const [prediction, target] = [placed(gpu, x, shape, layout), placed(gpu, t, shape, ODD_SLICE)];
      const check = async (label: string, loss: Tensor, expected: number) => {
        assert.equal(loss.shape, []);
        assertClose([await loss.item()], [expected], { absolute: 1e-7, relative: 1e-6, label });
      };
      await check('l1', l1Loss(prediction, target), reference.l1Loss(x, t));
      await check('l2', mseLoss(prediction, target), reference.mseLoss(x, t));
      await check('mean', mean(prediction), reference.mean(x));
      assertClose([await sum(prediction).item()], [reference.mean(x) * length], { absolute: 2e-7 * length, label: 'sum' });
      for (const label of [0, 1, 0.9]) await check(`bce ${label}`, bceWithLogits(prediction, label), reference.bceWithLogits(x, label));
    });

    // The numeric gradient of a mean costs the square of the elements.
    if (elementCount(shape) > 1000) continue;

    test(`gradients of losses of [${shape}], ${layout.name}`, async () => {
      const length = elementCount(shape);
      const x = values('loss x', length, 2);
      const t = values('loss t', length);
      const [prediction, target] = [placed(gpu, x, shape, layout), placed(gpu, t, shape, ODD_SLICE)];
      const check = async (label: string, run: (out: Tensor) => Tensor, loss: (x: Float64Array) => number) => {
        const out = placeFor(gpu, shape, layout);
        assert.is(run(out), out);
        assertClose(await out.data(), numericGradient(loss, x), { absolute: 1e-7, relative: 2e-6, label });
        await assertNeighboursKept(out, layout);
      };
      await check(
        'l1',
        (out) => l1LossGrad(prediction, target, gradLoss, out),
        (values) => reference.l1Loss(values, t),
      );
      await check(
        'l2',
        (out) => mseLossGrad(prediction, target, gradLoss, out),
        (values) => reference.mseLoss(values, t),
      );
      for (const label of [0, 1, 0.9]) {
        await check(
          `bce ${label}`,
          (out) => bceWithLogitsGrad(prediction, label, gradLoss, out),
          (values) => reference.bceWithLogits(values, label),
        );
      }
      await check('mean', (out) => meanGrad(shape, gradLoss, out), reference.mean);
      await check(
        'sum',
        (out) => sumGrad(shape, gradLoss, out),
        (values) => reference.mean(values) * length,
      );
    });
  }
}

for (const each of golden.cases) {
  test(`${each.name} equals PyTorch's, target ${each.targetValue ?? 'tensor'}, scale ${each.inputs.input.scale}`, async () => {
    const prediction = Tensor.from(gpu, generate(each.inputs.input), each.inputs.input.shape);
    const one = Tensor.from(gpu, [1], [1]);
    let loss: Tensor;
    let gradient: Tensor;
    if (each.inputs.target) {
      const target = Tensor.from(gpu, generate(each.inputs.target), each.inputs.target.shape);
      const [forward, backward] = each.name === 'l1' ? [l1Loss, l1LossGrad] : [mseLoss, mseLossGrad];
      loss = forward(prediction, target);
      gradient = backward(prediction, target, one);
    } else {
      assert.is(each.name, 'binaryCrossEntropyWithLogits');
      loss = bceWithLogits(prediction, each.targetValue!);
      gradient = bceWithLogitsGrad(prediction, each.targetValue!, one);
    }
    assertClose([await loss.item()], [each.expected.loss], { relative: 1e-6, label: 'loss' });
    assertClose(await gradient.data(), float32(each.expected.inputGradient), { absolute: 1e-10, relative: 3e-6, label: 'gradient' });
  });
}

test('a confident discriminator still has a loss and a gradient', async () => {
  const logits = Tensor.from(gpu, [20, 20], [2]);
  assertClose([await bceWithLogits(logits, 1).item()], [Math.log1p(Math.exp(-20))], { relative: 1e-5, label: 'loss' });
  assertClose(await bceWithLogitsGrad(logits, 1, Tensor.from(gpu, [1], [1])).data(), [-Math.exp(-20) / 2, -Math.exp(-20) / 2], {
    relative: 1e-5,
    label: 'gradient',
  });
});

test('equal numbers have no L1 gradient', async () => {
  const x = Tensor.from(gpu, [1, 0, -3], [3]);
  const gradient = await l1LossGrad(x, Tensor.from(gpu, [1, 0, -4], [3]), gradLoss).data();
  assert.is(Math.abs(gradient[0]!) + Math.abs(gradient[1]!), 0);
  assertClose([gradient[2]!], [GRAD_LOSS / 3], { relative: 1e-6, label: 'where they differ' });
});

test('the mean of a million equal numbers is that number, and a sum is the same to the bit each time', async () => {
  const length = 1_000_003;
  const tensor = Tensor.from(gpu, new Float32Array(length).fill(0.1), [length]);
  assertClose([await mean(tensor).item()], [Math.fround(0.1)], { relative: 1e-6, label: 'mean' });
  const random = Tensor.from(gpu, values('sum', length), [length]);
  assert.is(await sum(random).item(), await sum(random).item());
});

test('gradients of losses, mean and sum in a graph', async () => {
  const shapes = [
    [2, 3, 5, 3],
    [2, 3, 5, 3],
  ];
  const one = (loss: number): number[] => [loss];
  await checkGradients(gpu, { label: 'l1Loss', shapes, device: ops.l1Loss, reference: (a, b) => one(reference.l1Loss(a!, b!)) });
  await checkGradients(gpu, { label: 'mseLoss', shapes, device: ops.mseLoss, reference: (a, b) => one(reference.mseLoss(a!, b!)) });
  await checkGradients(gpu, {
    label: 'bce 1',
    shapes: [[2, 15, 1]],
    device: (a) => ops.bceWithLogits(a, 1),
    reference: (a) => one(reference.bceWithLogits(a!, 1)),
  });
  await checkGradients(gpu, {
    label: 'bce 0',
    shapes: [[2, 8]],
    device: (a) => ops.bceWithLogits(a, 0),
    reference: (a) => one(reference.bceWithLogits(a!, 0)),
  });
  await checkGradients(gpu, { label: 'mean', shapes: [[31]], device: (x) => ops.mean(x), reference: (a) => one(reference.mean(a!)) });
  await checkGradients(gpu, {
    label: 'sum',
    shapes: [[7, 6]],
    device: (x) => ops.sum(x),
    reference: (a) => one(reference.mean(a!) * a!.length),
  });
});

test.run();
