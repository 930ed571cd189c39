/**
 * npm run bench:step [-- flags]: times a full pix2pix training step and the generator's forward pass.
 *
 *   npm run bench:step                                        the paper's setting: 256 x 256, ngf and ndf 64, batch 1
 *   npm run bench:step -- --size 64 --ngf 16 --steps 20       a small one
 *   npm run bench:step -- --json step.json --adapter lavapipe
 *   npm run bench:step -- --direct                            against the direct convolutions alone, in turns
 *   npm run bench:step -- --trace step-trace.json             for ui.perfetto.dev or chrome://tracing
 *
 * Reported: milliseconds (wall clock until the device is done), replayed and eager; dispatches and compute passes; host
 * time of a replayed step (wall clock until its submit returns, the device idle before: a CPU adapter has taken no core
 * yet); time to record the step, and to compile its pipelines (the first recording less one with all pipelines at
 * hand); time by kernel (step-profile.ts); time from an open device to the end of the first step (a driver's own shader cache on disk
 * shortens both from the second run on); the rate by the
 * multiplications of the convolutions (layers.ts); peak GPU memory of the replayed run, which is how training
 * runs. Images are random and on the device already. A step whose losses are not finite is an error, not a result.
 */
import { performance } from 'node:perf_hooks';
import { autocast } from '../src/autograd/autocast.js';
import { noGrad, recompute } from '../src/autograd/graph.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { Recording } from '../src/gpu/recording.js';
import { PATCHES } from '../src/kernels/conv2d/patches.js';
import { LossScale } from '../src/kernels/loss-scale.js';
import { isWinograd } from '../src/kernels/conv2d/winograd.js';
import { fillUniform } from '../src/kernels/random.js';
import { PatchGAN } from '../src/models/patchgan.js';
import { UNet } from '../src/models/unet.js';
import { openNodeGpu } from '../src/node/adapter/adapter.js';
import { readTuningCache } from '../src/node/adapter/tuning-cache.js';
import { parseFlags } from '../src/node/terminal/flags.js';
import { formatBytes } from '../src/formats/words.js';
import { formatHelp } from '../src/node/terminal/help.js';
import { runMain } from '../src/node/programs/run-main.js';
import { Adam } from '../src/optim/adam.js';
import { Tensor } from '../src/tensor/tensor.js';
import { PIX2PIX_LOSSES, pix2pixStep, type Pix2Pix } from '../src/schemes/pix2pix-step.js';
import { pix2pixMacs } from './layers.js';
import { fmaWorkload } from './limits.bench.js';
import { provenance, writeJson } from './report-files.js';
import { chromeTrace, formatProfile, profileStep, type Profile } from './step-profile.js';
import { chooseClock, type Clock, type Timestamps } from './stopwatch.js';
import { digits, formatTable } from './table.js';
import { summarise, timeUntilDone, type Timing } from './timing.js';
import { STEP_PROGRAM } from './programs.js';

interface Setting {
  readonly size: number;
  readonly ngf: number;
  readonly ndf: number;
  readonly batch: number;
  readonly recompute: boolean;
  readonly precision: 'f32' | 'f16';
}

/** One of the two things that are timed. */
interface Measured {
  readonly what: string;
  readonly macs: number;
  readonly dispatches: number;
  /** Compute passes of a replayed run. */
  readonly passes: number;
  /** Of a recording whose pipelines are compiled already. */
  readonly recordMs: number;
  /** What the first recording took longer: its pipelines. */
  readonly compileMs: number;
  readonly replayed: Timing;
  readonly eager: Timing;
  /** Host time of a replayed run that finds the device idle, until its submit returns. */
  readonly hostMs: Timing;
  /** Bytes that the recording holds for intermediate results. */
  readonly recordingBytes: number;
}

interface StepReport {
  readonly setting: Setting;
  readonly timeToFirstStepMs: number;
  readonly peakBytes: number;
  readonly measured: readonly Measured[];
  readonly profile: Profile;
}

interface Subject {
  readonly what: string;
  readonly macs: number;
  readonly body: () => void;
  /** Called when the first recorded run has ended. */
  readonly afterFirst?: () => void;
  /** Called between the recorded and the eager runs. */
  readonly afterReplay?: (recording: Recording) => Promise<void>;
}

/** Times a subject recorded, then eagerly. */
async function measure(gpu: Gpu, { what, macs, body, afterFirst, afterReplay }: Subject, steps: number): Promise<Measured> {
  const begin = performance.now();
  const { recording } = await gpu.record(body);
  const firstRecordMs = performance.now() - begin;
  const { length: dispatches, passes, bytes: recordingBytes } = recording;
  const host: number[] = [];
  const replayed = await timeSteps(
    gpu,
    steps,
    () => {
      const start = performance.now();
      recording.run();
      host.push(performance.now() - start);
    },
    afterFirst,
  );
  await afterReplay?.(recording);
  recording.destroy();
  const again = performance.now();
  const second = await gpu.record(body);
  const recordMs = performance.now() - again;
  second.recording.destroy();
  const eager = await timeSteps(gpu, steps, () => {
    gpu.scope(body);
    // Hands over what the stream still collects.
    gpu.submitCommands([]);
  });
  const compileMs = Math.max(0, firstRecordMs - recordMs);
  return { what, macs, dispatches, passes, recordMs, compileMs, replayed, eager, hostMs: summarise(host.slice(1)), recordingBytes };
}

