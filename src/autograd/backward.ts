import { ShadegradError } from '../errors.js';
import { writeTime } from '../gpu/write-log.js';
import { fill } from '../kernels/elementwise.js';
import { expectTensor } from '../kernels/elements.js';
import { expectOptions } from '../checks.js';
import { expectShape, formatShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { GradientMemory } from './gradient-memory.js';
import { deposit, noteScale, prepareSlots, sharesPlace, showGradients, targetOf } from './gradient-slots.js';
import { expectSavedUnwritten, isTracking, noGrad, type GradientTarget, type GraphNode } from './graph.js';
import { expectList } from './ops/axes.js';
import { activeLossScale } from './autocast.js';
import { add, mul } from './ops/binary.js';
import { cast } from './ops/cast.js';
import { copy } from './ops/shape.js';
import { Recomputed } from './recomputed.js';
import { expectGradients, isInPlace } from './rule-results.js';

/** The graph's nodes from which a wanted input can be reached, each after every node it feeds. */
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

/** What receives the gradients of a walk. */
interface Sink {
  /** Whether input `index` of a node lies on a way to something that wants a gradient. */
  wants(node: GraphNode, index: number): boolean;
  /** Where the gradient of a leaf may be written; empty for none. */
  target(leaf: Tensor): GradientTarget;
  /** @param inPlace whether the rule has written it to its place already */
  leaf(leaf: Tensor, gradient: Tensor, inPlace: boolean): void;
  /** The whole gradient of a node's output, before it goes on. */
  output?(node: GraphNode, gradient: Tensor): void;
}

interface Walk {
  readonly sink: Sink;
  readonly createGraph: boolean;
  readonly memory: GradientMemory;
  readonly recomputed: Recomputed;
  /** Gradients of results, as far as they are known, of the nodes that are still to come. */
  readonly pending: Map<GraphNode, Tensor>;
}

/** Walks the nodes in order and hands every gradient to the sink. */
function propagate(order: readonly GraphNode[], seed: Tensor, { sink, createGraph, memory }: Omit<Walk, 'pending' | 'recomputed'>): void {
  const recomputed = new Recomputed();
  const pending = new Map<GraphNode, Tensor>([[order[0]!, memory.hold(seed)]]);
  for (const node of order) {
    node.consumed = true;
    const gradOutput = pending.get(node);
    if (!gradOutput) continue;
    pending.delete(node);
    sink.output?.(node, gradOutput);
    passOn(node, gradOutput, { sink, createGraph, memory, recomputed, pending });
    memory.release(gradOutput);
  }
}

/** Runs a node's rule and hands its results on to where its inputs came from. */
function passOn(node: GraphNode, gradOutput: Tensor, { sink, createGraph, memory, recomputed, pending }: Walk): void {
  const targets = node.inputs.map((input, index) => {
    if (!sink.wants(node, index)) return undefined;
    // One leaf given twice to one operation cannot have both results written to one place.
    const repeated = node.inputs.indexOf(input) !== node.inputs.lastIndexOf(input);
    return node.sources[index] || repeated ? {} : sink.target(input);
  });
  if (targets.every((target) => target === undefined)) return;
  expectSavedUnwritten(node);
  if (createGraph && node.firstOrderOnly) throw noSecondOrder(node);
  const since = writeTime();
  const run = (): ReturnType<GraphNode['backward']> =>
    memory.run(() => {
      const returned = node.backward(gradOutput, targets);
      expectGradients(node, returned, targets);
      // A gradient has the type of what it is the gradient of; rules follow the types of what they are given.
      return returned.map((gradient, index) =>
        gradient && targets[index] ? cast(gradient, node.inputs[index]!.dtype as 'f32' | 'f16') : gradient,
      );
    });
  // What is to be differentiated again reads what is kept: its graph outlives the walk.
  const results = createGraph ? run() : recomputed.reading(node, run);
  const made = new Set(results.filter((result, index) => result && targets[index]) as Tensor[]);
  for (const gradient of made) memory.hold(gradient);
  // Before anything is put into a place here: that would be taken for the rule's doing.
  const inPlace = node.inputs.map((input, index) => isInPlace(node, input, targets[index]?.tensor, results[index] ?? null, since));
  for (const [index, input] of node.inputs.entries()) {
    const gradient = results[index];
    if (!targets[index] || !gradient) continue;
    const source = node.sources[index];
    if (!source) {
      sink.leaf(input, gradient, inPlace[index]!);
      continue;
    }
    const earlier = pending.get(source);
    // A new tensor, not in place: a gradient may be shared with, or be a view of, another.
    pending.set(source, memory.hold(earlier ? add(earlier, gradient) : gradient));
    if (earlier) memory.release(earlier);
  }
  for (const gradient of made) memory.release(gradient);
}

function noSecondOrder({ op }: GraphNode): ShadegradError {
  return new ShadegradError('MISSING_GRADIENT', `the gradient of "${op}" cannot be differentiated again`, {
    expected: 'a rule that is written in operations',
    received: `the rule of "${op}", which calls kernels`,
    fix: 'leave createGraph out, or express the network by operations that have a second gradient',
  });
}

/** What a loss begins with where losses are scaled: the scale, or a given seed times it; null where they are not. */
function scaledSeed(output: Tensor, seed: Tensor | undefined): Tensor | null {
  const lossScale = activeLossScale();
  if (!lossScale) return null;
  const scaled = seed ? mul(seed, lossScale.seed([])) : lossScale.seed(output.shape);
  return cast(scaled, output.dtype as 'f32' | 'f16');
}

/** The node that made `output`, and the gradient to start from. */
function start(what: string, output: Tensor, seed: Tensor | undefined): { root: GraphNode; seed: () => Tensor } {
  const root = output.origin as GraphNode | null;
  if (!root) {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of "${output.label}"`, {
      expected: 'the result of operations on at least one tensor with requiresGrad',
      received: output.requiresGrad ? 'a leaf' : 'a tensor without gradient history',
      fix: 'set requiresGrad before the operations run, and do not run them in noGrad()',
    });
  }
  if (!seed && output.size !== 1) {
    throw new ShadegradError('INVALID_ARGUMENT', `${what} of "${output.label}"`, {
      expected: 'an output of one element, or a seed gradient of its shape',
      received: `shape ${formatShape(output.shape)} and no seed`,
      fix: 'take the mean or the sum first',
    });
  }
  if (seed) expectShape(`seed of ${what}`, output.shape, seed.shape);
  return { root, seed: () => seed ?? filled(output, 1, 'seed gradient') };
}

/**
 * Runs the chain rule from `output` to every leaf that requires a gradient, and leaves or adds the gradient in
 * `leaf.grad`. Intermediate results must still be live: call it in the scope that made them. A gradient on the way, and what its
 * rule made besides, gives its memory back as soon as nothing is left to read it.
 * @param seed gradient of `output`; 1 for an output of one element. Inside autocast() it is multiplied with the loss scale
 * @throws INVALID_ARGUMENT when the output does not depend on such a leaf; STALE_TENSOR when a tensor that a gradient needs was
 *   overwritten after the operations ran; MISSING_GRADIENT; USE_AFTER_FREE; what a rule of defineOperation() returns wrongly
 */
export function backward(output: Tensor, seed?: Tensor): void {
  expectTensor('backward()', 'output', output);
  const { root, seed: first } = start('backward()', output, seed);
  // Rules are written in operations: without noGrad() their results would have a history of their own.
  output.gpu.scope(() =>
    noGrad(() => {
      const order = reverseOrder(root);
      const leaves = new Set(order.flatMap((node) => node.inputs.filter((_, index) => node.needed[index] && !node.sources[index])));
      prepareSlots(output.gpu, leaves);
      const sink: Sink = { wants: (node, index) => node.needed[index]!, target: targetOf, leaf: deposit };
      // A leaf's gradient may be the seed: it must stay as it is while gradients are written.
      const given = seed && sharesPlace(seed, leaves) ? copy(seed) : seed;
      const whole = scaledSeed(output, given) ?? given ?? first();
      for (const leaf of leaves) noteScale(leaf, activeLossScale());
      propagate(order, whole, { sink, createGraph: false, memory: new GradientMemory(output.gpu.scopes) });
      showGradients(output.gpu, leaves);
    }),
  );
}

/** Options of grad(): what the output's gradient is, and whether the gradients are differentiated again. */
export interface GradOptions {
  /** The gradient of the output, of its shape. Default 1, for an output of one element. */
  seed?: Tensor;
  /**
   * Whether the gradients are to be differentiated again: they then have a history, and so has what they were computed from.
   * The scope in which grad() is called keeps all of it. Default false.
   */
  createGraph?: boolean;
}

/**
 * Gradients of `output` with respect to `inputs`, leaves or results of operations, as tensors of their own: no `grad` of any
 * leaf changes. With `createGraph` they can be differentiated again, as a gradient penalty needs.
 *
 * ```js
 * const [slope] = grad(sum(critic.forward(x)), [x], { createGraph: true });
 * backward(mean(square(slope)));        // reaches the critic's parameters through the slope
 * ```
 *
 * @returns one gradient for each input, of its shape; zero where the dependence is constant almost everywhere
 * @throws INVALID_ARGUMENT for an input that the output does not depend on, or options of other names; MISSING_GRADIENT when an
 *   operation has no second gradient and createGraph asks for it; STALE_TENSOR, USE_AFTER_FREE as backward()
 */
export function grad(output: Tensor, inputs: readonly Tensor[], options: GradOptions = {}): Tensor[] {
  const { seed, createGraph = false } = expectOptions('grad', options, ['seed', 'createGraph']);
  expectTensor('grad()', 'output', output);
  expectList('grad', inputs);
  if (createGraph && !isTracking()) {
    throw new ShadegradError('INVALID_ARGUMENT', 'grad() with createGraph inside noGrad()', {
      expected: 'tracking on: the gradients are to have a history',
      received: 'tracking off',
      fix: 'call it outside noGrad(), or leave createGraph out',
    });
  }
  const { root, seed: first } = start('grad()', output, seed);
  const order = reverseOrder(root);
  const useful = usefulNodes(order, inputs);
  const reached = (node: GraphNode, index: number): boolean => useful.inputs.get(node)?.[index] ?? false;
  inputs.forEach((input, position) => {
    if (input === output || useful.found.has(input)) return;
    throw new ShadegradError('INVALID_ARGUMENT', `grad() with respect to input ${position}, "${input.label}"`, {
      expected: `a tensor that "${output.label}" was computed from while its requiresGrad was true`,
      received: input.requiresGrad ? 'a tensor that it does not depend on' : 'a tensor without requiresGrad',
      fix: 'set requiresGrad before the operations run, and pass the very tensor that they were given',
    });
  });
  const gradients = new Map<Tensor, Tensor>();
  const memory = new GradientMemory(createGraph ? null : output.gpu.scopes);
  const collect = (input: Tensor, gradient: Tensor): void => {
    const earlier = gradients.get(input);
    gradients.set(input, memory.hold(earlier ? add(earlier, gradient) : gradient));
    if (earlier) memory.release(earlier);
  };
  const walk = (): Tensor[] => {
    const sink: Sink = {
      wants: reached,
      target: () => ({}),
      leaf: collect,
      output: (node, gradient) => {
        for (const input of inputs) if (input.origin === node) gradients.set(input, memory.hold(gradient));
      },
    };
    propagate(order, first(), { sink, createGraph, memory });
    return inputs.map((input) => gradients.get(input) ?? filled(input, 0, 'zero gradient'));
  };
  // Two results must not be one handle, and none may be the seed: whoever disposes one must not take another along.
  const apart = (results: readonly Tensor[]): Tensor[] =>
    results.map((result, index) => (result === seed || results.indexOf(result) < index ? copy(result) : result));
  return createGraph ? apart(walk()) : output.gpu.scope(() => noGrad(() => apart(walk())));
}

/** Which inputs of each node lead to one of the wanted tensors, and which of those are reached. */
function usefulNodes(order: readonly GraphNode[], wanted: readonly Tensor[]): { inputs: Map<GraphNode, boolean[]>; found: Set<Tensor> } {
  const set = new Set(wanted);
  const origins = new Map(wanted.filter(({ origin }) => origin).map((tensor) => [tensor.origin as GraphNode, tensor]));
  const inputs = new Map<GraphNode, boolean[]>();
  const found = new Set<Tensor>();
  for (const node of [...order].reverse()) {
    const leads = node.inputs.map((input, index) => {
      if (!node.needed[index]) return false;
      const source = node.sources[index];
      if (!source) return set.has(input) && !!found.add(input);
      const here = origins.get(source);
      if (here) found.add(here);
      return here !== undefined || inputs.get(source)!.includes(true);
    });
    inputs.set(node, leads);
  }
  return { inputs, found };
}

function filled({ gpu, shape, dtype }: Tensor, value: number, label: string): Tensor {
  const tensor = Tensor.empty(gpu, shape, label, dtype);
  fill(tensor, value);
  return tensor;
}
