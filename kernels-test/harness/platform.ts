import type { Gpu } from '../../src/gpu/gpu.js';
import { openNodeGpu } from '../../src/node/adapter/adapter.js';

/** The device in Node. In browser bundles, platform.web.ts takes this file's place. */
export async function openTestGpu(): Promise<Gpu> {
  const { gpu, adapterChoice } = await openNodeGpu({ matrixUnits: true });
  // scripts/test.js prints this line once for all files.
  console.log(adapterChoice.summary);
  return gpu;
}
