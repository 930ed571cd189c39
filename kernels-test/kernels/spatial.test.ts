import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/spatial.json';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, target } from '../harness/layouts.js';
import { imageChecks } from '../harness/spatial-checks.js';
import * as reference from '../reference/spatial.js';

const gpu = await testGpu();
const SHAPES: readonly Shape[] = [
  [1, 1, 1, 1],
  [1, 31, 2, 3],
  [4, 3, 5, 6],
  [2, 4, 4, 8],
  [3, 2, 3, 7],
];

/** The operation with its result in a place of each layout. */
async function compare(
  shape: Shape,
  layout: (typeof LAYOUTS)[number],
  label: string,
  run: (x: Tensor, out: Tensor) => Tensor,
  size: readonly number[],
  expected: (x: Float32Array) => Float64Array,
): Promise<void> {
  const x = values('spatial', elementCount(shape), 2);
  const out = target(gpu, [shape[0]!, ...size, shape[3]!], layout);
  assert.is(run(placed(gpu, x, shape, layout), out), out);
  // Where an image is read is a float32 as large as its sides, and so is its rounding error.
  const absolute = 1e-6 + 2.4e-7 * Math.max(...shape);
  assertClose(await out.data(), expected(x), { absolute, relative: 1e-6, label: `${label} of [${shape}]` });
  await assertNeighboursKept(out, layout);
}

for (const layout of LAYOUTS) {
  test(`padding, resampling and pooling, ${layout.name}`, async () => {
    for (const shape of SHAPES) {
      const [, height, width] = shape as [number, number, number, number];
      const all = [2, 0, 1, 3] as const;
      const some = [Math.min(2, height - 1), 0, Math.min(1, width - 1), width - 1] as const;
      const sized = ([top, bottom, left, right]: readonly [number, number, number, number]): number[] => [
        height + top + bottom,
        width + left + right,
      ];
      await compare(
        shape,
        layout,
        'zeros',
        (x, out) => ops.pad(x, all, { out }),
        sized(all),
        (x) => reference.pad(x, shape, all, 0),
      );
      await compare(
        shape,
        layout,
        'edges',
        (x, out) => ops.pad(x, all, { mode: 'replicate', out }),
        sized(all),
        (x) => reference.pad(x, shape, all, 'replicate'),
      );
      await compare(
        shape,
        layout,
        'reflection',
        (x, out) => ops.pad(x, some, { mode: 'reflect', out }),
        sized(some),
        (x) => reference.pad(x, shape, some, 'reflect'),
      );
      for (const size of [
        [2 * height, 3 * width],
        [5, 4],
      ] as const) {
        const ratio = [height / size[0], width / size[1]];
        await compare(
          shape,
          layout,
          `nearest ${size}`,
          (x, out) => ops.upsample(x, { size, out }),
          size,
          (x) => reference.upsample(x, shape, size, ratio, 'nearest'),
        );
        await compare(
          shape,
          layout,
          `bilinear ${size}`,
          (x, out) => ops.upsample(x, { size, mode: 'bilinear', out }),
          size,
          (x) => reference.upsample(x, shape, size, ratio, 'bilinear'),
        );
        const aligned = [(height - 1) / (size[0] - 1), (width - 1) / (size[1] - 1)];
        await compare(
          shape,
          layout,
          `aligned ${size}`,
          (x, out) => ops.upsample(x, { size, mode: 'bilinear', alignCorners: true, out }),
          size,
          (x) => reference.upsample(x, shape, size, aligned, 'aligned'),
        );
      }
      const pool = { kernel: [3, 2], stride: [2, 1], padding: [1, 1], size: [Math.floor((height - 1) / 2) + 1, width + 1] };
      await compare(
        shape,
        layout,
        'max',
        (x, out) => ops.maxPool2d(x, { kernel: [3, 2], stride: [2, 1], padding: 1, out }),
        pool.size,
        (x) => reference.pool(x, shape, pool, reference.largest),
      );
      await compare(
        shape,
        layout,
        'average',
        (x, out) => ops.avgPool2d(x, { kernel: [3, 2], stride: [2, 1], padding: 1, out }),
        pool.size,
        (x) => reference.pool(x, shape, pool, reference.averageWithPadding),
      );
      await compare(
        shape,
        layout,
        'average of pixels',
        (x, out) => ops.avgPool2d(x, { kernel: [3, 2], stride: [2, 1], padding: 1, countIncludePad: false, out }),
        pool.size,
        (x) => reference.pool(x, shape, pool, reference.average),
      );
    }
  });
}

