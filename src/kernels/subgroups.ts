import type { Gpu } from '../gpu/gpu.js';

/** Subgroups are of one known size only by a workgroup that they divide evenly. */
export const WORKGROUP = 64;

/** Lanes of a subgroup that load for the others: a wider one shares among eight, so that its registers suffice. */
export const MAX_LANES = 8;

/**
 * WGSL cannot prove that a subgroup's lanes agree on a branch that depends on their index; that they do follows from
 * how tiles are numbered: a multiple of the subgroup's size shares one group of rows.
 *
 * These kernels take an invocation's lane for its local index modulo the subgroup's size, which WGSL does not promise. The
 * drivers for which the heuristic takes them are tested; on any other the tuner compares what they compute before they may win.
 */
export const SUBGROUP_DIRECTIVES = 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);';

/** The size of the adapter's subgroups where kernels can count on it; null where it varies or does not divide a workgroup. */
export function knownSubgroupSize({ adapter: { subgroupSize } }: Gpu): number | null {
  return subgroupSize !== null && subgroupSize <= WORKGROUP ? subgroupSize : null;
}

/**
 * Whether sharing loads by subgroup pays: on CPU adapters, where a load costs several multiply-adds, if subgroups are wide enough:
 * lavapipe's have 8 lanes, SwiftShader's 4.
 */
export function subgroupsPay(gpu: Gpu): boolean {
  return gpu.adapter.software && (knownSubgroupSize(gpu) ?? 0) >= MAX_LANES;
}
