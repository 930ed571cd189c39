import type { Gpu } from '../src/gpu/gpu.js';
import { LIBRARY_VERSION } from '../src/version.js';
import type { BenchResult } from './harness.js';
import type { AdapterLimits } from './limits.bench.js';
import { digits, formatTable, percent } from './table.js';
import { spread, type Sampling } from './timing.js';

/** Where numbers come from: without it they mean nothing. */
export interface Provenance {
  readonly date: string;
  readonly adapter: ReportedAdapter;
  readonly features: readonly string[];
  readonly shadegrad: string;
  /** The version of Node, where it ran there. */
  readonly node?: string;
  /** What the browser calls itself, where it ran there. */
  readonly browser?: string;
  readonly clock: string;
}

/** An adapter as a report names it. */
export interface ReportedAdapter {
  readonly name: string;
  readonly description: string;
  readonly kind: string;
  readonly backend: string;
}

/** @param runtime what ran it: Node, or a browser @param clock how the times were taken */
export function provenanceOf(
  gpu: Gpu,
  { name, description, kind, backend }: ReportedAdapter,
  runtime: Pick<Provenance, 'node' | 'browser'>,
  clock: string,
): Provenance {
  return {
    date: new Date().toISOString(),
    adapter: { name, description, kind, backend },
    features: [...gpu.features].sort(),
    shadegrad: LIBRARY_VERSION,
    ...runtime,
    clock,
  };
}

/** What `--json` writes and `--compare` reads. */
export interface BenchReport extends Provenance {
  readonly sampling: Sampling;
  readonly limits: AdapterLimits;
  readonly results: readonly BenchResult[];
  /** What was wrong, and so was not timed. */
  readonly failures: readonly string[];
  /** What was left out because the time was up; absent in files of before. */
  readonly left?: readonly string[];
}

/** The limits in the order of the tables. */
export const LIMITS: readonly { readonly key: keyof AdapterLimits; readonly name: string; readonly unit: string }[] = [
  { key: 'fmaGflops', name: 'f32 FMA peak', unit: 'GFLOP/s' },
  { key: 'copyGigabytes', name: 'copy, by a kernel', unit: 'GB/s' },
  { key: 'bufferCopyGigabytes', name: 'copy, copyBufferToBuffer', unit: 'GB/s' },
  { key: 'dispatchMicroseconds', name: 'one more dispatch', unit: 'us' },
  { key: 'hostMicrosecondsPerDispatch', name: 'host time of a recorded dispatch', unit: 'us' },
  { key: 'emptySubmitMs', name: 'empty submit until done', unit: 'ms' },
];

export function formatLimits(limits: AdapterLimits): string {
  return formatTable(
    ['the adapter itself', ''],
    LIMITS.map(({ key, name, unit }) => [name, `${digits(limits[key])} ${unit}`]),
  );
}

/** 10^9 bytes a second of the faster of the two copies. */
export function bandwidth({ copyGigabytes, bufferCopyGigabytes }: AdapterLimits): number {
  return Math.max(copyGigabytes, bufferCopyGigabytes);
}

/** Share of the limit that the roofline sets for the kernel's ratio of operations to bytes. */
export function roofShare({ work, gflops, gigabytes }: BenchResult, limits: AdapterLimits): number {
  if (gflops === undefined || work.flops === undefined) return gigabytes / bandwidth(limits);
  return gflops / Math.min(limits.fmaGflops, (work.flops / work.bytes) * bandwidth(limits));
}

/** Results by their share of the roofline, the least first: where there is most to gain. */
export function byRoofShare(results: readonly BenchResult[], limits: AdapterLimits): BenchResult[] {
  return [...results].sort((a, b) => roofShare(a, limits) - roofShare(b, limits));
}

/** The columns of the results, in the terminal and in the HTML report. */
export const RESULT_COLUMNS = ['kernel', 'case', 'median ms', 'min', 'max', 'spread', 'rate', 'of limit'];

export function resultCells(result: BenchResult, limits: AdapterLimits): string[] {
  return [
    result.kernel,
    result.label,
    digits(result.medianMs),
    digits(result.minMs),
    digits(result.maxMs),
    percent(spread(result)),
    result.gflops === undefined ? `${digits(result.gigabytes)} GB/s   ` : `${digits(result.gflops)} GFLOP/s`,
    percent(roofShare(result, limits)),
  ];
}

export function formatResults(results: readonly BenchResult[], limits: AdapterLimits): string {
  return formatTable(
    RESULT_COLUMNS,
    results.map((result) => resultCells(result, limits)),
  );
}
