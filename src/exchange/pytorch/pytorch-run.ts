import { OrderedDict, Tuple } from '../../formats/pickle-read.js';
import { quote } from '../../formats/pytorch-errors.js';
import type { PyTorchFile, PyTorchKey, PyTorchValue } from '../../formats/pytorch-file.js';
import { PythonFloat, type PyTorchWritable } from '../../formats/pytorch-write.js';
import type { StoredTensor } from '../../formats/weight-file.js';
import { quoteName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { sameShape } from '../../tensor/shape.js';
import type { NetworkArchitecture, NetworkRole } from '../../models/kind.js';
import { buildNetwork, networkKind } from '../../models/registry.js';
import { findScheme, SCHEMES } from '../../schemes/registry.js';
import {
  CHECKPOINT_FORMAT,
  CHECKPOINT_FORMAT_VERSION,
  parseCheckpointInfo,
  type CheckpointOptions,
  type OptimizerProgress,
  type TrainingCheckpoint,
} from '../../training/checkpoint-info.js';
import type { PyTorchRunRow, TrainingScheme } from '../../training/scheme.js';
import { exceptionalCounts, type StepCounts } from '../../training/step-counts.js';
import { LIBRARY_VERSION } from '../../version.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { constantTensor, libraryTensor, referenceTensor } from '../network/fit-network.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';
import { referenceShape } from '../network/reference-layout.js';
import { findNetworks } from './reference-names.js';
import { networkAt, referenceStateDict } from './reference-network.js';
import { noRun, trainableNames, type OptimizerWeights, type TrainingRun } from '../network/training-run.js';

type Dict = ReadonlyMap<PyTorchKey, PyTorchValue>;

/** Under which a run of this library keeps what PyTorch has no place for, so that nothing is lost on the way back. */
const INFO_KEY = 'shadegrad';
/** Names that runs give the count of their steps; else it is that of the first optimiser. */
const STEP_KEYS = ['step', 'global_step', 'iteration', 'total_iters'];
/** Optimisers lie at most so deep in a checkpoint. */
const MAX_DEPTH = 4;
/** What can be done with a run whose optimisers cannot be taken. */
const NETWORKS_ALONE =
  'go on with the networks alone: "npx shadegrad train --from FILE" gives them new optimisers; ' +
  '"npx shadegrad convert" without --run writes one of them, and findNetwork() gives it in code';
/** What torch.optim.Adam calls what this library's keeps. */
const MOMENTS = { firstMoment: 'exp_avg', secondMoment: 'exp_avg_sq' } as const;

/** A scheme whose runs PyTorch has, too. */
type KnownScheme = TrainingScheme & { readonly pytorch: PyTorchRunRow };

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
  const roots = findNetworks(file.tensors);
  const networks = new Map<string, NetworkWeights>();
  for (const [name, role] of Object.entries(scheme.pytorch.roles)) {
    const fitting = roots.filter((root) => networkKind(root.kind).role === role);
    if (fitting.length !== 1) throw noRun(file.name, `${fitting.length} ${role}s`);
    networks.set(name, withKnownOptions(networkAt(file, fitting[0]!), known?.networks[name]));
  }
  const states = [...findOptimizers(file.value, 0)];
  const adams = new Map<string, ReadAdam>();
  for (const [name, { network }] of Object.entries(scheme.optimizers)) {
    adams.set(name, await adamOf(file, scheme, network, networks.get(network)!, states));
  }
  const [first] = adams.values();
  const options = known?.options ?? { learningRate: first!.learningRate, ...primitives(top.get('options')) };
  const complete = withDropout(networks, options);
  const info = describeRun(top, scheme, complete, adams, known, options);
  const optimizers = new Map([...adams].map(([name, { state }]) => [name, state]));
  return { info, networks: complete, optimizers, state: new Map() };
}

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
  const fitting = candidates.find(fits);
  if (fitting) return fitting;
  const found = Object.entries(counts).map(([role, count]) => `${count} ${role}${count === 1 ? '' : 's'}`);
  throw noRun(file.name, found.join(', '));
}

function countRoles({ tensors }: PyTorchFile): Record<NetworkRole, number> {
  const counts = { generator: 0, discriminator: 0 };
  for (const { kind } of findNetworks(tensors)) counts[networkKind(kind).role]++;
  return counts;
}

