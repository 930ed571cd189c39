import type { VNode } from 'preact';
import { Slider } from '../../common/controls.js';
import type { Studio } from './studio.js';
import { toolsFor } from './tools.js';

/** The tools, undo and redo, the width of the brush, and the palette: at the thumb on a phone, beside the drawing elsewhere. */
export function Dock({ studio }: { readonly studio: Studio }): VNode {
  const tools = toolsFor(studio.subject.value!.input);
  const tool = studio.tool.value;
  const swatches = studio.swatches.value;
  const isOfLabels = studio.subject.value!.input === 'labels';
  return (
    <section class="draw-dock" aria-label="Tools">
      <div class="draw-tools">
        {tools.map((each) => (
          <button
            key={each.id}
            type="button"
            class="draw-tool"
            aria-pressed={each === tool}
            aria-label={each.title}
            title={`${each.title} (${each.key.toUpperCase()})`}
            onClick={() => studio.take(each)}
          >
            <Sign path={each.sign} />
          </button>
        ))}
        <button
          type="button"
          class="draw-tool"
          title="Undo (Ctrl Z)"
          aria-label="Undo"
          disabled={!studio.canUndo.value}
          onClick={() => studio.undo()}
        >
          <Sign path="M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-4" />
        </button>
        <button
          type="button"
          class="draw-tool"
          title="Redo (Ctrl Shift Z)"
          aria-label="Redo"
          disabled={!studio.canRedo.value}
          onClick={() => studio.redo()}
        >
          <Sign path="m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h4" />
        </button>
        <button type="button" class="draw-tool" title="Clear (Delete)" aria-label="Clear" onClick={() => studio.clear()}>
          <Sign path="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5" />
        </button>
      </div>
      {tools.length > 0 && (
        <div class="draw-size">
          <Slider
            label="Size"
            value={studio.size.value}
            min={1}
            max={64}
            words={`${studio.size.value} px`}
            disabled={!tool?.hasSize}
            onInput={(size) => studio.resize(size)}
          />
        </div>
      )}
      {isOfLabels && (
        <section class="draw-palette" aria-label="Palette">
          {swatches.map(({ name, colour, key }, at) => (
            <button
              key={name}
              type="button"
              class="draw-swatch"
              aria-pressed={studio.value.value === at}
              aria-label={name}
              aria-keyshortcuts={key}
              data-key={key}
              title={key ? `${name} (${key})` : name}
              onClick={() => studio.pick(at)}
            >
              <span class="dot" style={{ background: `rgb(${colour.join()})` }} />
              <span class="name">{name}</span>
            </button>
          ))}
        </section>
      )}
    </section>
  );
}

/** A sign of 24 x 24 in strokes. */
export function Sign({ path }: { readonly path: string }): VNode {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
