import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { add, mul, sum } from '../../src/autograd/ops.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import { runForPyTorch } from '../../src/exchange/pytorch/pytorch-run.js';
import { findRun } from '../../src/exchange/read-weights.js';
import { encodeRunCheckpoint, restoreRun } from '../../src/exchange/network/training-run.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { encodePyTorch } from '../../src/formats/pytorch-write.js';
import { constant } from '../../src/nn/initializers.js';
import { Module } from '../../src/nn/module.js';
import type { Parameter } from '../../src/nn/parameter.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint, readCheckpointHeader, restoreCheckpoint } from '../../src/training/checkpoint.js';
import { pix2pix, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import type { CheckpointTarget } from '../../src/training/checkpoint-tensors.js';
import { Trainer } from '../../src/training/trainer.js';
import type { TrainerOptions } from '../../src/training/trainer-options.js';
import golden from '../goldens/adam_thawed.json';
import { failure } from '../harness/devices.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, goldenPix2Pix, targetOf, type PaperModel } from '../harness/models.js';
import { collect, openBytes } from '../harness/weights.js';

const gpu = await testGpu();

/** Parameters "0", "1", ... of the lengths given. */
class Vectors extends Module {
  readonly vectors: readonly Parameter[];

  constructor(sizes: readonly number[]) {
    super();
    this.vectors = sizes.map((size, index) => this.parameter(String(index), [size], constant(0)));
  }
}

/** Leaves the given numbers as the gradients of some of the parameters: those of sum(p * g). */
function leaveGradients(module: Vectors, gradients: Readonly<Record<string, readonly number[] | Float32Array>>): void {
  const given = Object.entries(gradients);
  if (given.length === 0) return;
  gpu.scope(() =>
    backward(
      given
        .map(([index, numbers]) => sum(mul(module.vectors[Number(index)]!.value, Tensor.from(gpu, [...numbers], [numbers.length]))))
        .reduce((total, each) => add(total, each)),
    ),
  );
}

const numbersOf = async (module: Module): Promise<number[][]> =>
  Promise.all(module.parameters().map(async (tensor) => [...(await tensor.data())]));

test("parameters that get gradients at different steps move as PyTorch's do", async () => {
  const module = new Vectors(golden.sizes).to(gpu);
  golden.start.forEach((numbers, index) => module.vectors[index]!.value.write(new Float32Array(numbers)));
  const adam = new Adam(module, { learningRate: golden.learningRate, betas: golden.betas as [number, number], epsilon: golden.epsilon });
  for (const [index, expected] of golden.steps.entries()) {
    adam.zeroGrad();
    leaveGradients(module, golden.gradients[index] as Record<string, number[]>);
    adam.step();
    assert.equal([...adam.stepCounts().values()], expected.counts, `counts after step ${index + 1}`);
    const actual = await numbersOf(module);
    // Float32 steps of about 0.01 in parameters of about 0.1.
    expected.parameters.forEach((each, which) => {
      assertClose(actual[which]!, each, { absolute: 6e-8, label: `parameter ${which} after step ${index + 1}` });
    });
  }
  assert.is(adam.stepCount, Math.max(...golden.steps.at(-1)!.counts));
  adam.dispose();
  module.dispose();
});

test('a recorded step is the eager one to the bit, for parameters of several ages', async () => {
  const SIZES = [70, 5, 33, 8];
  const gradients = Object.fromEntries(SIZES.map((size, index) => [index, values(`g${index}`, size)]));
  const results = await Promise.all(
    [true, false].map(async (recorded) => {
      const module = new Vectors(SIZES).to(gpu);
      const adam = new Adam(module, { learningRate: 0.01 });
      const step = (which: Readonly<Record<string, Float32Array>>): void => {
        adam.zeroGrad();
        leaveGradients(module, which);
        adam.step();
      };
      step({ 1: gradients[1]!, 2: gradients[2]! });
      const tensors = SIZES.map((size, index) => Tensor.from(gpu, gradients[index]!, [size]));
      const all = (): void => {
        adam.zeroGrad();
        const terms = (): Tensor[] => module.vectors.map((vector, index) => sum(mul(vector.value, tensors[index]!)));
        gpu.scope(() => backward(terms().reduce((total, each) => add(total, each))));
        adam.step();
      };
      if (recorded) {
        const { recording } = await gpu.record(all);
        for (let run = 0; run < 3; run++) recording.run();
        recording.destroy();
      } else {
        for (let run = 0; run < 3; run++) all();
      }
      const result = [await numbersOf(module), [...adam.stepCounts().values()]];
      for (const part of [adam, module, ...tensors]) part.dispose();
      return result;
    }),
  );
  assert.equal(results[0], results[1]);
  assert.equal(results[0]![1], [3, 4, 4, 3]);
});

test('neighbours share a dispatch, whatever their ages', () => {
  const module = new Vectors([64, 10, 64, 20, 64]).to(gpu);
  const adam = new Adam(module);
  const dispatches = (): number => {
    let count = 0;
    const dispatch = gpu.dispatch.bind(gpu);
    gpu.dispatch = (call) => {
      if (call.shader.name === 'adam') count++;
      dispatch(call);
    };
    adam.step();
    delete (gpu as { dispatch?: unknown }).dispatch;
    return count;
  };
  leaveGradients(module, Object.fromEntries([64, 10, 64, 20, 64].map((size, index) => [index, values('g', size)])));
  assert.is(dispatches(), 1);
  adam.setStepCounts(new Map([['2', 9]]));
  assert.is(dispatches(), 1);
  adam.stepCount = 4;
  assert.is(dispatches(), 1);
  adam.zeroGrad();
  assert.is(dispatches(), 0);
  assert.is(adam.stepCount, 5);
  adam.dispose();
  module.dispose();
});

test('a recorded step whose parameters came apart says so, and changes nothing', async () => {
  const module = new Vectors([4, 4]).to(gpu);
  const adam = new Adam(module);
  const ones = Tensor.from(gpu, [1, 1, 1, 1], [4]);
  const { recording } = await gpu.record(() => {
    adam.zeroGrad();
    gpu.scope(() => backward(add(sum(mul(module.vectors[0]!.value, ones)), sum(mul(module.vectors[1]!.value, ones)))));
    adam.step();
  });
  recording.run();
  adam.setStepCounts(new Map([['1', 7]]));
  const before = await numbersOf(module);
  await failure('RECORDING', () => recording.run(), /unequal/, /1, 7/, /record the step again/);
  assert.equal(await numbersOf(module), before);
  assert.equal([...adam.stepCounts().values()], [1, 7]);
  recording.destroy();
  for (const part of [adam, module, ones]) part.dispose();
});

test('a step that a hook ends is not counted by the optimisers of its pass', async () => {
  const module = new Vectors([4]).to(gpu);
  const adam = new Adam(module);
  const ones = Tensor.from(gpu, [1, 1, 1, 1], [4]);
  let broken = true;
  const { recording } = await gpu.record(() => {
    adam.zeroGrad();
    gpu.scope(() => backward(sum(mul(module.vectors[0]!.value, ones))));
    adam.step();
    gpu.eachStep(() => {
      if (broken) throw new Error('broken');
    }, []);
  });
  assert.throws(() => recording.run(), /broken/);
  assert.is(adam.stepCount, 0);
  broken = false;
  recording.run();
  assert.is(adam.stepCount, 1);
  // The step that was not run left nothing: the first step moves by the learning rate.
  assertClose((await numbersOf(module))[0]!, [-1e-3, -1e-3, -1e-3, -1e-3], { absolute: 1e-9, label: 'first step' });
  recording.destroy();
  for (const part of [adam, module, ones]) part.dispose();
});

test('what is no rate, no beta and no count is refused where it is set', async () => {
  const module = new Vectors([4]).to(gpu);
  const adam = new Adam(module, { learningRate: 0.5 });
  for (const rate of [NaN, -1, Infinity, undefined as unknown as number]) {
    await failure('INVALID_ARGUMENT', () => (adam.learningRate = rate), /learningRate/, String(rate));
    if (rate !== undefined) await failure('INVALID_ARGUMENT', () => new Adam(module, { learningRate: rate }), /learningRate/);
  }
  assert.is(adam.learningRate, 0.5);
  for (const betas of [[0.9], [0.9, 1], [NaN, 0.9], [-0.1, 0.9], [0.9, 0.99, 0.999]] as unknown as [number, number][]) {
    await failure('INVALID_ARGUMENT', () => new Adam(module, { betas }), /betas/);
  }
  for (const epsilon of [0, -1, NaN, Infinity]) await failure('INVALID_ARGUMENT', () => new Adam(module, { epsilon }), /epsilon/);
  for (const count of [-1, 0.5, NaN]) {
    await failure('INVALID_ARGUMENT', () => (adam.stepCount = count), /whole number/);
    await failure('INVALID_ARGUMENT', () => adam.setStepCounts(new Map([['0', count]])), /"0"/);
  }
  await failure(
    'INVALID_ARGUMENT',
    () =>
      adam.setStepCounts(
        new Map([
          ['0', 3],
          ['x', 1],
        ]),
      ),
    /"x"/,
  );
  assert.is(adam.stepCount, 0);
  adam.dispose();
  await failure('INVALID_ARGUMENT', () => new Adam(new Vectors([1])), /on no device/);
  module.dispose();
  await failure('INVALID_ARGUMENT', () => new Adam(module.to(gpu, { training: false })), /training: true/);
  module.dispose();
});

const SMALL = { size: 32, ngf: 2, ndf: 2 };
const PROGRESS = { options: { size: 32 }, step: 3, epoch: 0, adapter: 'any' };
const source = Tensor.from(gpu, values('source', 32 * 32 * 3), [1, 32, 32, 3]);
const target = Tensor.from(gpu, values('target', 32 * 32 * 3), [1, 32, 32, 3]);
const losses = Tensor.from(gpu, [0, 0, 0, 0], [4]);
const take = (model: PaperModel, steps: number): void => {
  for (let step = 0; step < steps; step++) pix2pixStep(model, source, target, losses, { dropout: false });
};
const LATE = 'model.model.0.weight';
/** Three steps, the first layer thawed after two. */
function thawed(): PaperModel {
  const model = goldenPix2Pix(gpu, SMALL);
  const late = model.generator.namedParameters().get(LATE)!;
  late.requiresGrad = false;
  take(model, 2);
  late.requiresGrad = true;
  take(model, 1);
  return model;
}
const bytesOf = async (model: PaperModel): Promise<Uint8Array> => collect(encodeCheckpoint(targetOf(model), PROGRESS));
const stateOf = async ({ networks, optimizers = {} }: CheckpointTarget): Promise<unknown> => [
  await Promise.all(Object.values(networks).map(numbersOf)),
  Object.values(optimizers).map((optimizer) => [...optimizer.stepCounts()]),
];

test('a checkpoint keeps the counts of parameters that were thawed late, and says nothing where all are equal', async () => {
  const [model, even] = [thawed(), goldenPix2Pix(gpu, SMALL)];
  take(even, 1);
  const plain = await readCheckpointHeader(bytesSource(await bytesOf(even), 'even'));
  assert.not('stepCounts' in plain.optimizers.generatorOptimizer!);
  const file = await bytesOf(model);
  const info = await readCheckpointHeader(bytesSource(file, 'thawed'));
  const generatorOptimizer = { network: 'generator', steps: 3, stepCounts: { [LATE]: 1 } };
  assert.equal(info.optimizers, { generatorOptimizer, discriminatorOptimizer: { network: 'discriminator', steps: 3 } });

  await restoreCheckpoint(bytesSource(file, 'thawed'), targetOf(even));
  assert.is(even.generatorOptimizer.stepCounts().get(LATE), 1);
  take(model, 2);
  take(even, 2);
  assert.equal(await stateOf(targetOf(even)), await stateOf(targetOf(model)));
  // Counts that are apart are together again after a file in which they are.
  even.generatorOptimizer.stepCount = 3;
  await restoreCheckpoint(bytesSource(await bytesOf(even), 'together'), targetOf(model));
  assert.equal(new Set(model.generatorOptimizer.stepCounts().values()), new Set([3]));
  for (const each of [model, even]) disposePix2Pix(each);
});

test('a .pth of a run keeps them too, there and back', async () => {
  const model = thawed();
  const run = await findRun(await openBytes(encodeCheckpoint(targetOf(model), PROGRESS), 'run.safetensors'));
  const pth = await openPyTorch(bytesSource(await collect(encodePyTorch(runForPyTorch(run, 2e-4))), 'run.pth'));
  const back = await findRun(pth);
  assert.equal(back.info.optimizers.generatorOptimizer, { network: 'generator', steps: 3, stepCounts: { [LATE]: 1 } });
  const restored = goldenPix2Pix(gpu, SMALL);
  await restoreRun(targetOf(restored), back, 'run.pth');
  assert.equal(await stateOf(targetOf(restored)), await stateOf(targetOf(model)));
  await restoreCheckpoint(bytesSource(await collect(encodeRunCheckpoint(back)), 'back'), targetOf(restored));
  assert.equal(await stateOf(targetOf(restored)), await stateOf(targetOf(model)));
  for (const each of [model, restored]) disposePix2Pix(each);
});

test('of a run in f16 whose steps were left out, another one begins with those that were taken', async () => {
  const model = thawed();
  const run = await findRun(await openBytes(encodeCheckpoint(targetOf(model), PROGRESS), 'run.safetensors'));
  const { optimizers } = run.info;
  const generatorOptimizer = { ...optimizers.generatorOptimizer!, leftOut: { [LATE]: 2 } };
  const restored = goldenPix2Pix(gpu, SMALL);
  await restoreRun(targetOf(restored), { ...run, info: { ...run.info, optimizers: { ...optimizers, generatorOptimizer } } }, 'run');
  assert.equal(restored.generatorOptimizer.stepCounts(), model.generatorOptimizer.stepCounts());
  assert.is((await restored.generatorOptimizer.leftOutCounts()).get(LATE), 0);
  for (const each of [model, restored]) disposePix2Pix(each);
});

test('counts under names that no parameter has are refused before anything is written', async () => {
  const model = thawed();
  const run = await findRun(await openBytes(encodeCheckpoint(targetOf(model), PROGRESS), 'run.safetensors'));
  const { optimizers } = run.info;
  const generatorOptimizer = { ...optimizers.generatorOptimizer!, stepCounts: { strange: 1 } };
  const strange = { ...run, info: { ...run.info, optimizers: { ...optimizers, generatorOptimizer } } };
  const before = await stateOf(targetOf(model));
  await failure('WEIGHTS_MISMATCH', () => restoreRun(targetOf(model), strange, 'run'), /"strange"/);
  const file = bytesSource(await collect(encodeRunCheckpoint(strange)), 'strange');
  await failure('CHECKPOINT_MISMATCH', () => restoreCheckpoint(file, targetOf(model)), /"strange"/);
  assert.equal(await stateOf(targetOf(model)), before);
  disposePix2Pix(model);
});

const OPTIONS: TrainerOptions<Pix2PixOptions> = {
  size: 32,
  loadSize: 36,
  ngf: 2,
  ndf: 2,
  batch: 1,
  learningRate: 2e-4,
  lambda: 100,
  dropout: 0.5,
  jitter: true,
  seed: 7,
  direction: 'BtoA',
};

test('a trainer that goes on from parameters of several ages replays what it would run eagerly', async () => {
  const dataset = syntheticFacades({ count: 2, size: 36, seed: 1, split: 'train' });
  const states = [];
  for (const replay of [true, false]) {
    const trainer = await Trainer.create(gpu, pix2pix, dataset, { ...OPTIONS, replay });
    await trainer.train();
    trainer.optimizers.generatorOptimizer!.setStepCounts(new Map([[LATE, 0]]));
    for (let step = 0; step < 2; step++) await trainer.train();
    states.push([await trainer.collectLosses(), await stateOf(trainer)]);
    trainer.dispose();
  }
  assert.equal(states[0], states[1]);
});

test.run();
