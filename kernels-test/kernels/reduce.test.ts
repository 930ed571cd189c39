import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { ALIGNED_SLICE, LAYOUTS, ODD_SLICE, placed, WHOLE } from '../harness/layouts.js';
import { reduce } from '../reference/broadcast.js';

const gpu = await testGpu();

const total = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const average = (numbers: number[]): number => total(numbers) / numbers.length;
const first =
  (best: (numbers: number[]) => number) =>
  (numbers: number[]): number =>
    numbers.indexOf(best(numbers));
const largest = (numbers: number[]): number => Math.max(...numbers);
const smallest = (numbers: number[]): number => Math.min(...numbers);

/** Every choice of axes of a shape; some of them where there are many. */
const choices = (shape: Shape): number[][] => {
  const all = Array.from({ length: 2 ** shape.length }, (_, bits) => [...shape.keys()].filter((axis) => (bits >> axis) & 1));
  return all.filter((_, index) => shape.length < 5 || index % 6 === 5);
};

const shapes: Shape[] = [[], [1], [31], [1, 1], [4, 8], [5, 7], [2, 3, 5, 3], [3, 2, 4, 8], [1, 4, 1, 6], [2, 3, 2, 1, 3, 4]];

test('sum, mean, max and min over choices of axes, in every layout', async () => {
  for (const shape of shapes) {
    const data = values(`reduce [${shape}]`, elementCount(shape), 2);
    for (const layout of shape.length === 2 || shape[0] === 3 ? LAYOUTS : [WHOLE]) {
      const x = shape.length === 0 ? Tensor.from(gpu, data, shape) : placed(gpu, data, shape, layout);
      for (const axes of choices(shape)) {
        const label = `[${shape}] over [${axes}], ${layout.name}`;
        const left = shape.filter((_, axis) => !axes.includes(axis));
        const ones = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
        const functions = [
          [ops.sum, total],
          [ops.mean, average],
          [ops.max, largest],
          [ops.min, smallest],
        ] as const;
        for (const [run, f] of layout === ODD_SLICE ? functions.slice(0, 1) : functions) {
          const [y, kept] = [run(x, { axes }), run(x, { axes: axes.map((axis) => axis - shape.length), keepDims: true })];
          assert.equal([y.shape, kept.shape], [left, ones], label);
          assertClose(await y.data(), reduce(f, data, shape, axes), { absolute: 2e-6, label: `${run.name} of ${label}` });
          assert.equal(await kept.data(), await y.data(), label);
          y.dispose();
          kept.dispose();
        }
      }
      x.dispose();
    }
  }
});

test('argmax and argmin along an axis and of everything', async () => {
  for (const shape of [[31], [5, 7], [3, 2, 4, 8], [700, 3], [3, 700]] as Shape[]) {
    // Few values, so that several elements are equally large.
    const data = values(`arg [${shape}]`, elementCount(shape), 3).map(Math.round);
    for (const layout of [WHOLE, ODD_SLICE]) {
      const x = placed(gpu, data, shape, layout);
      for (const [run, best] of [
        [ops.argmax, largest],
        [ops.argmin, smallest],
      ] as const) {
        assert.is(await run(x).item(), first(best)([...data]), `${run.name} of all of [${shape}]`);
        for (const axis of shape.keys()) {
          const y = run(x, { axis });
          assert.equal([y.dtype, y.shape], ['i32', shape.filter((_, other) => other !== axis)]);
          assert.equal([...(await y.ints())], [...reduce(first(best), data, shape, [axis])], `${run.name} of [${shape}] along ${axis}`);
        }
      }
    }
  }
  const x = Tensor.from(gpu, [1, NaN, 5, NaN, -Infinity, 2], [6]);
  assert.equal([await ops.argmax(x).item(), await ops.argmin(x).item()], [1, 1], 'the first NaN');
  assert.equal(ops.argmax(Tensor.from(gpu, [1, 2], [1, 2]), { axis: -1, keepDims: true }).shape, [1, 1]);
});