for (const [label, check] of Object.entries(imageChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

const run: Record<string, (x: Tensor, options: never) => Tensor> = {
  pad: (x, { padding, ...options }: ops.PadOptions & { padding: [number, number, number, number] }) => ops.pad(x, padding, options),
  upsample: (x, options: ops.UpsampleOptions) => ops.upsample(x, options),
  pixelShuffle: (x, { factor }: { factor: number }) => ops.pixelShuffle(x, factor),
  pixelUnshuffle: (x, { factor }: { factor: number }) => ops.pixelUnshuffle(x, factor),
  maxPool2d: (x, options: ops.PoolOptions) => ops.maxPool2d(x, options),
  avgPool2d: (x, options: ops.AveragePoolOptions) => ops.avgPool2d(x, options),
  globalAveragePool: (x) => ops.globalAveragePool(x),
};

for (const each of golden.cases) {
  test(`${each.name} ${JSON.stringify(each.options)} of [${each.input.shape}] equals PyTorch's, with its gradient`, async () => {
    const x = Tensor.from(gpu, generate(each.input), each.input.shape);
    x.requiresGrad = true;
    const y = run[each.name]!(x, each.options as never);
    assert.equal([...y.shape], each.expected.output.shape);
    assertClose(await y.data(), float32(each.expected.output), { absolute: 2e-6, relative: 2e-6, label: 'output' });
    backward(y, Tensor.from(gpu, generate(each.seed), y.shape));
    assertClose(await x.grad!.data(), float32(each.expected.gradient), { absolute: 3e-6, relative: 3e-6, label: 'gradient' });
  });
}

test('a NaN is the largest number of its windows, and of equal numbers the first has the gradient', async () => {
  const x = Tensor.from(gpu, [1, 2, NaN, 4, 5, 5, 7, 8], [1, 2, 4, 1]);
  assert.equal([...(await ops.maxPool2d(x, { kernel: 2 }).data())], [5, NaN]);
  const equal = Tensor.from(gpu, Array(12).fill(-3), [1, 3, 4, 1]);
  equal.requiresGrad = true;
  backward(ops.sum(ops.maxPool2d(equal, { kernel: 3, stride: 1, padding: 1 })));
  assert.equal([...(await equal.grad!.data())], [4, 2, 2, 0, 2, 1, 1, 0, 0, 0, 0, 0]);
  const lowest = await ops.maxPool2d(Tensor.from(gpu, Array(4).fill(-Infinity), [1, 2, 2, 1]), { kernel: 2 }).data();
  assert.equal([...lowest], [-Infinity]);
});

test('a shuffle of a channel slice, and back', async () => {
  const x = values('shuffle', 72);
  const shuffled = ops.pixelShuffle(placed(gpu, x, [1, 3, 3, 8], ODD_SLICE), 2);
  assert.equal([...(await ops.pixelUnshuffle(shuffled, 2).data())], [...x]);
});

/** A step through most operations, with a gradient of a gradient; returns what it computed. */
function step(x: Tensor, parameters: readonly Tensor[], labels: Tensor): Tensor[] {
  const [w1, w2, gamma, beta] = parameters as [Tensor, Tensor, Tensor, Tensor];
  const y = ops.conv2d(ops.pad(x, 2, { mode: 'reflect' }), w1, null, { groups: 2, dilation: 2 });
  const features = ops.upsample(ops.maxPool2d(ops.groupNorm(y, 2, { gamma, beta }), { kernel: 2 }), { scale: 2, mode: 'bilinear' });
  const logits = ops.linear(ops.globalAveragePool(ops.tanh(ops.instanceNorm(features))).reshape([2, 8]), w2, null);
  const loss = ops.crossEntropy(logits, labels, { labelSmoothing: 0.1 });
  const [slope] = grad(loss, [x], { createGraph: true });
  backward(ops.add(loss, ops.sum(ops.mul(slope!, slope!))));
  return [loss, logits];
}

test('eager, recorded and replayed are equal to the bit, second gradients included', async () => {
  const shapes: Shape[] = [[3, 3, 2, 8], [8, 5], [8], [8]];
  const labels = Tensor.from(gpu, new Int32Array([3, 1]), [2]);
  const found: number[][] = [];
  for (const replayed of [false, true]) {
    const leaves = [[2, 6, 6, 4], ...shapes].map((shape, index) => {
      const tensor = Tensor.from(gpu, values(`step ${index}`, elementCount(shape), 1, 0.1), shape);
      tensor.requiresGrad = true;
      return tensor;
    });
    const run = (): Tensor[] => gpu.scope(() => step(leaves[0]!, leaves.slice(1), labels));
    const { recording, result } = replayed ? await gpu.record(run) : { recording: null, result: null };
    for (let round = 0; round < 2; round++) {
      recording?.run();
      const results = result ?? run();
      const tensors = [...results, ...leaves.map((leaf) => leaf.grad!)];
      found.push((await Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]))).flat());
    }
    recording?.destroy();
  }
  assert.equal(found.slice(2), found.slice(0, 2));
  assert.ok(found[0]!.every(Number.isFinite) && found[0]!.some((value) => Math.abs(value) > 1e-3));
});

