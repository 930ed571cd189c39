import type { Tensor } from '../tensor/tensor.js';
import type { GraphNode } from './graph.js';

/** Nodes of a walk that a recomputed result waits for another reader: after that it is run again, or a skip connection's would be kept. */
const PATIENCE = 8;

/**
 * The results that a walk through a graph has run again. Each has memory of its own, which a recording's plan takes back after the last
 * reader; the tensor itself stays what it was, for whoever else reads it.
 */
export class Recomputed {
  private readonly results = new Map<GraphNode, { tensor: Tensor; used: number }>();
  private nodes = 0;

  /** Runs a node's rule while what it has saved is read from where it was made again. */
  reading<T>({ saved }: GraphNode, rule: () => T): T {
    this.nodes++;
    return this.substituting(saved, rule);
  }

  private substituting<T>(tensors: readonly Tensor[], body: () => T): T {
    const found = [...new Set(tensors)].map((tensor) => [tensor, this.again(tensor)] as const);
    return found.reduce((run, [tensor, made]) => (made ? () => tensor.readFrom(made, run) : run), body)();
  }

  /** The tensor's contents, made again; null where they are kept, or where what they were made of is no longer there. */
  private again({ origin }: Tensor): Tensor | null {
    const node = origin as GraphNode | null;
    if (!node?.again) return null;
    const known = this.results.get(node);
    if (known && this.nodes - known.used <= PATIENCE) {
      known.used = this.nodes;
      return known.tensor;
    }
    const operands = [...node.inputs, ...node.saved].filter((operand) => operand !== node.output);
    const changed = operands.some((operand) => operand.disposed || operand.writtenSince(node.time));
    // A hook that says nothing of its writes may have changed them, too.
    if (changed || node.output.gpu.hasUnknownWrites(node.hooks)) return null;
    const tensor = this.substituting(operands, node.again);
    this.results.set(node, { tensor, used: this.nodes });
    return tensor;
  }
}
