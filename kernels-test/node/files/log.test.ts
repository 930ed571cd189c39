import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  statSync,
  truncateSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { AppendedFile } from '../../../src/node/files/appended.js';
import { JsonLog, logLines, readLog } from '../../../src/node/files/log.js';

const test = suite<{ folder: string; path: string }>('log');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'shadegrad-log-'));
  context.path = join(context.folder, 'run', 'log.jsonl');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

async function rejection(promise: Promise<unknown>): Promise<ShadegradError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, ShadegradError);
    return error as ShadegradError;
  }
  throw new Error('was accepted');
}

async function writeSteps(path: string, last: number): Promise<void> {
  const log = await JsonLog.open(path);
  for (let step = 1; step <= last; step++) log.append({ step, loss: 1 / step });
  log.flush();
  log.close();
}

test('one JSON object a line, readable at once', async ({ path }) => {
  const log = await JsonLog.open(path);
  log.append({ step: 0, kind: 'start', text: 'line\nbreak "quoted" ü' });
  log.append({ step: 1, loss: 0.25, broken: NaN });
  assert.is(
    readFileSync(path, 'utf8'),
    '{"step":0,"kind":"start","text":"line\\nbreak \\"quoted\\" ü"}\n{"step":1,"loss":0.25,"broken":null}\n',
  );
  assert.equal(await readLog(path), [
    { step: 0, kind: 'start', text: 'line\nbreak "quoted" ü' },
    { step: 1, loss: 0.25, broken: null },
  ]);
  log.close();
  log.close();
  assert.throws(() => log.append({ step: 2 }), /closed already/);
  assert.throws(() => log.flush(), /closed already/);
});

test('a new log replaces an old one; a missing log reads as empty', async ({ path }) => {
  assert.equal(await readLog(path), []);
  await writeSteps(path, 5);
  (await JsonLog.open(path)).close();
  assert.is(readFileSync(path, 'utf8'), '');
});

test('going on drops what came after the checkpoint and leaves no other file', async ({ path }) => {
  await writeSteps(path, 10);
  const log = await JsonLog.open(path, { resumeAtStep: 6 });
  assert.equal(
    (await readLog(path)).map(({ step }) => step),
    [1, 2, 3, 4, 5, 6],
  );
  for (let step = 7; step <= 10; step++) log.append({ step, loss: 1 / step });
  log.close();
  const resumed = readFileSync(path, 'utf8');
  await writeSteps(path, 10);
  assert.is(resumed, readFileSync(path, 'utf8'), 'equal to the log of a run that was never stopped');
  assert.equal(readdirSync(join(path, '..')), ['log.jsonl']);
});

test('going on without a log starts one', async ({ path }) => {
  const log = await JsonLog.open(path, { resumeAtStep: 6 });
  log.append({ step: 7 });
  log.close();
  assert.equal(await readLog(path), [{ step: 7 }]);
});

test('cut off at any byte: whole lines survive, the torn one goes, and new lines stay apart from it', async ({ path }) => {
  await writeSteps(path, 3);
  const whole = readFileSync(path);
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const text = whole.subarray(0, length).toString();
    const complete = text.split('\n').filter((line) => line.endsWith('}')).length;
    assert.is((await readLog(path)).length, complete, `${length} bytes`);
    const log = await JsonLog.open(path, { resumeAtStep: 100 });
    log.append({ step: 101 });
    log.close();
    assert.equal(
      (await readLog(path)).map(({ step }) => step),
      [1, 2, 3].slice(0, complete).concat(101),
    );
  }
});

test('a last line of zero bytes, as a power cut leaves it, is dropped', async ({ path }) => {
  await writeSteps(path, 2);
  appendFileSync(path, Buffer.alloc(64));
  assert.is((await readLog(path)).length, 2);
});

test('a log of more than a string can hold is gone on with', async ({ path }) => {
  await writeSteps(path, 3);
  const whole = readFileSync(path);
  // Zeros that take no space on the disk, as a power cut may leave them.
  truncateSync(path, 600 * 2 ** 20);
  const kept: number[] = [];
  const log = await JsonLog.open(path, { resumeAtStep: 2, onKept: ({ step }) => kept.push(step) });
  log.close();
  assert.equal(kept, [1, 2]);
  assert.ok(readFileSync(path).equals(whole.subarray(0, statSync(path).size)));
  assert.equal(
    (await readLog(path)).map(({ step }) => step),
    [1, 2],
  );
});

test('lines are the same in pieces of any size', async ({ path }) => {
  await writeSteps(path, 4);
  appendFileSync(path, '{"step":5,"text":"ü"}');
  const whole = await readLog(path);
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const pieceBytes of [1, 2, 3, 7, 50, 1000]) {
    const entries = [];
    let length = 0;
    for await (const { entry, end, terminated } of logLines(path, pieceBytes)) {
      length += Buffer.byteLength(lines[entries.length]!) + 1;
      entries.push(entry);
      assert.equal([end, terminated], entries.length === 5 ? [length - 1, false] : [length, true]);
    }
    assert.equal(entries, whole);
  }
});

test('a line to keep that comes after one to drop is kept', async ({ path }) => {
  await writeSteps(path, 3);
  appendFileSync(path, '{"step":2,"again":true}\n');
  (await JsonLog.open(path, { resumeAtStep: 2 })).close();
  assert.equal(
    (await readLog(path)).map(({ step, again }) => [step, again]),
    [
      [1, undefined],
      [2, undefined],
      [2, true],
    ],
  );
});

test('damage before the last line is told with its place, and the file is left as it is', async ({ path }) => {
  await writeSteps(path, 2);
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const damaged of ['{"step":1,', '[]', '{"loss":1}', 'null', '7']) {
    const content = [lines[0], damaged, lines[1], ''].join('\n');
    writeFileSync(path, content);
    for (const error of [await rejection(readLog(path)), await rejection(JsonLog.open(path, { resumeAtStep: 9 }))]) {
      assert.is(error.code, 'DATA_UNREADABLE');
      assert.match(error.message, 'Line 2 of the log');
    }
    assert.is(readFileSync(path, 'utf8'), content);
  }
});

test('a place that cannot be written is WRITE_FAILED', async ({ folder }) => {
  writeFileSync(join(folder, 'file'), '');
  const error = await rejection(JsonLog.open(join(folder, 'file', 'log.jsonl')));
  assert.is(error.code, 'WRITE_FAILED');
});

test('a file that cannot be written to, nor cut again, says so as every file does', () => {
  // The device of Linux that is always full; it has no length that could be cut.
  if (!existsSync('/dev/full')) return;
  const file = new AppendedFile('/dev/full');
  try {
    file.append(Uint8Array.of(1));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, 'WRITE_FAILED');
    assert.match((error as ShadegradError).message, /\/dev\/full[\s\S]*ENOSPC[\s\S]*the disk is full/);
  }
  file.close();
});

test('what a file says when it is measured, cut or closed is an error with its path, too', ({ folder }) => {
  for (const fail of [(file: AppendedFile) => file.append(Uint8Array.of(1)), (file: AppendedFile) => file.cut(0)]) {
    const path = join(folder, 'a.csv');
    const file = new AppendedFile(path);
    // Somebody has closed what it holds.
    closeSync((file as unknown as { descriptor: number }).descriptor);
    for (const call of [fail, (each: AppendedFile) => each.flush(), (each: AppendedFile) => each.close()]) {
      try {
        call(file);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, ShadegradError, String(error));
        assert.match((error as ShadegradError).message, new RegExp(`${path}[\\s\\S]*EBADF`));
      }
    }
    file.close();
  }
});

test.run();
