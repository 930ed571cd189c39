/** Up to `count` indices, evenly over a set of so many; always the same ones. */
export function spread(length: number, count: number): number[] {
  const used = Math.min(length, count);
  return Array.from({ length: used }, (_, index) => Math.floor((index * length) / used));
}
