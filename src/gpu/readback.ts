import { BufferPool } from './buffer-pool.js';

/** Larger reads go in pieces, so that a checkpoint of a gigabyte does not need a second gigabyte of staging. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** From here on a read takes a whole piece: the pool then keeps one buffer for all lengths, not one for each. */
const SMALL_BYTES = 1024 * 1024;

/** Copies device memory to the host through mappable buffers that are kept for reuse. */
export class Readback {
  private readonly pool: BufferPool;
  private inFlight = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(promise: Promise<T>) => Promise<T>,
    private readonly account: (delta: number) => void,
  ) {
    this.pool = new BufferPool((bytes, label) => {
      this.account(bytes);
      return device.createBuffer({ label, size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    });
  }

  get bytes(): number {
    return this.pool.pooledBytes + this.inFlight;
  }

  trim(): void {
    this.account(-this.pool.pooledBytes);
    this.pool.trim();
  }

  async read(source: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const result = new Uint8Array(bytes);
    for (let start = 0; start < bytes; start += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, bytes - start);
      await this.readChunk(source, offset + start, result.subarray(start, start + length));
    }
    return result;
  }

  private async readChunk(source: GPUBuffer, offset: number, target: Uint8Array): Promise<void> {
    const length = Math.ceil(target.byteLength / 4) * 4;
    const staging = this.pool.acquire(length <= SMALL_BYTES ? length : CHUNK_BYTES, 'readback');
    this.inFlight += staging.size;
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, offset, staging, 0, length);
      this.device.queue.submit([encoder.finish()]);
      await this.track(staging.mapAsync(GPUMapMode.READ, 0, length));
      target.set(new Uint8Array(staging.getMappedRange(0, length), 0, target.byteLength));
      staging.unmap();
    } catch (error) {
      // A buffer whose mapping failed is in no known state: it does not go back to the pool.
      this.inFlight -= staging.size;
      this.account(-staging.size);
      staging.destroy();
      throw error;
    }
    this.inFlight -= staging.size;
    this.pool.release(staging);
  }
}
