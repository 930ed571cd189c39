import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import { add, l1Loss, mean, square } from '../../src/autograd/ops.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { CGANDiscriminator } from '../../src/models/cgan-discriminator.js';
import { CGANGenerator } from '../../src/models/cgan-generator.js';
import { ConditionalDCGANDiscriminator } from '../../src/models/conditional-dcgan-discriminator.js';
import { ConditionalDCGANGenerator } from '../../src/models/conditional-dcgan-generator.js';
import { DCGANDiscriminator } from '../../src/models/dcgan-discriminator.js';
import { DCGANGenerator } from '../../src/models/dcgan-generator.js';
import { GANDiscriminator } from '../../src/models/gan-discriminator.js';
import { GANGenerator } from '../../src/models/gan-generator.js';
import { everyOutput } from '../../src/models/kind.js';
import { withLabels } from '../../src/models/labels.js';
import { buildNetwork } from '../../src/models/registry.js';
import type { Layer } from '../../src/nn/forward.js';
import { StarGANDiscriminator } from '../../src/models/stargan-discriminator.js';
import { StarGANGenerator } from '../../src/models/stargan-generator.js';
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
      const made = everyOutput(network, x, { training: true, dropout: false });
      const [first, second] = made instanceof Tensor ? [made] : Object.values(made);
      const near = l1Loss(first!, target);
      const result = second ? add(near, mean(square(second))) : near;
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
  const starGAN = (labels: number): number => new StarGANGenerator({ labels }).parameterCount;
  assert.equal([starGAN(5), starGAN(8), starGAN(15)], [8_430_528, 8_439_936, 8_461_888]);
  const judges = (size: number, labels: number): number => new StarGANDiscriminator({ size, labels }).parameterCount;
  assert.equal([judges(128, 5), judges(128, 8), judges(256, 5), judges(256, 13)], [44_762_048, 44_786_624, 44_884_928, 45_147_072]);
  assert.equal([new GANGenerator().parameterCount, new GANDiscriminator().parameterCount], [2_503_984, 1_231_441]);
  assert.equal([new CGANGenerator().parameterCount, new CGANDiscriminator().parameterCount], [2_413_984, 1_224_351]);
  const conditional = [new ConditionalDCGANGenerator(), new ConditionalDCGANDiscriminator()];
  assert.equal(
    conditional.map(({ parameterCount }) => parameterCount),
    [6_820_538, 6_688_202],
  );
  assert.equal([new DCGANDiscriminator().parameterCount, new DCGANDiscriminator({ inChannels: 1 }).parameterCount], [2_765_568, 2_763_520]);
});

test('networks that no file of their program is known of have the names and outputs that they have in PyTorch', async () => {
  for (const { kind, options, state, input, output } of golden.unnamed) {
    const network = buildNetwork({ kind, options }).to(gpu, { seed: 1 });
    const label = `${kind} ${JSON.stringify(options)}`;
    const names = [...network.stateDict({ layout: 'pytorch' })].map(([name, { shape }]) => [name, [...shape]]);
    assert.equal(names.sort(), (state as [string, number[]][]).sort(), label);
    await fillByFormula(network);
    const x = upload(input);
    const made = gpu.scope(() => noGrad(() => network.forward(x, { training: true, dropout: false })));
    assert.equal([...made.shape], output.shape, label);
    assertClose(await made.data(), float32(output), { absolute: 1e-4, relative: 1e-4, label });
    const place = Tensor.empty(gpu, output.shape);
    gpu.scope(() => void noGrad(() => network.forward(x, { training: true, dropout: false, out: place })));
    assert.equal(await place.data(), await made.data(), `${label}, into a place`);
    for (const part of [network, x, made, place]) part.dispose();
  }
});

