import { test } from 'uvu';
import type { Gpu } from '../../src/gpu/gpu.js';

/** A test of half precision: on an adapter without `shader-f16`, such as SwiftShader, it is skipped by name, and says so. */
export function testHalf(gpu: Gpu, name: string, body: () => Promise<void>): void {
  if (gpu.features.has('shader-f16')) return test(name, body);
  console.log(`skipped, because the adapter has no shader-f16: ${name}`);
  test.skip(name, body);
}
