import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { elementCount, expectShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { broadcastShape, expectBroadcast, joinAxes, stepsOf, type Axis } from './broadcast.js';
import { elementGrid, expectOperands, FLOATS, widestType } from './elements.js';
import { SCALAR_TYPES, VECTOR_TYPES, type ElementFunction } from './functions.js';
import { specialise, storedTypes, type Constants } from './kernel.js';
import binarySource from '../../shaders/binary.wgsl';
import broadcastSource from '../../shaders/shared/broadcast.wgsl';
import callNumberLeftSource from '../../shaders/shared/call_number_left.wgsl';
import callNumberRightSource from '../../shaders/shared/call_number_right.wgsl';
import callUnarySource from '../../shaders/shared/call_unary.wgsl';
import stretchSource from '../../shaders/shared/stretch.wgsl';
import unarySource from '../../shaders/unary.wgsl';
import whereSource from '../../shaders/where.wgsl';

/** What an operation takes in place of a tensor: a tensor, or a number that stands for the same one everywhere. */
export type Operand = Tensor | number;

export interface MapOptions {
  /** Where the result goes, of the result's shape; a channel slice too. Made when absent. */
  out?: Tensor;
  /** The result's shape, to which all operands broadcast. Default: the one they broadcast to. */
  shape?: Shape;
  /** The function's own numbers, `numbers.x` and `numbers.y` in its WGSL. */
  numbers?: readonly number[];
}

/**
 * A function of one tensor, element by element.
 * @param x f32 or f16, of up to six axes, channel slices too; repeated along the axes of `shape` that it lacks
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function unary(fn: ElementFunction, x: Tensor, options: MapOptions = {}): Tensor {
  return mapOne(fn, fn.name, callUnarySource, x, options, 0);
}

/**
 * A function of two tensors, or of a tensor and a number, element by element. Shapes broadcast.
 * @param a f32 or f16, of up to six axes, channel slices too
 * @param b likewise; at least one of the two is a tensor
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function binary(fn: ElementFunction, a: Operand, b: Operand, options: MapOptions = {}): Tensor {
  const { name, sources } = fn;
  if (typeof a === 'number') return mapOne(fn, `${name} of a number`, callNumberLeftSource, tensorOf(name, b), options, a);
  if (typeof b === 'number') return mapOne(fn, `${name} with a number`, callNumberRightSource, a, options, b);
  const { out, shape, numbers = [] } = options;
  const output = resultOf(name, [a, b], shape, out);
  const walk = walkOperands([a, b, output], output);
  a.gpu.dispatch({
    shader: specialise(`binary(${name})`, [stretchSource, broadcastSource, ...sources, binarySource], walk.constants, {
      ...walk.aliases,
      a_element: walk.types[0]!,
      b_element: walk.types[1]!,
    }),
    bindings: [a.read(a.dtype), b.read(b.dtype), output.written(output.dtype)],
    params: walk.params(numbers),
    workgroups: walk.workgroups,
  });
  return output;
}

/** One tensor's elements through a function, which `call` calls; `operand` is the number that it may call it with. */
function mapOne(fn: ElementFunction, kernel: string, call: string, x: Tensor, options: MapOptions, operand: number): Tensor {
  const { name, sources } = fn;
  const { out, shape, numbers = [] } = options;
  const output = resultOf(name, [x], shape, out);
  const walk = walkOperands([x, output], output);
  x.gpu.dispatch({
    shader: specialise(`unary(${kernel})`, [stretchSource, broadcastSource, ...sources, call, unarySource], walk.constants, {
      ...walk.aliases,
      x_element: walk.types[0]!,
    }),
    bindings: [x.read(x.dtype), output.written(output.dtype)],
    params: walk.params([numbers[0] ?? 0, numbers[1] ?? 0, operand]),
    workgroups: walk.workgroups,
  });
  return output;
}

function tensorOf(name: string, operand: Operand): Tensor {
  if (typeof operand !== 'number') return operand;
  throw new ShadegradError('INVALID_ARGUMENT', `operands of ${name}`, {
    expected: 'at least one tensor',
    received: 'two numbers',
    fix: 'compute with numbers in JavaScript, or make a tensor of one with scalar()',
  });
}

/** Programs without types may pass anything. */
function expectTensor(name: string, operand: unknown): void {
  if (operand instanceof Tensor) return;
  throw new ShadegradError('INVALID_ARGUMENT', `operand of ${name}`, {
    expected: 'a tensor or a number',
    received: Array.isArray(operand) ? 'an array' : operand === null ? 'null' : typeof operand,
    fix: 'make arrays tensors with Tensor.from()',
  });
}

/**
 * a where `condition` is not zero, b elsewhere. All shapes broadcast.
 * @param condition f32, of up to six axes, channel slices too; a NaN is not zero
 * @throws SHAPE_MISMATCH, INVALID_ARGUMENT
 */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  const given = [a, b].filter((operand) => typeof operand !== 'number');
  const output = resultOf('where', [condition, ...given], undefined, undefined, given.length > 0 ? given : [condition]);
  const walk = walkOperands([condition, a, b], output);
  condition.gpu.dispatch({
    shader: specialise(
      'where',
      [stretchSource, broadcastSource, whereSource],
      { ...walk.constants, A_IS_NUMBER: typeof a === 'number', B_IS_NUMBER: typeof b === 'number' },
      { ...walk.aliases, condition_element: walk.types[0]!, a_element: walk.types[1]!, b_element: walk.types[2]! },
    ),
    bindings: [
      ...[condition, tensorOr(a, condition), tensorOr(b, condition)].map((each) => each.read(each.dtype)),
      output.written(output.dtype),
    ],
    params: walk.params([0, 0, numberIn(a), numberIn(b)]),
    workgroups: walk.workgroups,
  });
  return output;
}

