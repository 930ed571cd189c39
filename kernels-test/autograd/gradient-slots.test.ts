import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { hasGradient, zeroGrad } from '../../src/autograd/gradient-slots.js';
import { add, mean, mul, sum } from '../../src/autograd/ops.js';
import { constant } from '../../src/nn/initializers.js';
import { Conv2d } from '../../src/nn/layers.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

function leafOf(data: readonly number[]): Tensor {
  const leaf = Tensor.from(gpu, data, [data.length], 'leaf');
  leaf.requiresGrad = true;
  return leaf;
}

test('a gradient that was disposed is made anew, where its place is', async () => {
  const layer = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 1, initializer: constant(0.5) }).to(gpu);
  const x = Tensor.from(gpu, [1, 2], [1, 1, 1, 2]);
  const [weight, plain] = [layer.weight.value, leafOf([3, 4])];
  for (let round = 0; round < 3; round++) {
    gpu.scope(() => backward(add(sum(layer.forward(x)), sum(plain))));
    assert.equal(
      [await numbers(weight.grad!), await numbers(plain.grad!)],
      [
        [1, 1, 2, 2],
        [1, 1],
      ],
      `round ${round}`,
    );
    assert.is(weight.grad!.storage, layer.memory.windows[0]!.gradients!.storage, 'where the optimiser looks for it');
    layer.bias!.value.grad!.dispose();
    weight.grad!.dispose();
    plain.grad!.dispose();
    assert.not(hasGradient(weight) || hasGradient(plain));
  }
  for (const tensor of [x, plain]) tensor.dispose();
  layer.dispose();
});

test('a recorded backward() leaves gradients that can be read, and that outlive the recording', async () => {
  const leaf = leafOf([1, -2, 3]);
  const { recording } = await gpu.record(() => {
    zeroGrad([leaf]);
    gpu.scope(() => backward(mean(mul(leaf, leaf))));
  });
  recording.run();
  const filler = Array.from({ length: 8 }, () => Tensor.from(gpu, [9, 9, 9], [3]));
  const third = Math.fround(2 / 3);
  assert.ok((await numbers(leaf.grad!)).every((value, i) => Math.abs(value - third * [1, -2, 3][i]!) < 1e-6));
  recording.destroy();
  assert.ok(Math.abs((await numbers(leaf.grad!))[2]! - 2) < 1e-6);
  for (const tensor of [leaf, ...filler]) tensor.dispose();
});

test("a recorded function may make a leaf: its gradient begins anew in each run, and is the step's", async () => {
  const [w, x] = [leafOf([2, -1]), Tensor.from(gpu, [3, 5], [2], 'x')];
  // One leaf of a computed tensor and one on memory that is there already; two backward() calls add up.
  const step = (): { own: Tensor } =>
    gpu.scope(() => {
      zeroGrad([w]);
      const [own, view] = [mul(x, 2).detach(), x.detach()];
      for (const leaf of [own, view]) leaf.requiresGrad = true;
      const loss = sum(mul(mul(own, view), w));
      backward(loss);
      backward(loss);
      return { own };
    });
  const eager = step().own;
  const expected = [await numbers(eager.grad!), await numbers(w.grad!)];
  assert.equal(expected, [
    [12, -10],
    [36, 100],
  ]);
  const before = gpu.memory();
  const { recording, result } = await gpu.record(step);
  for (let run = 0; run < 3; run++) {
    recording.run();
    assert.equal([await numbers(result.own.grad!), await numbers(w.grad!)], expected, `run ${run}`);
  }
  recording.destroy();
  result.own.dispose();
  assert.is(gpu.memory().bytesInUse, before.bytesInUse);
  for (const tensor of [eager, w, x]) tensor.dispose();
});

