import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { colorDraws, imageColorJitter, type ColorChange, type ColorDraw } from '../../src/kernels/color-jitter.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { generate, values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import golden from '../goldens/color_jitter.json';
import * as reference from '../reference/color-jitter.js';

const gpu = await testGpu();
const ORDERS: readonly ColorChange[][] = [
  ['brightness', 'contrast', 'saturation', 'hue'],
  ['hue', 'saturation', 'contrast', 'brightness'],
  ['contrast', 'hue', 'brightness', 'saturation'],
  ['saturation', 'brightness', 'hue', 'contrast'],
];
const number = (name: string, low: number, high: number): number => low + ((values(name, 1)[0]! + 1) / 2) * (high - low);

function drawFor(name: string, order: readonly ColorChange[]): ColorDraw {
  const [brightness, contrast, saturation] = ['b', 'c', 's'].map((part) => number(`${name} ${part}`, 0.5, 1.6)) as [number, number, number];
  return { brightness, contrast, saturation, hue: number(`${name} hue`, -0.5, 0.5), order };
}

const drawsTensor = (draws: readonly (ColorDraw | null)[]): Tensor => Tensor.from(gpu, colorDraws(draws), [draws.length, 6]);

for (const { x, draws, y } of golden.cases as unknown as { x: never; draws: (ColorDraw | null)[]; y: never }[]) {
  const { shape, name } = x as { shape: number[]; name: string };
  test(`equals the documented changes: ${name}, [${shape.join(', ')}]`, async () => {
    const images = Tensor.from(gpu, generate(x), shape);
    assertClose(await imageColorJitter(images, drawsTensor(draws)).data(), float32(y), { absolute: 6e-6, label: 'colours' });
  });
}

for (const shape of [
  [1, 1, 1, 3],
  [1, 31, 31, 3],
  [2, 40, 33, 3],
  [3, 31, 5, 1],
  [4, 7, 9, 3],
]) {
  test(`equals the reference: [${shape.join(', ')}]`, async () => {
    const x = values(
      `color ${shape.join()}`,
      shape.reduce((product, length) => product * length, 1),
    );
    // Greys, blacks and whites have no hue of their own.
    x.fill(-1, 0, shape[3]!);
    if (shape[1]! > 1) x.fill(0.25, shape[3]!, 2 * shape[3]!);
    const draws = ORDERS.slice(0, shape[0]).map((order, index) => (index === 2 ? null : drawFor(`draw ${index}`, order)));
    const result = await imageColorJitter(Tensor.from(gpu, x, shape), drawsTensor(draws)).data();
    assertClose(result, reference.colorJitter(x, shape, draws), { absolute: 6e-6, label: 'colours' });
    const size = x.length / shape[0]!;
    if (shape[0]! > 2) assert.equal(result.slice(2 * size, 3 * size), x.slice(2 * size, 3 * size), 'as it was, to the bit');
  });
}

test('channel slices are read and written, and the rest is left alone', async () => {
  const shape = [2, 6, 5, 3];
  const wide = Tensor.from(gpu, values('wide', 2 * 6 * 5 * 7), [2, 6, 5, 7]);
  const place = Tensor.from(gpu, new Float32Array(2 * 6 * 5 * 5).fill(0.5), [2, 6, 5, 5]);
  const draws = [drawFor('first', ORDERS[1]!), drawFor('second', ORDERS[2]!)];
  imageColorJitter(wide.sliceChannels(4, 7), drawsTensor(draws), place.sliceChannels(1, 4));
  const expected = reference.colorJitter(await wide.sliceChannels(4, 7).data(), shape, draws);
  assertClose(await place.sliceChannels(1, 4).data(), expected, { absolute: 6e-6, label: 'slice' });
  for (const beside of [0, 4]) assert.ok((await place.sliceChannels(beside, beside + 1).data()).every((value) => value === 0.5));
});

test('an image of many parts, and a recorded step that follows new draws', async () => {
  const shape = [1, 270, 251, 3];
  const x = values('large', 270 * 251 * 3, 0.7, 0.2);
  const images = Tensor.from(gpu, x, shape);
  const draws = drawsTensor([null]);
  const { recording, result } = await gpu.record(() => imageColorJitter(images, draws));
  for (const order of ORDERS.slice(1, 3)) {
    const draw = drawFor('again', order);
    draws.write(colorDraws([draw]));
    recording.run();
    assertClose(await result.data(), reference.colorJitter(x, shape, [draw]), { absolute: 6e-6, label: 'colours' });
  }
  recording.destroy();
});

test('what is no image of colours, and what is no draw', async () => {
  const images = Tensor.from(gpu, values('refused', 32), [2, 2, 2, 4]);
  const draws = drawsTensor([null, null]);
  await failure('INVALID_ARGUMENT', () => imageColorJitter(images, draws), 'channels');
  await failure('SHAPE_MISMATCH', () => imageColorJitter(images.sliceChannels(0, 3), drawsTensor([null])), 'draws');
  const draw = drawFor('right', ORDERS[0]!);
  for (const wrong of [{ hue: 0.6 }, { contrast: -0.1 }, { brightness: NaN }, { order: ['hue', 'hue', 'contrast', 'brightness'] }]) {
    await failure('INVALID_ARGUMENT', () => colorDraws([{ ...draw, ...wrong } as ColorDraw]), 'colour jitter');
  }
});

test.run();
