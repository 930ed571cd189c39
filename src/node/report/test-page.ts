import type { SchemeMetric } from '../../training/scheme.js';
import { formatCountOf, formatNumber } from '../../formats/words.js';
import { html, Markup } from './html.js';
import { pageHead } from './page-head.js';
import { PAGE_POLICY, SORTED_SCRIPT, SORTED_STYLE } from './sorted-table.js';
import { STYLE } from './style.js';

/** A sample on the page of a test. */
export interface TestedRow {
  readonly name: string;
  /** Where its pictures are, from the page, by their columns. */
  readonly pictures: readonly string[];
  /** Sides of the pictures in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Its value of each metric; NaN where it has none. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What the page of a test shows. */
export interface TestPage {
  readonly title: string;
  /** What was tested on what, in a sentence. */
  readonly lead: string;
  readonly columns: readonly string[];
  readonly metricRows: Readonly<Record<string, SchemeMetric>>;
  /** Of all samples together. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: readonly TestedRow[];
  readonly version: string;
}

/** The standard deviation of a metric over the samples that have one; NaN of fewer than two, or of one that is infinite. */
function deviationOf(rows: readonly TestedRow[], name: string): number {
  const values = rows.map(({ metrics }) => metrics[name]!).filter((value) => !Number.isNaN(value));
  if (values.length < 2) return NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** The best, the worst and the median sample of a metric, by their places; undefined where no sample has a number. */
interface Extremes {
  readonly best: number;
  readonly worst: number;
  readonly median: number;
}

function extremesOf(rows: readonly TestedRow[], name: string, better: 'lower' | 'higher'): Extremes | undefined {
  const places = [...rows.keys()].filter((at) => !Number.isNaN(rows[at]!.metrics[name]));
  if (places.length === 0) return undefined;
  const value = (at: number): number => rows[at]!.metrics[name]!;
  const sorted = places.sort((a, b) => (value(a) === value(b) ? a - b : (better === 'lower' ? 1 : -1) * (value(a) < value(b) ? -1 : 1)));
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)]!, sorted[Math.ceil((sorted.length - 1) / 2)]!];
  return { best: sorted[0]!, worst: sorted[sorted.length - 1]!, median: (value(low) + value(high)) / 2 };
}

const idOf = (at: number): string => `image-${at + 1}`;

const inUnit = (value: number, { digits, unit }: SchemeMetric): string =>
  `${formatNumber(value, digits)}${unit === undefined ? '' : ` ${unit}`}`;

/**
 * Renders what a test found as an HTML page: the metrics of all samples, with the best and the worst, and a table of every sample that its
 * reader can sort. The pictures are files beside it; the page fetches nothing from a network. All texts in it are escaped.
 */
export function renderTestPage({ title, lead, columns, metricRows, metrics, rows, version }: TestPage): string {
  const measured = Object.entries(metricRows).map(([name, row]) => ({ name, row, extremes: extremesOf(rows, name, row.better) }));
  const place = (at: number | undefined, name: string, row: SchemeMetric): Markup =>
    at === undefined ? html`–` : html`<a href="#${idOf(at)}">${rows[at]!.name}</a> ${inUnit(rows[at]!.metrics[name]!, row)}`;
  const deviation = (name: string, row: SchemeMetric): string => {
    const value = deviationOf(rows, name);
    return Number.isFinite(value) ? inUnit(value, { ...row, digits: 3 }) : '–';
  };
  const summary = measured.map(
    ({ name, row, extremes }) => html`<tr><th scope="row">${row.label}, ${row.better} is better</th><td>${inUnit(metrics[name]!, row)}</td>
<td>${extremes ? inUnit(extremes.median, row) : '–'}</td><td>${deviation(name, row)}</td><td>${place(extremes?.best, name, row)}</td><td>${place(extremes?.worst, name, row)}</td></tr>
`,
  );
  const standing = (at: number, extremes: Extremes | undefined): string =>
    rows.length < 2 || extremes === undefined ? '' : at === extremes.best ? ' best' : at === extremes.worst ? ' worst' : '';
  const cells = ({ pictures, size: [width, height], metrics: own }: TestedRow, at: number): Markup[] => [
    ...pictures.map(
      (path, column) =>
        html`<td><a href="${path}"><img src="${path}" alt="${columns[column]!}" width="${width}" height="${height}" loading="lazy"${new Markup(width < 128 ? ' class="pixels"' : '')}></a></td>`,
    ),
    ...measured.map(({ name, row, extremes }) => {
      const value = own[name]!;
      const sortable = Number.isNaN(value) ? '' : String(value);
      return html`<td class="number${standing(at, extremes)}" data-value="${sortable}">${Number.isNaN(value) ? '–' : inUnit(value, row)}</td>`;
    }),
  ];
  return html`${pageHead({ title, policy: PAGE_POLICY, style: STYLE + SORTED_STYLE })}
<body>
<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
</header>
<main>
<section>
<h2>All of ${formatCountOf(rows.length, 'image')}</h2>
<div class="scroll"><table class="table">
<thead><tr><th>metric</th><th>all together</th><th>median</th><th>standard deviation</th><th>best</th><th>worst</th></tr></thead>
<tbody>
${summary}</tbody>
</table></div>
</section>
<section>
<h2>Each image</h2>
<p class="note">A heading sorts the table, the worst first; once more turns it round.</p>
<div class="scroll"><table class="tested">
<thead><tr><th data-first="ascending"><button disabled>name</button></th>${columns.map((column) => html`<th>${column}</th>`)}${measured.map(
    ({ row }) =>
      html`<th class="number" data-first="${row.better === 'lower' ? 'descending' : 'ascending'}"><button disabled>${row.label}</button></th>`,
  )}</tr></thead>
<tbody>
${rows.map((row, at) => html`<tr id="${idOf(at)}"><th scope="row" data-value="${row.name}">${row.name}</th>${cells(row, at)}</tr>\n`)}</tbody>
</table></div>
</section>
</main>
<footer>Made by shadegrad ${version}, deep learning on hand-written WGSL kernels.</footer>
<script>${new Markup(SORTED_SCRIPT)}</script>
</body>
</html>
`.text;
}
