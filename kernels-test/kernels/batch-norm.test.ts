import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../src/errors.js';
import {
  batchNormApply,
  batchNormGrad,
  batchNormInferenceGrad,
  batchNormStatistics,
  inverseStdFromVariance,
  updateRunningStatistics,
} from '../../src/kernels/batch-norm.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, assertCloseInNorm, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import golden from '../goldens/batch_norm.json';
import * as reference from '../reference/batch-norm.js';

const EPSILON = 1e-5;
const gpu = await testGpu();

function upload(data: Float32Array, shape: readonly number[]): Tensor {
  return Tensor.from(gpu, data, shape);
}

/** The same numbers as a range of the channels of a wider tensor that is full of `filler`. */
function uploadSlice(data: Float32Array, rows: number, channels: number, before: number, after: number, filler = 7): Tensor {
  const width = before + channels + after;
  const wide = new Float32Array(rows * width).fill(filler);
  for (let row = 0; row < rows; row++) wide.set(data.subarray(row * channels, (row + 1) * channels), row * width + before);
  return upload(wide, [rows, width]).sliceChannels(before, before + channels);
}

/** The whole buffer under a slice, to see what was written beside it. */
function whole(slice: Tensor): Promise<Float32Array> {
  return new Tensor({ gpu, storage: slice.storage.retain(), shape: [slice.rows, slice.rowStride] }).data();
}

interface Case {
  rows: number;
  channels: number;
  scale?: number;
  offset?: number;
}

function inputs({ rows, channels, scale = 1, offset = 0 }: Case) {
  const name = `batch norm ${rows} x ${channels}`;
  return {
    x: values(`${name} x`, rows * channels, scale, offset),
    dy: values(`${name} dy`, rows * channels),
    gamma: values(`${name} gamma`, channels, 0.5, 1),
    beta: values(`${name} beta`, channels, 0.5),
  };
}

const CASES: Case[] = [
  { rows: 1, channels: 1 },
  { rows: 1, channels: 8 },
  { rows: 2, channels: 512 },
  { rows: 3, channels: 7 },
  { rows: 16, channels: 4 },
  { rows: 17, channels: 3 },
  { rows: 289, channels: 6 },
  { rows: 31 * 31, channels: 512 },
  { rows: 4097, channels: 20 },
  { rows: 65536, channels: 1 },
  { rows: 70001, channels: 8 },
];

for (const each of CASES) {
  const { rows, channels } = each;

  test(`statistics, output and gradients of ${rows} rows x ${channels} channels equal the float64 reference`, async () => {
    const { x, dy, gamma, beta } = inputs(each);
    const expected = reference.statistics(x, channels, EPSILON);
    const xTensor = upload(x, [rows, channels]);
    const gammaTensor = upload(gamma, [channels]);
    const { mean, inverseStd, variance } = batchNormStatistics(xTensor, EPSILON);
    assertClose(await mean.data(), expected.mean, { absolute: 1e-6, label: 'mean' });
    assertClose(await variance.data(), expected.variance, { absolute: 1e-12, relative: 1e-5, label: 'variance' });
    assertClose(await inverseStd.data(), expected.inverseStd, { relative: 1e-5, label: 'inverse deviation' });

    const y = batchNormApply(xTensor, mean, inverseStd, gammaTensor, upload(beta, [channels]));
    assertClose(await y.data(), reference.apply(x, expected, gamma, beta), { absolute: 1e-5, relative: 1e-5, label: 'output' });

    const wanted = reference.gradients(x, dy, expected, gamma, true);
    const actual = batchNormGrad({ x: xTensor, gradOutput: upload(dy, [rows, channels]), mean, inverseStd, gamma: gammaTensor });
    assertCloseInNorm(await actual.gradGamma.data(), wanted.gamma, { relative: 1e-5, label: 'gamma gradient' });
    assertCloseInNorm(await actual.gradBeta.data(), wanted.beta, { relative: 1e-5, label: 'beta gradient' });
    const scale = Math.max(...expected.inverseStd);
    assertClose(await actual.gradInput!.data(), wanted.input, { absolute: 1e-5 * scale, label: 'input gradient' });
  });
}

