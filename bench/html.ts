import { formatComparison, type Comparison } from './compare.js';
import { KERNEL_FAMILIES } from './entries.js';
import { escapeHtml } from './html-roofline.js';
import { LIMITS, RESULT_COLUMNS, resultCells, type BenchReport } from './report.js';
import { LEGEND_STYLE, rooflineOf } from './roofline.js';
import { digits } from './table.js';

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

/** One page with everything in it: nothing is fetched when it is opened. */
export function formatHtml(report: BenchReport, comparison: Comparison | null = null): string {
  const { adapter, limits, results, failures } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['adapter', `${adapter.name} (${adapter.kind}, ${adapter.backend}) ${adapter.description}`],
    ['date', report.date],
    ['shadegrad', report.shadegrad],
    ...(report.node === undefined ? [] : [['Node', report.node] as const]),
    ...(report.browser === undefined ? [] : [['browser', report.browser] as const]),
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
${rooflineOf(report, KERNEL_FAMILIES)}
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
