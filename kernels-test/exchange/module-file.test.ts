import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OrderedDict } from '../../src/formats/pickle-read.js';
import { encodePyTorch } from '../../src/formats/pytorch-write.js';
import { BatchNorm2d, Conv2d, Flatten, Linear, Sequential } from '../../src/nn/layers.js';
import type { Module } from '../../src/nn/module.js';
import { loadModule, saveModule } from '../../src/node/weights/module-file.js';
import { loadModule as loadBlob, moduleBlob } from '../../src/web/module-file.js';
import golden from '../goldens/module_state.json';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';
import { collect } from '../harness/weights.js';

const gpu = await testGpu();
const folder = await mkdtemp(join(tmpdir(), 'shadegrad-module-file-'));
test.after(() => rm(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const network = (seed: number): Sequential =>
  new Sequential([
    new Conv2d({ inChannels: 2, outChannels: 3, kernel: 3 }),
    new BatchNorm2d(3),
    new Flatten(),
    new Linear({ inFeatures: 12, outFeatures: 2 }),
  ]).to(gpu, { seed });
const contents = async (module: Module): Promise<number[][]> =>
  Promise.all([...module.namedTensors()].map(async ([, { value }]) => [...(await value.data())]));

test('a module is saved under a path and loaded from it, in the format that the name ends with', async () => {
  const saved = network(1);
  for (const name of ['w.safetensors', 'w.pth', 'w.pt']) {
    await saveModule(at(name), saved);
    const loaded = network(2);
    await loadModule(at(name), loaded);
    assert.equal(await contents(loaded), await contents(saved), name);
    loaded.dispose();
  }
  // Torch's archives begin as zip files do.
  assert.is((await readFile(at('w.pth'))).toString('latin1', 0, 2), 'PK');
  await saveModule(at('again.safetensors'), saved);
  assert.equal(await readFile(at('again.safetensors')), await readFile(at('w.safetensors')), 'the same weights give the same bytes');
  saved.dispose();
});

test('what cannot be saved or loaded leaves files and module as they were', async () => {
  const module = network(3);
  const before = await contents(module);
  await failure('INVALID_ARGUMENT', () => saveModule(at('w.onnx'), module), /\.safetensors, \.pth or \.pt/, /fix: /);
  await failure('INVALID_ARGUMENT', () => saveModule(at('x.pth'), module, { layout: 'shadegrad' }), /layout of a \.pth/);
  await writeFile(at('theirs.pth'), Buffer.from(golden.file, 'base64'));
  await failure('WEIGHTS_MISMATCH', () => loadModule(at('theirs.pth'), module), /theirs\.pth/, /"0\.weight" is missing/);
  await failure('DATA_NOT_FOUND', () => loadModule(at('none.pth'), module));
  assert.equal(await contents(module), before);
  const other = network(4);
  module.parameters()[0]!.write(new Float32Array(54).fill(NaN));
  await saveModule(at('good.pth'), other);
  for (const name of ['good.pth', 'good.safetensors'])
    await failure('DIVERGED', () => saveModule(at(name), module), /"0\.weight"/, /NaN/, /fix: /);
  await loadModule(at('good.pth'), module);
  assert.equal(await contents(module), await contents(other), 'the good file is still there');
  await writeFile(
    at('nan.pth'),
    await collect(
      encodePyTorch(
        new OrderedDict(
          [...other.stateDict({ layout: 'pytorch' })].map(([name, tensor]) => [
            name,
            name === '3.bias' ? { ...tensor, read: async () => new Float32Array([1, NaN]) } : tensor,
          ]),
        ),
      ),
    ),
  );
  await failure('WEIGHTS_CORRUPT', () => loadModule(at('nan.pth'), module), /"3\.bias"/, /NaN/);
  assert.equal(await contents(module), await contents(other));
  module.dispose();
  await failure('INVALID_ARGUMENT', () => saveModule(at('gone.pth'), module), /no device/);
  assert.not((await readdir(folder)).some((name) => /gone|x\.pth|onnx|good\.safetensors/.test(name)));
  other.dispose();
});

test("a network inside another program's checkpoint is found by its prefix, which the error names", async () => {
  const module = new Sequential([new Flatten({ order: 'channels last' }), new Linear({ inFeatures: 5, outFeatures: 5 })]).to(gpu);
  await failure('WEIGHTS_MISMATCH', () => loadModule(at('theirs.pth'), module), /"1\.weight" is missing/);
  const linear = new Linear({ inFeatures: 5, outFeatures: 5 }).to(gpu);
  await loadModule(at('theirs.pth'), linear, { prefix: 'head.4.' });
  assert.is((await contents(linear))[1]!.length, 5);
  module.dispose();
  linear.dispose();
});

test('in a browser a module is a blob', async () => {
  const saved = network(5);
  for (const options of [{}, { format: 'pytorch' }] as const) {
    const loaded = network(6);
    await loadBlob(await moduleBlob(saved, options), loaded);
    assert.equal(await contents(loaded), await contents(saved));
    loaded.dispose();
  }
  saved.dispose();
});

test.run();
