import { corrupt, quote, unsupported } from './pytorch-errors.js';

/** A Python tuple: an array that is written as a tuple again. */
export class Tuple<T = unknown> extends Array<T> {}

/** A Python OrderedDict: a map that is written as one again. */
export class OrderedDict<K = unknown, V = unknown> extends Map<K, V> {}

/** What a pickle may call: one of this library's own functions, never anything that the file brings. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** What a pickle may name. */
export interface PickleRules {
  /** Names the file in errors. */
  readonly label: string;
  /** What a global stands for; a Callable if it may be called. @throws WEIGHTS_UNSUPPORTED for one that is not allowed */
  global(name: string): unknown;
  /** What a reference to outside of the pickle stands for. @throws WEIGHTS_CORRUPT */
  persistent(id: unknown): unknown;
}

/** The pickle goes on after the bytes at hand. */
export class PickleCutShort extends Error {}

/** Operations of one pickle, some 25 a tensor; and lists, tuples and dictionaries, six a tensor. */
const MAX_OPERATIONS = 4_000_000;
const MAX_CONTAINERS = 500_000;
/** Bytes of one whole number; the longest that PyTorch writes has ten. */
const MAX_NUMBER_BYTES = 256;
const NEWEST_PROTOCOL = 5;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one pickle from `start` on. @returns what it holds, and where the bytes after it begin */
export function unpickle(bytes: Uint8Array, start: number, rules: PickleRules): { value: unknown; end: number } {
  return new Unpickler(bytes, start, rules).run();
}

/**
 * The machine that a pickle is a program for: a stack, marks in it and a memo. Only what state dictionaries need: no
 * operation makes an object of a class, sets an attribute or calls anything but a Callable of the rules. Nothing
 * recurses, so nesting cannot overflow the stack; the reader's caller has to bound it.
 */
class Unpickler {
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  /** Lengths of the stack when a mark was set. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();
  private containers = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly rules: PickleRules,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): { value: unknown; end: number } {
    for (let operations = 0; operations < MAX_OPERATIONS; operations++) {
      const operation = this.bytes[this.take(1)]!;
      if (operation === 0x2e) return { value: this.result(), end: this.at };
      this.step(operation);
    }
    throw unsupported(this.rules.label, 'it takes too many steps to read', `at most ${MAX_OPERATIONS}`, 'more');
  }

  private result(): unknown {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) throw this.bad('one value at the end', `${this.stack.length} more`);
    return value;
  }

  private step(operation: number): void {
    switch (operation) {
      case 0x80:
        return this.protocol(); // PROTO
      case 0x95:
        return void this.take(8); // FRAME: says only how far to read at once
      case 0x28:
        return void this.marks.push(this.stack.length); // MARK
      case 0x4e:
        return void this.stack.push(null); // NONE
      case 0x88:
        return void this.stack.push(true); // NEWTRUE
      case 0x89:
        return void this.stack.push(false); // NEWFALSE
      case 0x4b:
        return void this.stack.push(this.bytes[this.take(1)]!); // BININT1
      case 0x4d:
        return void this.stack.push(this.view.getUint16(this.take(2), true)); // BININT2
      case 0x4a:
        return void this.stack.push(this.view.getInt32(this.take(4), true)); // BININT
      case 0x8a:
        return void this.stack.push(this.long(this.bytes[this.take(1)]!)); // LONG1
      case 0x8b:
        return void this.stack.push(this.long(this.length32())); // LONG4
      case 0x47:
        return void this.stack.push(this.view.getFloat64(this.take(8))); // BINFLOAT
      case 0x8c: // SHORT_BINUNICODE
      case 0x55:
        return void this.stack.push(this.text(this.bytes[this.take(1)]!)); // SHORT_BINSTRING, Python 2
      case 0x58: // BINUNICODE
      case 0x54:
        return void this.stack.push(this.text(this.length32())); // BINSTRING, Python 2
      case 0x8d:
        return void this.stack.push(this.text(this.length64())); // BINUNICODE8
      case 0x43:
        return void this.stack.push(this.raw(this.bytes[this.take(1)]!)); // SHORT_BINBYTES
      case 0x42:
        return void this.stack.push(this.raw(this.length32())); // BINBYTES
      case 0x8e:
        return void this.stack.push(this.raw(this.length64())); // BINBYTES8
      case 0x5d:
        return this.container([]); // EMPTY_LIST
      case 0x7d:
        return this.container(new Map()); // EMPTY_DICT
      case 0x29:
        return this.container(new Tuple()); // EMPTY_TUPLE
      case 0x85:
        return this.tuple(this.popMany(1)); // TUPLE1
      case 0x86:
        return this.tuple(this.popMany(2)); // TUPLE2
      case 0x87:
        return this.tuple(this.popMany(3)); // TUPLE3
      case 0x74:
        return this.tuple(this.popMark()); // TUPLE
      case 0x61:
        return this.append([this.pop()]); // APPEND
      case 0x65:
        return this.append(this.popMark()); // APPENDS
      case 0x73:
        return this.setItems(this.popMany(2)); // SETITEM
      case 0x75:
        return this.setItems(this.popMark()); // SETITEMS
      case 0x71:
        return this.put(this.bytes[this.take(1)]!); // BINPUT
      case 0x72:
        return this.put(this.length32()); // LONG_BINPUT
      case 0x94:
        return this.put(this.memo.size); // MEMOIZE
      case 0x68:
        return this.get(this.bytes[this.take(1)]!); // BINGET
      case 0x6a:
        return this.get(this.length32()); // LONG_BINGET
      case 0x63:
        return this.global(`${this.line()}.${this.line()}`); // GLOBAL
      case 0x93:
        return this.stackGlobal(this.popMany(2)); // STACK_GLOBAL
      case 0x51:
        return void this.stack.push(this.rules.persistent(this.pop())); // BINPERSID
      case 0x52:
        return this.reduce(this.popMany(2)); // REDUCE
      case 0x62:
        return this.build(this.pop()); // BUILD
      default:
        throw unsupported(
          this.rules.label,
          'it holds Python objects that are no weights',
          'a pickle of tensors, numbers, strings, lists and dictionaries',
          `operation 0x${operation.toString(16).padStart(2, '0')} of the pickle machine at byte ${this.at - 1} of the pickle`,
        );
    }
  }

  private bad(expected: string, received: string): Error {
    return corrupt(this.rules.label, `the pickle cannot be read at its byte ${this.at}`, expected, received);
  }

  /** Moves past `count` bytes; returns where they start. */
  private take(count: number): number {
    const start = this.at;
    if (count > this.bytes.length - start) throw new PickleCutShort(`${count} bytes at byte ${start} of ${this.bytes.length}`);
    this.at += count;
    return start;
  }

