/** What `npm run gpu-check` does: sections, each of which is programs of this repository, run one after the other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCountOf } from '../../src/formats/words.js';
import type { TuneResult } from '../../src/kernels/tuner.js';
import type { BenchReport } from '../report.js';
import { readTests, type TestCounts } from './test-log.js';

/** How large everything is. */
export interface Scale {
  readonly size: number;
  readonly ngf: number;
  readonly batches: readonly number[];
  /** Timed steps of bench:step and of PyTorch. */
  readonly steps: number;
  readonly trainSteps: number;
  /** The training of the paper: its epochs, and the flags of a smaller one. */
  readonly paper: { readonly epochs: number; readonly flags: readonly string[] };
  /** What the paths of the test files contain. */
  readonly tests: readonly string[];
  /** What the names of the benchmarks contain. */
  readonly filter: string;
}

/** The paper's setting. */
export const FULL: Scale = {
  size: 256,
  ngf: 64,
  batches: [1, 4, 16],
  steps: 10,
  trainSteps: 2000,
  paper: { epochs: 200, flags: [] },
  tests: ['kernels/', 'autograd/autocast', 'autograd/recompute', 'training/precision'],
  filter: '',
};

/** Whether everything runs at all: seconds on any adapter. */
export const QUICK: Scale = {
  ...{ size: 32, ngf: 4, batches: [1, 2], steps: 2, trainSteps: 20, tests: ['kernels/bias'], filter: 'e8:' },
  paper: { epochs: 2, flags: ['--max-dataset-size', '8'] },
};

/** What a section is made for. */
export interface Job {
  readonly scale: Scale;
  /** The folder of the checkout; programs are started there. */
  readonly root: string;
  /** The folder to send back, absolute. */
  readonly out: string;
  readonly python: string;
  /** Pictures for the training; drawn ones where it is undefined. */
  readonly data: string | undefined;
  /** The file of the program of the check itself, which says what the adapter is when it is told `--describe FILE`. */
  readonly program: string;
  /** Test files at a time. */
  readonly jobs: number;
}

/** A program that a section starts. */
export interface Step {
  /** What its log is called, and what is said of it. */
  readonly name: string;
  readonly command: readonly string[];
  /** Whether it ends well by itself when it is told to stop (SIGINT). */
  readonly stops?: boolean;
}

/** What a section's programs found out. */
export interface Found {
  readonly numbers: unknown;
  /** Why there was nothing to do: a failure of a program is none then. */
  readonly skipped?: string;
  /** What was not done for want of time; null where all was. */
  readonly left?: string | null;
  /** What was wrong. */
  readonly failures?: readonly string[];
}

/** A section of the check. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** Of the whole time. */
  readonly share: number;
  /** Seconds that it gets even if its share is less, where there are as many. */
  readonly least?: number;
  /** The programs. @param seconds that the section has */
  steps(job: Job, seconds: number): readonly Step[];
  /** Reads what the programs wrote; null where nothing came of them. @param outputs of the programs, by their names */
  read(job: Job, outputs: ReadonlyMap<string, string>): Found | null;
}

/** Of a section's time for what its program does by itself: the rest is for starting and ending it. */
const OWN_SHARE = 0.7;

const script = (...words: string[]): string[] => [process.execPath, ...words];
const readJson = <T>(path: string): T | null => (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : null);
const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** A way of taking a training step. */
export interface StepWay {
  /** What the names of its files end with. */
  readonly ending: string;
  /** What it is called on the page. */
  readonly words: string;
  /** Of bench:step. */
  readonly flags: readonly string[];
  /** A feature that the adapter has to have. */
  readonly feature?: string;
  /** Timed at the first batch alone. */
  readonly once?: boolean;
}

/** Every way that is timed, by what is wanted most. */
export const STEP_WAYS: readonly StepWay[] = [
  { ending: '-tuned', words: 'tuned', flags: ['--tuned'] },
  { ending: '', words: 'by the rules of thumb', flags: [] },
  { ending: '-f16', words: 'tuned, f16', flags: ['--tuned', '--precision', 'f16'], feature: 'shader-f16', once: true },
  { ending: '-recompute', words: 'tuned, recompute', flags: ['--tuned', '--recompute'], once: true },
];

