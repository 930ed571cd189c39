import { OrderedDict } from '../../formats/pickle-read.js';
import type { PyTorchFile, PyTorchKey, PyTorchValue } from '../../formats/pytorch-file.js';
import type { PyTorchWritable } from '../../formats/pytorch-write.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { NetworkArchitecture, NetworkRole } from '../../models/kind.js';
import { buildNetwork, networkKind } from '../../models/registry.js';
import { findScheme, SCHEMES } from '../../schemes/registry.js';
import {
  CHECKPOINT_FORMAT,
  CHECKPOINT_FORMAT_VERSION,
  parseCheckpointInfo,
  type CheckpointOptions,
  type TrainingCheckpoint,
} from '../../training/checkpoint-info.js';
import type { PyTorchRunRow, TrainingScheme } from '../../training/scheme.js';
import { completeOptions, fullOptions } from '../../training/trainer-options.js';
import { LIBRARY_VERSION } from '../../version.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { libraryTensor, referenceTensor } from '../network/fit-network.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';
import { noRun, type TrainingRun } from '../network/training-run.js';
import { adamState, findOptimizers, isTensor, readAdams, type Dict, type KnownScheme, type ReadAdam } from './pytorch-adam.js';
import { findNetworks, isCalled, type NetworkRoot } from './reference-names.js';
import { networkAt, referenceStateDict } from './reference-network.js';

/** Under which a run of this library keeps what PyTorch has no place for, so that nothing is lost on the way back. */
const INFO_KEY = 'shadegrad';
/** Names that runs give the count of their steps; else it is that of the first optimiser. */
const STEP_KEYS = ['step', 'global_step', 'iteration', 'total_iters'];
/** Under which a file has what a scheme keeps beside its networks. */
const STATE_KEY = 'state';
/** PyTorch's order of the axes of images. */
const IMAGE_AXES = [0, 3, 1, 2];

/**
 * The training run of a .pth: the state dicts of the networks of a scheme as the PyTorch reference has them, and of a
 * torch.optim.Adam for each, wherever they are in the file: optimisers are told apart by the shapes of their moments.
 *
 * @throws WEIGHTS_MISMATCH when a part is missing, WEIGHTS_UNSUPPORTED for optimisers that this library does not have
 */
export async function pytorchRun(file: PyTorchFile): Promise<TrainingRun> {
  const top: Dict = file.value instanceof Map ? file.value : new Map();
  const told = top.get(INFO_KEY);
  const known = typeof told === 'string' ? ownInfo(told, file.name) : null;
  const scheme = schemeOf(file, known);
  const roots = rootsOf(file, scheme);
  const networks = new Map(
    [...roots].map(([name, root]) => [name, withKnownOptions(networkAt(file, root), known?.networks[name])] as const),
  );
  const adams = await readAdams(file, scheme, networks);
  const [first] = adams.values();
  const options = known?.options ?? { learningRate: first!.learningRate, ...primitives(top.get('options')) };
  const complete = withDropout(networks, options);
  const info = describeRun(top, scheme, complete, adams, known, options);
  const optimizers = new Map([...adams].map(([name, { state }]) => [name, state]));
  return { info, networks: complete, optimizers, state: stateOf(known && top.get(STATE_KEY), file.name) };
}

/**
 * Where the networks of a scheme are in a file: the only one of a role, or of several the one that is called as the scheme calls it, or
 * as the other program does.
 *
 * @throws WEIGHTS_MISMATCH
 */
function rootsOf(file: PyTorchFile, { pytorch }: KnownScheme): Map<string, NetworkRoot> {
  const roots = findNetworks(file.tensors);
  return new Map(
    Object.entries(pytorch.roles).map(([name, role]) => {
      const ofRole = roots.filter((root) => networkKind(root.kind).role === role);
      const isOnly = Object.values(pytorch.roles).filter((each) => each === role).length === 1;
      const fitting = isOnly ? ofRole : ofRole.filter(({ prefix }) => isCalled(prefix, name, pytorch));
      if (fitting.length === 1) return [name, fitting[0]!];
      if (isOnly) throw noRun(file.name, `${fitting.length} ${role}s`);
      const named = ofRole.map(({ prefix }) => quoteName(prefix)).join(', ');
      throw noRun(file.name, `${fitting.length} networks called ${name} or net${pytorch.names[name]!} among ${named || `no ${role}s`}`);
    }),
  );
}

/** What a run of this library keeps beside its networks. Of four axes they are taken for those of images. */
function stateOf(value: PyTorchValue | null | undefined, label: string): Map<string, NetworkTensor> {
  const entries = value instanceof Map ? [...(value as Dict)] : [];
  return new Map(
    entries.flatMap(([name, tensor]): [string, NetworkTensor][] =>
      isTensor(tensor) ? [[String(name), libraryTensor(checkedTensor(tensor, label), imageAxes(tensor.shape))]] : [],
    ),
  );
}

