/** Weights of a Gaussian from its middle outwards; together, both sides counted, they are 1. */
function weightsOf(sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const weights = Float32Array.from({ length: radius + 1 }, (_, at) => Math.exp(-(at * at) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight, at) => total + (at === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

/** A plane through a Gaussian of `sigma` pixels, along rows and then columns; beyond a border it is as on it. */
export function blurred(plane: Float32Array, width: number, height: number, sigma: number): Float32Array {
  const weights = weightsOf(sigma);
  return along(along(plane, weights, height, width, width, 1), weights, width, height, 1, width);
}

/** One direction of a blur: `lines` lines of `length` numbers, `between` apart, whose numbers are `step` apart. */
function along(plane: Float32Array, weights: Float32Array, lines: number, length: number, between: number, step: number): Float32Array {
  const out = new Float32Array(plane.length);
  const radius = weights.length - 1;
  const line = new Float32Array(length + 2 * radius);
  for (let each = 0; each < lines; each++) {
    const start = each * between;
    for (let at = 0; at < line.length; at++) line[at] = plane[start + step * Math.min(length - 1, Math.max(0, at - radius))]!;
    for (let at = 0; at < length; at++) {
      const middle = at + radius;
      let sum = weights[0]! * line[middle]!;
      for (let away = 1; away <= radius; away++) sum += weights[away]! * (line[middle - away]! + line[middle + away]!);
      out[start + step * at] = sum;
    }
  }
  return out;
}

/** How light the pixels of a canvas are, from 0 to 255. */
export function luminanceOf(data: Uint8ClampedArray): Float32Array {
  const light = new Float32Array(data.length / 4);
  for (let at = 0; at < light.length; at++) light[at] = 0.299 * data[4 * at]! + 0.587 * data[4 * at + 1]! + 0.114 * data[4 * at + 2]!;
  return light;
}
