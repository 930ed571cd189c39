import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeRunCheckpoint, differingTensors, restoreRun, type TrainingRun } from '../../src/exchange/network/training-run.js';
import { findNetwork, findRun, findRunIfAny, hasRun, networksIn } from '../../src/exchange/read-weights.js';
import { runForPyTorch, pytorchStateDict } from '../../src/exchange/pytorch/pytorch-run.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPyTorch, type PyTorchFile, type PyTorchValue } from '../../src/formats/pytorch-file.js';
import { encodePyTorch, type PyTorchWritable } from '../../src/formats/pytorch-write.js';
import type { ShadegradError } from '../../src/errors.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { architectureOf } from '../../src/models/registry.js';
import { UNet } from '../../src/models/unet.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint } from '../../src/training/checkpoint.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import golden from '../goldens/reference_run.json';
import { generate } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { disposePix2Pix, lossesFrom, targetOf, type PaperModel } from '../harness/models.js';
import { collect, openBytes, refuses } from '../harness/weights.js';

const gpu = await testGpu();
const { size, ngf, ndf } = golden.options;
const bytes = Uint8Array.from(atob(golden.file), (character) => character.charCodeAt(0));
const openGolden = (): Promise<PyTorchFile> => openPyTorch(bytesSource(bytes, 'run.pth'));
const reopen = async (value: PyTorchWritable): Promise<PyTorchFile> =>
  openPyTorch(bytesSource(await collect(encodePyTorch(value)), 'changed.pth'));

function newPix2Pix(of = { size, ngf, ndf }): PaperModel {
  const generator = new UNet({ size: of.size, ngf: of.ngf, dropout: 0, dropoutBlocks: 'middle' }).to(gpu, { seed: 1 });
  const discriminator = new PatchGAN({ ndf: of.ndf }).to(gpu, { seed: 2 });
  const options = { learningRate: golden.options.learningRate, betas: [0.5, 0.999] as const };
  return {
    generator,
    discriminator,
    generatorOptimizer: new Adam(generator, options),
    discriminatorOptimizer: new Adam(discriminator, options),
  };
}

/** Compares files; the texts at their beginning first, which say what differs. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const header = (bytes: Uint8Array): unknown =>
    JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)))));
  assert.equal(header(actual), header(expected));
  assert.ok(actual.length === expected.length && actual.every((byte, at) => byte === expected[at]), 'the same bytes');
}

type Dict = Map<string | number, PyTorchValue>;
/** The golden's value with a part changed; maps below it are the file's own. */
async function changed(change: (top: Dict, optimizer: Dict, group: Dict) => void): Promise<PyTorchFile> {
  const { value } = await openGolden();
  const top = new Map(value as Dict);
  const optimizer = new Map(top.get('generator_optimizer') as Dict);
  const group = new Map((optimizer.get('param_groups') as Dict[])[0]);
  top.set('generator_optimizer', optimizer);
  optimizer.set('param_groups', [group]);
  change(top, optimizer, group);
  return reopen(top as unknown as PyTorchWritable);
}

const refused = (file: PyTorchFile, code: string, ...words: RegExp[]): Promise<void> => refuses(() => findRun(file), code, ...words);

