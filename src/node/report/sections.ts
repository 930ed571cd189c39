import type { ImageMetrics } from '../../training/metrics.js';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../terminal/format.js';
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
  const tile = (name: string, value: string, note?: string) =>
    html`<div><dt>${name}</dt><dd>${value}${note !== undefined && html`<small>${note}</small>`}</dd></div>\n`;
  const share = totalSteps > 0 ? Math.min(steps / totalSteps, 1) : 0;
  const timed = report.imagesTimed ?? report.imagesSeen;
  const perSecond = seconds > 0 && timed > 0 ? formatNumber(timed / seconds) : '–';
  const timedImages = `${timed === report.imagesSeen ? '' : `of ${formatCount(timed)} of `}${formatCount(report.imagesSeen)} images`;
  const lastNote = [
    ...(last !== undefined && last.step !== steps ? [`at step ${formatCount(last.step)}`] : []),
    ...(baseline === undefined ? [] : [`${baseline.name}: ${formatNumber(baseline.l1)}`]),
  ].join('; ');
  return html`<header>
<p class="state ${report.state}">${STATES[report.state]}</p>
<h1>${report.title}</h1>
<p class="lead">Trained on ${adapter.name}${adapter.software && ', a software adapter,'} through ${adapter.backend}, started <time datetime="${report.startedAt}">${readableTime(report.startedAt)}</time>.${report.state === 'running' && ' Reload this page to see how far it has come.'}</p>
${report.state !== 'finished' && html`<div class="done" role="progressbar" aria-label="Steps done" aria-valuemin="0" aria-valuemax="${totalSteps}" aria-valuenow="${steps}"><i style="width:${(share * 100).toFixed(1)}%"></i></div>`}
<dl class="tiles">
${tile('Steps', formatCount(steps), steps === totalSteps ? 'all done' : `of ${formatCount(totalSteps)}`)}${tile('Training time', formatDuration(seconds), timedImages)}${tile('Speed', perSecond, 'images/s')}${tile('Peak GPU memory', formatBytes(report.peakBytes))}${
  last !== undefined && tile('Validation L1', formatNumber(last.l1), lastNote === '' ? undefined : lastNote)
}</dl>
</header>`;
}

function readableTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function renderSamples(pictures: Pictures): Markup {
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
<p class="lead">What the generator makes of images it has never trained on.${left.length > 0 && ` Shown: ${left.join(', ')}, to keep this page small.`}</p>
<div class="controls" hidden><label><output for="step"></output><input id="step" type="range" min="0" max="${steps.length - 1}" step="1" value="${steps.length - 1}" aria-label="Training step"></label>
<button type="button" class="play">Play</button><button type="button" class="all" aria-pressed="false">All steps</button></div>
<div class="scroll" tabindex="0" role="region" aria-labelledby="samples"><table class="samples">
<thead><tr><th scope="col">Input</th>${steps.map((step, index) => html`<th scope="col" data-snapshot="${index}">Step ${formatCount(step)}</th>`)}<th scope="col">Target</th></tr></thead>
<tbody>${rows.map(
    (row) => html`
<tr><th scope="row">${picture(row.input, `Input ${row.name}`, row)}<span class="name" title="${row.name}">${row.name}</span></th>${row.outputs.map(
      (output, index) => html`
<td data-snapshot="${index}">${picture(output, `Output for ${row.name} at step ${formatCount(steps[index]!)}`, row)}</td>`,
    )}
<td>${picture(row.target, `Target of ${row.name}`, row)}</td></tr>`,
  )}
</tbody></table></div></section>`;
}

export function renderLosses(report: TrainingReport): Markup {
  const curve = (name: string, colour: number, key: 'discriminatorReal' | 'discriminatorFake' | 'generatorGan' | 'generatorL1'): Curve => ({
    name,
    colour,
    points: report.losses.map((entry) => ({ x: entry.step, y: entry[key] })),
  });
  const spoken = ({ name, points }: Curve) =>
    `${name} goes from ${formatNumber(points[0]?.y ?? NaN)} to ${formatNumber(points[points.length - 1]?.y ?? NaN)}`;
  const adversarial = [curve('D_real', 1, 'discriminatorReal'), curve('D_fake', 2, 'discriminatorFake'), curve('G_GAN', 3, 'generatorGan')];
  const reconstruction = [curve('G_L1', 4, 'generatorL1')];
  const plot = (title: string, curves: Curve[]) =>
    renderPlot({ title, curves, smoothed: true, description: `Line plot over steps. ${curves.map(spoken).join('; ')}.` });
  return html`<section aria-labelledby="losses"><h2 id="losses">Losses</h2>
<p class="lead">Over training steps; the faint lines are single steps, the strong ones their moving mean.</p>${report.warnings?.map(
    (warning) => html`
<p class="warning" role="note">${warning}</p>`,
  )}
<div class="pair">${plot('Adversarial', adversarial)}${plot('Reconstruction', reconstruction)}</div></section>`;
}

export function renderMetrics(report: TrainingReport): Markup | undefined {
  const { metrics, baseline } = report;
  if (metrics.length === 0) return undefined;
  const last = metrics[metrics.length - 1]!;
  const best = {
    l1: bestOf(
      metrics.map(({ l1 }) => l1),
      Math.min,
    ),
    psnr: bestOf(
      metrics.map(({ psnr }) => psnr),
      Math.max,
    ),
    ssim: bestOf(
      metrics.map(({ ssim }) => ssim),
      Math.max,
    ),
  };
  const cell = (entry: ImageMetrics, key: keyof ImageMetrics) =>
    html`<td${entry[key] === best[key] && html` class="best"`}>${formatNumber(entry[key], key === 'psnr' ? 4 : 3)}</td>`;
  const cells = (entry: ImageMetrics) => [cell(entry, 'l1'), cell(entry, 'psnr'), cell(entry, 'ssim')];
  const verdict = baseline === undefined || !(baseline.l1 > 0) || !Number.isFinite(last.l1) ? undefined : (last.l1 / baseline.l1 - 1) * 100;
  return html`<section aria-labelledby="metrics"><h2 id="metrics">Validation metrics</h2>
<p class="lead">L1 is ${formatNumber(last.l1)} at step ${formatCount(last.step)}${verdict !== undefined && `, ${Math.abs(verdict).toFixed(0)}% ${verdict < 0 ? 'below' : 'above'} that of the ${baseline?.name}`}. The best of each column is set in bold.</p>
<div class="pair">${renderPlot({
    title: 'L1 on the validation set',
    description: `Line plot over steps. L1 goes from ${formatNumber(metrics[0]!.l1)} to ${formatNumber(last.l1)}.`,
    curves: [{ name: 'L1', colour: 4, points: metrics.map(({ step, l1 }) => ({ x: step, y: l1 })) }],
    smoothed: false,
    reference: baseline && { name: baseline.name, y: baseline.l1 },
  })}
<div class="card"><div class="tall" tabindex="0" role="region" aria-labelledby="metrics"><table class="table numbers">
<thead><tr><th scope="col">Step</th><th scope="col">L1 <span aria-label="lower is better">↓</span></th><th scope="col">PSNR, dB <span aria-label="higher is better">↑</span></th><th scope="col">SSIM <span aria-label="higher is better">↑</span></th></tr></thead>
<tbody>${[...metrics].reverse().map((entry) => html`<tr><th scope="row">${formatCount(entry.step)}</th>${cells(entry)}</tr>\n`)}</tbody>
${baseline && html`<tfoot><tr><th scope="row">${baseline.name}</th>${cells(baseline)}</tr></tfoot>`}</table></div></div></div></section>`;
}

function bestOf(values: number[], choose: (...values: number[]) => number): number {
  return choose(...values.filter(Number.isFinite));
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
