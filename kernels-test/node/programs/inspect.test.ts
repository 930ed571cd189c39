import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHeader } from '../../../src/formats/safetensors.js';
import { encodeSafetensors } from '../../../src/formats/safetensors-file.js';
import { describeArchitecture } from '../../../src/models/describe.js';
import { encodeNetwork } from '../../../src/exchange/network-file.js';
import { referenceStateDict } from '../../../src/exchange/pytorch/reference-network.js';
import { describeFile, printable } from '../../../src/node/programs/inspect.js';
import { openWeights } from '../../../src/node/weights/read.js';
import oldRun from '../../goldens/old_run.json';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, type Finished } from '../../harness/program.js';
import { collect, fileOf, formulaNetwork, openBytes } from '../../harness/weights.js';

const folder = temporaryFolder('inspect');
const damaged = join(folder, 'damaged');
const unet = formulaNetwork({ kind: 'unet', options: { size: 32, ngf: 3, inChannels: 1, outChannels: 2, norm: 'instance' } });
const patchgan = formulaNetwork({ kind: 'patchgan', options: { inChannels: 6, ndf: 2, layers: 2 } });

test.before(() => {
  buildLibrary();
  mkdirSync(damaged);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a network is described with its width, size, norm and channels', () => {
  assert.is(
    describeArchitecture({ kind: 'unet', options: {} }),
    'U-Net for 256 x 256, 3 -> 3 channels, ngf 64, batch norm, dropout 0.5; 54,413,955 parameters',
  );
  assert.is(
    describeArchitecture({ kind: 'patchgan', options: {} }),
    'PatchGAN, 6 channels, ndf 64, 3 layers, batch norm; 2,768,705 parameters',
  );
  const variant = describeArchitecture({
    kind: 'unet',
    options: { size: 64, ngf: 8, dropout: 0, bias: 'everywhere', epsilon: 1e-3, slope: 0.3, innermostNorm: true, skip: 'leaky' },
  });
  for (const words of [
    /64 x 64/,
    /innermost layer normalised/,
    /leaky skips/,
    /no dropout/,
    /biases everywhere/,
    /epsilon 0\.001/,
    /slope 0\.3/,
  ])
    assert.match(variant, words);
  assert.match(describeArchitecture({ kind: 'unet', options: { norm: 'none' } }), /no norm/);
});

test('inspect lists every tensor, the total, the metadata and what the networks are', async () => {
  const path = join(folder, 'both.safetensors');
  const tensors = [...referenceStateDict(unet, { prefix: 'netG.' }), ...referenceStateDict(patchgan, { prefix: 'module.' })];
  writeFileSync(path, await collect(encodeSafetensors(tensors, { dtype: 'f16', metadata: { epoch: '200' } })));
  const printed = succeeded(await run('shadegrad', ['inspect', path]));
  for (const { name } of tensors) assert.ok(printed.includes(`  ${name} `), name);
  for (const words of [
    /both\.safetensors: safetensors, \d+ tensors, [\d,]+ numbers, [\d.]+ KiB/,
    /netG\.model\.model\.0\.weight +\[3, 1, 4, 4\] +f16/,
    /num_batches_tracked +\[\] +i64/,
    /epoch: 200/,
    /generator: U-Net for 32 x 32, 1 -> 2 channels, ngf 3, instance norm, .*\(PyTorch names, names begin with "netG\."\)/,
    /discriminator: PatchGAN, 6 channels, ndf 2, 2 layers, batch norm; .*"module\."/,
  ])
    assert.match(printed, words);
  assert.not.match(succeeded(await run('shadegrad', ['inspect', '--no-tensors', path])), /num_batches_tracked/);
});

test('a file without a network is listed all the same', async () => {
  const lines = describeFile(
    await openBytes(encodeSafetensors([{ name: 'embedding', shape: [2, 2], read: async () => new Float32Array(4) }]), 'words'),
  );
  assert.match(
    lines.join('\n'),
    /words: safetensors, 1 tensors, 4 numbers, 16 B\n\n {2}embedding {2}\[2, 2\] {2}f32\n\nno network that can be run here: .*\n.*pytorch-CycleGAN/,
  );
});

test('a bit of a checkpoint that is not as it was saved is found, in a tensor and in the header, and the exit status is 1', async () => {
  const good = gunzipSync(Buffer.from(oldRun.checkpoint, 'base64'));
  const { tensors } = parseHeader(good, good.length);
  const inspect = (name: string, at: number): Promise<Finished> => {
    const bytes = Buffer.from(good);
    if (at >= 0) bytes[at]! ^= 1;
    writeFileSync(join(damaged, name), bytes);
    return run('shadegrad', ['inspect', '--no-tensors', join(damaged, name)]);
  };
  assert.match(succeeded(await inspect('good.safetensors', -1)), 'numbers: all finite, and as their checksums say');
  const weight = tensors.find(({ name }) => name.startsWith('generator.') && name.endsWith('weight'))!;
  const flipped = await inspect('flipped.safetensors', weight.start);
  assert.is(flipped.status, 1);
  for (const words of ['numbers of 1 tensor cannot be read', 'the generator is refused when it is read', 'the training run is refused'])
    assert.match(flipped.stdout, words);
  assert.not.match(flipped.stdout, /all finite|the discriminator is refused/);
  const moment = await inspect('moment.safetensors', tensors.find(({ name }) => name.startsWith('generatorOptimizer.'))!.start);
  assert.is(moment.status, 1);
  assert.match(moment.stdout, 'the training run is refused');
  assert.not.match(moment.stdout, /the (generator|network) is refused/);
  const header = await inspect('header.safetensors', good.indexOf('"adapter') + 14);
  assert.is(header.status, 1);
  assert.match(header.stdout, 'damaged: ');
});

