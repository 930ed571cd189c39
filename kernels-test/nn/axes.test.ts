import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import { stridedCopy, stridesOf } from '../../src/kernels/strided-copy.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';
import { LAYOUTS, placed } from '../harness/layouts.js';
import { axisChecks } from '../harness/spatial-checks.js';
import * as reference from '../reference/axes.js';

const gpu = await testGpu();

const SHAPES: readonly Shape[] = [[1], [1, 1, 1, 1], [31], [2, 5, 3, 7], [3, 1, 6], [2, 3, 4, 8]];

/** A rearrangement moves numbers: nothing may differ. */
async function equal(result: Tensor, expected: ArrayLike<number>, shape: Shape, label: string): Promise<void> {
  assert.equal([...result.shape], [...shape], `${label}: shape`);
  assert.equal([...(await result.data())], [...Float32Array.from(expected)], label);
}

for (const layout of LAYOUTS) {
  test(`axes in another order, reversed, sliced, repeated and joined, ${layout.name}`, async () => {
    for (const shape of SHAPES) {
      const x = values('axes', elementCount(shape));
      const [rank, label] = [shape.length, `[${shape}]`];
      const input = placed(gpu, x, shape, layout);
      const order = shape.map((_, axis) => rank - 1 - axis);
      await equal(
        ops.permute(input, order),
        reference.permute(x, shape, order),
        order.map((axis) => shape[axis]!),
        `permute ${label}`,
      );
      await equal(ops.flip(input, -1), reference.flip(x, shape, [rank - 1]), shape, `flip ${label}`);
      await equal(ops.expand(input, [3, ...shape]), reference.expand(x, shape, [3, ...shape]), [3, ...shape], `expand ${label}`);
      await equal(ops.flatten(input), x, [x.length], `flatten ${label}`);
      const middle = [shape[0]!, elementCount(shape.slice(1, -1)), shape.at(-1)!];
      if (rank > 2) await equal(ops.flatten(input, 1, -2), x, middle, `middle of ${label}`);
      await equal(
        ops.squeeze(input),
        x,
        shape.filter((length) => length > 1),
        `squeeze ${label}`,
      );
      await equal(ops.unsqueeze(input, -1), x, [...shape, 1], `unsqueeze ${label}`);
      await equal(ops.squeeze(ops.unsqueeze(input, 0), [0]), x, shape, `squeeze of unsqueeze ${label}`);
      await equal(input.reshape([-1, shape.at(-1)!]), x, [x.length / shape.at(-1)!, shape.at(-1)!], `reshape ${label}`);
      for (const [axis, length] of shape.entries()) {
        const half = Math.ceil(length / 2);
        const cut = (size: number): number[] => shape.map((each, at) => (at === axis ? size : each));
        await equal(ops.slice(input, { axis, end: half }), reference.slice(x, shape, axis, 0, half), cut(half), `slice ${label} ${axis}`);
        await equal(
          ops.slice(input, { axis, start: -1 }),
          reference.slice(x, shape, axis, length - 1, length),
          cut(1),
          `last of ${label} ${axis}`,
        );
        await equal(ops.slice(input, { axis, step: 2 }), reference.slice(x, shape, axis, 0, length, 2), cut(half), `step ${label} ${axis}`);
        const twice = reference.concat(
          [
            { x, shape },
            { x, shape },
          ],
          axis,
        );
        await equal(ops.concat([input, input], { axis }), twice, cut(2 * length), `concat ${label} ${axis}`);
        const parts = ops.split(ops.concat([input, input], { axis }), length, { axis });
        assert.is(parts.length, 2);
        await equal(parts[1]!, x, shape, `split ${label} ${axis}`);
        const wide = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
        await equal(
          ops.stack([input, input], { axis }),
          reference.concat(
            [
              { x, shape: wide },
              { x, shape: wide },
            ],
            axis,
          ),
          wide.map((each, at) => (at === axis ? 2 : each)),
          `stack ${label} ${axis}`,
        );
      }
    }
  });
}

