import type { Network } from '../models/kind.js';
import { Adam } from '../optim/adam.js';

/** The numbers of Adam that adversarial networks are trained with since DCGAN's paper (betas), and PyTorch's own epsilon. */
export const ADAM = { betas: [0.5, 0.999], epsilon: 1e-8 } as const;

/** Makes an Adam with these numbers, for a row of `optimizers` of a scheme. @throws as the constructor of Adam */
export const adam = (network: Network, { learningRate }: { readonly learningRate: number }): Adam =>
  new Adam(network, { learningRate, ...ADAM });
