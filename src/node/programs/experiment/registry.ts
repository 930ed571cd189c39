import { generators } from './experiments/generators.js';
import { losses } from './experiments/losses.js';
import { noise } from './experiments/noise.js';
import { patches } from './experiments/patches.js';
import type { Experiment } from './kind.js';

/** The experiments of `shadegrad experiment`, a row each. */
export const EXPERIMENTS: readonly Experiment[] = [losses, generators, patches, noise];
