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

/** Fills a canvas with the middle of what a video shows now, as it is or as in a mirror. */
export function drawCover(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  video: HTMLVideoElement,
  isMirrored: boolean,
): void {
  const { width, height } = context.canvas;
  context.setTransform(isMirrored ? -1 : 1, 0, 0, 1, isMirrored ? width : 0, 0);
  context.imageSmoothingQuality = 'high';
  context.drawImage(video, ...coverOf(video.videoWidth, video.videoHeight, width, height), 0, 0, width, height);
  context.resetTransform();
}
