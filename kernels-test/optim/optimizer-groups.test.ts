import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { mul, sum } from '../../src/autograd/ops.js';
import { adamHyper, adamKind, adamStep, type Decay } from '../../src/kernels/adam.js';
import { cutBlock, type BlockPart } from '../../src/kernels/flat-block.js';
import { sgdHyper, sgdKind, sgdStep } from '../../src/kernels/sgd.js';
import { AdamW, Adam, Linear, SGD } from '../../src/index.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { leaveGradients, Vectors, vectorsOf } from '../harness/vectors.js';

const gpu = await testGpu();

/** Odd sizes, one of several workgroups' and one of a single element. */
const SIZES = [70, 5, 9000, 1, 33, 130];
const START = SIZES.map((size, index) => values(`start ${index}`, size));
/** For each parameter the group that it is in. */
const GROUPS = [0, 1, 2, 1, 0, 2];

interface Kind {
  readonly options: object;
  /** What differs in each of the three groups. */
  readonly own: readonly object[];
  readonly make: (target: Vectors | Tensor[], options: object) => Optimizer<any>;
}

const KINDS: Record<string, Kind> = {
  AdamW: {
    options: { weightDecay: 0.3, learningRate: 0.01 },
    own: [{}, { weightDecay: 0 }, { betas: [0.5, 0.9], learningRate: 0.1 }],
    make: (target, options) => new AdamW(target, options),
  },
  'Adam with AMSGrad': {
    options: { amsgrad: true, learningRate: 0.02 },
    own: [{}, { weightDecay: 0.2 }, { weightDecay: 0.1, epsilon: 1e-3 }],
    make: (target, options) => new Adam(target, options),
  },
  'SGD with and without momentum': {
    options: { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 },
    own: [{}, { momentum: 0, weightDecay: 0 }, { nesterov: true, learningRate: 0.01 }],
    make: (target, options) => new SGD(target, options),
  },
  'SGD without momentum': {
    options: { learningRate: 0.1 },
    own: [{}, { weightDecay: 0.5 }, { learningRate: 0.01 }],
    make: (target, options) => new SGD(target, options),
  },
};

for (const [name, { options, own, make }] of Object.entries(KINDS)) {
  test(`one optimiser of three groups equals three optimisers to the bit, in one dispatch: ${name}`, async () => {
    const gradients = vectorsOf(
      gpu,
      SIZES.map((size, index) => values(`gradient ${index}`, size)),
    );
    const results = [];
    for (const how of ['apart', 'groups', 'list', 'recorded'] as const) {
      const module = new Vectors(SIZES).to(gpu).write(START);
      const parameters = module.parameters();
      const members = own.map((_, group) => parameters.filter((_, index) => GROUPS[index] === group));
      const optimizers =
        how === 'apart'
          ? own.map((each, group) => make(members[group]!, { ...options, ...each }))
          : [
              make(how === 'list' ? parameters : module, {
                ...options,
                ...own[0],
                groups: own.slice(1).map((each, index) => ({ parameters: members[index + 1]!, ...each })),
              }),
            ];
      const step = (): void => {
        zeroGrad(parameters);
        leaveGradients(parameters, gradients);
        for (const optimizer of optimizers) optimizer.step();
      };
      const recording = how === 'recorded' ? (await gpu.record(step)).recording : null;
      for (let index = 0; index < 3; index++) {
        if (recording) recording.run();
        else step();
      }
      // A parameter that gets no gradient is left alone; its neighbours then are two blocks.
      zeroGrad(parameters);
      leaveGradients(
        parameters,
        gradients.map((each, index) => (index === 2 ? null : each)),
      );
      for (const optimizer of optimizers) optimizer.step();
      const { recording: last } = await gpu.record(() => optimizers.forEach((optimizer) => optimizer.step()));
      if (how !== 'apart') assert.is(last.length, 2, 'a dispatch before and one after the parameter without a gradient');
      last.run();
      // From here on that one has taken fewer steps.
      zeroGrad(parameters);
      leaveGradients(parameters, gradients);
      const { recording: whole } = await gpu.record(() => optimizers.forEach((optimizer) => optimizer.step()));
      if (how !== 'apart') assert.is(whole.length, 1);
      whole.run();
      results.push(await module.read());
      for (const each of [recording, last, whole]) each?.destroy();
      for (const part of [...optimizers, module]) part.dispose();
    }
    for (const [index, result] of results.entries()) assert.equal(result, results[0], `way ${index}`);
    assert.not.equal(results[0]![0]!.slice(0, 3), Array.from(START[0]!.slice(0, 3)));
    for (const tensor of gradients) tensor.dispose();
  });
}

