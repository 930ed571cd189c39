import { BufferPool } from './buffer-pool.js';

/** Buffers for reads of up to this size are kept; a larger one is given back at once. */
const KEPT_BYTES = 16 * 1024 * 1024;
/** From here on a read takes a buffer of the size above: the pool then keeps one for all lengths, not one for each. */
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
    this.pool = new BufferPool((bytes, label) => this.create(bytes, label));
  }

  get bytes(): number {
    return this.pool.pooledBytes + this.inFlight;
  }

  trim(): void {
    this.account(-this.pool.pooledBytes);
    this.pool.trim();
  }

  /**
   * Copies the range as the device sees it after everything submitted before the call: the copy is submitted before the first
   * await, and whole, so that no later work and no reuse of the buffer can reach it.
   */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const length = Math.ceil(bytes / 4) * 4;
    const kept = length <= KEPT_BYTES;
    const staging = kept
      ? this.pool.acquire(length <= SMALL_BYTES ? length : KEPT_BYTES, 'readback')
      : this.create(length, 'large readback');
    this.inFlight += staging.size;
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, offset, staging, 0, length);
      this.device.queue.submit([encoder.finish()]);
      await this.track(staging.mapAsync(GPUMapMode.READ, 0, length));
      const result = new Uint8Array(bytes);
      result.set(new Uint8Array(staging.getMappedRange(0, length), 0, bytes));
      staging.unmap();
      if (kept) this.pool.release(staging);
      else this.destroy(staging);
      return result;
    } catch (error) {
      // A buffer whose mapping failed is in no known state: it does not go back to the pool.
      this.destroy(staging);
      throw error;
    } finally {
      this.inFlight -= staging.size;
    }
  }

  private create(bytes: number, label: string): GPUBuffer {
    this.account(bytes);
    return this.device.createBuffer({ label, size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  }

  private destroy(staging: GPUBuffer): void {
    this.account(-staging.size);
    staging.destroy();
  }
}
