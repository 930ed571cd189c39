import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../src/autograd/backward.js';
import { noGrad, track } from '../src/autograd/graph.js';
import { copy, floatToImage, sum } from '../src/autograd/ops.js';
import { Tensor } from '../src/tensor/tensor.js';
import { failure } from './harness/devices.js';
import { checkGradients } from './harness/gradcheck.js';
import { testGpu } from './harness/gpu.js';

const gpu = await testGpu();

test('copy passes its gradient on', async () => {
  await checkGradients(gpu, { label: 'copy', shapes: [[3, 7]], device: (x) => copy(x), reference: (x) => x! });
});

test('floatToImage rounds, and refuses a gradient loudly', async () => {
  const x = Tensor.from(gpu, [-1, 0, 0.5, 1], [1, 2, 2, 1]);
  x.requiresGrad = true;
  const image = floatToImage(x);
  assert.equal([...(await image.bytes())], [0, 128, 191, 255]);
  const seed = Tensor.from(gpu, [1, 1, 1, 1], [1, 2, 2, 1]);
  await failure('MISSING_GRADIENT', () => backward(image, seed), '"floatToImage"', 'detach()');
  for (const tensor of [x, image, seed]) tensor.dispose();
});

test('what a rule returns is checked', async () => {
  const x = Tensor.from(gpu, [1, 2], [2]);
  x.requiresGrad = true;
  const wrong = (returned: () => Tensor): unknown =>
    gpu.scope(() => backward(sum(track('wrong', [x], noGrad(() => copy(x)), { saved: () => [], backward: () => [returned()] }))));
  await failure('SHAPE_MISMATCH', () => wrong(() => Tensor.empty(gpu, [1])), 'rule of "wrong"', '[2]', '[1]');
  await failure('SHAPE_MISMATCH', () => wrong(() => Tensor.empty(gpu, [2], 'bytes', 'u8')), 'u8');
  x.dispose();
});

test.run();
