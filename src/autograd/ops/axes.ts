import { ShadegradError } from '../../errors.js';
import { fill } from '../../kernels/elementwise.js';
import { expectTensor, expectTensors, FLOATS, widestType } from '../../kernels/elements.js';
import { stridedCopy, stridesOf, type StridedView } from '../../kernels/strided-copy.js';
import { expectOptions } from '../../checks.js';
import { expectShape, formatShape, type Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';

/** An axis counted from the front; negative ones count from the back, as in NumPy. @throws INVALID_ARGUMENT */
export function axisOf(what: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ShadegradError('INVALID_ARGUMENT', `axis of ${what}`, {
    expected: rank === 0 ? 'a tensor with axes' : `a whole number from ${-rank} to ${rank - 1}`,
    received: rank === 0 ? `${axis} of a single number, shape []` : String(axis),
    fix: rank === 0 ? 'give it an axis first: x.reshape([1])' : 'count the axes from 0, or from the back with -1',
  });
}

const whole = (tensor: Tensor): StridedView => ({ tensor, offset: 0, strides: stridesOf(tensor) });
const like = (x: Tensor, shape: Shape, label: string): Tensor => Tensor.empty(x.gpu, shape, label, x.dtype);

/** A new tensor of `shape` with the elements of a walk through x. */
function gathered(label: string, shape: Shape, view: StridedView): Tensor {
  const y = like(view.tensor, shape, label);
  stridedCopy(shape, view, whole(y));
  return y;
}

/**
 * Puts the axes into another order, in new memory: axis i of the result is axis `axes[i]` of x; torch.permute.
 *
 * @param axes every axis once, negative ones from the back: [0, 3, 1, 2] makes NCHW of NHWC
 * @throws INVALID_ARGUMENT for axes that x does not have, and unless each is there once
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  expectTensor('permute', 'x', x);
  const rank = x.shape.length;
  const order = Array.isArray(axes) ? (axes as readonly number[]).map((axis) => axisOf('permute', axis, rank)) : [];
  if (order.length !== rank || new Set(order).size !== rank) {
    throw new ShadegradError('INVALID_ARGUMENT', 'axes of permute', {
      expected: `each of the ${rank} axes of ${formatShape(x.shape)} once`,
      received: Array.isArray(axes) ? formatShape(axes) : String(axes),
      fix: 'name every axis, in brackets, in the order that the result is to have',
    });
  }
  return called('permute', [x], { axes: order }, () => {
    const strides = stridesOf(x);
    const y = gathered(
      'permute',
      order.map((axis) => x.shape[axis]!),
      { tensor: x, offset: 0, strides: order.map((axis) => strides[axis]!) },
    );
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return track(
      'permute',
      [x],
      y,
      rule([], (dy) => [permute(dy, inverse)]),
    );
  });
}

/**
 * Exchanges two axes, in new memory; torch.transpose.
 *
 * @param first an axis, negative ones from the back. Default: the last but one
 * @param second the other one. Default: the last
 * @throws INVALID_ARGUMENT for an axis that x does not have
 */
export function transpose(x: Tensor, first = -2, second = -1): Tensor {
  expectTensor('transpose', 'x', x);
  const axes = x.shape.map((_, axis) => axis);
  const [a, b] = [axisOf('transpose', first, axes.length), axisOf('transpose', second, axes.length)];
  [axes[a], axes[b]] = [axes[b]!, axes[a]!];
  return permute(x, axes);
}

/**
 * Turns the order along some axes round, in new memory; torch.flip.
 *
 * @param axes one or several, negative ones from the back: [1] turns the images of [batch, h, w, channels] upside down
 * @throws INVALID_ARGUMENT for an axis that x does not have
 */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  expectTensor('flip', 'x', x);
  const turned = new Set((typeof axes === 'number' ? [axes] : axes).map((axis) => axisOf('flip', axis, x.shape.length)));
  return called('flip', [x], { axes: [...turned] }, () => {
    const strides = stridesOf(x);
    const offset = [...turned].reduce((sum, axis) => sum + (x.shape[axis]! - 1) * strides[axis]!, 0);
    const backwards = strides.map((stride, axis) => (turned.has(axis) ? -stride : stride));
    const y = gathered('flip', x.shape, { tensor: x, offset, strides: backwards });
    return track(
      'flip',
      [x],
      y,
      rule([], (dy) => [flip(dy, [...turned])]),
    );
  });
}

