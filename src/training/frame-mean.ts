import { createImage, type RgbImage } from '../data/image.js';

/** The exponential mean of the frames of a film, which flickers less than they do: m = x m + (1 - x) frame, of each number. */
export class FrameMean {
  /** Not rounded: a mean of rounded means would stop short of frames that stay the same. */
  private mean: Float32Array | null = null;

  /** @param smooth the x above, from 0, the frames as they are, to less than 1 */
  constructor(private readonly smooth: number) {}

  /** Takes a frame, of the size of those before it, and gives the mean up to it; the first frame is the first mean. */
  add(frame: RgbImage): RgbImage {
    if (this.smooth === 0) return frame;
    const mean = (this.mean ??= Float32Array.from(frame.data));
    const result = createImage(frame.width, frame.height);
    for (let at = 0; at < mean.length; at++) {
      mean[at] = this.smooth * mean[at]! + (1 - this.smooth) * frame.data[at]!;
      result.data[at] = Math.round(mean[at]!);
    }
    return result;
  }
}
