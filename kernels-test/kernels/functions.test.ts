import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { arithmetic as binary, comparisons, unary } from '../harness/functions.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { ALIGNED_SLICE, assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, SHAPES, target, WHOLE } from '../harness/layouts.js';
import { broadcastShape, map } from '../reference/broadcast.js';
import * as reference from '../reference/functions.js';

const gpu = await testGpu();

/** Functions of positive numbers only. */
const positive = ['log', 'sqrt', 'reciprocal'];
/** Three units in the last place, and what is lost near the zeros of sums such as gelu. */
const close = { absolute: 2e-7, relative: 4e-7 };

const inputFor = (name: string, count: number, scale = 4): Float32Array =>
  values(`functions ${name}`, count, scale).map((x) => (positive.includes(name) ? Math.abs(x) + 1e-3 : x));

test('the table of functions is whole', () => {
  assert.equal(Object.keys(reference.unary).sort(), Object.keys(unary).sort());
  assert.equal(Object.keys(reference.binary).sort(), [...Object.keys(binary), ...Object.keys(comparisons)].sort());
});

for (const [name, run] of Object.entries(unary)) {
  test(`${name} of tensors of many shapes and layouts`, async () => {
    // One walk serves all functions: one of them goes through every shape and layout.
    const everything = name === 'softplus2';
    for (const shape of everything ? SHAPES : [[31], [2, 3, 5, 7], [3, 8]]) {
      const data = inputFor(name, elementCount(shape));
      const expected = Float64Array.from(data, reference.unary[name]!);
      for (const layout of everything ? LAYOUTS : [WHOLE, ODD_SLICE]) {
        const label = `${name} of [${shape}], ${layout.name}`;
        const x = placed(gpu, data, shape, layout);
        const y = run(x);
        assert.equal(y.shape, shape);
        assertClose(await y.data(), expected, { ...close, label });
        const out = target(gpu, shape, layout);
        assert.is(run(x, { out }), out);
        assert.equal(await out.data(), await y.data(), label);
        await assertNeighboursKept(out, layout);
        for (const tensor of [x, y, out]) tensor.dispose();
      }
    }
  });

  test(`gradient of ${name} in a graph`, async () => {
    for (const shape of [
      [2, 3, 1, 7],
      [2, 4, 8],
    ]) {
      const inputs = [inputFor(name, elementCount(shape), 2)];
      await checkGradients(gpu, {
        label: `${name} [${shape}]`,
        shapes: [shape],
        inputs,
        device: (x) => run(x),
        reference: (x) => x!.map(reference.unary[name]!),
      });
    }
  });
}

test('exponential, logarithm and what is made of them are right over their whole range', async () => {
  const range = (from: number, to: number): Float32Array => Float32Array.from({ length: 997 }, (_, i) => from + ((to - from) * i) / 996);
  const check = async (name: string, x: Float32Array, relative: number, absolute = 0): Promise<void> => {
    const y = unary[name]!(Tensor.from(gpu, x, [x.length]));
    const label = `${name} from ${x[0]} to ${x[x.length - 1]}`;
    assertClose(await y.data(), Float64Array.from(x, reference.unary[name]!), { relative, absolute, label });
  };
  await check('exp', range(-87, 88.5), 3e-7);
  await check('exp', range(-1e-3, 1e-3), 2e-7);
  await check('log', range(0.5, 2), 3e-7);
  await check('log', range(0.999, 1.001), 3e-7);
  await check(
    'log',
    range(-37, 38).map((x) => 10 ** x),
    3e-7,
  );
  await check('softplus', range(-80, 80), 5e-7);
  await check('elu', range(-1e-2, 1e-2), 4e-7);
  await check('silu', range(-80, 80), 5e-7);
  // The argument of exp(-x^2 / 2) is rounded, which is felt where it is large.
  await check('gelu', range(-5, 5), 2e-6);
  await check('gelu', range(-1e-2, 1e-2), 5e-7);
  await check('geluTanh', range(-3, 5), 2e-6);
});

test('a whole power is multiplied out, others keep most digits', async () => {
  const check = async (base: (i: number) => number, exponent: (i: number) => number, relative: number): Promise<void> => {
    const a = Float32Array.from({ length: 501 }, (_, i) => base(i));
    const b = Float32Array.from({ length: 501 }, (_, i) => exponent(i));
    const y = ops.pow(Tensor.from(gpu, a, [501]), Tensor.from(gpu, b, [501]));
    assertClose(
      await y.data(),
      map(
        (p, q) => p ** q,
        [
          { data: a, shape: [501] },
          { data: b, shape: [501] },
        ],
      ),
      { relative, label: 'pow' },
    );
  };
  await check(
    (i) => (i - 250) / 100 + 1e-3,
    () => 2,
    2e-7,
  );
  await check(
    (i) => (i - 250) / 100 + 1e-3,
    () => -3,
    6e-7,
  );
  await check(
    (i) => 0.5 + i / 500,
    (i) => (i % 129) - 64,
    1e-5,
  );
  await check(
    (i) => 0.01 + i / 50,
    () => 0.5,
    1e-6,
  );
  await check(
    (i) => 0.01 + i / 50,
    () => -2.5,
    3e-6,
  );
  await check(
    () => 10,
    (i) => (i - 250) / 7,
    1e-5,
  );
});

