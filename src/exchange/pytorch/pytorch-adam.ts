import { Tuple } from '../../formats/pickle-read.js';
import { quote } from '../../formats/pytorch-errors.js';
import type { PyTorchFile, PyTorchKey, PyTorchValue } from '../../formats/pytorch-file.js';
import { PythonFloat, type PyTorchWritable } from '../../formats/pytorch-write.js';
import type { StoredTensor } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { sameShape } from '../../tensor/shape.js';
import { buildNetwork } from '../../models/registry.js';
import type { OptimizerProgress } from '../../training/checkpoint-info.js';
import type { PyTorchRunRow, TrainingScheme } from '../../training/scheme.js';
import { exceptionalCounts, type StepCounts } from '../../training/step-counts.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { constantTensor, libraryTensor, referenceTensor } from '../network/fit-network.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';
import { referenceShape } from '../network/reference-layout.js';
import { trainableNames, type OptimizerWeights } from '../network/training-run.js';

export type Dict = ReadonlyMap<PyTorchKey, PyTorchValue>;
/** A scheme whose runs PyTorch has, too. */
export type KnownScheme = TrainingScheme & { readonly pytorch: PyTorchRunRow };

/** Optimisers lie at most so deep in a checkpoint. */
const MAX_DEPTH = 4;
/** What can be done with a run whose optimisers cannot be taken. */
const NETWORKS_ALONE =
  'go on with the networks alone: "npx shadegrad train --from FILE" gives them new optimisers; ' +
  '"npx shadegrad convert" without --run writes one of them, and findNetwork() gives it in code';
/** What torch.optim.Adam calls what this library's keeps. */
const MOMENTS = { firstMoment: 'exp_avg', secondMoment: 'exp_avg_sq' } as const;

/** The states of optimisers, wherever they are in a file. */
export function* findOptimizers(value: PyTorchValue, depth = 0): Generator<Dict> {
  if (depth > MAX_DEPTH) return;
  if (value instanceof Map) {
    if (value.get('state') instanceof Map && Array.isArray(value.get('param_groups'))) yield value as Dict;
    else for (const each of (value as Dict).values()) yield* findOptimizers(each, depth + 1);
  } else if (Array.isArray(value)) {
    for (const each of value as readonly PyTorchValue[]) yield* findOptimizers(each, depth + 1);
  }
}

/** What an Adam keeps of one network, with the numbers that PyTorch keeps beside it. */
export interface ReadAdam {
  readonly state: OptimizerWeights;
  /** The network that it trains. */
  readonly network: string;
  /** Of the parameter that took the most. */
  readonly steps: number;
  /** Of those that took fewer. */
  readonly counts: StepCounts | undefined;
  readonly learningRate: number;
}

/**
 * The optimisers of a scheme, by name, in its order: of each of PyTorch's, which may have the parameters of several networks one after
 * the other, every network's own part.
 *
 * @throws WEIGHTS_MISMATCH for networks that no optimiser of the file fits; WEIGHTS_UNSUPPORTED
 */
export async function readAdams(
  file: PyTorchFile,
  scheme: KnownScheme,
  networks: ReadonlyMap<string, NetworkWeights>,
): Promise<Map<string, ReadAdam>> {
  const states = [...findOptimizers(file.value)];
  const read: ReadAdam[] = [];
  for (const trained of Object.values(scheme.pytorch.optimizers)) {
    read.push(...(await adamOf(file, scheme, new Map(trained.map((name) => [name, networks.get(name)!])), states)));
  }
  return new Map(
    Object.entries(scheme.optimizers).map(([name, { network }]) => [name, read.find((each) => each.network === network)!] as const),
  );
}

