import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { mul } from '../../src/autograd/ops.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { PatchGAN, type PatchGANOptions } from '../../src/models/patchgan.js';
import { gradientPenalty, OBJECTIVES, type ObjectiveName } from '../../src/schemes/objectives.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/objectives.json';
import { generate, parameterValues, values, type GeneratedArray } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu: Gpu = await testGpu();
const upload = (array: GeneratedArray): Tensor => Tensor.from(gpu, generate(array), array.shape, array.name);

/** The losses as their papers have them, in float64: means over what is said of each patch. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const FORMULAS: Record<ObjectiveName, Record<'real' | 'fake' | 'generator', (logit: number) => number>> = {
  vanilla: { real: (x) => softplus(-x), fake: softplus, generator: (x) => softplus(-x) },
  lsgan: { real: (x) => (x - 1) ** 2, fake: (x) => x ** 2, generator: (x) => (x - 1) ** 2 },
  wgangp: { real: (x) => -x, fake: (x) => x, generator: (x) => -x },
  hinge: { real: (x) => Math.max(0, 1 - x), fake: (x) => Math.max(0, 1 + x), generator: (x) => -x },
};
const NAMES = Object.keys(OBJECTIVES) as ObjectiveName[];
const PARTS = ['real', 'fake', 'generator'] as const;

for (const name of NAMES)
  for (const part of PARTS)
    for (const shape of [[1], [1, 1, 1, 1], [3, 31, 7, 1], [4, 2, 2, 3]])
      test(`${name}: the loss of ${part} is its formula's, for [${shape.join(', ')}]`, async () => {
        const array = { name: `${name} ${part}`, shape, scale: 4, offset: 0.3 };
        const numbers = [...generate(array)];
        const expected = numbers.reduce((sum, logit) => sum + FORMULAS[name][part](logit), 0) / numbers.length;
        const loss = OBJECTIVES[name][part](upload(array));
        assert.is(loss.size, 1);
        assertClose(await loss.data(), [expected], { absolute: 1e-6, relative: 1e-5, label: name });
      });

for (const name of NAMES)
  test(`${name}: logits of any size have losses and gradients that are numbers`, async () => {
    for (const part of PARTS) {
      const logits = Tensor.from(gpu, [0, -0, 1, -1, 200, -200, 1e4, -1e4], [8]);
      logits.requiresGrad = true;
      const loss = OBJECTIVES[name][part](logits);
      backward(loss);
      for (const number of [...(await loss.data()), ...(await logits.grad!.data())])
        assert.ok(Number.isFinite(number), `${part}: ${number}`);
    }
  });

for (const { objective, part, loss, gradient } of golden.losses)
  test(`${objective}: the loss of ${part} and its gradient are PyTorch's`, async () => {
    const logits = upload(golden.logits);
    logits.requiresGrad = true;
    const actual = OBJECTIVES[objective as ObjectiveName][part as 'real'](logits);
    backward(actual);
    assertClose(await actual.data(), [loss], { absolute: 1e-6, relative: 1e-5, label: 'loss' });
    assertClose(await logits.grad!.data(), float32(gradient), { absolute: 1e-7, relative: 1e-5, label: 'gradient' });
  });

test('the goldens have every objective, and Wasserstein alone a penalty', () => {
  assert.equal([...new Set(golden.losses.map(({ objective }) => objective))].sort(), [...NAMES].sort());
  assert.equal(
    NAMES.map((name) => [name, OBJECTIVES[name].penalty]),
    NAMES.map((name) => [name, name === 'wgangp' ? 10 : 0]),
  );
});

const judgeOf = (options: PatchGANOptions): PatchGAN => {
  const judge = new PatchGAN(options).to(gpu, { seed: 1 });
  for (const [name, tensor] of judge.namedParameters()) tensor.write(parameterValues('D', name, tensor.shape));
  return judge;
};
const said =
  (judge: PatchGAN) =>
  (x: Tensor): Tensor =>
    judge.forward(x, { training: true });
const images = (): [real: Tensor, fake: Tensor, shares: Tensor] => [
  upload(golden.images.real),
  upload(golden.images.fake),
  upload(golden.shares),
];
/** Of the weights, in finite differences. */
const STEP = 2e-4;
const number = async (tensor: Tensor): Promise<number> => (await tensor.data())[0]!;

for (const each of golden.penalties)
  test(`the penalty of a PatchGAN (norm: ${each.norm}) and its gradients are PyTorch's`, async () => {
    const judge = judgeOf(each.options as PatchGANOptions);
    const penalty = gradientPenalty(said(judge), ...images());
    backward(penalty);
    assertClose(await penalty.data(), [each.penalty], { relative: 1e-4, label: 'penalty' });
    const parameters = judge.namedParameters();
    const largest = Math.max(...each.gradients.map(({ l2 }) => l2));
    for (const summary of each.gradients as ArraySummary[]) {
      // What no slope depends on may have no gradient at all.
      const gradient = (await parameters.get(summary.name)!.grad?.data()) ?? new Float32Array(summary.shape[0]!);
      // A norm takes the bias before it away again: what is left is rounding.
      if (summary.l2 < 1e-12) assert.ok(Math.hypot(...gradient) < 1e-5 * largest, `${summary.name}: ${Math.hypot(...gradient)}`);
      else assertMatchesSummary(gradient, summary, { relative: 1e-3 });
    }
    judge.dispose();
  });