test('a mean of 1000 costs no digits of the variance, down to a deviation of 0.01', async () => {
  for (const deviation of [0.01, 0.1, 1]) {
    for (const [rows, channels] of [
      [5000, 8],
      [257, 7],
      [3, 4],
    ] as const) {
      const { x } = inputs({ rows, channels, scale: deviation * Math.sqrt(3), offset: 1000 });
      const expected = reference.statistics(x, channels, EPSILON);
      const { mean, variance } = batchNormStatistics(upload(x, [rows, channels]), EPSILON);
      const label = `deviation ${deviation}, ${rows} rows`;
      assertClose(await variance.data(), expected.variance, { relative: 2e-5, label: `variance, ${label}` });
      assertClose(await mean.data(), expected.mean, { absolute: 6.2e-5, label: `mean (to one float32 step), ${label}` });
    }
  }
});

test('a far outlier in the first row, to which everything is relative, does no harm', async () => {
  const { x } = inputs({ rows: 3000, channels: 5 });
  x.fill(1e5, 0, 5);
  const expected = reference.statistics(x, 5, EPSILON);
  const { mean, variance } = batchNormStatistics(upload(x, [3000, 5]), EPSILON);
  assertClose(await variance.data(), expected.variance, { relative: 1e-5, label: 'variance' });
  assertClose(await mean.data(), expected.mean, { absolute: 0.02, label: 'mean, against a deviation of 1826' });
});

test('constant channels and single rows have variance 0 and give beta', async () => {
  for (const rows of [1, 700]) {
    const x = new Float32Array(rows * 6).fill(0.1);
    const beta = values('beta of constants', 6);
    const tensor = upload(x, [rows, 6]);
    const { mean, inverseStd, variance } = batchNormStatistics(tensor, EPSILON);
    assert.equal([...(await variance.data())], new Array(6).fill(0));
    const y = await batchNormApply(tensor, mean, inverseStd, upload(values('gamma', 6), [6]), upload(beta, [6])).data();
    assertClose(
      y,
      Float32Array.from({ length: rows * 6 }, (_, i) => beta[i % 6]!),
      { label: 'output' },
    );
  }
});

for (const [before, channels, after] of [
  [4, 8, 4],
  [1, 8, 2],
  [3, 7, 0],
  [0, 3, 3],
  [64, 64, 0],
] as const) {
  test(`reads and writes channels ${before} to ${before + channels} of a wider tensor and leaves the rest alone`, async () => {
    const rows = 131;
    const { x, dy, gamma, beta } = inputs({ rows, channels });
    const slice = (data: Float32Array): Tensor => uploadSlice(data, rows, channels, before, after);
    const xSlice = slice(x);
    const gammaTensor = upload(gamma, [channels]);
    const expected = reference.statistics(x, channels, EPSILON);
    const { mean, inverseStd } = batchNormStatistics(xSlice, EPSILON);
    const blank = new Float32Array(rows * channels);
    const y = slice(blank);
    batchNormApply(xSlice, mean, inverseStd, gammaTensor, upload(beta, [channels]), y);
    assertClose(await y.data(), reference.apply(x, expected, gamma, beta), { absolute: 1e-5, label: 'output' });

    const dx = slice(blank);
    batchNormGrad({ x: xSlice, gradOutput: slice(dy), mean, inverseStd, gamma: gammaTensor, out: dx });
    const wanted = reference.gradients(x, dy, expected, gamma, true);
    assertClose(await dx.data(), wanted.input, { absolute: 2e-5, label: 'input gradient' });
    for (const written of [y, dx]) {
      const width = written.rowStride;
      const beside = (await whole(written)).filter((_, i) => i % width < before || i % width >= before + channels);
      assert.is(beside.length, rows * (before + after));
      assert.ok(beside.every((value) => value === 7));
    }
  });
}