/** What the files of a timed step are called, without their extension. */
export const stepName = (batch: number, { ending }: StepWay): string => `step-batch${batch}${ending}`;

/** The calls of bench:step in their order, first those of the first batch: with all the ways that the adapter can go. */
function timedSteps({ scale: { batches }, out }: Job): { name: string; way: StepWay; batch: number }[] {
  const features = readJson<AdapterNumbers>(join(out, 'adapter.json'))?.features ?? [];
  const ways = STEP_WAYS.filter(({ feature }) => feature === undefined || features.includes(feature));
  return batches.flatMap((batch, index) =>
    ways.filter(({ once }) => index === 0 || !once).map((way) => ({ name: stepName(batch, way), way, batch })),
  );
}

/** What bench:step writes, as far as it is read here. */
export interface StepNumbers {
  readonly setting: { readonly batch: number };
  readonly peakBytes: number;
  readonly measured: readonly {
    readonly what: string;
    readonly macs: number;
    readonly replayed: { readonly medianMs: number };
    readonly eager: { readonly medianMs: number };
  }[];
}

/** A line of pytorch.py. */
export interface PyTorchStep {
  readonly device: string;
  readonly tf32: boolean;
  readonly batch: number;
  readonly medianMs: number;
  /** Of a step when the device is waited for after the last one alone. */
  readonly streamMs: number;
  readonly peakBytes: number | null;
  readonly torch: string;
}

/** What tune writes. */
export interface TuneNumbers {
  readonly problems: number;
  readonly results: readonly TuneResult[];
}

/** What a training came to. */
export interface TrainingNumbers {
  readonly steps: number;
  readonly of: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly validation: Readonly<Record<string, number>> | null;
}

/** Says what the adapter is; always runs. */
export const ADAPTER: Section = {
  name: 'adapter',
  title: 'The adapter',
  share: 0.03,
  least: 15,
  steps: ({ out, program }) => [{ name: 'adapter', command: script(program, '--describe', join(out, 'adapter.json')) }],
  read({ out }): Found | null {
    const numbers = readJson<AdapterNumbers>(join(out, 'adapter.json'));
    return numbers && { numbers };
  },
};

/** What is known of the adapter and the machine. */
export interface AdapterNumbers {
  readonly name: string;
  readonly description: string;
  readonly kind: string;
  readonly backend: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly subgroupSizes: readonly [number | null, number | null];
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly platform: string;
  readonly cpu: string;
  readonly node: string;
  readonly shadegrad: string;
}

const TESTS: Section = {
  name: 'tests',
  title: 'Tests of every kernel',
  share: 0.25,
  steps: ({ scale, jobs }) => [
    { name: 'tests', command: script('scripts/test.js', ...scale.tests, '--browser', 'off', '--jobs', String(jobs), '--timeout', '120') },
  ],
  read(_job, outputs): Found | null {
    const counts: TestCounts = readTests(outputs.get('tests') ?? '');
    if (counts.files === 0) return null;
    return {
      numbers: counts,
      left: counts.whole ? null : `${formatCountOf(counts.files, 'file')} ran, the others did not`,
      failures: counts.failures,
    };
  },
};

const TUNE: Section = {
  name: 'tune',
  title: 'Variants of the convolutions',
  share: 0.17,
  // A problem is of one batch: what was found for one says nothing of another.
  steps: ({ scale: { size, ngf, batches }, out }, seconds) =>
    batches.map((batch) => ({
      name: `tune-batch${batch}`,
      stops: true,
      command: script(
        'scripts/tune.js',
        ...['--force', '--size', String(size), '--ngf', String(ngf), '--ndf', String(ngf), '--batch', String(batch)],
        ...['--seconds', String((seconds * OWN_SHARE) / batches.length), '--json', join(out, `tune-batch${batch}.json`)],
      ),
    })),
  read({ out, scale: { batches } }): Found | null {
    const all = batches.map((batch) => readJson<TuneNumbers>(join(out, `tune-batch${batch}.json`))).filter((each) => each !== null);
    if (all.length === 0) return null;
    const problems = all.reduce((sum, each) => sum + each.problems, 0);
    const numbers = { problems, results: all.flatMap(({ results }) => results) };
    const missed = [
      ...(numbers.results.length < problems ? [`${problems - numbers.results.length} of ${formatCountOf(problems, 'problem')}`] : []),
      ...(all.length < batches.length ? [formatCountOf(batches.length - all.length, 'whole step')] : []),
    ];
    return { numbers, left: missed.length > 0 ? missed.join(' and ') : null };
  },
};

