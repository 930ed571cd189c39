import type { SchemeMetric } from '../../training/scheme.js';
import { formatCountOf, formatNumber } from '../../formats/words.js';
import { html, Markup } from './html.js';
import { pageHead } from './page-head.js';
import { STYLE } from './style.js';

/** What was measured of a setting. */
export interface SettingRow {
  readonly name: string;
  readonly title: string;
  /** The flags in which it differs, as they are typed. */
  readonly flags: string;
  /** Of each of its runs. */
  readonly steps: readonly number[];
  /** Over its runs; the deviation is NaN of a single one. */
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly deviation: number }>>;
  /** What was published of it. */
  readonly published?: string;
}

/** A row of the figure: pictures with the headings of their columns. */
export interface FigureRow {
  readonly name: string;
  readonly pictures: readonly { readonly title: string; readonly path: string; readonly size: readonly [width: number, height: number] }[];
}

/** What an experiment found. */
export interface ExperimentTable {
  readonly name: string;
  readonly title: string;
  /** Of all settings, as they are typed. */
  readonly flags: string;
  readonly seeds: readonly number[];
  /** How many samples were measured. */
  readonly images: number;
  /** How many each setting was trained on. */
  readonly trainPairs: number;
  /** The name of what they were trained on; left out where no run says it. */
  readonly data?: string;
  readonly metrics: Readonly<Record<string, SchemeMetric>>;
  readonly rows: readonly SettingRow[];
  /** What is measured of the mean of the training pictures, as the answer to all; null for what is no number. */
  readonly constant?: Readonly<Record<string, number | null>>;
  /** The heading of what was published of the settings. */
  readonly published?: string;
  readonly figure: readonly FigureRow[];
  readonly version: string;
}

/** Forbids the page everything but itself and the pictures beside it. */
const POLICY = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'";

const OWN_STYLE = `
.compared{border-collapse:collapse;width:100%;font-size:.92rem}
.compared th,.compared td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400;vertical-align:top}
.compared thead th{color:var(--soft);font-size:.85rem}
.compared .number{text-align:right;white-space:nowrap}
.compared tbody th{min-width:11rem}
.compared thead .published{white-space:normal;min-width:9rem}
.compared code,.lead code{font-size:.82rem;color:var(--soft);overflow-wrap:anywhere}
.compared code{display:block}
.compared .constant{color:var(--soft)}
.compared .best{font-weight:660;color:var(--good)}
.figure{border-collapse:collapse;font-size:.85rem}
.figure th,.figure td{padding:0 .4rem .5rem 0;text-align:left;font-weight:400;vertical-align:bottom}
.figure thead th{color:var(--soft)}
.figure img{display:block;width:clamp(5rem,12vw,9rem);height:auto;border-radius:4px;background:var(--faint)}
.figure img.pixels{image-rendering:pixelated}
`;

/** What stands behind the name of a metric, for the way to what is better. */
export const ARROWS: Readonly<Record<SchemeMetric['better'], string>> = { lower: '↓', higher: '↑' };

/** The settings with the best mean of a metric, by their names; none where there is nothing to choose between. */
function bestOf(rows: readonly SettingRow[], name: string, better: SchemeMetric['better']): ReadonlySet<string> {
  const means = rows.map(({ metrics }) => metrics[name]!.mean).filter((mean) => !Number.isNaN(mean));
  if (new Set(means).size < 2) return new Set();
  const best = better === 'lower' ? Math.min(...means) : Math.max(...means);
  return new Set(rows.filter(({ metrics }) => metrics[name]!.mean === best).map((row) => row.name));
}

/** Steps of runs: one number where all have as many. */
export function stepsInWords(steps: readonly number[]): string {
  const [least, most] = [Math.min(...steps), Math.max(...steps)];
  return least === most ? String(least) : `${least} to ${most}`;
}

