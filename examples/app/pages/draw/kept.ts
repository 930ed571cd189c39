import { resized, type Raster } from './raster.js';
import type { Subject } from './studio.js';

/** Drawings outlive a reload of their tab, and no more: another tab has drawings of its own. */
const PREFIX = 'shadegrad drawing';
const SEED = 'shadegrad seed';

const nameOf = ({ input, palette }: Subject): string => `${PREFIX} ${input} ${input === 'labels' ? palette.name : ''}`;

const textOf = (bytes: Uint8Array): string => {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
};

/** What is to be kept, and not yet is. */
let waiting: { readonly subject: Subject; readonly raster: Raster } | null = null;
let isWatching = false;

/**
 * Keeps a drawing for a reload, when the page has nothing else to do: a stroke is answered first. Where the browser keeps no more, drawing
 * goes on all the same.
 */
export function keepDrawing(subject: Subject, raster: Raster): void {
  if (waiting && nameOf(waiting.subject) !== nameOf(subject)) keepNow();
  const isAsked = waiting !== null;
  waiting = { subject, raster };
  if (!isWatching) addEventListener('pagehide', keepNow);
  isWatching = true;
  // Not in Safari.
  if (isAsked) return;
  if ('requestIdleCallback' in globalThis) requestIdleCallback(keepNow, { timeout: 1000 });
  else setTimeout(keepNow, 200);
}

function keepNow(): void {
  if (!waiting) return;
  const { subject, raster } = waiting;
  waiting = null;
  const { width, height, channels, data } = raster;
  try {
    sessionStorage.setItem(nameOf(subject), [width, height, channels, textOf(data)].join('.'));
  } catch {
    // Rather none than an earlier one.
    forgetDrawing(subject);
  }
}

/** Forgets a drawing that was kept. */
function forgetDrawing(subject: Subject): void {
  try {
    sessionStorage.removeItem(nameOf(subject));
  } catch {
    // There is no storage at all.
  }
}

/** The drawing that was kept, at the subject's size. */
export function keptDrawing(subject: Subject, values: number): Raster | null {
  keepNow();
  try {
    const [width = 0, height = 0, channels = 0, text = ''] = (sessionStorage.getItem(nameOf(subject)) ?? '').split('.');
    const data = Uint8Array.from(atob(String(text)), (letter) => letter.charCodeAt(0));
    const raster = { width: Number(width), height: Number(height), channels: Number(channels) as 1 | 3, data };
    const isWhole = data.length > 0 && data.length === raster.width * raster.height * raster.channels;
    const isOfKind = raster.channels === (subject.input === 'pictures' ? 3 : 1);
    if (!isWhole || !isOfKind || (raster.channels === 1 && data.some((value) => value >= values))) return null;
    return resized(raster, subject.width, subject.height);
  } catch {
    return null;
  }
}

/** Keeps the seed that results are of for a reload, and for when one comes back from another page. */
export function keepSeed(seed: number): void {
  try {
    sessionStorage.setItem(SEED, String(seed));
  } catch {
    // Then it begins with the first one again.
  }
}

/** The seed that was kept; null where there is none. */
export function keptSeed(): number | null {
  try {
    const seed = Number(sessionStorage.getItem(SEED));
    return Number.isInteger(seed) && seed > 0 && seed < 2 ** 32 ? seed : null;
  } catch {
    return null;
  }
}
