import type { Gpu } from '../src/gpu/gpu.js';
import { Tensor } from '../src/tensor/tensor.js';
import { timeRecorded, type Sampling, type Stopwatch, type Timing } from './timing.js';
import { Workbench } from './workbench.js';

/** What one run of a kernel does, for the rates: floating-point operations where arithmetic is the point. */
export interface Work {
  /** An FMA counts as two. Absent for kernels that only move numbers; their rate is in bytes. */
  readonly flops?: number;
  /** Bytes that must be read and written at least: each operand once. */
  readonly bytes: number;
}

/** One kernel on its inputs. */
export interface Workload<T> {
  /** Dispatches the kernel; called again and again, eagerly and inside a recording. */
  run(): T;
  /** Compares the result of the first run with float64. @throws Error that names the worst element */
  check(result: T): Promise<void>;
}

export interface BenchEntry {
  /** The host function of src/kernels that is timed. */
  readonly kernel: string;
  /** Where in the model the shape comes from, and the shape. */
  readonly label: string;
  readonly work: Work;
  /** Makes the inputs; what the workbench made is disposed after the entry. */
  setup(workbench: Workbench): Workload<unknown>;
}

export interface BenchResult extends Timing {
  readonly kernel: string;
  readonly label: string;
  readonly work: Work;
  /** 10^9 operations a second at the median; absent without `work.flops`. */
  readonly gflops?: number;
  /** 10^9 bytes a second at the median. */
  readonly gigabytes: number;
}

/** Lets TypeScript see that `check` takes what `run` returns. */
export function workload<T>(parts: Workload<T>): Workload<T> {
  return parts;
}

/** Those entries whose kernel or label contains the text, in any case; all for an empty text. */
export function filterEntries(entries: readonly BenchEntry[], text: string): BenchEntry[] {
  const wanted = text.toLowerCase();
  return entries.filter(({ kernel, label }) => `${kernel} ${label}`.toLowerCase().includes(wanted));
}

/**
 * Checks one entry against its reference, then times it. Nothing is timed that computes something else.
 * @throws Error with the entry's name when the check fails
 */
export async function runEntry(gpu: Gpu, entry: BenchEntry, sampling: Sampling, stopwatch?: Stopwatch): Promise<BenchResult> {
  const { kernel, label, work } = entry;
  const workbench = new Workbench(gpu);
  try {
    const { run, check } = entry.setup(workbench);
    const result = gpu.scope(run);
    try {
      await check(result);
    } catch (cause) {
      throw new Error(`${kernel} ${label}: the result is wrong, so it is not timed: ${(cause as Error).message}`, { cause });
    } finally {
      disposeTensors(result);
    }
    const timing = await timeRecorded(gpu, () => void run(), sampling, stopwatch);
    const perSecond = (amount: number): number => amount / timing.medianMs / 1e6;
    return {
      kernel,
      label,
      work,
      ...timing,
      ...(work.flops === undefined ? {} : { gflops: perSecond(work.flops) }),
      gigabytes: perSecond(work.bytes),
    };
  } finally {
    workbench.dispose();
    gpu.trim();
  }
}

function disposeTensors(value: unknown): void {
  if (value instanceof Tensor) value.dispose();
  else if (typeof value === 'object' && value !== null) Object.values(value).forEach(disposeTensors);
}
