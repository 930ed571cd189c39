import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greyImage, imageBytes } from '../../src/data/grey.js';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { resizeBicubic } from '../../src/data/resize.js';
import { noGrad } from '../../src/autograd/graph.js';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import { floatToImage, imageToFloat } from '../../src/kernels/image.js';
import type { UNet, UNetOptions } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { Translator } from '../../src/training/translator.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { formulaNetwork, refuses } from '../harness/weights.js';

const gpu = await testGpu();
const generatorOf = async (options: UNetOptions): Promise<UNet> =>
  (await loadNetwork(gpu, formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2, ...options } }))) as UNet;

function picture(width: number, height: number): RgbImage {
  const image = createImage(width, height);
  image.data.set(values(`${width} x ${height}`, image.data.length, 127, 128).map(Math.round));
  return image;
}

/** What forward() itself makes of an image, without a recording. */
async function forwarded(generator: UNet, { width, height, data }: RgbImage): Promise<Uint8Array> {
  const input = Tensor.fromBytes(gpu, data, [1, height, width, 3]);
  const output = gpu.scope(() => noGrad(() => floatToImage(generator.forward(imageToFloat(input), { training: false }))));
  const result = (await output.bytes()).slice();
  for (const tensor of [input, output]) tensor.dispose();
  return result;
}

test('a generator runs on images of any multiples of its size, each as its own; so does a translator', async () => {
  const generator = await generatorOf({});
  const own = await Translator.create(gpu, generator, { dropout: false, size: 'image' });
  for (const [width, height] of [
    [16, 16],
    [48, 32],
    [16, 64],
  ] as const) {
    const image = picture(width, height);
    const expected = await forwarded(generator, image);
    assert.is(expected.length, image.data.length);
    const result = await own.translate(image);
    assert.equal([result.width, result.height], [width, height]);
    assert.equal([...result.data], [...expected], `${width} x ${height}`);
    const fixed = await Translator.create(gpu, generator, { dropout: false, size: [width, height] });
    assert.equal([...(await fixed.translate(image)).data], [...expected]);
    fixed.dispose();
  }
  // Not the small picture made larger.
  const image = picture(32, 32);
  const [small, large] = [
    await Translator.create(gpu, generator, { dropout: false }),
    await Translator.create(gpu, generator, { dropout: false, size: 32 }),
  ];
  assert.is((await small.translate(image)).width, 16);
  assert.not.equal((await large.translate(image)).data, resizeBicubic(await small.translate(image), 32, 32).data);

  // A side that is no multiple goes through the network at the nearest one.
  const odd = picture(45, 20);
  const expected = resizeBicubic({ width: 48, height: 16, data: await forwarded(generator, resizeBicubic(odd, 48, 16)) }, 45, 20);
  assert.equal((await own.translate(odd)).data, expected.data);
  // Made ready once, it may be translated again and again, whatever becomes of the image.
  const fitted = own.fit(odd);
  odd.data.fill(0);
  for (const _ of [1, 2]) assert.equal((await own.translate(fitted)).data, expected.data);
  for (const part of [own, small, large, generator]) part.dispose();
});

test('translations that are not waited for come out as if they were', async () => {
  const generator = await generatorOf({});
  const translator = await Translator.create(gpu, generator, { dropout: false, size: 'image' });
  const images = [picture(16, 16), picture(32, 16), picture(16, 16)];
  const together = await Promise.all(images.map((image) => translator.translate(image)));
  for (const [index, image] of images.entries()) assert.equal(together[index]!.data, (await translator.translate(image)).data);
  translator.dispose();
  generator.dispose();
});