const PARTS = [
  [0, 70],
  [128, 5],
  [192, 9000],
  [9216, 1],
  [9280, 33],
] as const;
const SIZE = 9280 + 33;
for (const software of [true, false]) {
  test(`a block in pieces equals its parts one by one, nothing else is touched, as ${software ? 'CPUs' : 'GPUs'} do it`, async () => {
    const names = ['p', 'g', 'm', 'v', 'l'];
    const start = (name: string): Float32Array => values(name, SIZE).map((x) => (name === 'v' || name === 'l' ? x * x : x));
    const make = (): Tensor[] => names.map((name) => Tensor.from(gpu, start(name), [SIZE]));
    const slice = (whole: Tensor, [start, length]: readonly [number, number]): Tensor =>
      new Tensor({ gpu, storage: whole.storage.retain(), shape: [length], offset: start });
    const decays: Decay[] = ['none', 'coupled', 'decoupled'];
    const hypers = decays.map((decay, index) =>
      adamHyper({
        learningRate: 0.01 * (index + 1),
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        step: 3 + index,
        weightDecay: 0.1 * index,
        decay,
      }),
    );
    const descents = [1, 2, 3].map((step) => sgdHyper({ learningRate: 0.1 / step, momentum: 0.9, dampening: 0, weightDecay: 0.1, step }));
    const ways = [{ decays: true }, { momentum: true }, { momentum: true, nesterov: true, decays: true }];
    const cut = (row: number, kind: (share: number) => number): BlockPart[] =>
      PARTS.map(([start, length], index) => ({ start, length, hyper: (index % 3) * row, kind: kind(index % 3) }));
    const joined = (rows: readonly Float32Array[]): Tensor => {
      const data = rows.flatMap((row) => [...row]);
      return Tensor.from(gpu, Float32Array.from(data), [data.length]);
    };
    for (const kind of ['adam', 'sgd'] as const) {
      const [apart, together] = gpu.scope(() => {
        const [one, other] = [make(), make()];
        for (const [index, place] of PARTS.entries()) {
          const [parameters, gradients, m, v, l] = one.map((whole) => slice(whole, place)) as [Tensor, Tensor, Tensor, Tensor, Tensor];
          const share = index % 3;
          if (kind === 'adam') {
            const hyper = joined([hypers[share]!]);
            adamStep(
              { parameters, gradients, firstMoment: m, secondMoment: v, largestSecondMoment: l, hyper, decay: decays[share] },
              software,
            );
          } else {
            const { momentum, ...way } = { momentum: false, ...ways[share]! };
            sgdStep({ parameters, gradients, momentum: momentum ? m : undefined, hyper: joined([descents[share]!]), ...way }, software);
          }
        }
        const [parameters, gradients, m, v, l] = other as [Tensor, Tensor, Tensor, Tensor, Tensor];
        const parts =
          kind === 'adam'
            ? cut(hypers[0]!.length, (share) => adamKind(decays[share]!))
            : cut(descents[0]!.length, (share) => sgdKind(ways[share]!));
        const pieces = cutBlock(gpu, parts, SIZE, software);
        if (kind === 'adam') {
          adamStep(
            { parameters, gradients, firstMoment: m, secondMoment: v, largestSecondMoment: l, hyper: joined(hypers), pieces },
            software,
          );
        } else {
          sgdStep({ parameters, gradients, momentum: m, hyper: joined(descents), pieces }, software);
        }
        pieces.dispose();
        return [one, other];
      }) as [Tensor[], Tensor[]];
      for (const [index, tensor] of apart.entries())
        assert.equal(await together[index]!.data(), await tensor.data(), `${kind} ${names[index]}`);
      for (const tensor of [...apart, ...together]) tensor.dispose();
    }
  });
}

test('a group that takes no parameter is refused with the names that there are', async () => {
  const linear = new Linear({ inFeatures: 1, outFeatures: 1 }).to(gpu);
  for (const parameters of [(name: string) => name.endsWith('biases'), []]) {
    const groups = [{ parameters, weightDecay: 0 }];
    await failure(
      'INVALID_ARGUMENT',
      () => new AdamW(linear, { groups }),
      'group 1 of AdamW takes no parameter',
      'none of weight, bias',
      'fix: ',
    );
  }
  linear.dispose();
});

test('pieces and numbers that do not fit each other are refused', async () => {
  const [parameters, gradients, momentum] = vectorsOf(gpu, [values('p', 4), values('g', 4), values('m', 4)]) as [Tensor, Tensor, Tensor];
  const pieces = cutBlock(gpu, [{ start: 0, length: 4, hyper: 0, kind: 0 }], 4);
  const step = (hyper: number, table: Tensor) => (): void =>
    gpu.scope(() => {
      sgdStep({ parameters, gradients, momentum, hyper: Tensor.from(gpu, new Float32Array(hyper), [hyper]), pieces: table });
    });
  await failure('SHAPE_MISMATCH', step(11, pieces), 'hyper of sgdStep');
  await failure('SHAPE_MISMATCH', step(12, pieces.viewAs([2, 2])), 'pieces of sgdStep');
  await failure('INVALID_ARGUMENT', step(12, momentum.viewAs([1, 4])), 'i32');
  step(12, pieces)();
  for (const tensor of [parameters, gradients, momentum, pieces]) tensor.dispose();
});

