import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Network } from '../../src/models/kind.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import golden from '../goldens/pix2pix_objectives.json';
import { generate } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { loadGoldenParameters } from '../harness/models.js';
import { startScheme, takeStep, type SchemeRun } from '../harness/scheme-run.js';

// Steps of pix2pix with other losses than the paper's beside PyTorch's, which scripts/goldens/pix2pix_objectives.py takes.

const gpu = await testGpu();
const scheme = pix2pix as unknown as TrainingScheme;
const { batch } = golden;

type Losses = Readonly<Record<string, number>>;

const OPTIONS = { ...golden.options, lambda: 100, dropout: false, jitter: false, direction: 'AtoB' };

function start(changes: object = {}): SchemeRun {
  const run = startScheme(gpu, scheme, scheme.complete!({ ...OPTIONS, ...changes }), { batch });
  loadGoldenParameters('G', run.networks.generator!);
  loadGoldenParameters('D', run.networks.discriminator!);
  return run;
}

async function take(run: SchemeRun, step: number): Promise<Losses> {
  run.inputs.shares?.write(generate(golden.shares[step]!));
  return takeStep(gpu, scheme, run, golden.images[step % golden.images.length]!);
}

for (const { losses: due, spread, gradients, ...changes } of golden.cases) {
  test(`${JSON.stringify(changes)}: the first gradients are PyTorch's within 1e-3, and the losses of ${due.length} steps`, async () => {
    const run = start(changes);
    for (const [step, expected] of (due as Losses[]).entries()) {
      const losses = await take(run, step);
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort());
      for (const [name, loss] of Object.entries(losses)) {
        // After some steps what rounding does has grown: twice as much as it does to PyTorch is allowed.
        const relative = step < 5 ? 1e-4 : Math.max(1e-4, 2 * (spread as unknown as Losses)[name]!);
        assertClose([loss], [expected[name]!], { relative, label: `${name} of step ${step}` });
      }
      if (step > 0) continue;
      for (const summary of gradients as ArraySummary[]) {
        const [network, ...name] = summary.name.split('.');
        const parameter = run.networks[network!]!.namedParameters().get(name.join('.'))!;
        assertMatchesSummary(await parameter.grad!.data(), summary, { relative: 1e-3 });
      }
    }
    run.dispose();
  });
}

test('without a choice it is cross-entropy, to the bit', async () => {
  const runs = [start(), start({ ganMode: 'vanilla' })];
  for (let step = 0; step < 2; step++) {
    const [unsaid, said] = [await take(runs[0]!, step), await take(runs[1]!, step)];
    assert.equal(unsaid, said);
  }
  const [first, second] = await Promise.all(
    runs.map(({ networks }) => (networks.generator as Network).namedParameters().get('model.model.0.weight')!.data()),
  );
  assert.equal(first, second);
  for (const run of runs) run.dispose();
});

test('the shares of a penalty follow from seed and step; other losses draw none', async () => {
  const run = start({ ganMode: 'wgangp' });
  const draw = async (step: number, seed = 5): Promise<number[]> => {
    scheme.prepare!({ ...run, step, epoch: 0, seed, batch });
    return [...(await run.inputs.shares!.data())];
  };
  const first = await draw(0);
  assert.equal(first.length, batch);
  assert.ok(first.every((share) => share >= 0 && share < 1));
  for (const other of [await draw(1), await draw(0, 6)]) assert.not.equal(other, first);
  assert.equal(await draw(0), first);
  run.dispose();
  for (const changes of [{ ganMode: 'lsgan' }, { ganMode: 'wgangp', lambdaGan: 0 }]) {
    const plain = start(changes);
    assert.equal(plain.inputs, {});
    plain.dispose();
  }
});

test('losses of a discriminator say that it has won only where they are cross-entropies', () => {
  const says = (ganMode?: string): boolean => scheme.watch!.when!({ ...(ganMode && { ganMode }) });
  assert.equal([undefined, 'vanilla', 'lsgan', 'wgangp', 'hinge'].map(says), [true, true, false, false, false]);
  assert.not(scheme.watch!.when!({ lambdaGan: 0 }));
});

test.run();
