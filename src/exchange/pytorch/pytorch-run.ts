import { OrderedDict, Tuple } from '../../formats/pickle-read.js';
import { quote } from '../../formats/pytorch-errors.js';
import type { PyTorchFile, PyTorchKey, PyTorchValue } from '../../formats/pytorch-file.js';
import { PythonFloat, type PyTorchTensor, type PyTorchWritable } from '../../formats/pytorch-write.js';
import type { StoredTensor } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { sameShape } from '../../tensor/shape.js';
import {
  CHECKPOINT_FORMAT,
  CHECKPOINT_FORMAT_VERSION,
  parseCheckpointInfo,
  type CheckpointArchitecture,
  type CheckpointOptions,
  type TrainingCheckpoint,
} from '../../training/checkpoint-info.js';
import { ADAM_BETAS, ADAM_EPSILON } from '../../training/trainer.js';
import { exceptionalCounts, type StepCounts } from '../../training/step-counts.js';
import { LIBRARY_VERSION } from '../../version.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { constantTensor, libraryTensor, referenceTensor } from '../network/fit-network.js';
import { buildNetwork } from '../../models/registry.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';
import { referenceShape } from '../network/reference-layout.js';
import { findNetworks } from './reference-names.js';
import { networkAt, referenceStateDict } from './reference-network.js';
import { noRun, ROLES, runArchitecture, trainableNames, type AdamMoments, type TrainingRun } from '../network/training-run.js';

type Dict = ReadonlyMap<PyTorchKey, PyTorchValue>;

/** Under which a run of this library keeps what PyTorch has no place for, so that nothing is lost on the way back. */
const INFO_KEY = 'shadegrad';
/** Names that runs give the count of their steps; else it is that of the generator's optimiser. */
const STEP_KEYS = ['step', 'global_step', 'iteration', 'total_iters'];
/** Optimisers lie at most so deep in a checkpoint. */
const MAX_DEPTH = 4;
/** What can be done with a run whose optimisers cannot be taken. */
const NETWORKS_ALONE =
  'go on with the networks alone: "npx shadegrad train --from FILE" gives them new optimisers; ' +
  '"npx shadegrad convert" without --run writes one of them, and findNetwork() gives it in code';
/** The discriminator sees each step's images three times: made, real, and made again for the generator's loss. */
const FORWARDS = { generator: 1, discriminator: 3 } as const;

/**
 * The training run of a .pth: the state dicts of a generator and a discriminator of the PyTorch reference, and of a
 * torch.optim.Adam for each, wherever they are in the file: optimisers are told apart by the shapes of their moments.
 *
 * @throws WEIGHTS_MISMATCH when a part is missing, WEIGHTS_UNSUPPORTED for optimisers that this library does not have
 */
export async function pytorchRun(file: PyTorchFile): Promise<TrainingRun> {
  const [generator, discriminator] = (['unet', 'patchgan'] as const)
    .map((kind) => {
      const all = findNetworks(file.tensors).filter((root) => root.kind === kind);
      if (all.length !== 1) throw noRun(file.name, `${all.length} ${kind === 'unet' ? 'generators' : 'discriminators'}`);
      return all[0]!;
    })
    .map((root) => networkAt(file, root)) as [NetworkWeights, NetworkWeights];
  const optimizers = [...findOptimizers(file.value, 0)];
  const [ofGenerator, ofDiscriminator] = [
    await adamOf(file, generator, 'generator', optimizers),
    await adamOf(file, discriminator, 'discriminator', optimizers),
  ];
  const top: Dict = file.value instanceof Map ? file.value : new Map();
  const info = describeRun(top, file.name, { generator, discriminator }, ofGenerator, ofDiscriminator);
  return {
    info,
    generator: withDropout(generator, info),
    discriminator,
    generatorOptimizer: ofGenerator,
    discriminatorOptimizer: ofDiscriminator,
  };
}

/** Whether a file looks like a run: it holds the state of an optimiser. */
export function hasOptimizers(file: PyTorchFile): boolean {
  return [...findOptimizers(file.value, 0)].length > 0;
}

/** Dropout does not show in a state dict: the run's options say whether there is any, and a run of this library where. */
function withDropout(
  weights: NetworkWeights,
  {
    options,
    architecture: {
      generator: { dropoutBlocks = 'innermost' },
    },
  }: TrainingCheckpoint,
): NetworkWeights {
  if (weights.architecture.kind !== 'unet') return weights;
  return {
    ...weights,
    architecture: {
      kind: 'unet',
      options: { ...weights.architecture.options, dropoutBlocks, ...(options.dropout === false && { dropout: 0 }) },
    },
  };
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

interface ReadAdam extends AdamMoments {
  /** Of the parameter that took the most. */
  readonly steps: number;
  /** Of those that took fewer. */
  readonly counts: StepCounts | undefined;
  readonly learningRate: number;
}

/** The optimiser whose moments have the shapes of a network's parameters, in their order. */
async function adamOf(file: PyTorchFile, { architecture }: NetworkWeights, role: string, optimizers: readonly Dict[]): Promise<ReadAdam> {
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
    throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name}: ${counted} fits the ${role}`, {
      expected: `one with the ${names.length} shapes of its parameters`,
      received: `${fitting.length} of the ${optimizers.length} in the file`,
      fix: NETWORKS_ALONE,
    });
  }
  const states = parameterStates(fitting[0]!);
  const group = checkedGroup(fitting[0]!, file.name, role);
  const steps = await Promise.all(states.map((state) => (state === null ? 0 : stepOf(state.get('step')))));
  if (!steps.every((step) => Number.isSafeInteger(step) && step >= 0)) {
    throw unsupported(
      file.name,
      `the ${role}'s optimiser`,
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
    first: moment('exp_avg'),
    second: moment('exp_avg_sq'),
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
  return ['exp_avg', 'exp_avg_sq'].map((key) => {
    const moment = state.get(key);
    return isTensor(moment) ? moment.shape : [-1];
  });
}