test('a run that PyTorch saved goes on here as it does there: losses and what two steps change, to four digits', async () => {
  const run = await findRun(await openGolden());
  assert.is(run.info.step, golden.step);
  assert.is(run.info.epoch, golden.epoch);
  assert.equal(run.info.options, golden.options);
  assert.is(run.info.scheme, 'pix2pix');
  const { generator, discriminator } = run.info.networks;
  assert.equal(Object.keys(run.info.networks), ['generator', 'discriminator']);
  assert.equal(generator, architectureOf(new UNet({ size, ngf, dropout: 0, dropoutBlocks: 'middle' })));
  assert.equal(discriminator, architectureOf(new PatchGAN({ ndf, inChannels: 6, layers: 3 })));
  const model = newPix2Pix();
  await restoreRun(targetOf(model), run, 'run.pth');
  assert.is(model.generatorOptimizer.stepCount, golden.step);
  const tensors = () => [
    ...[...model.generator.namedTensors()].map(([name, tensor]) => [`generator.${name}`, tensor] as const),
    ...[...model.discriminator.namedTensors()].map(([name, tensor]) => [`discriminator.${name}`, tensor] as const),
  ];
  const before = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors()) before.set(name, (await tensor.value.data()).slice());

  const [source, target] = [golden.source, golden.target].map((each) => Tensor.from(gpu, generate(each), each.shape)) as [Tensor, Tensor];
  const losses = Tensor.from(gpu, new Float32Array(4), [4]);
  for (const [index, expected] of golden.losses.entries()) {
    pix2pixStep(model, source, target, losses, { dropout: false, lambda: golden.options.lambda });
    const { discriminatorReal, discriminatorFake, generatorGan, generatorL1 } = lossesFrom(await losses.data());
    const { dReal, dFake, gGan, gL1 } = expected;
    assertClose([discriminatorReal, discriminatorFake, generatorGan, generatorL1], [dReal, dFake, gGan, gL1], {
      relative: 1e-4,
      label: `losses of step ${index + 1}`,
    });
  }
  const changes = new Map(golden.changes.map((summary) => [summary.name, summary]));
  assert.is(changes.size, before.size);
  for (const [name, tensor] of tensors()) {
    const values = await tensor.value.data();
    assertMatchesSummary(
      values.map((value, i) => value - before.get(name)![i]!),
      changes.get(name)!,
      { relative: 2e-3, label: name },
    );
  }
  for (const tensor of [source, target, losses]) tensor.dispose();
  disposePix2Pix(model);
});

test('a run becomes the checkpoint that training itself would write, and a .pth again, without a bit changed', async () => {
  const run = await findRun(await openGolden());
  const checkpoint = await collect(encodeRunCheckpoint(run));
  const model = newPix2Pix();
  await restoreRun(targetOf(model), run, 'run.pth');
  const { options, step, epoch, adapter } = run.info;
  assertSameBytes(checkpoint, await collect(encodeCheckpoint(targetOf(model), { options, step, epoch, adapter })));
  disposePix2Pix(model);

  const ours = await openBytes(encodeRunCheckpoint(run), 'checkpoint.safetensors');
  assert.ok(hasRun(ours));
  const read = await findRun(ours);
  assert.equal(read.info, run.info);
  assert.equal(await differingTensors(read, run), []);
  const back = await findRun(await reopen(runForPyTorch(read, 1e-4)));
  assert.equal(back.info, run.info);
  assert.equal(await differingTensors(back, run), []);
  assertSameBytes(await collect(encodeRunCheckpoint(back)), checkpoint);
});

test('a .pth of a run has the parts that load_state_dict() takes, with the rate of the step', async () => {
  const { value } = await reopen(runForPyTorch(await findRun(await openGolden()), 1e-4));
  const theirs = (await openGolden()).value as Dict;
  const top = value as Dict;
  assert.equal(
    [...top.keys()],
    ['generator', 'discriminator', 'generator_optimizer', 'discriminator_optimizer', 'step', 'epoch', 'options', 'shadegrad'],
  );
  for (const role of ['generator', 'discriminator']) {
    assert.equal([...(top.get(role) as Dict).keys()], [...(theirs.get(role) as Dict).keys()]);
    const [ours, other] = [top, theirs].map((each) => each.get(`${role}_optimizer`) as Dict) as [Dict, Dict];
    assert.equal([...(ours.get('state') as Dict).keys()], [...(other.get('state') as Dict).keys()]);
    const [group, otherGroup] = [ours, other].map((each) => new Map((each.get('param_groups') as Dict[])[0])) as [Dict, Dict];
    assert.is(group.get('lr'), 1e-4);
    assert.is(group.get('initial_lr'), 2e-4);
    for (const key of ['lr', 'initial_lr']) for (const each of [group, otherGroup]) each.delete(key);
    assert.equal(group, otherGroup);
  }
});

