import { formatCount, formatNumber } from '../../formats/words.js';
import { html, type Markup } from './html.js';
import { downsample, niceTicks, quantile, smooth, type Point } from './series.js';

export interface Curve {
  name: string;
  /** Which of the style sheet's curve colours, from 1. */
  colour: number;
  points: Point[];
}

export interface Plot {
  title: string;
  /** Said to those who cannot see the picture. */
  description: string;
  curves: Curve[];
  /** Draw a smoothed line over the faint raw one. */
  smoothed: boolean;
  /** A level to compare with, drawn as a dashed line. */
  reference?: { name: string; y: number };
}

const WIDTH = 480;
const HEIGHT = 280;
const LEFT = 44;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 30;
/** One for each pixel of the width, so that a long noisy curve fills its range evenly. */
const BUCKETS = WIDTH - LEFT - RIGHT;
/** A curve's extremes are cut off only if they are this much higher than nearly all of it. */
const SPIKE = 1.5;

/** A figure with an inline SVG line plot from zero up, its legend with the last values, and notes on what is not shown. */
export function renderPlot(plot: Plot): Markup {
  const finite = plot.curves.flatMap((curve) => curve.points).filter((point) => Number.isFinite(point.y));
  const missing = plot.curves.reduce((sum, curve) => sum + curve.points.length, 0) - finite.length;
  const lines = plot.curves.map((curve) => ({ ...curve, line: plot.smoothed ? smoothTwice(curve.points) : curve.points }));
  const body = finite.length === 0 ? html`<p class="empty">Nothing to draw yet.</p>` : renderAxes(plot, finite, lines);
  return html`<figure class="plot">
<figcaption><h3>${plot.title}</h3>
<ul class="legend">${lines.map(({ name, colour, line }) => html`<li><i class="key c${colour}"></i>${name} <b>${lastValue(line)}</b></li>`)}${
    plot.reference !== undefined && html`<li><i class="key dashed"></i>${plot.reference.name} <b>${formatNumber(plot.reference.y)}</b></li>`
  }</ul></figcaption>
${body}
${missing > 0 && html`<p class="note">${formatCount(missing)} ${missing === 1 ? 'value is' : 'values are'} not finite and left out.</p>`}
</figure>`;
}

/** Twice, or else a single spike would show as a box as wide as the window. */
function smoothTwice(points: readonly Point[]): Point[] {
  const radius = Math.floor(points.length / 60);
  return smooth(smooth(points, radius), radius);
}

function lastValue(points: readonly Point[]): string {
  const last = points[points.length - 1];
  return last === undefined ? '–' : formatNumber(last.y);
}

function renderAxes(plot: Plot, finite: readonly Point[], lines: (Curve & { line: Point[] })[]): Markup {
  const firstX = finite.reduce((least, point) => Math.min(least, point.x), Infinity);
  const lastX = finite.reduce((most, point) => Math.max(most, point.x), -Infinity);
  const low = Math.min(firstX, lastX - 1);
  const highest = (points: readonly Point[]) => points.reduce((most, { y }) => (Number.isFinite(y) ? Math.max(most, y) : most), 0);
  // One early spike must not flatten all the rest.
  const wanted = Math.max(
    quantile(
      finite.map((point) => point.y),
      0.995,
    ),
    ...lines.map(({ line }) => highest(line)),
  );
  const spike = highest(finite);
  const reached = spike > wanted * SPIKE ? wanted : spike;
  const top = Math.max(reached, plot.reference?.y ?? 0) * 1.05 || 1;

  const round = (value: number) => Number(value.toFixed(1));
  const left = (x: number) => round(LEFT + ((x - low) / (lastX - low)) * (WIDTH - LEFT - RIGHT));
  const down = (y: number) => round(TOP + (1 - y / top) * (HEIGHT - TOP - BOTTOM));
  const path = (points: readonly Point[]) => {
    let text = '';
    let pen = 'M';
    for (const { x, y } of downsample(points, BUCKETS)) {
      if (Number.isFinite(y)) {
        text += `${pen}${left(x)} ${down(y)}`;
        pen = 'L';
      } else pen = 'M';
    }
    return text;
  };

  const yTicks = niceTicks(0, top, 5);
  const decimals = Math.max(...yTicks.map((tick) => (String(tick).split('.')[1] ?? '').length));
  const clip = `clip-${plot.title.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${plot.description}">
<clipPath id="${clip}"><rect x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${HEIGHT - TOP - BOTTOM}"/></clipPath>
<g class="grid">${yTicks.map((tick) => html`<path d="M${LEFT} ${down(tick)}H${WIDTH - RIGHT}"/>`)}</g>
<g class="ticks">${yTicks.map((tick) => html`<text x="${LEFT - 8}" y="${down(tick) + 4}" text-anchor="end">${tick.toFixed(decimals)}</text>`)}${xLabels(low, lastX, left)}</g>
<g clip-path="url(#${clip})">${
    plot.smoothed && lines.map(({ colour, points }) => html`<path class="raw c${colour}" d="${path(points)}"/>`)
  }${plot.reference !== undefined && html`<path class="reference" d="M${LEFT} ${down(plot.reference.y)}H${WIDTH - RIGHT}"/>`}${lines.map(
    ({ colour, line }) => html`<path class="line c${colour}" d="${path(line)}"/>`,
  )}</g></svg>
${spike > top && html`<p class="note">Spikes up to ${formatNumber(spike)} are cut off at the top.</p>`}`;
}

function xLabels(low: number, high: number, left: (x: number) => number): Markup[] {
  const ticks = niceTicks(low, high, 5).filter((tick) => Number.isInteger(tick));
  return ticks.map((tick) => {
    const anchor = left(tick) > WIDTH - RIGHT - 24 ? 'end' : 'middle';
    return html`<text x="${left(tick)}" y="${HEIGHT - 10}" text-anchor="${anchor}">${formatCount(tick)}</text>`;
  });
}
