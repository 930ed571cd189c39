// not in browsers: it runs programs. What has changed since a run was stopped: its files, its data, the flags.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair } from '../../src/data/image.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import { readCheckpointInfo } from '../../src/node/weights/checkpoint.js';
import type { ShadegradError } from '../../src/errors.js';
import { parseFlags } from '../../src/node/terminal/flags.js';
import { encodePng } from '../../src/node/images/read.js';
import { TRAIN_PROGRAM, trainProgram, type TrainFlags } from '../../src/node/training/flags.js';
import { resumedSettings } from '../../src/training/run/settings.js';
import { cyclegan, pix2pix } from '../../src/schemes/index.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import oldRun from '../goldens/old_run.json';
import { buildLibrary, failedWith, readLogLines, run, succeeded, temporaryFolder, TINY, withFlags } from '../harness/program.js';

const folder = temporaryFolder('changes');
const facades = syntheticFacades({ count: 12, size: 32, seed: 5, split: 'test' });
const SMALLEST = withFlags(TINY, '--ngf', '1', '--ndf', '1');

async function pair(directory: string, name: string, index: number): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), encodePng(joinPair(await facades.get(index))));
}

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a checkpoint of an earlier version goes on as it did', async () => {
  const out = join(folder, 'old');
  mkdirSync(join(out, 'samples'), { recursive: true });
  writeFileSync(join(out, 'checkpoint.safetensors'), gunzipSync(Buffer.from(oldRun.checkpoint, 'base64')));
  writeFileSync(join(out, 'log.jsonl'), oldRun.log);
  writeFileSync(join(out, 'samples', 'step-0000000.png'), Buffer.from(oldRun.grid, 'base64'));
  const printed = succeeded(await run('train-facades', ['--resume', '--out', out]));
  assert.not.match(printed, 'validation images are no longer');
  assert.is((await readCheckpointInfo(join(out, 'checkpoint.safetensors'))).step, 200);
  assert.ok(readFileSync(join(out, 'log.jsonl'), 'utf8').startsWith(oldRun.log));
  const lines = new Map(
    readLogLines(join(out, 'log.jsonl'))
      .filter(({ generatorL1 }) => generatorL1 !== undefined)
      .map((line) => [line.step, line]),
  );
  assert.equal(
    [...lines.keys()],
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
  const sameAdapter = !/the run was started on/.test(printed);
  for (const [step, expected] of Object.entries(oldRun.losses)) {
    const { discriminatorReal, discriminatorFake, generatorGan, generatorL1 } = lines.get(Number(step))!;
    const losses = [discriminatorReal, discriminatorFake, generatorGan, generatorL1] as number[];
    // One adapter gives one result to the bit; others differ in the last digits.
    if (sameAdapter) assert.equal(losses, expected, `step ${step}`);
    else
      losses.forEach((loss, index) =>
        assert.ok(Math.abs(loss / expected[index]! - 1) < 1e-4, `step ${step}: ${losses.join(' ')}, not ${expected.join(' ')}`),
      );
  }
});

test('data that were moved are asked for with --data; changed validation images begin the report anew', async () => {
  const [data, moved, out] = [join(folder, 'data'), join(folder, 'moved'), join(folder, 'run')];
  for (let index = 0; index < 3; index++) await pair(join(data, 'train'), `${index}.png`, index);
  await pair(join(data, 'val'), 'church.png', 3);
  await pair(join(data, 'val'), 'house.png', 4);
  const settings = [...SMALLEST, '--data', data, '--no-jitter', '--report-every', '2'];
  succeeded(await run('train-facades', [...settings, '--steps', '2', '--out', out]));
  renameSync(data, moved);
  failedWith(
    await run('train-facades', ['--resume', '--steps', '4', '--out', out]),
    'DATA_NOT_FOUND',
    /moved/,
    /--data DIR/,
    new RegExp(`expected: ${data}`),
  );

  const picturesIn = (): number => readFileSync(join(out, 'report.html'), 'utf8').split('alt="Output for').length - 1;
  const measured = (): number[] => readLogLines(join(out, 'log.jsonl')).flatMap(({ validation, step }) => (validation ? [step] : []));
  const goOn = async (steps: number): Promise<string> =>
    succeeded(await run('train-facades', ['--resume', '--data', moved, '--steps', String(steps), '--report-every', '2', '--out', out]));
  assert.not.match(await goOn(4), 'no longer those');
  assert.equal(measured(), [0, 2, 4]);
  assert.is(picturesIn(), 2 * 3);

  // Another picture under an old name, and an old one under another.
  await pair(join(moved, 'val'), 'church.png', 5);
  assert.match(await goOn(6), 'note: the validation images are no longer those of 3 earlier measurements');
  assert.is(picturesIn(), 2);
  renameSync(join(moved, 'val', 'house.png'), join(moved, 'val', 'barn.png'));
  assert.match(await goOn(8), 'note: the validation images are no longer those of 4 earlier measurements');
  assert.match(readFileSync(join(out, 'report.html'), 'utf8'), 'Output for barn.png at step 8');
  assert.is(picturesIn(), 2);
  assert.equal(measured(), [0, 2, 4, 6, 8]);
  assert.is(readdirSync(join(out, 'samples')).length, 5);

  // The log of a version that did not say what it measured: the pictures themselves tell.
  const log = join(out, 'log.jsonl');
  writeFileSync(log, readFileSync(log, 'utf8').replaceAll(/,"measured":"\w+"/g, ''));
  assert.match(await goOn(10), 'no longer those of 4 earlier measurements');
  // A picture that was damaged since is no reason to stop.
  writeFileSync(join(out, 'samples', 'step-0000010.png'), 'no picture');
  assert.not.match(await goOn(12), 'error');

  // As many training pictures as before, and one of them another.
  assert.not.match(await goOn(13), 'the training images are no longer');
  const first = join(moved, 'train', '0.png');
  writeFileSync(first, encodePng(joinPair(await facades.get(9))));
  assert.match(await goOn(14), 'note: the training images are no longer those that this run was trained on');
  assert.not.match(await goOn(15), 'the training images are no longer');
});

