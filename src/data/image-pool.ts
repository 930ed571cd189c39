import { boundedInteger, pcg4d } from '../random.js';

/** Tells the draws of a pool from the other uses of one seed. */
const POOL_STREAM = 0x706f6f6c;

/** Options of poolDraws(): what the draws follow from. */
export interface PoolDrawsOptions {
  /** Images that the pool holds when it is full; 0 for no pool. */
  readonly places: number;
  /** Images of a step. */
  readonly batch: number;
  /** The number of the step, from 0: before it, step * batch images have come. */
  readonly step: number;
  /** The seed of the run, a whole number of 32 bits. */
  readonly seed: number;
  /** Tells several pools of one run apart, a whole number from 0 to 255. */
  readonly pool: number;
}

/**
 * Draws what becomes of the images of one step at a pool of earlier ones, as the ImagePool of pytorch-CycleGAN-and-pix2pix does: while
 * the pool fills, every image is put into it and leaves as it is; then, with a chance of one half each, it leaves as it is, or takes the
 * place of an image of the pool, which leaves instead. All of it follows from the options, so a run that goes on draws what it would have.
 *
 * @returns [taken, put] for each image: places of the pool, or -1
 */
export function poolDraws({ places, batch, step, seed, pool }: PoolDrawsOptions): Int32Array<ArrayBuffer> {
  const draws = new Int32Array(2 * batch).fill(-1);
  for (let image = 0; image < batch; image++) {
    const index = step * batch + image;
    if (index < places) draws[2 * image + 1] = index;
    else if (places > 0) {
      const [chance, which] = pcg4d(seed, index % 2 ** 32, Math.floor(index / 2 ** 32), (POOL_STREAM ^ pool) >>> 0);
      if (chance < 0x80000000) continue;
      const place = boundedInteger(which, places);
      draws[2 * image] = place;
      draws[2 * image + 1] = place;
    }
  }
  return draws;
}
