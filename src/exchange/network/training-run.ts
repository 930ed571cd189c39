import { UploadPace } from '../../gpu/upload-pace.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { NetworkArchitecture } from '../../models/kind.js';
import { architectureOf, buildNetwork } from '../../models/registry.js';
import { elementCount, formatShape, sameShape } from '../../tensor/shape.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { checkpointBlocks, deviceOf, STATE_PREFIX, type CheckpointTarget } from '../../training/checkpoint-tensors.js';
import { encodeCheckpointTensors } from '../../training/checkpoint.js';
import { placeStepCounts, strangeNames } from '../../training/step-counts.js';
import { checkedTensor } from './checked-tensor.js';
import { checkpointInfo, checkpointNetworks, checkpointTensors } from './checkpoint-file.js';
import { fitNetwork } from './fit-network.js';
import type { NetworkTensor, NetworkWeights } from './network-weights.js';

/** What an optimiser keeps: for each kind of state, such as 'firstMoment', a tensor for each parameter, in this library's layout. */
export type OptimizerWeights = ReadonlyMap<string, ReadonlyMap<string, NetworkTensor>>;

/** A training run as it was saved: all that it takes to go on. Numbers are read on demand. */
export interface TrainingRun {
  /** How far it has come, its scheme and options, and the steps that each optimiser has taken. */
  readonly info: TrainingCheckpoint;
  /** The weights of the networks by name, in the order of a checkpoint. */
  readonly networks: ReadonlyMap<string, NetworkWeights>;
  /** The state of the optimisers by name, in the order of a checkpoint. */
  readonly optimizers: ReadonlyMap<string, OptimizerWeights>;
  /** What the scheme keeps beside its networks, by name. */
  readonly state: ReadonlyMap<string, NetworkTensor>;
}

/** Networks by name, without optimisers: what else a run can begin with. */
export type NetworksAlone = Pick<TrainingRun, 'networks'>;

/**
 * The run of a training checkpoint of this library.
 *
 * @throws WEIGHTS_CORRUPT, WEIGHTS_UNSUPPORTED; WEIGHTS_MISMATCH for networks saved alone
 */
export function checkpointRun(file: WeightFile): TrainingRun {
  const info = checkpointInfo(file);
  const networks = new Map(checkpointNetworks(file).map(({ name, weights }) => [name, weights]));
  if (Object.keys(info.optimizers).length === 0) {
    throw noRun(file.name, `${[...networks.keys()].join(' and ')} alone, saved without optimisers`);
  }
  const optimizers = new Map(
    Object.entries(info.optimizers).map(([name, { network }]) => [name, optimizerTensors(file, name, networks.get(network))]),
  );
  const state = new Map([...checkpointTensors(file, `${STATE_PREFIX}.`)].map(([name, tensor]) => [name, checkedTensor(tensor, file.name)]));
  return { info, networks, optimizers, state };
}

/** @throws WEIGHTS_CORRUPT for an optimiser of no network; WEIGHTS_MISMATCH for one of other parameters than its network has */
function optimizerTensors(file: WeightFile, optimizer: string, network: NetworkWeights | undefined): OptimizerWeights {
  if (!network) {
    throw new ShadegradError('WEIGHTS_CORRUPT', `${file.name}: ${quoteName(optimizer)} trains no network of the file`, {
      expected: 'the name of one of its networks',
      fix: 'use an earlier checkpoint',
    });
  }
  const kinds = new Map<string, Map<string, StoredTensor>>();
  for (const [name, tensor] of checkpointTensors(file, `${optimizer}.`)) {
    const kind = name.split('.', 1)[0]!;
    if (!kinds.has(kind)) kinds.set(kind, new Map());
    kinds.get(kind)!.set(name.slice(kind.length + 1), tensor);
  }
  const fit = (tensors: ReadonlyMap<string, StoredTensor>) => trainable(fitNetwork(network.architecture, tensors, 'shadegrad', file.name));
  return new Map([...kinds].map(([kind, tensors]) => [kind, fit(tensors)]));
}

function trainable({ architecture, tensors }: NetworkWeights): Map<string, NetworkTensor> {
  return new Map(trainableNames(architecture).map((name) => [name, tensors.get(name)!]));
}

/** The error for a file that no training can go on from. @param received what the file has instead */
export function noRun(label: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_MISMATCH', `${label} holds no training run`, {
    expected: 'the networks of a training scheme, and the state of an optimiser for each',
    received,
    fix: 'name a checkpoint.safetensors of shadegrad, or a .pth with the state_dict() of all networks and the torch.optim.Adam of each',
  });
}

/** In the order of declaration, which is that of PyTorch's parameters(). */
export function trainableNames(architecture: NetworkWeights['architecture']): string[] {
  return [...buildNetwork(architecture).namedTensors()].filter(([, { trainable: trained }]) => trained).map(([name]) => name);
}

/** Every tensor of a run under its name in a checkpoint; in the order of the file. */
function* runTensors({ networks, state, optimizers }: TrainingRun): Generator<[name: string, tensor: NetworkTensor]> {
  yield* networkTensors(networks);
  for (const [name, tensor] of state) yield [`${STATE_PREFIX}.${name}`, tensor];
  for (const [optimizer, kinds] of optimizers) {
    for (const [kind, tensors] of kinds) for (const [name, tensor] of tensors) yield [`${optimizer}.${kind}.${name}`, tensor];
  }
}

