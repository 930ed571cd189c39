import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { writeFailed } from './atomic.js';

/** A file that grows at its end: what is appended is in it whole or not at all, also for other programs that read it meanwhile. */
export class AppendedFile {
  private descriptor: number | undefined;

  /** Opens a file, which is made if it is missing. @throws WRITE_FAILED */
  constructor(readonly path: string) {
    try {
      this.descriptor = openSync(path, 'a');
    } catch (error) {
      throw writeFailed(path, error);
    }
  }

  /** Appends bytes. They are in the file (though maybe not on the disk) when this returns. @throws WRITE_FAILED */
  append(bytes: Uint8Array): void {
    if (this.descriptor === undefined || bytes.length === 0) return;
    const before = fstatSync(this.descriptor).size;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
    } catch (error) {
      ftruncateSync(this.descriptor, before);
      throw writeFailed(this.path, error);
    }
  }

  /** Waits until all of it is on the disk. @throws WRITE_FAILED */
  flush(): void {
    try {
      if (this.descriptor !== undefined) fsyncSync(this.descriptor);
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /** Closes the file. Closing it twice is harmless. */
  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}
