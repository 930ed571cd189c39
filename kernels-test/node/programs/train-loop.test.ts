// first driver only: it runs programs, and what they do depends on no adapter. Options of the training loop on the command line.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHeader } from '../../../src/formats/safetensors.js';
import { encodePng } from '../../../src/node/images/read.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { buildLibrary, failedWith, readLogLines, run, start, succeeded, temporaryFolder, TINY, withFlags } from '../../harness/program.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';

const folder = temporaryFolder('loop');
const facades = syntheticFacades({ count: 1, size: 32, seed: 5, split: 'test' });
const SMALLEST = withFlags(TINY, '--ngf', '2', '--ndf', '1');
const train = (name: string, ...flags: string[]) => run('train-facades', withFlags([...SMALLEST, '--out', join(folder, name)], ...flags));

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('averaged weights are what is used, and the others by their name', async () => {
  succeeded(await train('ema', '--steps', '6', '--ema', '0.9'));
  const checkpoint = join(folder, 'ema', 'checkpoint.safetensors');
  const picture = join(folder, 'in.png');
  writeFileSync(picture, encodePng((await facades.get(0)).b));
  const made: Record<string, Buffer> = {};
  for (const network of ['', 'generator', 'generatorAverage']) {
    const output = join(folder, `out${network}`);
    const named = network === '' ? [] : ['--network', network];
    succeeded(await run('translate', ['--weights', checkpoint, '--input', picture, '--output', output, '--no-dropout', ...named]));
    made[network] = readFileSync(join(output, 'in.png'));
  }
  assert.ok(made['']!.equals(made.generatorAverage!), 'by default the average');
  assert.not(made['']!.equals(made.generator!), 'the weights themselves are others');
  const converted = async (name: string, ...flags: string[]): Promise<Buffer> => {
    const output = join(folder, name);
    succeeded(await run('shadegrad', ['convert', checkpoint, output, ...flags]));
    return readFileSync(output);
  };
  const average = await converted('average.pth');
  assert.ok(average.equals(await converted('named.pth', '--network', 'generatorAverage')));
  assert.not(average.equals(await converted('raw.pth', '--network', 'generator')));
  failedWith(
    await run('shadegrad', ['convert', checkpoint, join(folder, 'no.pth'), '--network', 'average']),
    'WEIGHTS_MISMATCH',
    /generatorAverage/,
  );
  // A whole run goes to PyTorch and back with its averages, which are no networks of their own there.
  for (const [from, to] of [
    [checkpoint, join(folder, 'whole.pth')],
    [join(folder, 'whole.pth'), join(folder, 'back', 'checkpoint.safetensors')],
  ] as const)
    succeeded(await run('shadegrad', ['convert', from, to, '--run']));
  const tensorsOf = (path: string): Map<string, Buffer> => {
    const bytes = readFileSync(path);
    const { tensors } = parseHeader(bytes, bytes.length);
    const own = tensors.filter(({ name }) => !name.startsWith('__'));
    return new Map(own.map(({ name, start: from, end }) => [name, bytes.subarray(from, end)]));
  };
  const [there, back] = [tensorsOf(checkpoint), tensorsOf(join(folder, 'back', 'checkpoint.safetensors'))];
  assert.equal([...back.keys()].sort(), [...there.keys()].sort());
  for (const [name, numbers] of there) assert.ok(numbers.equals(back.get(name)!), name);
  // What begins with the networks of such a run begins with the weights themselves.
  succeeded(await train('from', '--steps', '1', '--from', checkpoint));
  succeeded(await run('shadegrad', ['test', join(folder, 'ema')]));
});

