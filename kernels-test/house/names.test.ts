// not in browsers: it reads the sources
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine, printableName, quoteName, shortened } from '../../src/formats/names.js';

/** Escape, line break, the second half of the control characters, turned direction, a line's end in Unicode, half a character. */
const HOSTILE = 'a\u001b[2J\n\u009b\u202e\u2028\ud800z';
const UNPRINTED = /[\u0000-\u001f\u007f-\u009f\u202e\u2028\ud800]/;

test('nothing of a hostile name reaches a terminal as it is, and long ones are short', () => {
  for (const print of [oneLine, printableName, quoteName]) {
    assert.not.match(print(HOSTILE), UNPRINTED);
    assert.match(print(HOSTILE), /^"?a.*z"?$/);
  }
  assert.is(oneLine('ä 漢 😀'), 'ä 漢 😀');
  assert.is(printableName('ä 漢 😀'), 'ä 漢 😀');
  assert.is(oneLine('\n'.repeat(9), 20), '\\u{a}\\u{a}\\u{a}\\u...');
  assert.is(quoteName('x'.repeat(5e6)), `"${'x'.repeat(56)}...`);
  assert.equal([shortened('abcdef', 6), shortened('abcdefg', 6)], ['abcdef', 'abc...']);
});

test('what cannot be printed is told in one place', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const own = sources.filter((name) => /\\p\{(?:C[cfs]|Z[lp])\}/.test(readFileSync(join('src', name), 'utf8')));
  assert.equal(own, [join('formats', 'names.ts')]);
});

test.run();
