/** Tag of the first picture's list that says what the samples after a pixel's colours are. */
const EXTRA_SAMPLES = 338;
/** Values of that tag: colours that are multiplied by it already, and colours as they are. 0 says no more than that it is there. */
const ALPHA: readonly number[] = [1, 2];
const SHORT_BYTES = 2;

/**
 * Reads from a TIFF's header which of the samples after the colours is the transparency, which libvips does not tell.
 *
 * @returns its place among them, counted from 0; -1 where none is, or where the header cannot be read
 */
export function tiffAlpha(bytes: Uint8Array): number {
  try {
    return readExtraSamples(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)).findIndex((value) => ALPHA.includes(value));
  } catch (error) {
    // A place outside the file: whoever decodes it says what is wrong.
    if (error instanceof RangeError) return -1;
    throw error;
  }
}

function readExtraSamples(view: DataView): number[] {
  const little = view.getUint8(0) === 0x49;
  const short = (at: number): number => view.getUint16(at, little);
  const big = short(2) === 43;
  // A BigTIFF has counts and places of eight bytes.
  const word = (at: number): number => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const wordBytes = big ? 8 : 4;
  const list = word(big ? 8 : 4);
  const [count, first, entryBytes] = big ? [word(list), list + 8, 20] : [short(list), list + 2, 12];
  for (let entry = first; entry < first + count * entryBytes; entry += entryBytes) {
    if (short(entry) !== EXTRA_SAMPLES) continue;
    const values = word(entry + 4);
    const place = entry + 4 + wordBytes;
    const start = values * SHORT_BYTES <= wordBytes ? place : word(place);
    return Array.from({ length: Math.min(values, 16) }, (_, index) => short(start + index * SHORT_BYTES));
  }
  return [];
}