const imageAxes = ({ length }: readonly number[]): readonly number[] | null => (length === IMAGE_AXES.length ? IMAGE_AXES : null);

/** The scheme of a run: what the file says of itself, or the first one whose networks it has. @throws WEIGHTS_MISMATCH */
function schemeOf(file: PyTorchFile, known: TrainingCheckpoint | null): KnownScheme {
  const isKnown = (scheme: TrainingScheme): scheme is KnownScheme => scheme.pytorch !== undefined;
  const named = known?.scheme == null ? null : findScheme(known.scheme);
  if (named && isKnown(named)) return named;
  if (known?.scheme != null) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${file.name} is a run of a training scheme that is not known here`, {
      expected: SCHEMES.filter(isKnown)
        .map(({ name }) => name)
        .join(', '),
      received: quoteName(known.scheme),
      fix: 'make the scheme known by registerScheme() first, in the program that reads the file',
    });
  }
  const candidates = SCHEMES.filter(isKnown);
  const counts = countRoles(file);
  const fits = ({ pytorch: { roles } }: KnownScheme): boolean =>
    Object.values(roles).every((role) => counts[role] === Object.values(roles).filter((each) => each === role).length);
  const fitting = candidates.filter(fits);
  if (fitting.length > 0) return fitting.find((scheme) => fitting.length === 1 || canTrain(scheme, file)) ?? fitting[0]!;
  const found = Object.entries(counts).map(([role, count]) => `${count} ${role}${count === 1 ? '' : 's'}`);
  throw noRun(file.name, found.join(', '));
}

/** Whether the networks of a file are such as a scheme trains. */
function canTrain(scheme: KnownScheme, file: PyTorchFile): boolean {
  try {
    const given = Object.fromEntries([...rootsOf(file, scheme)].map(([name, root]) => [name, networkAt(file, root).architecture]));
    scheme.networks(completeOptions(scheme, { ...fullOptions(scheme), ...scheme.optionsOf?.(given, file.name) }), given);
    return true;
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    return false;
  }
}

function countRoles({ tensors }: PyTorchFile): Record<NetworkRole, number> {
  const counts = { generator: 0, discriminator: 0 };
  for (const { kind } of findNetworks(tensors)) counts[networkKind(kind).role]++;
  return counts;
}

/** Whether a file looks like a run: it holds the state of an optimiser. */
export function hasOptimizers(file: PyTorchFile): boolean {
  return !findOptimizers(file.value).next().done;
}

/** What does not show in a state dict: a run of this library says where its networks drop. */
function withKnownOptions(weights: NetworkWeights, known: NetworkArchitecture | undefined): NetworkWeights {
  const { kind, options } = weights.architecture;
  const { dropout, dropoutBlocks } = (known?.kind === kind ? known.options : {}) as Readonly<Record<string, unknown>>;
  const told = { ...(dropout !== undefined && { dropout }), ...(dropoutBlocks !== undefined && { dropoutBlocks }) };
  return { ...weights, architecture: { kind, options: { ...options, ...told } } };
}

/** Nor does a state dict say whether anything is dropped at all: the options of a run do. */
function withDropout(networks: ReadonlyMap<string, NetworkWeights>, options: CheckpointOptions): ReadonlyMap<string, NetworkWeights> {
  if (options.dropout !== false) return networks;
  return new Map(
    [...networks].map(([name, weights]): [string, NetworkWeights] => {
      const { kind, options: own } = weights.architecture;
      const drops = 'dropout' in buildNetwork(weights.architecture).options;
      return [name, drops ? { ...weights, architecture: { kind, options: { ...own, dropout: 0 } } } : weights];
    }),
  );
}

function describeRun(
  top: Dict,
  scheme: KnownScheme,
  networks: ReadonlyMap<string, NetworkWeights>,
  optimizers: ReadonlyMap<string, ReadAdam>,
  known: TrainingCheckpoint | null,
  options: CheckpointOptions,
): TrainingCheckpoint {
  const [first] = optimizers.values();
  const step = STEP_KEYS.map((key) => top.get(key)).find(isCount) ?? known?.step ?? first!.steps;
  const epoch = [top.get('epoch')].find(isCount) ?? known?.epoch ?? 0;
  const progress = [...optimizers].map(([name, { network, steps, counts }]) => [
    name,
    { network, steps, ...(counts && { stepCounts: counts }) },
  ]);
  return {
    format: CHECKPOINT_FORMAT,
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    libraryVersion: known?.libraryVersion ?? LIBRARY_VERSION,
    scheme: scheme.name,
    networks: Object.fromEntries([...networks].map(([name, { architecture }]) => [name, complete(architecture)])),
    optimizers: Object.fromEntries(progress),
    options,
    step,
    epoch,
    adapter: known?.adapter ?? 'PyTorch',
    ...(known?.choices && { choices: known.choices }),
  };
}

/** With every option named. */
const complete = ({ kind, options }: NetworkArchitecture): NetworkArchitecture => ({
  kind,
  options: buildNetwork({ kind, options }).options,
});

function ownInfo(json: string, label: string): TrainingCheckpoint {
  try {
    return parseCheckpointInfo(json, label);
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    throw error.withCode(error.code === 'CHECKPOINT_VERSION' ? 'WEIGHTS_UNSUPPORTED' : 'WEIGHTS_CORRUPT');
  }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function primitives(value: PyTorchValue | undefined): CheckpointOptions {
  const entries = value instanceof Map ? [...(value as Dict)] : [];
  return Object.fromEntries(
    entries.filter(([, each]) => each === null || ['string', 'number', 'boolean'].includes(typeof each)),
  ) as CheckpointOptions;
}

/**
 * Makes what a .pth of a run holds, for encodePyTorch(): each network by its name ("generator") for load_state_dict(), an optimiser for
 * torch.optim.Adam as the scheme's `pytorch.optimizers` has it ("generator_optimizer"; of CycleGAN it has the parameters of both
 * generators, one after the other); "step", "epoch", "options"; "state" where the scheme keeps something beside its networks, of images in
 * PyTorch's order of the axes; and under "shadegrad" what PyTorch has no place for.
 *
 * @param learningRate at this step; of a schedule, "initial_lr" is what it started with
 * @throws WEIGHTS_UNSUPPORTED for a run of a scheme that PyTorch has no program for
 */
export function runForPyTorch(run: TrainingRun, learningRate: number): PyTorchWritable {
  const { info, networks, optimizers, state } = run;
  const { step, epoch, options } = info;
  const scheme = info.scheme === null ? null : findScheme(info.scheme);
  const row = scheme?.pytorch;
  if (!row) {
    const title = scheme?.title ?? info.scheme ?? undefined;
    throw new ShadegradError(
      'WEIGHTS_UNSUPPORTED',
      `There is no file of PyTorch for a whole run${title === undefined ? '' : ` of ${title}`}`,
      {
        expected: `a run of a scheme that has one: ${SCHEMES.filter(({ pytorch }) => pytorch)
          .map((each) => each.title)
          .join(', ')}`,
        received: title === undefined ? 'a run that does not say its scheme' : `one of ${title}`,
        fix: 'convert its networks, one by one: without --run, with --network NAME',
      },
    );
  }
  const initial = typeof options.learningRate === 'number' ? options.learningRate : learningRate;
  const entries = Object.entries(info.optimizers);
  const partOf = (network: string) => {
    const [name, progress] = entries.find(([, each]) => each.network === network) ?? [];
    return name === undefined ? [] : [{ weights: optimizers.get(name)!, progress: progress! }];
  };
  const forwards = row.forwards(options);
  const batches = (network: string): number => Math.round((partOf(network)[0]?.progress.steps ?? 0) * (forwards[network] ?? 1));
  const adams = Object.entries(row.optimizers).map(([name, trained]) => [name, trained.flatMap(partOf)] as const);
  return new Map<string, PyTorchWritable>([
    ...[...networks].map(([name, weights]): [string, PyTorchWritable] => [name, pytorchStateDict(weights, batches(name))]),
    ...adams
      .filter(([, parts]) => parts.length > 0)
      .map(([name, parts]): [string, PyTorchWritable] => [name, adamState(parts, { adam: adamOf(row, options) }, learningRate, initial)]),
    ['step', step],
    ['epoch', epoch],
    ['options', new Map<string, PyTorchWritable>(Object.entries(options))],
    ...(state.size === 0 ? [] : [[STATE_KEY, stateForPyTorch(state)] as const]),
    [INFO_KEY, JSON.stringify(info)],
  ]);
}

function stateForPyTorch(state: TrainingRun['state']): PyTorchWritable {
  return new Map<string, PyTorchWritable>([...state].map(([name, tensor]) => [name, referenceTensor('', tensor, imageAxes(tensor.shape))]));
}

/**
 * Makes a network's state dict of its weights, as load_state_dict() of the PyTorch reference takes it; encodePyTorch() writes it.
 *
 * @param batches what num_batches_tracked counts
 */
export function pytorchStateDict(weights: NetworkWeights, batches = 0): PyTorchWritable {
  return new OrderedDict<PyTorchKey, PyTorchWritable>(referenceStateDict(weights, { batches }).map((tensor) => [tensor.name, tensor]));
}

/** The numbers of a run's Adam: those of the scheme, unless its options say otherwise. */
function adamOf({ adam }: PyTorchRunRow, { beta1, beta2 }: TrainingRun['info']['options']): PyTorchRunRow['adam'] {
  const [first, second] = [beta1, beta2].map((beta, at) => (typeof beta === 'number' ? beta : adam.betas[at]!)) as [number, number];
  return { ...adam, betas: [first, second] };
}
