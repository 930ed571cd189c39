import type { Tensor } from '../src/tensor/tensor.js';
import type { Workbench } from './workbench.js';

/** Parameters of the networks at 256 x 256, ngf and ndf 64. */
export const COUNTS = { generator: 54_413_955, discriminator: 2_768_705 };
/** As nn/parameter-arena.ts has it. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
/** Read and compared at both ends of a window. */
const CHECKED = 512;

/** Lengths of the windows of so many parameters. */
export function windows(bench: Workbench, count: number): number[] {
  const most = Math.min(MAX_WINDOW_BYTES, bench.gpu.limits.maxStorageBufferBindingSize, bench.gpu.limits.maxBufferSize) / 4;
  const lengths: number[] = [];
  for (let left = count; left > 0; left -= most) lengths.push(Math.min(left, most));
  return lengths;
}

/** Both ends of a window. */
export async function ends(tensor: Tensor): Promise<Float32Array> {
  const { gpu, storage, size } = tensor;
  const parts = await Promise.all([0, size - CHECKED].map((start) => gpu.read(storage, start * 4, CHECKED * 4)));
  const joined = new Float32Array(2 * CHECKED);
  parts.forEach((bytes, index) => joined.set(new Float32Array(bytes.buffer), index * CHECKED));
  return joined;
}
