import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { html, Markup, type HtmlValue } from '../../src/node/report/html.js';
import { STYLE } from '../../src/node/report/style.js';
import { formatBytes, formatCountOf, formatDuration, formatNumber } from '../../src/formats/words.js';
import { KERNEL_FAMILIES } from '../entries.js';
import { LEGEND_STYLE, rooflineOf } from '../roofline.js';
import { LIMITS, roofShare, type BenchReport } from '../report.js';
import { percent } from '../table.js';
import type { Outcome } from './run.js';
import {
  STEP_WAYS,
  stepName,
  type AdapterNumbers,
  type PaperNumbers,
  type PyTorchStep,
  type Scale,
  type StepNumbers,
  type TrainingNumbers,
  type TuneNumbers,
} from './sections.js';
import type { TestCounts } from './test-log.js';

/** A whole check: what summary.json holds. */
export interface Check {
  readonly date: string;
  readonly seconds: number;
  readonly minutes: number;
  readonly quick: boolean;
  readonly scale: Scale;
  readonly sections: readonly Outcome[];
}

const OWN_STYLE = `${LEGEND_STYLE}
table.plain{border-collapse:collapse;font-size:.85rem;margin-top:1rem}
.plain th,.plain td{padding:.25rem .9rem .25rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
.plain th{white-space:nowrap}
.plain .number{text-align:right;white-space:nowrap}
.failed{color:#c22}.bad{color:#c22;white-space:pre-wrap;overflow-wrap:anywhere}
.roofline{background:#fff;color:#1c1c1c;border-radius:12px;padding:1rem;margin-top:1rem}
.shot{display:block;max-width:100%;height:auto;margin-top:1rem;border-radius:4px}`;

