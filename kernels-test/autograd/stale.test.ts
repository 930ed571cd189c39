// first driver only: what it tests is the host, whatever the adapter, and on SwiftShader it takes half a minute
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { noGrad } from '../../src/autograd/graph.js';
import * as ops from '../../src/autograd/ops.js';
import { ShadegradError } from '../../src/errors.js';
import { overlap, span, WriteLog, type Region } from '../../src/gpu/write-log.js';
import { DropoutState } from '../../src/kernels/dropout.js';
import { fill } from '../../src/kernels/elementwise.js';
import { Conv2d } from '../../src/nn/layers.js';
import { Adam } from '../../src/optim/adam.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { ROUNDING } from '../harness/operation-checks.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { spatialChecks } from '../harness/spatial-checks.js';

const gpu = await testGpu();
const { add, addScaled, mseLoss, mean, mul, sum, tanh } = ops;

function leaf(data: readonly number[], shape: Shape = [data.length], label = 'leaf'): Tensor {
  const tensor = Tensor.from(gpu, data, shape, label);
  tensor.requiresGrad = true;
  return tensor;
}

const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];
const disposeAll = (...tensors: Tensor[]): void => tensors.forEach((tensor) => tensor.dispose());

const dropoutState = new DropoutState(gpu, 3);
dropoutState.advance(5);

interface Case {
  readonly shapes: readonly Shape[];
  readonly run: (...inputs: Tensor[]) => Tensor;
}

const image = [2, 4, 4, 3] as const;
/** Every operation that has a gradient. */
const cases: Record<string, Case> = {
  abs: { shapes: [[3, 5]], run: (x) => ops.abs(x!) },
  add: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => add(a!, b!),
  },
  addScaled: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => addScaled(a!, b!, 2, -3),
  },
  bceWithLogits: { shapes: [[2, 3]], run: (x) => ops.bceWithLogits(x!, 1) },
  clamp: { shapes: [[3, 5]], run: (x) => ops.clamp(x!, { min: -0.5, max: 0.5 }) },
  concat: {
    shapes: [
      [4, 2],
      [4, 3],
    ],
    run: (a, b) => ops.concat([a!, b!]),
  },
  conv2d: { shapes: [image, [3, 3, 3, 2], [2]], run: (x, w, b) => ops.conv2d(x!, w!, b!, { padding: 1 }) },
  convTranspose2d: { shapes: [image, [4, 4, 2, 3], [2]], run: (x, w, b) => ops.convTranspose2d(x!, w!, b!, { stride: 2, padding: 1 }) },
  copy: { shapes: [[3, 5]], run: (x) => ops.copy(x!) },
  div: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => ops.div(a!, b!),
  },
  'div by a number': { shapes: [[3, 5]], run: (a) => ops.div(a!, 2) },
  'div of a number': { shapes: [[3, 5]], run: (b) => ops.div(2, b!) },
  dropout: { shapes: [[3, 50]], run: (x) => ops.dropout(x!, { layer: 1, state: dropoutState }) },
  elu: { shapes: [[3, 5]], run: (x) => ops.elu(x!) },
  exp: { shapes: [[3, 5]], run: (x) => ops.exp(x!) },
  expand: { shapes: [[3, 1]], run: (x) => ops.expand(x!, [2, -1, 5]) },
  gelu: { shapes: [[3, 5]], run: (x) => ops.gelu(x!) },
  l1Loss: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => ops.l1Loss(a!, b!),
  },
  mseLoss: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => mseLoss(a!, b!),
  },
  leakyRelu: { shapes: [[3, 5]], run: (x) => ops.leakyRelu(x!, 0.2) },
  log: { shapes: [[3, 5]], run: (x) => ops.log(x!) },
  max: { shapes: [[3, 5]], run: (x) => ops.max(x!, { axes: 1 }) },
  maximum: { shapes: [[3, 5], [5]], run: (a, b) => ops.maximum(a!, b!) },
  mean: { shapes: [[3, 5]], run: (x) => mean(x!) },
  'mean along an axis': { shapes: [[3, 5]], run: (x) => mean(x!, { axes: 0 }) },
  min: { shapes: [[3, 5]], run: (x) => ops.min(x!, { keepDims: true }) },
  minimum: { shapes: [[3, 5], [5]], run: (a, b) => ops.minimum(a!, b!) },
  mul: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => mul(a!, b!),
  },
  'mul with broadcasting': { shapes: [[3, 5], [5]], run: (a, b) => mul(a!, b!) },
  'mul by a number': { shapes: [[3, 5]], run: (x) => mul(x!, 3) },
  neg: { shapes: [[3, 5]], run: (x) => ops.neg(x!) },
  pow: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => ops.pow(ops.abs(a!), b!),
  },
  'pow of a number': { shapes: [[3, 5]], run: (b) => ops.pow(2, b!) },
  'pow with a number': { shapes: [[3, 5]], run: (a) => ops.pow(a!, 3) },
  reciprocal: { shapes: [[3, 5]], run: (x) => ops.reciprocal(x!) },
  relu: { shapes: [[3, 5]], run: (x) => ops.relu(x!) },
  reshape: { shapes: [[3, 4]], run: (x) => ops.reshape(x!, [2, 6]) },
  sigmoid: { shapes: [[3, 5]], run: (x) => ops.sigmoid(x!) },
  sign: { shapes: [[3, 5]], run: (x) => ops.sign(x!) },
  silu: { shapes: [[3, 5]], run: (x) => ops.silu(x!) },
  sliceChannels: { shapes: [[3, 6]], run: (x) => ops.sliceChannels(x!, 1, 4) },
  softplus: { shapes: [[3, 5]], run: (x) => ops.softplus(x!) },
  sqrt: { shapes: [[3, 5]], run: (x) => ops.sqrt(ops.exp(x!)) },
  square: { shapes: [[3, 5]], run: (x) => ops.square(x!) },
  sub: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => ops.sub(a!, b!),
  },
  sum: { shapes: [[3, 5]], run: (x) => sum(x!) },
  tanh: { shapes: [[3, 5]], run: (x) => tanh(x!) },
  where: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (a, b) => ops.where(a!, a!, b!),
  },
  ...Object.fromEntries(Object.entries(spatialChecks).map(([name, { shapes, device }]) => [name, { shapes, run: device }])),
};

