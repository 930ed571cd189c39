// not in browsers: it reads the tables of command lines. Options that do nothing beside the others are refused by their names.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../src/errors.js';
import { trainCommand } from '../../src/node/programs/train-command.js';
import { parseFlags } from '../../src/node/terminal/flags.js';
import { flagName } from '../../src/training/run/flag-name.js';
import { inFlags, trainProgram, type TrainFlags } from '../../src/node/training/flags.js';
import { newSettings, optionsOf } from '../../src/training/run/settings.js';
import { cyclegan, pix2pix } from '../../src/schemes/index.js';
import { expectEffects } from '../../src/training/option-effects.js';
import type { TrainingScheme } from '../../src/training/scheme.js';

/** As a new run checks what was typed. */
function typing(scheme: TrainingScheme, words: readonly string[]): void {
  const { values, given, typed } = parseFlags(trainProgram(scheme), words);
  const [settings] = newSettings(scheme, values as unknown as TrainFlags, given, true);
  const names = Object.keys(scheme.options).filter((name) => typed.has(flagName(name)));
  try {
    expectEffects(scheme, optionsOf(scheme, settings!), names);
  } catch (error) {
    throw inFlags(error, scheme);
  }
}

const SCHEMES = { pix2pix, cyclegan } as unknown as Readonly<Record<string, TrainingScheme>>;

test('an option that does nothing beside the others is refused by its name; what it would be anyway is taken', () => {
  for (const [scheme, line, flag, expected] of [
    ['pix2pix', '--lambda-gan 0 --discriminator pixelgan', 'discriminator', /--lambda-gan above 0/],
    ['pix2pix', '--lambda-gan 0 --discriminator-layers 2', 'discriminator-layers', /--lambda-gan above 0/],
    ['pix2pix', '--lambda-gan 0 --gan-mode wgangp', 'gan-mode', /--lambda-gan above 0/],
    ['pix2pix', '--lambda-gan 0 --label-smoothing 0.1', 'label-smoothing', /--lambda-gan above 0/],
    ['pix2pix', '--lambda-gan 0 --no-conditional', 'conditional', /--lambda-gan above 0/],
    ['pix2pix', '--lambda-gan 0 --ndf 8', 'ndf', /--lambda-gan above 0/],
    ['pix2pix', '--lambda 0 --reconstruction l2', 'reconstruction', /lambda above 0/],
    ['pix2pix', '--no-jitter --no-flip', 'flip', /jitter true/],
    ['pix2pix', '--size 64 --no-jitter --load-size 72', 'load-size', /jitter true/],
    ['cyclegan', '--size 64 --no-jitter --load-size 72', 'load-size', /jitter true/],
    ['pix2pix', '--init-type kaiming --init-gain 0.1', 'init-gain', /another --init-type than kaiming/],
    ['cyclegan', '--lambda-A 0 --lambda-B 0 --lambda-identity 0.3', 'lambda-identity', /--lambda-a or --lambda-b above 0/],
  ] as const)
    assert.throws(
      () => typing(SCHEMES[scheme]!, line.split(' ')),
      (error: ShadegradError) => error.code === 'BAD_FLAG' && error.what.endsWith(`--${flag}`) && expected.test(error.expected!),
      line,
    );
  for (const line of [
    '--lambda-gan 0 --discriminator patchgan --discriminator-layers 3 --gan-mode vanilla --label-smoothing 0 --conditional',
    '--lambda 0 --reconstruction l1',
    '--no-jitter --flip',
    '--size 64 --no-jitter --load-size 64',
    '--size 64 --no-jitter --load-size 72 --preprocess scale_width_and_crop',
    '--size 64 --load-size 72 --ndf 8',
    '--init-type kaiming --init-gain 0.02',
    '--discriminator pixelgan --reconstruction l2 --no-flip --init-gain 0.1',
  ])
    typing(SCHEMES.pix2pix!, line.split(' '));
});

test('what a file of flags or a recipe says is left alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'effects-'));
  try {
    const file = join(folder, 'options.json');
    writeFileSync(file, JSON.stringify({ discriminator: 'pixelgan', flip: false, 'lambda-gan': 1 }));
    typing(SCHEMES.pix2pix!, ['--options', file, '--lambda-gan', '0', '--no-jitter']);
    assert.throws(() => typing(SCHEMES.pix2pix!, ['--options', file, '--lambda-gan', '0', '--netD', 'pixel']), /--discriminator/);
    const typedBeside = (...words: string[]) => parseFlags(trainCommand(pix2pix as unknown as TrainingScheme), words).typed;
    assert.equal(typedBeside('--recipe', 'colorization', '--no-jitter'), new Set(['recipe', 'jitter']));
    assert.equal(typedBeside('--recipe', 'colorization', '--options', file, '--no-jitter'), new Set(['recipe', 'options', 'jitter']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
