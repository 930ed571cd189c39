import { ShadegradError } from '../../errors.js';

/** The folder of this library within the storage that a site has in a browser (the origin private file system). */
const ROOT = 'shadegrad';

/** A file that is open in a worker, which alone may have one; the DOM's types are those of pages. */
export interface SyncAccess {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}

/** Opens a file for writing, in a worker. */
export const openAccess = async (folder: FileSystemDirectoryHandle, name: string): Promise<SyncAccess> => {
  const file = (await folder.getFileHandle(name, { create: true })) as unknown as { createSyncAccessHandle(): Promise<SyncAccess> };
  return file.createSyncAccessHandle();
};

/** Opens a folder of the site's storage, and makes it where it is not there. @throws WRITE_FAILED where the browser keeps nothing */
export async function openFolder(...path: readonly string[]): Promise<FileSystemDirectoryHandle> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of [ROOT, ...path]) folder = await folder.getDirectoryHandle(name, { create: true });
    return folder;
  } catch (cause) {
    throw storageFailed('The browser keeps no files for this site', cause);
  }
}

/** What lies in a folder. */
export async function listFolder(folder: FileSystemDirectoryHandle): Promise<(FileSystemFileHandle | FileSystemDirectoryHandle)[]> {
  const entries: (FileSystemFileHandle | FileSystemDirectoryHandle)[] = [];
  // The DOM's own types lack the iterator.
  const iterable = folder as unknown as { values(): AsyncIterable<FileSystemFileHandle | FileSystemDirectoryHandle> };
  for await (const entry of iterable.values()) entries.push(entry);
  return entries;
}

/** The file of a name in a folder; null where there is none. */
export async function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return null;
    throw error;
  }
}

/** Takes a file or folder away; one that is not there is no error. */
export async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!isNamed(error, 'NotFoundError')) throw error;
  });
}

/**
 * Writes a new file, part by part, until it is on the disk; in a worker. What fails leaves no file of the name.
 *
 * @returns its bytes
 * @throws WRITE_FAILED for full storage; what making the parts throws
 */
export async function writeParts(
  folder: FileSystemDirectoryHandle,
  name: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  let access: SyncAccess | undefined;
  try {
    access = await openAccess(folder, name);
    access.truncate(0);
    let at = 0;
    for await (const part of parts) at += writeAt(access, part, at);
    access.flush();
    access.close();
    return at;
  } catch (error) {
    access?.close();
    await remove(folder, name).catch(() => undefined);
    throw error instanceof ShadegradError ? error : storageFailed('It could not be saved in the browser', error);
  }
}

/** Writes all of the bytes at a place of a file. @throws what the browser throws, QuotaExceededError where it stops short */
export function writeAt(access: SyncAccess, bytes: Uint8Array, at: number): number {
  let done = 0;
  while (done < bytes.length) {
    const written = access.write(bytes.subarray(done), { at: at + done });
    if (written === 0) throw new DOMException('no room is left', 'QuotaExceededError');
    done += written;
  }
  return done;
}

/** The error of storage that does not take what is written; other errors than the browser's own are left as they are. */
export function storageFailed(what: string, cause: unknown): unknown {
  if (!(cause instanceof DOMException)) return cause;
  if (isNamed(cause, 'QuotaExceededError')) {
    return new ShadegradError('WRITE_FAILED', `${what}: its storage for this site is full`, {
      received: cause.message,
      fix: 'delete runs or data sets that are no longer needed, or make room on the disk; what was saved before is still there',
      cause,
    });
  }
  return new ShadegradError('WRITE_FAILED', what, {
    received: `${cause.name}: ${cause.message}`,
    fix: 'allow this site to keep data (a private window keeps none), and try again',
    cause,
  });
}

/** Whether an error is one of the browser's own, of a name. */
export const isNamed = (error: unknown, name: string): boolean => error instanceof DOMException && error.name === name;

/** Asks the browser to keep the site's files even where the disk runs short. @returns whether it will */
export async function keepStorage(): Promise<boolean> {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}
