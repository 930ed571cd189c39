import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticDigits } from '../../src/data/synthetic-digits.js';
import { imageAt, type ImageSet } from '../../src/data/unpaired.js';
import { failure } from '../harness/devices.js';

const draw = async (set: ImageSet): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: set.length }, async (_, index) => (await imageAt(set, index)).image.data));

/** FNV-1a, 32 bits. */
const fingerprint = (images: readonly Uint8Array[]): string => {
  let hash = 0x811c9dc5;
  for (const data of images) for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
};

test('the same arguments give the same bytes; seeds and splits give other digits', async () => {
  const first = await draw(syntheticDigits({ count: 30, seed: 1, split: 'train' }));
  assert.is(fingerprint(first), 'bffc767d');
  assert.equal(await draw(syntheticDigits({ count: 12, seed: 1, split: 'train' })), first.slice(0, 12));
  const others = [syntheticDigits({ count: 30, seed: 2, split: 'train' }), syntheticDigits({ count: 30, seed: 1, split: 'val' })];
  const prints = [...first, ...(await Promise.all(others.map(draw))).flat()].map((image) => fingerprint([image]));
  assert.is(new Set(prints).size, 90);
});

test('digits are white on black, grey, 28 pixels, inside of their picture, and of every label', async () => {
  const set = syntheticDigits({ count: 200, seed: 5, split: 'train' });
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < set.length; index++) {
    const { name, image } = await imageAt(set, index);
    assert.equal([image.width, image.height], [28, 28]);
    const grey = Array.from({ length: 28 * 28 }, (_, pixel) => image.data[3 * pixel]!);
    assert.ok(
      image.data.every((byte, at) => byte === grey[Math.floor(at / 3)]),
      'grey',
    );
    const share = grey.reduce((sum, byte) => sum + byte / 255, 0) / grey.length;
    assert.ok(share > 0.02 && share < 0.4, `${name}: ${share}`);
    const onEdge = grey.filter((_, pixel) => pixel % 28 === 0 || pixel % 28 === 27 || pixel < 28 || pixel >= 27 * 28);
    assert.ok(Math.max(...onEdge) < 255, `${name} reaches the edge`);
    const label = set.labels.of(index);
    assert.equal([label.length, label.filter(Boolean)], [10, [1]]);
    assert.ok(name.startsWith(String(label.indexOf(1))));
    counts[label.indexOf(1)]!++;
  }
  assert.ok(Math.min(...counts) >= 8, counts.join());
  assert.equal(set.labels.names, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('options and indices that cannot be are refused', async () => {
  for (const options of [{ count: 0 }, { count: 1.5 }, { split: 'test' }, { seed: -1 }]) {
    await failure(
      'INVALID_ARGUMENT',
      () => syntheticDigits({ count: 3, seed: 1, split: 'train', ...options } as never),
      /synthetic digits/,
    );
  }
  await failure('INVALID_ARGUMENT', () => syntheticDigits({ count: 3, seed: 1, split: 'train' }).get(3), /from 0 to 2/);
});

test.run();
