import { halfTable } from '../../tensor/halves.js';
import { MAX_PIXELS, checkSides, corrupt, tooLarge, unsupported } from './limits.js';
import type { Channels, StoredNumbers } from './channels.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Bytes of the description at most: that of an image has some eighty. */
const MOST_TEXT = 65_536;
/** Channels at most. */
const MOST_CHANNELS = 256;

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/** The number of the bits of a float16. */
function halfOf(half: number): number {
  bits[0] = halfTable()[half]!;
  return number[0]!;
}

/** What the numbers of a type are kept in, and may lie in already. */
type Numbers = {
  new (count: number): StoredNumbers;
  new (buffer: ArrayBufferLike, offset: number, count: number): StoredNumbers;
};

interface ElementType {
  readonly bytes: number;
  /** Of whole numbers that have one, the largest: the ends of the range `full` are 0 and it. */
  readonly full?: number;
  readonly numbers: Numbers;
  /** Whether a file has them as they are kept, where its order of bytes is this machine's. */
  readonly asKept: boolean;
  read(view: DataView, at: number, little: boolean): number;
}

const kept = (numbers: Numbers & { readonly BYTES_PER_ELEMENT: number }, read: ElementType['read'], full?: number): ElementType => ({
  ...{ bytes: numbers.BYTES_PER_ELEMENT, numbers, asKept: true, read },
  ...(full !== undefined && { full }),
});

/** Types of elements by kind and bytes, as NumPy writes them. */
const TYPES: Readonly<Record<string, ElementType>> = {
  b1: { bytes: 1, full: 1, numbers: Uint8Array, asKept: false, read: (view, at) => Number(view.getUint8(at) !== 0) },
  u1: kept(Uint8Array, (view, at) => view.getUint8(at), 255),
  i1: kept(Int8Array, (view, at) => view.getInt8(at)),
  u2: kept(Uint16Array, (view, at, little) => view.getUint16(at, little), 65_535),
  i2: kept(Int16Array, (view, at, little) => view.getInt16(at, little)),
  u4: kept(Uint32Array, (view, at, little) => view.getUint32(at, little)),
  i4: kept(Int32Array, (view, at, little) => view.getInt32(at, little)),
  u8: { bytes: 8, numbers: Float64Array, asKept: false, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  i8: { bytes: 8, numbers: Float64Array, asKept: false, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  f2: { bytes: 2, numbers: Float32Array, asKept: false, read: (view, at, little) => halfOf(view.getUint16(at, little)) },
  f4: kept(Float32Array, (view, at, little) => view.getFloat32(at, little)),
  f8: kept(Float64Array, (view, at, little) => view.getFloat64(at, little)),
};

interface Header extends ElementType {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly little: boolean;
  /** Whether the first axis is the one that changes fastest. */
  readonly fortran: boolean;
  /** Where the elements begin. */
  readonly start: number;
}

/** Whether a file begins as NumPy's arrays do. */
export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte);

/** The sides of an array in a .npy file. @throws as decodeNpy(), but for what its elements are */
export function npySides(bytes: Uint8Array, name: string): { width: number; height: number } {
  const { width, height } = headerOf(bytes, name);
  return { width, height };
}

/**
 * Decodes an array of NumPy, [height, width] or [height, width, channels], in either order of its axes and either order of bytes.
 *
 * @throws IMAGE_CORRUPT for a file that is cut short, longer than it says, or no .npy; IMAGE_UNSUPPORTED for elements that are no numbers,
 *   and other axes; IMAGE_SIZE for more than 100 megapixels, or so many numbers
 */
export function decodeNpy(bytes: Uint8Array, name: string): Channels {
  const { width, height, channels, little, fortran, start, bytes: size, full = null, numbers, asKept, read } = headerOf(bytes, name);
  const count = width * height * channels;
  if (bytes.length - start !== count * size) {
    const is = `${bytes.length - start} bytes of elements where ${count * size} are needed`;
    throw corrupt(name, bytes.length - start < count * size ? `it is cut short: ${is}` : `it is longer than it says: ${is}`);
  }
  const from = bytes.byteOffset + start;
  // NumPy pads its header so that what follows can be used where it lies: of a large array a copy would be gigabytes.
  if (asKept && !fortran && (little || size === 1) && from % size === 0) {
    return { width, height, channels, data: new numbers(bytes.buffer, from, count), full };
  }
  const view = new DataView(bytes.buffer, from, count * size);
  const data = new numbers(count);
  // [h, w, c] with the first axis fastest: element y + h (x + w c).
  const [dy, dx, dc] = fortran ? [1, height, height * width] : [width * channels, channels, 1];
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) data[to++] = read(view, (y * dy + x * dx + c * dc) * size, little);
  return { width, height, channels, data, full };
}

function headerOf(bytes: Uint8Array, name: string): Header {
  if (!isNpy(bytes)) throw corrupt(name, 'it does not begin as a .npy does');
  const [major = 0] = bytes.subarray(6);
  if (major < 1 || major > 3) throw unsupported(name, `a .npy of version ${major}`, 'save it with numpy.save() of today');
  const wide = major > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw corrupt(name, 'it is cut short in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MOST_TEXT || bytes.length < start + length)
    throw corrupt(name, `its header is ${length} bytes long, and the file ends before`);
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  return { ...described(text, name), start: start + length };
}

/** Reads the description: a dictionary of Python with the three keys. */
function described(text: string, name: string): Omit<Header, 'start'> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const axes = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!descr || !order || !axes) throw corrupt(name, 'its header does not say what it holds (descr, fortran_order, shape)');
  const [, byteOrder = '', kind = ''] = /^([<>|=]?)(.*)$/.exec(descr[1] ?? 'structures') ?? [];
  const type = Object.hasOwn(TYPES, kind) ? TYPES[kind] : undefined;
  if (!type) {
    const what = kind === 'O' ? 'objects of Python' : `elements of the type ${JSON.stringify((descr[1] ?? 'structures').slice(0, 20))}`;
    throw unsupported(name, `${what} cannot be read`, "save numbers: numpy.save(path, array.astype('float32'))");
  }
  const shape = axes[1]!
    .split(',')
    .map((part) => part.replace('L', '').trim())
    .filter((part) => part !== '')
    .map(Number);
  const [height, width, channels = 1] = shape;
  if (height === undefined || width === undefined || shape.length > 3)
    throw unsupported(
      name,
      `an array of the shape (${shape.join(', ')})`,
      'save one image a file: [height, width] or [height, width, channels]',
    );
  checkSides(name, width, height);
  if (channels < 1 || channels > MOST_CHANNELS) {
    const moved = height <= MOST_CHANNELS && channels > MOST_CHANNELS ? ': numpy.moveaxis(array, 0, -1) puts channels last' : '';
    throw unsupported(
      name,
      `an array of ${channels} channels`,
      `save [height, width, channels] with 1 to ${MOST_CHANNELS} channels${moved}`,
    );
  }
  if (width * height * channels > 4 * MAX_PIXELS) throw tooLarge(name, `${width} x ${height} pixels of ${channels} channels in its header`);
  return { ...type, width, height, channels, little: byteOrder !== '>', fortran: order[1] === 'True' };
}

/** Encodes numbers, [height, width, channels], as a .npy of f32; of one channel without an axis for it. */
export function encodeNpy(data: Float32Array, width: number, height: number, channels: number): Uint8Array {
  const shape = channels === 1 ? `(${height}, ${width})` : `(${height}, ${width}, ${channels})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.length * 4);
  bytes.set([...MAGIC, 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  data.forEach((value, at) => view.setFloat32(start + at * 4, value, true));
  return bytes;
}
