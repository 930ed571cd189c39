import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pytorchStateDict } from '../../../src/exchange/pytorch/pytorch-run.js';
import { findRun } from '../../../src/exchange/read-weights.js';
import type { TrainingRun } from '../../../src/exchange/network/training-run.js';
import type { NetworkArchitecture } from '../../../src/models/kind.js';
import { PatchGAN } from '../../../src/models/patchgan.js';
import { architectureOf } from '../../../src/models/registry.js';
import { UNet } from '../../../src/models/unet.js';
import type { TrainingCheckpoint } from '../../../src/training/checkpoint-info.js';
import { bytesSource } from '../../../src/formats/byte-source.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { openSafetensors } from '../../../src/formats/safetensors-file.js';
import { openPyTorch } from '../../../src/formats/pytorch-file.js';
import { createImage } from '../../../src/data/image.js';
import { encodePng } from '../../../src/node/images/read.js';
import golden from '../../goldens/reference_run.json';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, type Finished } from '../../harness/program.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

const folder = temporaryFolder('from');
const at = (name: string): string => join(folder, name);
const checkpoint = async (name: string) => findRun(await openSafetensors(bytesSource(readFileSync(at(`${name}/checkpoint.safetensors`)))));
const train = (name: string, ...flags: string[]): Promise<Finished> =>
  run('train-facades', ['--no-tune', '--validate', '2', '--out', at(name), ...flags]);
const stepsOf = ({ optimizers }: TrainingCheckpoint): Record<string, number> =>
  Object.fromEntries(Object.entries(optimizers).map(([name, { steps }]) => [name, steps]));
const optionsOf = ({ networks }: TrainingCheckpoint, name: string) => networks[name]!.options as Readonly<Record<string, unknown>>;
const weightOf = ({ networks }: TrainingRun, name: string): Promise<Float32Array> => networks.get('generator')!.tensors.get(name)!.read();
const secondMoment = ({ optimizers }: TrainingRun, name: string): Promise<Float32Array> =>
  optimizers.get('generatorOptimizer')!.get('secondMoment')!.get(name)!.read();
/** So small a rate that the networks hardly move from where they began. */
const STILL = ['--steps', '1', '--lr', '1e-8'];

async function write(name: string, architecture: NetworkArchitecture): Promise<void> {
  writeFileSync(at(name), await collect(encodePyTorch(pytorchStateDict(formulaNetwork(architecture)))));
}