test('half of the units are dropped while training, and nothing otherwise', async () => {
  const networks: [Layer, number[]][] = [
    [new GANDiscriminator({ size: 4, units: 8 }), [1, 4, 4, 1]],
    [new CGANGenerator({ size: 4, nz: 3, labels: 2, noiseUnits: 8, labelUnits: 8, units: 8 }), [1, 1, 1, 5]],
    [new CGANDiscriminator({ size: 4, labels: 2, imageUnits: 8, labelUnits: 8, units: 8 }), [1, 4, 4, 3]],
  ];
  for (const [network, shape] of networks) {
    network.to(gpu, { seed: 3 });
    await fillByFormula(network);
    const x = upload({ name: 'given', shape, scale: 1, offset: 0 });
    const run = async (step: number, options: object): Promise<Float32Array> => {
      network.advanceDropout(step);
      return gpu.scope(() => noGrad(() => network.forward(x, options))).data();
    };
    const calm = await run(0, { training: false });
    assert.equal(await run(1, { training: true, dropout: false }), calm);
    const dropped = await run(0, { training: true });
    assert.not.equal(dropped, calm, network.constructor.name);
    assert.equal(await run(0, { training: true }), dropped);
    assert.not.equal(await run(1, { training: true }), dropped);
    for (const part of [network, x]) part.dispose();
  }
});

test("weights begin as in the first GAN's code: uniform, within 0.05 in generators and 0.005 in discriminators", async () => {
  const all: [Layer, number][] = [
    [new GANGenerator({ size: 4, units: 50 }), 0.05],
    [new GANDiscriminator({ size: 28, units: 20 }), 0.005],
    [new CGANGenerator({ size: 4, noiseUnits: 20, labelUnits: 40, units: 50 }), 0.05],
    [new CGANDiscriminator({ size: 8, units: 20 }), 0.005],
  ];
  for (const [network, bound] of all) {
    network.to(gpu, { seed: 3 });
    let largest = 0;
    for (const [name, tensor] of network.namedParameters()) {
      // A loop: a worker's stack has no room for so many arguments.
      const reach = (await tensor.data()).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      if (name.endsWith('.bias')) assert.is(reach, 0, name);
      else largest = Math.max(largest, reach);
    }
    assert.ok(largest <= bound && largest > 0.98 * bound, `${network.constructor.name}: ${largest}`);
    network.dispose();
  }
});

test("what a network makes besides is PyTorch's, and the first of it is what forward() gives", async () => {
  const several = golden.cases.filter((each) => 'more' in each);
  assert.ok(several.length > 0);
  for (const { kind, options, input, more } of several) {
    const network = buildNetwork({ kind, options }).to(gpu, { seed: 1 });
    await fillByFormula(network);
    const x = upload(input);
    const made = gpu.scope(() => noGrad(() => network.outputs!(x, { training: false })));
    const [first, second] = Object.values(made);
    assert.equal([...second!.shape], more!.shape);
    assertClose(await second!.data(), float32(more!), { absolute: 1e-4, relative: 1e-4, label: kind });
    const alone = gpu.scope(() => noGrad(() => network.forward(x, { training: false })));
    assert.equal(await alone.data(), await first!.data());
    await failure('INVALID_ARGUMENT', () => network.outputs!(x, { traning: false } as never), 'traning');
    for (const part of [network, x, first!, second!, alone]) part.dispose();
  }
});

test('labels become channels that are the same all over an image', async () => {
  const images = Tensor.from(gpu, generate({ name: 'images', shape: [2, 2, 3, 2], scale: 1, offset: 0 }), [2, 2, 3, 2]);
  const labels = Tensor.from(gpu, Float32Array.of(1, 0, 0, 0, 1, 0.5), [2, 3]);
  const made = withLabels(images, labels);
  assert.equal([...made.shape], [2, 2, 3, 5]);
  const [numbers, pictures] = [await made.data(), await images.data()];
  for (let pixel = 0; pixel < 12; pixel++) {
    const wanted = [...pictures.subarray(2 * pixel, 2 * pixel + 2), ...(pixel < 6 ? [1, 0, 0] : [0, 1, 0.5])];
    assert.equal([...numbers.subarray(5 * pixel, 5 * pixel + 5)], wanted);
  }
  for (const [x, given] of [
    [images, images],
    [labels, labels],
    [images, Tensor.empty(gpu, [3, 3])],
  ] as const)
    await failure('SHAPE_MISMATCH', () => withLabels(x, given), 'labels of a network', '[batch, labels]', 'oneHot');
});

