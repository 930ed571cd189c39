/**
 * shadegrad bench [flags], in a clone npm run bench [-- flags]: times every kernel at the shapes of pix2pix at 256 x 256, ngf 64, batch 1.
 *
 *   npm run bench                                   everything: some minutes on a software adapter
 *   npm run bench -- --filter "weight gradient"     entries whose kernel or case contains the text
 *   npm run bench -- --filter e3: --quick           one layer, coarsely: while a kernel is being written
 *   npm run bench -- --json bench.json              all samples, the adapter and the limits, for later comparison
 *   npm run bench -- --compare bench.json           against that file: what became slower or faster
 *   npm run bench -- --html bench.html              a page with a roofline plot and the tables
 *   npm run bench -- --adapter swiftshader
 *
 * First the adapter's own limits are measured (limits.bench.ts). Then each kernel is checked against float64 at the
 * shape that is timed, and timed: recorded and replayed, warm (timing.ts); by the device's timestamps if
 * they can be trusted, by the wall clock otherwise (stopwatch.ts). "of limit" is the share of what
 * the roofline allows: the FMA peak, or the better copy bandwidth where that is the narrower; data that stays in a
 * cache can exceed it. Exit status 1 if any result was wrong.
 *
 * A new kernel in src/kernels/NAME.ts gets bench/NAME.bench.ts and a line in entries.ts.
 */
// All entries of the package reach it: a chunk without it, of which nothing but effects is wanted, a bundler would leave out of programs.
import '../src/autograd/methods.js';
import { openNodeGpu } from '../src/node/adapter/adapter.js';
import { writeFileAtomic } from '../src/node/files/atomic.js';
import { BENCH_PROGRAM } from '../src/node/programs/bench.js';
import { parseFlags } from '../src/node/terminal/flags.js';
import { formatHelp } from '../src/node/terminal/help.js';
import { ShadegradError } from '../src/errors.js';
import { compareReports, formatComparison } from './compare.js';
import { allEntries } from './entries.js';
import { filterEntries } from './harness.js';
import { formatHtml } from './html.js';
import { formatLimits, formatResults, type BenchReport } from './report.js';
import { provenance, readReport, writeJson } from './report-files.js';
import { runSuite } from './suite.js';
import { QUICK, THOROUGH } from './timing.js';

/**
 * Runs the benchmarks of the kernels.
 *
 * @param argv the arguments alone
 * @returns the exit status: 1 if a kernel computed something wrong
 */
export async function runBenchmarks(argv: readonly string[]): Promise<number> {
  const { values: flags, help } = parseFlags(BENCH_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(BENCH_PROGRAM));
    return 0;
  }
  const entries = filterEntries(allEntries, flags.filter ?? '');
  if (entries.length === 0) {
    throw new ShadegradError('BAD_FLAG', `no entry contains ${JSON.stringify(flags.filter)}`, {
      expected: 'part of a kernel or case, such as conv2dForward or "e3:"',
      fix: 'run without --filter to see all of them',
    });
  }
  const begin = performance.now();
  // Before anything is measured: a wrong file should not cost minutes.
  const old = flags.compare === undefined ? null : await readReport(flags.compare);
  const sampling = flags.quick ? QUICK : THOROUGH;
  const { gpu, adapterChoice } = await openNodeGpu({
    exactTimestamps: true,
    ...(flags.adapter !== undefined && { adapter: flags.adapter }),
  });
  try {
    const { clock, limits, results, failures, left } = await runSuite(gpu, entries, sampling, {
      clock: (description) =>
        console.log(`${adapterChoice.summary}\n${description}; median of ${sampling.samples} samples of about ${sampling.sampleMs} ms\n`),
      limits: (measured) => console.log(`${formatLimits(measured)}\n`),
      begins({ kernel, label }, place) {
        if (flags.seconds !== undefined && performance.now() - begin > flags.seconds * 1000) return false;
        showProgress(`${place + 1}/${entries.length} ${kernel} ${label}`);
        return true;
      },
    });
    showProgress('');
    if (results.length > 0) console.log(formatResults(results, limits));
    for (const failure of failures) console.error(`\n${failure}`);
    if (left.length > 0) console.log(`\nleft out after ${flags.seconds} s: ${left.join('; ')}`);
    const report: BenchReport = { ...provenance(gpu, adapterChoice, clock), sampling, limits, results, failures, left };
    const comparison = old === null ? null : compareReports(old, report);
    if (comparison !== null) console.log(`\nAgainst ${flags.compare}:\n\n${formatComparison(comparison)}`);
    if (flags.json !== undefined) {
      await writeJson(flags.json, report);
      console.log(`\nwritten to ${flags.json}`);
    }
    if (flags.html !== undefined) {
      await writeFileAtomic(flags.html, formatHtml(report, comparison));
      console.log(`\nwritten to ${flags.html}`);
    }
    expectTimed(report, flags.seconds);
    return failures.length === 0 ? 0 : 1;
  } finally {
    gpu.destroy();
  }
}

/** @throws BAD_FLAG for a run whose time was over before anything was timed: an empty table says nothing */
export function expectTimed({ results, failures }: Pick<BenchReport, 'results' | 'failures'>, seconds: number | undefined): void {
  if (results.length + failures.length > 0) return;
  throw new ShadegradError('BAD_FLAG', `No entry was timed: the ${seconds} s of --seconds were over before the first`, {
    expected: "time for the adapter's own limits, which are measured first, and for an entry",
    received: String(seconds),
    fix: 'write more --seconds, or leave them out',
  });
}

/** One line that is written over; nothing where the output is not a terminal. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
}
