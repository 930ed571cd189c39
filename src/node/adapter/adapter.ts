import type { Gpu } from '../../gpu/gpu.js';
import { tryMatrixUnits } from '../../kernels/batched-matmul.js';
import { openGpu, type GpuRequest } from '../../gpu/request.js';
import type { AdapterChoice, AdapterRequest } from './choice.js';
import { loadDawn } from './dawn.js';
import { nodeHost } from './polling.js';

/** Options of requestGpu() and openNodeGpu(): which adapter, and what it must have. */
export interface NodeGpuOptions extends GpuRequest {
  /** Which adapter to take. Default: the environment's `SHADEGRAD_ADAPTER`, else `auto`. */
  adapter?: AdapterRequest;
  /** Whether the device's timestamps are not rounded, for benchmarks; see `DawnOptions`. Default false. */
  exactTimestamps?: boolean;
  /** Whether kernels may use units for small matrices, an experimental feature; see `DawnOptions`. Default false. */
  matrixUnits?: boolean;
}

/**
 * Opens a device in Node: a GPU if there is one, else the fastest software driver that can be had.
 *
 * @returns the device, and the adapter that was chosen with a line to print about it
 * @throws NO_ADAPTER with how to get one on this system
 */
export async function openNodeGpu(options: NodeGpuOptions = {}): Promise<{ gpu: Gpu; adapterChoice: AdapterChoice }> {
  const { adapter, adapterChoice } = await loadDawn(options);
  const gpu = await openGpu(adapter, options, nodeHost);
  const refused = await tryMatrixUnits(gpu);
  return { gpu, adapterChoice: { ...adapterChoice, summary: [adapterChoice.summary, ...refused].join('\n') } };
}

/**
 * Opens a device in Node and gives it alone: a GPU if there is one, else the fastest software driver that can be had. The same call as
 * in a browser.
 *
 * @throws NO_ADAPTER with how to get one on this system
 */
export async function requestGpu(options: NodeGpuOptions = {}): Promise<Gpu> {
  return (await openNodeGpu(options)).gpu;
}
