import type { Gpu } from '../../src/gpu/gpu.js';
import { openTestGpu } from './platform.js';

let shared: Promise<Gpu> | undefined;

/**
 * The device that the tests of one file share, in Node (`SHADEGRAD_ADAPTER` chooses the driver) and in the
 * browser alike. Whoever runs the file closes it after the last test.
 *
 * @throws NO_ADAPTER: a machine without an adapter fails the tests, it does not skip them
 */
export function testGpu(): Promise<Gpu> {
  shared ??= openTestGpu();
  return shared;
}

/** While the device is open Node's process does not end, so the runner calls this after the last test. */
async function closeTestGpu(): Promise<void> {
  const gpu = await shared?.catch(() => undefined);
  shared = undefined;
  gpu?.destroy();
}

((globalThis as { afterAllTests?: (() => unknown)[] }).afterAllTests ??= []).push(closeTestGpu);
