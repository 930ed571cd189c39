// first driver only: it trains on files. A scheme that is defined here learns labels of images in folders, by the train program.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../../src/autograd/backward.js';
import { noGrad } from '../../../src/autograd/graph.js';
import { mseLoss } from '../../../src/autograd/ops.js';
import { createImage, type RgbImage } from '../../../src/data/image.js';
import type { Network } from '../../../src/models/kind.js';
import { registerNetwork } from '../../../src/models/registry.js';
import type { ForwardOptions } from '../../../src/nn/forward.js';
import { Conv2d } from '../../../src/nn/layers.js';
import { Module } from '../../../src/nn/module.js';
import { encodePng } from '../../../src/node/images/read.js';
import { trainScheme } from '../../../src/node/programs/train.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { Adam } from '../../../src/optim/adam.js';
import { Tensor } from '../../../src/tensor/tensor.js';
import type { TrainingScheme } from '../../../src/training/scheme.js';
import { failure } from '../../harness/devices.js';
import { readLogLines, temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('labelled-data');
const at = (...parts: string[]): string => join(folder, ...parts);
const SIDE = 8;
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Guesses labels: [batch, 8, 8, 3] -> [batch, 1, 1, labels]. */
class Guesser extends Module {
  readonly options: { readonly labels: number };
  private readonly layer: Conv2d;

  constructor({ labels = 2 }: { labels?: number } = {}) {
    super();
    this.options = { labels };
    this.layer = this.child('layer', new Conv2d({ inChannels: 3, outChannels: labels, kernel: SIDE }));
  }

  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.layer.forward(x, options);
  }
}

registerNetwork({
  kind: 'test-guesser',
  role: 'discriminator',
  title: 'guesser',
  network: Guesser as never,
  describe: () => ['guesser'],
  exampleInput: () => ({ shape: [1, SIDE, SIDE, 3], dynamicAxes: [] }),
});

/** At this step something breaks. */
let brokenStep = Infinity;
/** The labels that were measured with. */
let measured: (readonly number[] | undefined)[] = [];

const scheme: TrainingScheme<{ size: number }, { readonly guesser: Network }> = {
  name: 'test-guessing',
  title: 'guessing',
  summary: 'Learns labels.',
  options: { size: { default: SIDE } },
  presets: {
    description: 'small',
    full: { epochs: 1, learningRate: 1e-2 },
    preview: { minutes: 1, learningRate: 1e-2 },
    previewScales: { hardware: [{}], software: [{}] },
  },
  data: 'images',
  labelled: true,
  describe: () => ['small'],
  networks: (_options, { guesser }, labels) => ({
    guesser: guesser ?? { kind: 'test-guesser', options: { labels: labels?.names.length ?? 2 } },
  }),
  optimizers: { optimizer: { network: 'guesser', create: (network, { learningRate }) => new Adam(network, { learningRate }) } },
  inputs: (gpu) => ({ nothing: Tensor.from(gpu, [0], [1]) }),
  prepare({ step }) {
    if (step === brokenStep) throw new Error('a broken step');
  },
  sizes: ({ size }) => ({ size, loadSize: size, jitter: true }),
  sides: () => ({ image: { half: 'a', channels: 3 } }),
  losses: { error: { label: 'error', plot: 'Losses' } },
  step({ networks: { guesser }, optimizers, images, labels }) {
    optimizers.optimizer!.zeroGrad();
    const guessed = guesser.forward(images.image!, { training: true });
    const error = mseLoss(guessed, labels!.reshape([guessed.shape[0]!, 1, 1, -1]));
    backward(error);
    optimizers.optimizer!.step();
    return { error };
  },
  metrics: { error: { label: 'error', better: 'lower' } },
  pictures: () => ({ given: [{ title: 'Image', half: 'a' }], made: [], wanted: [] }),
  evaluator: async (gpu, { guesser }) => ({
    key: 'guess',
    fit: (pair) => pair,
    async run({ a, labels }) {
      measured.push(labels);
      const guess = await gpu
        .scope(() => noGrad(() => guesser.forward(Tensor.from(gpu, Float32Array.from(a.data), [1, SIDE, SIDE, 3]))))
        .data();
      return { made: [], measure: Math.abs(guess[0]! - labels![0]!) };
    },
    summarize: (measures) => ({ error: (measures as number[]).reduce((sum, each) => sum + each, 0) / measures.length }),
    dispose: () => {},
  }),
};

/** Runs the program of the scheme in this process. @returns what it said */
async function train(...argv: string[]): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: unknown) => void lines.push(String(line));
  try {
    await trainScheme(scheme, argv, { call: 'train' });
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}

const shade = (value: number): RgbImage => ({ ...createImage(SIDE, SIDE), data: new Uint8Array(SIDE * SIDE * 3).fill(value) });
const PARAMETERS = ['--no-tune', '--batch', '2', '--steps', '6', '--validate', '9'];