const OTHERS: Readonly<Record<string, { flags: string; generator: string }>> = {
  cyclegan: { flags: '--size 32 --ngf 1 --ndf 1 --blocks 1', generator: 'cycleA' },
  dcgan: { flags: '--size 32 --ngf 1 --ndf 1 --batch 2', generator: 'generator' },
  gan: { flags: '--units 8 --batch 2', generator: 'generator' },
  cgan: { flags: '--units 8 --batch 2', generator: 'generator' },
};
for (const [scheme, { flags, generator }] of Object.entries(OTHERS)) {
  test(`steps of the discriminator alone, and smoothed labels: ${scheme}`, async () => {
    const out = join(folder, scheme);
    const all = [...flags.split(' '), '--steps', '4', '--d-steps', '2', '--label-smoothing', '0.1', '--validate', '1', '--no-tune'];
    succeeded(await run('shadegrad', ['train', '--scheme', scheme, ...all, '--out', out]));
    const steps = readLogLines(join(out, 'log.jsonl')).filter(({ epoch }) => epoch !== undefined);
    assert.equal(
      steps.map((line) => generator in line),
      [false, true, false, true],
    );
    const { optimizers } = await readCheckpointInfo(join(out, 'checkpoint.safetensors'));
    const counts = Object.entries(optimizers).map(([name, { steps: taken }]) => [
      name.startsWith('generator') ? 'generator' : 'other',
      taken,
    ]);
    for (const [role, taken] of counts) assert.is(taken, role === 'generator' ? 2 : 4);
  });
}

const stepsIn = (name: string) => readLogLines(join(folder, name, 'log.jsonl')).filter(({ epoch }) => epoch !== undefined);
const validationsIn = (name: string): { step: number; l1: number }[] =>
  readLogLines(join(folder, name, 'log.jsonl')).flatMap(({ step, validation }) =>
    validation ? [{ step: step as number, l1: (validation as { l1: number }).l1 }] : [],
  );
const fileOf = (name: string, ...path: string[]): Buffer => readFileSync(join(folder, name, ...path));

test('the last checkpoints and the best one are kept, and the first samples alone are trained on', async () => {
  const flags = ['--save-every', '1', '--report-every', '2', '--keep', '3', '--best', 'l1', '--max-dataset-size', '2'];
  const printed = succeeded(await train('kept', '--steps', '7', ...flags));
  const names = [5, 6, 7].map((step) => `step-00000${step}.safetensors`);
  assert.equal(readdirSync(join(folder, 'kept', 'checkpoints')).sort(), names);
  assert.ok(fileOf('kept', 'checkpoints', names[2]!).equals(fileOf('kept', 'checkpoint.safetensors')));
  for (const [index, name] of names.entries())
    assert.is((await readCheckpointInfo(join(folder, 'kept', 'checkpoints', name))).step, 5 + index, 'no later save writes into it');
  const best = validationsIn('kept').reduce((least, each) => (each.l1 < least.l1 ? each : least));
  assert.is((await readCheckpointInfo(join(folder, 'kept', 'best.safetensors'))).step, best.step);
  assert.match(printed, `at step ${best.step}, kept as`);
  // Which checkpoint is the best follows from the steps that are measured: a process that goes on measures at these.
  assert.is((await readCheckpointInfo(join(folder, 'kept', 'checkpoint.safetensors'))).options.reportEvery, 2);
  assert.equal(
    stepsIn('kept').map(({ epoch }) => epoch),
    [1, 1, 2, 2, 3, 3, 4],
  );
  failedWith(await train('metric', '--steps', '1', '--best', 'fid'), 'BAD_FLAG', /l1, psnr, ssim/);
});

test('a checkpoint after every so many epochs stays, whatever else is kept', async () => {
  succeeded(await train('epochs', '--steps', '9', '--max-dataset-size', '2', '--save_epoch_freq', '2', '--keep', '1', '--save-every', '3'));
  assert.equal(
    readdirSync(join(folder, 'epochs', 'checkpoints')).sort(),
    [4, 8, 9].map((step) => `step-00000${step}.safetensors`),
  );
  succeeded(await train('alone', '--steps', '5', '--max-dataset-size', '2', '--save-epochs', '1', '--report-every', '5'));
  assert.equal(
    readdirSync(join(folder, 'alone', 'checkpoints')).sort(),
    [2, 4].map((step) => `step-00000${step}.safetensors`),
  );
});

