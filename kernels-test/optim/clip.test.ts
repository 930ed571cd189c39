import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clipCoefficient, clipScale, clipValue } from '../../src/kernels/clip.js';
import { Adam } from '../../src/optim/adam.js';
import { clipGradNorm, clipGradValue } from '../../src/optim/clip.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/clip_and_average.json';
import { failure } from '../harness/devices.js';
import { generate, values, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { leaveGradients, Vectors, vectorsOf } from '../harness/vectors.js';

const gpu = await testGpu();
type Special = readonly (readonly [index: number, at: number, value: string])[];

const SPECIAL: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: NaN };

/** A module with gradients as a golden has them, written in place so that numbers need not come out of an operation. */
function withGradients(described: readonly GeneratedArray[], special: Special = []): Vectors {
  const module = new Vectors(golden.sizes).to(gpu);
  const arrays = described.map(generate);
  const ones = vectorsOf(
    gpu,
    arrays.map(({ length }) => new Float32Array(length).fill(1)),
  );
  leaveGradients(module.parameters(), ones);
  for (const [index, at, value] of special) arrays[index]![at] = SPECIAL[value]!;
  module.parameters().forEach(({ grad }, index) => grad!.write(arrays[index]!));
  for (const tensor of ones) tensor.dispose();
  return module;
}

const gradients = async (module: Vectors): Promise<number[]> =>
  (await Promise.all(module.parameters().map(({ grad }) => grad!.data()))).flatMap((each) => [...each]);
const assertSame = (actual: readonly number[], expected: Float32Array, label: string): void => {
  assert.equal(actual.map(Number.isNaN), [...expected].map(Number.isNaN), `${label}: NaN`);
  assertClose(
    actual.map((each) => each || 0),
    expected.map((each) => each || 0),
    { relative: 1e-6, label },
  );
};

for (const { name, maxNorm, gradients: described, special, norm, clipped } of golden.norms) {
  test(`clipping by norm equals PyTorch's, and a list is as good as a module: ${name}`, async () => {
    const results = [];
    for (const parametersOf of [(module: Vectors) => module, (module: Vectors) => module.parameters()]) {
      const module = withGradients(described, special as unknown as Special);
      const total = clipGradNorm(parametersOf(module), maxNorm);
      assert.equal(total.shape, []);
      const actual = await total.item();
      if (typeof norm === 'number') assertClose([actual], [norm], { relative: 1e-6, label: 'norm' });
      else assert.is(String(actual), norm === 'inf' ? 'Infinity' : 'NaN');
      results.push(await gradients(module));
      assertSame(results.at(-1)!, float32(clipped), 'clipped');
      total.dispose();
      module.dispose();
    }
    assert.equal(results[0]!.map(String), results[1]!.map(String));
  });
}

test('gradients whose norm is not finite become zeros if asked to, and the next norm is right: nothing is left between them', async () => {
  for (const { gradients: described, special, norm } of golden.norms) {
    const module = withGradients(described, special as unknown as Special);
    const finite = typeof norm === 'number';
    clipGradNorm(module, Infinity, { nonFinite: 'zero' }).dispose();
    assert.is(
      (await gradients(module)).every((each) => each === 0),
      !finite,
    );
    module.dispose();
  }
  // A NaN that is passed on must not stay in the gaps for alignment.
  const module = withGradients(golden.norms[0]!.gradients, [[0, 0, 'nan']]);
  assert.ok(Number.isNaN(await clipGradNorm(module, 1).item()));
  module.parameters().forEach(({ grad, size }) => grad!.write(new Float32Array(size).fill(2)));
  assertClose([await clipGradNorm(module, 1).item()], [2 * Math.sqrt(108)], { relative: 1e-6, label: 'norm' });
  module.dispose();
});

for (const { name, value, gradients: described, special, clipped } of golden.values) {
  test(`clipping by value equals PyTorch's: ${name}`, async () => {
    const module = withGradients(described, special as unknown as Special);
    clipGradValue(module, value);
    const [actual, expected] = [await gradients(module), float32(clipped)];
    assert.equal(
      actual.map((each) => String(each + 0)),
      [...expected].map((each) => String(each + 0)),
    );
    module.dispose();
  });
}

