import { signal } from '@preact/signals';
import type { BenchReport } from '../../../../bench/report.js';
import { explain, report as tell } from '../../common/notices.js';
import type { BenchAnswer, BenchRequest } from './messages.js';
import { startWorker } from './parts.js';

/** A run of the benchmarks. */
export interface BenchRun {
  readonly state: 'running' | 'stopped' | 'done' | 'failed';
  /** Every entry of the run; empty until the clock is chosen. */
  readonly names: readonly string[];
  /** The entry that is being timed; -1 while the adapter's own limits are measured. */
  readonly place: number;
  /** What is known so far, in the form of `shadegrad bench --json`; null until the limits are measured. */
  readonly report: BenchReport | null;
  /** The family of each kernel. */
  readonly families: ReadonlyMap<string, string>;
}

const EMPTY: BenchRun = { state: 'running', names: [], place: -1, report: null, families: new Map() };

/** The latest run; none before the first. */
export const benchRun = signal<BenchRun | null>(null);

let worker: Worker | undefined;

/** Runs the benchmarks in a worker of their own. */
export function runBenches(request: BenchRequest): void {
  stopBenches();
  benchRun.value = EMPTY;
  const own = startWorker('benches.js');
  worker = own;
  let begun: Extract<BenchAnswer, { kind: 'begun' }> | undefined;
  own.addEventListener('error', ({ message }) => fail({ message: message || 'The worker could not be loaded.' }));
  own.addEventListener('message', ({ data }: MessageEvent<BenchAnswer>) => {
    const now = benchRun.peek() ?? EMPTY;
    switch (data.kind) {
      case 'begun':
        begun = data;
        benchRun.value = { ...now, names: data.names, families: new Map(data.families) };
        break;
      case 'limits':
        benchRun.value = { ...now, report: { ...begun!.report, limits: data.limits, results: [], failures: [], left: [] } };
        break;
      case 'begins':
        benchRun.value = { ...now, place: data.place };
        break;
      case 'timed':
        benchRun.value = { ...now, report: now.report && { ...now.report, results: [...now.report.results, data.result] } };
        break;
      case 'failed':
        benchRun.value = { ...now, report: now.report && { ...now.report, failures: [...now.report.failures, data.message] } };
        break;
      case 'done':
        end('done');
        break;
      case 'error':
        fail(data);
    }
  });
  own.postMessage(request);
}

/** Ends the run, if there is one, in the middle of whatever it does. What was measured stays; the rest is named in the report. */
export function stopBenches(): void {
  if (worker) end('stopped');
}

function end(state: 'stopped' | 'done' | 'failed'): void {
  worker?.terminate();
  worker = undefined;
  const now = benchRun.peek();
  if (!now) return;
  const { report, names } = now;
  const done = report ? report.results.length + report.failures.length : 0;
  benchRun.value = { ...now, state, report: report && { ...report, left: names.slice(done) } };
}

function fail({ message, code }: { readonly message: string; readonly code?: string }): void {
  end('failed');
  tell({ ...explain(Object.assign(new Error(message), code !== undefined && { code, what: message })), id: 'benchmarks' });
}
