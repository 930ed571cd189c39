// not in browsers: command lines. train --recipe: the settings of published trainings.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { trainCommand, trainModel } from '../../../src/node/programs/train-command.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { checkTogether, type TrainFlags } from '../../../src/node/training/flags.js';
import { formatRecipes, recipeNamed, RECIPES, setOf } from '../../../src/node/training/recipes.js';
import { newSettings, type RunSettings } from '../../../src/training/run/settings.js';
import { findScheme } from '../../../src/schemes/registry.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('recipes');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const schemeOf = (name: string) => findScheme(recipeNamed(name)!.scheme)!;
const parsed = (name: string, ...words: string[]) => parseFlags(trainCommand(schemeOf(name)), ['--recipe', name, ...words]);

/** The settings of a run by a recipe, on an adapter for which a preview would be chosen. */
function settings(name: string, ...words: string[]): RunSettings {
  const { values, given } = parsed(name, '--data', 'here', ...words);
  checkTogether(values as unknown as TrainFlags, given, schemeOf(name));
  const scales = newSettings(schemeOf(name), values as unknown as TrainFlags, given, true);
  assert.is(scales.length, 1);
  return scales[0]!;
}

function refused(work: () => unknown, ...words: RegExp[]): void {
  try {
    work();
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, 'BAD_FLAG');
    assert.ok((error as ShadegradError).fix);
    for (const word of words) assert.match((error as ShadegradError).message, word);
    return;
  }
  assert.unreachable(words.join(' '));
}

test('each recipe is what its flags are, and trains what a GPU would', () => {
  assert.is(new Set(RECIPES.map(({ name }) => name)).size, RECIPES.length);
  for (const { name, flags, set, source } of RECIPES) {
    const { preset, ngf, learningRate, batch, epochs } = settings(name);
    assert.equal({ preset, ngf, learningRate }, { preset: 'full', ngf: 64, learningRate: 2e-4 }, name);
    assert.is(batch, flags.batch, name);
    assert.is(epochs, flags.epochs, name);
    const { values, given } = parsed(name);
    for (const [flag, value] of Object.entries(flags)) {
      assert.ok(given.has(flag), `${name}: ${flag}`);
      assert.is((values as Record<string, unknown>)[flag], value, `${name}: ${flag}`);
    }
    assert.ok((set === undefined) === (source !== undefined), `${name}: data are served, or it says where they are`);
  }
});

test('the settings of the papers', () => {
  const of = (name: string, ...members: string[]): unknown[] => members.map((member) => settings(name)[member] ?? null);
  const paired = ['direction', 'epochs', 'batch', 'jitter', 'lrPolicy', 'size', 'lambda'];
  assert.equal(of('facades', ...paired), ['BtoA', 200, 1, true, 'constant', 256, 100]);
  assert.equal(of('facades-cmp', ...paired), of('facades', ...paired));
  assert.equal(of('maps', ...paired), ['AtoB', 200, 1, true, 'constant', 256, 100]);
  assert.equal(of('edges2handbags', ...paired), ['AtoB', 15, 4, false, 'constant', 256, 100]);
  assert.equal(of('day2night', ...paired), ['BtoA', 17, 4, true, 'constant', 256, 100]);
  assert.equal(of('colorization', 'epochs', 'batch', 'jitter', 'loadSize', 'size', 'make'), [6, 4, true, 256, 256, 'lab']);
  assert.equal(of('thermal', ...paired), ['AtoB', 10, 4, false, 'constant', 256, 100]);
  assert.equal(of('aerial2map', 'batch', 'lrPolicy', 'lrDecayIters', 'lrDecayFactor', 'colorJitter'), [16, 'step', 20, 0.1, 0.5]);
  assert.equal(of('anime', 'batch', 'direction', 'lrPolicy', 'lrDecayIters'), [32, 'BtoA', 'step', 20]);
  const unpaired = ['epochs', 'batch', 'lambdaA', 'lambdaIdentity', 'ganMode', 'poolSize', 'lrPolicy'];
  assert.equal(of('horse2zebra', ...unpaired), [200, 1, 10, 0, 'lsgan', 50, null]);
  assert.equal(of('monet2photo', ...unpaired), [200, 1, 10, 0.5, 'lsgan', 50, null]);
});

test('what is typed wins over a file, and the file over the recipe', () => {
  const path = join(folder, 'flags.json');
  const file = ['--options', path];
  writeFileSync(path, JSON.stringify({ batch_size: 2, direction: 'AtoB', seed: 7 }));
  const all = settings('facades', ...file, '--direction', 'BtoA', '--steps', '12', '--preset', 'preview');
  const { batch, direction, seed, steps, epochs, preset, lrPolicy } = all;
  assert.equal(
    { batch, direction, seed, steps, epochs, preset, lrPolicy },
    { batch: 2, direction: 'BtoA', seed: 7, steps: 12, epochs: null, preset: 'preview', lrPolicy: 'constant' },
  );
  // The reference's epochs are of two parts.
  assert.is(settings('edges2shoes', '--n_epochs', '3', '--n_epochs_decay', '0', '--lr-policy', 'linear').epochs, 3);
  assert.is(settings('edges2shoes', '--jitter', '--batch_size', '9').batch, 9);
  // A file may name the recipe.
  writeFileSync(path, JSON.stringify({ recipe: 'maps', epochs: 3 }));
  const { values } = parseFlags(trainCommand(schemeOf('maps')), file);
  assert.equal([values.recipe, values.epochs, values.direction], ['maps', 3, 'AtoB'] as unknown[]);
});

test('a recipe that there is not, of another scheme, without data, or with --resume is refused', async () => {
  refused(() => parseFlags(trainCommand(schemeOf('facades')), ['--recipe', 'facade']), /did you mean facades/, /horse2zebra/);
  refused(() => parseFlags(trainCommand(schemeOf('facades')), ['--recipe', 'horse2zebra']), /a recipe of pix2pix: facades/);
  refused(() => parseFlags(trainCommand(findScheme('dcgan')!), ['--recipe', 'facades']), /Unknown flag --recipe/, /--scheme pix2pix/);
  const check = (name: string, ...words: string[]) => {
    const { values, given } = parsed(name, ...words);
    checkTogether(values as unknown as TrainFlags, given, schemeOf(name));
  };
  refused(() => check('maps'), /needs data/, /--download/);
  refused(() => check('thermal'), /needs data/, /add --data DIR/, /KAIST/);
  refused(() => check('cityscapes', '--download'), /Nobody serves/, /cityscapes-dataset/);
  refused(() => check('maps', '--resume'), /leave out --recipe/);
  check('maps', '--download');
  check('cityscapes', '--data', 'mine');
});

test('--recipe list prints a line for each', async () => {
  const { write } = process.stdout;
  let printed = '';
  process.stdout.write = ((text: string) => ((printed += text), true)) as typeof write;
  try {
    assert.is(await trainModel(['--recipe', 'list']), 0);
  } finally {
    process.stdout.write = write;
  }
  assert.is(printed, formatRecipes());
  assert.is(printed.trim().split('\n').length, RECIPES.length);
  assert.match(printed, /^day2night +webcams by day to night; AtoB: night to day \(--download\)$/m);
  assert.is(setOf(recipeNamed('day2night')!)!.name, 'night2day');
});

test.run();