test('a grey generator takes luminance, and gives three channels alike', async () => {
  const colours = picture(16, 16);
  for (const [inChannels, outChannels] of [
    [1, 1],
    [1, 3],
    [3, 1],
  ] as const) {
    const generator = await generatorOf({ inChannels, outChannels });
    const translator = await Translator.create(gpu, generator, { dropout: false });
    const { data } = await translator.translate(colours);
    assert.is(
      data.every((value, at) => value === data[at - (at % 3)]),
      outChannels === 1,
    );
    const ofGrey = (await translator.translate(greyImage(colours))).data;
    assert.is(
      ofGrey.every((value, at) => value === data[at]),
      inChannels === 1,
    );
    translator.dispose();
    generator.dispose();
  }
  // As Pillow's convert('L') has it.
  const image = { width: 5, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 200, 30) };
  assert.equal([...imageBytes(image, 1)], [76, 150, 29, 255, 124]);
});

test('seeds that dropout cannot draw from are refused by name', async () => {
  const translator = await Translator.create(gpu, await generatorOf({}));
  for (const seed of [2 ** 32, -1, 0.5, NaN]) {
    const translate = () => translator.translate(createImage(16, 16), seed);
    await refuses(translate, 'INVALID_ARGUMENT', /seed of a translation/, /from 0 to 4294967295/);
  }
  await translator.translate(createImage(16, 16), 2 ** 32 - 1);
  translator.dispose();
});

test('sizes and channels that a generator does not take are refused, and nothing is left on the device', async () => {
  const generator = await generatorOf({});
  const before = gpu.memory().tensors;
  for (const size of [24, [16, 24], [0, 16], [16], -16, NaN, 1.5] as const)
    await refuses(() => Translator.create(gpu, generator, { size: size as number }), 'INVALID_ARGUMENT', /multiples of 16/);
  await refuses(() => Translator.create(gpu, generator, { size: 2 ** 20 }), 'LIMIT_EXCEEDED', /1048576 x 1048576/);
  assert.is(gpu.memory().tensors, before);
  const two = await generatorOf({ inChannels: 2 });
  await refuses(() => Translator.create(gpu, two), 'INVALID_ARGUMENT', /2 -> 3/);
  const x = Tensor.from(gpu, new Float32Array(24 * 16 * 3), [1, 24, 16, 3]);
  await refuses(
    () => gpu.scope(() => void generator.forward(x, { training: false })),
    'SHAPE_MISMATCH',
    /multiples of this height and width/,
  );
  for (const part of [x, two, generator]) part.dispose();
});

test('what is no image is refused, and so is an image that was fitted already, or to another size', async () => {
  const generator = await generatorOf({});
  const small = await Translator.create(gpu, generator);
  const large = await Translator.create(gpu, generator, { size: 32 });
  const fitted = small.fit(createImage(16, 16));
  await refuses(() => small.fit(undefined as unknown as RgbImage), 'INVALID_ARGUMENT', /the image to translate/, /undefined/);
  await refuses(() => small.translate(null as unknown as RgbImage), 'INVALID_ARGUMENT', /the image to translate/, /null/);
  await refuses(() => small.fit(fitted as unknown as RgbImage), 'INVALID_ARGUMENT', /fit\(\) has made/, /translate\(\)/);
  const none = { width: 0, height: 0, data: new Uint8Array(0) };
  await refuses(() => small.fit(none), 'IMAGE_SIZE', /the sides are none of an image/, /0 x 0/);
  await refuses(() => large.translate(fitted), 'IMAGE_SIZE', /32 x 32 x 3/, /16 x 16/);
  await small.translate(fitted);
  for (const part of [small, large, generator]) part.dispose();
});

test('disposed of, a translator holds nothing, and translates as before when it is asked again', async () => {
  const generator = await generatorOf({});
  const before = gpu.memory().tensors;
  const translator = await Translator.create(gpu, generator, { dropout: false });
  const image = picture(16, 16);
  const first = await translator.translate(image);
  translator.dispose();
  assert.is(gpu.memory().tensors, before);
  assert.equal(await translator.translate(image), first);
  translator.dispose();
  assert.is(gpu.memory().tensors, before);
  generator.dispose();
});

test.run();
