import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import type { ShadegradError } from '../../src/errors.js';
import { imageEdgeAgreement } from '../../src/training/edge-agreement.js';

/** White rectangles on black. */
function rectangles(width: number, height: number, ...boxes: [left: number, top: number, right: number, bottom: number][]): RgbImage {
  const image = createImage(width, height);
  for (const [left, top, right, bottom] of boxes) {
    for (let y = top; y < bottom; y++) image.data.fill(255, (y * width + left) * 3, (y * width + right) * 3);
  }
  return image;
}

test('equal images agree wholly, and so do images without edges', () => {
  const image = rectangles(40, 31, [8, 6, 30, 24]);
  assert.equal(imageEdgeAgreement(image, image), { precision: 1, recall: 1, f1: 1 });
  assert.equal(imageEdgeAgreement(createImage(1, 1), createImage(1, 1)), { precision: 1, recall: 1, f1: 1 });
  assert.equal(imageEdgeAgreement(createImage(7, 3), createImage(7, 3)), { precision: 1, recall: 1, f1: 1 });
});

test('texture costs precision, blur costs recall', () => {
  const target = rectangles(64, 48, [8, 8, 28, 40]);
  const more = rectangles(64, 48, [8, 8, 28, 40], [38, 8, 58, 40]);
  const texture = imageEdgeAgreement(more, target);
  // Two rectangles of one outline: half of the edges are the target's.
  assert.ok(texture.recall === 1 && Math.abs(texture.precision - 0.5) < 0.02, JSON.stringify(texture));
  const blurred = imageEdgeAgreement(target, more);
  assert.equal([blurred.precision, blurred.recall], [texture.recall, texture.precision]);
  assert.ok(Math.abs(texture.f1 - (2 * texture.precision) / (1 + texture.precision)) < 1e-12);
  const none = imageEdgeAgreement(createImage(64, 48), target);
  assert.equal(none, { precision: 1, recall: 0, f1: 0 });
});

test('edges meet within the tolerance, and not beyond it', () => {
  const target = rectangles(64, 64, [16, 0, 64, 64]);
  const moved = rectangles(64, 64, [19, 0, 64, 64]);
  assert.equal(imageEdgeAgreement(moved, target, 2).f1, 0);
  assert.equal(imageEdgeAgreement(moved, target, 3).f1, 1);
  assert.equal(imageEdgeAgreement(target, target, 0).f1, 1);
});

test('other sizes and tolerances are refused', () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return (error as ShadegradError).code;
    }
    return 'none';
  };
  assert.is(
    code(() => imageEdgeAgreement(createImage(4, 6), createImage(6, 4))),
    'SHAPE_MISMATCH',
  );
  for (const tolerance of [-1, 0.5, 17, Number.NaN, '1' as unknown as number]) {
    assert.is(
      code(() => imageEdgeAgreement(createImage(4, 4), createImage(4, 4), tolerance)),
      'INVALID_ARGUMENT',
    );
  }
});

test.run();
