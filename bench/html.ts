import { entriesByFile } from './entries.js';
import { formatComparison, type Comparison } from './compare.js';
import { escapeHtml, plotRoofline, type PlotPoint } from './html-roofline.js';
import { bandwidth, LIMITS, RESULT_COLUMNS, resultCells, type BenchReport } from './report.js';
import { digits, percent } from './table.js';
import { spread } from './timing.js';

/** Told apart with red-green blindness too, in so far as ten colours can be; each legend entry and point has a name as well. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#56b4e9', '#7a3e9d', '#555555', '#e69f00', '#a0001e'];

/** A kernel's file in src/kernels, by the host function's name. */
const familyOfKernel = new Map(
  Object.entries(entriesByFile).flatMap(([file, entries]) => entries.map(({ kernel }) => [kernel, file] as const)),
);
const familyOf = (kernel: string): string => familyOfKernel.get(kernel) ?? 'other';

const colours = new Map([...Object.keys(entriesByFile), 'other'].map((family, index) => [family, COLOURS[index % COLOURS.length]!]));
const colourOf = (family: string): string => colours.get(family)!;

/** The style of a roofline plot and its legend. */
export const LEGEND_STYLE = `
  svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1c1c1c; }
  .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
  .swatch { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .4em; }`;

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
  table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
  th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left; }
  td.number, th.number { text-align: right; white-space: nowrap; }
  .wide { overflow-x: auto; } .failure { color: #a0001e; white-space: pre-wrap; }
  ${LEGEND_STYLE}
  pre { font-size: 12px; overflow-x: auto; }
`;

/** The roofline plot of a report, with its legend, as HTML that needs no style but `LEGEND_STYLE`. */
export function rooflineOf({ limits, results }: BenchReport): string {
  const points = results.map((result): PlotPoint => {
    const family = familyOf(result.kernel);
    const rate = result.gflops === undefined ? `${digits(result.gigabytes)} GB/s` : `${digits(result.gflops)} GFLOP/s`;
    return {
      family,
      colour: colourOf(family),
      title: `${result.kernel} ${result.label}: ${digits(result.medianMs)} ms, spread ${percent(spread(result))}, ${rate}`,
      intensity: result.work.flops === undefined ? null : result.work.flops / result.work.bytes,
      gigabytes: result.gigabytes,
    };
  });
  const families = [...new Set(points.map(({ family }) => family))];
  return `${plotRoofline(points, { gflops: limits.fmaGflops, gigabytes: bandwidth(limits) })}
<ul class="legend">
${families.map((family) => `<li><span class="swatch" style="background:${colourOf(family)}"></span>${escapeHtml(family)}</li>`).join('\n')}
</ul>
<p>A point on the line is all that the adapter can do; data that stays in a cache can lie above the slope. Kernels whose
arithmetic is not counted stand in the strip on the left, a column for each family: there only the distance to the slope means
something. Point at one to see its name.</p>`;
}

/** One page with everything in it: nothing is fetched when it is opened. */
export function formatHtml(report: BenchReport, comparison: Comparison | null = null): string {
  const { adapter, limits, results, failures } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['adapter', `${adapter.name} (${adapter.kind}, ${adapter.backend}) ${adapter.description}`],
    ['date', report.date],
    ['shadegrad', report.shadegrad],
    ['Node', report.node],
    ['clock', report.clock],
    [
      'samples',
      `median of up to ${report.sampling.samples} of about ${report.sampling.sampleMs} ms; spread: from the fastest to the ` +
        `slowest, as a share of the median`,
    ],
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>shadegrad benchmarks: ${escapeHtml(adapter.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>shadegrad kernels on ${escapeHtml(adapter.name)}</h1>
${table([], facts, 0)}
${failures.map((failure) => `<p class="failure">${escapeHtml(failure)}</p>`).join('\n')}
<h2>Roofline</h2>
${rooflineOf(report)}
<h2>The adapter itself</h2>
${table(
  ['limit', 'value'],
  LIMITS.map(({ key, name, unit }) => [name, `${digits(limits[key])} ${unit}`]),
  1,
)}
<h2>Results</h2>
<div class="wide">
${table(
  RESULT_COLUMNS,
  results.map((result) => resultCells(result, limits)),
  2,
)}
</div>
${comparison === null ? '' : `<h2>Against an earlier run</h2>\n<pre>${escapeHtml(formatComparison(comparison))}</pre>`}
</body>
</html>
`;
}

/** Columns from `numbersFrom` on are set to the right where there is a header; the rest is text. */
function table(header: readonly string[], rows: readonly (readonly string[])[], numbersFrom: number): string {
  const cell = (tag: string, text: string, column: number): string =>
    `<${tag}${header.length > 0 && column >= numbersFrom ? ' class="number"' : ''}>${escapeHtml(text.trim())}</${tag}>`;
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((text, column) => cell(tag, text, column)).join('')}</tr>`;
  const head = header.length > 0 ? `<thead>${row('th', header)}</thead>\n` : '';
  return `<table>\n${head}<tbody>\n${rows.map((cells) => row('td', cells)).join('\n')}\n</tbody>\n</table>`;
}
