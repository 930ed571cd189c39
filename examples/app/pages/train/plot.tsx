import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Curves } from './curves.js';
import { drawSoon } from './frames.js';

/** A line of a plot. */
export interface PlotLine {
  readonly name: string;
  readonly label: string;
}

const COLOURS = ['--c1', '--c2', '--c3', '--c4'];
const HEIGHT = 200;

/** Curves over the steps, drawn anew with each `version`. */
export function Plot(props: {
  readonly title: string;
  readonly curves: Curves;
  readonly lines: readonly PlotLine[];
  readonly version: number;
}): VNode {
  const { title, curves, lines, version } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = box.current!;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    let [gone, library] = [false, null as typeof uPlot | null];
    const make = (): void => {
      if (!library || gone) return;
      plot.current?.destroy();
      const style = getComputedStyle(element);
      const colour = (name: string): string => style.getPropertyValue(name).trim();
      const axis = {
        stroke: colour('--soft'),
        grid: { stroke: colour('--line'), width: 1 },
        ticks: { stroke: colour('--line'), width: 1 },
      };
      plot.current = new library(
        {
          ...{ width: Math.max(element.clientWidth, 160), height: HEIGHT, legend: { show: false }, cursor: { show: false } },
          scales: { x: { time: false } },
          axes: [axis, { ...axis, size: 56 }],
          series: [{}, ...lines.map(({ label }, index) => ({ label, stroke: colour(COLOURS[index % 4]!), width: 1.5, spanGaps: true }))],
        },
        curves.table as uPlot.AlignedData,
        element,
      );
    };
    // In a browser whose language it does not know it cannot be loaded: then the numbers stand alone.
    import('uplot').then(
      (module) => {
        library = module.default;
        drawSoon(make);
      },
      () => undefined,
    );
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: Math.max(element.clientWidth, 160), height: HEIGHT }));
    resized.observe(element);
    dark.addEventListener('change', make);
    return () => {
      gone = true;
      resized.disconnect();
      dark.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [curves, lines.map(({ name }) => name).join()]);
  // Once a frame, however many steps have come.
  useEffect(() => drawSoon(() => plot.current?.setData(curves.table as uPlot.AlignedData)), [version, curves]);
  const latest = lines.map(({ name, label }) => `${label} ${numberWords(curves.latest(name))}`);
  return (
    <figure class="plot">
      <figcaption>
        <strong>{title}</strong>
        {lines.map(({ name, label }, index) => (
          <span key={name}>
            <span class="swatch" style={{ background: `var(${COLOURS[index % 4]})` }} aria-hidden="true" />
            {label} {numberWords(curves.latest(name))}
          </span>
        ))}
      </figcaption>
      <div ref={box} role="img" aria-label={`${title} over the steps: ${latest.join(', ')}`} />
    </figure>
  );
}

const numberWords = (value: number | undefined): string => (value === undefined ? '–' : Number(value.toPrecision(3)).toString());
