import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as api from '../../src/index.js';
import { describeArchitecture } from '../../src/models/describe.js';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import { encodeModule } from '../../src/exchange/network/module-file.js';
import { exportOnnx } from '../../src/exchange/onnx/export-network.js';
import { findNetwork } from '../../src/exchange/read-weights.js';
import { encodeWeights } from '../../src/exchange/write-weights.js';
import { ShadegradError } from '../../src/errors.js';
import {
  architectureOf,
  buildNetwork,
  differingOptions,
  isGenerator,
  NETWORKS,
  networkKind,
  registerNetwork,
} from '../../src/models/registry.js';
import { forwardOptions, type ForwardOptions } from '../../src/nn/forward.js';
import { constant } from '../../src/nn/initializers.js';
import { Conv2d, Linear } from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testGpu } from '../harness/gpu.js';
import { NETWORK_OPERANDS } from '../harness/network-operands.js';
import { openBytes } from '../harness/weights.js';

const gpu = await testGpu();

/** A network that the library does not have. */
class Tint extends Module {
  readonly options: { readonly channels: number };
  readonly inChannels: number;
  readonly outChannels: number;
  readonly imageSizes = { own: 8, multipleOf: 1, least: 1 };
  private readonly mix: Conv2d;

  constructor({ channels = 3 }: { channels?: number } = {}) {
    super();
    this.options = { channels };
    this.inChannels = this.outChannels = channels;
    this.mix = this.child('mix', new Conv2d({ inChannels: channels, outChannels: channels, kernel: 1 }));
  }

  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.mix.forward(x, forwardOptions(this, options));
  }
}

const TINT = {
  kind: 'tint',
  role: 'generator',
  title: 'tint',
  network: Tint,
  describe: ({ options }: Tint) => ['tint', `${options.channels} channels`],
  exampleInput: ({ inChannels }: Tint) => ({ shape: [1, 8, 8, inChannels], dynamicAxes: [0, 1, 2] }),
} as const;

function refusal(work: () => unknown): ShadegradError {
  try {
    work();
  } catch (error) {
    if (error instanceof ShadegradError) return error;
    throw error;
  }
  throw new Error('not refused');
}

test('a kind that is not registered is refused with what to do', () => {
  const error = refusal(() => networkKind('tint'));
  assert.is(error.code, 'INVALID_ARGUMENT');
  assert.match(error.message, /registerNetwork/);
  assert.match(refusal(() => architectureOf(new Tint())).message, /registerNetwork/);
  assert.is(refusal(() => buildNetwork({ kind: 'unet', options: { sise: 16 } })).code, 'INVALID_ARGUMENT');
});

test('a registered network is built, described, saved, recognised and loaded like any other', async () => {
  registerNetwork(TINT);
  assert.is(refusal(() => registerNetwork(TINT)).code, 'INVALID_ARGUMENT');
  assert.is(refusal(() => registerNetwork({ ...TINT, kind: '' })).code, 'INVALID_ARGUMENT');
  const misspelt = { ...TINT, kind: 'another', network: class extends Tint {}, layermodel: () => [] };
  assert.match(refusal(() => registerNetwork(misspelt)).message, /received: layermodel/);
  const foreign = { ...TINT, kind: 'foreign', network: class Foreign {} };
  assert.match(refusal(() => registerNetwork(foreign as never)).message, /class that extends Module[^]*Foreign/);
  const network = new Tint({ channels: 1 }).to(gpu, { seed: 3 });
  const architecture = architectureOf(network);
  assert.equal(architecture, { kind: 'tint', options: { channels: 1 } });
  assert.equal(differingOptions(architecture), { channels: 1 });
  assert.is(describeArchitecture(architecture), 'tint, 1 channels; 2 parameters');
  const found = findNetwork(await openBytes(encodeModule(network)));
  assert.equal([found.role, found.weights.architecture], ['generator', architecture]);
  const loaded = await loadNetwork(gpu, found.weights);
  assert.instance(loaded, Tint);
  assert.ok(isGenerator(loaded));
  for (const [name, tensor] of loaded.stateDict()) assert.equal(await tensor.read(), await network.stateDict().get(name)!.read(), name);
  assert.match(refusal(() => encodeWeights(found, 'pytorch')).message, /write a \.safetensors/);
  assert.match(refusal(() => exportOnnx(found.weights)).message, /exportModuleOnnx/);
  for (const each of [network, loaded]) each.dispose();
});

