import type { Notice } from '../../common/notices.js';

/** Where frames come from. */
export interface SourceRow {
  readonly id: 'camera' | 'file' | 'screen';
  /** In the middle of a sentence. */
  readonly name: string;
  /** Whether left and right are exchanged until the person says otherwise, as in a mirror. */
  readonly isMirrored: boolean;
  /** What becomes of it while the tab is hidden: a camera is turned off, others wait. */
  readonly whenHidden: 'stop' | 'wait';
}

/** Every kind of source. */
export const SOURCES = {
  camera: { id: 'camera', name: 'camera', isMirrored: true, whenHidden: 'stop' },
  file: { id: 'file', name: 'video', isMirrored: false, whenHidden: 'wait' },
  // Whoever shows another window hides this one by looking there.
  screen: { id: 'screen', name: 'screen', isMirrored: false, whenHidden: 'wait' },
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
};

/** What to tell of whatever a browser threw when a source was opened. */
export function refusalOf(error: unknown, { name }: SourceRow): unknown {
  if (!(error instanceof Error)) return error;
  const words = REFUSALS[error.name]?.(name);
  return words ? problem(...words, `${error.name}: ${error.message}`) : error;
}

/**
 * Asks for a camera.
 *
 * @param deviceId of the one to take; the browser's choice where there is none
 * @throws SourceError
 */
export async function askCamera(deviceId?: string): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw insecure('camera');
  const chosen = deviceId === undefined ? {} : { deviceId: { exact: deviceId } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, ...chosen } });
  } catch (error) {
    throw refusalOf(error, SOURCES.camera);
  }
}

/**
 * Asks for the screen, a window or a tab.
 *
 * @throws SourceError
 */
export async function askScreen(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw insecure('screen');
  if (!('getDisplayMedia' in navigator.mediaDevices))
    throw problem('This browser cannot film the screen', 'Browsers of phones do not offer it.', 'Use the camera, or open a video file.');
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
export const unplayable = (name: string, details: unknown): SourceError =>
  problem(
    `“${name}” cannot be played`,
    'It is no video, or of a kind that this browser does not know.',
    'MP4 (H.264) and WebM play in most browsers.',
    details,
  );

/** The cameras that can be chosen, with their names; these are known only once a camera has been allowed. */
export async function listCameras(): Promise<readonly { readonly id: string; readonly title: string }[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }, at) => ({ id: deviceId, title: label || `Camera ${at + 1}` }));
}
