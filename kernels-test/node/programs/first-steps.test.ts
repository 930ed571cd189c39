// not in browsers: it runs programs. What whoever begins trips over, said as it is typed and before it costs time.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('first-steps');
const at = (...parts: string[]): string => join(folder, ...parts);
const TINY = ['--size', '32', '--ngf', '2', '--ndf', '2', '--batch', '2'];
const train = (...flags: string[]) => run('shadegrad', ['train', '--no-tune', '--validate', '1', ...flags]);

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a run that is too short for steps of the generator says so; its bar and its report know the same speed', async () => {
  const tiny = ['--scheme', 'stargan', ...TINY, '--blocks', '1', '--layers', '3', '--n-critic', '5'];
  const result = await train(...tiny, '--steps', '4', '--out', at('short'));
  assert.match(
    succeeded(result),
    /none of the 4 steps of this run trains by G_cls, G_fake, G_rec, .*stays as it began; step 5 would be the first/,
  );
  const [, shown] = /step 4\/4 {2}([\d.,]+) images\/s {2}done/.exec(result.stdout + result.stderr)!;
  assert.match(readFileSync(at('short', 'report.html'), 'utf8'), `<dt>Speed</dt><dd>${shown}<small>images/s`);
  assert.not.match(succeeded(await train('--resume', '--steps', '5', '--out', at('short'))), /none of the/);
});

test('options that cannot be are named as flags, and networks that a scheme does not train by what they are', async () => {
  const zAt = await train('--z-at', 'bottleneck', '--steps', '1', '--out', at('never'));
  failedWith(zAt, 'BAD_FLAG', /Bad value for --z-at$/m, /or leave --z-at out/);
  const layers = await train('--scheme', 'stargan', '--size', '32', '--layers', '6', '--steps', '1', '--out', at('never'));
  failedWith(layers, 'BAD_FLAG', /Bad value for --layers$/m, /halve 32 pixels/);
  const from = await train('--scheme', 'dcgan', '--from', at('short'), '--batch', '2', '--steps', '1', '--out', at('never'));
  failedWith(
    from,
    'WEIGHTS_UNSUPPORTED',
    /DCGAN does not train these networks/,
    /a generator of random numbers alone/,
    /generator: StarGAN generator with 1 blocks.*; discriminator: StarGAN discriminator/,
  );
  assert.not.match(from.stderr, /[{}]/);
  assert.not.match(from.stdout, /beginning with/);
  assert.not.ok(existsSync(at('never', 'checkpoint.safetensors')));
});

test("inspect shows every option and the bar's epoch; a run that PyTorch has no file for is told which schemes have one", async () => {
  const printed = succeeded(await run('shadegrad', ['inspect', '--no-tensors', at('short')]));
  assert.match(printed, 'training run of stargan: step 5, epoch 1;');
  const options = /^ {2}options: (.*)$/m.exec(printed)![1]!;
  assert.match(options, /^preset /);
  assert.match(options, /labelSets 4 attributes, labelGroups 0,1,2, totalSteps 5, source synthetic, trainPairs 400, validate 1$/);
  const converted = await run('shadegrad', ['convert', '--run', at('short'), at('short.pth')]);
  failedWith(
    converted,
    'WEIGHTS_UNSUPPORTED',
    /no file of PyTorch for a whole run of StarGAN/,
    /pix2pix, CycleGAN, DCGAN/,
    /--network NAME/,
  );
  assert.not.ok(existsSync(at('short.pth')));
});

test('GAN learns from images of MNIST whose labels are not there', async () => {
  mkdirSync(at('digits'));
  const head = Buffer.from([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28]);
  writeFileSync(at('digits', 'train-images-idx3-ubyte'), Buffer.concat([head, Buffer.alloc(9 * 28 * 28, 77)]));
  const flags = ['--units', '24', '--nz', '5', '--batch', '3', '--steps', '2', '--data', at('digits'), '--out'];
  assert.match(succeeded(await train('--scheme', 'gan', ...flags, at('gan'))), /training on 8 images/);
  failedWith(await train('--scheme', 'cgan', ...flags, at('never')), 'DATA_NOT_FOUND', /no file of labels/);
});

test.run();
