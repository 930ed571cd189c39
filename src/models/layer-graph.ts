import type { Module } from '../nn/module.js';
import type { Shape } from '../tensor/shape.js';
import type { Norm } from './defaults.js';

/** The tensors of one layer by their names' last parts ("weight", "bias", "running_mean" ...), with full names and shapes. */
export type LayerTensors = ReadonlyMap<string, { readonly name: string; readonly shape: Shape }>;

/** A convolution, and the norm after it where there is one with tensors. */
export interface LevelTensors {
  readonly conv: LayerTensors;
  readonly norm: LayerTensors | null;
}

/** The convolutions of a network in the order in which it declares them, each with its norm: nothing here depends on names. */
export function levelsOf(network: Module): LevelTensors[] {
  const layers = new Map<string, Map<string, { name: string; shape: Shape }>>();
  for (const [name, { shape }] of network.namedTensors()) {
    const dot = name.lastIndexOf('.');
    const tensors = layers.get(name.slice(0, dot)) ?? new Map<string, { name: string; shape: Shape }>();
    layers.set(name.slice(0, dot), tensors.set(name.slice(dot + 1), { name, shape }));
  }
  const levels: { conv: LayerTensors; norm: LayerTensors | null }[] = [];
  for (const tensors of layers.values()) {
    if (tensors.get('weight')?.shape.length === 4) levels.push({ conv: tensors, norm: null });
    else levels.at(-1)!.norm = tensors;
  }
  return levels;
}

/** What the operations of a network are added to: each takes the names of values, and gives that of its result. */
export interface LayerGraph {
  /** A convolution of a kernel of 4 with a padding of 1. */
  conv(x: string, layer: LayerTensors, stride: number): string;
  /** The adjoint of one of stride 2. */
  convTranspose(x: string, layer: LayerTensors): string;
  /** An image of twice the size, and a convolution of it that keeps that size, padded with the mirror image. */
  resizeConv(x: string, layer: LayerTensors, mode: 'nearest' | 'bilinear'): string;
  /** @param layer null where the norm has no tensors */
  norm(x: string, channels: number, layer: LayerTensors | null, options: { readonly norm: Norm; readonly epsilon: number }): string;
  leakyRelu(x: string, slope: number): string;
  relu(x: string): string;
  tanh(x: string): string;
  /** Joins the channels of two values. */
  joined(first: string, second: string): string;
}

/** What goes into a model or comes out of it, in words and as [channels, height, width]; a word stands for any length. */
export interface ModelValue {
  readonly shape: readonly (number | string)[];
  readonly description: string;
}

/** A network as a model of its weights alone, dropout off. */
export interface LayerModel<N> {
  readonly name: string;
  /** The values that come out, such as '[-1, 1]'. */
  readonly outputRange: string;
  input(network: N): ModelValue;
  output(network: N): ModelValue;
  /** Adds the operations. @returns the name of the last one's result */
  addTo(graph: LayerGraph, network: N, x: string): string;
}
