import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildNetwork } from '../../src/models/registry.js';
import { cyclegan, type CycleGANOptions } from '../../src/schemes/index.js';
import { pix2pix, type Pix2PixOptions } from '../../src/schemes/pix2pix.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { fullOptions } from '../../src/training/trainer-options.js';
import golden from '../goldens/multiscale.json';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { loadGoldenParameters } from '../harness/models.js';
import { startScheme, takeStep } from '../harness/scheme-run.js';
import { refuses } from '../harness/weights.js';

// pix2pix with a discriminator of several scales and feature matching beside PyTorch's, which scripts/goldens/multiscale.py takes.

const gpu = await testGpu();
const scheme = pix2pix as unknown as TrainingScheme;
const OPTIONS = { ...golden.options, lambda: 100, dropout: false, jitter: false, direction: 'AtoB' };
const full = fullOptions(scheme) as Pix2PixOptions;

for (const { changes, losses: due, gradients } of golden.cases) {
  test(`${JSON.stringify(changes)}: the first gradients are PyTorch's within 1e-3, and the losses of ${due.length} steps`, async () => {
    const run = startScheme(gpu, scheme, scheme.complete!({ ...OPTIONS, ...changes }), { batch: golden.batch });
    loadGoldenParameters('G', run.networks.generator!);
    loadGoldenParameters('D', run.networks.discriminator!);
    for (const [step, expected] of due.entries()) {
      const losses = await takeStep(gpu, scheme, run, golden.images[step]!);
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort());
      for (const [name, loss] of Object.entries(losses))
        assertClose([loss], [(expected as Record<string, number>)[name]!], { relative: 1e-4, label: `${name} of step ${step}` });
      if (step > 0) continue;
      for (const summary of gradients as ArraySummary[]) {
        const [network, ...name] = summary.name.split('.');
        const parameter = run.networks[network!]!.namedParameters().get(name.join('.'))!;
        assertMatchesSummary(await parameter.grad!.data(), summary, { relative: 1e-3, label: summary.name });
      }
    }
    run.dispose();
  });
}

test('a number of discriminators chooses them, and networks out of a file tell it', () => {
  const { discriminator, generator } = pix2pix.networks({ ...full, discriminators: 2, discriminatorLayers: 2 }, {});
  assert.is(discriminator.kind, 'multiscale-patchgan');
  const told = pix2pix.optionsOf!({ generator, discriminator }, 'a file');
  assert.equal([told.discriminator, told.discriminators, told.discriminatorLayers], ['multiscale-patchgan', 2, 2]);
  assert.is(pix2pix.networks({ ...full, discriminators: 1 }, {}).discriminator.kind, 'patchgan');
});

test('what does not go together is refused by name', async () => {
  const networks = (changes: Partial<Pix2PixOptions>) => () => pix2pix.networks({ ...full, ...changes }, {});
  await refuses(networks({ discriminator: 'pixelgan', discriminators: 2 }), 'INVALID_ARGUMENT', /discriminators/, /multiscale-patchgan/);
  await refuses(networks({ size: 32, discriminators: 2 }), 'INVALID_ARGUMENT', /48 x 48/);
  await refuses(networks({ discriminators: 2, ganMode: 'wgangp' }), 'INVALID_ARGUMENT', /several scales/);
  await refuses(networks({ discriminator: 'pixelgan', lambdaFeat: 10 }), 'INVALID_ARGUMENT', /lambdaFeat/);
  await refuses(() => pix2pix.complete!({ ...full, lambdaFeat: 10, lambdaGan: 0 }), 'INVALID_ARGUMENT', /lambdaFeat/);
  await refuses(() => buildNetwork({ kind: 'multiscale-patchgan', options: { discriminators: 7 } }), 'INVALID_ARGUMENT', /at most 6/);
  const cycle = { ...(fullOptions(cyclegan as never) as CycleGANOptions), discriminator: 'multiscale-patchgan' };
  await refuses(() => cyclegan.networks(cycle, {}), 'INVALID_ARGUMENT', /one scale/);
});

test.run();
