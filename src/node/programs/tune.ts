import { syntheticFacades } from '../../data/synthetic-facades.js';
import { performance } from 'node:perf_hooks';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { describeFailures, tunedVariants, listConvProblems, tune, type TuneResult } from '../../kernels/tuner.js';
import { pix2pix } from '../../schemes/pix2pix.js';
import { Trainer } from '../../training/trainer.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { writeFileAtomic } from '../files/atomic.js';
import { parseFlags, powerOfTwo, type FlagValues, type Program } from '../terminal/flags.js';
import { formatCount, formatNumber } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';
import { createProgress } from '../terminal/progress.js';
import { Interrupt } from '../training/interrupt.js';
import { addToTuningCache, readTuningCache } from '../adapter/tuning-cache.js';

/** The command line of `shadegrad tune`. */
export const TUNE_PROGRAM = {
  usage: 'npx shadegrad tune [flags]',
  summary:
    'Times the variants of the convolutions in a training step of pix2pix on this adapter and keeps the fastest for later ' +
    'runs. Problems that were tuned before are left out.',
  flags: [
    {
      name: 'size',
      group: 'Setting',
      type: 'integer',
      min: 32,
      max: 512,
      default: 256,
      check: powerOfTwo,
      description: 'side of the images in pixels, a power of two',
    },
    {
      name: 'ngf',
      group: 'Setting',
      type: 'integer',
      min: 1,
      max: 256,
      default: 64,
      description: 'width of the generator: channels after its first layer',
    },
    { name: 'ndf', group: 'Setting', type: 'integer', min: 1, max: 256, default: 64, description: 'likewise of the discriminator' },
    { name: 'batch', group: 'Setting', type: 'integer', min: 1, max: 64, default: 1, description: 'images in a step' },
    {
      name: 'adapter',
      group: 'Timing',
      type: 'string',
      placeholder: 'NAME',
      description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
    {
      name: 'all',
      group: 'Timing',
      type: 'boolean',
      description: 'on software adapters, time the workgroup-memory tiles too, which are far slower there',
    },
    { name: 'force', group: 'Timing', type: 'boolean', description: 'time again what was tuned before' },
    {
      name: 'seconds',
      group: 'Timing',
      type: 'number',
      min: 0.1,
      max: 100_000,
      description: 'begin no further problem after this time; the largest come first',
    },
    {
      name: 'json',
      group: 'Timing',
      type: 'string',
      placeholder: 'FILE',
      description: 'also write the times of all variants to this file',
    },
  ],
  examples: [
    { command: 'npx shadegrad tune', description: "For the paper's setting:" },
    { command: 'npx shadegrad tune --size 128 --ngf 32 --ndf 32 --batch 4', description: 'For another one:' },
  ],
} as const satisfies Program;

/**
 * Runs the program of `shadegrad tune`: times the variants of the kernels on this adapter and keeps the fastest.
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, or 128 and the number of the signal that stopped it; what was done until then is kept
 * @throws ShadegradError for whatever the user can mend
 */
export async function tuneKernels(argv: readonly string[]): Promise<number> {
  const { values: flags, help } = parseFlags(TUNE_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(TUNE_PROGRAM));
    return 0;
  }
  const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
  try {
    console.log(adapterChoice.summary);
    const cached = flags.force ? {} : await readTuningCache(gpu.adapter, (line) => console.log(line));
    const asked = await stepProblems(gpu, flags);
    const missing = new Map([...asked].filter(([problem]) => cached[problem] === undefined));
    console.log(`${formatCount(asked.size)} convolutions in a step, ${formatCount(missing.size)} to be tuned`);
    if (missing.size === 0) return 0;

    const progress = createProgress({ total: missing.size, label: 'tuning' });
    const begin = performance.now();
    const late = (): boolean => flags.seconds !== undefined && performance.now() - begin > flags.seconds * 1000;
    const interrupt = new Interrupt(() => progress.note('stopping after this problem; press Ctrl-C again to stop at once'));
    try {
      const results = await tune(gpu, missing, {
        all: flags.all,
        signal: {
          get aborted() {
            return interrupt.exitStatus !== undefined || late();
          },
        },
        onProgress: (_result, done) => progress.update(done),
      });
      progress.stop();
      const path = await addToTuningCache(gpu.adapter, tunedVariants(results));
      console.log(tuningTable(results));
      for (const line of describeFailures(results)) console.log(`note: ${line}`);
      if (results.length < missing.size) console.log(`${formatCount(missing.size - results.length)} problems are left for another time`);
      if (flags.json !== undefined)
        await writeFileAtomic(flags.json, `${JSON.stringify({ adapter: adapterChoice, problems: missing.size, results }, null, 2)}\n`);
      console.log(`kept in ${printableName(path)}`);
      return interrupt.exitStatus ?? 0;
    } finally {
      progress.stop();
      interrupt.dispose();
    }
  } finally {
    gpu.destroy();
  }
}

/** The problems of a training step, with the heuristic's variants; nothing is trained. */
async function stepProblems(gpu: Gpu, { size, ngf, ndf, batch }: FlagValues<typeof TUNE_PROGRAM>): Promise<Map<string, string>> {
  let problems = new Map<string, string>();
  const images = syntheticFacades({ count: batch, size, seed: 1, split: 'train' });
  const trainer = await Trainer.create(
    gpu,
    pix2pix,
    images,
    {
      size,
      ngf,
      ndf,
      batch,
      loadSize: size,
      learningRate: 2e-4,
      lambda: 100,
      dropout: 0.5,
      jitter: false,
      seed: 1,
      direction: 'BtoA',
      replay: false,
    },
    async (step) => void (problems = await listConvProblems(gpu, step)),
  );
  trainer.dispose();
  gpu.trim();
  return problems;
}

/** A line for each problem: the winner, its time, and how many times as fast as the heuristic's variant it is. */
export function tuningTable(all: readonly TuneResult[]): string {
  const results = all.filter(({ winner, milliseconds }) => winner in milliseconds);
  const rows = results.map(({ problem, winner, heuristic, milliseconds }) => {
    const known = milliseconds[heuristic];
    // The heuristic's variant may have failed.
    const ratio = known === undefined ? '-' : `${(known / milliseconds[winner]!).toFixed(2)}x`;
    const times = Object.entries(milliseconds)
      .map(([variant, time]) => `${variant} ${formatNumber(time)}`)
      .join(', ');
    return [problem, winner, `${formatNumber(milliseconds[winner]!)} ms`, ratio, times];
  });
  const table = [['problem', 'winner', 'time', 'heuristic / winner', 'all (ms)'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const sum = (pick: (result: TuneResult) => string) =>
    results.reduce((total, result) => total + (result.milliseconds[pick(result)] ?? 0), 0);
  const [before, after] = [sum(({ heuristic }) => heuristic), sum(({ winner }) => winner)];
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, `together ${formatNumber(after)} ms, by the heuristic ${formatNumber(before)} ms`].join('\n');
}
