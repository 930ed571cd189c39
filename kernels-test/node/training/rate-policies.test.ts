// not in browsers: it is about the command line. How the learning rate of a run changes, by its flags.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { TRAIN_PROGRAM, trainProgram, type TrainFlags } from '../../../src/node/training/flags.js';
import { Measured, measuredState } from '../../../src/training/run/measured.js';
import { savedLearningRate } from '../../../src/node/training/saved-rate.js';
import { learningRateAt, newSettings, type RunSettings } from '../../../src/training/run/settings.js';
import { gan, pix2pix } from '../../../src/schemes/index.js';
import type { TrainingScheme } from '../../../src/training/scheme.js';
import golden from '../../goldens/rate_policies.json';
import { assertClose } from '../../harness/golden.js';

const scheme = pix2pix as unknown as TrainingScheme;
const STEPS_PER_EPOCH = 3;

function settingsOf(...words: string[]): RunSettings {
  const { values, given } = parseFlags(TRAIN_PROGRAM, ['--preset', 'full', ...words]);
  return newSettings(scheme, values as unknown as TrainFlags, given, false)[0]!;
}

const FLAGS: Readonly<Record<string, string>> = {
  epochs: '--epochs',
  epochsDecay: '--epochs-decay',
  lrDecayIters: '--lr-decay-iters',
  lrDecayFactor: '--lr-decay-factor',
};

for (const { policy, options, rates } of golden.cases) {
  test(`the rate of each epoch is PyTorch's: ${policy} ${JSON.stringify(options)}`, () => {
    const words = Object.entries(options).flatMap(([name, value]) => [FLAGS[name]!, String(value)]);
    const settings = settingsOf('--lr-policy', policy, ...words);
    let measured = new Measured(scheme, settings);
    const ours = rates.map((_, epoch) => {
      const steps = [epoch * STEPS_PER_EPOCH, (epoch + 1) * STEPS_PER_EPOCH - 1];
      const [first, last] = steps.map((step) =>
        learningRateAt(settings, step, options.epochs * STEPS_PER_EPOCH, STEPS_PER_EPOCH, { measured: measured.rate }),
      );
      assert.is(first, last, 'one rate an epoch');
      measured.add(epoch, { l1: golden.metrics[epoch] ?? 0 });
      // As a run that is stopped after every validation.
      measured = new Measured(scheme, settings, measuredState(measured.saved()));
      return first!;
    });
    assertClose(Float64Array.from(ours), rates, { relative: 1e-12, absolute: 1e-19, label: 'rates' });
  });
}

test('a run without a policy has the rate that it had before there were any', () => {
  const settings = settingsOf('--epochs', '5');
  assert.equal(
    [0, 3, 6, 9, 12].map((step) => learningRateAt(settings, step, 15, 3)),
    [2e-4, 2e-4, 2e-4, 2e-4 * (1 - 1 / 3), 2e-4 * (1 - 2 / 3)],
  );
  // Of so many steps it falls with the step.
  assert.is(learningRateAt(settingsOf('--steps', '8'), 5, 8, 3), 2e-4 * (1 - 2 / 5));
});

test('a policy that is asked for wins over the schedule of the scheme', () => {
  const { values, given } = parseFlags(trainProgram(gan), ['--preset', 'full', '--lr-policy', 'constant', '--steps', '9']);
  const [settings] = newSettings(gan as unknown as TrainingScheme, values as unknown as TrainFlags, given, false);
  const trainer = { scheme: gan as unknown as TrainingScheme, options: { optimizer: 'sgd' } };
  assert.is(learningRateAt(settings!, 8, 9, 3, { trainer }), settings!.learningRate);
});

test('the rate of a saved run is what measurements have left', () => {
  const options = { ...settingsOf('--lr-policy', 'plateau', '--steps', '9'), totalSteps: 9, trainPairs: 3 };
  const measured = JSON.stringify({ rate: 1e-5 });
  assert.is(savedLearningRate({ scheme: 'pix2pix', step: 4, options: { ...options, measured } }), 1e-5);
  // What is damaged there is as if it were not.
  assert.is(savedLearningRate({ scheme: 'pix2pix', step: 4, options: { ...options, measured: '{' } }), 2e-4);
});

test('what does not go together is refused by the names of the flags', () => {
  const refused = (words: RegExp, ...flags: string[]): void => {
    try {
      settingsOf(...flags);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'BAD_FLAG');
      assert.match((error as Error).message, words);
      return;
    }
    assert.unreachable(flags.join(' '));
  };
  refused(/--lr-policy step with it/, '--lr-decay-iters', '3');
  refused(/--lr-policy step or plateau/, '--lr-decay-factor', '0.5', '--lr-policy', 'cosine');
  refused(/--lr-policy linear or cosine/, '--epochs-decay', '3', '--lr-policy', 'step');
  refused(/--epochs with it/, '--epochs-decay', '3', '--steps', '9');
  refused(/at most 5/, '--epochs-decay', '6', '--epochs', '5');
  refused(/at most 4/, '--epochs-decay', '5', '--epochs', '5', '--lr-policy', 'cosine');
  refused(/--epochs N or --steps N/, '--minutes', '3', '--lr-policy', 'cosine');
});

test.run();
