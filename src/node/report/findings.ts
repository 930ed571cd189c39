import { formatCount } from '../../formats/words.js';
import { html, type Markup } from './html.js';
import type { TrainingReport } from './types.js';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What a run suffers from, and what to try; nothing where nothing was found. */
export function renderFindings({ findings = [] }: Pick<TrainingReport, 'findings'>): Markup | undefined {
  if (findings.length === 0) return undefined;
  return html`<section aria-labelledby="diagnosis"><h2 id="diagnosis">Diagnosis</h2>
<p class="lead">What the losses and the pictures of this run say of it, when it was last seen, and what to try.</p>${findings.map(
    ({ title, step, evidence, tries }) => html`
<div class="finding" role="note"><h3>${capital(title)}</h3>
<p>${step === 0 ? 'Before the first step' : `Step ${formatCount(step)}`}: ${evidence}.</p>${
      tries.length > 0 && html`<ul>${tries.map((text) => html`<li>${capital(text)}</li>`)}</ul>`
    }</div>`,
  )}</section>`;
}
