import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { l1Loss } from '../../src/autograd/ops.js';
import { referenceNetwork, referenceStateDict } from '../../src/exchange/pytorch/reference-network.js';
import { encodeWeights, type WritableFormat } from '../../src/exchange/write-weights.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { describeArchitecture } from '../../src/models/describe.js';
import { buildNetwork } from '../../src/models/registry.js';
import { cyclegan, pix2pix, type CycleGANOptions, type Pix2PixOptions } from '../../src/schemes/index.js';
import { fullOptions } from '../../src/training/trainer-options.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/resize_convolution.json';
import { generate } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fileOf, fillByFormula, formulaNetwork, refuses } from '../harness/weights.js';

// Generators whose decoders resize an image and convolve it in place of transposed convolutions.

const gpu = await testGpu();
const upload = (each: { name: string; shape: number[]; scale: number; offset: number }): Tensor =>
  Tensor.from(gpu, generate(each), each.shape);

for (const each of golden.networks) {
  test(`the gradients of a first step are PyTorch's: ${each.kind}, ${each.options.upsample}`, async () => {
    const network = buildNetwork(each).to(gpu, { seed: 1 });
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
      const gradient = toReferenceLayout(await parameter.grad!.data(), parameter.shape);
      assertMatchesSummary(gradient, summaries[name]!, { relative: 1e-3, label: name });
    }
    for (const part of [network, x, target, loss]) part.dispose();
  });

  test(`a state dict tells that it resizes: ${each.kind}, ${each.options.upsample}`, async () => {
    const { kind, options } = each;
    const weights = formulaNetwork({ kind, options: { ...options, upsample: 'nearest' } });
    const found = referenceNetwork(fileOf(referenceStateDict(weights)));
    assert.is(found.architecture.kind, kind);
    const told = buildNetwork(found.architecture).options as Record<string, unknown>;
    const wanted = buildNetwork(weights.architecture).options as Record<string, unknown>;
    for (const name of ['upsample', 'ngf', 'inChannels', 'outChannels', 'norm']) assert.is(told[name], wanted[name], name);
    assert.match(describeArchitecture(found.architecture), /nearest upsampling/);
    // Which weights belong to which kind of image shows nowhere in a file that says names and shapes alone.
    const bilinear = formulaNetwork({ kind, options: { ...options, upsample: 'bilinear' } });
    await refuses(
      () => encodeWeights({ weights: bilinear } as never, 'pytorch'),
      'WEIGHTS_UNSUPPORTED',
      /upsample nearest/,
      /upsample bilinear/,
    );
  });
}

test('a file of pix2pix-tensorflow has transposed convolutions', async () => {
  const options = { size: 16, ngf: 1, bias: 'everywhere', innermostNorm: true, upsample: 'nearest' };
  const weights = formulaNetwork({ kind: 'unet', options });
  await refuses(() => encodeWeights({ weights } as never, 'pict' satisfies WritableFormat), 'WEIGHTS_UNSUPPORTED', /transposed/, /nearest/);
});

test('schemes of pictures build their generators so, begin with such, and refuse what is none', async () => {
  const { generator } = pix2pix.networks({ ...(fullOptions(pix2pix as never) as Pix2PixOptions), upsample: 'nearest' }, {});
  assert.is((generator.options as { upsample: string }).upsample, 'nearest');
  assert.is(pix2pix.optionsOf!({ generator }, 'a file').upsample, 'nearest');
  const { generatorB } = cyclegan.networks({ ...(fullOptions(cyclegan as never) as CycleGANOptions), upsample: 'bilinear' }, {});
  assert.is((generatorB.options as { upsample: string }).upsample, 'bilinear');
  assert.is(cyclegan.optionsOf!({ generatorB }, 'a file').upsample, 'bilinear');
  for (const kind of ['unet', 'encoder-decoder', 'resnet'])
    await refuses(() => buildNetwork({ kind, options: { upsample: 'bicubic' } }), 'INVALID_ARGUMENT', /upsample/, /bilinear/);
});

test.run();
