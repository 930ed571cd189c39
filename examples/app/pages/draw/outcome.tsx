import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Check, Progress, Slider, Toggle } from '../../common/controls.js';
import { deviceState } from '../../common/device.js';
import { modelState } from '../../common/models.js';
import { byteWords } from '../../common/words.js';
import { Sign } from './dock.js';
import { useDrawing, useShownSize } from './shown.js';
import type { Studio } from './studio.js';

type Compare = 'onion' | 'wipe';

/** How the result is compared with the drawing. */
const COMPARISONS: readonly { readonly id: Compare; readonly title: string; readonly about: string; readonly slider: string }[] = [
  { id: 'onion', title: 'Onion', about: 'The drawing over the result, as on tracing paper', slider: 'Drawing' },
  { id: 'wipe', title: 'Wipe', about: 'The drawing left of a line, the result right of it', slider: 'Line' },
];

/** What the model makes of the drawing, with what it is compared by, the dice, and how things stand in words. */
export function Outcome({ studio }: { readonly studio: Studio }): VNode {
  const { width, height } = studio.subject.value!;
  const space = useRef<HTMLDivElement>(null);
  const shown = useRef<HTMLDivElement>(null);
  const before = useRef<HTMLCanvasElement>(null);
  const compare = useSignal<Compare | null>(null);
  const share = useSignal(50);
  const [shownWidth, shownHeight] = useShownSize(space, width, height);
  const result = studio.result.value;
  useDrawing(studio, before);
  const canvas = studio.canvas.value;
  useLayoutEffect(() => {
    if (!canvas) return;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', 'What the model makes of the drawing');
    shown.current!.replaceChildren(canvas);
  }, [canvas]);
  const now = compare.value;
  const wipeTo = (event: PointerEvent): void => {
    if (now !== 'wipe' || (event.type === 'pointermove' && event.buttons === 0)) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    share.value = Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)));
  };
  const over = now === 'onion' ? { opacity: share.value / 100 } : { clipPath: `inset(0 ${100 - share.value}% 0 0)` };
  return (
    <section class="draw-outcome" aria-label="Result">
      <div class="draw-space" ref={space} style={{ aspectRatio: `${width} / ${height}` }}>
        <div
          class={`draw-result${now === 'wipe' ? ' wipe' : ''}`}
          style={{ width: `${shownWidth}px`, height: `${shownHeight}px` }}
          onPointerDown={wipeTo}
          onPointerMove={wipeTo}
        >
          <div ref={shown} hidden={!result} />
          <canvas ref={before} class="pixels" hidden={!result || !now} style={over} {...{ width, height }} />
          {now === 'wipe' && result && <span class="line" style={{ left: `${share.value}%` }} />}
          {!result && <div class="none">{placeholder(studio)}</div>}
        </div>
      </div>
      <div class="draw-by">
        <p class="quiet draw-state">{stateWords(studio)}</p>
        <div class="buttons">
          <button type="button" title="Other random numbers of dropout (D)" onClick={() => studio.throwDice()}>
            <Sign path="M5 5h14v14H5zM9 9h.01M15 15h.01M12 12h.01" />
            Dice
          </button>
          <Check label="Lock the seed" on={studio.isLocked.value} onChange={(on) => (studio.isLocked.value = on)} />
          {COMPARISONS.map(({ id, title, about }) => (
            <Toggle key={id} label={title} title={about} on={now === id} onChange={(on) => (compare.value = on ? id : null)} />
          ))}
          <Toggle
            label="Variants"
            title="The same drawing with other seeds (V)"
            on={studio.variants.value !== null}
            onChange={(on) => studio.showVariants(on)}
          />
        </div>
        {now && (
          <Slider
            label={COMPARISONS.find(({ id }) => id === now)!.slider}
            value={share.value}
            min={0}
            max={100}
            words={`${share.value} %`}
            onInput={(value) => (share.value = value)}
          />
        )}
      </div>
    </section>
  );
}

/** How things stand: whether it translates, how long the last one took, and with which seed. */
function stateWords(studio: Studio): string {
  const result = studio.result.value;
  const seed = `seed ${studio.seed.value}`;
  if (studio.work.value === 'failed') return 'The last translation did not work.';
  if (studio.work.value === 'running')
    return result ? `Translating, ${seed}` : 'Translating for the first time: the programs for the device are built.';
  if (!result) return `Nothing translated yet, ${seed}`;
  const time = result.milliseconds < 10 ? result.milliseconds.toFixed(1) : Math.round(result.milliseconds).toLocaleString('en');
  return `Translated in ${time} ms, ${seed}`;
}

/** What stands in the place of a result. */
function placeholder(studio: Studio): ComponentChildren {
  const now = modelState.value;
  if (deviceState.value.kind === 'missing') {
    return <p>Without WebGPU no model can run here. You can draw all the same, save the drawing and send its link.</p>;
  }
  if (now.kind === 'none')
    return <p>No model is here to translate the drawing. Open a file of weights below, or train one on the Train page.</p>;
  if (now.kind === 'failed') return <p>The model “{now.row.title}” could not be loaded. Choose it again below, or another one.</p>;
  if (now.kind === 'loading') {
    const { row, bytes } = now;
    const words = bytes > 0 ? `${byteWords(bytes)} of ${byteWords(row.bytes)}` : byteWords(row.bytes);
    return <Progress label={`Loading ${row.title}`} words={words} {...(bytes > 0 && { share: bytes / row.bytes })} />;
  }
  return studio.work.value === 'failed' ? (
    <p>The model could not be run: what went wrong stands above.</p>
  ) : (
    <p>The first result is on its way.</p>
  );
}
