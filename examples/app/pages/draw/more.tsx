import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Check, Choice, FileButton } from '../../common/controls.js';
import { ModelPicker } from '../../common/model-picker.js';
import type { InputKind, ModelRow } from '../../common/model-rows.js';
import { CameraStill } from './camera.js';
import { hasExamples } from './examples.js';
import { KEY_ROWS } from './keys.js';
import { bringExample, bringPicture } from './opening.js';
import type { Studio } from './studio.js';
import { copyPicture, linkOf, savePicture } from './take-out.js';

/** Kinds of drawings in words. */
const INPUTS: readonly { readonly value: InputKind; readonly label: string }[] = [
  { value: 'labels', label: 'Areas of a palette' },
  { value: 'lines', label: 'Black lines on white' },
  { value: 'pictures', label: 'Pictures' },
];

/** Where drawings come from, where results go, how it is translated, and which model does it. */
export function More(props: {
  readonly studio: Studio;
  readonly row: ModelRow | undefined;
  readonly hasHelp: boolean;
  onHelp(open: boolean): void;
  onInput(input: InputKind): void;
}): VNode {
  const { studio, row, hasHelp, onHelp, onInput } = props;
  const subject = studio.subject.value!;
  const camera = useSignal(false);
  const link = useSignal<string | null>(null);
  const hasResult = studio.result.value !== null;
  const makeLink = async (): Promise<void> => {
    link.value = await linkOf(studio);
    if (!link.value) return;
    const copied = await navigator.clipboard?.writeText(link.value).then(
      () => true,
      () => false,
    );
    studio.say(copied ? 'Link copied' : 'Here is the link: copy it by hand');
  };
  return (
    <div class="draw-more">
      <section class="card stack" aria-labelledby="draw-in">
        <h2 id="draw-in">Bring in</h2>
        <div class="buttons">
          {hasExamples(subject, row) && (
            <button type="button" onClick={() => void bringExample(studio)}>
              Another example
            </button>
          )}
          <FileButton label="Open a picture" accept="image/*" onFiles={([file]) => void bringPicture(studio, file!, file!.name)} />
          <button type="button" aria-expanded={camera.value} onClick={() => (camera.value = !camera.value)}>
            Camera
          </button>
        </div>
        {camera.value && <CameraStill onPicture={(video) => bringPicture(studio, video)} onClose={() => (camera.value = false)} />}
        <p class="quiet">{bringWords(subject.input)}</p>
      </section>
      <section class="card stack" aria-labelledby="draw-out">
        <h2 id="draw-out">Take out</h2>
        <div class="buttons">
          <button type="button" disabled={!hasResult} onClick={() => void savePicture(studio, 'result')}>
            Save result
          </button>
          <button type="button" onClick={() => void savePicture(studio, 'drawing')}>
            Save drawing
          </button>
          <button type="button" disabled={!hasResult} onClick={() => void savePicture(studio, 'both')}>
            Save both
          </button>
          <button type="button" onClick={() => void copyPicture(studio)}>
            Copy {hasResult ? 'result' : 'drawing'}
          </button>
          <button type="button" onClick={() => void makeLink()}>
            Link to the drawing
          </button>
        </div>
        {link.value && (
          <div class="field">
            <label for="draw-link">Link</label>
            <input id="draw-link" type="text" readOnly value={link.value} onFocus={(event) => event.currentTarget.select()} />
          </div>
        )}
        <p class="quiet">Files are PNG, with every pixel as it is. The link holds the drawing itself: nothing is sent anywhere.</p>
      </section>
      <section class="card stack" aria-labelledby="draw-with">
        <h2 id="draw-with">Translate with</h2>
        <ModelPicker />
        {row?.file === undefined && <Choice label="It takes" value={subject.input} options={INPUTS} onChange={onInput} />}
        {subject.input !== 'pictures' && (
          <Check label="Translate while drawing" on={studio.isLive.value} onChange={(on) => (studio.wantsLive.value = on)} />
        )}
        {!studio.isLive.value && studio.wantsLive.value === null && (
          <p class="quiet">This model takes a while here, so it translates when a stroke ends.</p>
        )}
      </section>
      <details class="card" open={hasHelp} onToggle={(event) => onHelp(event.currentTarget.open)}>
        <summary>Keys</summary>
        <p class="quiet" id="draw-keys-hint">
          With the arrow keys and Space one can draw without a mouse. Letters work while something of this page has the focus.
        </p>
        <dl class="draw-keys">
          {KEY_ROWS.map(({ keys, about }) => (
            <div key={keys + about}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{about}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  );
}

function bringWords(input: InputKind): string {
  if (input === 'pictures') return 'Drop a picture anywhere on this page, or paste one. Its middle is taken, at the size of the model.';
  if (input === 'lines') return 'Drop a picture anywhere on this page, or paste one: what is dark becomes a line.';
  return 'Drop a label map anywhere on this page, or paste one: each pixel takes the nearest colour of the palette.';
}
