/**
 * npm run gpu-check [-- flags]: for whoever has a GPU. Tests every kernel, tunes, times every kernel and the training step, times PyTorch
 * where there is CUDA, trains on facades, and leaves a folder to send back: summary.json, index.html, logs/, and what the programs wrote.
 *
 *   npm run gpu-check                                  at most 8 minutes
 *   npm run gpu-check -- --quick                       whether everything runs: half a minute
 *   npm run gpu-check -- --only tests,step --minutes 3
 *   npm run gpu-check -- --paper --minutes 150 --data datasets/facades     and the 200 epochs of the paper
 *
 * Each section is a program in a process of its own, with its share of the time that is left: one that fails, crashes or hangs is told of,
 * and the next one begins.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ShadegradError } from '../../src/errors.js';
import { loadDawn } from '../../src/node/adapter/dawn.js';
import { writeFileAtomic } from '../../src/node/files/atomic.js';
import { runMain } from '../../src/node/programs/run-main.js';
import { parseFlags } from '../../src/node/terminal/flags.js';
import { formatDuration } from '../../src/formats/words.js';
import { formatHelp } from '../../src/node/terminal/help.js';
import { Interrupt } from '../../src/node/training/interrupt.js';
import { LIBRARY_VERSION } from '../../src/version.js';
import { GPU_CHECK_PROGRAM } from '../programs.js';
import { writeJson } from '../report-files.js';
import { formatPage, type Check } from './page.js';
import { runSection, skipped, type Outcome } from './run.js';
import { formatMarkdown } from './markdown.js';
import { ADAPTER, FULL, PAPER, QUICK, SECTIONS, type AdapterNumbers, type Job, type Section } from './sections.js';

/** Kept for writing the page, in seconds. */
const RESERVE = 2;
/** More test files at a time than this only wait for the device. */
const MOST_JOBS = 6;

async function main(): Promise<number> {
  const { values: flags, help } = parseFlags(GPU_CHECK_PROGRAM, process.argv.slice(2));
  if (help) {
    process.stdout.write(formatHelp(GPU_CHECK_PROGRAM));
    return 0;
  }
  const sections = [ADAPTER, ...chosen(flags.only, flags.paper)];
  const out = newFolder(flags.out);
  if (flags.adapter !== undefined) process.env.SHADEGRAD_ADAPTER = flags.adapter;
  const job: Job = {
    scale: flags.quick ? QUICK : FULL,
    root: process.env.SHADEGRAD_ROOT!,
    out,
    python: flags.python,
    data: flags.data === undefined ? undefined : resolve(flags.data),
    program: process.argv[1]!,
    jobs: Math.min(MOST_JOBS, Math.max(1, availableParallelism() - 1)),
  };
  const begin = performance.now();
  const date = new Date().toISOString();
  const controller = new AbortController();
  const interrupt = new Interrupt(() => {
    console.error('stopping; what there is so far is written. Press Ctrl-C again to stop at once');
    controller.abort();
  });
  const outcomes: Outcome[] = [];
  try {
    for (const [index, section] of sections.entries()) {
      const left = flags.minutes * 60 - RESERVE - (performance.now() - begin) / 1000;
      const shares = sections.slice(index).reduce((sum, { share }) => sum + share, 0);
      const seconds = Math.max(0, Math.min(left, Math.max((left * section.share) / shares, section.least ?? 0)));
      console.log(`${section.title} (at most ${formatDuration(seconds)}) ...`);
      const outcome = controller.signal.aborted
        ? skipped(section, 'stopped before it began')
        : await runSection(section, job, seconds, controller.signal);
      outcomes.push(outcome);
      console.log(`  ${outcome.status}, ${formatDuration(outcome.seconds)}`);
      for (const remark of outcome.remarks) console.log(`  ${remark}`);
    }
  } finally {
    interrupt.dispose();
  }
  // Hundreds of megabytes that nobody needs to have sent.
  rmSync(join(out, 'facades', 'checkpoint.safetensors'), { force: true });
  const seconds = (performance.now() - begin) / 1000;
  const check: Check = { date, seconds, minutes: flags.minutes, quick: flags.quick, scale: job.scale, sections: outcomes };
  await writeJson(join(out, 'summary.json'), check);
  await writeFileAtomic(join(out, 'index.html'), formatPage(check, out));
  await writeFileAtomic(join(out, 'summary.md'), formatMarkdown(check));
  const failed = outcomes.filter(({ status }) => status === 'failed').map(({ name }) => name);
  console.log(`\n${failed.length > 0 ? `failed: ${failed.join(', ')}` : 'nothing failed'}; ${formatDuration(seconds)}`);
  console.log(`open ${join(out, 'index.html')}; to send back: the folder ${out} (docs/benchmarks.md)`);
  return interrupt.exitStatus ?? (failed.length > 0 ? 1 : 0);
}

