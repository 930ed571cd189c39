import type { VariantTable } from '../gpu/kernel-variants.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { isWorkgroupTile } from './conv2d/workgroup.js';
import { copy, fill } from './elementwise.js';
import { mseLoss } from './loss.js';
import { provenUnits } from './matrix-units.js';
import { tunableOf, type Prepared, type Tunable } from './tunable.js';
import type { Tensor } from '../tensor/tensor.js';

/** Another variant must be this much faster than the heuristic's to be stored: less is noise, and would change from run to run. */
const WORTHWHILE = 1.03;
/** Runs timed at a time: so many that a wait for the device is a small part of them. */
const TIMED = { milliseconds: 10, mostRuns: 20, samples: 3 } as const;
/** A variant whose first run takes so many times as long as the best one's is not timed further. */
const HOPELESS = 2;

/** What tune() found out about one problem. */
export interface TuneResult {
  /** The name of the problem, as the kernel gives it. */
  readonly problem: string;
  /** The variant that is stored in gpu.variants; the heuristic's, and nothing is stored, when no variant ran and agreed. */
  readonly winner: string;
  /** The variant that would have served without tuning. */
  readonly heuristic: string;
  /** The milliseconds of one run by variant: medians, or the first run's of a hopeless one. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** Variants that were left out, and why: they do not compile, do not fit in memory, or compute something else. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Options of tune(): what it reports to, what stops it, and how much it times. */
export interface TuneOptions {
  /** Called after each problem, with how many are done. */
  onProgress?: (result: TuneResult, done: number, total: number) => void;
  /** An AbortSignal, or anything like it: the problems not yet done are left out. */
  signal?: { readonly aborted: boolean };
  /**
   * Whether to time all variants, also those that are known to be slow: on software adapters, whose barriers are slow, the workgroup
   * tiles. Default false.
   */
  all?: boolean;
}

/**
 * Lists the problems of convolutions and products that `body` would dispatch, by name, with the variant that serves now; where units for
 * matrices may do products, also those that other variants of these would ask for. Nothing is run.
 *
 * @throws what gpu.record() throws
 */
export async function listConvProblems(gpu: Gpu, body: () => void): Promise<Map<string, string>> {
  const problems = await askedIn(gpu, () => gpu.variants.askedBy(body));
  for (const problem of [...problems.keys()]) await addParts(gpu, problem, problems);
  return problems;
}

/** What a function that is traced, and not run, returns. */
async function askedIn(gpu: Gpu, body: () => Map<string, string>): Promise<Map<string, string>> {
  let problems = new Map<string, string>();
  // Thrown so that the trace is given up: neither its memory nor its pipelines are wanted.
  const traced = new Error('traced');
  await gpu
    .record(() => {
      problems = body();
      throw traced;
    })
    .catch((error: unknown) => {
      if (error !== traced) throw error;
    });
  return problems;
}

/**
 * The problems within a problem: what its variants ask for, each with the variant that serves now. Without a unit for matrices no product
 * is asked for.
 */
async function partsOf(gpu: Gpu, problem: string): Promise<Map<string, string>> {
  const tunable = provenUnits(gpu.adapter).length > 0 ? tunableOf(problem) : null;
  if (!tunable) return new Map();
  return askedIn(gpu, () => {
    const asked = new Map<string, string>();
    const made: Tensor[] = [];
    try {
      const { variants, compute } = tunable.prepare(gpu, made);
      for (const variant of variants) for (const [part, serves] of gpu.variants.askedBy(() => compute(variant))) asked.set(part, serves);
    } catch (error) {
      // A problem that does not fit in memory is tune()'s to report.
      if (!(error instanceof ShadegradError) || error.code !== 'LIMIT_EXCEEDED') throw error;
    }
    for (const tensor of made) tensor.dispose();
    return asked;
  });
}

/** Adds the problems within a problem, and those within these. */
async function addParts(gpu: Gpu, problem: string, problems: Map<string, string>): Promise<void> {
  for (const [part, serves] of await partsOf(gpu, problem)) {
    if (problems.has(part)) continue;
    problems.set(part, serves);
    await addParts(gpu, part, problems);
  }
}

/** A problem with what it asks for. */
interface Job {
  readonly problem: string;
  readonly heuristic: string;
  readonly tunable: Tunable;
}

/** The largest problems first, but before each the problems within it: a variant is timed with what will serve it. */
async function inOrder(gpu: Gpu, problems: ReadonlyMap<string, string>): Promise<Job[]> {
  const largestFirst = [...problems]
    .flatMap(([problem, heuristic]) => {
      const tunable = tunableOf(problem);
      return tunable ? [{ problem, heuristic, tunable }] : [];
    })
    .sort((a, b) => b.tunable.work - a.tunable.work || (a.problem < b.problem ? -1 : 1));
  const named = new Map(largestFirst.map((job) => [job.problem, job]));
  const ordered = new Set<Job>();
  const add = async (job: Job): Promise<void> => {
    for (const part of (await partsOf(gpu, job.problem)).keys()) {
      const within = named.get(part);
      if (within && within !== job && !ordered.has(within)) await add(within);
    }
    ordered.add(job);
  };
  for (const job of largestFirst) if (!ordered.has(job)) await add(job);
  return [...ordered];
}

/**
 * Times the variants of each problem on random contents, and stores the fastest in gpu.variants: the heuristic's unless
 * another is more than 3% faster. The largest problems come first, so that little time is spent well; products
 * within a convolution come before it.
 *
 * A variant is timed only if what it computes agrees with the others (see agreeing()): a driver that compiles one wrongly
 * often makes it fast. One that does not compile, run or agree is named in the result and does not end the tuning.
 *
 * @param problems names from listConvProblems(), with the heuristics' variants; unknown names are left out
 * @returns the problems done, in their order
 * @throws DEVICE_LOST
 */
export async function tune(
  gpu: Gpu,
  problems: ReadonlyMap<string, string>,
  { onProgress, signal, all = false }: TuneOptions = {},
): Promise<TuneResult[]> {
  // What failed before is not a variant's fault.
  await gpu.sync();
  const jobs = await inOrder(gpu, problems);
  const results: TuneResult[] = [];
  for (const { problem, heuristic, tunable } of jobs) {
    if (signal?.aborted) break;
    const failures: Record<string, string> = {};
    const milliseconds = await timeVariants(gpu, tunable, { heuristic, all, signal, failures });
    if (!milliseconds) break;
    const winner = Object.keys(milliseconds).length > 0 ? chooseWinner(milliseconds, heuristic) : null;
    if (winner !== null) gpu.variants.set(problem, winner);
    const result = { problem, winner: winner ?? heuristic, heuristic, milliseconds, failures };
    results.push(result);
    onProgress?.(result, results.length, jobs.length);
  }
  return results;
}

/** The fastest variant, or the heuristic's where none is faster by enough. */
export function chooseWinner(milliseconds: Readonly<Record<string, number>>, heuristic: string): string {
  const [fastest] = Object.entries(milliseconds).sort(([, a], [, b]) => a - b)[0]!;
  const known = milliseconds[heuristic];
  return known !== undefined && known <= milliseconds[fastest]! * WORTHWHILE ? heuristic : fastest;
}

interface TimingOptions {
  readonly heuristic: string;
  readonly all: boolean;
  readonly signal: TuneOptions['signal'];
  /** Filled with the variants that are left out. */
  readonly failures: Record<string, string>;
}

/** A variant's dispatches for a problem. */
interface Candidate {
  readonly variant: string;
  readonly recording: Recording;
}

/** @returns null when aborted on the way */
async function timeVariants(
  gpu: Gpu,
  problem: Tunable,
  { heuristic, all, signal, failures }: TimingOptions,
): Promise<Record<string, number> | null> {
  let candidates: Candidate[] = [];
  const parts: Tensor[] = [];
  try {
    let prepared!: Prepared;
    const memory = await attempt(async () => {
      prepared = problem.prepare(gpu, parts);
      await gpu.sync();
    });
    if (memory !== null) {
      failures[heuristic] = memory;
      return {};
    }
    const sensible = (variant: string): boolean => all || variant === heuristic || !gpu.adapter.software || !isWorkgroupTile(variant);
    // The heuristic's first: the others need not be timed for long to be seen to be slower.
    const variants = prepared.variants.filter(sensible).sort((a, b) => Number(b === heuristic) - Number(a === heuristic));
    candidates = await record(gpu, variants, (variant) => prepared.compute(variant), failures);
    const milliseconds: Record<string, number> = {};
    for (const { variant, recording } of await agreeing(candidates, prepared.result, failures, signal)) {
      if (signal?.aborted) return null;
      const failure = await attempt(async () => {
        milliseconds[variant] = await timeRuns(gpu, recording, Math.min(...Object.values(milliseconds)));
      });
      if (failure !== null) failures[variant] = failure;
    }
    return signal?.aborted && Object.keys(milliseconds).length === 0 ? null : milliseconds;
  } finally {
    for (const { recording } of candidates) recording.destroy();
    for (const part of parts) part.dispose();
  }
}

/** Runs what may fail for one variant alone. @returns why it failed, or null @throws DEVICE_LOST, and what is no error of the library */
async function attempt(body: () => Promise<unknown>): Promise<string | null> {
  try {
    await body();
    return null;
  } catch (error) {
    if (!(error instanceof ShadegradError) || error.code === 'DEVICE_LOST') throw error;
    return error.message;
  }
}

/** Records each variant's dispatches; those that fail are noted and left out. */
async function record(
  gpu: Gpu,
  variants: readonly string[],
  body: (variant: string) => void,
  failures: Record<string, string>,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const attemptOne = (variant: string): Promise<string | null> =>
    attempt(async () => void candidates.push({ variant, recording: (await gpu.record(() => body(variant))).recording }));
  // Tracing is synchronous, and what follows, compiling, runs in parallel.
  const settled = await Promise.allSettled(variants.map(attemptOne));
  const broken = settled.find((each) => each.status === 'rejected');
  if (broken) {
    for (const { recording } of candidates) recording.destroy();
    throw broken.reason;
  }
  for (const [index, variant] of variants.entries()) {
    if ((settled[index] as PromiseFulfilledResult<string | null>).value === null) continue;
    // Once more by itself: with several at once one may have been told of another's failure.
    const failure = await attemptOne(variant);
    if (failure !== null) failures[variant] = failure;
  }
  return candidates.sort((a, b) => variants.indexOf(a.variant) - variants.indexOf(b.variant));
}

/** What no kernel makes of contents in [-1, 1]: elements that are not written keep it. Its square is a finite float32. */
const POISON = 1e12;
/** A root mean square above this has poison in it: one element of it among 10^8 makes 10^8, and no sum is as large. */
const LARGEST_SIZE = 1e7;
/**
 * Variants add up in different orders. Sums of n random products differ by about 1e-7 sqrt(n) / 2 of their own size, which
 * for the 65,536 terms of the longest is 1e-5; one wrong element among 100 million exceeds this in the root mean square.
 */
const TOLERANCE = 1e-4;
/** Where results are f16: sums that agree to 1e-5 are rounded to neighbours in one of a hundred elements, 1e-3 apart. */
const HALF_TOLERANCE = 5e-4;

/**
 * The candidates that compute the same, in their order: those of the largest group, or of two of one size the one with
 * "tile", the plainest kernel. It needs no variant that is right for certain; NaN and what is not written agree with nothing.
 *
 * This also finds subgroup kernels on a device whose lanes are not numbered as they assume (WGSL does not promise that
 * subgroup_invocation_id is local_invocation_index modulo the subgroup's size).
 */
async function agreeing(
  candidates: readonly Candidate[],
  result: Tensor,
  failures: Record<string, string>,
  signal: TuneOptions['signal'],
): Promise<readonly Candidate[]> {
  const groups: { sample: Tensor; size: number; members: Candidate[] }[] = [];
  try {
    const plainestFirst = [...candidates].sort((a, b) => Number(b.variant === 'tile') - Number(a.variant === 'tile'));
    for (const candidate of plainestFirst) {
      if (signal?.aborted) break;
      const failure = await attempt(async () => {
        fill(result, POISON);
        candidate.recording.run();
        for (const { sample, size, members } of groups) {
          const difference = Math.sqrt(await numberIn(mseLoss(result, sample)));
          // Written so that NaN agrees with nothing.
          if (!(difference <= (result.dtype === 'f16' ? HALF_TOLERANCE : TOLERANCE) * size)) continue;
          members.push(candidate);
          return;
        }
        const size = Math.sqrt(await meanSquare(result));
        if (!(size < LARGEST_SIZE)) {
          failures[candidate.variant] = Number.isNaN(size)
            ? 'its result holds NaN'
            : 'its result is infinite, or elements of it are not written';
          return;
        }
        groups.push({ sample: copy(result), size, members: [candidate] });
      });
      if (failure !== null) failures[candidate.variant] = failure;
    }
    const [largest] = [...groups].sort((a, b) => b.members.length - a.members.length);
    const agreed = new Set(largest?.members);
    for (const { members } of groups)
      for (const { variant } of members) {
        if (![...agreed].some((each) => each.variant === variant)) failures[variant] = 'it computes something else than the other variants';
      }
    return candidates.filter((candidate) => agreed.has(candidate));
  } finally {
    for (const { sample } of groups) sample.dispose();
  }
}

/** Mean of the squares of a tensor's elements. */
function meanSquare(x: Tensor): Promise<number> {
  return numberIn(mseLoss(x, 0));
}

/** Reads a tensor of one element back and disposes it. */
async function numberIn(tensor: Tensor): Promise<number> {
  try {
    return await tensor.item();
  } finally {
    tensor.dispose();
  }
}

/** Milliseconds of one run: the median of a few samples after a run to warm up. @param best of another variant */
async function timeRuns(gpu: Gpu, recording: Recording, best: number): Promise<number> {
  const sample = async (runs: number): Promise<number> => {
    const start = performance.now();
    for (let run = 0; run < runs; run++) recording.run();
    await gpu.sync();
    return (performance.now() - start) / runs;
  };
  await gpu.sync();
  const first = await sample(1);
  if (first > best * HOPELESS && first > TIMED.milliseconds) return first;
  const runs = Math.min(Math.max(Math.round(TIMED.milliseconds / first), 1), TIMED.mostRuns);
  const samples: number[] = [];
  for (let index = 0; index < TIMED.samples; index++) samples.push(await sample(runs));
  return samples.sort((a, b) => a - b)[TIMED.samples >> 1]!;
}

/** A line for each variant that was left out, with the first line of the reason. */
export function describeFailures(results: readonly TuneResult[]): string[] {
  return results.flatMap(({ problem, failures }) =>
    Object.entries(failures).map(([variant, reason]) => `variant "${variant}" of ${problem} is not used: ${reason.split('\n', 1)[0]}`),
  );
}

/** What results stored in gpu.variants: the winners by problem, where there is one. */
export function tunedVariants(results: readonly TuneResult[]): VariantTable {
  return Object.fromEntries(
    results.filter(({ winner, milliseconds }) => winner in milliseconds).map(({ problem, winner }) => [problem, winner]),
  );
}
