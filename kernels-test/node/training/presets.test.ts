// not in browsers: it is about the command line. What a preset says of a run, and what it leaves alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { trainProgram, type TrainFlags } from '../../../src/node/training/flags.js';
import { newSettings } from '../../../src/node/training/settings.js';
import { cyclegan } from '../../../src/schemes/index.js';
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

test.run();
