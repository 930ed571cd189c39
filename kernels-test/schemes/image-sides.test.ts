import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greyImage } from '../../src/data/grey.js';
import { centreSquare } from '../../src/data/image.js';
import { resizeBicubic } from '../../src/data/resize.js';
import { realSide, squared } from '../../src/schemes/image-sides.js';
import { pcg } from '../harness/deterministic.js';

// What a step sees of real images of any shape.

const image = { width: 23, height: 17, data: Uint8Array.from({ length: 23 * 17 * 3 }, (_, at) => pcg(at) >>> 24) };

test('one channel is the luminance of the middle, resized; of colours nothing is lost first', () => {
  const square = centreSquare(image);
  const greyFirst = resizeBicubic(greyImage(square), 8, 8);
  assert.not.equal(greyFirst.data, greyImage(resizeBicubic(square, 8, 8)).data, 'resizing rounds: the order matters here');
  assert.equal(squared(image, 8, 1), greyFirst);
  assert.equal(squared(image, 8, 3), resizeBicubic(square, 8, 8));
  assert.equal(squared(image, 17, 3), square);
  assert.equal(
    realSide(1).encode!(image, 8),
    greyFirst.data.filter((_, at) => at % 3 === 0),
  );
});

test.run();
