import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { deviceState } from '../../common/device.js';
import { ModelPicker } from '../../common/model-picker.js';
import { modelState, wantModel } from '../../common/models.js';
import { reportError } from '../../common/notices.js';
import type { PageProps } from '../registry.js';
import { Film } from './film.js';
import { Frames } from './frames-view.js';
import { FilterPart, PicturePart, SourcePart } from './parts.js';

/** The page Camera: a camera, a video or the screen through a model, live. */
export default function CameraPage({ query }: PageProps): VNode {
  const film = useMemo(() => new Film(), []);
  const asked = query.get('model');
  useEffect(() => {
    wantModel(asked).catch(reportError);
  }, [asked]);
  useSignalEffect(() => {
    // Read here, so that this runs again with each model.
    void modelState.value;
    film.setModel();
  });
  useSignalEffect(() => film.setDevice(deviceState.value));
  const isOver = useSignal(false);
  // Its end must not wait until the next page has been painted: until then the camera was on, and results came for canvases that are gone.
  useLayoutEffect(() => listen(film, isOver), []);
  return (
    <div class={`stack film${isOver.value ? ' over' : ''}`}>
      <div>
        <h1>Camera</h1>
        <p class="quiet">A camera, a video or your screen through a model, live. Nothing leaves this computer.</p>
      </div>
      <SourcePart film={film} />
      <Frames film={film} />
      <PicturePart film={film} />
      <div class="columns">
        <FilterPart film={film} />
        <section class="card stack" aria-labelledby="film-model">
          <h2 id="film-model">Model</h2>
          <ModelPicker />
        </section>
      </div>
    </div>
  );
}

/** Listens to whether the page is in sight, and to videos that are dropped on it. @returns ends it, and the film */
function listen(film: Film, isOver: Signal<boolean>): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('visibilitychange', () => (document.hidden ? film.hide() : void film.show()), { signal });
  // A file that is dropped beside the page would be opened in its place.
  addEventListener(
    'dragover',
    (event) => {
      event.preventDefault();
      isOver.value = true;
    },
    { signal },
  );
  addEventListener('dragleave', (event) => !event.relatedTarget && (isOver.value = false), { signal });
  addEventListener(
    'drop',
    (event) => {
      event.preventDefault();
      isOver.value = false;
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void film.openFile(file);
    },
    { signal },
  );
  return () => {
    stop.abort();
    film.close();
  };
}
