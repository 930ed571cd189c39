// first driver only: it starts a browser, which has an adapter of its own
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldOf, outputAt, outputsAlong } from '../../examples/app/pages/learn/field.js';
import { featureSheet, nameLayers } from '../../examples/app/pages/learn/maps.js';
import { backward } from '../../src/autograd/backward.js';
import { sum } from '../../src/autograd/ops.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { PixelGAN } from '../../src/models/pixelgan.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { barriers, openApp, shot, smallModel, type TestApp } from '../harness/app.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';

let app: TestApp;
test.before(async () => {
  app = await openApp([await smallModel({ kind: 'unet', options: { size: 64, ngf: 4, norm: 'instance' } })]);
});
test.after(() => app.close());

test('receptive fields are those of the library', () => {
  const sizes = [0, 1, 2, 3, 5].map((layers) => {
    const network = layers === 0 ? new PixelGAN() : new PatchGAN({ layers });
    const field = fieldOf(network);
    assert.is(field.size, network.receptiveField);
    assert.is(field.stride, network.patchStride);
    return field.size;
  });
  assert.equal(sizes, [1, 16, 34, 70, 286]);
  assert.is(outputsAlong(new PatchGAN(), 256), 30);
  assert.is(outputsAlong(new PatchGAN({ layers: 5 }), 64), 0);
});

test('an output sees the pixels that its square has, and no others', async () => {
  const gpu = await testGpu();
  // Norms would see everything.
  const network = new PatchGAN({ inChannels: 1, ndf: 2, layers: 1, norm: 'none' }).to(gpu);
  const side = 32;
  const outputs = outputsAlong(network, side);
  const [column, row] = [outputAt(fieldOf(network), 9, outputs), 3];
  const x = Tensor.from(gpu, values('picture', side * side), [1, side, side, 1]);
  x.requiresGrad = true;
  gpu.scope(() => {
    const logits = network.forward(x);
    assert.is(logits.shape[2], outputs);
    const only = new Float32Array(outputs * outputs);
    only[row * outputs + column] = 1;
    backward(sum(logits.mul(Tensor.from(gpu, only, logits.shape))));
  });
  const gradient = await x.grad!.data();
  const { start, stride, size } = fieldOf(network);
  const isIn = (pixel: number, output: number): boolean => pixel >= start + output * stride && pixel < start + output * stride + size;
  for (let pixel = 0; pixel < side * side; pixel++) {
    const seen = isIn(pixel % side, column) && isIn(Math.floor(pixel / side), row);
    assert.is(gradient[pixel] !== 0, seen, `pixel ${pixel % side}, ${Math.floor(pixel / side)}`);
  }
  network.dispose();
  x.dispose();
});

test('a sheet of features scales each channel by itself, and layers are named by their sizes', () => {
  const sheet = featureSheet({ height: 1, width: 2, channels: 2, data: Float32Array.of(1, 5, 3, 5) }, 64);
  assert.is(sheet.width, 5);
  assert.equal([...sheet.data.filter((_, at) => at % 3 === 0)], [0, 255, 128, 0, 0]);
  const sizes = [4, 2, 1, 2, 4].map((side) => ({ width: side, height: side, channels: 3 }));
  assert.equal(
    nameLayers(sizes).map(({ title, depth }) => `${title.slice(0, 9)} ${depth}`),
    ['Encoder 1 1', 'Encoder 2 2', 'Encoder 3 3', 'Decoder 1 null', 'Decoder 2 null'],
  );
});

