import type { RgbImage } from '../../data/image.js';
import type { EvaluatedColumn, Evaluation } from '../../training/evaluation/evaluate.js';
import { encodePng } from '../images/read.js';
import { formatCountOf, formatNumber } from '../../formats/words.js';
import { html, Markup } from './html.js';
import { pageHead } from './page-head.js';
import { LARGEST_PICTURES_BYTES } from './pictures.js';
import { PAGE_POLICY, SORTED_SCRIPT, SORTED_STYLE } from './sorted-table.js';
import { STYLE } from './style.js';

/** A sample that stands out, with its pictures. */
export interface StandOut {
  readonly name: string;
  /** Those of the columns, in their order. */
  readonly pictures: readonly (RgbImage | undefined)[];
  readonly values: Readonly<Record<string, number>>;
  /** The names of the values of which it is among the best, and among the worst. */
  readonly best: readonly string[];
  readonly worst: readonly string[];
}

/** What the page of an evaluation shows. */
export interface EvaluationPage {
  readonly title: string;
  /** What was measured against what, in a sentence. */
  readonly lead: string;
  /** What was evaluated, and on what: what each fact is called, and the fact in words. */
  readonly facts?: readonly (readonly [label: string, value: string])[];
  readonly evaluation: Evaluation;
  /** The headings of pictures. */
  readonly columns: readonly string[];
  /** The best and the worst, the most telling first. */
  readonly standOuts: readonly StandOut[];
  readonly version: string;
}

/** Samples that a page lists one by one; the numbers beside it have all of them. */
const MOST_LISTED = 2000;

const OWN_STYLE = `
.summary td,.summary th{white-space:nowrap}
.summary th[scope=row]{white-space:normal;min-width:8rem;overflow-wrap:normal}
dl.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:.9rem 0 0;font-size:.85rem}
dl.facts div{display:flex;gap:.4rem}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0;overflow-wrap:anywhere}
.tag{display:inline-block;font-size:.75rem;padding:0 .45rem;margin:.15rem .2rem 0 0;border:1px solid var(--line);border-radius:8px;color:var(--good);white-space:nowrap}
.tag.worst{color:var(--warn);font-weight:400}
`;

const numberOf = (value: number | undefined, { digits, unit }: EvaluatedColumn): string =>
  value === undefined || Number.isNaN(value) ? '–' : `${formatNumber(value, digits)}${unit === undefined ? '' : ` ${unit}`}`;