const shapesThatMeet: [Shape, Shape][] = [
  [[1], [1]],
  [[31], [31]],
  [
    [2, 5, 7, 3],
    [2, 5, 7, 3],
  ],
  [[5, 8], [8]],
  [[8], [5, 8]],
  [[5, 7], [7]],
  [
    [3, 4, 8],
    [3, 1, 8],
  ],
  [
    [3, 4, 8],
    [3, 4, 1],
  ],
  [
    [6, 1],
    [1, 5],
  ],
  [[], [3, 4]],
  [[2, 3], []],
  [[], []],
  [
    [1, 1, 1],
    [2, 3],
  ],
  [
    [2, 1, 3, 1, 4, 1],
    [2, 1, 5, 1, 3],
  ],
  [
    [4, 1, 3, 8],
    [4, 1, 1, 8],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [1, 3, 1, 3, 1, 3],
  ],
  [
    [1, 6],
    [4, 6],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
];

test('operands broadcast in every layout', async () => {
  const layouts = [
    [WHOLE, WHOLE],
    [ALIGNED_SLICE, WHOLE],
    [WHOLE, ODD_SLICE],
    [ALIGNED_SLICE, ALIGNED_SLICE],
  ] as const;
  for (const [left, right] of shapesThatMeet) {
    const [a, b] = [values('broadcast a', elementCount(left)), values('broadcast b', elementCount(right))];
    const shape = broadcastShape(left, right);
    const expected = (f: (...values: number[]) => number): Float64Array =>
      map(f, [
        { data: a, shape: left },
        { data: b, shape: right },
      ]);
    for (const [layoutA, layoutB] of layouts) {
      // A scalar has no channels to be a slice of.
      if ((left.length === 0 && layoutA !== WHOLE) || (right.length === 0 && layoutB !== WHOLE)) continue;
      const label = `[${left}] and [${right}], ${layoutA.name} and ${layoutB.name}`;
      const [x, y] = [placedOrScalar(a, left, layoutA), placedOrScalar(b, right, layoutB)];
      const result = ops.sub(x, y);
      assert.equal(result.shape, shape, label);
      assertClose(
        await result.data(),
        expected((p, q) => p! - q!),
        { ...close, label },
      );
      const chosen = ops.where(ops.greater(x, y), x, y);
      assertClose(await chosen.data(), expected(Math.max), { label: `where of ${label}` });
      if (shape.length > 0) {
        const out = target(gpu, shape, layoutA);
        ops.sub(x, y, { out });
        assert.equal(await out.data(), await result.data(), label);
        await assertNeighboursKept(out, layoutA);
        out.dispose();
      }
      for (const tensor of [x, y, result, chosen]) tensor.dispose();
    }
  }
});

const placedOrScalar = (data: Float32Array, shape: Shape, layout = WHOLE): Tensor =>
  shape.length === 0 ? Tensor.from(gpu, data, shape) : placed(gpu, data, shape, layout);

test('gradients of operands that were repeated are summed', async () => {
  for (const [left, right] of shapesThatMeet) {
    for (const name of ['mul', 'div', 'sub'] as const) {
      const inputs = [values('broadcast a', elementCount(left)), values('broadcast b', elementCount(right)).map((x) => Math.abs(x) + 0.5)];
      const g = reference.binary[name]! as (...all: number[]) => number;
      const f = (a?: Float64Array, b?: Float64Array): Float64Array =>
        map(g, [
          { data: a!, shape: left },
          { data: b!, shape: right },
        ]);
      await checkGradients(gpu, {
        label: `${name} of [${left}] and [${right}]`,
        shapes: [left, right],
        inputs,
        device: (a, b) => binary[name](a!, b!),
        reference: f,
      });
    }
  }
});

for (const [name, run] of Object.entries(binary)) {
  test(`${name}: values, numbers on either side, and gradients`, async () => {
    const f = reference.binary[name]!;
    const shape = [3, 2, 6];
    // Bases are positive: a negative one has no power, and no gradient, where the exponent is not whole.
    const a = values(`${name} a`, 36, 2).map((x) => (name === 'pow' ? Math.abs(x) + 0.2 : x));
    const b = values(`${name} b`, 36, 2).map((x) => (name === 'div' ? x + Math.sign(x) : x));
    const tolerance = name === 'pow' ? { relative: 2e-6, label: name } : { ...close, label: name };
    for (const layout of LAYOUTS) {
      const [x, y] = [placed(gpu, a, shape, layout), placed(gpu, b, shape, ODD_SLICE)];
      assertClose(
        await run(x, y).data(),
        a.map((value, i) => f(value, b[i]!)),
        tolerance,
      );
      assertClose(
        await run(x, 1.5).data(),
        a.map((value) => f(value, 1.5)),
        tolerance,
      );
      assertClose(
        await run(1.5, y).data(),
        b.map((value) => f(1.5, value)),
        tolerance,
      );
    }
    await checkGradients(gpu, {
      label: name,
      shapes: [shape, shape],
      inputs: [a, b],
      device: (p, q) => run(p!, q!),
      reference: (p, q) => p!.map((value, i) => f(value, q![i]!)),
    });
    await checkGradients(gpu, {
      label: `${name} with a number`,
      shapes: [shape],
      inputs: [a],
      device: (p) => run(p!, 1.5),
      reference: (p) => p!.map((value) => f(value, 1.5)),
    });
    await checkGradients(gpu, {
      label: `${name} of a number`,
      shapes: [shape],
      inputs: [b],
      device: (q) => run(1.5, q!),
      reference: (q) => q!.map((value) => f(1.5, value)),
    });
  });
}

test('comparisons are 0 or 1, and constants to backward()', async () => {
  const [a, b] = [
    [1, 2, 3, NaN, Infinity, -0, 5],
    [1, 3, 2, NaN, Infinity, 0, NaN],
  ];
  const [x, y] = [Tensor.from(gpu, a, [7]), Tensor.from(gpu, b, [7])];
  x.requiresGrad = true;
  for (const [name, run] of Object.entries(comparisons)) {
    const result = run(x, y);
    assert.equal(
      [...(await result.data())],
      a.map((value, i) => reference.binary[name]!(value, b[i]!)),
      name,
    );
    assert.equal(
      [...(await run(2, y).data())],
      b.map((value) => reference.binary[name]!(2, value)),
      name,
    );
    assert.not(result.requiresGrad);
  }
});

test('where takes numbers, and lets no gradient of the other side through', async () => {
  const condition = Tensor.from(gpu, [1, 0, NaN, -2], [4]);
  assert.equal([...(await ops.where(condition, 3, -1).data())], [3, -1, 3, 3]);
  const shapes = [[4], [3, 4]];
  const pick = (p: number, q: number, i: number): number => ([1, 0, 1, 1][i % 4] ? p : q);
  await checkGradients(gpu, {
    label: 'where',
    shapes,
    device: (p, q) => ops.where(condition, p!, q!),
    reference: (p, q) => q!.map((value, i) => pick(p![i % 4]!, value, i)),
  });
  await checkGradients(gpu, {
    label: 'where of a number',
    shapes: [[4]],
    device: (q) => ops.where(condition, 7, q!),
    reference: (q) => q!.map((value, i) => pick(7, value, i)),
  });
});

test('what does not broadcast, is no f32 or no tensor is refused', async () => {
  const [a, b] = [Tensor.from(gpu, values('a', 6), [2, 3]), Tensor.from(gpu, values('b', 8), [2, 4])];
  await failure('SHAPE_MISMATCH', () => ops.add(a, b), 'operands of add', '[2, 3] and [2, 4]');
  await failure('SHAPE_MISMATCH', () => ops.where(a, b, 1));
  await failure('SHAPE_MISMATCH', () => ops.add(a, 1, { out: b }), 'out of');
  await failure('SHAPE_MISMATCH', () => ops.add(a, Tensor.from(gpu, [1, 2], [2, 1, 1]), { out: a }), 'out of add');
  await failure('INVALID_ARGUMENT', () => ops.add(1, 2), 'at least one tensor');
  for (const [operand, received] of [
    [[1, 2, 3], 'an array'],
    ['1', 'string'],
    [null, 'null'],
    [undefined, 'undefined'],
  ] as const) {
    await failure('INVALID_ARGUMENT', () => ops.mul(a, operand as unknown as number), 'operand of mul', received, 'Tensor.from()');
    await failure('INVALID_ARGUMENT', () => ops.where(a, operand as unknown as number, 1), received);
  }
  await failure('INVALID_ARGUMENT', () => ops.mul(a, Tensor.from(gpu, new Int32Array([1, 2, 3]), [3])), 'i32');
  await failure('INVALID_ARGUMENT', () => ops.exp(Tensor.fromBytes(gpu, new Uint8Array(4), [4])), 'u8');
  await failure('INVALID_ARGUMENT', () => ops.add(Tensor.from(gpu, [1], [1, 1, 1, 1, 1, 1, 1]), a), 'at most 6 axes');
  await failure('INVALID_ARGUMENT', () => ops.clamp(a, {}), 'at least one bound');
  await failure('INVALID_ARGUMENT', () => ops.clamp(a, { min: NaN }), 'NaN');
  await failure('INVALID_ARGUMENT', () => ops.softplus(a, 0), 'beta');
  await failure('BUFFER_CONFLICT', () => ops.add(a, 1, { out: a }));
});

test.run();
