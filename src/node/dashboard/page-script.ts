/** The script of the page of a dashboard. It runs in a browser, and listens when uPlot's has run, too. */
import type uPlotClass from 'uplot';
import { downsample, smooth, type Point } from '../report/series.js';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../formats/words.js';
import type { DashboardGradients, DashboardMeasure, DashboardPatches, DashboardState, DashboardStatus, DashboardStep } from './state.js';
import { thinned } from './thinning.js';

declare const uPlot: typeof uPlotClass;

/** Entries of a kind that the page keeps. */
const MOST_ENTRIES = 6000;
const PLOT_HEIGHT = 240;
const COLOURS = 4;
/** Pictures up to this side are enlarged with hard pixel edges. */
const PIXEL_ART_SIDE = 64;
const GRID_GAP = 4;

const at = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

// A browser that was started in the locale C has a language that uPlot's number formats refuse: it would draw nothing.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}

// The token goes out of the address at once, into what belongs to this page alone.
const address = new URL(location.href);
const KEY = 'token';
const brought = address.searchParams.get('token');
if (brought !== null) {
  sessionStorage.setItem(KEY, brought);
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
}
const token = sessionStorage.getItem(KEY);

let state: DashboardState | undefined;
let steps: DashboardStep[] = [];
let measured: DashboardMeasure[] = [];
let gradients: DashboardGradients[] = [];
let samples: number[] = [];

/** A plot by its heading. */
interface PlotKind {
  readonly title: string;
  readonly smoothed: boolean;
  readonly curves: readonly { readonly label: string; readonly points: () => Point[] }[];
}
interface DrawnPlot {
  readonly kind: PlotKind;
  readonly figure: HTMLElement;
  readonly legend: HTMLElement;
  chart?: uPlotClass;
}
let plots: DrawnPlot[] = [];

const numbers = (entries: readonly { step: number }[], value: (entry: never) => number | null | undefined): Point[] =>
  entries.flatMap((entry) => {
    const y = value(entry as never);
    return y === undefined ? [] : [{ x: entry.step, y: y ?? NaN }];
  });

function kindsOf({ losses, metrics }: DashboardState): PlotKind[] {
  const headings = [...new Set(losses.map(({ plot }) => plot))];
  const ofStep = (value: (step: DashboardStep) => number | undefined) => () => numbers(steps, value);
  const networks = [...new Set(gradients.flatMap(({ norms }) => Object.keys(norms)))];
  return [
    ...headings.map((heading) => ({
      title: heading,
      smoothed: true,
      curves: losses
        .filter(({ plot }) => plot === heading)
        .map(({ name, label }) => ({ label, points: ofStep(({ losses: values }) => values[name]) })),
    })),
    ...metrics.map(({ name, label, unit, better }) => ({
      title: `Validation ${label}${unit === undefined ? '' : `, ${unit}`} (${better} is better)`,
      smoothed: false,
      curves: [{ label, points: () => numbers(measured, ({ metrics: values }: DashboardMeasure) => values[name]) }],
    })),
    ...(networks.length === 0
      ? []
      : [
          {
            title: 'Norms of the gradients',
            smoothed: false,
            curves: networks.map((name) => ({
              label: name,
              points: () => numbers(gradients, ({ norms }: DashboardGradients) => norms[name]),
            })),
          },
        ]),
    {
      title: 'Images per second',
      smoothed: true,
      curves: [{ label: 'images/s', points: ofStep(({ imagesPerSecond }) => imagesPerSecond) }],
    },
    { title: 'Learning rate', smoothed: false, curves: [{ label: 'rate', points: ofStep(({ learningRate }) => learningRate) }] },
  ];
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (text !== '') made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

function buildPlots(): void {
  if (!state) return;
  for (const { chart } of plots) chart?.destroy();
  at('plots').replaceChildren();
  plots = kindsOf(state).map((kind) => {
    const figure = element('figure', '', 'plot');
    const caption = element('figcaption');
    const legend = element('ul', '', 'legend');
    caption.append(element('h3', kind.title), legend);
    figure.append(caption);
    at('plots').append(figure);
    return { kind, figure, legend };
  });
  for (const plot of plots) draw(plot);
}

/** A colour of the style sheet, with so much of it. */
function colour(name: string, share = 1): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return share === 1 ? value : `color-mix(in srgb, ${value} ${share * 100}%, transparent)`;
}

const smoothTwice = (points: readonly Point[]): Point[] => {
  const radius = Math.floor(points.length / 60);
  return smooth(smooth(points, radius), radius);
};

