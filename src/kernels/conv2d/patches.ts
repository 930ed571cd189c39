import type { Gpu } from '../../gpu/gpu.js';
import { Params } from '../../gpu/params.js';
import type { Shape } from '../../tensor/shape.js';
import { Tensor, type DType } from '../../tensor/tensor.js';
import { batchedMatmul, LEAST_COLUMNS } from '../batched-matmul.js';
import { addInto, copy, fill } from '../elementwise.js';
import { grid, specialise, storedTypes } from '../kernel.js';
import { stridedCopy, stridesOf } from '../strided-copy.js';
import { WORKGROUP } from '../subgroups.js';
import type { ConvPass } from './problem.js';
import type { ConvGeometry } from './shape.js';
import reduceSource from '../../../shaders/conv2d_weight_grad_reduce.wgsl';
import patchesSource from '../../../shaders/conv2d_patches.wgsl';
import sumSource from '../../../shaders/conv2d_patches_sum.wgsl';
import shapeSource from '../../../shaders/shared/patches_shape.wgsl';

/**
 * The variant for layers of few channels on one side: the patches of that side become a matrix, and every pass a product of matrices.
 * Where the results are few, the layer is done as the adjoint of one whose inputs are few (see mirrored()).
 */
export const PATCHES = 'patches';

/** Channels of one side up to which it is offered: with more, one tap's channels fill the vectors of the other kernels. */
const MOST_CHANNELS = 16;

/** What of a tensor decides whether it can run. Not a part of Tensor's type: published declarations do not have all of these. */
interface Placed {
  readonly shape: Shape;
  readonly vectorizable: boolean;
  readonly base: number;
  /** Of the weight f32: other sides may be f16, too. */
  readonly dtype: DType;
}

const columnsOf = ([kernelH, kernelW, inC]: Shape): number => kernelH! * kernelW! * inC!;
const rowsOf = ([batch, height, width]: Shape): number => batch! * height! * width!;
const wholeVectors = (count: number): number => Math.ceil(count / 4) * 4;

/** Which side has the patches; null where none can. */
type Side = 'input' | 'output';

interface Sides {
  readonly input: Placed;
  readonly weight: Placed;
  readonly output: Placed;
}

function sideOf({ input, weight, output }: Sides, { stride, padding }: ConvGeometry): Side | null {
  const [kernelH, kernelW, inC, outC] = weight.shape as [number, number, number, number];
  if (weight.base % 4 !== 0 || weight.dtype !== 'f32') return null;
  if (inC <= MOST_CHANNELS && output.vectorizable) return 'input';
  const adjoint = stride[0] === 1 && stride[1] === 1 && padding[0] < kernelH && padding[1] < kernelW;
  return adjoint && outC <= MOST_CHANNELS && input.vectorizable ? 'output' : null;
}

/** Numbers in the matrix of patches, at most. */
function sizeOf(side: Side, { input, weight, output }: Sides): number {
  const [kernelH, kernelW, inC, outC] = weight.shape as [number, number, number, number];
  const [few, rows] = side === 'input' ? [inC, rowsOf(output.shape)] : [outC, rowsOf(input.shape)];
  return rows * wholeVectors(kernelH * kernelW * few + 1);
}

/** Terms of a part of a sum at most: a longer one would lose digits, and leave cores without work. */
const MOST_TERMS = 1024;
/** Parts of a sum at most, in multiples of those that would do, in search of some that are alike. */
const MOST_PARTS = 16;

/** Into how many parts, all of one length, a sum of so many terms is cut: of whole vectors where that can be had; null for none. */
function partsOf(terms: number): number | null {
  const least = Math.ceil(terms / MOST_TERMS);
  let alike: number | null = null;
  for (let parts = least; parts < least * (MOST_PARTS + 1); parts++) {
    if (terms % parts !== 0) continue;
    if ((terms / parts) % 4 === 0) return parts;
    alike ??= parts;
  }
  return alike;
}

/** Numbers in the largest of the matrices of a pass; infinite where its sum cannot be cut into short parts of one length. */
function largestOf(pass: ConvPass, side: Side, sides: Sides): number {
  const [kernelH, kernelW, inC, outC] = sides.weight.shape as [number, number, number, number];
  const [few, many] = side === 'input' ? [inC, outC] : [outC, inC];
  const weights = wholeVectors(kernelH * kernelW * few + 1) * many;
  if (pass !== 'weight_grad') return Math.max(sizeOf(side, sides), weights);
  const parts = partsOf(rowsOf((side === 'input' ? sides.output : sides.input).shape));
  return parts === null ? Infinity : Math.max(sizeOf(side, sides), parts * weights);
}