test('its step is counted by a tensor, or by a number as older versions of PyTorch do; other programs name it otherwise', async () => {
  const file = await changed((top, optimizer) => {
    const state = [...(optimizer.get('state') as Dict)].map(([id, each]): [number, Dict] => [
      Number(id),
      new Map(each as Dict).set('step', 4),
    ]);
    optimizer.set('state', new Map(state));
    top.delete('step');
    top.set('global_step', 9);
  });
  const { info } = await findRun(file);
  assert.is(info.optimizers.generatorOptimizer!.steps, 4);
  assert.is(info.step, 9);
});

test('an optimiser before its first step has no moments: zeros here', async () => {
  const run = await findRun(await changed((_, optimizer) => void optimizer.set('state', new Map())));
  assert.is(run.info.optimizers.generatorOptimizer!.steps, 0);
  for (const tensor of run.optimizers.get('generatorOptimizer')!.get('firstMoment')!.values())
    assert.ok((await tensor.read()).every((number) => number === 0));
  const { value } = await reopen(runForPyTorch(run, 1e-4));
  assert.is(((value as Dict).get('generator_optimizer') as Dict).get('state') instanceof Map, true);
  assert.is((((value as Dict).get('generator_optimizer') as Dict).get('state') as Dict).size, 0);
});

test('parameters that took fewer steps than others, and one that never had a gradient, keep their counts', async () => {
  const run = await findRun(
    await changed((_, optimizer) => {
      const state = new Map(optimizer.get('state') as Dict);
      state.set(3, new Map(state.get(3) as Dict).set('step', 1));
      state.delete(5);
      optimizer.set('state', state);
    }),
  );
  const names = [...run.optimizers.get('generatorOptimizer')!.get('firstMoment')!.keys()];
  assert.is(run.info.optimizers.generatorOptimizer!.steps, golden.step);
  assert.equal(run.info.optimizers.generatorOptimizer!.stepCounts, { [names[3]!]: 1, [names[5]!]: 0 });
  const { value } = await reopen(runForPyTorch(run, 1e-4));
  const state = ((value as Dict).get('generator_optimizer') as Dict).get('state') as Dict;
  assert.not.ok(state.has(5));
  assert.equal((await findRun(await reopen(value as unknown as PyTorchWritable))).info.optimizers, run.info.optimizers);
});

test('what is no run, or of another optimiser than pix2pix has, is refused with what is missing', async () => {
  await refused(
    await changed((top) => void top.delete('discriminator_optimizer')),
    'WEIGHTS_MISMATCH',
    /no optimiser fits the discriminator/,
    /the 13 shapes/,
    /0 of the 1 in the file/,
    /shadegrad train --from/,
  );
  await refused(await changed((top) => void top.delete('discriminator')), 'WEIGHTS_MISMATCH', /0 discriminators/);
  await refused(await changed((top) => void top.set('second', top.get('generator')!)), 'WEIGHTS_MISMATCH', /2 generators/);
  await refused(
    await changed((top) => void top.set('generator_optimizer', top.get('discriminator_optimizer')!)),
    'WEIGHTS_MISMATCH',
    /no optimiser fits the generator/,
  );
  await refused(
    await changed((_, __, group) => void group.set('weight_decay', 0.5)),
    'WEIGHTS_UNSUPPORTED',
    /generator's optimiser/,
    /weight_decay 0\.5/,
  );
  await refused(await changed((_, __, group) => void group.set('amsgrad', true)), 'WEIGHTS_UNSUPPORTED', /amsgrad true/);
  await refused(await changed((_, __, group) => void group.set('betas', [0.9, 0.999])), 'WEIGHTS_UNSUPPORTED', /betas 0\.9/);
  await refused(
    await changed((_, optimizer) => {
      const state = new Map(optimizer.get('state') as Dict);
      state.set(3, new Map(state.get(3) as Dict).set('step', 5.5));
      optimizer.set('state', state);
    }),
    'WEIGHTS_UNSUPPORTED',
    /a whole number of steps for every parameter/,
    /5\.5/,
  );
  await refused(
    await changed((_, optimizer) => void optimizer.set('state', new Map(optimizer.get('state') as Dict).set(3, 7))),
    'WEIGHTS_MISMATCH',
  );
  const network = findNetwork(await openGolden(), 'generator');
  await refused(await reopen(pytorchStateDict(network.weights)), 'WEIGHTS_MISMATCH', /0 discriminators/);
});