async function timeSteps(gpu: Gpu, steps: number, step: () => void, afterFirst?: () => void): Promise<Timing> {
  await timeUntilDone(gpu, step);
  afterFirst?.();
  const samples: number[] = [];
  for (let taken = 0; taken < steps; taken++) samples.push(await timeUntilDone(gpu, step));
  await gpu.sync();
  return summarise(samples);
}

/** A step of pix2pix on random images, and the generator's forward pass. */
interface Prepared {
  readonly step: () => void;
  readonly forward: () => void;
  /** The losses of the latest step. @throws Error for those of a step that is wrong */
  assertFinite(): Promise<void>;
}

function prepareStep(gpu: Gpu, { size, ngf, ndf, batch, recompute: again, precision }: Setting): Prepared {
  const generator = new UNet({ size, ngf }).to(gpu, { seed: 1 });
  const discriminator = new PatchGAN({ ndf }).to(gpu, { seed: 2 });
  const adam = { learningRate: 2e-4, betas: [0.5, 0.999] as const };
  const networks: Pix2Pix = {
    generator,
    discriminator,
    generatorOptimizer: new Adam(generator, adam),
    discriminatorOptimizer: new Adam(discriminator, adam),
  };
  const image = (label: string, stream: number): Tensor => {
    const tensor = Tensor.empty(gpu, [batch, size, size, 3], label);
    fillUniform(tensor, -1, 1, 3, stream);
    return tensor;
  };
  const source = image('source', 0);
  const target = image('target', 1);
  const losses = Tensor.from(gpu, new Float32Array(PIX2PIX_LOSSES.length), [PIX2PIX_LOSSES.length], 'losses');
  const lossScale = new LossScale(gpu);
  const cast = (body: () => void, options = {}): (() => void) => (precision === 'f16' ? () => autocast(gpu, body, options) : body);
  const step = (): void => pix2pixStep(networks, source, target, losses);
  return {
    step: cast(again ? () => recompute(step) : step, { lossScale }),
    forward: cast(() => void noGrad(() => generator.forward(source, { training: false, dropout: true }))),
    async assertFinite() {
      const values = await losses.data();
      if (values.every((loss) => Number.isFinite(loss) && loss > 0)) return;
      throw new Error(`the step is wrong, so it is not timed: its losses are ${values.join(', ')}`);
    },
  };
}

/**
 * Times the step and the forward pass with the convolutions' variants that serve now and with the direct ones alone, replayed in turns, so
 * that whatever else the machine does slows both alike.
 *
 * @returns a table
 */
async function compareWithDirect(gpu: Gpu, setting: Setting, steps: number): Promise<string> {
  const { step, forward, assertFinite } = prepareStep(gpu, setting);
  const subjects = [
    { what: 'training step', body: step },
    { what: 'generator forward', body: forward },
  ];
  const record = async (): Promise<Recording[]> => {
    const recordings: Recording[] = [];
    for (const { body } of subjects) recordings.push((await gpu.record(body)).recording);
    return recordings;
  };
  const now = await record();
  const used = Object.entries(gpu.variants.used());
  const [winograd, patches] = [used.filter(([, variant]) => isWinograd(variant)), used.filter(([, variant]) => variant === PATCHES)];
  // What the heuristic would take in their place.
  for (const [problem] of winograd) gpu.variants.set(problem, 'subgroup');
  for (const [problem] of patches) gpu.variants.set(problem, problem.startsWith('conv2d forward') ? 'subgroup' : 'tile');
  const direct = await record();
  const rows: string[][] = [];
  for (const [index, { what }] of subjects.entries()) {
    const times: Record<'now' | 'direct', number[]> = { now: [], direct: [] };
    for (let round = 0; round <= steps; round++)
      for (const [name, recordings] of [
        ['now', now],
        ['direct', direct],
      ] as const) {
        const ms = await timeUntilDone(gpu, () => recordings[index]!.run());
        // The first is to warm up.
        if (round > 0) times[name].push(ms);
      }
    const [found, plain] = [summarise(times.now), summarise(times.direct)];
    const range = ({ medianMs, minMs, maxMs }: Timing): string => `${digits(medianMs)} (${digits(minMs)} to ${digits(maxMs)})`;
    rows.push([
      what,
      range(found),
      range(plain),
      digits(plain.medianMs / found.medianMs),
      formatBytes(now[index]!.bytes),
      formatBytes(direct[index]!.bytes),
    ]);
  }
  await assertFinite();
  const heads = ['', 'median ms', 'direct convolutions alone', 'ratio', 'intermediate results', 'direct'];
  const passes = `${winograd.length} passes of convolutions by Winograd's algorithm, ${patches.length} by matrices of patches`;
  return `${formatTable(heads, rows)}\n\n${passes}`;
}

