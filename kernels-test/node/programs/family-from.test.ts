import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { findNetwork } from '../../../src/exchange/read-weights.js';
import { encodePng } from '../../../src/node/images/read.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { openWeights } from '../../../src/node/weights/read.js';
import golden from '../../goldens/family_runs.json';
import { buildLibrary, failedWith, run, succeeded, temporaryFolder } from '../../harness/program.js';

// Runs of CycleGAN that PyTorch saved, through the programs.

const folder = temporaryFolder('family-from');
const at = (...names: string[]): string => join(folder, ...names);
const write = (name: string, file: string): void => writeFileSync(at(name), Buffer.from(file, 'base64'));
const train = async (from: string, out: string): Promise<string> =>
  succeeded(
    await run('train-cyclegan', [
      ...['--from', at(from), '--out', at(out), '--size', '32', '--pool-size', '2'],
      ...['--steps', '1', '--no-tune', '--validate', '1'],
    ]),
  );

test.before(() => {
  buildLibrary();
  write('run.pth', golden.cyclegan.file);
  mkdirSync(at('folder'));
  // As the reference's program names the files of a run.
  for (const [name, file] of Object.entries(golden.cyclegan.alone)) write(`folder/latest_${name.replace(/^net/, 'net_')}.pth`, file);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a run is trained on with its networks and optimisers, and is a .pth and the same checkpoint again, pools and all', async () => {
  assert.match(await train('run.pth', 'run'), /beginning with all networks and their optimisers of .*run\.pth, after 3 steps/);
  const { optimizers } = await readCheckpointInfo(at('run', 'checkpoint.safetensors'));
  assert.equal(
    Object.values(optimizers).map(({ steps }) => steps),
    [4, 4, 4, 4],
  );
  const convert = async (from: string, to: string): Promise<string> =>
    succeeded(await run('shadegrad', ['convert', '--run', at(from), at(to)]));
  await convert('run/checkpoint.safetensors', 'own.pth');
  assert.match(await convert('own.pth', 'own.safetensors'), 'every number of all networks and their optimisers agrees');
  assert.ok(readFileSync(at('own.safetensors')).equals(readFileSync(at('run', 'checkpoint.safetensors'))));
  // A file of PyTorch's own has no settings to resume by.
  assert.match(await convert('run.pth', 'theirs.safetensors'), /train with it: .* --scheme cyclegan --from .*theirs\.safetensors/);
});

test("of the reference's folder each network is taken from its own file", async () => {
  const printed = await train('folder', 'alone');
  for (const name of ['G_A', 'G_B', 'D_A', 'D_B']) assert.match(printed, `taking its latest_net_${name}.pth`);
  assert.match(printed, /beginning with all networks of .*folder; their optimisers are new/);
  // A file that is named stands for itself alone.
  const one = await train('folder/latest_net_G_B.pth', 'one');
  assert.match(one, /beginning with the generatorA of .*; the generatorB and the discriminatorA and the discriminatorB are new/);
});

test("of the reference's folder a network is converted, and translated with, by the name that it has here or there", async () => {
  const convert = (from: string, to: string, ...flags: string[]) =>
    run('shadegrad', ['convert', at(from), at(to), '--no-check', '--layout', 'pytorch', ...flags]);
  succeeded(await convert('folder/latest_net_G_B.pth', 'by-file.safetensors'));
  for (const name of ['generatorB', 'G_B']) {
    assert.match(succeeded(await convert('folder', `by-${name}.safetensors`, '--network', name)), /taking its latest_net_G_B\.pth/);
    assert.ok(readFileSync(at(`by-${name}.safetensors`)).equals(readFileSync(at('by-file.safetensors'))), name);
  }
  assert.match(succeeded(await convert('folder', 'd.safetensors', '--network', 'discriminatorA')), /taking its latest_net_D_A\.pth/);
  failedWith(await convert('folder', 'never.safetensors', '--network', 'generatorC'), 'WEIGHTS_MISMATCH', /several files of weights/);
  writeFileSync(at('picture.png'), encodePng(createImage(32, 32)));
  const translate = ['translate', '--weights', at('folder'), '--input', at('picture.png'), '--output', at('out'), '--network'];
  assert.match(succeeded(await run('shadegrad', [...translate, 'generatorB'])), /taking its latest_net_G_B\.pth/);
});

test('the networks of a checkpoint are converted by their names to the files that training begins with', async () => {
  const checkpoint = at('run', 'checkpoint.safetensors');
  const convert = (network: string, to: string) => run('shadegrad', ['convert', checkpoint, at(to), '--network', network, '--no-check']);
  const FILES = { generatorA: 'G_A', generatorB: 'G_B', discriminatorA: 'D_A', discriminatorB: 'D_B' };
  mkdirSync(at('latest'));
  for (const [name, called] of Object.entries(FILES)) {
    const to = join('latest', `latest_net_${called}.pth`);
    succeeded(await convert(name, to));
    const [whole, alone] = [await openWeights(checkpoint), await openWeights(at(to))];
    const { tensors } = findNetwork(alone.file).weights;
    const expected = findNetwork(whole.file, undefined, name).weights.tensors;
    assert.ok(tensors.size > 0);
    for (const [tensor, { read }] of expected) assert.equal(await tensors.get(tensor)!.read(), await read(), `${name} ${tensor}`);
    await Promise.all([whole.close(), alone.close()]);
  }
  const printed = await train('latest', 'from-latest');
  for (const called of Object.values(FILES)) assert.match(printed, `taking its latest_net_${called}.pth`);
  assert.match(printed, /beginning with all networks of .*latest/);
  for (const ending of ['safetensors', 'onnx']) succeeded(await convert('generatorB', `one.${ending}`));
  failedWith(
    await convert('generatorC', 'never.pth'),
    'WEIGHTS_MISMATCH',
    /no network called "?generatorC/,
    /generatorA, generatorB, discriminatorA/,
  );
  failedWith(await convert('discriminator', 'never.pth'), 'WEIGHTS_MISMATCH', /several discriminators/, /: discriminatorA, discriminatorB/);
  assert.not.ok(existsSync(at('never.pth')));
});

test('pictures of random numbers are asked of no generator that takes pictures, whichever it is', async () => {
  const said = await run('shadegrad', ['generate', '--weights', at('run.pth'), '--output', at('never')]);
  failedWith(said, 'WEIGHTS_UNSUPPORTED', /makes no pictures of random numbers/, /translate/);
  const own = await run('shadegrad', ['generate', '--weights', at('run'), '--output', at('never')]);
  failedWith(own, 'WEIGHTS_UNSUPPORTED', /makes no pictures of random numbers/, /translate/);
});

test.run();
