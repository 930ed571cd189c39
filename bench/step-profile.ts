import { performance } from 'node:perf_hooks';
import type { DispatchCall } from '../src/gpu/dispatch-call.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { Recording } from '../src/gpu/recording.js';
import { trackPending } from '../src/node/adapter/polling.js';
import { digits, formatTable, percent } from './table.js';
import type { Timestamps } from './stopwatch.js';
import { median } from './timing.js';

/** How a profile's times are taken, printed with it: without timestamps, and with them. */
const CLOCKS = [
  'each dispatch a submit of its own, wall clock until it is done, less the latency of an empty submit; median of three runs',
  'each dispatch a submit of its own between two GPU timestamps, less what an empty submit takes so; median of three runs',
] as const;
const RUNS = 3;
const EMPTY_SUBMITS = 21;

/** One dispatch of a recorded step. */
export interface ProfiledDispatch {
  readonly kernel: string;
  readonly workgroups: readonly [number, number, number];
  /** Bytes of all that it binds: what it reads and writes, if each byte is touched once. */
  readonly bytes: number;
  readonly ms: number;
}

export interface Profile {
  /** How the times of the dispatches were taken. */
  readonly clock: string;
  /** What is taken off each time: the wall clock until an empty submit is done, or what timestamps say of it. */
  readonly emptySubmitMs: number;
  /** Host time of a replay that finds the device idle, until its submit returns. */
  readonly hostMs: number;
  /** From there until the device is done. */
  readonly waitMs: number;
  /** In the order in which they run. */
  readonly dispatches: readonly ProfiledDispatch[];
}

/** All dispatches of one kernel. */
export interface KernelTotal {
  readonly kernel: string;
  readonly dispatches: number;
  readonly ms: number;
  /** Of all kernels' time. */
  readonly share: number;
  readonly gigabytes: number;
}

/**
 * Profiles a step that has run before, so that its pipelines and its memory are warm. Takes steps: weights change.
 *
 * @param timestamps of a device opened with `exactTimestamps`, where they can be trusted (chooseClock()); else the wall clock
 */
export async function profileStep(gpu: Gpu, recording: Recording, timestamps: Timestamps | null = null): Promise<Profile> {
  await gpu.sync();
  const { begin, end } = timestamps ? { begin: () => timestamps.begin(), end: () => timestamps.end() } : wallClock(gpu);
  const empty: number[] = [];
  for (let taken = 0; taken < EMPTY_SUBMITS; taken++) {
    begin();
    gpu.submitCommands([]);
    empty.push(await end());
  }
  const emptySubmitMs = median(empty);

  const calls: DispatchCall[] = [];
  const samples: number[][] = [];
  for (let run = 0; run < RUNS; run++) {
    let index = 0;
    begin();
    await recording.runOneByOne(async (call) => {
      const ms = Math.max(0, (await end()) - emptySubmitMs);
      calls[index] = call;
      (samples[index++] ??= []).push(ms);
      begin();
    });
  }

  await gpu.sync();
  const start = performance.now();
  recording.run();
  const hostMs = performance.now() - start;
  await trackPending(gpu.device.queue.onSubmittedWorkDone());
  const waitMs = performance.now() - start - hostMs;
  await gpu.sync();
  const dispatches = calls.map(({ shader, workgroups, bindings }, index) => ({
    kernel: shader.name,
    workgroups,
    bytes: bindings.reduce((sum, binding) => sum + binding.bytes, 0),
    ms: median(samples[index]!),
  }));
  return { clock: CLOCKS[timestamps ? 1 : 0], emptySubmitMs, hostMs, waitMs, dispatches };
}

/** The wall clock, as timestamps are used. */
function wallClock(gpu: Gpu): { begin(): void; end(): Promise<number> } {
  let start = 0;
  return {
    begin() {
      start = performance.now();
    },
    async end() {
      await trackPending(gpu.device.queue.onSubmittedWorkDone());
      return performance.now() - start;
    },
  };
}

/** Sums by kernel, the slowest first. */
export function kernelTotals(dispatches: readonly ProfiledDispatch[]): KernelTotal[] {
  const all = dispatches.reduce((sum, { ms }) => sum + ms, 0);
  const groups = new Map<string, ProfiledDispatch[]>();
  for (const dispatch of dispatches) groups.set(dispatch.kernel, [...(groups.get(dispatch.kernel) ?? []), dispatch]);
  const totals = [...groups].map(([kernel, group]) => {
    const ms = group.reduce((sum, dispatch) => sum + dispatch.ms, 0);
    const bytes = group.reduce((sum, dispatch) => sum + dispatch.bytes, 0);
    return { kernel, dispatches: group.length, ms, share: all > 0 ? ms / all : 0, gigabytes: ms > 0 ? bytes / ms / 1e6 : 0 };
  });
  return totals.sort((a, b) => b.ms - a.ms);
}

export function formatProfile({ clock, dispatches, emptySubmitMs, waitMs }: Profile): string {
  const totals = kernelTotals(dispatches);
  const sum = totals.reduce((all, { ms }) => all + ms, 0);
  const table = formatTable(
    ['kernel', 'dispatches', 'ms', 'share', 'GB/s bound'],
    totals.map(({ kernel, dispatches: count, ms, share, gigabytes }) => [
      kernel,
      String(count),
      digits(ms),
      percent(share),
      digits(gigabytes),
    ]),
  );
  return (
    `where a training step's time goes (${clock})\n\n${table}\n\n` +
    `sum ${digits(sum)} ms; as one pass ${digits(waitMs)} ms; empty submit ${digits(emptySubmitMs)} ms`
  );
}

/**
 * A trace for Perfetto or chrome://tracing. The dispatches lie end to end, as they run in one pass, with the times that each
 * took alone; the host's track holds one replay.
 */
export function chromeTrace({ clock, dispatches, hostMs, waitMs }: Profile): object {
  const [pid, host, device] = [1, 1, 2];
  const named = (tid: number, name: string): object => ({ ph: 'M', name: 'thread_name', pid, tid, args: { name } });
  const slice = (tid: number, name: string, beginMs: number, ms: number, args: object): object => ({
    ph: 'X',
    name,
    pid,
    tid,
    ts: beginMs * 1000,
    dur: ms * 1000,
    args,
  });
  let now = hostMs;
  const kernels = dispatches.map(({ kernel, workgroups, bytes, ms }, index) => {
    const begin = now;
    now += ms;
    return slice(device, kernel, begin, ms, { dispatch: index, workgroups: workgroups.join(' x '), boundBytes: bytes });
  });
  return {
    displayTimeUnit: 'ms',
    otherData: { clock },
    traceEvents: [
      { ph: 'M', name: 'process_name', pid, args: { name: 'training step' } },
      named(host, 'host: one replay'),
      named(device, 'device: dispatches, each timed alone'),
      slice(host, 'encode and submit', 0, hostMs, { dispatches: dispatches.length }),
      slice(host, 'wait for the device', hostMs, waitMs, {}),
      ...kernels,
    ],
  };
}
