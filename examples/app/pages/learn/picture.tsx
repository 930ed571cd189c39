import type { RgbImage } from 'shadegrad';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ComponentChildren, VNode } from 'preact';

/** A picture with its name below. */
export function Picture(props: {
  readonly image: RgbImage;
  readonly label: string;
  readonly pixels?: boolean;
  /** What lies over it, placed in shares of its sides. */
  readonly over?: ComponentChildren;
  /** Told where the pointer is, in shares of the picture's sides. */
  onPoint?(x: number, y: number): void;
}): VNode {
  const { image, label, pixels = false, over, onPoint } = props;
  const point = (event: PointerEvent): void => {
    const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    onPoint?.((event.clientX - left) / width, (event.clientY - top) / height);
  };
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const { width, height, data } = image;
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) for (let c = 0; c < 3; c++) rgba[4 * pixel + c] = data[3 * pixel + c]!;
    canvas.current?.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  }, [image]);
  return (
    <figure class="learn-figure">
      <div class="learn-over" onPointerMove={point} onPointerDown={point}>
        <canvas
          ref={canvas}
          class={`picture${pixels ? ' pixels' : ''}`}
          width={image.width}
          height={image.height}
          role="img"
          aria-label={label}
        />
        {over}
      </div>
      <figcaption class="quiet">{label}</figcaption>
    </figure>
  );
}
