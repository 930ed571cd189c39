import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { withLabels } from '../../src/models/labels.js';
import { buildNetwork } from '../../src/models/registry.js';
import type { Network } from '../../src/models/kind.js';
import { gradientPenalty } from '../../src/schemes/objectives.js';
import { stargan } from '../../src/schemes/stargan.js';
import { trainStarGAN, type StarGANNetworks, type StarGANOptions } from '../../src/schemes/stargan-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { StepContext } from '../../src/training/scheme.js';
import golden from '../goldens/stargan.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

// Steps of StarGAN beside PyTorch's, which scripts/goldens/stargan.py takes.

const gpu = await testGpu();
const { batch, learningRate, labelCount } = golden;

type Losses = Readonly<Record<string, number>>;
type Case = (typeof golden.cases)[number];

const labelling = { names: Array.from({ length: labelCount }, (_, index) => String(index)), exclusive: true };
const optionsOf = (each: Pick<Case, 'labelLoss' | 'nCritic'>): StarGANOptions =>
  stargan.complete!({ ...golden.options, decay: 'linear', mirror: false, ...(each as Pick<StarGANOptions, 'labelLoss' | 'nCritic'>) });

const upload = (array: GeneratedArray): Tensor => Tensor.from(gpu, generate(array), array.shape, array.name).keep();

/** The networks with the weights of the goldens. */
function build(options: StarGANOptions): StarGANNetworks {
  const entries = Object.entries(stargan.networks(options, {}, labelling)).map(([name, architecture]) => {
    const network = buildNetwork(architecture).to(gpu, { seed: 1 });
    const described = golden.parameters[name as keyof StarGANNetworks] as Record<string, GeneratedArray>;
    assert.equal([...network.namedParameters().keys()], Object.keys(described), `names of the ${name}`);
    for (const [parameter, tensor] of network.namedParameters()) tensor.write(generate(described[parameter]!));
    return [name, network];
  });
  return Object.fromEntries(entries) as StarGANNetworks;
}

type Run = Omit<StepContext<StarGANOptions, StarGANNetworks>, 'images' | 'labels' | 'phase'> & { dispose(): void };

function start(each: Case): Run {
  const options = optionsOf(each);
  const networks = build(options);
  const optimizers = Object.fromEntries(
    Object.entries(stargan.optimizers).map(([name, { network, create }]) => [
      name,
      create((networks as Record<string, Network>)[network]!, { ...options, learningRate }),
    ]),
  );
  const inputs = stargan.inputs!(gpu, { ...options, batch });
  const parts = [...Object.values(optimizers), ...Object.values(networks), ...Object.values(inputs)] as { dispose(): void }[];
  return { networks, optimizers, state: {}, inputs, options, parts: 1, dispose: () => parts.forEach((part) => part.dispose()) };
}

const labelsOf = (each: Case, step: number): Tensor =>
  Tensor.from(gpu, each.labels[step % each.labels.length]!.flat(), [batch, labelCount]).keep();

/** Takes a step with the images, labels and random numbers of the goldens. */
async function take(run: Run, each: Case, step: number): Promise<Losses> {
  const { inputs, options } = run;
  inputs.targets!.write(Int32Array.from(golden.orders[step]!));
  inputs.shares!.write(generate(golden.shares[step]!));
  const [real, labels] = [upload(golden.images[step % golden.images.length]!), labelsOf(each, step)];
  const losses = gpu.scope(() => trainStarGAN({ ...run, images: { real }, labels, phase: stargan.phase!(step, options) }));
  const numbers: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(losses)) {
    numbers[name] = (await tensor.data())[0]!;
    tensor.dispose();
  }
  for (const tensor of [real, labels]) tensor.dispose();
  return numbers;
}