/** A number with its standard deviation, where there are several runs. */
export function measureInWords({ mean, deviation }: SettingRow['metrics'][string], { digits, unit }: SchemeMetric): string {
  if (Number.isNaN(mean)) return '–';
  const spread = Number.isNaN(deviation) ? '' : ` ± ${formatNumber(deviation, 2)}`;
  return `${formatNumber(mean, digits)}${spread}${unit === undefined ? '' : ` ${unit}`}`;
}

/**
 * Renders what an experiment found as an HTML page: a table of the settings, and a figure with an input a row and a setting a column. The
 * pictures are files beside it; the page fetches nothing from a network. All texts in it are escaped.
 */
export function renderExperimentPage({
  title,
  flags,
  seeds,
  images,
  trainPairs,
  data,
  metrics,
  rows,
  constant,
  published,
  figure,
  version,
}: ExperimentTable): string {
  const measured = Object.entries(metrics).map(([name, row]) => ({ name, row, best: bestOf(rows, name, row.better) }));
  const columns = figure[0]?.pictures ?? [];
  const lines = rows.map(
    (each) => html`<tr><th scope="row">${each.title}<code>${each.flags}</code></th>${measured.map(
      ({ name, row, best }) =>
        html`<td class="number${best.has(each.name) ? ' best' : ''}">${measureInWords(each.metrics[name]!, row)}</td>`,
    )}<td class="number">${stepsInWords(each.steps)}</td>${published !== undefined && html`<td class="number">${each.published ?? '–'}</td>`}</tr>
`,
  );
  const answer =
    constant &&
    html`<tr class="constant"><th scope="row">the mean of the training pictures, for comparison</th>${measured.map(
      ({ name, row }) => html`<td class="number">${measureInWords({ mean: constant[name] ?? NaN, deviation: NaN }, row)}</td>`,
    )}<td class="number">–</td>${published !== undefined && html`<td class="number">–</td>`}</tr>
`;
  const shown = figure.map(
    ({ name, pictures }) => html`<tr>${pictures.map(
      ({ title: heading, path, size: [width, height] }) =>
        html`<td><a href="${path}"><img src="${path}" alt="${heading} of ${name}" width="${width}" height="${height}" loading="lazy"${new Markup(width < 128 ? ' class="pixels"' : '')}></a></td>`,
    )}</tr>
`,
  );
  return html`${pageHead({ title, policy: POLICY, style: STYLE + OWN_STYLE })}
<body>
<header>
<h1>${title}</h1>
<p class="lead">${formatCountOf(rows.length, 'setting')}, each trained on ${formatCountOf(trainPairs, 'sample')}${data !== undefined && html` of ${data}`} and measured on ${formatCountOf(images, 'other')}; ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}. Flags of all: <code>${flags}</code></p>
</header>
<main>
<section>
<h2>What was measured</h2>
<p class="note">↓ lower is better, ↑ higher is better.${seeds.length > 1 && ' Means over the seeds, and their standard deviations.'}</p>
<div class="scroll"><table class="compared">
<thead><tr><th>setting</th>${measured.map(({ row }) => html`<th class="number" title="${row.better} is better">${row.label} ${ARROWS[row.better]}</th>`)}<th class="number">steps</th>${published !== undefined && html`<th class="number published">published: ${published}</th>`}</tr></thead>
<tbody>
${lines}${answer}</tbody>
</table></div>
</section>
${
  columns.length > 0 &&
  html`<section>
<h2>What they make</h2>
<p class="note">Inputs that none of them was trained on${seeds.length > 1 && `, with seed ${seeds[0]}`}.</p>
<div class="scroll"><table class="figure">
<thead><tr>${columns.map((column) => html`<th>${column.title}</th>`)}</tr></thead>
<tbody>
${shown}</tbody>
</table></div>
</section>`
}
</main>
<footer>Made by shadegrad ${version}, deep learning on hand-written WGSL kernels.</footer>
</body>
</html>
`.text;
}
