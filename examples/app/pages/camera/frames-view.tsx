import type { VNode } from 'preact';
import { deviceState } from '../../common/device.js';
import { modelState, models } from '../../common/models.js';
import type { Film } from './film.js';

/** What the model is given beside what it makes of it, and how quick it is. */
export function Frames({ film }: { readonly film: Film }): VNode {
  const { kind } = film.standing.value;
  const hasResult = film.hasResult.value;
  const isEmpty = !hasResult && (kind === 'off' || kind === 'opening');
  const filter = film.filter.value;
  const { translated, dropped, perSecond } = film.counts.value;
  const speed = perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1);
  return (
    <>
      {isEmpty && (
        <p class="drop film-empty quiet">
          {kind === 'opening' ? film.said.value : 'Start the camera, open a video or drop one here, or show the screen.'}
        </p>
      )}
      <div class="film-frames" hidden={isEmpty}>
        <figure class="film-in">
          <canvas ref={film.frames.preview} class="picture" role="img" aria-label="What the model is given" />
          <figcaption class="quiet">{filter.apply ? `In, through the filter “${filter.title}”` : 'In'}</figcaption>
        </figure>
        <figure class="film-out">
          <canvas ref={film.frames.shown} class="picture" role="img" aria-label="What the model makes of it" hidden={!hasResult} />
          {!hasResult && <p class="film-none quiet">{placeholder()}</p>}
          <figcaption class="quiet">{film.isFrozen.value ? 'Out, held' : 'Out'}</figcaption>
        </figure>
      </div>
      <dl class="numbers" hidden={isEmpty}>
        <div>
          <dt>Frames a second</dt>
          <dd>{perSecond > 0 ? speed : '–'}</dd>
        </div>
        <div>
          <dt>Translated</dt>
          <dd data-count="translated">{translated.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Dropped</dt>
          <dd data-count="dropped" title="Frames that came while an earlier one was translated: they are left out, so that nothing lags.">
            {dropped.toLocaleString('en')}
          </dd>
        </div>
      </dl>
    </>
  );
}

/** What stands in the place of a result. */
function placeholder(): string {
  const now = modelState.value;
  if (deviceState.value.kind === 'missing') return 'Without WebGPU no model can run here. The filters work all the same.';
  if (now.kind === 'failed') return 'The model could not be loaded: choose it again below, or another one.';
  if (now.kind === 'loading') return 'The model is being loaded.';
  if (now.kind === 'ready') return 'The first result is on its way: the programs for the device are built.';
  if (models.value.length > 0) return 'Choose a model below.';
  return 'No model is here: open a file of weights below, or train one on the page Train.';
}
