// not in browsers: Chromium's SwiftShader has no shader-f16
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { autocast } from '../../src/autograd/autocast.js';
import { backward, grad } from '../../src/autograd/backward.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { recompute } from '../../src/autograd/graph.js';
import {
  batchNorm,
  cast,
  concat,
  conv2d,
  convTranspose2d,
  l1Loss,
  leakyRelu,
  mean,
  mul,
  square,
  sum,
  tanh,
  where,
} from '../../src/autograd/ops.js';
import { LossScale } from '../../src/kernels/loss-scale.js';
import { UNet } from '../../src/models/unet.js';
import { Linear } from '../../src/nn/layers/linear.js';
import { Adam } from '../../src/optim/adam.js';
import { clipGradNorm } from '../../src/optim/clip.js';
import { clipGradValue } from '../../src/optim/clip.js';
import { SGD } from '../../src/optim/sgd.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { values } from '../harness/deterministic.js';
import { failure, withFeatures } from '../harness/devices.js';
import { relativeDifference } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';

const gpu = await testGpu();

function leaf(name: string, shape: Shape, scale = 1): Tensor {
  const tensor = Tensor.from(gpu, values(name, elementCount(shape), scale), shape, name);
  tensor.requiresGrad = true;
  return tensor;
}

const SHAPES = { first: [4, 4, 3, 8], second: [4, 4, 5, 8], bias: [5], gamma: [8], beta: [8] };

/** An image through convolutions both ways, a norm and a joint with the image itself. */
function network(image: Tensor, w: Readonly<Record<string, Tensor>>): { output: Tensor; hidden: Tensor } {
  const at = { stride: 2, padding: 1 };
  const hidden = leakyRelu(batchNorm(conv2d(image, w.first!, null, at), w.gamma!, w.beta!), 0.2);
  return { output: concat([tanh(convTranspose2d(hidden, w.second!, w.bias!, at)), image]), hidden };
}

testHalf(gpu, 'a small network: types, the loss, first and second gradients as in f32', async () => {
  const image = leaf('image', [2, 8, 8, 3]);
  const weights = Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, leaf(name, shape, 0.5)]));
  const target = Tensor.from(gpu, values('target', 2 * 8 * 8 * 8), [2, 8, 8, 8]);
  const results: number[][][] = [];
  for (const half of [false, true]) {
    const step = (): Tensor => {
      const { output, hidden } = network(image, weights);
      assert.is(hidden.dtype, half ? 'f16' : 'f32');
      assert.is(output.dtype, 'f32', 'joined with an image of f32');
      const loss = l1Loss(output, target);
      assert.is(loss.dtype, 'f32');
      backward(loss);
      return loss;
    };
    const loss = half ? autocast(gpu, step) : step();
    const slope = (): Tensor => {
      const [dx] = grad(sum(network(image, weights).output), [image], { createGraph: true });
      const penalty = mean(square(dx!));
      return grad(penalty, [weights.first!])[0]!;
    };
    const second = half ? autocast(gpu, slope) : slope();
    const leaves = [image, ...Object.values(weights)];
    assert.ok(leaves.every((each) => each.grad!.dtype === 'f32'));
    results.push(await Promise.all([loss, second, ...leaves.map((each) => each.grad!)].map(async (each) => [...(await each.data())])));
    for (const each of leaves) {
      each.grad!.dispose();
      each.grad = null;
      each.gradientPlace = null;
    }
  }
  const [single, half] = results;
  for (const [index, expected] of single!.entries()) {
    const difference = relativeDifference(half![index]!, expected);
    // A few roundings to 11 digits, each of up to 2^-11.
    assert.ok(difference < 0.01, `result ${index} differs by ${difference} of its size`);
    assert.ok(difference > 0, `result ${index} was not computed in f16`);
  }
});

testHalf(gpu, 'results that recompute() runs again are of the same type and bits', async () => {
  const unet = new UNet({ size: 32, ngf: 16 }).to(gpu, { seed: 5 });
  const leaves = [...unet.parameters()];
  const image = Tensor.from(gpu, values('image', 32 * 32 * 3), [1, 32, 32, 3]);
  const found: { bytes: number; bits: string }[] = [];
  for (const again of [false, true]) {
    const step = (): void => {
      zeroGrad(leaves);
      backward(l1Loss(unet.forward(image, { training: true, dropout: true }), image));
    };
    unet.advanceDropout(1);
    const { recording } = await gpu.record(() => autocast(gpu, again ? () => recompute(step) : step));
    recording.run();
    const gradients = await Promise.all(leaves.map((each) => each.grad!.data()));
    found.push({ bytes: recording.bytes, bits: gradients.map(({ buffer }) => new Uint32Array(buffer).join()).join() });
    recording.destroy();
  }
  const [kept, again] = found as [(typeof found)[0], (typeof found)[0]];
  assert.ok(again.bits === kept.bits, 'other bits');
  assert.ok(again.bytes < kept.bytes, `${again.bytes} of ${kept.bytes}`);
  unet.dispose();
});

