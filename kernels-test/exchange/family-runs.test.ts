import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { differingTensors, encodeRunCheckpoint, restoreRun, type TrainingRun } from '../../src/exchange/network/training-run.js';
import { runForPyTorch } from '../../src/exchange/pytorch/pytorch-run.js';
import { findRun } from '../../src/exchange/read-weights.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPyTorch, type PyTorchFile, type PyTorchValue } from '../../src/formats/pytorch-file.js';
import { encodePyTorch, type PyTorchWritable } from '../../src/formats/pytorch-write.js';
import { cyclegan } from '../../src/schemes/cyclegan.js';
import { dcgan } from '../../src/schemes/dcgan.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { fullOptions } from '../../src/training/trainer-options.js';
import golden from '../goldens/family_runs.json';
import { generate } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { startScheme, takeStep, type SchemeRun } from '../harness/scheme-run.js';
import { collect, openBytes, refuses } from '../harness/weights.js';

// Runs of CycleGAN and DCGAN that PyTorch saved: scripts/goldens/family_runs.py.

const gpu = await testGpu();
const { a, b } = golden.images;
const schemes = { cyclegan, dcgan } as unknown as Readonly<Record<'cyclegan' | 'dcgan', TrainingScheme>>;
type Name = keyof typeof schemes;
type Dict = Map<string | number, PyTorchValue>;

const unpacked = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const open = (name: Name): Promise<PyTorchFile> => openPyTorch(bytesSource(unpacked(golden[name].file), `${name}.pth`));
const reopen = async (value: PyTorchWritable): Promise<PyTorchFile> =>
  openPyTorch(bytesSource(await collect(encodePyTorch(value)), 'written.pth'));
const changed = async (name: Name, change: (top: Dict) => void): Promise<PyTorchFile> => {
  const top = new Map((await open(name)).value as Dict);
  change(top);
  return reopen(top as unknown as PyTorchWritable);
};

/** The parts of a scheme of a run's networks, with what the run has. */
async function start(name: Name, run: TrainingRun, options: object = {}): Promise<SchemeRun> {
  const scheme = schemes[name];
  const given = Object.fromEntries([...run.networks].map(([network, { architecture }]) => [network, architecture]));
  const all = { ...fullOptions(scheme), ...scheme.optionsOf!(given, 'run.pth'), size: golden.size, ...options };
  const parts = startScheme(gpu, scheme, all, { batch: golden.batch, given });
  await restoreRun(parts, run, 'run.pth');
  return parts;
}

for (const name of ['cyclegan', 'dcgan'] as const) {
  test(`a run of ${name} that PyTorch saved is found by its networks, and goes on here as it does there`, async () => {
    const run = await findRun(await open(name));
    assert.is(run.info.scheme, name);
    assert.equal([...run.networks.keys()], Object.keys(schemes[name].networks(fullOptions(schemes[name]), {})));
    assert.equal(
      Object.values(run.info.optimizers).map(({ network, steps }) => [network, steps]),
      [...run.networks.keys()].map((network) => [network, golden.step]),
    );
    assert.is(run.info.options.learningRate, 2e-4);
    const parts = await start(name, run, { poolSize: 0 });
    for (const [step, expected] of (golden[name].losses as Record<string, number>[]).entries()) {
      parts.inputs.noise?.write(generate(golden.noise[step]!));
      const losses = await takeStep(gpu, schemes[name], parts, { a, b, real: a });
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort());
      for (const [loss, value] of Object.entries(losses))
        assertClose([value], [expected[loss]!], { relative: 1e-4, label: `${loss} of step ${step}` });
    }
    parts.dispose();
  });

  test(`a run of ${name} becomes a checkpoint and a .pth again, with PyTorch's optimisers, and no bit changed`, async () => {
    const run = await findRun(await open(name));
    const read = await findRun(await openBytes(encodeRunCheckpoint(run), 'checkpoint.safetensors'));
    assert.equal(read.info, run.info);
    assert.equal(await differingTensors(read, run), []);
    const file = await reopen(runForPyTorch(read, 1e-4));
    const back = await findRun(file);
    assert.equal(back.info, run.info);
    assert.equal(await differingTensors(back, run), []);
    const top = file.value as Dict;
    assert.equal(
      [...top.keys()],
      [...run.networks.keys(), 'generator_optimizer', 'discriminator_optimizer', 'step', 'epoch', 'options', 'shadegrad'],
    );
    const theirs = (await open(name)).value as Dict;
    for (const [ours, other] of [
      ['generator_optimizer', name === 'cyclegan' ? 'optimizer_G' : 'optimizerG'],
      ['discriminator_optimizer', name === 'cyclegan' ? 'optimizer_D' : 'optimizerD'],
    ] as const) {
      const parametersOf = (each: PyTorchValue | undefined) =>
        ((each as Dict).get('param_groups') as Dict[]).map((group) => group.get('params'));
      assert.equal(parametersOf(top.get(ours)), parametersOf(theirs.get(other)));
    }
    const counts = async (dict: Dict): Promise<number[]> => {
      const named = [...dict].filter(([key]) => String(key).endsWith('num_batches_tracked'));
      return Promise.all(named.map(async ([, tensor]) => (await (tensor as unknown as { read(): Promise<Float32Array> }).read())[0]!));
    };
    for (const [ours, other] of [
      ['generator', 'netG'],
      ['discriminator', 'netD'],
    ] as const)
      if (top.has(ours)) assert.equal(await counts(top.get(ours) as Dict), await counts(theirs.get(other) as Dict));
  });
}

