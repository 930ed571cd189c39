import { blurPlane, sobel, type Plane } from '../gaussian.js';
import { imageBytes, imageOfBytes } from '../grey.js';
import type { RgbImage } from '../image.js';
import type { PairInput } from './input.js';

/** Edges by Canny (IEEE PAMI 8(6), 1986), black on white. */
export const edges: PairInput = {
  name: 'edges',
  title: 'outlines by Canny, black on white',
  options: {
    sigma: { default: 1, min: 0, max: 20, description: 'the blur before edges are looked for, in pixels: more leaves out finer ones' },
    low: {
      default: 0.2,
      min: 0,
      max: 6,
      description: 'gradient from which on a line goes on; black to white in one step is 4 without blur',
    },
    high: { default: 0.5, min: 0, max: 6, description: 'gradient that a line needs at one place at least' },
  },
  together: ({ low, high }) => (low! > high! ? `low of at most high, ${high}` : undefined),
  make(image, { sigma, low, high }) {
    const { width, height } = image;
    const found = cannyEdges(luminancePlane(image), { sigma: sigma!, low: low!, high: high! });
    return imageOfBytes(
      found.map((edge) => (edge ? 0 : 255)),
      width,
      height,
      1,
    );
  },
};

/** The luminance of an image, 0 to 1. */
export function luminancePlane(image: RgbImage): Plane {
  return { width: image.width, height: image.height, data: Float64Array.from(imageBytes(image, 1), (byte) => byte / 255) };
}

/**
 * Finds edges by Canny: the gradient of the blurred plane, thinned to where it is largest along its direction, and of what is left from
 * `low` on, whatever is joined to a place of at least `high`. The outermost pixels are none.
 *
 * @returns 1 for each pixel on an edge, else 0
 */
export function cannyEdges(plane: Plane, { sigma, low, high }: { sigma: number; low: number; high: number }): Uint8Array {
  const { width, height } = plane;
  const gradient = sobel(blurPlane(plane, sigma));
  const strength = gradient.x.map((x, at) => Math.hypot(x, gradient.y[at]!));
  // 1 for a weak edge, 2 for one that has been reached from a strong one.
  const marks = new Uint8Array(width * height);
  const reached: number[] = [];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const own = strength[at]!;
      if (own === 0 || own < low || !isRidge(strength, at, width, gradient.x[at]!, gradient.y[at]!)) continue;
      marks[at] = 1;
      if (own >= high) reached.push(at);
    }
  }
  for (const at of reached) marks[at] = 2;
  for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
    for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
      if (marks[at + step] !== 1) continue;
      marks[at + step] = 2;
      reached.push(at + step);
    }
  }
  return marks.map((mark) => (mark === 2 ? 1 : 0));
}

/**
 * Whether no place before and behind along the gradient is stronger. Those lie between two pixels each: the nearest along the longer
 * component, and that with a step along the shorter one. Of two that are equal the latter stays, so that lines are a pixel wide.
 */
function isRidge(strength: Float64Array, at: number, width: number, x: number, y: number): boolean {
  const [alongX, alongY] = [Math.sign(x), Math.sign(y) * width];
  const steep = Math.abs(y) > Math.abs(x);
  const share = steep ? Math.abs(x / y) : Math.abs(y / x);
  const [near, far] = [steep ? alongY : alongX, alongX + alongY];
  const between = (direction: 1 | -1): number => (1 - share) * strength[at + direction * near]! + share * strength[at + direction * far]!;
  return strength[at]! >= between(-1) && strength[at]! > between(1);
}
