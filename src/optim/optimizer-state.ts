import { ShadegradError } from '../errors.js';
import { view, type ArenaWindow } from '../nn/parameter-arena.js';
import { formatShape, sameShape, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectLearningRate, type ParameterGroup } from './parameter-group.js';

/** The tensor that says of each parameter how many of its steps were left out; only a state of mixed precision has it. */
export const LEFT_OUT = 'leftOut';

/** The numbers beside an optimiser's tensors; JSON keeps them. */
interface Progress {
  /** Steps taken, by the parameter's name. */
  readonly stepCounts: Readonly<Record<string, number>>;
  /** One for each group. */
  readonly learningRates: readonly number[];
}

/** Numbers that are read on demand: what the functions that write weights to files take. */
export interface TensorToSave {
  /** The name that a file is to have it under. */
  readonly name: string;
  /** The lengths of the axes. */
  readonly shape: Shape;
  /** Reads the numbers, in row-major order. */
  read(): Promise<Float32Array>;
}

/** An optimiser's state to be saved: what encodeSafetensors() takes, and numbers for its metadata. */
export interface OptimizerState extends Progress {
  /** The tensors by name. */
  readonly tensors: ReadonlyMap<string, TensorToSave>;
}

/** An optimiser's state as a file gives it back: that of stateDict(), whose tensors come from the file. */
export interface SavedState extends Progress {
  /** The tensors by name; others may be among them and are left alone. */
  readonly tensors: ReadonlyMap<string, { readonly shape: Shape; read(): Promise<Float32Array> }>;
}

interface Owner {
  readonly windows: readonly ArenaWindow[];
  readonly state: ReadonlyMap<string, readonly Tensor[]>;
  readonly stepCounts: ReadonlyMap<string, number>;
  readonly groups: readonly ParameterGroup[];
}

/** Where a tensor of an optimiser's state lies. */
export interface StatePlace {
  /** `STATE.PARAMETER`, such as `firstMoment.encoder.weight`. */
  readonly name: string;
  /** That of the parameter. */
  readonly shape: Shape;
  /** The flat tensor that it is a part of. */
  readonly whole: Tensor;
  /** Elements from the start of that. */
  readonly offset: number;
}

/** Every tensor of an optimiser's state. */
export function* statePlaces({ windows, state }: Owner): Generator<StatePlace> {
  for (const [kind, flats] of state)
    for (const [index, { parameters }] of windows.entries()) {
      for (const { name, tensor, offset } of parameters)
        yield { name: `${kind}.${name}`, shape: tensor.shape, whole: flats[index]!, offset };
    }
}

const parts = ({ shape, whole, offset }: StatePlace): Tensor => view(whole, shape, offset);

/** What Optimizer.stateDict() returns. */
export function stateOf(owner: Owner): OptimizerState {
  const tensors = [...statePlaces(owner)].map((place): [string, TensorToSave] => [
    place.name,
    {
      name: place.name,
      shape: place.shape,
      async read() {
        const part = parts(place);
        try {
          return await part.data();
        } finally {
          part.dispose();
        }
      },
    },
  ]);
  return {
    tensors: new Map(tensors),
    stepCounts: Object.fromEntries(owner.stepCounts),
    learningRates: owner.groups.map(({ learningRate }) => learningRate),
  };
}

/**
 * Puts a state's tensors and learning rates in place, once all of it is read and checked.
 * @returns the step counts, and how many of them were left out
 * @throws INVALID_ARGUMENT; what reading throws
 */
export async function loadState(
  optimizer: string,
  owner: Owner,
  { tensors, stepCounts, learningRates }: SavedState,
  checkCount: (what: string, count: number, most?: number) => void,
): Promise<{ counts: Map<string, number>; leftOut: Map<string, number> }> {
  const mismatch = (what: string, expected: string, received: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of a saved state that ${optimizer} is to go on from`, {
      expected,
      received,
      fix: 'make the optimiser for the same module, with the same groups and options, as the one that was saved',
    });
  };
  const { length } = owner.groups;
  if (learningRates.length !== length) mismatch('the learning rates', `one for each of ${length} groups`, String(learningRates.length));
  for (const rate of learningRates) expectLearningRate(optimizer, rate);
  const counts = new Map(Object.entries(stepCounts));
  for (const [name, count] of counts) {
    checkCount(`"${name}"`, count);
    if (!owner.stepCounts.has(name)) mismatch('the step counts', 'those of its own parameters', `one of "${name}"`);
  }
  for (const name of owner.stepCounts.keys()) if (!counts.has(name)) mismatch('the step counts', `one of "${name}"`, 'none');
  const found = [...statePlaces(owner)].map((place) => {
    const tensor = tensors.get(place.name) ?? mismatch('the tensors', `"${place.name}"`, `none of that name among ${tensors.size}`);
    if (!sameShape(tensor.shape, place.shape)) mismatch(`tensor "${place.name}"`, formatShape(place.shape), formatShape(tensor.shape));
    return { place, tensor };
  });
  const names = [...owner.stepCounts.keys()];
  const skips = tensors.get(LEFT_OUT);
  if (skips && !sameShape(skips.shape, [names.length])) {
    mismatch(`tensor "${LEFT_OUT}"`, formatShape([names.length]), formatShape(skips.shape));
  }
  const skipped = await skips?.read();
  const leftOut = new Map(names.map((name, index) => [name, skipped?.[index] ?? 0]));
  for (const [name, count] of leftOut) checkCount(`"${name}" that were left out`, count, counts.get(name));
  const numbers: Float32Array[] = [];
  for (const { tensor } of found) numbers.push(await tensor.read());
  found.forEach(({ place }, index) => {
    const part = parts(place);
    part.write(numbers[index]!);
    part.dispose();
  });
  owner.groups.forEach((group, index) => (group.learningRate = learningRates[index]!));
  return { counts, leftOut };
}
