// first driver only: it takes a minute and more on SwiftShader, where schemes, their steps and training-browser.test.ts are tested
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { ImagePair, RgbImage } from '../../src/data/image.js';
import { ShadegradError } from '../../src/errors.js';
import { Gpu } from '../../src/gpu/gpu.js';
import type { Module } from '../../src/nn/module.js';
import type { UNet } from '../../src/models/unet.js';
import { Adam } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { pix2pix, type Pix2PixNetworks, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import { Trainer, type TrainedStep } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import { Translator } from '../../src/training/translator.js';
import { hashName, pcg } from '../harness/deterministic.js';
import { failure, withLimits, wrapDevice } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

type Options = TrainerOptions<Pix2PixOptions>;
type Pix2PixTrainer = Trainer<Pix2PixOptions, Pix2PixNetworks>;

const OPTIONS: Options = {
  size: 32,
  loadSize: 36,
  ngf: 4,
  ndf: 4,
  batch: 2,
  learningRate: 2e-4,
  lambda: 100,
  dropout: 0.5,
  jitter: true,
  seed: 7,
  direction: 'BtoA',
};

/** Pairs of noise with a bright spot each, so that neither half says nothing about the other; counts what is read. */
function dataset(length: number, side = 40): PairedDataset & { reads: number[] } {
  const image = (name: string, index: number): RgbImage => {
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => pcg((hashName(`${name} ${index}`) ^ pcg(i)) >>> 0) >>> 26);
    data.fill(200, 3 * side * (index + 2), 3 * side * (index + 8));
    return { width: side, height: side, data };
  };
  const reads: number[] = [];
  return {
    name: 'noise',
    length,
    reads,
    get(index) {
      reads.push(index);
      return { name: String(index), a: image('a', index), b: image('b', index) };
    },
  };
}

type State = Record<string, Float32Array[]>;
const windows = (module: Module): readonly { values: { data(): Promise<Float32Array> } }[] => module.memory.windows;

function adamOf(optimizer: Optimizer | undefined): Adam {
  assert.instance(optimizer, Adam);
  return optimizer as Adam;
}

async function stateOf({ networks, optimizers }: Pix2PixTrainer): Promise<State> {
  const all = (tensors: readonly { data(): Promise<Float32Array> }[]): Promise<Float32Array[]> =>
    Promise.all(tensors.map((tensor) => tensor.data()));
  const { generator, discriminator } = networks;
  const [generatorOptimizer, discriminatorOptimizer] = [adamOf(optimizers.generatorOptimizer), adamOf(optimizers.discriminatorOptimizer)];
  return {
    generator: await all(windows(generator).map(({ values }) => values)),
    discriminator: await all(windows(discriminator).map(({ values }) => values)),
    generatorMoments: await all([...generatorOptimizer.firstMoments, ...generatorOptimizer.secondMoments]),
    discriminatorMoments: await all([...discriminatorOptimizer.firstMoments, ...discriminatorOptimizer.secondMoments]),
    statistics: await all([...generator.namedBuffers().values(), ...discriminator.namedBuffers().values()]),
  };
}

/** Takes `steps` steps, changing the learning rate on the way, and returns the losses and all that was trained. */
async function run(
  options: Partial<Options>,
  steps: number,
  { on = gpu, images = dataset(5) }: { on?: Gpu; images?: PairedDataset } = {},
): Promise<{ losses: TrainedStep[]; state: State }> {
  const trainer = await Trainer.create(on, pix2pix, images, { ...OPTIONS, ...options });
  const losses = await take(trainer, steps);
  const state = await stateOf(trainer);
  trainer.dispose();
  return { losses, state };
}

async function take(trainer: Pix2PixTrainer, steps: number): Promise<TrainedStep[]> {
  for (let i = 0; i < steps; i++) {
    trainer.setLearningRate(2e-4 / (1 + trainer.step));
    await trainer.train();
  }
  return trainer.collectLosses();
}

let reference: Awaited<ReturnType<typeof run>>;

