import { AVERAGES } from '../../training/averages.js';
import { STATE_PREFIX } from '../../training/checkpoint-tensors.js';
import { NETWORKS } from '../../models/registry.js';
import type { StateShapes } from '../../models/state-shapes.js';
import type { Shape } from '../../tensor/shape.js';
import type { PyTorchRunRow } from '../../training/scheme.js';

/** Tensors of a file by name. */
type Tensors = ReadonlyMap<string, { readonly shape: Shape }>;

/** A network among the tensors of a file. */
export interface NetworkRoot {
  /** The name of its kind. */
  readonly kind: string;
  /** What stands before the network's own names, such as "module." or "generator.". */
  readonly prefix: string;
}

/** Every network of a kind that PyTorch has among the tensors of a file, in the order of their names. */
export function findNetworks(tensors: Tensors): NetworkRoot[] {
  const roots: NetworkRoot[] = [];
  for (const name of tensors.keys()) {
    for (const { kind, pytorch } of NETWORKS) {
      const prefix = pytorch ? before(name, pytorch.anchor) : null;
      // Averages in the state of a run of ours are no networks of the file: they lie as state does.
      if (prefix === null || `.${prefix}`.includes(`.${STATE_PREFIX}.${AVERAGES}`) || !pytorch!.looksLike(shapesBelow(tensors, prefix)))
        continue;
      roots.push({ kind, prefix });
      break;
    }
  }
  return roots;
}

/**
 * Whether what stands before the names of a network says that it is a certain one of a scheme: its name here, such as "generatorA", or
 * there, "G_A" or "netG_A"; "module." and the like may stand around it.
 */
export function isCalled(prefix: string, name: string, { names }: Pick<PyTorchRunRow, 'names'>): boolean {
  const theirs = names[name]!;
  return prefix.split('.').some((part) => [name, theirs, `net${theirs}`].includes(part));
}

/** What stands before an ending that makes up the name or follows a dot; null where the name does not end so. */
function before(name: string, ending: string): string | null {
  if (!name.endsWith(ending)) return null;
  const prefix = name.slice(0, -ending.length);
  return prefix === '' || prefix.endsWith('.') ? prefix : null;
}

/** The shapes of the tensors whose names begin with a prefix, by what follows it. */
export const shapesBelow = (tensors: Tensors, prefix: string): StateShapes => ({
  has: (name) => tensors.has(prefix + name),
  get: (name) => tensors.get(prefix + name)?.shape,
});