/** Whether an adapter and a layer can run it: few channels on one side, whole vectors on the other, matrices that fit into a buffer. */
export function supportsPatches(gpu: Gpu, pass: ConvPass, sides: Sides, geometry: ConvGeometry): boolean {
  const side = sideOf(sides, geometry);
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  return side !== null && 4 * largestOf(pass, side, sides) <= Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

/** Channels up to which it is the fastest on a CPU adapter, if those of the other side fill a subgroup's vectors (docs/kernels.md). */
const FEW_CHANNELS = 8;
/** Columns of the matrix from which on it is. */
const FEW_COLUMNS = 16;
/** Multiplications from which on it is: with fewer, the dispatches that it takes more count. */
const LEAST_WORK = 2 ** 22;
/** Bytes of patches for which the heuristic takes it: those of the outermost layers of pix2pix at batch 16. */
const MOST_BYTES = 2 ** 28;

/** Whether it is the fastest for a layer that it supports, on an adapter whose subgroups share loads. */
export function patchesPay(sides: Sides, geometry: ConvGeometry): boolean {
  const [kernelH, kernelW, inC, outC] = sides.weight.shape as [number, number, number, number];
  const side = sideOf(sides, geometry)!;
  const [few, many] = side === 'input' ? [inC, outC] : [outC, inC];
  const size = sizeOf(side, sides);
  const fills = few <= FEW_CHANNELS && kernelH * kernelW * few >= FEW_COLUMNS && many >= LEAST_COLUMNS;
  return fills && size * many >= LEAST_WORK && 4 * size <= MOST_BYTES;
}

/** A layer as the adjoint of another, which has its sides exchanged: of stride 1, with each tap where it meets the same pixels. */
interface Mirrored {
  readonly weight: Tensor;
  readonly geometry: ConvGeometry;
}

/** How a weight and its mirror image lie to each other: taps in reverse, channels of the sides exchanged. */
const mirror = ([kernelH, kernelW, inC, outC]: Shape): {
  shape: Shape;
  offset: number;
  strides: number[];
  geometry(g: ConvGeometry): ConvGeometry;
} => {
  const tap = inC! * outC!;
  return {
    shape: [kernelH!, kernelW!, outC!, inC!],
    offset: (kernelH! * kernelW! - 1) * tap,
    strides: [-kernelW! * tap, -tap, 1, outC!],
    geometry: ({ padding: [top, left] }) => ({ stride: [1, 1], padding: [kernelH! - 1 - top, kernelW! - 1 - left] }),
  };
};

function mirrored(weight: Tensor, geometry: ConvGeometry): Mirrored {
  const { shape, offset, strides, geometry: turned } = mirror(weight.shape);
  const image = Tensor.empty(weight.gpu, shape, 'mirrored weight');
  stridedCopy(shape, { tensor: weight, offset, strides }, { tensor: image, offset: 0, strides: stridesOf(image) });
  return { weight: image, geometry: turned(geometry) };
}

interface Layer {
  readonly input: Tensor;
  readonly weight: Shape;
  readonly output: Shape;
  readonly geometry: ConvGeometry;
  /** Columns of the matrix of patches. */
  readonly pitch: number;
}

function patchesParams({ input, weight, output, geometry, pitch }: Layer, bias: Tensor | null): Params {
  const [batch, height, width, channels] = input.shape as [number, number, number, number];
  return new Params()
    .u32(batch, height, width, channels, input.base, input.rowStride, output[1]!, output[2]!, weight[0]!, weight[1]!)
    .u32(...geometry.stride, ...geometry.padding, pitch, bias ? 1 : 0, bias?.base ?? 0);
}

/** The patches of the input. @param one whether a column of ones follows the taps */
function patchesOf(layer: Layer, one: boolean): Tensor {
  const { input, weight, output, pitch } = layer;
  const patches = Tensor.empty(input.gpu, [rowsOf(output), pitch], 'patches of a convolution');
  input.gpu.dispatch({
    shader: specialise('conv2d_patches', [shapeSource, patchesSource], { ONE: one ? 1 : 0 }, storedTypes(1, { x: input })),
    bindings: [input.read(input.dtype), patches.written()],
    params: patchesParams(layer, null),
    workgroups: grid(rowsOf(output) * weight[0]!, WORKGROUP),
  });
  return patches;
}

/** The weight as a matrix of so many rows: its own, the bias, zeros. */
function matrixOf(weight: Tensor, bias: Tensor | null, rows: number): Tensor {
  const [columns, outC] = [columnsOf(weight.shape), weight.channels];
  const own = weight.viewAs([columns * outC]);
  try {
    if (rows === columns && !bias) return own.viewAs([columns, outC]);
    const matrix = Tensor.empty(weight.gpu, [rows, outC], 'weight and bias of a convolution');
    const flat = matrix.viewAs([rows * outC]);
    const part = (from: number, to: number, run: (target: Tensor) => void): void => {
      const target = flat.channelView(from, to);
      run(target);
      target.dispose();
    };
    part(0, own.size, (target) => copy(own, target));
    let end = own.size;
    if (bias) part(end, (end += outC), (target) => copy(bias, target));
    if (end < flat.size) part(end, flat.size, (target) => fill(target, 0));
    flat.dispose();
    return matrix;
  } finally {
    own.dispose();
  }
}

/** As conv2dForward(), into `output`. */
export function patchesForward(input: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, output: Tensor): void {
  if (sideOf({ input, weight, output }, geometry) === 'input') return forwardOfFew(input, weight, bias, geometry, output);
  const adjoint = mirrored(weight, geometry);
  inputGradOfFew(input, adjoint.weight, bias, adjoint.geometry, output);
  adjoint.weight.dispose();
}

/** As conv2dInputGrad(), into `gradInput`. */
export function patchesInputGrad(gradOutput: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, gradInput: Tensor): void {
  if (sideOf({ input: gradInput, weight, output: gradOutput }, geometry) === 'input')
    return inputGradOfFew(gradOutput, weight, bias, geometry, gradInput);
  const adjoint = mirrored(weight, geometry);
  forwardOfFew(gradOutput, adjoint.weight, bias, adjoint.geometry, gradInput);
  adjoint.weight.dispose();
}

/** As conv2dWeightGrad(), into `gradWeight`. */
export function patchesWeightGrad(
  input: Tensor,
  gradOutput: Tensor,
  geometry: ConvGeometry,
  gradWeight: Tensor,
  accumulate: boolean,
): void {
  if (sideOf({ input, weight: gradWeight, output: gradOutput }, geometry) === 'input')
    return weightGradOfFew(input, gradOutput, geometry, gradWeight, accumulate);
  const { gpu, shape } = gradWeight;
  const turned = mirror(shape);
  const image = Tensor.empty(gpu, turned.shape, 'mirrored weight gradient');
  weightGradOfFew(gradOutput, input, turned.geometry(geometry), image, false);
  const target = accumulate ? Tensor.empty(gpu, shape, 'weight gradient') : gradWeight;
  stridedCopy(
    turned.shape,
    { tensor: image, offset: 0, strides: stridesOf(image) },
    { tensor: target, offset: turned.offset, strides: turned.strides },
  );
  image.dispose();
  if (!accumulate) return;
  addInto(gradWeight, target);
  target.dispose();
}

/** As conv2dForward(), of few input channels. */
function forwardOfFew(input: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, output: Tensor): void {
  const pitch = wholeVectors(columnsOf(weight.shape) + (bias ? 1 : 0));
  const patches = patchesOf({ input, weight: weight.shape, output: output.shape, geometry, pitch }, bias !== null);
  const matrix = matrixOf(weight, bias, pitch);
  batchedMatmul(patches, matrix, {}, { batch: [1], m: patches.rows, n: weight.channels, k: pitch }, output);
  for (const tensor of [patches, matrix]) tensor.dispose();
}

/** As conv2dInputGrad(), of few input channels. */
function inputGradOfFew(gradOutput: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, gradInput: Tensor): void {
  const { gpu, rows } = gradOutput;
  const pitch = wholeVectors(columnsOf(weight.shape));
  const matrix = matrixOf(weight, null, pitch);
  const patches = Tensor.empty(gpu, [rows, pitch], 'gradients of the patches of a convolution');
  batchedMatmul(gradOutput, matrix, { transposeB: true }, { batch: [1], m: rows, n: pitch, k: weight.channels }, patches);
  gpu.dispatch({
    shader: specialise('conv2d_patches_sum', [shapeSource, sumSource], {}, storedTypes(1, { dx: gradInput })),
    bindings: [patches.read(), (bias ?? patches).read(), gradInput.written(gradInput.dtype)],
    params: patchesParams({ input: gradInput, weight: weight.shape, output: gradOutput.shape, geometry, pitch }, bias),
    workgroups: grid(gradInput.rows, WORKGROUP),
  });
  for (const tensor of [patches, matrix]) tensor.dispose();
}

/** As conv2dWeightGrad(), of few input channels. */
function weightGradOfFew(input: Tensor, gradOutput: Tensor, geometry: ConvGeometry, gradWeight: Tensor, accumulate: boolean): void {
  const { gpu, rows, channels } = gradOutput;
  const pitch = wholeVectors(columnsOf(gradWeight.shape));
  const parts = partsOf(rows)!;
  const terms = rows / parts;
  const patches = patchesOf({ input, weight: gradWeight.shape, output: gradOutput.shape, geometry, pitch }, false);
  const [a, b] = [patches.viewAs([parts, terms, pitch]), gradOutput.viewAs([parts, terms, channels])];
  const partial = Tensor.empty(gpu, [parts, pitch, channels], 'partial weight gradients');
  batchedMatmul(a, b, { transposeA: true }, { batch: [parts], m: pitch, n: channels, k: terms }, partial);
  const count = gradWeight.size;
  gpu.dispatch({
    shader: specialise('conv2d_weight_grad_reduce', [reduceSource], { ACCUMULATE: accumulate }),
    bindings: [partial.read(), gradWeight.written()],
    params: new Params().u32(count, parts, pitch * channels, gradWeight.base),
    workgroups: grid(count, 64),
  });
  for (const tensor of [patches, a, b, partial]) tensor.dispose();
}
