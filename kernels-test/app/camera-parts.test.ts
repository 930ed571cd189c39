// not in browsers: parts of a page that know no page
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { coverOf } from '../../examples/app/pages/camera/cover.js';
import { FILTERS, filterFor, knobsOf, type Pixels } from '../../examples/app/pages/camera/filters.js';
import { FrameMean } from '../../examples/app/pages/camera/mean.js';
import { Rate } from '../../examples/app/pages/camera/rate.js';
import { PALETTES } from '../../src/data/palettes/registry.js';

/** Pixels of a grey picture, a row of text each line: '.' is light, '#' is dark. */
const picture = (rows: readonly string[]): Pixels => {
  const [width, height] = [rows[0]!.length, rows.length];
  const data = new Uint8ClampedArray(4 * width * height);
  for (const [at, letter] of [...rows.join('')].entries()) data.set([0, 0, 0].fill(letter === '.' ? 200 : 60).concat(255), 4 * at);
  return { width, height, data };
};
const filtered = (id: string, pixels: Pixels, knobs: Record<string, number> = {}): Pixels => {
  const filter = FILTERS.find((each) => each.id === id)!;
  filter.apply!(pixels, { ...knobsOf(filter), ...knobs }, PALETTES.facades!);
  return pixels;
};
const rowOf = ({ width, data }: Pixels, y: number): string =>
  Array.from({ length: width }, (_, x) => (data[4 * (y * width + x)] === 0 ? '#' : '.')).join('');

test('edges are dark lines on white, on the dark side of what is light and dark', () => {
  const step = filtered('edges', picture(Array<string>(12).fill('........########')), { width: 1, threshold: 8 });
  assert.is(rowOf(step, 6), '........##......');
  assert.ok(step.data.every((value, at) => (at % 4 === 3 ? value === 255 : value === 0 || value === 255)));
  const flat = filtered('edges', picture(Array<string>(12).fill('################')));
  assert.is(rowOf(flat, 6), '................');
  assert.is(filterFor('lines').id, 'edges');
});

test('blur keeps what is even and the sum of a dot; the palette has its own colours alone', () => {
  const even = picture(Array<string>(5).fill('.....'));
  assert.equal(filtered('blur', picture(Array<string>(5).fill('.....'))).data, even.data);
  const rows = Array.from({ length: 21 }, (_, y) => (y === 10 ? `${'#'.repeat(10)}.${'#'.repeat(10)}` : '#'.repeat(21)));
  const dot = filtered('blur', picture(rows), { radius: 1 });
  // 140 more than its ground, of which a Gaussian of one pixel leaves 1 / 2 pi in the middle.
  assert.ok(Math.abs(dot.data[4 * (10 * 21 + 10)]! - 60 - 140 / (2 * Math.PI)) < 2);
  assert.is(dot.data[4 * (10 * 21 + 9)], dot.data[4 * (9 * 21 + 10)]);
  const { colour } = PALETTES.facades!.classes[3]!;
  const near: Pixels = { width: 1, height: 1, data: Uint8ClampedArray.of(...colour.map((value) => value ^ 5), 255) };
  assert.equal([...filtered('palette', near, { radius: 0 }).data], [...colour, 255]);
});

test('the mean over frames begins with the first, and comes to a still picture to the byte', () => {
  const mean = new FrameMean();
  const add = (value: number): number => {
    const data = Uint8ClampedArray.of(value);
    mean.add(data, 0.9);
    return data[0]!;
  };
  assert.is(add(0), 0);
  assert.is(add(200), 20);
  for (let frame = 0; frame < 100; frame++) add(200);
  assert.is(add(200), 200);
  mean.clear();
  assert.is(add(7), 7);
});

test('frames a second are of the last ones, dropped ones are counted, and the middle of a frame is cut out', () => {
  const rate = new Rate();
  assert.is(rate.counts.perSecond, 0);
  for (let frame = 0; frame <= 100; frame++) rate.add(1000 * frame);
  for (let frame = 1; frame <= 100; frame++) rate.add(100_000 + 50 * frame);
  rate.drop();
  rate.drop(2);
  assert.equal(rate.counts, { translated: 201, dropped: 3, perSecond: 20 });
  rate.rest();
  assert.equal(rate.counts, { translated: 201, dropped: 3, perSecond: 0 });
  assert.equal(coverOf(1280, 720, 64, 64), [280, 0, 720, 720]);
});

test.run();
