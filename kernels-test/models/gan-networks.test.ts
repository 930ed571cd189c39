import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { l1Loss } from '../../src/autograd/ops.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { DCGANDiscriminator } from '../../src/models/dcgan-discriminator.js';
import { DCGANGenerator } from '../../src/models/dcgan-generator.js';
import { buildNetwork } from '../../src/models/registry.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/gan_networks.json';
import { generate } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fillByFormula } from '../harness/weights.js';

const gpu = await testGpu();
const upload = (each: { name: string; shape: number[]; scale: number; offset: number }): Tensor =>
  Tensor.from(gpu, generate(each), each.shape);

for (const each of golden.trained) {
  test(`the gradients of a first step are PyTorch's: ${each.kind} ${JSON.stringify(each.options)}`, async () => {
    const network = buildNetwork({ kind: each.kind, options: each.options }).to(gpu, { seed: 1 });
    await fillByFormula(network);
    const [x, target] = [upload(each.input), upload(each.target)];
    x.requiresGrad = true;
    const loss = gpu.scope(() => {
      const result = l1Loss(network.forward(x, { training: true, dropout: false }), target);
      backward(result);
      return result;
    });
    assertClose(await loss.data(), [each.loss], { relative: 1e-5, label: 'loss' });
    assertClose(await x.grad!.data(), float32(each.inputGradient), { absolute: 1e-6, relative: 1e-3, label: 'input gradient' });
    const summaries = each.parameters as unknown as Record<string, ArraySummary>;
    const parameters = [...network.namedTensors()].filter(([, { trainable }]) => trainable);
    assert.equal(parameters.map(([name]) => name).sort(), Object.keys(summaries).sort());
    for (const [name, { value, shape, pytorchAxes }] of parameters) {
      const gradient = toReferenceLayout(await value.grad!.data(), shape, pytorchAxes);
      assertMatchesSummary(gradient, summaries[name]!, { relative: 1e-3, label: name });
    }
    for (const part of [network, x, target, loss]) part.dispose();
  });
}

test('the numbers of parameters are those of the programs that the networks are from', () => {
  assert.equal([new DCGANGenerator().parameterCount, new DCGANGenerator({ outChannels: 1 }).parameterCount], [3_576_704, 3_574_656]);
  assert.equal([new DCGANDiscriminator().parameterCount, new DCGANDiscriminator({ inChannels: 1 }).parameterCount], [2_765_568, 2_763_520]);
});

test("weights begin as in PyTorch's DCGAN example: N(0, 0.02), those of norms N(1, 0.02)", async () => {
  for (const network of [new DCGANGenerator({ size: 32, ngf: 16 }), new DCGANDiscriminator({ size: 32, ndf: 16 })]) {
    network.to(gpu, { seed: 3 });
    for (const [name, tensor] of network.namedParameters()) {
      const numbers = await tensor.data();
      const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
      const deviation = Math.sqrt(numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0) / numbers.length);
      const isNorm = tensor.shape.length === 1;
      if (isNorm && name.endsWith('.bias')) assert.is(Math.max(...numbers.map(Math.abs)), 0, name);
      else {
        assert.ok(Math.abs(mean - (isNorm ? 1 : 0)) < 0.02, `${name}: mean ${mean}`);
        assert.ok(Math.abs(deviation - 0.02) < 0.01, `${name}: deviation ${deviation}`);
      }
    }
    network.dispose();
  }
});

test('other sizes and channels are refused by the name of the network', async () => {
  const generator = new DCGANGenerator({ size: 32, ngf: 1, nz: 4 }).to(gpu, { seed: 1 });
  const discriminator = new DCGANDiscriminator({ size: 32, ndf: 1 }).to(gpu, { seed: 1 });
  const inputs: [() => unknown, string, string][] = [
    ...[[1, 4], [1, 2, 2, 4], [1, 1, 1, 5], [4]].map((shape): [() => unknown, string, string] => [
      () => generator.forward(Tensor.empty(gpu, shape)),
      'a DCGAN generator',
      '[batch, 1, 1, 4]',
    ]),
    ...[
      [1, 64, 64, 3],
      [1, 32, 32, 1],
      [32, 32, 3],
    ].map((shape): [() => unknown, string, string] => [
      () => discriminator.forward(Tensor.empty(gpu, shape)),
      'a DCGAN discriminator',
      '[batch, 32, 32, 3]',
    ]),
  ];
  for (const [run, network, expected] of inputs)
    await failure('SHAPE_MISMATCH', () => gpu.scope(() => void run()), network, expected, 'fix: ');
  for (const part of [generator, discriminator]) part.dispose();
});

test('impossible options are refused, and name what may be', async () => {
  const refusals: [make: (options: never) => unknown, network: string, options: readonly object[]][] = [
    [
      (options) => new DCGANGenerator(options),
      'DCGAN generator',
      [{ size: 16 }, { size: 48 }, { size: 2048 }, { size: NaN }, { size: '64' }, { nz: 0 }, { ngf: 1.5 }, { outChannels: -1 }, { nc: 3 }],
    ],
    [
      (options) => new DCGANDiscriminator(options),
      'DCGAN discriminator',
      [{ size: 16 }, { size: Infinity }, { ndf: 0 }, { inChannels: null }, { nz: 100 }],
    ],
  ];
  for (const [make, network, all] of refusals) {
    for (const options of all) await failure('INVALID_ARGUMENT', () => make(options as never), network, Object.keys(options)[0]!, 'fix: ');
  }
});

test.run();
