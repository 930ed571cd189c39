import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { isCutOnHost, prepareImage, scaledSize, type PreparePlan } from '../../src/data/preprocess/prepare.js';
import { PREPROCESS, type PreprocessName } from '../../src/data/preprocess/registry.js';
import { resizeBicubic } from '../../src/data/resize.js';
import type { PixelSize } from '../../src/pixel-size.js';
import { failure } from '../harness/devices.js';

const plan = (preprocess: PreprocessName, size: PixelSize, loadSize: PixelSize = size): PreparePlan => ({ preprocess, size, loadSize });

/** An image whose pixels say where they are. */
function placed(width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) image.data.set([x, y, 7], 3 * (y * width + x));
  return image;
}

// As pytorch-CycleGAN-and-pix2pix computes them: widths in proportion round down, none rounds to multiples of 4 as Python's round().
const SCALED: readonly [PreparePlan, own: [number, number], PixelSize][] = [
  [plan('crop', 64), [301, 77], [301, 77]],
  [plan('scale_width', [256, 128]), [512, 256], [256, 128]],
  [plan('scale_width_and_crop', 256, [286, 256]), [1000, 333], [286, 256]],
  [plan('scale_width_and_crop', 256, [286, 256]), [333, 1000], [286, 858]],
  [plan('none', 64), [257, 259], [256, 260]],
  [plan('none', 64), [258, 262], [256, 264]],
  [plan('none', 64), [1, 6], [4, 8]],
  [plan('resize_and_crop', 256, 286), [30, 40], 286],
];

test('images are brought to the sides that the reference has', () => {
  for (const [each, [width, height], expected] of SCALED)
    assert.equal(scaledSize({ width, height }, each), expected, `${each.preprocess} ${width} x ${height}`);
  assert.equal(
    Object.keys(PREPROCESS).filter((name) => isCutOnHost({ preprocess: name as PreprocessName })),
    ['crop', 'scale_width', 'scale_width_and_crop', 'none'],
  );
  assert.not(isCutOnHost({}));
});

test('the cut is where it was chosen, else in the middle', () => {
  const image = placed(21, 12);
  const corner = (cut: RgbImage): number[] => [...cut.data.slice(0, 2), cut.width, cut.height];
  assert.equal(corner(prepareImage(image, plan('crop', [8, 4]), 'p')), [6, 4, 8, 4]);
  assert.equal(corner(prepareImage(image, plan('crop', [8, 4]), 'p', () => ({ cropX: 13, cropY: 8 }))), [13, 8, 8, 4]);
  const given: PixelSize[] = [];
  const scaled = prepareImage(image, plan('scale_width_and_crop', 8, [14, 8]), 'p', (size) => (given.push(size), { cropX: 2, cropY: 0 }));
  assert.equal(given, [[14, 8]]);
  const row = resizeBicubic(image, 14, 8);
  assert.equal([...scaled.data.slice(0, 24)], [...row.data.slice(6, 30)]);
  assert.is(prepareImage(image, plan('crop', [21, 12]), 'p'), image);
});

test('an image that does not come to the size is refused by name, with what to use', async () => {
  const refused = (each: PreparePlan, [width, height]: [number, number], ...words: RegExp[]) =>
    failure('IMAGE_SIZE', () => prepareImage(placed(width, height), each, 'church.png'), /church\.png/, ...words);
  await refused(plan('crop', 16), [20, 12], /at least 16 x 16/, /20 x 12/, /scale_width_and_crop/);
  await refused(plan('none', 16), [22, 12], /16 x 16 pixels/, /24 x 12, of 22 x 12/, /preprocess crop/);
  await refused(plan('scale_width', 8), [12, 20], /8 x 8 pixels/, /8 x 13, of 12 x 20/, /scale_width_and_crop/);
});

test.run();
