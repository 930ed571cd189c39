const SLOT_BYTES = 256;
const SLOTS_PER_BUFFER = 256;
/** A program whose numbers differ on every step must not fill the memory with them. */
const MOST_BUFFERS = 64;

export interface UniformSlot {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Uniform blocks by content. The same layer asks for the same few numbers on every step, so after the first
 * step nothing is written, and a slot never changes: a bind group made with it stays right for ever.
 */
export class UniformCache {
  private readonly slots = new Map<string, UniformSlot>();
  private readonly buffers: GPUBuffer[] = [];
  private used = SLOTS_PER_BUFFER;

  constructor(private readonly device: GPUDevice) {}

  get(data: Uint8Array): UniformSlot {
    const key = String.fromCharCode(...data);
    let slot = this.slots.get(key);
    if (!slot) {
      if (this.used === SLOTS_PER_BUFFER) {
        if (this.buffers.length === MOST_BUFFERS) {
          // Not destroyed: recorded steps use their slots as long as they live.
          this.buffers.length = 0;
          this.slots.clear();
        }
        this.buffers.push(
          this.device.createBuffer({
            label: 'uniforms',
            size: SLOT_BYTES * SLOTS_PER_BUFFER,
            usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
          }),
        );
        this.used = 0;
      }
      const buffer = this.buffers[this.buffers.length - 1]!;
      slot = { buffer, offset: this.used++ * SLOT_BYTES, bytes: data.byteLength };
      // No earlier command can read a slot that did not exist, so writing at once is in order.
      this.device.queue.writeBuffer(buffer, slot.offset, data as Uint8Array<ArrayBuffer>);
      this.slots.set(key, slot);
    }
    return slot;
  }

  get bytes(): number {
    return this.buffers.length * SLOT_BYTES * SLOTS_PER_BUFFER;
  }

  destroy(): void {
    for (const buffer of this.buffers) buffer.destroy();
    this.buffers.length = 0;
    this.slots.clear();
  }
}
