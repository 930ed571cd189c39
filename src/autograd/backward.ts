import { ShadegradError } from '../gpu/errors.js';
import { add, addInto, copy, fill } from '../kernels/elementwise.js';
import { expectShape, formatShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { GraphNode } from './graph.js';

/**
 * Where a leaf's gradient lives. A module's parameters have a place in a flat arena from the start; other
 * leaves get a tensor at their first backward().
 */
export interface GradientSlot {
  tensor: Tensor;
  /** False when the contents are left over from an earlier step. */
  filled: boolean;
  /** Whether the place belongs to someone else (an arena) and outlives zeroGrad(). */
  readonly fixed: boolean;
}

const slots = new WeakMap<Tensor, GradientSlot>();

/** Gives a leaf a fixed place for its gradient. */
export function setGradientSlot(leaf: Tensor, tensor: Tensor): void {
  expectShape(`gradient of "${leaf.label}"`, leaf.shape, tensor.shape);
  slots.set(leaf, { tensor, filled: false, fixed: true });
}

/** True when backward() has left a gradient for this leaf since the last zeroGrad(). */
export function hasGradient(leaf: Tensor): boolean {
  return slots.get(leaf)?.filled ?? false;
}

/** The place of a leaf's gradient, whether filled or not. */
export function gradientOf(leaf: Tensor): Tensor | null {
  return slots.get(leaf)?.tensor ?? null;
}

/**
 * Forgets gradients: the next backward() writes over them instead of adding. Costs no GPU work. A leaf that is no
 * module's parameter loses its gradient tensor.
 */
export function zeroGrad(leaves: Iterable<Tensor>): void {
  for (const leaf of leaves) {
    const slot = slots.get(leaf);
    if (slot) slot.filled = false;
    if (slot && !slot.fixed) {
      slot.tensor.dispose();
      slots.delete(leaf);
    }
    leaf.grad = null;
  }
}

/** The graph's nodes, each after every node it feeds. */
function reverseOrder(root: GraphNode): GraphNode[] {
  const order: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  // An explicit stack: a deep graph must not overflow JavaScript's.
  const stack: { node: GraphNode; next: number }[] = [{ node: root, next: 0 }];
  seen.add(root);
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const input = top.node.inputs[top.next++];
    if (input === undefined) {
      order.push(top.node);
      stack.pop();
      continue;
    }
    const needed = top.node.needed[top.next - 1];
    // A disposed tensor has lost its history: what lies before it would silently get no gradient.
    if (needed) input.assertLive();
    const node = needed ? (input.origin as GraphNode | null) : null;
    if (node && !seen.has(node)) {
      seen.add(node);
      stack.push({ node, next: 0 });
    }
  }
  return order.reverse();
}

/**
 * Runs the chain rule from `output` to every leaf that requires a gradient, and leaves or adds the gradient in
 * `leaf.grad`. Intermediate results must still be live: call it in the scope that made them.
 * @param seed gradient of `output`; 1 for an output of one element
 * @throws INVALID_ARGUMENT when the output does not depend on such a leaf; MISSING_GRADIENT; USE_AFTER_FREE
 */
export function backward(output: Tensor, seed?: Tensor): void {
  const root = output.origin as GraphNode | null;
  if (!root) {
    throw new ShadegradError('INVALID_ARGUMENT', `backward() of "${output.label}"`, {
      expected: 'the result of operations on at least one tensor with requiresGrad',
      received: output.requiresGrad ? 'a leaf' : 'a tensor without gradient history',
      fix: 'set requiresGrad before the operations run, and do not run them in noGrad()',
    });
  }
  if (!seed && output.size !== 1) {
    throw new ShadegradError('INVALID_ARGUMENT', `backward() of "${output.label}"`, {
      expected: 'an output of one element, or a seed gradient of its shape',
      received: `shape ${formatShape(output.shape)} and no seed`,
      fix: 'take the mean or the sum first',
    });
  }
  if (seed) expectShape('seed of backward()', output.shape, seed.shape);
  output.gpu.scope(() => {
    const pending = new Map<Tensor, Tensor>();
    pending.set(output, seed ?? ones(output));
    for (const node of reverseOrder(root)) {
      const gradOutput = pending.get(node.output);
      if (!gradOutput) continue;
      pending.delete(node.output);
      const targets = node.inputs.map((input, index) => {
        if (!node.needed[index]) return undefined;
        const slot = input.origin ? undefined : slots.get(input);
        // One leaf given twice to one operation cannot have both results written to one place.
        const repeated = node.inputs.indexOf(input) !== node.inputs.lastIndexOf(input);
        return slot && !repeated ? { tensor: slot.tensor, accumulate: slot.filled } : {};
      });
      const results = node.backward(gradOutput, targets);
      node.inputs.forEach((input, index) => {
        const gradient = results[index];
        if (!targets[index] || !gradient) return;
        if (input.origin) {
          const earlier = pending.get(input);
          // A new tensor, not in place: a gradient may be shared with, or be a view of, another.
          pending.set(input, earlier ? add(earlier, gradient) : gradient);
        } else {
          deposit(input, gradient);
        }
      });
    }
  });
}

function ones(like: Tensor): Tensor {
  const tensor = Tensor.empty(like.gpu, like.shape, 'seed gradient');
  fill(tensor, 1);
  return tensor;
}

/** Puts a leaf's gradient where it belongs, unless the rule has written it there already. */
function deposit(leaf: Tensor, gradient: Tensor): void {
  let slot = slots.get(leaf);
  if (!slot || slot.tensor.disposed) {
    const { gpu, shape, size, label } = leaf;
    // Not memory of a recorded step: the gradient outlives that.
    const storage = gpu.allocatePersistent(size * 4, `gradient of ${label}`);
    slot = { tensor: copy(gradient, new Tensor({ gpu, shape, storage }).keep()), filled: true, fixed: false };
    slots.set(leaf, slot);
  } else if (slot.tensor !== gradient) {
    if (slot.filled) addInto(slot.tensor, gradient);
    else copy(gradient, slot.tensor);
  }
  slot.filled = true;
  leaf.grad = slot.tensor;
}
