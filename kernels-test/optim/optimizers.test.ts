import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { add, mul, sum } from '../../src/autograd/ops.js';
import { backward } from '../../src/autograd/backward.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodeSafetensors, openSafetensors } from '../../src/formats/safetensors-file.js';
import { adamHyper, adamStep, ADAM_HYPER_SIZE, type Decay } from '../../src/kernels/adam.js';
import { SGD_HYPER_SIZE, sgdHyper, sgdStep } from '../../src/kernels/sgd.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import type { OptimizerTarget } from '../../src/optim/target.js';
import { SGD } from '../../src/optim/sgd.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/optimizers.json';
import { failure } from '../harness/devices.js';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { leaveGradients, Vectors, vectorsOf } from '../harness/vectors.js';
import { collect } from '../harness/weights.js';
import { OptimizerReference, type ReferenceOptions } from '../reference/optimizers.js';

const gpu = await testGpu();
const KINDS = { Adam, AdamW, SGD };
type Make = (target: OptimizerTarget) => Optimizer<any>;

for (const { name, kind, options, inputs, steps } of golden.cases) {
  const { weight_decay: weightDecay, eps: epsilon, betas, ...other } = options as Record<string, unknown>;
  const make: Make = (target) =>
    new KINDS[kind as 'Adam'](target, {
      learningRate: golden.learningRate,
      ...other,
      ...(weightDecay !== undefined && { weightDecay: weightDecay as number }),
      ...(epsilon !== undefined && { epsilon: epsilon as number }),
      ...(betas !== undefined && { betas: betas as [number, number] }),
      groups: [{ parameters: (each) => each === '1', learningRate: golden.ownRate, weightDecay: 0 }],
    });
  test(`five steps in two groups equal PyTorch's: ${name}; a list of tensors gives the same bits`, async () => {
    const module = new Vectors(golden.sizes).to(gpu).write(inputs.parameters.map(generate));
    const list = vectorsOf(gpu, inputs.parameters.map(generate));
    for (const tensor of list) tensor.requiresGrad = true;
    const optimizers = [make(module), make(list)] as const;
    for (const [step, expected] of steps.entries()) {
      const gradients = vectorsOf(gpu, inputs.gradients[step]!.map(generate));
      const given = gradients.map((each, index) => (step === golden.skipped.step && index === golden.skipped.parameter ? null : each));
      for (const [which, optimizer] of optimizers.entries()) {
        if (step === golden.halvedBefore) for (const group of optimizer.groups) group.learningRate /= 2;
        optimizer.zeroGrad();
        leaveGradients(which === 0 ? module.parameters() : list, given);
        optimizer.step();
      }
      const actual = (await module.read()).flat();
      assertClose(actual, float32(expected), { absolute: 3e-7, label: `after step ${step + 1}` });
      assert.equal(
        (await Promise.all(list.map((tensor) => tensor.data()))).flatMap((each) => [...each]),
        actual,
      );
      for (const tensor of gradients) tensor.dispose();
    }
    assert.equal([...optimizers[0].stepCounts().values()], [5, 5, 4]);
    for (const part of [...optimizers, module, ...list]) part.dispose();
  });
}

