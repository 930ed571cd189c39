import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FACADE_CLASSES } from '../../src/data/facades/classes.js';
import type { ImagePair, RgbImage } from '../../src/data/image.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import type { ShadegradError } from '../../src/errors.js';

const draw = (size: number, seed: number, split: 'train' | 'val' | 'test', count: number): ImagePair[] => {
  const dataset = syntheticFacades({ count, size, seed, split });
  return Array.from({ length: count }, (_, i) => dataset.get(i) as ImagePair);
};

/** FNV-1a, 32 bits. */
function fingerprint(images: RgbImage[]): string {
  let hash = 0x811c9dc5;
  for (const { data } of images) for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}

const packed = (image: RgbImage, pixel: number) =>
  (image.data[pixel * 3]! << 16) | (image.data[pixel * 3 + 1]! << 8) | image.data[pixel * 3 + 2]!;
const names = new Map<number, string>(FACADE_CLASSES.map(([name, [r, g, b]]) => [(r << 16) | (g << 8) | b, name]));

test('the same arguments give the same bytes, on every machine', () => {
  const pairs = draw(64, 1, 'train', 4);
  assert.is(fingerprint(pairs.flatMap(({ a, b }) => [a, b])), '8e82245a');
  assert.equal(draw(64, 1, 'train', 4), pairs);
});

test('seeds, splits and indices all give other buildings', () => {
  const prints = [draw(32, 1, 'train', 6), draw(32, 1, 'val', 6), draw(32, 1, 'test', 6), draw(32, 2, 'train', 6)]
    .flat()
    .flatMap(({ a, b }) => [fingerprint([a]), fingerprint([b])]);
  assert.is(new Set(prints).size, prints.length);
});

test('labels hold the class colours alone, and every class occurs', () => {
  const counts = new Map<string, number>();
  for (const { b } of draw(64, 3, 'train', 60)) {
    for (let i = 0; i < 64 * 64; i++) {
      const name = names.get(packed(b, i));
      assert.ok(name !== undefined, `colour ${packed(b, i).toString(16)}`);
      counts.set(name!, (counts.get(name!) ?? 0) + 1);
    }
  }
  assert.is(counts.size, 12);
  const share = (name: string) => counts.get(name)! / (60 * 64 * 64);
  assert.ok(share('facade') > 0.2 && share('facade') < 0.7);
  assert.ok(share('window') > 0.08 && share('window') < 0.35);
});

test("the photo follows its own label map: brightness jumps at the labels' edges", () => {
  for (const { a, b } of draw(128, 5, 'val', 8)) {
    let [edge, edges, inside, insides] = [0, 0, 0, 0];
    for (let y = 0; y < 128; y++) {
      for (let x = 1; x < 128; x++) {
        const at = y * 128 + x;
        const step = Math.abs(a.data[at * 3 + 1]! - a.data[at * 3 - 2]!);
        if (packed(b, at) !== packed(b, at - 1)) [edge, edges] = [edge + step, edges + 1];
        else [inside, insides] = [inside + step, insides + 1];
      }
    }
    assert.ok(edge / edges > 1.7 * (inside / insides), `${edge / edges} against ${inside / insides}`);
  }
});

test('a building keeps its layout at every size', () => {
  const small = draw(64, 1, 'train', 3);
  const large = draw(256, 1, 'train', 3);
  small.forEach(({ b }, index) => {
    let same = 0;
    for (let y = 0; y < 64; y++) {
      for (let x = 0; x < 64; x++) same += Number(packed(b, y * 64 + x) === packed(large[index]!.b, (y * 4 + 2) * 256 + x * 4 + 2));
    }
    assert.ok(same / 4096 > 0.85, `${same / 4096} of the pixels agree`);
  });
  for (const size of [32, 512]) {
    const { a, b } = draw(size, 1, 'train', 1)[0]!;
    assert.equal([a.width, a.height, b.width, b.height, a.data.length], [size, size, size, size, size * size * 3]);
  }
});

test('pairs are kept, and bad arguments are refused', () => {
  const dataset = syntheticFacades({ count: 2, size: 32, seed: 1, split: 'train' });
  assert.is(dataset.length, 2);
  assert.is(dataset.get(1), dataset.get(1));
  const refused = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return assert.is((error as ShadegradError).code, 'INVALID_ARGUMENT');
    }
    assert.unreachable('expected an error');
  };
  refused(() => dataset.get(2));
  refused(() => syntheticFacades({ count: 0, size: 64, seed: 1, split: 'train' }));
  refused(() => syntheticFacades({ count: 1, size: 16, seed: 1, split: 'train' }));
  refused(() => syntheticFacades({ count: 1, size: 64, seed: 0.5, split: 'train' }));
  refused(() => syntheticFacades({ count: 1, size: 64, seed: 1, split: 'other' as 'train' }));
});

test.run();
