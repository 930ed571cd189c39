import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { poolDraws } from '../../src/data/image-pool.js';
import { pcg4d } from '../../src/random.js';

const RUN = { seed: 11, pool: 0 };

/** The pool of pytorch-CycleGAN-and-pix2pix as it is told there, over numbers in place of images, and given its random numbers. */
class ImagePool {
  readonly stored: number[] = [];

  constructor(
    private readonly size: number,
    private readonly random: (image: number) => { chance: number; which: number },
  ) {}

  query(images: readonly number[]): number[] {
    if (this.size === 0) return [...images];
    return images.map((image) => {
      if (this.stored.length < this.size) {
        this.stored.push(image);
        return image;
      }
      const { chance, which } = this.random(image);
      if (chance < 0.5) return image;
      const place = Math.floor(which * this.size);
      const left = this.stored[place]!;
      this.stored[place] = image;
      return left;
    });
  }
}

/** The uniform numbers that poolDraws() draws for an image of a run, by the number of the image. */
const uniforms =
  ({ seed, pool }: { seed: number; pool: number }) =>
  (image: number): { chance: number; which: number } => {
    const [chance, which] = pcg4d(seed, image, 0, 0x706f6f6c ^ pool);
    return { chance: chance / 2 ** 32, which: which / 2 ** 32 };
  };

for (const places of [0, 1, 3, 5, 50])
  for (const batch of [1, 2, 3, 4, 7])
    test(`a pool of ${places} exchanges batches of ${batch} as the reference's does`, () => {
      const reference = new ImagePool(places, uniforms(RUN));
      const stored: number[] = [];
      for (let step = 0; step < 60; step++) {
        const images = Array.from({ length: batch }, (_, index) => step * batch + index);
        const draws = poolDraws({ places, batch, step, ...RUN });
        const left = images.map((image, index) => {
          const [taken, put] = draws.subarray(2 * index);
          const result = taken! < 0 ? image : stored[taken!]!;
          if (put! >= 0) stored[put!] = image;
          return result;
        });
        assert.equal(left, reference.query(images), `step ${step}`);
        assert.equal(stored, reference.stored, `the pool after step ${step}`);
      }
    });

test('a pool fills place by place, in the middle of a batch too, and exchanges from the next image on', () => {
  const draws = [0, 1, 2].map((step) => [...poolDraws({ places: 5, batch: 3, step, ...RUN })]);
  assert.equal(draws[0], [-1, 0, -1, 1, -1, 2]);
  assert.equal(draws[1]!.slice(0, 4), [-1, 3, -1, 4]);
  for (const [taken, put] of [draws[1]!.slice(4), draws[2]!.slice(0, 2), draws[2]!.slice(2, 4)]) {
    assert.is(taken, put, 'an image is put where another one was taken');
    assert.ok(taken! >= -1 && taken! < 5);
  }
});

test('a pool of no places takes nothing', () => {
  for (const step of [0, 1, 1000]) assert.equal([...poolDraws({ places: 0, batch: 2, step, ...RUN })], [-1, -1, -1, -1]);
});

test('draws follow from seed, step and pool alone', () => {
  const of = (change: object): number[] =>
    Array.from({ length: 40 }, (_, step) => [...poolDraws({ places: 4, batch: 2, step: step + 10, ...RUN, ...change })]).flat();
  assert.equal(of({}), of({}));
  assert.not.equal(of({ seed: 12 }), of({}));
  assert.not.equal(of({ pool: 1 }), of({}));
});

test('half of all images are exchanged, at every place equally often', () => {
  const [places, images] = [8, 40_000];
  const counts = new Array<number>(places).fill(0);
  const draws = poolDraws({ places, batch: images, step: 1, ...RUN });
  for (let image = 0; image < images; image++) if (draws[2 * image]! >= 0) counts[draws[2 * image]!]!++;
  const exchanged = counts.reduce((sum, count) => sum + count, 0);
  // Six standard deviations: sqrt(images / 4), and likewise below.
  assert.ok(Math.abs(exchanged - images / 2) < 6 * Math.sqrt(images / 4), `${exchanged} of ${images}`);
  const each = images / 2 / places;
  for (const count of counts) assert.ok(Math.abs(count - each) < 6 * Math.sqrt(each), `${counts.join(' ')}`);
});

test('images after the first 4,294,967,296 draw other numbers than the first', () => {
  const many = { places: 2, batch: 64, ...RUN };
  assert.not.equal(poolDraws({ ...many, step: 2 ** 26 + 1 }), poolDraws({ ...many, step: 1 }));
});

test.run();
