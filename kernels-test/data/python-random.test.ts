import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pythonShuffle } from '../../src/data/python-random.js';
import golden from '../goldens/python_shuffle.json';

test('things come in the order that Python 3 shuffles them into', () => {
  for (const { count, seed, order } of golden.cases) assert.equal([...pythonShuffle(count, seed)], order, `${count} things, seed ${seed}`);
});

test('as many as CelebA has images, too: the parts are those of the StarGAN program', () => {
  const { count, seed, first, lastOfTest, firstOfTraining, sum } = golden.large;
  const order = pythonShuffle(count, seed);
  assert.equal([...order.subarray(0, first.length)], first);
  assert.is(order[1998], lastOfTest);
  assert.is(order[1999], firstOfTraining);
  assert.is(
    order.reduce((total, index, place) => total + place * index, 0),
    sum,
  );
});

test.run();
