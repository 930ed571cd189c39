import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as sg from '../../src/index.js';
import { defineOperation, noGrad, Tensor, type Shape } from '../../src/index.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { agrees, Made, numbersFor, ort, session } from '../harness/onnx.js';
import { temporaryFolder } from '../harness/program.js';
import { refuses } from '../harness/weights.js';

const gpu = await testGpu();
const folder = temporaryFolder('onnx-lengths');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const made = (run: ConstructorParameters<typeof Made>[1], shapes: Record<string, Shape> = { anchor: [1] }): Made =>
  new Made(shapes, run).to(gpu, { seed: 4 });

/** A model of two inputs computes what the function does, for these shapes of both. */
async function agreesOfTwo(
  forward: (a: Tensor, b: Tensor) => Tensor,
  [first, ...others]: readonly (readonly [Shape, Shape])[],
  dynamicAxes: readonly number[] | { a?: number[]; b?: number[] },
): Promise<readonly (readonly (number | string)[])[]> {
  const module = made((x) => x);
  const run = ({ a, b }: Readonly<Record<'a' | 'b', Tensor>>): Tensor => forward(a, b);
  const model = await session(folder, module, {
    input: { a: first![0], b: first![1] },
    forward: run,
    dynamicAxes,
    layout: 'NHWC',
  } as never);
  for (const [a, b] of [first!, ...others]) {
    const given = { a: numbersFor(a), b: numbersFor(b) };
    const expected = run({ a: Tensor.from(gpu, given.a, a), b: Tensor.from(gpu, given.b, b) });
    const { output } = await model.run({ a: new ort.Tensor('float32', given.a, a), b: new ort.Tensor('float32', given.b, b) });
    assert.equal([...output!.dims], [...expected.shape], `${a} and ${b}`);
    assertClose(output!.data as Float32Array, await expected.data(), { absolute: 1e-5, label: `${a} and ${b}` });
  }
  module.dispose();
  return (model as unknown as { inputMetadata?: { shape: (number | string)[] }[] }).inputMetadata?.map(({ shape }) => shape) ?? [];
}

test('the same axis of two inputs has a length of its own in each', async () => {
  const heads = (x: Tensor): Tensor => sg.permute(x.reshape([x.shape[0]!, x.shape[1]!, 2, 3]), [0, 2, 1, 3]);
  const scores = (q: Tensor, k: Tensor): Tensor =>
    sg.matmul(heads(q), heads(k), { transposeB: true }).reshape([q.shape[0]! * 2, q.shape[1]!, k.shape[1]!]);
  await agreesOfTwo(
    scores,
    [
      [
        [1, 4, 6],
        [1, 4, 6],
      ],
      [
        [1, 4, 6],
        [1, 8, 6],
      ],
      [
        [1, 8, 6],
        [1, 4, 6],
      ],
      [
        [3, 5, 6],
        [3, 7, 6],
      ],
    ],
    [0, 1],
  );
});

test('axes that the module takes together alone are one, and an input may have axes of its own', async () => {
  const same: readonly (readonly [Shape, Shape])[] = [
    [
      [1, 4, 6],
      [1, 4, 6],
    ],
    [
      [2, 9, 6],
      [2, 9, 6],
    ],
  ];
  await agreesOfTwo((a, b) => sg.add(a, b), same, [0, 1]);
  const table: readonly (readonly [Shape, Shape])[] = [
    [
      [1, 6],
      [3, 6],
    ],
    [
      [5, 6],
      [3, 6],
    ],
  ];
  await agreesOfTwo((a, b) => sg.matmul(a, b, { transposeB: true }), table, { a: [0] });
  const module = made((x) => x);
  const given = (dynamicAxes: unknown) => () =>
    sg.exportModuleOnnx(module, { input: { a: [1, 6], b: [3, 6] }, forward: ({ a }: { a: Tensor }) => a, dynamicAxes } as never);
  await refuses(given({ c: [0] }), 'INVALID_ARGUMENT', /dynamicAxes/);
  await refuses(given({ a: [2] }), 'INVALID_ARGUMENT', /dynamicAxes/);
  await refuses(given({ a: 0 }), 'INVALID_ARGUMENT', /dynamicAxes/);
  module.dispose();
});

