import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad, l1Loss, noGrad, recompute, type Module } from '../../src/index.js';
import { zeroGrad } from '../../src/autograd/gradient-slots.js';
import { batchNorm, conv2d, leakyRelu, mean, mul, pad, square, sum, tanh } from '../../src/autograd/ops.js';
import { fill } from '../../src/kernels/elementwise.js';
import { ResNetGenerator as ResNet } from '../../src/models/resnet.js';
import { UNet } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

function numbers(name: string, shape: readonly number[], requiresGrad = false): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const tensor = Tensor.from(gpu, values(name, size), shape, name).keep();
  tensor.requiresGrad = requiresGrad;
  return tensor;
}

/** What a recorded function leaves in leaves' gradients, and what its recording is like. */
async function recorded(body: () => void, leaves: readonly Tensor[], runs = 1): Promise<{ bits: string; bytes: number; length: number }> {
  zeroGrad(leaves);
  const { recording } = await gpu.record(body);
  for (let run = 0; run < runs; run++) recording.run();
  let bits = '';
  for (const { grad: gradient } of leaves) {
    const found = await gradient!.data();
    assert.ok(
      found.some((number) => number !== 0),
      'gradients that are all zero would always be the same',
    );
    bits += new Uint32Array(found.buffer).join();
  }
  const { bytes, length } = recording;
  recording.destroy();
  return { bits, bytes, length };
}

type Trained = Module & { forward(x: Tensor, options: object): Tensor };

const NETWORKS: readonly (readonly [name: string, share: number, make: () => Trained])[] = [
  ['U-Net with batch norm and dropout', 0.85, () => new UNet({ size: 32, ngf: 4 })],
  ['U-Net with activated skips', 0.95, () => new UNet({ size: 32, ngf: 4, skip: 'leaky', norm: 'instance' })],
  ['ResNet with instance norm', 0.7, () => new ResNet({ ngf: 4, blocks: 3, dropout: 0.5 })],
  ['ResNet of odd widths with batch norm', 0.75, () => new ResNet({ ngf: 3, blocks: 2, norm: 'batch' })],
];

for (const [name, share, make] of NETWORKS) {
  test(`gradients of a ${name} are the same to the bit, and there is less memory`, async () => {
    const network = make().to(gpu, { seed: 5 }) as Trained;
    const [x, target] = [numbers('x', [1, 32, 32, 3]), numbers('target', [1, 32, 32, 3])];
    const leaves = [...network.parameters()];
    const step = (): void => {
      zeroGrad(leaves);
      backward(l1Loss(network.forward(x, { training: true, dropout: true }), target));
    };
    network.advanceDropout(1);
    const plain = await recorded(step, leaves, 2);
    network.advanceDropout(1);
    const again = await recorded(() => recompute(step), leaves, 2);
    assert.ok(again.bits === plain.bits, 'other bits');
    assert.ok(again.bytes < share * plain.bytes, `${again.bytes} bytes of ${plain.bytes}`);
    assert.ok(again.length > plain.length && again.length < 1.3 * plain.length, `${again.length} dispatches, not ${plain.length}`);
    for (const tensor of [x, target]) tensor.dispose();
    network.dispose();
  });
}

test('what an operation was given may be overwritten where its gradient does not read it: the result is kept then', async () => {
  const [x, weight] = [numbers('x', [1, 4, 4, 4], true), numbers('weight', [1, 6, 6, 4], true)];
  const given = await x.data();
  const body = (): void => {
    const loss = sum(mul(pad(x, 1), weight));
    noGrad(() => fill(x, 0));
    backward(loss);
  };
  const plain = await recorded(body, [weight]);
  x.write(given);
  const again = await recorded(() => recompute(body), [weight]);
  assert.ok(again.bits === plain.bits, 'other bits');
  for (const tensor of [x, weight]) tensor.dispose();
});

