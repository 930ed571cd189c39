/** What the page and its workers tell one another. */
import type { BenchResult } from '../../../../bench/harness.js';
import type { AdapterLimits } from '../../../../bench/limits.bench.js';
import type { BenchReport } from '../../../../bench/report.js';

/** The end of a file of tests: what was written, and whether it came to its end. */
export interface TestAnswer {
  readonly output: string;
  readonly finished: boolean;
}

/** A run of the benchmarks to begin. */
export interface BenchRequest {
  /** Entries whose kernel or case contains this; all for an empty text. */
  readonly filter: string;
  readonly quick: boolean;
  /** What the browser calls itself, for the report. */
  readonly browser: string;
}

/** What the benchmarks tell while they run. A report stands in each, so that nothing is lost when they are stopped. */
export type BenchAnswer =
  /** What is known of the run before its first result. */
  | {
      readonly kind: 'begun';
      readonly report: Omit<BenchReport, 'limits' | 'results' | 'failures' | 'left'>;
      readonly names: readonly string[];
      /** The family of each kernel, in the order of their colours. */
      readonly families: readonly (readonly [kernel: string, family: string])[];
    }
  | { readonly kind: 'limits'; readonly limits: AdapterLimits }
  | { readonly kind: 'begins'; readonly place: number }
  | { readonly kind: 'timed'; readonly result: BenchResult }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done' }
  /** It could not go on. `code` is that of an error of the library. */
  | { readonly kind: 'error'; readonly code?: string; readonly message: string };