test('flags that a resumed run cannot follow are refused', async () => {
  const out = join(folder, 'flags');
  succeeded(await run('train-facades', [...SMALLEST, '--steps', '1', '--out', out]));
  failedWith(await run('train-facades', ['--resume', '--tune', '--out', out]), 'BAD_FLAG', /--tune/);
  failedWith(await run('train-facades', ['--resume', '--minutes', '1', '--steps', '4', '--out', out]), 'BAD_FLAG', /--steps and --minutes/);
  failedWith(
    await run('train-facades', ['--resume', '--seed', '2', '--no-jitter', '--out', out]),
    'CHECKPOINT_MISMATCH',
    /--seed 1 --jitter/,
  );
  const { options } = await readCheckpointInfo(join(out, 'checkpoint.safetensors'));
  for (const flag of [
    ['--size', '64'],
    ['--width', '64'],
    ['--levels', '4'],
    ['--load-size', '40'],
    ['--preprocess', 'crop'],
    ['--ngf', '2'],
    ['--ndf', '2'],
    ['--batch', '2'],
    ['--lr', '1'],
    ['--lambda', '1'],
    ['--seed', '2'],
    ['--serial'],
    ['--precision', 'f16'],
    ['--no-dropout'],
    ['--no-jitter'],
    ['--direction', 'AtoB'],
    ['--preset', 'full'],
    ['--gan-mode', 'lsgan'],
    ['--z', '2'],
    ['--z-at', 'bottleneck'],
    ['--labels', 'a,b', 'c'],
    ['--epochs-decay', '1'],
    ['--lr-policy', 'step'],
    ['--lr-decay-iters', '2'],
    ['--lr-decay-factor', '0.5'],
    ['--beta1', '0.6'],
    ['--beta2', '0.99'],
    ['--clip-grad', '1'],
    ['--accumulate', '2'],
    ['--ema', '0.9'],
    ['--max-dataset-size', '3'],
    ['--color-profile', 'convert'],
    ['--d-steps', '2'],
    ['--label-smoothing', '0.1'],
    ['--upsample', 'bilinear'],
    ['--discriminators', '2'],
    ['--lambda-feat', '10'],
    ['--make', 'grey'],
    ['--color-jitter', '0.5'],
    ['--jitter-brightness', '0.3'],
    ['--jitter-contrast', '0.3'],
    ['--jitter-saturation', '0.3'],
    ['--jitter-hue', '0.1'],
    ['--jitter-on', 'input'],
    ['--in-range', '0,1'],
    ['--out-range', 'full'],
    ['--one-hot', '3'],
    ['--colour-space', 'lab'],
    ['--rotate', '5'],
    ['--rotate-nearest', 'both'],
    ['--flip-vertical'],
    ['--quarter-turns'],
  ]) {
    const { values, given } = parseFlags(TRAIN_PROGRAM, flag);
    assert.throws(
      () => resumedSettings(pix2pix, 'a file', options, values as TrainFlags, given),
      (error: ShadegradError) => error.code === 'CHECKPOINT_MISMATCH' && error.message.includes(flag[0]!.replace('--no-', '--')),
      flag.join(' '),
    );
  }
  // A run from before there were these options was of their defaults.
  const before = Object.fromEntries(
    Object.entries(options).filter(([name]) => !['ganMode', 'lambdaFeat', 'z', 'zAt', 'dSteps', 'labelSmoothing'].includes(name)),
  );
  const named = parseFlags(TRAIN_PROGRAM, [
    '--gan-mode',
    'vanilla',
    '--z',
    '0',
    '--d-steps',
    '1',
    '--label-smoothing',
    '0',
    '--beta1',
    '0.5',
    '--beta2',
    '0.999',
    ...['--color-jitter', '0', '--jitter-on', 'both', '--rotate', '0', '--no-flip-vertical'],
  ]);
  resumedSettings(pix2pix, 'a file', before, named.values as TrainFlags, named.given);
  // What nobody named may be named when a run goes on, where it is what the run has; another value is refused, with what it has.
  // The preview names layers: here is a run that did not.
  const unnamed = { ...options, trainPairs: 400, discriminatorLayers: null };
  const going = (...flag: string[]) => {
    const { values, given } = parseFlags(TRAIN_PROGRAM, flag);
    return resumedSettings(pix2pix as unknown as TrainingScheme, 'a file', unnamed, values as TrainFlags, given);
  };
  const ofRun = [
    ...['--norm batch', '--generator unet', '--discriminator patchgan', '--discriminator-layers 3', '--in-channels 3', '--out-channels 3'],
    ...[
      '--lr-policy linear',
      '--accumulate 1',
      '--max-dataset-size 400',
      '--max-dataset-size 500',
      '--init-type normal',
      '--reconstruction l1',
    ],
  ];
  for (const line of ofRun) assert.equal(going(...line.split(' ')), going(), line);
  for (const [line, expected] of [
    ['--norm instance', '--norm batch'],
    ['--discriminator-layers 2', '--discriminator-layers 3'],
    ['--blocks 6', 'no --blocks'],
    ['--clip-grad 1', 'no --clip-grad'],
    ['--make grey', 'no --make'],
  ] as const)
    assert.throws(
      () => going(...line.split(' ')),
      (error: ShadegradError) => error.expected === expected && !error.message.includes('undefined'),
      line,
    );
  // What followed from other options may be named.
  const derived = parseFlags(trainProgram(cyclegan), ['--blocks', '6']);
  resumedSettings(
    cyclegan as unknown as TrainingScheme,
    'a file',
    { size: 64, ngf: 2, ndf: 2, jitter: true, blocks: null },
    derived.values as TrainFlags,
    derived.given,
  );
  // Every other flag is obeyed, or refused by itself.
  const compared = [
    'preset',
    'size',
    'width',
    'levels',
    'load-size',
    'preprocess',
    'ngf',
    'ndf',
    'batch',
    'lr',
    'lambda',
    'seed',
    'serial',
    'precision',
    'labels',
    'make',
    'dropout',
    'jitter',
    'flip',
    'generator',
    'blocks',
    'upsample',
    'discriminator',
    'discriminator-layers',
    'discriminators',
    'lambda-feat',
    'norm',
    'init-type',
    'init-gain',
    'in-channels',
    'out-channels',
    'in-range',
    'out-range',
    'one-hot',
    'colour-space',
    'reconstruction',
    'lambda-gan',
    'conditional',
    'direction',
    'gan-mode',
    'z',
    'z-at',
    'epochs-decay',
    'lr-policy',
    'lr-decay-iters',
    'lr-decay-factor',
    'beta1',
    'beta2',
    'clip-grad',
    'accumulate',
    'ema',
    'max-dataset-size',
    'color-profile',
    'color-jitter',
    'jitter-brightness',
    'jitter-contrast',
    'jitter-saturation',
    'jitter-hue',
    'jitter-on',
    'rotate',
    'rotate-nearest',
    'flip-vertical',
    'quarter-turns',
    'd-steps',
    'label-smoothing',
  ];
  const refused = ['from', 'from-discriminator', 'tune', 'preview-augment'];
  const obeyed = [
    'data',
    'with-data',
    'download',
    'download-url',
    'download-sha256',
    'epochs',
    'steps',
    'minutes',
    'out',
    'options',
    'quiet',
    'resume',
    'validate',
    'save-every',
    'report-every',
    'adapter',
    'eager',
    'debug-nan',
    'recompute',
    'keep',
    'save-epochs',
    'best',
    'early-stop',
    'csv',
    'dashboard',
    'tensorboard',
  ];
  assert.equal(TRAIN_PROGRAM.flags.map(({ name }) => name).sort(), [...compared, ...refused, ...obeyed].sort());
});

test.run();
