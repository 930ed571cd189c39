import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { Choice, FileButton, Progress } from './controls.js';
import { addModel, chooseModel, modelState, models } from './models.js';
import { forgetModel, isKept } from './model-store.js';
import { reportError } from './notices.js';
import { byteWords } from './words.js';

/** Endings of files of weights that can be opened. */
const ACCEPTED = '.safetensors,.pth,.pt,.ckpt,.pict,.json,.bin,.zip';

/** The choice of the model: its list with sizes, how far it has been loaded, files of one's own, and what the browser keeps. */
export function ModelPicker(): VNode {
  const now = modelState.value;
  const rows = models.value;
  const row = now.kind === 'ready' ? now.model.row : now.kind === 'none' ? undefined : now.row;
  const [kept, setKept] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    if (row) void isKept(row).then((is) => isCurrent && setKept(is), reportError);
    return () => void (isCurrent = false);
  }, [row, now.kind]);
  return (
    <div class="picker">
      <Choice
        label="Model"
        value={row?.id ?? ''}
        options={[
          ...(row ? [] : [{ value: '', label: rows.length > 0 ? 'Choose one' : 'None yet' }]),
          ...rows.map(({ id, title, bytes }) => ({ value: id, label: `${title} (${byteWords(bytes)})` })),
        ]}
        onChange={(id) => void (id && chooseModel(id))}
      />
      <FileButton label="Open a file of weights" accept={ACCEPTED} multiple onFiles={(files) => void addModel(files)} />
      {now.kind === 'loading' && (
        <Progress
          label="Loading the model"
          {...(now.bytes > 0 && { share: now.bytes / now.row.bytes, words: `${byteWords(now.bytes)} of ${byteWords(now.row.bytes)}` })}
        />
      )}
      {now.kind === 'failed' && (
        <p class="quiet">
          It could not be loaded.{' '}
          <button type="button" onClick={() => void chooseModel(now.row.id)}>
            Try again
          </button>
        </p>
      )}
      {row && (
        <p class="quiet">
          {row.about} Licence: {row.licence}.
          {kept && (
            <>
              {' '}
              Kept in this browser ({byteWords(row.bytes)}).{' '}
              <button type="button" class="link" onClick={() => void forgetModel(row).then(() => setKept(false), reportError)}>
                Delete it
              </button>
            </>
          )}
        </p>
      )}
    </div>
  );
}
