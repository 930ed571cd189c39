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
    let before: number | undefined;
    try {
      before = fstatSync(this.descriptor).size;
      for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
    } catch (error) {
      if (before !== undefined) this.takeBack(this.descriptor, before);
      throw writeFailed(this.path, error);
    }
  }

  private takeBack(descriptor: number, before: number): void {
    try {
      ftruncateSync(descriptor, before);
    } catch {
      // What is said is why it could not be written; readers leave out a part of an entry at the end.
    }
  }

  /** Drops what comes after so many bytes. @throws WRITE_FAILED */
  cut(bytes: number): void {
    try {
      if (this.descriptor !== undefined && fstatSync(this.descriptor).size !== bytes) ftruncateSync(this.descriptor, bytes);
    } catch (error) {
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

  /** Closes the file. Closing it twice is harmless. @throws WRITE_FAILED where that is when the file system says that it could not write */
  close(): void {
    const { descriptor } = this;
    this.descriptor = undefined;
    try {
      if (descriptor !== undefined) closeSync(descriptor);
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }
}
