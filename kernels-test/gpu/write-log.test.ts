import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { span, WriteLog, writeTime } from '../../src/gpu/write-log.js';

test('a write that was asked for stays as it was when the same place is written again', () => {
  const log = new WriteLog();
  const before = writeTime();
  log.note(span(0, 8), 'first');
  const found = log.since(before, span(0, 4))!;
  log.note(span(0, 8), 'second');
  assert.is(found.by, 'first');
  assert.is(log.since(before, span(0, 4))!.by, 'second');
  assert.is(log.since(found.time, span(0, 4))!.by, 'second', 'the time is the latest');
  assert.is(log.since(writeTime(), span(0, 8)), null);
});

test('of places that are written in turn, each has its own latest write', () => {
  const log = new WriteLog();
  const before = writeTime();
  const odd = { start: 4, rows: 3, length: 4, stride: 8 };
  for (const round of [1, 2]) {
    log.note({ start: 0, rows: 3, length: 4, stride: 8 }, `even ${round}`);
    log.note(odd, `odd ${round}`);
    log.note({ ...odd }, `odd again ${round}`);
  }
  assert.is(log.since(before, span(8, 4))!.by, 'even 2');
  assert.is(log.since(before, span(12, 4))!.by, 'odd again 2');
  assert.is(log.since(before, span(0, 24))!.by, 'odd again 2', 'of several, the latest');
  assert.is(log.since(before, span(24, 4)), null, 'nobody wrote past the end');
});

test('writes to one place take one entry, however many; of too many places the latest are remembered', () => {
  const log = new WriteLog();
  const before = writeTime();
  log.note(span(0, 4), 'the one');
  for (let again = 0; again < 70_000; again++) log.note(span(4, 4), 'another');
  assert.is(log.since(before, span(0, 4))!.by, 'the one');
  for (let place = 0; place < 70_000; place++) log.note(span(8 + 4 * place, 4), `place ${place}`);
  assert.is(log.since(before, span(8 + 4 * 69_999, 4))!.by, 'place 69999');
  assert.is(log.since(before, span(0, 4)), null, 'forgotten');
});

test.run();