test('half of a height is not taken for a width, in a module that takes even heights alone', async () => {
  const windows = made((x) => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const rows = sg.softmax(sg.permute(x.reshape([n, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 2, 4, 5]).reshape([n, h / 2, 2 * w * c]));
    return sg.mean(rows, { axes: [2] });
  });
  const shapes: Shape[] = [
    [1, 8, 4, 2],
    [1, 8, 8, 2],
    [2, 4, 8, 2],
    [1, 12, 6, 2],
  ];
  // Two lengths that follow from two axes are more than a Reshape can say.
  await refuses(() => agrees(folder, 'windows', windows, shapes, { dynamicAxes: [0, 1, 2] }), 'WEIGHTS_UNSUPPORTED', /reshape.*depends/s);
  await agrees(folder, 'windows', windows, [shapes[0]!, [3, 8, 4, 2]]);
  windows.dispose();
});

test('a token for each picture of any batch', async () => {
  const token = made((x, w) => sg.concat([sg.expand(w.token!, [x.shape[0]!, 1, 4]), x], { axis: 1 }), { token: [1, 1, 4] });
  for (const batch of [1, 2])
    await agrees(folder, 'token', token, [
      [batch, 3, 4],
      [5, 3, 4],
      [1, 3, 4],
    ]);
  const places = made((x, w) => sg.add(x, sg.expand(w.row!, [x.shape[0]!, x.shape[1]!, 4])), { row: [4] });
  const shapes: Shape[] = [
    [1, 3, 4],
    [2, 6, 4],
  ];
  await agrees(folder, 'places', places, shapes, { dynamicAxes: [0, 1] });
  for (const each of [token, places]) each.dispose();
});

test('what cannot be exported for some lengths is refused, and not only tried for others', async () => {
  const own = defineOperation({ name: 'own', forward: (x: Tensor) => noGrad(() => sg.mul(x, 2)), backward: () => [null] });
  const module = made((x) => (x.shape[1]! % 2 === 0 ? sg.relu(x) : own(x)));
  await refuses(() => sg.exportModuleOnnx(module, { input: [1, 8], dynamicAxes: [1] }), 'WEIGHTS_UNSUPPORTED', /own|depends/);
  module.dispose();
});

test('a module that writes to its own buffer is refused, and is as it was', async () => {
  class Memory extends sg.Module {
    readonly held = this.buffer('held', [2], sg.constant(0));
    readonly weight = this.parameter('weight', [2], sg.constant(1));
    forward(x: Tensor): Tensor {
      noGrad(() => sg.copy(sg.add(this.held.value, 1), { out: this.held.value }));
      return sg.add(sg.mul(x, this.weight.value), this.held.value);
    }
  }
  const memory = new Memory().to(gpu);
  await refuses(() => sg.exportModuleOnnx(memory, { input: [1, 2] }), 'WEIGHTS_UNSUPPORTED', /"held".*no memory/s);
  assert.equal([...(await memory.held.value.data())], [0, 0]);
  memory.dispose();
});

test('a factor of upsampling holds for every length, or for one, or is refused', async () => {
  const any = { dynamicAxes: [1, 2] };
  const resized = (scale: number, mode: 'nearest' | 'bilinear'): Made => made((x) => sg.upsample(x, { scale, mode }));
  for (const mode of ['nearest', 'bilinear'] as const) {
    for (const scale of [2, 0.5, 1.5, 3, 0.75]) {
      const module = resized(scale, mode);
      const shapes: Shape[] = [
        [1, 8, 8, 1],
        [1, 5, 90, 1],
        [1, 31, 2, 1],
      ];
      await agrees(folder, `${mode} by ${scale}`, module, shapes, any, 1e-4);
      module.dispose();
    }
    for (const scale of [1.3, 0.7, 0.3, 1.1, 1.25]) {
      const module = resized(scale, mode);
      await refuses(() => session(folder, module, { input: [1, 10, 10, 1], ...any }), 'WEIGHTS_UNSUPPORTED', /upsample/);
      await agrees(folder, `${mode} by ${scale} of ten`, module, [[1, 10, 10, 1]], {}, 1e-4).catch((error: { code?: string }) => {
        assert.is(error.code, 'WEIGHTS_UNSUPPORTED', String(error));
      });
      module.dispose();
    }
    const kept = resized(1.1, mode);
    await refuses(() => session(folder, kept, { input: [1, 5, 5, 1] }), 'WEIGHTS_UNSUPPORTED', /upsample/);
    kept.dispose();
  }
});

