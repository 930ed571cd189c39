import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../src/errors.js';
import { ADAM_HYPER_SIZE, adamHyper, adamStep } from '../../src/kernels/adam.js';
import { fill } from '../../src/kernels/elementwise.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/adam.json';
import { generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { AdamReference } from '../reference/adam.js';

const gpu = await testGpu();

const zeros = (length: number): Tensor => Tensor.from(gpu, new Float32Array(length), [length]);

for (const each of golden.cases) {
  test(`five steps equal PyTorch's: ${each.name}`, async () => {
    const start = generate(each.inputs.parameters);
    const { length } = start;
    const tensors = {
      parameters: Tensor.from(gpu, start, [length]),
      gradients: zeros(length),
      firstMoment: zeros(length),
      secondMoment: zeros(length),
      hyper: Tensor.from(gpu, new Float32Array(ADAM_HYPER_SIZE), [ADAM_HYPER_SIZE]),
    };
    const [beta1, beta2] = each.betas as [number, number];
    const { from, factor } = golden.smallGradients;
    for (const [index, expected] of each.expected.steps.entries()) {
      tensors.gradients.write(generate(each.inputs.gradients[index]!).map((g, i) => (i >= from ? g * factor : g)));
      tensors.hyper.write(adamHyper({ learningRate: each.learningRates[index]!, beta1, beta2, epsilon: each.epsilon, step: index + 1 }));
      adamStep(tensors);
      const label = `step ${index + 1}`;
      // A moment is a sum of gradients of both signs: its error is that of its largest terms.
      const [first, firstExpected] = [await tensors.firstMoment.data(), float32(expected.firstMoment)];
      assertClose(first.subarray(0, from), firstExpected.subarray(0, from), { absolute: 3e-8, label: `${label}, first moment` });
      assertClose(first.subarray(from), firstExpected.subarray(from), {
        absolute: 3e-8 * factor,
        label: `${label}, first moment of small gradients`,
      });
      assertClose(await tensors.secondMoment.data(), float32(expected.secondMoment), { relative: 1e-6, label: `${label}, second moment` });
      // Each step moves a parameter by about 2e-4 and rounds it to 4e-9.
      assertClose(await tensors.parameters.data(), float32(expected.parameters), { absolute: 2e-8, label: `${label}, parameters` });
    }
  });
}

for (const software of [true, false])
  for (const length of [1, 3, 4, 31, 64, 1027, 8192, 70000]) {
    test(`three steps of ${length} parameters equal the float64 reference, as a ${software ? 'CPU' : 'GPU'} does them`, async () => {
      const start = values('adam start', length, 0.05);
      const adam = new AdamReference(Float64Array.from(start), [0.5, 0.999], 1e-8);
      const tensors = {
        parameters: Tensor.from(gpu, start, [length]),
        gradients: zeros(length),
        firstMoment: zeros(length),
        secondMoment: zeros(length),
        hyper: Tensor.from(gpu, new Float32Array(ADAM_HYPER_SIZE), [ADAM_HYPER_SIZE]),
      };
      for (let step = 1; step <= 3; step++) {
        const gradients = values(`adam gradient ${step}`, length, 10 ** -step);
        adam.update(gradients, 0.01);
        tensors.gradients.write(gradients);
        tensors.hyper.write(adamHyper({ learningRate: 0.01, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step }));
        adamStep(tensors, software);
      }
      assertClose(await tensors.parameters.data(), adam.parameters, { absolute: 3e-8, label: 'parameters' });
    });
  }

test('a window of an arena is updated and nothing beside it', async () => {
  for (const software of [true, false])
    for (const [start, length] of [
      [64, 20],
      [70, 7],
      [1, 130],
    ] as const) {
      const whole = 256;
      const arenas = [values('arena p', whole), values('arena g', whole), new Float32Array(whole), new Float32Array(whole)].map((data) =>
        Tensor.from(gpu, data, [whole]),
      );
      const window = arenas.map((arena) => new Tensor({ gpu, storage: arena.storage.retain(), shape: [length], offset: start }));
      const [parameters, gradients, firstMoment, secondMoment] = window as [Tensor, Tensor, Tensor, Tensor];
      const hyper = Tensor.from(gpu, adamHyper({ learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: 1 }), [ADAM_HYPER_SIZE]);
      adamStep({ parameters, gradients, firstMoment, secondMoment, hyper }, software);

      const expected = Float64Array.from(values('arena p', whole));
      const adam = new AdamReference(expected.slice(start, start + length), [0.9, 0.99], 1e-8);
      adam.update(values('arena g', whole).subarray(start, start + length), 0.1);
      expected.set(adam.parameters, start);
      assertClose(await arenas[0]!.data(), expected, { absolute: 1e-7, label: `[${start}, ${start + length})` });
    }
});

test('more workgroups than one dimension holds', async () => {
  // Not a multiple of four, so that a GPU takes one number an invocation.
  const length = 32768 * 64 + 77;
  const [parameters, gradients, firstMoment, secondMoment] = [1, 2, 3, 4].map(() => Tensor.empty(gpu, [length])) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  for (const [tensor, value] of [
    [parameters, 1],
    [gradients, 0.25],
    [firstMoment, 0],
    [secondMoment, 0],
  ] as const)
    fill(tensor, value);
  const hyper = Tensor.from(gpu, adamHyper({ learningRate: 0.5, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step: 1 }), [ADAM_HYPER_SIZE]);
  adamStep({ parameters, gradients, firstMoment, secondMoment, hyper }, false);
  // The first step of Adam moves every parameter by the learning rate against its gradient's sign.
  const data = await parameters.data();
  assert.is(
    data.findIndex((value) => Math.abs(value - 0.5) > 1e-6),
    -1,
  );
  for (const tensor of [parameters, gradients, firstMoment, secondMoment]) tensor.dispose();
});

test('the complements of the betas are not rounded twice', () => {
  const hyper = adamHyper({ learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step: 1 });
  assert.equal([...hyper.subarray(4, 8)], [0.5, Math.fround(Math.sqrt(0.001)), 0.5, Math.fround(0.001)]);
});

test('shapes that differ and channel slices are refused', () => {
  const hyper = zeros(ADAM_HYPER_SIZE);
  const [p, m, v] = [zeros(4), zeros(4), zeros(4)];
  const code = (run: () => void): string | undefined => {
    try {
      run();
    } catch (error) {
      return (error as ShadegradError).code;
    }
    return undefined;
  };
  assert.is(
    code(() => adamStep({ parameters: p, gradients: zeros(5), firstMoment: m, secondMoment: v, hyper })),
    'SHAPE_MISMATCH',
  );
  assert.is(
    code(() => adamStep({ parameters: p, gradients: zeros(4), firstMoment: m, secondMoment: v, hyper: zeros(6) })),
    'SHAPE_MISMATCH',
  );
  const slice = Tensor.from(gpu, new Float32Array(16), [4, 4]).sliceChannels(0, 2);
  const square = (): Tensor => Tensor.from(gpu, new Float32Array(8), [4, 2]);
  assert.is(
    code(() => adamStep({ parameters: slice, gradients: square(), firstMoment: square(), secondMoment: square(), hyper })),
    'INVALID_ARGUMENT',
  );
});

test.run();
