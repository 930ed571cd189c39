import * as elementwise from '../../kernels/elementwise.js';
import * as binaryFunctions from '../../kernels/binary-functions.js';
import type { ElementFunction } from '../../kernels/functions.js';
import { binary, select, type Operand } from '../../kernels/map.js';
import { expectOptions } from '../../checks.js';
import { Tensor } from '../../tensor/tensor.js';
import { sumTo } from './broadcasting.js';
import { called } from '../calls.js';
import { missingGradient, track, type Rule } from '../graph.js';
import type { OutOption } from './options.js';

/** The operands of an operation and its result. */
interface Values {
  readonly a: Operand;
  readonly b: Operand;
  readonly y: Tensor;
}

/** The gradient of one operand of the result's shape, and which tensors it is computed from besides the result's gradient. */
interface Partial {
  readonly from: readonly (keyof Values)[];
  readonly gradient: (dy: Tensor, values: Values) => Tensor;
}

/** The operands that are tensors. */
const tensorsOf = (...operands: readonly Operand[]): Tensor[] => operands.filter((operand) => operand instanceof Tensor);

/** The rule of a function of two operands: each one's gradient, summed where it was repeated. */
function binaryRule(values: Values, partials: readonly [Partial, Partial]): Rule {
  const tensors = [values.a, values.b].flatMap((operand, index) => (operand instanceof Tensor ? [{ operand, ...partials[index]! }] : []));
  return {
    saved: (needed) => {
      const named = tensors.flatMap(({ from }, index) => (needed[index] ? from : []));
      return named.map((name) => values[name]).filter((value) => value instanceof Tensor);
    },
    backward: (dy, targets) =>
      tensors.map(({ operand, gradient }, index) => (targets[index] ? sumTo(gradient(dy, values), operand.shape) : null)),
  };
}

/** An operation of two tensors, or of a tensor and a number on either side, by its function and the gradients of a and of b. */
export function binaryOperation(
  name: string,
  fn: ElementFunction,
  forA: Partial,
  forB: Partial,
): (a: Operand, b: Operand, options?: OutOption) => Tensor {
  return (a, b, options = {}) => {
    const { out } = expectOptions(name, options, ['out']);
    return called(name, [a, b], {}, () => {
      const y = binary(fn, a, b, { out });
      return track(name, tensorsOf(a, b), y, binaryRule({ a, b, y }, [forA, forB]));
    });
  };
}

/** An operation whose result has no gradient, such as a comparison: it is a constant to whatever follows. */
function constantOperation(name: string, fn: ElementFunction): (a: Operand, b: Operand, options?: OutOption) => Tensor {
  const none = missingGradient(name);
  return (a, b, options = {}) => {
    const { out } = expectOptions(name, options, ['out']);
    return called(name, [a, b], {}, () => track(name, [], binary(fn, a, b, { out }), none));
  };
}

const same: Partial = { from: [], gradient: (dy) => dy };

/**
 * Adds two tensors element by element: a + b. Shapes broadcast; a number stands for a tensor of it, on either side. torch.add.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const add = binaryOperation('add', binaryFunctions.add, same, same);

/**
 * Subtracts one tensor from another, element by element: a - b. Shapes broadcast; a number stands for a tensor of it, on either side.
 * torch.sub.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const sub = binaryOperation('sub', binaryFunctions.sub, same, { from: [], gradient: (dy) => mul(dy, -1) });

/**
 * Multiplies two tensors element by element: a b. Shapes broadcast; a number stands for a tensor of it, on either side. torch.mul.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const mul: (a: Operand, b: Operand, options?: OutOption) => Tensor = binaryOperation(
  'mul',
  binaryFunctions.mul,
  { from: ['b'], gradient: (dy, { b }) => mul(dy, b) },
  { from: ['a'], gradient: (dy, { a }) => mul(dy, a) },
);

/**
 * Divides one tensor by another, element by element: a / b. Shapes broadcast; a number stands for a tensor of it, on either side.
 * torch.div.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const div: (a: Operand, b: Operand, options?: OutOption) => Tensor = binaryOperation(
  'div',
  binaryFunctions.div,
  { from: ['b'], gradient: (dy, { b }) => div(dy, b) },
  { from: ['b', 'y'], gradient: (dy, { b, y }) => mul(mul(dy, div(y, b)), -1) },
);

/** How much of the gradient of the larger one of a and b belongs to a; itself without a gradient, as it is constant in steps. */
const maximumShare = constantOperation('maximumShare', binaryFunctions.maximumShare);

