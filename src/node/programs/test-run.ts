import { basename, join, resolve } from 'node:path';
import { readingsOf, savedCodings } from '../../data/codings/options.js';
import { VALUE_FORMATS } from '../images/encode-values.js';
import { printableName, printableText } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { LIBRARY_VERSION } from '../../version.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { renderTestPage, type TestedRow } from '../report/test-page.js';
import { parseFlags, type FlagValues, type Program } from '../terminal/flags.js';
import { formatCount, formatCountOf, formatJson } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';
import { OPTIONS_FLAG } from '../terminal/options-file.js';
import { savedSources, SYNTHETIC } from '../training/data.js';
import { drawnTitle } from '../training/flags.js';
import { existingRunFolder, type RunFolder } from '../training/folder.js';
import type { Split } from '../images/dataset.js';
import { apartOf, resultsFolder } from '../training/results-folder.js';
import { StatusLine } from '../training/status-line.js';
import { metricsInWords } from '../training/summary.js';
import { schemeOfRun, testSamples, type TestedSample } from '../training/tested.js';
import { openCheckpoint, type OpenCheckpoint } from '../weights/checkpoint.js';
import { isQuiet, keepQuiet, QUIET_FLAG } from '../terminal/remarks.js';
import { patchTable } from './test-patches.js';
import { NUMBERS, TestResults } from './test-results.js';

/** Samples that are tested unless told otherwise: the page shows every one. */
const MOST = 1000;

/** The command line of `shadegrad test`. */
export const TEST_RUN_PROGRAM = {
  usage: 'npx shadegrad test RUN [flags]',
  summary:
    'Tests the networks of a training run on its validation images, as the run itself says: needs its folder alone. Writes a page with ' +
    'every image beside its metrics (index.html), the pictures, and the numbers (metrics.json).',
  takesOperands: true,
  saidByRun: [
    ...['model', 'direction', 'dataset_mode', 'input_nc', 'output_nc', 'netG', 'netD', 'ngf', 'ndf', 'n_layers_D', 'norm', 'no_dropout'],
    ...['init_type', 'init_gain', 'load_size', 'crop_size', 'preprocess', 'no_flip', 'batch_size', 'serial_batches'],
  ],
  alternatives: [
    ['count', 'first'],
    ['output', 'results-dir'],
  ],
  fixed: { epoch: 'latest', load_iter: '0', aspect_ratio: '1' },
  flags: [
    {
      name: 'run',
      group: 'Data',
      reference: ['name', 'checkpoints_dir'],
      type: 'string',
      placeholder: 'RUN',
      description: 'the folder of the run, in the place of RUN without a flag',
    },
    {
      name: 'data',
      group: 'Data',
      reference: ['dataroot'],
      type: 'string',
      placeholder: 'DIR',
      description: 'a folder of data like those of the run, instead of them: where they are now, or others of that layout',
    },
    {
      name: 'split',
      group: 'Data',
      reference: ['phase'],
      type: 'choice',
      choices: ['train', 'val', 'test'],
      description:
        'which images of the folder to test; by default those that the run was validated on, of a folder of --data val/, or else test/, ' +
        'or else all',
    },
    {
      name: 'count',
      group: 'Data',
      type: 'integer',
      min: 1,
      max: 100_000,
      default: MOST,
      description: 'images to test at most, spread over the set',
    },
    {
      name: 'first',
      group: 'Data',
      reference: ['num_test', 'ntest', 'how_many'],
      type: 'integer',
      min: 1,
      max: 100_000,
      description: 'the first images of the set, so many at most, in the place of --count',
    },
    {
      name: 'averages',
      group: 'Data',
      type: 'boolean',
      default: true,
      description: 'tests the weights that were trained, of a run with --ema, in the place of their running averages',
    },
    {
      name: 'patch-map',
      group: 'Results',
      type: 'boolean',
      description:
        'lays over each output and target how real the discriminator takes every patch for, with the mean of it in the table; ' +
        'where a discriminator judges patches of pictures',
    },
    {
      name: 'output',
      group: 'Results',
      type: 'string',
      placeholder: 'DIR',
      description:
        'folder for page, pictures and numbers, made if missing; by default test/ in that of the run, or test-train/ and the like for ' +
        'other images',
    },
    {
      name: 'results-dir',
      group: 'Results',
      reference: ['results_dir'],
      type: 'string',
      placeholder: 'DIR',
      description: 'folder for the results of several runs, in the place of --output: those of this one go to a folder in it with its name',
    },
    { name: 'json', group: 'Results', type: 'boolean', description: 'print the numbers as JSON, in place of words' },
    { ...QUIET_FLAG, group: 'Results' },
    { ...OPTIONS_FLAG, group: 'Data' },
    {
      name: 'adapter',
      group: 'This machine',
      type: 'string',
      placeholder: 'NAME',
      description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
  ],
  examples: [
    { command: 'npx shadegrad test runs/facades', description: 'On its validation images:' },
    { command: 'npx shadegrad test runs/facades --json --quiet', description: 'The numbers alone, for another program:' },
  ],
} as const satisfies Program;

type TestFlags = FlagValues<typeof TEST_RUN_PROGRAM>;

/**
 * Runs the program of `shadegrad test`: measures the networks of a run on each of its validation images, and writes a page of them.
 *
 * @param argv the arguments alone
 * @returns the exit status, 0
 * @throws ShadegradError for whatever the user can mend
 */
export async function testRun(argv: readonly string[]): Promise<number> {
  const { values: flags, operands, given, help } = parseFlags(TEST_RUN_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(TEST_RUN_PROGRAM));
    return 0;
  }
  const [path, ...others] = flags.run === undefined ? operands : [flags.run, ...operands];
  if (path === undefined || others.length > 0) {
    throw new ShadegradError('BAD_FLAG', path === undefined ? 'The run to test is missing' : 'More than one run is named', {
      expected: 'the folder of one run',
      ...(path !== undefined && { received: [path, ...others].join(' ') }),
      fix: `write ${TEST_RUN_PROGRAM.usage}`,
    });
  }
  for (const pair of TEST_RUN_PROGRAM.alternatives) expectOne(pair, given);
  // Progress and remarks are no data: they go to stderr.
  keepQuiet(flags.quiet);
  const say = (line: string): void => void (isQuiet() || process.stderr.write(`${printableText(line)}\n`));
  const folder = await existingRunFolder(path, path, { what: 'run', fix: 'name the folder of a run, that with checkpoint.safetensors' });
  const opened = await openCheckpoint(folder.checkpoint);
  try {
    return await testOpened(folder, opened, flags, say);
  } finally {
    await opened.close();
  }
}

