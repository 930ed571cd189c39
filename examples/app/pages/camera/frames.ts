/**
 * Calls back at each new frame of a video, with how many came since the last call that the page was too busy to hear of.
 *
 * @returns ends it
 */
export function followFrames(video: HTMLVideoElement, onFrame: (missed: number) => void): () => void {
  return 'requestVideoFrameCallback' in video ? byVideo(video, onFrame) : byScreen(video, onFrame);
}

function byVideo(video: HTMLVideoElement, onFrame: (missed: number) => void): () => void {
  let last: number | undefined;
  const next: VideoFrameRequestCallback = (_, { presentedFrames }) => {
    handle = video.requestVideoFrameCallback(next);
    onFrame(last === undefined ? 0 : Math.max(0, presentedFrames - last - 1));
    last = presentedFrames;
  };
  let handle = video.requestVideoFrameCallback(next);
  return () => video.cancelVideoFrameCallback(handle);
}

/** For browsers that do not tell of frames: a frame is new where the video's time is. */
function byScreen(video: HTMLVideoElement, onFrame: (missed: number) => void): () => void {
  let last = -1;
  const next = (): void => {
    handle = requestAnimationFrame(next);
    if (video.currentTime === last) return;
    last = video.currentTime;
    onFrame(0);
  };
  let handle = requestAnimationFrame(next);
  return () => cancelAnimationFrame(handle);
}
