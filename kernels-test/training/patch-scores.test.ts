// What a discriminator says of each patch of an image, as numbers and as a picture.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { greyImage } from '../../src/data/grey.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { PixelGAN } from '../../src/models/pixelgan.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { patchOverlay, patchScores } from '../../src/training/patch-scores.js';
import { testGpu } from '../harness/gpu.js';
import { ShadegradError } from '../../src/errors.js';

const gpu = await testGpu();
const picture = (width: number, height: number, seed: number): RgbImage => {
  const image = createImage(width, height);
  return { ...image, data: image.data.map((_, at) => (at * 37 + ((at * seed) % 101) * 13) % 256) };
};

const rejectsWith = async (code: string, work: () => Promise<unknown>): Promise<void> => {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ShadegradError && error.code === code, `${code}: ${String(error)}`);
};

test('scores are the sigmoids of the logits that its training sees, and nothing of it changes', async () => {
  const network = new PatchGAN({ inChannels: 4, ndf: 4 }).to(gpu);
  const [condition, image] = [picture(48, 32, 3), picture(48, 32, 7)];
  const running = async (): Promise<number[][]> =>
    Promise.all([...network.namedTensors()].map(async ([, { value }]) => Array.from((await value.data()) as Float32Array)));
  const kept = await running();
  const scores = await patchScores(gpu, network, [condition, image], { channels: [1, 3] });
  assert.equal(await running(), kept);
  assert.equal([scores.width, scores.height, scores.receptiveField, scores.stride], [4, 2, 70, 8]);
  const grey = greyImage(condition).data;
  const seen = Float32Array.from({ length: 48 * 32 * 4 }, (_, at) => {
    const [pixel, channel] = [at >> 2, at & 3];
    return (channel === 0 ? grey[3 * pixel]! : image.data[3 * pixel + channel - 1]!) / 127.5 - 1;
  });
  const logits = await network.forward(Tensor.from(gpu, seen, [1, 32, 48, 4]), { training: true, dropout: false }).data();
  const expected = Array.from(logits as Float32Array, (logit) => 1 / (1 + Math.exp(-logit)));
  scores.scores.forEach((score, at) => assert.ok(Math.abs(score - expected[at]!) < 1e-5, `${score} ${expected[at]}`));
  assert.ok(Math.abs(scores.mean - expected.reduce((sum, each) => sum + each, 0) / 8) < 1e-5);
  const plain = await patchScores(gpu, network, [condition, image], { channels: [1, 3], verdict: 'scores' });
  plain.scores.forEach((score, at) => assert.ok(Math.abs(score - Math.min(Math.max(logits[at] as number, 0), 1)) < 1e-5));
  network.dispose();
});

test('each pixel by a PixelGAN; what is no map, and other channels, are refused', async () => {
  const network = new PixelGAN({ inChannels: 6, ndf: 4 }).to(gpu);
  const scores = await patchScores(gpu, network, [picture(6, 4, 1), picture(6, 4, 2)]);
  assert.equal([scores.width, scores.height, scores.receptiveField, scores.stride], [6, 4, 1, 1]);
  await rejectsWith('INVALID_ARGUMENT', () => patchScores(gpu, network, []));
  await rejectsWith('INVALID_ARGUMENT', () => patchScores(gpu, network, [picture(6, 4, 1)]));
  await rejectsWith('SHAPE_MISMATCH', () => patchScores(gpu, network, [picture(6, 4, 1), picture(4, 4, 1)]));
  network.dispose();
});

test('an overlay has the heat of a patch in its middle, and is as symmetrical as its map', () => {
  const flat = { ...createImage(64, 64), data: new Uint8Array(64 * 64 * 3).fill(128) };
  const scores = Float32Array.from({ length: 36 }, (_, at) => (at === 2 * 6 + 1 ? 1 : 0));
  const over = patchOverlay(flat, { width: 6, height: 6, scores, stride: 8 });
  const heat = ({ data }: RgbImage, x: number, y: number): number => data[(y * 64 + x) * 3]! + data[(y * 64 + x) * 3 + 1]!;
  // The middles of 6 patches 8 pixels apart lie about the middle of the picture.
  const [x, y] = [31.5 + (1 - 2.5) * 8, 31.5 + (2 - 2.5) * 8];
  let hottest = [0, 0];
  for (let at = 0; at < 64 * 64; at++)
    if (heat(over, at % 64, at >> 6) > heat(over, hottest[0]!, hottest[1]!)) hottest = [at % 64, at >> 6];
  assert.ok(Math.abs(hottest[0]! - x) <= 0.5 && Math.abs(hottest[1]! - y) <= 0.5, String(hottest));
  const mirrored = patchOverlay(flat, { width: 6, height: 6, scores: scores.map((_, at) => scores[at - 2 * (at % 6) + 5]!), stride: 8 });
  for (let at = 0; at < 64 * 64; at += 7) assert.is(heat(mirrored, 63 - (at % 64), at >> 6), heat(over, at % 64, at >> 6));
});

test.run();
