// The names of pytorch-CycleGAN-and-pix2pix on our command lines.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { trainCommand } from '../../../src/node/programs/train-command.js';
import { TEST_RUN_PROGRAM } from '../../../src/node/programs/test-run.js';
import { TRANSLATE_PROGRAM } from '../../../src/node/programs/translate-flags.js';
import { parseFlags, type Program } from '../../../src/node/terminal/flags.js';
import { inOurWords, namedOnly } from '../../../src/node/terminal/our-words.js';
import { MISSING_OPTIONS } from '../../../src/node/terminal/reference-options.js';
import { SCHEMES } from '../../../src/schemes/registry.js';

const [pix2pix, cyclegan] = ['pix2pix', 'cyclegan'].map((name) => trainCommand(SCHEMES.find((scheme) => scheme.name === name)!));

function given(program: Program, line: string): Record<string, unknown> {
  const { values, given } = parseFlags(program, line.split(' '));
  return Object.fromEntries([...given].map((name) => [name, (values as Record<string, unknown>)[name]]));
}

function refused(program: Program, line: string, ...words: RegExp[]): void {
  try {
    parseFlags(program, line.split(' '));
  } catch (error) {
    assert.instance(error, ShadegradError, line);
    assert.is((error as ShadegradError).code, 'BAD_FLAG');
    assert.ok((error as ShadegradError).fix, `${line}: a mend`);
    for (const word of words) assert.match((error as ShadegradError).message, word);
    return;
  }
  assert.unreachable(`accepted: ${line}`);
}

test('a command line of the reference program is one of ours', () => {
  const line =
    '--dataroot d --name n --model pix2pix --direction AtoB --netG unet_256 --netD basic --norm batch --gan_mode vanilla --lambda_L1 50 ' +
    '--input_nc 3 --output_nc 3 --load_size 300 --crop_size 256 --preprocess resize_and_crop --lr_policy linear --n_epochs 3 ' +
    '--n_epochs_decay 3 --batch_size 2 --save_latest_freq 100 --no_dropout --serial_batches --continue_train --beta1 .5';
  assert.equal(given(pix2pix!, line), {
    ...{ data: 'd', out: 'runs/n', scheme: 'pix2pix', direction: 'AtoB', size: 256, 'gan-mode': 'vanilla', lambda: 50, 'load-size': 300 },
    ...{ epochs: 6, batch: 2, 'save-every': 50, dropout: false, serial: true, resume: true, norm: 'batch', generator: 'unet' },
    ...{ discriminator: 'patchgan', 'discriminator-layers': 3, 'in-channels': 3, 'out-channels': 3, 'lr-policy': 'linear', beta1: 0.5 },
    preprocess: 'resize_and_crop',
  });
  const cycle = '--model cycle_gan --netG resnet_6blocks --pool_size 20 --lambda_A 5 --no_dropout --checkpoints_dir c --name n';
  assert.equal(given(cyclegan!, cycle), { scheme: 'cyclegan', generator: 'resnet', blocks: 6, 'pool-size': 20, 'lambda-a': 5, out: 'c/n' });
  const switches = '--netG resnet_9blocks --netD pixel --norm instance --init_type orthogonal --init_gain 0.1 --input_nc 1 --no_flip';
  assert.equal(given(pix2pix!, switches), {
    ...{ generator: 'resnet', blocks: 9, discriminator: 'pixelgan', norm: 'instance', 'init-type': 'orthogonal', 'init-gain': 0.1 },
    ...{ 'in-channels': 1, flip: false },
  });
  assert.equal(given(cyclegan!, '--netD n_layers --n_layers_D 2 --no_flip'), {
    ...{ discriminator: 'patchgan', 'discriminator-layers': 2, flip: false },
  });
  assert.equal(given(TRANSLATE_PROGRAM, '--dataroot a b --results_dir r --model_suffix _B'), {
    ...{ input: ['a', 'b'], output: 'r', network: 'generatorB' },
  });
});