test('a run stops when validations have stopped to improve, and goes on where it is told to', async () => {
  const printed = succeeded(
    await train('early', '--steps', '40', '--lr', '1e-8', '--report-every', '2', '--early-stop', '2', '--no-dropout'),
  );
  const validations = validationsIn('early');
  const { step } = await readCheckpointInfo(join(folder, 'early', 'checkpoint.safetensors'));
  const again = JSON.parse(fileOf('early', 'options.json').toString()) as Record<string, unknown>;
  assert.is(again['report-every'], 2, 'the flags that make it again say how often it is measured');
  assert.ok(step < 40, String(step));
  assert.match(printed, '2 validations in a row without a better L1');
  const values = validations.map(({ l1 }) => l1);
  assert.ok(Math.min(...values.slice(0, -2)) <= Math.min(...values.slice(-2)), values.join());
  succeeded(await run('train-facades', ['--resume', '--out', join(folder, 'early')]));
  assert.is((await readCheckpointInfo(join(folder, 'early', 'checkpoint.safetensors'))).step, step, 'it has stopped');
  succeeded(await run('train-facades', ['--resume', '--early-stop', '3', '--out', join(folder, 'early')]));
  assert.ok((await readCheckpointInfo(join(folder, 'early', 'checkpoint.safetensors'))).step > step);
});

test('a run with every option that is killed and goes on ends as one that was not, with all that it keeps', async () => {
  const every =
    '--steps 24 --save-every 3 --report-every 4 --keep 4 --best psnr --early-stop 50 --max-dataset-size 6 --lr-policy plateau ' +
    '--lr-decay-factor 0.5 --beta1 0.6 --beta2 0.99 --clip-grad 1 --ema 0.9 --d-steps 2 --label-smoothing 0.1 ' +
    '--batch 2 --accumulate 2 ' +
    '--color-jitter 0.8 --jitter-hue 0.1 --jitter-on target --rotate 8 --rotate-nearest input --flip-vertical --quarter-turns';
  succeeded(await train('whole', ...every.split(' ')));
  for (const lines of [5, 14]) {
    const resume = lines > 5 ? ['--resume'] : [];
    const { child, finished } = start('train-facades', [...SMALLEST, ...every.split(' '), ...resume, '--out', join(folder, 'killed')]);
    let ended = false;
    void finished.then(() => (ended = true));
    const log = join(folder, 'killed', 'log.jsonl');
    const begun = (): boolean => existsSync(join(folder, 'killed', 'checkpoint.safetensors')) && existsSync(log);
    while (!ended && !(begun() && readFileSync(log, 'utf8').split('\n').length > lines)) await new Promise((go) => setTimeout(go, 5));
    child.kill('SIGKILL');
    assert.is((await finished).signal, 'SIGKILL', 'the run was over before it was killed');
    for (const name of filesIn('killed')) await readCheckpointInfo(join(folder, 'killed', name));
  }
  // How often it is measured is kept, because the rate follows from that; how often it is saved is a matter of each process.
  succeeded(await run('train-facades', ['--resume', '--save-every', '3', '--out', join(folder, 'killed')]));
  assert.equal(filesIn('killed'), filesIn('whole'));
  for (const name of filesIn('whole')) assert.ok(fileOf('killed', name).equals(fileOf('whole', name)), name);
  const numbers = (name: string) => stepsIn(name).map(({ seconds: _seconds, imagesPerSecond: _speed, ...rest }) => rest);
  assert.equal(numbers('killed'), numbers('whole'));
});

/** Every checkpoint of a run. */
function filesIn(name: string): string[] {
  const path = join(folder, name);
  const kept = existsSync(join(path, 'checkpoints')) ? readdirSync(join(path, 'checkpoints')).map((file) => join('checkpoints', file)) : [];
  return [...readdirSync(path), ...kept].filter((file) => file.endsWith('.safetensors')).sort();
}

test.run();
