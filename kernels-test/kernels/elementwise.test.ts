import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import { ShadegradError } from '../../src/errors.js';
import { add, addInto, addScaled, copy, fill } from '../../src/kernels/elementwise.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { ALIGNED_SLICE, assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, SHAPES, target, WHOLE } from '../harness/layouts.js';
import * as reference from '../reference/elementwise.js';

const gpu = await testGpu();
const rounding = { absolute: 1e-7, relative: 2e-7 };

for (const shape of SHAPES) {
  for (const layout of LAYOUTS) {
    test(`add and addScaled of [${shape}], ${layout.name}`, async () => {
      const length = elementCount(shape);
      const a = values('elementwise a', length);
      const b = values('elementwise b', length, 3);
      const [x, y] = [placed(gpu, a, shape, layout), placed(gpu, b, shape, layout)];
      const check = async (label: string, result: Tensor, expected: Float64Array) => {
        assert.equal(result.shape, shape);
        assertClose(await result.data(), expected, { ...rounding, label });
      };
      await check('add', add(x, y), reference.addScaled(a, b, 1, 1));
      await check('a + a', add(x, x), reference.addScaled(a, a, 1, 1));
      await check('addScaled', addScaled(x, y, 0.5, -2), reference.addScaled(a, b, 0.5, -2));
    });

    test(`results written into [${shape}], ${layout.name}`, async () => {
      const length = elementCount(shape);
      const a = values('elementwise a', length);
      const b = values('elementwise b', length);
      const [x, y] = [placed(gpu, a, shape, ODD_SLICE), placed(gpu, b, shape, WHOLE)];
      const sum = reference.addScaled(a, b, 1, 1);
      const check = async (label: string, run: (out: Tensor) => unknown, expected: ArrayLike<number>) => {
        const out = target(gpu, shape, layout);
        run(out);
        assertClose(await out.data(), expected, { ...rounding, label });
        await assertNeighboursKept(out, layout);
      };
      await check('add', (out) => assert.is(add(x, y, out), out), sum);
      await check('copy', (out) => copy(x, out), a);
      await check('fill', (out) => fill(out, 0.1), new Float32Array(length).fill(0.1));
      await check(
        'copy, then addInto',
        (out) => {
          copy(x, out);
          addInto(out, y);
        },
        sum,
      );
    });
  }
}

test('copy keeps every bit, also of a NaN, an infinity, a negative zero and a denormal', async () => {
  const bits = new Uint32Array([0x7fc12345, 0xff800000, 0x80000000, 1, 0x3f800000, 0x7f7fffff, 0x00800000, 0x80000001]);
  for (const count of [7, 8]) {
    const data = new Float32Array(bits.buffer, 0, count);
    const result = await copy(Tensor.from(gpu, data, [count])).data();
    assert.equal([...new Uint32Array(result.buffer, 0, count)], [...bits.subarray(0, count)]);
  }
});

test('more workgroups than one dimension holds', async () => {
  const length = 32768 * 64 + 1001;
  const tensor = Tensor.empty(gpu, [length]);
  fill(tensor, 3);
  const data = await add(tensor, tensor).data();
  assert.is(
    data.findIndex((value) => value !== 6),
    -1,
  );
  tensor.dispose();
});

test('a slice of one row need not start where its row stride says', async () => {
  const wide = Tensor.from(gpu, values('one row', 11), [1, 11]);
  const slice = wide.sliceChannels(4, 8);
  assertClose(await add(slice, slice).data(), reference.addScaled(values('one row', 11), values('one row', 11), 2, 0).slice(4, 8), {
    ...rounding,
    label: 'one row',
  });
});

function errorOf(run: () => unknown): ShadegradError {
  try {
    run();
  } catch (error) {
    assert.instance(error, ShadegradError);
    return error as ShadegradError;
  }
  throw new Error('nothing was thrown');
}

test('wrong shapes, types and places are refused', () => {
  const a = placed(gpu, values('a', 6), [2, 3]);
  const b = placed(gpu, values('b', 6), [3, 2]);
  assert.is(errorOf(() => add(a, b)).code, 'SHAPE_MISMATCH');
  assert.is(errorOf(() => addInto(a, b)).code, 'SHAPE_MISMATCH');
  assert.is(errorOf(() => copy(a, b)).code, 'SHAPE_MISMATCH');
  assert.is(errorOf(() => copy(Tensor.fromBytes(gpu, new Uint8Array(4), [4]))).code, 'INVALID_ARGUMENT');
  assert.is(errorOf(() => addInto(a, a)).code, 'BUFFER_CONFLICT');
});

for (const layout of [WHOLE, ALIGNED_SLICE]) {
  test(`gradients of add and addScaled in a graph, ${layout.name}`, async () => {
    const shapes = [
      [2, 3, 12],
      [2, 3, 12],
    ];
    const { channelsBefore } = layout;
    const view = (x: Tensor): Tensor => (channelsBefore ? ops.sliceChannels(x, channelsBefore, 12) : x);
    const part = (x: Float64Array): Float64Array => x.filter((_, i) => i % 12 >= channelsBefore);
    await checkGradients(gpu, {
      label: 'add',
      shapes,
      device: (a, b) => ops.add(view(a), view(b)),
      reference: (a, b) => reference.addScaled(part(a!), part(b!), 1, 1),
    });
    await checkGradients(gpu, {
      label: 'addScaled',
      shapes,
      device: (a, b) => ops.addScaled(view(a), view(b), 0.5, -3),
      reference: (a, b) => reference.addScaled(part(a!), part(b!), 0.5, -3),
    });
  });
}

test.run();
