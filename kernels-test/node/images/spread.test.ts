import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spread, spreadOver } from '../../../src/data/spread.js';

const length = 20;

test('of a small set all are taken, and more of the others make up for it', () => {
  assert.equal(
    spreadOver({ length, parts: [2, 18] }, 8).sort((a, b) => a - b),
    [0, 1, ...spread(18, 6).map((index) => 2 + index)],
  );
});

test('asked for as many as it gave, it gives the same ones again, however the sets are divided', () => {
  for (const parts of [[20], [10, 10], [15, 5], [5, 15], [1, 19], [2, 3, 15], [0, 20], [1, 1, 1, 17]]) {
    for (const count of [1, 2, 3, 6, 7, 8, 19, 20, 25, 100, Infinity]) {
      const first = spreadOver({ length, parts }, count);
      assert.is(first.length, Math.min(count, length), `${count} of ${parts.join(' + ')}`);
      assert.is(new Set(first).size, first.length);
      assert.equal(spreadOver({ length, parts }, first.length), first, `${count} of ${parts.join(' + ')}`);
    }
  }
});

test('of sets that are large enough as many of each are taken, in turn', () => {
  assert.equal(spreadOver({ length, parts: [10, 10] }, 5), [0, 10, 3, 13, 6]);
});

test.run();
