import { ShadegradError } from 'shadegrad';
import type { ModelRow } from './model-rows.js';

/** The browser's cache of models: kept until they are deleted here or the browser's data are. */
const CACHE = 'shadegrad-models-1';

const addressOf = ({ file }: ModelRow): string => new URL(`models/${file}`, document.baseURI).href;

/** Whether a model that comes with the site is in the browser already. */
export async function isKept(row: ModelRow): Promise<boolean> {
  if (row.file === undefined || !('caches' in globalThis)) return false;
  return (await (await caches.open(CACHE)).match(addressOf(row))) !== undefined;
}

/** Forgets a model that is kept: it is loaded again when it is next chosen. */
export async function forgetModel(row: ModelRow): Promise<void> {
  if ('caches' in globalThis) await (await caches.open(CACHE)).delete(addressOf(row));
}

/**
 * Loads the file of a model that comes with the site, out of the browser's cache where it is there, and compares its hash.
 *
 * @param progress told how many bytes have come
 * @throws DOWNLOAD_FAILED, WEIGHTS_CORRUPT
 */
export async function fetchModel(row: ModelRow, progress: (bytes: number) => void): Promise<Blob> {
  const address = addressOf(row);
  const cache = 'caches' in globalThis ? await caches.open(CACHE) : undefined;
  const kept = await cache?.match(address);
  const blob = kept ? await kept.blob() : await download(address, row, progress);
  if (kept && blob.size === row.bytes) return blob;
  await expectHash(blob, row);
  // Where the browser keeps nothing more, the model works all the same.
  await cache?.put(address, new Response(blob)).catch(() => undefined);
  return blob;
}

async function download(address: string, { title, bytes }: ModelRow, progress: (bytes: number) => void): Promise<Blob> {
  const failed = (received: string, cause?: unknown): ShadegradError =>
    new ShadegradError('DOWNLOAD_FAILED', `the model "${title}" could not be loaded`, {
      received,
      fix: 'check the connection and choose the model again',
      ...(cause !== undefined && { cause }),
    });
  try {
    const response = await fetch(address);
    if (!response.ok || !response.body) throw failed(`${response.status} ${response.statusText} of ${address}`);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let come = 0;
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      progress((come += value.length));
    }
    if (come !== bytes) throw failed(`${come} bytes in the place of ${bytes}`);
    return new Blob(parts);
  } catch (error) {
    throw error instanceof ShadegradError ? error : failed(String(error), error);
  }
}

async function expectHash(blob: Blob, { title, sha256 }: ModelRow): Promise<void> {
  if (sha256 === undefined) return;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found === sha256) return;
  throw new ShadegradError('WEIGHTS_CORRUPT', `the file of the model "${title}" is another than the site was built with`, {
    expected: sha256,
    received: found,
    fix: 'load the page again; if that does not help, tell whoever runs this site',
  });
}