async function measureStep(gpu: Gpu, setting: Setting, steps: number, timestamps: Timestamps | null): Promise<StepReport> {
  const macs = pix2pixMacs(setting);
  const begin = performance.now();
  const { step: body, forward: forwardBody, assertFinite } = prepareStep(gpu, setting);

  let timeToFirstStepMs = 0;
  let peakBytes = 0;
  let profile: Profile | undefined;
  const step = await measure(
    gpu,
    {
      what: 'training step',
      macs: macs.step,
      body,
      afterFirst: () => (timeToFirstStepMs = performance.now() - begin),
      afterReplay: async (recording) => {
        await assertFinite();
        // Before anything runs eagerly: that needs memory which training does not.
        peakBytes = gpu.memory().peakBytes;
        profile = await profileStep(gpu, recording, timestamps);
      },
    },
    steps,
  );
  await assertFinite();
  gpu.trim();
  const forward = await measure(
    gpu,
    {
      what: 'generator forward',
      macs: macs.generatorForward,
      body: forwardBody,
    },
    steps,
  );
  return { setting, timeToFirstStepMs, peakBytes, measured: [step, forward], profile: profile! };
}

function formatReport({ timeToFirstStepMs, peakBytes, measured, profile }: StepReport): string {
  const row = (what: string, mode: string, { medianMs, minMs, maxMs }: Timing, macs: number): string[] => [
    `${what}, ${mode}`,
    digits(medianMs),
    digits(minMs),
    digits(maxMs),
    digits((2 * macs) / medianMs / 1e6),
  ];
  const times = formatTable(
    ['', 'median ms', 'min', 'max', 'GFLOP/s'],
    measured.flatMap(({ what, macs, replayed, eager }) => [row(what, 'replayed', replayed, macs), row(what, 'eager', eager, macs)]),
  );
  const more = formatTable(
    ['', 'GMAC', 'dispatches', 'passes', 'host ms', 'record ms', 'compile ms', 'intermediate results'],
    measured.map(({ what, macs, dispatches, passes, hostMs, recordMs, compileMs, recordingBytes }) => [
      what,
      digits(macs / 1e9),
      String(dispatches),
      String(passes),
      digits(hostMs.medianMs),
      digits(recordMs),
      digits(compileMs),
      formatBytes(recordingBytes),
    ]),
  );
  const first = `time to first step  ${digits(timeToFirstStepMs)} ms`;
  const peak = `peak GPU memory     ${formatBytes(peakBytes)} (${peakBytes} bytes)`;
  return `${times}\n\n${more}\n\n${formatProfile(profile)}\n\n${first}\n${peak}`;
}

async function main(): Promise<number> {
  const { values: flags, help } = parseFlags(STEP_PROGRAM, process.argv.slice(2));
  if (help) {
    process.stdout.write(formatHelp(STEP_PROGRAM));
    return 0;
  }
  const { size, ngf, ndf = ngf, batch, recompute: again, precision, steps, json, trace } = flags;
  const setting = { size, ngf, ndf, batch, recompute: again, precision };
  const { gpu, adapterChoice } = await openNodeGpu({
    exactTimestamps: true,
    ...(flags.adapter !== undefined && { adapter: flags.adapter }),
  });
  let clock: Clock | null = null;
  try {
    if (flags.tuned) gpu.variants.load(await readTuningCache(gpu.adapter, (line) => console.log(line)));
    console.log(adapterChoice.summary);
    const heading = `size ${size}, ngf ${ngf}, ndf ${ndf}, batch ${batch}${flags.tuned ? ', tuned' : ''}`;
    console.log(`${heading}; wall clock, ${steps} steps of each kind after one to warm up\n`);
    if (flags.direct) {
      console.log(await compareWithDirect(gpu, setting, steps));
      return 0;
    }
    const { result, run } = fmaWorkload(gpu);
    clock = await chooseClock(gpu, run);
    result.dispose();
    gpu.trim();
    const report = await measureStep(gpu, setting, steps, clock.timestamps);
    console.log(formatReport(report));
    if (json !== undefined) {
      await writeJson(json, { ...provenance(gpu, adapterChoice), ...report });
      console.log(`\nwritten to ${json}`);
    }
    if (trace !== undefined) {
      await writeJson(trace, chromeTrace(report.profile));
      console.log(`\ntrace written to ${trace}: open it at ui.perfetto.dev`);
    }
    return 0;
  } finally {
    clock?.destroy();
    gpu.destroy();
  }
}

await runMain(main);
