// not in browsers: Chromium's SwiftShader has no shader-f16
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { autocast } from '../../src/autograd/autocast.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { Adam, AdamW, SGD } from '../../src/index.js';
import { LossScale } from '../../src/kernels/loss-scale.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { savedSteps, placeStepCounts } from '../../src/training/step-counts.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { testHalf } from '../harness/half.js';
import { leaveGradients, Vectors } from '../harness/vectors.js';

// A step whose gradients are not finite is no step: what follows is as if it had not been, as with PyTorch's GradScaler.

const gpu = await testGpu();

const SIZES = [70, 5, 300];
const START = SIZES.map((size, index) => values(`start ${index}`, size));
const OPTIMISERS: Record<string, (module: Vectors) => Optimizer<any>> = {
  Adam: (module) => new Adam(module, { learningRate: 0.1, betas: [0.5, 0.999] }),
  'Adam that remembers nothing': (module) => new Adam(module, { learningRate: 0.1, betas: [0, 0] }),
  'AdamW with AMSGrad and a group': (module) =>
    new AdamW(module, { learningRate: 0.1, amsgrad: true, groups: [{ parameters: (name) => name === '1', betas: [0.8, 0.9] }] }),
  'SGD with dampening': (module) => new SGD(module, { learningRate: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 }),
  'SGD with Nesterov momentum': (module) => new SGD(module, { learningRate: 0.1, momentum: 0.9, nesterov: true }),
};

interface Run {
  readonly module: Vectors;
  readonly optimizer: Optimizer<any>;
  readonly gradients: readonly Tensor[];
  readonly lossScale: LossScale;
  /** Takes a step with the gradients of that number; not finite where they are bad. */
  readonly take: (number: number, bad?: boolean) => void;
  /** The parameters, and all that the optimiser keeps but its counts. */
  readonly state: () => Promise<number[][]>;
}

/** @param given which parameters have a gradient */
async function begin(make: (typeof OPTIMISERS)[string], how: 'plain' | 'eager' | 'replayed', given = [true, true, true]): Promise<Run> {
  const module = new Vectors(SIZES).to(gpu).write(START);
  const optimizer = make(module);
  const gradients = SIZES.map((size) => Tensor.from(gpu, new Float32Array(size), [size]).keep());
  const lossScale = new LossScale(gpu, { initial: 1024 });
  const parameters = module.parameters();
  const step = (): void => {
    zeroGrad(parameters);
    leaveGradients(
      parameters,
      gradients.map((each, index) => (given[index] ? each : null)),
    );
    optimizer.step();
  };
  const scaled = (): void => autocast(gpu, step, { lossScale });
  const recorded = how === 'replayed' ? (await gpu.record(scaled)).recording : null;
  return {
    module,
    optimizer,
    gradients,
    lossScale,
    take(number, bad = false) {
      gradients.forEach((each, index) => {
        const numbers = values(`gradient ${number} ${index}`, SIZES[index]!);
        if (bad && index === 0) numbers[3] = Infinity;
        each.write(numbers);
      });
      if (recorded) recorded.run();
      else if (how === 'plain') step();
      else scaled();
    },
    async state() {
      const { tensors } = optimizer.stateDict();
      const kept = [...tensors].filter(([name]) => name !== 'leftOut');
      return [...(await module.read()), ...(await Promise.all(kept.map(async ([, tensor]) => [...(await tensor.read())])))];
    },
  };
}

/** Which steps are left out: the first, two in a row, and one after many. */
const BAD = new Set([0, 3, 4, 20]);
const STEPS = 24;

