// first driver only: on SwiftShader it would take minutes; the networks are compared with PyTorch there, and steps of CycleGAN
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Network } from '../../src/models/kind.js';
import { withLabels } from '../../src/models/labels.js';
import { buildNetwork } from '../../src/models/registry.js';
import { toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { findScheme } from '../../src/schemes/registry.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { Networks, StepContext, TrainingScheme } from '../../src/training/scheme.js';
import { completeOptions } from '../../src/training/trainer-options.js';
import golden from '../goldens/noise_gans.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fillByFormula } from '../harness/weights.js';

// Steps of DCGAN, GAN and conditional GAN beside PyTorch's, which scripts/goldens/noise_gans.py takes. Dropout is off: its masks are
// random.

const gpu = await testGpu();
const { batch, nz, labels, units, width } = golden;

type Case = (typeof golden.cases)[number];
type Losses = Readonly<Record<string, number>>;

const upload = (array: GeneratedArray): Tensor => Tensor.from(gpu, generate(array), array.shape, array.name).keep();
const oneHot = (classes: readonly number[]): Float32Array =>
  Float32Array.from({ length: classes.length * labels }, (_, at) => Number(classes[Math.floor(at / labels)] === at % labels));

interface Run {
  readonly scheme: TrainingScheme;
  readonly context: StepContext;
  readonly learningRate: number;
  dispose(): void;
}

/** A training with the weights of the goldens. */
async function start(each: Case): Promise<Run> {
  const scheme = findScheme(each.scheme)!;
  const { size, channels } = each;
  const given = {
    ...{ size, nz, ngf: width, ndf: width },
    ...(each.scheme !== 'dcgan' && { channels, units, architecture: each.architecture, optimizer: each.optimizer, dropout: false }),
    ...(each.ganMode && { ganMode: each.ganMode }),
  };
  const options = completeOptions(scheme, given);
  const names = Array.from({ length: labels }, (_, label) => String(label));
  const networks: Networks = Object.fromEntries(
    Object.entries(scheme.networks(options, {}, scheme.labelled ? { names, exclusive: true } : undefined)).map(([name, architecture]) => [
      name,
      buildNetwork(architecture).to(gpu, { seed: 1 }),
    ]),
  );
  for (const network of Object.values(networks)) await fillByFormula(network);
  const learningRate = golden.rates[each.optimizer === 'sgd' ? 'sgd' : 'adam'];
  const optimizers = Object.fromEntries(
    Object.entries(scheme.optimizers).map(([name, { network, create }]) => [
      name,
      create(networks[network]!, { ...options, learningRate }),
    ]),
  );
  const inputs = scheme.inputs!(gpu, { ...options, batch });
  const classes = scheme.labelled ? Tensor.from(gpu, new Float32Array(batch * labels), [batch, labels], 'labels').keep() : null;
  const parts: { dispose(): void }[] = [...Object.values(optimizers), ...Object.values(networks), ...Object.values(inputs)];
  if (classes) parts.push(classes);
  return {
    scheme,
    context: { networks, optimizers, state: {}, inputs, images: {}, options, phase: '', parts: 1, labels: classes },
    learningRate,
    dispose: () => parts.forEach((part) => part.dispose()),
  };
}

/** Takes a step with the images, the random numbers and the labels of the goldens. */
async function take({ scheme, context, learningRate }: Run, each: Case, step: number): Promise<Losses> {
  const { inputs, labels: classes, networks, optimizers, options } = context;
  scheme.prepare!({ step, epoch: 0, seed: 1, batch, inputs, networks, optimizers, options });
  const usual = learningRate;
  const rate = scheme.schedule?.({ step, base: learningRate, usual, totalSteps: null, options }) ?? usual;
  assert.ok(Math.abs(rate / learningRate - 1) < 1e-3, 'the rate of PyTorch stays as it is');
  inputs.noise!.write(generate(each.noise[step]!));
  inputs.shares?.write(generate(each.shares![step]!));
  inputs.wanted?.write(Int32Array.from(golden.wanted[step]!));
  classes?.write(oneHot(golden.classes[step % golden.classes.length]!));
  const real = upload(each.images[step % each.images.length]!);
  const losses = gpu.scope(() => scheme.step({ ...context, images: { real } }));
  const numbers: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(losses)) {
    numbers[name] = (await tensor.data())[0]!;
    tensor.dispose();
  }
  real.dispose();
  return numbers;
}

for (const each of golden.cases) {
  test(`${each.name}: what the generator makes of the first random numbers is PyTorch's within 1e-4`, async () => {
    const run = await start(each);
    const noise = upload(each.noise[0]!);
    const wanted = golden.wanted[0]!.map((image) => golden.classes[0]![image]!);
    const made = gpu.scope(() => {
      const given = run.scheme.labelled ? withClasses(noise, wanted) : noise;
      return run.context.networks.generator!.forward(given, { training: true, dropout: false });
    });
    assertMatchesSummary(await made.data(), each.made as ArraySummary, { relative: 1e-4 });
    for (const part of [noise, made, run]) part.dispose();
  });

  test(`${each.name}: every gradient of the first step is PyTorch's within 1e-3`, async () => {
    const run = await start(each);
    await take(run, each, 0);
    for (const [name, network] of Object.entries<Network>(run.context.networks)) {
      const summaries = each.gradients[name as keyof typeof each.gradients] as unknown as Record<string, ArraySummary>;
      const parameters = [...network.namedTensors()].filter(([, { trainable }]) => trainable);
      assert.equal(parameters.map(([parameter]) => parameter).sort(), Object.keys(summaries).sort());
      for (const [parameter, { value, shape, pytorchAxes }] of parameters) {
        const gradient = toReferenceLayout(await value.grad!.data(), shape, pytorchAxes);
        assertMatchesSummary(gradient, summaries[parameter]!, { relative: 1e-3, label: `${name}.${parameter}` });
      }
    }
    run.dispose();
  });

  test(`${each.name}: ${each.steps} steps have PyTorch's losses`, async () => {
    const run = await start(each);
    for (const [step, expected] of (each.losses as Losses[]).entries()) {
      const losses = await take(run, each, step);
      assert.equal(Object.keys(losses).sort(), Object.keys(expected).sort());
      for (const [name, loss] of Object.entries(losses)) {
        const relative = step < 5 ? 1e-4 : Math.max(1e-4, 2 * (each.spread as Losses)[name]!);
        assertClose([loss], [expected[name]!], { relative, label: `${name} of step ${step}` });
      }
    }
    run.dispose();
  });
}

/** Random numbers with the labels of classes behind them. */
function withClasses(noise: Tensor, classes: readonly number[]): Tensor {
  return withLabels(noise, Tensor.from(gpu, oneHot(classes), [batch, labels], 'classes'));
}

test.run();