function* networkTensors(networks: TrainingRun['networks']): Generator<[name: string, tensor: NetworkTensor]> {
  for (const [network, { architecture, tensors }] of networks) {
    const parameters = trainableNames(architecture);
    const buffers = [...tensors.keys()].filter((name) => !parameters.includes(name));
    for (const name of [...parameters, ...buffers]) yield [`${network}.${name}`, tensors.get(name)!];
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

/**
 * Puts a run into networks and optimisers that are on a device, step counts included; or, of networks without optimisers, the weights
 * that there are. What a scheme keeps beside its networks is taken where it fits, and else stays as it was made.
 *
 * @param target such as a Trainer
 * @param run of networks alone, what is missing stays as it is
 * @param label names the file in errors
 * @throws WEIGHTS_MISMATCH when the networks or optimisers are others, before anything is written; and what reading the tensors throws
 */
export async function restoreRun(target: CheckpointTarget, run: TrainingRun | NetworksAlone, label: string): Promise<void> {
  checkArchitectures(target, run.networks, label);
  const complete = 'info' in run ? run : null;
  const tensors = new Map(complete ? runTensors(complete) : networkTensors(run.networks));
  const places = checkpointBlocks(target).flat();
  if (complete) checkComplete(target, complete, places, tensors, label);

  const gpu = deviceOf(target);
  const pace = new UploadPace(gpu);
  for (const { name, shape, storage, offset } of places) {
    const tensor = tensors.get(name);
    if (!tensor || (isState(name) && !sameShape(tensor.shape, shape))) continue;
    const values = await tensor.read();
    if (values.length !== elementCount(shape))
      throw mismatch(label, `"${name}": ${elementCount(shape)} numbers for shape ${formatShape(shape)}`, `${values.length}`);
    gpu.write(storage, offset * 4, values);
    await pace.wrote(values.byteLength);
  }
  await pace.finish();
  if (!complete) return;
  for (const [name, optimizer] of Object.entries(target.optimizers ?? {})) {
    // Steps that were left out are not told: a run in f32 that begins with one in f16 has no place for them, and nothing follows from them.
    const { steps, stepCounts } = complete.info.optimizers[name]!;
    placeStepCounts(optimizer, { steps, ...(stepCounts && { stepCounts }) });
  }
}

/** What a scheme keeps beside its networks: another program may have none of it, and options of a new run change its shape. */
const isState = (name: string): boolean => name.startsWith(`${STATE_PREFIX}.`);

/** @throws WEIGHTS_MISMATCH unless a run has every tensor and every optimiser of a target */
function checkComplete(
  { optimizers = {} }: CheckpointTarget,
  { info }: TrainingRun,
  places: readonly { name: string; shape: readonly number[] }[],
  tensors: ReadonlyMap<string, NetworkTensor>,
  label: string,
): void {
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const progress = info.optimizers[name];
    if (!progress) throw mismatch(label, `the optimiser ${name}`, Object.keys(info.optimizers).join(' and '));
    const [strange] = strangeNames(optimizer, progress);
    if (strange !== undefined) throw mismatch(label, `step counts of the parameters that ${name} trains`, `one of ${quoteName(strange)}`);
  }
  for (const { name, shape } of places) {
    const tensor = tensors.get(name);
    if (isState(name) || (tensor && sameShape(tensor.shape, shape))) continue;
    throw mismatch(label, `${quoteName(name)} of ${formatShape(shape)}`, tensor ? formatShape(tensor.shape) : 'no such tensor');
  }
}

/** Options that a file of another program does not show: how much is dropped, and where. */
const NOT_IN_WEIGHTS: ReadonlySet<string> = new Set(['dropout', 'dropoutBlocks']);

function checkArchitectures({ networks }: CheckpointTarget, run: TrainingRun['networks'], label: string): void {
  for (const [name, { architecture }] of run) {
    const network = networks[name];
    if (!network) throw mismatch(label, `the networks ${Object.keys(networks).join(' and ')}`, `a ${name}`);
    const [ours, theirs] = [complete(architectureOf(network)), complete(architecture)];
    const differing = Object.keys(ours).filter((option) => !NOT_IN_WEIGHTS.has(option) && ours[option] !== theirs[option]);
    if (differing.length === 0) continue;
    const list = (values: Readonly<Record<string, unknown>>): string =>
      differing.map((option) => `${option} ${String(values[option])}`).join(', ');
    throw mismatch(label, `a ${name} of ${list(ours)}`, list(theirs));
  }
}

/** The kind and every option. */
const complete = (architecture: NetworkArchitecture): Readonly<Record<string, unknown>> => ({
  kind: architecture.kind,
  ...buildNetwork(architecture).options,
});

function mismatch(label: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_MISMATCH', `${label} is of other networks`, {
    expected,
    received,
    fix: 'build the networks with the options of the file (received above); the train program takes them from --from by itself',
  });
}
