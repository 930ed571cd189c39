// first driver only: on SwiftShader the steps of three schemes would take minutes, and their own tests take such steps there
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCHEMES } from '../../src/schemes/registry.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { completeOptions, fullOptions } from '../../src/training/trainer-options.js';
import { testGpu } from '../harness/gpu.js';
import { startScheme, takeStep } from '../harness/scheme-run.js';

// Every scheme whose adversarial loss can be chosen takes the gradient penalty that wgangp means.

const gpu = await testGpu();
const SIZE = 32;
const image = (name: string) => ({ name, shape: [1, SIZE, SIZE, 3], scale: 1, offset: 0 });

const optionsOf = (scheme: TrainingScheme, ganMode: string): object => {
  const small = Object.keys(scheme.options).filter((name) => ['ngf', 'ndf', 'nz', 'blocks'].includes(name));
  return completeOptions(scheme, {
    ...fullOptions(scheme),
    ...Object.fromEntries(small.map((name) => [name, 2])),
    ...{ size: SIZE, ganMode },
  });
};

/** The gradients of the discriminators after a step with all shares of one value. */
async function gradients(scheme: TrainingScheme, share: number): Promise<number[][]> {
  const run = startScheme(gpu, scheme, optionsOf(scheme, 'wgangp'));
  scheme.prepare!({ ...run, step: 0, epoch: 0, seed: 1, batch: 1 });
  const shares = Object.entries(run.inputs).filter(([name]) => name.startsWith('shares'));
  assert.ok(shares.length > 0, scheme.title);
  for (const [, tensor] of shares) tensor.write(new Float32Array([share]));
  await takeStep(
    gpu,
    scheme,
    run,
    Object.fromEntries(Object.keys(scheme.sides(run.options, run.networks)).map((name) => [name, image(name)])),
  );
  const judges = Object.entries(run.networks).filter(([name]) => name.startsWith('discriminator'));
  const firsts = judges.map(([, network]) => [...network.namedParameters().values()][0]!);
  const numbers = await Promise.all(firsts.map(async ({ grad }) => [...(await grad!.data())]));
  run.dispose();
  return numbers;
}

const choosing = SCHEMES.filter(({ options }) => 'ganMode' in options);

test('there are several such schemes', () => assert.ok(choosing.length >= 3));

for (const scheme of choosing) {
  test(`${scheme.title}: what discriminators learn depends on where the slope is measured; other losses draw nothing for it`, async () => {
    const [nearFake, nearReal] = [await gradients(scheme, 0.25), await gradients(scheme, 0.75)];
    for (const [index, gradient] of nearFake.entries()) assert.not.equal(gradient, nearReal[index]);
    const plain = startScheme(gpu, scheme, optionsOf(scheme, 'hinge'));
    assert.equal(
      Object.keys(plain.inputs).filter((name) => name.startsWith('shares')),
      [],
    );
    plain.dispose();
  });
}

test.run();