test('tables of pieces are not gathered without end, and recorded steps keep theirs', async () => {
  const module = new Vectors(Array.from({ length: 9 }, () => 3)).to(gpu);
  const parameters = module.parameters();
  const optimizer = new SGD(module, { learningRate: 1, groups: [{ parameters: (name) => Number(name) % 2 === 1, learningRate: 0.5 }] });
  const ones = vectorsOf(
    gpu,
    parameters.map(() => [1, 1, 1]),
  );
  leaveGradients(parameters, ones);
  const { recording } = await gpu.record(() => optimizer.step());
  let most = 0;
  const { tensors } = gpu.memory();
  for (let pattern = 1; pattern < 2 ** 9; pattern += 3) {
    zeroGrad(parameters);
    leaveGradients(
      parameters,
      ones.map((each, index) => ((pattern >> index) & 1 ? each : null)),
    );
    optimizer.stepCount = 0;
    optimizer.step();
    most = Math.max(most, gpu.memory().tensors - tensors);
  }
  assert.ok(most < 80, `${most} tables`);
  module.write(parameters.map(() => [0, 0, 0]));
  zeroGrad(parameters);
  leaveGradients(parameters, ones);
  optimizer.stepCount = 0;
  recording.run();
  assert.equal(
    (await module.read()).map(([first]) => first),
    [-1, -0.5, -1, -0.5, -1, -0.5, -1, -0.5, -1],
  );
  recording.destroy();
  for (const part of [optimizer, module, ...ones]) part.dispose();
});

test('a step writes to no parameter that has no gradient: what was computed from one can still be run backwards', () => {
  const module = new Vectors([4, 5, 6]).to(gpu);
  const [first, frozen, last] = module.parameters() as [Tensor, Tensor, Tensor];
  const optimizer = new AdamW(module, { groups: [{ parameters: [last], weightDecay: 0 }] });
  const x = Tensor.from(gpu, values('x', 5), [5]);
  x.requiresGrad = true;
  gpu.scope(() => {
    const later = sum(mul(x, frozen));
    leaveGradients([first, last], vectorsOf(gpu, [values('a', 4), values('b', 6)]));
    optimizer.step();
    backward(later);
  });
  assert.ok(x.grad);
  for (const part of [optimizer, module, x]) part.dispose();
});

test('a momentum that is changed holds from the next step on, also for a recorded one; what asks for another step is refused', async () => {
  const [rate, momenta, gradient] = [0.1, [0.5, 0.6, 0.7], [1, -2, 3]];
  for (const recorded of [false, true]) {
    const module = new Vectors([3]).to(gpu).write([Float32Array.of(1, 2, 3)]);
    const sgd = new SGD(module, { learningRate: rate, momentum: 0.9 });
    const gradients = vectorsOf(gpu, [Float32Array.from(gradient)]);
    const step = (): void => {
      zeroGrad(module.parameters());
      leaveGradients(module.parameters(), gradients);
      sgd.step();
    };
    const recording = recorded ? (await gpu.record(step)).recording : null;
    const [expected, sums] = [
      [1, 2, 3],
      [0, 0, 0],
    ];
    for (const momentum of momenta) {
      for (const group of sgd.groups) group.change({ momentum });
      if (recording) recording.run();
      else gpu.scope(step);
      gradient.forEach((each, index) => {
        sums[index] = momentum * sums[index]! + each;
        expected[index]! -= rate * sums[index]!;
      });
    }
    assertClose(await module.parameters()[0]!.data(), expected, { absolute: 1e-6, label: recorded ? 'recorded' : 'called' });
    const [group] = sgd.groups;
    for (const [options, ...words] of [
      [{ momentum: -1 }, 'momentum'],
      [{ momentum: 0 }, 'another kind of step', 'momentum'],
      [{ momentom: 0.5 }, 'momentom'],
      [{ learningRate: Number.NaN }, 'learningRate'],
      [{ weightDecay: 0.1 }, 'another kind of step'],
      [{ weightDecay: -1 }, 'weightDecay'],
    ] as const) {
      await failure('INVALID_ARGUMENT', () => group!.change(options as object), ...words);
      assert.is(group!.options.momentum, 0.7);
    }
    recording?.destroy();
    for (const part of [sgd, module, ...gradients]) part.dispose();
  }
});

test.run();
