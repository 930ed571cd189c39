import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import { l1Loss } from '../../src/autograd/ops.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { EncoderDecoder } from '../../src/models/encoder-decoder.js';
import { PixelGAN } from '../../src/models/pixelgan.js';
import { ResNetGenerator, type ResNetOptions } from '../../src/models/resnet.js';
import { UNet } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/family_networks.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fillByFormula } from '../harness/weights.js';

const gpu = await testGpu();
const upload = (each: { name: string; shape: number[]; scale: number; offset: number }): Tensor =>
  Tensor.from(gpu, generate(each), each.shape);

for (const each of golden.trained) {
  test(`the gradients of a first step are PyTorch's: ResNet generator, ${each.norm} norm`, async () => {
    const network = new ResNetGenerator({ ngf: 2, blocks: 2, norm: each.norm as 'batch' }).to(gpu, { seed: 1 });
    await fillByFormula(network);
    const [x, target] = [upload(each.input), upload(each.target)];
    x.requiresGrad = true;
    const loss = gpu.scope(() => {
      const result = l1Loss(network.forward(x, { training: true }), target);
      backward(result);
      return result;
    });
    assertClose(await loss.data(), [each.loss], { relative: 1e-5, label: 'loss' });
    assertClose(await x.grad!.data(), float32(each.inputGradient), { absolute: 1e-6, relative: 1e-3, label: 'input gradient' });
    const summaries = each.parameters as unknown as Record<string, ArraySummary>;
    const named = [...network.namedParameters()];
    assert.equal(named.map(([name]) => name).sort(), Object.keys(summaries).sort());
    for (const [name, parameter] of named) {
      // An instance norm takes a bias before it away again: that gradient is rounding. The last convolution's bias stays.
      if (each.norm === 'instance' && name.endsWith('.bias') && name !== named.at(-1)![0]) continue;
      const gradient = toReferenceLayout(await parameter.grad!.data(), parameter.shape);
      assertMatchesSummary(gradient, summaries[name]!, { relative: 1e-3, label: `${name}, ${each.norm} norm` });
    }
    for (const part of [network, x, target, loss]) part.dispose();
  });
}

test('the numbers of parameters are those of the reference', () => {
  const count = (options: ResNetOptions): number => new ResNetGenerator(options).parameterCount;
  assert.equal([count({}), count({ norm: 'batch' }), count({ norm: 'none' })], [11_378_179, 11_383_427, 11_372_931]);
  assert.equal([count({ blocks: 6 }), count({ blocks: 6, norm: 'batch' })], [7_837_699, 7_841_411]);
  assert.equal(
    [new EncoderDecoder(), new EncoderDecoder({ norm: 'instance' }), new EncoderDecoder({ bias: 'everywhere' })].map(
      (each) => each.parameterCount,
    ),
    [39_075_459, 39_071_107, 39_080_963],
  );
  const pixel = (inChannels: number, norm: 'batch' | 'instance'): number => new PixelGAN({ inChannels, norm }).parameterCount;
  assert.equal([pixel(6, 'batch'), pixel(3, 'batch'), pixel(6, 'instance'), pixel(3, 'instance')], [9_024, 8_832, 8_897, 8_705]);
});

test('each block drops by masks of its own, anew in each step, and nothing out of training', async () => {
  const network = new ResNetGenerator({ ngf: 1, blocks: 2, dropout: 0.5, norm: 'none' }).to(gpu, { seed: 3 });
  await fillByFormula(network);
  const x = Tensor.from(gpu, values('picture', 8 * 8 * 3), [1, 8, 8, 3]);
  const run = async (step: number, options: object): Promise<Float32Array> => {
    network.advanceDropout(step);
    return gpu.scope(() => noGrad(() => network.forward(x, options))).data();
  };
  const calm = await run(0, { training: false });
  assert.equal(await run(1, { training: false }), calm);
  assert.equal(await run(1, { training: true, dropout: false }), calm);
  const dropped = await run(0, { training: true });
  assert.not.equal(dropped, calm);
  assert.equal(await run(0, { training: true }), dropped);
  assert.not.equal(await run(1, { training: true }), dropped);
  for (const part of [network, x]) part.dispose();
});

test('a recorded step of a ResNet generator is the eager one', async () => {
  const network = new ResNetGenerator({ ngf: 2, blocks: 1, dropout: 0.5 }).to(gpu, { seed: 5 });
  const x = Tensor.from(gpu, values('picture', 12 * 8 * 3), [1, 12, 8, 3]);
  const step = (): Tensor => noGrad(() => network.forward(x, { training: true }));
  network.advanceDropout(7);
  const eager = await gpu.scope(step).data();
  const { result, recording } = await gpu.record(step);
  network.advanceDropout(7);
  recording.run();
  assert.equal(await result.data(), eager);
  recording.destroy();
  for (const part of [network, x]) part.dispose();
});

test('sizes that would not come back, other channels and impossible options are refused', async () => {
  const network = new ResNetGenerator({ ngf: 1, blocks: 1 }).to(gpu, { seed: 1 });
  for (const shape of [
    [1, 4, 8, 3],
    [1, 10, 8, 3],
    [1, 8, 8, 1],
  ]) {
    const x = Tensor.empty(gpu, shape);
    await failure('SHAPE_MISMATCH', () => network.forward(x), 'multiples of 4', 'fix: ');
    x.dispose();
  }
  network.dispose();
  for (const options of [{ blocks: 0 }, { blocks: 65 }, { norm: 'layer' }, { dropout: 1 }, { epsilon: 0 }, { ngf: 1.5 }, { slope: 0.2 }])
    await failure('INVALID_ARGUMENT', () => new ResNetGenerator(options as ResNetOptions), 'ResNet generator', Object.keys(options)[0]!);
  for (const options of [{ dropout: null }, { dropout: '0.5' }])
    await failure('INVALID_ARGUMENT', () => new ResNetGenerator(options as never), 'dropout of a ResNet generator');
  // A file may say anything: a network of a thousand levels would take its reader's memory.
  for (const make of [(options: object) => new EncoderDecoder(options), (options: object) => new UNet(options)]) {
    for (const options of [{ size: 2 ** 17 }, { size: 2 ** 1000 }, { size: 8 }, { dropout: [] }, { dropout: null }])
      await failure('INVALID_ARGUMENT', () => make(options), Object.keys(options)[0]!);
  }
  for (const options of [{ norm: 'layer' }, { ndf: 0 }, { layers: 3 }])
    await failure('INVALID_ARGUMENT', () => new PixelGAN(options as never), 'PixelGAN', Object.keys(options)[0]!);
});

test.run();