/** The values of all samples together, a row for each. */
function summaryOf({ columns, constant }: Evaluation): Markup {
  const constants = new Map(constant?.map(({ name, value }) => [name, value]));
  const rows = columns.map((column) => {
    const { name, label, better, value, samples } = column;
    const interval =
      samples && !Number.isNaN(samples.interval[0]) ? samples.interval.map((each) => numberOf(each, column)).join(' to ') : '–';
    return html`<tr><th scope="row">${label}, ${better} is better</th><td><b>${numberOf(value, column)}</b></td><td>${interval}</td>
<td>${numberOf(samples?.median, column)}</td><td>${numberOf(samples?.deviation, { ...column, digits: 3 })}</td>${
      constant && html`<td>${numberOf(constants.get(name), column)}</td>`
    }</tr>
`;
  });
  return html`<div class="scroll"><table class="table summary">
<thead><tr><th>measure</th><th>all together</th><th>95% interval</th><th>median</th><th>standard deviation</th>${constant && html`<th>mean photo</th>`}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

/** The best and the worst samples with their pictures, as many as have room in a page. */
function standOutsOf({ standOuts, columns, evaluation }: EvaluationPage): Markup | undefined {
  const values = evaluation.columns.filter(({ samples }) => samples);
  const labels = new Map(values.map(({ name, label }) => [name, label]));
  let left = LARGEST_PICTURES_BYTES;
  const rows: Markup[] = [];
  for (const { name, pictures, values: own, best, worst } of standOuts) {
    const uris = pictures.map((image) => image && `data:image/png;base64,${Buffer.from(encodePng(image)).toString('base64')}`);
    left -= uris.reduce((sum, uri) => sum + (uri?.length ?? 0), 0);
    if (left < 0 && rows.length > 0) break;
    const cells = uris.map((uri, at) => {
      const image = pictures[at];
      if (!uri || !image) return html`<td></td>`;
      const pixels = new Markup(image.width < 128 ? ' class="pixels"' : '');
      return html`<td><img src="${uri}" alt="${columns[at]!}" width="${image.width}" height="${image.height}" loading="lazy"${pixels}></td>`;
    });
    const tags = [
      ...worst.map((each) => html`<span class="tag worst">worst ${labels.get(each)}</span>`),
      ...best.map((each) => html`<span class="tag">best ${labels.get(each)}</span>`),
    ];
    rows.push(html`<tr><th scope="row">${name}<br>${tags}</th>${cells}${values.map(
      (column) => html`<td class="number">${numberOf(own[column.name], column)}</td>`,
    )}</tr>
`);
  }
  if (rows.length === 0) return undefined;
  return html`<section>
<h2>The best and the worst</h2>
<p class="note">Of each measure those that stand out; pictures are shown at most 256 pixels wide.</p>
<div class="scroll"><table class="tested">
<thead><tr><th>name</th>${columns.map((column) => html`<th>${column}</th>`)}${values.map(({ label }) => html`<th class="number">${label}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>
</section>`;
}

/** Every sample with its values, to be sorted. */
function listOf({ columns, pictures }: Evaluation): Markup | undefined {
  const values = columns.filter(({ samples }) => samples);
  if (values.length === 0) return undefined;
  const shown = pictures.slice(0, MOST_LISTED);
  const more = pictures.length - shown.length;
  return html`<section>
<h2>Each picture</h2>
<p class="note">A heading sorts the table, the worst first; once more turns it round.${
    more > 0 && ` ${formatCountOf(more, 'more picture')} are in evaluation.json.`
  }</p>
<div class="scroll"><table class="tested">
<thead><tr><th data-first="ascending"><button disabled>name</button></th>${values.map(
    ({ label, better }) =>
      html`<th class="number" data-first="${better === 'lower' ? 'descending' : 'ascending'}"><button disabled>${label}</button></th>`,
  )}</tr></thead>
<tbody>
${shown.map(
  ({ name, values: own }) =>
    html`<tr><th scope="row" data-value="${name}">${name}</th>${values.map((column) => {
      const value = own[column.name] ?? NaN;
      return html`<td class="number" data-value="${Number.isNaN(value) ? '' : String(value)}">${numberOf(value, column)}</td>`;
    })}</tr>
`,
)}</tbody>
</table></div>
</section>`;
}

/**
 * Renders an evaluation as an HTML page in one file: the measures of all pictures, the best and the worst, and a table of every one. It
 * fetches nothing from a network, and all texts in it are escaped.
 */
export function renderEvaluationPage(page: EvaluationPage): string {
  const { title, lead, facts = [], evaluation, version } = page;
  const { counts, leftOut, remarks } = evaluation;
  return html`${pageHead({ title, policy: PAGE_POLICY, style: STYLE + SORTED_STYLE + OWN_STYLE })}
<body>
<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
</header>
<main>
<section>
<h2>${formatCountOf(counts.made, 'picture')} against ${formatCountOf(counts.real, 'real one')}</h2>
${summaryOf(evaluation)}
${remarks.map((each) => html`<p class="note">${each}.</p>`)}
${
  facts.length > 0 &&
  html`<dl class="facts">
${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
</dl>`
}
${leftOut.length > 0 && html`<p class="note">Left out: ${leftOut.map(({ name, why }) => `${name}, which ${why}`).join('; ')}.</p>`}
</section>
${standOutsOf(page)}
${listOf(evaluation)}
</main>
<footer>Made by shadegrad ${version}, deep learning on hand-written WGSL kernels.</footer>
<script>${new Markup(SORTED_SCRIPT)}</script>
</body>
</html>
`.text;
}
