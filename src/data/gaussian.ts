/** How many standard deviations a kernel reaches to either side, as in SciPy: what lies beyond is below a byte's last digit. */
const REACH = 4;

/** The weights of a Gaussian at whole distances from -radius to radius; they sum up to 1. */
export function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.floor(REACH * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp((-0.5 * (at - radius) ** 2) / (sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** A plane of numbers, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** Blurs a plane by a Gaussian; beyond the border lies its last pixel. @param sigma standard deviation in pixels; 0 changes nothing */
export function blurPlane(plane: Plane, sigma: number): Plane {
  if (sigma === 0) return plane;
  const kernel = gaussianKernel(sigma);
  // Twice along rows, turned in between.
  return blurRowsTurned(blurRowsTurned(plane, kernel), kernel);
}

/** Blurs each row, and exchanges rows and columns. */
function blurRowsTurned({ width, height, data }: Plane, kernel: Float64Array): Plane {
  const radius = (kernel.length - 1) / 2;
  const result = new Float64Array(width * height);
  const padded = new Float64Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    padded.set(data.subarray(row, row + width), radius);
    padded.fill(data[row]!, 0, radius);
    padded.fill(data[row + width - 1]!, radius + width);
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = 0; tap < kernel.length; tap++) sum += kernel[tap]! * padded[x + tap]!;
      result[x * height + y] = sum;
    }
  }
  return { width: height, height: width, data: result };
}

/** The gradient of a plane by Sobel's kernels, [-1 0 1] across and [1 2 1] along; beyond the border lies its last pixel. */
export function sobel({ width, height, data }: Plane): { x: Float64Array; y: Float64Array } {
  const [x, y] = [new Float64Array(width * height), new Float64Array(width * height)];
  for (let row = 0; row < height; row++) {
    const [above, at, below] = [Math.max(row - 1, 0) * width, row * width, Math.min(row + 1, height - 1) * width];
    for (let column = 0; column < width; column++) {
      const [left, right] = [Math.max(column - 1, 0), Math.min(column + 1, width - 1)];
      x[at + column] =
        data[above + right]! -
        data[above + left]! +
        2 * (data[at + right]! - data[at + left]!) +
        data[below + right]! -
        data[below + left]!;
      y[at + column] =
        data[below + left]! -
        data[above + left]! +
        2 * (data[below + column]! - data[above + column]!) +
        data[below + right]! -
        data[above + right]!;
    }
  }
  return { x, y };
}
