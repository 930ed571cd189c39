import type { Gpu } from '../../src/gpu/gpu.js';
import { supportsTile, WORKGROUP_TILES, type WorkgroupTile } from '../../src/kernels/conv2d/workgroup.js';
import { subgroupsPay } from '../../src/kernels/subgroups.js';

/** The kernels that multiply by tiles. */
const KERNELS = ['matmul', 'forward', 'input_grad', 'weight_grad'] as const;

/**
 * Whether a test runs a kernel with a tile. GPUs run all. On CPU adapters each pipeline compiles for a second or more: SwiftShader, in Node
 * or in a browser, runs the smallest tile alone, and lavapipe each of the others, which differ from it in constants alone, in one kernel.
 */
export function runsTile(gpu: Gpu, tile: WorkgroupTile, kernel: (typeof KERNELS)[number]): boolean {
  if (tile === 'workgroup32') return true;
  if (!gpu.adapter.software) return supportsTile(gpu, tile);
  return subgroupsPay(gpu) && supportsTile(gpu, tile) && KERNELS[WORKGROUP_TILES.indexOf(tile) % KERNELS.length] === kernel;
}
