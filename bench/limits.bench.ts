import { assertClose } from '../kernels-test/harness/golden.js';
import { Params } from '../src/gpu/params.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { copy } from '../src/kernels/elementwise.js';
import { Tensor } from '../src/tensor/tensor.js';
import { median, timeRecorded, timeUntilDone, type Sampling, type Stopwatch } from './timing.js';
import fmaPeakSource from './limits/fma_peak.wgsl';
import nothingSource from './limits/nothing.wgsl';

/** What the adapter itself can do: the kernels' results are judged by their share of it. */
export interface AdapterLimits {
  /** 10^9 f32 operations a second through WGSL's fma, two for each. */
  readonly fmaGflops: number;
  /** 10^9 bytes a second, read and written, of a copy by a kernel between buffers larger than any cache. */
  readonly copyGigabytes: number;
  /** Likewise of copyBufferToBuffer. */
  readonly bufferCopyGigabytes: number;
  /** Microseconds that one more dispatch in a pass takes when it does nothing but wait for the one before it. */
  readonly dispatchMicroseconds: number;
  /** Microseconds of host time to encode and submit such a dispatch in a recording. */
  readonly hostMicrosecondsPerDispatch: number;
  /** Milliseconds from an empty submit to the news that it is done. */
  readonly emptySubmitMs: number;
}

/** The rates go by `stopwatch`, as the kernels' do; host times and the empty submit by the wall clock. */
export async function measureLimits(gpu: Gpu, sampling: Sampling, stopwatch?: Stopwatch): Promise<AdapterLimits> {
  const bytes = Math.min(128 * 1024 * 1024, gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
  const limits = {
    fmaGflops: await fmaPeak(gpu, sampling, stopwatch),
    ...(await copyBandwidth(gpu, bytes, sampling, stopwatch)),
    ...(await dispatchOverhead(gpu, sampling, stopwatch)),
    emptySubmitMs: await emptySubmit(gpu),
  };
  gpu.trim();
  return limits;
}

/** Of one invocation in limits/fma_peak.wgsl. */
const FMAS_PER_ROUND = 64;
/** Each of its sixteen chains tends to 2. */
const FIXED_POINT_SUM = 16 * 2;

/** Enough for the lanes of any GPU; an eighth keeps every core of a CPU busy. */
const PEAK_WORKGROUPS = 4096;
const PEAK_WORKGROUPS_OF_CPU = PEAK_WORKGROUPS / 8;
const PEAK_ROUNDS = 128;

/** A workload of pure arithmetic; `result` takes one number an invocation. */
export function fmaWorkload(gpu: Gpu): { readonly result: Tensor; readonly flops: number; run(): void } {
  const workgroups = gpu.adapter.software ? PEAK_WORKGROUPS_OF_CPU : PEAK_WORKGROUPS;
  const result = Tensor.empty(gpu, [workgroups * 64], 'FMA peak');
  const run = (): void =>
    gpu.dispatch({
      shader: { name: 'fma_peak', code: fmaPeakSource },
      bindings: [result.written()],
      params: new Params().u32(PEAK_ROUNDS).f32(0.5, 1),
      workgroups: [workgroups, 1, 1],
    });
  return { result, flops: 2 * FMAS_PER_ROUND * PEAK_ROUNDS * workgroups * 64, run };
}

async function fmaPeak(gpu: Gpu, sampling: Sampling, stopwatch?: Stopwatch): Promise<number> {
  const { result, flops, run } = fmaWorkload(gpu);
  const { minMs } = await timeRecorded(gpu, run, sampling, stopwatch);
  const values = await result.data();
  result.dispose();
  assertClose(values, new Float32Array(values.length).fill(FIXED_POINT_SUM), { label: 'FMA peak' });
  // The fastest sample: a limit is what the adapter can do, and whatever else the machine does only takes from it.
  return flops / minMs / 1e6;
}

async function copyBandwidth(
  gpu: Gpu,
  bytes: number,
  sampling: Sampling,
  stopwatch: Stopwatch = (submit) => timeUntilDone(gpu, submit),
): Promise<Pick<AdapterLimits, 'copyGigabytes' | 'bufferCopyGigabytes'>> {
  // A loop: Float32Array.from() with a function takes seconds for so many.
  const numbers = new Float32Array(bytes / 4);
  for (let index = 0; index < numbers.length; index++) numbers[index] = index % 8192;
  const source = Tensor.from(gpu, numbers, [bytes / 4], 'copy source');
  const target = Tensor.empty(gpu, [bytes / 4], 'copy target');
  const perSecond = (ms: number): number => (2 * bytes) / ms / 1e6;

  const byKernel = await timeRecorded(gpu, () => void copy(source, target), sampling, stopwatch);
  const tail = new Float32Array((await gpu.read(target.storage, bytes - 4096, 4096)).buffer);
  assertClose(
    tail,
    Float32Array.from(tail, (_, index) => (bytes / 4 - 1024 + index) % 8192),
    { label: 'copy' },
  );

  const copyBuffer = (): void => gpu.copy(source.storage, 0, target.storage, 0, bytes);
  await timeUntilDone(gpu, copyBuffer);
  const byBuffer: number[] = [];
  for (let sample = 0; sample < sampling.samples; sample++) byBuffer.push(await stopwatch(copyBuffer));
  source.dispose();
  target.dispose();
  return { copyGigabytes: perSecond(byKernel.minMs), bufferCopyGigabytes: perSecond(Math.min(...byBuffer)) };
}

async function dispatchOverhead(
  gpu: Gpu,
  sampling: Sampling,
  stopwatch?: Stopwatch,
): Promise<Pick<AdapterLimits, 'dispatchMicroseconds' | 'hostMicrosecondsPerDispatch'>> {
  const counter = Tensor.from(gpu, [0], [1], 'dispatches');
  const dispatch = (): void =>
    gpu.dispatch({ shader: { name: 'nothing', code: nothingSource }, bindings: [counter.written()], workgroups: [1, 1, 1] });
  const { minMs } = await timeRecorded(gpu, dispatch, sampling, stopwatch);

  const dispatches = 500;
  const { recording } = await gpu.record(() => {
    for (let index = 0; index < dispatches; index++) dispatch();
  });
  counter.write(new Float32Array(1));
  const host: number[] = [];
  const submits = 20;
  for (let submit = 0; submit < submits; submit++) {
    const begin = performance.now();
    recording.run();
    host.push(performance.now() - begin);
    await gpu.sync();
  }
  const [counted] = new Uint32Array((await gpu.read(counter.storage, 0, 4)).buffer);
  assertClose([counted!], [dispatches * submits], { label: 'dispatches that ran' });
  recording.destroy();
  counter.dispose();
  return { dispatchMicroseconds: minMs * 1000, hostMicrosecondsPerDispatch: (median(host) / dispatches) * 1000 };
}

async function emptySubmit(gpu: Gpu): Promise<number> {
  const submit = (): void => gpu.device.queue.submit([gpu.device.createCommandEncoder().finish()]);
  await timeUntilDone(gpu, submit);
  const samples: number[] = [];
  for (let sample = 0; sample < 30; sample++) samples.push(await timeUntilDone(gpu, submit));
  return median(samples);
}
