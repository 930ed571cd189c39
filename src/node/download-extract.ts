import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ShadegradError } from '../gpu/errors.js';
import { writeFailed } from './files.js';

function unsafe(url: string, what: string): ShadegradError {
  return new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} is not to be trusted: ${what}`, {
    expected: 'files and folders that stay inside the archive',
    fix: 'Do not use this archive. Check the address.',
  });
}

async function writeEntry(entry: AsyncIterable<Uint8Array>, target: string): Promise<void> {
  const handle = await open(target, 'wx').catch((cause) => Promise.reject(writeFailed(target, cause)));
  try {
    for await (const chunk of entry) {
      await handle.writeFile(chunk).catch((cause) => Promise.reject(writeFailed(target, cause)));
    }
    await handle.sync().catch((cause) => Promise.reject(writeFailed(target, cause)));
  } finally {
    await handle.close();
  }
}

/**
 * Unpack a gzipped tar archive of plain files and folders into `folder`, an absolute path. `url` goes into the errors:
 * DOWNLOAD_FAILED for a damaged archive, a link, or an entry that points outside; WRITE_FAILED.
 */
export async function extractTarGz(archive: string, folder: string, url: string): Promise<void> {
  const reader = extract();
  const finished = pipeline(createReadStream(archive), createGunzip(), reader);
  // The loop below may throw first; this rejection is awaited after it.
  finished.catch(() => undefined);
  try {
    for await (const entry of reader) {
      const { name, type } = entry.header;
      const target = resolve(folder, name);
      const inside = target === folder || target.startsWith(folder + sep);
      if (!inside || name.includes('\0') || name.includes('\\')) throw unsafe(url, `an entry named ${JSON.stringify(name)}`);
      if (type !== 'file' && type !== 'directory') throw unsafe(url, `${JSON.stringify(name)} is a ${type}`);
      await mkdir(type === 'directory' ? target : dirname(target), { recursive: true }).catch((cause) => {
        throw writeFailed(target, cause);
      });
      if (type === 'file') await writeEntry(entry as unknown as AsyncIterable<Uint8Array>, target);
      else entry.resume();
    }
    await finished;
  } catch (cause) {
    reader.destroy();
    if (cause instanceof ShadegradError) throw cause;
    throw new ShadegradError('DOWNLOAD_FAILED', `The archive at ${url} is damaged.`, {
      expected: 'a whole .tar.gz',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'Try again later, or fetch the archive by hand and unpack it.',
      cause,
    });
  }
}
