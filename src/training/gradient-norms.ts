import type { Gpu } from '../gpu/gpu.js';
import { gradientNorm } from '../optim/clip.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Networks } from './scheme.js';

/**
 * Measures the gradients that the last step has left, by network: the norm of each, as of one vector. The device does it between two
 * steps, which need not wait: what is awaited is the reading alone. Not for gradients that a loss scale multiplies.
 */
export async function gradientNorms(gpu: Gpu, networks: Networks): Promise<Record<string, number>> {
  const measured = Object.entries(networks).flatMap(([name, network]): [string, Tensor][] => {
    const norm = gpu.scope(() => gradientNorm(network));
    return norm ? [[name, norm]] : [];
  });
  try {
    const values = await Promise.all(measured.map(([, norm]) => norm.item()));
    return Object.fromEntries(measured.map(([name], index) => [name, values[index]!]));
  } finally {
    for (const [, norm] of measured) norm.dispose();
  }
}
