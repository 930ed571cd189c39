// --options FILE.json: flags out of a file.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { trainCommand } from '../../../src/node/programs/train-command.js';
import { TRANSLATE_PROGRAM } from '../../../src/node/programs/translate-flags.js';
import { parseFlags, type Program } from '../../../src/node/terminal/flags.js';
import { commandLine } from '../../../src/node/terminal/options-file.js';
import { cyclegan } from '../../../src/schemes/cyclegan.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('options');
const path = join(folder, 'run.json');
const program = trainCommand(pix2pix);
test.after(() => rmSync(folder, { recursive: true, force: true }));

function given(content: unknown, argv: readonly string[] = [], of: Program = program): Record<string, unknown> {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  const { values, given } = parseFlags(of, ['--options', path, ...argv]);
  return Object.fromEntries(
    [...given].filter((name) => name !== 'options').map((name) => [name, (values as Record<string, unknown>)[name]]),
  );
}

function refused(content: unknown, ...words: RegExp[]): void {
  try {
    given(content);
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, 'BAD_FLAG', (error as ShadegradError).message);
    assert.ok((error as ShadegradError).fix);
    for (const word of words) assert.match((error as ShadegradError).message, word);
    return;
  }
  assert.unreachable(`accepted: ${JSON.stringify(content)}`);
}

test('a file has flags by our names and by theirs', () => {
  assert.equal(
    given({ data: '--odd', batch_size: 2, lr: 1e-3, serial: true, jitter: false, 'no-dropout': true, resume: null, labels: ['a', 'b'] }),
    {
      ...{ data: '--odd', batch: 2, lr: 1e-3, serial: true, jitter: false, dropout: false, labels: ['a', 'b'] },
    },
  );
  assert.equal(given({ netG: 'unet_128', n_epochs: 3, n_epochs_decay: 3, continue_train: true, no_dropout: true, norm: 'batch' }), {
    ...{ generator: 'unet', size: 128, epochs: 6, resume: true, dropout: false, norm: 'batch' },
  });
  assert.equal(given({ input: ['a', 'b'], output: 'c' }, [], TRANSLATE_PROGRAM), { input: ['a', 'b'], output: 'c' });
});

test('what is typed wins, by whatever name, and over flags that it takes the place of', () => {
  const file = { batch: 4, size: 64, dropout: true, epochs: 5, seed: 3 };
  assert.equal(given(file, ['--batch_size', '2', '--no-dropout', '--steps', '7']), {
    batch: 2,
    size: 64,
    dropout: false,
    steps: 7,
    seed: 3,
  });
  assert.equal(given({ minutes: 2, epochs: 3 }, ['--epochs=9']), { epochs: 9 });
});

test('options that are made of several see what is typed and what the file has', () => {
  const both = { n_epochs: 50, n_epochs_decay: 50 };
  assert.equal(given(both, ['--n_epochs', '100']), { epochs: 150, 'epochs-decay': 50 });
  assert.equal(given({ n_epochs_decay: 50 }, ['--epochs', '9']), { epochs: 9 });
  assert.equal(given(both, ['--n_epochs', '7', '--n_epochs_decay', '7']), { epochs: 14 });
  assert.equal(given({ n_epochs: 50 }, ['--epochs', '9']), { epochs: 9 });
  assert.equal(given({ n_epochs: 50 }, ['--steps', '9']), { steps: 9 });
  assert.equal(given({ checkpoints_dir: 'X', name: 'a' }, ['--name', 'b']), { out: 'X/b' });
  assert.equal(given({ checkpoints_dir: 'X', name: 'a' }, ['--out', 'c']), { out: 'c' });
  assert.equal(given({ batch_size: 16 }, ['--save_latest_freq', '5000']), { batch: 16, 'save-every': 313 });
  assert.equal(given({ save_latest_freq: 5000, batch: 4 }, ['--batch_size', '16']), { batch: 16, 'save-every': 313 });
  // Of an option that is several flags, what is typed takes the place of its own part alone.
  assert.equal(given({ netG: 'resnet_6blocks' }, ['--blocks', '3'], trainCommand(cyclegan)), { generator: 'resnet', blocks: 3 });
});

test('a mark at the beginning of a file is passed over', () => {
  assert.equal(given('\uFEFF{"batch": 2}'), { batch: 2 });
});

test('unknown names, wrong types and files of something else are refused', () => {
  refused({ bacth: 2 }, /run\.json: "bacth" is no flag of this call/, /did you mean "batch"/);
  refused({ options: 'x.json' }, /run\.json: "options" is no flag of this call/);
  refused({ batch: '2' }, /a number/, /"2"/);
  refused({ data: 3 }, /a string/);
  refused({ serial: 'yes' }, /true or false/);
  refused({ labels: [1] }, /an array of texts/);
  refused({ netG: ['unet_128'] }, /netG/);
  refused({ batch: 0 }, /--batch/);
  refused({ batch: 2, batch_size: 3 }, /contradict/);
  refused('{"batch": 2', /no file of flags/);
  refused('{"batch": 2,\n"size": 64, "batch": 2}', /run\.json: "batch" is there twice in one object/, /on line 1, and again on line 2/);
  refused([], /no file of flags/);
  assert.throws(
    () => parseFlags(program, ['--options', join(folder, 'none.json')]),
    (error: ShadegradError) => error.code === 'DATA_NOT_FOUND',
  );
});

test('a part of the flags can be asked for before the others are known', () => {
  writeFileSync(path, JSON.stringify({ scheme: 'cyclegan', blocks: 3, resume: true }));
  const flags = program.flags.filter(({ name }) => ['scheme', 'options'].includes(name));
  assert.equal(commandLine({ ...program, flags }, ['--options', path, '--blocks', '4'], true).words, [
    '--scheme=cyclegan',
    '--options',
    path,
  ]);
});

test.run();
