import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { printableName, printableText } from '../../../formats/names.js';
import type { EvaluatedColumn, Evaluation } from '../../../training/evaluation/evaluate.js';
import { LIBRARY_VERSION } from '../../../version.js';
import { writeFilesAtomic } from '../../files/atomic.js';
import { renderEvaluationPage } from '../../report/evaluation-page.js';
import { formatCountOf, formatJson, formatNumber } from '../../../formats/words.js';
import { remark } from '../../terminal/remarks.js';
import type { EvaluateFlags } from './flags.js';
import type { StandOuts } from './stand-outs.js';

/** The files of an evaluation in its folder. */
export const NUMBERS = 'evaluation.json';
const PAGE = 'index.html';

/** What a result says of what was evaluated, and what page and terminal call it. */
const FACTS = {
  run: 'run',
  checkpoint: 'checkpoint',
  weights: 'weights',
  network: 'network',
  scheme: 'scheme',
  step: 'step',
  averages: 'running averages of the weights',
  made: 'made pictures',
  real: 'real pictures',
  data: 'data',
  split: 'split',
  direction: 'direction',
  size: 'size',
  prepared: 'images',
  atMost: 'pictures at most',
  samples: 'pictures of each input',
  seed: 'seed',
} as const;

/** A fact: a text, a number, whether something is so, sides in pixels, or several texts; null where it is not known, or not one. */
type Fact = string | number | boolean | readonly number[] | readonly string[] | null;

/** What was evaluated: of FACTS those that mean something there. */
export type EvaluatedFacts = { readonly [Name in keyof typeof FACTS]?: Fact | undefined };

/** The facts that are known, with what they are called, in words. */
function factsOf(source: EvaluatedFacts): [label: string, value: string][] {
  return Object.entries(FACTS).flatMap(([name, label]) => {
    const value: Fact | undefined = source[name as keyof EvaluatedFacts];
    if (value === undefined || value === null) return [];
    if (typeof value === 'boolean') return [[label, value ? 'yes' : 'no']];
    const isSides = typeof value === 'object' && typeof value[0] === 'number';
    return [
      [
        label,
        typeof value === 'object'
          ? value
              .map(String)
              .map(printableText)
              .join(isSides ? ' x ' : ' and ')
          : printableText(String(value)),
      ],
    ];
  });
}

/** An evaluation, and what it is of. */
export interface Evaluated {
  readonly evaluation: Evaluation;
  /** What was evaluated, and on what, by the names of FACTS. */
  readonly source: EvaluatedFacts;
  /** Title and lead of the page, and the headings of its pictures. */
  readonly page: {
    readonly title: string;
    readonly lead: string;
    readonly titles: { readonly given?: string; readonly made: string; readonly real: string };
  };
  readonly standOuts: StandOuts;
  /** The folder for its results; undefined for none. */
  readonly output: string | undefined;
}

/** The numbers, as programs read them. */
export function numbersOf({
  evaluation: { columns, constant, pictures, counts, leftOut, remarks },
  source,
}: Pick<Evaluated, 'evaluation' | 'source'>): string {
  const described = ({ value, samples, label, better, unit, metric }: EvaluatedColumn): object => ({
    ...{ metric, label, better, unit: unit ?? null, value },
    // Of most metrics the value is the mean over the samples, and stands there already.
    ...(samples && samples.mean !== value && { mean: samples.mean }),
    ...(samples && { median: samples.median, deviation: samples.deviation, interval: samples.interval }),
  });
  const named = (some: readonly EvaluatedColumn[]): object => Object.fromEntries(some.map((column) => [column.name, described(column)]));
  return `${formatJson({
    ...source,
    ...{ counts, values: named(columns) },
    ...(constant && { 'mean photo': Object.fromEntries(constant.map(({ name, value }) => [name, value])) }),
    remarks,
    leftOut: Object.fromEntries(leftOut.map(({ name, why }) => [name, why])),
    pictures: pictures.map(({ name, values }) => ({ name, values })),
  })}\n`;
}

