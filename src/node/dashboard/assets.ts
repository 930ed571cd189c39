import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { ShadegradError } from '../../errors.js';
import { html } from '../report/html.js';
import { STYLE } from '../report/style.js';
import { type Asset, iconAsset, pageAsset, textAsset } from './asset.js';
import script from './page-script.ts?text';
import { PAGE_STYLE } from './page-style.js';

const PAGE = pageAsset(
  'Training',
  html`<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/uplot.css">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
<script src="/uplot.js" defer></script>`,
  html`<header>
<p class="state" id="state" role="status">Connecting</p>
<h1 id="title">Training</h1>
<p class="lead" id="about"></p>
<div class="done" id="done" role="progressbar" aria-label="Steps done" aria-valuemin="0"><i></i></div>
<dl class="tiles" id="tiles"></dl>
<div class="controls" id="controls">
<button type="button" id="pause">Pause</button><button type="button" id="save">Save a checkpoint</button>
<span class="note" id="said" role="status"></span></div>
</header>
<main>
<noscript><p class="warning">This page needs its script.</p></noscript>
<section aria-labelledby="samples"><h2 id="samples">Validation images</h2>
<p class="lead" id="columns"></p>
<div class="controls" id="time" hidden>
<label><output for="step" id="at"></output><input id="step" type="range" min="0" step="1" aria-label="Training step"></label>
<button type="button" id="play">Play</button></div>
<p class="empty" id="none">No picture has been made yet.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="samples"><img id="preview" alt="" hidden></div></section>
<section aria-labelledby="judged" id="judgement" hidden><h2 id="judged">What the discriminator sees</h2>
<p class="lead" id="verdict"></p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="judged"><img id="patches" alt=""></div></section>
<section aria-labelledby="curves"><h2 id="curves">Curves</h2>
<p class="lead">Over training steps; the faint lines are single steps, the strong ones their moving mean.
Drag to enlarge a part, click twice for all.</p>
<div class="pair" id="plots"></div></section>
</main>
<footer>This page is on this machine alone, and ends with the run.</footer>`,
);

/** What whoever comes without the token gets. */
export const TOKEN_PAGE: Asset = pageAsset(
  'Training',
  html``,
  html`<main>
<h1>This page needs a token</h1>
<p>Open the address that the terminal printed, or write the token that is in it:</p>
<form action="/" method="get"><p>
<label>Token <input name="token" autocomplete="off" autofocus required></label> <button>Open</button></p></form>
</main>`,
);

const ICON = iconAsset('<path d="M1 13 5 8l3 3 6-8" fill="none" stroke="#2458d3" stroke-width="2"/>');

/** The files of the page by their paths: nothing else is given of what is no file of the run. @throws DATA_NOT_FOUND without uPlot */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [plots, plotStyle] = await Promise.all(['uPlot.iife.min.js', 'uPlot.min.css'].map((name) => readLibrary(`uplot/dist/${name}`)));
  return new Map([
    ['/', PAGE],
    ['/page.js', textAsset('text/javascript', script)],
    ['/page.css', textAsset('text/css', STYLE + PAGE_STYLE)],
    ['/uplot.js', textAsset('text/javascript', plots!)],
    ['/uplot.css', textAsset('text/css', plotStyle!)],
    ['/icon.svg', ICON],
  ]);
}

async function readLibrary(name: string): Promise<string> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(name), 'utf8');
  } catch (cause) {
    throw new ShadegradError('DATA_NOT_FOUND', `${name}, which draws the curves of the dashboard, is not installed`, {
      fix: 'install the dependencies again (npm install), or leave out --dashboard',
      cause,
    });
  }
}
