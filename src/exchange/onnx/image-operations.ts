import type { OnnxAttribute } from '../../formats/onnx.js';
import { KERNEL_AXES } from '../../nn/axes.js';
import { formatShape } from '../../tensor/shape.js';
import { unsupported, valueIn, type GraphCall, type GraphOperation } from './call.js';
import type { GraphValue, OnnxGraph } from './graph.js';

type Sides = readonly [number, number];

const sides = ({ attributes }: GraphCall, name: string): Sides => attributes[name] as Sides;

/** A value of four axes that an operator has made. */
const image = (name: string, { shape }: GraphCall): GraphValue => ({ name, shape, dtype: 'f32', order: 'first' });

function convolution(operator: string, more: (call: GraphCall) => Record<string, OnnxAttribute> = () => ({})): GraphOperation {
  return (graph, call) => {
    const weight = valueIn(call, 1);
    const [top, left] = sides(call, 'padding');
    const inputs = [graph.first(valueIn(call, 0)), graph.permuted(weight, KERNEL_AXES)];
    if (call.operands[2] !== null) inputs.push(graph.last(valueIn(call, 2)));
    return image(
      graph.node(operator, inputs, {
        kernel_shape: weight.shape.slice(0, 2),
        strides: [...sides(call, 'stride')],
        pads: [top, left, top, left],
        dilations: [...sides(call, 'dilation')],
        group: call.attributes.groups as number,
        ...more(call),
      }),
      call,
    );
  };
}

/**
 * Pixels that the last windows of a pool need beyond the padding, which ONNX's and PyTorch's ways of rounding up do not agree on:
 * so they are there as padding. How many depends on the length: the model is for this one.
 */
function endPadding(graph: OnnxGraph, call: GraphCall): Sides {
  const [kernel, stride, padding] = [sides(call, 'kernel'), sides(call, 'stride'), sides(call, 'padding')];
  const { shape } = valueIn(call, 0);
  const beyond = (axis: 0 | 1): number => {
    if (call.attributes.ceilMode !== true || stride[axis] === 1) return 0;
    graph.fixedTo(shape[axis + 1]!);
    const needed = (call.shape[axis + 1]! - 1) * stride[axis] + kernel[axis];
    return Math.max(0, needed - (shape[axis + 1]! + 2 * padding[axis]));
  };
  return [beyond(0), beyond(1)];
}

function pool(
  operator: string,
  x: string,
  graph: OnnxGraph,
  call: GraphCall,
  pads: readonly number[],
  more: Record<string, OnnxAttribute> = {},
): GraphValue {
  return image(
    graph.node(operator, [x], { kernel_shape: [...sides(call, 'kernel')], strides: [...sides(call, 'stride')], pads, ...more }),
    call,
  );
}

const padded = (graph: OnnxGraph, x: string, [top, bottom, left, right]: readonly number[], mode: string, value: number): string =>
  graph.node('Pad', [x, graph.integers([0, 0, top!, left!, 0, 0, bottom!, right!]), graph.number(value)], { mode });

const maxPool2d: GraphOperation = (graph, call) => {
  const [[top, left], [down, across]] = [sides(call, 'padding'), endPadding(graph, call)];
  return pool('MaxPool', graph.first(valueIn(call, 0)), graph, call, [top, left, top + down, left + across]);
};

const avgPool2d: GraphOperation = (graph, call) => {
  const [[top, left], [down, across]] = [sides(call, 'padding'), endPadding(graph, call)];
  const x = graph.first(valueIn(call, 0));
  if (call.attributes.countIncludePad !== true) {
    return pool('AveragePool', x, graph, call, [top, left, top + down, left + across], { count_include_pad: 0 });
  }
  if (down + across === 0) return pool('AveragePool', x, graph, call, [top, left, top, left], { count_include_pad: 1 });
  // The padding counts, what lies beyond it does not.
  const within = top + left === 0 ? x : padded(graph, x, [top, top, left, left], 'constant', 0);
  return pool('AveragePool', within, graph, call, [0, 0, down, across], { count_include_pad: 0 });
};

/** ONNX's names of the ways to pad. */
const PAD_MODES: Readonly<Record<string, string>> = { zeros: 'constant', reflect: 'reflect', replicate: 'edge' };

