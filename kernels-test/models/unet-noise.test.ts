import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, expand } from '../../src/autograd/ops.js';
import { exportModuleOnnx } from '../../src/exchange/onnx/export-module.js';
import { hasOnnxGraph } from '../../src/exchange/onnx/export-network.js';
import { buildNetwork } from '../../src/models/registry.js';
import { UNet } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { elementCount, values } from '../harness/deterministic.js';
import { refuses } from '../harness/weights.js';
import { randomNormal } from '../reference/random.js';

// U-Nets that make an image of random numbers beside their input.

const gpu = await testGpu();
const SEED = 9;
const [BATCH, SIZE, NOISE] = [2, 32, 3];
const MODE = { training: true, dropout: false };
const image = (): Tensor => Tensor.from(gpu, values('noise input', BATCH * SIZE * SIZE * 3), [BATCH, SIZE, SIZE, 3]).keep();
const unet = (noiseAt: 'input' | 'bottleneck', noise = NOISE): UNet =>
  new UNet({ size: SIZE, ngf: 2, noise, noiseAt }).to(gpu, { seed: SEED });

/** The channel of each element of a weight along an axis. */
const channelOf = (shape: readonly number[], axis: number) => (at: number) =>
  Math.floor(at / elementCount(shape.slice(axis + 1))) % shape[axis]!;

/** Copies the weights of one network into another; random numbers, which come last among what a layer takes, are left out. */
async function copyWeights(from: UNet, to: UNet): Promise<void> {
  const sources = new Map(from.namedTensors());
  for (const [name, { shape, value }] of to.namedTensors()) {
    const source = sources.get(name)!;
    const axis = shape.findIndex((length, each) => length !== source.shape[each]);
    const numbers = await source.value.data();
    value.write(axis < 0 ? numbers : numbers.filter((_, at) => channelOf(source.shape, axis)(at) < shape[axis]!));
  }
}

test('random numbers beside the image are channels of one value, those of the seed, step and pass', async () => {
  const network = unet('input');
  const plain = new UNet({ size: SIZE, ngf: 2, inChannels: 3 + NOISE }).to(gpu, { seed: 1 });
  await copyWeights(network, plain);
  const x = image();
  for (const step of [0, 7]) {
    network.advanceDropout(step);
    for (const pass of [0, 1]) {
      const drawn = Float32Array.from({ length: BATCH * NOISE }, (_, index) => randomNormal(index, pass << 16, SEED, step));
      const [made, expected] = gpu.scope(() => {
        const z = Tensor.from(gpu, drawn, [BATCH, 1, 1, NOISE]);
        return [network.forward(x, MODE), plain.forward(concat([x, expand(z, [BATCH, SIZE, SIZE, NOISE])]), MODE)] as const;
      });
      assertClose(await made.data(), await expected.data(), { absolute: 1e-3, label: `step ${step}, pass ${pass}` });
      for (const tensor of [made, expected]) tensor.dispose();
    }
  }
  for (const each of [x, network, plain]) each.dispose();
});

test('at the bottleneck they go with what the encoder has made: without their weights the network is a plain one', async () => {
  const network = unet('bottleneck');
  const plain = new UNet({ size: SIZE, ngf: 2 }).to(gpu, { seed: 1 });
  const x = image();
  const outputs = async (): Promise<Float32Array[]> => {
    const made = gpu.scope(() => [network.forward(x, MODE), plain.forward(x, MODE)]);
    const numbers = await Promise.all(made.map((tensor) => tensor.data()));
    for (const tensor of made) tensor.dispose();
    return numbers;
  };
  const plainShapes = new Map([...plain.namedTensors()].map(([name, { shape }]) => [name, String(shape)]));
  const wider = [...network.namedTensors()].filter(([name, { shape }]) => String(shape) !== plainShapes.get(name));
  // A transposed convolution takes what its last axis says.
  assert.equal(
    wider.map(([, { shape }]) => shape),
    [[4, 4, 16, 16 + NOISE]],
  );
  const weight = wider[0]![1].value;
  await copyWeights(network, plain);
  const [noisy, without] = await outputs();
  assert.not.equal(noisy, without);
  const numbers = await weight.data();
  weight.write(numbers.map((value, at) => (channelOf(weight.shape, 3)(at) < 16 ? value : 0)));
  const [silent, same] = await outputs();
  assertClose(silent!, same!, { absolute: 1e-5, label: 'without their weights' });
  for (const each of [x, network, plain]) each.dispose();
});

for (const noiseAt of ['input', 'bottleneck'] as const) {
  test(`${noiseAt}: a step gives the same picture, eager or replayed, other steps and samples others`, async () => {
    const network = unet(noiseAt);
    const one = values('noise one', SIZE * SIZE * 3);
    const x = Tensor.from(gpu, Float32Array.from([...one, ...one]), [BATCH, SIZE, SIZE, 3]).keep();
    const mode = { training: false, dropout: false } as const;
    const eager = async (step: number): Promise<number[]> => {
      network.advanceDropout(step);
      const made = gpu.scope(() => network.forward(x, mode));
      const numbers = [...(await made.data())];
      made.dispose();
      return numbers;
    };
    const [first, second] = [await eager(1), await eager(2)];
    assert.not.equal(first, second);
    assert.equal(await eager(1), first);
    // Batch norm is for both images alike: what differs between two of one input is what was drawn.
    assert.not.equal(first.slice(0, first.length / 2), first.slice(first.length / 2));
    const { recording, result } = await gpu.record(() => network.forward(x, mode));
    result.keep();
    for (const [step, expected] of [
      [1, first],
      [2, second],
      [1, first],
    ] as const) {
      network.advanceDropout(step);
      recording.run();
      assert.equal([...(await result.data())], expected);
    }
    recording.destroy();
    for (const each of [x, result, network]) each.dispose();
  });
}

test('options that cannot be are refused; ONNX, which could not draw the same, too', async () => {
  for (const [options, word] of [
    [{ noise: -1 }, /noise of a U-Net/],
    [{ noise: 1.5 }, /noise of a U-Net/],
    [{ noise: 1, noiseAt: 'middle' as 'input' }, /noiseAt of a U-Net/],
  ] as const)
    await refuses(async () => new UNet(options), 'INVALID_ARGUMENT', word);
  assert.ok(hasOnnxGraph({ kind: 'unet', options: { noise: 1 } }));
  const network = buildNetwork({ kind: 'unet', options: { size: SIZE, ngf: 1, noise: 1 } }).to(gpu, { seed: 1 });
  await refuses(() => exportModuleOnnx(network, { input: [1, SIZE, SIZE, 3] }), 'WEIGHTS_UNSUPPORTED', /random numbers/);
  network.dispose();
});

test.run();