test('gradients land in unaligned neighbours of one arena, written or added', async () => {
  const [rows, channels] = [37, 6];
  const { x, dy, gamma } = inputs({ rows, channels });
  const arena = upload(new Float32Array(20).fill(100), [20]);
  const view = (offset: number): Tensor => new Tensor({ gpu, storage: arena.storage.retain(), shape: [channels], offset });
  const parameters = upload(new Float32Array(20), [20]);
  parameters.write(Float32Array.from({ length: 20 }, (_, i) => gamma[i - 3] ?? 0));
  const gammaView = new Tensor({ gpu, storage: parameters.storage.retain(), shape: [channels], offset: 3 });
  const xTensor = upload(x, [rows, channels]);
  const expected = reference.statistics(x, channels, EPSILON);
  const wanted = reference.gradients(x, dy, expected, gamma, true);
  const { mean, inverseStd } = batchNormStatistics(xTensor, EPSILON);
  const run = (accumulate: boolean) =>
    batchNormGrad({
      x: xTensor,
      gradOutput: upload(dy, [rows, channels]),
      mean,
      inverseStd,
      gamma: gammaView,
      gradGamma: view(5),
      gradBeta: view(11),
      accumulate,
    });
  for (const [accumulate, times] of [
    [false, 1],
    [true, 2],
    [true, 3],
    [false, 1],
  ] as const) {
    const { gradInput } = run(accumulate);
    const held = await arena.data();
    assertClose(
      held.subarray(5, 11),
      wanted.gamma.map((value) => value * times),
      { absolute: 1e-4, label: 'gamma gradient' },
    );
    assertClose(
      held.subarray(11, 17),
      wanted.beta.map((value) => value * times),
      { absolute: 1e-4, label: 'beta gradient' },
    );
    assert.equal([...held.subarray(0, 5), ...held.subarray(17)], new Array(8).fill(100));
    assertClose(await gradInput!.data(), wanted.input, { absolute: 2e-5, label: 'input gradient' });
  }
});

test('an unwanted input gradient is not made', () => {
  const x = upload(values('x', 12), [4, 3]);
  const { mean, inverseStd } = batchNormStatistics(x, EPSILON);
  assert.is(batchNormGrad({ x, gradOutput: x, mean, inverseStd, gamma: mean, needsInput: false }).gradInput, null);
});