test('six axes, and more where they run on into each other', async () => {
  const shape = [2, 3, 2, 3, 2, 2];
  const x = values('six', elementCount(shape));
  const order = [5, 3, 1, 4, 2, 0];
  await equal(
    ops.permute(Tensor.from(gpu, x, shape), order),
    reference.permute(x, shape, order),
    order.map((axis) => shape[axis]!),
    'six',
  );
  const seven = [2, 1, 3, 2, 3, 2, 2];
  await equal(ops.flip(Tensor.from(gpu, x, seven), 0), reference.flip(x, seven, [0]), seven, 'seven');
  const eight = Tensor.from(gpu, values('eight', 256), Array(8).fill(2));
  await failure('INVALID_ARGUMENT', () => ops.permute(eight, [7, 6, 5, 4, 3, 2, 1, 0]), 'at most 6 axes', 'reshape()');
});

test('numbers of any kind keep every bit', async () => {
  const labels = Tensor.from(gpu, new Int32Array([-(2 ** 31), -1, 0, 1, 2 ** 31 - 1, 7]), [2, 3]);
  assert.equal([...(await ops.transpose(labels).ints())], [-(2 ** 31), 1, -1, 2 ** 31 - 1, 0, 7]);
  const odd = Tensor.from(gpu, [NaN, -0, Infinity, 1e-45], [2, 2]);
  assert.equal(
    [...(await ops.transpose(odd).data())].map((v) => (Object.is(v, -0) ? '-0' : String(v))),
    ['NaN', 'Infinity', '-0', String(Math.fround(1e-45))],
  );
});

test('a copy writes nothing beside its place', async () => {
  const [target, x] = [Tensor.from(gpu, Array(20).fill(9), [4, 5]), Tensor.from(gpu, [1, 2, 3, 4], [2, 2])];
  stridedCopy([2, 2], { tensor: x, offset: 0, strides: stridesOf(x) }, { tensor: target, offset: 6, strides: [10, 2] });
  assert.equal([...(await target.data())], [9, 9, 9, 9, 9, 9, 1, 9, 2, 9, 9, 9, 9, 9, 9, 9, 3, 9, 4, 9]);
});

test('flatten, squeeze and unsqueeze share memory where the numbers lie side by side, and take numbers of any type', async () => {
  const x = Tensor.from(gpu, new Int32Array([1, 2, 3, 4, 5, 6]), [1, 2, 3, 1]);
  for (const view of [ops.flatten(x), ops.flatten(x, -3, -2), ops.squeeze(x), ops.squeeze(x, [0, -1]), ops.unsqueeze(x, 2)]) {
    assert.is(view.storage, x.storage);
    assert.equal([...(await view.ints())], [1, 2, 3, 4, 5, 6]);
  }
  assert.equal([...(await ops.flatten(ops.slice(x.reshape([2, 3]), { axis: 1, start: 1 })).ints())], [2, 3, 5, 6]);
  const scalar = Tensor.from(gpu, [7], []);
  const results = [ops.flatten(scalar), ops.squeeze(scalar), ops.unsqueeze(scalar, 0), ops.squeeze(ops.flatten(scalar))];
  assert.equal(
    results.map(({ shape }) => shape),
    [[1], [], [1], []],
  );
});

test('one length of reshape is computed', async () => {
  const x = Tensor.from(gpu, values('open', 12), [3, 4], 'x');
  const found = [[-1], [2, -1], [-1, 6], [3, -1, 2], [12, -1]].map((shape) => [...x.reshape(shape).shape]);
  assert.equal(found, [[12], [2, 6], [2, 6], [3, 2, 2], [12, 1]]);
  for (const shape of [
    [5, -1],
    [0, -1],
    [24, -1],
    [NaN, -1],
  ]) {
    await failure('SHAPE_MISMATCH', () => x.reshape(shape), 'shape of "x"', 'divides 12 elements', /fix: /);
  }
  await failure('INVALID_ARGUMENT', () => x.reshape([-1, -1]), 'at most one of them -1', '[-1, -1]');
  await failure('INVALID_ARGUMENT', () => x.reshape(12 as never), 'a list of lengths', 'received: 12', 'in brackets');
  await failure('INVALID_ARGUMENT', () => x.reshape([-2, -1]), /whole number of at least 1/);
});