const tensorOr = (operand: Operand, other: Tensor): Tensor => (typeof operand === 'number' ? other : operand);
const numberIn = (operand: Operand): number => (typeof operand === 'number' ? operand : 0);

/** The place of the result: `out`, checked, or a new tensor of the type that `typed` give. */
function resultOf(
  name: string,
  operands: readonly Tensor[],
  shape: Shape | undefined,
  out: Tensor | undefined,
  typed: readonly Tensor[] = operands,
): Tensor {
  for (const operand of operands) expectTensor(name, operand);
  const names = operands.length === 1 ? ['x'] : operands.length === 2 ? ['a', 'b'] : ['condition', 'a', 'b'];
  expectOperands(name, { ...Object.fromEntries(operands.map((operand, index) => [names[index], operand])), out }, FLOATS);
  let wanted = shape;
  if (wanted) for (const operand of operands) expectBroadcast(`operand of ${name}`, operand.shape, wanted);
  else
    wanted = broadcastShape(
      `operands of ${name}`,
      operands.map((operand) => operand.shape),
    );
  if (!out) return Tensor.empty(operands[0]!.gpu, wanted, name, widestType(typed));
  expectShape(`out of ${name}`, wanted, out.shape);
  return out;
}

/** The host half of shaders/shared/broadcast.wgsl. */
interface Walk {
  readonly constants: Constants;
  readonly aliases: Readonly<Record<string, string>>;
  /** The type in which each operand is read. */
  readonly types: readonly string[];
  readonly workgroups: readonly [number, number, number];
  params(numbers: readonly number[]): Params;
}

/** Chooses the walk: as few axes as possible, four elements at a time where the last axis allows it. */
function walkOperands(operands: readonly Operand[], output: Tensor): Walk {
  const { shape } = output;
  const steps = operands.map((operand) => (typeof operand === 'number' ? shape.map(() => 0) : stepsOf(operand, shape)));
  const axes = joinAxes(shape, steps);
  const last = axes[axes.length - 1]!;
  // Repeated along the last axis: one number, that fills all four.
  const splat = last.steps.map((step) => step === 0);
  // WGSL makes no vec4f of one f16.
  const fits = operands.every(
    (operand, index) => typeof operand === 'number' || (splat[index] ? operand.dtype === 'f32' : inFours(operand, axes, index)),
  );
  const width = last.length % 4 === 0 && fits && output.base % 4 === 0 ? 4 : 1;
  const units = splat.map((repeated) => (repeated ? 1 : width));
  const count = elementCount(shape) / width;
  const rows = axes.map(({ length, steps: own }, index) => {
    const inner = index === axes.length - 1;
    // Of the last axis an index is a whole element, and the next one lies beside it.
    const scaled = own.map((step, operand) => (inner ? step : step / units[operand]!));
    return [inner ? length / width : length, ...scaled];
  });
  return {
    constants: { RANK: axes.length, ...knownSteps(last.steps) },
    aliases: { ...(width === 4 ? VECTOR_TYPES : SCALAR_TYPES), ...storedTypes(width, { y: output }) },
    types: units.map((unit, index) => {
      const operand = operands[index]!;
      // Nothing is read for a number: its binding is of any tensor, and of the type that every expression takes.
      return typeof operand === 'number' ? 'f32' : storedTypes(unit, { x: operand }).x_element!;
    }),
    workgroups: elementGrid(count, output.gpu.adapter.software),
    params: (numbers) => {
      const bases = operands.map((operand, index) => (typeof operand === 'number' ? 0 : operand.base / units[index]!));
      const four = (row: readonly number[]): number[] => [...row, 0, 0].slice(0, 4);
      return new Params().u32(...rows.flatMap(four), ...four(bases).slice(0, 3), count).f32(...[...numbers, 0, 0, 0, 0].slice(0, 4));
    },
  };
}

/** STEP_1 to STEP_3 of shaders/shared/broadcast.wgsl. */
function knownSteps(steps: readonly number[]): Record<'STEP_1' | 'STEP_2' | 'STEP_3', number> {
  const [one = 0, two = 0, three = 0] = steps.map((step) => Math.min(step, 2));
  return { STEP_1: one, STEP_2: two, STEP_3: three };
}

/** True if a tensor lies without gaps along the last axis of the walk, and on multiples of four along all others. */
function inFours(tensor: Tensor, axes: readonly Axis[], index: number): boolean {
  const steps = axes.map((axis) => axis.steps[index]!);
  const inner = steps.pop();
  return inner === 1 && tensor.base % 4 === 0 && steps.every((step) => step % 4 === 0);
}
