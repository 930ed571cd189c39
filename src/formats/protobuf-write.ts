import { joinBytes } from './byte-source.js';

/** How a field's contents are delimited, as the wire format numbers it. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Bytes that are made when they are written: they are never all in memory. */
interface StreamedBytes {
  readonly length: number;
  read(): Promise<Uint8Array>;
}

/**
 * A protocol buffers message to write: fields by number, in the order of the calls. Large contents come only when
 * the message is written, so it takes little memory whatever its size.
 */
export class ProtobufMessage {
  private readonly parts: (Uint8Array | StreamedBytes)[] = [];
  private bytes = 0;

  /** Bytes of the whole message. */
  get length(): number {
    return this.bytes;
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  integer(field: number, value: number): this {
    return this.add(tag(field, VARINT)).add(varint(value));
  }

  /** Single precision. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.add(tag(field, FIXED32)).add(bytes);
  }

  /** Double precision. */
  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.add(tag(field, FIXED64)).add(bytes);
  }

  text(field: number, value: string): this {
    return this.binary(field, new TextEncoder().encode(value));
  }

  /** Bytes as they are, which must not change afterwards. */
  binary(field: number, bytes: Uint8Array): this {
    return this.add(tag(field, LENGTH_DELIMITED)).add(varint(bytes.length)).add(bytes);
  }

  /** A copy of nothing: the message must not change afterwards. */
  message(field: number, message: ProtobufMessage): this {
    this.add(tag(field, LENGTH_DELIMITED)).add(varint(message.length));
    for (const part of message.parts) this.add(part);
    return this;
  }

  /** @param read called once each time the message is written; gives exactly `length` bytes */
  streamed(field: number, length: number, read: () => Promise<Uint8Array>): this {
    return this.add(tag(field, LENGTH_DELIMITED)).add(varint(length)).add({ length, read });
  }

  /** The message: streamed contents one by one, what lies between them in one piece each. */
  async *encode(): AsyncGenerator<Uint8Array> {
    let small: Uint8Array[] = [];
    for (const part of this.parts) {
      if (part instanceof Uint8Array) {
        small.push(part);
        continue;
      }
      yield joinBytes(small);
      small = [];
      const bytes = await part.read();
      if (bytes.length !== part.length) throw new RangeError(`${bytes.length} bytes where ${part.length} were announced`);
      yield bytes;
    }
    if (small.length > 0) yield joinBytes(small);
  }

  /** The message in one piece. @throws RangeError if some of its contents are streamed */
  bytesOfAll(): Uint8Array {
    return joinBytes(
      this.parts.map((part) => {
        if (part instanceof Uint8Array) return part;
        throw new RangeError('streamed contents are no bytes yet');
      }),
    );
  }

  private add(part: Uint8Array | StreamedBytes): this {
    this.parts.push(part);
    this.bytes += part.length;
    return this;
  }
}

function tag(field: number, kind: number): Uint8Array {
  return varint(field * 8 + kind);
}

/** Seven bits a byte, the lowest first; arithmetic rather than shifts, which end at 32 bits. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} as an unsigned whole number`);
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
