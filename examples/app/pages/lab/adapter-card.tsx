import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { LIBRARY_VERSION } from 'shadegrad';
import { reportError } from '../../common/notices.js';
import { adapterFacts, diagnoseBrowser, diagnosisJson, diagnosisText, type BrowserDiagnosis } from './adapter-facts.js';

/** What can be asked of the browser, now. */
async function diagnose(): Promise<BrowserDiagnosis> {
  const { userAgent, hardwareConcurrency: cores, storage, gpu } = navigator;
  const { deviceMemory: memory } = navigator as Navigator & { deviceMemory?: number };
  const [facts, estimate] = await Promise.all([
    adapterFacts(gpu as GPU | undefined).catch(() => null),
    storage?.estimate?.().catch(() => ({})) ?? {},
  ]);
  const size = `${window.screen.width} x ${window.screen.height}, ${window.devicePixelRatio} of its pixels to one of the page, a side`;
  const around = { userAgent, cores, memory, storage: estimate, secure: window.isSecureContext, screen: size };
  return diagnoseBrowser(facts, around, LIBRARY_VERSION);
}

/** What the browser knows of the adapter, in words, to copy. */
export function AdapterCard(): VNode {
  const [diagnosis, setDiagnosis] = useState<BrowserDiagnosis>();
  const [copied, setCopied] = useState('');
  useEffect(() => void diagnose().then(setDiagnosis, reportError), []);
  const copy = (what: string, text: string): void =>
    void navigator.clipboard.writeText(text).then(() => setCopied(`Copied as ${what}.`), reportError);
  return (
    <section class="card stack" aria-labelledby="lab-adapter">
      <h2 id="lab-adapter">Your graphics processor</h2>
      {!diagnosis && <p class="quiet">Asking the browser.</p>}
      {diagnosis && !diagnosis.healthy && <p>This browser offers no WebGPU, so that neither tests nor benchmarks can run here.</p>}
      {diagnosis && (
        <>
          <div class="lab-facts">
            {Object.entries(diagnosis.sections).map(([title, lines]) => (
              <section key={title}>
                <h3>{title}</h3>
                {lines.map((line) => (
                  <p key={line} class="quiet">
                    {line}
                  </p>
                ))}
              </section>
            ))}
          </div>
          <div class="buttons">
            <button type="button" onClick={() => copy('text', diagnosisText(diagnosis))}>
              Copy as text
            </button>
            <button type="button" onClick={() => copy('JSON', diagnosisJson(diagnosis))}>
              Copy as JSON
            </button>
            <span class="quiet" role="status">
              {copied}
            </span>
          </div>
        </>
      )}
    </section>
  );
}