/** Whether a file looks like a run: it holds the state of an optimiser. */
export function hasOptimizers(file: PyTorchFile): boolean {
  return [...findOptimizers(file.value, 0)].length > 0;
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

function* findOptimizers(value: PyTorchValue, depth: number): Generator<Dict> {
  if (depth > MAX_DEPTH) return;
  if (value instanceof Map) {
    if (value.get('state') instanceof Map && Array.isArray(value.get('param_groups'))) yield value as Dict;
    else for (const each of (value as Dict).values()) yield* findOptimizers(each, depth + 1);
  } else if (Array.isArray(value)) {
    for (const each of value as readonly PyTorchValue[]) yield* findOptimizers(each, depth + 1);
  }
}

/** The state of an Adam, with the numbers that PyTorch keeps beside it. */
interface ReadAdam {
  readonly state: OptimizerWeights;
  /** The network that it trains. */
  readonly network: string;
  /** Of the parameter that took the most. */
  readonly steps: number;
  /** Of those that took fewer. */
  readonly counts: StepCounts | undefined;
  readonly learningRate: number;
}

/** The optimiser whose moments have the shapes of a network's parameters, in their order. */
async function adamOf(
  file: PyTorchFile,
  scheme: KnownScheme,
  network: string,
  { architecture }: NetworkWeights,
  optimizers: readonly Dict[],
): Promise<ReadAdam> {
  const own = new Map(buildNetwork(architecture).namedTensors());
  const names = trainableNames(architecture);
  const shapes = names.map((name) => referenceShape(own.get(name)!.shape));
  const fitting = optimizers.filter((optimizer) => {
    const states = parameterStates(optimizer);
    return (
      states.length === names.length &&
      states.every((state, i) => state === null || momentShapes(state).every((shape) => sameShape(shape, shapes[i]!)))
    );
  });
  if (fitting.length !== 1) {
    const counted = fitting.length === 0 ? 'no optimiser' : 'more than one optimiser';
    throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name}: ${counted} fits the ${network}`, {
      expected: `one with the ${names.length} shapes of its parameters`,
      received: `${fitting.length} of the ${optimizers.length} in the file`,
      fix: NETWORKS_ALONE,
    });
  }
  const states = parameterStates(fitting[0]!);
  const group = checkedGroup(fitting[0]!, file.name, network, scheme);
  const steps = await Promise.all(states.map((state) => (state === null ? 0 : stepOf(state.get('step')))));
  if (!steps.every((step) => Number.isSafeInteger(step) && step >= 0)) {
    throw unsupported(
      file.name,
      `the ${network}'s optimiser`,
      'a whole number of steps for every parameter',
      [...new Set(steps)].slice(0, 5).join(', '),
    );
  }
  const most = Math.max(0, ...steps);
  const moment = (key: string) =>
    new Map(
      names.map((name, i): [string, NetworkTensor] => {
        const tensor = states[i]?.get(key);
        return [name, isTensor(tensor) ? libraryTensor(checkedTensor(tensor, file.name)) : constantTensor(own.get(name)!.shape, 0)];
      }),
    );
  return {
    network,
    state: new Map(Object.entries(MOMENTS).map(([kind, key]) => [kind, moment(key)])),
    steps: most,
    counts: exceptionalCounts(new Map(names.map((name, i) => [name, steps[i]!])), most),
    learningRate: group,
  };
}

/** The state of every parameter in the order of the groups; null of one that never had a gradient. */
function parameterStates(optimizer: Dict): (Dict | null)[] {
  const state = optimizer.get('state') as Dict;
  const result: (Dict | null)[] = [];
  for (const group of optimizer.get('param_groups') as readonly PyTorchValue[]) {
    const parameters = group instanceof Map ? (group as Dict).get('params') : undefined;
    for (const id of Array.isArray(parameters) ? (parameters as readonly PyTorchKey[]) : []) {
      const each = state.get(id);
      // Something else than a state fits nothing.
      result.push(each === undefined ? null : each instanceof Map ? (each as Dict) : new Map());
    }
  }
  return result;
}

/** Of both moments; of none where they are no tensors, which fits nothing. */
function momentShapes(state: Dict): readonly (readonly number[])[] {
  return Object.values(MOMENTS).map((key) => {
    const moment = state.get(key);
    return isTensor(moment) ? moment.shape : [-1];
  });
}

/** Newer versions of PyTorch count in a tensor, older ones in a number. */
async function stepOf(step: PyTorchValue | undefined): Promise<number> {
  return isTensor(step) ? ((await step.read())[0] ?? NaN) : typeof step === 'number' ? step : NaN;
}

/**
 * Checks that an optimiser is the Adam of a scheme.
 *
 * @returns the learning rate that the run started with
 * @throws WEIGHTS_UNSUPPORTED for another optimiser, or an Adam with options that this library's lacks
 */
function checkedGroup(optimizer: Dict, label: string, network: string, { title, pytorch: { adam } }: KnownScheme): number {
  const groups = (optimizer.get('param_groups') as readonly PyTorchValue[]).filter((group): group is Dict => group instanceof Map);
  for (const group of groups) {
    const betas = group.get('betas');
    const wanted: readonly [name: string, expected: string, received: string][] = [
      ['betas', adam.betas.join(' and '), Array.isArray(betas) ? betas.slice(0, 4).map(quote).join(' and ') : quote(betas)],
      ['eps', String(adam.epsilon), quote(group.get('eps'))],
      ['weight_decay', '0', quote(group.get('weight_decay') ?? 0)],
      ['amsgrad', 'false', quote(group.get('amsgrad') ?? false)],
      ['maximize', 'false', quote(group.get('maximize') ?? false)],
    ];
    const differing = wanted.filter(([, expected, received]) => expected !== received);
    if (differing.length === 0) continue;
    throw unsupported(
      label,
      `the ${network}'s optimiser is another than ${title}'s Adam`,
      differing.map(([name, expected]) => `${name} ${expected}`).join(', '),
      differing.map(([name, , received]) => `${name} ${received}`).join(', '),
    );
  }
  const rate = groups[0]?.get('initial_lr') ?? groups[0]?.get('lr');
  return typeof rate === 'number' && rate >= 0 ? rate : 0;
}

