/** Part of a storage: `rows` runs of `length` bytes, `stride` bytes from one to the next. A channel slice has many rows. */
export interface Region {
  readonly start: number;
  readonly rows: number;
  readonly length: number;
  readonly stride: number;
}

/** A write, by the name of what did it. */
export interface Write {
  readonly region: Region;
  readonly by: string;
  readonly time: number;
}

/** More regions of one storage than this are joined, the older half first: an image store has thousands. */
const MOST_REGIONS = 256;

let time = 0;

/** The time of the latest write to any storage; grows with every write. */
export function writeTime(): number {
  return time;
}

/** The bytes from `start` to `start + length`, without gaps. */
export function span(start: number, length: number): Region {
  return { start, rows: 1, length, stride: length };
}

/**
 * When each part of a storage was last written. The halves of a skip connection share a storage and are written at different
 * times, so that one time for the whole storage would take the second write for an overwriting of the first.
 */
export class WriteLog {
  /** Oldest first; no region twice. */
  private readonly writes: Write[] = [];

  note(region: Region, by: string): void {
    const write = { region, by, time: ++time };
    const { writes } = this;
    // Nearly always the last one, or there is none.
    for (let index = writes.length - 1; index >= 0; index--) {
      if (!sameRegion(writes[index]!.region, region)) continue;
      writes.splice(index, 1);
      break;
    }
    writes.push(write);
    if (writes.length > MOST_REGIONS) writes.splice(0, MOST_REGIONS / 2, joined(writes.slice(0, MOST_REGIONS / 2)));
  }

  /** The latest write to any part of the region after a time; null if there was none. */
  since(after: number, region: Region): Write | null {
    for (let index = this.writes.length - 1; index >= 0; index--) {
      const write = this.writes[index]!;
      if (write.time <= after) return null;
      if (overlap(write.region, region)) return write;
    }
    return null;
  }
}

/** One region around all of them, as of the latest. */
function joined(writes: readonly Write[]): Write {
  const start = Math.min(...writes.map(({ region }) => region.start));
  const end = Math.max(...writes.map(({ region }) => endOf(region)));
  const { by, time: latest } = writes[writes.length - 1]!;
  return { region: span(start, end - start), by, time: latest };
}

const endOf = ({ start, rows, stride, length }: Region): number => start + (rows - 1) * stride + length;

function sameRegion(a: Region, b: Region): boolean {
  return a.start === b.start && a.rows === b.rows && a.length === b.length && a.stride === b.stride;
}

/** True if two regions share a byte. */
export function overlap(a: Region, b: Region): boolean {
  if (a.start >= endOf(b) || b.start >= endOf(a)) return false;
  if (a.rows > 1 && b.rows > 1 && a.stride !== b.stride) {
    const [few, many] = a.rows < b.rows ? [a, b] : [b, a];
    for (let row = 0; row < few.rows; row++) if (overlap(span(few.start + row * few.stride, few.length), many)) return true;
    return false;
  }
  // Row i of a meets row i + shift of b where -b.length < (b.start - a.start) + shift * stride < a.length.
  const stride = a.rows > 1 ? a.stride : b.stride;
  const distance = b.start - a.start;
  const lowest = Math.max(Math.floor((-b.length - distance) / stride) + 1, 1 - a.rows);
  const highest = Math.min(Math.ceil((a.length - distance) / stride) - 1, b.rows - 1);
  return lowest <= highest;
}
