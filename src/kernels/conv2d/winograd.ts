import type { Gpu } from '../../gpu/gpu.js';
import { Params } from '../../gpu/params.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { batchedMatmul, type MatmulOptions } from '../batched-matmul.js';
import { grid, specialise, storedTypes } from '../kernel.js';
import { MAX_LANES, WORKGROUP } from '../subgroups.js';
import { madeOnce } from './made-once.js';
import type { ConvPass } from './problem.js';
import type { ConvGeometry } from './shape.js';
import shapeSource from '../../../shaders/shared/winograd_shape.wgsl';
import gatherSource from '../../../shaders/winograd_gather.wgsl';
import spreadSource from '../../../shaders/winograd_spread.wgsl';
import points3Sums2 from '../../../shaders/winograd/points3_sums2.wgsl';
import points3Taps2 from '../../../shaders/winograd/points3_taps2.wgsl';
import points3Tile from '../../../shaders/winograd/points3_tile.wgsl';
import points4Sums2 from '../../../shaders/winograd/points4_sums2.wgsl';
import points4Sums3 from '../../../shaders/winograd/points4_sums3.wgsl';
import points4Taps2 from '../../../shaders/winograd/points4_taps2.wgsl';
import points4Taps3 from '../../../shaders/winograd/points4_taps3.wgsl';
import points4Tile from '../../../shaders/winograd/points4_tile.wgsl';
import points6Sums3 from '../../../shaders/winograd/points6_sums3.wgsl';
import points6Sums4 from '../../../shaders/winograd/points6_sums4.wgsl';
import points6Taps3 from '../../../shaders/winograd/points6_taps3.wgsl';
import points6Taps4 from '../../../shaders/winograd/points6_taps4.wgsl';
import points6Tile from '../../../shaders/winograd/points6_tile.wgsl';

/** Sums of each way that a tile makes, by variant. */
const SUMS = { winograd2: 2, winograd3: 3, winograd4: 4 } as const;

/** A convolution by Winograd's algorithm: with how many results a tile's side. */
export type WinogradVariant = keyof typeof SUMS;

/** Every one, smallest tile first. */
export const WINOGRAD_VARIANTS = Object.keys(SUMS) as readonly WinogradVariant[];

export function isWinograd(variant: string): variant is WinogradVariant {
  return variant in SUMS;
}

/** The transforms by the number of points, and those between points and a number of taps or sums. */
const TRANSFORMS: Readonly<
  Record<number, { tile: string; taps: Readonly<Record<number, string>>; sums: Readonly<Record<number, string>> }>
> = {
  3: { tile: points3Tile, taps: { 2: points3Taps2 }, sums: { 2: points3Sums2 } },
  4: { tile: points4Tile, taps: { 2: points4Taps2, 3: points4Taps3 }, sums: { 2: points4Sums2, 3: points4Sums3 } },
  6: { tile: points6Tile, taps: { 3: points6Taps3, 4: points6Taps4 }, sums: { 3: points6Sums3, 4: points6Sums4 } },
};

/** What of a tensor decides whether a variant can run. Not a part of Tensor's type: published declarations do not have all of these. */
interface Placed {
  readonly shape: Shape;
  readonly vectorizable: boolean;
  readonly base: number;
}

/** The two sides of a convolution and its weight; "input" is the side that is read forward. */
export interface WinogradSides {
  readonly input: Placed;
  readonly weight: Placed;
  readonly output: Placed;
}

/** How a convolution is cut into tiles. */
interface Form {
  /** Pixels from one tap of a phase to the next: the stride. */
  readonly step: number;
  /** Taps of a phase each way. */
  readonly taps: number;
  /** Results of a tile each way. */
  readonly sums: number;
  /** Points each way. */
  readonly points: number;
}

