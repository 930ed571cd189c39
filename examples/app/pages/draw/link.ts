import type { Raster } from './raster.js';

/** What a link with a drawing says when it cannot be read: words for the person. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

/** Longest text of a drawing in an address: far less than browsers take, and more than most drawings need. */
export const MOST_LETTERS = 30_000;
/** Longest side of a drawing. */
const MOST_SIDE = 2048;
const VERSION = '1';

/**
 * The text of a drawing for an address: sides, then run lengths of what differs from the row above, deflated, in base64url.
 *
 * @throws LinkError for a drawing that is too large for an address
 */
export async function encodeDrawing({ width, height, data }: Raster): Promise<string> {
  const packed = await through(new CompressionStream('deflate-raw'), runsOf(data, width));
  const text = [VERSION, width, height, base64url(packed!)].join('.');
  if (text.length <= MOST_LETTERS) return text;
  throw new LinkError(
    `It has so many details that the address would have ${text.length.toLocaleString('en')} letters; ` +
      `${MOST_LETTERS.toLocaleString('en')} is the most. Save it as a picture instead: dropped on this page, it opens again.`,
  );
}

/**
 * Reads what encodeDrawing() wrote.
 *
 * @param values how many swatches there are
 * @throws LinkError for anything else
 */
export async function decodeDrawing(text: string, values: number): Promise<Raster> {
  if (text.length > MOST_LETTERS) throw new LinkError('The address is longer than any that this page makes.');
  const [version, ...rest] = text.split('.');
  if (version !== VERSION) throw new LinkError('The drawing in it is of a later or another program.');
  const [width = 0, height = 0] = rest.slice(0, 2).map(Number);
  const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1 && side <= MOST_SIDE;
  if (rest.length !== 3 || !isSide(width) || !isSide(height)) throw damaged();
  const bytes = fromBase64url(rest[2]!);
  // A run takes two to five bytes, and has a pixel at least.
  const runs = bytes && (await through(new DecompressionStream('deflate-raw'), bytes, 5 * width * height).catch(() => undefined));
  if (!runs) throw damaged();
  const data = cellsOf(runs, width, height);
  if (data.some((value) => value >= values)) throw new LinkError('It was drawn with another palette than this model has.');
  return { width, height, channels: 1, data };
}

const damaged = (): LinkError =>
  new LinkError('The drawing in it is cut off or changed, as happens when a mail or a chat breaks a long address. Ask for the link again.');

/** What differs from the row above is its value and 1, and what does not is 0: then runs of [value, length]. */
function runsOf(data: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const runs: number[] = [];
  const differs = (at: number): number => (at >= width && data[at] === data[at - width] ? 0 : data[at]! + 1);
  for (let at = 0; at < data.length; ) {
    const value = differs(at);
    const start = at++;
    while (at < data.length && differs(at) === value) at++;
    runs.push(value);
    let length = at - start;
    for (; length >= 128; length >>>= 7) runs.push((length & 127) | 128);
    runs.push(length);
  }
  return Uint8Array.from(runs);
}

function cellsOf(runs: Uint8Array, width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height);
  let at = 0;
  for (let place = 0; place < runs.length; ) {
    const value = runs[place++]!;
    let [length, shift, byte] = [0, 0, 128];
    for (; byte >= 128 && shift < 28; shift += 7) {
      byte = runs[place++] ?? 256;
      if (byte === 256) throw damaged();
      length += (byte & 127) * 2 ** shift;
    }
    if (length < 1 || at + length > data.length || (value === 0 && at < width)) throw damaged();
    for (const end = at + length; at < end; at++) data[at] = value === 0 ? data[at - width]! : value - 1;
  }
  if (at !== data.length) throw damaged();
  return data;
}

/** What a stream makes of bytes; undefined where that is more than `most`. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  most = Infinity,
): Promise<Uint8Array | undefined> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length > most) {
      await reader.cancel();
      return undefined;
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function base64url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}
