// not in browsers: it is about command lines
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseShard, partOf } from '../../../src/node/terminal/shard.js';

test('parts of a list are all of it together, of even lengths, and none has a member of another', () => {
  const list = Array.from({ length: 10 }, (_, at) => at);
  for (const count of [1, 3, 10, 12]) {
    const parts = Array.from({ length: count }, (_, at) => partOf(list, parseShard(`${at + 1}/${count}`)));
    assert.equal(
      parts.flat().sort((a, b) => a - b),
      list,
    );
    const lengths = parts.map(({ length }) => length);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
  assert.equal(partOf(list, parseShard('2/3')), [1, 4, 7]);
});

test('what is no part is refused', () => {
  for (const text of ['0/2', '3/2', '1', '1/0', '-1/2', 'a/b', '1/2/3', '1.5/2', '1/1000000', '']) {
    assert.throws(() => parseShard(text), /--shard has a wrong value/);
  }
});

test.run();
