import type { WeightFile } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { elementCount, formatShape } from '../../tensor/shape.js';
import { architectureOf, completeArchitecture, type TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { checkpointBlocks } from '../../training/checkpoint-tensors.js';
import { encodeCheckpointTensors } from '../../training/checkpoint.js';
import type { Pix2Pix } from '../../training/pix2pix-step.js';
import { placeStepCounts, strangeNames } from '../../training/step-counts.js';
import { checkpointInfo, checkpointNetworks, checkpointTensors } from './checkpoint-file.js';
import { fitNetwork } from './fit-network.js';
import { buildNetwork } from '../../models/registry.js';
import type { NetworkTensor, NetworkWeights } from './network-weights.js';

/** The moments that Adam keeps of a network: a tensor for each trainable parameter, by its name and in this library's layout. */
export interface AdamMoments {
  /** The means of the gradients. */
  readonly first: ReadonlyMap<string, NetworkTensor>;
  /** The means of their squares. */
  readonly second: ReadonlyMap<string, NetworkTensor>;
}

/** A training run as it was saved: all that it takes to go on. Numbers are read on demand. */
export interface TrainingRun {
  /** How far it has come, its options, and the steps that each Adam has taken. */
  readonly info: TrainingCheckpoint;
  /** The weights of the generator. */
  readonly generator: NetworkWeights;
  /** The weights of the discriminator. */
  readonly discriminator: NetworkWeights;
  /** The moments of the generator's Adam. */
  readonly generatorOptimizer: AdamMoments;
  /** The moments of the discriminator's Adam. */
  readonly discriminatorOptimizer: AdamMoments;
}

export const ROLES = ['generator', 'discriminator'] as const;

/**
 * The run of a training checkpoint of this library.
 *
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED; WEIGHTS_MISMATCH for a generator saved alone
 */
export function checkpointRun(file: WeightFile): TrainingRun {
  const info = checkpointInfo(file);
  const networks = checkpointNetworks(file);
  const [generator, discriminator] = ROLES.map((role) => networks.find((network) => network.role === role)?.weights);
  if (!generator || !discriminator) throw noRun(file.name, 'a generator alone, saved to translate with');
  const moments = (role: (typeof ROLES)[number], { architecture }: NetworkWeights): AdamMoments => {
    const read = (moment: string) =>
      trainable(fitNetwork(architecture, checkpointTensors(file, `${role}Optimizer.${moment}.`), 'shadegrad', file.name));
    return { first: read('firstMoment'), second: read('secondMoment') };
  };
  return {
    info,
    generator,
    discriminator,
    generatorOptimizer: moments('generator', generator),
    discriminatorOptimizer: moments('discriminator', discriminator),
  };
}

/** The error for a file that no training can go on from. @param received what the file has instead */
export function noRun(label: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_MISMATCH', `${label} holds no training run`, {
    expected: 'a generator, a discriminator, and the state of an Adam for each',
    received,
    fix: 'name a checkpoint.safetensors of shadegrad, or a .pth with the state_dict() of both networks and both torch.optim.Adam',
  });
}

function trainable({ architecture, tensors }: NetworkWeights): Map<string, NetworkTensor> {
  return new Map(trainableNames(architecture).map((name) => [name, tensors.get(name)!]));
}

/** In the order of declaration, which is that of PyTorch's parameters(). */
export function trainableNames(architecture: NetworkWeights['architecture']): string[] {
  return [...buildNetwork(architecture).namedTensors()].filter(([, { trainable: trained }]) => trained).map(([name]) => name);
}

/** Every tensor of a run under its name in a checkpoint; in the order of the file. */
function* runTensors(run: TrainingRun): Generator<[name: string, tensor: NetworkTensor]> {
  for (const role of ROLES) {
    const { architecture, tensors } = run[role];
    const parameters = trainableNames(architecture);
    const buffers = [...tensors.keys()].filter((name) => !parameters.includes(name));
    for (const name of [...parameters, ...buffers]) yield [`${role}.${name}`, tensors.get(name)!];
  }
  for (const role of ROLES) {
    const { first, second } = run[`${role}Optimizer`];
    for (const [name, tensor] of first) yield [`${role}Optimizer.firstMoment.${name}`, tensor];
    for (const [name, tensor] of second) yield [`${role}Optimizer.secondMoment.${name}`, tensor];
  }
}

/** Bytes of all its numbers. */
export function runSize(run: TrainingRun): number {
  return 4 * [...runTensors(run)].reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
}

/**
 * Encodes a run as a training checkpoint, as training itself writes it; a tensor at a time.
 *
 * @throws DIVERGED, in place of further pieces, for numbers that are not finite; what reading the tensors throws
 */
