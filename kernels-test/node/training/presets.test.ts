// not in browsers: it is about the command line. What a preset says of a run, and what it leaves alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { trainProgram, type TrainFlags } from '../../../src/node/training/flags.js';
import { newSettings } from '../../../src/training/run/settings.js';
import { cyclegan, pix2pix } from '../../../src/schemes/index.js';
import type { TrainingScheme } from '../../../src/training/scheme.js';

test('the depth of a preset is that of its own kind of network', () => {
  const blocks = (...words: string[]): unknown => {
    const { values, given } = parseFlags(trainProgram(cyclegan), words);
    return newSettings(cyclegan as unknown as TrainingScheme, values as unknown as TrainFlags, given, true)[0]!.blocks;
  };
  const [own] = cyclegan.presets.previewScales.software;
  assert.is(blocks(), own!.blocks);
  assert.is(blocks('--generator', 'resnet'), own!.blocks);
  assert.is(blocks('--generator', 'unet'), null);
  assert.is(blocks('--generator', 'unet', '--blocks', '3'), 3);
});

test('a preview of pix2pix on a CPU has a decoder without a checkerboard, and what is typed wins over it', () => {
  const settings = (software: boolean, ...words: string[]): unknown[] => {
    const { values, given } = parseFlags(trainProgram(pix2pix), words);
    const {
      upsample,
      lambda,
      discriminatorLayers: layers,
    } = newSettings(pix2pix as unknown as TrainingScheme, values as unknown as TrainFlags, given, software)[0]!;
    return [upsample, lambda, layers];
  };
  assert.equal(settings(true), ['nearest', 300, 2]);
  assert.equal(settings(true, '--upsample', 'transposed', '--lambda', '100', '--discriminator-layers', '3'), ['transposed', 100, 3]);
  // A PixelGAN has no layers of that kind.
  assert.equal(settings(true, '--discriminator', 'pixelgan'), ['nearest', 300, null]);
  assert.equal(settings(false), [null, 100, null]);
  assert.equal(settings(true, '--preset', 'full'), [null, 100, null]);
});

test.run();
