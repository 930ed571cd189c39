import type { Notice } from '../../common/notices.js';

/** Where frames come from. */
export interface SourceRow {
  readonly id: 'camera' | 'file' | 'screen';
  /** In the middle of a sentence. */
  readonly name: string;
  /** What becomes of it while the tab is hidden: a camera is turned off, others wait. */
  readonly whenHidden: 'stop' | 'wait';
  /** What is said of it where no frames come, after "No picture comes from the ...". */
  readonly ifSilent: string;
}

/** Every kind of source. */
export const SOURCES = {
  camera: { id: 'camera', name: 'camera', whenHidden: 'stop', ifSilent: 'Is its cover closed, or does another program use it?' },
  file: { id: 'file', name: 'video', whenHidden: 'wait', ifSilent: 'It may be a large file; or try another one.' },
  // Whoever shows another window hides this one by looking there.
  screen: { id: 'screen', name: 'screen', whenHidden: 'wait', ifSilent: 'What is shown must be in sight, and not be made small.' },
} as const satisfies Readonly<Record<string, SourceRow>>;

/** A source that cannot be opened, with words for the person. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  constructor(readonly notice: Notice) {
    super(notice.title);
  }
}

const problem = (title: string, text: string, fix: string, details?: unknown): SourceError =>
  new SourceError({ id: 'camera source', kind: 'problem', title, text, fix, ...(details !== undefined && { details: String(details) }) });

/** What a browser's refusals mean for a source, by the names of its errors. */
const REFUSALS: Readonly<Record<string, (name: string) => readonly [title: string, text: string, fix: string]>> = {
  NotAllowedError: (name) => [
    `The ${name} was not allowed`,
    `This page may not use the ${name}: you, the browser or the system said no.`,
    `Allow it in the site’s settings (the sign beside the address), and start again; or open a video file.`,
  ],
  NotFoundError: (name) => [
    `There is no ${name}`,
    `The browser finds no ${name} here.`,
    'Connect one and start again, or open a video file.',
  ],
  NotReadableError: (name) => [
    `The ${name} cannot be read`,
    'Another program may be using it, or the system holds it back.',
    'Close that program and start again.',
  ],
  NotSupportedError: (name) => [
    `This browser gives no ${name}`,
    'It does not let pages use one.',
    'Open a video file, or use another browser.',
  ],
};

/** What is told of any other error. */
const UNKNOWN = (name: string): readonly [title: string, text: string, fix: string] => [
  `The ${name} did not start`,
  'The browser gave up on it.',
  'Start again, or open a video file.',
];

/** Other names for the same, by browsers and by ways to ask. */
const ALIASES: Readonly<Record<string, string>> = { SecurityError: 'NotAllowedError', OverconstrainedError: 'NotFoundError' };

/** What to tell of whatever a browser threw when a source was opened. */
export function refusalOf(error: unknown, { name }: SourceRow): SourceError {
  // Not every browser's OverconstrainedError is an Error.
  const { name: kind = '', message = '' } = (error ?? {}) as Partial<Error>;
  const words = REFUSALS[ALIASES[kind] ?? kind] ?? UNKNOWN;
  return problem(...words(name), `${kind}: ${message}`);
}

/**
 * Asks for a camera.
 *
 * @param deviceId of the one to take; where it is gone, or none is named, the browser's choice
 * @throws SourceError
 */
export async function askCamera(deviceId?: string): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw insecure('camera');
  const ask = (chosen: MediaTrackConstraints): Promise<MediaStream> =>
    navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, ...chosen } });
  try {
    if (deviceId === undefined) return await ask({});
    return await ask({ deviceId: { exact: deviceId } }).catch((error: unknown) => {
      if ((error as Partial<Error> | null)?.name === 'OverconstrainedError') return ask({});
      throw error;
    });
  } catch (error) {
    throw refusalOf(error, SOURCES.camera);
  }
}

/** Whether the browser can film the screen; those of phones cannot. */
export const canFilmScreen = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/**
 * Asks for the screen, a window or a tab.
 *
 * @throws SourceError
 */
export async function askScreen(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getDisplayMedia({ video: true });
  } catch (error) {
    throw refusalOf(error, SOURCES.screen);
  }
}

const insecure = (name: string): SourceError =>
  problem(
    `This page cannot use a ${name}`,
    'Browsers give it only to pages on https or localhost.',
    'Open a video file, or the page at such an address.',
  );

/** What to tell of a file that does not play. */
const unplayable = (name: string, details: unknown): SourceError =>
  problem(
    `“${name}” cannot be played`,
    'It is no video, or of a kind that this browser does not know.',
    'MP4 (H.264) and WebM play in most browsers.',
    details,
  );

/**
 * Loads a file into a video, which plays it again and again.
 *
 * @throws SourceError for what is no video, and for sound alone
 */
export async function loadFile(video: HTMLVideoElement, file: File): Promise<void> {
  video.loop = true;
  video.src = URL.createObjectURL(file);
  await new Promise<void>((resolve, reject) => {
    video.addEventListener('loadeddata', () => (video.videoWidth > 0 ? resolve() : reject(unplayable(file.name, 'no pictures in it'))));
    video.addEventListener('error', () => reject(unplayable(file.name, video.error?.message)));
  });
}

/** Whether left and right are exchanged until the person says otherwise: as in a mirror, where one sees oneself. */
export function looksBack(track: MediaStreamTrack | undefined, source: SourceRow): boolean {
  // The camera on the back of a phone shows the world.
  return source.id === 'camera' && track?.getSettings().facingMode !== 'environment';
}

/** The cameras that can be chosen, with their names; these are known only once a camera has been allowed. */
export async function listCameras(): Promise<readonly { readonly id: string; readonly title: string }[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }, at) => ({ id: deviceId, title: label || `Camera ${at + 1}` }));
}
