import { kubernetes } from './kubernetes.js';
import type { Scheduler } from './scheduler.js';
import { slurm } from './slurm.js';

/** The schedulers that experiments write scripts for, a row each. */
export const SCHEDULERS: readonly Scheduler[] = [slurm, kubernetes];