/** Where a slice begins, ends and how far it steps, along one axis. */
interface Range {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** Options of slice(): the axis, and which of its indices. */
export interface SliceOptions {
  /** The axis to slice; negative ones count from the back. Default 0, as in PyTorch's `narrow`. */
  axis?: number;
  /** The first index; negative ones count from the back. Default 0. */
  start?: number;
  /** The index after the last; negative ones count from the back. Default: the length of the axis. */
  end?: number;
  /** How far it is from one index to the next, at least 1. Default 1. */
  step?: number;
}

/**
 * Cuts out the part of a tensor whose index along one axis is start, start + step, ... below end; x[:, start:end:step] in PyTorch. A
 * range of the channels shares x's memory; any other is copied.
 *
 * @throws INVALID_ARGUMENT for an empty or impossible range, or options of other names
 */
export function slice(x: Tensor, options: SliceOptions = {}): Tensor {
  expectTensor('slice', 'x', x);
  const { axis = 0, start = 0, end, step = 1 } = expectOptions('slice', options, ['axis', 'start', 'end', 'step']);
  const along = axisOf('slice', axis, x.shape.length);
  const length = x.shape[along]!;
  const from = start < 0 ? start + length : start;
  const to = end === undefined ? length : end < 0 ? end + length : end;
  if (!([from, to, step].every(Number.isInteger) && from >= 0 && from < to && to <= length && step >= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', `slice of axis ${along} of "${x.label}"`, {
      expected: `0 <= start < end <= ${length} and a step of at least 1`,
      received: `start ${start}, end ${end ?? 'none'}, step ${step}`,
      fix: 'slice within the axis; a result must have at least one element',
    });
  }
  if (along === x.shape.length - 1 && step === 1) return x.sliceChannels(from, to);
  return called('slice', [x], { axis: along, start: from, end: to, step }, () =>
    cut(x, { axis: along, start: from, step, length: Math.ceil((to - from) / step) }),
  );
}

function rangeView(tensor: Tensor, { axis, start, step }: Range): StridedView {
  const strides = stridesOf(tensor);
  return { tensor, offset: start * strides[axis]!, strides: strides.map((stride, at) => (at === axis ? stride * step : stride)) };
}

function cut(x: Tensor, range: Range): Tensor {
  const shape = x.shape.map((length, axis) => (axis === range.axis ? range.length : length));
  return track(
    'slice',
    [x],
    gathered('slice', shape, rangeView(x, range)),
    rule([], (dy) => [placeInZeros(dy, x.shape, range)]),
  );
}

/** The adjoint of a slice: its elements where they were, zeros elsewhere. */
function placeInZeros(x: Tensor, shape: Shape, range: Range): Tensor {
  const y = like(x, shape, 'slice gradient');
  fill(y, 0);
  stridedCopy(x.shape, whole(x), rangeView(y, range));
  return track(
    'slice gradient',
    [x],
    y,
    rule([], (g) => [cut(g, range)]),
  );
}

/** @throws INVALID_ARGUMENT for a single tensor in place of the list */
export function expectList(what: string, inputs: readonly Tensor[]): void {
  if (!Array.isArray(inputs)) {
    throw new ShadegradError('INVALID_ARGUMENT', `inputs of ${what}`, {
      expected: 'a list of tensors',
      received: inputs instanceof Tensor ? 'a single tensor' : typeof inputs,
      fix: 'pass tensors in brackets: [a, b], or [a]',
    });
  }
  for (const [index, input] of inputs.entries()) expectTensor(what, `input ${index}`, input);
}

/**
 * Every input live, on the first one's Gpu and of its type, or like it f32 or f16.
 * @throws USE_AFTER_FREE, INVALID_ARGUMENT, DEVICE_MISMATCH
 */
export function expectJoinable(what: string, inputs: readonly Tensor[]): void {
  expectList(what, inputs);
  const dtype = inputs[0]?.dtype ?? 'f32';
  expectTensors(what, inputs, FLOATS.includes(dtype) ? FLOATS : [dtype]);
}

