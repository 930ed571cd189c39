import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noGrad } from '../../src/autograd/graph.js';
import { mul } from '../../src/autograd/ops.js';
import * as ops from '../../src/autograd/ops.js';
import { ShadegradError } from '../../src/errors.js';
import { dropout, DropoutState } from '../../src/kernels/dropout.js';
import { UNet } from '../../src/models/unet.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { checkGradients } from '../harness/gradcheck.js';
import { assertNeighboursKept, LAYOUTS, placed, SHAPES, target } from '../harness/layouts.js';
import * as reference from '../reference/dropout.js';

const gpu = await testGpu();
const SEED = 1234567890;

for (const shape of SHAPES) {
  for (const layout of LAYOUTS) {
    test(`dropout of [${shape}], ${layout.name}`, async () => {
      const state = new DropoutState(gpu, SEED);
      state.advance(3);
      const x = values('dropout', elementCount(shape), 1, 2);
      const input = placed(gpu, x, shape, layout);
      for (const rate of [0.5, 0.1, 0.9]) {
        const expected = reference.dropout(x, rate, 2, 3, SEED);
        assertClose(await dropout(input, rate, 2, state.tensor).data(), expected, { relative: 3e-7, label: `rate ${rate}` });
        const out = target(gpu, shape, layout);
        assert.is(dropout(input, rate, 2, state.tensor, out), out);
        assertClose(await out.data(), expected, { relative: 3e-7, label: `rate ${rate}, in place` });
        await assertNeighboursKept(out, layout);
      }
      state.dispose();
    });
  }
}

const COUNT = 100_000;
const ones = Tensor.from(gpu, new Float32Array(COUNT).fill(1), [COUNT]).keep();

/** Where dropout of ones is not zero, in layer and step. */
async function mask(state: DropoutState, rate: number, layer: number, step: number): Promise<Float32Array> {
  state.advance(step);
  const y = dropout(ones, rate, layer, state.tensor);
  const data = await y.data();
  y.dispose();
  return data.map((value) => (value === 0 ? 0 : 1));
}

const share = (kept: Float32Array): number => kept.reduce((sum, value) => sum + value, 0) / kept.length;

test('it keeps as many as it says, and the mean of the rest makes up for it', async () => {
  const state = new DropoutState(gpu, 1);
  for (const rate of [0.1, 0.5, 0.8]) {
    const deviation = Math.sqrt((rate * (1 - rate)) / COUNT);
    const kept = share(await mask(state, rate, 0, 0));
    assert.ok(Math.abs(kept - (1 - rate)) < 4 * deviation, `rate ${rate}: ${kept} kept`);
    const y = await dropout(ones, rate, 0, state.tensor).data();
    assert.is(
      y.find((value) => value !== 0),
      Math.fround(1 / (1 - rate)),
    );
  }
});

test('other layers, steps and seeds have other, independent masks; the same one has the same', async () => {
  const state = new DropoutState(gpu, 1);
  const first = await mask(state, 0.5, 1, 1);
  assert.equal(await mask(state, 0.5, 1, 1), first);
  const others = [
    await mask(state, 0.5, 2, 1),
    await mask(state, 0.5, 1, 2),
    await mask(state, 0.5, 2, 2),
    await mask(new DropoutState(gpu, 2), 0.5, 1, 1),
  ];
  for (const other of others) {
    const agreement = share(first.map((value, i) => (value === other[i] ? 1 : 0)));
    assert.ok(Math.abs(agreement - 0.5) < 4 * Math.sqrt(0.25 / COUNT), `${agreement} of the elements agree`);
  }
});

test('rate 0 keeps everything as it is', async () => {
  const state = new DropoutState(gpu, 1);
  const x = values('dropout of nothing', 31);
  const input = Tensor.from(gpu, x, [31]);
  const y = dropout(input, 0, 0, state.tensor);
  assert.is.not(y.storage, input.storage);
  assert.equal(await y.data(), x);
});

test('a replayed step drops what an eager one drops', async () => {
  const state = new DropoutState(gpu, SEED);
  const x = Tensor.from(gpu, values('replay', 210), [2, 5, 7, 3]);
  let step = 0;
  const body = (): Tensor => {
    gpu.eachStep(() => state.advance(++step));
    return mul(dropout(x, 0.5, 1, state.tensor), 3);
  };
  const eager: Float32Array[] = [];
  for (let i = 0; i < 3; i++) eager.push(await body().data());
  assert.not.equal(eager[0], eager[1]);

  const { recording, result } = await gpu.record(body);
  step = 0;
  for (let i = 0; i < 3; i++) {
    recording.run();
    assert.equal(await result.data(), eager[i]);
  }
  recording.destroy();
});