test('the table of operations is whole', () => {
  const named = new Set(Object.keys(cases).map((name) => name.split(' ')[0]));
  // They have no gradient to go wrong.
  const without = [
    ...ROUNDING,
    'argmax',
    'argmin',
    'equal',
    'floatToImage',
    'greater',
    'greaterEqual',
    'less',
    'lessEqual',
    'notEqual',
    'oneHot',
  ];
  const operations = Object.keys(ops).filter((name) => !without.includes(name));
  assert.equal(
    operations.filter((name) => !named.has(name)),
    [],
  );
});

/** Gradients of all leaves through an operation, where something happens between its run and backward(). */
async function gradientsWith(
  { shapes, run }: Case,
  needed: readonly boolean[],
  between: (inputs: Tensor[], output: Tensor) => void,
): Promise<(number[] | null)[]> {
  const inputs = shapes.map((shape, index) => leaf([...values(`stale/${index}`, elementCount(shape))], shape, `input ${index}`));
  inputs.forEach((input, index) => (input.requiresGrad = needed[index]!));
  try {
    gpu.scope(() => {
      const y = run(...inputs);
      const loss = sum(mul(y, Tensor.from(gpu, values('stale/weights', y.size), y.shape)));
      between(inputs, y);
      backward(loss);
    });
    return await Promise.all(inputs.map(async ({ grad }) => grad && numbers(grad)));
  } finally {
    disposeAll(...inputs);
  }
}

const overwrites: [string, (x: Tensor) => void][] = [
  ['write()', (x) => x.write(values('stale/other', x.size))],
  ['kernel fill', (x) => fill(x, 0.625)],
  ['kernel', (x) => noGrad(() => ops.copy(Tensor.from(gpu, values('stale/other', x.size), x.shape), { out: x }))],
];