test('what cannot be done is refused', async () => {
  const x = Tensor.from(gpu, values('x', 24), [1, 3, 4, 2], 'x');
  await failure('INVALID_ARGUMENT', () => ops.pad(x, [3, 0, 0, 0], { mode: 'reflect' }), 'less than the 3 x 4 pixels', 'replicate');
  await failure('INVALID_ARGUMENT', () => ops.pad(x, -1), 'at least 0', 'slice()');
  await failure('INVALID_ARGUMENT', () => ops.pad(x, [1, 2] as never), '[top, bottom, left, right]');
  await failure('SHAPE_MISMATCH', () => ops.pad(x.reshape([3, 8]), 1), '[batch, height, width, channels]');
  await failure('INVALID_ARGUMENT', () => ops.pad(x, 1, { mode: 'circular' as never }), 'mode of pad', "'replicate'");
  await failure('INVALID_ARGUMENT', () => ops.upsample(x, { scale: 2, mode: 'bicubic' as never }), 'mode of upsample');
  await failure('INVALID_ARGUMENT', () => ops.upsample(x, {}), 'neither');
  await failure('INVALID_ARGUMENT', () => ops.upsample(x, { scale: 2, size: 4 }), 'both');
  await failure('INVALID_ARGUMENT', () => ops.upsample(x, { scale: 0.1 }), 'at least 1 pixel');
  await failure('INVALID_ARGUMENT', () => ops.upsample(x, { scale: 2, alignCorners: true }), 'bilinear');
  await failure('INVALID_ARGUMENT', () => ops.pixelShuffle(x, 2), 'whose square divides the channels');
  await failure('INVALID_ARGUMENT', () => ops.pixelUnshuffle(x, 2), 'divides height and width');
  await failure('INVALID_ARGUMENT', () => ops.maxPool2d(x, { kernel: 2, padding: 2 }), 'half the kernel', 'pad()');
  await failure('INVALID_ARGUMENT', () => ops.avgPool2d(x, { kernel: 0 }), 'at least 1');
  await failure('SHAPE_MISMATCH', () => ops.avgPool2d(x, { kernel: 5 }), 'input of a pool');
  await failure(
    'INVALID_ARGUMENT',
    () => ops.maxPool2d(Tensor.fromBytes(gpu, new Uint8Array(4), [1, 2, 2, 1]), { kernel: 2 }),
    'imageToFloat()',
  );
});

test.run();
