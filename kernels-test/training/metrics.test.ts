import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PairedDataset } from '../../src/data/dataset.js';
import type { RgbImage } from '../../src/data/image.js';
import type { ShadegradError } from '../../src/errors.js';
import {
  averageMetrics,
  compareImages,
  constantBaseline,
  imageDiversity,
  imageL1,
  imagePsnr,
  imageSsim,
  meanImage,
} from '../../src/training/metrics.js';
import { failure } from '../harness/devices.js';
import golden from '../goldens/metrics.json';

const flat = (width: number, height: number, value: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});
const close = (got: number, wanted: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${got} instead of ${wanted}`);

function datasetOf(images: RgbImage[]): PairedDataset {
  return {
    name: 'test',
    length: images.length,
    get: (i) => ({ name: `${i}`, a: images[i]!, b: flat(images[i]!.width, images[i]!.height, 0) }),
  };
}

test('agrees with the definitions computed in NumPy', () => {
  const decode = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  assert.ok(golden.cases.length >= 6);
  for (const { width, height, a, b, ...wanted } of golden.cases) {
    const got = compareImages({ width, height, data: decode(a) }, { width, height, data: decode(b) });
    close(got.l1, wanted.l1, 1e-12);
    close(got.psnr, wanted.psnr, 1e-12);
    close(got.ssim, wanted.ssim, 1e-9);
  }
});

test('hand values: black against white, a known error, and equality', () => {
  close(imageL1(flat(3, 2, 0), flat(3, 2, 255)), 2);
  close(imagePsnr(flat(3, 2, 0), flat(3, 2, 255)), 0);
  close(imageL1(flat(4, 4, 100), flat(4, 4, 151)), 0.4);
  close(imagePsnr(flat(4, 4, 100), flat(4, 4, 110)), 20 * Math.log10(25.5));
  // Flat images have no variance: SSIM is its luminance term alone.
  const c1 = 2.55 ** 2;
  close(imageSsim(flat(12, 12, 100), flat(12, 12, 150)), (2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1), 1e-9);
  const noisy: RgbImage = { width: 15, height: 14, data: Uint8Array.from({ length: 630 }, (_, i) => (i * i * 31) & 255) };
  assert.is(imageL1(noisy, noisy), 0);
  assert.is(imagePsnr(noisy, noisy), Infinity);
  close(imageSsim(noisy, noisy), 1);
  const inverted = { ...noisy, data: noisy.data.map((v) => 255 - v) };
  assert.ok(imageSsim(noisy, inverted) < 0);
});

test('diversity: black and white, and what equal images have', () => {
  const plain = (value: number): RgbImage => flat(4, 3, value);
  assert.equal(imageDiversity([plain(7), plain(7), plain(7)]), { l1: 0, deviation: 0 });
  assert.equal(imageDiversity([plain(0), plain(255)]), { l1: 2, deviation: 1 });
  // Pairs differ by 30, 60 and 30; the deviation of 0, 30 and 60 is the root of 600.
  const { l1, deviation } = imageDiversity([plain(0), plain(30), plain(60)]);
  assert.ok(Math.abs(l1 - 40 / 127.5) < 1e-12 && Math.abs(deviation - Math.sqrt(600) / 127.5) < 1e-12);
  assert.throws(
    () => imageDiversity([plain(1)]),
    (error: ShadegradError) => error.code === 'INVALID_ARGUMENT',
  );
  assert.throws(
    () => imageDiversity([plain(1), flat(3, 4, 1)]),
    (error: ShadegradError) => error.code === 'SHAPE_MISMATCH',
  );
});

test('images of other sizes are refused', () => {
  for (const measure of [imageL1, imagePsnr, imageSsim]) {
    try {
      measure(flat(4, 6, 0), flat(6, 4, 0));
    } catch (error) {
      assert.is((error as ShadegradError).code, 'SHAPE_MISMATCH');
      assert.match((error as Error).message, '6 x 4');
      continue;
    }
    assert.unreachable('expected an error');
  }
});

test('the mean image and its baseline', async () => {
  const dataset = datasetOf([flat(4, 4, 10), flat(4, 4, 20), flat(4, 4, 60)]);
  const seen: number[] = [];
  const mean = await meanImage(dataset, 'a', (done, total) => seen.push(done, total));
  assert.equal(mean, flat(4, 4, 30));
  assert.equal(seen, [1, 3, 2, 3, 3, 3]);
  const baseline = await constantBaseline(mean, dataset, 'a');
  close(baseline.l1, (20 + 10 + 30) / 3 / 127.5);
  let code = '';
  await meanImage(datasetOf([flat(4, 4, 1), flat(5, 4, 1)]), 'a').catch((error) => (code = error.code));
  assert.is(code, 'SHAPE_MISMATCH');
  assert.equal(
    averageMetrics([
      { l1: 1, psnr: 2, ssim: 3 },
      { l1: 3, psnr: 4, ssim: 5 },
    ]),
    { l1: 2, psnr: 3, ssim: 4 },
  );
  assert.throws(() => averageMetrics([]), /nothing to average/);
});

test('the mean image and its baseline want pairs of images, and at least one', async () => {
  const none = datasetOf([]);
  const holes = {
    ...datasetOf([flat(4, 4, 1), flat(4, 4, 1)]),
    get: (index: number) => (index === 1 ? undefined : { name: 'x', a: flat(4, 4, 1), b: flat(4, 4, 1) }),
  };
  for (const measure of [meanImage, (dataset: PairedDataset, half: 'a' | 'b') => constantBaseline(flat(4, 4, 1), dataset, half)]) {
    await failure('INVALID_ARGUMENT', () => measure(none, 'a'), /length of the data set test/, /received: 0/);
    await failure('INVALID_ARGUMENT', () => measure(holes as unknown as PairedDataset, 'a'), /pair 1 of test/, /received: undefined/);
  }
});

test.run();
