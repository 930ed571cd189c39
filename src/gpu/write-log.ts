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

/** Of more regions of one storage than this the older half is forgotten: no step writes so many between forward and backward. */
const MOST_REGIONS = 1 << 16;

/** The latest write to a region: the next one takes its place. */
interface Noted {
  readonly region: Region;
  by: string;
  time: number;
}

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
  /** By region, the one written last at the end. */
  private readonly writes = new Map<string, Noted>();
  private last: Noted | null = null;

  note(region: Region, by: string): void {
    time++;
    const { last } = this;
    // Nearly always: most storages are written as a whole. A step notes some thousands of writes.
    if (last !== null && sameRegion(last.region, region)) {
      last.by = by;
      last.time = time;
      return;
    }
    const key = `${region.start}:${region.rows}:${region.length}:${region.stride}`;
    this.last = { region, by, time };
    this.writes.delete(key);
    this.writes.set(key, this.last);
    if (this.writes.size <= MOST_REGIONS) return;
    for (const oldest of this.writes.keys()) {
      if (this.writes.size <= MOST_REGIONS / 2) break;
      this.writes.delete(oldest);
    }
  }

  /** The latest write to any part of the region after a time; null if there was none. */
  since(after: number, region: Region): Write | null {
    // Nearly always: nothing at all was written.
    if (this.last === null || this.last.time <= after) return null;
    let found: Write | null = null;
    for (const write of this.writes.values()) if (write.time > after && overlap(write.region, region)) found = write;
    return found && { ...found };
  }
}

const sameRegion = (a: Region, b: Region): boolean =>
  a.start === b.start && a.length === b.length && a.rows === b.rows && a.stride === b.stride;

const endOf = ({ start, rows, stride, length }: Region): number => start + (rows - 1) * stride + length;

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