test('a file whose optimisers do not fit still gives its networks, and says why those were left', async () => {
  const withStep = (optimizer: Dict): void => {
    const state = new Map(optimizer.get('state') as Dict);
    state.set(3, new Map(state.get(3) as Dict).set('step', 4.5));
    optimizer.set('state', state);
  };
  const files: [change: Parameters<typeof changed>[0], reason: RegExp][] = [
    [(_, __, group) => void group.set('betas', [0.9, 0.999]), /another than pix2pix's Adam: betas 0\.9 and 0\.999/],
    [(_, __, group) => void group.set('amsgrad', true), /amsgrad true/],
    [(_, __, group) => void group.set('weight_decay', 0.01), /weight_decay 0\.01/],
    [
      (_, optimizer, group) =>
        void (optimizer.set('state', new Map()),
        ['betas', 'eps', 'amsgrad'].forEach((key) => group.delete(key)),
        group.set('momentum', 0.9)),
      /another than pix2pix's Adam/,
    ],
    [(_, optimizer) => withStep(optimizer), /4, 4\.5/],
    [(_, __, group) => void group.set('params', (group.get('params') as number[]).slice(1)), /no optimiser fits the generator/],
    [(top) => void top.delete('discriminator_optimizer'), /no optimiser fits the discriminator: 0 of the 1 in the file/],
  ];
  for (const [change, expected] of files) {
    const file = await changed(change);
    const { run, reason } = await findRunIfAny(file);
    assert.is(run, null);
    assert.match(reason!, expected);
    assert.equal(
      networksIn(file).map(({ role }) => role),
      ['generator', 'discriminator'],
    );
    for (const { weights } of networksIn(file)) for (const tensor of weights.tensors.values()) await tensor.read();
  }
  assert.ok((await findRunIfAny(await openGolden())).run);
  const alone = findNetwork(await openGolden(), 'generator');
  assert.equal(await findRunIfAny(await reopen(pytorchStateDict(alone.weights))), { run: null, reason: null });
});

test('a checkpoint of one network with its optimiser is a run; networks without optimisers are none, however many', async () => {
  const { info, networks, optimizers, state } = await findRun(await openGolden());
  const only = <V>(map: ReadonlyMap<string, V>, name: string) => new Map([[name, map.get(name)!]]);
  const one: TrainingRun = {
    info: {
      ...info,
      networks: { generator: info.networks.generator! },
      optimizers: { generatorOptimizer: info.optimizers.generatorOptimizer! },
    },
    networks: only(networks, 'generator'),
    optimizers: only(optimizers, 'generatorOptimizer'),
    state,
  };
  const { run } = await findRunIfAny(await openBytes(encodeRunCheckpoint(one)));
  assert.equal(await differingTensors(run!, one), []);
  const alone: TrainingRun = { info: { ...info, optimizers: {} }, networks, optimizers: new Map(), state };
  assert.equal(await findRunIfAny(await openBytes(encodeRunCheckpoint(alone))), { run: null, reason: null });
});

test('a run is not placed into networks of other options, and nothing is written then', async () => {
  const run: TrainingRun = await findRun(await openGolden());
  const model = newPix2Pix({ size, ngf: 2, ndf });
  const before = (await [...model.discriminator.namedTensors()][0]![1].value.data()).slice();
  try {
    await restoreRun(targetOf(model), run, 'run.pth');
    assert.unreachable();
  } catch (error) {
    assert.is((error as ShadegradError).code, 'WEIGHTS_MISMATCH');
    assert.match((error as ShadegradError).message, /a generator of ngf 2/);
  }
  assert.equal(await [...model.discriminator.namedTensors()][0]![1].value.data(), before);
  disposePix2Pix(model);
});

test.run();
