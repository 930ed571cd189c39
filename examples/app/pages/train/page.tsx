import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SCHEMES } from 'shadegrad';
import type { TrainingSource } from 'shadegrad/worker';
import { Choice, FileButton } from '../../common/controls.js';
import { dismiss, report, reportError } from '../../common/notices.js';
import { byteWords } from '../../common/words.js';
import { droppedFiles } from './dropped.js';
import { dataName, earlierIn, freeName, LENGTHS, optionsOf } from './form.js';
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
          kept in this browser and goes on from where it was saved, which is done every few minutes, and when you press Save now.
        </p>
      </div>
      {busy || state.opened.value ? <Running /> : null}
      {busy ? null : <Start />}
      <Kept busy={busy} />
    </div>
  );
}

/** Schemes that can be trained on such pictures: labels come with those alone that are drawn. */
const offered = (data: TrainingSource): typeof SCHEMES => SCHEMES.filter(({ labelled }) => !labelled || data.kind === 'synthetic');

/** Whether the further options are shown: also after a start that was refused, for which the form is made anew. */
const isMoreOpen = signal(false);

/** The form that a training is started with. */
function Start(): VNode {
  const [over, setOver] = useState(false);
  const { scheme, length, more, data, from } = state.draft.value;
  const change = (changed: Partial<state.Draft>): void => void (state.draft.value = { ...state.draft.value, ...changed });
  const schemes = offered(data);
  const row = schemes.find(({ name }) => name === scheme) ?? schemes[0]!;
  const take = (files: readonly { readonly path: string; readonly file: File }[]): void => {
    try {
      dismiss('pictures');
      if (files.length === 0)
        throw new Error('There are no files in what was chosen: choose a folder with pictures in it, or a zip of one');
      const earlier = earlierIn(files);
      if (earlier) return change({ from: earlier });
      const name = freeName(
        dataName(files.map(({ path }) => path)),
        state.dataSets.value.map((each) => each.name),
      );
      change({ data: { kind: 'files', name, files } });
    } catch (error) {
      report({ id: 'pictures', kind: 'problem', title: (error as Error).message });
    }
  };
  const chosen = (files: readonly File[]): void => take(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  const begin = (): void => {
    try {
      if (from) {
        const { checkpoint, log } = from;
        const title = `${checkpoint.path}${data.kind === 'synthetic' ? '' : ` on ${data.name}`}`;
        // Whether drawn pictures are what it was trained on, the checkpoint says.
        state.start({ from: { checkpoint: checkpoint.file, log: log?.file }, title, ...(data.kind !== 'synthetic' && { data }) });
      } else
        state.start({ scheme: row.name, options: optionsOf({ scheme: row.name, length, more }), data, title: titleOf(row.title, data) });
    } catch (error) {
      report({ id: 'training', kind: 'problem', title: (error as Error).message });
    }
  };
  return (
    <section class="card stack" aria-labelledby="start">
      <h2 id="start">{from ? 'Going on with a checkpoint' : 'A new training'}</h2>
      {from && (
        <div class="stack" style={{ gap: '0.5rem' }}>
          <p>
            <strong>{from.checkpoint.path}</strong>{' '}
            <span class="quiet">
              {byteWords(from.checkpoint.file.size)}
              {from.log ? ', with its log' : ''}
            </span>
          </p>
          <p class="quiet">
            It keeps its scheme and its options. Choose the pictures that it was trained on, unless the program drew them.
          </p>
        </div>
      )}
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
          <strong>
            {dataWords(data, from ? 'those that the program draws' : `${row.drawn?.title ?? 'facades'}, drawn by the program`)}
          </strong>
        </p>
        <p class="quiet">
          Drop a folder or a zip: pictures of both halves side by side, or two folders A and B with equal names; for CycleGAN any pictures
          in A and in B.
        </p>
        <div class="buttons" style={{ justifyContent: 'center', marginTop: '0.75rem' }}>
          <FileButton label="Choose a folder" folder onFiles={chosen} />
          <FileButton label="Choose a zip" accept=".zip,application/zip" onFiles={chosen} />
          {data.kind !== 'synthetic' && (
            <button type="button" onClick={() => change({ data: { kind: 'synthetic' } })}>
              Take the drawn pictures
            </button>
          )}
          {state.dataSets.value.map(({ name }) => (
            <button key={name} type="button" onClick={() => change({ data: { kind: 'kept', name } })}>
              {name}
            </button>
          ))}
        </div>
      </fieldset>
      {!from && (
        <>
          <div class="columns">
            <div>
              <Choice
                label="What is learned"
                value={row.name}
                options={schemes.map(({ name, title }) => ({ value: name, label: title }))}
                onChange={(name) => change({ scheme: name })}
              />
              <p class="quiet">
                {row.summary}
                {schemes.length < SCHEMES.length && ' What learns labels is offered with drawn pictures alone: browsers read no labels.'}
              </p>
            </div>
            <div>
              <Choice
                label="How long"
                value={length}
                options={LENGTHS.map(({ value, label }) => ({ value, label }))}
                onChange={(value) => change({ length: value })}
              />
              <p class="quiet">Size and width of the networks are chosen by the speed of this machine.</p>
            </div>
          </div>
          <details open={isMoreOpen.value} onToggle={(event) => (isMoreOpen.value = event.currentTarget.open)}>
            <summary>Further options</summary>
            <div class="field">
              <label for="more">Options</label>
              <input
                id="more"
                type="text"
                size={40}
                value={more}
                placeholder="size=128 ngf=32 steps=5000 seed=1"
                onInput={(event) => change({ more: event.currentTarget.value })}
              />
            </div>
            <p class="quiet">Those of the command line by their names, such as batch, learningRate, dropout or ema.</p>
          </details>
        </>
      )}
      <div class="buttons">
        <button type="button" class="primary" onClick={begin}>
          {from ? 'Go on with it' : 'Start training'}
        </button>
        {from ? (
          <button type="button" onClick={() => change({ from: null })}>
            Start a new one instead
          </button>
        ) : (
          <FileButton label="Go on with a checkpoint" accept=".safetensors,.jsonl" multiple onFiles={chosen} />
        )}
      </div>
    </section>
  );
}

const titleOf = (scheme: string, data: TrainingSource): string =>
  `${scheme} on ${data.kind === 'synthetic' ? 'drawn pictures' : data.name}`;

function dataWords(data: TrainingSource, drawn: string): string {
  if (data.kind === 'synthetic') return `Pictures: ${drawn}`;
  return data.kind === 'kept'
    ? `Pictures: ${data.name}`
    : `Pictures: ${data.name}, ${data.files.length === 1 ? 'a file' : `${data.files.length} files`}`;
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
              {run.generators.map((name) => (
                <button key={name} type="button" onClick={() => void state.useInDraw(run, name)}>
                  {run.generators.length === 1 ? 'Use in Draw' : `Use ${name} in Draw`}
                </button>
              ))}
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
            {name} <span class="quiet">{`${files === 1 ? '1 file' : `${files} files`}, ${byteWords(bytes)}`}</span>
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
        A checkpoint that is downloaded goes on in another browser, or in Node: put it into a folder and call shadegrad train --resume --out
        FOLDER. One of Node goes on here: drop the folder of the run.
      </p>
    </section>
  );
}