test('a network draws other masks in each forward pass of a step, called or replayed, and none where nothing is dropped', async () => {
  const network = new UNet({ size: 16, ngf: 2 }).to(gpu, { seed: 1, training: false });
  const state = network.dropoutState;
  const x = Tensor.from(gpu, values('unet', 16 * 16 * 3), [1, 16, 16, 3]);
  const forward = (dropout = true): Tensor => noGrad(() => network.forward(x, { training: true, dropout }));
  const read = async (...outputs: Tensor[]): Promise<Float32Array[]> => {
    const found = await Promise.all(outputs.map((y) => y.data()));
    for (const y of outputs) y.dispose();
    return found;
  };
  const called = async (step: number, passes: number): Promise<Float32Array[]> => {
    state.advance(step);
    return read(...Array.from({ length: passes }, () => forward()));
  };
  const [first, second] = await called(4, 2);
  const [other] = await called(5, 1);
  assert.not.equal(first, second);
  assert.not.equal(first, other);

  state.advance(4);
  await read(forward(false));
  assert.equal(await read(forward()), [first], 'an evaluation without dropout changes no mask');

  // Both steps in one recorded function; then one forward pass, replayed twice in one step.
  const both = await gpu.record(() =>
    [4, 5].map((step) => {
      gpu.eachStep(() => state.advance(step), [state.tensor.storage]);
      return forward();
    }),
  );
  for (let run = 0; run < 2; run++) {
    both.recording.run();
    assert.equal(await Promise.all(both.result.map((y) => y.data())), [first, other], `run ${run}`);
  }
  const one = await gpu.record(() => forward());
  state.advance(4);
  for (const expected of [first, second]) {
    one.recording.run();
    assert.equal(await one.result.data(), expected);
  }
  for (const { recording } of [both, one]) recording.destroy();
  network.dispose();
  x.dispose();
});

test('gradient in a graph: the mask is drawn again', async () => {
  const state = new DropoutState(gpu, SEED);
  for (const shape of [
    [2, 5, 7, 3],
    [1, 4, 8],
  ]) {
    for (const rate of [0.5, 0]) {
      await checkGradients(gpu, {
        label: `dropout ${rate} [${shape}]`,
        shapes: [shape],
        device: (x) => ops.dropout(x, { rate, layer: 4, state }),
        reference: (x) => reference.dropout(x!, rate, 4, 0, SEED),
      });
    }
  }
});

test('infinity and NaN are not dropped out of sight', async () => {
  const state = new DropoutState(gpu, SEED);
  for (const length of [64, 63]) {
    const mask = await dropout(Tensor.from(gpu, new Float32Array(length).fill(-1), [length]), 0.5, 1, state.tensor).data();
    const dropped = mask.map((value) => (value === 0 ? 1 : 0));
    assert.ok(dropped.includes(1) && dropped.includes(0));
    assert.ok(
      mask.every((value) => value !== 0 || Object.is(value, 0)),
      'what is dropped is 0 and not -0',
    );
    const infinite = await dropout(Tensor.from(gpu, new Float32Array(length).fill(Infinity), [length]), 0.5, 1, state.tensor).data();
    infinite.forEach((value, i) => assert.ok(Object.is(value, dropped[i] ? NaN : Infinity), `element ${i}: ${value}`));
    const none = await dropout(Tensor.from(gpu, new Float32Array(length).fill(NaN), [length]), 0.5, 1, state.tensor).data();
    assert.ok(none.every(Number.isNaN));
  }
});

test('rates, layers and steps that make no sense are refused', () => {
  const state = new DropoutState(gpu, 1);
  const wrong = [
    () => dropout(ones, 1, 0, state.tensor),
    () => dropout(ones, -0.1, 0, state.tensor),
    () => dropout(ones, NaN, 0, state.tensor),
    () => dropout(ones, 0.5, 1.5, state.tensor),
    () => state.advance(-1),
    () => new DropoutState(gpu, 2 ** 32),
  ];
  for (const run of wrong) {
    assert.throws(run, (error: unknown) => error instanceof ShadegradError && error.code === 'INVALID_ARGUMENT');
  }
});

test.run();
