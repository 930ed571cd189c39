import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/storage.js';
import { expectShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOperands, expectWithoutGaps, type Operands } from './elements.js';
import { grid, type Constants } from './kernel.js';
import piecesSource from '../../shaders/shared/block_pieces.wgsl';
import wholeSource from '../../shaders/shared/block_whole.wgsl';
import scaledSource from '../../shaders/shared/gradient_scaled.wgsl';
import unscaledSource from '../../shaders/shared/gradient_unscaled.wgsl';

/** How the invocations of a dispatch share a block of parameters and what lies beside it. */
interface BlockWalk {
  /** Elements in all, and how many one invocation takes: what the uniform begins with. */
  readonly shape: readonly [count: number, each: number];
  readonly constants: Constants;
  readonly aliases: Readonly<Record<string, string>>;
  /** Of each tensor, in elements. */
  readonly bases: readonly number[];
  readonly workgroups: [number, number, number];
}

/** The same for a kernel that may have a table of pieces. Of a table, `shape` begins with the number of its entries. */
interface StepWalk extends BlockWalk {
  /** WGSL that says what a workgroup owns, of what kind it is, and what is done with scaled losses. */
  readonly source: string;
  /** The scale of the losses and the table, to be bound after all else. */
  readonly further: readonly Binding[];
}

/** Neighbouring parameters of a block that are updated alike. */
export interface BlockPart {
  /** In the block. */
  readonly start: number;
  readonly length: number;
  /** Where its numbers begin in the `hyper` tensor. */
  readonly hyper: number;
  /** How they are used: bits of the kernel's. */
  readonly kind: number;
}

const WORKGROUP = 64;
const SOFTWARE_WORKGROUP = 256;
/** Small blocks still occupy all cores. */
const FEWEST_SOFTWARE_WORKGROUPS = 16;
/** For GPUs. More elements for one invocation make the table of pieces shorter; fewer occupy more of the device. */
const EACH_OF_PIECES = 4;

/**
 * A GPU takes four numbers an invocation. A CPU adapter vectorises over the invocations of a workgroup, so that there
 * scalars in wide workgroups are faster than vectors, and an invocation updates up to 16 of them for one load of the
 * hyperparameters.
 * @param tensors of one size, without gaps
 */
export function walkBlock(tensors: readonly Tensor[], software: boolean): BlockWalk {
  const { size } = tensors[0]!;
  const aligned = size % 4 === 0 && tensors.every(({ offset }) => offset % 4 === 0);
  const width = !software && aligned ? 4 : 1;
  const workgroup = software ? SOFTWARE_WORKGROUP : WORKGROUP;
  const each = software ? softwareEach(size) : 1;
  return {
    shape: [size / width, each],
    constants: { WORKGROUP: workgroup },
    aliases: { element: width === 4 ? 'vec4f' : 'f32' },
    bases: tensors.map(({ base }) => base / width),
    workgroups: grid(size / width, workgroup * each),
  };
}

/**
 * walkBlock() for the step of an optimiser.
 * @param given bindings that there are before these and the uniform block
 * @param lossScale from noteLeftOut(), where losses are scaled
 * @param how the kind of all elements, or the pieces that cutBlock() has cut the block into for such an adapter
 */
export function walkStep(
  tensors: readonly Tensor[],
  given: number,
  how: number | Tensor,
  lossScale: Tensor | undefined,
  software: boolean,
): StepWalk {
  const gradient = lossScale ? scaledSource : unscaledSource;
  const scales = lossScale ? [lossScale.read()] : [];
  const scaling: Constants = lossScale ? { SCALE_BINDING: given } : {};
  const bindings = given + scales.length;
  if (typeof how === 'number') {
    const walk = walkBlock(tensors, software);
    return {
      ...walk,
      source: `${gradient}\n${wholeSource}`,
      further: scales,
      constants: { ...walk.constants, ...scaling, KIND: how, SHAPE_BINDING: bindings },
    };
  }
  const { workgroup, each } = pieceSize(tensors[0]!.size, software);
  const count = how.size / 4;
  return {
    shape: [count, each],
    source: `${gradient}\n${piecesSource}`,
    constants: { ...scaling, WORKGROUP: workgroup, PIECES_BINDING: bindings, SHAPE_BINDING: bindings + 1 },
    aliases: { element: 'f32' },
    bases: tensors.map(({ base }) => base),
    further: [...scales, how.read('i32')],
    workgroups: grid(count, 1),
  };
}

const softwareEach = (size: number): number => Math.min(16, Math.ceil(size / (SOFTWARE_WORKGROUP * FEWEST_SOFTWARE_WORKGROUPS)));

function pieceSize(size: number, software: boolean): { workgroup: number; each: number } {
  return software ? { workgroup: SOFTWARE_WORKGROUP, each: softwareEach(size) } : { workgroup: WORKGROUP, each: EACH_OF_PIECES };
}

/**
 * Cuts a block into pieces for one workgroup each, so that one dispatch updates parameters of several kinds. Scalars everywhere: parts
 * may begin and end anywhere.
 * @param size elements of the block
 * @returns [pieces, 4] i32, to be kept and disposed by the caller
 */
export function cutBlock(gpu: Gpu, parts: readonly BlockPart[], size: number, software = gpu.adapter.software): Tensor {
  const { workgroup, each } = pieceSize(size, software);
  const stretch = workgroup * each;
  const count = parts.reduce((sum, { length }) => sum + Math.ceil(length / stretch), 0);
  const table = new Int32Array(4 * count);
  let at = 0;
  for (const { start, length, hyper, kind } of parts) {
    const end = start + length;
    for (let from = start; from < end; from += stretch, at += 4) table.set([from, Math.min(from + stretch, end), hyper, kind], at);
  }
  // At once, also during a trace: it never changes.
  const storage = gpu.allocateConstant(table, 'pieces of a block');
  return new Tensor({ gpu, shape: [count, 4], dtype: 'i32', storage }).keep();
}

/**
 * Checks the numbers of an optimiser's step: one row of `size`, or with pieces one row after the other.
 * @throws SHAPE_MISMATCH
 */
export function expectNumbers(operation: string, hyper: Tensor, size: number, pieces: Tensor | undefined): void {
  if (pieces) expectShape(`pieces of ${operation}`, [pieces.shape[0] ?? 1, 4], pieces.shape);
  expectShape(`hyper of ${operation}`, [pieces ? Math.max(1, Math.ceil(hyper.size / size)) * size : size], hyper.shape);
}

/**
 * Checks the tensors of an optimiser's kernel.
 * @param tensors by name; all of the shape of the first
 * @param hyper of a shape of its own
 * @throws as expectOperands(); SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function expectBlock(operation: string, tensors: Operands, hyper?: Tensor): void {
  expectOperands(operation, { ...tensors, hyper });
  const given = Object.entries(tensors).filter((entry): entry is [string, Tensor] => Boolean(entry[1]));
  const { shape } = given[0]![1];
  for (const [name, tensor] of given) expectShape(`${name} of ${operation}`, shape, tensor.shape);
  expectWithoutGaps(operation, tensors, 'keep parameters, gradients and moments in arenas of their own');
}
