import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2dForward } from '../src/kernels/conv2d.js';
import { entriesByFile } from '../bench/entries.js';
import { convEntries } from '../bench/conv2d.bench.js';
import { filterEntries, runEntry, workload, type BenchEntry } from '../bench/harness.js';
import { patchganLayers, pix2pixMacs, unetLayers } from '../bench/layers.js';
import { PatchGAN } from '../src/models/patchgan.js';
import { UNet } from '../src/models/unet.js';
import { testGpu } from './harness/gpu.js';

const gpu = await testGpu();
const ONE_SAMPLE = { sampleMs: 0, samples: 1, maxSeconds: 1 };

test('every file of src/kernels that dispatches kernels has benchmark entries', () => {
  const folder = join(process.cwd(), 'src/kernels');
  const files = readdirSync(folder).filter((name) => readFileSync(join(folder, name), 'utf8').includes('.dispatch('));
  assert.ok(files.length >= 10);
  assert.equal(Object.keys(entriesByFile).sort(), files.map((name) => name.replace(/\.ts$/, '')).sort());
  for (const [file, entries] of Object.entries(entriesByFile)) {
    const source = readFileSync(join(folder, `${file}.ts`), 'utf8');
    assert.ok(entries.length > 0, file);
    for (const { kernel, label } of entries) assert.match(source, new RegExp(`export function ${kernel}\\b`), `${kernel} ${label} is in ${file}.ts`);
  }
});

test('no two entries have one name', () => {
  const names = Object.values(entriesByFile).flat().map(({ kernel, label }) => `${kernel} ${label}`);
  assert.equal(names.filter((name, index) => names.indexOf(name) !== index), []);
});

test('the layers are those of the networks, and a step is 43.5 GMAC', () => {
  const weights = (layers: { weight: readonly number[] }[]): string[] => layers.map(({ weight }) => weight.join()).sort();
  const declared = (network: UNet | PatchGAN): string[] => [...network.namedSlots()].filter(([, { shape }]) => shape.length === 4).map(([, { shape }]) => shape.join()).sort();
  assert.equal(weights(unetLayers({ size: 256, ngf: 64, batch: 1 })), declared(new UNet()));
  assert.equal(weights(patchganLayers({ size: 256, ndf: 64, batch: 1 })), declared(new PatchGAN()));
  const { generatorForward, step } = pix2pixMacs({ size: 256, ngf: 64, ndf: 64, batch: 1 });
  assert.is((generatorForward / 1e9).toFixed(2), '6.05');
  assert.is((step / 1e9).toFixed(1), '43.5');
});

/** The three passes of a transposed layer and of one with a stride of 1, small. */
const small = [unetLayers({ size: 16, ngf: 4, batch: 2 })[5]!, patchganLayers({ size: 32, ndf: 4, batch: 1 })[3]!].flatMap(convEntries);
for (const entry of [...small, ...filterEntries(entriesByFile.dropout!, '[1, 8, 8, 512]'), ...filterEntries(entriesByFile.loss!, '[1, 30, 30, 1]')]) {
  test(`${entry.kernel} ${entry.label} is checked and timed`, async () => {
    const before = gpu.memory();
    const { medianMs, minMs, maxMs, samplesMs, gflops, gigabytes } = await runEntry(gpu, entry, ONE_SAMPLE);
    assert.is(samplesMs.length, 1);
    assert.ok(0 < minMs && minMs <= medianMs && medianMs <= maxMs);
    assert.ok(gigabytes > 0);
    assert.is(gflops !== undefined, entry.work.flops !== undefined);
    assert.is(gpu.memory().tensors, before.tensors, 'every tensor was disposed');
    assert.is(gpu.memory().bytesInUse, before.bytesInUse, 'so was the recording');
  });
}

test('what computes something else is not timed', async () => {
  const [{ setup, ...rest }] = small;
  const wrong: BenchEntry = {
    ...rest,
    setup(bench) {
      const { check } = setup(bench);
      const x = bench.random('another x', [1, 4, 4, 4]);
      const w = bench.random('another w', [4, 4, 4, 8]);
      return workload<unknown>({ run: () => conv2dForward(x.tensor, w.tensor, null, { stride: [2, 2], padding: [1, 1] }), check });
    },
  };
  let message = '';
  await runEntry(gpu, wrong, ONE_SAMPLE).catch((error: Error) => (message = error.message));
  assert.match(message, /the result is wrong, so it is not timed/);
});

test.run();