/** How a variant does a convolution; null where it cannot: the taps of all phases are to be alike, and as many as it has transforms for. */
function formOf(variant: WinogradVariant, [kernelH, kernelW]: Shape, { stride: [step, stepW] }: ConvGeometry): Form | null {
  const sums = SUMS[variant];
  const taps = kernelH! / step;
  const points = taps + sums - 1;
  const transforms = TRANSFORMS[points];
  const known = transforms !== undefined && transforms.taps[taps] !== undefined && transforms.sums[sums] !== undefined;
  return kernelH === kernelW && step === stepW && known ? { step, taps, sums, points } : null;
}

/** Tiles of the pixels of one phase. */
interface Tiles {
  /** [vertical, horizontal] of each image. */
  readonly each: readonly [number, number];
  readonly count: number;
  /** Where the first one begins, [vertical, horizontal]. */
  readonly origin: readonly [number, number];
}

const tiled = (batch: number, lengths: readonly [number, number], sums: number, origin: readonly [number, number]): Tiles => {
  const each = lengths.map((length) => Math.ceil(length / sums)) as [number, number];
  return { each, count: batch * each[0] * each[1], origin };
};

/** The tiles of a pass: of the output, or for the gradient of the input of that, whose phases all have as many. */
function tilesOf(pass: ConvPass, input: Shape, output: Shape, { padding }: ConvGeometry, { step, sums }: Form): Tiles {
  const [batch, ...lengths] = pass === 'input_grad' ? input : output;
  if (pass !== 'input_grad') return tiled(batch!, [lengths[0]!, lengths[1]!], sums, [-padding[0], -padding[1]]);
  // Pixel step * j + a - padding, for a from 0 to step - 1: from the first j with a pixel of any phase to the last.
  const first = padding.map((length) => Math.ceil((length - step + 1) / step)) as [number, number];
  const count = first.map((from, axis) => Math.floor((lengths[axis]! - 1 + padding[axis]!) / step) - from + 1) as [number, number];
  return tiled(batch!, count, sums, first);
}

/** Tiles that a sum over tiles runs over at most: a longer one would lose digits, and leave cores without work. */
const MOST_TERMS = 1024;

/** Into how many sums that over the tiles is cut in the gradient of the weight. */
const splitsOf = (pass: ConvPass, tiles: number): number => (pass === 'weight_grad' ? Math.ceil(tiles / MOST_TERMS) : 1);

const roundUp = (count: number, multiple: number): number => Math.ceil(count / multiple) * multiple;

/** Rows of each point's matrix of tiles: in the gradient of the weight whole vectors in each part of the sum. */
const rowsOf = (pass: ConvPass, tiles: number): number => (pass === 'weight_grad' ? roundUp(tiles, 4 * splitsOf(pass, tiles)) : tiles);

interface ConvShapes {
  readonly input: Shape;
  readonly weight: Shape;
  readonly output: Shape;
}

/** What a pass needs beside its operands. */
interface Matrices {
  /** Elements of the matrices of all points together: of the side that is read forward, of the weight, of the other side. */
  readonly input: number;
  readonly weight: number;
  readonly output: number;
  /** Multiplications that are done, the ends of blocks that a subgroup computes and does not store included. */
  readonly products: number;
}

function matricesOf(pass: ConvPass, { input, output }: Pick<ConvShapes, 'input' | 'output'>, geometry: ConvGeometry, form: Form): Matrices {
  const points = form.points ** 2;
  const { count } = tilesOf(pass, input, output, geometry, form);
  const tiles = rowsOf(pass, count);
  const splits = splitsOf(pass, count);
  const [narrow, wide] = [form.step ** 2 * input[3]!, output[3]!];
  // [rows, columns, terms] of each product.
  const [m, n, k] = { forward: [tiles, wide, narrow], input_grad: [tiles, narrow, wide], weight_grad: [narrow, wide, tiles] }[pass] as [
    number,
    number,
    number,
  ];
  return {
    input: points * tiles * narrow,
    weight: points * splits * narrow * wide,
    output: points * tiles * wide,
    products: points * roundUp(m, SUBGROUP_BLOCK) * roundUp(n, SUBGROUP_BLOCK) * k,
  };
}

