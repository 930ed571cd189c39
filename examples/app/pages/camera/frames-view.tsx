import type { ComponentChildren, VNode } from 'preact';
import { deviceState } from '../../common/device.js';
import { modelState, models } from '../../common/models.js';
import type { Film } from './film.js';

/** What the model is given beside what it makes of it, and how quick it is. */
export function Frames({ film }: { readonly film: Film }): VNode {
  const isOn = film.standing.value.kind === 'on';
  const hasResult = film.hasResult.value;
  const { translated, dropped, perSecond } = film.counts.value;
  const speed = perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1);
  return (
    <>
      <div class="film-frames">
        <figure>
          <div class="film-place">
            <canvas
              ref={(canvas) => void (film.preview = canvas)}
              class={film.isMirrored.value ? 'mirrored' : ''}
              role="img"
              aria-label="What the model is given"
              hidden={!isOn}
            />
            {!isOn && <p class="quiet">Start the camera, open a video, or show the screen.</p>}
          </div>
          <figcaption class="quiet">{film.filter.value.apply ? `In, with the filter “${film.filter.value.title}”` : 'In'}</figcaption>
        </figure>
        <figure>
          <div class="film-place">
            <canvas ref={(canvas) => void (film.shown = canvas)} role="img" aria-label="What the model makes of it" hidden={!hasResult} />
            {!hasResult && <p class="quiet">{placeholder(isOn)}</p>}
          </div>
          <figcaption class="quiet">{film.isFrozen.value ? 'Out, held' : 'Out'}</figcaption>
        </figure>
      </div>
      <dl class="numbers">
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
function placeholder(isOn: boolean): ComponentChildren {
  const now = modelState.value;
  if (deviceState.value.kind === 'missing') return 'Without WebGPU no model can run here. The filters work all the same.';
  if (now.kind === 'failed') return 'The model could not be loaded: choose it again below, or another one.';
  if (now.kind === 'none')
    return models.value.length > 0
      ? 'Choose a model below.'
      : 'No model is here: open a file of weights below, or train one on the page Train.';
  if (now.kind === 'loading') return 'The model is being loaded.';
  return isOn ? 'The first result is on its way: the programs for the device are built.' : 'What the model makes of it will be here.';
}