const pad: GraphOperation = (graph, call) => {
  const { margins, mode, value } = call.attributes as { margins: readonly number[]; mode: string; value: number };
  if (margins.some((margin) => margin < 0)) {
    throw unsupported(call.op, 'margins of at least 0', formatShape(margins), 'cut with slice() in place of negative margins');
  }
  return image(padded(graph, graph.first(valueIn(call, 0)), margins, PAD_MODES[mode]!, value), call);
};

/** The float32 numbers beside one, itself first. */
function* neighbours(value: number): Generator<number> {
  const bits = new Uint32Array(1);
  const floats = new Float32Array(bits.buffer);
  for (const step of [0, 1, -1]) {
    floats[0] = value;
    bits[0]! += step;
    yield floats[0]!;
  }
}

/**
 * The factor by which an axis is resized, as a float32 with which ONNX's float32 arithmetic comes to the length that it came to here,
 * and, of the nearest pixels, to the same ones; null where there is none.
 */
function resizeFactor(length: number, size: number, exact: number, nearest: boolean): number | null {
  for (const factor of neighbours(exact)) {
    const nearestEqual = (index: number): boolean =>
      Math.min(Math.floor(Math.fround(index / factor)), length - 1) === Math.min(Math.floor(index / exact), length - 1);
    if (
      Math.floor(Math.fround(length * factor)) === size &&
      (!nearest || Array.from({ length: size }, (_, index) => index).every(nearestEqual))
    )
      return factor;
  }
  return null;
}

/**
 * Whether a factor leads to the same size and pixels here and in ONNX's float32 arithmetic, whatever the length: its products with
 * lengths are exact, and no axis of two pixels or more keeps its length, which ONNX Runtime copies instead of resizing.
 */
const holdsForAnyLength = (factor: number): boolean => Number.isInteger(factor * 256) && (factor <= 1 || factor >= 1.5);

const upsample: GraphOperation = (graph, call) => {
  const { mode, alignCorners, size, scale } = call.attributes as { mode: string; alignCorners: boolean; size: Sides; scale: Sides | null };
  const x = valueIn(call, 0);
  const nearest = mode === 'nearest';
  const coordinates = nearest ? 'asymmetric' : alignCorners ? 'align_corners' : 'half_pixel';
  const lengths = [x.shape[1]!, x.shape[2]!] as const;
  const exact = ([0, 1] as const).map((axis) => scale?.[axis] ?? size[axis] / lengths[axis]);
  const isKept = lengths.every((length, axis) => size[axis] === length) && lengths.some((length, axis) => length > 1 && exact[axis] !== 1);
  const factors = ([0, 1] as const).map((axis) => {
    const length = lengths[axis];
    const factor = isKept ? null : resizeFactor(length, size[axis], exact[axis]!, nearest);
    if (!holdsForAnyLength(exact[axis]!)) graph.fixedTo(length);
    if (factor !== null) return factor;
    throw unsupported(
      call.op,
      'a factor that float32 holds well enough for the size that it leads to',
      `${length} pixels made ${size[axis]}`,
      'choose a whole factor, or the size in place of a scale',
    );
  });
  const attributes = {
    mode: nearest ? 'nearest' : 'linear',
    coordinate_transformation_mode: coordinates,
    ...(nearest && { nearest_mode: 'floor' }),
  };
  return image(graph.node('Resize', [graph.first(x), '', graph.floats([1, 1, ...factors], [4])], attributes), call);
};

const pixelShuffle: GraphOperation = (graph, call) =>
  image(graph.node('DepthToSpace', [graph.first(valueIn(call, 0))], { blocksize: call.attributes.factor as number, mode: 'CRD' }), call);

export const imageOperations: Readonly<Record<string, GraphOperation>> = {
  conv2d: convolution('Conv'),
  convTranspose2d: convolution('ConvTranspose', (call) => ({ output_padding: [...sides(call, 'outputPadding')] })),
  maxPool2d,
  avgPool2d,
  globalAveragePool: (graph, call) => image(graph.node('GlobalAveragePool', [graph.first(valueIn(call, 0))]), call),
  pad,
  upsample,
  pixelShuffle,
};
