import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schedules } from '../../src/index.js';
import { ReduceOnPlateau } from '../../src/optim/plateau.js';
import { applySchedule, type Schedule } from '../../src/optim/schedules.js';
import { SGD } from '../../src/optim/sgd.js';
import golden from '../goldens/schedules.json';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { Vectors } from '../harness/vectors.js';

const gpu = await testGpu();
const module = new Vectors([2, 3]).to(gpu);
const [FIRST, SECOND] = golden.bases as [number, number];
const optimizer = (): SGD =>
  new SGD(module, { learningRate: FIRST, groups: [{ parameters: (name) => name === '1', learningRate: SECOND }] });
const make = (kind: string, options: object): Schedule =>
  (schedules as unknown as Record<string, (options: object) => Schedule>)[kind]!(
    kind === 'warmUp' ? { ...options, then: schedules.exponential(golden.warmUpThen) } : options,
  );

for (const { kind, options, rates } of golden.cases) {
  test(`rates equal PyTorch's, in any order of steps: ${kind} ${JSON.stringify(options)}`, () => {
    const [sgd, schedule] = [optimizer(), make(kind, options)];
    // Backwards: a schedule has no memory.
    for (const [step, expected] of [...rates.entries()].reverse()) {
      applySchedule(sgd, schedule, step);
      // PyTorch multiplies from step to step, and rounds as often.
      assertClose(
        sgd.groups.map(({ learningRate }) => learningRate),
        expected,
        { relative: 1e-13, absolute: 1e-16, label: `step ${step}` },
      );
    }
    sgd.dispose();
  });
}

for (const { options, rates } of golden.plateaus) {
  test(`reductions on a plateau equal PyTorch's, saved and loaded on the way: ${JSON.stringify(options)}`, () => {
    const sgd = optimizer();
    let plateau = new ReduceOnPlateau(sgd, options as never);
    for (const [call, metric] of golden.metrics.entries()) {
      const before = sgd.learningRate;
      const reduced = plateau.step(Number(metric));
      assertClose(
        sgd.groups.map(({ learningRate }) => learningRate),
        rates[call]!,
        { relative: 1e-15, label: `call ${call}` },
      );
      if (sgd.learningRate !== before) assert.ok(reduced);
      const saved = JSON.stringify(plateau.state());
      plateau = new ReduceOnPlateau(sgd, options as never);
      plateau.loadState(JSON.parse(saved));
    }
    sgd.dispose();
  });
}

test('pieces follow each other, and a warm-up is level afterwards unless told otherwise', () => {
  const { constant, linear, sequence, warmUp } = schedules;
  const rates = sequence([constant({ factor: 0.5 }), linear({ steps: 2 }), constant()], [2, 4]);
  assert.equal(
    [0, 1, 2, 3, 4, 9].map((step) => rates(step, 8)),
    [4, 4, 8, 4, 8, 8],
  );
  assert.equal(
    [0, 2, 4, 100].map((step) => warmUp({ steps: 4, startFactor: 0.5 })(step, 2)),
    [1, 1.5, 2, 2],
  );
});

test('a schedule that is wrong, or gives what is no rate, is refused and changes no rate', async () => {
  const { constant, cosine, cosineRestarts, exponential, linear, multiStep, polynomial, sequence, step, warmUp } = schedules;
  for (const [wrong, pattern] of [
    [() => constant({ factor: -1 }), /factor/],
    [() => constant({ steps: NaN }), /steps/],
    [() => linear({ steps: 0 }), /steps/],
    [() => linear({ steps: 1, endFactor: NaN }), /endFactor/],
    [() => linear({ steps: 1, startFactor: -1 }), /startFactor/],
    [() => step({ every: 0.5 }), /every/],
    [() => step({ every: 1, gamma: -1 }), /gamma/],
    [() => multiStep({ milestones: [3, 2] }), /ascending/],
    [() => exponential({ gamma: NaN }), /gamma/],
    [() => cosine({ steps: -1 }), /steps/],
    [() => cosine({ steps: 1, minimum: -1 }), /minimum/],
    [() => cosineRestarts({ steps: 3, factor: 1.5 }), /factor/],
    [() => polynomial({ steps: NaN }), /steps/],
    [() => warmUp({ steps: 0 }), /steps/],
    [() => sequence([constant()], [1]), /one less/],
    [() => sequence([], []), /one less/],
  ] as const)
    await failure('INVALID_ARGUMENT', wrong, pattern);
  const sgd = optimizer();
  for (const at of [-1, NaN, undefined as unknown as number])
    await failure('INVALID_ARGUMENT', () => applySchedule(sgd, constant(), at), /step of a schedule/);
  await failure('INVALID_ARGUMENT', () => applySchedule(sgd, (_, base) => (base === SECOND ? NaN : 7), 3), /step 3/);
  assert.equal(
    sgd.groups.map(({ learningRate }) => learningRate),
    golden.bases,
  );
  for (const options of [
    { factor: 1 },
    { patience: -1 },
    { cooldown: 0.5 },
    { threshold: NaN },
    { minimum: -1 },
    { mode: 'less' },
    { thresholdMode: '' },
  ]) {
    await failure('INVALID_ARGUMENT', () => new ReduceOnPlateau(sgd, options as never), new RegExp(Object.keys(options)[0]!));
  }
  const plateau = new ReduceOnPlateau(sgd);
  await failure('INVALID_ARGUMENT', () => plateau.step(undefined as never), /metric/);
  await failure('INVALID_ARGUMENT', () => plateau.loadState({ best: 1, badCalls: -1, cooldownLeft: 0 }), /state/);
  plateau.step(NaN);
  assert.equal(plateau.state(), { best: null, badCalls: 1, cooldownLeft: 0 });
  sgd.dispose();
});

test.run();