  private length32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private length64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  private raw(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  private text(length: number): string {
    return this.decode(this.raw(length));
  }

  private decode(bytes: Uint8Array): string {
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.bad('text in UTF-8', `${bytes.length} other bytes`);
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleCutShort('a name goes on');
    const text = this.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  /** A whole number in two's complement, little-endian; a number where a double holds it exactly, else a bigint. */
  private long(length: number): number | bigint {
    if (length > MAX_NUMBER_BYTES)
      throw unsupported(this.rules.label, 'it holds a huge number', `at most ${MAX_NUMBER_BYTES} bytes`, `${length} bytes`);
    const bytes = this.raw(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  private protocol(): void {
    const version = this.bytes[this.take(1)]!;
    if (version > NEWEST_PROTOCOL)
      throw unsupported(this.rules.label, 'its pickle is of a version that is not known', `at most ${NEWEST_PROTOCOL}`, String(version));
  }

  private floor(): number {
    return this.marks[this.marks.length - 1] ?? 0;
  }

  private top(): unknown {
    if (this.stack.length <= this.floor()) throw this.bad('a value on the stack', 'none');
    return this.stack[this.stack.length - 1];
  }

  private pop(): unknown {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): unknown[] {
    if (this.stack.length - count < this.floor()) throw this.bad(`${count} values on the stack`, `${this.stack.length - this.floor()}`);
    return this.stack.splice(this.stack.length - count);
  }

  private popMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.bad('a mark on the stack', 'none');
    return this.stack.splice(mark);
  }

  private container(value: unknown): void {
    if (++this.containers > MAX_CONTAINERS)
      throw unsupported(this.rules.label, 'it holds too many lists and dictionaries', `at most ${MAX_CONTAINERS}`, 'more');
    this.stack.push(value);
  }

  private tuple(values: readonly unknown[]): void {
    this.container(tupleOf(values));
  }

  private append(values: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || list instanceof Tuple) throw this.bad('a list to append to', quote(list));
    for (const value of values) list.push(value);
  }

  private setItems(items: readonly unknown[]): void {
    const target = this.top();
    if (!(target instanceof Map)) throw this.bad('a dictionary to put items into', quote(target));
    if (items.length % 2 !== 0) throw this.bad('keys and values', `${items.length} of both`);
    for (let i = 0; i < items.length; i += 2) setItem(target, items[i], items[i + 1], this.rules.label);
  }

  private put(index: number): void {
    this.memo.set(index, this.top());
  }

  private get(index: number): void {
    if (!this.memo.has(index)) throw this.bad('a value that was stored before', `number ${index}`);
    this.stack.push(this.memo.get(index));
  }

  private global(name: string): void {
    this.stack.push(this.rules.global(name));
  }

  private stackGlobal([module, name]: unknown[]): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.bad('the names of a module and of something in it', `${quote(module)} and ${quote(name)}`);
    this.global(`${module}.${name}`);
  }

  private reduce([callable, args]: unknown[]): void {
    if (!(callable instanceof Callable))
      throw unsupported(this.rules.label, 'it calls what is no function', 'calls that make tensors', quote(callable));
    if (!(args instanceof Tuple)) throw this.bad(`the arguments of ${callable.name} as a tuple`, quote(args));
    this.container(callable.call(args));
  }

  /** Attributes of a state dictionary hold the versions of its modules, which nothing here depends on. */
  private build(state: unknown): void {
    const target = this.top();
    if (!(target instanceof OrderedDict) || !(state instanceof Map)) {
      throw unsupported(
        this.rules.label,
        'it holds a Python object with attributes',
        'attributes of an OrderedDict alone',
        `${quote(state)} for ${quote(target)}`,
      );
    }
  }
}

/** Tuple.from takes an iterator's steps, and Tuple.of has a limit of arguments. */
function tupleOf(values: readonly unknown[]): Tuple {
  const tuple = new Tuple();
  for (const value of values) tuple.push(value);
  return tuple;
}

/**
 * Puts an item into a dictionary as a pickle does.
 * @throws WEIGHTS_CORRUPT, and WEIGHTS_UNSUPPORTED for other keys than strings and numbers
 */
export function setItem(target: Map<unknown, unknown>, key: unknown, value: unknown, label: string): void {
  if (typeof key === 'object' && key !== null)
    throw unsupported(label, 'it holds a dictionary with unusual keys', 'strings and numbers', quote(key));
  if (target.has(key)) throw corrupt(label, 'a dictionary holds a key twice', 'each key once', quote(key));
  target.set(key, value);
}
