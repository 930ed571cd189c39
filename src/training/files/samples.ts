import type { RgbImage } from '../../data/image.js';

/** A decoded image as its file stores it: [height][width][channels], 8 or 16 bits each. */
export interface Samples {
  width: number;
  height: number;
  /** Of a pixel: its colours (grey, RGB or CMYK), then whatever else the file has. */
  channels: number;
  /** 1 of grey, 3 of RGB, 4 of CMYK. */
  colours: number;
  /** The channel of transparency; null where there is none. */
  alpha: number | null;
  samples: Uint8Array | Uint16Array;
}

/** Rounds 16 bits to 8. */
const narrowed = (samples: Uint16Array): Uint8Array => Uint8Array.from(samples, (value) => Math.floor((value * 255) / 65535 + 0.5));

/**
 * Brings samples to bytes of RGB: 16 bits are rounded to 8, grey is repeated, inks are taken off white without a profile
 * (R = (255 - C) (255 - K) / 255), transparency is laid on white, and channels that are neither are left out.
 */
export function blendOnWhite({ width, height, channels, colours, alpha: alphaChannel, samples }: Samples): RgbImage {
  const bytes = samples instanceof Uint16Array ? narrowed(samples) : samples;
  if (channels === 3 && colours === 3) return { width, height, data: bytes };
  const data = new Uint8Array(width * height * 3);
  const cmyk = colours === 4;
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    const alpha = alphaChannel === null ? 255 : bytes[from + alphaChannel]!;
    for (let c = 0; c < 3; c++) {
      const stored = bytes[from + (colours === 1 ? 0 : c)]!;
      const value = cmyk ? Math.round(((255 - stored) * (255 - bytes[from + 3]!)) / 255) : stored;
      data[to + c] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return { width, height, data };
}
