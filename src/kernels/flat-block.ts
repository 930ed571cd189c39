import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectOperands, expectWithoutGaps, type Operands } from './elements.js';
import { grid, type Constants } from './kernel.js';

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

/** Small blocks still occupy all cores. */
const FEWEST_SOFTWARE_WORKGROUPS = 16;

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
  const workgroup = software ? 256 : 64;
  const each = software ? Math.min(16, Math.ceil(size / (workgroup * FEWEST_SOFTWARE_WORKGROUPS))) : 1;
  return {
    shape: [size / width, each],
    constants: { WORKGROUP: workgroup },
    aliases: { element: width === 4 ? 'vec4f' : 'f32' },
    bases: tensors.map(({ base }) => base / width),
    workgroups: grid(size / width, workgroup * each),
  };
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