/** Rows that a subgroup of eight lanes computes at a time, and columns. */
const SUBGROUP_BLOCK = 4 * MAX_LANES;

/**
 * What a transform costs for each element that it reads or writes, in multiplications of the product: both timed on lavapipe, where an
 * element takes about 1.5 ns of a core and a multiply-add 0.075.
 */
const ELEMENT = 20;

/** Bytes that a pass may need beside its operands for the heuristic to take it: enough for the layers of pix2pix at batch 16. */
const MOST_BYTES = 2 ** 28;

/** Estimates the work of a pass on a CPU adapter, in multiplications of a convolution; infinite for one that needs very much memory. */
export function winogradCost(variant: WinogradVariant, pass: ConvPass, shapes: ConvShapes, geometry: ConvGeometry): number {
  const form = formOf(variant, shapes.weight, geometry)!;
  const { products, ...matrices } = matricesOf(pass, shapes, geometry, form);
  const held = matrices.input + matrices.weight + matrices.output;
  if (4 * held > MOST_BYTES) return Infinity;
  const moved = held + elementCount(shapes.input) + elementCount(shapes.weight) + elementCount(shapes.output);
  return products + ELEMENT * moved;
}

/** Whether an adapter and a layer can run a variant: channels in whole vectors, and matrices that fit into a buffer of the device. */
export function supportsWinograd(
  gpu: Gpu,
  variant: WinogradVariant,
  pass: ConvPass,
  sides: WinogradSides,
  geometry: ConvGeometry,
): boolean {
  const { input, weight, output } = sides;
  const form = formOf(variant, weight.shape, geometry);
  const vectors = input.vectorizable && output.vectorizable && weight.base % 4 === 0;
  if (form === null || !vectors) return false;
  const matrices = matricesOf(pass, { input: input.shape, output: output.shape }, geometry, form);
  const largest = Math.max(matrices.input, matrices.weight, matrices.output);
  return 4 * largest <= Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize);
}

/** The image that a transform reads or writes: a tensor, or weights, whose pixels are the taps. */
interface Image {
  readonly tensor: Tensor;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixelStride: number;
}

const imageOf = (tensor: Tensor): Image => {
  const [, height, width, channels] = tensor.shape as [number, number, number, number];
  return { tensor, height, width, channels, pixelStride: tensor.rowStride };
};

const tapsOf = (tensor: Tensor, [height, width, inC, outC]: Shape): Image => {
  return { tensor, height: height!, width: width!, channels: inC! * outC!, pixelStride: inC! * outC! };
};

/** Of weights there is one tile, which holds every tap of a phase. */
const ONE_TILE: Tiles = { each: [1, 1], count: 1, origin: [0, 0] };

interface Transform {
  readonly source: string;
  readonly side: number;
  readonly points: number;
  /** Pixels of the image from one pixel of a tile to the next. */
  readonly step: number;
  /** Pixels of a phase from one tile to the next. */
  readonly across: number;
  readonly tiles: Tiles;
  /** Rows of each point's matrix. */
  readonly rows: number;
}

interface TransformOptions {
  /** Whether tiles are read from their ends. */
  readonly flipped?: boolean;
  readonly splits?: number;
  /** Columns of a product. */
  readonly line?: number;
  readonly bias?: Tensor | null;
  readonly accumulate?: boolean;
}

function transformParams(
  { height, width, channels, pixelStride, tensor }: Image,
  { side, step, across, tiles, rows }: Transform,
  { flipped = false, splits = 1, line = 1, bias = null, accumulate = false }: TransformOptions,
): Params {
  return new Params()
    .u32(height, width, channels, tensor.base, pixelStride, step, across)
    .i32(flipped ? -step : step, ...tiles.origin.map((from) => (flipped ? from + (side - 1) * step : from)))
    .u32(...tiles.each, tiles.count, rows, splits, line, bias ? 1 : 0, bias?.base ?? 0, accumulate ? 1 : 0);
}

