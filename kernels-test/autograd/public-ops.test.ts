import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { noGrad, track } from '../../src/autograd/graph.js';
import * as ops from '../../src/autograd/ops.js';
import { copy, floatToImage, sum } from '../../src/autograd/ops.js';
import { Params } from '../../src/gpu/params.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure } from '../harness/devices.js';
import { checkGradients } from '../harness/gradcheck.js';
import { testGpu } from '../harness/gpu.js';

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
    gpu.scope(() =>
      backward(
        sum(
          track(
            'wrong',
            [x],
            noGrad(() => copy(x)),
            { saved: () => [], backward: () => [returned()] },
          ),
        ),
      ),
    );
  await failure('SHAPE_MISMATCH', () => wrong(() => Tensor.empty(gpu, [1])), 'rule of "wrong"', '[2]', '[1]');
  await failure('SHAPE_MISMATCH', () => wrong(() => Tensor.empty(gpu, [2], 'bytes', 'u8')), 'u8');
  x.dispose();
});

test('numbers that float32 cannot hold are refused, not computed with', async () => {
  const x = Tensor.from(gpu, [1, -2], [2]);
  const refused: (() => Tensor)[] = [
    () => ops.mul(x, NaN),
    () => ops.mul(x, 1e39),
    () => ops.leakyRelu(x, NaN),
    () => ops.leakyRelu(x, -1e39),
    () => ops.leakyRelu(x, '0.1' as never),
    () => ops.leakyRelu(x, {} as never),
    () => ops.addScaled(x, x, 1, undefined as never),
    () => ops.addScaled(x, x, NaN, 1),
    () => ops.addScaled(x, x, 1, 1e300),
    () => ops.bceWithLogits(x, NaN),
    () => ops.bceWithLogits(x, 1e39),
  ];
  for (const call of refused) await failure('INVALID_ARGUMENT', call);
  for (const pack of [
    () => new Params().u32(-1),
    () => new Params().u32(1.5),
    () => new Params().u32(2 ** 32),
    () => new Params().i32(2 ** 31),
    () => new Params().u32(NaN),
  ]) {
    await failure('INVALID_ARGUMENT', pack, 'a whole number from');
  }
  assert.equal([...new Float32Array(new Params().f32(Infinity, 3.4e38).pack().buffer)].slice(0, 2), [Infinity, Math.fround(3.4e38)]);
  x.dispose();
});

test.run();
