// not in browsers: it asks Node how much memory is in use, and writes files
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../src/random.js';
import { tfjsNetwork } from '../../../src/exchange/tensorflow/tfjs-network.js';
import { bytesSource } from '../../../src/formats/byte-source.js';
import { openTfjsLayers } from '../../../src/formats/tfjs-layers.js';
import { ShadegradError } from '../../../src/errors.js';
import { openFileSource, type FileSource } from '../../../src/node/files/source.js';
import { tfjsShardOpener } from '../../../src/node/weights/tfjs-files.js';
import { fuzz } from '../../harness/fuzz.js';
import { goldenModel, modelOf, type TfjsModel } from '../../harness/tfjs-golden.js';

/** Reading may take a few copies of a file, and what the garbage collector has not yet taken away. */
const BYTES_ALLOWED = 4 * 2 ** 20;
const ROLE = { what: 'model', advice: 'it is made by this test', damaged: 'WEIGHTS_CORRUPT' } as const;

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-tfjs-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opens a model of a folder and reads all of it. */
async function readFolder(folder: string): Promise<string[]> {
  const opened: FileSource[] = [];
  const open = async (path: string): Promise<FileSource> => {
    const source = await openFileSource(path, ROLE);
    opened.push(source);
    return source;
  };
  try {
    const path = join(folder, 'model.json');
    const { tensors } = tfjsNetwork(await openTfjsLayers(await open(path), tfjsShardOpener(path, open)));
    for (const tensor of tensors.values()) await tensor.read();
    return opened.map(({ name }) => name);
  } finally {
    for (const source of opened) await source.close();
  }
}

function writeModel(folder: string, { json, files }: TfjsModel): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
}

const codeOf = (work: () => Promise<unknown>): Promise<string> =>
  work().then(
    () => 'accepted',
    (error: unknown) => (error instanceof ShadegradError ? error.code : String(error)),
  );

test('a model is read from its folder; what leaves it by a link is not, what is missing is named', () =>
  inFolder(async (folder) => {
    const model = goldenModel(1, 0, 4000);
    const shards = [...model.files.keys()];
    writeModel(join(folder, 'model'), model);
    assert.equal(
      await readFolder(join(folder, 'model')),
      ['model.json', ...shards].map((name) => join(folder, 'model', name)),
    );

    symlinkSync(join(folder, 'model'), join(folder, 'linked'));
    assert.is((await readFolder(join(folder, 'linked'))).length, 1 + shards.length, 'the folder itself may be a link');

    rmSync(join(folder, 'model', shards[1]!));
    assert.is(await codeOf(() => readFolder(join(folder, 'model'))), 'DATA_NOT_FOUND');
    writeFileSync(join(folder, 'elsewhere.bin'), model.files.get(shards[1]!)!);
    symlinkSync(join(folder, 'elsewhere.bin'), join(folder, 'model', shards[1]!));
    assert.is(await codeOf(() => readFolder(join(folder, 'model'))), 'WEIGHTS_CORRUPT');
  }));

/** A small model: the golden's, of one channel in and fewer words. */
function originals(): { json: Uint8Array; shards: Map<string, Uint8Array> }[] {
  const tiny = modelOf(
    { class_name: 'Model', config: {} },
    [
      { name: 'a', shape: [3], dtype: 'float32' },
      { name: 'b', shape: [2, 2], dtype: 'float32', quantization: { dtype: 'uint8', min: 0, scale: 1 } },
    ],
    new Uint8Array(16),
    5,
  );
  return [tiny, goldenModel(1, 0)].map(({ json, files }) => ({ json: new TextEncoder().encode(JSON.stringify(json)), shards: files }));
}

