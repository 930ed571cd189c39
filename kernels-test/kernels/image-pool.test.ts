import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imagePool } from '../../src/kernels/image-pool.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { elementCount, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

type Draws = readonly (readonly [taken: number, put: number])[];

/** What the images of a batch become, one after the other; `pool` is changed. */
function exchanged(images: Float32Array[], pool: Float32Array[], draws: Draws): Float32Array[] {
  return images.map((image, index) => {
    const [taken, put] = draws[index]!;
    const left = pool[taken] ?? image;
    if (put in pool) pool[put] = image;
    return left;
  });
}

function joined(images: readonly Float32Array[]): number[] {
  return images.flatMap((image) => [...image]);
}

/** Numbers of a shape from an element of wider memory on, so that nothing lies on a multiple of anything. */
function placed(numbers: Float32Array | Int32Array, shape: readonly number[], start: number): Tensor {
  const wide = numbers instanceof Int32Array ? new Int32Array(start + numbers.length + 3) : new Float32Array(start + numbers.length + 3);
  wide.fill(77);
  wide.set(numbers, start);
  return Tensor.from(gpu, wide, [wide.length])
    .channelView(start, start + numbers.length)
    .viewAs(shape);
}

const CASES: readonly { what: string; draws: Draws; places: number }[] = [
  { what: 'an image that stays outside', draws: [[-1, -1]], places: 1 },
  { what: 'an image into a pool of one place', draws: [[0, 0]], places: 1 },
  {
    what: 'images that fill a pool',
    draws: [
      [-1, 0],
      [-1, 1],
      [-1, 2],
    ],
    places: 5,
  },
  {
    what: 'an image that was put there in the same batch',
    draws: [
      [4, 4],
      [-1, -1],
      [4, 4],
    ],
    places: 5,
  },
  {
    what: 'one place, time and again',
    draws: [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    places: 1,
  },
  {
    what: 'an image taken from another place than it is put into',
    draws: [
      [3, 1],
      [1, -1],
    ],
    places: 5,
  },
  {
    what: 'places that the pool lacks',
    draws: [
      [5, 5],
      [-1, 2 ** 31 - 1],
      [-(2 ** 31), 2],
    ],
    places: 5,
  },
];
const SHAPES = [
  [1, 1, 1],
  [31, 7, 3],
  [4, 6, 4],
  [70, 61],
];

for (const { what, draws, places } of CASES)
  for (const shape of SHAPES)
    for (const starts of [
      [0, 0, 0],
      [1, 3, 65],
      [64, 0, 7],
    ] as const)
      test(`${what}: images of [${shape.join(', ')}] from ${starts.join(', ')} on`, async () => {
        const length = elementCount(shape);
        const make = (name: string, count: number): Float32Array[] =>
          Array.from({ length: count }, (_, index) => values(`${name} ${index}`, length));
        const images = make('image', draws.length);
        const before = make('pool', places);
        const x = placed(Float32Array.from(joined(images)), [draws.length, ...shape], starts[0]);
        const pool = placed(Float32Array.from(joined(before)), [places, ...shape], starts[1]);
        const y = imagePool(x, pool, placed(Int32Array.from(draws.flat()), [draws.length, 2], starts[2]));
        const after = [...before];
        // Exact; assert.equal() would draw its picture of a difference for minutes.
        assertClose(await y.data(), joined(exchanged(images, after, draws)), { label: 'the images that left' });
        assert.equal([...y.shape], [draws.length, ...shape]);
        assertClose(await pool.data(), joined(after), { label: 'the pool' });
        assertClose(await x.data(), joined(images), { label: 'the images that came' });
      });

test('nothing beside the pool is written', async () => {
  const wide = Tensor.from(gpu, new Float32Array(30).fill(5), [30]);
  const pool = wide.channelView(7, 19).viewAs([4, 3]);
  const x = Tensor.from(gpu, [1, 2, 3, 4, 5, 6], [2, 3]);
  imagePool(x, pool, Tensor.from(gpu, Int32Array.of(-1, 0, 3, 3), [2, 2]));
  assert.equal([...(await wide.data())], [...Array(7).fill(5), 1, 2, 3, ...Array(6).fill(5), 4, 5, 6, ...Array(11).fill(5)]);
});

test('a recorded exchange does what calls do, with the draws of each run', async () => {
  const zero = (): Tensor => Tensor.from(gpu, new Float32Array(12), [2, 6]);
  const x = Tensor.from(gpu, values('recorded', 12), [2, 6]);
  const draws = Tensor.from(gpu, Int32Array.of(-1, -1, -1, -1), [2, 2]);
  const [recorded, called] = [zero(), zero()];
  const { recording, result } = await gpu.record(() => imagePool(x, recorded, draws));
  for (const [index, each] of [
    [-1, 0, -1, 1],
    [1, 1, -1, -1],
    [0, 0, 0, 0],
  ].entries()) {
    x.write(values(`recorded ${index}`, 12));
    draws.write(Int32Array.from(each));
    recording.run();
    const wanted = imagePool(x, called, draws);
    assert.equal(await result.data(), await wanted.data());
    assert.equal(await recorded.data(), await called.data());
  }
  recording.destroy();
});

test('no gradient passes through a pool', () => {
  const x = Tensor.from(gpu, [1, 2], [1, 2]);
  x.requiresGrad = true;
  const y = imagePool(x, Tensor.from(gpu, [3, 4], [1, 2]), Tensor.from(gpu, Int32Array.of(-1, -1), [1, 2]));
  assert.is(y.requiresGrad, false);
});

test('images, pools and draws that do not fit are refused, and say what fits', async () => {
  const tensor = (...shape: number[]): Tensor => Tensor.from(gpu, new Float32Array(elementCount(shape)), shape);
  const draws = (...shape: number[]): Tensor => Tensor.from(gpu, new Int32Array(elementCount(shape)), shape);
  const x = tensor(2, 4, 3);
  await failure('SHAPE_MISMATCH', () => imagePool(tensor(2), tensor(5), draws(2, 2)), /imagePool/, /\[batch, \.\.\.\]/, /fix: /);
  await failure('SHAPE_MISMATCH', () => imagePool(x, tensor(5, 4, 2), draws(2, 2)), /pool of imagePool/, /\[5, 4, 3\]/, /\[5, 4, 2\]/);
  await failure('SHAPE_MISMATCH', () => imagePool(x, tensor(5, 12), draws(2, 2)), /pool of imagePool/);
  await failure('SHAPE_MISMATCH', () => imagePool(x, tensor(5, 4, 3), draws(1, 2)), /draws of imagePool/, /\[2, 2\]/, /\[1, 2\]/);
  await failure('INVALID_ARGUMENT', () => imagePool(x, tensor(5, 4, 3), tensor(2, 2)), /imagePool/, /i32/);
  const slices = {
    x: [tensor(2, 4, 5).channelView(1, 4), tensor(5, 4, 3), draws(2, 2)],
    pool: [x, tensor(5, 4, 4).channelView(0, 3), draws(2, 2)],
    draws: [x, tensor(5, 4, 3), draws(2, 3).channelView(0, 2)],
  } as const;
  for (const [name, given] of Object.entries(slices))
    await failure('INVALID_ARGUMENT', () => imagePool(...given), new RegExp(`${name} of imagePool`), /channel slice/, /fix: copy/);
});

test.after(() => gpu.sync());
test.run();
