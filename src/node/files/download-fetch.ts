import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgressCallback } from '../../data/dataset.js';
import { ShadegradError } from '../../errors.js';
import { writeFailed } from './atomic.js';
import { formatBytes } from '../../formats/words.js';

/** What a file that is fetched is to its user, for errors, and how it is told from something else. */
export interface FetchedKind {
  /** Such as `archive`. */
  readonly noun: string;
  /** What to do where it cannot be fetched. */
  readonly byHand: string;
  /** Whether it may begin with these bytes; a server may send a page in its place. Left out where anything may. */
  isStart?(start: Uint8Array): boolean;
}

export interface FetchOptions {
  onProgress?: ProgressCallback;
  /** What fetches the archive. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** The tries in all before giving up on a lost connection or a busy server. Default 4. */
  attempts?: number;
  /** The milliseconds before the second try, doubled for each further one. Default 1000. */
  retryDelay?: number;
  /** The milliseconds without a byte after which a connection counts as lost. Default 30000. */
  stallTimeout?: number;
  /** Stops the download; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The bytes of the archive at most. Default 16 GiB. */
  mostBytes?: number;
  /** Told the bytes of the archive before the first of them is fetched, where the server says them; what it throws ends the download. */
  expectRoom?: (bytes: number) => Promise<void>;
}

/** Options of fetchToFile(), for files of any kind. */
export interface FileOptions extends FetchOptions {
  /** What is fetched. Default: an archive that can be unpacked. */
  kind?: FetchedKind;
  /** Headers for an address, asked for at each redirection: what is for one server is for no other. */
  headersFor?: (at: URL) => Readonly<Record<string, string>>;
  /** Throws for an address that nothing may be fetched from, asked before each request. */
  expectAddress?: (at: URL) => void;
  /** The mend for an answer that is none, where its status and headers say more than that. */
  explain?: (response: Response) => string | undefined;
}

/** How the archives begin that can be unpacked. */
const MAGICS = { gzip: [0x1f, 0x8b], zip: [0x50, 0x4b] } as const;

/** What kind of archive begins with these bytes; undefined for none that is known here. */
export function archiveKind(start: Uint8Array): keyof typeof MAGICS | undefined {
  const kinds = Object.keys(MAGICS) as (keyof typeof MAGICS)[];
  return kinds.find((kind) => MAGICS[kind].every((byte, at) => start[at] === byte));
}

const MOST_ARCHIVE_BYTES = 16 * 2 ** 30;
const MOST_REDIRECTS = 10;

function failed(url: string, received: string, fix: string, cause?: unknown): ShadegradError {
  return new ShadegradError('DOWNLOAD_FAILED', `Could not download ${url}`, { received, fix, cause });
}

const ARCHIVE: FetchedKind = {
  noun: 'archive',
  byHand: 'fetch the archive by hand and unpack it',
  isStart: (start) => archiveKind(start) !== undefined,
};

const tryAgain = ({ byHand }: FetchedKind): string => `check the internet connection and try again, or ${byHand}`;

/** The answer of a server that will be the same each time, as the cause of an error. */
export class RefusedRequest extends Error {
  constructor(readonly status: number) {
    super(`HTTP status ${status}`);
  }
}

/** Something worth another try. */
class LostConnection extends Error {}

/** What the system says of an address at which no second try will find anything. */
const HOPELESS = /^(ENOTFOUND|CERT_|ERR_TLS_CERT|ERR_SSL|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/;

/** @throws DOWNLOAD_FAILED for what is no address on the web */
export function parseUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url;
  throw failed(
    text,
    url === null ? 'no web address' : `an address that begins with ${url.protocol}`,
    'give a whole address that begins with https:// (or http://)',
  );
}

/** `fetch` says only "fetch failed"; the reason is in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${(cause as NodeJS.ErrnoException).code ?? cause.message}` : (message ?? String(error));
}

interface Transfer {
  url: string;
  path: string;
  handle: FileHandle;
  options: FileOptions;
  /** Bytes on disk so far. */
  received: number;
  /** Identifies the file on the server, so that two halves are of one file. */
  validator?: string;
}

/**
 * Fetches `url` into the new file `path`, resuming after lost connections where the server offers byte ranges. Only what
 * `kind` begins with is accepted, by default gzip and zip content, and no way from https to http.
 *
 * @throws DOWNLOAD_FAILED (at once for an address that cannot be right), WRITE_FAILED, or the signal's reason
 */
export async function fetchToFile(url: string, path: string, options: FileOptions): Promise<void> {
  const { attempts = 4, retryDelay = 1000, signal, kind = ARCHIVE } = options;
  const handle = await open(path, 'wx').catch((cause) => Promise.reject(writeFailed(path, cause)));
  const transfer: Transfer = { url, path, handle, options, received: 0 };
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await fetchRest(transfer);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof LostConnection)) throw error;
        if (attempt >= attempts) throw failed(url, `${error.message} (${attempt} attempts)`, tryAgain(kind), error.cause);
        await sleep(retryDelay * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  } finally {
    await handle.close();
  }
}

