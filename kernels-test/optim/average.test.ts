import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodeSafetensors, openSafetensors } from '../../src/formats/safetensors-file.js';
import { AVERAGE_HYPER_SIZE, averageHyper, averageStep, swapBlocks } from '../../src/kernels/average.js';
import { constant } from '../../src/nn/initializers.js';
import { ExponentialMovingAverage } from '../../src/optim/average.js';
import { SGD } from '../../src/optim/sgd.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/clip_and_average.json';
import { failure } from '../harness/devices.js';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { leaveGradients, Vectors, vectorsOf } from '../harness/vectors.js';
import { collect } from '../harness/weights.js';

const gpu = await testGpu();

class WithBuffer extends Vectors {
  readonly statistics = this.buffer('statistics', [3], constant(1));
}

const read = async (average: ExponentialMovingAverage): Promise<Record<string, number[]>> =>
  Object.fromEntries(
    await Promise.all(
      [...average.stateDict().tensors].map(async ([name, tensor]) => [name, [...(await tensor.read())]] as [string, number[]]),
    ),
  );

test("averages equal PyTorch's; the first update copies", async () => {
  const { decay, weights, steps } = golden.average;
  const module = new Vectors([21, 3]).to(gpu);
  const average = new ExponentialMovingAverage(module, { decay });
  for (const [step, expected] of steps.entries()) {
    const flat = generate(weights[step]!);
    module.write([flat.subarray(0, 21), flat.subarray(21)]);
    average.update();
    const actual = Object.values(await read(average)).flat();
    if (step === 0) assert.equal(actual, [...flat]);
    assertClose(actual, float32(expected), { absolute: 2e-7, label: `update ${step + 1}` });
  }
  assert.is(average.updateCount, steps.length);
  average.dispose();
  module.dispose();
});

test('blocks of odd sizes and places equal the float64 reference, for every decay; swaps are to the bit', async () => {
  for (const software of [true, false])
    for (const [start, length] of [
      [0, 1],
      [64, 64],
      [70, 7],
      [1, 1030],
      [0, 8192],
    ] as const)
      for (const decay of [0, 0.25, 0.999, 1]) {
        const whole = start + length + 5;
        const [a, p] = [values('a', whole), values('p', whole)];
        const tensors = [a, p].map((data) => Tensor.from(gpu, data, [whole]));
        const [average, parameters] = tensors.map(
          ({ storage }) => new Tensor({ gpu, storage: storage.retain(), shape: [length], offset: start }),
        ) as [Tensor, Tensor];
        const hyper = Tensor.from(gpu, averageHyper(decay), [AVERAGE_HYPER_SIZE]);
        averageStep({ average, parameters, hyper }, software);
        const inside = (index: number): boolean => index >= start && index < start + length;
        const expected = Float64Array.from(a, (each, index) => (inside(index) ? decay * each + (1 - decay) * p[index]! : each));
        const actual = await tensors[0]!.data();
        assertClose(actual, expected, {
          absolute: decay === 0 || decay === 1 ? 0 : 2e-7,
          label: `decay ${decay}, [${start}, ${start + length})`,
        });
        swapBlocks(average, parameters, software);
        assert.equal(
          [...(await tensors[0]!.data())],
          [...actual].map((each, index) => (inside(index) ? p[index] : each)),
        );
        assert.equal(
          [...(await tensors[1]!.data())],
          [...p].map((each, index) => (inside(index) ? actual[index] : each)),
        );
        for (const tensor of [...tensors, average, parameters, hyper]) tensor.dispose();
      }
});

test('a warm-up forgets the first weights soon, buffers are copied', async () => {
  const module = new WithBuffer([5]).to(gpu);
  const average = new ExponentialMovingAverage(module, { decay: 0.25, warmUp: true });
  const expected = [];
  let current = 0;
  for (let step = 0; step < 6; step++) {
    module.write([new Float32Array(5).fill(step * step)]);
    module.statistics.value.write(new Float32Array(3).fill(step));
    average.update();
    const decay = step === 0 ? 0 : Math.min(0.25, (1 + step) / (10 + step));
    current = decay * current + (1 - decay) * step * step;
    expected.push(current);
    const { 0: weights, statistics } = await read(average);
    assertClose(weights!, new Array(5).fill(current), { relative: 1e-6, label: `update ${step}` });
    assert.equal(statistics, [step, step, step]);
  }
  average.dispose();
  module.dispose();
});

