import {
  chooseWorkgroupTile,
  chooseWorkgroupWeightTile,
  isWorkgroupTile,
  supportsTile,
  WORKGROUP_TILES,
  type WorkgroupTile,
} from './workgroup.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Shape } from '../../tensor/shape.js';
import { knownSubgroupSize, subgroupsPay } from '../subgroups.js';
import { PATCHES, patchesPay, supportsPatches } from './patches.js';
import { convMultiplications, convProblemKey, type ConvPass } from './problem.js';
import type { ConvGeometry } from './shape.js';
import { isWinograd, supportsWinograd, WINOGRAD_VARIANTS, winogradCost, type WinogradVariant } from './winograd.js';

/** Channels of which one invocation of a subgroup owns the results. */
export const TILE_CHANNELS = 4;

/**
 * How the kernels share their loads: each invocation loads all it needs ("tile"; "single" for a single output
 * channel), the lanes of a subgroup load for each other ("subgroup"), or a workgroup loads tiles of this size into its
 * memory ("workgroup..."). Or patches become a matrix ("patches"), or most multiplications are not done at all ("winograd...", by the side
 * of a tile of results).
 */
export type ConvVariant = DirectVariant | WinogradVariant | typeof PATCHES;

/** A variant that multiplies every tap with every pixel. */
export type DirectVariant = 'tile' | 'single' | 'subgroup' | WorkgroupTile;

/** Every variant, whether or not an adapter and a layer support it. */
export const CONV_VARIANTS: readonly ConvVariant[] = ['tile', 'single', 'subgroup', ...WORKGROUP_TILES, ...WINOGRAD_VARIANTS, PATCHES];

/** The tensors of a pass; "input" is the side that is read forward, and one of the three is what the pass computes. */
export interface ConvTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly output: Tensor;
}

/** Whether an adapter and a layer can run a variant of a pass at all. */
export function supportsConvVariant(pass: ConvPass, variant: ConvVariant, tensors: ConvTensors, geometry: ConvGeometry): boolean {
  const { input, weight, output } = tensors;
  const { gpu } = input;
  if (isWinograd(variant)) return supportsWinograd(gpu, variant, pass, tensors, geometry);
  if (variant === PATCHES) return supportsPatches(gpu, pass, tensors, geometry);
  if (isWorkgroupTile(variant)) return supportsTile(gpu, variant);
  if (variant === 'single') return weight.shape[3] === 1;
  if (variant !== 'subgroup') return true;
  const vectors =
    pass === 'weight_grad'
      ? input.vectorizable && output.vectorizable && weight.base % 4 === 0
      : weight.shape[3]! % 4 === 0 && weight.base % 4 === 0 && (pass === 'forward' ? output : input).vectorizable;
  return knownSubgroupSize(gpu) !== null && vectors;
}

/** The variant of a pass: gpu.variants', else the heuristic's. */
export function variantFor(pass: ConvPass, tensors: ConvTensors, geometry: ConvGeometry): ConvVariant {
  const { input, weight, output } = tensors;
  return input.gpu.variants.variantFor(
    convProblemKey(pass, input, weight, output, geometry),
    CONV_VARIANTS.filter((variant) => supportsConvVariant(pass, variant, tensors, geometry)),
    () => heuristic(pass, tensors, geometry),
  );
}

/** The variant by the adapter and the layer. */
function heuristic(pass: ConvPass, tensors: ConvTensors, geometry: ConvGeometry): ConvVariant {
  const { gpu } = tensors.input;
  if (subgroupsPay(gpu) && supportsPatches(gpu, pass, tensors, geometry) && patchesPay(tensors, geometry)) return PATCHES;
  const direct = pass === 'weight_grad' ? chooseWeightGradVariant(tensors, geometry) : chooseVariant(pass, tensors, geometry);
  // Timed where products are shared by subgroup alone: on other adapters the tuner finds out.
  return direct === 'subgroup' ? cheapest(pass, tensors, geometry) : direct;
}

/** Winograd's variants have to be estimated so much cheaper than the direct one: what they save is counted, what they cost estimated. */
const CHEAPER = 0.9;

/** "subgroup", or the variant of Winograd's that is clearly cheaper. */
function cheapest(pass: ConvPass, tensors: ConvTensors, geometry: ConvGeometry): ConvVariant {
  const { input, weight, output } = tensors;
  const shapes = { input: input.shape, weight: weight.shape, output: output.shape };
  const direct = convMultiplications(output.shape, weight.shape);
  const [best] = WINOGRAD_VARIANTS.filter((variant) => supportsConvVariant(pass, variant, tensors, geometry))
    .map((variant) => ({ variant, cost: winogradCost(variant, pass, shapes, geometry) }))
    .sort((a, b) => a.cost - b.cost);
  return best && best.cost < CHEAPER * direct ? best.variant : 'subgroup';
}

/**
 * The variant for a layer. On CPU adapters a load costs several multiply-adds, and sharing loads doubles the speed as
 * long as a subgroup is wide enough and full: lavapipe's has 8 lanes, SwiftShader's 4. GPUs get a workgroup tile that
 * fits the pixels of each phase; which one is reasoned, not timed.
 */
function chooseVariant(pass: 'forward' | 'input_grad', tensors: ConvTensors, geometry: ConvGeometry): DirectVariant {
  const { weight } = tensors;
  const result = pass === 'forward' ? tensors.output : tensors.input;
  const { gpu } = result;
  if (weight.shape[3] === 1) return 'single';
  if (!gpu.adapter.software) {
    const [batch, height, width, channels] = result.shape as [number, number, number, number];
    const [strideH, strideW] = pass === 'forward' ? [1, 1] : geometry.stride;
    return chooseWorkgroupTile(batch * Math.ceil(height / strideH) * Math.ceil(width / strideW), channels, strideH * strideW) ?? 'tile';
  }
  const pays = subgroupsPay(gpu) && result.channels >= TILE_CHANNELS * gpu.adapter.subgroupSize!;
  return pays && supportsConvVariant(pass, 'subgroup', tensors, geometry) ? 'subgroup' : 'tile';
}

/** As chooseVariant; the input channels too have to fill a subgroup, and a GPU's workgroups come from splits too. */
function chooseWeightGradVariant(tensors: ConvTensors, geometry: ConvGeometry): DirectVariant {
  const { input, weight: result, output: gradOutput } = tensors;
  const { gpu } = input;
  if (gradOutput.channels === 1) return 'single';
  if (!gpu.adapter.software) return chooseWorkgroupWeightTile(result.shape, splitLimit(gradOutput.shape)) ?? 'tile';
  const channels = Math.min(input.channels, gradOutput.channels);
  const pays = subgroupsPay(gpu) && channels >= TILE_CHANNELS * gpu.adapter.subgroupSize!;
  return pays && supportsConvVariant('weight_grad', 'subgroup', tensors, geometry) ? 'subgroup' : 'tile';
}

/** A split shorter than this spends more on writing partial sums than it wins. */
const MIN_PIXELS_PER_SPLIT = 256;

/** The most splits worth making of the sum over an output of this shape: whole rows, and enough pixels each. */
export function splitLimit([batch, height, width]: Shape): number {
  const rows = batch! * height!;
  return Math.min(rows, Math.max(1, Math.floor((rows * width!) / MIN_PIXELS_PER_SPLIT)));
}
