import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { crc32 } from '../../formats/crc32.js';
import { readZipDirectory, type ZipEntry } from '../../formats/zip-read.js';
import { makeFolder } from './atomic.js';
import { damaged, targetOf, Unpacked, unsafe, writeEntry, type ArchiveLimits } from './download-extract.js';
import { openFileSource } from './source.js';

const STORED = 0;
const DEFLATED = 8;
/** What macOS puts into archives beside the files. */
const ASIDE = /^__MACOSX\//;
const ROLE = { what: 'archive', advice: 'it was fetched a moment ago', damaged: 'DATA_UNREADABLE' } as const;

/**
 * Unpacks a zip archive of files and folders. A link in it becomes a file with its text: nothing is followed.
 *
 * @param folder an absolute path
 * @param url names the archive in errors
 * @throws DOWNLOAD_FAILED for a damaged archive, an entry that points outside, or more than `most`; WRITE_FAILED
 */
export async function extractZip(archive: string, folder: string, url: string, most: ArchiveLimits): Promise<void> {
  const unpacked = new Unpacked(url, most);
  const source = await openFileSource(archive, ROLE);
  try {
    for (const entry of (await readZipDirectory(source)).values()) {
      if (ASIDE.test(entry.name)) continue;
      unpacked.addEntry();
      const target = targetOf(folder, entry.name, url);
      const isFolder = entry.name.endsWith('/');
      await makeFolder(isFolder ? target : dirname(target));
      if (!isFolder) await writeEntry(contentOf(archive, entry, url), target, unpacked);
    }
  } catch (cause) {
    throw damaged(url, '.zip', cause);
  } finally {
    await source.close();
  }
}

async function* contentOf(archive: string, { name, start, size, method, crc }: ZipEntry, url: string): AsyncGenerator<Uint8Array> {
  if (method !== STORED && method !== DEFLATED) throw unsafe(url, `${JSON.stringify(name)} is compressed in an unknown way (${method})`);
  if (size === 0) return;
  const bytes = createReadStream(archive, { start, end: start + size - 1 });
  const inflate = createInflateRaw();
  const content: Readable = method === STORED ? bytes : bytes.pipe(inflate);
  bytes.on('error', (error) => inflate.destroy(error));
  let sum = 0;
  try {
    for await (const chunk of content) {
      sum = crc32(chunk as Uint8Array, sum);
      yield chunk as Uint8Array;
    }
  } finally {
    bytes.destroy();
    inflate.destroy();
  }
  if (sum !== crc) throw new Error(`${JSON.stringify(name)} has another checksum than the archive says`);
}
