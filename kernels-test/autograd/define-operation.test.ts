import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkGradients, defineOperation, grad, backward, noGrad, type OperationCall } from '../../src/index.js';
import { addInto, copy, fill } from '../../src/kernels/elementwise.js';
import { add, conv2d, mul, sum } from '../../src/autograd/ops.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure, withLimits } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { checkSecondOrder } from '../harness/hessian-check.js';

const gpu = await testGpu();
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

function leaf(data: readonly number[]): Tensor {
  const tensor = Tensor.from(gpu, data, [data.length], 'leaf');
  tensor.requiresGrad = true;
  return tensor;
}

/** a^3 b, with a number between the tensors. */
const calls: OperationCall<[Tensor, number, Tensor]>[] = [];
const cubic = defineOperation({
  name: 'cubic',
  forward: (a: Tensor, factor: number, b: Tensor) => noGrad(() => mul(mul(mul(a, mul(a, a)), b), factor)),
  backward: (dy, call) => {
    calls.push(call);
    const {
      args: [a, factor, b],
      needed,
    } = call;
    const square = mul(a, a);
    return [needed[0] ? mul(mul(dy, mul(square, b)), 3 * factor) : null, needed[1] ? mul(mul(dy, mul(square, a)), factor) : null];
  },
  saves: ({ args: [a, , b], needed }) => (needed[0] ? [a, b] : [a]),
});

const reference = (a?: Float64Array, b?: Float64Array): Float64Array => a!.map((x, i) => 2 * x ** 3 * b![i]!);

test("an operation of one's own has gradients of both orders", async () => {
  const check = {
    label: 'cubic',
    shapes: [
      [3, 5],
      [3, 5],
    ],
    device: (a?: Tensor, b?: Tensor) => cubic(a!, 2, b!),
    reference,
  };
  assert.equal(await checkGradients(gpu, { operation: check.device, shapes: check.shapes, reference }), []);
  await checkSecondOrder(gpu, check);
});

test('it is told what is needed, and recorded like any other', async () => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  b.requiresGrad = false;
  calls.length = 0;
  gpu.scope(() => backward(sum(cubic(a, 2, b))));
  assert.equal(calls[0]!.needed, [true, false]);
  assert.equal(calls[0]!.args[1], 2);
  assert.equal([await numbers(a.grad!), b.grad], [[18, 96], null]);
  const { recording } = await gpu.record(() => gpu.scope(() => backward(sum(cubic(a, 2, b)))));
  recording.run();
  assert.equal(await numbers(a.grad!), [36, 192]);
  recording.destroy();
  for (const tensor of [a, b]) tensor.dispose();
});

test('what it saves is guarded; by default all of it', async () => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const through = (operation: (a: Tensor, b: Tensor) => Tensor, target: (y: Tensor) => Tensor) => (): void =>
    gpu.scope(() => {
      const y = operation(a, b);
      const loss = sum(y);
      fill(target(y), 1);
      backward(loss);
    });
  await failure(
    'STALE_TENSOR',
    through(
      (x, y) => cubic(x, 2, y),
      () => a,
    ),
    '"cubic"',
    'kernel fill',
  );
  through(
    (x, y) => cubic(x, 2, y),
    (y) => y,
  )();
  const plain = defineOperation({ name: 'plain', forward: (x: Tensor, y: Tensor) => noGrad(() => add(x, y)), backward: (dy) => [dy, dy] });
  for (const target of [() => a, () => b, (y: Tensor) => y]) await failure('STALE_TENSOR', through(plain, target), '"plain"');
  for (const tensor of [a, b]) tensor.dispose();
});

