import type { Gpu } from '../../src/gpu/gpu.js';
import { openNodeGpu } from '../../src/node/adapter.js';

/** The device in Node. In browser bundles, platform.web.ts takes this file's place. */
export async function openTestGpu(): Promise<Gpu> {
  return (await openNodeGpu()).gpu;
}
