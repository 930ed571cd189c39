import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CGANGenerator,
  ConditionalDCGANGenerator,
  DCGANGenerator,
  GANGenerator,
  ImageMaker,
  noGrad,
  PatchGAN,
  slerp,
  Tensor,
} from '../../src/index.js';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fillByFormula } from '../harness/weights.js';

const gpu = await testGpu();

test('an image depends on its random numbers and its label alone, and is what forward() makes of them', async () => {
  for (const network of [
    new GANGenerator({ size: 6, nz: 4, units: 8 }),
    new CGANGenerator({ size: 6, nz: 4, labels: 3, noiseUnits: 5, labelUnits: 5, units: 8, outChannels: 3 }),
    new DCGANGenerator({ size: 32, nz: 4, ngf: 2 }),
    new ConditionalDCGANGenerator({ size: 8, nz: 4, labels: 3, ngf: 2, units: 6 }),
  ]) {
    network.to(gpu, { seed: 3 });
    await fillByFormula(network);
    const { labels } = network.takes;
    const { size, channels, black } = network.makes;
    const maker = await ImageMaker.create(gpu, network);
    const drawn = await maker.noise(5, 20);
    assert.equal(await maker.noise(5, 3), drawn.slice(0, 3));
    assert.not.equal(await maker.noise(6, 3), drawn.slice(0, 3));
    const orders = drawn.map((noise, index) => ({ noise, ...(labels > 0 && { label: index % labels }) }));
    const made = await maker.make(orders);
    assert.is(made.length, 20);
    assert.equal(await maker.make([orders[18]!]), [made[18]], network.constructor.name);
    const row = Array.from({ length: labels }, (_, label) => Number(label === 18 % labels));
    const input = Tensor.from(gpu, Float32Array.from([...drawn[18]!, ...row]), [1, 1, 1, 4 + labels]);
    const output = gpu.scope(() => noGrad(() => network.forward(input, { training: false, statistics: 'running' })));
    const [scale, shift] = black === -1 ? [127.5, 127.5] : [255, 0];
    const bytes = (await output.data()).map((value) => value * scale! + shift!);
    const seen = Array.from(made[18]!.data).filter((_, at) => channels === 3 || at % 3 === 0);
    assert.equal([made[18]!.width, made[18]!.height, seen.length], [size, size, bytes.length]);
    assertClose(Float32Array.from(seen), [...bytes], { absolute: 0.51, label: network.constructor.name });
    for (const part of [maker, network, input, output]) part.dispose();
  }
});

test('random numbers are those that the network is trained on', async () => {
  for (const [network, low, high] of [
    [new GANGenerator({ size: 2, units: 2 }), -Math.sqrt(3), Math.sqrt(3)],
    [new CGANGenerator({ size: 2, labels: 2, units: 2 }), 0, 1],
    [new ConditionalDCGANGenerator({ size: 4, labels: 2, ngf: 1, units: 2 }), -1, 1],
  ] as const) {
    network.to(gpu, { seed: 1 });
    const maker = await ImageMaker.create(gpu, network);
    const all = (await maker.noise(1, 16)).flatMap((numbers) => [...numbers]);
    const width = high - low;
    assert.ok(Math.min(...all) >= low && Math.max(...all) <= high);
    assert.ok(Math.min(...all) < low + 0.05 * width && Math.max(...all) > high - 0.05 * width);
    for (const part of [maker, network]) part.dispose();
  }
});

test('slerp turns evenly and goes evenly from one length to the other', () => {
  const [first, second] = [values('first', 50), values('second', 50).map((value) => 3 * value)];
  const length = (each: Float32Array): number => Math.hypot(...each);
  const angle = (a: Float32Array, b: Float32Array): number =>
    Math.acos(a.reduce((sum, value, index) => sum + value * b[index]!, 0) / (length(a) * length(b)));
  assertClose(slerp(first, second, 0), [...first], { absolute: 1e-6, label: 'start' });
  assertClose(slerp(first, second, 1), [...second], { absolute: 1e-5, label: 'end' });
  for (const share of [0.25, 0.5, 0.9]) {
    const between = slerp(first, second, share);
    assert.ok(Math.abs(length(between) / (length(first) + share * (length(second) - length(first))) - 1) < 1e-5);
    assert.ok(Math.abs(angle(first, between) - share * angle(first, second)) < 1e-3);
  }
  const twice = first.map((value) => 2 * value);
  assertClose(slerp(first, twice, 0.5), [...first.map((value) => 1.5 * value)], { absolute: 1e-6, label: 'one direction' });
  assert.equal([...slerp(new Float32Array(2), Float32Array.of(1, 2), 0.5)], [0.5, 1]);
});

test('networks, labels and numbers that cannot be are refused, and nothing is left behind', async () => {
  await gpu.sync();
  const before = gpu.memory();
  const [network, plain] = [new CGANGenerator({ size: 2, nz: 3, labels: 2, units: 2 }), new GANGenerator({ size: 2, nz: 3, units: 2 })];
  await failure(
    'INVALID_ARGUMENT',
    () => ImageMaker.create(gpu, new PatchGAN() as never),
    /generator to make images with/,
    /PatchGAN/,
    /Translator/,
  );
  await failure('INVALID_ARGUMENT', () => ImageMaker.create(gpu, new GANGenerator({ outChannels: 2 })), /1 or 3 channels/);
  await failure('INVALID_ARGUMENT', () => ImageMaker.create(gpu, network), /device/);
  for (const each of [network, plain]) each.to(gpu, { seed: 1 });
  const [maker, other] = [await ImageMaker.create(gpu, network), await ImageMaker.create(gpu, plain)];
  const noise = new Float32Array(3);
  for (const order of [
    { noise },
    { noise, label: 2 },
    { noise, label: -1 },
    { noise, label: 0.5 },
    { noise: new Float32Array(4), label: 0 },
  ])
    await failure('INVALID_ARGUMENT', () => maker.make([order]), /3 random numbers, and a label from 0 to 1/);
  await failure('INVALID_ARGUMENT', () => other.make([{ noise, label: 0 }]), /no label/);
  await failure('INVALID_ARGUMENT', () => maker.noise(-1, 2), /seed of images/);
  await failure('INVALID_ARGUMENT', () => maker.noise(1, 1.5), /count of images/);
  for (const part of [maker, other, network, plain]) part.dispose();
  await gpu.sync();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before.tensors, before.bytesInUse]);
});

test.run();