/** The sections that are asked for, in their order. @throws BAD_FLAG */
function chosen(only: string | undefined, paper: boolean): readonly Section[] {
  const names = only?.split(',').map((name) => name.trim()) ?? SECTIONS.map(({ name }) => name);
  const wrong = names.filter((name) => !SECTIONS.some((section) => section.name === name));
  if (wrong.length === 0) {
    const sections = SECTIONS.filter(({ name }) => names.includes(name));
    const share = sections.reduce((sum, section) => sum + section.share, ADAPTER.share);
    return paper ? [...sections, { ...PAPER, share: PAPER.share * share }] : sections;
  }
  throw new ShadegradError('BAD_FLAG', '--only names a section that there is not', {
    expected: `some of ${SECTIONS.map(({ name }) => name).join(', ')}, separated by commas`,
    received: JSON.stringify(only),
    fix: `leave out ${wrong.map((name) => JSON.stringify(name)).join(', ')}`,
  });
}

/** Makes the folder of the results: what is in it must be of this check alone. @throws BAD_FLAG */
function newFolder(asked: string | undefined): string {
  const empty = (path: string): boolean => {
    try {
      return readdirSync(path).length === 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw new ShadegradError('BAD_FLAG', `${path} cannot be a folder of results`, {
        expected: 'a new or an empty folder',
        received: (error as Error).message,
        fix: 'name another one with --out',
        cause: error,
      });
    }
  };
  let path = resolve(asked ?? 'gpu-check');
  if (asked === undefined) for (let number = 2; !empty(path); number++) path = resolve(`gpu-check-${number}`);
  if (!empty(path)) {
    throw new ShadegradError('BAD_FLAG', `the folder ${path} is not empty`, {
      expected: 'a new or an empty folder, so that all that is in it is of one check',
      received: `${readdirSync(path).length} files and folders`,
      fix: 'name another one with --out, or leave --out away',
    });
  }
  mkdirSync(join(path, 'logs'), { recursive: true });
  return path;
}

/** Writes what the adapter and the machine are. */
async function describe(file: string): Promise<number> {
  const { adapter, adapterChoice } = await loadDawn();
  const { name, description, kind, backend, vendor, architecture } = adapterChoice;
  const limits: Record<string, number> = {};
  for (const limit in adapter.limits) limits[limit] = Number(Reflect.get(adapter.limits, limit));
  const { subgroupMinSize = null, subgroupMaxSize = null } = adapter.info;
  const numbers: AdapterNumbers = {
    ...{ name, description, kind, backend, vendor, architecture },
    subgroupSizes: [subgroupMinSize, subgroupMaxSize],
    features: [...adapter.features].sort(),
    limits,
    platform: `${process.platform} ${release()} ${process.arch}`,
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`,
    node: process.version,
    shadegrad: LIBRARY_VERSION,
  };
  console.log(adapterChoice.summary);
  await writeJson(file, numbers);
  return 0;
}

const [, , first, file] = process.argv;
await runMain(() => (first === '--describe' ? describe(file!) : main()));
