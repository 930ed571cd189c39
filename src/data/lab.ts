import { createImage, type RgbImage } from './image.js';

/**
 * The linear part of sRGB to CIE XYZ (IEC 61966-2-1), with the digits that scikit-image has. Its inverse is computed, as there.
 */
const TO_XYZ = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
] as const;
/** White of daylight, D65, seen by the observer of 2 degrees. */
const WHITE = [0.95047, 1, 1.08883] as const;
/** Where CIELAB's cube root gives way to a line, and the line. */
const [CUT, SLOPE, OFFSET] = [0.008856, 7.787, 16 / 116];
const FROM_XYZ = inverse(TO_XYZ);

type Matrix = readonly (readonly number[])[];

/** By cofactors. */
function inverse(m: Matrix): Matrix {
  const minor = (r: number, c: number): number => {
    const [a, b] = [0, 1, 2].filter((row) => row !== r);
    const [d, e] = [0, 1, 2].filter((column) => column !== c);
    return (m[a!]![d!]! * m[b!]![e!]! - m[a!]![e!]! * m[b!]![d!]!) * ((r + c) % 2 === 0 ? 1 : -1);
  };
  const determinant = [0, 1, 2].reduce((sum, c) => sum + m[0]![c]! * minor(0, c), 0);
  return [0, 1, 2].map((r) => [0, 1, 2].map((c) => minor(c, r) / determinant));
}

const linearOf = (value: number): number => (value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);
const companded = (value: number): number => (value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : value * 12.92);
/** Of each byte, the linear light. */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => linearOf(byte / 255));

const rooted = (value: number): number => (value > CUT ? Math.cbrt(value) : SLOPE * value + OFFSET);
const cubed = (value: number): number => (value > 0.2068966 ? value ** 3 : (value - OFFSET) / SLOPE);

/**
 * The CIELAB colours of an image's pixels, [height][width][3]: L from 0 to 100, a and b about -110 to 110; sRGB under D65, with the
 * constants of scikit-image's rgb2lab().
 */
export function labOf({ width, height, data }: Pick<RgbImage, 'width' | 'height' | 'data'>): Float64Array {
  const lab = new Float64Array(width * height * 3);
  for (let at = 0; at < lab.length; at += 3) {
    const [r, g, b] = [LINEAR[data[at]!]!, LINEAR[data[at + 1]!]!, LINEAR[data[at + 2]!]!];
    const [x, y, z] = TO_XYZ.map((row, axis) => rooted((row[0]! * r + row[1]! * g + row[2]! * b) / WHITE[axis]!)) as [
      number,
      number,
      number,
    ];
    lab[at] = 116 * y - 16;
    lab[at + 1] = 500 * (x - y);
    lab[at + 2] = 200 * (y - z);
  }
  return lab;
}

/** The way back: colours that sRGB does not have are brought to the nearest value of each channel. */
export function imageOfLab(lab: Float64Array, width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let at = 0; at < lab.length; at += 3) {
    const y = (lab[at]! + 16) / 116;
    const x = lab[at + 1]! / 500 + y;
    const z = Math.max(0, y - lab[at + 2]! / 200);
    const xyz = [x, y, z].map((value, axis) => cubed(value) * WHITE[axis]!);
    for (let c = 0; c < 3; c++) {
      const row = FROM_XYZ[c]!;
      const value = companded(row[0]! * xyz[0]! + row[1]! * xyz[1]! + row[2]! * xyz[2]!);
      image.data[at + c] = Math.round(Math.min(1, Math.max(0, value)) * 255);
    }
  }
  return image;
}
