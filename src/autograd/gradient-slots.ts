import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { addInto, copy, fill } from '../kernels/elementwise.js';
import type { LossScale } from '../kernels/loss-scale.js';
import { expectShape } from '../tensor/shape.js';
import { bytesFor, Tensor, type GradientPlace } from '../tensor/tensor.js';
import type { GradientTarget } from './graph.js';

/**
 * Where a leaf's gradient lives. A module's parameters have a place in a flat arena from the start; other
 * leaves get memory at their first backward().
 */
interface GradientSlot extends GradientPlace {
  /** What `leaf.grad` shows. Its owner may dispose it: then a new handle is made on memory that is still there. */
  tensor: Tensor;
  /** False when the contents are left over from an earlier step. */
  filled: boolean;
  /** Whether the memory belongs to someone else (an arena, an optimiser) and outlives zeroGrad(). */
  fixed: boolean;
}

/**
 * The same inside a trace, where nothing runs. 'asFound' is what no traced operation has changed: a run adds to what is there then,
 * or to zeros.
 */
type TracedState = 'asFound' | 'empty' | 'filled';

const tracedStates = new WeakMap<object, Map<Tensor, TracedState>>();

function statesOf(trace: object): Map<Tensor, TracedState> {
  let states = tracedStates.get(trace);
  if (!states) tracedStates.set(trace, (states = new Map<Tensor, TracedState>()));
  return states;
}

/** Whether the function being traced has made the leaf, and gives it back at its end unless it returns or keeps it. */
function madeInTrace(leaf: Tensor): boolean {
  const trace = leaf.gpu.currentTrace;
  return trace !== null && leaf.gpu.scopes.holds(leaf, trace.depth);
}

const slotOf = (leaf: Tensor): GradientSlot | null => leaf.gradientPlace as GradientSlot | null;

/** Gives a leaf a fixed place for its gradient. */
export function setGradientSlot(leaf: Tensor, tensor: Tensor): void {
  expectShape(`gradient of "${leaf.label}"`, leaf.shape, tensor.shape);
  const slot: GradientSlot = { tensor, filled: false, fixed: true };
  leaf.gradientPlace = slot;
}

/** True when backward() has left a gradient for this leaf since the last zeroGrad(). */
export function hasGradient(leaf: Tensor): boolean {
  const trace = leaf.gpu.currentTrace;
  const state = trace ? statesOf(trace).get(leaf) : undefined;
  if (state && state !== 'asFound') return state === 'filled';
  const slot = slotOf(leaf);
  return slot?.filled === true && !slot.tensor.disposed;
}

/** The place of a leaf's gradient, whether filled or not. */
export function gradientOf(leaf: Tensor): Tensor | null {
  return leaf.gradientPlace?.tensor ?? null;
}

/** By leaf, the scale of the losses that its gradient is of. */
const scales = new WeakMap<Tensor, LossScale>();

/**
 * Notes by which scale a gradient is multiplied that is about to be computed.
 * @throws INVALID_ARGUMENT when it is to be added to one of another scale
 */
export function noteScale(leaf: Tensor, scale: LossScale | null): void {
  if (hasGradient(leaf)) expectScale(`gradient that is added to that of "${leaf.label}"`, leaf, scale);
  if (scale) scales.set(leaf, scale);
  else scales.delete(leaf);
}

/** @throws INVALID_ARGUMENT when a leaf's gradient is of another scale of the losses */
export function expectScale(what: string, leaf: Tensor, scale: LossScale | null): void {
  const found = scales.get(leaf) ?? null;
  if (found === scale) return;
  const said = (of: LossScale | null): string => (of ? 'a gradient times a loss scale' : 'a gradient as it is');
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: said(scale),
    received: found && scale ? 'one times another loss scale' : said(found),
    fix: 'call backward() and step() in one call of autocast(), or both outside',
  });
}

/**
 * Forgets the gradients of leaves, so that the next backward() writes over them instead of adding; torch.optim.Optimizer.zero_grad.
 * Costs no GPU work. A leaf that is no module's parameter loses its gradient tensor. Inside a recorded function it happens in each run.
 */
export function zeroGrad(leaves: Iterable<Tensor>): void {
  const list = [...leaves];
  const gpu = list[0]?.gpu;
  const trace = gpu?.currentTrace;
  if (!trace) {
    for (const leaf of list) forget(leaf);
    return;
  }
  for (const leaf of list) statesOf(trace).set(leaf, 'empty');
  // Not disposed in a run: the run itself writes there again.
  gpu!.eachStep(
    () =>
      list.forEach((leaf) => {
        const slot = slotOf(leaf);
        if (slot) slot.filled = false;
        leaf.grad = null;
      }),
    [],
  );
}

function forget(leaf: Tensor): void {
  const slot = slotOf(leaf);
  if (slot) slot.filled = false;
  if (slot && !slot.fixed) {
    slot.tensor.dispose();
    leaf.gradientPlace = null;
  }
  leaf.grad = null;
}

/** The leaf's slot with a live handle; a place that has gone altogether is none. */
function liveSlot(leaf: Tensor): GradientSlot | null {
  const slot = slotOf(leaf);
  if (!slot?.tensor.disposed) return slot;
  const { gpu, shape, dtype, storage, offset, rowStride } = slot.tensor;
  if (!slot.fixed || storage.freed) {
    leaf.gradientPlace = null;
    return null;
  }
  // Its handle was disposed, and with it what it held.
  slot.tensor = new Tensor({ gpu, shape, dtype, storage: storage.retain(), offset, rowStride }).keep();
  slot.filled = false;
  return slot;
}

