/** The largest part of a picture that has the proportions of another, about its middle. */
export function coverOf(
  width: number,
  height: number,
  across: number,
  down: number,
): readonly [left: number, top: number, width: number, height: number] {
  const unit = Math.min(width / across, height / down);
  const [w, h] = [across * unit, down * unit];
  return [(width - w) / 2, (height - h) / 2, w, h];
}

/** Fills a canvas with the middle of a picture. */
export function drawCover(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  picture: HTMLVideoElement | ImageBitmap,
  across: number,
  down: number,
): void {
  const [width, height] = 'videoWidth' in picture ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, ...coverOf(width, height, across, down), 0, 0, across, down);
}
