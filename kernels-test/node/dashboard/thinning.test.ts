// first driver only: it is about numbers of the host
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { thinned } from '../../../src/node/dashboard/thinning.js';

/** How many entries there are in each tenth of the steps. */
function tenths(entries: readonly { step: number }[], last: number): number[] {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const { step } of entries) counts[Math.floor(((step - 1) * 10) / last)]!++;
  return counts;
}

test('of a long run the beginning is kept as well as the end, though steps come one at a time', () => {
  let entries: { step: number }[] = [];
  for (let step = 1; step <= 20_000; step++) entries = thinned([...entries, { step }], 400);
  assert.ok(entries.length > 100 && entries.length <= 400, String(entries.length));
  const counts = tenths(entries, 20_000);
  assert.ok(Math.min(...counts) > 0 && Math.max(...counts) <= 4 * Math.min(...counts) + 8, counts.join(' '));
});

test('few entries stay as they are, neighbours stay together, and entries far apart are never all left out', () => {
  const steps = (count: number, every = 1, first = 1) => Array.from({ length: count }, (_, index) => ({ step: first + index * every }));
  const few = steps(100);
  assert.is(thinned(few, 100), few);
  assert.equal(
    thinned(steps(64), 40).map(({ step }) => step),
    [1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19, 20, 21, 22, 23, 32, 33, 34, 35, 36, 37, 38, 39, 48, 49, 50, 51, 52, 53, 54, 55, 64],
  );
  const rare = thinned(steps(1000, 4096, 2048), 100);
  assert.ok(rare.length > 40 && rare.length <= 100, String(rare.length));
});

test.run();
