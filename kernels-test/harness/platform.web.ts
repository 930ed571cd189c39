import type { Gpu } from '../../src/gpu/gpu.js';
import { requestGpu } from '../../src/gpu/request.js';

/** The device in a browser. */
export function openTestGpu(): Promise<Gpu> {
  return requestGpu(navigator.gpu);
}
