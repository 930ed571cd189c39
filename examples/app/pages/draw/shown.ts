import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Studio } from './studio.js';

/** Rather than a part of a device's pixel a pixel of a picture takes whole ones, where that costs at most this share of its size. */
const WORTH = 0.85;

/** How large a picture of some sides is shown in a space: as large as there is room, in whole pixels of the device where that is near. */
export function shownSize(
  [width, height]: readonly [number, number],
  space: readonly [number, number],
  ratio: number,
): [width: number, height: number] {
  const scale = Math.min(space[0] / width, space[1] / height);
  const whole = Math.floor(scale * ratio);
  const taken = whole >= 1 && whole / (scale * ratio) >= WORTH ? whole / ratio : scale;
  return [width * taken, height * taken];
}

/** An element that a component holds once it is on the page. */
interface Held<Kind> {
  readonly current: Kind | null;
}

/** Follows the space that an element has, and gives the size at which a picture is shown in it. */
export function useShownSize(space: Held<HTMLElement>, width: number, height: number): [width: number, height: number] {
  const [size, setSize] = useState<[number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = space.current!;
    const measure = (): void => setSize(shownSize([width, height], [element.clientWidth, element.clientHeight], devicePixelRatio));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // Zooming changes the ratio without the space.
    addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      removeEventListener('resize', measure);
    };
  }, [width, height]);
  return size;
}

/** Keeps a canvas as the drawing is. */
export function useDrawing(studio: Studio, canvas: Held<HTMLCanvasElement>): void {
  const editor = studio.editor.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !studio.pixels) return;
    context.putImageData(studio.pixels, 0, 0);
    return studio.onPaint(({ left, top, right, bottom }) =>
      context.putImageData(studio.pixels!, 0, 0, left, top, right - left, bottom - top),
    );
  }, [editor]);
}

/** Shows pixels on a canvas, which takes their size. */
export function showPixels(canvas: HTMLCanvasElement | null, image: ImageData): void {
  if (!canvas) return;
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
