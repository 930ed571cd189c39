/** Horizontal and vertical factor by which the chroma of a JPEG is coarser than its luma. */
export interface ChromaFactors {
  across: number;
  down: number;
}

/** One channel of an interleaved three-channel picture, every `across`-th sample of every `down`-th row. */
function channel(source: Uint8Array, width: number, height: number, which: number, { across, down }: ChromaFactors): Uint8Array {
  const columns = Math.ceil(width / across);
  const rows = Math.ceil(height / down);
  const plane = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) plane[y * columns + x] = source[(y * down * width + x * across) * 3 + which];
  }
  return plane;
}

/**
 * Double the width by a triangle filter: each new sample is 3/4 of the nearest old one and 1/4 of the next nearest.
 * `scale` is what the input is multiplied with (4 where rows were mixed before); 4 * scale is divided out, with the
 * rounding alternating between columns as in libjpeg (`h2v1_fancy_upsample`, `h2v2_fancy_upsample`).
 */
function doubleRow(row: Int32Array, out: Uint8Array, start: number, width: number, scale: 1 | 4): void {
  const shift = scale === 1 ? 2 : 4;
  const [even, odd] = scale === 1 ? [1, 2] : [8, 7];
  const last = row.length - 1;
  for (let x = 0; x < width; x++) {
    const near = x >> 1;
    const far = x & 1 ? Math.min(near + 1, last) : Math.max(near - 1, 0);
    out[start + x] = (row[near] * 3 + row[far] + (x & 1 ? odd : even)) >> shift;
  }
}

/** Chroma at full size, smoothly interpolated where it was stored at half the width (and half the height). */
function upsample(plane: Uint8Array, width: number, height: number, { down }: ChromaFactors): Uint8Array {
  const columns = Math.ceil(width / 2);
  const rows = Math.ceil(height / down);
  const result = new Uint8Array(width * height);
  const row = new Int32Array(columns);
  for (let y = 0; y < height; y++) {
    const near = Math.floor(y / down);
    const far = Math.min(Math.max(y & 1 ? near + 1 : near - 1, 0), rows - 1);
    for (let x = 0; x < columns; x++) {
      const sample = plane[near * columns + x];
      row[x] = down === 2 ? sample * 3 + plane[far * columns + x] : sample;
    }
    doubleRow(row, result, y * width, width, down === 2 ? 4 : 1);
  }
  return result;
}

/** Rows this narrow are only repeated by libjpeg. */
const NARROWEST_INTERPOLATED = 3;

const clampByte = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);

/**
 * Convert a decoded picture from YCbCr (ITU-R BT.601, full range as in JFIF) to RGB in place. `data` is
 * [height][width][3] with the chroma merely repeated to full size; for 4:2:0 and 4:2:2 it is interpolated first, as
 * libjpeg does and so browsers, Pillow and the photos people compare with.
 */
export function convertYCbCr(data: Uint8Array, width: number, height: number, factors: ChromaFactors): void {
  const smooth = factors.across === 2 && factors.down <= 2 && Math.ceil(width / 2) >= NARROWEST_INTERPOLATED;
  const [blueDifference, redDifference] = [1, 2].map((which) => smooth
    ? upsample(channel(data, width, height, which, factors), width, height, factors)
    : channel(data, width, height, which, { across: 1, down: 1 }));
  for (let i = 0, at = 0; at < data.length; i++, at += 3) {
    const y = data[at];
    const cb = blueDifference[i] - 128;
    const cr = redDifference[i] - 128;
    data[at] = clampByte(Math.floor(y + 1.402 * cr + 0.5));
    data[at + 1] = clampByte(Math.floor(y - 0.344136286 * cb - 0.714136286 * cr + 0.5));
    data[at + 2] = clampByte(Math.floor(y + 1.772 * cb + 0.5));
  }
}
