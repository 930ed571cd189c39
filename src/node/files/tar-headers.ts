const BLOCK = 512;
/** The types of headers that say something of the entry after them, or of all: pax, and the long names and links of GNU. */
const ASIDE = new Set(['x', 'g', 'L', 'K', 'N']);
const DIRECTORY = '5';

/** What is told of the bytes of a tar that belong to no entry. What it throws ends the reading. */
export interface HeaderCount {
  /** A header comes that has so many bytes, which will be kept in memory. */
  addHeader(size: number): void;
  /** So many bytes of zeros have come, such as an archive ends with. */
  addBytes(count: number): void;
}

/**
 * Passes on the bytes of a tar, and counts the headers that tar-stream takes into memory before there is an entry to be counted: those of
 * pax and of GNU's long names.
 */
export function countHeaders(count: HeaderCount) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const walk = new HeaderWalk(count);
    for await (const chunk of source) {
      walk.pass(chunk);
      yield chunk;
    }
  };
}

/** Goes from header to header. */
class HeaderWalk {
  private readonly head = Buffer.alloc(BLOCK);
  /** Where the bytes go that come next; null for those of a file. */
  private into: Buffer | null = this.head;
  private left = BLOCK;
  /** What the header of pax at hand says of the size of the next entry, and what one for all entries does. */
  private size: number | undefined;
  private sizeOfAll: number | undefined;
  /** The type of the header whose content comes next. */
  private aside: string | undefined;

  constructor(private readonly count: HeaderCount) {}

  pass(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const step = Math.min(chunk.length - at, this.left);
      this.into?.set(chunk.subarray(at, at + step), this.into.length - this.left);
      at += step;
      this.left -= step;
      while (this.left === 0) this.goOn();
    }
  }

  private goOn(): void {
    if (this.into === this.head) this.readHead();
    else {
      if (this.into !== null) this.readAside(this.into);
      this.take(this.head, BLOCK);
    }
  }

  private take(into: Buffer | null, bytes: number): void {
    this.into = into;
    this.left = bytes;
  }

  private readHead(): void {
    const { head } = this;
    const type = String.fromCharCode(head[156]!);
    const size = sizeOf(head);
    if (ASIDE.has(type)) {
      this.count.addHeader(size);
      this.aside = type;
      const bytes = padded(size);
      this.take(Buffer.alloc(bytes), bytes);
      return;
    }
    const isFolder = type === DIRECTORY || (type === '\0' && nameOf(head).endsWith('/'));
    this.take(null, isFolder ? 0 : padded(this.size ?? size));
    if (head.some((byte) => byte !== 0)) this.size = undefined;
    else this.count.addBytes(BLOCK);
  }

  private readAside(content: Buffer): void {
    const size = paxSize(content.subarray(0, sizeOf(this.head)));
    if (this.aside === 'g') this.sizeOfAll = size;
    if (this.aside === 'x') this.size = size ?? this.sizeOfAll;
  }
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

const nameOf = (head: Buffer): string => head.toString('latin1', 0, 100).split('\0')[0]!;

/** The bytes of what follows a header: octal digits, or base 256 where the first bit is set. */
function sizeOf(head: Buffer): number {
  const field = head.subarray(124, 136);
  if (field[0]! & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return parseInt(field.toString('latin1').replaceAll('\0', ' ').trim(), 8) || 0;
}

/** The size of an entry in a header of pax: records such as `17 size=123456` and a line's end, each with its own length before it. */
function paxSize(content: Buffer): number | undefined {
  let size: number | undefined;
  for (let at = 0; at < content.length; ) {
    const length = parseInt(content.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) break;
    const record = content.toString('latin1', at, at + length);
    const digits = /^\d+ size=(\d+)/.exec(record)?.[1];
    if (digits !== undefined) size = Number(digits);
    at += length;
  }
  return size;
}
