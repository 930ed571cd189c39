import type { Variant } from './studio.js';

/**
 * How far pictures are apart, in the mean of all values out of 255, to look like several. Those of the site's model, of which a strip looks
 * like one picture, are 3.4 apart.
 */
const SEEN = 5;

/** Whether all of them have come and can hardly be told apart: a strip of them would look like a fault. */
export function lookAlike(variants: readonly Pick<Variant, 'result'>[]): boolean {
  const images = variants.flatMap(({ result }) => (result ? [result.image.data] : []));
  const [first, ...others] = images;
  if (!first || others.length === 0 || images.length < variants.length) return false;
  return others.every((other) => {
    let sum = 0;
    for (let at = 0; at < first.length; at++) sum += Math.abs(first[at]! - other[at]!);
    return sum < SEEN * first.length;
  });
}