test('epochs of a constant and of a falling rate are the length and its last part', () => {
  assert.equal(given(pix2pix!, '--n_epochs 5'), { epochs: 105, 'epochs-decay': 100 });
  assert.equal(given(pix2pix!, '--niter 30 --niter_decay 10'), { epochs: 40, 'epochs-decay': 10 });
  assert.equal(given(pix2pix!, '--n_epochs 7 --n_epochs_decay 7'), { epochs: 14 });
  // Of a cosine they are no halves.
  assert.equal(given(pix2pix!, '--n_epochs 7 --n_epochs_decay 7 --lr_policy cosine'), {
    epochs: 14,
    'epochs-decay': 7,
    'lr-policy': 'cosine',
  });
  assert.equal(given(pix2pix!, '--lr_policy step --lr_decay_iters 3'), { 'lr-policy': 'step', 'lr-decay-iters': 3 });
});

test('pictures are translated with a run of theirs by its name', () => {
  const line = '--dataroot a --name n --model test --no_dropout --epoch latest --model_suffix _A --results_dir r';
  assert.equal(given(TRANSLATE_PROGRAM, line), { input: ['a'], weights: 'runs/n', dropout: false, network: 'generatorA', output: 'r' });
  refused(TRANSLATE_PROGRAM, '--epoch 200', /--epoch latest/);
});

test('a run is tested with the line that tests it there', () => {
  const line =
    '--dataroot d --name n --model pix2pix --direction BtoA --netG unet_256 --norm batch --no_dropout --num_test 7 --epoch latest';
  assert.equal(given(TEST_RUN_PROGRAM, line), { data: 'd', run: 'runs/n', first: 7 });
  const { notes } = inOurWords(TEST_RUN_PROGRAM, line.split(' '));
  assert.equal(notes.length, 5);
  assert.is(notes[1], '--direction means nothing here: the run says it');
  assert.equal(given(TEST_RUN_PROGRAM, '--checkpoints_dir c --name n'), { run: 'c/n' });
  refused(TEST_RUN_PROGRAM, '--run m --name n', /contradict/);
});

test('what is counted in images is counted in steps, by the batch of the run', () => {
  for (const scheme of SCHEMES) {
    const program = trainCommand(scheme);
    const [full, preview] = [scheme.presets.full, scheme.presets.preview].map((preset) => (preset as { batch?: number }).batch ?? 1);
    assert.is(given(program, '--save_latest_freq 600 --batch 3')['save-every'], 200, scheme.name);
    if (full === preview) assert.is(given(program, '--update_html_freq 600')['report-every'], Math.round(600 / full!), scheme.name);
    else refused(program, '--update_html_freq 600', /--batch N/, /--report-every STEPS/);
    refused(program, '--save_latest_freq 600 --continue_train', /--batch N/);
  }
  assert.ok(SCHEMES.some(({ presets: { full } }) => ((full as { batch?: number }).batch ?? 1) > 1));
});

test('an option that is several flags here says which', () => {
  assert.equal(inOurWords(pix2pix!, ['--netG', 'unet_128']).notes, ['--netG unet_128 is --generator unet --size 128 here']);
  assert.equal(inOurWords(pix2pix!, ['--generator', 'unet', '--netG', 'unet_128', '--size', '128']).notes, []);
});

test('words of a name are joined by - or _, whosever it is', () => {
  assert.equal(given(pix2pix!, '--batch-size 2 --save_every 3 --crop-size=64'), { batch: 2, 'save-every': 3, size: 64 });
});

test('--no_flip leaves out mirroring, whatever a scheme calls it', () => {
  assert.equal(given(pix2pix!, '--no_flip --load_size 64 --crop_size 64'), { flip: false, 'load-size': 64, size: 64 });
  assert.equal(given(trainCommand(SCHEMES.find(({ severalSets }) => severalSets)!), '--no_flip'), { mirror: false });
});

test('what means nothing here is taken with a note, its value with it', () => {
  const { words, notes } = inOurWords(pix2pix!, ['--gpu_ids', '-1', '--no_html', '--batch_size', '2', '--display_id=0']);
  assert.equal(words, ['--batch=2']);
  assert.equal(notes.length, 3);
  assert.match(notes[0]!, /--gpu_ids means nothing here: --adapter/);
});

