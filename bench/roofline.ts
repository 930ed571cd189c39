import { escapeHtml, plotRoofline, type PlotPoint } from './html-roofline.js';
import { bandwidth, type BenchReport } from './report.js';
import { digits, percent } from './table.js';
import { spread } from './timing.js';

/** Told apart with red-green blindness too, in so far as ten colours can be; each legend entry and point has a name as well. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#56b4e9', '#7a3e9d', '#555555', '#e69f00', '#a0001e'];

/** The style of a roofline plot and its legend. */
export const LEGEND_STYLE = `
  svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1c1c1c; }
  .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
  .swatch { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .4em; }`;

/**
 * The roofline plot of a report, with its legend, as HTML that needs no style but `LEGEND_STYLE`.
 *
 * @param familyOfKernel the family of each kernel, in the order of their colours
 */
export function rooflineOf(
  { limits, results }: Pick<BenchReport, 'limits' | 'results'>,
  familyOfKernel: ReadonlyMap<string, string>,
): string {
  const order = [...new Set([...familyOfKernel.values(), 'other'])];
  const familyOf = (kernel: string): string => familyOfKernel.get(kernel) ?? 'other';
  const colourOf = (family: string): string => COLOURS[order.indexOf(family) % COLOURS.length]!;
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
${families.map((family) => `<li>${swatchOf(colourOf(family))}${escapeHtml(family)}</li>`).join('\n')}
</ul>
<p>A point on the line is all that the adapter can do; data that stays in a cache can lie above the slope. Kernels whose
arithmetic is not counted stand in the strip on the left, a column for each family: there only the distance to the slope means
something. Point at one to see its name.</p>`;
}

/** A dot of a colour. The site's Content-Security-Policy drops style attributes; a picture's fill is none. */
const swatchOf = (colour: string): string =>
  `<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="5" fill="${colour}"/></svg>`;
