import type { Gpu } from '../src/gpu/gpu.js';
import type { AdapterChoice } from '../src/node/adapter-choice.js';
import { writeFileAtomic } from '../src/node/files.js';
import { LIBRARY_VERSION } from '../src/version.js';
import type { BenchResult } from './harness.js';
import type { AdapterLimits } from './limits.bench.js';
import { digits, formatTable, percent } from './table.js';
import { CLOCK } from './timing.js';

/** Where numbers come from: without it they mean nothing. */
export interface Provenance {
  readonly date: string;
  readonly adapter: { readonly name: string; readonly description: string; readonly kind: string; readonly backend: string };
  readonly features: readonly string[];
  readonly shadegrad: string;
  readonly node: string;
  readonly clock: string;
}

export function provenance(gpu: Gpu, { name, description, kind, backend }: AdapterChoice): Provenance {
  return {
    date: new Date().toISOString(),
    adapter: { name, description, kind, backend },
    features: [...gpu.features].sort(),
    shadegrad: LIBRARY_VERSION,
    node: process.version,
    clock: CLOCK,
  };
}

/** Writes a report that a later run, or another tool, can read. @throws WRITE_FAILED */
export async function writeJson(path: string, report: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`);
}

export function formatLimits(limits: AdapterLimits): string {
  return formatTable(['the adapter itself', ''], [
    ['f32 FMA peak', `${digits(limits.fmaGflops)} GFLOP/s`],
    ['copy, by a kernel', `${digits(limits.copyGigabytes)} GB/s`],
    ['copy, copyBufferToBuffer', `${digits(limits.bufferCopyGigabytes)} GB/s`],
    ['one more dispatch', `${digits(limits.dispatchMicroseconds)} us`],
    ['host time of a recorded dispatch', `${digits(limits.hostMicrosecondsPerDispatch)} us`],
    ['empty submit until done', `${digits(limits.emptySubmitMs)} ms`],
  ]);
}

/** Share of the limit that the roofline sets for the kernel's ratio of operations to bytes. */
export function roofShare({ work, gflops, gigabytes }: BenchResult, limits: AdapterLimits): number {
  const bandwidth = Math.max(limits.copyGigabytes, limits.bufferCopyGigabytes);
  if (gflops === undefined || work.flops === undefined) return gigabytes / bandwidth;
  return gflops / Math.min(limits.fmaGflops, (work.flops / work.bytes) * bandwidth);
}

export function formatResults(results: readonly BenchResult[], limits: AdapterLimits): string {
  return formatTable(
    ['kernel', 'case', 'ms', 'min', 'max', 'rate', 'of limit'],
    results.map((result) => [
      result.kernel,
      result.label,
      digits(result.medianMs),
      digits(result.minMs),
      digits(result.maxMs),
      result.gflops === undefined ? `${digits(result.gigabytes)} GB/s   ` : `${digits(result.gflops)} GFLOP/s`,
      percent(roofShare(result, limits)),
    ]),
  );
}