async function compareGradients(networks: StarGANNetworks, summaries: readonly ArraySummary[]): Promise<void> {
  for (const summary of summaries) {
    const [, network, name] = /^(\w+)\.(.*)$/.exec(summary.name)!;
    const gradient = (networks as Record<string, Network>)[network!]!.namedParameters().get(name!)!.grad;
    // Biases and the head of the labels have no part in a gradient penalty.
    if (!gradient) assert.is(summary.l2, 0, summary.name);
    else assertMatchesSummary(await gradient.data(), summary, { relative: 1e-3 });
  }
}

test("networks have PyTorch's parameters, by number and by name", () => {
  const papers = { size: 128, ngf: 64, ndf: 64, blocks: 6, layers: undefined };
  for (const [options, counts, labels] of [
    [optionsOf(golden.cases[0]!), golden.counts.small, labelling],
    [stargan.complete!({ ...optionsOf(golden.cases[0]!), ...papers } as never), golden.counts.papers, undefined],
  ] as const)
    for (const [name, architecture] of Object.entries(stargan.networks(options, {}, labels)))
      assert.is(buildNetwork(architecture).parameterCount, counts[name as keyof StarGANNetworks], name);
});

test("the gradient penalty of a discriminator and its gradients are PyTorch's, which are those of the closed form", async () => {
  const networks = build(optionsOf(golden.cases[0]!));
  const { discriminator } = networks;
  const [real, fake, shares] = [upload(golden.images[0]!), upload(golden.images[1]!), upload(golden.shares[0]!)];
  const penalty = gpu.scope(() => {
    const value = gradientPenalty((x) => discriminator.forward(x), real, fake, shares);
    backward(value);
    return value;
  });
  assertClose([(await penalty.data())[0]!], [golden.penalty.value], { relative: 1e-5, label: 'penalty' });
  await compareGradients(networks, golden.penalty.gradients as ArraySummary[]);
  for (const part of [real, fake, shares, penalty, ...Object.values(networks)]) part.dispose();
});

for (const each of golden.cases) {
  test(`${each.labelLoss}: images, and every gradient when both networks learn, are PyTorch's within 1e-4 and 1e-3`, async () => {
    const run = start(each);
    const step = each.nCritic - 1;
    for (let before = 0; before < step; before++) await take(run, each, before);
    // The generator has learned nothing yet: what it makes now is what it makes in the step.
    const { generator } = run.networks;
    const [real, own] = [upload(golden.images[step]!), labelsOf(each, step)];
    const rows = golden.orders[step]!.map((image) => each.labels[step]![image]!);
    const made = gpu.scope(() => {
      const there = generator.forward(withLabels(real, Tensor.from(gpu, rows.flat(), [batch, labelCount])));
      return { made: there, again: generator.forward(withLabels(there, own)) };
    });
    for (const summary of each.made as ArraySummary[])
      assertMatchesSummary(await made[summary.name as keyof typeof made].data(), summary, { relative: 1e-4 });
    for (const tensor of [real, own, ...Object.values(made)]) tensor.dispose();

    await take(run, each, step);
    const gradients = each.gradients as ArraySummary[];
    assert.is(
      gradients.length,
      Object.values(run.networks).reduce((sum: number, network: Network) => sum + network.namedParameters().size, 0),
    );
    await compareGradients(run.networks, gradients);
    run.dispose();
  });

  test(`${each.labelLoss}: ${each.losses.length} steps have PyTorch's losses`, async () => {
    const run = start(each);
    for (const [step, expected] of (each.losses as Losses[]).entries()) {
      const losses = await take(run, each, step);
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort(), `step ${step}`);
      for (const [name, loss] of Object.entries(losses)) {
        // After some steps what rounding does has grown: twice as much as it does to PyTorch is allowed.
        const relative = step < 5 ? 1e-4 : Math.max(1e-4, 2 * (each.spread as Losses)[name]!);
        assertClose([loss], [expected[name]!], { relative, label: `${name} of step ${step}` });
      }
    }
    run.dispose();
  });
}

test.run();