test('weights of any layer lie as PyTorch has them in a file of that layout, and come back', async () => {
  /** A network with a weight of two axes that lie the other way round in PyTorch, and one of four that do not. */
  class Mixed extends Module {
    readonly options = {};
    private readonly dense = this.child('dense', new Linear({ inFeatures: 3, outFeatures: 5 }));
    readonly table = this.parameter('table', [2, 3, 1, 5], constant(1));

    forward(x: Tensor, options: ForwardOptions = {}): Tensor {
      return this.dense.forward(x, forwardOptions(this, options));
    }
  }
  const exampleInput = () => ({ shape: [1, 1, 1, 3], dynamicAxes: [0] });
  registerNetwork({
    kind: 'mixed',
    role: 'discriminator',
    title: 'mixed network',
    network: Mixed,
    describe: () => ['mixed'],
    exampleInput,
  });
  const network = new Mixed().to(gpu, { seed: 1 });
  const file = await openBytes(encodeModule(network, { layout: 'pytorch' }));
  for (const [name, tensor] of network.stateDict({ layout: 'pytorch' })) {
    assert.equal([...file.tensors.get(name)!.shape], [...tensor.shape], name);
    assert.equal(await file.tensors.get(name)!.read(), await tensor.read(), name);
  }
  const loaded = await loadNetwork(gpu, findNetwork(file).weights);
  for (const [name, tensor] of loaded.stateDict()) assert.equal(await tensor.read(), await network.stateDict().get(name)!.read(), name);
  for (const each of [network, loaded]) each.dispose();
});

test('every row builds its defaults, tells them again and takes its own example', () => {
  for (const { kind, role, network, describe, exampleInput } of NETWORKS) {
    const built = buildNetwork({ kind, options: {} });
    assert.instance(built, network);
    assert.is(architectureOf(built).kind, kind);
    assert.equal(differingOptions({ kind, options: {} }), {}, kind);
    assert.ok(describe(built).length > 0);
    assert.is(exampleInput(built).shape.length, 4);
    // What makes images of random numbers, or wants labels with them, translates no pictures.
    const translates = role === 'generator' && !/gan-generator$/.test(kind);
    assert.is(isGenerator(built), translates, kind);
  }
});

test('a network of each class comes out of its file as it went in, in either layout', async () => {
  const tried = Object.values(NETWORK_OPERANDS).map(([each]) => each.constructor);
  const own = NETWORKS.filter(({ network }) => (Object.values(api) as unknown[]).includes(network));
  assert.equal(
    own.filter(({ network }) => !tried.includes(network)).map(({ kind }) => kind),
    [],
    'networks of the library that the table lacks',
  );
  assert.ok(own.length >= 15);
  for (const [network] of Object.values(NETWORK_OPERANDS)) {
    network.to(gpu, { seed: 2 });
    for (const layout of ['shadegrad', 'pytorch'] as const) {
      const { role, weights } = findNetwork(await openBytes(encodeModule(network, { layout })));
      assert.equal([role, weights.architecture], [networkKind(weights.architecture.kind).role, architectureOf(network)]);
      for (const [name, tensor] of network.stateDict())
        assert.equal(await weights.tensors.get(name)!.read(), await tensor.read(), `${network.constructor.name} ${name}, ${layout}`);
    }
    network.dispose();
  }
});

test('a network of a class that extends a known one is not taken for that', () => {
  class Extended extends NETWORKS.find(({ kind }) => kind === 'resnet')!.network {}
  const error = refusal(() => architectureOf(new Extended()));
  assert.is(error.code, 'INVALID_ARGUMENT');
  assert.match(error.message, /Extended.*registerNetwork/s);
});

test.run();
