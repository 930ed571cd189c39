import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { bytesSource } from '../../../src/formats/byte-source.js';
import { encodePict } from '../../../src/formats/pict.js';
import { encodeSafetensors, openSafetensors } from '../../../src/formats/safetensors-file.js';
import { encodeNetwork } from '../../../src/exchange/network-file.js';
import type { NetworkArchitecture } from '../../../src/models/kind.js';
import { networkToPict } from '../../../src/exchange/tensorflow/pict-network.js';
import { findNetwork } from '../../../src/exchange/read-weights.js';
import { referenceStateDict } from '../../../src/exchange/pytorch/reference-network.js';
import { encodePng } from '../../../src/node/images/read.js';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, TINY, type Finished } from '../../harness/program.js';
import { goldenModel } from '../../harness/tfjs-golden.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

const folder = temporaryFolder('convert');
const at = (name: string): string => join(folder, name);
const convert = (from: string, to: string, ...flags: string[]): Promise<Finished> =>
  run('shadegrad', ['convert', at(from), at(to), ...flags]);
const generator: NetworkArchitecture = { kind: 'unet', options: { size: 32, ngf: 2, inChannels: 3, outChannels: 3 } };
const discriminator: NetworkArchitecture = { kind: 'patchgan', options: { inChannels: 6, ndf: 2, layers: 3 } };
const [unet, patchgan] = [formulaNetwork(generator), formulaNetwork(discriminator)];

/** What `check` printed: the mean difference of the outputs. */
function meanDifference(printed: string): number {
  const found = /outputs agree: mean difference ([^,]+),/.exec(printed);
  assert.ok(found, printed);
  return Number(found[1]);
}

async function numbersOf(name: string): Promise<Map<string, number[]>> {
  const { weights } = findNetwork(await openSafetensors(bytesSource(readFileSync(at(name)))));
  const numbers = new Map<string, number[]>();
  for (const [key, tensor] of weights.tensors) numbers.set(key, [...(await tensor.read())]);
  return numbers;
}