test('norms, scaling and clamping of blocks of odd sizes and places equal the float64 reference', async () => {
  for (const [start, length] of [
    [0, 1],
    [64, 64],
    [64, 31],
    [70, 7],
    [1, 1030],
    [0, 262144 + 3],
  ] as const) {
    const data = values('block', start + length + 5);
    const whole = Tensor.from(gpu, data, [data.length]);
    const block = new Tensor({ gpu, storage: whole.storage.retain(), shape: [length], offset: start });
    const other = Tensor.from(gpu, values('other', 100), [100]);
    const own = data.slice(start, start + length);
    const norm = Math.sqrt([...own, ...values('other', 100)].reduce((sum, each) => sum + each * each, 0));
    const result = clipCoefficient([block, other], 2);
    const factor = Math.min(1, 2 / (norm + 1e-6));
    assertClose([await result.norm.item(), await result.coefficient.item()], [norm, factor], {
      relative: 1e-6,
      label: `${length} from ${start}`,
    });
    clipScale(block, result.coefficient);
    const expected = Float64Array.from(data);
    own.forEach((each, index) => (expected[start + index] = each * factor));
    assertClose(await whole.data(), expected, { relative: 1e-6, label: 'scaled' });
    clipValue(block, 0.125 * factor);
    own.forEach((each, index) => (expected[start + index] = Math.max(-0.125, Math.min(0.125, each)) * factor));
    assertClose(await whole.data(), expected, { relative: 1e-6, label: 'clamped' });
    for (const tensor of [block, whole, other, result.norm, result.coefficient]) tensor.dispose();
  }
});

test('a recorded step that clips is the eager one to the bit, and returns its norm', async () => {
  const SIZES = [70, 5, 33];
  const given = vectorsOf(
    gpu,
    SIZES.map((size, index) => values(`g${index}`, size, 4)),
  );
  const results = [];
  for (const recorded of [false, true]) {
    const module = new Vectors(SIZES).to(gpu).write(SIZES.map((size, index) => values(`p${index}`, size)));
    const adam = new Adam(module, { learningRate: 0.1 });
    const step = (): Tensor => {
      adam.zeroGrad();
      // The middle one has none: its place is no part of the norm.
      leaveGradients(module.parameters(), [given[0]!, null, given[2]!]);
      clipGradValue(module, 3);
      const norm = clipGradNorm(module, 1);
      adam.step();
      return norm;
    };
    const norms: number[] = [];
    const recording = recorded ? await gpu.record(step) : null;
    for (let run = 0; run < 3; run++) {
      recording?.recording.run();
      const norm = recording?.result ?? step();
      norms.push(await norm.item());
    }
    results.push([norms, await module.read()]);
    recording?.recording.destroy();
    adam.dispose();
    module.dispose();
  }
  assert.equal(results[0], results[1]);
  const expected = Math.sqrt(
    [0, 2].flatMap((index) => [...values(`g${index}`, SIZES[index]!, 4)]).reduce((sum, each) => sum + Math.min(9, each * each), 0),
  );
  assertClose(results[0]![0] as number[], [expected, expected, expected], { relative: 1e-6, label: 'norm' });
  for (const tensor of given) tensor.dispose();
});

test('without gradients the norm is 0; what is no bound and no parameter is refused', async () => {
  const module = new Vectors([4]).to(gpu);
  assert.is(await clipGradNorm(module, 1).item(), 0);
  clipGradValue(module, 1);
  for (const bound of [-1, NaN, undefined as unknown as number]) {
    await failure('INVALID_ARGUMENT', () => clipGradNorm(module, bound), /maxNorm/);
    await failure('INVALID_ARGUMENT', () => clipGradValue(module, bound), /value of/);
  }
  await failure('INVALID_ARGUMENT', () => clipGradNorm(module, 1, { nonFinite: 'error' as never }), /nonFinite/);
  for (const parameters of [[], [1], null, undefined])
    await failure('INVALID_ARGUMENT', () => clipGradNorm(parameters as never, 1), /clipGradNorm/);
  module.dispose();
});

test.run();
