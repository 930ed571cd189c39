// first driver only: on SwiftShader the steps of five schemes would take minutes, and their own tests take such steps there
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NoiseGenerator } from '../../src/models/noise.js';
import { SCHEMES } from '../../src/schemes/registry.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { lossRows, type TrainingScheme } from '../../src/training/scheme.js';
import { completeOptions, fullOptions } from '../../src/training/trainer-options.js';
import { testGpu } from '../harness/gpu.js';
import { startScheme, takeStep, type SchemeRun } from '../harness/scheme-run.js';

// Every scheme whose adversarial loss can be chosen takes the gradient penalty that wgangp means.

const gpu = await testGpu();
const SIZE = 32;
/** Two, of which the norms of a batch can say something. */
const BATCH = 2;
/** Values of options that make a scheme small, where it has them. */
const SMALL: Readonly<Record<string, unknown>> = { ngf: 2, ndf: 2, nz: 2, blocks: 2, units: 24, dropout: false };

const optionsOf = (scheme: TrainingScheme, more: object): object => {
  const small = Object.entries(SMALL).filter(([name]) => name in fullOptions(scheme));
  return completeOptions(scheme, { ...fullOptions(scheme), ...Object.fromEntries(small), size: SIZE, ...more });
};

function start(scheme: TrainingScheme, more: object): SchemeRun {
  const run = startScheme(gpu, scheme, optionsOf(scheme, more), { batch: BATCH });
  scheme.prepare!({ ...run, step: 0, epoch: 0, seed: 1, batch: BATCH });
  if (!scheme.labelled) return run;
  const takes = (run.networks.generator as NoiseGenerator).takes.labels;
  const labels = Tensor.from(gpu, new Float32Array(BATCH * takes).fill(1, 0, 1).fill(1, takes + 1, takes + 2), [BATCH, takes], 'labels');
  const dispose = (): void => [run, labels.keep()].forEach((part) => part.dispose());
  return { ...run, labels, dispose };
}

function take(scheme: TrainingScheme, run: SchemeRun): Promise<Record<string, number>> {
  const sides = Object.entries(scheme.sides(run.options, run.networks));
  const image = (name: string, channels: number) => ({ name, shape: [BATCH, SIZE, SIZE, channels], scale: 1, offset: 0 });
  return takeStep(gpu, scheme, run, Object.fromEntries(sides.map(([name, { channels }]) => [name, image(name, channels)])));
}

/** The gradients of the discriminators after a step with all shares of one value, and its losses. */
async function gradients(scheme: TrainingScheme, share: number, more: object): Promise<[number[][], Record<string, number>]> {
  const run = start(scheme, { ganMode: 'wgangp', ...more });
  const shares = Object.entries(run.inputs).filter(([name]) => name.startsWith('shares'));
  assert.ok(shares.length > 0, scheme.title);
  for (const [, tensor] of shares) tensor.write(new Float32Array(BATCH).fill(share));
  const losses = await take(scheme, run);
  const judges = Object.entries(run.networks).filter(([name]) => name.startsWith('discriminator'));
  const firsts = judges.map(([, network]) => [...network.namedParameters().values()][0]!);
  const numbers = await Promise.all(firsts.map(async ({ grad }) => [...(await grad!.data())]));
  run.dispose();
  return [numbers, losses];
}

const choosing = SCHEMES.filter(({ options }) => 'ganMode' in options);

test('there are several such schemes', () => assert.ok(choosing.length >= 5));

const cases = choosing.flatMap((scheme): [TrainingScheme, object][] =>
  'architecture' in scheme.options
    ? [
        [scheme, { architecture: 'mlp' }],
        [scheme, { architecture: 'conv' }],
      ]
    : [[scheme, {}]],
);

for (const [scheme, more] of cases) {
  const name = [scheme.title, ...Object.values(more)].join(', ');
  test(`${name}: discriminators learn by where the slope is measured, and the log has it; other losses have none`, async () => {
    const [[nearFake, losses], [nearReal]] = [await gradients(scheme, 0.25, more), await gradients(scheme, 0.75, more)];
    for (const [index, gradient] of nearFake.entries()) assert.not.equal(gradient, nearReal[index]);
    const named = (all: object): string[] => Object.keys(all).filter((each) => each.startsWith('penalty'));
    assert.equal(named(losses).length, nearFake.length, 'the log has the penalty of each discriminator');
    for (const each of named(losses)) assert.ok(losses[each]! > 0, `${each}: ${losses[each]}`);
    assert.equal(named(lossRows(scheme, optionsOf(scheme, { ganMode: 'wgangp', ...more }))), named(losses));
    const plain = start(scheme, { ganMode: 'hinge', ...more });
    assert.equal(named(lossRows(scheme, plain.options)), []);
    assert.equal(named(await take(scheme, plain)), []);
    assert.equal(
      Object.keys(plain.inputs).filter((name) => name.startsWith('shares')),
      [],
    );
    plain.dispose();
  });
}

test.run();