test('gradients without zeroGrad() add up in replays as they do eagerly, whatever was there before', async () => {
  const step = (leaf: Tensor): void => gpu.scope(() => backward(sum(mul(leaf, leaf))));
  // What happens to the gradient between two steps; the step before them all is eager or there is none.
  const changes: [string, (leaf: Tensor) => void][] = [
    ['nothing', () => {}],
    ['zeroGrad()', (leaf) => zeroGrad([leaf])],
    ['dispose()', (leaf) => leaf.grad?.dispose()],
    ['an eager step', step],
    ['zeroGrad() and an eager step', (leaf) => (zeroGrad([leaf]), step(leaf))],
  ];
  for (const before of [false, true]) {
    for (const [name, change] of changes) {
      const found: number[][][] = [];
      for (const replayed of [false, true]) {
        const leaf = leafOf([1, -2, 4]);
        // So that new memory is not zero by luck.
        Tensor.from(gpu, [7, 7, 7], [3]).dispose();
        if (before) step(leaf);
        const seen = leaf.grad;
        const recording = replayed ? (await gpu.record(() => step(leaf))).recording : null;
        assert.is(leaf.grad, seen, 'tracing changes nothing');
        const gradients: number[][] = [];
        for (let run = 0; run < 3; run++) {
          if (recording) recording.run();
          else step(leaf);
          gradients.push(await numbers(leaf.grad!));
          change(leaf);
        }
        found.push(gradients);
        recording?.destroy();
        leaf.dispose();
      }
      assert.equal(found[1], found[0], `${name}, ${before ? 'with' : 'without'} a gradient before`);
    }
  }
});

test('a recorded zeroGrad() starts each run anew, and an optimiser follows what the function itself does', async () => {
  const results: Float32Array[] = [];
  for (const replayed of [false, true]) {
    const layer = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 1 }).to(gpu, { seed: 3 });
    const adam = new Adam(layer, { learningRate: 0.1 });
    const x = Tensor.from(gpu, [1, 2], [1, 1, 1, 2]);
    // Two passes add up before one step; the gradient of a step that is not part of the recording is forgotten first.
    const step = (): void =>
      gpu.scope(() => {
        adam.zeroGrad();
        backward(sum(layer.forward(x)));
        backward(sum(mul(layer.forward(x), layer.forward(x))));
        adam.step();
      });
    gpu.scope(() => backward(sum(layer.forward(x))));
    const recording = replayed ? (await gpu.record(step)).recording : null;
    for (let run = 0; run < 3; run++) recording ? recording.run() : step();
    results.push(await layer.weight.value.data(), await layer.weight.value.grad!.data());
    recording?.destroy();
    adam.dispose();
    layer.dispose();
    x.dispose();
  }
  assert.equal(results.slice(2), results.slice(0, 2));
});

test('a trace that is given up leaves no gradient behind', async () => {
  const leaf = leafOf([1, 2]);
  const { bytesInUse } = gpu.memory();
  await gpu
    .record(() => {
      gpu.scope(() => backward(sum(leaf)));
      throw new Error('given up');
    })
    .catch(() => {});
  assert.is(leaf.grad, null);
  gpu.scope(() => backward(sum(leaf)));
  assert.equal(await numbers(leaf.grad!), [1, 1]);
  leaf.dispose();
  assert.ok(gpu.memory().bytesInUse < bytesInUse, 'its gradient goes with the leaf');
});

test('a graph that a recorded function made cannot be run backwards outside', async () => {
  const leaf = leafOf([1, 2]);
  const { recording, result } = await gpu.record(() => sum(leaf));
  recording.run();
  await failure('RECORDING', () => gpu.scope(() => backward(result)), 'in the same function');
  const eager = sum(leaf);
  await failure(
    'RECORDING',
    () => gpu.record(() => gpu.scope(() => backward(eager))),
    'an operation that ran before',
    'in the same function',
  );
  eager.dispose();
  recording.destroy();
  for (const tensor of [leaf, result]) tensor.dispose();
});

test.run();