for (const norm of ['instance', 'none'] as const)
  test(`the penalty's gradient is its slope along any direction: finite differences, norm: ${norm}`, async () => {
    // A leaky ReLU that turns makes the penalty jump, which no gradient tells: few of them, and short steps.
    const judge = new PatchGAN({ inChannels: 3, ndf: 3, layers: 1, norm }).to(gpu, { seed: 1 });
    for (const [name, tensor] of judge.namedParameters()) tensor.write(values(name, tensor.size, 0.3));
    const sample = (name: string): Tensor => Tensor.from(gpu, values(name, 2 * 8 * 8 * 3), [2, 8, 8, 3]);
    const given = [sample('real'), sample('fake'), Tensor.from(gpu, [0.3, 0.8], [2, 1, 1, 1])] as const;
    const penaltyNow = (): Tensor => gradientPenalty(said(judge), ...given);
    backward(penaltyNow());
    for (const [name, tensor] of judge.namedParameters()) {
      // A bias moves no slope but over those corners.
      if (!name.endsWith('.weight')) continue;
      const [weights, gradient] = [await tensor.data(), await tensor.grad!.data()];
      const random = values(`direction of ${name}`, weights.length);
      const [length, most] = [Math.hypot(...random), Math.hypot(...gradient)];
      // Half of it along the gradient, so that there is something to see.
      const direction = random.map((each, index) => 0.5 * (each / length + gradient[index]! / most));
      const expected = direction.reduce((sum, each, index) => sum + each * gradient[index]!, 0);
      const at = async (step: number): Promise<number> => {
        tensor.write(weights.map((each, index) => each + step * direction[index]!));
        return number(gpu.scope(penaltyNow));
      };
      const slope = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
      tensor.write(weights);
      assertClose([slope], [expected], { relative: 0.01, label: name });
    }
    judge.dispose();
  });

test('samples and generated ones get no gradient of a penalty', () => {
  const judge = judgeOf({ inChannels: 3, ndf: 2, layers: 1, norm: 'instance' });
  const [real, fake, shares] = images();
  fake.requiresGrad = true;
  backward(gradientPenalty(said(judge), real, mul(fake, 1), shares));
  assert.is(fake.grad, null);
  judge.dispose();
});

test('the mixture has as much of the real sample as its share says', async () => {
  const [real, fake] = [
    Tensor.from(gpu, new Float32Array(8).fill(3), [2, 2, 2, 1]),
    Tensor.from(gpu, new Float32Array(8).fill(-1), [2, 2, 2, 1]),
  ];
  let mixed: Tensor | undefined;
  const judge = (x: Tensor): Tensor => {
    mixed = x;
    return mul(x, 2);
  };
  await number(gradientPenalty(judge, real, fake, Tensor.from(gpu, [1, 0.25], [2, 1, 1, 1])));
  assert.equal([...(await mixed!.data())], [3, 3, 3, 3, 0, 0, 0, 0]);
});

test('a slope of nothing has a penalty of 1 and gradients of 0, not NaN', async () => {
  const judge = judgeOf({ inChannels: 3, ndf: 2, layers: 1, norm: 'none' });
  for (const tensor of judge.parameters()) tensor.write(new Float32Array(tensor.size));
  const penalty = gradientPenalty(said(judge), ...images());
  backward(penalty);
  assert.is(await number(penalty), 1);
  for (const [name, { grad }] of judge.namedParameters()) {
    if (!grad) continue;
    for (const each of await grad.data()) assert.is(Math.abs(each), 0, name);
  }
  judge.dispose();
});

test('samples and shares that do not fit each other are refused', async () => {
  const tensor = (...shape: number[]): Tensor => Tensor.from(gpu, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const judge = (x: Tensor): Tensor => x;
  const [real, shares] = [tensor(3, 4, 4, 3), tensor(3, 1, 1, 1)];
  await failure('SHAPE_MISMATCH', () => gradientPenalty(judge, tensor(3, 4), tensor(3, 4), shares), /gradientPenalty/);
  await failure('SHAPE_MISMATCH', () => gradientPenalty(judge, real, tensor(1, 4, 4, 3), shares), /generated samples of gradientPenalty/);
  for (const wrong of [tensor(3), tensor(1, 1, 1, 1), tensor(3, 4, 4, 1)])
    await failure(
      'SHAPE_MISMATCH',
      () => gradientPenalty(judge, real, tensor(3, 4, 4, 3), wrong),
      /shares of gradientPenalty/,
      /\[3, 1, 1, 1\]/,
    );
});

test.run();
