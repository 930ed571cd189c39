import { ShadegradError } from './errors.js';

/**
 * A block of GPU memory. While a step is traced it is only promised (`buffer` is null): the recording's memory
 * plan gives it a buffer later. Reference counted, because several tensors may be views of one block.
 */
export class Storage {
  private static nextId = 1;
  readonly id = Storage.nextId++;
  private references = 1;
  private lostItsBuffer = false;

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
      throw new ShadegradError('USE_AFTER_FREE', `tensor "${this.label}" (${this.bytes} bytes) is used after the recorded step that made it was destroyed`, {
        expected: 'a live recording',
        fix: 'copy the tensor, or destroy the recording later',
      });
    }
  }
}

/** One storage block as a kernel sees it: a byte range, read or written. */
export interface Binding {
  readonly storage: Storage;
  /** Bytes from the start of the storage; a multiple of 256. */
  readonly offset: number;
  readonly bytes: number;
  readonly access: 'read' | 'write';
}