function draw(plot: DrawnPlot): void {
  const { kind, figure, legend } = plot;
  const width = Math.max(figure.clientWidth - 2 * parseFloat(getComputedStyle(figure).paddingLeft), 120);
  const lines = kind.curves.map(({ points }) => {
    const all = points();
    return { raw: downsample(all, width), line: kind.smoothed ? downsample(smoothTwice(all), width) : null, last: all.at(-1)?.y };
  });
  legend.replaceChildren(
    ...kind.curves.map(({ label }, index) => {
      const item = element('li');
      const last = lines[index]!.line?.at(-1)?.y ?? lines[index]!.last;
      item.append(
        element('i', '', `key c${(index % COLOURS) + 1}`),
        `${label} `,
        element('b', last === undefined ? '–' : formatNumber(last)),
      );
      return item;
    }),
  );
  const drawn = lines.flatMap(({ raw, line }) => (line ? [raw, line] : [raw]));
  const columns = drawn.map((points): [number[], (number | null)[]] => [
    points.map(({ x }) => x),
    points.map(({ y }) => (Number.isFinite(y) ? y : null)),
  ]);
  const data = uPlot.join(columns.map((each) => each as unknown as uPlotClass.AlignedData));
  if (plot.chart) {
    if (plot.chart.width !== width) plot.chart.setSize({ width, height: PLOT_HEIGHT });
    // What somebody has enlarged stays as it is.
    const { min, max } = plot.chart.scales.x!;
    const xs = plot.chart.data[0];
    const whole = min == null || max == null || xs.length === 0 || (min <= xs[0]! && max >= xs.at(-1)!);
    plot.chart.setData(data, whole);
    if (!whole) plot.chart.redraw();
    return;
  }
  const axis = {
    stroke: colour('soft'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const series = kind.curves.flatMap(({ label }, index): uPlotClass.Series[] => {
    const name = `c${(index % COLOURS) + 1}`;
    const strong = { label, stroke: colour(name), width: 2, spanGaps: true, points: { show: !kind.smoothed && steps.length < 3 } };
    return kind.smoothed ? [{ ...strong, stroke: colour(name, 0.25), width: 1.2, points: { show: false } }, strong] : [strong];
  });
  plot.chart = new uPlot(
    {
      width,
      height: PLOT_HEIGHT,
      scales: { x: { time: false } },
      legend: { show: false },
      cursor: { y: false, points: { size: 6 } },
      axes: [
        { ...axis, values: (_chart, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? formatCount(tick) : '')) },
        { ...axis, size: 60, values: (_chart, ticks) => ticks.map((tick) => short(tick)) },
      ],
      series: [{}, ...series],
    },
    data,
    figure,
  );
}

const short = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(6)));

/** Draws what has changed, at most so often, and only where somebody looks. */
let due = false;
function redrawSoon(): void {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    if (document.hidden) return;
    const networks = new Set(gradients.flatMap(({ norms }) => Object.keys(norms)));
    const shown = plots.find(({ kind }) => kind.title === 'Norms of the gradients')?.kind.curves.length ?? 0;
    if (networks.size !== shown) buildPlots();
    else for (const plot of plots) draw(plot);
  }, 500);
}

const STATES = { running: 'Running', paused: 'Paused', ended: 'Ended' };

function showStatus(status: DashboardStatus): void {
  const { step, totalSteps, memory } = status;
  const line = at('state');
  line.className = `state ${status.state}`;
  line.textContent = status.doing === undefined ? STATES[status.state] : `${STATES[status.state]}: ${status.doing}`;
  const share = totalSteps > 0 ? Math.min(step / totalSteps, 1) : 0;
  const bar = at('done');
  bar.setAttribute('aria-valuemax', String(totalSteps));
  bar.setAttribute('aria-valuenow', String(step));
  (bar.firstElementChild as HTMLElement).style.width = `${(share * 100).toFixed(1)}%`;
  document.title = `${Math.floor(share * 100)}% ${state?.title ?? ''}`;
  const tiles: [string, string, string][] = [
    ['Steps', formatCount(step), `of ${formatCount(totalSteps)}, epoch ${formatCount(status.epoch)}`],
    [
      'Time left',
      status.state === 'ended' || step >= totalSteps ? 'none' : status.secondsLeft == null ? '…' : formatDuration(status.secondsLeft),
      `${formatDuration(status.seconds)} so far`,
    ],
    ['Speed', status.imagesPerSecond == null ? '–' : formatNumber(status.imagesPerSecond), 'images/s'],
    ['GPU memory', formatBytes(memory.inUse), `peak ${formatBytes(memory.peak)}`],
    ['Learning rate', status.learningRate == null ? '–' : formatNumber(status.learningRate), ''],
    ['Checkpoint', status.savedStep == null ? 'none' : `step ${formatCount(status.savedStep)}`, ''],
  ];
  at('tiles').replaceChildren(
    ...tiles.map(([name, value, note]) => {
      const tile = element('div');
      const what = element('dd', value);
      if (note !== '') what.append(element('small', note));
      tile.append(element('dt', name), what);
      return tile;
    }),
  );
  const pause = at<HTMLButtonElement>('pause');
  pause.textContent = status.state === 'paused' ? 'Resume' : 'Pause';
  pause.dataset.does = status.state === 'paused' ? 'resume' : 'pause';
  const useless = token === null || status.state === 'ended';
  pause.disabled = useless;
  at<HTMLButtonElement>('save').disabled = useless;
  if (token === null) at('said').textContent = 'To pause or save, open the address that the terminal printed.';
}