test('channels are still sliced and joined without a copy', async () => {
  const wide = Tensor.from(gpu, [1, 2, 3, 4, 5, 6], [2, 3]);
  const part = ops.slice(wide, { axis: -1, start: 1 });
  assert.is(part.storage, wide.storage);
  assert.is(ops.concat(ops.split(wide, 1, { axis: 1 })).storage, wide.storage);
});

for (const [label, check] of Object.entries(axisChecks)) {
  test(`gradient of ${label}`, () => checkGradients(gpu, { label, ...check }));
}

test('what cannot be done is refused', async () => {
  const x = Tensor.from(gpu, [1, 2, 3, 4, 5, 6], [2, 3], 'x');
  await failure('INVALID_ARGUMENT', () => ops.permute(x, [0, 0]), 'each of the 2 axes', '[0, 0]');
  await failure('INVALID_ARGUMENT', () => ops.permute(x, [0, 2]), 'axis of permute', 'from -2 to 1');
  await failure('INVALID_ARGUMENT', () => ops.flip(x, 0.5), 'axis of flip');
  await failure('INVALID_ARGUMENT', () => ops.permute(x, 1 as never), 'each of the 2 axes', 'received: 1', 'in brackets');
  await failure('INVALID_ARGUMENT', () => ops.flatten(x, 2), 'axis of flatten');
  await failure('INVALID_ARGUMENT', () => ops.flatten(x, 1, 0), 'axes of flatten', '1 and 0 of [2, 3]');
  await failure('SHAPE_MISMATCH', () => ops.squeeze(x, 1), 'axis 1 of squeeze', '3, of [2, 3]');
  await failure('INVALID_ARGUMENT', () => ops.squeeze(x, [0, 2]), 'axis of squeeze');
  await failure('INVALID_ARGUMENT', () => ops.unsqueeze(x, 3), 'axis of unsqueeze', 'from -3 to 2');
  for (const range of [{ start: 2 }, { end: 3 }, { start: 1, end: 1 }, { step: 0 }, { start: -3 }, { start: 0.5 }]) {
    await failure('INVALID_ARGUMENT', () => ops.slice(x, range), 'slice of axis 0 of "x"', '0 <= start < end <= 2');
  }
  await failure(
    'INVALID_ARGUMENT',
    () => ops.split(x, [1, 2], { axis: 1 }).concat(ops.split(x, [1, 2], { axis: 0 })),
    'split along axis 0',
    'make 2 together',
  );
  await failure('INVALID_ARGUMENT', () => ops.split(x, 0), 'sizes of split');
  await failure('SHAPE_MISMATCH', () => ops.expand(x, [2, 6]), '[2, 3]');
  await failure('SHAPE_MISMATCH', () => ops.expand(x, [3]), '[3]');
  assert.equal([...ops.expand(x, [4, -1, -1]).shape], [4, 2, 3]);
  await failure('INVALID_ARGUMENT', () => ops.expand(x, [-1, 2, 3]), '[-1, 2, 3]');
  await failure(
    'SHAPE_MISMATCH',
    () => ops.concat([x, Tensor.from(gpu, [1, 2], [1, 2])], { axis: 0 }),
    'input 1 of concat along axis 0',
    '[1, 3]',
  );
  await failure('INVALID_ARGUMENT', () => ops.concat([], { axis: 0 }), 'concat of nothing');
  await failure('INVALID_ARGUMENT', () => ops.stack([]), 'stack of nothing');
  await failure('SHAPE_MISMATCH', () => ops.stack([x, x.reshape([3, 2])]), 'input 1 of stack');
  await failure('INVALID_ARGUMENT', () => ops.transpose(Tensor.fromBytes(gpu, new Uint8Array(4), [2, 2])), 'imageToFloat()');
});

test.run();
