import type { Gpu } from '../gpu/gpu.js';
import { requestGpu as requestFrom, type GpuRequest } from '../gpu/request.js';

/**
 * Opens a device on the browser's adapter.
 * @throws NO_ADAPTER when the browser has no WebGPU or refuses
 */
export function requestGpu(request: GpuRequest = {}): Promise<Gpu> {
  return requestFrom(navigator.gpu, request);
}