async function ask(name: string): Promise<void> {
  const said = at('said');
  said.textContent = 'asked …';
  try {
    const response = await fetch(`/do/${name}`, { method: 'POST', headers: { authorization: `Bearer ${token ?? ''}` } });
    said.textContent = response.ok ? '' : await response.text();
  } catch {
    said.textContent = 'The run does not answer.';
  }
}

let shown = -1;
let playing: ReturnType<typeof setInterval> | undefined;

function showSample(index: number): void {
  if (samples.length === 0 || !state) return;
  shown = index;
  const step = samples[index]!;
  const slider = at<HTMLInputElement>('step');
  slider.max = String(samples.length - 1);
  slider.value = String(index);
  const label = `Step ${formatCount(step)}`;
  slider.setAttribute('aria-valuetext', label);
  at('at').textContent = label;
  at('time').hidden = false;
  at('none').hidden = true;
  const picture = at<HTMLImageElement>('preview');
  picture.hidden = false;
  picture.alt = `${state.columns.join(', ')} of ${state.rows.join(', ')} at step ${formatCount(step)}`;
  picture.src = `/samples/${step}.png`;
}

function addSample(step: number): void {
  if (samples.includes(step)) return;
  const following = shown < 0 || shown === samples.length - 1;
  samples.push(step);
  showSample(following && playing === undefined ? samples.length - 1 : Math.max(shown, 0));
}

function stopPlaying(): void {
  clearInterval(playing);
  playing = undefined;
  at('play').textContent = 'Play';
}

at('step').addEventListener('input', () => {
  stopPlaying();
  showSample(Number(at<HTMLInputElement>('step').value));
});
at('play').addEventListener('click', () => {
  if (playing !== undefined) return stopPlaying();
  let next = shown >= samples.length - 1 ? 0 : shown + 1;
  at('play').textContent = 'Stop';
  const advance = (): void => {
    showSample(next++);
    if (next >= samples.length) stopPlaying();
  };
  playing = setInterval(advance, 700);
  advance();
});
function showPatches({ step, maps }: DashboardPatches): void {
  at('judgement').hidden = false;
  const means = maps.map(({ title, mean }) => `${title} ${formatNumber(mean)}`).join(', ');
  at('verdict').textContent =
    `How real it takes each patch of the first image for at step ${formatCount(step)}, from violet (generated) to yellow (real); ` +
    `in the mean, from 0 to 1: ${means}.`;
  const picture = at<HTMLImageElement>('patches');
  picture.dataset.columns = String(maps.length);
  picture.alt = maps.map(({ title }) => title).join(', ');
  picture.src = `/patches.png?step=${step}`;
}

/** Gives a picture the width of its columns, and hard pixels where these are small. */
function fitColumns(picture: HTMLImageElement, columns: number): void {
  picture.style.setProperty('--columns', String(columns));
  picture.classList.toggle('pixels', (picture.naturalWidth - GRID_GAP) / columns - GRID_GAP <= PIXEL_ART_SIDE);
}
at('preview').addEventListener('load', () => fitColumns(at<HTMLImageElement>('preview'), Math.max(state?.columns.length ?? 1, 1)));
at('patches').addEventListener('load', () => fitColumns(at<HTMLImageElement>('patches'), Number(at('patches').dataset.columns)));
at('pause').addEventListener('click', () => void ask(at('pause').dataset.does ?? 'pause'));
at('save').addEventListener('click', () => void ask('save'));

function start(first: DashboardState): void {
  state = first;
  steps = [...first.steps];
  measured = [...first.measured];
  gradients = [...first.gradients];
  samples = [...first.samples];
  shown = -1;
  at('title').textContent = first.title;
  at('about').textContent = `In ${first.folder}, on ${first.adapter}.`;
  at('columns').textContent = `${first.columns.join(', ')}: what the networks make of images that they have never trained on.`;
  showStatus(first.status);
  showSample(samples.length - 1);
  if (first.patches) showPatches(first.patches);
  buildPlots();
}

function addSteps(more: readonly DashboardStep[]): void {
  steps = thinned([...steps, ...more], MOST_ENTRIES);
  redrawSoon();
}

function listen(): void {
  const events = new EventSource('/events');
  const on = <Data>(name: string, take: (data: Data) => void): void =>
    events.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as Data));
  on<DashboardState>('state', start);
  on<DashboardStatus>('status', (status) => {
    showStatus(status);
    // Nobody is there any more to answer.
    if (status.state === 'ended') events.close();
  });
  on<DashboardStep[]>('steps', addSteps);
  on<DashboardMeasure>('validation', (measure) => {
    measured.push(measure);
    addSample(measure.step);
    redrawSoon();
  });
  on<DashboardPatches>('patches', showPatches);
  on<DashboardGradients>('gradients', (norms) => {
    gradients = thinned([...gradients, norms], MOST_ENTRIES);
    redrawSoon();
  });
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED && at('state').classList.contains('ended')) return;
    at('state').className = 'state lost';
    at('state').textContent = 'The run does not answer';
  });
}
document.addEventListener('DOMContentLoaded', listen);

let width = innerWidth;
addEventListener('resize', () => {
  if (width !== innerWidth) redrawSoon();
  width = innerWidth;
});
document.addEventListener('visibilitychange', redrawSoon);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', buildPlots);