test('one seed, one result, to the bit', async () => {
  reference = await run({}, 6);
  assert.equal(
    reference.losses.map(({ step }) => step),
    [1, 2, 3, 4, 5, 6],
  );
  for (const { losses } of reference.losses) assert.ok(Object.values(losses).every((loss) => Number.isFinite(loss) && loss > 0));
  assert.equal(await run({}, 6), reference);
});

test('steps that are asked for without waiting are taken one after the other', async () => {
  const results = [];
  for (const waits of [true, false]) {
    const trainer = await Trainer.create(gpu, pix2pix, dataset(5), OPTIONS);
    const calls = [];
    for (let step = 0; step < 4; step++) {
      calls.push(trainer.train());
      if (waits) await calls[step];
    }
    await Promise.all(calls);
    results.push({ losses: await trainer.collectLosses(), state: await stateOf(trainer) });
    trainer.dispose();
  }
  assert.equal(results[1], results[0]);
});

test('every step draws its own dropout masks, by its number', async () => {
  const trainer = await Trainer.create(gpu, pix2pix, dataset(5), OPTIONS);
  for (const first of [0, 1000]) {
    trainer.resumeAt(first);
    for (let step = first; step < first + 3; step++) {
      await trainer.train();
      const { buffer } = await (trainer.networks.generator as Generator & UNet).dropoutState.tensor.data();
      // The generator has run once since advance().
      assert.equal([...new Uint32Array(buffer)], [OPTIONS.seed, step, 1]);
    }
  }
  trainer.dispose();
});

test('eager steps are the replayed ones, to the bit', async () => {
  assert.equal(await run({ replay: false }, 6), reference);
});

test('another seed, another result', async () => {
  const other = await run({ seed: 8 }, 2);
  assert.not.equal(other.losses[0], reference.losses[0]);
  assert.not.equal(other.state.generator, reference.state.generator);
});

test('every option that should matter does', async () => {
  const plain = (await run({}, 1)).losses;
  const changes: Partial<Options>[] = [
    { jitter: false },
    { dropout: 0 },
    { direction: 'AtoB' },
    { loadSize: 40 },
    { ngf: 6 },
    { ndf: 6 },
    { batch: 1 },
  ];
  for (const change of changes) assert.not.equal((await run(change, 1)).losses, plain, JSON.stringify(change));
  // The weight of the L1 loss shows from the second step on.
  assert.equal((await run({ lambda: 1 }, 1)).losses, plain);
  assert.not.equal((await run({ lambda: 1 }, 2)).losses[1], reference.losses[1]);
});

const copyOptimizer = async (from: Adam, to: Adam): Promise<void> => {
  for (const [index, tensor] of from.firstMoments.entries()) to.firstMoments[index]!.write(await tensor.data());
  for (const [index, tensor] of from.secondMoments.entries()) to.secondMoments[index]!.write(await tensor.data());
  to.stepCount = from.stepCount;
};

test('a run that goes on elsewhere is the run that never stopped, wherever in an epoch it stopped', async () => {
  // Two steps an epoch: step 3 is in the middle of the second.
  for (const stop of [2, 3]) {
    const first = await Trainer.create(gpu, pix2pix, dataset(5), OPTIONS);
    const before = await take(first, stop);
    const second = await Trainer.create(gpu, pix2pix, dataset(5), OPTIONS);
    for (const part of ['generator', 'discriminator'] as const) {
      const [from, to] = [first.networks[part], second.networks[part]];
      for (const [index, { values }] of from.memory.windows.entries()) to.memory.windows[index]!.values.write(await values.data());
      const statistics = to.namedBuffers();
      for (const [name, tensor] of from.namedBuffers()) statistics.get(name)!.write(await tensor.data());
      const name = `${part}Optimizer`;
      await copyOptimizer(adamOf(first.optimizers[name]), adamOf(second.optimizers[name]));
    }
    first.dispose();
    second.resumeAt(stop);
    assert.is(second.epoch, Math.floor(stop / 2));
    assert.equal(await second.collectLosses(), []);
    const after = await take(second, 6 - stop);
    assert.equal([...before, ...after], reference.losses);
    assert.equal(await stateOf(second), reference.state);
    second.dispose();
  }
});