/** Renders a check as one page that needs no other file and no network. @param out the folder, for the pictures of the training */
export function formatPage(check: Check, out: string): string {
  const { sections, date, seconds, minutes } = check;
  const adapter = numbersOf<AdapterNumbers>(sections, 'adapter');
  const failed = sections.some(({ status }) => status === 'failed');
  const facts = [
    ...(adapter ? [`${adapter.description} through ${adapter.backend}`] : []),
    `${date.slice(0, 16).replace('T', ' ')} UTC`,
    `${formatDuration(seconds)} of at most ${formatDuration(minutes * 60)}`,
    ...(check.quick ? ['quick: tiny networks, no measure of anything'] : []),
  ];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>shadegrad on ${adapter?.name ?? 'an unknown adapter'}</title>
<style>${new Markup(STYLE + OWN_STYLE)}</style>
</head>
<body>
<header>
<p class="state ${failed ? 'interrupted' : ''}">${failed ? 'Something failed' : 'Nothing failed'}</p>
<h1>shadegrad on ${adapter?.name ?? 'an unknown adapter'}</h1>
<p class="lead">${facts.join('; ')}.</p>
</header>
<main>
<section><h2>Sections</h2>
${table(
  ['section', 'how it ended', 'time', 'remarks', 'logs'],
  sections.map((outcome) => [
    outcome.title,
    html`<span class="${outcome.status === 'failed' ? 'failed' : ''}">${outcome.status}</span>`,
    html`<span class="number">${formatDuration(outcome.seconds)} of ${formatDuration(outcome.limitSeconds)}</span>`,
    outcome.remarks.map((remark) => html`<div class="${outcome.status === 'failed' && 'bad'}">${remark}</div>`),
    outcome.logs.map((log) => html`<a href="${log.replaceAll('\\', '/')}">${log.replace(/^logs.|\.txt$/g, '')}</a> `),
  ]),
)}
</section>
${adapter && adapterSection(adapter)}
${tests(numbersOf(sections, 'tests'))}
${steps(check)}
${tuning(numbersOf(sections, 'tune'))}
${roofline(numbersOf(sections, 'bench'))}
${training(numbersOf(sections, 'facades'), out, { name: 'facades', title: 'A training run on facades' })}
${training(numbersOf(sections, 'paper'), out, { name: 'paper', title: "The paper's training on facades" })}
</main>
</body>
</html>
`.text;
}

/** What a section came to; undefined where nothing did. */
export function numbersOf<T>(sections: readonly Outcome[], name: string): T | undefined {
  return (sections.find((section) => section.name === name)?.numbers ?? undefined) as T | undefined;
}

/** Columns from `numbersFrom` on are set to the right. */
function table(head: readonly string[], rows: readonly (readonly HtmlValue[])[], numbersFrom = Infinity): Markup {
  const kind = (column: number): string => (column >= numbersFrom ? 'number' : '');
  return html`<div class="scroll"><table class="plain">
<thead><tr>${head.map((text, column) => html`<th class="${kind(column)}">${text}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, column) => html`<td class="${kind(column)}">${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

function adapterSection({ vendor, architecture, subgroupSizes, features, platform, cpu, node, shadegrad }: AdapterNumbers): Markup {
  const rows: [string, string][] = [
    ['vendor, architecture', `${vendor}, ${architecture}`],
    ['lanes of a subgroup', subgroupSizes.join(' to ')],
    ['features', features.join(', ')],
    ['system', `${platform}; ${cpu}`],
    ['versions', `shadegrad ${shadegrad}, Node ${node}`],
  ];
  return html`<section><h2>The adapter</h2>${table(['', ''], rows)}</section>`;
}

function tests(counts: TestCounts | undefined): Markup | undefined {
  if (!counts) return undefined;
  const { passed, failed, files, whole } = counts;
  const until = whole ? '' : ', before the time was up';
  return html`<section><h2>Tests</h2><p>${passed} passed, ${failed} failed, in ${formatCountOf(files, 'file')}${until}.</p></section>`;
}

/** The training step beside PyTorch's, by batch. */
function steps({ sections, scale: { batches, size, ngf } }: Check): Markup | undefined {
  const ours = numbersOf<Readonly<Record<string, StepNumbers>>>(sections, 'step') ?? {};
  const torch = numbersOf<readonly PyTorchStep[]>(sections, 'peers') ?? [];
  if (Object.keys(ours).length === 0 && torch.length === 0) return undefined;
  const ms = (value: number | undefined): string => (value === undefined ? '' : formatNumber(value));
  const rows = batches.flatMap((batch) => {
    const own = STEP_WAYS.flatMap((way) => {
      const found = ours[stepName(batch, way)];
      const step = found?.measured[0];
      if (!found || !step) return [];
      const { replayed, eager, macs } = step;
      const rate = formatNumber((2 * macs) / replayed.medianMs / 1e6);
      return [[String(batch), `shadegrad, ${way.words}`, ms(replayed.medianMs), ms(eager.medianMs), rate, formatBytes(found.peakBytes)]];
    });
    const theirs = torch
      .filter((each) => each.batch === batch)
      .map(({ tf32, medianMs, streamMs, peakBytes, torch: version }) => {
        const macs = Object.values(ours).find(({ setting }) => setting.batch === batch)?.measured[0]?.macs;
        const rate = macs === undefined ? '' : formatNumber((2 * macs) / streamMs / 1e6);
        const name = `PyTorch ${version}, ${tf32 ? 'TF32' : 'float32'}`;
        return [String(batch), name, ms(streamMs), ms(medianMs), rate, peakBytes === null ? '' : formatBytes(peakBytes)];
      });
    return [...own, ...theirs];
  });
  return html`<section><h2>A training step of pix2pix</h2>
<p class="lead">${size} x ${size} pixels, width ${ngf}. Shadegrad: replayed, and eager, each waited for. PyTorch: the device waited for
after the last step alone, and after each.</p>
${table(['batch', '', 'ms', 'ms, the other way', 'GFLOP/s', 'peak memory'], rows, 2)}</section>`;
}

/** How many of the problems that gained most are shown. */
const MOST_PROBLEMS = 15;

function tuning(numbers: TuneNumbers | undefined): Markup | undefined {
  if (!numbers) return undefined;
  const timed = numbers.results.flatMap(({ problem, winner, heuristic, milliseconds }) => {
    const [best, known] = [milliseconds[winner], milliseconds[heuristic]];
    return best === undefined || known === undefined ? [] : [{ problem, winner, heuristic, best, known }];
  });
  const sum = (pick: (each: (typeof timed)[number]) => number): number => timed.reduce((total, each) => total + pick(each), 0);
  const rows = [...timed]
    .sort((a, b) => b.known - b.best - (a.known - a.best))
    .slice(0, MOST_PROBLEMS)
    .map(({ problem, winner, heuristic, best, known }) => [
      problem,
      heuristic,
      winner,
      formatNumber(known),
      formatNumber(best),
      percent(best / known),
    ]);
  const failures = numbers.results.flatMap(({ problem, failures }) =>
    Object.entries(failures).map(([variant, reason]) => html`<p class="bad">${variant} of ${problem}: ${reason}</p>`),
  );
  const together = `${formatNumber(sum(({ best }) => best))} ms, by the rules of thumb ${formatNumber(sum(({ known }) => known))} ms`;
  return html`<section><h2>Variants of the convolutions</h2>
<p>${numbers.results.length} of ${numbers.problems} problems; together ${together}. Those that gain most:</p>
${table(['problem', 'rule of thumb', 'fastest', 'ms by the rule', 'fastest', 'share'], rows, 3)}${failures}</section>`;
}

function roofline(report: BenchReport | undefined): Markup | undefined {
  if (!report) return undefined;
  const slowest = [...report.results]
    .sort((a, b) => b.medianMs - a.medianMs)
    .slice(0, MOST_PROBLEMS)
    .map((result) => [
      `${result.kernel} ${result.label}`,
      formatNumber(result.medianMs),
      result.gflops === undefined ? '' : formatNumber(result.gflops),
      formatNumber(result.gigabytes),
      percent(roofShare(result, report.limits)),
    ]);
  return html`<section><h2>Every kernel</h2><p class="lead">${report.clock}. All results: <a href="bench.html">bench.html</a></p>
${table(
  ['limit of the adapter', 'measured'],
  LIMITS.map(({ key, name, unit }) => [name, `${formatNumber(report.limits[key])} ${unit}`]),
  1,
)}
<div class="roofline">${new Markup(rooflineOf(report, KERNEL_FAMILIES))}</div>
${table(['the longest', 'ms', 'GFLOP/s', 'GB/s', 'of limit'], slowest, 1)}</section>`;
}

function training(
  numbers: (TrainingNumbers & Partial<PaperNumbers>) | undefined,
  out: string,
  { name, title }: { readonly name: string; readonly title: string },
): Markup | undefined {
  if (!numbers) return undefined;
  const { steps, of, seconds, imagesPerSecond, validation, hours, comparison } = numbers;
  const measures = Object.entries(validation ?? {})
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(', ');
  const speed = `${steps} of ${formatCountOf(of, 'step')} in ${formatDuration(seconds)}, ${formatNumber(imagesPerSecond)} images/s`;
  const all = hours === undefined || steps >= of ? '' : `; all of it would take ${formatNumber(hours)} hours`;
  const measured = measures === '' ? '' : `; on validation images ${measures}`;
  const said = `${speed}${all}${measured}${comparison ? ` (${comparison})` : ''}`;
  const folder = join(out, name, 'samples');
  const last = existsSync(folder) ? readdirSync(folder).sort().at(-1) : undefined;
  const source = last && `data:image/png;base64,${readFileSync(join(folder, last)).toString('base64')}`;
  return html`<section><h2>${title}</h2>
<p>${said}. <a href="${name}/report.html">Its report</a></p>
${source !== undefined && html`<img class="shot" alt="input, output and target of validation images" src="${source}">`}</section>`;
}
