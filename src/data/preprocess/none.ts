import type { Preprocess } from './kind.js';

/** What sides are rounded to: networks halve images twice at least. */
const MULTIPLE = 4;

/** The nearest multiple; of two that are as near, the one that is an even number of times MULTIPLE, as Python's round() has it. */
function nearest(side: number): number {
  const times = side / MULTIPLE;
  const below = Math.floor(times);
  const tie = times - below === 0.5;
  return MULTIPLE * Math.max(1, tie ? below + (below % 2) : Math.round(times));
}

/** Leaves images as they are, but for sides that are no multiples of 4. */
export const none: Preprocess = {
  description: `as they are, all of one size (sides that are no multiple of ${MULTIPLE} are resized to the nearest)`,
  takesLoadSize: false,
  crops: false,
  onDevice: false,
  scaled: ({ width, height }) => ({ width: nearest(width), height: nearest(height) }),
};
