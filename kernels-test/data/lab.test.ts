import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageOfLab, labOf } from '../../src/data/lab.js';
import golden from '../goldens/lab.json';

test('CIELAB colours are those of scikit-image', () => {
  const data = Uint8Array.from(golden.colours.flat());
  const lab = labOf({ width: golden.colours.length, height: 1, data });
  for (const [at, expected] of golden.lab.flat().entries())
    assert.ok(Math.abs(lab[at]! - expected) < 1e-6, `${golden.colours[Math.floor(at / 3)]!.join()}: ${lab[at]} instead of ${expected}`);
});

test('the way back is that of scikit-image, also for colours that sRGB does not have', () => {
  const { data } = imageOfLab(Float64Array.from(golden.wild.flat()), golden.wild.length, 1);
  for (const [at, expected] of golden.rgb.flat().entries())
    assert.ok(Math.abs(data[at]! - expected) <= 0.5001, `${golden.wild[Math.floor(at / 3)]!.join()}: ${data[at]} instead of ${expected}`);
});

test('there and back, no byte changes', () => {
  const data = Uint8Array.from(golden.colours.flat());
  const [width, height] = [golden.colours.length, 1];
  assert.equal(imageOfLab(labOf({ width, height, data }), width, height).data, data);
});

test.run();