const rowsGrid = ({ channels }: Image, { step, rows }: Transform): [number, number, number] =>
  grid((rows * step * step * channels) / 4, WORKGROUP);

/** An image that is evaluated at the points. */
interface Operand {
  readonly image: Image;
  readonly transform: Transform;
  /** Whether tiles are read from their ends. */
  readonly flipped?: boolean;
  /** Columns of each point's matrix. */
  readonly columns: number;
  /** Whether it is a weight, which stays as it is for several passes. */
  readonly lasting?: boolean;
}

/** Where the results of a pass go. */
interface Result {
  readonly image: Image;
  readonly transform: Transform;
  readonly bias?: Tensor | null;
  readonly accumulate?: boolean;
}

/** Evaluates the tiles of an image at the points. @returns [points * points, rows, phases * channels] */
function spread({ image, transform, flipped = false }: Operand): Tensor {
  const { source, side, points, step, rows } = transform;
  const { gpu } = image.tensor;
  const result = Tensor.empty(gpu, [points * points, rows, step * step * image.channels], 'points of a Winograd convolution');
  gpu.dispatch({
    shader: specialise(
      'winograd_spread',
      [shapeSource, source, spreadSource],
      { SIDE: side, POINTS: points },
      storedTypes(4, { image: image.tensor }),
    ),
    bindings: [image.tensor.read(image.tensor.dtype), result.written()],
    params: transformParams(image, transform, { flipped }),
    workgroups: rowsGrid(image, transform),
  });
  return result;
}

/**
 * Makes tiles of an image of the products at the points, which are sums of so many.
 *
 * @param products [rows of a product, points * points * splits, columns of a product]
 */
function gather(products: Tensor, { image, transform, bias = null, accumulate = false }: Result, splits: number): void {
  const { source, side, points } = transform;
  image.tensor.gpu.dispatch({
    shader: specialise(
      'winograd_gather',
      [shapeSource, source, gatherSource],
      { SIDE: side, POINTS: points },
      storedTypes(4, { image: image.tensor }),
    ),
    bindings: [products.read(), (bias ?? products).read(), image.tensor.written(image.tensor.dtype)],
    params: transformParams(image, transform, { splits, line: products.channels, bias, accumulate }),
    workgroups: rowsGrid(image, transform),
  });
}

/** A pass: both operands at the points, a product for each point and each part of its sum, and back. */
function convolve(left: Operand, right: Operand, options: MatmulOptions, splits: number, result: Result): void {
  const held: Tensor[] = [];
  const hold = (tensor: Tensor): Tensor => (held.push(tensor), tensor);
  const count = left.transform.points ** 2 * splits;
  const atPoints = (operand: Operand): Tensor => {
    const { image, transform, flipped = false, lasting = false } = operand;
    if (!lasting) return hold(spread(operand));
    const what = `${transform.points} points ${transform.side} taps ${transform.step} apart${flipped ? ', flipped' : ''}`;
    const { result: values, lent } = madeOnce(image.tensor, what, () => spread(operand));
    return lent ? values : hold(values);
  };
  try {
    const [a, b] = [left, right].map((operand) => hold(atPoints(operand).viewAs([count, -1, operand.columns])));
    const [, rows, columns] = a!.shape as [number, number, number];
    const [m, k] = options.transposeA ? [columns, rows] : [rows, columns];
    const n = b!.shape[options.transposeB ? 1 : 2]!;
    const products = hold(Tensor.empty(a!.gpu, [m, count, n], 'products of a Winograd convolution'));
    batchedMatmul(a!, b!, { ...options, sideBySide: true }, { batch: [count], m, n, k }, products);
    gather(products, result, splits);
  } finally {
    for (const tensor of held) tensor.dispose();
  }
}

const HERE: Tiles['origin'] = [0, 0];