export function encodeRunCheckpoint(run: TrainingRun): AsyncGenerator<Uint8Array> {
  const tensors = [...runTensors(run)];
  const contents = async function* (): AsyncGenerator<Float32Array> {
    for (const [, tensor] of tensors) yield await tensor.read();
  };
  return encodeCheckpointTensors(
    run.info,
    tensors.map(([name, { shape }]) => ({ name, shape })),
    contents(),
  );
}

/**
 * Names of the tensors that differ between two runs by a bit; a NaN equals itself.
 *
 * @throws what reading the tensors throws
 */
export async function differingTensors(a: TrainingRun, b: TrainingRun): Promise<string[]> {
  const others = new Map(runTensors(b));
  const differing: string[] = [];
  for (const [name, tensor] of runTensors(a)) {
    const other = others.get(name);
    others.delete(name);
    if (!other || !sameBits(await tensor.read(), await other.read())) differing.push(name);
  }
  return [...differing, ...others.keys()];
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]!));
}

/** Uploads between two waits for the device, in bytes: the driver keeps a copy of what it has not yet uploaded. */
const UNSYNCHRONISED_BYTES = 32 * 1024 * 1024;

/**
 * Puts a run's state into networks and optimisers that are on a device, Adam's step counts included; or, of networks
 * without optimisers, the weights that there are.
 *
 * @param run without optimisers or discriminator, what is missing stays as it is
 * @param label names the file in errors
 * @throws WEIGHTS_MISMATCH when the networks are others, before anything is written; and what reading the tensors throws
 */
export async function placeRun(
  target: Pix2Pix,
  run: TrainingRun | (Pick<TrainingRun, 'generator'> & Partial<Pick<TrainingRun, 'discriminator'>>),
  label: string,
): Promise<void> {
  checkArchitecture(target, run, label);
  const complete = 'info' in run ? run : null;
  for (const role of ROLES) {
    const [strange] = strangeNames(target[`${role}Optimizer`], complete?.info[`${role}StepCounts`]);
    if (strange !== undefined) throw mismatch(label, `step counts of the ${role}'s parameters`, `one of ${quoteName(strange)}`);
  }
  const tensors = new Map<string, NetworkTensor>();
  if (complete) for (const [name, tensor] of runTensors(complete)) tensors.set(name, tensor);
  else for (const role of ROLES) for (const [name, tensor] of run[role]?.tensors ?? []) tensors.set(`${role}.${name}`, tensor);

  const { gpu } = target.generator.memory;
  let unsynchronised = 0;
  for (const { name, shape, storage, offset } of checkpointBlocks(target).flat()) {
    const tensor = tensors.get(name);
    if (!tensor) continue;
    const values = await tensor.read();
    if (values.length !== elementCount(shape))
      throw mismatch(label, `"${name}": ${elementCount(shape)} numbers for shape ${formatShape(shape)}`, `${values.length}`);
    gpu.write(storage, offset * 4, values);
    unsynchronised += values.byteLength;
    if (unsynchronised < UNSYNCHRONISED_BYTES) continue;
    await gpu.sync();
    unsynchronised = 0;
  }
  await gpu.sync();
  if (!complete) return;
  const { info } = complete;
  placeStepCounts(target.generatorOptimizer, info.generatorSteps, info.generatorStepCounts);
  placeStepCounts(target.discriminatorOptimizer, info.discriminatorSteps, info.discriminatorStepCounts);
}

function checkArchitecture(target: Pix2Pix, run: { generator: NetworkWeights; discriminator?: NetworkWeights }, label: string): void {
  const theirs = completeArchitecture(runArchitecture(run));
  const ours = completeArchitecture(architectureOf(target));
  for (const role of ROLES) {
    if (!theirs[role]) continue;
    // Where dropout sits is no matter of the weights.
    const differing = Object.entries(ours[role]!).filter(
      ([name, value]) => name !== 'dropoutBlocks' && (theirs[role] as Readonly<Record<string, unknown>>)[name] !== value,
    );
    if (differing.length === 0) continue;
    const list = (values: object): string =>
      differing.map(([name]) => `${name} ${String((values as Record<string, unknown>)[name])}`).join(', ');
    throw mismatch(label, `a ${role} of ${list(ours[role]!)}`, list(theirs[role]));
  }
}

function mismatch(label: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_MISMATCH', `${label} is of other networks`, {
    expected,
    received,
    fix: 'build the networks with the options of the file (received above); the train program takes them from --from by itself',
  });
}

/** What a checkpoint says of networks. */
export function runArchitecture({
  generator,
  discriminator,
}: {
  generator: NetworkWeights;
  discriminator?: NetworkWeights;
}): ReturnType<typeof architectureOf> {
  const build = ({ architecture }: NetworkWeights) => buildNetwork(architecture);
  return architectureOf({ generator: build(generator), ...(discriminator && { discriminator: build(discriminator) }) } as Parameters<
    typeof architectureOf
  >[0]);
}
