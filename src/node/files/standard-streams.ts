import type { Readable, Writable } from 'node:stream';
import { ShadegradError } from '../../errors.js';
import { MOST_BYTES, writeFailed } from './atomic.js';

/** What stands for stdin or stdout where a flag takes the name of a file; a file of this name is `./-`. */
export const STANDARD_STREAM = '-';

/** Reads a stream to its end. @throws DATA_UNREADABLE for one that is a terminal, is broken, or is larger than a file may be */
export async function readStream(stream: Readable & { readonly isTTY?: boolean }, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(stream, name)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES) throw unreadable(name, `more than ${MOST_BYTES} bytes`, 'send a single file');
  }
  return Buffer.concat(chunks);
}

/** The chunks of a stream as they come. @throws DATA_UNREADABLE */
export async function* chunksOf(stream: Readable & { readonly isTTY?: boolean }, name: string): AsyncGenerator<Uint8Array> {
  if (stream.isTTY) throw unreadable(name, 'a terminal', 'send it something: program | npx shadegrad ..., or ... < FILE');
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (cause) {
    if (cause instanceof ShadegradError) throw cause;
    throw unreadable(name, (cause as NodeJS.ErrnoException).code ?? String(cause), 'check the program that writes to it', cause);
  }
}

/**
 * What comes through a stream in pieces of one size, and what is left at its end in a shorter one. All pieces lie in the same memory: one
 * is gone when the next is asked for.
 *
 * @throws DATA_UNREADABLE
 */
export async function* piecesOf(stream: Readable, size: number, name: string): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunksOf(stream, name)) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - filled);
      piece.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < size) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function unreadable(name: string, received: string, fix: string, cause?: unknown): ShadegradError {
  return new ShadegradError('DATA_UNREADABLE', `Could not read ${name}`, { expected: 'a file or a pipe', received, fix, cause });
}

/**
 * Writes to a stream, and waits until its reader has room for more.
 *
 * @returns whether there is a reader: a pipe whose other end has been closed is no error, but nothing more need be written
 * @throws WRITE_FAILED
 */
export function writeStream(stream: Writable, bytes: Uint8Array, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => {
      if (!error) resolve(true);
      else if (isClosed(error)) resolve(false);
      else reject(writeFailed(name, error));
    });
  });
}

/** What is said of a pipe that nobody reads any more, by the system the first time and by Node from then on. */
const isClosed = (error: NodeJS.ErrnoException): boolean => ['EPIPE', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '');
