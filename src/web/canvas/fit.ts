import type { PixelWindow } from '../../kernels/pixels.js';

type Sides = readonly [width: number, height: number];

/** Which part of a picture an image of other proportions shows, by the names that CSS has for it in object-fit. */
export const CANVAS_FITS: Readonly<Record<CanvasFit, (source: Sides, target: Sides) => PixelWindow>> = {
  cover: (source, target) => middle(source, target, Math.min),
  contain: (source, target) => middle(source, target, Math.max),
  stretch: ([width, height]) => ({ left: 0, top: 0, width, height }),
};

/**
 * How a picture of other proportions becomes an image: 'cover' fills it and cuts off what is left over, 'contain' shows all of it between
 * bars of the background, and 'stretch' distorts it.
 */
export type CanvasFit = 'cover' | 'contain' | 'stretch';

/** The window of the target's proportions about the middle: the largest inside the picture, or the smallest around it. */
function middle([width, height]: Sides, [across, down]: Sides, pick: (a: number, b: number) => number): PixelWindow {
  const unit = pick(width / across, height / down);
  const [w, h] = [Math.max(1, Math.round(unit * across)), Math.max(1, Math.round(unit * down))];
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}
