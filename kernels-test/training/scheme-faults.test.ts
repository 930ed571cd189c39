import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../../src/autograd/methods.js';
import { backward } from '../../src/autograd/backward.js';
import { l1Loss } from '../../src/autograd/ops.js';
import { createImage } from '../../src/data/image.js';
import { PixelGAN } from '../../src/models/pixelgan.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { Networks, TrainingScheme } from '../../src/training/scheme.js';
import { Trainer } from '../../src/training/trainer.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

const scheme: TrainingScheme<{ size: number }> = {
  name: 'test-faults',
  title: 'faults',
  summary: 'Trains.',
  options: { size: { default: 8 } },
  presets: {
    description: 'small',
    full: { epochs: 1, learningRate: 1 },
    preview: { minutes: 1, learningRate: 1 },
    previewScales: { hardware: [{}], software: [{}] },
  },
  describe: () => [],
  networks: (_options, { net = { kind: 'pixelgan', options: { inChannels: 3, ndf: 2 } } }) => ({ net }),
  optimizers: { netOptimizer: { network: 'net', create: (network, { learningRate }) => new Adam(network, { learningRate }) } },
  sizes: ({ size }) => ({ size, loadSize: size, jitter: false }),
  sides: () => ({ a: { half: 'a', channels: 3 }, b: { half: 'b', channels: 3 } }),
  losses: { error: { label: 'error', plot: 'Error' } },
  step({ networks, optimizers, images }) {
    optimizers.netOptimizer!.zeroGrad();
    const error = l1Loss(networks.net!.forward(images.a!, { training: true }).mul(0).add(images.b!.mean()), 2);
    backward(error);
    optimizers.netOptimizer!.step();
    return { error };
  },
  metrics: {},
  pictures: () => ({ given: [], made: [], wanted: [] }),
  evaluator: () => Promise.reject(new Error('not asked for')),
};
const pairs = {
  name: 'pairs',
  length: 2,
  get(index: number) {
    const [a, b] = [createImage(8, 8), createImage(8, 8)];
    b.data.fill(100 + index);
    return { name: String(index), a, b };
  },
};
type Changed = Partial<TrainingScheme<{ size: number }>>;
const create = (changed: Changed = {}, options: object = {}): Promise<Trainer<{ size: number }, Networks>> =>
  Trainer.create(gpu, { ...scheme, ...changed }, pairs, { size: 8, learningRate: 1e-3, seed: 1, ...options });

test('a side that could not be encoded once is encoded again: nothing that is half there counts as there', async () => {
  const whole = await create();
  for (let step = 0; step < 4; step++) await whole.train();
  const expected = (await whole.collectLosses()).map(({ losses }) => losses.error);
  whole.dispose();
  const state = { failing: true };
  const sides: TrainingScheme['sides'] = () => ({
    a: { half: 'a', channels: 3 },
    b: {
      half: 'b',
      channels: 3,
      encode(image) {
        if (state.failing) throw new Error('not today');
        return Uint8Array.from(image.data);
      },
    },
  });
  const trainer = await create({ sides });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await trainer.train();
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, 'not today');
    }
  }
  state.failing = false;
  for (let step = 0; step < 4; step++) await trainer.train();
  assert.equal(
    (await trainer.collectLosses()).map(({ losses }) => losses.error),
    expected,
  );
  trainer.dispose();
});

test('an optimiser that begins with a multiple of the rate keeps to it, and so do its groups', async () => {
  const trainer = await create({
    optimizers: {
      netOptimizer: {
        network: 'net',
        create(network, { learningRate }) {
          const [first] = network.parameters();
          return new Adam(network, { learningRate: 3 * learningRate, groups: [{ parameters: [first!], learningRate: learningRate / 2 }] });
        },
      },
    },
  });
  trainer.setLearningRate(0.5);
  const rates = trainer.optimizers.netOptimizer!.groups.map(({ learningRate }) => learningRate);
  assert.equal(rates, [1.5, 0.25]);
  trainer.dispose();
});

test('what a scheme makes that cannot be trained, saved or read is refused by name, and nothing stays on the device', async () => {
  const { bytesInUse: before } = gpu.memory();
  const network = new PixelGAN({ inChannels: 3, ndf: 2 }).to(gpu, { seed: 1 });
  const other = gpu.memory().bytesInUse - before;
  const cases: [Changed, ...(string | RegExp)[]][] = [
    [{ state: (on) => ({ count: Tensor.from(on, new Int32Array(2), [2]) }) }, 'type of state count', 'f32'],
    [{ state: () => ({ count: 3 as unknown as Tensor }) }, 'state() of count', 'a tensor', 'received: 3'],
    [{ sides: () => ({ a: { half: 'A' as 'a', channels: 3 } }) }, 'half of side a', "received: 'A'"],
    [{ sides: () => ({ a: { half: 'a', channels: 2 } }) }, 'channels of side a', '1 or 3'],
    [{ sizes: () => ({ size: 8, loadSize: 8 }) as never }, 'jitter undefined'],
    [{ networks: () => ({}) }, 'at least one network'],
    [{ networks: () => ({ constructor: { kind: 'pixelgan', options: {} } }) as never }, "'constructor'"],
    [{ optimizers: { netOptimizer: { network: 'net', create: () => new Adam(network) } } }, 'an optimiser of other tensors'],
    [{ optimizers: { netOptimizer: { network: 'net', create: () => undefined as never } } }, 'received: undefined'],
    [{ optimizers: { netOptimizer: { network: 'toString', create: () => new Adam(network) } } }, 'one of net', 'received: toString'],
    [{ networks: () => ({ net: { kind: 'pixelgan', options: { inChannels: 3, ndf: 4 } } }) }, 'a given net', '"ndf":2', '"ndf":4'],
  ];
  for (const [changed, ...words] of cases) {
    const given = { net: { kind: 'pixelgan', options: { inChannels: 3, ndf: 2 } } };
    const networks = words[0] === 'a given net' ? { networks: given } : {};
    await failure('INVALID_ARGUMENT', () => create(changed, networks), ...words);
  }
  network.dispose();
  // Optimisers that create() made beside what it returned are its own.
  assert.ok(gpu.memory().bytesInUse - before <= 2 * other, `${gpu.memory().bytesInUse - before} bytes are left`);
});

test('state that fails on its way gives back what it made', async () => {
  const { bytesInUse: before } = gpu.memory();
  const state: TrainingScheme['state'] = (on) => {
    Tensor.from(on, new Float32Array(65_536), [65_536]);
    throw new Error('half way');
  };
  try {
    await create({ state });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'half way');
  }
  assert.is(gpu.memory().bytesInUse, before);
});

test.run();