const DECAYS: Record<ReferenceOptions['kind'], Decay> = { Adam: 'coupled', AdamW: 'decoupled', SGD: 'none' };
const REFERENCES: readonly ReferenceOptions[] = [
  { kind: 'Adam', learningRate: 0.01, weightDecay: 0.1 },
  { kind: 'AdamW', learningRate: 0.01, weightDecay: 0.5 },
  { kind: 'AdamW', learningRate: 0.01, weightDecay: 0.5, amsgrad: true, betas: [0.5, 0.9] },
  { kind: 'SGD', learningRate: 0.01 },
  { kind: 'SGD', learningRate: 0.01, momentum: 0.9, weightDecay: 0.1, dampening: 0.5 },
  { kind: 'SGD', learningRate: 0.01, momentum: 0.9, nesterov: true },
];
for (const options of REFERENCES) {
  test(`blocks of odd sizes equal the float64 reference, as CPUs and GPUs do them: ${Object.values(options).join(' ')}`, async () => {
    for (const software of [true, false])
      for (const [start, length] of [
        [0, 1],
        [64, 64],
        [64, 31],
        [70, 7],
        [1, 1030],
        [0, 8192],
      ] as const) {
        const whole = start + length + 5;
        const arenas = ['p', 'g', 'a', 'b', 'c'].map((name, index) =>
          Tensor.from(gpu, index < 2 ? values(name, whole, 0.5) : new Float32Array(whole), [whole]),
        );
        const [parameters, gradients, a, b, c] = arenas.map(
          (arena) => new Tensor({ gpu, storage: arena.storage.retain(), shape: [length], offset: start }),
        ) as [Tensor, Tensor, Tensor, Tensor, Tensor];
        const expected = Float64Array.from(values('p', whole, 0.5));
        const reference = new OptimizerReference(expected.slice(start, start + length), options);
        const {
          kind,
          learningRate,
          betas: [beta1, beta2] = [0.9, 0.999],
          weightDecay = 0,
          momentum = 0,
          dampening = 0,
          nesterov,
        } = options;
        for (let step = 1; step <= 3; step++) {
          const data = values(`g${step}`, whole, 1 / step ** 2);
          arenas[1]!.write(data);
          reference.update(data.subarray(start, start + length));
          if (kind === 'SGD') {
            const hyper = Tensor.from(gpu, sgdHyper({ learningRate, momentum, dampening, weightDecay, step }), [SGD_HYPER_SIZE]);
            sgdStep({ parameters, gradients, momentum: momentum > 0 ? a : undefined, hyper, nesterov, decays: weightDecay > 0 }, software);
            hyper.dispose();
          } else {
            const decay = DECAYS[kind];
            const hyper = Tensor.from(gpu, adamHyper({ learningRate, beta1, beta2, epsilon: 1e-8, step, weightDecay, decay }), [
              ADAM_HYPER_SIZE,
            ]);
            adamStep(
              {
                parameters,
                gradients,
                firstMoment: a,
                secondMoment: b,
                largestSecondMoment: options.amsgrad ? c : undefined,
                hyper,
                decay,
              },
              software,
            );
            hyper.dispose();
          }
        }
        expected.set(reference.parameters, start);
        assertClose(await arenas[0]!.data(), expected, {
          absolute: 3e-7,
          label: `[${start}, ${start + length}), ${software ? 'CPU' : 'GPU'}`,
        });
        for (const tensor of [...arenas, parameters, gradients, a, b, c]) tensor.dispose();
      }
  });
}

const SIZES = [70, 5, 33, 130];
const START = SIZES.map((size, index) => values(`start ${index}`, size));
const MAKES: Record<string, Make> = {
  'Adam with decay and AMSGrad': (target) =>
    new Adam(target, { weightDecay: 0.1, amsgrad: true, groups: [{ parameters: (name) => name === '1', betas: [0.5, 0.9] }] }),
  AdamW: (target) => new AdamW(target, { groups: [{ parameters: (name) => name === '2', weightDecay: 0 }] }),
  'SGD with momentum': (target) =>
    new SGD(target, { momentum: 0.9, dampening: 0.1, weightDecay: 0.1, groups: [{ parameters: (name) => name === '3', momentum: 0 }] }),
};
for (const [name, make] of Object.entries(MAKES)) {
  test(`eager, recorded and resumed steps are equal to the bit: ${name}`, async () => {
    const gradients = vectorsOf(
      gpu,
      SIZES.map((size, index) => values(`gradient ${index}`, size)),
    );
    const rates = [1e-2, 1e-2, 5e-3, 1e-3];
    const results = [];
    for (const how of ['eager', 'recorded', 'resumed']) {
      let module = new Vectors(SIZES).to(gpu).write(START);
      let optimizer = make(module);
      const step = (): void => {
        optimizer.zeroGrad();
        leaveGradients(module.parameters(), gradients);
        optimizer.step();
      };
      // One parameter is a step ahead of the others.
      leaveGradients(
        module.parameters(),
        gradients.map((each, index) => (index === 1 ? each : null)),
      );
      optimizer.step();
      const recording = how === 'recorded' ? (await gpu.record(step)).recording : null;
      for (const [index, rate] of rates.entries()) {
        if (how === 'resumed' && index === 2) {
          const { tensors, ...progress } = optimizer.stateDict();
          const file = await collect(encodeSafetensors([...tensors.values()], { metadata: { progress: JSON.stringify(progress) } }));
          const weights = await module.read();
          optimizer.dispose();
          module.dispose();
          module = new Vectors(SIZES).to(gpu).write(weights);
          optimizer = make(module);
          const opened = await openSafetensors(bytesSource(file, 'optimiser'));
          await optimizer.loadStateDict({ tensors: opened.tensors, ...(JSON.parse(opened.metadata.get('progress')!) as typeof progress) });
          assert.is(optimizer.learningRate, rates[1]);
        }
        optimizer.learningRate = rate;
        if (recording) recording.run();
        else step();
      }
      results.push([await module.read(), [...optimizer.stepCounts()]]);
      recording?.destroy();
      optimizer.dispose();
      module.dispose();
    }
    assert.equal(results[1], results[0]);
    assert.equal(results[2], results[0]);
    assert.equal(
      (results[0]![1] as [string, number][]).map(([, count]) => count),
      [4, 5, 4, 4],
    );
    for (const tensor of gradients) tensor.dispose();
  });
}

