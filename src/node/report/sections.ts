import type { SchemeMetric } from '../../training/scheme.js';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../formats/words.js';
import { html, type Markup } from './html.js';
import type { Pictures } from './pictures.js';
import { renderPlot, type Curve } from './plot.js';
import type { TrainingReport } from './types.js';

/** Pictures up to this side are enlarged with hard pixel edges; larger ones look better smooth. */
const PIXEL_ART_SIDE = 64;

const STATES = { running: 'Running', finished: 'Finished', interrupted: 'Interrupted' };

export function renderHeader(report: TrainingReport): Markup {
  const { steps, totalSteps, seconds, adapter, baseline } = report;
  const last = report.metrics[report.metrics.length - 1];
  const [main] = Object.entries(report.metricRows);
  const tile = (name: string, value: string, note?: string) =>
    html`<div><dt>${name}</dt><dd>${value}${note !== undefined && html`<small>${note}</small>`}</dd></div>\n`;
  const share = totalSteps > 0 ? Math.min(steps / totalSteps, 1) : 0;
  const timed = report.imagesTimed ?? report.imagesSeen;
  const perSecond = seconds > 0 && timed > 0 ? formatNumber(timed / seconds) : '–';
  const timedImages = `${timed === report.imagesSeen ? '' : `of ${formatCount(timed)} of `}${formatCount(report.imagesSeen)} images`;
  const lastNote = [
    ...(last !== undefined && last.step !== steps ? [`at step ${formatCount(last.step)}`] : []),
    ...(baseline === undefined || !main ? [] : [`${baseline.name}: ${formatNumber(baseline.metrics[main[0]]!)}`]),
  ].join('; ');
  return html`<header>
<p class="state ${report.state}">${STATES[report.state]}</p>
<h1>${report.title}</h1>
<p class="lead">Trained on ${adapter.name}${adapter.software && ', a software adapter,'} through ${adapter.backend}, started <time datetime="${report.startedAt}">${readableTime(report.startedAt)}</time>.${report.state === 'running' && ' Reload this page to see how far it has come.'}</p>
${report.state !== 'finished' && html`<div class="done" role="progressbar" aria-label="Steps done" aria-valuemin="0" aria-valuemax="${totalSteps}" aria-valuenow="${steps}"><i style="width:${(share * 100).toFixed(1)}%"></i></div>`}
<dl class="tiles">
${tile('Steps', formatCount(steps), steps === totalSteps ? 'all done' : `of ${formatCount(totalSteps)}`)}${tile('Training time', formatDuration(seconds), timedImages)}${tile('Speed', perSecond, 'images/s')}${tile('Peak GPU memory', formatBytes(report.peakBytes))}${
  last !== undefined &&
  main &&
  tile(`Validation ${main[1].label}`, formatNumber(last.metrics[main[0]]!), lastNote === '' ? undefined : lastNote)
}</dl>
</header>`;
}

function readableTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function renderSamples(report: TrainingReport, pictures: Pictures): Markup {
  const { given, made, wanted } = report;
  const { rows, steps, allRows, allSteps } = pictures;
  if (rows.length === 0 || steps.length === 0) {
    return html`<section><h2>Validation images</h2><p class="empty">No picture has been made yet.</p></section>`;
  }
  const left: string[] = [];
  if (rows.length < allRows) left.push(`${rows.length} of ${allRows} images`);
  if (steps.length < allSteps) left.push(`${steps.length} of ${allSteps} snapshots`);
  const picture = (source: string | undefined, what: string, { width, height }: { width: number; height: number }) =>
    source === undefined
      ? html`–`
      : html`<img ${Math.max(width, height) <= PIXEL_ART_SIDE && html`class="pixels" `}width="${width}" height="${height}" alt="${what}" src="${source}">`;
  return html`<section aria-labelledby="samples"><h2 id="samples">Validation images</h2>
<p class="lead">What the networks make of images that they have never trained on.${left.length > 0 && ` Shown: ${left.join(', ')}, to keep this page small.`}</p>
<div class="controls" hidden><label><output for="step"></output><input id="step" type="range" min="0" max="${steps.length - 1}" step="1" value="${steps.length - 1}" aria-label="Training step"></label>
<button type="button" class="play">Play</button><button type="button" class="all" aria-pressed="false">All steps</button></div>
<div class="scroll" tabindex="0" role="region" aria-labelledby="samples"><table class="samples" style="--columns:${Math.max(given.length, 1) + made.length + wanted.length}">
<thead><tr>${given.length === 0 && html`<td></td>`}${given.map(({ title }) => html`<th scope="col">${title}</th>`)}${steps.map(
    (step, index) =>
      made.map(
        (title) =>
          html`<th scope="col" data-snapshot="${index}"><span>Step ${formatCount(step)}</span>${made.length > 1 && `, ${title}`}</th>`,
      ),
  )}${wanted.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => {
    const name = html`<span class="name" title="${row.name}">${row.name}</span>`;
    const cells = [
      ...row.given.map((source, column) => ({ snapshot: null, source, what: `${given[column]!.title} ${row.name}` })),
      ...row.outputs.flatMap((pictures, index) =>
        pictures.map((source, column) => ({
          snapshot: index,
          source,
          what: `${made[column]!} for ${row.name} at step ${formatCount(steps[index]!)}`,
        })),
      ),
      ...row.wanted.map((source, column) => ({ snapshot: null, source, what: `${wanted[column]!.title} of ${row.name}` })),
    ];
    // The first picture that is given is the heading of its row, with the name under it; where none is, the name is.
    return html`
<tr>${given.length === 0 && html`<th scope="row">${name}</th>`}${cells.map(({ snapshot, source, what }, index) =>
      index === 0 && given.length > 0
        ? html`<th scope="row">${picture(source, what, row)}${name}</th>`
        : html`
<td${snapshot !== null && html` data-snapshot="${snapshot}"`}>${picture(source, what, row)}</td>`,
    )}</tr>`;
  })}
</tbody></table></div></section>`;
}

/** Colours of curves that the style sheet has. */
const CURVE_COLOURS = 4;

export function renderLosses(report: TrainingReport): Markup {
  const rows = Object.entries(report.lossRows);
  const titles = [...new Set(rows.map(([, { plot }]) => plot))];
  // Plot by plot, so that losses of one plot have different colours.
  const sorted = titles.flatMap((title) => rows.filter(([, { plot }]) => plot === title));
  const curves = sorted.map(([name, { label, plot: title }], index) => {
    const points = report.losses.filter(({ losses }) => name in losses).map(({ step, losses }) => ({ x: step, y: losses[name]! }));
    return { title, curve: { name: label, colour: (index % CURVE_COLOURS) + 1, points } };
  });
  const spoken = ({ name, points }: Curve) =>
    `${name} goes from ${formatNumber(points[0]?.y ?? NaN)} to ${formatNumber(points[points.length - 1]?.y ?? NaN)}`;
  const plot = (title: string, curves: Curve[]) =>
    renderPlot({ title, curves, smoothed: true, description: `Line plot over steps. ${curves.map(spoken).join('; ')}.` });
  return html`<section aria-labelledby="losses"><h2 id="losses">Losses</h2>
<p class="lead">Over training steps; the faint lines are single steps, the strong ones their moving mean.</p>${report.warnings?.map(
    (warning) => html`
<p class="warning" role="note">${warning}</p>`,
  )}
<div class="pair">${titles.map((title) =>
    plot(
      title,
      curves.filter((each) => each.title === title).map(({ curve }) => curve),
    ),
  )}</div></section>`;
}

/** Columns of a table that there is room for beside a plot. */
const MOST_BESIDE = 4;