test.before(async () => {
  buildLibrary();
  writeFileSync(at('g.safetensors'), await collect(encodeNetwork(unet)));
  writeFileSync(
    at('both.safetensors'),
    await collect(
      encodeSafetensors([...referenceStateDict(unet, { prefix: 'g.module.' }), ...referenceStateDict(patchgan, { prefix: 'd.' })]),
    ),
  );
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("to PyTorch's layout and back again: not a bit changes, and the outputs are the same", async () => {
  assert.is(meanDifference(succeeded(await convert('g.safetensors', 'g-torch.safetensors', '--layout', 'pytorch'))), 0);
  assert.is(meanDifference(succeeded(await convert('g-torch.safetensors', 'g-back.safetensors'))), 0);
  assert.ok(readFileSync(at('g-back.safetensors')).equals(readFileSync(at('g.safetensors'))));
  assert.not.ok(readFileSync(at('g-torch.safetensors')).equals(readFileSync(at('g.safetensors'))));
});

test('a TensorFlow.js model is inspected, and becomes our own file with the same outputs', async () => {
  const { json, files } = goldenModel(0, 0);
  mkdirSync(at('tutorial'));
  writeFileSync(at('tutorial/model.json'), JSON.stringify(json));
  for (const [name, bytes] of files) writeFileSync(at(`tutorial/${name}`), bytes);
  assert.match(
    succeeded(await run('shadegrad', ['inspect', at('tutorial/model.json')])),
    /generator: U-Net for .*innermost layer normalised.*\(TensorFlow\.js layers/,
  );
  assert.is(meanDifference(succeeded(await convert('tutorial/model.json', 'tutorial.safetensors'))), 0);
  assert.is(findNetwork(await openSafetensors(bytesSource(readFileSync(at('tutorial.safetensors'))))).statistics, 'running');
});

test("CycleGAN's generator under DataParallel's names: inspected, converted to a .pth, traced to ONNX, translated with", async () => {
  const resnet = formulaNetwork({ kind: 'resnet', options: { ngf: 2, blocks: 2, dropout: 0.5 } });
  writeFileSync(at('G_A.safetensors'), await collect(encodeSafetensors(referenceStateDict(resnet, { prefix: 'module.' }))));
  assert.match(
    succeeded(await run('shadegrad', ['inspect', at('G_A.safetensors')])),
    /generator: ResNet generator with 2 blocks, 3 -> 3 channels, ngf 2, instance norm, dropout 0.5/,
  );
  assert.is(meanDifference(succeeded(await convert('G_A.safetensors', 'latest_net_G_A.pth'))), 0);
  assert.ok(meanDifference(succeeded(await convert('latest_net_G_A.pth', 'G_A.onnx'))) < 1e-5);
  writeFileSync(at('photo.png'), encodePng(createImage(20, 12)));
  const flags = ['--weights', at('latest_net_G_A.pth'), '--input', at('photo.png'), '--output', at('translated'), '--size', 'image'];
  assert.match(succeeded(await run('shadegrad', ['translate', ...flags])), /1 of 1/);
});

test('to a .pth of PyTorch and back again: not a bit changes, whatever the file is called', async () => {
  assert.is(meanDifference(succeeded(await convert('g.safetensors', 'latest_net_G.pth'))), 0);
  writeFileSync(at('latest_net_G'), readFileSync(at('latest_net_G.pth')));
  assert.not.match(succeeded(await run('shadegrad', ['convert', '--no-check', at('g.safetensors'), at('unchecked.pth')])), /outputs agree/);
  for (const name of ['latest_net_G.pth', 'latest_net_G']) {
    assert.match(
      succeeded(await run('shadegrad', ['inspect', at(name)])),
      /PyTorch, .*\n[^]*generator: U-Net for 32 x 32, 3 -> 3 channels, ngf 2, batch norm/,
    );
    assert.is(meanDifference(succeeded(await convert(name, 'from-pth.safetensors'))), 0);
    assert.equal(await numbersOf('from-pth.safetensors'), await numbersOf('g.safetensors'));
  }
  assert.is(meanDifference(succeeded(await convert('both.safetensors', 'latest_net_D.pt', '--network', 'discriminator'))), 0);
  const difference = meanDifference(succeeded(await convert('g.safetensors', 'half.pth', '--dtype', 'f16')));
  assert.ok(difference > 0 && difference < 0.02, `${difference}`);
  assert.match(succeeded(await run('shadegrad', ['inspect', at('half.pth')])), /model\.model\.0\.weight +\[2, 3, 4, 4\] +f16/);
});

test("a .pth that is damaged is refused, and so is a network that PyTorch's reference has not; nothing is written", async () => {
  const good = readFileSync(at('latest_net_G.pth'));
  writeFileSync(at('cut.pth'), good.subarray(0, good.length - 100));
  failedWith(await convert('cut.pth', 'nothing.safetensors'), 'WEIGHTS_CORRUPT', /cut\.pth/);
  const biased = formulaNetwork({ kind: 'unet', options: { ...generator.options, bias: 'everywhere', innermostNorm: true } });
  writeFileSync(at('biased.safetensors'), await collect(encodeNetwork(biased)));
  failedWith(
    await convert('biased.safetensors', 'nothing.pth'),
    'WEIGHTS_UNSUPPORTED',
    /weights after a convolution with a bias/,
    /biases everywhere/,
  );
  assert.equal(
    ['nothing.safetensors', 'nothing.pth'].filter((name) => existsSync(at(name))),
    [],
  );
});

test("a whole run goes through PyTorch's form and comes back as it was; what trains on from there is the same to the bit", async () => {
  succeeded(await run('train-facades', [...TINY, '--steps', '2', '--out', at('whole')]));
  assert.match(
    succeeded(await convert('whole/checkpoint.safetensors', 'whole.pth', '--run')),
    /every number of all networks and their optimisers agrees/,
  );
  assert.match(succeeded(await run('shadegrad', ['inspect', at('whole.pth')])), /training run of pix2pix: step 2, .* after 2 steps/);
  mkdirSync(at('returned'));
  succeeded(await convert('whole.pth', 'returned/checkpoint.safetensors', '--run'));
  const saved = (name: string): Buffer => readFileSync(at(`${name}/checkpoint.safetensors`));
  assert.ok(saved('returned').equals(saved('whole')));
  for (const name of ['whole', 'returned']) succeeded(await run('train-facades', ['--resume', '--steps', '4', '--out', at(name)]));
  assert.ok(saved('returned').equals(saved('whole')));
  // One of its networks is to be had as well.
  assert.is(meanDifference(succeeded(await convert('whole.pth', 'whole-g.safetensors'))), 0);

  failedWith(await convert('g.safetensors', 'none.pth', '--run'), 'WEIGHTS_MISMATCH', /holds no training run/);
  failedWith(await convert('whole.pth', 'none.safetensors', '--run', '--dtype', 'f16'), 'BAD_FLAG', /--dtype/);
  failedWith(await convert('whole.pth', 'none.pict', '--run'), 'BAD_FLAG', /none\.pict/);
  assert.equal(
    ['none.pth', 'none.safetensors', 'none.pict'].filter((name) => existsSync(at(name))),
    [],
  );
});

test('to ONNX, which ONNX Runtime then computes the same with: f32 and f16, any batch or so many, weights inside or beside', async () => {
  assert.ok(meanDifference(succeeded(await convert('g.safetensors', 'g.onnx'))) < 1e-6);
  assert.ok(meanDifference(succeeded(await convert('g.safetensors', 'g3.onnx', '--batch', '3'))) < 1e-6);
  assert.ok(meanDifference(succeeded(await convert('both.safetensors', 'd.onnx', '--network', 'discriminator'))) < 1e-6);
  const rounded = meanDifference(succeeded(await convert('g.safetensors', 'half.onnx', '--dtype', 'f16')));
  assert.ok(rounded > 0 && rounded < 1e-2, `${rounded}`);
  mkdirSync(at('apart'));
  assert.ok(meanDifference(succeeded(await convert('g.safetensors', 'apart/g.onnx', '--external'))) < 1e-6);
  assert.equal(readdirSync(at('apart')).sort(), ['g.onnx', 'g.onnx.data']);
  assert.ok(readFileSync(at('apart/g.onnx')).length < readFileSync(at('g.onnx')).length);
  // A network that is traced takes as many images at a time as one that is not.
  const resnet = formulaNetwork({ kind: 'resnet', options: { ngf: 2, blocks: 1, norm: 'batch' } });
  writeFileSync(at('resnet.safetensors'), await collect(encodeNetwork(resnet)));
  for (const batch of ['dynamic', '3']) {
    assert.ok(meanDifference(succeeded(await convert('resnet.safetensors', 'resnet.onnx', '--batch', batch))) < 1e-5, batch);
  }
  // TensorFlow's own statistics, leaky skips and biases are in the model as well.
  assert.ok(meanDifference(succeeded(await convert('tutorial/model.json', 'tutorial.onnx'))) < 1e-5);
  failedWith(await run('shadegrad', ['inspect', at('g.onnx')]), 'WEIGHTS_UNSUPPORTED', /written here and not read/);
});

test('flags that are not of the format to write are refused before anything is read', async () => {
  failedWith(await convert('g.safetensors', 'x.onnx', '--layout', 'pytorch'), 'BAD_FLAG', /--layout/);
  failedWith(await convert('g.safetensors', 'x.onnx', '--dtype', 'bf16'), 'BAD_FLAG', /f32 or f16/);
  failedWith(await convert('g.safetensors', 'x.onnx', '--batch', '0'), 'BAD_FLAG', /--batch/);
  failedWith(await convert('g.safetensors', 'x.pth', '--external'), 'BAD_FLAG', /--external/);
  failedWith(await convert('g.safetensors', 'x.safetensors', '--batch', '2'), 'BAD_FLAG', /--batch/);
  failedWith(await convert('g.safetensors', 'x.pict', '--dtype', 'f16'), 'BAD_FLAG', /8 bits/);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('x.')),
    [],
  );
});

test('half the size in f16 and bf16, with outputs that differ by their rounding', async () => {
  for (const dtype of ['f16', 'bf16']) {
    const difference = meanDifference(succeeded(await convert('g.safetensors', `g-${dtype}.safetensors`, '--dtype', dtype)));
    assert.ok(difference > 0 && difference < 0.1, `${dtype}: ${difference}`);
    assert.ok(readFileSync(at(`g-${dtype}.safetensors`)).length < 0.6 * readFileSync(at('g.safetensors')).length);
  }
  // What is f16 already stays to the bit in f32.
  assert.is(meanDifference(succeeded(await convert('g-f16.safetensors', 'g-wide.safetensors'))), 0);
  assert.equal(await numbersOf('g-wide.safetensors'), await numbersOf('g-f16.safetensors'));
});

test('of a file with two networks, the one that is asked for; the generator by default', async () => {
  assert.match(succeeded(await convert('both.safetensors', 'd.safetensors', '--network', 'discriminator')), /PatchGAN/);
  assert.match(succeeded(await convert('both.safetensors', 'either.safetensors')), /U-Net/);
  assert.equal(await numbersOf('either.safetensors'), await numbersOf('g.safetensors'));
  for (const [name, values] of await numbersOf('d.safetensors'))
    assert.equal(values, [...(await patchgan.tensors.get(name)!.read())], name);
  failedWith(await convert('g.safetensors', 'none.safetensors', '--network', 'discriminator'), 'WEIGHTS_MISMATCH', /no discriminator/);
  assert.not.ok(existsSync(at('none.safetensors')));
});

test('a model of the browser demos comes out of its format, and back to the bit', async () => {
  const options = { ...generator.options, bias: 'everywhere', innermostNorm: true } as const;
  writeFileSync(at('demo.pict'), await collect(encodePict(networkToPict(formulaNetwork({ kind: 'unet', options })))));
  assert.is(meanDifference(succeeded(await convert('demo.pict', 'demo.safetensors'))), 0);
  assert.is(meanDifference(succeeded(await convert('demo.pict', 'copy.pict'))), 0);
  assert.ok(readFileSync(at('copy.pict')).equals(readFileSync(at('demo.pict'))));
  assert.ok(meanDifference(succeeded(await convert('demo.safetensors', 'again.pict'))) < 0.25);
  failedWith(await convert('g.safetensors', 'g.pict'), 'WEIGHTS_UNSUPPORTED', /innermost/);
  assert.not.ok(existsSync(at('g.pict')));
});

test('the generator of a training run, and pictures translated with what came of it', async () => {
  succeeded(await run('train-facades', [...TINY, '--steps', '2', '--out', at('run')]));
  assert.is(meanDifference(succeeded(await convert('run/checkpoint.safetensors', 'trained.safetensors', '--layout', 'pytorch'))), 0);
  succeeded(await convert('run/checkpoint.safetensors', 'trained.pth', '--no-check'));
  const input = join(at('run'), 'samples');
  for (const [weights, output] of [
    ['run/checkpoint.safetensors', 'by-run'],
    ['trained.safetensors', 'by-file'],
    ['trained.pth', 'by-pth'],
  ] as const) {
    // A .pth does not say where there is dropout.
    succeeded(await run('translate', ['--no-dropout', '--weights', at(weights), '--input', input, '--output', at(output)]));
  }
  const names = readdirSync(at('by-run'));
  assert.ok(names.length > 0);
  for (const name of names) {
    for (const other of ['by-file', 'by-pth'])
      assert.ok(readFileSync(join(at('by-run'), name)).equals(readFileSync(join(at(other), name))), `${other}/${name}`);
  }
});

test('a generator that is not of pictures, or that is none, translates nothing', async () => {
  const depth = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 1, inChannels: 2, outChannels: 3 } });
  writeFileSync(at('depth.safetensors'), await collect(encodeNetwork(depth)));
  writeFileSync(at('judge.safetensors'), await collect(encodeNetwork(patchgan)));
  writeFileSync(at('picture.png'), encodePng(createImage(16, 16)));
  const translate = (weights: string): Promise<Finished> =>
    run('shadegrad', ['translate', '--weights', at(weights), '--input', at('picture.png'), '--output', at('nothing')]);
  failedWith(await translate('depth.safetensors'), 'WEIGHTS_UNSUPPORTED', /2 -> 3/);
  failedWith(await translate('judge.safetensors'), 'WEIGHTS_MISMATCH', /no generator/);
  assert.not.ok(existsSync(at('nothing')));
});

test('bad command lines, and files that may not or cannot be written, leave everything as it was', async () => {
  const before = readFileSync(at('g.safetensors'));
  failedWith(await convert('g.safetensors', 'g.safetensors'), 'BAD_FLAG', /over itself/);
  failedWith(await convert('g.safetensors', 'g.h5'), 'BAD_FLAG', /g\.h5/, /\.safetensors, \.pth, \.pict or \.onnx/);
  failedWith(await convert('g.safetensors', 'model.json'), 'BAD_FLAG', /cannot be written/);
  failedWith(await run('shadegrad', ['convert', at('g.safetensors')]), 'BAD_FLAG', /1 file names?/);
  failedWith(await convert('g.safetensors', 'x.safetensors', '--dtype', 'f8'), 'BAD_FLAG', /f32, f16, bf16/);
  failedWith(await convert('none.safetensors', 'x.safetensors'), 'DATA_NOT_FOUND', /none/);
  failedWith(await convert('g.safetensors', 'g.safetensors/inside.safetensors'), 'WRITE_FAILED', /g\.safetensors/);
  assert.ok(readFileSync(at('g.safetensors')).equals(before));
  assert.not.ok(existsSync(at('x.safetensors')));
});

test.run();
