import { report, type Notice } from '../../common/notices.js';

/** Kinds of files to record, the first that a browser can write is taken; Safari has MP4 alone. */
const TYPES = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'];

/** A recording of a canvas. */
export interface Recording {
  /** Its file, once it is stopped, or has stopped by itself because the browser failed at it. */
  readonly file: Promise<File>;
  stop(): void;
  /** Leaves out what follows, until resume(). */
  pause(): void;
  resume(): void;
}

const CANNOT: Notice = {
  id: 'recording',
  kind: 'problem',
  title: 'This browser cannot record',
  text: 'It has no recorder for canvases (MediaRecorder), or none for WebM.',
  fix: 'Save pictures, or film the screen by another program.',
};

/**
 * Records what a canvas shows; null where the browser cannot, which is told.
 *
 * @param progress told how many bytes there are, each second
 */
export function recordCanvas(canvas: HTMLCanvasElement, progress: (bytes: number) => void): Recording | null {
  const type = typeof MediaRecorder === 'undefined' ? undefined : TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  if (type === undefined || !('captureStream' in canvas)) {
    report(CANNOT);
    return null;
  }
  const stream = canvas.captureStream();
  const recorder = new MediaRecorder(stream, { mimeType: type });
  const parts: Blob[] = [];
  let bytes = 0;
  recorder.addEventListener('dataavailable', ({ data }) => {
    parts.push(data);
    progress((bytes += data.size));
  });
  // It stops by itself, too, where it fails: what there is until then is the file.
  const file = new Promise<File>((resolve) => {
    recorder.addEventListener('stop', () => {
      for (const track of stream.getTracks()) track.stop();
      const kind = type.replace(/;.*/, '');
      resolve(new File(parts, `shadegrad-camera.${kind === 'video/mp4' ? 'mp4' : 'webm'}`, { type: kind }));
    });
  });
  recorder.start(1000);
  return {
    file,
    stop: () => void (recorder.state !== 'inactive' && recorder.stop()),
    pause: () => void (recorder.state === 'recording' && recorder.pause()),
    resume: () => void (recorder.state === 'paused' && recorder.resume()),
  };
}