/**
 * Takes the larger of a and b, element by element; a NaN where either is one. Where both are equal, each gets half of the gradient, as
 * in PyTorch. Shapes broadcast; a number stands for a tensor of it, on either side. torch.maximum.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const maximum = binaryOperation(
  'maximum',
  binaryFunctions.maximum,
  { from: ['a', 'b'], gradient: (dy, { a, b }) => mul(dy, maximumShare(a, b)) },
  { from: ['a', 'b'], gradient: (dy, { a, b }) => mul(dy, maximumShare(b, a)) },
);

/**
 * Takes the smaller of a and b, element by element; a NaN where either is one. Where both are equal, each gets half of the gradient, as
 * in PyTorch. Shapes broadcast; a number stands for a tensor of it, on either side. torch.minimum.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const minimum = binaryOperation(
  'minimum',
  binaryFunctions.minimum,
  { from: ['a', 'b'], gradient: (dy, { a, b }) => mul(dy, maximumShare(b, a)) },
  { from: ['a', 'b'], gradient: (dy, { a, b }) => mul(dy, maximumShare(a, b)) },
);

/**
 * Adds two tensors of one shape with a factor each, in one kernel: scaleA a + scaleB b.
 *
 * @throws SHAPE_MISMATCH for unequal shapes; INVALID_ARGUMENT for other types and options, and factors that are no finite numbers
 */
export function addScaled(a: Tensor, b: Tensor, scaleA: number, scaleB: number, options: OutOption = {}): Tensor {
  const { out } = expectOptions('addScaled', options, ['out']);
  return called('addScaled', [a, b], { scaleA, scaleB }, () =>
    track('addScaled', [a, b], elementwise.addScaled(a, b, scaleA, scaleB, out), {
      saved: () => [],
      backward: (dy, [da, db]) => [da ? mul(dy, scaleA) : null, db ? mul(dy, scaleB) : null],
    }),
  );
}

/**
 * Compares two tensors element by element: 1 where a = b, else 0, as float32, without a gradient. Shapes broadcast; a number stands for
 * a tensor of it, on either side. torch.eq.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const equal = constantOperation('equal', binaryFunctions.equal);

/**
 * Compares two tensors element by element: 1 where a and b differ, else 0, as float32, without a gradient. A NaN differs from itself.
 * Shapes broadcast; a number stands for a tensor of it, on either side. torch.ne.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const notEqual = constantOperation('notEqual', binaryFunctions.notEqual);

/**
 * Compares two tensors element by element: 1 where a > b, else 0, as float32, without a gradient. Shapes broadcast; a number stands for
 * a tensor of it, on either side. torch.gt.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const greater = constantOperation('greater', binaryFunctions.greater);

/**
 * Compares two tensors element by element: 1 where a >= b, else 0, as float32, without a gradient. Shapes broadcast; a number stands
 * for a tensor of it, on either side. torch.ge.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const greaterEqual = constantOperation('greaterEqual', binaryFunctions.greaterEqual);

/**
 * Compares two tensors element by element: 1 where a < b, else 0, as float32, without a gradient. Shapes broadcast; a number stands for
 * a tensor of it, on either side. torch.lt.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const less = constantOperation('less', binaryFunctions.less);

/**
 * Compares two tensors element by element: 1 where a <= b, else 0, as float32, without a gradient. Shapes broadcast; a number stands
 * for a tensor of it, on either side. torch.le.
 *
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types and options, and two numbers
 * @function
 */
export const lessEqual = constantOperation('lessEqual', binaryFunctions.lessEqual);

/**
 * Chooses between two tensors element by element: a where `condition` is not zero, b elsewhere. The gradient goes to the one that was
 * taken. All three broadcast. torch.where.
 *
 * @param condition f32, such as a comparison makes; a NaN is not zero
 * @param a a tensor, or the same number everywhere
 * @param b a tensor, or the same number everywhere
 * @throws SHAPE_MISMATCH for shapes that do not broadcast; INVALID_ARGUMENT for other types
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return called('where', [condition, a, b], {}, () => track('where', tensorsOf(a, b), select(condition, a, b), whereRule(condition, a, b)));
}

/** Any tensor stands for the condition here: no gradient goes there. */
const whereRule = (condition: Tensor, a: Operand, b: Operand): Rule =>
  binaryRule({ a, b, y: condition }, [
    { from: ['y'], gradient: (dy) => where(condition, dy, 0) },
    { from: ['y'], gradient: (dy) => where(condition, 0, dy) },
  ]);
