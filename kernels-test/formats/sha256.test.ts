import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Sha256 } from '../../src/formats/sha256.js';

test('SHA-256 is that of Node, whatever the length and however it is fed', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7919) % 256);
  for (const length of [0, 1, 55, 56, 63, 64, 65, 127, 128, 1000]) {
    const part = bytes.subarray(0, length);
    const expected = createHash('sha256').update('päir').update(part).digest('hex');
    const fed = new Sha256().update('päir');
    for (let from = 0; from < length; from += 37) fed.update(part.subarray(from, from + 37));
    assert.is(fed.digest('hex'), expected, `${length} bytes`);
  }
});

test.run();