/** Newer versions of PyTorch count in a tensor, older ones in a number. */
async function stepOf(step: PyTorchValue | undefined): Promise<number> {
  return isTensor(step) ? ((await step.read())[0] ?? NaN) : typeof step === 'number' ? step : NaN;
}

/**
 * Checks that an optimiser is pix2pix's Adam.
 *
 * @returns the learning rate that the run started with
 * @throws WEIGHTS_UNSUPPORTED for another optimiser, or an Adam with options that this library's lacks
 */
function checkedGroup(optimizer: Dict, label: string, role: string): number {
  const groups = (optimizer.get('param_groups') as readonly PyTorchValue[]).filter((group): group is Dict => group instanceof Map);
  for (const group of groups) {
    const betas = group.get('betas');
    const wanted: readonly [name: string, expected: string, received: string][] = [
      ['betas', ADAM_BETAS.join(' and '), Array.isArray(betas) ? betas.slice(0, 4).map(quote).join(' and ') : quote(betas)],
      ['eps', String(ADAM_EPSILON), quote(group.get('eps'))],
      ['weight_decay', '0', quote(group.get('weight_decay') ?? 0)],
      ['amsgrad', 'false', quote(group.get('amsgrad') ?? false)],
      ['maximize', 'false', quote(group.get('maximize') ?? false)],
    ];
    const differing = wanted.filter(([, expected, received]) => expected !== received);
    if (differing.length === 0) continue;
    throw unsupported(
      label,
      `the ${role}'s optimiser is another than pix2pix's Adam`,
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
  label: string,
  networks: Pick<TrainingRun, (typeof ROLES)[number]>,
  generator: ReadAdam,
  discriminator: ReadAdam,
): TrainingCheckpoint {
  const told = top.get(INFO_KEY);
  const known = typeof told === 'string' ? ownInfo(told, label) : null;
  const step = STEP_KEYS.map((key) => top.get(key)).find(isCount) ?? known?.step ?? generator.steps;
  const epoch = [top.get('epoch')].find(isCount) ?? known?.epoch ?? 0;
  return {
    format: CHECKPOINT_FORMAT,
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    libraryVersion: known?.libraryVersion ?? LIBRARY_VERSION,
    architecture: known
      ? withPlaceOfDropout(runArchitecture(networks), known.architecture.generator.dropoutBlocks)
      : runArchitecture(networks),
    options: known?.options ?? { learningRate: generator.learningRate, ...primitives(top.get('options')) },
    step,
    epoch,
    adapter: known?.adapter ?? 'PyTorch',
    ...(known?.choices && { choices: known.choices }),
    generatorSteps: generator.steps,
    discriminatorSteps: discriminator.steps,
    ...(generator.counts && { generatorStepCounts: generator.counts }),
    ...(discriminator.counts && { discriminatorStepCounts: discriminator.counts }),
  };
}

function withPlaceOfDropout(
  { generator: { dropoutBlocks: _, ...generator }, discriminator }: CheckpointArchitecture,
  dropoutBlocks: 'innermost' | 'middle' | undefined,
): CheckpointArchitecture {
  return { generator: { ...generator, ...(dropoutBlocks && { dropoutBlocks }) }, discriminator };
}

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
  const { info } = run;
  const { step, epoch, options } = info;
  const initial = typeof options.learningRate === 'number' ? options.learningRate : learningRate;
  return new Map<string, PyTorchWritable>([
    ...ROLES.map((role): [string, PyTorchWritable] => [role, pytorchStateDict(run[role], info[`${role}Steps`] * FORWARDS[role])]),
    ...ROLES.map((role): [string, PyTorchWritable] => [
      `${role}_optimizer`,
      adamState(run[`${role}Optimizer`], stepsIn(info, role), learningRate, initial),
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
function stepsIn(info: TrainingCheckpoint, role: (typeof ROLES)[number]): (name: string) => number {
  const counts = new Map(Object.entries(info[`${role}StepCounts`] ?? {}));
  return (name) => counts.get(name) ?? info[`${role}Steps`];
}

function adamState(
  { first, second }: AdamMoments,
  steps: (name: string) => number,
  learningRate: number,
  initial: number,
): PyTorchWritable {
  const names = [...first.keys()];
  const moment = (tensor: NetworkTensor): PyTorchTensor => referenceTensor('', tensor);
  // Of a parameter that never had a gradient PyTorch's Adam has no state at all.
  const trained = [...names.entries()].filter(([, name]) => steps(name) > 0);
  const state = trained.map(([index, name]): [number, PyTorchWritable] => [
    index,
    new Map<string, PyTorchWritable>([
      ['step', { shape: [], read: async () => Float32Array.of(steps(name)) }],
      ['exp_avg', moment(first.get(name)!)],
      ['exp_avg_sq', moment(second.get(name)!)],
    ]),
  ]);
  const group = new Map<string, PyTorchWritable>([
    ['lr', new PythonFloat(learningRate)],
    ['betas', Tuple.from(ADAM_BETAS.map((beta) => new PythonFloat(beta)))],
    ['eps', new PythonFloat(ADAM_EPSILON)],
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
