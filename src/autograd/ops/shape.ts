import { ShadegradError } from '../../gpu/errors.js';
import * as kernel from '../../kernels/elementwise.js';
import { expectOperands } from '../../kernels/elements.js';
import { expectOptions } from '../../tensor/options.js';
import { formatShape, sameShape, type Shape } from '../../tensor/shape.js';
import { adjacentChannels, Tensor, viewTracking } from '../../tensor/tensor.js';
import { isTracked, rule, track, type Rule } from '../graph.js';
import { axisOf, joinAlong } from './axes.js';
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
  const [first, ...others] = inputs;
  if (first && axisOf('concat', axis, first.shape.length) < first.shape.length - 1) return joinAlong('concat', inputs, axis);
  if (!first) {
    throw new ShadegradError('INVALID_ARGUMENT', 'concat of nothing', { expected: 'at least one tensor', received: 'none', fix: 'pass the tensors to join' });
  }
  expectOperands('concat', Object.fromEntries(inputs.map((input, index) => [`input ${index}`, input])));
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
  let joined: Tensor;
  if (adjacent) {
    const { gpu, storage, offset, rowStride } = first;
    joined = new Tensor({ gpu, storage: storage.retain(), shape, offset, rowStride });
  } else {
    joined = Tensor.empty(first.gpu, shape, 'concat');
    let start = 0;
    for (const input of inputs) {
      kernel.copy(input, joined.channelView(start, start + input.channels));
      start += input.channels;
    }
  }
  return track('concat', inputs, joined, concatRule(inputs));
}

/**
 * Cuts out the channels from `start` to before `end`, sharing memory: `x.sliceChannels(start, end)`; x[..., start:end] in PyTorch.
 *
 * @throws INVALID_ARGUMENT for channels that are not there
 */
export function sliceChannels(x: Tensor, start: number, end: number): Tensor {
  return x.sliceChannels(start, end);
}

/**
 * Gives the same numbers another shape, sharing memory: `x.reshape(shape)`; torch.Tensor.view.
 *
 * @throws SHAPE_MISMATCH for another number of elements, or a channel slice whose rows would be regrouped
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.reshape(shape);
}

viewTracking.sliceChannels = (x, view, start, end) => track('sliceChannels', [x], view, sliceRule(x, start, end));
viewTracking.reshape = (x, view) => track('reshape', [x], view, reshapeRule(x));

/**
 * Copies a tensor into memory of its own, a channel slice too; torch.clone. Gradients flow through it.
 *
 * @throws SHAPE_MISMATCH for an `out` of another shape; INVALID_ARGUMENT
 */
export function copy(x: Tensor, options: OutOption = {}): Tensor {
  const { out } = expectOptions('copy', options, ['out']);
  return track('copy', [x], kernel.copy(x, out), rule([], (dy) => [dy]));
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

function filled({ gpu }: Tensor, shape: Shape): Tensor {
  const zeros = Tensor.empty(gpu, shape, 'slice gradient');
  kernel.fill(zeros, 0);
  return zeros;
}

function reshapeRule(x: Tensor): Rule {
  return rule([], (dy) => [(dy.contiguous ? dy : copy(dy)).reshape(x.shape)]);
}