test('losses are given out once each, in order, and must be fetched in time', async () => {
  const trainer = await Trainer.create(gpu, pix2pix, dataset(4), { ...OPTIONS, batch: 1 });
  assert.equal(await trainer.collectLosses(), []);
  const collected: TrainedStep[] = [];
  for (const steps of [1, 3, 62, 5]) {
    for (let i = 0; i < steps; i++) await trainer.train();
    assert.is(trainer.uncollected, steps);
    collected.push(...(await trainer.collectLosses()));
    assert.is(trainer.uncollected, 0);
    assert.equal(await trainer.collectLosses(), []);
  }
  assert.equal(
    collected.map(({ step }) => step),
    Array.from({ length: 71 }, (_, i) => i + 1),
  );
  // No two steps of this run have the same losses, so none was given out in another's place.
  assert.is(new Set(collected.map(({ losses }) => JSON.stringify(losses))).size, 71);
  for (let i = 0; i < 64; i++) await trainer.train();
  await failure('INVALID_ARGUMENT', () => trainer.train(), '64', 'collectLosses');
  assert.is(trainer.step, 71 + 64);
  assert.is((await trainer.collectLosses()).length, 64);
  await trainer.train();
  trainer.dispose();
});

test('each epoch shows every image once, in an order of its own', async () => {
  const shown = async (seed: number): Promise<number[][]> => {
    // Not resident: what is read is what is shown.
    const images = dataset(6, 64);
    const small = withLimits(gpu, { maxBufferSize: 400_000, maxStorageBufferBindingSize: 70_000 });
    const trainer = await Trainer.create(small, pix2pix, images, { ...OPTIONS, batch: 2, ngf: 1, ndf: 1, storedSize: 64, seed });
    for (let i = 0; i < 9; i++) await trainer.train();
    await trainer.collectLosses();
    trainer.dispose();
    small.trim();
    return [0, 6, 12].map((start) => images.reads.slice(start, start + 6));
  };
  const epochs = await shown(1);
  for (const epoch of epochs) assert.equal([...epoch].sort(), [0, 1, 2, 3, 4, 5]);
  assert.is(new Set(epochs.map(String)).size, 3);
  assert.not.equal(await shown(2), epochs);
});

test('images that fit on the device stay there, others travel each time, and the result is the same', async () => {
  const options = { storedSize: 96, loadSize: 40 };
  const [resident, travelling] = [dataset(5, 96), dataset(5, 96)];
  const expected = await run(options, 5, { images: resident });
  // 5 images of 96 x 96 x 3 bytes are 138,240; two are 55,296. The generator's weights have to fit, too.
  const limit = 130_000;
  const small = withLimits(gpu, { maxStorageBufferBindingSize: limit });
  const actual = await run({ ...options }, 5, { on: small, images: travelling });
  assert.equal(actual.losses, expected.losses);
  // The windows of the parameters differ with the limit, their contents in order do not.
  const flat = (arrays: Float32Array[]): number[] => arrays.flatMap((array) => [...array]);
  assert.equal(flat(actual.state.generator!), flat(expected.state.generator!));
  assert.ok(actual.state.generator!.length > expected.state.generator!.length);
  assert.is(new Set(resident.reads).size, resident.reads.length, 'each image is read once');
  assert.is(travelling.reads.length, 12, 'each image is read at each use, and those of the step to come');
  small.trim();
});

type Run = Awaited<ReturnType<typeof run>>;

/** Names what differs: the difference itself would be long. */
function assertSameRun(actual: Run, expected: Run): void {
  assert.equal(actual.losses, expected.losses);
  const bits = (arrays: Float32Array[]): number[] =>
    arrays.flatMap((array) => [...new Uint32Array(array.buffer, array.byteOffset, array.length)]);
  for (const [name, arrays] of Object.entries(expected.state)) {
    const wanted = bits(arrays);
    assert.is(
      bits(actual.state[name]!).findIndex((word, i) => word !== wanted[i]),
      -1,
      name,
    );
  }
}