test('20,000 damaged models are read or refused; none opens a file outside its folder or takes more memory than it has bytes', async () => {
  const models = originals();
  const asked = new Set<string>();
  let networks = 0;
  // The models take turns: each copy is of model.json or of one shard.
  let turn = 0;
  const texts = models.map(({ json }) => json);
  const readWith = async (json: Uint8Array, shards: ReadonlyMap<string, Uint8Array>): Promise<void> => {
    const file = await openTfjsLayers(bytesSource(json, 'model.json'), async (path) => {
      asked.add(path);
      return bytesSource(shards.get(path) ?? new Uint8Array(0), path);
    });
    for (const tensor of file.tensors.values()) await tensor.read();
    try {
      for (const tensor of tfjsNetwork(file).tensors.values()) await tensor.read();
      networks++;
    } catch (error) {
      // A file that is whole, but of no network, counts as read.
      if (!(error instanceof ShadegradError) || !['WEIGHTS_UNSUPPORTED', 'WEIGHTS_CORRUPT'].includes(error.code)) throw error;
    }
  };
  for (const { json, shards } of models) await readWith(json, shards);
  assert.is(networks, 1);
  const json = await fuzz(texts, 20_000, async (bytes) => readWith(bytes, models[turn++ % models.length]!.shards));
  console.log(`model.json: ${json.accepted} read, ${networks} of them networks, ${json.refused} refused, at most ${json.mostBytes} bytes`);
  assert.ok(json.accepted > 200 && json.refused > 5000 && networks > 50);

  const names = models.flatMap(({ shards }, model) => [...shards.keys()].map((name) => ({ model, name })));
  turn = 0;
  const shards = await fuzz(
    names.map(({ model, name }) => models[model]!.shards.get(name)!),
    5000,
    async (bytes) => {
      const { model, name } = names[turn++ % names.length]!;
      await readWith(models[model]!.json, new Map(models[model]!.shards).set(name, bytes));
    },
  );
  console.log(`shards: ${shards.accepted} read, ${shards.refused} refused, at most ${shards.mostBytes} bytes`);
  assert.ok(shards.accepted > 500 && shards.refused > 500);
  assert.ok(Math.max(json.mostBytes, shards.mostBytes) < BYTES_ALLOWED);
  assert.ok(asked.size > 10, 'paths were damaged, too');
  assert.equal(
    [...asked].filter((path) => /^\/|[\\:%?#\0]/.test(path) || path.split('/').some((part) => ['', '.', '..'].includes(part))),
    [],
  );
});

/** Every place in a JSON value where something stands. */
function places(
  value: unknown,
  found: [holder: Record<string, unknown>, key: string][] = [],
): [holder: Record<string, unknown>, key: string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Record<string, unknown>, key]);
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

test('5000 models of whole JSON with one or two values exchanged are read or refused', async () => {
  const odd: unknown[] = [
    null,
    true,
    -1,
    0.5,
    1e308,
    2 ** 53,
    '',
    'Conv2D',
    'Sequential',
    [],
    [[]],
    [null, 1],
    {},
    { class_name: 'Model', config: {} },
    '__proto__',
  ];
  const counts = { read: 0, refused: 0 };
  for (let seed = 0; seed < 5000; seed++) {
    const random = new RandomStream(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random.uniform() * from.length)]!;
    const { json, files } = goldenModel(1, 0);
    for (let change = 1 + (seed % 2); change > 0; change--) {
      const all = places(json);
      const [holder, key] = pick(all);
      const [from, name] = pick(all);
      const action = random.uniform();
      if (action < 0.2) delete holder[key];
      else holder[key] = structuredClone(action < 0.6 ? pick(odd) : from[name]);
    }
    try {
      const file = await openTfjsLayers(bytesSource(new TextEncoder().encode(JSON.stringify(json)), 'model.json'), async (path) =>
        bytesSource(files.get(path) ?? new Uint8Array(0), path),
      );
      for (const tensor of tfjsNetwork(file).tensors.values()) await tensor.read();
      counts.read++;
    } catch (error) {
      if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_'))
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      counts.refused++;
    }
  }
  console.log(`${counts.read} read, ${counts.refused} refused`);
  assert.ok(counts.read > 500 && counts.refused > 500);
});

test.run();