test.before(async () => {
  buildLibrary();
  writeFileSync(at('run.pth'), Buffer.from(golden.file, 'base64'));
  // The smallest size at which the reference has dropout.
  await write('g.pth', { kind: 'unet', options: { size: 64, ngf: 2, norm: 'instance' } });
  await write('d.pth', { kind: 'patchgan', options: { ndf: 3, layers: 2, norm: 'instance' } });
  await write('grey.pth', { kind: 'unet', options: { size: 32, ngf: 2, inChannels: 1 } });
  await write('two.pth', { kind: 'unet', options: { size: 32, ngf: 2, inChannels: 2 } });
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("a run of PyTorch's is trained on: its networks, its optimisers and their steps", async () => {
  assert.match(
    succeeded(await train('whole', '--from', at('run.pth'), ...STILL)),
    /both networks and their optimisers of .*run\.pth, after 4 steps/,
  );
  const [before, after] = [await findRun(await openPyTorch(bytesSource(readFileSync(at('run.pth'))))), await checkpoint('whole')];
  assert.equal(stepsOf(after.info), { generatorOptimizer: golden.step + 1, discriminatorOptimizer: golden.step + 1 });
  assert.is(after.info.step, 1);
  assert.is(after.info.options.from, at('run.pth'));
  for (const role of ['generator', 'discriminator']) {
    for (const [name, tensor] of before.networks.get(role)!.tensors) {
      if (name.includes('running_')) continue;
      const [theirs, ours] = [await tensor.read(), await after.networks.get(role)!.tensors.get(name)!.read()];
      assert.ok(
        ours.every((value, i) => Math.abs(value - theirs[i]!) < 1e-6),
        `${role}.${name}`,
      );
    }
  }
  // The second moment keeps 0.999 of what it was: the optimiser is theirs, not a new one.
  const name = 'model.model.3.weight';
  const [theirs, ours] = [await secondMoment(before, name), await secondMoment(after, name)];
  assert.ok(ours.every((value, i) => value >= 0.9989 * theirs[i]!));
  assert.ok(theirs.some((value) => value > 0));
});

test('networks with instance norm and another discriminator, of two files; a run that stops and goes on is one that did not', async () => {
  const files = ['--from', at('g.pth'), '--from-discriminator', at('d.pth')];
  assert.match(
    succeeded(await train('at-once', ...files, '--dropout', '--steps', '4')),
    /both networks of .*g\.pth.*d\.pth; their optimisers are new/,
  );
  const { info } = await checkpoint('at-once');
  assert.equal(info.networks, {
    generator: architectureOf(new UNet({ size: 64, ngf: 2, norm: 'instance', bias: 'everywhere', dropoutBlocks: 'middle', dropout: 0.5 })),
    discriminator: architectureOf(new PatchGAN({ inChannels: 6, ndf: 3, layers: 2, norm: 'instance', bias: 'everywhere' })),
  });
  assert.is(stepsOf(info).generatorOptimizer, 4);
  const report = readFileSync(at('at-once/report.html'), 'utf8');
  assert.match(report, /--from .*g\.pth --from-discriminator .*d\.pth/);

  // One step, whose learning rate is that of a longer run's first, and then the others.
  succeeded(await train('stopped', ...files, '--dropout', '--steps', '1'));
  assert.is((await checkpoint('stopped')).info.step, 1);
  succeeded(await run('train-facades', ['--resume', '--steps', '4', '--eager', '--out', at('stopped')]));
  assert.ok(readFileSync(at('stopped/checkpoint.safetensors')).equals(readFileSync(at('at-once/checkpoint.safetensors'))));

  // The same without dropout is another run: there was some, where the reference has it.
  succeeded(await train('without', ...files, '--no-dropout', '--steps', '4'));
  const [one, other] = [await checkpoint('at-once'), await checkpoint('without')];
  const name = 'model.model.3.weight';
  assert.not.equal(await weightOf(one, name), await weightOf(other, name));
  assert.is(optionsOf(other.info, 'generator').dropout, 0);
});

test('a generator alone gets a new discriminator of the width that is asked for', async () => {
  assert.match(succeeded(await train('alone', '--from', at('g.pth'), '--ndf', '2', ...STILL)), /the discriminator is new/);
  const { info } = await checkpoint('alone');
  assert.is(optionsOf(info, 'discriminator').ndf, 2);
  assert.is(optionsOf(info, 'generator').ngf, 2);
});

test('a run whose optimiser is another gives its networks, and a note says so', async () => {
  const { value } = await openPyTorch(bytesSource(readFileSync(at('run.pth'))));
  const top = new Map(value as Map<string, any>);
  top.set(
    'generator_optimizer',
    new Map<string, any>([
      ['state', new Map()],
      [
        'param_groups',
        [
          new Map([
            ['lr', 0.1],
            ['params', [...top.get('generator_optimizer').get('param_groups')[0].get('params')]],
          ] as [string, any][]),
        ],
      ],
    ]),
  );
  writeFileSync(at('sgd.pth'), await collect(encodePyTorch(top)));
  const printed = succeeded(await train('sgd', '--from', at('sgd.pth'), ...STILL));
  assert.match(
    printed,
    /both networks of .*sgd\.pth; their optimisers are new \(those of the file were left: .*the generator's optimiser is another/,
  );
  assert.is(stepsOf((await checkpoint('sgd')).info).generatorOptimizer, 1);
  failedWith(
    await run('shadegrad', ['convert', at('sgd.pth'), at('never.safetensors'), '--run']),
    'WEIGHTS_UNSUPPORTED',
    /optimiser is another/,
    /train(-facades\.js)? --from/,
  );
  assert.not.ok(existsSync(at('never.safetensors')));
});

test('a grey network trains on luminance, and a run of one can be resumed', async () => {
  const printed = succeeded(await train('grey', '--from', at('grey.pth'), '--steps', '1'));
  succeeded(await run('train-facades', ['--resume', '--steps', '2', '--out', at('grey')]));
  assert.match(printed, /it takes luminance \(grey\) and makes colours/);
  const { info } = await checkpoint('grey');
  assert.is(stepsOf(info).generatorOptimizer, 2);
  assert.is(optionsOf(info, 'generator').inChannels, 1);
  assert.is(optionsOf(info, 'discriminator').inChannels, 4);
});

test('a network with a number that is not finite starts nothing, by no command, and writes nothing', async () => {
  const broken = formulaNetwork({ kind: 'unet', options: { size: 32, ngf: 2 } });
  const [name, tensor] = [...broken.tensors][0]!;
  const tensors = new Map(broken.tensors).set(name, {
    shape: tensor.shape,
    read: async () => (await tensor.read()).map((number, index) => (index === 0 ? NaN : number)),
  });
  writeFileSync(at('nan.pth'), await collect(encodePyTorch(pytorchStateDict({ ...broken, tensors }))));
  const words = [/nan\.pth: tensor "model\.model\.0\.weight"/, /NaN at index 0/];
  failedWith(await train('none', '--from', at('nan.pth')), 'WEIGHTS_CORRUPT', ...words);
  writeFileSync(at('picture.png'), encodePng(createImage(8, 8)));
  failedWith(
    await run('translate', ['--weights', at('nan.pth'), '--input', at('picture.png'), '--output', at('pictures')]),
    'WEIGHTS_CORRUPT',
    ...words,
  );
  for (const to of ['nan-2.pth', 'nan.onnx'])
    failedWith(await run('shadegrad', ['convert', at('nan.pth'), at(to)]), 'WEIGHTS_CORRUPT', ...words);
  const { status, stdout } = await run('shadegrad', ['inspect', at('nan.pth'), '--no-tensors']);
  assert.is(status, 1);
  assert.match(stdout, /numbers: 1 not finite, the first NaN in "model\.model\.0\.weight" at index 0/);
  for (const made of ['none', 'pictures', 'nan-2.pth', 'nan.onnx']) assert.not.ok(existsSync(at(made)), made);
});

test('flags that contradict the file, and files that cannot be trained on, start nothing', async () => {
  failedWith(await train('none', '--from', at('g.pth'), '--ngf', '8'), 'BAD_FLAG', /--ngf 2/, /--ngf 8/);
  failedWith(await train('none', '--from', at('g.pth'), '--size', '32'), 'BAD_FLAG', /--size/, /multiples of 64/);
  failedWith(await train('none', '--from', at('two.pth')), 'BAD_FLAG', /--data DIR/, /2 channels/);
  failedWith(
    await train('none', '--from', at('grey.pth'), '--from-discriminator', at('d.pth')),
    'WEIGHTS_UNSUPPORTED',
    /1 \+ 3 channels/,
    /6 channels/,
  );
  failedWith(await train('none', '--from', at('d.pth')), 'WEIGHTS_MISMATCH', /no generator/);
  failedWith(await train('none', '--from', at('g.pth'), '--from-discriminator', at('g.pth')), 'WEIGHTS_MISMATCH', /no discriminator/);
  failedWith(await train('none', '--from-discriminator', at('d.pth')), 'BAD_FLAG', /--from/);
  failedWith(await train('whole', '--from', at('g.pth'), '--resume'), 'BAD_FLAG', /--resume/);
  failedWith(await train('none', '--from', at('missing.pth')), 'DATA_NOT_FOUND', /missing\.pth/);
  assert.not.ok(existsSync(at('none')));
});

test.run();
