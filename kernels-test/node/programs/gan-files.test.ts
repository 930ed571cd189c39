/** Files of the programs whose networks make images of random numbers or labels, through the programs of this library. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { pytorchStateDict } from '../../../src/exchange/pytorch/pytorch-run.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { encodePng } from '../../../src/node/images/read.js';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder } from '../../harness/program.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

const folder = temporaryFolder('gan-files');
const at = (...names: string[]): string => join(folder, ...names);

interface Program {
  readonly name: string;
  /** Files of its folder: the name, the kind of the network and its options. Of each role the last is the newest. */
  readonly files: readonly [name: string, kind: string, options: object][];
  /** What `inspect` says of the newest generator and discriminator. */
  readonly described: readonly [generator: RegExp, discriminator: RegExp];
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'dcgan',
    files: [
      ['netG_epoch_9.pth', 'dcgan-generator', { size: 32, nz: 3, ngf: 1 }],
      ['netG_epoch_10.pth', 'dcgan-generator', { size: 64, nz: 10, ngf: 2, outChannels: 1 }],
      ['netD_epoch_9.pth', 'dcgan-discriminator', { size: 64, ndf: 1 }],
      ['netD_epoch_10.pth', 'dcgan-discriminator', { size: 32, ndf: 2 }],
    ],
    described: [
      /generator: DCGAN generator of 64 x 64, 10 random numbers -> 1 channels, ngf 2; .* parameters \(PyTorch names\)/,
      /discriminator: DCGAN discriminator of 32 x 32, 3 channels, ndf 2; .* parameters \(PyTorch names\)/,
    ],
  },
  {
    name: 'stargan',
    files: [
      ['190000-G.ckpt', 'stargan-generator', { labels: 2, ngf: 1, blocks: 1 }],
      ['200000-G.ckpt', 'stargan-generator', { labels: 5, ngf: 2, blocks: 2 }],
      ['190000-D.ckpt', 'stargan-discriminator', { size: 64, ndf: 1 }],
      ['200000-D.ckpt', 'stargan-discriminator', { size: 64, ndf: 1, labels: 5 }],
    ],
    described: [
      /generator: StarGAN generator with 2 blocks, 3 channels, 5 labels, ngf 2; .* parameters \(PyTorch names\)/,
      /discriminator: StarGAN discriminator of 64 x 64, 3 channels, 5 labels, ndf 1; .* parameters \(PyTorch names\)/,
    ],
  },
];

test.before(async () => {
  buildLibrary();
  writeFileSync(at('photo.png'), encodePng(createImage(20, 12)));
  for (const { name, files } of PROGRAMS) {
    mkdirSync(at(name));
    for (const [file, kind, options] of files)
      writeFileSync(at(name, file), await collect(encodePyTorch(pytorchStateDict(formulaNetwork({ kind, options })))));
  }
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What `convert` printed: the mean difference of the outputs. */
const meanDifference = (printed: string): number => Number(/outputs agree: mean difference ([^,]+),/.exec(printed)?.[1] ?? NaN);

for (const { name, files, described } of PROGRAMS) {
  const newest = (role: 'G' | 'D'): string => files.filter(([file]) => file.includes(role)).at(-1)![0];

  test(`${name}: the newest of a folder's files is inspected, for either role`, async () => {
    const generator = succeeded(await run('shadegrad', ['inspect', at(name)]));
    assert.match(generator, `taking its ${newest('G')}`);
    assert.match(generator, described[0]);
    assert.match(succeeded(await run('shadegrad', ['inspect', at(name, newest('D'))])), described[1]);
  });

  test(`${name}: to this library's file and back to the very same bytes, and to ONNX with the same outputs`, async () => {
    for (const network of ['generator', 'discriminator'] as const) {
      const [own, back, model] = ['.safetensors', '-back.ckpt', '.onnx'].map((ending) => at(`${name}-${network}${ending}`));
      const flags = ['--network', network];
      assert.is(meanDifference(succeeded(await run('shadegrad', ['convert', at(name), own!, ...flags]))), 0);
      assert.is(meanDifference(succeeded(await run('shadegrad', ['convert', own!, back!, ...flags]))), 0);
      assert.ok(readFileSync(back!).equals(readFileSync(at(name, newest(network === 'generator' ? 'G' : 'D')))), network);
      assert.ok(meanDifference(succeeded(await run('shadegrad', ['convert', own!, model!, ...flags, '--batch', '2']))) < 1e-5, network);
    }
  });

  const translate = (...more: string[]) =>
    run('shadegrad', ['translate', '--weights', at(name), '--input', at('photo.png'), '--output', at('translated'), ...more]);

  if (name === 'stargan') {
    test('stargan: pictures are translated to labels, which a file of PyTorch calls by their numbers', async () => {
      failedWith(await translate(), 'BAD_FLAG', /--label is missing/, /0, 1, 2, 3, 4, by its number/);
      failedWith(await translate('--label', '5'), 'BAD_FLAG', /--label/, /received: 5/);
      assert.match(succeeded(await translate('--label', '1', '4', '--size', '32')), /1 of 1 images translated/);
    });
    continue;
  }

  test(`${name}: no pictures are translated with its generator`, async () => {
    failedWith(await translate(), 'WEIGHTS_UNSUPPORTED', /is no generator of pictures/, /expected: .*images.*\n\s*received: .* parameters/);
  });
}

test.run();
