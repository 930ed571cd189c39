import { elementCount, imageShape, type Shape } from '../tensor/shape.js';
import type { DType, Tensor } from '../tensor/tensor.js';
import { elementGrid, expectTensors, walkSource } from './elements.js';
import { storedTypes, type Constants } from './kernel.js';

/** How a kernel walks images whose sizes differ but whose channels agree: four channels at a time where all rows allow it. */
export interface ImageWalk {
  readonly source: string;
  readonly constants: Constants;
  readonly aliases: Readonly<Record<string, string>>;
  /** As ElementWalk.types(). */
  types(tensors: Readonly<Record<string, Tensor>>): Readonly<Record<string, string>>;
  /** Channels, in units of an element. */
  readonly channels: number;
  /** Base and row stride of a tensor, in units of an element. */
  place(tensor: Tensor): [base: number, stride: number];
  /** Workgroups for the elements of one of the images. */
  workgroups(shape: Shape): [number, number, number];
}

/**
 * @param dtypes what the kernel takes
 * @throws SHAPE_MISMATCH for what is no image; INVALID_ARGUMENT for a tensor of another type
 */
export function walkImages(what: string, tensors: readonly Tensor[], dtypes: readonly DType[] = ['f32']): ImageWalk {
  expectTensors(what, tensors, dtypes);
  for (const tensor of tensors) imageShape(tensor.shape, what);
  const [first] = tensors as [Tensor];
  const width = tensors.every((tensor) => tensor.vectorizable) ? 4 : 1;
  const aliases = { element: width === 4 ? 'vec4f' : 'f32', element_index: width === 4 ? 'vec4i' : 'i32' };
  return {
    source: walkSource,
    constants: { STRIDED: false },
    aliases,
    types: (bindings) => ({ ...aliases, ...storedTypes(width, bindings) }),
    channels: first.channels / width,
    place: ({ base, rowStride }) => [base / width, Math.floor(rowStride / width)],
    workgroups: (shape) => elementGrid(elementCount(shape) / width, first.gpu.adapter.software),
  };
}