test('neighbours share a dispatch, whatever their groups, in a list of tensors too', () => {
  const module = new Vectors([64, 10, 64, 20]).to(gpu);
  const gradients = vectorsOf(
    gpu,
    module.sizes.map((size) => values('g', size)),
  );
  const dispatches = (optimizer: Optimizer<any>): number => {
    let count = 0;
    const dispatch = gpu.dispatch.bind(gpu);
    gpu.dispatch = (call) => {
      count++;
      dispatch(call);
    };
    optimizer.step();
    delete (gpu as { dispatch?: unknown }).dispatch;
    optimizer.dispose();
    return count;
  };
  leaveGradients(module.parameters(), gradients);
  assert.is(dispatches(new AdamW(module)), 1);
  assert.is(dispatches(new AdamW(module.parameters())), 1);
  assert.is(dispatches(new SGD(module, { groups: [{ parameters: module.parameters().slice(2), learningRate: 1 }] })), 1);
  assert.is(dispatches(new SGD([module.parameters()[3]!, module.parameters()[0]!, module.parameters()[1]!])), 2);
  for (const part of [module, ...gradients]) part.dispose();
});

test('groups by module, by list and by name; what no group names is in the first', async () => {
  class Pair extends Vectors {
    readonly inner = this.child('inner', new Vectors([3, 4]));
  }
  const module = new Pair([5, 6]).to(gpu);
  const optimizer = new AdamW(module, {
    learningRate: 1,
    groups: [
      { parameters: module.inner, learningRate: 2 },
      { parameters: (name, { shape }) => name === '1' && shape[0] === 6, weightDecay: 0 },
    ],
  });
  assert.equal(
    optimizer.groups.map(({ names }) => names),
    [['0'], ['inner.0', 'inner.1'], ['1']],
  );
  assert.equal(
    optimizer.groups.map(({ learningRate, options }) => [learningRate, options.weightDecay]),
    [
      [1, 0.01],
      [2, 0.01],
      [1, 0],
    ],
  );
  optimizer.learningRate = 3;
  assert.equal(
    optimizer.groups.map(({ learningRate, initialLearningRate }) => [learningRate, initialLearningRate]),
    [
      [3, 1],
      [3, 2],
      [3, 1],
    ],
  );
  optimizer.dispose();
  const other = Tensor.from(gpu, [1], [1], 'other');
  for (const [groups, ...patterns] of [
    [[{ parameters: module.inner }, { parameters: () => true }], /two groups/, /inner\.0/],
    [[{ parameters: [other] }], /none of its parameters/, /other/],
    [[{ parameters: undefined as unknown as Tensor[] }], /options of a group of AdamW.*\n.*\n.*no parameters/],
    [[{ parameters: module.inner, learningRate: NaN }], /learningRate/],
    [[{ parameters: module.inner, weightDecay: -1 }], /weightDecay/],
    [[{ parameters: module.inner, betas: [2, 0] as const }], /options of AdamW/],
  ] as const)
    await failure('INVALID_ARGUMENT', () => new AdamW(module, { groups: groups as never }), ...patterns);
  const before = gpu.memory().bytesInUse;
  await failure('INVALID_ARGUMENT', () => new SGD(module, { groups: [{ parameters: [other] }] }));
  assert.is(gpu.memory().bytesInUse, before);
  other.dispose();
  module.dispose();
});

