/** The generator of shaders/shared/random.wgsl in plain JavaScript, with the same bits. */

/** pcg4d (Jarzynski and Olano 2020) as published: a linear congruential step, two rounds of mixing, a shift between. */
export function pcg4d(key: readonly number[]): number[] {
  const v = key.map((word) => (Math.imul(word, 1664525) + 1013904223) | 0);
  const mix = (to: number, a: number, b: number): void => {
    v[to] = (v[to]! + Math.imul(v[a]!, v[b]!)) | 0;
  };
  const round = (): void => {
    mix(0, 1, 3);
    mix(1, 2, 0);
    mix(2, 0, 1);
    mix(3, 1, 2);
  };
  round();
  for (let i = 0; i < 4; i++) v[i] = v[i]! ^ (v[i]! >>> 16);
  round();
  return v.map((word) => word >>> 0);
}

/** The 32 bits that element `index` gets. */
export function randomWord(index: number, stream: number, step: number, seed: number): number {
  return pcg4d([Math.floor(index / 4), stream, step, seed])[index % 4]!;
}

/** The number in [0, 1) that element `index` gets: a multiple of 2^-24. */
export function randomUnit(index: number, stream: number, seed: number, step = 0): number {
  return (randomWord(index, stream, step, seed) >>> 8) / 2 ** 24;
}

/** Box and Muller's transform of the quad that element `index` belongs to. */
export function randomNormal(index: number, stream: number, seed: number, step = 0): number {
  const first = index - (index % 2);
  const radius = Math.sqrt(-2 * Math.log(1 - randomUnit(first, stream, seed, step)));
  const angle = 2 * Math.PI * randomUnit(first + 1, stream, seed, step);
  return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
