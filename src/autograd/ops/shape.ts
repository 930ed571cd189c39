import { ShadegradError } from '../../errors.js';
import * as kernel from '../../kernels/elementwise.js';
import { expectTensor, expectTensors, FLOATS, widestType } from '../../kernels/elements.js';
import { expectOptions } from '../../checks.js';
import { elementCount, formatShape, sameShape, type Shape } from '../../tensor/shape.js';
import { adjacentChannels, Tensor, viewTracking } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { isTracked, rule, track, type Rule } from '../graph.js';
import { axisOf, expectList, joinAlong, packed } from './axes.js';
import type { OutOption } from './options.js';

/**
 * Joins tensors along an axis, their channels unless another is named; torch.cat. Channels cost nothing when they lie side by side in
 * one wider tensor already (give their producers `out: wide.sliceChannels(...)`); all else is copied.
 *
 * @throws INVALID_ARGUMENT for no tensor, an axis that is not there, or options of other names; SHAPE_MISMATCH when the other axes
 *   differ
 */
export function concat(inputs: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const { axis = -1 } = expectOptions('concat', options, ['axis']);
  expectList('concat', inputs);
  return called('concat', inputs, { axis: inputs[0] ? axisOf('concat', axis, inputs[0].shape.length) : axis }, () => joined(inputs, axis));
}

function joined(inputs: readonly Tensor[], axis: number): Tensor {
  const [first, ...others] = inputs;
  const inside = first && axisOf('concat', axis, first.shape.length) < first.shape.length - 1;
  if (inside || first?.dtype === 'i32') return joinAlong('concat', inputs, axis);
  if (!first) {
    throw new ShadegradError('INVALID_ARGUMENT', 'concat of nothing', {
      expected: 'at least one tensor',
      received: 'none',
      fix: 'pass the tensors to join',
    });
  }
  expectTensors('concat', inputs, FLOATS);
  for (const other of others) {
    if (!sameShape(first.shape.slice(0, -1), other.shape.slice(0, -1))) {
      throw new ShadegradError('SHAPE_MISMATCH', 'concat along the channels', {
        expected: `${formatShape([...first.shape.slice(0, -1), -1])} with any last axis`,
        received: formatShape(other.shape),
        fix: 'bring the tensors to one size first',
      });
    }
  }
  const channels = inputs.reduce((sum, input) => sum + input.channels, 0);
  const shape = [...first.shape.slice(0, -1), channels];
  const adjacent = inputs.every((input, index) => index === 0 || adjacentChannels(inputs[index - 1]!, input));
  let result: Tensor;
  if (adjacent) {
    const { gpu, storage, offset, rowStride } = first;
    result = new Tensor({ gpu, storage: storage.retain(), shape, dtype: first.dtype, offset, rowStride });
  } else {
    result = Tensor.empty(first.gpu, shape, 'concat', widestType(inputs));
    let start = 0;
    for (const input of inputs) {
      kernel.copy(input, result.channelView(start, start + input.channels));
      start += input.channels;
    }
  }
  return track('concat', inputs, result, concatRule(inputs));
}

/**
 * Cuts out the channels from `start` to before `end`, sharing memory: `x.sliceChannels(start, end)`; x[..., start:end] in PyTorch.
 *
 * @throws INVALID_ARGUMENT for channels that are not there
 */
export function sliceChannels(x: Tensor, start: number, end: number): Tensor {
  expectTensor('sliceChannels', 'x', x);
  return x.sliceChannels(start, end);
}

/**
 * Gives the same numbers another shape, in which one length may be -1, sharing memory: `x.reshape(shape)`; torch.Tensor.view.
 *
 * @throws SHAPE_MISMATCH for another number of elements, or a channel slice whose rows would be regrouped
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  expectTensor('reshape', 'x', x);
  return x.reshape(shape);
}

/** The same numbers under another shape; shares memory unless a channel slice cannot be seen so. */
const regrouped = (x: Tensor, shape: Shape): Tensor => (x.contiguous || shape.at(-1) === x.channels ? x : packed(x)).reshape(shape);

/**
 * Neighbouring axes as one: torch.flatten. `flatten(x, 1)` leaves the batch and makes one axis of the rest, in the order in which the
 * numbers lie (channels last; the layer Flatten has PyTorch's order). Shares x's memory unless x is a channel slice.
 * @param first axis to join, negative ones from the back; default 0
 * @param last axis to join; default -1
 * @throws INVALID_ARGUMENT for axes that are not there, or that are in the other order
 */