test('the pools of a run go to a .pth as batches of images in the order of PyTorch, and come back', async () => {
  const run = await findRun(await open('cyclegan'));
  const shape = [2, 4, 4, 3];
  const numbers = Float32Array.from({ length: 96 }, (_, index) => index / 96);
  const full = { ...run, state: new Map([['poolA', { shape, read: async () => numbers }]]) };
  const file = await reopen(runForPyTorch(full, 2e-4));
  const pool = ((file.value as Dict).get('state') as Dict).get('poolA') as unknown as { shape: number[]; read(): Promise<Float32Array> };
  assert.equal(pool.shape, [2, 3, 4, 4]);
  // The green of the second pixel of the first row.
  assert.is((await pool.read())[17], numbers[4]);
  assert.equal(await differingTensors(await findRun(file), full), []);
});

test('a new run takes pools only where they fit: PyTorch has none, and their size is an option', async () => {
  const run = await findRun(await open('cyclegan'));
  const numbers = (places: number): Float32Array => new Float32Array(places * 32 * 32 * 3).fill(0.5);
  const pool = (places: number) => ({ shape: [places, 32, 32, 3], read: async () => numbers(places) });
  for (const [poolA, expected] of [
    [undefined, 0],
    [pool(3), 0],
    [pool(2), 0.5],
  ] as const) {
    const parts = await start('cyclegan', { ...run, state: new Map(poolA && [['poolA', poolA]]) }, { poolSize: 2 });
    assert.ok((await parts.state.poolA!.data()).every((number) => number === expected));
    parts.dispose();
  }
});

test('several networks of one role are told apart by their names: here, there, and in wrappers', async () => {
  const expected = await findRun(await open('cyclegan'));
  const renamed = (names: Readonly<Record<string, string>>) =>
    changed('cyclegan', (top) => {
      for (const [from, to] of Object.entries(names)) {
        top.set(to, top.get(from)!);
        top.delete(from);
      }
    });
  // The second moves a network behind its sister.
  const namings: Record<string, string>[] = [{ netG_B: 'G_B', netG_A: 'generatorA', netD_B: 'discriminatorB' }, { netG_A: 'G_A' }];
  for (const names of namings) assert.equal(await differingTensors(await findRun(await renamed(names)), expected), []);
  const wrapped = await changed('cyclegan', (top) => {
    const plain = top.get('netG_A') as Dict;
    top.set('netG_A', new Map([...plain].map(([key, tensor]) => [`module.${key}`, tensor])));
  });
  assert.equal(await differingTensors(await findRun(wrapped), expected), []);
  await refuses(
    async () => findRun(await renamed({ netG_A: 'first', netG_B: 'second' })),
    'WEIGHTS_MISMATCH',
    /no training run/,
    /0 networks called generatorA or netG_A among "first\.", "second\."/,
  );
  await refuses(
    async () => findRun(await changed('cyclegan', (top) => void top.delete('optimizer_G'))),
    'WEIGHTS_MISMATCH',
    /no optimiser fits the generatorA and the generatorB/,
  );
});

test.run();