test('a NaN stays one, infinities are elements like others', async () => {
  const x = Tensor.from(gpu, [1, NaN, -Infinity, 2, Infinity, 0, -1, -2, 3], [3, 3]);
  assert.equal([...(await ops.max(x, { axes: 1 }).data())], [NaN, Infinity, 3]);
  assert.equal([...(await ops.min(x, { axes: 0 }).data())], [-1, NaN, -Infinity]);
  assert.equal([...(await ops.sum(x, { axes: 1 }).data())], [NaN, Infinity, 0]);
});

/** 34 roundings for each factor of 256 in the number of terms, as the docstring of sum() says. */
const bound = (data: Float32Array): number =>
  34 * Math.ceil(Math.log(data.length) / Math.log(256)) * 2 ** -24 * total([...data.map(Math.abs)]);

test('the error of a sum of a million terms stays within its bound, and so does that of a mean', async () => {
  // All of one sign and nearly equal, as they are worst for a sum in one long chain: that would be off by far more.
  const data = values('million', 2 ** 20, 0.01, 1);
  const [exact, chain] = [total([...data]), data.reduce((sum, term) => Math.fround(sum + term), 0)];
  const allowed = bound(data);
  assert.ok(Math.abs(chain - exact) > allowed, 'a chain would not do');
  for (const [shape, axes] of [
    [[2 ** 20], 0],
    [[2 ** 20, 1], 0],
    [[1, 2 ** 20], 1],
    [
      [1024, 1024],
      [0, 1],
    ],
  ] as const) {
    const x = Tensor.from(gpu, data, shape);
    const error = Math.abs((await ops.sum(x, { axes, keepDims: true }).item()) - exact);
    assert.ok(error <= allowed, `[${shape}]: ${error} is more than ${allowed}`);
    x.dispose();
  }
  // Not all axes, so that it is the kernel for axes: one column beside another.
  const pair = new Float32Array(2 ** 21);
  data.forEach((term, i) => pair.set([term, -term], 2 * i));
  const x = Tensor.from(gpu, pair, [2 ** 20, 2]);
  const [up, down] = await ops.sum(x, { axes: 0 }).data();
  assert.is(up, -down!);
  assert.ok(Math.abs(up! - exact) <= allowed);
  assert.ok(Math.abs((await ops.mean(x, { axes: 0 }).data())[0]! - exact / 2 ** 20) <= allowed / 2 ** 20 + 2 ** -24);
  const rows = Tensor.from(gpu, pair, [2, 2 ** 20]);
  const alternating = reduce(total, pair, [2, 2 ** 20], [1]);
  assertClose(await ops.sum(rows, { axes: 1 }).data(), alternating, { absolute: allowed, label: 'alternating rows' });
  x.dispose();
  rows.dispose();
});

test('a reduction gives the same bits again, and when it is replayed', async () => {
  const x = Tensor.from(gpu, values('again', 3 * 5000 * 4), [3, 5000, 4]);
  const run = (): Tensor[] => [ops.sum(x, { axes: 1 }), ops.mean(x, { axes: [0, 2] }), ops.max(x, { axes: -1 })];
  const bits = async (tensors: Tensor[]): Promise<number[][]> =>
    Promise.all(tensors.map(async (tensor) => [...new Uint32Array((await tensor.data()).buffer)]));
  const eager = await bits(run());
  assert.equal(await bits(run()), eager);
  const { recording, result } = await gpu.record(run);
  recording.run();
  assert.equal(await bits(result), eager);
  recording.destroy();
});