test('what an operation does wrong is said by its name', async () => {
  const x = leaf([1, 2]);
  const define = (forward: (x: Tensor) => Tensor, backwardRule: (dy: Tensor) => unknown = (dy) => [dy]) =>
    defineOperation({ name: 'wrong', forward, backward: backwardRule as (dy: Tensor) => [Tensor], firstOrderOnly: true });
  const copied = (tensor: Tensor): Tensor => noGrad(() => mul(tensor, 1));
  const loss = (operation: (x: Tensor) => Tensor) => (): void => gpu.scope(() => backward(sum(operation(x))));
  await failure('INVALID_ARGUMENT', loss(define((tensor) => tensor)), '"wrong"', 'one of its arguments');
  await failure('INVALID_ARGUMENT', loss(define(() => undefined as unknown as Tensor)), '"wrong"', 'undefined');
  await failure('INVALID_ARGUMENT', loss(define((tensor) => mul(tensor, 2))), '"wrong"', 'result of "mul"', 'noGrad()');
  await failure('INVALID_ARGUMENT', loss(define(copied, (dy) => dy)), '"wrong"', 'an array of 1');
  await failure('INVALID_ARGUMENT', loss(define(copied, (dy) => [dy, dy])), 'an array of 2');
  await failure('SHAPE_MISMATCH', loss(define(copied, (dy) => [sum(dy)])), 'rule of "wrong"', '[2]', 'f32 []');
  await failure(
    'MISSING_GRADIENT',
    () => gpu.scope(() => grad(sum(define(copied)(x)), [x], { createGraph: true })),
    '"wrong" cannot be differentiated again',
  );
  x.dispose();
});

test("what a rule returns is refused by the operation's name unless it is one live gradient for each input, on its Gpu", async () => {
  const [a, b] = [leaf([1, 2]), leaf([3, 4])];
  const returns = (results: (dy: Tensor) => unknown) => {
    const operation = defineOperation({
      name: 'wrong',
      forward: (x: Tensor, y: Tensor) => noGrad(() => mul(x, y)),
      backward: results as (dy: Tensor) => [Tensor, Tensor],
    });
    return (): unknown => gpu.scope(() => [backward(sum(operation(a, b))), grad(sum(operation(a, b)), [a, b])]);
  };
  const other = withLimits(gpu, {});
  const elsewhere = Tensor.from(other, [1, 2], [2], 'elsewhere');
  const gone = (dy: Tensor): Tensor => {
    const tensor = mul(dy, 1);
    tensor.dispose();
    return tensor;
  };
  const before = gpu.memory().tensors;
  await failure(
    'INVALID_ARGUMENT',
    returns((dy) => [dy]),
    'gradients of the operation "wrong"',
    'an array of 2',
    'received: an array of 1',
  );
  await failure(
    'INVALID_ARGUMENT',
    returns((dy) => [dy, dy, dy]),
    '"wrong"',
    'received: an array of 3',
  );
  await failure(
    'INVALID_ARGUMENT',
    returns(() => null),
    '"wrong"',
    'received: null',
  );
  await failure(
    'INVALID_ARGUMENT',
    returns(async (dy) => Promise.reject(new Error(dy.label))),
    '"wrong"',
    'received: a promise',
    'without await',
  );
  for (const [value, kind] of [
    [undefined, 'undefined'],
    [1, 'number'],
    [[1, 2], 'an array of 2'],
    [new Float32Array(2), 'object'],
  ] as const) {
    await failure(
      'INVALID_ARGUMENT',
      returns((dy) => [dy, value]),
      'rule of "wrong" returned for "leaf"',
      `received: ${kind}`,
      'or null',
    );
  }
  await failure(
    'USE_AFTER_FREE',
    returns((dy) => [dy, gone(dy)]),
    'rule of "wrong" returned for "leaf"',
    'which was disposed',
    'keep()',
  );
  await failure(
    'DEVICE_MISMATCH',
    returns((dy) => [dy, elsewhere]),
    'rule of "wrong" returned for "leaf"',
    '"elsewhere',
  );
  await failure(
    'SHAPE_MISMATCH',
    returns((dy) => [dy, Tensor.from(gpu, new Int32Array(2), [2])]),
    'rule of "wrong"',
    'i32 [2]',
  );
  assert.is(gpu.memory().tensors, before, 'nothing is left, no gradient either: all are looked at before one is put into its place');
  // What nobody asks for is not looked at, and null is a gradient of zero.
  b.requiresGrad = false;
  gpu.scope(() =>
    backward(
      sum(
        defineOperation({
          name: 'half',
          forward: (x: Tensor, y: Tensor) => noGrad(() => mul(x, y)),
          backward: (dy) => [dy, gone(dy)],
        })(a, b),
      ),
    ),
  );
  await new Promise((done) => setTimeout(done, 10));
  elsewhere.dispose();
  for (const tensor of [a, b]) tensor.dispose();
});