for (const [name, each] of Object.entries(cases)) {
  test(`${name}: what it needs for its gradient may not be overwritten, everything else may`, async () => {
    const all = each.shapes.map(() => true);
    // Each input's gradient alone, and all together.
    const wanted = [all, ...(all.length > 1 ? all.map((_, index) => all.map((__, other) => other === index)) : [])];
    let refused = 0;
    for (const needed of wanted) {
      const right = await gradientsWith(each, needed, () => {});
      for (const target of [...each.shapes.keys(), 'output' as const]) {
        for (const [by, overwrite] of overwrites) {
          // An upload takes no tensor with gaps.
          if (target === 'output' && name === 'sliceChannels' && by === 'write()') continue;
          const label = `${name}: ${target} overwritten by ${by}, wanted ${needed}`;
          try {
            const found = await gradientsWith(each, needed, (inputs, y) => overwrite(target === 'output' ? y : inputs[target]!));
            assert.equal(found, right, label);
          } catch (error) {
            if (!(error instanceof ShadegradError)) throw error;
            assert.is(error.code, 'STALE_TENSOR', label);
            assert.match(error.message, by, label);
            refused++;
          }
        }
      }
    }
    const free = Object.keys(spatialChecks).filter((each) => spatialChecks[each]!.free);
    const linear = [
      'add',
      'addScaled',
      'concat',
      'copy',
      'div by a number',
      'dropout',
      'expand',
      'mean',
      'mean along an axis',
      'mul by a number',
      'neg',
      'reshape',
      'sign',
      'sliceChannels',
      'sub',
      'sum',
      ...free,
    ];
    // An output that shares its input's memory, or that `mul` above saves as an operand, is not what is counted here.
    assert.is(refused > 0, !linear.includes(name), `${name}: ${refused} refused`);
  });
}

test('only what the wanted gradients need counts', async () => {
  const conv = cases.conv2d!;
  const overwriting = (needed: boolean[], target: number) => (): Promise<unknown> =>
    gradientsWith(conv, needed, (inputs) => fill(inputs[target]!, 2));
  await failure('STALE_TENSOR', overwriting([true, false, false], 1), 'backward() through "conv2d" needs "input 1"', 'kernel fill');
  await overwriting([true, false, false], 0)();
  await failure('STALE_TENSOR', overwriting([false, true, false], 0), '"input 0"');
  await overwriting([false, true, false], 1)();
  await overwriting([false, false, true], 0)();
  await overwriting([false, false, true], 1)();
});

test('an optimiser step, a replay or a write between an operation and its backward() is refused', async () => {
  const layer = new Conv2d({ inChannels: 2, outChannels: 2, kernel: 1 }).to(gpu);
  const adam = new Adam(layer, { learningRate: 0.1 });
  const x = leaf([1, 2], [1, 1, 1, 2], 'x');
  const step = (): void =>
    gpu.scope(() => {
      adam.zeroGrad();
      backward(sum(layer.forward(x)));
      adam.step();
    });
  step();
  const { recording } = await gpu.record(step);
  const changes: [RegExp, () => void][] = [
    [/kernel adam/, () => adam.step()],
    [/a recorded step/, () => recording.run()],
    [/write\(\)/, () => layer.weight.value.write(new Float32Array(4))],
    [/a copy/, () => gpu.copy(x.storage, 0, layer.weight.value.storage, 0, 8)],
  ];
  for (const [by, change] of changes) {
    await failure(
      'STALE_TENSOR',
      () =>
        gpu.scope(() => {
          const loss = sum(layer.forward(x));
          change();
          backward(loss);
        }),
      by.source.includes('copy') ? 'needs "weight"' : 'backward() through "conv2d"',
      by,
      'call backward() before',
    );
  }
  // A recorded function is looked at as it is traced, and leaves no mark on what runs at once.
  await failure(
    'STALE_TENSOR',
    () =>
      gpu.record(() => {
        const loss = sum(layer.forward(x));
        adam.step();
        backward(loss);
      }),
    /kernel adam/,
  );
  const y = layer.forward(x);
  const fresh = sum(y);
  const other = await gpu.record(step);
  gpu.scope(() => backward(fresh));
  disposeAll(y, fresh);
  other.recording.destroy();
  recording.destroy();
  adam.dispose();
  layer.dispose();
  disposeAll(x);
});

test('the two halves of one tensor may be written at different times', async () => {
  const [a, b] = [leaf([0.5, -0.25, 1, 2], [2, 2]), leaf([1, 2, 3, 4], [2, 2])];
  gpu.scope(() => {
    const wide = Tensor.empty(gpu, [2, 4]);
    const first = tanh(a, { out: wide.sliceChannels(0, 2) });
    const second = tanh(mul(first, b), { out: wide.sliceChannels(2, 4) });
    backward(sum(ops.concat([first, second])));
  });
  const expected = [0.5, -0.25, 1, 2].map((x, i) => {
    const [y, factor] = [Math.tanh(x), [1, 2, 3, 4][i]!];
    return (1 - y * y) * (1 + factor * (1 - Math.tanh(y * factor) ** 2));
  });
  (await numbers(a.grad!)).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
  disposeAll(a, b);
});