/** Aborts when the user wants to stop or nothing has come for too long. */
function watchdog(options: FetchOptions) {
  const controller = new AbortController();
  const { stallTimeout = 30_000, signal } = options;
  const bite = () => controller.abort(new LostConnection(`nothing came for ${stallTimeout / 1000} s`));
  const pass = () => controller.abort(signal?.reason);
  let timer = setTimeout(bite, stallTimeout);
  if (signal?.aborted) pass();
  signal?.addEventListener('abort', pass);
  return {
    signal: controller.signal,
    feed() {
      clearTimeout(timer);
      timer = setTimeout(bite, stallTimeout);
    },
    stop() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', pass);
    },
  };
}

async function fetchRest(transfer: Transfer): Promise<void> {
  const { url, options } = transfer;
  // The archive is compressed already: another layer would make its length and ranges unusable.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (transfer.received > 0 && transfer.validator !== undefined) {
    headers.range = `bytes=${transfer.received}-`;
    headers['if-range'] = transfer.validator;
  }
  const dog = watchdog(options);
  try {
    const response = await request(url, headers, options, dog.signal);
    const total = await begin(transfer, response);
    if (total > 0 && transfer.received === 0) await options.expectRoom?.(total);
    await receive(transfer, response, total, dog);
  } finally {
    dog.stop();
  }
}

/** Follows redirections, which `fetch` would also follow from https to http. */
async function request(url: string, headers: Record<string, string>, options: FileOptions, signal: AbortSignal): Promise<Response> {
  let at = parseUrl(url);
  for (let redirects = 0; ; redirects++) {
    options.expectAddress?.(at);
    const sent = { ...headers, ...options.headersFor?.(at) };
    const response = await (options.fetch ?? globalThis.fetch)(at.href, { headers: sent, signal, redirect: 'manual' }).catch((cause) => {
      const { code } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
      if (!signal.aborted && HOPELESS.test(code ?? '')) {
        throw failed(
          url,
          reasonOf(cause),
          code === 'ENOTFOUND'
            ? `there is no server ${at.hostname}: check the address and the internet connection`
            : 'the server cannot prove who it is: check the address',
          cause,
        );
      }
      throw lost(cause, signal);
    });
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = parseUrl(location, at.href);
    if (redirects === MOST_REDIRECTS) throw failed(url, `more than ${MOST_REDIRECTS} redirections`, 'check the address');
    if (at.protocol === 'https:' && next.protocol === 'http:') {
      throw failed(
        url,
        `a redirection to ${next.href}, where anybody on the way could change what comes`,
        `if you trust that address, ${(options.kind ?? ARCHIVE).byHand}`,
      );
    }
    at = next;
  }
}

function lost(cause: unknown, signal: AbortSignal): Error {
  return signal.reason instanceof LostConnection ? signal.reason : new LostConnection(reasonOf(cause), { cause });
}

/** Looks at the status and headers. @returns the size of the whole file, or 0 when the server does not say */
async function begin(transfer: Transfer, response: Response): Promise<number> {
  const { url, options } = transfer;
  const length = Number(response.headers.get('content-length') ?? 0);
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && range !== null && Number(range[1]) === transfer.received) {
    return transfer.received + length;
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    const status = `HTTP status ${response.status} ${response.statusText}`.trim();
    // What a range request got wrong, a busy server and a gateway may come right; the rest will not.
    if ([206, 408, 416, 429].includes(response.status) || response.status >= 500) {
      transfer.validator = undefined;
      throw new LostConnection(status);
    }
    const usual = response.status === 404 ? 'the file has moved: check the address' : tryAgain(options.kind ?? ARCHIVE);
    throw failed(url, status, options.explain?.(response) ?? usual, new RefusedRequest(response.status));
  }
  await transfer.handle.truncate(0).catch((cause) => Promise.reject(writeFailed(transfer.path, cause)));
  transfer.received = 0;
  const ranges = response.headers.get('accept-ranges') === 'bytes';
  const tag = response.headers.get('etag');
  const strongTag = tag === null || tag.startsWith('W/') ? undefined : tag;
  transfer.validator = ranges ? (strongTag ?? response.headers.get('last-modified') ?? undefined) : undefined;
  return length;
}

async function receive(transfer: Transfer, response: Response, total: number, dog: ReturnType<typeof watchdog>): Promise<void> {
  const { url, handle, options } = transfer;
  const most = options.mostBytes ?? MOST_ARCHIVE_BYTES;
  const { noun, byHand, isStart } = options.kind ?? ARCHIVE;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw lost(cause, dog.signal);
    });
    if (done) break;
    dog.feed();
    if (transfer.received === 0 && value.length > 1 && isStart?.(value) === false) {
      await reader.cancel();
      const type = response.headers.get('content-type') ?? 'unknown content';
      throw failed(url, `${type}, which is no ${noun}`, `check the address: the server sent a page instead of the ${noun}`);
    }
    if (Math.max(transfer.received + value.length, total) > most) {
      await reader.cancel();
      throw failed(url, `more than ${formatBytes(most)}`, `check the address; if the ${noun} is the right one, ${byHand}`);
    }
    let written = 0;
    while (written < value.length) {
      const part = await handle
        .write(value, written, value.length - written, transfer.received + written)
        .catch((cause) => Promise.reject(writeFailed(transfer.path, cause)));
      written += part.bytesWritten;
    }
    transfer.received += value.length;
    options.onProgress?.(transfer.received, total);
  }
  if (total > 0 && transfer.received !== total) {
    throw new LostConnection(`the connection ended after ${transfer.received} of ${total} bytes`);
  }
  await handle.sync().catch((cause) => Promise.reject(writeFailed(transfer.path, cause)));
}
