import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildNetwork } from '../../src/models/registry.js';
import type { Network } from '../../src/models/kind.js';
import { cyclegan } from '../../src/schemes/cyclegan.js';
import { trainCycleGAN, type CycleGANNetworks, type CycleGANOptions } from '../../src/schemes/cyclegan-step.js';
import type { ObjectiveName } from '../../src/schemes/objectives.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { StepContext } from '../../src/training/scheme.js';
import golden from '../goldens/cyclegan.json';
import { generate, parameterValues, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

// Steps of CycleGAN beside PyTorch's, which scripts/goldens/cyclegan.py takes.

const gpu = await testGpu();
const { batch, seed, learningRate } = golden;

type Losses = Readonly<Record<string, number>>;

/** The networks by the names that the reference has for them. */
const REFERENCE: Readonly<Record<string, keyof CycleGANNetworks>> = {
  G_A: 'generatorA',
  G_B: 'generatorB',
  D_A: 'discriminatorA',
  D_B: 'discriminatorB',
};

const optionsOf = (ganMode: ObjectiveName, size = golden.options.size): CycleGANOptions =>
  cyclegan.complete!({ ...golden.options, size, ganMode, jitter: false });

const upload = (array: GeneratedArray): Tensor => Tensor.from(gpu, generate(array), array.shape, array.name).keep();

type Run = StepContext<CycleGANOptions, CycleGANNetworks> & { dispose(): void };

/** A training with the weights of the goldens. */
function start(ganMode: ObjectiveName): Run {
  const options = optionsOf(ganMode);
  const networks = Object.fromEntries(
    Object.entries(cyclegan.networks(options, {})).map(([name, architecture]) => [name, buildNetwork(architecture).to(gpu, { seed: 1 })]),
  ) as unknown as CycleGANNetworks;
  for (const [reference, ours] of Object.entries(REFERENCE))
    for (const [name, tensor] of networks[ours].namedParameters()) tensor.write(parameterValues(reference, name, tensor.shape));
  const optimizers = Object.fromEntries(
    Object.entries(cyclegan.optimizers).map(([name, { network, create }]) => [
      name,
      create((networks as Record<string, Network>)[network]!, { ...options, learningRate }),
    ]),
  );
  const state = cyclegan.state!(gpu, { ...options, batch }, networks);
  const inputs = cyclegan.inputs!(gpu, { ...options, batch });
  const parts = [...Object.values(optimizers), ...Object.values(networks), ...Object.values(state), ...Object.values(inputs)];
  const dispose = (): void => parts.forEach((part: { dispose(): void }) => part.dispose());
  return { networks, optimizers, state, inputs, images: {}, options, phase: '', parts: 1, labels: null, dispose };
}

/** Takes a step with the images and, where there is a penalty, the shares of the goldens. */
async function take(run: Run, step: number): Promise<Losses> {
  const { inputs } = run;
  cyclegan.prepare!({ ...run, step, epoch: 0, seed, batch });
  for (const side of ['A', 'B'] as const) inputs[`shares${side}`]?.write(generate(golden.shares[step]![side]));
  const given = golden.images[step % golden.images.length]!;
  const images = { a: upload(given.a), b: upload(given.b) };
  const losses = gpu.scope(() => trainCycleGAN({ ...run, images }));
  const numbers: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(losses)) {
    numbers[name] = (await tensor.data())[0]!;
    tensor.dispose();
  }
  for (const image of Object.values(images)) image.dispose();
  return numbers;
}

test("networks have PyTorch's parameters, by number and by name", () => {
  for (const [options, counts] of [
    [optionsOf('lsgan'), golden.counts.small],
    [cyclegan.complete!({ ...optionsOf('lsgan', 256), ngf: 64, ndf: 64, blocks: undefined }), golden.counts.papers],
  ] as const) {
    const built = Object.entries(cyclegan.networks(options, {})).map(([name, architecture]) => [name, buildNetwork(architecture)] as const);
    assert.equal(
      built.map(([name]) => name),
      ['generatorA', 'generatorB', 'discriminatorA', 'discriminatorB'],
    );
    for (const [name, network] of built)
      assert.is(network.parameterCount, counts[name.startsWith('generator') ? 'generator' : 'discriminator'], name);
  }
  const run = start('lsgan');
  for (const [reference, ours] of Object.entries(REFERENCE))
    assert.equal([...run.networks[ours].namedParameters().keys()], golden.names[reference.startsWith('G') ? 'generator' : 'discriminator']);
  run.dispose();
});

test("what the generators make is PyTorch's within 1e-4", async () => {
  const run = start('lsgan');
  const { generatorA, generatorB } = run.networks;
  const [a, b] = [upload(golden.images[0]!.a), upload(golden.images[0]!.b)];
  const made = gpu.scope(() => {
    const mode = { training: true };
    const [fakeB, fakeA] = [generatorA.forward(a, mode), generatorB.forward(b, mode)];
    return { fakeB, againA: generatorB.forward(fakeB, mode), fakeA, againB: generatorA.forward(fakeA, mode) };
  });
  for (const summary of golden.cases[0]!.made as ArraySummary[])
    assertMatchesSummary(await made[summary.name as keyof typeof made].data(), summary, { relative: 1e-4 });
  for (const tensor of [a, b, ...Object.values(made)]) tensor.dispose();
  run.dispose();
});

for (const each of golden.cases) {
  const mode = each.ganMode as ObjectiveName;

  test(`${mode}: every gradient of the first step is PyTorch's within 1e-3`, async () => {
    const run = start(mode);
    await take(run, 0);
    const gradients = each.gradients as ArraySummary[];
    assert.is(
      gradients.length,
      Object.values(run.networks).reduce((sum: number, network: Network) => sum + network.namedParameters().size, 0),
    );
    const largest = Math.max(...gradients.map(({ l2 }) => l2));
    for (const summary of gradients) {
      const [, reference, name] = /^(..?.)\.(.*)$/.exec(summary.name)!;
      const gradient = await run.networks[REFERENCE[reference!]!].namedParameters().get(name!)!.grad!.data();
      // An instance norm takes the bias before it away again: what is left is rounding.
      if (summary.l2 < 1e-12) assert.ok(Math.hypot(...gradient) < 1e-5 * largest, `${summary.name}: ${Math.hypot(...gradient)}`);
      else assertMatchesSummary(gradient, summary, { relative: 1e-3 });
    }
    run.dispose();
  });

  test(`${mode}: ${each.losses.length} steps have PyTorch's losses, and leave its pools`, async () => {
    const run = start(mode);
    for (const [step, expected] of (each.losses as Losses[]).entries()) {
      const losses = await take(run, step);
      for (const side of ['A', 'B'] as const)
        assert.equal([...(await run.inputs[`draws${side}`]!.ints())], each.draws[side][step]!.flat(), `draws of step ${step}`);
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort());
      for (const [name, loss] of Object.entries(losses)) {
        // After some steps what rounding does has grown: twice as much as it does to PyTorch is allowed.
        const relative = step < 5 ? 1e-4 : Math.max(1e-4, 2 * (each.spread as Losses)[name]!);
        assertClose([loss], [expected[name]!], { relative, label: `${name} of step ${step}` });
      }
    }
    for (const side of ['A', 'B'] as const)
      assertMatchesSummary(await run.state[`pool${side}`]!.data(), each.pools[side], {
        relative: Math.max(1e-4, 2 * each.pools[side].spread),
      });
    run.dispose();
  });
}

test.run();