test('of what a norm was made, whatever is overwritten before backward() is an error or changes nothing', async () => {
  const seen = new Set<string>();
  for (const wanted of ['x', 'gamma', 'beta', 'x gamma beta']) {
    for (const written of ['x', 'gamma', 'beta', 'mean', 'nothing']) {
      const shapes = { x: [2, 3, 3, 4], gamma: [4], beta: [4], mean: [4], variance: [4] };
      const made = Object.entries(shapes).map(([name, shape]) => [name, numbers(name, shape, wanted.split(' ').includes(name))] as const);
      const { x, gamma, beta, mean: average, variance } = Object.fromEntries(made) as Record<keyof typeof shapes, Tensor>;
      const weight = numbers('weight', [2, 3, 3, 4], true);
      const body = (): void => {
        // square() reads the norm's result, which is made again.
        const y = batchNorm(x, gamma, beta, { running: { mean: average, variance }, momentum: 0.1 });
        const loss = sum(mul(square(y), weight));
        const target = made.find(([name]) => name === written)?.[1];
        if (target) noGrad(() => fill(target, 0.5));
        backward(loss);
      };
      const leaves = [weight, ...made.flatMap(([, tensor]) => (tensor.requiresGrad ? [tensor] : []))];
      const contents = await Promise.all(made.map(([, tensor]) => tensor.data()));
      const outcomes: string[] = [];
      for (const each of [body, () => recompute(body)]) {
        made.forEach(([, tensor], index) => tensor.write(contents[index] as Float32Array));
        try {
          outcomes.push((await recorded(each, leaves)).bits);
        } catch (error) {
          outcomes.push((error as { code?: string }).code ?? String(error));
        }
      }
      assert.is(outcomes[1], outcomes[0], `gradients of ${wanted}, with ${written} overwritten`);
      if (/^[A-Z]/.test(outcomes[0]!)) assert.is(outcomes[0], 'STALE_TENSOR');
      seen.add(`${written}: ${/^[A-Z]/.test(outcomes[0]!) ? 'refused' : 'allowed'}`);
      for (const tensor of [weight, ...made.map(([, each]) => each)]) tensor.dispose();
    }
  }
  for (const each of ['x: refused', 'gamma: refused', 'gamma: allowed', 'beta: allowed', 'mean: allowed']) assert.ok(seen.has(each), each);
  assert.not(seen.has('nothing: refused'));
});

test('a hook that does not say what it writes keeps results, one that does and writes elsewhere does not', async () => {
  const [x, weight, other] = [numbers('x', [1, 4, 4, 4], true), numbers('weight', [1, 6, 6, 4], true), numbers('other', [1])];
  const given = await x.data();
  const body = (hook: () => void, writes: readonly Tensor[] | null): void => {
    const loss = sum(mul(pad(x, 1), weight));
    gpu.eachStep(hook, writes);
    backward(loss);
  };
  const overwrite = (): void => x.write(new Float32Array(given.length));
  const silent = await recorded(() => recompute(() => body(overwrite, null)), [weight]);
  x.write(given);
  const plain = await recorded(() => body(() => {}, []), [weight]);
  assert.ok(silent.bits === plain.bits, 'other bits');
  const told = await recorded(() => recompute(() => body(() => other.write([1]), [other])), [weight]);
  assert.ok(told.bits === plain.bits, 'other bits');
  assert.is(silent.length, plain.length);
  assert.is(told.length, plain.length + 1);
  for (const tensor of [x, weight, other]) tensor.dispose();
});

test('of a long row of cheap operations some are kept: the work does not grow with the square of its length', async () => {
  const x = numbers('x', [1, 8, 8, 4], true);
  const chain = (length: number) => (): void => {
    let y = x;
    for (let each = 0; each < length; each++) y = each % 2 ? tanh(y) : leakyRelu(y, 0.3);
    backward(sum(y));
  };
  const plain = await recorded(chain(60), [x]);
  const again = await recorded(() => recompute(chain(60)), [x]);
  assert.ok(again.bits === plain.bits, 'other bits');
  assert.ok(again.length < 1.6 * plain.length, `${again.length} dispatches, not ${plain.length}`);
  assert.ok(again.bytes < 0.5 * plain.bytes, `${again.bytes} bytes of ${plain.bytes}`);
  x.dispose();
});

test('a gradient of gradients is the same to the bit', async () => {
  const [x, weight] = [numbers('x', [1, 8, 8, 4], true), numbers('weight', [3, 3, 4, 4], true)];
  const body = (): void => {
    let y = x;
    for (let layer = 0; layer < 3; layer++) y = tanh(leakyRelu(conv2d(y, weight, null, { padding: 1 }), 0.2));
    const [slope] = grad(sum(y), [x], { createGraph: true });
    backward(mean(square(slope!)));
  };
  const plain = await recorded(body, [weight]);
  const again = await recorded(() => recompute(body), [weight]);
  assert.ok(again.bits === plain.bits, 'other bits');
  for (const tensor of [x, weight]) tensor.dispose();
});

test('operations that run at once are kept, and asynchronous functions are refused', async () => {
  const x = numbers('x', [4], true);
  const given = recompute(() => {
    backward(sum(tanh(x)));
    return 'given';
  });
  assert.is(given, 'given');
  const called = await x.grad!.data();
  zeroGrad([x]);
  backward(sum(tanh(x)));
  assert.equal(await x.grad!.data(), called);
  await failure('INVALID_ARGUMENT', () => recompute(async () => {}), /in recompute\(\)/);
  x.dispose();
});

test.run();
