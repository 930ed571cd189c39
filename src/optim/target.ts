import { fixGradient } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../errors.js';
import { Module } from '../nn/module.js';
import { ALIGNMENT, type ArenaWindow, type ParameterMemory, type PlacedParameter } from '../nn/parameter-arena.js';
import { Tensor } from '../tensor/tensor.js';

/** A module on a device, or a list of tensors that gradients are computed for. */
export type OptimizerTarget = Module | Iterable<Tensor>;

/** Memory of parameters, and how to give back what was made to see it. */
export interface PlacedTarget extends ParameterMemory {
  readonly release: () => void;
}

/**
 * The flat memory of what is to be trained.
 * @param what names the optimiser in errors
 * @throws INVALID_ARGUMENT for a module on no device or placed without gradients, or tensors that cannot be trained
 */
export function placeParameters(what: string, target: OptimizerTarget): PlacedTarget {
  if (!(target instanceof Module)) return placeTensors(what, [...expectIterable(what, target)]);
  const { gpu, windows } = target.memory;
  if (windows.some(({ gradients }) => gradients === null)) {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} for a module without gradients`, {
      expected: 'a module placed with training: true',
      received: 'one placed with training: false',
      fix: 'call to(gpu) without that option',
    });
  }
  return { gpu, windows, release: () => {} };
}

/** @throws INVALID_ARGUMENT unless it can be iterated over */
export function expectIterable(what: string, target: Iterable<Tensor>): Iterable<Tensor> {
  if (typeof (target as Partial<Iterable<Tensor>> | undefined)?.[Symbol.iterator] === 'function') return target;
  throw new ShadegradError('INVALID_ARGUMENT', `what ${what} is to train`, {
    expected: 'a module on a device, or a list of tensors',
    received: target === null ? 'null' : typeof target,
    fix: 'pass the module itself, module.parameters(), or [tensor]',
  });
}

/** Parameters of modules lie in one window where they are neighbours in memory; every other tensor has a window of its own. */
function placeTensors(what: string, tensors: readonly Tensor[]): PlacedTarget {
  checkTensors(what, tensors);
  const handles: Tensor[] = [];
  const own = (whole: Tensor, length: number): Tensor => {
    const { gpu, storage, offset, label } = whole;
    const handle = new Tensor({ gpu, storage: storage.retain(), shape: [length], offset, label }).keep();
    handles.push(handle);
    return handle;
  };
  const windows = neighbours(tensors, fixGradient).map((stretch): ArenaWindow => {
    const [first, last] = [stretch[0]!.tensor, stretch[stretch.length - 1]!.tensor];
    const length = last.offset + last.size - first.offset;
    const parameters = stretch.map(
      ({ tensor, index }): PlacedParameter => ({ name: String(index), tensor, offset: tensor.offset - first.offset, size: tensor.size }),
    );
    return { length, values: own(first, length), gradients: own(fixGradient(first), length), parameters };
  });
  return { gpu: tensors[0]!.gpu, windows, release: () => handles.splice(0).forEach((handle) => handle.dispose()) };
}

/**
 * Stretches of tensors that follow each other in memory, as do what `beside` gives for them, with nothing between but the gaps
 * for alignment that a module's memory has.
 */
export function neighbours(tensors: readonly Tensor[], beside: (tensor: Tensor) => Tensor): { tensor: Tensor; index: number }[][] {
  const stretches: { tensor: Tensor; index: number }[][] = [];
  let before = null as readonly [Tensor, Tensor] | null;
  for (const [index, tensor] of tensors.entries()) {
    const pair = [tensor, beside(tensor)] as const;
    const follows =
      before !== null &&
      pair.every((each, which) => {
        const { storage, offset, size } = before![which]!;
        return each.storage === storage && each.offset === offset + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
      });
    if (!follows) stretches.push([]);
    stretches[stretches.length - 1]!.push({ tensor, index });
    before = pair;
  }
  return stretches;
}

function checkTensors(what: string, tensors: readonly Tensor[]): void {
  const refuse = (of: string, expected: string, received: string, fix: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `${of} that ${what} is to train`, { expected, received, fix });
  };
  if (tensors.length === 0) {
    refuse('the list of tensors', 'one tensor or more', 'an empty list', 'pass a module, module.parameters(), or [tensor]');
  }
  const seen = new Set<Tensor>();
  for (const [index, tensor] of tensors.entries()) {
    const name = `tensor ${index}`;
    if (!(tensor instanceof Tensor)) refuse(name, 'a tensor', typeof tensor, 'pass tensors; of a module, module.parameters()');
    tensor.assertLive();
    const { dtype, contiguous, origin } = tensor;
    if (dtype !== 'f32') refuse(name, 'an f32 tensor', dtype, 'train tensors of real numbers');
    if (!contiguous) refuse(name, 'a tensor without gaps between its rows', 'a channel slice', 'train the whole tensor');
    if (origin) {
      refuse(
        name,
        'a leaf: a tensor that was made, not computed',
        `the result of "${origin.op}"`,
        'train what it was computed from, or detach() it',
      );
    }
    if (tensor.gpu !== tensors[0]!.gpu) refuse(name, 'tensors of one Gpu', 'one of another Gpu', 'use an optimiser for each');
    if (seen.has(tensor)) refuse(name, 'each tensor once', `"${tensor.label}" twice`, 'leave one out');
    seen.add(tensor);
  }
}