testHalf(gpu, 'what an operation put into a place of another type is kept, not run again', async () => {
  const gradients = async (again: boolean): Promise<Float32Array> => {
    const x = leaf('x', [8]);
    const body = (): void => {
      const y = tanh(cast(x, 'f16'), { out: Tensor.empty(gpu, [8], 'wide', 'f32') });
      backward(sum(mul(y, y)));
    };
    const { recording } = await gpu.record(() => (again ? recompute(body) : body()));
    recording.run();
    return x.grad!.data() as Promise<Float32Array>;
  };
  assert.equal(await gradients(true), await gradients(false));
});

testHalf(gpu, 'numbers beside tensors of f16: where(), whose gradient has one, too', async () => {
  const x = leaf('x', [8]);
  const half = cast(x, 'f16');
  const condition = Tensor.from(gpu, [1, 0, 1, 0, 1, 0, 1, 0], [8]);
  backward(sum(where(condition, half, 0)));
  assert.equal([...(await x.grad!.data())], [1, 0, 1, 0, 1, 0, 1, 0]);
  assert.equal([...(await where(half, 2, 3).data())], [...(await where(x, 2, 3).data())]);
});

testHalf(gpu, 'gradients of a scaled loss: a seed is scaled as well, and a step of another scale is refused', async () => {
  const layer = new Linear({ inFeatures: 3, outFeatures: 1, bias: false }).to(gpu, { seed: 3 });
  const optimizer = new SGD(layer, { learningRate: 1 });
  const x = Tensor.from(gpu, [1, 2, 3], [1, 3]);
  const lossScale = new LossScale(gpu, { initial: 1024 });
  const before = await layer.weight.value.data();
  autocast(
    gpu,
    () => {
      backward(layer.forward(x), Tensor.from(gpu, [0.5], [1, 1]));
      optimizer.step();
    },
    { lossScale },
  );
  const moved = (await layer.weight.value.data()).map((number, index) => number - before[index]!);
  assert.ok(relativeDifference([...moved], [-0.5, -1, -1.5]) < 1e-6, String(moved));
  // Its gradient is still there, times the scale.
  await failure('INVALID_ARGUMENT', () => optimizer.step(), 'loss scale', 'autocast');
  await failure('INVALID_ARGUMENT', () => backward(sum(layer.forward(x))), 'loss scale');
  optimizer.zeroGrad();
  backward(sum(layer.forward(x)));
  await failure('INVALID_ARGUMENT', () => autocast(gpu, () => optimizer.step(), { lossScale }), 'loss scale');
  optimizer.step();
  const leafOfHalf = cast(x, 'f16');
  leafOfHalf.requiresGrad = true;
  backward(sum(leafOfHalf));
  await failure('INVALID_ARGUMENT', () => clipGradValue([leafOfHalf], 1), 'f32', 'f16');
});

test('the norm of scaled gradients is clipped as that of gradients that are not', async () => {
  if (!gpu.features.has('shader-f16')) return;
  const results: number[][] = [];
  for (const lossScale of [undefined, new LossScale(gpu, { initial: 1024 })]) {
    const layer = new Linear({ inFeatures: 3, outFeatures: 1 }).to(gpu, { seed: 3 });
    const optimizer = new SGD(layer, { learningRate: 0.5 });
    optimizer.maxGradNorm = 0.25;
    const norm = autocast(
      gpu,
      () => {
        backward(sum(layer.forward(Tensor.from(gpu, [1, 2, 2], [1, 3]))));
        const before = clipGradNorm(layer, Infinity);
        optimizer.step();
        return before;
      },
      lossScale ? { lossScale } : {},
    );
    results.push([await norm.item(), ...(await layer.memory.windows[0]!.values.data())]);
  }
  // Slopes 1, 2, 2, and 1 of the bias.
  assert.ok(Math.abs(results[0]![0]! - Math.sqrt(10)) < 1e-5, String(results[0]![0]));
  assert.equal(results[1]!.map(Math.fround), results[0]!.map(Math.fround));
});

