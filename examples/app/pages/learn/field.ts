import { Conv2d, type Module } from 'shadegrad';

/** What one output of a network of convolutions sees of its input: a square, and how far the next one's lies. */
export interface Field {
  /** The side of the square in pixels. */
  readonly size: number;
  /** Pixels from one output's square to the next one's. */
  readonly stride: number;
  /** Where the first one's begins: below 0 where it looks at padding. */
  readonly start: number;
}

/** The windows of a convolution, which it keeps to itself. */
type Windows = Readonly<Record<'kernel' | 'stride' | 'padding' | 'dilation', readonly [number, number]>>;

const convolutionsOf = (network: Module): Windows[] =>
  [...network.modules()].filter((module) => module instanceof Conv2d).map((module) => module as unknown as Windows);

/** Follows what an output sees back through convolutions in a row, the first `count` of a network. */
export function fieldOf(network: Module, count = Number.POSITIVE_INFINITY): Field {
  let [size, stride, start] = [1, 1, 0];
  for (const { kernel, stride: step, padding, dilation } of convolutionsOf(network).slice(0, count)) {
    start -= padding[0] * stride;
    size += (kernel[0] - 1) * dilation[0] * stride;
    stride *= step[0];
  }
  return { size, stride, start };
}

/** How many outputs a network of convolutions in a row has along a side; 0 for one that is too small. */
export function outputsAlong(network: Module, side: number): number {
  return convolutionsOf(network).reduce((length, { kernel, stride, padding, dilation }) => {
    return Math.max(0, Math.floor((length + 2 * padding[0] - dilation[0] * (kernel[0] - 1) - 1) / stride[0]) + 1);
  }, side);
}

/** The output whose square's middle lies nearest to a pixel. */
export function outputAt({ size, stride, start }: Field, pixel: number, outputs: number): number {
  return Math.min(Math.max(Math.round((pixel + 0.5 - start - size / 2) / stride), 0), outputs - 1);
}
