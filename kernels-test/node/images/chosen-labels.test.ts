import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { labelledFacades } from '../../../src/data/labelled-facades.js';
import { syntheticDigits } from '../../../src/data/synthetic-digits.js';
import type { ShadegradError } from '../../../src/errors.js';
import { withChosenLabels } from '../../../src/node/images/chosen-labels.js';

const digits = syntheticDigits({ count: 60, seed: 1, split: 'train' });

test('of classes those that are chosen stay, with their images, in the order that is asked for', async () => {
  const chosen = withChosenLabels(digits, ['7', '3']);
  const expected = Array.from({ length: 60 }, (_, index) => index).filter((index) => [3, 7].includes(digits.labels.of(index).indexOf(1)));
  assert.ok(expected.length > 2);
  assert.is(chosen.length, expected.length);
  assert.equal([chosen.labels.names, chosen.labels.exclusive], [['7', '3'], true]);
  for (const [position, index] of expected.entries()) {
    assert.equal(chosen.labels.of(position), digits.labels.of(index).indexOf(1) === 7 ? [1, 0] : [0, 1]);
    assert.equal(await chosen.get(position), await digits.get(index));
  }
});

test('of attributes the others are forgotten, and all images stay', () => {
  const facades = labelledFacades({ count: 20, size: 32, seed: 1, split: 'train' });
  const chosen = withChosenLabels(facades, ['night', 'brick']);
  assert.is(chosen.length, 20);
  const [brick, night] = ['brick', 'night'].map((name) => facades.labels.names.indexOf(name)) as [number, number];
  for (let index = 0; index < 20; index++) {
    const own = facades.labels.of(index);
    assert.equal(chosen.labels.of(index), [own[night], own[brick]]);
  }
  assert.equal(chosen.labels.groups, [], 'brick has nothing left that excludes it');
  assert.equal(withChosenLabels(facades, ['brick', 'stone']).labels.groups, [['brick', 'stone']]);
});

test('all of them is the set itself; labels that there are not, or twice, are refused', () => {
  assert.is(withChosenLabels(digits, null), digits);
  assert.is(withChosenLabels(digits, digits.labels.names), digits);
  for (const [names, words] of [
    [['3', '11'], /11/],
    [['3', '3'], /twice/],
  ] as const) {
    assert.throws(
      () => withChosenLabels(digits, names),
      (error: ShadegradError) => error.code === 'DATA_UNREADABLE' && words.test(error.message),
    );
  }
});

test.run();