test("StarGAN's weights begin as PyTorch has them by default: uniform within 1 / sqrt(inputs)", async () => {
  const generator = new StarGANGenerator({ ngf: 8, blocks: 1 }).to(gpu, { seed: 3 });
  const bounds: Record<string, number> = {
    'main.0.weight': 8 * 49,
    'main.9.main.0.weight': 32 * 9,
    // PyTorch counts the output channels of a transposed convolution.
    'main.10.weight': 16 * 16,
  };
  for (const [name, inputs] of Object.entries(bounds)) {
    const largest = Math.max(...(await generator.namedParameters().get(name)!.data()).map(Math.abs)) * Math.sqrt(inputs);
    assert.ok(largest <= 1 && largest > 0.98, `${name}: ${largest}`);
  }
  generator.dispose();
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
  const starGAN = new StarGANGenerator({ ngf: 1, blocks: 1, labels: 2 }).to(gpu, { seed: 1 });
  const judge = new StarGANDiscriminator({ size: 8, ndf: 1, layers: 2 }).to(gpu, { seed: 1 });
  for (const shape of [
    [1, 8, 8, 3],
    [1, 10, 8, 5],
    [1, 4, 8, 5],
    [8, 8, 5],
  ]) {
    const run = (): void => void starGAN.forward(Tensor.empty(gpu, shape));
    await failure('SHAPE_MISMATCH', () => gpu.scope(run), 'a StarGAN generator', '3 + 2 channels', 'withLabels(images, labels)');
  }
  for (const run of [(x: Tensor) => judge.forward(x), (x: Tensor) => judge.outputs(x)])
    await failure('SHAPE_MISMATCH', () => gpu.scope(() => void run(Tensor.empty(gpu, [1, 8, 12, 3]))), '[batch, 8, 8, 3]', 'fix: ');
  const conditional = new CGANDiscriminator({ size: 3, labels: 2, imageUnits: 1, labelUnits: 1, units: 1 }).to(gpu, { seed: 1 });
  const run = (): void => void conditional.forward(Tensor.empty(gpu, [1, 3, 3, 1]));
  await failure('SHAPE_MISMATCH', () => gpu.scope(run), 'a CGAN discriminator', 'joined with 2 labels: [batch, 3, 3, 3]');
  for (const part of [generator, discriminator, starGAN, judge, conditional]) part.dispose();
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
    [
      (options) => new StarGANGenerator(options),
      'StarGAN generator',
      [{ channels: 0 }, { labels: 0 }, { blocks: 65 }, { blocks: NaN }, { ngf: '64' }, { norm: 'batch' }],
    ],
    [
      (options) => new ConditionalDCGANGenerator(options),
      'conditional DCGAN generator',
      [{ size: 30 }, { size: 0 }, { size: NaN }, { nz: 0 }, { labels: 0.5 }, { units: null }, { classes: 10 }],
    ],
    [
      (options) => new ConditionalDCGANDiscriminator(options),
      'conditional DCGAN discriminator',
      [{ size: '28' }, { size: Infinity }, { labels: -1 }, { ndf: 0 }, { nz: 100 }],
    ],
    [(options) => new GANGenerator(options), 'GAN generator', [{ size: 0 }, { nz: NaN }, { units: '1200' }, { ngf: 64 }]],
    [(options) => new GANDiscriminator(options), 'GAN discriminator', [{ size: Infinity }, { pieces: 0 }, { units: -1 }, { ndf: 64 }]],
    [
      (options) => new CGANGenerator(options),
      'CGAN generator',
      [{ labels: 0 }, { noiseUnits: 0.5 }, { labelUnits: null }, { classes: 10 }],
    ],
    [(options) => new CGANDiscriminator(options), 'CGAN discriminator', [{ labels: 0 }, { imageUnits: [] }, { units: NaN }, { pieces: 5 }]],
    [
      (options) => new StarGANDiscriminator(options),
      'StarGAN discriminator',
      [{ size: 96 }, { size: 2048 }, { size: '128' }, { size: 0 }, { labels: 0.5 }, { layers: 9 }, { ndf: null }, { c_dim: 5 }],
    ],
  ];
  for (const [make, network, all] of refusals) {
    for (const options of all) await failure('INVALID_ARGUMENT', () => make(options as never), network, Object.keys(options)[0]!, 'fix: ');
  }
});

test.run();