/** The optimiser whose moments have the shapes of the parameters of networks, in their order: each network's part. */
async function adamOf(
  file: PyTorchFile,
  scheme: KnownScheme,
  networks: ReadonlyMap<string, NetworkWeights>,
  optimizers: readonly Dict[],
): Promise<ReadAdam[]> {
  const parameters = [...networks].flatMap(([network, { architecture }]) => {
    const own = new Map(buildNetwork(architecture).namedTensors());
    return trainableNames(architecture).map((name) => ({ network, name, shape: own.get(name)!.shape }));
  });
  const shapes = parameters.map(({ shape }) => referenceShape(shape));
  const fitting = optimizers.filter((optimizer) => {
    const states = parameterStates(optimizer);
    return (
      states.length === shapes.length &&
      states.every((state, i) => state === null || momentShapes(state).every((shape) => sameShape(shape, shapes[i]!)))
    );
  });
  const called = [...networks.keys()].join(' and the ');
  if (fitting.length !== 1) {
    const counted = fitting.length === 0 ? 'no optimiser' : 'more than one optimiser';
    throw new ShadegradError('WEIGHTS_MISMATCH', `${file.name}: ${counted} fits the ${called}`, {
      expected: `one with the ${shapes.length} shapes of ${networks.size === 1 ? 'its' : 'their'} parameters`,
      received: `${fitting.length} of the ${optimizers.length} in the file`,
      fix: NETWORKS_ALONE,
    });
  }
  const states = parameterStates(fitting[0]!);
  const learningRate = await checkedGroup(fitting[0]!, file.name, called, scheme);
  const steps = await Promise.all(states.map((state) => (state === null ? 0 : stepOf(state.get('step')))));
  if (!steps.every((step) => Number.isSafeInteger(step) && step >= 0)) {
    throw unsupported(
      file.name,
      `the ${called}'s optimiser`,
      'a whole number of steps for every parameter',
      [...new Set(steps)].slice(0, 5).join(', '),
    );
  }
  return [...networks.keys()].map((network) => {
    const own = parameters
      .map((parameter, i) => ({ ...parameter, state: states[i], steps: steps[i]! }))
      .filter((each) => each.network === network);
    const moment = (key: string) =>
      new Map(
        own.map(({ name, shape, state }): [string, NetworkTensor] => {
          const tensor = state?.get(key);
          return [name, isTensor(tensor) ? libraryTensor(checkedTensor(tensor, file.name)) : constantTensor(shape, 0)];
        }),
      );
    const most = Math.max(0, ...own.map((each) => each.steps));
    return {
      network,
      state: new Map(Object.entries(MOMENTS).map(([kind, key]) => [kind, moment(key)])),
      steps: most,
      counts: exceptionalCounts(new Map(own.map((each) => [each.name, each.steps])), most),
      learningRate,
    };
  });
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
async function checkedGroup(optimizer: Dict, label: string, network: string, { title, pytorch: { adam } }: KnownScheme): Promise<number> {
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
  const said = groups[0]?.get('initial_lr') ?? groups[0]?.get('lr');
  // A tensor where the optimiser is one that a CUDA graph captures.
  const rate = isTensor(said) ? (await said.read())[0] : said;
  return typeof rate === 'number' && rate >= 0 ? rate : 0;
}

function unsupported(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, { expected, received, fix: NETWORKS_ALONE });
}

/** Whether a value of a file is a tensor. */
export function isTensor(value: PyTorchValue | undefined): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'read' in value && 'dtype' in value;
}

/** An optimiser's state of one network, to be written. */
export interface AdamPart {
  readonly weights: OptimizerWeights;
  readonly progress: OptimizerProgress;
}

/**
 * The state dict of a torch.optim.Adam.
 *
 * @param parts of the networks whose parameters it has, one after the other
 * @param learningRate at this step
 * @param initial what it started with
 */
export function adamState(
  parts: readonly AdamPart[],
  { adam }: Pick<PyTorchRunRow, 'adam'>,
  learningRate: number,
  initial: number,
): PyTorchWritable {
  const parameters = parts.flatMap(({ weights, progress }) => {
    const moments = Object.entries(MOMENTS).map(([kind, key]) => [key, weights.get(kind) ?? new Map()] as const);
    const steps = stepsIn(progress);
    return [...moments[0]![1].keys()].map((name) => ({
      steps: steps(name),
      moments: moments.map(([key, of]) => [key, of.get(name)!] as const),
    }));
  });
  // Of a parameter that never had a gradient PyTorch's Adam has no state at all.
  const trained = [...parameters.entries()].filter(([, { steps }]) => steps > 0);
  const state = trained.map(([index, { steps, moments }]): [number, PyTorchWritable] => [
    index,
    new Map<string, PyTorchWritable>([
      ['step', { shape: [], read: async () => Float32Array.of(steps) }],
      ...moments.map(([key, tensor]): [string, PyTorchWritable] => [key, referenceTensor('', tensor)]),
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
    ['params', parameters.map((_, index) => index)],
  ]);
  return new Map<string, PyTorchWritable>([
    ['state', new Map(state)],
    ['param_groups', [group]],
  ]);
}

/** Steps of a parameter by its name. */
function stepsIn({ steps, stepCounts }: OptimizerProgress): (name: string) => number {
  const counts = new Map(Object.entries(stepCounts ?? {}));
  return (name) => counts.get(name) ?? steps;
}
