import type { Action } from './action.js';
import { CHECK } from './check.js';
import { COMBINE } from './combine.js';
import { FRAMES } from './frames.js';
import { MAKE } from './make.js';
import { RESIZE } from './resize.js';
import { SPLIT } from './split.js';

/** What `shadegrad prepare` does, a row each. */
export const ACTIONS: readonly Action[] = [CHECK, COMBINE, SPLIT, RESIZE, MAKE, FRAMES];