test('gradients of sum, mean, max and min in a graph', async () => {
  for (const shape of [
    [2, 3, 4],
    [5, 7],
  ] as Shape[]) {
    for (const axes of choices(shape)) {
      const functions = [
        [ops.sum, total],
        [ops.max, largest],
        [ops.mean, average],
        [ops.min, smallest],
      ] as const;
      for (const [run, f] of functions.slice(0, shape.length === 2 ? 4 : 2)) {
        const label = `${run.name} of [${shape}] over [${axes}]`;
        await checkGradients(gpu, {
          label,
          shapes: [shape],
          device: (x) => run(x!, { axes }),
          reference: (x) => reduce(f, x!, shape, axes),
        });
      }
    }
  }
  const label = 'mean of a slice, kept';
  const part = (x: Float64Array): Float64Array => x.filter((_, i) => i % 12 >= ALIGNED_SLICE.channelsBefore);
  await checkGradients(gpu, {
    label,
    shapes: [[3, 12]],
    device: (x) => ops.mean(ops.sliceChannels(x!, ALIGNED_SLICE.channelsBefore, 12), { axes: 0, keepDims: true }),
    reference: (x) => reduce(average, part(x!), [3, 4], [0]),
  });
});

test('elements that are equally large share the gradient', async () => {
  const x = Tensor.from(gpu, [1, 3, 3, 2, 2, 2], [2, 3]);
  x.requiresGrad = true;
  const { backward } = await import('../../src/autograd/backward.js');
  gpu.scope(() => backward(ops.sum(ops.max(x, { axes: 1 }))));
  assertClose(await x.grad!.data(), [0, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3], { relative: 1e-6, label: 'shares' });
});

test('expand repeats, and its gradient is a sum', async () => {
  const x = Tensor.from(gpu, [1, 2, 3], [3, 1]);
  assert.equal([...(await ops.expand(x, [2, -1, 2]).data())], [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3]);
  const reference = (a?: Float64Array): number[] => [...a!, ...a!].flatMap((value) => [value, value]);
  await checkGradients(gpu, { label: 'expand', shapes: [[3, 1]], device: (a) => ops.expand(a!, [2, 3, 2]), reference });
  await failure('SHAPE_MISMATCH', () => ops.expand(x, [2, 2]), '[2, 2]', '[3, 1]');
  await failure('SHAPE_MISMATCH', () => ops.expand(x, [3]));
  await failure('INVALID_ARGUMENT', () => ops.expand(x, [-1, 3, 2]), '-1');
});

test('axes that are not there are refused', async () => {
  const x = Tensor.from(gpu, values('axes', 6), [2, 3]);
  for (const axes of [2, -3, [0, 0], [0, -2], [0.5], NaN]) {
    await failure('INVALID_ARGUMENT', () => ops.sum(x, { axes }), 'axes of sum', 'from -2 to 1');
  }
  for (const options of [0, [0, 1], { axis: 0 }, { dim: 0, keepdim: true }]) {
    await failure('INVALID_ARGUMENT', () => ops.sum(x, options as object), 'options of sum', 'axes or keepDims', 'axes: -1');
    await failure('INVALID_ARGUMENT', () => ops.max(x, options as object), 'options of max');
  }
  await failure('INVALID_ARGUMENT', () => ops.argmax(x, { axes: 0 } as object), 'options of argmax', 'axis or keepDims');
  await failure('INVALID_ARGUMENT', () => ops.argmax(x, { axis: 2 }), 'axes of argmax');
  await failure('INVALID_ARGUMENT', () => ops.argmax(x, { axis: [0, 1] as unknown as number }), 'one axis');
  await failure('INVALID_ARGUMENT', () => ops.max(Tensor.from(gpu, new Int32Array([1, 2]), [2])), 'i32');
  await failure('INVALID_ARGUMENT', () => ops.sum(Tensor.from(gpu, [1], []), { axes: 0 }), 'of a scalar');
  await failure('INVALID_ARGUMENT', () => ops.max(Tensor.from(gpu, [1], [1, 1, 1, 1, 1, 1, 1])), 'at most 6');
});

test.run();
