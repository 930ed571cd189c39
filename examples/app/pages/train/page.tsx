import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SCHEMES } from 'shadegrad';
import type { TrainingSource } from 'shadegrad/worker';
import { Choice, FileButton } from '../../common/controls.js';
import { report, reportError } from '../../common/notices.js';
import { byteWords } from '../../common/words.js';
import { droppedFiles } from './dropped.js';
import { dataName, LENGTHS, optionsOf } from './form.js';
import { Running } from './running.js';
import * as state from './state.js';

/** The page Train: starts trainings in the browser, shows how they go, and keeps them. */
export default function TrainPage(): VNode {
  useEffect(() => {
    if (!('gpu' in navigator))
      report({
        ...{ id: 'no WebGPU', kind: 'problem', title: 'This browser offers no WebGPU' },
        text: 'Networks are trained on the graphics processor through WebGPU, which is missing here or turned off.',
        fix: 'Use a recent Chrome, Edge, Safari 26 or Firefox. Pages need https or localhost.',
      });
    else state.goOn().catch(reportError);
  }, []);
  const phase = state.phase.value;
  const busy = phase === 'opening' || phase === 'training' || phase === 'paused';
  return (
    <div class="stack">
      <div>
        <h1>Train</h1>
        <p class="quiet">
          A network learns in this tab, on your graphics processor: nothing leaves your machine. Close the tab whenever you like; the run is
          kept in this browser and goes on from where it was saved.
        </p>
      </div>
      {busy || state.opened.value ? <Running /> : null}
      {busy ? null : <Start />}
      <Kept busy={busy} />
    </div>
  );
}

/** The form that a training is started with. */
function Start(): VNode {
  const [scheme, setScheme] = useState('pix2pix');
  const [length, setLength] = useState('5');
  const [more, setMore] = useState('');
  const [data, setData] = useState<TrainingSource>({ kind: 'synthetic' });
  const [over, setOver] = useState(false);
  const row = SCHEMES.find(({ name }) => name === scheme)!;
  const take = (files: readonly { readonly path: string; readonly file: File }[]): void => {
    if (files.length > 0) setData({ kind: 'files', name: dataName(files.map(({ path }) => path)), files });
  };
  const chosen = (files: readonly File[]): void => take(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  const begin = (): void => {
    try {
      state.start({ scheme, options: optionsOf({ scheme, length, more }), data, title: titleOf(row.title, data) });
    } catch (error) {
      report({ id: 'training', kind: 'problem', title: (error as Error).message });
    }
  };
  return (
    <section class="card stack" aria-labelledby="start">
      <h2 id="start">A new training</h2>
      <fieldset
        aria-label="Pictures"
        class={over ? 'drop over' : 'drop'}
        onDragOver={(event) => (event.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          droppedFiles(event.dataTransfer).then(take, reportError);
        }}
      >
        <p>
          <strong>{dataWords(data, row.drawn?.title)}</strong>
        </p>
        <p class="quiet">
          Drop a folder or a zip: pictures of both halves side by side, or two folders A and B with equal names; for CycleGAN any pictures
          in A and in B.
        </p>
        <div class="buttons" style={{ justifyContent: 'center', marginTop: '0.75rem' }}>
          <FileButton label="Choose a folder" folder onFiles={chosen} />
          <FileButton label="Choose a zip" accept=".zip,application/zip" onFiles={chosen} />
          {data.kind !== 'synthetic' && (
            <button type="button" onClick={() => setData({ kind: 'synthetic' })}>
              Take the drawn pictures
            </button>
          )}
          {state.dataSets.value.map(({ name }) => (
            <button key={name} type="button" onClick={() => setData({ kind: 'kept', name })}>
              {name}
            </button>
          ))}
        </div>
      </fieldset>
      <div class="columns">
        <div>
          <Choice
            label="What is learned"
            value={scheme}
            options={SCHEMES.map(({ name, title }) => ({ value: name, label: title }))}
            onChange={setScheme}
          />
          <p class="quiet">{row.summary}</p>
        </div>
        <div>
          <Choice label="How long" value={length} options={LENGTHS.map(({ value, label }) => ({ value, label }))} onChange={setLength} />
          <p class="quiet">Size and width of the networks are chosen by the speed of this machine.</p>
        </div>
      </div>
      <details>
        <summary>Further options</summary>
        <div class="field">
          <label for="more">Options</label>
          <input
            id="more"
            type="text"
            size={40}
            value={more}
            placeholder="size=128 ngf=32 steps=5000 seed=1"
            onInput={(event) => setMore(event.currentTarget.value)}
          />
        </div>
        <p class="quiet">Those of the command line by their names, such as batch, learningRate, dropout or ema.</p>
      </details>
      <div class="buttons">
        <button type="button" class="primary" onClick={begin}>
          Start training
        </button>
      </div>
    </section>
  );
}

const titleOf = (scheme: string, data: TrainingSource): string =>
  `${scheme} on ${data.kind === 'synthetic' ? 'drawn pictures' : data.name}`;

function dataWords(data: TrainingSource, drawn = 'facades'): string {
  if (data.kind === 'synthetic') return `Pictures: ${drawn}, drawn by the program`;
  return data.kind === 'kept'
    ? `Pictures: ${data.name}`
    : `Pictures: ${data.name}, ${data.files.length === 1 ? 'a zip' : `${data.files.length} files`}`;
}

/** What the browser keeps: runs and data sets. */
function Kept({ busy }: { readonly busy: boolean }): VNode | null {
  const runs = state.runs.value;
  const sets = state.dataSets.value;
  if (runs.length + sets.length === 0) return null;
  return (
    <section class="card stack" aria-labelledby="kept">
      <h2 id="kept">Kept in this browser</h2>
      {runs.map((run) => {
        const { id, title, step, totalSteps, bytes } = run;
        const current = busy && state.currentRun() === id;
        const whole = totalSteps !== null && step >= totalSteps;
        return (
          <div key={id} class="stack" style={{ gap: '0.35rem' }}>
            <div>
              <strong>{title}</strong>
              <p class="quiet">
                step {step}
                {totalSteps === null ? '' : ` of ${totalSteps}`}, {byteWords(bytes)}
                {current ? ', being trained' : ''}
              </p>
            </div>
            <div class="buttons">
              {!current && !whole && (
                <button type="button" disabled={busy} onClick={() => state.start({ run: id })}>
                  Go on
                </button>
              )}
              {!current && whole && (
                <button type="button" disabled={busy} onClick={() => state.start({ run: id, options: { steps: 2 * totalSteps } })}>
                  Train as long again
                </button>
              )}
              <button type="button" disabled={step === 0} onClick={() => void state.useInDraw(run)}>
                Use in Draw
              </button>
              <button type="button" disabled={totalSteps === null} onClick={() => void state.download(id)}>
                Download checkpoint
              </button>
              {!current && (
                <button type="button" onClick={() => confirm(`Delete "${title}" from this browser?`) && void state.removeRun(id)}>
                  Delete
                </button>
              )}
            </div>
          </div>
        );
      })}
      {sets.map(({ name, files, bytes }) => (
        <div key={name} class="buttons">
          <span>
            {name} <span class="quiet">{`${files} files, ${byteWords(bytes)}`}</span>
          </span>
          <button
            type="button"
            disabled={busy}
            onClick={() => confirm(`Delete the pictures "${name}" from this browser?`) && void state.removeDataSet(name)}
          >
            Delete
          </button>
        </div>
      ))}
      <p class="quiet">
        A checkpoint that is downloaded goes on in Node: put it into a folder and call shadegrad train --resume --out FOLDER.
      </p>
    </section>
  );
}
