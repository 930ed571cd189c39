import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, grad } from '../../src/autograd/backward.js';
import * as ops from '../../src/autograd/ops.js';
import { constant } from '../../src/nn/initializers.js';
import { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/gradient_penalty.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, assertCloseInNorm, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

// Training with a gradient penalty (WGAN-GP), which differentiates gradients of every layer of a critic, beside PyTorch.

const gpu = await testGpu();
const { add, leakyRelu, mean, mul, square, sub, sum } = ops;
const SLOPE = 0.2;

type Parameters = Readonly<Record<string, Tensor>>;

/** As scripts/goldens/gradient_penalty.py has them. */
const critics: Record<string, (x: Tensor, p: Parameters) => Tensor> = {
  instanceNorm: (x, { w1, gamma, beta, w2 }) => {
    const hidden = ops.instanceNorm(ops.conv2d(x, w1!, null, { stride: 2, padding: 1 }), { gamma, beta });
    return ops.conv2d(leakyRelu(hidden, SLOPE), w2!, null, { padding: 1 });
  },
  batchNorm: (x, { w1, gamma, beta, w2 }) => {
    const hidden = ops.batchNorm(ops.conv2d(x, w1!, null, { stride: 2, padding: 1 }), gamma!, beta!);
    return ops.conv2d(leakyRelu(hidden, SLOPE), w2!, null, { padding: 1 });
  },
  groupNorm: (x, { w1, b1, gamma, beta, w2, b2, gamma2, beta2, w3 }) => {
    const hidden = leakyRelu(ops.groupNorm(ops.conv2d(x, w1!, b1!, { stride: 2, padding: 1 }), 2, { gamma, beta }), SLOPE);
    const narrow = ops.layerNorm(ops.linear(hidden.reshape([x.shape[0]!, w2!.shape[0]!]), w2!, b2!), [6], { gamma: gamma2, beta: beta2 });
    return ops.linear(leakyRelu(narrow, SLOPE), w3!, null);
  },
};

interface Case {
  readonly name: string;
  readonly images: Readonly<Record<'real' | 'fake' | 'mix', GeneratedArray>>;
  readonly parameters: Readonly<Record<string, GeneratedArray>>;
  readonly expected: { losses: number[]; gradients: Record<string, StoredArray>; trained: Record<string, StoredArray> };
}

class Critic extends Module {
  readonly tensors: Parameters;

  constructor(readonly described: Case['parameters']) {
    super();
    const parameters = Object.entries(described).map(([name, { shape }]) => [name, this.parameter(name, shape, constant(0))] as const);
    this.to(gpu);
    this.tensors = Object.fromEntries(parameters.map(([name, { value }]) => [name, value]));
    for (const [name, each] of Object.entries(described)) this.tensors[name]!.write(generate(each));
  }
}

/** One step of the critic: its loss. */
function step({ name }: Case, critic: Critic, adam: Adam, { real, fake, mix }: Record<'real' | 'fake' | 'mix', Tensor>): Tensor {
  const verdict = (x: Tensor): Tensor => critics[name]!(x, critic.tensors);
  return gpu.scope(() => {
    adam.zeroGrad();
    const between = add(mul(mix, real), mul(sub(1, mix), fake)).detach();
    between.requiresGrad = true;
    const [slope] = grad(sum(verdict(between)), [between], { createGraph: true });
    const penalty = mean(square(sub(ops.sqrt(sum(square(slope!), { axes: [1, 2, 3] })), 1)));
    const loss = add(sub(mean(verdict(fake)), mean(verdict(real))), mul(penalty, 10));
    backward(loss);
    adam.step();
    return loss;
  });
}

interface Run {
  readonly losses: number[];
  /** Gradients of the first step and parameters after the last, by name. */
  readonly gradients: Record<string, Float32Array>;
  readonly trained: Record<string, Float32Array>;
}

async function train(each: Case, replayed: boolean): Promise<Run> {
  const critic = new Critic(each.parameters);
  const adam = new Adam(critic, { ...golden.adam, betas: golden.adam.betas as [number, number] });
  const images = Object.fromEntries(
    Object.entries(each.images).map(([name, described]) => [name, Tensor.from(gpu, generate(described), described.shape)]),
  ) as Record<'real' | 'fake' | 'mix', Tensor>;
  const run = (): Tensor => step(each, critic, adam, images);
  const recorded = replayed ? await gpu.record(run) : null;
  const read = async (of: (tensor: Tensor) => Tensor): Promise<Record<string, Float32Array>> =>
    Object.fromEntries(
      await Promise.all(Object.entries(critic.tensors).map(async ([name, tensor]) => [name, await of(tensor).data()] as const)),
    );
  const losses: number[] = [];
  let gradients: Record<string, Float32Array> = {};
  for (let count = 0; count < each.expected.losses.length; count++) {
    recorded?.recording.run();
    const loss = recorded?.result ?? run();
    losses.push(await loss.item());
    if (count === 0) gradients = await read((tensor) => tensor.grad!);
    if (!recorded) loss.dispose();
  }
  const trained = await read((tensor) => tensor);
  recorded?.recording.destroy();
  adam.dispose();
  critic.dispose();
  for (const tensor of Object.values(images)) tensor.dispose();
  return { losses, gradients, trained };
}

for (const each of golden.cases as unknown as Case[]) {
  test(`${each.name} with a gradient penalty trains as in PyTorch; eager, recorded and replayed to the bit`, async () => {
    const eager = await train(each, false);
    const { losses, gradients, trained } = each.expected;
    assertClose(eager.losses, losses, { relative: 1e-4, label: 'losses' });
    for (const [name, described] of Object.entries(each.parameters)) {
      assertCloseInNorm(eager.gradients[name]!, float32(gradients[name]!), { relative: 1e-4, label: `gradient of ${name}` });
      const [before, expected] = [generate(described), float32(trained[name]!)];
      const moved = (after: Float32Array): Float32Array => after.map((value, i) => value - before[i]!);
      assertCloseInNorm(moved(eager.trained[name]!), moved(expected), { relative: 1e-3, label: `way of ${name}` });
    }
    assert.equal(await train(each, true), eager);
  });
}

test.run();
