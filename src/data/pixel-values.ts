import { bicubicWeights } from './resize-weights.js';

/**
 * The numbers of an image's pixels, where they are more than eight-bit colours: [height][width][channels]. `numbers` lie in [-1, 1], as
 * networks take them; `classes` are the whole numbers of an index map, one a pixel, between which there is nothing.
 */
export type PixelValues =
  | {
      readonly kind: 'numbers';
      readonly channels: number;
      readonly data: Float32Array;
      /** Of numbers out of a file the share that lay beyond their range. None where it is left out. */
      readonly beyond?: number;
    }
  | { readonly kind: 'classes'; readonly channels: 1; readonly count: number; readonly data: Uint8Array };

/** Values whose pixels are those of others at the places that are given. */
export function gatherValues(values: PixelValues, places: Int32Array): PixelValues {
  if (values.kind === 'classes') return { ...values, data: Uint8Array.from(places, (place) => values.data[place]!) };
  const { channels } = values;
  const data = new Float32Array(places.length * channels);
  for (let pixel = 0, to = 0; pixel < places.length; pixel++) {
    const from = places[pixel]! * channels;
    for (let c = 0; c < channels; c++) data[to++] = values.data[from + c]!;
  }
  return { ...values, data };
}

/** The place of each pixel of a result in what it is made of, whose columns and rows are given for each of its own. */
export function placesOf(columns: ArrayLike<number>, rows: ArrayLike<number>, width: number): Int32Array {
  const places = new Int32Array(columns.length * rows.length);
  for (let y = 0, to = 0; y < rows.length; y++) for (let x = 0; x < columns.length; x++) places[to++] = rows[y]! * width + columns[x]!;
  return places;
}

/** Where a resize by the nearest pixel takes each position from, as Pillow's `Image.resize(size, Image.NEAREST)`. */
export const nearestPlaces = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to }, (_, at) => Math.floor(((at + 0.5) * from) / to));

interface Sides {
  readonly width: number;
  readonly height: number;
}

/**
 * Brings values to other sides: numbers bicubic, with the weights of resizeBicubic() and clamped to [-1, 1]; the classes of an index map by
 * the nearest pixel, so that none comes out that did not go in.
 */
export function resizeValues(values: PixelValues, from: Sides, { width, height }: Sides): PixelValues {
  if (from.width === width && from.height === height) return values;
  if (values.kind === 'classes')
    return gatherValues(values, placesOf(nearestPlaces(from.width, width), nearestPlaces(from.height, height), from.width));
  const { channels } = values;
  const across = along(values.data, from.height, from.width, width, channels);
  return { ...values, data: along(across, 1, from.height, height, width * channels).map((value) => Math.min(1, Math.max(-1, value))) };
}

/** Resizes along one axis: `outer` blocks of positions with `inner` numbers each. */
function along(data: Float32Array, outer: number, inSize: number, outSize: number, inner: number): Float32Array {
  if (inSize === outSize) return data;
  const { taps, first, weights } = bicubicWeights(inSize, outSize);
  const result = new Float32Array(outer * outSize * inner);
  const sums = new Float64Array(inner);
  for (let block = 0; block < outer; block++) {
    for (let position = 0; position < outSize; position++) {
      sums.fill(0);
      const count = Math.min(taps, inSize - first[position]!);
      for (let t = 0; t < count; t++) {
        const weight = weights[position * taps + t]!;
        const from = (block * inSize + first[position]! + t) * inner;
        for (let i = 0; i < inner; i++) sums[i] = sums[i]! + weight * data[from + i]!;
      }
      result.set(sums, (block * outSize + position) * inner);
    }
  }
  return result;
}

/**
 * Gives values as a network takes them, [height][width][channels]: numbers as they are, of an index map 1 for the class of a pixel and -1
 * for all others.
 *
 * ```ts
 * const { values } = codings.source.see(image);
 * const x = Tensor.from(gpu, networkNumbers(values), [1, image.height, image.width, codings.source.channels]);
 * ```
 */
export function networkNumbers(values: PixelValues): Float32Array {
  if (values.kind === 'numbers') return values.data;
  const { data, count } = values;
  const numbers = new Float32Array(data.length * count).fill(-1);
  for (let pixel = 0; pixel < data.length; pixel++) if (data[pixel]! < count) numbers[pixel * count + data[pixel]!] = 1;
  return numbers;
}
