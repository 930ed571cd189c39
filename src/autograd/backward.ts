import { ShadegradError } from '../gpu/errors.js';
import { add, fill } from '../kernels/elementwise.js';
import { expectShape, formatShape, sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { deposit, prepareSlots, showGradients, targetOf } from './gradient-slots.js';
import { expectSavedUnwritten, noGrad, type GraphNode } from './graph.js';

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
    const node = needed ? top.node.sources[top.next - 1] : null;
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
 * @throws INVALID_ARGUMENT when the output does not depend on such a leaf; STALE_TENSOR when a tensor that a gradient needs was
 *   overwritten after the operations ran; MISSING_GRADIENT; USE_AFTER_FREE
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
    const order = reverseOrder(root);
    const leaves = new Set(order.flatMap((node) => node.inputs.filter((_, index) => node.needed[index] && !node.sources[index])));
    prepareSlots(output.gpu, leaves);
    const pending = new Map<GraphNode, Tensor>([[root, seed ?? ones(output)]]);
    for (const node of order) {
      node.consumed = true;
      const gradOutput = pending.get(node);
      if (!gradOutput) continue;
      pending.delete(node);
      expectSavedUnwritten(node);
      const targets = node.inputs.map((input, index) => {
        if (!node.needed[index]) return undefined;
        // One leaf given twice to one operation cannot have both results written to one place.
        const repeated = node.inputs.indexOf(input) !== node.inputs.lastIndexOf(input);
        return node.sources[index] || repeated ? {} : targetOf(input);
      });
      // Rules may be written in operations: without this their results would have a history of their own.
      const results = noGrad(() => node.backward(gradOutput, targets));
      node.inputs.forEach((input, index) => {
        const gradient = results[index];
        if (!targets[index] || !gradient) return;
        expectGradient(node, input, gradient);
        const source = node.sources[index];
        if (source) {
          const earlier = pending.get(source);
          // A new tensor, not in place: a gradient may be shared with, or be a view of, another.
          pending.set(source, earlier ? add(earlier, gradient) : gradient);
        } else {
          deposit(input, gradient);
        }
      });
    }
    showGradients(output.gpu, leaves);
  });
}

/** What a rule returns is the gradient of its input, and nothing else. */
function expectGradient(node: GraphNode, input: Tensor, gradient: Tensor): void {
  if (sameShape(input.shape, gradient.shape) && gradient.dtype === 'f32') return;
  throw new ShadegradError('SHAPE_MISMATCH', `gradient that the rule of "${node.op}" returned for "${input.label}"`, {
    expected: `f32 ${formatShape(input.shape)}`,
    received: `${gradient.dtype} ${formatShape(gradient.shape)}`,
    fix: 'return one gradient for each input, in their order and of their shapes, null for those not wanted',
  });
}

function ones(like: Tensor): Tensor {
  const tensor = Tensor.empty(like.gpu, like.shape, 'seed gradient');
  fill(tensor, 1);
  return tensor;
}
