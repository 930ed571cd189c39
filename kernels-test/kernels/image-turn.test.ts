import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageRotate, imageTurn } from '../../src/kernels/image-turn.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import golden from '../goldens/image_turn.json';
import * as reference from '../reference/image-turn.js';

const gpu = await testGpu();

const angles = (degrees: readonly number[]): Float32Array =>
  Float32Array.from(degrees.flatMap((each) => [Math.cos((each * Math.PI) / 180), Math.sin((each * Math.PI) / 180)]));
const pairs = (numbers: Float32Array): Tensor => Tensor.from(gpu, numbers, [numbers.length / 2, 2]);

interface Rotation {
  x: Parameters<typeof generate>[0];
  degrees: number[];
  mode: 'bilinear' | 'nearest';
  y: StoredArray;
}
for (const { x, degrees, mode, y } of golden.rotations as Rotation[]) {
  test(`turned by ${degrees.join(', ')} degrees, ${mode}, as PyTorch samples it: [${x.shape.join(', ')}]`, async () => {
    const result = await imageRotate(Tensor.from(gpu, generate(x), x.shape), pairs(angles(degrees)), { mode }).data();
    assertClose(result, float32(y), { absolute: 2e-5, label: 'turned' });
    if (degrees.every((each) => each === 0)) assert.equal([...result], [...generate(x)], 'no angle, no change');
  });
}

for (const { x, quarters, flipped, y } of golden.turns as { x: Rotation['x']; quarters: number[]; flipped: number[]; y: StoredArray }[]) {
  test(`quarter turns and flips as PyTorch's: [${x.shape.join(', ')}]`, async () => {
    const draws = pairs(Float32Array.from(quarters.flatMap((turns, index) => [turns, flipped[index]!])));
    assert.equal([...(await imageTurn(Tensor.from(gpu, generate(x), x.shape), draws).data())], [...float32(y)]);
  });
}

for (const shape of [
  [1, 1, 1, 3],
  [1, 1, 31, 1],
  [2, 31, 31, 3],
  [3, 17, 30, 7],
  [4, 5, 2, 6],
] as [number, number, number, number][]) {
  for (const mode of ['bilinear', 'nearest'] as const) {
    test(`turned by angles as the reference: [${shape.join(', ')}], ${mode}`, async () => {
      const x = values(
        `turn ${shape.join()}`,
        shape.reduce((product, length) => product * length, 1),
      );
      const turns = angles([7.3, -161.9, 33.1, 78.7].slice(0, shape[0]));
      const result = await imageRotate(Tensor.from(gpu, x, shape), pairs(turns), { mode }).data();
      assertClose(result, reference.rotate(x, shape, turns, mode), { absolute: 3e-5, label: 'turned' });
    });
  }
}

test('four quarter turns are none; images that are not square take half turns alone', async () => {
  const x = values('turns', 2 * 6 * 6 * 3);
  const one = pairs(Float32Array.from([1, 0, 3, 0]));
  let turned = Tensor.from(gpu, x, [2, 6, 6, 3]);
  for (let turn = 0; turn < 4; turn++) turned = imageTurn(turned, one);
  assert.equal([...(await turned.data())], [...x]);
  const wide = Tensor.from(gpu, x, [2, 4, 9, 3]);
  const half = await imageTurn(wide, pairs(Float32Array.from([0, 0, 2, 0]))).data();
  assert.equal(await imageTurn(wide, one).data(), half);
  assert.not.equal([...half], [...x]);
});

test('channel slices are read and written, and a recorded step follows new draws', async () => {
  const shape = [1, 6, 7, 2] as [number, number, number, number];
  const wide = Tensor.from(gpu, values('wide', 6 * 7 * 5), [1, 6, 7, 5]);
  const place = Tensor.from(gpu, new Float32Array(6 * 7 * 4).fill(0.5), [1, 6, 7, 4]);
  const draws = pairs(angles([0]));
  const out = place.sliceChannels(1, 3);
  const { recording } = await gpu.record(() => void imageRotate(wide.sliceChannels(3, 5), draws, { out }));
  for (const degrees of [12, -40]) {
    draws.write(angles([degrees]));
    recording.run();
    const expected = reference.rotate(await wide.sliceChannels(3, 5).data(), shape, angles([degrees]), 'bilinear');
    assertClose(await out.data(), expected, { absolute: 2e-5, label: 'slice' });
  }
  recording.destroy();
  for (const beside of [0, 3]) assert.ok((await place.sliceChannels(beside, beside + 1).data()).every((value) => value === 0.5));
});

test('draws of another number are refused', async () => {
  const x = Tensor.from(gpu, values('refused', 16), [2, 2, 2, 2]);
  await failure('SHAPE_MISMATCH', () => imageRotate(x, pairs(angles([1]))), 'draws of imageRotate');
  await failure('SHAPE_MISMATCH', () => imageTurn(x, x), 'draws of imageTurn');
});

test.run();
