import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import { mul, relu, sum } from '../../src/autograd/ops.js';
import { UNet } from '../../src/models/unet.js';
import { hookForward, layerOutputs } from '../../src/nn/hooks.js';
import { Conv2d, ReLU, Sequential } from '../../src/nn/layers.js';
import type { Layer } from '../../src/nn/forward.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const image = (side: number): Tensor => Tensor.from(gpu, values('image', side * side * 3), [1, side, side, 3]);

test('the layers of a network give what they made, in the order in which they ran, and the network is then as it was', async () => {
  const network = new UNet({ size: 16, ngf: 2 }).to(gpu, { training: false });
  const before = gpu.memory().tensors;
  const x = image(16);
  const plain = gpu.scope(() => noGrad(() => network.forward(x)));
  const { result, layers } = gpu.scope(() => noGrad(() => layerOutputs(network, () => network.forward(x))));
  assert.equal(await result.data(), await plain.data());
  const convolutions = layers.filter(({ layer }) => /^Conv/.test(layer.constructor.name));
  assert.equal(
    convolutions.map(({ output }) => output.shape),
    [8, 4, 2, 1, 2, 4, 8, 16].map((side, at) => [1, side, side, [2, 4, 8, 16, 8, 4, 2, 3][at]!]),
  );
  // The first one is half of a wide tensor, and what comes before the last one's tanh is known.
  const first = gpu.scope(() => noGrad(() => convolutions[0]!.layer.forward(x, { training: false })));
  assert.equal(await convolutions[0]!.output.data(), await first.data());
  const [last, numbers] = [await convolutions.at(-1)!.output.data(), await plain.data()];
  assert.ok(
    last.every((value, at) => Math.abs(Math.tanh(value) - numbers[at]!) < 1e-5),
    'the last convolution makes what the tanh takes',
  );
  assert.not.ok(layers.some(({ layer }) => Object.hasOwn(layer, 'forward')));
  for (const { output } of layers) output.dispose();
  for (const each of [x, plain, result, first]) each.dispose();
  assert.is(gpu.memory().tensors, before);
  network.dispose();
});

test('hooks put other tensors in, also where the result has a place, and gradients flow through them', async () => {
  const [conv, activation] = [new Conv2d({ inChannels: 3, outChannels: 2, kernel: 3 }), new ReLU()];
  const network = new Sequential([conv, activation]).to(gpu);
  const x = image(6);
  const run = (out?: Tensor): Tensor => gpu.scope(() => network.forward(x, { out }));
  const plain = await run().data();
  const doubled = hookForward(activation, { after: (y) => mul(y, 2) });
  const half = hookForward(activation, { before: (y) => mul(y, 0.5) });
  assert.equal(await run().data(), plain);
  half();
  const place = Tensor.empty(gpu, [1, 4, 4, 2]);
  assert.is(
    noGrad(() => run(place)),
    place,
  );
  assert.equal(
    await place.data(),
    plain.map((value) => 2 * value),
  );
  gpu.scope(() => backward(sum(network.forward(x))));
  const gradient = await conv.bias!.value.grad!.data();
  const on = (channel: number): number => plain.filter((value, at) => at % 2 === channel && value > 0).length;
  assert.equal([...gradient], [2 * on(0), 2 * on(1)]);
  doubled();
  doubled();
  assert.equal(await run().data(), plain);
  place.dispose();
  network.dispose();
});

test('a forward() that a layer had of its own comes back, and an error takes every hook away', async () => {
  const own = new ReLU();
  const forward = (x: Tensor): Tensor => relu(x);
  own.forward = forward;
  hookForward(own, {})();
  assert.is(own.forward, forward);
  const network = new Sequential([new ReLU()]);
  assert.throws(() =>
    layerOutputs(network, () => {
      throw new Error('halfway');
    }),
  );
  assert.not.ok(Object.hasOwn(network.at(0)!, 'forward'));
  await failure('INVALID_ARGUMENT', () => hookForward({} as Layer, {}), /forward/);
  await failure('INVALID_ARGUMENT', () => hookForward(own, { behind: () => undefined } as never), /behind/);
});

test.run();
