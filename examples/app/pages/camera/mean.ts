/**
 * An exponential mean over frames: each new one counts for `1 - share`, and what was before for `share`. It is kept as floats, because
 * bytes would stop short of a still picture.
 */
export class FrameMean {
  private mean = new Float32Array(0);

  /** Takes a frame in, and writes the mean in its place. After clear(), and for frames of another size, it begins with the frame. */
  add(data: Uint8ClampedArray, share: number): void {
    if (this.mean.length !== data.length) this.mean = Float32Array.from(data);
    const { mean } = this;
    for (let at = 0; at < data.length; at++) data[at] = mean[at] = share * mean[at]! + (1 - share) * data[at]!;
  }

  /** Forgets what was before. */
  clear(): void {
    this.mean = new Float32Array(0);
  }
}