const BENCH: Section = {
  name: 'bench',
  title: 'Every kernel, and the roofline',
  share: 0.2,
  steps: ({ scale: { filter }, out }, seconds) => [
    {
      name: 'bench',
      command: script(
        'scripts/bench.js',
        ...['--quick', '--seconds', String(seconds * OWN_SHARE), '--json', join(out, 'bench.json'), '--html', join(out, 'bench.html')],
        ...(filter === '' ? [] : ['--filter', filter]),
      ),
    },
  ],
  read({ out }): Found | null {
    const numbers = readJson<BenchReport>(join(out, 'bench.json'));
    if (!numbers) return null;
    const { left = [], failures } = numbers;
    return { numbers, left: left.length > 0 ? formatCountOf(left.length, 'benchmark') : null, failures };
  },
};

const STEP: Section = {
  name: 'step',
  title: 'A training step of pix2pix',
  share: 0.1,
  steps: (job) =>
    timedSteps(job).map(({ name, way, batch }) => ({
      name,
      command: script(
        ...['scripts/bench.js', 'step', '--size', String(job.scale.size), '--ngf', String(job.scale.ngf), '--batch', String(batch)],
        ...['--steps', String(job.scale.steps), ...way.flags, '--json', join(job.out, `${name}.json`)],
      ),
    })),
  read(job): Found | null {
    const { out } = job;
    const names = timedSteps(job).map(({ name }) => name);
    const found = names.flatMap((name) => {
      const numbers = readJson<StepNumbers>(join(out, `${name}.json`));
      return numbers ? [[name, numbers] as const] : [];
    });
    if (found.length === 0) return null;
    return {
      numbers: Object.fromEntries(found),
      left: found.length < names.length ? formatCountOf(names.length - found.length, 'setting') : null,
    };
  },
};

const PEERS: Section = {
  name: 'peers',
  title: 'The same step in PyTorch',
  share: 0.1,
  steps: ({ scale: { size, ngf, batches, steps }, python, root }) => [
    {
      name: 'pytorch',
      command: [python, join(root, 'bench/peers/pytorch.py'), 'cuda', 'steps', ...[size, ngf, steps, ...batches].map(String)],
    },
  ],
  read({ scale: { batches }, python }, outputs): Found | null {
    const output = outputs.get('pytorch') ?? '';
    if (/ENOENT|No module named '?torch/.test(output)) {
      return { numbers: null, skipped: `"${python}" is no Python with PyTorch; --python names another one` };
    }
    const none = /^no CUDA device: .*$/m.exec(output);
    if (none) return { numbers: null, skipped: `${none[0]} of "${python}"` };
    const numbers = present(output.split('\n').map(readPyTorchLine));
    // Each with TF32 and without.
    const missing = 2 * batches.length - numbers.length;
    return numbers.length === 0 ? null : { numbers, left: missing > 0 ? formatCountOf(missing, 'setting') : null };
  },
};

const FACADES: Section = {
  name: 'facades',
  title: 'A training run on facades',
  share: 0.15,
  steps: ({ scale: { size, ngf, trainSteps }, out, data }) => [
    {
      name: 'facades',
      stops: true,
      command: script(
        ...['bin/shadegrad.js', 'train', '--preset', 'full', '--size', String(size), '--ngf', String(ngf), '--ndf', String(ngf)],
        ...['--steps', String(trainSteps), '--validate', '8', '--report-every', String(Math.ceil(trainSteps / 4))],
        ...['--save-every', String(trainSteps), '--out', join(out, 'facades'), ...(data === undefined ? [] : ['--data', data])],
      ),
    },
  ],
  read({ out, scale: { trainSteps } }): Found | null {
    const path = join(out, 'facades', 'log.jsonl');
    const numbers = existsSync(path) ? readTrainingLog(readFileSync(path, 'utf8'), trainSteps) : null;
    return (
      numbers && {
        numbers,
        left: numbers.steps < trainSteps ? `${trainSteps - numbers.steps} of ${formatCountOf(trainSteps, 'step')}` : null,
      }
    );
  },
};