/** Measures the networks of a checkpoint, and writes the page: whole, or as it was. */
async function testOpened(folder: RunFolder, opened: OpenCheckpoint, flags: TestFlags, say: (line: string) => void): Promise<number> {
  const { info: checkpoint } = opened;
  const scheme = schemeOfRun(folder.checkpoint, checkpoint);
  const sources = flags.data === undefined ? savedSources(checkpoint.options) : [resolve(flags.data)];
  const inResults = flags['results-dir'] === undefined ? undefined : join(flags['results-dir'], basename(resolve(folder.path)));
  const count = flags.first ?? flags.count;

  let results: TestResults | undefined;
  // Which split is measured is known when it is open.
  const placeFor = async (split: Split | undefined): Promise<string> => {
    const place = flags.output ?? inResults;
    if (place !== undefined) return place;
    const apart = apartOf(checkpoint.options, flags, sources, split ?? 'validation');
    return resultsFolder(folder, 'test', { ...apart, ...(apart.data && { data: printableName(apart.data) }) }, NUMBERS);
  };
  const rows: (TestedRow & { readonly arrays: readonly string[] })[] = [];
  const judged: NonNullable<TestedSample['patches']>[] = [];
  // Results that are no colours are kept as their numbers, too.
  const wanted = readingsOf(savedCodings(checkpoint.options)).target;
  let columns: readonly string[] = [];
  let roles: readonly (string | null)[] = [];
  const line = new StatusLine();
  const keep = async (
    { name, pictures, metrics, patches }: TestedSample,
    done: number,
    total: number,
    split: Split | undefined,
  ): Promise<void> => {
    results ??= new TestResults(await placeFor(split));
    const number = String(done).padStart(4, '0');
    const [paths, arrays]: [string[], string[]] = [[], []];
    for (const [at, { title, image, made }] of pictures.entries()) {
      const called = [number, at + 1, slug(title)].filter((part) => part !== '').join('-');
      paths.push(await results.picture(called, image));
      if (!made || !image.values || wanted?.kind !== 'numbers') continue;
      arrays.push(await results.array(called, await VALUE_FORMATS.npy.encode({ ...image, values: image.values }, wanted.range)));
    }
    columns = pictures.map(({ title }) => title);
    roles = pictures.map(({ role }) => role ?? null);
    const { width, height } = pictures[0]?.image ?? { width: 0, height: 0 };
    rows.push({ name, pictures: paths, arrays, size: [width, height], metrics });
    if (patches) judged.push(patches);
    line.show(`tested: ${done} of ${total}`);
  };
  const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
  try {
    say(adapterChoice.summary);
    const { metrics, split } = await testSamples(
      gpu,
      {
        ...{ folder, checkpoint: opened, scheme, sources, count, first: flags.first !== undefined, averages: flags.averages },
        patchMap: flags['patch-map'],
        ...{ chosen: flags.data !== undefined, split: flags.split },
      },
      keep,
      say,
    ).finally(() => line.end());
    const images = sources[0] === SYNTHETIC ? `synthetic ${drawnTitle(scheme)}` : sources.map(printableName).join(' and ');
    const on = split === undefined ? images : `${images} (${split})`;
    const maps = judged.length > 0 ? patchTable(judged) : undefined;
    const numbers = formatJson({
      ...{ run: folder.path, scheme: scheme.name, step: checkpoint.step, data: images, split: split ?? null, images: rows.length },
      ...{ columns: columns.map((title, at) => ({ title, role: roles[at] })) },
      ...{ metrics, ...(maps && { patches: { receptiveField: maps.field ?? null, means: maps.means } }) },
      samples: rows.map(({ name, pictures, arrays, metrics: own }, at) => ({
        name,
        metrics: own,
        ...(maps && { patches: maps.rows[at] }),
        pictures,
        ...(arrays.length > 0 && { arrays }),
      })),
    });
    const page = renderTestPage({
      title: `${scheme.title}: ${printableName(folder.path)}`,
      lead:
        `Its networks after ${formatCountOf(checkpoint.step, 'step')}, on ${formatCountOf(rows.length, 'image')} of ${on}.` +
        (maps?.lead ?? ''),
      ...{ columns, version: LIBRARY_VERSION },
      ...{ metricRows: { ...scheme.metrics, ...maps?.metricRows }, metrics: { ...metrics, ...maps?.metrics } },
      rows: rows.map((row, at) => ({ ...row, metrics: { ...row.metrics, ...maps?.named(at) } })),
    });
    await results!.finish(
      rows.flatMap(({ pictures, arrays }) => [...pictures, ...arrays]),
      `${numbers}\n`,
      page,
    );
    if (flags.json) process.stdout.write(`${numbers}\n`);
    else {
      console.log(
        printableText(`step ${formatCount(checkpoint.step)}, ${formatCountOf(rows.length, 'image')}: ${metricsInWords(scheme, metrics)}`),
      );
      console.log(`page: ${printableName(join(results!.folder, 'index.html'))}`);
    }
    return 0;
  } finally {
    gpu.destroy();
    await results?.discard();
  }
}

/** @throws BAD_FLAG for two flags in the place of each other */
function expectOne([first, second]: readonly [string, string], given: ReadonlySet<string>): void {
  if (!given.has(first) || !given.has(second)) return;
  throw new ShadegradError('BAD_FLAG', `--${first} and --${second} are given together`, {
    expected: 'one of them',
    received: 'both',
    fix: 'leave one of them out',
  });
}

/** A heading as a part of the name of a file. */
const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 24);
