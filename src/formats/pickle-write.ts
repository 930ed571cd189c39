import { ShadegradError } from '../errors.js';

/** Nesting of lists and dictionaries: more is most likely one that contains itself. */
const MAX_DEPTH = 100;
const INT32_MAX = 2 ** 31 - 1;

/**
 * Writes a pickle of protocol 2, operation by operation, with nothing but what PyTorch's weights_only reader takes. No
 * value is shared, so it needs no memo.
 */
export class PickleWriter {
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private depth = 0;

  constructor() {
    this.operation(0x80, 2);
  }

  /** The pickle, ended. */
  finish(): Uint8Array {
    this.operation(0x2e);
    return this.bytes.slice(0, this.length);
  }

  none(): void {
    this.operation(0x4e);
  }

  bool(value: boolean): void {
    this.operation(value ? 0x88 : 0x89);
  }

  /** A whole number of any size, as Python's int. */
  int(value: number | bigint): void {
    if (value >= 0 && value < 0x100) this.operation(0x4b, Number(value));
    else if (value >= 0 && value < 0x1_0000) this.operation(0x4d, Number(value) & 0xff, Number(value) >> 8);
    else if (value >= -INT32_MAX - 1 && value <= INT32_MAX) {
      this.operation(0x4a);
      const at = this.reserve(4);
      this.view.setInt32(at, Number(value), true);
    } else this.long(BigInt(value));
  }

  /** As Python's float. */
  float(value: number): void {
    this.operation(0x47);
    const at = this.reserve(8);
    this.view.setFloat64(at, value);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.operation(0x58);
    const at = this.reserve(4 + bytes.length);
    this.view.setUint32(at, bytes.length, true);
    this.bytes.set(bytes, at + 4);
  }

  list(items: () => void): void {
    this.operation(0x5d, 0x28);
    this.nested(items);
    this.operation(0x65);
  }

  tuple(items: () => void): void {
    this.operation(0x28);
    this.nested(items);
    this.operation(0x74);
  }

  /** @param items writes keys and values in turn */
  dict(items: () => void): void {
    this.operation(0x7d, 0x28);
    this.nested(items);
    this.operation(0x75);
  }

  /** @param items writes keys and values in turn */
  orderedDict(items: () => void): void {
    this.call('collections', 'OrderedDict', () => {});
    this.operation(0x28);
    this.nested(items);
    this.operation(0x75);
  }

  /** What a function of Python makes of arguments. */
  call(module: string, name: string, args: () => void): void {
    this.global(module, name);
    this.tuple(args);
    this.operation(0x52);
  }

  global(module: string, name: string): void {
    this.operation(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  /** A reference to outside of the pickle. */
  persistent(id: () => void): void {
    this.tuple(id);
    this.operation(0x51);
  }

  /** Two's complement, little-endian, of as few bytes as hold it. */
  private long(value: bigint): void {
    let length = 1;
    while (BigInt.asIntN(8 * length, value) !== value) length++;
    if (length > 0xff)
      throw new ShadegradError('INVALID_ARGUMENT', 'a number to write into a PyTorch file', {
        expected: 'at most 255 bytes',
        received: `${length} bytes`,
        fix: 'write it as a string',
      });
    this.operation(0x8a, length);
    for (let i = 0; i < length; i++) this.operation(Number((value >> BigInt(8 * i)) & 0xffn));
  }

  private nested(items: () => void): void {
    if (++this.depth > MAX_DEPTH) {
      throw new ShadegradError('INVALID_ARGUMENT', 'a value to write into a PyTorch file is nested too deep', {
        expected: `at most ${MAX_DEPTH} deep`,
        received: 'more, or one that contains itself',
        fix: 'flatten it, and keep no list or map in itself',
      });
    }
    items();
    this.depth--;
  }

  private operation(...bytes: number[]): void {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Makes room for `count` bytes, maybe in new memory: to be called before `bytes` or `view` is. Returns where they start. */
  private reserve(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return start;
  }
}
