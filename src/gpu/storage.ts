import { ShadegradError } from '../errors.js';
import { span, WriteLog, type Region, type Write } from './write-log.js';

/**
 * A block of GPU memory. While a step is traced it is only promised (`buffer` is null): the recording's memory
 * plan gives it a buffer later. Reference counted, because several tensors may be views of one block.
 */
export class Storage {
  private static nextId = 1;
  readonly id = Storage.nextId++;
  private references = 1;
  private lostItsBuffer = false;
  /** What was written, and when. */
  private readonly writes = new WriteLog();
  /** What a function that is being traced would write; null outside. It did not happen, and is forgotten when the trace ends. */
  private tracedWrites: WriteLog | null = null;

  constructor(
    /** Bytes that the owner asked for; the buffer may be larger. */
    readonly bytes: number,
    readonly label: string,
    public buffer: GPUBuffer | null,
    private readonly onFree: (storage: Storage) => void,
    /** The Gpu that the memory belongs to; null for memory of none, in tests. */
    readonly owner: object | null = null,
  ) {}

  get freed(): boolean {
    return this.references === 0;
  }

  retain(): this {
    this.assertLive();
    this.references++;
    return this;
  }

  release(): void {
    if (this.references === 0) this.assertLive();
    if (--this.references === 0) this.onFree(this);
  }

  /** Notes that a kernel, an upload, a copy or a recorded step writes here. */
  noteWrite(region: Region, by: string): void {
    this.writes.note(region, by);
  }

  /** Notes what a traced function would write. */
  noteTracedWrite(region: Region, by: string): void {
    (this.tracedWrites ??= new WriteLog()).note(region, by);
  }

  forgetTracedWrites(): void {
    this.tracedWrites = null;
  }

  /** The latest write to a region after a time of `writeTime()`; null if there was none. */
  writtenSince(time: number, region: Region): Write | null {
    return this.tracedWrites?.since(time, region) ?? this.writes.since(time, region);
  }

  /** For results of a recorded step, whose buffers go with it. */
  invalidate(): void {
    this.lostItsBuffer = true;
  }

  assertLive(): void {
    if (this.references === 0) {
      throw new ShadegradError('USE_AFTER_FREE', `tensor "${this.label}" (${this.bytes} bytes) is used after it was disposed`, {
        expected: 'a live tensor',
        fix: 'return it from the scope that made it, or keep() it there, or dispose it later',
      });
    }
    if (this.lostItsBuffer) {
      throw new ShadegradError(
        'USE_AFTER_FREE',
        `tensor "${this.label}" (${this.bytes} bytes) is used after the recorded step that made it was destroyed`,
        {
          expected: 'a live recording',
          fix: 'copy the tensor, or destroy the recording later',
        },
      );
    }
  }
}

/** All that a storage holds, as a region of it. */
export function wholeOf(storage: Storage): Region {
  return span(0, storage.bytes);
}

/** A tensor's memory as a kernel sees it: a range of bytes, read or written. Made by `tensor.read()` and `tensor.written()`. */
export interface Binding {
  /** The memory that the range is a part of. @internal */
  readonly storage: Storage;
  /** Bytes from the start of the memory to the range; a multiple of 256. */
  readonly offset: number;
  /** The length of the range in bytes. */
  readonly bytes: number;
  /** What the kernel does with it. */
  readonly access: 'read' | 'write';
  /** The bytes of the storage that the tensor consists of; a channel slice has gaps, and the range above contains them. @internal */
  readonly region: Region;
}