function unsupported(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, { expected, received, fix: NETWORKS_ALONE });
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

function isTensor(value: PyTorchValue | undefined): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'read' in value && 'dtype' in value;
}

/**
 * Makes what a .pth of a run holds, for encodePyTorch(): "generator" and "discriminator" for load_state_dict(), "generator_optimizer"
 * and "discriminator_optimizer" for torch.optim.Adam; "step", "epoch", "options", and under "shadegrad" what PyTorch has no place for.
 *
 * @param learningRate at this step; of a schedule, "initial_lr" is what it started with
 */
export function runForPyTorch(run: TrainingRun, learningRate: number): PyTorchWritable {
  const { info, networks, optimizers, state } = run;
  const { step, epoch, options } = info;
  const scheme = info.scheme === null ? null : findScheme(info.scheme);
  const row = scheme?.pytorch;
  if (!row || state.size > 0) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'a run for PyTorch', {
      expected: `a run of ${SCHEMES.filter(({ pytorch }) => pytorch)
        .map(({ title }) => title)
        .join(' or ')}`,
      received: scheme?.title ?? info.scheme ?? 'a run that does not say its scheme',
      fix: 'convert one of its networks, without --run',
    });
  }
  const initial = typeof options.learningRate === 'number' ? options.learningRate : learningRate;
  const entries = Object.entries(info.optimizers);
  const batches = (network: string): number =>
    (entries.find(([, progress]) => progress.network === network)?.[1].steps ?? 0) * (row.forwards[network] ?? 1);
  return new Map<string, PyTorchWritable>([
    ...[...networks].map(([name, weights]): [string, PyTorchWritable] => [name, pytorchStateDict(weights, batches(name))]),
    ...entries.map(([name, progress]): [string, PyTorchWritable] => [
      `${progress.network}_optimizer`,
      adamState(optimizers.get(name)!, stepsIn(progress), row, learningRate, initial),
    ]),
    ['step', step],
    ['epoch', epoch],
    ['options', new Map<string, PyTorchWritable>(Object.entries(options))],
    [INFO_KEY, JSON.stringify(info)],
  ]);
}

/**
 * Makes a network's state dict of its weights, as load_state_dict() of the PyTorch reference takes it; encodePyTorch() writes it.
 *
 * @param batches what num_batches_tracked counts
 */
export function pytorchStateDict(weights: NetworkWeights, batches = 0): PyTorchWritable {
  return new OrderedDict<PyTorchKey, PyTorchWritable>(referenceStateDict(weights, { batches }).map((tensor) => [tensor.name, tensor]));
}

/** Steps of a parameter by its name. */
function stepsIn({ steps, stepCounts }: OptimizerProgress): (name: string) => number {
  const counts = new Map(Object.entries(stepCounts ?? {}));
  return (name) => counts.get(name) ?? steps;
}

function adamState(
  weights: OptimizerWeights,
  steps: (name: string) => number,
  { adam }: PyTorchRunRow,
  learningRate: number,
  initial: number,
): PyTorchWritable {
  const moments = Object.entries(MOMENTS).map(([kind, key]) => [key, weights.get(kind) ?? new Map()] as const);
  const names = [...moments[0]![1].keys()];
  // Of a parameter that never had a gradient PyTorch's Adam has no state at all.
  const trained = [...names.entries()].filter(([, name]) => steps(name) > 0);
  const state = trained.map(([index, name]): [number, PyTorchWritable] => [
    index,
    new Map<string, PyTorchWritable>([
      ['step', { shape: [], read: async () => Float32Array.of(steps(name)) }],
      ...moments.map(([key, tensors]): [string, PyTorchWritable] => [key, referenceTensor('', tensors.get(name)!)]),
    ]),
  ]);
  const group = new Map<string, PyTorchWritable>([
    ['lr', new PythonFloat(learningRate)],
    ['betas', Tuple.from(adam.betas.map((beta) => new PythonFloat(beta)))],
    ['eps', new PythonFloat(adam.epsilon)],
    ['weight_decay', 0],
    ['amsgrad', false],
    ['maximize', false],
    ['foreach', null],
    ['capturable', false],
    ['differentiable', false],
    ['fused', null],
    ['decoupled_weight_decay', false],
    ['initial_lr', new PythonFloat(initial)],
    ['params', names.map((_, index) => index)],
  ]);
  return new Map<string, PyTorchWritable>([
    ['state', new Map(state)],
    ['param_groups', [group]],
  ]);
}