test("the reference's gradients equal finite differences of its output", () => {
  const [rows, channels] = [5, 3];
  const { x, dy, gamma, beta } = inputs({ rows, channels });
  const fixed = reference.statistics(values('other', rows * channels), channels, EPSILON);
  for (const dependent of [true, false]) {
    const loss = (xs: Float64Array, gammas: Float64Array, betas: Float64Array): number => {
      const statistics = dependent ? reference.statistics(xs, channels, EPSILON) : fixed;
      return reference.apply(xs, statistics, gammas, betas).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    };
    const arguments_ = [x, gamma, beta].map((array) => Float64Array.from(array)) as [Float64Array, Float64Array, Float64Array];
    const statistics = dependent ? reference.statistics(x, channels, EPSILON) : fixed;
    const analytic = reference.gradients(x, dy, statistics, gamma, dependent);
    [analytic.input, analytic.gamma, analytic.beta].forEach((gradient, which) => {
      const numeric = gradient.map((_, i) => {
        const moved = (step: number): number => {
          const copy = arguments_.map((array) => array.slice()) as typeof arguments_;
          copy[which]![i]! += step;
          return loss(...copy);
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      assertClose(gradient, numeric, { absolute: 1e-7, label: `gradient of argument ${which}` });
    });
  }
});

for (const { name, inputs: described, expected } of golden.cases) {
  test(`PyTorch golden: ${name}`, async () => {
    const { shape } = described.input;
    const channels = shape[3]!;
    const x = upload(generate(described.input), shape);
    const gamma = upload(generate(described.weight), [channels]);
    const beta = upload(generate(described.bias), [channels]);
    const runningMean = upload(generate(described.runningMean), [channels]);
    const runningVariance = upload(generate(described.runningVariance), [channels]);
    const gradOutput = upload(generate(described.outputGradient), shape);
    const near = async (actual: Tensor, field: { shape: number[]; float32: string }, label: string) => {
      assert.equal([...actual.shape], field.shape);
      assertClose(await actual.data(), float32(field), { absolute: 2e-5, relative: 2e-5, label });
    };

    const inverseRunning = inverseStdFromVariance(runningVariance, golden.epsilon);
    const evaluated = batchNormApply(x, runningMean, inverseRunning, gamma, beta);
    await near(evaluated, expected.evaluationOutput, 'evaluation output');
    const fixed = batchNormInferenceGrad({ x, gradOutput, mean: runningMean, inverseStd: inverseRunning, gamma });
    await near(fixed.gradInput!, expected.evaluationInputGradient, 'evaluation input gradient');
    await near(fixed.gradGamma, expected.evaluationWeightGradient, 'evaluation weight gradient');
    await near(fixed.gradBeta, expected.evaluationBiasGradient, 'evaluation bias gradient');

    const { mean, inverseStd, variance } = batchNormStatistics(x, golden.epsilon);
    await near(mean, expected.batchMean, 'mean');
    await near(variance, expected.batchVariance, 'variance');
    await near(batchNormApply(x, mean, inverseStd, gamma, beta), expected.output, 'output');
    const actual = batchNormGrad({ x, gradOutput, mean, inverseStd, gamma });
    await near(actual.gradInput!, expected.inputGradient, 'input gradient');
    await near(actual.gradGamma, expected.weightGradient, 'weight gradient');
    await near(actual.gradBeta, expected.biasGradient, 'bias gradient');

    updateRunningStatistics(mean, variance, x.rows, runningMean, runningVariance, golden.momentum);
    if (expected.runningMean && expected.runningVariance) {
      await near(runningMean, expected.runningMean, 'running mean');
      await near(runningVariance, expected.runningVariance, 'running variance');
    }
  });
}

test('running statistics of a single row take the biased variance; momentum 0 and 1 keep and replace', async () => {
  const mean = upload(Float32Array.of(1, 2, 3), [3]);
  const variance = upload(Float32Array.of(4, 5, 6), [3]);
  for (const [momentum, expectedMean, expectedVariance] of [
    [0, [9, 9, 9], [8, 8, 8]],
    [0.5, [5, 5.5, 6], [6, 6.5, 7]],
    [1, [1, 2, 3], [4, 5, 6]],
  ] as const) {
    const runningMean = upload(new Float32Array(3).fill(9), [3]);
    const runningVariance = upload(new Float32Array(3).fill(8), [3]);
    updateRunningStatistics(mean, variance, 1, runningMean, runningVariance, momentum);
    assert.equal([...(await runningMean.data())], [...expectedMean]);
    assert.equal([...(await runningVariance.data())], [...expectedVariance]);
  }
});

test('a recorded step replays to the same bits as the eager one', async () => {
  const { x, dy, gamma, beta } = inputs({ rows: 900, channels: 12 });
  const tensors = { x: upload(x, [900, 12]), dy: upload(dy, [900, 12]), gamma: upload(gamma, [12]), beta: upload(beta, [12]) };
  const step = () => {
    const { mean, inverseStd } = batchNormStatistics(tensors.x, EPSILON);
    const y = batchNormApply(tensors.x, mean, inverseStd, tensors.gamma, tensors.beta);
    const { gradInput, gradGamma, gradBeta } = batchNormGrad({
      x: tensors.x,
      gradOutput: tensors.dy,
      mean,
      inverseStd,
      gamma: tensors.gamma,
    });
    return [y, gradInput!, gradGamma, gradBeta];
  };
  const read = async (results: Tensor[]) => {
    const data: Float32Array[] = [];
    for (const result of results) data.push(await result.data());
    return data;
  };
  const eager = await read(step());
  const { recording, result } = await gpu.record(step);
  for (let run = 0; run < 2; run++) {
    recording.run();
    (await read(result)).forEach((data, i) => assertClose(data, eager[i]!, { label: `result ${i}` }));
  }
  recording.destroy();
});

test('shapes that do not fit, and meaningless settings, are refused', () => {
  const x = upload(values('x', 12), [4, 3]);
  const three = upload(values('three', 3), [3]);
  const four = upload(values('four', 4), [4]);
  const throwsCode = (code: string, run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      assert.instance(error, ShadegradError);
      assert.is((error as ShadegradError).code, code);
      return;
    }
    assert.unreachable(`expected ${code}`);
  };
  throwsCode('INVALID_ARGUMENT', () => batchNormStatistics(x, 0));
  throwsCode('SHAPE_MISMATCH', () => batchNormApply(x, three, three, four, three));
  throwsCode('SHAPE_MISMATCH', () => batchNormApply(x, three, three, three, three, four));
  throwsCode('SHAPE_MISMATCH', () => batchNormGrad({ x, gradOutput: three, mean: three, inverseStd: three, gamma: three }));
  throwsCode('INVALID_ARGUMENT', () => batchNormGrad({ x, gradOutput: x, mean: three, inverseStd: three, gamma: three, accumulate: true }));
  throwsCode('INVALID_ARGUMENT', () => updateRunningStatistics(three, three, 4, three, three, 1.5));
});

test.run();
