import type { Gpu } from '../../src/gpu/gpu.js';
import { supportsTile, WORKGROUP_TILES, type WorkgroupTile } from '../../src/kernels/conv2d/workgroup.js';
import { subgroupsPay } from '../../src/kernels/subgroups.js';

/** The tiles that are chosen without a tuner; the others differ from them in constants alone. */
const UNTUNED: readonly WorkgroupTile[] = ['workgroup32', 'workgroup64', 'workgroup128x64', 'workgroup128'];
const TUNED = WORKGROUP_TILES.filter((tile) => !UNTUNED.includes(tile));

/** The kernels that multiply by tiles. */
const KERNELS = ['matmul', 'forward', 'input_grad', 'weight_grad'] as const;

/**
 * Whether a test runs a kernel with a tile. GPUs run all. On CPU adapters each pipeline compiles for a second or more: SwiftShader, in Node
 * or in a browser, runs the smallest tile alone, and lavapipe each tile that only a tuner chooses in one of the kernels.
 */
export function runsTile(gpu: Gpu, tile: WorkgroupTile, kernel: (typeof KERNELS)[number]): boolean {
  if (tile === 'workgroup32') return true;
  if (!gpu.adapter.software) return supportsTile(gpu, tile);
  const index = TUNED.indexOf(tile);
  return subgroupsPay(gpu) && supportsTile(gpu, tile) && (index < 0 || KERNELS[index % KERNELS.length] === kernel);
}