/**
 * The leaf's slot, made if there is none. Not memory of a recorded step, which the gradient outlives, unless the step makes the leaf
 * itself: then both are the step's.
 */
function ensureSlot(leaf: Tensor): GradientSlot {
  let slot = liveSlot(leaf);
  if (!slot) {
    const { gpu, shape, dtype, size, label } = leaf;
    const [bytes, name] = [bytesFor(dtype, size), `gradient of ${label}`];
    const storage = madeInTrace(leaf) ? gpu.allocate(bytes, name) : gpu.allocatePersistent(bytes, name);
    slot = { tensor: new Tensor({ gpu, shape, dtype, storage }).keep(), filled: false, fixed: false };
    leaf.gradientPlace = slot;
  }
  return slot;
}

/** Gives a leaf a place for its gradient that outlives zeroGrad(), unless it has one; a gradient that is there stays. */
export function fixGradient(leaf: Tensor): Tensor {
  const slot = ensureSlot(leaf);
  slot.fixed = true;
  return slot.tensor;
}

/**
 * Inside a trace, before a backward(): each run begins with these leaves' gradients as they are then, or zero.
 * Outside it does nothing.
 */
export function prepareSlots(gpu: Gpu, leaves: Iterable<Tensor>): void {
  const trace = gpu.currentTrace;
  if (!trace) return;
  const states = statesOf(trace);
  const fresh = [...new Set(leaves)].filter((leaf) => !states.has(leaf));
  // A leaf of the traced function's own is another one in each run, and has no gradient when it is made.
  const own = new Set(fresh.filter(madeInTrace));
  for (const leaf of own) states.set(leaf, 'empty');
  const found = fresh.filter((leaf) => !own.has(leaf));
  if (found.length === 0) return;
  for (const leaf of found) states.set(leaf, 'asFound');
  const places = found.map((leaf) => ({ leaf, place: recordedPlace(leaf) }));
  gpu.eachStep(() => {
    for (const { leaf, place } of places) {
      if (leaf.disposed) continue;
      const slot = attach(leaf, place);
      if (!slot.filled) fill(slot.tensor, 0);
    }
  }, [...new Set(places.map(({ place }) => place.storage))]);
}

/** Memory of a gradient that a recorded step writes, and how to see it as a tensor. */
interface Place {
  readonly storage: Tensor['storage'];
  readonly view: () => Tensor;
}

function recordedPlace(leaf: Tensor): Place {
  const { gpu, shape, dtype, storage, offset, rowStride } = ensureSlot(leaf).tensor;
  return { storage, view: () => new Tensor({ gpu, shape, dtype, storage: storage.retain(), offset, rowStride }).keep() };
}

/**
 * In a run: makes the memory that the recorded step writes the leaf's gradient, should zeroGrad(), dispose() or a backward()
 * outside have given the leaf another one since it was traced, or none.
 */
function attach(leaf: Tensor, { storage, view }: Place): GradientSlot {
  const slot = liveSlot(leaf);
  if (slot && slot.tensor.storage === storage) return slot;
  const attached: GradientSlot = { tensor: view(), filled: slot?.filled ?? false, fixed: false };
  if (slot?.filled) copy(slot.tensor, attached.tensor);
  slot?.tensor.dispose();
  leaf.gradientPlace = attached;
  return attached;
}

/** Where a rule may put a leaf's gradient by itself; none while the leaf has no memory for it. */
export function targetOf(leaf: Tensor): GradientTarget {
  const slot = leaf.gpu.currentTrace ? ensureSlot(leaf) : liveSlot(leaf);
  return slot ? { tensor: slot.tensor, accumulate: accumulates(leaf, slot) } : {};
}

function accumulates(leaf: Tensor, slot: GradientSlot): boolean {
  const trace = leaf.gpu.currentTrace;
  return trace ? statesOf(trace).get(leaf) !== 'empty' : slot.filled;
}

/** Whether a tensor lies in memory that holds the gradient of one of the leaves. */
export function sharesPlace(tensor: Tensor, leaves: Iterable<Tensor>): boolean {
  for (const leaf of leaves) if (gradientOf(leaf)?.storage === tensor.storage) return true;
  return false;
}

/**
 * Puts a leaf's gradient where it belongs.
 * @param inPlace whether the rule has written it there already
 */
export function deposit(leaf: Tensor, gradient: Tensor, inPlace: boolean): void {
  const slot = ensureSlot(leaf);
  if (!inPlace) {
    // What lies beside the place, or in it, cannot be read while the place is written.
    const apart = gradient.storage === slot.tensor.storage ? copy(gradient) : gradient;
    if (accumulates(leaf, slot)) addInto(slot.tensor, apart);
    else copy(apart, slot.tensor);
    if (apart !== gradient) apart.dispose();
  }
  const trace = leaf.gpu.currentTrace;
  if (trace) {
    statesOf(trace).set(leaf, 'filled');
    return;
  }
  slot.filled = true;
  leaf.grad = slot.tensor;
}

/** After a backward() inside a trace: each run leaves these leaves with a gradient. Outside it does nothing. */
export function showGradients(gpu: Gpu, leaves: Iterable<Tensor>): void {
  if (!gpu.currentTrace) return;
  const places = [...new Set(leaves)].map((leaf) => ({ leaf, place: recordedPlace(leaf) }));
  gpu.eachStep(() => {
    for (const { leaf, place } of places) {
      if (leaf.disposed) continue;
      const slot = attach(leaf, place);
      slot.filled = true;
      leaf.grad = slot.tensor;
    }
  }, []);
}
