import { ShadegradError } from '../errors.js';

/** An array of bytes out of a file of MNIST's format. */
export interface IdxBytes {
  /** The length of each axis, such as [60000, 28, 28]. */
  readonly shape: readonly number[];
  /** The bytes, the last axis contiguous. */
  readonly data: Uint8Array;
}

/** The type of bytes, which all files of MNIST have. */
const BYTES = 0x08;

/**
 * Reads a file of the IDX format, which MNIST and sets like it come in: two bytes of zero, the type of the elements, the number of axes,
 * the length of each axis as 32 bits with the highest byte first, then the elements.
 *
 * @param name of the file in errors
 * @param axes that it has to have: 3 for images, 1 for labels
 * @throws IMAGE_CORRUPT for another format, another type or number of axes, and for a file that is longer or shorter than it says
 */
export function parseIdx(bytes: Uint8Array, name: string, axes: number): IdxBytes {
  const head = 4 + 4 * axes;
  const magic = [...bytes.subarray(0, 4)];
  const wanted = [0, 0, BYTES, axes];
  if (magic.length < 4 || magic.some((byte, index) => byte !== wanted[index])) {
    throw new ShadegradError('IMAGE_CORRUPT', `${name} does not begin as ${axes === 3 ? 'images' : 'labels'} of MNIST's format do`, {
      expected: `the bytes ${inHex(wanted)}`,
      received: magic.length === 0 ? 'an empty file' : inHex(magic),
      fix: 'see that images and labels have not changed places, and that the file was unpacked or ends with .gz; or fetch it again',
    });
  }
  const shape = Array.from({ length: axes }, (_, axis) => {
    const start = 4 + 4 * axis;
    return bytes.length < start + 4 ? Number.NaN : new DataView(bytes.buffer, bytes.byteOffset + start, 4).getUint32(0);
  });
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length === head + length) return { shape, data: bytes.subarray(head) };
  throw new ShadegradError('IMAGE_CORRUPT', `${name} is ${bytes.length > head + length ? 'longer than it says' : 'cut short'}`, {
    expected: Number.isNaN(length) ? `at least ${head} bytes` : `${head + length} bytes: ${shape.join(' x ')} after a head of ${head}`,
    received: `${bytes.length} bytes`,
    fix: 'fetch the file again',
  });
}

const inHex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
