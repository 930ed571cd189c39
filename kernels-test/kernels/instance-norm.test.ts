import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { instanceNorm, mul, sum } from '../../src/autograd/ops.js';
import { groupNormApply, groupNormGrad, groupStatistics, type GroupStatistics, type NormLayout } from '../../src/kernels/group-norm.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/model_variants.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import * as batchReference from '../reference/batch-norm.js';

const gpu = await testGpu();
const EPSILON = 1e-5;

/** As many groups as channels. */
function layoutOf({ shape }: Tensor): NormLayout {
  const [images, height, width, channels] = shape as [number, number, number, number];
  return { images, rows: height * width, channels, groups: channels };
}

function instanceNormForward(x: Tensor, epsilon: number, out?: Tensor): { y: Tensor; statistics: GroupStatistics } {
  const statistics = groupStatistics(x, layoutOf(x), epsilon);
  return { y: groupNormApply(x, layoutOf(x), statistics, out), statistics };
}

const instanceNormGrad = (x: Tensor, dy: Tensor, statistics: GroupStatistics): Tensor => groupNormGrad(x, dy, layoutOf(x), statistics);

/** Batch norm's float64 reference on each image by itself, with scale 1 and shift 0. */
function perImage(shape: readonly number[], body: (start: number, end: number, channels: number) => Float64Array): Float64Array {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const size = height * width * channels;
  const result = new Float64Array(batch * size);
  for (let index = 0; index < batch; index++) result.set(body(index * size, (index + 1) * size, channels), index * size);
  return result;
}

function referenceForward(x: Float32Array | Float64Array, shape: readonly number[], epsilon = EPSILON): Float64Array {
  return perImage(shape, (start, end, channels) => {
    const image = x.subarray(start, end);
    return batchReference.apply(
      image,
      batchReference.statistics(image, channels, epsilon),
      new Float64Array(channels).fill(1),
      new Float64Array(channels),
    );
  });
}

function referenceGradient(x: Float32Array, dy: Float32Array, shape: readonly number[]): Float64Array {
  return perImage(shape, (start, end, channels) => {
    const image = x.subarray(start, end);
    const statistics = batchReference.statistics(image, channels, EPSILON);
    return batchReference.gradients(image, dy.subarray(start, end), statistics, new Float64Array(channels).fill(1), true).input;
  });
}

for (const shape of [
  [1, 2, 2, 8],
  [1, 31, 31, 64],
  [2, 1, 3, 1],
  [2, 16, 16, 12],
  [3, 5, 7, 3],
  [5, 3, 1, 513],
  [2, 65, 33, 20],
]) {
  test(`output and gradient of [${shape.join(', ')}] equal the float64 reference`, async () => {
    const x = values(`instance norm ${shape.join()} x`, elementCount(shape), 2, 3);
    const dy = values(`instance norm ${shape.join()} dy`, elementCount(shape));
    const { y, gradient } = gpu.scope(() => {
      const input = Tensor.from(gpu, x, shape);
      const { y: output, statistics } = instanceNormForward(input, EPSILON);
      return { y: output, gradient: instanceNormGrad(input, Tensor.from(gpu, dy, shape), statistics) };
    });
    const steepest = perImage(
      shape,
      (start, end, channels) => batchReference.statistics(x.subarray(start, end), channels, EPSILON).inverseStd,
    ).reduce((most, value) => Math.max(most, value), 1);
    assertClose(await y.data(), referenceForward(x, shape), { absolute: 1e-5 * steepest, label: 'output' });
    assertClose(await gradient.data(), referenceGradient(x, dy, shape), { absolute: 1e-5 * steepest, label: 'gradient' });
    y.dispose();
    gradient.dispose();
  });
}

test('backward() through it equals finite differences of the reference', async () => {
  for (const shape of [
    [1, 3, 3, 4],
    [3, 2, 3, 5],
  ]) {
    await checkGradients(gpu, {
      label: `instance norm [${shape.join(', ')}]`,
      shapes: [shape],
      device: (x) => instanceNorm(x),
      reference: (x) => referenceForward(x!, shape),
    });
  }
});

test('two images of very different brightness do not touch each other', async () => {
  const shape = [1, 6, 6, 5];
  const size = elementCount(shape);
  const images = [values('dark', size, 0.1, -50), values('bright', size, 8, 70)];
  const both = new Float32Array(2 * size);
  images.forEach((image, index) => both.set(image, index * size));
  const [together, ...alone] = gpu.scope(() => [
    instanceNorm(Tensor.from(gpu, both, [2, 6, 6, 5])),
    ...images.map((image) => instanceNorm(Tensor.from(gpu, image, shape))),
  ]);
  const results = await Promise.all(alone.map((tensor) => tensor.data()));
  assert.equal(
    [...(await together!.data())],
    results.flatMap((result) => [...result]),
  );
  for (const tensor of [together!, ...alone]) tensor.dispose();
});