for (const [name, make] of Object.entries(OPTIMISERS)) {
  testHalf(gpu, `${name}: steps left out are no steps, replayed to the same bits`, async () => {
    const [plain, eager, replayed] = [await begin(make, 'plain'), await begin(make, 'eager'), await begin(make, 'replayed')];
    for (let number = 0; number < STEPS; number++) {
      const bad = BAD.has(number);
      if (!bad) plain.take(number);
      eager.take(number, bad);
      replayed.take(number, bad);
      if (number !== 1 && number !== STEPS - 1) continue;
      const [expected, received] = [await plain.state(), await eager.state()];
      // SGD has no number that depends on how many steps there were; Adam's corrections are rounded once more on the device.
      const tolerance = name.startsWith('SGD') ? {} : { absolute: 2e-6, relative: 1e-5 };
      expected.forEach((numbers, index) => assertClose(received[index]!, numbers, { ...tolerance, label: `${number}: ${index}` }));
    }
    assert.equal(await replayed.state(), await eager.state());
    const counts = await eager.optimizer.leftOutCounts();
    assert.equal(
      [...counts.values()],
      SIZES.map(() => BAD.size),
    );
    assert.equal(
      [...eager.optimizer.stepCounts().values()],
      SIZES.map(() => STEPS),
    );
    assert.equal(await replayed.optimizer.leftOutCounts(), counts);
    assert.equal([...(await plain.optimizer.leftOutCounts()).values()], [0, 0, 0]);
    for (const { module, optimizer } of [plain, eager, replayed]) {
      optimizer.dispose();
      module.dispose();
    }
  });
}

testHalf(gpu, 'each parameter has a count of its own: those that come to have as many steps, by other ones', async () => {
  const make = OPTIMISERS.Adam!;
  const runs = [await begin(make, 'plain'), await begin(make, 'eager')];
  const parts = (run: Run, given: boolean[], number: number, bad = false): void => {
    zeroGrad(run.module.parameters());
    run.gradients.forEach((each, index) => {
      const numbers = values(`gradient ${number} ${index}`, SIZES[index]!);
      if (bad) numbers[0] = -Infinity;
      each.write(numbers);
    });
    const step = (): void => {
      leaveGradients(
        run.module.parameters(),
        run.gradients.map((each, index) => (given[index] ? each : null)),
      );
      run.optimizer.step();
    };
    if (run === runs[0]) step();
    else autocast(gpu, step, { lossScale: run.lossScale });
  };
  const [first, second, all] = [
    [true, false, true],
    [false, true, false],
    [true, true, true],
  ];
  for (const run of runs) {
    const only = run === runs[1];
    if (only) parts(run, first!, 0, true);
    parts(run, first!, 1);
    parts(run, second!, 2);
    parts(run, second!, 3);
    if (only) parts(run, all!, 4, true);
    parts(run, all!, 5);
  }
  assert.equal([...(await runs[1]!.optimizer.leftOutCounts()).values()], [2, 1, 2]);
  assert.equal([...runs[1]!.optimizer.stepCounts().values()], [4, 4, 4]);
  const [expected, received] = [await runs[0]!.state(), await runs[1]!.state()];
  expected.forEach((numbers, index) => assertClose(received[index]!, numbers, { absolute: 1e-6, relative: 1e-5, label: String(index) }));
});

