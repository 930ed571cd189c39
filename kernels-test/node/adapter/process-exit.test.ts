// not in browsers: it is about the end of a process
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeHost, trackPending } from '../../../src/node/adapter/polling.js';
import { ended, runProgram } from '../../harness/bundles.js';

for (const state of ['idle', 'dispatched', 'submitted', 'waited for', 'compiling']) {
  test(`after destroy() the process ends by itself: ${state}`, async () => {
    const output = ended(await runProgram('kernels-test/harness/ending-process.ts', [state], { runner: false, limit: 120_000 }));
    assert.match(output, 'destroyed');
    assert.not.match(output, /unhandled|rejection/i);
    if (state === 'waited for') assert.match(output, /^read DEVICE_LOST$/m);
    if (state === 'compiling') assert.match(output, /^record (DEVICE_LOST|done)$/m);
  });
}

/** A clock on which only sleeping and looking at it take time: how often the host's loop turns does not depend on the machine. */
async function onPretendedClock(body: (clock: { now: number; sleeps: number[] }) => Promise<void>): Promise<void> {
  const clock = { now: 0, sleeps: [] as number[] };
  const { wait } = Atomics;
  // The clock of perf_hooks is the global one; an own property hides its method.
  Object.defineProperty(performance, 'now', { configurable: true, value: () => (clock.now += 0.02) });
  Atomics.wait = ((_cell: Int32Array, _index: number, _value: number, milliseconds: number) => {
    clock.sleeps.push(milliseconds);
    clock.now += milliseconds;
    return 'timed-out';
  }) as typeof Atomics.wait;
  try {
    await body(clock);
  } finally {
    Atomics.wait = wait;
    delete (performance as { now?: unknown }).now;
  }
}

test('while a promise of the device is pending the event loop sleeps between its turns', () =>
  onPretendedClock(async (clock) => {
    let turns = 0;
    const pending = new Promise<void>((done) => {
      const turn = (): void => {
        turns++;
        if (clock.now >= 300) done();
        else setImmediate(turn);
      };
      setImmediate(turn);
    });
    await trackPending(pending);
    // A spin of 0.3 ms, some 40 sleeps that grow to one millisecond, and from the tenth millisecond on one each.
    assert.ok(turns < 400, `${turns} turns in 300 ms`);
    assert.ok(clock.sleeps.length > 300 && turns - clock.sleeps.length < 30, `${clock.sleeps.length} sleeps in ${turns} turns`);
    assert.ok(
      clock.sleeps[0]! < 0.05 && Math.max(...clock.sleeps) === 1,
      `the first sleep is ${clock.sleeps[0]} ms, the longest ${Math.max(...clock.sleeps)}`,
    );
  }));

test('when nothing is pending nothing turns', async () => {
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let scheduled = 0;
  const original = globalThis.setImmediate;
  globalThis.setImmediate = ((...parameters: Parameters<typeof setImmediate>) => {
    scheduled++;
    return original(...parameters);
  }) as typeof setImmediate;
  try {
    await wait(5);
    assert.is(scheduled, 0);
    await nodeHost.trackPending(Promise.resolve());
    await wait(5);
    assert.is(scheduled, 1, 'one turn finds that the promise is settled');
  } finally {
    globalThis.setImmediate = original;
  }
});

test.run();