test("a tensor that is no module's parameter is trained, keeps its gradient's memory and is left alone without a gradient", async () => {
  const x = Tensor.from(gpu, [1, -2], [2]);
  x.requiresGrad = true;
  gpu.scope(() => backward(sum(mul(x, x))));
  const optimizer = new SGD([x], { learningRate: 0.25 });
  optimizer.step();
  assert.equal([...(await x.data())], [0.5, -1]);
  optimizer.zeroGrad();
  assert.is(x.grad, null);
  optimizer.step();
  assert.equal([...(await x.data())], [0.5, -1]);
  const { recording } = await gpu.record(() => {
    optimizer.zeroGrad();
    gpu.scope(() => backward(sum(mul(x, x))));
    optimizer.step();
  });
  for (let run = 0; run < 2; run++) recording.run();
  assert.equal([...(await x.data())], [0.125, -0.25]);
  assert.is(optimizer.stepCount, 3);
  recording.destroy();
  optimizer.dispose();
  x.dispose();
});

test('what cannot be trained and options that cannot work are refused', async () => {
  const module = new Vectors([4]).to(gpu);
  const x = Tensor.from(gpu, [1, 2], [2]);
  const labels = Tensor.from(gpu, new Int32Array(2), [2]);
  x.requiresGrad = true;
  const computed = add(x, x);
  for (const [target, pattern] of [
    [[], /empty/],
    [[computed], /add/],
    [[labels], /f32/],
    [[x, x], /twice/],
    [[1], /number/],
    [undefined, /undefined/],
    [null, /null/],
  ] as const)
    await failure('INVALID_ARGUMENT', () => new Adam(target as never), pattern);
  for (const options of [
    { momentum: -1 },
    { momentum: NaN },
    { momentum: 0.9, dampening: NaN },
    { nesterov: true },
    { nesterov: true, momentum: 0.9, dampening: 0.1 },
  ])
    await failure('INVALID_ARGUMENT', () => new SGD(module, options), /options of SGD/);
  for (const weightDecay of [-1, NaN, Infinity])
    await failure('INVALID_ARGUMENT', () => new SGD(module, { weightDecay }), /weightDecay of SGD/);
  for (const part of [x, labels, computed, module]) part.dispose();
});

test('a state of another optimiser is refused and changes nothing', async () => {
  const module = new Vectors([4, 5]).to(gpu);
  const gradients = vectorsOf(gpu, [values('a', 4), values('b', 5)]);
  const adam = new Adam(module);
  leaveGradients(module.parameters(), gradients);
  adam.step();
  const { tensors, ...progress } = adam.stateDict();
  const saved = { tensors: new Map([...tensors].map(([name, { shape, read }]) => [name, { shape, read }])), ...progress };
  const other = new Adam(module, { groups: [{ parameters: (name) => name === '1' }] });
  const without = (name: string): typeof saved => ({ ...saved, tensors: new Map([...saved.tensors].filter(([each]) => each !== name)) });
  await failure('INVALID_ARGUMENT', () => other.loadStateDict(saved), /learning rates/, /2 groups/);
  for (const [wrong, pattern] of [
    [without('secondMoment.1'), /secondMoment\.1/],
    [{ ...saved, stepCounts: { 0: 1 } }, /step counts/],
    [{ ...saved, stepCounts: { 0: 1, 1: 1, 2: 1 } }, /"2"/],
    [{ ...saved, stepCounts: { 0: 1, 1: -1 } }, /whole number/],
    [{ ...saved, learningRates: [NaN] }, /learningRate/],
    [
      { ...saved, tensors: new Map([...saved.tensors, ['firstMoment.1', { shape: [4], read: async () => new Float32Array(4) }]]) },
      /firstMoment\.1/,
      /\[4\]/,
    ],
  ] as const)
    await failure('INVALID_ARGUMENT', () => adam.loadStateDict(wrong as never), pattern);
  assert.equal([...adam.stepCounts().values()], [1, 1]);
  for (const part of [adam, other, module, ...gradients]) part.dispose();
});

test.run();