test('what is not there is refused by name, with what there is', () => {
  refused(pix2pix!, '--netG unet_512', /unet_256, unet_128/);
  refused(pix2pix!, '--netD patch', /basic, n_layers, pixel/);
  refused(pix2pix!, '--norm syncbatch', /batch, instance, none/);
  refused(pix2pix!, '--netD basic --n_layers_D 5', /--netD .*--n_layers_D/);
  refused(pix2pix!, '--lambda_A 3', /--scheme cyclegan/);
  refused(TRANSLATE_PROGRAM, '--eval', /--statistics running/);
  refused(pix2pix!, '--model template', /pix2pix, cycle_gan/);
  refused(pix2pix!, '--n_epochs 5.5', /5.5 and 100/);
  refused(pix2pix!, '--n_epochs 0 --n_epochs_decay 0', /one of them above 0/);
  refused(pix2pix!, '--epoch_count 3', /--resume/);
  refused(pix2pix!, '--dataroot', /nothing/);
  for (const value of ['0', '-5000', 'x']) refused(pix2pix!, `--save_latest_freq ${value}`, /save-every/, new RegExp(value));
  for (const value of ['0', 'no', '']) refused(pix2pix!, `--no_flip=${value}`, /no-flip/);
  refused(TRANSLATE_PROGRAM, '--load_iter= --name n', /load_iter/);
  refused(pix2pix!, '--crop_size 64 --crop_size 64', /twice/);
});

test('a mend names flags that the program has', () => {
  const programs = [...SCHEMES.map(trainCommand), TEST_RUN_PROGRAM as Program, TRANSLATE_PROGRAM as Program];
  let refusals = 0;
  for (const program of programs) {
    for (const name of [...Object.keys(MISSING_OPTIONS), ...Object.keys(program.fixed ?? {})]) {
      try {
        parseFlags(program, [...(program.takesOperands ? ['run'] : []), `--${name}`, 'else']);
      } catch (error) {
        const { fix = '', message } = error as ShadegradError;
        refusals++;
        for (const [, flag] of fix.matchAll(/--(?:no-)?(\w[\w-]*)/g)) {
          const known =
            flag === name ||
            program.flags.some((each) => [each.name, ...(each.reference ?? [])].includes(flag!)) ||
            ['scheme', 'help'].includes(flag!);
          assert.ok(known || (program.foreign ?? []).some((each) => each.flag.name === flag), `${program.usage}: ${message}`);
        }
      }
    }
  }
  assert.ok(refusals > 100);
});

test('an option that is typed with false is not brought back by a file', () => {
  assert.equal(inOurWords(pix2pix!, ['--continue_train=false'], ['--resume=true']).words, []);
  assert.equal(inOurWords(pix2pix!, ['--resume=false'], ['--continue_train=true']).words, ['--resume=false']);
});

test('two values of one flag contradict each other, one value given twice does not', () => {
  refused(pix2pix!, '--batch 2 --batch_size 3', /--batch \(2\) and --batch_size \(3\)/);
  refused(pix2pix!, '--netG unet_128 --crop_size 256', /--netG .*--crop_size/);
  refused(pix2pix!, '--netG unet_256 --size 128', /--size \(128\)/);
  assert.equal(given(pix2pix!, '--lr 2e-4 --batch 2 --batch_size 2.0 --netG unet_128 --size 128'), {
    ...{ lr: 2e-4, batch: 2, generator: 'unet', size: 128 },
  });
});

test('a slip in a name of theirs is answered with the nearest', () => {
  assert.throws(() => parseFlags(pix2pix!, ['--bach_size', '2']), /did you mean --batch_size\?/);
});

test('programs without such names, and what stands behind --, are left alone', () => {
  const plain: Program = { usage: 'x', summary: 'X.', flags: [{ name: 'a', type: 'string', description: 'a' }] };
  assert.equal(inOurWords(plain, ['b', '--gpu_ids', '0', '--a', 'c']).words, ['b', '--gpu_ids', '0', '--a', 'c']);
  assert.equal(inOurWords(plain, ['--=x', '', 'y']).words, ['--=x', '', 'y']);
  assert.equal(namedOnly(plain, ['b', '--x', '0', '--a=c', '--', '--a']), ['--a=c']);
});

test.run();