test('a place that holds a result whose gradient is still wanted is not given to another operation', async () => {
  const [a, b, t] = [leaf([1, 2]), leaf([3, 4]), Tensor.from(gpu, [0, 0], [2])];
  const place = Tensor.empty(gpu, [2], 'place');
  await failure(
    'STALE_TENSOR',
    () =>
      gpu.scope(() => {
        const y = tanh(a, { out: place });
        tanh(b, { out: place });
        backward(mseLoss(y, t));
      }),
    'out of "tanh"',
    'another `out`',
  );
  // By way of two handles on one memory.
  await failure(
    'STALE_TENSOR',
    () =>
      gpu.scope(() => {
        const shared = Tensor.empty(gpu, [2], 'shared');
        const [y] = [mul(a, 2, { out: shared.sliceChannels(0, 2) }), mul(b, 2, { out: shared.sliceChannels(0, 2) })];
        backward(mean(y));
      }),
    'input "shared" of "mean"',
    'kernel unary',
  );
  await failure('STALE_TENSOR', () => gpu.scope(() => mul(a, 2, { out: b })), 'a leaf that requires a gradient');
  // Once backward() has passed, or without a gradient, it is free.
  const again = Tensor.empty(gpu, [2], 'again');
  for (let round = 0; round < 2; round++) gpu.scope(() => backward(sum(mul(a, 2, { out: again }))));
  assert.equal(await numbers(a.grad!), [4, 4]);
  noGrad(() => mul(a, 5, { out: b }));
  assert.equal(await numbers(b), [5, 10]);
  disposeAll(a, b, t, place, again);
});

test('a result that was overwritten keeps the gradient of what made it', async () => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const place = Tensor.empty(gpu, [2], 'place');
  gpu.scope(() => {
    const loss = sum(mul(a, 2, { out: place }));
    backward(loss);
    // The place now has another history; the first graph still leads to a.
    mul(b, 3, { out: place });
    backward(loss);
  });
  assert.equal([await numbers(a.grad!), b.grad], [[4, 4], null]);
  disposeAll(a, b, place);
});

test('reshape() and sliceChannels() as methods pass their gradient on', async () => {
  const w = leaf([1, 2, 3, 4, 5, 6], [2, 3]);
  gpu.scope(() => backward(add(sum(mul(w.reshape([3, 2]), 2)), sum(w))));
  assert.equal(await numbers(w.grad!), Array(6).fill(3));
  zeroGrad([w]);
  gpu.scope(() => backward(sum(w.sliceChannels(1, 3).reshape([2, 2]))));
  assert.equal(await numbers(w.grad!), [0, 1, 1, 0, 1, 1]);
  gpu.scope(() => {
    for (const cut of [w.detach().reshape([6]), noGrad(() => w.reshape([6])), w.viewAs([6]), w.channelView(0, 1)])
      assert.not(cut.requiresGrad);
  });
  disposeAll(w);
});

test('noGrad() refuses a function that goes on after it returns', async () => {
  const x = leaf([1, 2]);
  const error = /asynchronous function is run in noGrad/;
  await failure(
    'INVALID_ARGUMENT',
    () =>
      noGrad(async () => {
        await Promise.resolve();
        return mul(x, 2);
      }),
    error,
  );
  await failure('INVALID_ARGUMENT', () => noGrad(() => x.data()), error);
  await failure(
    'INVALID_ARGUMENT',
    () =>
      noGrad(async () => {
        await Promise.resolve();
        throw new Error('after its first await');
      }),
    error,
  );
  gpu.scope(() => assert.ok(mul(x, 1).requiresGrad));
  disposeAll(x);
});

test('dropout: each backward() has the mask of its own forward run', async () => {
  const state = new DropoutState(gpu, 9);
  const alone = async (step: number): Promise<number[]> => {
    const x = leaf(Array(64).fill(1));
    state.advance(step);
    gpu.scope(() => backward(sum(ops.dropout(x, { layer: 1, state }))));
    const found = await numbers(x.grad!);
    disposeAll(x);
    return found;
  };
  const masks = [await alone(1), await alone(2)];
  assert.not.equal(masks[0], masks[1]);
  const [x1, x2] = [leaf(Array(64).fill(1)), leaf(Array(64).fill(1))];
  const both = (): void =>
    gpu.scope(() => {
      zeroGrad([x1, x2]);
      gpu.eachStep(() => state.advance(1), [state.tensor.storage]);
      const first = sum(ops.dropout(x1, { layer: 1, state }));
      gpu.eachStep(() => state.advance(2), [state.tensor.storage]);
      const second = sum(ops.dropout(x2, { layer: 1, state }));
      backward(add(first, second));
    });
  both();
  assert.equal([await numbers(x1.grad!), await numbers(x2.grad!)], masks);
  zeroGrad([x1, x2]);
  const { recording } = await gpu.record(both);
  for (let run = 0; run < 2; run++) {
    recording.run();
    assert.equal([await numbers(x1.grad!), await numbers(x2.grad!)], masks);
  }
  recording.destroy();
  state.dispose();
  disposeAll(x1, x2);
});

