// not in browsers: it asks Node how much memory is in use
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { networkAt } from '../../../src/exchange/pytorch/reference-network.js';
import { findNetworks } from '../../../src/exchange/pytorch/reference-names.js';
import { runForPyTorch } from '../../../src/exchange/pytorch/pytorch-run.js';
import { findRun, hasRun, networksIn } from '../../../src/exchange/read-weights.js';
import {
  encodeRunCheckpoint,
  trainableNames,
  type OptimizerWeights,
  type TrainingRun,
} from '../../../src/exchange/network/training-run.js';
import type { NetworkTensor, NetworkWeights } from '../../../src/exchange/network/network-weights.js';
import { bytesSource } from '../../../src/formats/byte-source.js';
import { openPyTorch, type PyTorchKey, type PyTorchValue } from '../../../src/formats/pytorch-file.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { openSafetensors } from '../../../src/formats/safetensors-file.js';
import type { WeightFile } from '../../../src/formats/weight-file.js';
import { readZipDirectory } from '../../../src/formats/zip-read.js';
import { ShadegradError } from '../../../src/errors.js';
import { describeFile, runLines } from '../../../src/node/programs/inspect.js';
import { savedLearningRate } from '../../../src/node/training/saved-rate.js';
import { fuzz } from '../../harness/fuzz.js';
import { zipOf } from '../../harness/pytorch-golden.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

/** Reading may take a few copies of a file, and what the garbage collector has not yet taken away. */
const BYTES_ALLOWED = 4 * 2 ** 20;

const generator = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 1 } });
const discriminator = formulaNetwork({ kind: 'patchgan', options: { ndf: 1, layers: 1 } });
const moments = ({ architecture, tensors }: NetworkWeights): OptimizerWeights => {
  const first = new Map(trainableNames(architecture).map((name) => [name, tensors.get(name)!]));
  const squared = (tensor: NetworkTensor): NetworkTensor => ({
    ...tensor,
    read: async () => (await tensor.read()).map((value) => value * value),
  });
  return new Map([
    ['firstMoment', first],
    ['secondMoment', new Map([...first].map(([name, tensor]) => [name, squared(tensor)]))],
  ]);
};
const run: TrainingRun = {
  info: {
    format: 'shadegrad-training',
    formatVersion: 2,
    libraryVersion: '0',
    scheme: 'pix2pix',
    networks: { generator: generator.architecture, discriminator: discriminator.architecture },
    optimizers: {
      generatorOptimizer: { network: 'generator', steps: 3 },
      discriminatorOptimizer: { network: 'discriminator', steps: 3 },
    },
    options: { learningRate: 2e-4, batch: 1, epochs: null, totalSteps: 9, trainPairs: 3, dropout: false },
    step: 3,
    epoch: 1,
    adapter: 'none',
  },
  networks: new Map([
    ['generator', generator],
    ['discriminator', discriminator],
  ]),
  optimizers: new Map([
    ['generatorOptimizer', moments(generator)],
    ['discriminatorOptimizer', moments(discriminator)],
  ]),
  state: new Map(),
};

/** Everything that inspect, convert and train --from do with a file before a device is there. */
async function useAll(file: WeightFile): Promise<void> {
  describeFile(file);
  await runLines(file);
  for (const { weights } of networksIn(file)) for (const tensor of weights.tensors.values()) await tensor.read();
  if (!hasRun(file)) return;
  const found = await findRun(file);
  savedLearningRate(found.info);
  await collect(encodeRunCheckpoint(found));
  await collect(encodePyTorch(runForPyTorch(found, 1e-4)));
}

test('3,000 damaged checkpoints are used or refused as whole runs, and none takes more memory than it has bytes for', async () => {
  const bytes = await collect(encodeRunCheckpoint(run));
  await useAll(await openSafetensors(bytesSource(bytes)));
  const { accepted, refused, mostBytes } = await fuzz([bytes], 3000, async (damaged) =>
    useAll(await openSafetensors(bytesSource(damaged))),
  );
  console.log(`checkpoints: ${accepted} used, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(accepted > 10 && refused > 1000);
  assert.ok(mostBytes < BYTES_ALLOWED, `${mostBytes} bytes`);
});

test('8,000 damaged pickles of a run likewise', async () => {
  const bytes = await collect(encodePyTorch(runForPyTorch(run, 1e-4)));
  const whole = await openPyTorch(bytesSource(bytes));
  await useAll(whole);
  assert.is(findNetworks(whole.tensors).map((root) => networkAt(whole, root)).length, 2);
  const records: [string, Uint8Array][] = [];
  for (const { name, start, size } of (await readZipDirectory(bytesSource(bytes))).values())
    records.push([name, bytes.slice(start, start + size)]);
  const pickle = records.find(([name]) => name.endsWith('data.pkl'))!;
  const { accepted, refused, mostBytes } = await fuzz([pickle[1]], 8000, async (damaged) => {
    const archive = await zipOf(...records.map((record): [string, Uint8Array] => (record === pickle ? [record[0], damaged] : record)));
    await useAll(await openPyTorch(bytesSource(archive)));
  });
  console.log(`runs: ${accepted} used, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(accepted > 100 && refused > 2000);
  assert.ok(mostBytes < BYTES_ALLOWED, `${mostBytes} bytes`);
});

/** What no run has in its place: of another type, out of range, or huge. */
const ODD: readonly PyTorchValue[] = [
  null,
  true,
  -1,
  0.5,
  NaN,
  Infinity,
  2 ** 53,
  10n ** 30n,
  '',
  '\u0000',
  '{',
  [],
  [[]],
  new Map(),
  new Map([['state', new Map()]]),
  new Uint8Array(3),
];

/** A copy of a value with one of its parts replaced. @param at which, counted from the outside inwards; counts down */
function replaced(value: PyTorchValue, at: { left: number }, by: PyTorchValue): PyTorchValue {
  if (at.left-- === 0) return by;
  if (value instanceof Map)
    return new Map([...(value as ReadonlyMap<PyTorchKey, PyTorchValue>)].map(([key, each]) => [key, replaced(each, at, by)]));
  if (Array.isArray(value)) return (value as readonly PyTorchValue[]).map((each) => replaced(each, at, by));
  return value;
}

test('a run of which any one part is something odd is used or refused', async () => {
  const file = await openPyTorch(bytesSource(await collect(encodePyTorch(runForPyTorch(run, 1e-4)))));
  let [used, refused] = [0, 0];
  const count = { left: 1e9 };
  replaced(file.value, count, null);
  const nodes = 1e9 - count.left;
  for (let node = 0; node < nodes; node++) {
    for (const odd of node < 40 || node % 7 === 0 ? ODD : [ODD[node % ODD.length]!]) {
      const changed = { ...file, value: replaced(file.value, { left: node }, odd) };
      try {
        await runLines(changed);
        const found = await findRun(changed);
        savedLearningRate(found.info);
        for (const kinds of found.optimizers.values())
          for (const moment of kinds.values()) for (const tensor of moment.values()) await tensor.read();
        used++;
      } catch (error) {
        if (!(error instanceof ShadegradError)) throw new Error(`part ${node} as ${String(odd)}: ${String(error)}`, { cause: error });
        refused++;
      }
    }
  }
  console.log(`${nodes} parts: ${used} used, ${refused} refused`);
  assert.ok(nodes > 200 && used > 100 && refused > 400);
});

test.run();