test('a pool that rounds up holds for the length that it was traced with alone', async () => {
  const pooled = (pool: (x: Tensor) => Tensor): Made =>
    made((x, w) => pool(sg.conv2d(x, w.kernel!, null, { stride: 2, padding: 1 })), { kernel: [4, 4, 3, 2] });
  const options = { kernel: 3, stride: 3, ceilMode: true } as const;
  for (const pool of [(x: Tensor) => sg.maxPool2d(x, options), (x: Tensor) => sg.avgPool2d(x, options)]) {
    const module = pooled(pool);
    const any = { input: [1, 12, 12, 3], dynamicAxes: [0, 1, 2] };
    await refuses(() => session(folder, module, any), 'WEIGHTS_UNSUPPORTED', /Pool2d.*depends/s);
    for (const side of [12, 14]) {
      const shapes: Shape[] = [
        [1, side, side, 3],
        [2, side, side, 3],
      ];
      await agrees(folder, `a pool of ${side}`, module, shapes);
    }
    module.dispose();
  }
});

test('whole numbers keep every digit', async () => {
  const numbers = [16_777_217, -16_777_219, 33_554_433, -2_147_483_648];
  const module = made((x) => x);
  const model = await session(folder, module, {
    input: [1, 2],
    forward: ({ input }) => ({ same: input!, whole: Tensor.from(gpu, Int32Array.from(numbers), [4]) }),
  });
  const { whole } = await model.run({ input: new ort.Tensor('float32', new Float32Array(2), [1, 2]) });
  assert.equal([...whole!.data], numbers);
  module.dispose();
});

test('labels that there are not give NaN, and the sign of NaN is 0, as in the module', async () => {
  const module = made((x) => x, { table: [5, 3] });
  const table = module.namedParameters().get('table')!;
  const forward = ({ label }: Readonly<Record<'label', Tensor>>): Record<string, Tensor> => ({
    rows: sg.embedding(label, table),
    hot: sg.oneHot(label, 5),
  });
  const model = await session(folder, module, { input: { label: { shape: [2, 3], dtype: 'i32' } }, forward });
  const labels = Int32Array.of(0, -1, 4, 7, -5, 2);
  const expected = forward({ label: Tensor.from(gpu, labels, [2, 3]) });
  const outputs = await model.run({ label: new ort.Tensor('int32', labels, [2, 3]) });
  for (const [name, value] of Object.entries(expected)) {
    const numbers = await value.data();
    assert.ok(numbers.some(Number.isNaN), name);
    assert.equal([...outputs[name]!.data], [...numbers], name);
  }
  const sign = made((x) => sg.sign(x));
  const signs = await session(folder, sign, { input: [1, 4] });
  const { output } = await signs.run({ input: new ort.Tensor('float32', Float32Array.of(NaN, -2, 0, 3), [1, 4]) });
  assert.equal([...output!.data], [0, -1, 0, 1]);
  for (const each of [module, sign]) each.dispose();
});

test('what the device refuses is told as that, not as a module that does not run for longer axes', async () => {
  const module = made((x) => x);
  for (const code of ['LIMIT_EXCEEDED', 'OUT_OF_MEMORY', 'DEVICE_LOST'] as const) {
    // The batch of 2 is the first to come, with both axes longer; then each by itself, as the batch of 1 with a longer axis 1.
    for (const isRefused of [([batch]: Shape) => batch! > 1, ([batch, length]: Shape) => batch === 1 && length! > 4]) {
      const forward = ({ input }: Readonly<Record<'input', Tensor>>): Tensor => {
        if (!isRefused(input.shape)) return sg.relu(input);
        throw new sg.ShadegradError(code, 'a buffer', { expected: 'less', received: 'more', fix: 'a smaller input' });
      };
      const work = () => sg.exportModuleOnnx(module, { input: [1, 4], forward, dynamicAxes: [0, 1] });
      await refuses(work, code, /^a buffer\n/);
    }
  }
  module.dispose();
});

test.run();
