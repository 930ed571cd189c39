import { entries as activation } from './activation.bench.js';
import { entries as adam } from './adam.bench.js';
import { entries as average } from './average.bench.js';
import { entries as batchedMatmul } from './batched-matmul.bench.js';
import { entries as batchNorm } from './batch-norm.bench.js';
import { entries as bias } from './bias.bench.js';
import { entries as clip } from './clip.bench.js';
import { entries as colorJitter } from './color-jitter.bench.js';
import { entries as conv2d } from './conv2d.bench.js';
import { entries as conv2dDirect } from './conv2d-direct.bench.js';
import { entries as conv2dPatches } from './conv2d-patches.bench.js';
import { entries as conv2dWinograd } from './conv2d-winograd.bench.js';
import { entries as dropout } from './dropout.bench.js';
import { entries as elementwise } from './elementwise.bench.js';
import { entries as embedding } from './embedding.bench.js';
import { entries as groupNorm } from './group-norm.bench.js';
import type { BenchEntry } from './harness.js';
import { entries as image } from './image.bench.js';
import { entries as imageValues } from './image-values.bench.js';
import { entries as imagePool } from './image-pool.bench.js';
import { entries as imageTurn } from './image-turn.bench.js';
import { entries as labels } from './labels.bench.js';
import { entries as loss } from './loss.bench.js';
import { entries as lossScale } from './loss-scale.bench.js';
import { entries as map } from './map.bench.js';
import { entries as pad } from './pad.bench.js';
import { entries as pixels } from './pixels.bench.js';
import { entries as pool } from './pool.bench.js';
import { entries as random } from './random.bench.js';
import { entries as reduce } from './reduce.bench.js';
import { entries as sgd } from './sgd.bench.js';
import { entries as softmax } from './softmax.bench.js';
import { entries as stridedCopy } from './strided-copy.bench.js';
import { entries as upsample } from './upsample.bench.js';

/** The entries of each file of src/kernels that dispatches kernels, by the file's name; in the order of the table. */
export const entriesByFile: Readonly<Record<string, readonly BenchEntry[]>> = {
  conv2d,
  'conv2d-winograd': conv2dWinograd,
  'conv2d-patches': conv2dPatches,
  'batch-norm': batchNorm,
  activation,
  elementwise,
  map,
  reduce,
  bias,
  dropout,
  loss,
  'loss-scale': lossScale,
  adam,
  sgd,
  clip,
  average,
  random,
  image,
  'image-pool': imagePool,
  'image-values': imageValues,
  'image-turn': imageTurn,
  pixels,
  'color-jitter': colorJitter,
  'batched-matmul': batchedMatmul,
  'strided-copy': stridedCopy,
  softmax,
  labels,
  pad,
  upsample,
  pool,
  'group-norm': groupNorm,
  embedding,
  'conv2d-direct': conv2dDirect,
};

export const allEntries: readonly BenchEntry[] = Object.values(entriesByFile).flat();

/** The family of each kernel: its file in src/kernels, by the host function's name. */
export const KERNEL_FAMILIES: ReadonlyMap<string, string> = new Map(
  Object.entries(entriesByFile).flatMap(([file, entries]) => entries.map(({ kernel }) => [kernel, file] as const)),
);