/** What the training of the paper came to. */
export interface PaperNumbers extends TrainingNumbers {
  /** Hours that all of its epochs take at the speed that was measured. */
  readonly hours: number;
  /** The line of a predictor that learns nothing of its input, as the program says it. */
  readonly comparison: string | null;
}

/** Validation images that the training of the paper is measured on: all of the facades. */
const PAPER_VALIDATION = 100;

/**
 * The training of the paper on facades, of section 6.2: batches of 1, one rate to the end. It takes hours, so that it is asked for by name,
 * and what is left of the time is its. The run stays in the folder with its checkpoint: `train --resume --out paper` goes on with it.
 */
export const PAPER: Section = {
  name: 'paper',
  title: "The paper's training on facades",
  // Of what all others have together.
  share: 9,
  steps: ({ scale: { size, ngf, paper }, out, data }) => [
    {
      name: 'paper',
      stops: true,
      command: script(
        ...['bin/shadegrad.js', 'train', '--preset', 'full', '--direction', 'BtoA', '--lr-policy', 'constant', '--batch', '1'],
        ...['--size', String(size), '--ngf', String(ngf), '--ndf', String(ngf), '--epochs', String(paper.epochs)],
        ...['--validate', String(PAPER_VALIDATION), ...paper.flags, '--out', join(out, 'paper')],
        ...(data === undefined ? [] : ['--data', data]),
      ),
    },
  ],
  read({ out, scale: { paper } }, outputs): Found | null {
    const path = join(out, 'paper', 'log.jsonl');
    const output = outputs.get('paper') ?? '';
    const pairs = Number(/training on ([\d,]+) pairs?:/.exec(output)?.[1]?.replaceAll(',', '') ?? NaN);
    if (!existsSync(path) || Number.isNaN(pairs)) return null;
    const of = paper.epochs * pairs;
    const trained = readTrainingLog(readFileSync(path, 'utf8'), of);
    if (!trained) return null;
    const comparison = /^.*, for comparison: .*$/m.exec(output)?.[0] ?? null;
    const numbers: PaperNumbers = { ...trained, hours: ((trained.seconds / trained.steps) * of) / 3600, comparison };
    return { numbers, left: trained.steps < of ? `${of - trained.steps} of ${formatCountOf(of, 'step')}` : null };
  },
};

/** Every section, after the adapter's, in the order in which they run. */
export const SECTIONS: readonly Section[] = [TESTS, TUNE, BENCH, STEP, PEERS, FACADES];

/** A line that pytorch.py printed; null for other texts, such as warnings. */
export function readPyTorchLine(line: string): PyTorchStep | null {
  if (!line.startsWith('{"device"')) return null;
  try {
    return JSON.parse(line) as PyTorchStep;
  } catch {
    // The process was ended within the line.
    return null;
  }
}

/** How far a run came, by its log; null if it took no step. */
export function readTrainingLog(text: string, of: number): TrainingNumbers | null {
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);
  const last = lines.filter(({ imagesPerSecond }) => imagesPerSecond !== undefined).at(-1);
  if (!last) return null;
  const measured = lines.filter(({ validation }) => validation !== undefined).sort((a, b) => a.step - b.step);
  const { step, seconds = 0, imagesPerSecond = 0 } = last;
  return { steps: step, of, seconds, imagesPerSecond, validation: measured.at(-1)?.validation ?? null };
}

/** A line of a run's log: of a step, or of a validation. */
interface LogLine {
  readonly step: number;
  readonly imagesPerSecond?: number;
  readonly seconds?: number;
  readonly validation?: Readonly<Record<string, number>>;
}