test('channel slices are read, written and left alone beside', async () => {
  const shape = [3, 4, 5, 6];
  const x = values('sliced instance norm', elementCount(shape));
  const { wide, y, dx } = gpu.scope(() => {
    const source = Tensor.from(gpu, values('surroundings', 3 * 4 * 5 * 13), [3, 4, 5, 13]);
    const input = source.sliceChannels(3, 9);
    const other = Tensor.from(gpu, x, shape);
    const target = Tensor.from(gpu, new Float32Array(3 * 4 * 5 * 13).fill(7), [3, 4, 5, 13]);
    const { statistics, y: out } = instanceNormForward(other, EPSILON, target.sliceChannels(5, 11));
    const { y: fromSlice } = instanceNormForward(input, EPSILON);
    return { wide: target, y: [out, fromSlice, input], dx: instanceNormGrad(other, input, statistics) };
  });
  const sliced = await y[2]!.data();
  assertClose(await y[0]!.data(), referenceForward(x, shape), { absolute: 2e-5, label: 'into a slice' });
  assertClose(await y[1]!.data(), referenceForward(sliced, shape), { absolute: 2e-5, label: 'out of a slice' });
  assertClose(await dx.data(), referenceGradient(x, sliced, shape), { absolute: 5e-5, label: 'gradient out of a slice' });
  const beside = (await wide.data()).filter((_, index) => index % 13 < 5 || index % 13 >= 11);
  assert.ok(beside.length === 3 * 4 * 5 * 7 && beside.every((value) => value === 7));
  for (const tensor of [wide, ...y, dx]) tensor.dispose();
});

test('a single pixel and a constant channel give zero', async () => {
  for (const shape of [
    [2, 1, 1, 6],
    [1, 8, 8, 3],
  ]) {
    const y = gpu.scope(() => instanceNorm(Tensor.from(gpu, new Float32Array(elementCount(shape)).fill(0.3), shape)));
    assert.equal([...(await y.data())], new Array(elementCount(shape)).fill(0));
    y.dispose();
  }
});

for (const { name, epsilon, input, outputGradient, output, inputGradient } of golden.instanceNorm) {
  test(`PyTorch golden: ${name}`, async () => {
    const x = Tensor.from(gpu, generate(input), input.shape);
    x.requiresGrad = true;
    const y = gpu.scope(() => {
      const result = instanceNorm(x, { epsilon });
      backward(sum(mul(result, Tensor.from(gpu, generate(outputGradient), outputGradient.shape))));
      return result;
    });
    assertClose(await y.data(), float32(output), { absolute: 5e-5, label: 'output' });
    const expected = float32(inputGradient);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assertClose(await x.grad!.data(), expected, { absolute: 5e-5 * Math.max(1, largest), label: 'gradient' });
    y.dispose();
    x.dispose();
  });
}

test('a recorded step replays to the same bits as the eager one, and leaves nothing behind', async () => {
  const shape = [2, 7, 5, 12];
  const before = gpu.liveTensors;
  const x = Tensor.from(gpu, values('replayed', elementCount(shape)), shape);
  const dy = Tensor.from(gpu, values('replayed gradient', elementCount(shape)), shape);
  const step = (): Tensor[] => {
    const { y, statistics } = instanceNormForward(x, EPSILON);
    return [y, instanceNormGrad(x, dy, statistics)];
  };
  const eager = gpu.scope(step);
  assert.is(gpu.liveTensors, before + 4);
  const { recording, result } = await gpu.record(step);
  for (let run = 0; run < 2; run++) {
    recording.run();
    for (const [index, tensor] of result.entries()) assert.equal([...(await tensor.data())], [...(await eager[index]!.data())]);
  }
  recording.destroy();
  for (const tensor of [x, dy, ...eager, ...result]) tensor.dispose();
  assert.is(gpu.liveTensors, before);
});

test('shapes that do not fit and a meaningless epsilon are refused', async () => {
  const x = Tensor.from(gpu, values('x', 24), [2, 2, 2, 3]);
  const flat = x.reshape([8, 3]);
  await failure('SHAPE_MISMATCH', () => instanceNorm(flat), /instance norm/);
  await failure('SHAPE_MISMATCH', () => instanceNorm(x, { out: flat }), /out of instance norm/);
  await failure('INVALID_ARGUMENT', () => instanceNorm(x, { epsilon: 0 }), /epsilon/);
  flat.dispose();
  x.dispose();
});

test.run();
