import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ShadegradError } from '../../errors.js';
import { parseFlags, type Program } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';

/** The command line of `shadegrad bench`, and of `npm run bench` in a clone. */
export const BENCH_PROGRAM = {
  usage: 'npx shadegrad bench [flags]',
  summary:
    'Checks every kernel against float64 at the shapes of pix2pix at 256 x 256, times it, and compares it with what the ' +
    'adapter itself can do.',
  flags: [
    { name: 'filter', type: 'string', placeholder: 'TEXT', description: 'only entries whose kernel or case contains this' },
    { name: 'json', type: 'string', placeholder: 'FILE', description: 'also write all samples to this file' },
    { name: 'compare', type: 'string', placeholder: 'FILE', description: 'also compare with this file, written by --json' },
    { name: 'html', type: 'string', placeholder: 'FILE', description: 'also write a page with a roofline plot to this file' },
    {
      name: 'adapter',
      type: 'string',
      placeholder: 'NAME',
      description: 'hardware, software, lavapipe, swiftshader, or part of a name; default: the fastest',
    },
    { name: 'quick', type: 'boolean', description: 'few and short samples' },
    {
      name: 'seconds',
      type: 'number',
      min: 0.1,
      max: 100_000,
      description: 'begin no further entry after this time; what is left is named',
    },
  ],
  examples: [
    { command: 'npx shadegrad bench --filter conv2d --quick', description: 'The convolutions alone, coarsely:' },
    { command: 'npx shadegrad bench --json before.json', description: 'All samples in a file, which --compare reads after a change:' },
  ],
} as const satisfies Program;

/** The benchmarks, which nothing else needs, in the package: beside the entries of the library, or above its chunks. */
const PLACES = ['./bench.js', '../bench.js'];

/**
 * Runs the program of `shadegrad bench`: checks and times every kernel on this adapter.
 *
 * @param argv the arguments alone
 * @returns the exit status: 1 if a kernel computed something wrong
 * @throws BAD_FLAG; DATA_NOT_FOUND where the library is in a bundle of its user's, without the benchmarks; NO_ADAPTER
 */
export async function benchKernels(argv: readonly string[]): Promise<number> {
  if (parseFlags(BENCH_PROGRAM, argv).help) {
    process.stdout.write(formatHelp(BENCH_PROGRAM));
    return 0;
  }
  const place = PLACES.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(fileURLToPath(url)));
  if (place === undefined) throw noBenchmarks();
  const { runBenchmarks } = (await import(place.href)) as { runBenchmarks(argv: readonly string[]): Promise<number> };
  return runBenchmarks(argv);
}

const noBenchmarks = (): ShadegradError =>
  new ShadegradError('DATA_NOT_FOUND', 'The benchmarks are not beside the library', {
    expected: 'dist/bench.js of the package',
    received: 'a library that was built or bundled without it',
    fix: 'in a clone, run "npm run build", or "npm run bench"; elsewhere, install the package and call npx shadegrad bench',
  });
