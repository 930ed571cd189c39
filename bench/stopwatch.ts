import type { Gpu } from '../src/gpu/gpu.js';
import { median, timeUntilDone, WALL_CLOCK, type Stopwatch } from './timing.js';

const TIMESTAMPS = 'GPU timestamps before and after the work, many dispatches in one compute pass';
/** Two timestamps, in nanoseconds. */
const TIMESTAMP_BYTES = 16;
/** A workload of this length outweighs what a wall clock adds to it. */
const TRIAL_MS = 40;
const TRIALS = 3;
const MOST_TRIAL_RUNS = 2048;
/** Further apart than this, and timestamps are not of the work that was submitted: software adapters write them when they like. */
const AGREEMENT = 2;

/** How times are taken on a device. */
export interface Clock {
  /** For people: which it is, and why if it is the second choice. */
  readonly description: string;
  readonly stopwatch: Stopwatch;
  /** The device's own, where they are what the times are taken by. */
  readonly timestamps: Timestamps | null;
  destroy(): void;
}

/**
 * The device's own timestamps where it has them and they agree with the wall clock on `trial`, a workload of at least
 * some milliseconds when it is repeated; the wall clock otherwise.
 */
export async function chooseClock(gpu: Gpu, trial: () => void): Promise<Clock> {
  const wall: Stopwatch = (submit) => timeUntilDone(gpu, submit);
  const byWall = (why: string): Clock => ({ description: `${WALL_CLOCK} (${why})`, stopwatch: wall, timestamps: null, destroy: () => {} });
  if (!gpu.features.has('timestamp-query')) return byWall('the adapter has no GPU timestamps');
  const timestamps = new Timestamps(gpu);
  const verdict = await disagreement(gpu, trial, timestamps);
  if (verdict !== null) {
    timestamps.destroy();
    return byWall(verdict);
  }
  return { description: TIMESTAMPS, stopwatch: (submit) => timestamps.time(submit), timestamps, destroy: () => timestamps.destroy() };
}

/** What is wrong with the timestamps; null when they agree with the wall clock. */
async function disagreement(gpu: Gpu, trial: () => void, timestamps: Pick<Timestamps, 'time'>): Promise<string | null> {
  let runs = 1;
  const submit = (): void => {
    for (let run = 0; run < runs; run++) trial();
    gpu.submitCommands([]);
  };
  await timeUntilDone(gpu, submit);
  let wallMs = await timeUntilDone(gpu, submit);
  while (wallMs < TRIAL_MS && runs < MOST_TRIAL_RUNS) {
    runs *= 2;
    wallMs = await timeUntilDone(gpu, submit);
  }
  const byWall: number[] = [];
  const byTimestamps: number[] = [];
  for (let taken = 0; taken < TRIALS; taken++) {
    byWall.push(await timeUntilDone(gpu, submit));
    byTimestamps.push(await timestamps.time(submit));
  }
  return judge(median(byTimestamps), median(byWall));
}

/** Null when two measurements of one workload agree; otherwise how they do not. */
export function judge(timestampMs: number, wallMs: number): string | null {
  if (timestampMs > wallMs / AGREEMENT && timestampMs < wallMs * AGREEMENT) return null;
  return `not GPU timestamps: they say ${timestampMs.toFixed(3)} ms of a workload that takes ${wallMs.toFixed(3)} ms`;
}

/** Brackets work between two empty passes, each of which notes the time at its end: when all before it has ended. */
export class Timestamps {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private readonly readable: GPUBuffer;

  constructor(private readonly gpu: Gpu) {
    const { device } = gpu;
    this.queries = device.createQuerySet({ label: 'stopwatch', type: 'timestamp', count: 2 });
    this.resolved = device.createBuffer({
      label: 'stopwatch',
      size: TIMESTAMP_BYTES,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.readable = device.createBuffer({
      label: 'stopwatch, read back',
      size: TIMESTAMP_BYTES,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Milliseconds between the two timestamps; 0 or less where the adapter writes nonsense. */
  async time(submit: () => void): Promise<number> {
    this.begin();
    submit();
    return this.end();
  }

  /** Notes the time when all that was submitted before has ended. */
  begin(): void {
    const { device } = this.gpu;
    const before = device.createCommandEncoder();
    this.note(before, 0);
    device.queue.submit([before.finish()]);
  }

  /** Milliseconds from there to the end of what was submitted since; waits for it. */
  async end(): Promise<number> {
    const { device } = this.gpu;
    const after = device.createCommandEncoder();
    this.note(after, 1);
    after.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    after.copyBufferToBuffer(this.resolved, 0, this.readable, 0, TIMESTAMP_BYTES);
    device.queue.submit([after.finish()]);
    await this.gpu.host.trackPending(this.readable.mapAsync(GPUMapMode.READ));
    const [begin, end] = new BigInt64Array(this.readable.getMappedRange().slice(0));
    this.readable.unmap();
    return Number(end! - begin!) / 1e6;
  }

  private note(encoder: GPUCommandEncoder, index: number): void {
    encoder.beginComputePass({ timestampWrites: { querySet: this.queries, endOfPassWriteIndex: index } }).end();
  }

  destroy(): void {
    this.queries.destroy();
    this.resolved.destroy();
    this.readable.destroy();
  }
}
