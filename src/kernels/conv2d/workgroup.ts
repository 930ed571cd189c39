import type { Gpu } from '../../gpu/gpu.js';
import type { Shader } from '../../gpu/pipeline-cache.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { grid, specialise, storedTypes } from '../kernel.js';
import { operandA, operandB, type Operand } from '../gemm-operands.js';
import convPhaseSource from '../../../shaders/shared/conv_phase.wgsl';
import convShapeSource from '../../../shaders/shared/conv_shape.wgsl';
import gemmSource from '../../../shaders/shared/workgroup_gemm.wgsl';
import forwardSource from '../../../shaders/conv2d_forward_workgroup.wgsl';
import inputGradSource from '../../../shaders/conv2d_input_grad_workgroup.wgsl';
import weightGradSource from '../../../shaders/conv2d_weight_grad_workgroup.wgsl';

/**
 * The constants of shared/workgroup_gemm.wgsl by tile, smallest first. A name says the tile's rows and columns, the terms of a step where
 * these are not 16 ("k8"; not 8 in the largest), and the invocations where each owns more results than in a tile of that size without it.
 * All but the last keep to the limits that every WebGPU device has: at most 256 invocations, and 16 KiB of workgroup memory.
 */
export const TILES = {
  workgroup32: { BM: 32, BN: 32, BK: 16, TM: 4, TN: 4 },
  workgroup32k8: { BM: 32, BN: 32, BK: 8, TM: 4, TN: 4 },
  workgroup32k32: { BM: 32, BN: 32, BK: 32, TM: 4, TN: 4 },
  workgroup64x32: { BM: 64, BN: 32, BK: 16, TM: 8, TN: 4 },
  workgroup64: { BM: 64, BN: 64, BK: 16, TM: 4, TN: 4 },
  workgroup64k8: { BM: 64, BN: 64, BK: 8, TM: 4, TN: 4 },
  workgroup64lanes64: { BM: 64, BN: 64, BK: 16, TM: 8, TN: 8 },
  workgroup64x128: { BM: 64, BN: 128, BK: 16, TM: 8, TN: 8 },
  workgroup128x64: { BM: 128, BN: 64, BK: 16, TM: 8, TN: 8 },
  workgroup128x64k8: { BM: 128, BN: 64, BK: 8, TM: 8, TN: 8 },
  workgroup128: { BM: 128, BN: 128, BK: 8, TM: 8, TN: 8 },
  workgroup128k16: { BM: 128, BN: 128, BK: 16, TM: 8, TN: 8 },
} as const;

/** How large a tile of the result one workgroup computes. */
export type WorkgroupTile = keyof typeof TILES;

/** Every tile, smallest first. */
export const WORKGROUP_TILES = Object.keys(TILES) as readonly WorkgroupTile[];

/** The tiles that are chosen without a tuner, smallest first: which of their neighbours are faster, a device alone can tell. */
const UNTUNED_TILES = ['workgroup32', 'workgroup64', 'workgroup128x64', 'workgroup128'] as const satisfies readonly WorkgroupTile[];

interface Program {
  readonly shader: Shader;
  readonly workgroups: [number, number, number];
}

export function isWorkgroupTile(variant: string): variant is WorkgroupTile {
  return variant in TILES;
}

/** Whether a device has as much workgroup memory as both operands' tiles take, whose rows are one vector longer than the tile. */
export function supportsTile({ device }: Gpu, tile: WorkgroupTile): boolean {
  const { BM, BN, BK } = TILES[tile];
  return BK * (BM / 4 + 1 + BN / 4 + 1) * 16 <= device.limits.maxComputeWorkgroupStorageSize;
}

/** Workgroups that cover a matrix of `rows` x `columns` once. */
export function tilesOf(tile: WorkgroupTile, rows: number, columns: number): number {
  return Math.ceil(rows / TILES[tile].BM) * Math.ceil(columns / TILES[tile].BN);
}

/** Rows of the weight gradient's product: whole quads of each tap's input channels. */
function weightRows([kernelH, kernelW, inC]: Shape): number {
  return kernelH! * kernelW! * Math.ceil(inC! / 4) * 4;
}

function program(name: string, sources: readonly string[], tile: WorkgroupTile, a: Operand, b: Operand, output?: Tensor): Shader {
  return specialise(
    `conv2d_${name}_workgroup`,
    [convShapeSource, a.source, b.source, gemmSource, ...sources],
    { ...TILES[tile], ...a.constants, ...b.constants },
    { ...a.aliases, ...b.aliases, ...(output && storedTypes(1, { output })) },
  );
}

/** Shader and workgroups (of one phase) of the forward or the input-gradient kernel; `channels` and `pixels` are its result's. */
export function workgroupConvProgram(
  kind: 'forward' | 'input_grad',
  tile: WorkgroupTile,
  { input, weight, output, channels, pixels }: { input: Tensor; weight: Tensor; output: Tensor; channels: number; pixels: number },
): Program {
  const vectors = weight.shape[3]! % 4 === 0 && weight.base % 4 === 0;
  const sources = kind === 'forward' ? [forwardSource] : [convPhaseSource, inputGradSource];
  return {
    shader: program(kind, sources, tile, operandA(input), operandB(weight, vectors), output),
    workgroups: grid(tilesOf(tile, pixels, channels), 1),
  };
}

/** Shader and workgroups (of one split) of the weight gradient. */
export function workgroupWeightGradProgram(
  tile: WorkgroupTile,
  { input, gradOutput, weightShape }: { input: Tensor; gradOutput: Tensor; weightShape: Shape },
): Program {
  return {
    shader: program('weight_grad', [weightGradSource], tile, operandA(input), operandB(gradOutput)),
    workgroups: grid(tilesOf(tile, weightRows(weightShape), weightShape[3]!), 1),
  };
}

/** With fewer workgroups than this a large GPU has idle cores: about two for each of 64. */
const ENOUGH_WORKGROUPS = 128;
/** With fewer columns than this most of even the smallest tile would be padding. */
const MIN_COLUMNS = 16;

/**
 * The largest tile that the result fills and that leaves enough workgroups, `copies` times over (phases or splits); the
 * smallest where none does, and null where the result has too few columns for any. Untimed on a GPU.
 */
function largestTile(rows: number, columns: number, copies: number): WorkgroupTile | null {
  if (columns < MIN_COLUMNS) return null;
  const fitting = UNTUNED_TILES.filter(
    (tile) => rows >= TILES[tile].BM && columns >= TILES[tile].BN && tilesOf(tile, rows, columns) * copies >= ENOUGH_WORKGROUPS,
  );
  return fitting.at(-1) ?? 'workgroup32';
}

/** The tile for the forward or the input-gradient kernel; `pixels` are those of each of `phases` phases. Null: none pays. */
export function chooseWorkgroupTile(pixels: number, channels: number, phases: number): WorkgroupTile | null {
  return largestTile(pixels, channels, phases);
}

/** The tile for the weight gradient, whose sum can be cut into up to `splits` parts. Null: none pays. */
export function chooseWorkgroupWeightTile(weightShape: Shape, splits: number): WorkgroupTile | null {
  return largestTile(weightRows(weightShape), weightShape[3]!, splits);
}
