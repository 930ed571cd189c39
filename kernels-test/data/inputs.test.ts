import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, crop, type RgbImage } from '../../src/data/image.js';
import { cannyEdges } from '../../src/data/inputs/edges.js';
import { chooseInput, PAIR_INPUTS, inputText, makeInput, parseInput } from '../../src/data/inputs/registry.js';
import { imageOfBytes } from '../../src/data/grey.js';
import { resizeBicubic } from '../../src/data/resize.js';
import type { ShadegradError } from '../../src/errors.js';
import golden from '../goldens/pair_inputs.json';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function picture(width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7919) % 251;
  return image;
}

test('edges are those of scikit-image, pixel by pixel', () => {
  let found = 0;
  for (const { width, height, data, edges } of golden.cases) {
    const plane = { width, height, data: Float64Array.from(bytesOf(data), (byte) => byte / 255) };
    for (const { sigma, low, high, bits } of edges) {
      const packed = bytesOf(bits);
      const expected = Uint8Array.from({ length: width * height }, (_, at) => (packed[at >> 3]! >> (7 - (at & 7))) & 1);
      const edgesHere = cannyEdges(plane, { sigma, low, high });
      assert.equal(edgesHere, expected, `${width} x ${height}, sigma ${sigma}, ${low} to ${high}`);
      found += edgesHere.filter((edge) => edge === 1).length;
    }
  }
  assert.ok(found > 1000, String(found));
});

test('a line between two planes is a pixel wide, whatever its direction, and drawn black on white', () => {
  const image = createImage(20, 16);
  for (let y = 0; y < 16; y++) image.data.fill(255, (y * 20 + 10) * 3, (y + 1) * 20 * 3);
  const { data } = makeInput(image, parseInput('edges'), 'a', 1);
  const black = Array.from({ length: 320 }, (_, at) => at).filter((at) => data[at * 3] === 0);
  assert.equal(
    black.map((at) => at % 20),
    Array(14).fill(black[0]! % 20),
    'one in each row but the outermost',
  );
  assert.equal([...new Set(data)].sort(), [0, 255]);
});

test('blurs are those of SciPy, byte by byte', () => {
  for (const { width, height, data, blurs } of golden.cases) {
    const image = imageOfBytes(bytesOf(data), width, height, 1);
    for (const { sigma, data: expected } of blurs)
      assert.equal(makeInput(image, chooseInput('blur', [['sigma', sigma]]), 'a', 1), imageOfBytes(bytesOf(expected), width, height, 1));
  }
});

test('every input has the size of its picture, leaves it as it is, and follows from picture, name and seed', () => {
  assert.is(new Set(PAIR_INPUTS.map(({ name }) => name)).size, PAIR_INPUTS.length);
  for (const { name, options } of PAIR_INPUTS) {
    for (const [width, height] of [
      [31, 18],
      [1, 1],
      [2, 5],
    ] as const) {
      const image = picture(width, height);
      const before = image.data.slice();
      const made = makeInput(image, parseInput(name), 'a.png', 1);
      assert.equal([made.width, made.height, made.data.length], [width, height, width * height * 3], name);
      assert.equal(makeInput(image, parseInput(name), 'a.png', 1), made, name);
      assert.equal(image.data, before, name);
      assert.not.ok(made.data.buffer === image.data.buffer, `${name}: memory of its own`);
      for (const bound of ['min', 'max'] as const) {
        const choice = chooseInput(
          name,
          Object.entries(options).map(([option, row]) => [option, row[bound]]),
        );
        assert.is(makeInput(image, choice, 'a.png', 1).data.length, width * height * 3, `${name}, ${bound}`);
      }
    }
  }
});

test('fewer pixels, holes and greys are what they say', () => {
  const image = picture(32, 16);
  assert.equal(makeInput(image, parseInput('lowres:factor=8'), 'a', 1), resizeBicubic(resizeBicubic(image, 4, 2), 32, 16));
  const { data } = makeInput(image, parseInput('grey'), 'a', 1);
  assert.ok(data.every((value, at) => value === data[at - (at % 3)]));
  const masked = makeInput(image, parseInput('mask'), 'a', 1);
  assert.equal([...new Set(crop(masked, 8, 4, 16, 8).data)], [128]);
  assert.equal(crop(masked, 0, 0, 32, 4), crop(image, 0, 0, 32, 4));
  const corners = ['a', 'b', 'c', 'd'].flatMap((name) => [1, 2].map((seed) => makeInput(image, parseInput('random-mask'), name, seed)));
  assert.is(new Set(corners.map((each) => each.data.join())).size, 8, 'a hole elsewhere for each name and seed');
  for (const each of corners) assert.ok(each.data.filter((value) => value === 128).length >= 16 * 8 * 3);
  const soft = makeInput(image, parseInput('soft-edges'), 'a', 1);
  assert.ok(
    makeInput(image, parseInput('soft-edges:gain=9'), 'a', 1).data.every((value, at) => value <= soft.data[at]!),
    'darker',
  );
});

test('an input is chosen by a text, which says all of it again', () => {
  assert.equal(parseInput('edges:low=0.1,sigma=2'), { name: 'edges', options: { sigma: 2, low: 0.1, high: 0.5 } });
  assert.is(inputText(parseInput('edges:low=0.1')), 'edges:sigma=1,low=0.1,high=0.5');
  assert.is(inputText(parseInput('grey')), 'grey');
  for (const { name } of PAIR_INPUTS) assert.equal(parseInput(inputText(parseInput(name))), parseInput(name));
  for (const [text, words] of [
    ['edge', /edges, soft-edges/],
    ['', /edges, soft-edges/],
    ['edges:sigma=x', /from 0 to 20/],
    ['edges:sigma=', /from 0 to 20/],
    ['edges:sigma=21', /write edges:sigma=1/],
    ['edges:gain=1', /sigma, low, high/],
    ['edges:constructor=1', /sigma, low, high/],
    ['grey:sigma=1', /no numbers/],
  ] as const) {
    assert.throws(
      () => parseInput(text),
      (error: ShadegradError) => error.code === 'INVALID_ARGUMENT' && words.test(error.message),
      text,
    );
  }
});

test.run();
