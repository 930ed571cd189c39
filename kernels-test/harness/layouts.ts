import * as assert from 'uvu/assert';
import type { Gpu } from '../../src/gpu/gpu.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';

/** How a tensor under test lies in memory: alone, or as a range of the channels of a wider one. */
export interface Layout {
  name: string;
  channelsBefore: number;
  channelsAfter: number;
}

export const WHOLE: Layout = { name: 'whole', channelsBefore: 0, channelsAfter: 0 };
/** Keeps four-channel alignment, so that kernels stay with vectors of four. */
export const ALIGNED_SLICE: Layout = { name: 'aligned slice', channelsBefore: 8, channelsAfter: 4 };
export const ODD_SLICE: Layout = { name: 'odd slice', channelsBefore: 1, channelsAfter: 2 };
export const LAYOUTS = [WHOLE, ALIGNED_SLICE, ODD_SLICE] as const;

/** Shapes at which an elementwise kernel may go wrong: one element, odd lengths, channels that are no multiple of four. */
export const SHAPES: readonly Shape[] = [
  [1],
  [1, 1, 1, 1],
  [31],
  [4, 1],
  [2, 5, 7, 3],
  [1, 3, 3, 6],
  [3, 2, 5, 7],
  [4, 8, 9, 16],
  [1, 512],
  [1, 65, 67, 3],
];

/** What lies beside a slice; no kernel may read or change it. */
const FILLER = 12345.5;

/** A tensor with the given contents in the given layout. */
export function placed(gpu: Gpu, data: ArrayLike<number>, shape: Shape, { channelsBefore, channelsAfter }: Layout = WHOLE): Tensor {
  const channels = shape[shape.length - 1]!;
  const width = channelsBefore + channels + channelsAfter;
  const rows = elementCount(shape) / channels;
  const wide = new Float32Array(rows * width).fill(FILLER);
  for (let i = 0; i < data.length; i++) wide[Math.floor(i / channels) * width + channelsBefore + (i % channels)] = data[i]!;
  const whole = Tensor.from(gpu, wide, [...shape.slice(0, -1), width]);
  if (width === channels) return whole;
  const slice = whole.sliceChannels(channelsBefore, channelsBefore + channels);
  whole.dispose();
  return slice;
}

/** A place for a result: the layout's tensor with contents that no kernel makes. */
export function target(gpu: Gpu, shape: Shape, layout: Layout): Tensor {
  return placed(gpu, new Float32Array(elementCount(shape)).fill(-FILLER), shape, layout);
}

/** Fails if anything beside the slice was changed. */
export async function assertNeighboursKept(tensor: Tensor, { channelsBefore }: Layout): Promise<void> {
  const { gpu, storage, rowStride, channels } = tensor;
  const whole = new Tensor({ gpu, storage: storage.retain(), shape: [storage.bytes / 4 / rowStride, rowStride] });
  const data = await whole.data();
  whole.dispose();
  const changed = data.findIndex((value, i) => {
    const channel = i % rowStride;
    const beside = channel < channelsBefore || channel >= channelsBefore + channels;
    return beside && value !== FILLER;
  });
  assert.is(changed, -1, `nothing beside the slice changed (element ${changed} of the wide tensor)`);
}