test('a number that is not finite is told by what takes it: a network is refused for it, or nothing is', async () => {
  const inspect = async (at: string, value: number, extra: string): Promise<Finished> => {
    const tensors = referenceStateDict(patchgan).map((tensor) =>
      tensor.name !== at
        ? tensor
        : {
            ...tensor,
            read: async () => (await tensor.read()).map((number, index) => (index === 1 ? value : number)),
          },
    );
    tensors.push({ name: 'epoch.losses', shape: [2], read: async () => Float32Array.of(1, extra === '' ? 1 : NaN) });
    writeFileSync(join(damaged, 'numbers.safetensors'), await collect(encodeSafetensors(tensors)));
    return run('shadegrad', ['inspect', '--no-tensors', join(damaged, 'numbers.safetensors')]);
  };
  const used = await inspect('model.0.weight', NaN, '');
  assert.is(used.status, 1);
  assert.match(
    used.stdout,
    /1 not finite, the first NaN in "model\.0\.weight" at index 1, .*\nthe discriminator is refused when it is read/,
  );
  const unused = succeeded(await inspect('', 0, 'NaN'));
  assert.match(unused, /1 not finite, the first NaN in "epoch\.losses" at index 1\nno network or run .* nothing is refused/);
});

test('names out of a file cannot command the terminal, nor fill it', () => {
  const evil = 'a\u001b[2Jb\u0007\n\u202e\u2028';
  const lines = describeFile(
    fileOf([{ name: evil, shape: [], read: async () => new Float32Array(1) }], { [evil]: evil, long: 'x'.repeat(5000) }),
  );
  assert.not.match(lines.join('\n'), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
  assert.ok(lines.every((line) => line.length < 500));
  assert.is(printable('naïve façade 🏛'), 'naïve façade 🏛');
});

test('a file without a telling name is known by its first bytes', async () => {
  const path = join(folder, 'weights');
  writeFileSync(path, await collect(encodeNetwork(patchgan)));
  const { file, close } = await openWeights(path);
  assert.is(file.format, 'safetensors');
  await close();
});

test('missing, foreign and damaged files are refused, and so are other commands', async () => {
  failedWith(await run('shadegrad', ['inspect', join(folder, 'none.safetensors')]), 'DATA_NOT_FOUND', /none\.safetensors/);
  assert.match(succeeded(await run('shadegrad', ['inspect', folder, '--no-tensors'])), /taking its both\.safetensors/);
  writeFileSync(join(folder, 'text.txt'), 'not weights');
  failedWith(await run('shadegrad', ['inspect', join(folder, 'text.txt')]), 'WEIGHTS_UNSUPPORTED', /text\.txt/, /\.pict/);
  writeFileSync(join(folder, 'text.safetensors'), 'not weights');
  failedWith(
    await run('shadegrad', ['inspect', join(folder, 'text.safetensors')]),
    'WEIGHTS_UNSUPPORTED',
    /text\.safetensors/,
    /a text that begins "not weights"/,
  );
  failedWith(await run('shadegrad', ['inspect']), 'BAD_FLAG', /0 files/);
  failedWith(await run('shadegrad', ['inspekt', 'x']), 'BAD_FLAG', /did you mean inspect\?/);
  failedWith(await run('shadegrad', ['inspect', 'x', '--tensor']), 'BAD_FLAG', /did you mean --tensors\?/);
});

test('every command has its help', async () => {
  const list = succeeded(await run('shadegrad', ['--help']));
  for (const command of ['inspect', 'convert', 'translate', 'generate', 'train', 'prepare', 'tune', 'bench', 'doctor']) {
    assert.match(list, new RegExp(`^  ${command} `, 'm'));
    const help = succeeded(await run('shadegrad', [command, '--help']));
    assert.match(help, new RegExp(`^Usage: .* ${command}\\b`));
    assert.is(succeeded(await run('shadegrad', ['help', command])), help);
    failedWith(await run('shadegrad', [command, '--nonsense']), 'BAD_FLAG', /Unknown flag --nonsense/);
  }
  for (const words of [['help'], ['-h'], ['help', 'help'], ['help', '--help']])
    assert.is(succeeded(await run('shadegrad', words)), list, words.join(' '));
  failedWith(await run('shadegrad', ['help', 'inspekt']), 'BAD_FLAG', /did you mean inspect\?/);
  assert.match(succeeded(await run('shadegrad', ['--version'])), /^\d+\.\d+\.\d+\n$/);
  failedWith(await run('shadegrad', ['--versoin']), 'BAD_FLAG', /did you mean --version\?/);
  const none = await run('shadegrad', []);
  assert.equal([none.status, none.stdout], [2, list]);
});

test.run();