test('the steps run live: fields follow the keyboard, layers and seeds change what is seen, skips come back to the bit', async () => {
  const { page, context, problems } = await app.open('#/learn', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  const pixels = async (label: RegExp): Promise<string> => {
    const canvas = page.getByRole('img', { name: label });
    await canvas.waitFor({ timeout: 60_000 });
    return canvas.evaluate((each) => {
      const { width, height } = each as HTMLCanvasElement;
      return (each as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data.join();
    });
  };
  /** Waits until what was pressed is shown: that the page is at work shows with the next frame only. */
  const settled = async (): Promise<void> => {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.locator('section[aria-busy="false"]').waitFor();
  };
  const plain = await pixels(/generator makes/);
  await shot(page, 'learn-1');
  await page.getByRole('button', { name: 'Building 2' }).press('Enter');
  await settled();
  assert.is.not(await pixels(/generator makes/), plain);
  await page.getByRole('button', { name: 'Building 1' }).press('Enter');
  await settled();
  assert.is(await pixels(/generator makes/), plain);

  await page.getByRole('button', { name: 'Next' }).press('Enter');
  const words = page.getByText(/^Output|^It sees/);
  assert.match((await words.textContent())!, /it sees 70 x 70/);
  const options = await page.getByLabel('Discriminator', { exact: true }).locator('option').allTextContents();
  assert.equal(
    options.map((text) => text.split(':')[0]),
    ['1 x 1', '16 x 16', '34 x 34', '70 x 70', '286 x 286'],
  );
  await page.getByLabel('Discriminator', { exact: true }).selectOption({ index: 1 });
  const before = (await words.textContent())!;
  await page.getByLabel('Across', { exact: true }).press('ArrowRight');
  const [, column] = /^Output (\d+)/.exec(before)!;
  await page.getByText(`Output ${Number(column) + 1} of`).waitFor();
  await page.getByRole('img', { name: /judged/ }).hover({ position: { x: 1, y: 1 } });
  await page.getByText('Output 1 of 30 across, 1 of 30 down').waitFor();
  assert.equal(await barriers(page), []);
  await shot(page, 'learn-2');

  await page.getByRole('button', { name: 'Next' }).press('Enter');
  await page.getByText('No discriminator is open.').waitFor();
  const { bytes } = await smallModel({ kind: 'patchgan', options: { ndf: 4, layers: 1 } });
  const file = { name: 'judge.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) };
  await page.locator('input[type=file][aria-label="Open a checkpoint"]').setInputFiles(file);
  await pixels(/^The generator’s picture: taken for real by \d+%/);
  assert.is.not(await pixels(/^The true picture: taken for real by \d+%/), '');
  await shot(page, 'learn-3');

  await page.getByRole('button', { name: /^Step 4/ }).press('Enter');
  const first = await pixels(/Encoder 1: 32 x 32, 4 channels/);
  await shot(page, 'learn-4');
  await page.getByLabel('Layer', { exact: true }).press('ArrowRight');
  assert.is.not(await pixels(/Encoder 2: 16 x 16, 8 channels/), first);
  await page.getByText('One pixel here sees 10 x 10 pixels').waitFor();

  await page.getByRole('button', { name: /^Step 5/ }).press('Enter');
  await settled();
  assert.is(await pixels(/With every skip/), plain);
  await page.getByRole('button', { name: 'All skips off' }).press('Enter');
  await settled();
  assert.is.not(await pixels(/Without 5 of 5/), plain);
  await shot(page, 'learn-5');
  await page.getByRole('button', { name: 'All skips off' }).press('Enter');
  await settled();
  assert.is(await pixels(/With every skip/), plain);

  await page.getByRole('button', { name: /^Step 6/ }).press('Enter');
  await page.getByRole('button', { name: 'Dropout', exact: true }).press('Enter');
  await settled();
  const seedOne = await pixels(/With dropout, seed 1/);
  await page.getByLabel('Seed', { exact: true }).press('ArrowRight');
  await settled();
  assert.is.not(await pixels(/With dropout, seed 2/), seedOne);
  await page.getByLabel('Seed', { exact: true }).press('ArrowLeft');
  await settled();
  assert.is(await pixels(/With dropout, seed 1/), seedOne);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  assert.equal(await barriers(page), []);
  await page.getByRole('link', { name: 'go to Draw' }).press('Enter');
  await page.waitForFunction(() => document.title.startsWith('Draw'));
  assert.equal(problems, []);
  await context.close();
});

test.run();
