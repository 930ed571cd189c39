import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBytes, formatCount, formatCountOf, formatDuration, formatNumber } from '../../../src/formats/words.js';
import { createProgress, type ProgressStream } from '../../../src/node/terminal/progress.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import { StepClock } from '../../../src/training/run/step-clock.js';

function recorder(columns?: number): { stream: ProgressStream; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  }) as unknown as ProgressStream;
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => text };
}

/** What a terminal shows: lines after carriage returns, cursor moves to column 0 and line clearing have been obeyed. */
function screen(text: string): string[] {
  const lines = [''];
  let row = 0;
  let column = 0;
  for (const [piece, control] of text.matchAll(/\x1b(?:\[([0-9;?]*[A-Za-z])|[78])|\n|[^\x1b\n]+/g)) {
    if (piece === '\n') {
      row++;
      column = 0;
      lines[row] ??= '';
    } else if (control !== undefined) {
      const count = parseInt(control, 10) || 1;
      if (control.endsWith('A')) row -= count;
      else if (control.endsWith('G')) column = count - 1;
      else if (control === '0K' || control === 'K') lines[row] = lines[row]!.slice(0, column);
      else if (control === '2K') lines[row] = '';
      else if (control === '0J' || control === 'J') lines.splice(row + 1), (lines[row] = lines[row]!.slice(0, column));
      else throw new Error(`unexpected control sequence ${JSON.stringify(piece)}`);
    } else if (!piece.startsWith('\x1b')) {
      lines[row] = lines[row]!.slice(0, column).padEnd(column) + piece + lines[row]!.slice(column + piece.length);
      column += piece.length;
    }
  }
  return lines;
}

const losses = { discriminatorReal: 0.3124, discriminatorFake: 0.4211, generatorGan: 1.921, generatorL1: 0.1234 };

test('without a terminal: plain lines, no control characters, not one a step', () => {
  const { stream, text } = recorder();
  let time = 0;
  const progress = createProgress({ total: 1000, stream, label: 'facades', lossRows: pix2pix.losses, imagesPerStep: 2, now: () => time });
  time = 20;
  for (let step = 1; step <= 1000; step++) {
    progress.update(step, { losses, epoch: Math.ceil(step / 400), epochs: 3 });
    if (step === 500) progress.note('saved a checkpoint');
    time += 0.5;
  }
  progress.stop();
  progress.stop();
  const lines = text().trimEnd().split('\n');
  assert.not.match(text(), /[\x00-\x09\x0b-\x1f\x7f]/);
  assert.ok(lines.length >= 21 && lines.length <= 45, `${lines.length} lines`);
  assert.ok(lines.includes('saved a checkpoint'));
  const half = lines.find((line) => line.includes('step 500/'));
  assert.is(half, 'facades  50%  epoch 2/3  step 500/1,000  4.00 images/s  ETA 4m 10s  D_real 0.312  D_fake 0.421  G_GAN 1.92  G_L1 0.123');
  assert.match(lines[lines.length - 1]!, 'step 1,000/1,000  4.00 images/s  done');
});

test('a slow run still says something every interval', () => {
  const { stream, text } = recorder();
  let time = 0;
  const progress = createProgress({ total: 100_000, stream, now: () => time, intervalSeconds: 30 });
  for (let step = 1; step <= 20; step++) {
    time += 10;
    progress.update(step);
  }
  progress.stop();
  const steps = [...text().matchAll(/step (\d+)\//g)].map((match) => Number(match[1]));
  assert.equal(steps, [1, 4, 7, 10, 13, 16, 19, 20]);
});

test('on a terminal: one line that fits its width, notes above it, losses at every width that has room', () => {
  for (const columns of [30, 50, 80, 100, 140]) {
    const { stream, text } = recorder(columns);
    let time = 0;
    const progress = createProgress({
      total: 80_000,
      stream,
      label: 'facades',
      lossRows: pix2pix.losses,
      imagesPerStep: 1,
      now: () => time,
    });
    for (let step = 1; step <= 50; step++) {
      progress.update(step, { losses, epoch: 1, epochs: 200 });
      time += 0.1;
    }
    progress.note('first note');
    progress.update(40_000);
    progress.note('second note');
    progress.stop();
    const lines = screen(text()).filter((line) => line !== '');
    assert.is(lines.length, 3, text());
    assert.equal(
      lines.slice(0, 2).map((line) => line.trimEnd()),
      ['first note', 'second note'],
    );
    assert.ok(lines[2]!.length < columns, lines[2]);
    assert.match(lines[2]!, /█+░+ {2}50%/);
    if (columns >= 80) assert.match(lines[2]!, 'L1 0.123');
    if (columns >= 140)
      assert.match(lines[2]!, /facades {2}█.*epoch 1\/200 {2}step 40,000\/80,000 .*10\.0 images\/s {2}ETA .*D_real 0\.312/);
    assert.not.match(text(), /\x1b\[\?/, 'no terminal mode is changed that a kill would leave behind');
  }
});

test('the total may change on the way', () => {
  const { stream, text } = recorder();
  let time = 0;
  const progress = createProgress({ total: 100, stream, now: () => time });
  progress.update(1);
  time = 31;
  progress.update(2, { total: 4 });
  progress.stop();
  assert.match(text(), '1%  step 1/100');
  assert.match(text(), '50%  step 2/4  ETA 1m 02s');
});

test('resumed runs start where they stopped and do not count old steps as fast ones', () => {
  const { stream, text } = recorder();
  let time = 0;
  const progress = createProgress({ total: 1000, start: 900, stream, now: () => time });
  time = 60;
  progress.update(901);
  time = 61;
  progress.update(902);
  progress.stop();
  assert.match(text(), 'step 902/1,000  ETA 1m 38s');
});

test('time left: no warm-up, no pauses, and steps that end in bunches', () => {
  const clock = new StepClock();
  assert.is(clock.secondsPerStep(), undefined);
  clock.record(1, 30);
  assert.is(clock.secondsPerStep(), undefined, 'the first step holds the compilation');
  assert.is(clock.secondsLeft(100, 30), undefined);
  clock.record(2, 31);
  assert.is(clock.secondsPerStep(), 1);
  for (let step = 3; step <= 20; step++) clock.record(step, 29 + step);
  clock.record(21, 29 + 21 + 500);
  assert.is(clock.secondsPerStep(), 1, 'one pause of 500 s');
  assert.is(clock.secondsLeft(31, 550), 10);
  assert.is(clock.secondsLeft(31, 554), 6, 'it counts down between steps');
  assert.is(clock.secondsLeft(31, 999), 0);

  const restarted = new StepClock();
  restarted.record(2, 10);
  restarted.restart(2, 500);
  restarted.record(3, 501);
  assert.equal([restarted.secondsPerStep(), restarted.blocks], [1, 1], 'a pause that is known is in no block, the first ones included');

  const bunched = new StepClock();
  for (let step = 1; step <= 200; step++) bunched.record(step, Math.floor(step / 10) * 2);
  assert.is(bunched.secondsPerStep(), 0.2, 'ten steps are queued in no time, the tenth waits for all');

  const fast = new StepClock();
  fast.record(1, 0);
  fast.record(2, 0.01);
  fast.record(3, 0.02);
  assert.is(fast.secondsPerStep(), undefined, 'losses of a few steps may have come together, as the first ones after a resume do');
  fast.record(28, 0.27);
  assert.is(fast.secondsPerStep(), 0.01);
});

test('numbers for people', () => {
  assert.equal([0, 8.44, 59.4, 245, 3599.6, 7620, 86399, 273_600].map(formatDuration), [
    '0.0 s',
    '8.4 s',
    '59 s',
    '4m 05s',
    '1h 00m',
    '2h 07m',
    '1d 00h',
    '3d 04h',
  ]);
  assert.equal([NaN, Infinity, -1].map(formatDuration), ['–', '–', '–']);
  assert.equal([0, 512, 1023, 1536, 1.46 * 2 ** 30, 217.7e6, 2 ** 40].map(formatBytes), [
    '0 B',
    '512 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.5 GiB',
    '208 MiB',
    '1.0 TiB',
  ]);
  assert.equal([0, 999, 80_000].map(formatCount), ['0', '999', '80,000']);
  assert.equal(
    [0, 1, 80_000].map((count) => formatCountOf(count, 'step')),
    ['0 steps', '1 step', '80,000 steps'],
  );
  assert.equal(
    [0, 0.3124, 1.9214, 9.9999, 12.34, 1234.5, 0.000012, -0.5].map((n) => formatNumber(n)),
    ['0.00', '0.312', '1.92', '10.0', '12.3', '1,235', '1.20e-5', '-0.500'],
  );
  assert.equal(
    [NaN, Infinity, -Infinity].map((n) => formatNumber(n)),
    ['NaN', '∞', '−∞'],
  );
});

test.run();