testHalf(gpu, 'a state that is saved goes on to the bit, and so do the counts of a checkpoint; a state from before has none', async () => {
  const make = OPTIMISERS['AdamW with AMSGrad and a group']!;
  const run = await begin(make, 'eager');
  for (let number = 0; number < 5; number++) run.take(number, number < 2);
  const saved = run.optimizer.stateDict();
  const tensors = new Map(
    await Promise.all(
      [...saved.tensors].map(async ([name, { shape, read }]) => {
        const numbers = await read();
        return [name, { shape, read: async () => numbers }] as const;
      }),
    ),
  );
  const steps = savedSteps(run.optimizer, await run.optimizer.leftOutCounts());
  assert.equal(steps, { steps: 3, leftOut: { 0: 2, 1: 2, 2: 2 } });
  const weights = await run.module.read();
  for (let number = 5; number < 8; number++) run.take(number, number === 6);
  const expected = await run.state();

  const [other, restored] = [await begin(make, 'replayed'), await begin(make, 'eager')];
  restored.take(0, true);
  for (const each of [other, restored]) {
    each.module.write(weights);
    await each.optimizer.loadStateDict({ ...saved, tensors });
    // What a file keeps of the counts leads to the same ones.
    if (each === restored) placeStepCounts(each.optimizer, steps);
    for (let number = 5; number < 8; number++) each.take(number, number === 6);
    assert.equal(await each.state(), expected);
    assert.equal([...(await each.optimizer.leftOutCounts()).values()], [3, 3, 3]);
  }

  const { leftOut, ...others } = Object.fromEntries(tensors);
  await other.optimizer.loadStateDict({ ...saved, tensors: new Map(Object.entries(others)) });
  assert.equal([...(await other.optimizer.leftOutCounts()).values()], [0, 0, 0]);
  const short = { ...leftOut!, shape: [2] };
  const wrong = { ...saved, tensors: new Map(Object.entries({ ...others, leftOut: short })) };
  await failure('INVALID_ARGUMENT', () => other.optimizer.loadStateDict(wrong), 'leftOut', '[3]', /fix: /);
  restored.optimizer.stepCount = 4;
  assert.equal([...(await restored.optimizer.leftOutCounts()).values()], [0, 0, 0]);
  restored.optimizer.setLeftOutCounts(
    new Map([
      ['1', 3],
      ['2', 1],
    ]),
  );
  restored.optimizer.setStepCounts(new Map([['1', 7]]));
  assert.equal([...(await restored.optimizer.leftOutCounts()).values()], [0, 0, 1]);
});

testHalf(
  gpu,
  'a step without a scale after steps with one does not count those that were left out, and one recorded before is refused',
  async () => {
    const make = OPTIMISERS.Adam!;
    const [plain, mixed] = [await begin(make, 'plain'), await begin(make, 'eager')];
    const step = (): void => {
      zeroGrad(mixed.module.parameters());
      leaveGradients(mixed.module.parameters(), mixed.gradients);
      mixed.optimizer.step();
    };
    const { recording } = await gpu.record(step);
    mixed.take(0, true);
    mixed.take(1);
    await failure('RECORDING', () => recording.run(), 'without a loss scale', /fix: record the step again/);
    recording.destroy();
    plain.take(1);
    plain.take(2);
    plain.take(3);
    const again = (await gpu.record(step)).recording;
    for (const [number, run] of [
      [2, step],
      [3, () => again.run()],
    ] as const) {
      mixed.gradients.forEach((each, index) => each.write(values(`gradient ${number} ${index}`, SIZES[index]!)));
      run();
    }
    const [expected, received] = [await plain.state(), await mixed.state()];
    expected.forEach((numbers, index) => assertClose(received[index]!, numbers, { absolute: 1e-6, relative: 1e-5, label: String(index) }));
    assert.equal([...(await mixed.optimizer.leftOutCounts()).values()], [1, 1, 1]);
  },
);

test('counts that cannot be are refused, and nothing is changed', async () => {
  const module = new Vectors(SIZES).to(gpu);
  const adam = new Adam(module);
  adam.stepCount = 3;
  for (const [counts, ...texts] of [
    [{ 0: 4 }, '"0" that were left out', 'from 0 to 3'],
    [{ 0: 1, 1: 0.5 }, 'a whole number'],
    [{ weight: 1 }, 'does not have'],
  ] as const) {
    await failure('INVALID_ARGUMENT', () => adam.setLeftOutCounts(new Map(Object.entries(counts))), ...texts, /fix: /);
  }
  assert.equal([...(await adam.leftOutCounts()).values()], [0, 0, 0]);
  assert.is(adam.stateDict().tensors.has('leftOut'), false);
  adam.dispose();
  module.dispose();
});

test.run();
