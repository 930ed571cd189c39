import { promises as nodeFiles } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { stepOf } from '../../../formats/tensorboard-event.js';
import { RECORD_HEADER_BYTES, tfRecordLength } from '../../../formats/tfrecord.js';
import { writeFailed } from '../../files/atomic.js';

const EVENT_FILE = /^events\.out\.tfevents\.\d{10}\./;
/** Enough of an event for its time and its step. */
const BEGINNING_BYTES = 32;

/** The files of events in a folder, the oldest first; none where there is no folder. */
export async function eventFiles(folder: string): Promise<string[]> {
  const names = await nodeFiles.readdir(folder).catch((): string[] => []);
  return names
    .filter((name) => EVENT_FILE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The path of a new file of events, as TensorBoard wants it: it reads the files of a folder in the order of their names. */
export async function newEventFile(folder: string, seconds: number): Promise<string> {
  const last = (await eventFiles(folder)).at(-1);
  // Two processes may follow each other within a second, and a clock may be set back.
  const after = last === undefined ? 0 : Number(/tfevents\.(\d{10})/.exec(last)![1]) + 1;
  const time = String(Math.max(Math.floor(seconds), after)).padStart(10, '0');
  return join(folder, `events.out.tfevents.${time}.${hostname().replace(/[^\w.-]/g, '_')}.${process.pid}`);
}

/**
 * Cuts what comes after a step off a file of events: these steps are about to be run again. So is a record that a crash has cut short.
 *
 * @throws WRITE_FAILED
 */
export async function cutEvents(path: string, lastStep: number): Promise<void> {
  try {
    const handle = await nodeFiles.open(path, 'r+');
    try {
      const { size } = await handle.stat();
      const header = new Uint8Array(RECORD_HEADER_BYTES + BEGINNING_BYTES);
      let end = 0;
      while (end < size) {
        const { bytesRead } = await handle.read(header, 0, header.length, end);
        const length = tfRecordLength(header.subarray(0, bytesRead));
        if (length === null || end + length > size) break;
        if (stepOf(header.subarray(RECORD_HEADER_BYTES, Math.min(bytesRead, length))) > lastStep) break;
        end += length;
      }
      if (end < size) await handle.truncate(end);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw writeFailed(path, error);
  }
}
