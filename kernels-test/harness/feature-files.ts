/** Files of weights of feature networks, whose numbers follow from their names as scripts/goldens/feature_networks.py has them. */
import type { WeightFile } from '../../src/formats/weight-file.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Module } from '../../src/nn/module.js';
import { elementCount } from '../../src/tensor/shape.js';
import { values } from './deterministic.js';
import { fileOf } from './weights.js';

/** Tensors by name and shape, in PyTorch's layout. */
export type NamedShapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** The numbers of a tensor. */
export function featureNumbers(name: string, shape: readonly number[]): Float32Array {
  const length = elementCount(shape);
  if (name.startsWith('lin')) return values(name, length, 0.5, 0.5);
  if (shape.length > 1) return values(name, length, Math.sqrt(6 / (length / shape[0]!)));
  return /(?:running_var|bn\.weight)$/.test(name) ? values(name, length, 0.3, 1) : values(name, length, 0.2);
}

/** A file that was never on a disk, of these tensors. */
export const featureFile = (shapes: NamedShapes): WeightFile =>
  fileOf(shapes.map(([name, shape]) => ({ name, shape, read: async () => featureNumbers(name, shape) })));

/** The names and shapes of a network's state dict. The network is on no device afterwards. */
export function shapesOf(gpu: Gpu, network: Module): NamedShapes {
  network.to(gpu, { training: false });
  const shapes = [...network.stateDict({ layout: 'pytorch' })].map(([name, { shape }]) => [name, shape] as const);
  network.dispose();
  return shapes;
}

/** The weights of the layers of LPIPS. */
export const layerShapes = (channels: readonly number[]): NamedShapes =>
  channels.map((count, at) => [`lin${at}.model.1.weight`, [1, count, 1, 1]]);