test('swapped in and out for an evaluation; a save is the same at both times; no update in between', async () => {
  const module = new WithBuffer([70, 5]).to(gpu).write([values('a', 70), values('b', 5)]);
  const average = new ExponentialMovingAverage(module, { decay: 0.5 });
  average.update();
  module.write([values('c', 70), values('d', 5)]);
  average.update();
  module.statistics.value.write(new Float32Array([7, 8, 9]));
  const [own, averaged] = [await module.read(), await read(average)];
  average.swap();
  assert.ok(average.swapped);
  assert.equal(await module.read(), [averaged[0], averaged[1]]);
  assert.equal([...(await module.statistics.value.data())], [1, 1, 1]);
  assert.equal(await read(average), averaged);
  await failure('INVALID_ARGUMENT', () => average.update(), /swap\(\)/);
  average.swap();
  assert.equal(await module.read(), own);
  assert.equal([...(await module.statistics.value.data())], [7, 8, 9]);
  assert.equal(await read(average), averaged);
  assert.is(average.updateCount, 2);
  average.dispose();
  module.dispose();
});

test("eager, recorded and resumed averages are equal to the bit; the file has the module's names", async () => {
  const SIZES = [70, 5];
  const gradients = vectorsOf(
    gpu,
    SIZES.map((size, index) => values(`g${index}`, size)),
  );
  const results = [];
  for (const how of ['eager', 'recorded', 'resumed']) {
    const module = new WithBuffer(SIZES).to(gpu).write(SIZES.map((size, index) => values(`p${index}`, size)));
    const sgd = new SGD(module, { learningRate: 0.1, momentum: 0.9 });
    let average = new ExponentialMovingAverage(module, { warmUp: true });
    const step = (): void => {
      sgd.zeroGrad();
      leaveGradients(module.parameters(), gradients);
      sgd.step();
      average.update();
    };
    const recording = how === 'recorded' ? (await gpu.record(step)).recording : null;
    for (let run = 0; run < 4; run++) {
      if (how === 'resumed' && run === 2) {
        const { tensors, updateCount } = average.stateDict();
        const opened = await openSafetensors(bytesSource(await collect(encodeSafetensors([...tensors.values()])), 'average'));
        assert.equal([...opened.tensors.keys()].sort(), ['0', '1', 'statistics']);
        average.dispose();
        average = new ExponentialMovingAverage(module, { warmUp: true });
        await average.loadStateDict({ tensors: opened.tensors, updateCount });
      }
      if (recording) recording.run();
      else step();
    }
    results.push([await read(average), await module.read(), average.updateCount]);
    recording?.destroy();
    for (const part of [average, sgd, module]) part.dispose();
  }
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
  for (const tensor of gradients) tensor.dispose();
});

test('a wrong decay, a module on no device and a state of another module are refused', async () => {
  const module = new WithBuffer([4]).to(gpu);
  for (const decay of [-0.1, 1.1, NaN]) await failure('INVALID_ARGUMENT', () => new ExponentialMovingAverage(module, { decay }), /decay/);
  await failure('INVALID_ARGUMENT', () => new ExponentialMovingAverage(new Vectors([1])), /no device/);
  const average = new ExponentialMovingAverage(module);
  const { tensors } = average.stateDict();
  const before = await read(average);
  const bad = (length: number) => ({ shape: [length], read: async () => new Float32Array(length) });
  for (const [state, pattern] of [
    [{ tensors, updateCount: -1 }, /updateCount/],
    [{ tensors: new Map(), updateCount: 1 }, /"0"/],
    [
      {
        tensors: new Map([
          ['0', bad(4)],
          ['statistics', bad(2)],
        ]),
        updateCount: 1,
      },
      /statistics/,
    ],
  ] as const)
    await failure('INVALID_ARGUMENT', () => average.loadStateDict(state as never), pattern);
  assert.equal([await read(average), average.updateCount], [before, 0]);
  average.dispose();
  module.dispose();
});

test.run();