test('a rule may write a gradient to its place, in any handle, or return a tensor of its own, and not both', async () => {
  type InPlace = (dy: Tensor, target: Tensor | undefined, accumulate: boolean) => Tensor | null;
  const write = (dy: Tensor, target: Tensor, accumulate: boolean): void => void (accumulate ? addInto(target, dy) : copy(dy, target));
  const operation = (inPlace: InPlace) =>
    defineOperation({
      name: 'placing',
      forward: (x: Tensor) => noGrad(() => mul(x, 1)),
      backward: (dy, { targets: [target] }) => [inPlace(dy, target!.tensor, target!.accumulate ?? false)],
    });
  const right: Record<string, InPlace> = {
    'the place itself': (dy, target, accumulate) => (target ? (write(dy, target, accumulate), target) : mul(dy, 1)),
    'another handle on it': (dy, target, accumulate) => (target ? (write(dy, target, accumulate), target.detach()) : mul(dy, 1)),
    'a tensor of its own': (dy) => mul(dy, 1),
    'the gradient of the output': (dy) => dy,
  };
  const wrong: Record<string, InPlace> = {
    'a tensor of its own after writing': (dy, target, accumulate) => (target && write(dy, target, accumulate), mul(dy, 1)),
    'null after writing': (dy, target, accumulate) => (target ? (write(dy, target, accumulate), null) : mul(dy, 1)),
  };
  for (const recorded of [false, true])
    for (const [name, rule] of Object.entries({ ...right, ...wrong })) {
      const x = leaf([1, 2]);
      // So that there is a place already.
      gpu.scope(() => backward(sum(x)));
      const step = (): void => gpu.scope(() => backward(sum(mul(operation(rule)(x), 3))));
      const run = async (): Promise<void> => {
        if (!recorded) return step();
        const { recording } = await gpu.record(step);
        recording.run();
        recording.destroy();
      };
      if (name in wrong) await failure('INVALID_ARGUMENT', run, 'rule of "placing" returned for "leaf"', 'targets[i].tensor');
      else assert.equal((await run(), await numbers(x.grad!)), [4, 4], name);
      x.dispose();
    }
});

test('checkGradients() finds a wrong gradient, with and without a reference, and gives everything back', async () => {
  const operation = (x: Tensor, w: Tensor): Tensor => conv2d(x, w, null, { padding: 1 });
  const shapes = [
    [1, 4, 4, 2],
    [3, 3, 2, 3],
  ];
  const { tensors } = gpu.memory();
  assert.equal(await checkGradients(gpu, { operation, shapes }), []);
  const half = defineOperation({ name: 'half', forward: (x: Tensor) => noGrad(() => mul(x, 1)), backward: (dy) => [mul(dy, 0.5)] });
  for (const given of [undefined, (x?: Float64Array) => x!]) {
    const errors = await checkGradients(gpu, { operation: half, shapes: [[5]], reference: given });
    assert.is(errors.length, 5);
    const [largest] = errors.sort((a, b) => Math.abs(b.numeric) - Math.abs(a.numeric));
    assert.ok(Math.abs(largest!.gradient / largest!.numeric - 0.5) < 0.02, JSON.stringify(errors));
  }
  const infinite = defineOperation({
    name: 'infinite',
    forward: (x: Tensor) => noGrad(() => mul(x, 1)),
    backward: (dy) => [mul(mul(dy, 1e30), 1e30)],
  });
  await failure(
    'INVALID_ARGUMENT',
    () => checkGradients(gpu, { operation: half, shapes: [[5]], inputs: [[1, 2]] }),
    '5 numbers',
    '2 numbers',
  );
  await failure('INVALID_ARGUMENT', () => checkGradients(gpu, { operation: half, shapes: [[5]], reference: () => [1] }), '1 numbers');
  assert.is((await checkGradients(gpu, { operation: infinite, shapes: [[2]] })).length, 2);
  assert.is(gpu.memory().tensors, tensors);
});

test.run();
