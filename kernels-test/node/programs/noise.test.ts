import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { encodePng } from '../../../src/node/images/read.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder, TINY, type Finished } from '../../harness/program.js';

// pix2pix with random numbers beside its input, through the programs.

const folder = temporaryFolder('noise');
const at = (...names: string[]): string => join(folder, ...names);
const checkpoint = (name: string): Buffer => readFileSync(at(name, 'checkpoint.safetensors'));
const train = (out: string, ...flags: string[]): Promise<Finished> => run('train-facades', [...flags, '--out', at(out)]);
const translate = (weights: string, out: string, ...flags: string[]): Promise<Finished> =>
  run('translate', ['--weights', at(weights), '--input', at('a.png'), '--output', at(out), ...flags]);

test.before(async () => {
  buildLibrary();
  const { b } = await syntheticFacades({ count: 1, size: 32, seed: 3, split: 'test' }).get(0);
  writeFileSync(at('a.png'), encodePng(b));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a run with random numbers in the middle that stops and goes on is one that did not, eager or replayed', async () => {
  // What a decoder that resizes makes of them after three steps is less than a level of eight bits.
  const flags = [...TINY, '--z', '2', '--z-at', 'bottleneck', '--gan-mode', 'wgangp', '--upsample', 'transposed'];
  succeeded(await train('z', ...flags, '--steps', '1'));
  // As the log of a run that is older than the loss of its penalty.
  const lines = readFileSync(at('z', 'log.jsonl'), 'utf8');
  assert.match(lines, /"penalty":[\d.e-]+,/);
  writeFileSync(at('z', 'log.jsonl'), lines.replace(/"penalty":[\d.e-]+,/g, ''));
  // Less memory from here on, and the same numbers.
  const printed = succeeded(await train('z', '--resume', '--steps', '3', '--recompute'));
  assert.match(printed, /needs [\d.]+ MiB of GPU memory: networks and optimisers .*; a software adapter has the machine's/);
  assert.is(readFileSync(at('z', 'log.jsonl'), 'utf8').match(/"penalty":/g)?.length, 2, 'of the steps that came after');
  const report = readFileSync(at('z', 'report.html'), 'utf8');
  for (const text of ['Gradient penalty', 'D_gp goes from']) assert.ok(report.includes(text), text);
  succeeded(await train('whole', ...flags, '--steps', '3', '--eager'));
  const [resumed, whole] = await Promise.all(['z', 'whole'].map((name) => readCheckpointInfo(at(name, 'checkpoint.safetensors'))));
  assert.equal(resumed!.networks, whole!.networks);
  const tensorsOf = (name: string): Buffer => {
    const file = checkpoint(name);
    return file.subarray(8 + Number(file.readBigUInt64LE(0)));
  };
  // Behind the tensors are checksums of the header, which has times in it.
  assert.ok(tensorsOf('z').subarray(0, -1024).equals(tensorsOf('whole').subarray(0, -1024)), 'the same numbers');
});

test('samples of one image are other pictures, the same again, and it is said how much they differ', async () => {
  const printed = succeeded(await translate('z', 'three', '--samples', '3', '--no-dropout'));
  assert.match(printed, '3 of 3 images translated');
  assert.match(printed, /the 3 results of an image differ by 0\.\d+ \(L1 of a pair, of 2\), a pixel's standard deviation is 0\.\d+/);
  assert.equal(readdirSync(at('three')).sort(), ['a-1.png', 'a-2.png', 'a-3.png']);
  const pictures = ['a-1.png', 'a-2.png', 'a-3.png'].map((name) => readFileSync(at('three', name), 'base64'));
  assert.is(new Set(pictures).size, 3);
  succeeded(await translate('z', 'second', '--seed', '1', '--no-dropout'));
  assert.is(readFileSync(at('second', 'a.png'), 'base64'), pictures[1]);
});

test('an image is read once for all of its samples, and the first of many are measured', async () => {
  // What is written to a pipe can be read once: after that the writer gives nothing.
  execFileSync('mkfifo', [at('pipe.png')]);
  const writer = spawn('sh', ['-c', 'cat "$0" > "$1"; while :; do : > "$1"; done', at('a.png'), at('pipe.png')]);
  try {
    const from = ['--weights', at('z'), '--input', at('pipe.png'), '--output', at('many')];
    const printed = succeeded(await run('translate', [...from, '--samples', '33', '--no-dropout']));
    assert.match(printed, '33 of 33 images translated');
    assert.match(printed, /the first 32 of the 33 results of an image differ by 0\.\d+/);
  } finally {
    writer.kill('SIGKILL');
    rmSync(at('pipe.png'));
  }
  assert.is(readFileSync(at('many', 'pipe-3.png'), 'base64'), readFileSync(at('three', 'a-3.png'), 'base64'));
});

test('of an image that fails, or whose results would lie over another, nothing is written and the others are made', async () => {
  mkdirSync(at('mixed'));
  writeFileSync(at('mixed', 'a.png'), readFileSync(at('a.png')));
  writeFileSync(at('mixed', 'a-2.png'), readFileSync(at('a.png')));
  writeFileSync(at('mixed', 'broken.png'), readFileSync(at('a.png')).subarray(0, 90));
  const result = await run('translate', ['--weights', at('z'), '--input', at('mixed'), '--output', at('mixed'), '--samples', '2']);
  failedWith(result, 'IMAGE_CORRUPT', /written over .*a-2\.png/, /broken\.png/);
  assert.match(result.stdout, '2 of 6 images translated');
  assert.match(result.stdout, '4 could not be');
  assert.is(result.stderr.split('broken.png').length, 2, 'said once, not for each sample');
  assert.equal(readdirSync(at('mixed')).sort(), ['a-2-1.png', 'a-2-2.png', 'a-2.png', 'a.png', 'broken.png']);
});

test('what draws nothing has no samples; of a network with random numbers inspect says so, and no other format is written', async () => {
  succeeded(await train('plain', ...TINY, '--steps', '1'));
  assert.match(succeeded(await translate('plain', 'dropout', '--samples', '2')), 'the 2 results of an image differ by');
  failedWith(
    await translate('plain', 'none', '--samples', '2', '--no-dropout'),
    'BAD_FLAG',
    /--samples 2 would be the same picture/,
    /0 random numbers/,
  );
  assert.match(succeeded(await run('shadegrad', ['inspect', at('z')])), '2 random numbers at the bottleneck');
  for (const [name, word] of [
    ['z.onnx', /ONNX model of a U-Net that draws random numbers/],
    ['z.pth', /no such network/],
    ['z.pict', /pict/],
  ] as const)
    failedWith(await run('shadegrad', ['convert', at('z'), at(name)]), 'WEIGHTS_UNSUPPORTED', word);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('z.')),
    [],
  );
});

test('a run from a generator with random numbers keeps them; of one without, none can be asked for', async () => {
  succeeded(await train('more', '--no-tune', '--steps', '1', '--validate', '1', '--from', at('z')));
  const { networks, options } = await readCheckpointInfo(at('more', 'checkpoint.safetensors'));
  const { noise, noiseAt } = networks.generator!.options as { noise: number; noiseAt: string };
  assert.equal([noise, noiseAt, options.z, options.zAt], [2, 'bottleneck', 2, 'bottleneck']);
  failedWith(
    await train('refused', ...TINY.slice(0, 2), '--steps', '1', '--from', at('plain'), '--z', '3'),
    'BAD_FLAG',
    /Bad value for --z$/m,
  );
});

test.run();