test.before(() => {
  const rows = ['12', 'Dark   Light  Odd'];
  mkdirSync(at('list', 'images'), { recursive: true });
  for (const name of ['dark', 'light', 'middle']) mkdirSync(at('classes', name), { recursive: true });
  for (let index = 0; index < 12; index++) {
    const png = encodePng(shade(20 * index));
    writeFileSync(at('list', 'images', `${index}.png`), png);
    writeFileSync(at('classes', ['dark', 'middle', 'light'][index % 3]!, `${index}.png`), png);
    rows.push(`${index}.png ${index < 6 ? ' 1 -1' : '-1  1'} ${index % 2 === 1 ? 1 : -1}`);
  }
  writeFileSync(at('list', 'list_attr_celeba.txt'), `${rows.join('\n')}\n`);
});

const checkpointOf = (name: string): string => at(name, 'checkpoint.safetensors');

test('attributes by --labels: replayed, eager, and gone on with after a failure, a run ends with the same bits', async () => {
  const data = ['--data', at('list'), '--labels', 'Odd,Dark'];
  const said = await train(...PARAMETERS, ...data, '--out', at('whole'));
  assert.match(said, /Odd \(\d\), Dark \(\d\)/);
  assert.match(said, /training on 10 images/);
  assert.match(said, /finished after 6 of 6 steps/);
  const info = await readCheckpointInfo(checkpointOf('whole'));
  assert.is(info.options.labels, 'Odd,Dark');
  assert.is(info.options.labelSets, '2 attributes');
  assert.equal(info.networks.guesser!.options, { labels: 2 });

  await train(...PARAMETERS, ...data, '--eager', '--out', at('eager'));
  brokenStep = 4;
  await assertRejects(train(...PARAMETERS, ...data, '--save-every', '3', '--out', at('stopped')), 'a broken step');
  brokenStep = Infinity;
  assert.is((await readCheckpointInfo(checkpointOf('stopped'))).step, 4);
  await failure('CHECKPOINT_MISMATCH', () => train('--resume', '--labels', 'Odd', 'Light', '--out', at('stopped')), '--labels Odd,Dark');
  assert.match(await train('--resume', '--labels', 'Odd', 'Dark', '--out', at('stopped')), /going on from step 4/);
  for (const name of ['eager', 'stopped']) assert.ok(readFileSync(checkpointOf(name)).equals(readFileSync(checkpointOf('whole'))), name);
  const report = readFileSync(at('whole', 'report.html'), 'utf8');
  assert.match(report, /Odd, Dark/);
  assert.match(report, /--labels Odd,Dark/);
});

test('classes by folder: held-out images are measured with their labels, and a run goes on with the names that it began with', async () => {
  measured = [];
  const said = await train(...PARAMETERS, '--data', at('classes'), '--save-every', '3', '--out', at('by-class'));
  assert.match(said, /dark \(3\), light \(3\), middle \(3\)/);
  assert.match(said, /training on 9 images/);
  assert.equal(measured.slice(0, 3), [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  assert.ok(readLogLines(at('by-class', 'log.jsonl')).some((line) => Number.isFinite(line.error)));
  const { options } = await readCheckpointInfo(checkpointOf('by-class'));
  assert.equal([options.labels, options.labelSets], ['dark,light,middle', '3 classes']);
  const moved = at('renamed');
  mkdirSync(moved);
  for (const name of ['dark', 'light', 'medium']) {
    mkdirSync(join(moved, name));
    for (let index = 0; index < 4; index++) writeFileSync(join(moved, name, `${index}.png`), encodePng(shade(index)));
  }
  await failure('DATA_UNREADABLE', () => train('--resume', '--steps', '8', '--data', moved, '--out', at('by-class')), 'no class', 'middle');
});

test('a folder without labels, and a label that there is not, are refused before anything is written', async () => {
  const never = ['--out', at('never')];
  await failure('DATA_UNREADABLE', () => train(...PARAMETERS, ...never, '--data', at('list', 'images')), 'have no labels');
  await failure('DATA_UNREADABLE', () => train(...PARAMETERS, ...never, '--data', at('list'), '--labels', 'Lihgt'), 'did you mean Light?');
  writeFileSync(at('classes', 'dark', '0-broken.png'), 'x');
  writeFileSync(at('classes', 'light', '0-broken.png'), 'y');
  await failure(
    'IMAGE_UNSUPPORTED',
    () => train(...PARAMETERS, ...never, '--data', at('classes')),
    '2 of 11 images cannot be used',
    'broken.png',
  );
  assert.not.ok(existsSync(checkpointOf('never')));
});

async function assertRejects(work: Promise<unknown>, words: string): Promise<void> {
  let caught: unknown;
  await work.catch((error: unknown) => (caught = error));
  assert.match(String(caught), words);
}

test.run();
