import type { Gpu } from '../src/gpu/gpu.js';
import { runEntry, type BenchEntry, type BenchResult } from './harness.js';
import { fmaWorkload, measureLimits, type AdapterLimits } from './limits.bench.js';
import { chooseClock } from './stopwatch.js';
import type { Sampling } from './timing.js';

/** What a run of the suite tells while it goes on. */
export interface SuiteListener {
  /** The clock was chosen. */
  clock(description: string): void;
  /** The adapter's own limits were measured. */
  limits(limits: AdapterLimits): void;
  /** An entry begins. @returns whether it is wanted still */
  begins(entry: BenchEntry, place: number): boolean;
  /** An entry was timed. */
  timed?(result: BenchResult): void;
  /** An entry computed something wrong, and was not timed. */
  failed?(message: string): void;
}

/** What a run of the suite has found. */
export interface SuiteOutcome {
  readonly clock: string;
  readonly limits: AdapterLimits;
  readonly results: readonly BenchResult[];
  readonly failures: readonly string[];
  /** Entries that were not wanted any more. */
  readonly left: readonly string[];
}

/**
 * Measures the adapter's own limits, then checks and times every entry: what `shadegrad bench` and the app's Lab run.
 *
 * @throws what a lost device throws; an entry that is wrong only fails itself
 */
export async function runSuite(
  gpu: Gpu,
  entries: readonly BenchEntry[],
  sampling: Sampling,
  listener: SuiteListener,
): Promise<SuiteOutcome> {
  const { result, run } = fmaWorkload(gpu);
  const clock = await chooseClock(gpu, run);
  result.dispose();
  try {
    const { stopwatch, description } = clock;
    listener.clock(description);
    const limits = await measureLimits(gpu, sampling, stopwatch);
    listener.limits(limits);
    const results: BenchResult[] = [];
    const failures: string[] = [];
    const left: string[] = [];
    for (const [place, entry] of entries.entries()) {
      if (!listener.begins(entry, place)) {
        left.push(`${entry.kernel} ${entry.label}`);
        continue;
      }
      try {
        const timed = await runEntry(gpu, entry, sampling, stopwatch);
        results.push(timed);
        listener.timed?.(timed);
      } catch (error) {
        gpu.assertAlive();
        const { message } = error as Error;
        failures.push(message);
        listener.failed?.(message);
      }
    }
    return { clock: description, limits, results, failures, left };
  } finally {
    clock.destroy();
  }
}
