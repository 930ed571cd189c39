import { digits } from './table.js';

/** One kernel at one shape. */
export interface PlotPoint {
  readonly family: string;
  readonly colour: string;
  /** Shown when the mouse rests on the point. */
  readonly title: string;
  /** Operations for each byte that must be moved; null where operations are not counted. */
  readonly intensity: number | null;
  /** 10^9 bytes a second. */
  readonly gigabytes: number;
}

export interface Roof {
  /** 10^9 operations a second. */
  readonly gflops: number;
  /** 10^9 bytes a second. */
  readonly gigabytes: number;
}

const WIDTH = 1000;
const HEIGHT = 560;
const MARGIN = { left: 70, right: 20, top: 20, bottom: 50 };
/** Of the strip for kernels without counted operations, in powers of ten of the axis. */
const STRIP_DECADES = 1;

/** For text and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A roofline plot as inline SVG, both axes logarithmic: attainable GFLOP/s over operations per byte
 * (S. Williams, A. Waterman, D. Patterson: Roofline, CACM 52(4), 2009).
 */
export function plotRoofline(points: readonly PlotPoint[], roof: Roof): string {
  const stripFamilies = [...new Set(points.filter(({ intensity }) => intensity === null).map(({ family }) => family))];
  const intensities = points.flatMap(({ intensity }) => (intensity === null ? [] : [intensity]));
  const ridge = roof.gflops / roof.gigabytes;
  // Whole decades, with the ridge inside.
  const firstCounted = Math.floor(Math.log10(Math.min(ridge / 2, ...intensities)));
  const firstX = firstCounted - (stripFamilies.length > 0 ? STRIP_DECADES : 0);
  const lastX = Math.ceil(Math.log10(Math.max(ridge * 2, ...intensities)));
  const placed = points.map((point) => {
    const column = (stripFamilies.indexOf(point.family) + 0.5) / stripFamilies.length;
    const x = point.intensity ?? 10 ** (firstX + column * STRIP_DECADES);
    return { ...point, x, y: x * point.gigabytes };
  });
  const attainable = (intensity: number): number => Math.min(roof.gflops, intensity * roof.gigabytes);
  const heights = [...placed.map(({ y }) => y), attainable(10 ** firstX), roof.gflops];
  const firstY = Math.floor(Math.log10(Math.min(...heights)));
  const lastY = Math.ceil(Math.log10(Math.max(...heights) * 1.1));

  const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
  const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
  const across = (value: number): number => MARGIN.left + ((Math.log10(value) - firstX) / (lastX - firstX)) * plotWidth;
  const up = (value: number): number => MARGIN.top + ((lastY - Math.log10(value)) / (lastY - firstY)) * plotHeight;
  const at = (x: number, y: number): string => `${across(x).toFixed(1)},${up(y).toFixed(1)}`;
  const decades = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const label = (exponent: number): string => (exponent < 0 ? (10 ** exponent).toFixed(-exponent) : String(10 ** exponent));
  const bottom = HEIGHT - MARGIN.bottom;
  const right = WIDTH - MARGIN.right;

  const vertical = decades(firstX, lastX).map((exponent) => {
    const x = across(10 ** exponent).toFixed(1);
    const text = exponent < firstCounted ? '' : `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${label(exponent)}</text>`;
    return `<line x1="${x}" y1="${MARGIN.top}" x2="${x}" y2="${bottom}" stroke="#e4e4e4"/>${text}`;
  });
  const horizontal = decades(firstY, lastY).map((exponent) => {
    const y = up(10 ** exponent);
    const text = `<text x="${MARGIN.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${label(exponent)}</text>`;
    return `<line x1="${MARGIN.left}" y1="${y.toFixed(1)}" x2="${right}" y2="${y.toFixed(1)}" stroke="#e4e4e4"/>${text}`;
  });
  const stripRight = across(10 ** firstCounted);
  const [stripWidth, stripMiddle] = [stripRight - MARGIN.left, (MARGIN.left + stripRight) / 2].map((x) => x.toFixed(1));
  const strip =
    stripFamilies.length === 0
      ? ''
      : `<rect x="${MARGIN.left}" y="${MARGIN.top}" width="${stripWidth}" height="${plotHeight}" fill="#f4f4f4"/>` +
        `<text x="${stripMiddle}" y="${bottom + 18}" text-anchor="middle">operations not counted</text>`;
  const slopeAngle = -Math.atan2(up(1) - up(10), across(10) - across(1)) * (180 / Math.PI);
  const slopeX = 10 ** (firstCounted + 0.15);
  const slope = `translate(${at(slopeX, attainable(slopeX))}) rotate(${slopeAngle.toFixed(1)})`;
  const slopeLabel = `<text transform="${slope}" dy="-8">copy ${digits(roof.gigabytes)} GB/s</text>`;
  const roofY = (up(roof.gflops) - 8).toFixed(1);
  const roofLabel = `<text x="${right - 6}" y="${roofY}" text-anchor="end">FMA peak ${digits(roof.gflops)} GFLOP/s</text>`;
  const circles = placed.map(
    ({ x, y, colour, title }) =>
      `<circle cx="${across(x).toFixed(1)}" cy="${up(y).toFixed(1)}" r="5" fill="${colour}" fill-opacity="0.75" ` +
      `stroke="#fff"><title>${escapeHtml(title)}</title></circle>`,
  );

  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Roofline plot: GFLOP/s over operations per byte">
${strip}
${vertical.join('\n')}
${horizontal.join('\n')}
<polyline points="${at(10 ** firstX, attainable(10 ** firstX))} ${at(ridge, roof.gflops)} ${at(10 ** lastX, roof.gflops)}" fill="none" stroke="#1c1c1c" stroke-width="2"/>
${slopeLabel}
${roofLabel}
${circles.join('\n')}
<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">operations per byte</text>
<text transform="translate(18,${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">GFLOP/s</text>
</svg>`;
}