test('regions overlap where they share a byte', () => {
  const region = (start: number, rows: number, length: number, stride: number): Region => ({ start, rows, length, stride });
  const bytesOf = ({ start, rows, length, stride }: Region): Set<number> => {
    const bytes = new Set<number>();
    for (let row = 0; row < rows; row++) for (let i = 0; i < length; i++) bytes.add(start + row * stride + i);
    return bytes;
  };
  let seed = 1;
  const draw = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  const drawn = (): Region => {
    const length = 1 + draw(5);
    return region(draw(20), 1 + draw(4), length, length + draw(6));
  };
  let meets = 0;
  for (let round = 0; round < 5000; round++) {
    const [a, b] = [drawn(), drawn()];
    const shared = [...bytesOf(a)].some((byte) => bytesOf(b).has(byte));
    meets += Number(shared);
    assert.is(overlap(a, b), shared, JSON.stringify([a, b]));
  }
  assert.ok(meets > 1000 && meets < 4500);
});

test('a log of thousands of regions forgets no write and invents none', () => {
  const log = new WriteLog();
  for (let index = 0; index < 5000; index++) log.note(span(index * 8, 4), 'upload');
  for (const index of [0, 17, 2500, 4999]) assert.ok(log.since(0, span(index * 8, 4)));
  const { time } = log.since(0, span(2500 * 8, 4))!;
  for (const index of [0, 2499, 2500]) assert.is(log.since(time, span(index * 8, 4)), null, 'written before');
  assert.is(log.since(0, span(2500 * 8 + 4, 4)), null, 'a gap between two regions');
  assert.ok(log.since(time, span(2501 * 8, 4)));
  // Far more than any step writes: the memory is bounded, and what is left is right.
  for (let index = 0; index < 200_000; index++) log.note(span(index * 8, 4), 'upload');
  assert.ok((log as unknown as { writes: Map<string, unknown> }).writes.size <= 1 << 16);
  assert.ok(log.since(time, span(199_999 * 8, 4)));
});

test('hundreds of results side by side in one tensor keep their gradients', async () => {
  const x = leaf([0.5, -0.25], [2, 1]);
  gpu.scope(() => {
    const wide = Tensor.empty(gpu, [2, 300]);
    const parts = Array.from({ length: 300 }, (_, index) => tanh(x, { out: wide.sliceChannels(index, index + 1) }));
    backward(sum(ops.concat(parts)));
  });
  (await numbers(x.grad!)).forEach((value, i) => assert.ok(Math.abs(value - 300 * (1 - Math.tanh([0.5, -0.25][i]!) ** 2)) < 1e-2));
  disposeAll(x);
});

test('a hook of a recorded step may not overwrite what a gradient needs, whether it says what it writes or not', async () => {
  const w = leaf([3], [1], 'w');
  const step = (writes: boolean) => (): void =>
    gpu.scope(() => {
      const loss = mean(mul(w, w));
      gpu.eachStep(() => w.write(new Float32Array([50])), writes ? [w.storage] : null);
      backward(loss);
    });
  await failure('STALE_TENSOR', () => gpu.record(step(true)), 'needs "w"', 'a hook of eachStep()');
  const { recording } = await gpu.record(step(false));
  await failure('STALE_TENSOR', () => recording.run(), 'needs "w"', 'write()');
  recording.destroy();
  const other = Tensor.from(gpu, [0], [1]);
  const harmless = (
    await gpu.record(() =>
      gpu.scope(() => {
        const loss = mean(mul(w, w));
        gpu.eachStep(() => other.write(new Float32Array([1])));
        backward(loss);
      }),
    )
  ).recording;
  harmless.run();
  harmless.destroy();
  disposeAll(w, other);
});

test.run();