/** A table of comma-separated values with a row for each picture. */
export function tableOf({ columns, pictures }: Evaluation): string {
  const names = columns.flatMap(({ name, samples }) => (samples ? [name] : []));
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const number = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? '' : String(value));
  const rows = pictures.map(({ name, values }) => [cell(name), ...names.map((column) => number(values[column]))]);
  return [['name', ...names], ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/**
 * Looks at what is in the way of the results before anything is measured.
 *
 * @throws BAD_FLAG where a file is in the place of a folder, a folder in that of a file, or a page of somebody else's lies in the folder
 */
export async function expectPlaceFor({ output, csv }: Pick<EvaluateFlags, 'output' | 'csv'>): Promise<void> {
  const kindOf = (path: string) => stat(path).catch(() => undefined);
  const refuse = (what: string, expected: string, received: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', what, { expected, received, fix });
  };
  if (csv !== undefined && (await kindOf(csv))?.isDirectory()) {
    refuse('--csv names a folder', 'the name of a file to write', printableName(csv), 'add a name, such as values.csv');
  }
  if (output === undefined) return;
  const kind = await kindOf(output);
  if (kind && !kind.isDirectory()) refuse('--output names a file', 'a folder', printableName(output), 'name another one');
  const [page, numbers] = await Promise.all([PAGE, NUMBERS].map((name) => kindOf(join(output, name))));
  if (page && !numbers) {
    const received = `${printableName(join(output, PAGE))}, without ${NUMBERS} beside it`;
    refuse('--output holds a page of somebody else', 'a new folder, or one of an earlier evaluation', received, 'name another folder');
  }
}

/** Writes what the flags ask for: all of it, or nothing. @throws WRITE_FAILED */
export async function writeEvaluation(evaluated: Evaluated, { csv }: Pick<EvaluateFlags, 'csv'>): Promise<void> {
  const { output, evaluation, page, standOuts } = evaluated;
  const files: [path: string, text: string][] = [];
  if (csv !== undefined) files.push([csv, tableOf(evaluation)]);
  if (output !== undefined) {
    const { title, lead, titles } = page;
    const shown = { columns: standOuts.columns(titles), standOuts: standOuts.list() };
    const facts = factsOf(evaluated.source);
    const rendered = renderEvaluationPage({ title, lead, facts, evaluation, ...shown, version: LIBRARY_VERSION });
    files.push([join(output, NUMBERS), numbersOf(evaluated)], [join(output, PAGE), rendered]);
  }
  await writeFilesAtomic(files.map(([path, text]) => [path, bytesOf(text)]));
}

/** Prints the numbers: a table with a row for each value, or JSON. */
export function printEvaluation(evaluated: Evaluated, { json, csv }: Pick<EvaluateFlags, 'json' | 'csv'>): void {
  const { evaluation } = evaluated;
  for (const { name, why } of evaluation.leftOut) remark(`${name} is left out: it ${why}`);
  for (const each of evaluation.remarks) remark(each);
  if (json) {
    process.stdout.write(numbersOf(evaluated));
    return;
  }
  const { run: _, weights: __, made: ___, real: ____, ...rest } = evaluated.source;
  const facts = factsOf(rest);
  if (facts.length > 0) remark(facts.map(([label, value]) => `${label} ${value}`).join('; '));
  const constants = new Map(evaluation.constant?.map(({ name, value }) => [name, value]));
  const heads = ['', 'all', 'median', 'deviation', '95% interval', ...(evaluation.constant ? ['mean photo'] : []), ''];
  const rows = evaluation.columns.map((column): string[] => {
    const { name, label, better, unit, value, samples, digits } = column;
    const number = (each: number | undefined): string => (each === undefined || Number.isNaN(each) ? '–' : formatNumber(each, digits));
    const interval = samples && !Number.isNaN(samples.interval[0]) ? samples.interval.map((each) => number(each)).join(' to ') : '–';
    const baseline = evaluation.constant ? [number(constants.get(name))] : [];
    const title = unit === undefined ? label : `${label} (${unit})`;
    return [title, number(value), number(samples?.median), number(samples?.deviation), interval, ...baseline, `${better} is better`];
  });
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const lineOf = (row: readonly string[]): string =>
    row.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : at === row.length - 1 ? text : text.padStart(widths[at]!))).join('  ');
  console.log(`${formatCountOf(evaluation.counts.made, 'picture')} against ${formatCountOf(evaluation.counts.real, 'real one')}`);
  for (const row of [heads, ...rows]) console.log(printableText(lineOf(row).trimEnd()));
  if (csv !== undefined) remark(`every picture: ${printableName(csv)}`);
  if (evaluated.output !== undefined) remark(`page: ${printableName(join(evaluated.output, PAGE))}`);
}
