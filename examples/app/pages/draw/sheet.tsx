import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { Spot } from './raster.js';
import { useDrawing, useShownSize } from './shown.js';
import type { Studio } from './studio.js';
import { TOOLS, type Tool } from './tools.js';

/** How far an arrow key goes with Shift, in pixels. */
const LEAP = 8;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** The bit of a pen's other end among a pointer's buttons. */
const PEN_ERASER = 32;
const eraser = TOOLS.find(({ erases }) => erases)!;

/** The sheet: what one draws on, by pointer, finger, pen or keys. */
export function Sheet({ studio }: { readonly studio: Studio }): VNode {
  const { width, height } = studio.subject.value!;
  const tool = studio.tool.value;
  const space = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const pointer = useRef<number | null>(null);
  const cursor = useSignal<(Spot & { readonly byKeys: boolean }) | null>(null);
  const [shownWidth, shownHeight] = useShownSize(space, width, height);
  useDrawing(studio, canvas);

  const widthOf = (event: PointerEvent): number => {
    // A pen pressed half draws as wide as a mouse.
    const factor = event.pointerType === 'pen' && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1;
    return studio.size.peek() * factor;
  };
  const spotOf = (event: PointerEvent): Spot => {
    const box = canvas.current!.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const y = ((event.clientY - box.top) / box.height) * height;
    return { x, y, width: widthOf(event) };
  };
  const toolOf = (event: PointerEvent): Tool | null => (event.buttons & PEN_ERASER && tool ? eraser : tool);

  const down = (event: PointerEvent): void => {
    const taken = toolOf(event);
    if (!taken || pointer.current !== null || (event.button > 0 && !(event.buttons & PEN_ERASER))) return;
    pointer.current = event.pointerId;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const spot = spotOf(event);
    cursor.value = { ...spot, byKeys: false };
    studio.editor.peek()!.begin(taken, spot, studio.value.peek());
  };
  const move = (event: PointerEvent): void => {
    if (pointer.current === null || pointer.current === event.pointerId) cursor.value = { ...spotOf(event), byKeys: false };
    if (pointer.current !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    studio.editor.peek()!.move((events.length > 0 ? events : [event]).map(spotOf));
  };
  const up = (event: PointerEvent): void => {
    if (pointer.current !== event.pointerId) return;
    pointer.current = null;
    const editor = studio.editor.peek()!;
    if (event.type === 'pointercancel') editor.cancel();
    else editor.end();
    if (event.pointerType === 'touch') cursor.value = null;
  };

  const here = (): Spot => cursor.peek() ?? { x: Math.floor(width / 2) + 0.5, y: Math.floor(height / 2) + 0.5, width: studio.size.peek() };
  const keys = (event: KeyboardEvent): void => {
    const editor = studio.editor.peek();
    if (!editor || !tool || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = { ...here(), width: studio.size.peek() };
    const way = ARROWS[event.key];
    if (way) {
      const step = event.shiftKey ? LEAP : 1;
      const limit = (value: number, most: number): number => Math.min(most - 0.5, Math.max(0.5, Math.floor(value) + 0.5));
      const next = { ...at, x: limit(at.x + way[0] * step, width), y: limit(at.y + way[1] * step, height) };
      cursor.value = { ...next, byKeys: true };
      if (pointer.current === null) editor.move([next]);
      const swatch = studio.swatches.peek()[editor.valueAt(next) ?? -1];
      studio.say(`${Math.floor(next.x)}, ${Math.floor(next.y)}${swatch && !editor.isDrawing ? `: ${swatch.name}` : ''}`);
    } else if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) {
      cursor.value = { ...at, byKeys: true };
      if (editor.isDrawing) {
        editor.end();
        studio.say(`${tool.title} done`);
      } else {
        editor.begin(tool, at, studio.value.peek());
        if (editor.isDrawing) studio.say(`${tool.title} begun at ${Math.floor(at.x)}, ${Math.floor(at.y)}`);
      }
    } else if (event.key === 'Escape' && editor.isDrawing) {
      editor.cancel();
      studio.say('Left off');
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const mark = cursor.value;
  return (
    <div class="draw-space" ref={space} style={{ aspectRatio: `${width} / ${height}` }}>
      <div
        class={`draw-sheet${tool ? '' : ' still'}`}
        role="application"
        aria-label={`Drawing, ${width} by ${height} pixels`}
        aria-describedby="draw-keys-hint"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: of the role `application`, which is drawn on with keys
        tabIndex={0}
        style={{ width: `${shownWidth}px`, height: `${shownHeight}px`, cursor: tool?.hasSize ? 'none' : undefined }}
        // Else a quick stroke is a flick to the browser, which then takes no notice of the next tap.
        onTouchStart={(event) => {
          if (!tool) return;
          event.preventDefault();
          event.currentTarget.focus({ preventScroll: true });
        }}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerLeave={() => pointer.current === null && !cursor.peek()?.byKeys && (cursor.value = null)}
        onKeyDown={keys}
        onBlur={() => studio.editor.peek()?.end()}
      >
        <canvas ref={canvas} class="pixels" {...{ width, height }} />
        {mark && tool && (
          <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
            {tool.hasSize && (
              <>
                <circle class="edge" cx={mark.x} cy={mark.y} r={Math.max(0.5, mark.width / 2)} />
                <circle cx={mark.x} cy={mark.y} r={Math.max(0.5, mark.width / 2)} />
              </>
            )}
            {mark.byKeys &&
              ['edge', ''].map((name) => (
                <path
                  key={name}
                  class={name}
                  d={`M${mark.x - width / 20} ${mark.y}h${width / 10}M${mark.x} ${mark.y - height / 20}v${height / 10}`}
                />
              ))}
          </svg>
        )}
      </div>
    </div>
  );
}
