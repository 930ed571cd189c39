import { type Asset, iconAsset, pageAsset, textAsset } from '../../../dashboard/asset.js';
import { html, type Markup } from '../../../report/html.js';
import { STYLE } from '../../../report/style.js';
import { formatCountOf, formatNumber } from '../../../../formats/words.js';
import script from './page-script.ts?text';
import { HUMAN_STYLE } from './page-style.js';
import { chanceLine } from './results.js';
import { isFinished, type HumanScore } from './score.js';
import type { Session } from './sessions.js';

const page = (title: string, head: Markup, body: Markup): Asset =>
  pageAsset(
    title,
    html`<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/page.css">
${head}`,
    body,
  );

const PAGE = page(
  'Pictures',
  html`<script src="/page.js" defer></script>`,
  html`<main id="main">
<noscript><p class="warning">This page needs its script.</p></noscript>
<div id="progress" hidden><p class="note" id="count"></p>
<div class="done" role="progressbar" aria-label="Trials done" aria-valuemin="0"><i></i></div></div>
<section id="reading"><h1 id="title">Pictures</h1><div id="text"><p>One moment.</p></div>
<p class="start"><button type="button" id="begin" class="main" hidden>Begin</button></p></section>
<form id="trial" hidden autocomplete="off">
<div id="pictures"></div>
<div id="questions"></div>
<p class="start"><button id="send" class="main" hidden>Next</button></p>
</form>
<p id="said" role="status"></p>
<p class="start"><button type="button" id="go" class="main" hidden>Go on</button></p>
</main>`,
);

const ICON = iconAsset(
  '<g fill="none" stroke="#2458d3" stroke-width="1.6">' +
    '<rect x="1" y="4" width="6" height="8"/><rect x="9" y="4" width="6" height="8" stroke-dasharray="2 1.5"/></g>',
);

/** The files of the page for participants, by their paths: none says anything of a study. */
export const HUMAN_ASSETS: ReadonlyMap<string, Asset> = new Map([
  ['/', PAGE],
  ['/page.js', textAsset('text/javascript', script)],
  ['/page.css', textAsset('text/css', STYLE + HUMAN_STYLE)],
  ['/icon.svg', ICON],
]);

const number = (value: number): string => (Number.isNaN(value) ? '–' : formatNumber(value));

/** The page for whoever runs a study: what came in so far. It loads itself anew. */
export function resultsPage(
  score: HumanScore,
  sessions: readonly Session[],
  plan: { readonly practice: number; readonly trials: number },
): Asset {
  const of = plan.practice + plan.trials;
  return page(
    'Results',
    html`<meta http-equiv="refresh" content="5">`,
    html`<header><h1>Results so far</h1>
<p class="lead">${formatCountOf(score.finished, 'session')} of ${score.joined} finished; only these count here.</p></header>
<main>
<section><div class="card scroll"><table class="table numbers">
<thead><tr><th>Over all trials</th><th>Mean</th><th>Deviation</th><th>95% interval</th></tr></thead>
<tbody>${score.values.map(
      ({ label, unit, trials: { mean, deviation, interval } }) =>
        html`<tr><th>${label}${unit === undefined ? '' : `, ${unit}`}</th><td>${number(mean)}</td><td>${number(deviation)}</td>
<td>${number(interval[0])} to ${number(interval[1])}</td></tr>`,
    )}</tbody></table></div>${score.values.flatMap(chanceLine).map((line) => html`<p class="note">${line}</p>`)}</section>
<section><div class="card scroll"><table class="table numbers">
<thead><tr><th>Participant</th><th>Answered</th><th>Begun</th></tr></thead>
<tbody>${sessions.map(
      (session) =>
        html`<tr><th>${session.participant}</th><td>${session.answers.length} of ${of}${isFinished(session, plan) ? ', finished' : ''}</td>
<td><time>${session.joinedAt.slice(0, 16).replace('T', ' ')} UTC</time></td></tr>`,
    )}</tbody></table></div></section>
</main>`,
  );
}