test('a set beyond the budget travels, and so does one for which the device has no memory; the result is the same', async () => {
  const options = { storedSize: 96, loadSize: 40 };
  const expected = await run(options, 3, { images: dataset(5, 96) });
  // Both sides of 5 images of 96 x 96 x 3 bytes.
  for (const [residentBytes, reads] of [
    [276_480, 5],
    [276_479, 8],
    [0, 8],
  ] as const) {
    const images = dataset(5, 96);
    assertSameRun(await run({ ...options, residentBytes }, 3, { images }), expected);
    assert.is(images.reads.length, reads, `${residentBytes} bytes`);
  }
  // The first such buffer finds no memory: of the images, or of the step that is recorded beside them.
  const { device } = gpu;
  for (const [replay, label] of [
    [true, /images$/],
    [false, /images$/],
    [true, /^recorded step$/],
  ] as const) {
    let refused = false;
    let refusals = 0;
    const full = new Gpu(
      wrapDevice(device, {
        createBuffer(descriptor: GPUBufferDescriptor) {
          refused = refusals === 0 && label.test(descriptor.label ?? '');
          if (refused) refusals++;
          return device.createBuffer(descriptor);
        },
        async popErrorScope() {
          const noMemory = refused;
          refused = false;
          const error = await device.popErrorScope();
          return noMemory ? { message: 'pretended' } : error;
        },
      }),
      gpu.adapter,
    );
    const images = dataset(5, 96);
    assertSameRun(await run({ ...options, replay }, 3, { on: full, images }), expected);
    assert.is(refusals, 1, String(label));
    assert.is(images.reads.length, 8, `${label} travels`);
    full.trim();
  }
});

test('a data set that cannot be read stops the step, not the trainer', async () => {
  const images = dataset(4);
  let broken = true;
  const trainer = await Trainer.create(
    gpu,
    pix2pix,
    {
      ...images,
      get: async (index) => {
        if (broken) throw new Error('unreadable');
        return images.get(index);
      },
    },
    OPTIONS,
  );
  try {
    await trainer.train();
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'unreadable');
  }
  broken = false;
  await trainer.train();
  assert.equal(
    (await trainer.collectLosses()).map(({ step }) => step),
    [1],
  );
  trainer.dispose();
});

test('an image whose data are not those of its sides is refused by name, and nothing of it reaches the images beside it', async () => {
  const images = dataset(4, 36);
  let wrong: RgbImage['data'] | undefined;
  const options = { ...OPTIONS, batch: 1, storedSize: 36 };
  for (const [length, words] of [
    [36 * 36 * 4, /RGBA/],
    [36 * 36 * 3 - 1, /3887 bytes/],
  ] as const) {
    wrong = new Uint8Array(length).fill(99);
    const trainer = await Trainer.create(
      gpu,
      pix2pix,
      {
        ...images,
        get: (index) => {
          const { name, a, b } = images.get(index) as ImagePair;
          return { name, a, b: wrong ? { ...b, data: wrong } : b };
        },
      },
      options,
    );
    for (const word of [/^\d \(pair \d of noise\), image b/, words, /fix: /]) await failure('IMAGE_SIZE', () => trainer.train(), word);
    wrong = undefined;
    await trainer.train();
    const [after] = await trainer.collectLosses();
    trainer.dispose();
    const untouched = await Trainer.create(gpu, pix2pix, images, options);
    await untouched.train();
    assert.equal([after], await untouched.collectLosses());
    untouched.dispose();
  }
});

test('an image to translate is checked, too', async () => {
  const trainer = await Trainer.create(gpu, pix2pix, dataset(1), { ...OPTIONS, batch: 1 });
  const translator = await Translator.create(gpu, trainer.networks.generator);
  for (const side of [32, 40])
    await failure('IMAGE_SIZE', () => translator.translate({ width: side, height: side, data: new Uint8Array(side * side * 4) }), /RGBA/);
  translator.dispose();
  trainer.dispose();
});

