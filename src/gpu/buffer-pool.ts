/**
 * Buffers by size class, so that a step that allocates what the last one freed costs no allocation.
 * Classes are 1, 1.25, 1.5 and 1.75 times a power of two: at most a fifth of a buffer is slack.
 *
 * Of several the oldest is handed out, in whatever order they came back: a step that begins with the same buffers free as the last one
 * gets the same ones for the same tensors, and its bind groups are found again.
 */
export class BufferPool {
  /** The oldest last. */
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly ages = new WeakMap<GPUBuffer, number>();
  private made = 0;
  pooledBytes = 0;

  /** @param largest the most bytes that one buffer may have */
  constructor(
    private readonly create: (bytes: number, label: string) => GPUBuffer,
    private readonly largest = Infinity,
  ) {}

  static sizeClass(bytes: number): number {
    if (bytes <= 256) return 256;
    const power = 2 ** Math.floor(Math.log2(bytes - 1));
    const step = Math.max(power / 4, 64);
    return Math.ceil(bytes / step) * step;
  }

  /** Unused buffers are kept for reuse: the contents are whatever the last owner left. */
  acquire(bytes: number, label: string): GPUBuffer {
    const size = Math.min(BufferPool.sizeClass(bytes), this.largest);
    const reused = this.free.get(size)?.pop();
    if (reused) {
      this.pooledBytes -= size;
      return reused;
    }
    const buffer = this.create(size, label);
    this.ages.set(buffer, this.made++);
    return buffer;
  }

  release(buffer: GPUBuffer): void {
    let list = this.free.get(buffer.size);
    if (!list) this.free.set(buffer.size, (list = []));
    const age = this.ages.get(buffer)!;
    let [place, end] = [0, list.length];
    while (place < end) {
      const middle = (place + end) >> 1;
      if (this.ages.get(list[middle]!)! > age) place = middle + 1;
      else end = middle;
    }
    list.splice(place, 0, buffer);
    this.pooledBytes += buffer.size;
  }

  /** Takes a buffer that turned out to be of no use out of the pool, if it is in there. */
  remove(buffer: GPUBuffer): void {
    const list = this.free.get(buffer.size);
    const place = list?.indexOf(buffer) ?? -1;
    if (place < 0) return;
    list!.splice(place, 1);
    this.pooledBytes -= buffer.size;
  }

  /** Gives every unused buffer back to the driver. */
  trim(): void {
    for (const list of this.free.values()) for (const buffer of list) buffer.destroy();
    this.free.clear();
    this.pooledBytes = 0;
  }
}