/** As conv2dForward(), into `output`. */
export function winogradForward(
  variant: WinogradVariant,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: ConvGeometry,
  output: Tensor,
): void {
  const form = formOf(variant, weight.shape, geometry)!;
  const { step, sums, points } = form;
  const transforms = TRANSFORMS[points]!;
  const tiles = tilesOf('forward', input.shape, output.shape, geometry, form);
  const common = { points, across: sums, rows: tiles.count };
  convolve(
    {
      image: imageOf(input),
      transform: { ...common, source: transforms.tile, side: points, step, tiles },
      columns: step * step * input.channels,
    },
    weightOperand(weight, form, false),
    {},
    1,
    {
      image: imageOf(output),
      transform: { ...common, source: transforms.sums[sums]!, side: sums, step: 1, tiles: { ...tiles, origin: HERE } },
      bias,
    },
  );
}

/** As conv2dInputGrad(), into `gradInput`. */
export function winogradInputGrad(
  variant: WinogradVariant,
  gradOutput: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: ConvGeometry,
  gradInput: Tensor,
): void {
  const form = formOf(variant, weight.shape, geometry)!;
  const { step, taps, sums, points } = form;
  const transforms = TRANSFORMS[points]!;
  const tiles = tilesOf('input_grad', gradInput.shape, gradOutput.shape, geometry, form);
  const common = { points, across: sums, rows: tiles.count };
  const [top, left] = tiles.origin;
  // The result's pixel j of a phase is met by the gradient's j - taps + 1 to j, by the last tap first.
  const onGradient: Tiles = { ...tiles, origin: [top - taps + 1, left - taps + 1] };
  const onInput: Tiles = { ...tiles, origin: [step * top - geometry.padding[0], step * left - geometry.padding[1]] };
  convolve(
    {
      image: imageOf(gradOutput),
      transform: { ...common, source: transforms.tile, side: points, step: 1, tiles: onGradient },
      columns: gradOutput.channels,
    },
    weightOperand(weight, form, true),
    { transposeB: true },
    1,
    { image: imageOf(gradInput), transform: { ...common, source: transforms.sums[sums]!, side: sums, step, tiles: onInput }, bias },
  );
}

/** As conv2dWeightGrad(), into `gradWeight`. */
export function winogradWeightGrad(
  variant: WinogradVariant,
  input: Tensor,
  gradOutput: Tensor,
  geometry: ConvGeometry,
  gradWeight: Tensor,
  accumulate: boolean,
): void {
  const form = formOf(variant, gradWeight.shape, geometry)!;
  const { step, taps, sums, points } = form;
  const transforms = TRANSFORMS[points]!;
  const tiles = tilesOf('weight_grad', input.shape, gradOutput.shape, geometry, form);
  const common = { points, across: sums, rows: rowsOf('weight_grad', tiles.count) };
  convolve(
    {
      image: imageOf(input),
      transform: { ...common, source: transforms.tile, side: points, step, tiles },
      columns: step * step * input.channels,
    },
    // A tile of the gradient is the filter of a convolution whose results are the taps.
    {
      image: imageOf(gradOutput),
      transform: { ...common, source: transforms.taps[sums]!, side: sums, step: 1, tiles: { ...tiles, origin: HERE } },
      columns: gradOutput.channels,
    },
    { transposeA: true },
    splitsOf('weight_grad', tiles.count),
    {
      image: tapsOf(gradWeight, gradWeight.shape),
      transform: { points, source: transforms.sums[taps]!, side: taps, step, across: taps, tiles: ONE_TILE, rows: 1 },
      accumulate,
    },
  );
}

/** The weight at the points: matrices of [phases * in channels, out channels]. */
function weightOperand(weight: Tensor, { step, taps, points }: Form, flipped: boolean): Operand {
  const source = TRANSFORMS[points]!.taps[taps]!;
  return {
    image: tapsOf(weight, weight.shape),
    transform: { source, side: taps, points, step, across: taps, tiles: ONE_TILE, rows: 1 },
    flipped,
    columns: weight.channels,
    lasting: true,
  };
}
