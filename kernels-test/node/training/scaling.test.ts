// first driver only: no device is used
// not in browsers: what a program in Node says
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scalingNote, scalingWarning } from '../../../src/node/training/scaling.js';

test('a run in f16 whose gradients are never finite is told of while it runs, and at its end', () => {
  const stuck = { leftOut: 1040, scale: 2 ** -11 };
  assert.match(scalingWarning(stuck)!, /not finite in f16.*4\.9e-4; 1,040 updates.*learn nothing.*--precision f32/);
  assert.is(scalingNote(stuck), scalingWarning(stuck));
});

test('a run in f16 that left some updates out says how many at its end alone', () => {
  const some = { leftOut: 3, scale: 128 };
  assert.is(scalingWarning(some), undefined);
  assert.match(scalingNote(some)!, /^3 updates of weights left out.*the loss scale is 128 now$/);
});

test('nothing is said of a run in f32, or of one that left nothing out', () => {
  for (const scaling of [null, { leftOut: 0, scale: 1024 }]) {
    assert.is(scalingWarning(scaling), undefined);
    assert.is(scalingNote(scaling), undefined);
  }
});

test.run();
