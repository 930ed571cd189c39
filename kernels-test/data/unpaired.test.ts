import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pairAt, type PairedDataset } from '../../src/data/dataset.js';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { imageAt, isUnpaired, serialPairs, unpaired, type ImageSet, type NamedImage } from '../../src/data/unpaired.js';
import { failure } from '../harness/devices.js';

const plain = (shade: number): RgbImage => {
  const image = createImage(2, 2);
  image.data.fill(shade);
  return image;
};

/** Images of one shade each, from `first` on. */
const set = (name: string, length: number, first: number): ImageSet => ({
  kind: 'images',
  name,
  length,
  get: (index) => ({ name: `${name} ${index}`, image: plain(first + index) }),
});

const pairs: PairedDataset = {
  name: 'pairs',
  length: 3,
  get: (index) => ({ name: `pair ${index}`, a: plain(index), b: plain(100 + index) }),
  contentOf: async (index) => `content ${index}`,
};

test('two sets are told from pairs', () => {
  assert.is(isUnpaired({ name: 'two', a: set('a', 1, 0), b: set('b', 2, 0) }), true);
  assert.is(isUnpaired(pairs), false);
});

test('the halves of pairs are two sets', async () => {
  const { name, a, b } = unpaired(pairs);
  assert.equal([name, a.length, b.length], ['pairs', 3, 3]);
  assert.equal(await a.get(1), { name: 'pair 1', image: plain(1) });
  assert.equal(await b.get(2), { name: 'pair 2', image: plain(102) });
  assert.is(await b.contentOf!(2), 'content 2');
  const { contentOf: _contentOf, ...without } = pairs;
  assert.is(unpaired(without).a.contentOf, undefined);
});

test('sets as pairs: as many as the larger one has, the smaller one again and again', async () => {
  for (const [lengthA, lengthB] of [
    [2, 5],
    [5, 2],
  ] as const) {
    const both = serialPairs({ name: 'two', a: set('a', lengthA, 0), b: set('b', lengthB, 100) });
    assert.is(both.length, 5);
    for (let index = 0; index < 5; index++) {
      const [first, second] = [index % lengthA, index % lengthB];
      assert.equal(await both.get(index), { name: `a ${first}, b ${second}`, a: plain(first), b: plain(100 + second) });
    }
  }
  assert.is((await serialPairs(unpaired(pairs)).get(1)).name, 'pair 1');
});

test('images of two sets may be of different sizes, halves of pairs may not', async () => {
  const image = (side: number): RgbImage => ({ width: side, height: side, data: new Uint8Array(3 * side * side) });
  const of = (side: number): ImageSet => ({ kind: 'images', name: `${side}`, length: 1, get: () => ({ name: 'x', image: image(side) }) });
  const shown = await pairAt(serialPairs({ name: 'two', a: of(40), b: of(50) }), 0);
  assert.equal([shown.a.width, shown.b.width], [40, 50]);
  const halves = { name: 'pairs', length: 1, get: () => ({ name: 'x', a: image(40), b: image(50) }) };
  await failure('IMAGE_SIZE', () => pairAt(halves, 0), /differ in size/);
});

test('sets as pairs are known by the content of both images, if either set knows it', async () => {
  const known = (name: string): ImageSet => ({ ...set(name, 2, 0), contentOf: async (index) => `${name}${index}` });
  assert.is(await serialPairs({ name: 'two', a: known('x'), b: known('y') }).contentOf!(1), 'x1 y1');
  assert.is(serialPairs({ name: 'two', a: known('x'), b: set('y', 2, 0) }).contentOf, undefined);
});

test('an image without a name is called by its number', async () => {
  const unnamed = { ...set('photos', 3, 0), get: () => ({ image: plain(7) }) as NamedImage };
  assert.equal(await imageAt(unnamed, 2), { name: 'image 2 of photos', image: plain(7) });
});

test('what is no image is refused by its number and set', async () => {
  const giving = (found: unknown): ImageSet => ({ ...set('photos', 3, 0), get: () => found as NamedImage });
  for (const nothing of [null, undefined, {}, { name: 'x' }, { name: 'x', image: null }, { name: 'x', image: 3 }])
    await failure('INVALID_ARGUMENT', () => imageAt(giving(nothing), 2), /image 2 of photos/, /get\(2\)/, /fix: return the image/);
  const short = { name: 'x', image: { width: 2, height: 2, data: new Uint8Array(3) } };
  await failure('IMAGE_SIZE', () => imageAt(giving(short), 2), /x \(image 2 of photos\)/);
  const broken = { ...set('photos', 3, 0), get: () => Promise.reject(new Error('unreadable')) };
  await imageAt(broken, 0).then(
    () => assert.unreachable('what reading throws is passed on'),
    (error: Error) => assert.is(error.message, 'unreadable'),
  );
});

test.run();
