/** Makes a video for a source. It is on the page without being seen: some browsers slow down videos that are on none. */
export function newVideo(): HTMLVideoElement {
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, className: 'film-video' });
  video.setAttribute('aria-hidden', 'true');
  document.body.append(video);
  return video;
}

/** The tracks of a camera or a screen; a file has none. */
export const tracksOf = (video: HTMLVideoElement): readonly MediaStreamTrack[] =>
  video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : [];

/** Ends a source, and takes its video off the page: a camera's light goes out. */
export function letGo(video: HTMLVideoElement): void {
  for (const track of tracksOf(video)) track.stop();
  const { src } = video;
  video.pause();
  video.srcObject = null;
  if (src) URL.revokeObjectURL(src);
  video.removeAttribute('src');
  video.remove();
}
