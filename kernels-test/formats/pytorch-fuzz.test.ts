// not in browsers: it asks Node how much memory is in use
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { readZipDirectory } from '../../src/formats/zip-read.js';
import { fuzz, type FuzzResult } from '../harness/fuzz.js';
import { files, zipOf, type PyTorchCase } from '../harness/pytorch-golden.js';

/** Reading may take a few copies of a file, and what the garbage collector has not yet taken away. */
const BYTES_ALLOWED = 4 * 2 ** 20;

/** Opens a file and reads every tensor. */
async function readAll(bytes: Uint8Array): Promise<void> {
  const { tensors } = await openPyTorch(bytesSource(bytes));
  for (const tensor of tensors.values()) await tensor.read();
}

function report(what: string, { accepted, refused, mostBytes }: FuzzResult): void {
  console.log(`${what}: ${accepted} read, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(mostBytes < BYTES_ALLOWED, `${mostBytes} bytes`);
}

const sound = ({ bytes }: PyTorchCase): boolean => bytes.length < 16_000;
const zips = files.filter((each) => sound(each) && !each.legacy).map(({ bytes }) => bytes);
const legacy = files.filter((each) => sound(each) && each.legacy).map(({ bytes }) => bytes);

test('20,000 damaged archives are read or refused, and none takes more memory than it has bytes for', async () => {
  assert.ok(zips.length >= 10);
  for (const bytes of zips) await readAll(bytes);
  const result = await fuzz(zips, 20_000, readAll);
  report('archives', result);
  assert.ok(result.accepted > 1000 && result.refused > 5000);
});

test('20,000 damaged files of the older format likewise', async () => {
  assert.ok(legacy.length >= 6);
  for (const bytes of legacy) await readAll(bytes);
  const result = await fuzz(legacy, 20_000, readAll);
  report('older format', result);
  assert.ok(result.accepted > 1000 && result.refused > 5000);
});

test('20,000 damaged pickles in sound archives likewise', async () => {
  const archives = await Promise.all(
    zips.map(async (bytes) => {
      const records: [string, Uint8Array][] = [];
      for (const { name, start, size } of (await readZipDirectory(bytesSource(bytes))).values())
        records.push([name, bytes.slice(start, start + size)]);
      return records;
    }),
  );
  const isPickle = ([name]: [string, Uint8Array]): boolean => name.endsWith('data.pkl');
  // The files take turns, as fuzz does it.
  let turn = 0;
  const result = await fuzz(
    archives.map((records) => records.find(isPickle)![1]),
    20_000,
    async (pickle) => {
      const records = archives[turn++ % archives.length]!;
      await readAll(await zipOf(...records.map((record): [string, Uint8Array] => (isPickle(record) ? [record[0], pickle] : record))));
    },
  );
  report('pickles', result);
  assert.ok(result.accepted > 500 && result.refused > 5000);
});

test.run();
