import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { SamplePicture } from 'shadegrad/worker';
import { Progress } from '../../common/controls.js';
import { timeWords } from '../../common/words.js';
import { drawSoon } from './frames.js';
import { Plot } from './plot.js';
import * as state from './state.js';

const PHASES: Readonly<Record<state.Phase, string>> = {
  idle: 'Stopped. It is saved and can go on.',
  opening: 'Making ready',
  training: 'Training',
  paused: 'Paused, and saved',
  finished: 'Finished',
  failed: 'Ended by a problem. What was saved before is still there.',
};

/** How a training goes: numbers, curves, samples and what is wrong, in words. */
export function Running(): VNode {
  const phase = state.phase.value;
  const opened = state.opened.value;
  const opening = state.opening.value;
  const progress = state.progress.value;
  const version = state.drawn.value;
  const step = progress?.step ?? opened?.step ?? 0;
  const total = progress?.totalSteps ?? opened?.totalSteps ?? 0;
  const busy = phase === 'training' || phase === 'paused' || phase === 'opening';
  return (
    <section class="card stack" aria-labelledby="running">
      <h2 id="running">{opened?.title ?? state.title.value ?? 'A new training'}</h2>
      <p role="status">{PHASES[phase]}</p>
      {phase === 'opening' && (
        <Progress
          label={opening?.what ?? 'opening the graphics processor and the networks'}
          {...(opening && { share: opening.done / opening.total, words: `${opening.done} of ${opening.total}` })}
        />
      )}
      {opened && (
        <>
          <Progress label="Steps" share={total > 0 ? step / total : 0} words={`${step} of ${total}`} />
          <dl class="numbers">
            <div>
              <dt>Time left</dt>
              <dd>{leftWords(phase, progress?.secondsLeft)}</dd>
            </div>
            <div>
              <dt>Pictures a second</dt>
              <dd>{progress ? Number(progress.imagesPerSecond.toPrecision(2)) : '–'}</dd>
            </div>
            <div>
              <dt>Saved</dt>
              <dd>
                {state.savedStep.value === null ? (opened.step > 0 ? `step ${opened.step}` : 'not yet') : `step ${state.savedStep.value}`}
              </dd>
            </div>
            <div>
              <dt>On</dt>
              <dd>{opened.adapter}</dd>
            </div>
          </dl>
          <details>
            <summary>Settings</summary>
            <p class="quiet">{settingsInWords(opened.settings)}</p>
          </details>
          {opened.software && <p class="quiet">This is a processor that stands in for a GPU: training is slow here.</p>}
        </>
      )}
      {busy && (
        <div class="buttons">
          {phase === 'paused' ? (
            <button type="button" class="primary" onClick={state.resume}>
              Go on
            </button>
          ) : (
            <button type="button" disabled={phase !== 'training'} onClick={state.pause}>
              Pause
            </button>
          )}
          <button type="button" disabled={phase === 'opening'} onClick={state.save}>
            Save now
          </button>
          <button type="button" disabled={phase === 'opening'} onClick={() => void state.stop()}>
            Stop
          </button>
        </div>
      )}
      <Words />
      <div class="columns">
        {opened &&
          [...state.lossCurves].map(([plot, curves]) => (
            <Plot
              key={`${opened.run} ${plot}`}
              title={plot}
              {...{ curves, version }}
              lines={curves.names.map((name) => ({ name, label: opened.lossRows[name]!.label }))}
            />
          ))}
        {opened &&
          [...state.metricCurves].map(([name, curves]) => (
            <Plot
              key={`${opened.run} ${name}`}
              title={`Validation: ${opened.metricRows[name]!.label}`}
              {...{ curves, version }}
              lines={[{ name, label: opened.metricRows[name]!.label }]}
            />
          ))}
      </div>
      <Samples />
    </section>
  );
}

/** Options by their names in code, as the form takes them; those that are off are left out. */
const settingsInWords = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .filter(([, value]) => value !== null && value !== false && value !== '')
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ');

function leftWords(phase: state.Phase, seconds: number | undefined): string {
  if (phase === 'finished') return 'none';
  return phase === 'training' && seconds !== undefined ? `about ${timeWords(seconds)}` : '–';
}

/** What was found wrong, and what is good to know. */
function Words(): VNode | null {
  const findings = state.findings.value;
  const notes = state.notes.value;
  if (findings.length + notes.length === 0) return null;
  return (
    <div class="stack" style={{ gap: '0.4rem' }}>
      {findings.map(({ diagnosis, title, evidence, tries }) => (
        <p key={diagnosis}>
          <strong>{title}.</strong> {evidence}
          {tries.length > 0 && <span class="quiet"> Try {tries.join(', or ')}.</span>}
        </p>
      ))}
      {notes.map((text) => (
        <p key={text} class="quiet">
          {text}
        </p>
      ))}
    </div>
  );
}

/** What the networks make of the pictures that are held out, or, where there are too few, of those that they are trained on. */
function Samples(): VNode | null {
  const samples = state.samples.value;
  if (!samples) return null;
  return (
    <div class="stack" style={{ gap: '0.5rem' }}>
      <h3>What it makes of pictures, at step {samples.step}</h3>
      <div class="samples">
        {samples.rows.map(({ name, pictures }) => (
          <div key={name}>
            {pictures.map((picture, index) => (
              <Picture key={`${index} ${picture.title}`} picture={picture} name={name} />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Picture({ picture, name }: { readonly picture: SamplePicture; readonly name: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, data, title } = picture;
  useEffect(
    () =>
      drawSoon(() => {
        const image = new ImageData(width, height);
        const pixels = image.data;
        // Number by number: a view of each pixel would hold the page up, of a screen full of pictures for a tenth of a second.
        for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
          pixels[to] = data[from]!;
          pixels[to + 1] = data[from + 1]!;
          pixels[to + 2] = data[from + 2]!;
          pixels[to + 3] = 255;
        }
        canvas.current?.getContext('2d')?.putImageData(image, 0, 0);
      }),
    [data],
  );
  return (
    <figure>
      <canvas ref={canvas} class="picture pixels" {...{ width, height }} role="img" aria-label={`${title} of ${name}`} />
      <figcaption>{title}</figcaption>
    </figure>
  );
}
