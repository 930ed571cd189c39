import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { addScaled, bceWithLogits, concat, l1Loss } from '../../src/autograd/ops.js';
import { loadNetwork, networkWeights } from '../../src/exchange/network/load-network.js';
import { buildNetwork, architectureOf } from '../../src/models/registry.js';
import type { NetworkTensor } from '../../src/exchange/network/network-weights.js';
import { bytesSource, type ByteSource } from '../../src/formats/byte-source.js';
import { PatchGAN, type PatchGANOptions } from '../../src/models/patchgan.js';
import { UNet, type UNetOptions } from '../../src/models/unet.js';
import type { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { describeCheckpoint, parseCheckpointInfo } from '../../src/training/checkpoint-info.js';
import type { CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import golden from '../goldens/model_variants.json';
import stateDict from '../goldens/state_dict.json';
import { generate, parameterValues, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, relativeDifference, type ArraySummary } from '../harness/golden.js';
import { disposePix2Pix, targetOf, type PaperModel } from '../harness/models.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const MODE = { training: true, dropout: false };

type Golden = (typeof golden.networks)[number];
interface Networks {
  generator: UNet;
  discriminator: PatchGAN;
}

function fill(network: 'G' | 'D', module: Module, convScale: number): void {
  for (const [name, tensor] of module.namedParameters()) {
    tensor.write(
      tensor.shape.length === 4 ? values(`${network}.${name}`, tensor.size, convScale) : parameterValues(network, name, tensor.shape),
    );
  }
}

/** The networks of a golden; with other options if some are given. */
function networksOf(
  { size, width, convScale, generator: g, discriminator: d }: Golden,
  { skip, innermostNorm, ...changed }: UNetOptions = {},
): Networks {
  const ofUNet = { ...(skip && { skip }), ...(innermostNorm !== undefined && { innermostNorm }) };
  const generator = new UNet({ size, ngf: width, ...(g as UNetOptions), ...changed, ...ofUNet }).to(gpu, { seed: 1 });
  const discriminator = new PatchGAN({ ndf: width, ...(d as PatchGANOptions), ...changed }).to(gpu, { seed: 2 });
  fill('G', generator, convScale);
  fill('D', discriminator, convScale);
  return { generator, discriminator };
}

function withOptimizers(networks: Networks): PaperModel {
  const options = { learningRate: 2e-4, betas: [0.5, 0.999] as const };
  return {
    ...networks,
    generatorOptimizer: new Adam(networks.generator, options),
    discriminatorOptimizer: new Adam(networks.discriminator, options),
  };
}

const upload = (each: { name: string; shape: number[]; scale: number; offset: number }): Tensor =>
  Tensor.from(gpu, generate(each), each.shape);
const disposeAll = (...handles: { dispose(): void }[]): void => handles.forEach((handle) => handle.dispose());
const summary = (parameters: object | undefined): ArraySummary[] => (parameters ?? []) as ArraySummary[];

for (const each of golden.networks) {
  test(`outputs of G and D are PyTorch's within 1e-4: ${each.name}, batch ${each.batch}`, async () => {
    const { generator, discriminator } = networksOf(each);
    const [source, target] = [upload(each.inputs.source), upload(each.inputs.target)];
    const outputs = gpu.scope(() => {
      const generated = generator.forward(source, MODE);
      return {
        generated,
        fakeLogits: discriminator.forward(concat([source, generated]), MODE),
        realLogits: discriminator.forward(concat([source, target]), MODE),
      };
    });
    for (const name of ['generated', 'fakeLogits', 'realLogits'] as const) {
      assertMatchesSummary(await outputs[name].data(), each.expected[name], { relative: 1e-4 });
    }
    disposeAll(source, target, ...Object.values(outputs), generator, discriminator);
  });
}

for (const each of golden.networks.filter((one) => 'gradients' in one)) {
  test(`all gradients are PyTorch's within 1e-3 per tensor: ${each.name}`, async () => {
    const { generator, discriminator } = networksOf(each);
    const [source, target] = [upload(each.inputs.source), upload(each.inputs.target)];
    gpu.scope(() => {
      const image = generator.forward(source, MODE);
      const gan = bceWithLogits(discriminator.forward(concat([source, image]), MODE), 1);
      backward(addScaled(gan, l1Loss(image, target), 1, 100));
    });
    const parameters = { G: generator.namedParameters(), D: discriminator.namedParameters() };
    const expected = summary(each.gradients);
    assert.is(expected.length, parameters.G.size + parameters.D.size);
    let cancelled = 0;
    for (const one of expected) {
      const data = await parameters[one.name[0] as 'G' | 'D'].get(one.name.slice(2))!.grad!.data();
      // The norm takes away what a bias before it adds: that gradient is nothing but rounding.
      if (one.l2 < 1e-9) {
        cancelled++;
        assertClose(data, new Float32Array(data.length), { absolute: 1e-4, label: one.name });
      } else {
        assertMatchesSummary(data, one, { relative: 1e-3 });
      }
    }
    assert.is(cancelled, each.name === 'instance' ? 10 : 0);
    disposeAll(source, target, generator, discriminator);
  });
}

test('the goldens tell every option from its default', async () => {
  const changes: Record<string, UNetOptions[]> = {
    instance: [{ epsilon: 1e-3 }, { slope: 0.3 }, { skip: 'leaky' }],
    none: [{ slope: 0.3 }, { skip: 'leaky' }],
    tensorflow: [{ epsilon: 1e-3 }, { slope: 0.3 }, { skip: 'leaky' }, { innermostNorm: false }],
    tutorial: [{ epsilon: 1e-5 }, { slope: 0.2 }, { skip: 'relu' }, { innermostNorm: false }],
  };
  for (const each of golden.networks.filter(({ batch }) => batch === 2)) {
    const source = upload(each.inputs.source);
    const run = async (options: UNetOptions): Promise<Float32Array> => {
      const networks = networksOf(each, options);
      const image = gpu.scope(() => networks.generator.forward(source, MODE));
      const result = await image.data();
      disposeAll(image, networks.generator, networks.discriminator);
      return result;
    };
    const right = await run({});
    for (const change of changes[each.name]!) {
      assert.ok(relativeDifference(await run(change), right) > 1e-3, `${each.name} with ${JSON.stringify(change)} differs visibly`);
    }
    source.dispose();
  }
});

test('with instance norm each image of a batch is as it is alone', async () => {
  const each = golden.networks.find(({ name, batch }) => name === 'instance' && batch === 2)!;
  const { generator, discriminator } = networksOf(each);
  const data = generate(each.inputs.source);
  const half = data.length / 2;
  const both = upload(each.inputs.source);
  const images = [0, 1].map((index) => Tensor.from(gpu, data.slice(index * half, (index + 1) * half), [1, each.size, each.size, 3]));
  const [together, ...alone] = gpu.scope(() => [both, ...images].map((image) => generator.forward(image, MODE)));
  const single = [...(await alone[0]!.data()), ...(await alone[1]!.data())];
  assertClose(await together!.data(), single, { absolute: 1e-5, label: 'both at once' });
  disposeAll(both, ...images, together!, ...alone, generator, discriminator);
});

test('names: those of the reference, and downNorm', () => {
  const names = (module: Module): string[] => [...module.namedTensors()].map(([name]) => name).sort();
  const reference = stateDict.generators.find(({ size }) => size === 32)!.parameters.map(([name]) => name as string);
  const convolutions = [...new UNet({ size: 32, ngf: 4 }).namedTensors()]
    .filter(([, { shape }]) => shape.length === 4)
    .map(([name]) => name);
  const [last] = reference.filter((name) => name.endsWith('model.3.bias') && name.split('.').length === 4);
  assert.equal(names(new UNet({ size: 32, ngf: 4, norm: 'none' })), [...convolutions, last].sort());
  assert.equal(
    names(new UNet({ size: 32, ngf: 4, norm: 'instance' })),
    [...convolutions, ...convolutions.map((name) => name.replace(/weight$/, 'bias'))].sort(),
  );
  const plain = names(new UNet({ size: 32, ngf: 4 }));
  const more = names(new UNet({ size: 32, ngf: 4, innermostNorm: true })).filter((name) => !plain.includes(name));
  const at = 'model.model.1.model.3.model.3.model.3.model.downNorm.';
  assert.equal(
    more,
    ['bias', 'running_mean', 'running_var', 'weight'].map((name) => at + name),
  );
  const judge = names(new PatchGAN({ ndf: 4, norm: 'instance' }));
  assert.equal(
    judge,
    ['0', '11', '2', '5', '8'].flatMap((position) => [`model.${position}.bias`, `model.${position}.weight`]),
  );
  assert.equal(
    names(new PatchGAN({ ndf: 4, norm: 'none' })),
    judge.filter((name) => !/\.[258]\.bias/.test(name)),
  );
});

test('options are given back whole, and build the same network', () => {
  const options: UNetOptions[] = [
    {},
    { size: 64, ngf: 2, norm: 'instance' },
    { size: 16, ngf: 3, norm: 'none', bias: 'everywhere', slope: 0 },
    { size: 32, ngf: 2, innermostNorm: true, skip: 'leaky', epsilon: 1e-3 },
  ];
  for (const each of options) {
    const first = new UNet(each);
    const second = buildNetwork(architectureOf(first)) as UNet;
    assert.equal(second.options, first.options);
    assert.equal(
      [...second.namedTensors()].map(([name, { shape }]) => [name, shape]),
      [...first.namedTensors()].map(([name, { shape }]) => [name, shape]),
    );
  }
  assert.equal(new UNet().options, {
    size: 256,
    inChannels: 3,
    outChannels: 3,
    ngf: 64,
    dropout: 0.5,
    dropoutBlocks: 'innermost',
    noise: 0,
    noiseAt: 'input',
    upsample: 'transposed',
    norm: 'batch',
    bias: 'ends',
    epsilon: 1e-5,
    slope: 0.2,
    innermostNorm: false,
    skip: 'relu',
  });
  assert.equal(new PatchGAN().options, { inChannels: 6, ndf: 64, layers: 3, norm: 'batch', bias: 'ends', epsilon: 1e-5, slope: 0.2 });
  assert.is(new UNet({ norm: 'instance' }).options.bias, 'everywhere');
  assert.is(new PatchGAN({ norm: 'instance', bias: 'ends' }).options.bias, 'ends');
  const judge = new PatchGAN({ ndf: 8, layers: 2, norm: 'none' });
  assert.equal((buildNetwork(architectureOf(judge)) as PatchGAN).options, judge.options);
});

test('dropout sits in the three innermost decoder blocks, or in those of full width but the innermost', async () => {
  // At a rate that leaves nothing of a block's result, what its weights are makes no difference.
  const rate = 1 - 2 ** -24;
  const names = {
    4: 'model.model.1.model.3.model.3.model.5.weight',
    5: 'model.model.1.model.3.model.3.model.3.model.5.weight',
    6: 'model.model.1.model.3.model.3.model.3.model.3.model.3.weight',
  };
  const levelsThatMatter = async (options: UNetOptions): Promise<number[]> => {
    const network = new UNet({ size: 64, ngf: 2, dropout: rate, ...options }).to(gpu, { seed: 5, training: false });
    const input = Tensor.from(gpu, values('dropout blocks', 64 * 64 * 3), [1, 64, 64, 3]);
    const run = async (): Promise<Float32Array> => {
      const output = gpu.scope(() => network.forward(input, { training: true }));
      const result = (await output.data()).slice();
      output.dispose();
      return result;
    };
    const before = await run();
    const matter: number[] = [];
    for (const [level, name] of Object.entries(names)) {
      const weight = network.namedParameters().get(name)!;
      const kept = (await weight.data()).slice();
      weight.write(values(`another ${name}`, weight.size, 0.5));
      if ((await run()).some((value, i) => value !== before[i]!)) matter.push(Number(level));
      weight.write(kept);
    }
    for (const part of [network, input]) part.dispose();
    return matter;
  };
  assert.equal(await levelsThatMatter({}), []);
  assert.equal(await levelsThatMatter({ dropoutBlocks: 'middle' }), [4]);
  assert.equal(await levelsThatMatter({ dropout: 0 }), [4, 5, 6]);
});

test('meaningless options are refused', async () => {
  const wrong: [object, RegExp][] = [
    [{ norm: 'layer' }, /norm of a U-Net/],
    [{ bias: 'where' }, /bias of a U-Net/],
    [{ epsilon: 0 }, /epsilon/],
    [{ epsilon: NaN }, /epsilon/],
    [{ slope: -0.1 }, /slope/],
    [{ slope: 2 }, /slope/],
    [{ skip: 'tanh' }, /skip/],
    [{ innermostNorm: 1 }, /innermostNorm/],
    [{ innermostNorm: true, norm: 'instance' }, /innermost/],
    [{ innermostNorm: true, norm: 'none' }, /innermost/],
    [{ dropout: 1 }, /dropout/],
    [{ dropout: -1 }, /dropout/],
    [{ size: 48 }, /size/],
    [{ ngf: 0 }, /ngf/],
  ];
  for (const [options, word] of wrong) await failure('INVALID_ARGUMENT', () => new UNet(options as UNetOptions), word, 'fix:');
  for (const options of [{ norm: 'layer' }, { bias: 'all' }, { layers: 17 }, { layers: 1e9 }, { slope: 7 }, { ndf: 1.5 }]) {
    await failure('INVALID_ARGUMENT', () => new PatchGAN(options as PatchGANOptions), /a PatchGAN/);
  }
});

const VARIANTS: [string, UNetOptions, PatchGANOptions][] = [
  ['instance norm', { norm: 'instance' }, { norm: 'instance' }],
  ['no norm', { norm: 'none' }, { norm: 'none', bias: 'everywhere' }],
  ['tutorial', { innermostNorm: true, epsilon: 1e-3, slope: 0.3, skip: 'leaky' }, { slope: 0.3, epsilon: 1e-3 }],
];

/** What the networks of the reference are built with. */
const VARIANT = { norm: 'batch', bias: 'ends', epsilon: 1e-5, slope: 0.2 };
const REFERENCE_GENERATOR = {
  size: 32,
  inChannels: 3,
  outChannels: 3,
  ngf: 4,
  ...VARIANT,
  innermostNorm: false,
  skip: 'relu',
  dropout: 0.5,
  dropoutBlocks: 'innermost',
  noise: 0,
  noiseAt: 'input',
  upsample: 'transposed',
};
const REFERENCE_DISCRIMINATOR = { inChannels: 6, ndf: 4, layers: 3, ...VARIANT };

const small = (g: UNetOptions, d: PatchGANOptions): PaperModel =>
  withOptimizers({
    generator: new UNet({ size: 32, ngf: 4, ...g }).to(gpu, { seed: 3 }),
    discriminator: new PatchGAN({ ndf: 4, ...d }).to(gpu, { seed: 4 }),
  });

async function stateOf({ generator, discriminator }: Networks): Promise<number[]> {
  const state: number[] = [];
  for (const [, tensor] of [...generator.namedTensors(), ...discriminator.namedTensors()]) state.push(...(await tensor.value.data()));
  return state;
}

async function checkpointOf(target: CheckpointTarget): Promise<ByteSource> {
  const bytes: number[] = [];
  for await (const piece of encodeCheckpoint(target, { options: {}, step: 1, epoch: 0, adapter: 'one' }))
    for (const byte of piece) bytes.push(byte);
  return bytesSource(Uint8Array.from(bytes), 'variant.safetensors');
}

for (const [label, g, d] of VARIANTS) {
  test(`training replays to the bit, dropout included: ${label}`, async () => {
    const shape = [2, 32, 32, 3];
    const [source, target, losses] = [
      Tensor.from(gpu, values('source', elementCount(shape)), shape),
      Tensor.from(gpu, values('target', elementCount(shape)), shape),
      Tensor.from(gpu, [0, 0, 0, 0], [4]),
    ];
    const states: number[][] = [];
    const first: number[][] = [];
    for (const replayed of [false, true]) {
      const model = small(g, d);
      const step = (): void => pix2pixStep(model, source, target, losses);
      const recording = replayed ? (await gpu.record(step)).recording : null;
      for (let index = 1; index <= 3; index++) {
        model.generator.dropoutState.advance(index);
        if (recording) recording.run();
        else step();
        if (index === 1) first.push([...(await losses.data())]);
      }
      states.push(await stateOf(model));
      recording?.destroy();
      disposePix2Pix(model);
    }
    assert.ok(states[0]!.every(Number.isFinite) && first[0]!.every((loss) => loss > 0));
    assert.equal(states[1], states[0]);
    assert.equal(first[1], first[0]);
    disposeAll(source, target, losses);
  });

  test(`a checkpoint names the variant, restores into its like and into nothing else: ${label}`, async () => {
    const model = small(g, d);
    const source = await checkpointOf(targetOf(model));
    const { networks } = await readCheckpointHeader(source);
    const generatorOptions = { ...REFERENCE_GENERATOR, ...g, ...(g.norm === 'instance' && { bias: 'everywhere' }) };
    const discriminatorOptions = { ...REFERENCE_DISCRIMINATOR, ...d, ...(d.norm === 'instance' && { bias: 'everywhere' }) };
    assert.equal(networks, {
      generator: { kind: 'unet', options: generatorOptions },
      discriminator: { kind: 'patchgan', options: discriminatorOptions },
    });

    const generator = new UNet({ ...networks.generator!.options, dropout: 0 }).to(gpu, { seed: 9, training: false });
    await restoreCheckpoint(source, { networks: { generator } });
    for (const [name, tensor] of generator.namedTensors()) {
      assert.equal(await tensor.value.data(), await new Map(model.generator.namedTensors()).get(name)!.value.data());
    }
    const plain = small({}, {});
    const [option, value] = Object.entries(g)[0]!;
    const standard = (plain.generator.options as unknown as Record<string, unknown>)[option];
    const error = await failure(
      'CHECKPOINT_MISMATCH',
      () => restoreCheckpoint(source, targetOf(plain)),
      `the generator's ${option} ${String(standard)}`,
      `the generator's ${option} ${String(value)}`,
    );
    assert.match(error.received!, "the discriminator's");
    disposeAll(generator);
    disposePix2Pix(plain);
    disposePix2Pix(model);
  });
}

test('a variant that no network has is a damaged checkpoint', async () => {
  const model = small({}, {});
  const info = describeCheckpoint(targetOf(model), { options: {}, step: 1, epoch: 0, adapter: 'one' });
  const parse = (name: 'generator' | 'discriminator', options: object) => {
    const { kind, options: right } = info.networks[name]!;
    const networks = { ...info.networks, [name]: { kind, options: { ...right, ...options } } };
    return parseCheckpointInfo(JSON.stringify({ ...info, networks }), 'file').networks[name]!.options as { epsilon: number };
  };
  for (const wrong of [
    { norm: 'layer' },
    { bias: 1 },
    { epsilon: 0 },
    { epsilon: '1e-5' },
    { slope: -1 },
    { skip: null },
    { innermostNorm: 'yes' },
  ]) {
    await failure('CHECKPOINT_CORRUPT', () => parse('generator', wrong), /"networks"/);
  }
  await failure('CHECKPOINT_CORRUPT', () => parse('discriminator', { norm: 'layer' }), /"networks"/);
  assert.is(parse('generator', { epsilon: 1e-3 }).epsilon, 1e-3);
  disposePix2Pix(model);
});

test('a checkpoint of the reference itself names every option, and refuses one of another', async () => {
  const model = small({}, {});
  const source = await checkpointOf({ networks: { generator: model.generator } });
  assert.equal((await readCheckpointHeader(source)).networks, { generator: { kind: 'unet', options: REFERENCE_GENERATOR } });
  // The same tensors, but other arithmetic: nothing but the options tells them apart.
  const other = new UNet({ size: 32, ngf: 4, slope: 0.3 }).to(gpu, { training: false });
  await failure(
    'CHECKPOINT_MISMATCH',
    () => restoreCheckpoint(source, { networks: { generator: other } }),
    "the generator's slope 0.3",
    "the generator's slope 0.2",
  );
  other.dispose();
  disposePix2Pix(model);
});

test('a network is loaded from weights and read back to the bit', async () => {
  const before = gpu.liveTensors;
  for (const [, g, d] of VARIANTS) {
    const { generator, discriminator, ...rest } = small(g, d);
    disposeAll(rest.generatorOptimizer, rest.discriminatorOptimizer);
    for (const network of [generator, discriminator]) {
      const copy = await loadNetwork(gpu, networkWeights(network), { seed: 5 });
      assert.equal(copy.options, network.options);
      const own = new Map(copy.namedTensors());
      for (const [name, tensor] of networkWeights(network).tensors) assert.equal(await own.get(name)!.value.data(), await tensor.read());
      disposeAll(copy, network);
    }
  }
  assert.is(gpu.liveTensors, before);
});

test("weights that are not the network's are refused before anything is on the device, or given back", async () => {
  const network = new UNet({ size: 16, ngf: 2 }).to(gpu, { training: false });
  const weights = networkWeights(network);
  const before = gpu.liveTensors;
  const changed = (change: (tensors: Map<string, NetworkTensor>) => void) => {
    const tensors = new Map(weights.tensors);
    change(tensors);
    return loadNetwork(gpu, { ...weights, tensors });
  };
  const [name] = weights.tensors.keys();
  const tensor = weights.tensors.get(name!)!;
  let reads = 0;
  const counted = { shape: [1, 2, 3, 4], read: async () => (reads++, new Float32Array(24)) };
  await failure('WEIGHTS_MISMATCH', () => changed((tensors) => tensors.delete(name!)), `"${name}" is missing`);
  await failure(
    'WEIGHTS_MISMATCH',
    () => changed((tensors) => tensors.set(name!, counted)),
    `is [1, 2, 3, 4] where [4, 4, 3, 2] is needed`,
  );
  await failure('WEIGHTS_MISMATCH', () => changed((tensors) => tensors.set('x'.repeat(5000), counted)), /"x{80}" has no place/);
  await failure('WEIGHTS_MISMATCH', () => changed((tensors) => tensors.clear()), /and \d+ more differences/);
  assert.is(reads, 0);
  await failure(
    'WEIGHTS_MISMATCH',
    () => changed((tensors) => tensors.set(name!, { shape: tensor.shape, read: async () => new Float32Array(3) })),
    '96 numbers',
    '3 numbers',
  );
  await failure('WEIGHTS_MISMATCH', () => loadNetwork(gpu, { ...weights, architecture: { kind: 'patchgan', options: {} } }), /PatchGAN/);
  await failure('INVALID_ARGUMENT', () => loadNetwork(gpu, { ...weights, architecture: { kind: 'unet', options: { size: 17 } } }), /size/);
  assert.is(gpu.liveTensors, before);
  network.dispose();
});

test.run();