/**
 * Joins tensors along an axis, in new memory; their other axes are equal.
 * @throws INVALID_ARGUMENT, SHAPE_MISMATCH
 */
export function joinAlong(what: string, inputs: readonly Tensor[], axis: number): Tensor {
  const [first] = inputs;
  if (!first) {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of nothing`, {
      expected: 'at least one tensor',
      received: 'none',
      fix: 'pass the tensors to join',
    });
  }
  expectJoinable(what, inputs);
  const along = axisOf(what, axis, first.shape.length);
  const lengths = inputs.map(({ shape }) => shape[along] ?? 0);
  for (const [index, { shape }] of inputs.entries()) {
    expectShape(
      `input ${index} of ${what} along axis ${along}`,
      first.shape.map((length, at) => (at === along ? lengths[index]! : length)),
      shape,
    );
  }
  const y = Tensor.empty(
    first.gpu,
    first.shape.map((length, at) => (at === along ? lengths.reduce((sum, each) => sum + each, 0) : length)),
    what,
    FLOATS.includes(first.dtype) ? widestType(inputs) : first.dtype,
  );
  const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((sum, each) => sum + each, 0));
  inputs.forEach((input, index) =>
    stridedCopy(input.shape, whole(input), rangeView(y, { axis: along, start: starts[index]!, step: 1, length: lengths[index]! })),
  );
  return track(
    what,
    inputs,
    y,
    rule([], (dy, targets) =>
      inputs.map((_, index) =>
        targets[index] ? slice(dy, { axis: along, start: starts[index]!, end: starts[index]! + lengths[index]! }) : null,
      ),
    ),
  );
}

/**
 * Joins tensors of one shape along a new axis, in new memory; torch.stack.
 *
 * @param options `axis` says where the new axis lies in the result; negative ones count from its back. Default 0
 * @throws SHAPE_MISMATCH for unequal shapes; INVALID_ARGUMENT for no tensor, an axis that is not there, or options of other names
 */
export function stack(inputs: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const { axis = 0 } = expectOptions('stack', options, ['axis']);
  expectJoinable('stack', inputs);
  const rank = (inputs[0]?.shape.length ?? 0) + 1;
  const along = axisOf('stack', axis, rank);
  inputs.forEach(({ shape }, index) => expectShape(`input ${index} of stack`, inputs[0]!.shape, shape));
  return called('stack', inputs, { axis: along }, () =>
    joinAlong(
      'stack',
      inputs.map((input) => packed(input).reshape([...input.shape.slice(0, along), 1, ...input.shape.slice(along)])),
      along,
    ),
  );
}

/**
 * Cuts a tensor into parts along an axis, each a slice(); torch.split.
 *
 * @param sizes the length of every part (the last may be shorter), or the lengths one by one
 * @param options `axis` says which; negative ones count from the back. Default 0
 * @throws INVALID_ARGUMENT for lengths that do not add up, an axis that is not there, or options of other names
 */
export function split(x: Tensor, sizes: number | readonly number[], options: { axis?: number } = {}): Tensor[] {
  expectTensor('split', 'x', x);
  const { axis = 0 } = expectOptions('split', options, ['axis']);
  const along = axisOf('split', axis, x.shape.length);
  const length = x.shape[along]!;
  const parts =
    typeof sizes === 'number'
      ? Array.from({ length: sizes >= 1 ? Math.ceil(length / sizes) : 0 }, (_, index) => Math.min(sizes, length - index * sizes))
      : sizes;
  if (parts.some((size) => !Number.isInteger(size) || size < 1) || parts.reduce((sum, size) => sum + size, 0) !== length) {
    throw new ShadegradError('INVALID_ARGUMENT', `sizes of split along axis ${along} of "${x.label}"`, {
      expected: `whole numbers of at least 1 that make ${length} together, or one of them for all parts`,
      received: String(sizes),
      fix: 'choose sizes that cover the axis exactly',
    });
  }
  let end = 0;
  return parts.map((size) => slice(x, { axis: along, start: end, end: (end += size) }));
}

/** x, or a copy of it where it has gaps. */
export const packed = (x: Tensor): Tensor =>
  x.contiguous
    ? x
    : permute(
        x,
        x.shape.map((_, axis) => axis),
      );
