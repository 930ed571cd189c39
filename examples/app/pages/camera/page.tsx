import { useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
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
  useEffect(() => {
    const seen = (): void => (document.hidden ? film.hide() : film.show());
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      film.close();
    };
  }, []);
  return (
    <div class="stack film">
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
