import type { VNode } from 'preact';
import { Check, Choice, FileButton, Slider, Toggle } from '../../common/controls.js';
import { byteWords } from '../../common/words.js';
import type { Film } from './film.js';
import { FILTERS } from './filters.js';
import { canFilmScreen } from './sources.js';

/** The choice of where frames come from, and what became of it in words. */
export function SourcePart({ film }: { readonly film: Film }): VNode {
  const { kind } = film.standing.value;
  const cameras = film.cameras.value;
  return (
    <section class="stack" aria-label="Source">
      <div class="buttons">
        <button type="button" class={kind === 'off' ? 'primary' : ''} onClick={() => void film.openCamera()}>
          Start the camera
        </button>
        <FileButton label="Open a video" accept="video/*" onFiles={([file]) => void film.openFile(file!)} />
        {canFilmScreen() && (
          <button type="button" onClick={() => void film.openScreen()}>
            Show the screen
          </button>
        )}
        <button type="button" disabled={kind === 'off'} onClick={() => film.stop('Stopped.')}>
          Stop
        </button>
        {cameras.length > 1 && (
          <Choice
            label="Camera"
            value={film.cameraId.value ?? ''}
            options={cameras.map(({ id, title }) => ({ value: id, label: title }))}
            onChange={(id) => void film.openCamera(id)}
          />
        )}
      </div>
      <p class="quiet film-said" role="status">
        {film.said.value}
      </p>
    </section>
  );
}

/** What is done to the picture that is shown. */
export function PicturePart({ film }: { readonly film: Film }): VNode {
  const isOn = film.standing.value.kind === 'on';
  const hasResult = film.hasResult.value;
  const recorded = film.recorded.value;
  const share = Math.round(100 * film.smoothing.value);
  return (
    <section class="stack" aria-label="Picture">
      <div class="buttons">
        <Toggle label="Freeze" on={film.isFrozen.value} disabled={!isOn} onChange={(on) => film.freeze(on)} />
        <Toggle
          label={recorded === null ? 'Record' : `Stop recording (${byteWords(recorded)})`}
          title="Records the results as a WebM video"
          on={recorded !== null}
          disabled={!isOn || !hasResult}
          onChange={(on) => (on ? film.record() : film.endRecording())}
        />
        <button type="button" disabled={!hasResult} onClick={() => void film.savePicture()}>
          Save picture
        </button>
        <Check label="Mirror" on={film.isMirrored.value} onChange={(on) => (film.isMirrored.value = on)} />
      </div>
      <Slider
        label="Smoothing"
        value={share}
        min={0}
        max={95}
        step={5}
        words={share === 0 ? 'none' : `${share} %`}
        onInput={(value) => (film.smoothing.value = value / 100)}
      />
    </section>
  );
}

/** The choice of the filter, and its numbers. */
export function FilterPart({ film }: { readonly film: Film }): VNode {
  const filter = film.filter.value;
  const knobs = film.knobs.value;
  return (
    <section class="card stack" aria-labelledby="film-filter">
      <h2 id="film-filter">Filter</h2>
      <Choice
        label="Before the model"
        value={filter.id}
        options={FILTERS.map(({ id, title }) => ({ value: id, label: title }))}
        onChange={(id) => film.chooseFilter(FILTERS.find((row) => row.id === id)!)}
      />
      <p class="quiet">{filter.about}</p>
      {filter.knobs.map(({ id, label, min, max, step, value }) => (
        <Slider key={id} {...{ label, min, max, step }} value={knobs[id] ?? value} onInput={(to) => film.setKnob(id, to)} />
      ))}
    </section>
  );
}