export function flatten(x: Tensor, first = 0, last = -1): Tensor {
  expectTensor('flatten', 'x', x);
  const { shape } = x;
  if (shape.length === 0) return x.reshape([1]);
  const [from, to] = [axisOf('flatten', first, shape.length), axisOf('flatten', last, shape.length)];
  if (from > to) {
    throw new ShadegradError('INVALID_ARGUMENT', 'axes of flatten', {
      expected: 'a first axis that is not behind the last one',
      received: `${first} and ${last} of ${formatShape(shape)}`,
      fix: 'let them change places',
    });
  }
  return regrouped(x, [...shape.slice(0, from), elementCount(shape.slice(from, to + 1)), ...shape.slice(to + 1)]);
}

/**
 * Without axes of length 1: torch.squeeze. Shares x's memory unless x is a channel slice.
 * @param axes those to take away, one or several, negative ones from the back; each has length 1. Default: all of length 1
 * @throws INVALID_ARGUMENT for an axis that is not there; SHAPE_MISMATCH for one of another length, which PyTorch leaves as it is
 */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  expectTensor('squeeze', 'x', x);
  const { shape } = x;
  const named = (typeof axes === 'number' ? [axes] : axes)?.map((axis) => axisOf('squeeze', axis, shape.length));
  const longer = named?.find((axis) => shape[axis] !== 1);
  if (longer !== undefined) {
    throw new ShadegradError('SHAPE_MISMATCH', `axis ${longer} of squeeze`, {
      expected: 'a length of 1',
      received: `${shape[longer]}, of ${formatShape(shape)}`,
      fix: 'take an element of it first, with slice(), or use flatten()',
    });
  }
  return regrouped(
    x,
    shape.filter((length, axis) => (named ? !named.includes(axis) : length !== 1)),
  );
}

/**
 * With a new axis of length 1: torch.unsqueeze. Shares x's memory unless x is a channel slice.
 * @param axis where it lies in the result; -1 is behind all others
 * @throws INVALID_ARGUMENT for a place that is not there
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  expectTensor('unsqueeze', 'x', x);
  const at = axisOf('unsqueeze', axis, x.shape.length + 1);
  return regrouped(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

viewTracking.sliceChannels = (x, view, start, end) =>
  called('slice', [x], { axis: x.shape.length - 1, start, end, step: 1 }, () =>
    track('sliceChannels', [x], view, sliceRule(x, start, end)),
  );
viewTracking.reshape = (x, view) => called('reshape', [x], {}, () => track('reshape', [x], view, reshapeRule(x)));

/**
 * Copies a tensor into memory of its own, a channel slice too; torch.clone. Gradients flow through it.
 *
 * @throws SHAPE_MISMATCH for an `out` of another shape; INVALID_ARGUMENT
 */
export function copy(x: Tensor, options: OutOption = {}): Tensor {
  const { out } = expectOptions('copy', options, ['out']);
  return called('copy', [x], {}, () =>
    track(
      'copy',
      [x],
      kernel.copy(x, out),
      rule([], (dy) => [dy]),
    ),
  );
}

function concatRule(inputs: readonly Tensor[]): Rule {
  return rule([], (dy, targets) => {
    let start = 0;
    return inputs.map((input, index) => {
      const end = start + input.channels;
      const part = targets[index] ? dy.sliceChannels(start, end) : null;
      start = end;
      return part;
    });
  });
}

function sliceRule(x: Tensor, start: number, end: number): Rule {
  return rule([], (dy) => {
    const zeros = (channels: number): Tensor[] => (channels > 0 ? [filled(x, [...x.shape.slice(0, -1), channels])] : []);
    if (isTracked([dy])) return [concat([...zeros(start), dy, ...zeros(x.channels - end)])];
    const dx = filled(x, x.shape);
    kernel.copy(dy, dx.channelView(start, end));
    return [dx];
  });
}

function filled({ gpu, dtype }: Tensor, shape: Shape): Tensor {
  const zeros = Tensor.empty(gpu, shape, 'slice gradient', dtype);
  kernel.fill(zeros, 0);
  return zeros;
}

function reshapeRule(x: Tensor): Rule {
  return rule([], (dy) => [(dy.contiguous ? dy : copy(dy)).reshape(x.shape)]);
}
