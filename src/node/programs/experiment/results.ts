import { join } from 'node:path';
import { imageGrid, type RgbImage } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { EVALUATION_METRICS } from '../../../training/evaluation/registry.js';
import type { SchemeMetric } from '../../../training/scheme.js';
import { LIBRARY_VERSION } from '../../../version.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { decodeImage, encodePng, readBytes } from '../../images/read.js';
import { renderExperimentPage, type ExperimentTable, type FigureRow, type SettingRow } from '../../report/experiment-page.js';
import { flagsInWords } from './file.js';
import { formatCsv, formatMarkdown } from './formats.js';
import { folderOf, readResult, type RunResult } from './run.js';
import { runsOf, type Plan, type PlannedRun } from './plan.js';

/** A run with what was measured of it, and the folder of the experiment that it was found in. */
export interface FoundRun {
  readonly run: PlannedRun;
  readonly result: RunResult;
  readonly out: string;
}

/** The runs of an experiment that are finished in a folder. */
export async function finishedRuns(out: string, plan: Plan): Promise<FoundRun[]> {
  const found = await Promise.all(runsOf(plan).map(async (run) => ({ run, out, result: await readResult(out, run) })));
  return found.filter((each): each is FoundRun => each.result !== undefined);
}

/** The files that an experiment leaves in its folder beside the runs. */
export const FILES = {
  page: 'index.html',
  markdown: 'results.md',
  csv: 'results.csv',
  numbers: 'results.json',
  figures: 'figure',
} as const;

/**
 * Writes table and figure of an experiment, all of whose runs are finished.
 *
 * @param out the folder for them
 * @throws DATA_UNREADABLE for runs that were measured on other images than each other
 */
export async function writeResults(out: string, plan: Plan, found: readonly FoundRun[]): Promise<void> {
  expectSameImages(found);
  const table = tableOf(plan, found);
  const pictures = await figureOf(plan, found);
  const figure: FigureRow[] = [];
  for (const [row, { name, cells }] of pictures.entries()) {
    const shown = [];
    for (const [at, { title, image, bytes }] of cells.entries()) {
      const path = `${FILES.figures}/${row + 1}-${at + 1}.png`;
      await writeFileAtomic(join(out, path), bytes);
      shown.push({ title, path, size: [image.width, image.height] as const });
    }
    figure.push({ name, pictures: shown });
  }
  const sheet = imageGrid(pictures.map(({ cells }) => cells.map(({ image }) => image)));
  await writeFileAtomic(join(out, `${FILES.figures}.png`), encodePng(sheet));
  const whole: ExperimentTable = { ...table, figure, version: LIBRARY_VERSION };
  const results = found.map(({ result }) => result);
  await writeFileAtomic(join(out, FILES.csv), formatCsv(Object.keys(table.metrics), results));
  await writeFileAtomic(join(out, FILES.markdown), formatMarkdown(whole));
  const numbers = { plan, rows: table.rows, constant: table.constant ?? null, runs: results.map(({ figure: _, ...rest }) => rest) };
  await writeFileAtomic(join(out, FILES.numbers), `${JSON.stringify(numbers, null, 2)}\n`);
  // Last: where there is a page, everything is there.
  await writeFileAtomic(join(out, FILES.page), renderExperimentPage(whole));
}

/** @throws DATA_UNREADABLE: numbers of other images cannot be compared */
function expectSameImages(found: readonly FoundRun[]): void {
  const seenBy = ({ result: { pictures, trainPairs, data } }: FoundRun): string => [trainPairs, data, ...pictures].join('\n');
  const first = found[0]!;
  const other = found.find((each) => seenBy(each) !== seenBy(first));
  if (other === undefined) return;
  const said = ({ run, result: { pictures, trainPairs } }: FoundRun): string =>
    `${run.id}: trained on ${trainPairs}, measured on ${pictures.length} from ${printableName(pictures[0] ?? 'none')} on`;
  throw new ShadegradError('DATA_UNREADABLE', 'The runs of this experiment have seen different images', {
    expected: said(first),
    received: said(other),
    fix: `remove the folder runs/${other.run.id} and make the call again, with --data as for the others`,
  });
}

/** Mean and standard deviation of numbers; NaN where one of them is none. */
function meanOf(values: readonly (number | null | undefined)[]): SettingRow['metrics'][string] {
  const known = values.map((value) => value ?? NaN);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: known.length < 2 ? NaN : Math.sqrt(squares / (known.length - 1)) };
}

function tableOf(plan: Plan, found: readonly FoundRun[]): Omit<ExperimentTable, 'figure' | 'version'> {
  const results = found.map(({ result }) => result);
  const rows = EVALUATION_METRICS.flatMap(({ values }) => Object.entries<SchemeMetric>(values));
  const metrics = Object.fromEntries(rows.filter(([name]) => results.some(({ values }) => name in values)));
  const first = results[0]!;
  return {
    name: plan.name,
    title: plan.title,
    flags: flagsInWords(plan.flags),
    seeds: plan.seeds,
    images: first.pictures.length,
    trainPairs: first.trainPairs,
    ...(first.data !== undefined && { data: first.data }),
    metrics,
    rows: plan.settings.map(({ name, title, flags, published }): SettingRow => {
      const own = results.filter(({ setting }) => setting === name);
      const measured = Object.keys(metrics).map((metric) => [metric, meanOf(own.map(({ values }) => values[metric]))] as const);
      return {
        ...{ name, title, flags: flagsInWords(flags), steps: own.map(({ steps }) => steps), metrics: Object.fromEntries(measured) },
        ...(published !== undefined && { published }),
      };
    }),
    ...(first.constant && { constant: first.constant }),
    ...(plan.published !== undefined && { published: plan.published }),
  };
}

/** A picture with the heading of its column, as it lies in a file. */
interface FigurePicture {
  readonly title: string;
  readonly image: RgbImage;
  readonly bytes: Uint8Array;
}

/** The rows of the figure: an input, what each setting makes of it with the first seed, and what was wanted. */
async function figureOf(plan: Plan, found: readonly FoundRun[]): Promise<{ readonly name: string; readonly cells: FigurePicture[] }[]> {
  const firsts = found.filter(({ run }) => run.seed === plan.seeds[0]);
  const first = firsts[0]!;
  const read = async (title: string, { out, run }: FoundRun, path: string): Promise<FigurePicture> => {
    const bytes = await readBytes(join(folderOf(out, run), path));
    return { title, bytes, image: await decodeImage(bytes, path) };
  };
  const rows = first.result.figure.map(async ({ name, given, real }, row) => {
    const made = firsts.map((each) => read(each.run.setting.title, each, each.result.figure[row]!.made));
    const input = given === undefined ? [] : [read('Input', first, given)];
    return { name, cells: await Promise.all([...input, ...made, read('Target', first, real)]) };
  });
  return Promise.all(rows);
}