test('gradients of another scale are not clipped', async () => {
  if (!gpu.features.has('shader-f16')) return;
  const layer = new Linear({ inFeatures: 3, outFeatures: 1 }).to(gpu, { seed: 3 });
  backward(sum(layer.forward(Tensor.from(gpu, [1, 2, 3], [1, 3]))));
  await failure('INVALID_ARGUMENT', () => autocast(gpu, () => clipGradNorm(layer, 1), { lossScale: new LossScale(gpu) }), 'loss scale');
});

test('autocast() refuses what it cannot run', async () => {
  await failure('NO_ADAPTER', () => autocast(withFeatures(gpu, []), () => {}), 'shader-f16', 'precision f32');
  if (!gpu.features.has('shader-f16')) return;
  await failure('INVALID_ARGUMENT', () => autocast(gpu, () => autocast(gpu, () => {})), 'inside autocast');
  await failure('INVALID_ARGUMENT', () => autocast(gpu, async () => {}), 'asynchronous');
  await failure('INVALID_ARGUMENT', () => autocast(gpu, () => {}, { scale: 1 } as object), 'scale');
  const lossScale = new LossScale(gpu);
  const layer = new Linear({ inFeatures: 3, outFeatures: 1 }).to(gpu, { seed: 3 });
  const clips = (): unknown => autocast(gpu, () => clipGradValue(layer, 1), { lossScale });
  await failure('INVALID_ARGUMENT', clips, 'clipGradValue inside autocast');
  await failure('INVALID_ARGUMENT', () => new LossScale(gpu, { initial: 0 }), /fix: /);
  await failure('INVALID_ARGUMENT', () => new LossScale(gpu, { growthInterval: 0.5 }), /fix: /);
  await failure('INVALID_ARGUMENT', () => new LossScale(gpu, { scale: 8 } as object), 'scale');
  await failure('INVALID_ARGUMENT', () => new LossScale({} as never), 'Gpu');
  await failure('INVALID_ARGUMENT', () => autocast((() => 7) as never, undefined as never), 'autocast(gpu, body');
  assert.is(
    autocast(gpu, () => 7),
    7,
  );
});

/** A layer of three numbers, its optimiser and a step that may be scaled. */
function trained(kind: 'Adam' | 'SGD') {
  const layer = new Linear({ inFeatures: 3, outFeatures: 1 }).to(gpu, { seed: 3 });
  const optimizer = kind === 'Adam' ? new Adam(layer, { learningRate: 0.1 }) : new SGD(layer, { learningRate: 0.1, momentum: 0.9 });
  const x = Tensor.from(gpu, [1, 2, 3], [1, 3]);
  const step = (): void =>
    gpu.scope(() => {
      optimizer.zeroGrad();
      backward(sum(layer.forward(x)));
      optimizer.step();
    });
  const state = async (): Promise<number[][]> => {
    const { tensors } = optimizer.stateDict();
    const moments = [...tensors.values()].filter(({ name }) => name !== 'leftOut');
    const kept = await Promise.all(moments.map((tensor) => tensor.read()));
    return [...kept, await layer.weight.value.data()].map((numbers) => [...numbers]);
  };
  return { step, state };
}

for (const kind of ['Adam', 'SGD'] as const) {
  testHalf(gpu, `${kind}: a scale of two changes no bit, an overflow leaves the step out and halves the scale`, async () => {
    const [plain, scaled] = [trained(kind), trained(kind)];
    const lossScale = new LossScale(gpu, { initial: 1024, growthInterval: 2 });
    const numbers = async (): Promise<number[]> => [...(await lossScale.tensor.data())];
    for (let step = 0; step < 3; step++) {
      plain.step();
      autocast(gpu, scaled.step, { lossScale });
    }
    assert.equal(await scaled.state(), await plain.state());
    assert.equal(await numbers(), [2048, 1, 0, 0, 0], 'doubled after two good steps');

    // The gradient of the third weight is three times the scale: infinite.
    lossScale.tensor.write([2 ** 127, 1, 0, 0, 0]);
    const before = await scaled.state();
    autocast(gpu, scaled.step, { lossScale });
    assert.equal(await scaled.state(), before);
    assert.equal(await numbers(), [2 ** 126, 0, 0, 0, 1]);
    autocast(gpu, scaled.step, { lossScale });
    assert.not.equal(await scaled.state(), before, 'the next step is taken');
    assert.equal(await numbers(), [2 ** 126, 1, 0, 0, 1]);
  });
}

test.run();
