// not in browsers: parts of a page that know no page
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lookAlike } from '../../examples/app/pages/draw/alike.js';
import { Editor } from '../../examples/app/pages/draw/editor.js';
import { History } from '../../examples/app/pages/draw/history.js';
import { Lane } from '../../examples/app/pages/draw/lane.js';
import { decodeDrawing, encodeDrawing, LinkError, MOST_LETTERS } from '../../examples/app/pages/draw/link.js';
import { Pace } from '../../examples/app/pages/draw/pace.js';
import { blank, paintArea, paintDot, paintLine, resized, Resizer, wholeOf } from '../../examples/app/pages/draw/raster.js';
import { TOOLS } from '../../examples/app/pages/draw/tools.js';

const at = (x: number, y: number, width = 1) => ({ x: x + 0.5, y: y + 0.5, width });
const tool = (id: string) => TOOLS.find((each) => each.id === id)!;
const editor = (side: number) => {
  const picked: number[] = [];
  const whole: boolean[] = [];
  const raster = blank(side, side);
  return { picked, whole, made: new Editor(raster, 0, { changed: (_, is) => whole.push(is), picked: (value) => picked.push(value) }) };
};
const rows = ({ data, width }: { data: Uint8Array; width: number }): string[] =>
  Array.from({ length: data.length / width }, (_, y) => data.subarray(y * width, (y + 1) * width).join(''));

test('a line of one pixel has no gaps, and a round brush is round', () => {
  const line = blank(5, 5);
  paintLine(line, at(0, 0), at(4, 4), 1);
  assert.equal(rows(line), ['10000', '01000', '00100', '00010', '00001']);
  const dot = blank(5, 5);
  paintDot(dot, at(2, 2, 5), 1);
  assert.equal(rows(dot), ['01110', '11111', '11111', '11111', '01110']);
});

test('fill stays within the area whose sides touch', () => {
  const raster = blank(5, 3);
  for (let y = 0; y < 3; y++) raster.data[y * 5 + 2] = 7;
  assert.equal(paintArea(raster, at(0, 1), 3), { left: 0, top: 0, right: 2, bottom: 3 });
  assert.equal(rows(raster), ['33700', '33700', '33700']);
  assert.is(paintArea(raster, at(0, 1), 3), null);
});

test('a rectangle is drawn anew while it is dragged, and is one action', () => {
  const { made, whole, picked } = editor(4);
  made.begin(tool('rectangle'), at(0, 0), 2);
  made.move([at(3, 3)]);
  made.move([at(1, 1)]);
  made.end();
  const drawn = ['2200', '2200', '0000', '0000'];
  assert.equal(rows(made.raster), drawn);
  assert.is(whole.filter(Boolean).length, 1);
  made.begin(tool('eyedropper'), at(1, 1), 0);
  assert.equal(picked, [2]);
  made.begin(tool('eraser'), at(0, 0), 5);
  made.cancel();
  assert.equal(rows(made.raster), drawn);
  made.undo();
  assert.equal(rows(made.raster), ['0000', '0000', '0000', '0000']);
  made.redo();
  assert.equal(rows(made.raster), drawn);
});

test('undo takes bounded memory: the oldest actions are forgotten', () => {
  const raster = blank(4, 4);
  const history = new History(100);
  for (let value = 1; value <= 5; value++) {
    const before = { ...raster, data: raster.data.slice() };
    raster.data.fill(value);
    assert.ok(history.add(before, raster, wholeOf(raster)));
  }
  assert.not(history.add(raster, raster, wholeOf(raster)));
  while (history.undo(raster));
  assert.is(raster.data[0], 2, 'three actions of 32 bytes fit into 100');
});

test('a link holds a drawing to the pixel, and a damaged one is told', async () => {
  const raster = blank(64, 48);
  for (let pixel = 0; pixel < raster.data.length; pixel++) raster.data[pixel] = (pixel * pixel) % 12;
  const text = await encodeDrawing(raster);
  assert.match(text, /^[\w.-]+$/);
  assert.equal(await decodeDrawing(text, 12), raster);
  const refused = async (wrong: string, values: number, words: RegExp): Promise<void> => {
    const error = await decodeDrawing(wrong, values).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.instance(error, LinkError);
    assert.match((error as Error).message, words);
  };
  await refused(text.slice(0, -9), 12, /cut off/);
  await refused(text, 5, /another palette/);
  await refused(`2${text.slice(1)}`, 12, /later/);
  await refused('1.99999.4.AA', 12, /cut off/);
  await refused(`1.8.8.${'A'.repeat(MOST_LETTERS)}`, 12, /longer/);
});

test('of what is asked for while one runs only the newest is run', async () => {
  const ran: number[] = [];
  const lane = new Lane<number>(async (job) => {
    ran.push(job);
    await new Promise((done) => setTimeout(done));
  });
  lane.ask(1);
  await Promise.resolve();
  for (const job of [2, 3, 4]) lane.ask(job);
  await lane.idle();
  assert.equal(ran, [1, 4]);
  assert.not(lane.isBusy);
});

test('the middle of the last times decides whether translation is live', () => {
  const pace = new Pace();
  assert.ok(pace.isLive);
  for (const time of [900, 900, 900]) pace.add(time);
  assert.not(pace.isLive);
  for (const time of [9, 9, 9]) pace.add(time);
  assert.ok(pace.isLive);
});

test('another size brings no new values up', () => {
  const raster = { ...blank(2, 2), data: Uint8Array.of(1, 5, 9, 3) };
  assert.equal(rows(resized(raster, 4, 2)), ['1155', '9933']);
});

test('a drawing that a smaller model made coarse comes back whole, unless it was drawn on there', () => {
  const raster = { ...blank(4, 4), data: Uint8Array.from({ length: 16 }, (_, index) => index) };
  const resizer = new Resizer();
  const small = resizer.resize(raster, 2, 2);
  assert.is(small.data.length, 4);
  assert.equal(resizer.resize(resizer.resize(small, 1, 1), 4, 4).data, raster.data);
  const again = resizer.resize(raster, 2, 2);
  again.data[0] = 7;
  assert.equal(rows(resizer.resize(again, 4, 4))[0]!.slice(0, 2), '77');
});

test('variants look alike when all have come and none can be told from the first', () => {
  const variant = (value: number, seed = 1): Parameters<typeof lookAlike>[0][number] => ({
    result: { image: { data: new Uint8ClampedArray(64).fill(value) } as unknown as ImageData, seed, revision: 1, milliseconds: 1 },
  });
  assert.is(lookAlike([variant(100), variant(101)]), true);
  assert.is(lookAlike([variant(100), variant(101), variant(106)]), false);
  assert.is(lookAlike([variant(100), { result: null }]), false, 'one is still to come');
  assert.is(lookAlike([variant(100)]), false);
});

test.run();