test('the images of the next step are fetched during this one, and their failure is the failure of the step that needs them', async () => {
  const images = dataset(5);
  let asked = 0;
  const unreadable = new ShadegradError('DATA_UNREADABLE', 'a picture', {});
  const trainer = await Trainer.create(
    gpu,
    pix2pix,
    {
      ...images,
      get: async (index) => {
        if (++asked === 4) throw unreadable;
        return images.get(index);
      },
    },
    OPTIONS,
  );
  await trainer.train();
  assert.is(asked, 4);
  // Long enough for a rejection that nobody expects to end the process.
  await gpu.sync();
  const before = await trainer.collectLosses();
  await failure('DATA_UNREADABLE', () => trainer.train(), 'a picture');
  assert.is(trainer.step, 1);
  assert.equal([...before, ...(await take(trainer, 1))], reference.losses.slice(0, 2));
  trainer.dispose();
});

test('after resumeAt() nothing of the batch fetched for another step is left, however late it comes', async () => {
  const images = dataset(6, 64);
  const small = withLimits(gpu, { maxBufferSize: 400_000, maxStorageBufferBindingSize: 70_000 });
  const options = { ...OPTIONS, ngf: 1, ndf: 1, storedSize: 64 };
  const losses = async (late: boolean): Promise<TrainedStep[]> => {
    let arrive = (): void => {};
    const held = new Promise<void>((resolve) => (arrive = resolve));
    let asked = 0;
    const trainer = await Trainer.create(
      small,
      pix2pix,
      {
        ...images,
        get: async (index) => {
          // The first step reads two pairs; the next two are those fetched ahead.
          if (++asked > 2 && asked <= 4 && late) await held;
          return images.get(index);
        },
      },
      options,
    );
    await trainer.train();
    trainer.resumeAt(4);
    // Were the old batch not waited for, it would come after that of step 6, which is fetched during step 5.
    setTimeout(arrive, 300);
    const taken = await take(trainer, 1);
    await held;
    await new Promise((resolve) => setTimeout(resolve));
    taken.push(...(await take(trainer, 1)));
    trainer.dispose();
    return taken;
  };
  assert.equal(await losses(true), await losses(false));
  small.trim();
});

test('dispose() while images are on their way', async () => {
  const images = dataset(5);
  let arrive = (): void => {};
  const held = new Promise<void>((resolve) => (arrive = resolve));
  let asked = 0;
  const { tensors, bytesInUse } = gpu.memory();
  const trainer = await Trainer.create(
    gpu,
    pix2pix,
    {
      ...images,
      get: async (index) => {
        if (++asked > 2) await held;
        return images.get(index);
      },
    },
    OPTIONS,
  );
  await trainer.train();
  assert.is(asked, 4);
  trainer.dispose();
  arrive();
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test('steps taken while losses are on their way do not change them', async () => {
  const trainer = await Trainer.create(gpu, pix2pix, dataset(5), OPTIONS);
  const first = await take(trainer, 2);
  const collecting: Promise<TrainedStep[]>[] = [];
  for (let step = 2; step < 6; step++) {
    trainer.setLearningRate(2e-4 / (1 + trainer.step));
    await trainer.train();
    collecting.push(trainer.collectLosses());
    assert.is(trainer.uncollected, 0);
  }
  // More than the history holds, so that each slot is written again.
  for (let step = 0; step < 64; step++) await trainer.train();
  assert.equal([...first, ...(await Promise.all(collecting)).flat()], reference.losses);
  trainer.dispose();
});

test('a trainer gives all its memory back', async () => {
  await gpu.sync();
  const { tensors, bytesInUse } = gpu.memory();
  await run({}, 2);
  await run({ replay: false }, 2);
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [tensors, bytesInUse]);
});

test.run();