export function renderMetrics(report: TrainingReport): Markup | undefined {
  const { metrics, metricRows, baseline } = report;
  const rows = Object.entries(metricRows);
  const [main] = rows;
  if (metrics.length === 0 || !main) return undefined;
  const [name, { label, better }] = main;
  const last = metrics[metrics.length - 1]!;
  const best = new Map(
    rows.map(([each, row]) => [
      each,
      bestOf(
        metrics.map((entry) => entry.metrics[each]!),
        row,
      ),
    ]),
  );
  const cells = (values: Readonly<Record<string, number>>): Markup[] =>
    rows.map(
      ([each, { digits = 3 }]) =>
        html`<td${values[each] === best.get(each) && html` class="best"`}>${formatNumber(values[each]!, digits)}</td>`,
    );
  const [value, level] = [last.metrics[name]!, baseline?.metrics[name] ?? NaN];
  const verdict = !(level > 0) || !Number.isFinite(value) ? undefined : (value / level - 1) * 100;
  const heading = (row: SchemeMetric): Markup =>
    html`<th scope="col">${row.label}${row.unit !== undefined && `, ${row.unit}`} <span aria-label="${row.better} is better">${row.better === 'lower' ? '↓' : '↑'}</span></th>`;
  return html`<section aria-labelledby="metrics"><h2 id="metrics">Validation metrics</h2>
<p class="lead">${label} is ${formatNumber(value)} at step ${formatCount(last.step)}${verdict !== undefined && `, ${Math.abs(verdict).toFixed(0)}% ${verdict < 0 ? 'below' : 'above'} the baseline (${baseline?.name})`}; ${better} is better. The best of each column is set in bold.</p>
<div class="pair${rows.length > MOST_BESIDE && ' wide'}">${renderPlot({
    title: `${label} on the validation set`,
    description: `Line plot over steps. ${label} goes from ${formatNumber(metrics[0]!.metrics[name]!)} to ${formatNumber(value)}.`,
    curves: [{ name: label, colour: 4, points: metrics.map((entry) => ({ x: entry.step, y: entry.metrics[name]! })) }],
    smoothed: false,
    ...(baseline && Number.isFinite(level) && { reference: { name: baseline.name, y: level } }),
  })}
<div class="card"><div class="tall" tabindex="0" role="region" aria-labelledby="metrics"><table class="table numbers">
<thead><tr><th scope="col">Step</th>${rows.map(([, row]) => heading(row))}</tr></thead>
<tbody>${[...metrics].reverse().map((entry) => html`<tr><th scope="row">${formatCount(entry.step)}</th>${cells(entry.metrics)}</tr>\n`)}</tbody>
${baseline && html`<tfoot><tr><th scope="row">${baseline.name}</th>${cells(baseline.metrics)}</tr></tfoot>`}</table></div></div></div></section>`;
}

function bestOf(values: readonly number[], { better }: SchemeMetric): number {
  return (better === 'lower' ? Math.min : Math.max)(...values.filter(Number.isFinite));
}

export function renderSettings(report: TrainingReport): Markup {
  const { adapter } = report;
  const timed = report.imagesTimed ?? report.imagesSeen;
  const facts = (caption: string, entries: [string, string][]) =>
    html`<div class="card"><table class="table facts"><caption>${caption}</caption><tbody>${entries.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</tbody></table></div>`;
  const text = (value: string | number | boolean) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
  return html`<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
<div class="pair">${facts(
    'Training',
    Object.entries(report.settings).map(([name, value]) => [name, text(value)]),
  )}${facts('Machine', [
    ['Adapter', adapter.name],
    ['Kind', adapter.software ? 'software (runs on the CPU)' : 'hardware'],
    ['Driver', adapter.driver],
    ['Backend', adapter.backend],
    ['shadegrad', report.version],
    ['Started', readableTime(report.startedAt)],
    [
      'Training time',
      `${formatDuration(report.seconds)}${timed === report.imagesSeen ? '' : `, of ${formatCount(timed)} images: that of the others is not known`}`,
    ],
    ['Images seen', formatCount(report.imagesSeen)],
    ['Peak GPU memory', formatBytes(report.peakBytes)],
  ])}</div></section>
<section aria-labelledby="again"><h2 id="again">Make this run again</h2>
<p class="lead">One seed on one adapter gives one result.</p>
<pre tabindex="0"><code>${report.command}</code></pre></section>`;
}
