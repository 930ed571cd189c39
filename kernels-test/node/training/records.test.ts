// not in browsers: it is about the files of a run. What keeps a run in other forms beside its log: log.csv and the events in tb/.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../../src/formats/crc32c.js';
import { stepOf } from '../../../src/formats/tensorboard-event.js';
import { tfRecordLength } from '../../../src/formats/tfrecord.js';
import type { LogEntry } from '../../../src/node/files/log.js';
import { RunFolder } from '../../../src/node/training/folder.js';
import type { RunRecord } from '../../../src/node/training/records/record.js';
import { openRecords } from '../../../src/node/training/records/registry.js';
import type { SchemeLoss, SchemeMetric } from '../../../src/training/scheme.js';
import { temporaryFolder } from '../../harness/program.js';

const root = temporaryFolder('records');
test.after(() => rmSync(root, { recursive: true, force: true }));

const loss: SchemeLoss = { label: 'L', plot: 'Losses' };
const metric: SchemeMetric = { label: 'M', better: 'lower' };
const scheme = { losses: { first: loss, 'odd, "name"': loss }, metrics: { l1: metric } };
const picture = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };

function newFolder(name: string): RunFolder {
  const folder = new RunFolder(join(root, name));
  mkdirSync(folder.path);
  return folder;
}

const open = async (folder: RunFolder, kind: 'csv' | 'tensorboard', resumedAt?: number): Promise<RunRecord> =>
  (await openRecords({ [kind]: true }, { folder, scheme, resumedAt }))[0]!;

/** Does what a run does with its log and a record, up to a step; there is a validation every two steps. */
async function goOn(folder: RunFolder, record: RunRecord, from: number, to: number): Promise<void> {
  const log = (entry: LogEntry): void => appendFileSync(folder.log, JSON.stringify(entry) + '\n');
  for (let step = from + 1; step <= to; step++) {
    const facts = { epoch: 1, learningRate: 0.001, imagesPerSecond: 2, seconds: step / 2 };
    const entry = { step, first: step === 5 ? Infinity : 1 / step, ...(step % 3 === 0 && { 'odd, "name"': step }), ...facts };
    log(entry);
    record.steps([entry]);
    if (step % 2 === 0) {
      const metrics = { l1: step === 4 ? NaN : step === 6 ? -Infinity : step / 7 };
      log({ step, validation: metrics });
      await record.validation({ step, metrics, rows: [{ name: 'a.png', pictures: [picture, picture] }] });
    }
  }
  record.flush();
}

/** The log as a resumed run has it: without what came after its checkpoint. */
function cutLog(folder: RunFolder, step: number): void {
  const lines = readFileSync(folder.log, 'utf8').trim().split('\n');
  writeFileSync(
    folder.log,
    lines
      .filter((line) => (JSON.parse(line) as LogEntry).step <= step)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

test('log.csv: a row a validation with the mean of each loss, the same whether the run was stopped or not', async () => {
  const whole = newFolder('whole');
  const one = await open(whole, 'csv');
  await goOn(whole, one, 0, 8);
  one.close();
  const text = readFileSync(whole.table, 'utf8');
  const lines = text.split('\r\n');
  assert.is(lines.at(-1), '', 'lines end as RFC 4180 has it');
  assert.is(lines[0], 'step,epoch,seconds,learningRate,imagesPerSecond,first,"odd, ""name""",validation_l1');
  assert.is(lines[1], `2,1,1,0.001,2,${(1 + 1 / 2) / 2},,${2 / 7}`);
  assert.is(lines[2], `4,1,2,0.001,2,${(1 / 3 + 1 / 4) / 2},3,`);
  assert.is(lines[3], '6,1,3,0.001,2,,6,');
  assert.is(lines.length, 1 + 4 + 1);

  const stopped = newFolder('stopped');
  const first = await open(stopped, 'csv');
  await goOn(stopped, first, 0, 6);
  first.close();
  // The checkpoint is of step 5, between two rows.
  cutLog(stopped, 5);
  const second = await open(stopped, 'csv', 5);
  await goOn(stopped, second, 5, 8);
  second.close();
  assert.is(readFileSync(stopped.table, 'utf8'), text);
  // And of the log alone, which has no numbers for what is not finite.
  (await open(stopped, 'csv', 8)).close();
  assert.is(readFileSync(stopped.table, 'utf8'), text);
});

/** The events of a folder as a reader has them, file by file: steps with tags; what is cut short ends a file. */
function eventsIn(folder: RunFolder): { step: number; text: string; contents: Buffer }[][] {
  const files = readdirSync(folder.events).sort();
  return files.map((name) => {
    const bytes = readFileSync(join(folder.events, name));
    const events: { step: number; text: string; contents: Buffer }[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = tfRecordLength(bytes.subarray(at));
      if (length === null || at + length > bytes.length) break;
      const contents = bytes.subarray(at + 12, at + length - 4);
      const crc = crc32c(contents);
      assert.is(bytes.readUInt32LE(at + length - 4), (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
      events.push({ step: stepOf(contents), text: contents.toString('latin1'), contents });
      at += length;
    }
    return events;
  });
}

test('events: every step once, whatever a killed process left', async () => {
  const folder = newFolder('events');
  const first = await open(folder, 'tensorboard');
  first.gradients!(0, { generator: 1 });
  await goOn(folder, first, 0, 6);
  first.close();
  const [file] = eventsIn(folder);
  assert.ok(file![0]!.text.includes('brain.Event:2'));
  const tags = ['loss/first', 'learning_rate', 'images_per_second', 'epoch', 'validation/l1', 'samples/1 a.png', 'gradient_norm/generator'];
  for (const tag of tags)
    assert.ok(
      file!.some(({ text }) => text.includes(tag)),
      tag,
    );
  const image = file!.find(({ text }) => text.includes('samples/1'))!;
  assert.ok(image.text.includes('\x89PNG\r\n'));

  // A process that was killed in the middle of a record, long after its checkpoint of step 4.
  const path = join(folder.events, readdirSync(folder.events)[0]!);
  appendFileSync(path, readFileSync(path).subarray(0, 9));
  cutLog(folder, 4);
  const second = await open(folder, 'tensorboard', 4);
  await goOn(folder, second, 4, 7);
  second.close();
  const files = eventsIn(folder);
  assert.is(files.length, 2);
  const steps = files
    .flat()
    .filter(({ text }) => text.includes('loss/first'))
    .map(({ step }) => step);
  assert.equal(steps, [1, 2, 3, 4, 5, 6, 7]);
  assert.is(files[1]![1]!.contents.toString('hex').slice(-8), '3a020801', 'readers that have seen more are told to forget it');
  assert.is(files[1]![1]!.step, 5);
});

test('a flag that is there only when a run goes on: its past is in the log; a new run has none of another', async () => {
  const folder = newFolder('late');
  const csv = await open(folder, 'csv');
  await goOn(folder, csv, 0, 4);
  csv.close();
  const late = await open(folder, 'tensorboard', 4);
  late.close();
  const steps = eventsIn(folder)
    .flat()
    .filter(({ text }) => text.includes('loss/first'))
    .map(({ step }) => step);
  assert.equal(steps, [1, 2, 3, 4]);
  const anew = await open(folder, 'tensorboard');
  anew.close();
  const names = readdirSync(folder.events);
  assert.is(names.length, 1);
  assert.ok(statSync(join(folder.events, names[0]!)).size < 60);
});

test.run();
