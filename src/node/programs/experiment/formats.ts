import { ARROWS, measureInWords, stepsInWords, type ExperimentTable } from '../../report/experiment-page.js';
import type { RunResult } from './run.js';

/** RFC 4180. */
const LINE_END = '\r\n';

function field(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The table of all runs for spreadsheets and data frames: one a line, with all digits. A number that there is none of is empty. */
export function formatCsv(metrics: readonly string[], results: readonly RunResult[]): string {
  const head = ['setting', 'seed', 'steps', 'data', 'train_pairs', 'images', ...metrics];
  const rows = results.map((result) => [
    ...[result.setting, result.seed, result.steps, result.data ?? null, result.trainPairs, result.pictures.length],
    ...metrics.map((name) => result.values[name] ?? null),
  ]);
  return [head, ...rows].map((row) => row.map(field).join(',') + LINE_END).join('');
}

/** A text as a cell of a table in Markdown. */
const cell = (text: string): string => text.replace(/[\\|*_`[\]<>]/g, '\\$&').replace(/\s+/g, ' ');

/** A text as code in a cell: what would end the code or the cell stands for itself. */
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Table and figure as Markdown: the pictures are files beside it. */
export function formatMarkdown(table: ExperimentTable): string {
  const { title, flags, seeds, images, trainPairs, data, metrics, rows, constant, figure, published } = table;
  const names = Object.keys(metrics);
  const head = ['setting', ...names.map((name) => `${cell(metrics[name]!.label)} ${ARROWS[metrics[name]!.better]}`), 'steps'];
  const lines = rows.map((each) => [
    `**${cell(each.title)}**${each.flags === '' ? '' : ` ${code(each.flags)}`}`,
    ...names.map((name) => measureInWords(each.metrics[name]!, metrics[name]!)),
    stepsInWords(each.steps),
    ...(published === undefined ? [] : [cell(each.published ?? '–')]),
  ]);
  if (constant !== undefined) {
    const answers = names.map((name) => measureInWords({ mean: constant[name] ?? NaN, deviation: NaN }, metrics[name]!));
    lines.push(['the mean of the training pictures, for comparison', ...answers, '–', ...(published === undefined ? [] : ['–'])]);
  }
  const columns = figure[0]?.pictures.map((picture) => picture.title) ?? [];
  return [
    `# ${cell(title)}`,
    '',
    `Trained on ${trainPairs} samples${data === undefined ? '' : ` of ${code(data)}`}, ` +
      `measured on ${images} that none of them has seen; seed${seeds.length === 1 ? '' : 's'} ` +
      `${seeds.join(', ')}. ↓ lower is better, ↑ higher is better. Flags of all settings: \`${flags.replaceAll('`', "'")}\`.`,
    '',
    row([...head, ...(published === undefined ? [] : [`published: ${cell(published)}`])]),
    `|${'---|'.repeat(head.length + (published === undefined ? 0 : 1))}`,
    ...lines.map(row),
    ...(columns.length === 0
      ? []
      : [
          '',
          row(columns.map(cell)),
          `|${'---|'.repeat(columns.length)}`,
          ...figure.map(({ pictures }) => row(pictures.map((picture) => `![${cell(picture.title)}](${picture.path})`))),
        ]),
    '',
  ].join('\n');
}
