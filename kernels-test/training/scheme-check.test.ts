import { test } from 'uvu';
import { dcgan } from '../../src/schemes/dcgan.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import { SCHEMES } from '../../src/schemes/registry.js';
import { expectScheme } from '../../src/training/scheme-check.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { failure } from '../harness/devices.js';

const scheme = pix2pix as unknown as Record<string, unknown>;
const refuses = (changed: Record<string, unknown>, ...words: (string | RegExp)[]): Promise<unknown> =>
  failure('INVALID_ARGUMENT', () => expectScheme({ ...scheme, ...changed } as unknown as TrainingScheme), 'pix2pix', ...words);

test('every scheme of the library is one', () => {
  for (const each of [...SCHEMES, pix2pix, dcgan]) expectScheme(each as unknown as TrainingScheme);
});

test('a part that is missing, of another kind or misspelt is refused by its name', async () => {
  for (const part of ['title', 'summary', 'options', 'presets', 'describe', 'networks', 'optimizers', 'sizes', 'sides', 'losses', 'step']) {
    await failure(
      'INVALID_ARGUMENT',
      () => expectScheme({ ...scheme, [part]: undefined } as unknown as TrainingScheme),
      `${part} of the training scheme`,
      'received: undefined',
    );
  }
  for (const part of ['metrics', 'pictures', 'evaluator']) await refuses({ [part]: 3 }, `${part} of the training scheme`, 'received: 3');
  await refuses({ metrcs: {} }, 'metrcs of the training scheme');
  await refuses({ complete: 'no' }, 'complete', 'a function', "received: 'no'");
  await refuses({ data: 'pairs' }, "'paired', 'unpaired' or 'images'");
  await refuses({ labelled: true }, "'images', as the scheme is labelled");
  await refuses({ name: 'a/../b' }, 'name');
  for (const nothing of [undefined, null, 3]) {
    await failure('INVALID_ARGUMENT', () => expectScheme(nothing as unknown as TrainingScheme), 'a training scheme');
  }
});

test('rows that cannot be, names that every run has, and presets without a length are refused', async () => {
  const { options, losses, presets, optimizers } = pix2pix;
  await refuses({ losses: {} }, 'at least one loss');
  await refuses({ losses: { ...losses, extra: { label: 'extra' } } }, 'loss extra', 'and plot, the heading of its plot');
  for (const name of ['step', 'seconds', 'validation']) await refuses({ losses: { [name]: losses.generatorL1 } }, `loss ${name}`);
  await refuses({ metrics: { l1: { label: 'L1', better: 'smaller' } } }, 'metric l1');
  await refuses({ optimizers: {} }, 'at least one optimiser');
  await refuses({ optimizers: { ...optimizers, again: optimizers.generatorOptimizer } }, 'two of generator');
  await refuses({ optimizers: { one: { network: 'generator' } } }, 'optimiser one');
  for (const name of ['batch', 'seed', 'networks', 'source', 'source2', 'source13', 'trainParts', 'totalSteps', 'validate']) {
    await refuses({ options: { ...options, [name]: {} } }, `option ${name}`);
  }
  await refuses({ options: { ...options, rate: { flag: { type: 'float', description: 'x' } } } }, 'flag of option rate', "'float'");
  await refuses({ options: { ...options, rate: { flag: { type: 'number', name: 'r', description: 'x' } } } }, "received: 'name'");
  await refuses({ presets: { ...presets, full: { size: 64, learningRate: 1 } } }, 'presets.full', 'epochs');
  await refuses({ presets: { ...presets, preview: { learningRate: 1 } } }, 'presets.preview', 'minutes');
  await refuses({ presets: { ...presets, previewScales: { hardware: [], software: [{}] } } }, 'previewScales.hardware');
  await refuses({ presets: { ...presets, previewScales: { hardware: [{ sise: 3 }], software: [{}] } } }, "received: 'sise'");
  await refuses({ watch: { ...pix2pix.watch!, losses: ['generatorl1'] } }, "received: 'generatorl1'");
  await refuses({ watch: { ...pix2pix.watch!, losses: [] } }, 'losses to watch');
});

test.run();
