import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expectTable, numberFrom, oneOf, whole, type OptionTable } from '../../src/training/option-table.js';
import { failure } from '../harness/devices.js';

interface Options {
  count: number;
  rate: number;
  mode: string;
  on: boolean;
  even: number;
  note?: string;
}

const TABLE: OptionTable<Options> = {
  count: { flag: { type: 'integer', min: 1, max: 9, description: '' } },
  rate: { flag: { type: 'number', min: 0, description: '' }, default: 0.5 },
  mode: { flag: { type: 'choice', choices: ['fast', 'slow'], default: 'slow', description: '' }, default: 'fast' },
  on: { flag: { type: 'boolean', description: '' }, default: false },
  even: { flag: { type: 'integer', check: (value) => (value % 2 === 0 ? undefined : 'an even number'), description: '' }, default: 2 },
  note: { fits: (value) => typeof value === 'string', expected: 'a text', fix: 'leave it out', optional: true },
};

const complete = (options: object): Options => expectTable('the test', options as Options, TABLE);

test('what is left out has its default, and what has none and may be left out stays away', () => {
  const defaults = { rate: 0.5, mode: 'fast', on: false, even: 2 };
  assert.equal(complete({ count: 3 }), { count: 3, ...defaults });
  assert.equal(complete({ count: 3, rate: undefined, note: undefined }), { count: 3, ...defaults });
  const given = { count: 9, rate: 0, mode: 'slow', on: true, even: -4, note: '' };
  assert.equal(complete(given), given);
});

test('another value is refused by the name of the option, with what its flag takes', async () => {
  const wrong: [object, string, string][] = [
    [{ count: 0 }, 'count of the test', 'expected: a whole number from 1 to 9'],
    [{ count: 10 }, 'received: 10', 'from 1 to 9'],
    [{ count: 1.5 }, 'received: 1.5', 'a whole number'],
    [{ count: '3' }, "received: '3'", 'fix: choose another count'],
    [{ rate: -1 }, 'rate of the test', 'expected: a number from 0'],
    [{ rate: Infinity }, 'received: Infinity', 'fix: leave it out for 0.5'],
    [{ mode: 'idle' }, "expected: 'fast' or 'slow'", "received: 'idle'"],
    [{ on: 'yes' }, 'expected: true or false', "received: 'yes'"],
    [{ on: null }, 'on of the test', 'received: null'],
    [{ even: 3 }, 'even of the test', 'expected: a whole number and an even number'],
    [{ note: 7 }, 'expected: a text', 'fix: leave it out'],
    [{ strange: 1 }, 'the test', 'strange'],
    [{ count: undefined }, 'the test', 'count'],
  ];
  for (const [options, ...words] of wrong) {
    await failure('INVALID_ARGUMENT', () => complete({ count: 3, ...options }), 'fix:', ...words);
  }
});

test('the checks of rows take what they say', () => {
  const cases: [(value: unknown) => boolean, readonly unknown[], readonly unknown[]][] = [
    [whole(0, 3), [0, 3], [-1, 4, 0.5, '1', NaN, null, undefined]],
    [whole(1), [1, Number.MAX_SAFE_INTEGER], [0, Number.MAX_SAFE_INTEGER + 1]],
    [numberFrom(0.5), [0.5, 1e300], [0.4, Infinity, NaN, '1', undefined]],
    [oneOf('a', null), ['a', null], ['b', undefined]],
  ];
  for (const [fits, right, wrong] of cases) {
    for (const value of right) assert.ok(fits(value), String(value));
    for (const value of wrong) assert.not.ok(fits(value), String(value));
  }
});

test.run();
