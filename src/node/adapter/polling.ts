import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GpuHost } from '../../gpu/host.js';

/**
 * While a promise of Dawn's is pending, its Node binding looks for completion in a `setImmediate` loop that
 * takes a whole core, which a software adapter would rather compute with. This host adds a second
 * `setImmediate` loop that sleeps between looks, and as both take turns the binding's loop slows down too.
 *
 * The sleep grows with the time waited, so that a short wait ends promptly and a long one costs nothing.
 */
const SPIN_MILLISECONDS = 0.3;
const LONGEST_SLEEP_MILLISECONDS = 1;
const SLEEP_PER_WAITED = 0.1;

const sleepCell = new Int32Array(new SharedArrayBuffer(4));
let pending = 0;
let looping = false;
let waitingSince = 0;

function look(): void {
  if (pending === 0) {
    looping = false;
    return;
  }
  const waited = performance.now() - waitingSince;
  if (waited > SPIN_MILLISECONDS) Atomics.wait(sleepCell, 0, 0, Math.min(LONGEST_SLEEP_MILLISECONDS, waited * SLEEP_PER_WAITED));
  setImmediate(look);
}

function settled(): void {
  pending -= 1;
  // What comes next is often quick, so the sleep starts from short again.
  waitingSince = performance.now();
}

/** Slows down Dawn's polling until the promise settles; returns the same promise. */
export function trackPending<T>(promise: Promise<T>): Promise<T> {
  pending += 1;
  waitingSince = performance.now();
  promise.then(settled, settled);
  if (!looping) {
    looping = true;
    setImmediate(look);
  }
  return promise;
}

let collectGarbage: (() => void) | undefined;

/** Collects garbage and lets the binding free what was found: V8 knows nothing of the size of a GPU's objects, and waits too long. */
async function collect(): Promise<void> {
  if (!collectGarbage) {
    setFlagsFromString('--expose-gc');
    collectGarbage = runInNewContext('globalThis.gc ?? (() => {})') as () => void;
    // Contexts of others get no gc() by it.
    setFlagsFromString('--no-expose-gc');
  }
  collectGarbage();
  // Finalizers run in a turn of their own.
  await new Promise((done) => setImmediate(done));
}

/** What a Gpu needs of Node: Dawn polls while a GPU promise is pending, and this slows it down. For openGpu(). */
export const nodeHost: GpuHost = { trackPending, collect };
