import type { Gpu } from '../src/gpu/gpu.js';

/** How times are taken without timestamps; printed with every table. Many dispatches in one pass is how the library runs. */
export const WALL_CLOCK = 'wall clock from submit to onSubmittedWorkDone, many dispatches in one compute pass';

/** Milliseconds that the device needs for what `submit` hands to it; nothing else may be under way. */
export type Stopwatch = (submit: () => void) => Promise<number>;

export interface Sampling {
  /** A sample holds as many runs as take about this long. */
  readonly sampleMs: number;
  /** Samples, unless the entry takes too long. */
  readonly samples: number;
  /** An entry that has taken this long is not sampled again. At least one sample is always taken. */
  readonly maxSeconds: number;
}

export const THOROUGH: Sampling = { sampleMs: 50, samples: 7, maxSeconds: 8 };
/** For use while a kernel is being written. */
export const QUICK: Sampling = { sampleMs: 10, samples: 3, maxSeconds: 1.5 };

/** Milliseconds of one run. */
export interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Runs in one sample. */
  readonly runsPerSample: number;
  readonly samplesMs: readonly number[];
}

/** More commands than this in one pass only cost memory. */
const MOST_RUNS = 2048;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(samplesMs: readonly number[], runsPerSample = 1): Timing {
  return { medianMs: median(samplesMs), minMs: Math.min(...samplesMs), maxMs: Math.max(...samplesMs), runsPerSample, samplesMs };
}

/** From the fastest to the slowest sample, as a share of the median. */
export function spread({ medianMs, minMs, maxMs }: Timing): number {
  return (maxMs - minMs) / medianMs;
}

/** Milliseconds until the device has done what `submit` hands to it; nothing else may be under way. */
export async function timeUntilDone(gpu: Gpu, submit: () => void): Promise<number> {
  const begin = performance.now();
  submit();
  await gpu.host.trackPending(gpu.device.queue.onSubmittedWorkDone());
  return performance.now() - begin;
}

/**
 * Times what `run` dispatches, recorded and replayed as training replays it: warm pipelines, bind groups made
 * beforehand, no host work between dispatches. How many runs a sample holds goes by the wall clock; the samples
 * themselves by `stopwatch`.
 */
export async function timeRecorded(
  gpu: Gpu,
  run: () => void,
  { sampleMs, samples, maxSeconds }: Sampling,
  stopwatch: Stopwatch = (submit) => timeUntilDone(gpu, submit),
): Promise<Timing> {
  const deadline = performance.now() + maxSeconds * 1000;
  let runs = 1;
  let recording = await repeated(gpu, run, runs);
  const submit = (): void => recording.run();
  // The first one of a pipeline also waits for the driver's compiler; of two more the faster one was not disturbed.
  const warmUp = async (): Promise<number> => {
    await timeUntilDone(gpu, submit);
    return Math.min(await timeUntilDone(gpu, submit), await timeUntilDone(gpu, submit));
  };
  try {
    let sample = await warmUp();
    // Twice, because a single run is mostly the wait for the answer.
    for (let attempt = 0; attempt < 2 && sample < sampleMs / 2 && runs < MOST_RUNS; attempt++) {
      runs = Math.min(MOST_RUNS, Math.ceil((runs * sampleMs) / sample));
      recording.destroy();
      recording = await repeated(gpu, run, runs);
      sample = await warmUp();
    }
    const taken: number[] = [];
    do taken.push((await stopwatch(submit)) / runs);
    while (taken.length < samples && performance.now() + sample < deadline);
    await gpu.sync();
    if (!taken.every((ms) => ms > 0)) throw new Error(`the clock gave a sample of ${Math.min(...taken)} ms`);
    return summarise(taken, runs);
  } finally {
    recording.destroy();
  }
}

async function repeated(gpu: Gpu, run: () => void, times: number) {
  const { recording } = await gpu.record(() => {
    for (let time = 0; time < times; time++) gpu.scope(run);
  });
  return recording;
}
