/** A table of variants by the problem that they solve; both are names that a kernel gives. */
export type VariantTable = Readonly<Record<string, string>>;

/**
 * The variants of kernels on one device: which variant of a kernel solves which problem. The table alone decides, so that equal tables
 * give equal runs; where it says nothing, or names what the kernel cannot run, the kernel's heuristic serves.
 */
export class KernelVariants {
  private readonly table = new Map<string, string>();
  private taken = new Map<string, string>();

  /** The variant that the table has for a problem; undefined where it says nothing. */
  get(problem: string): string | undefined {
    return this.table.get(problem);
  }

  /** Puts a variant into the table, in place of the one for the same problem. */
  set(problem: string, variant: string): void {
    this.table.set(problem, variant);
  }

  /** The table, sorted by problem. */
  entries(): VariantTable {
    return sorted(this.table);
  }

  /** What variantFor() has answered so far, heuristics included, sorted by problem. */
  used(): VariantTable {
    return sorted(this.taken);
  }

  /** Adds entries to the table, in place of those for the same problems. */
  load(entries: VariantTable): void {
    for (const [problem, variant] of Object.entries(entries)) this.table.set(problem, variant);
  }

  /**
   * The variant for a problem: the table's where it is among the supported ones, else the heuristic's.
   *
   * @param supported what may run at all
   */
  variantFor<Variant extends string>(problem: string, supported: readonly Variant[], heuristic: () => Variant): Variant {
    const stored = this.table.get(problem);
    const variant = supported.find((name) => name === stored) ?? heuristic();
    this.taken.set(problem, variant);
    return variant;
  }

  /** Runs `body` and returns the problems that it asked for, in their order, with the answers. @throws what `body` throws */
  askedBy(body: () => void): Map<string, string> {
    const before = this.taken;
    const asked = new Map<string, string>();
    this.taken = asked;
    try {
      body();
      return asked;
    } finally {
      this.taken = before;
    }
  }
}

function sorted(table: ReadonlyMap<string, string>): VariantTable {
  return Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether a value read from JSON is a table. */
export function isVariantTable(value: unknown): value is VariantTable {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((variant) => typeof variant === 'string')
  );
}
