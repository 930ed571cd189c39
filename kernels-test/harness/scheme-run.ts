import type { Gpu } from '../../src/gpu/gpu.js';
import type { Network } from '../../src/models/kind.js';
import { buildNetwork } from '../../src/models/registry.js';
import type { Architectures, Networks, StepContext, TrainingScheme } from '../../src/training/scheme.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { generate, type GeneratedArray } from './deterministic.js';

/** What the steps of a scheme work with, outside a Trainer. */
export type SchemeRun = StepContext & { dispose(): void };

/** Builds the networks and optimisers of a scheme, and what it keeps and draws. */
export function startScheme(
  gpu: Gpu,
  scheme: TrainingScheme,
  options: object,
  { batch = 1, learningRate = 2e-4, given = {} }: { batch?: number; learningRate?: number; given?: Partial<Architectures<Networks>> } = {},
): SchemeRun {
  const networks: Record<string, Network> = {};
  for (const [name, architecture] of Object.entries(scheme.networks(options, given)))
    networks[name] = buildNetwork(architecture).to(gpu, { seed: 1 });
  const optimizers = Object.fromEntries(
    Object.entries(scheme.optimizers).map(([name, { network, create }]) => [
      name,
      create(networks[network]!, { ...options, learningRate }),
    ]),
  );
  const state = scheme.state?.(gpu, { ...options, batch }, networks) ?? {};
  const inputs = scheme.inputs?.(gpu, { ...options, batch }) ?? {};
  const parts = [optimizers, networks, state, inputs].flatMap((each) => Object.values<{ dispose(): void }>(each));
  const dispose = (): void => parts.forEach((part) => part.dispose());
  return { networks, optimizers, state, inputs, images: {}, options, phase: '', parts: 1, labels: null, dispose };
}

/** Takes a step on images of the formula. @returns its losses */
export async function takeStep(
  gpu: Gpu,
  scheme: TrainingScheme,
  run: SchemeRun,
  images: Readonly<Record<string, GeneratedArray>>,
): Promise<Record<string, number>> {
  const given = Object.fromEntries(Object.entries(images).map(([name, array]) => [name, Tensor.from(gpu, generate(array), array.shape)]));
  const losses = gpu.scope(() => scheme.step({ ...run, images: given }));
  const numbers: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(losses)) {
    numbers[name] = (await tensor.data())[0]!;
    tensor.dispose();
  }
  for (const image of Object.values(given)) image.dispose();
  return numbers;
}
