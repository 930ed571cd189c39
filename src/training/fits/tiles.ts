import { createImage, crop, type RgbImage } from '../../data/image.js';
import type { Fit } from './kind.js';
import { cropPadded, reflectPad } from './reflect.js';

/** The tiles along one axis: where they begin, and the weight of each of their pixels; at every place the weights sum up to 1. */
interface Axis {
  readonly starts: readonly number[];
  readonly weights: readonly Float64Array[];
}

/**
 * Lays tiles along an axis, evenly. Towards a neighbour, the outer quarter of the least overlap has no weight, since the padding inside
 * the generator shows there; in its inner half, the weight rises as a squared sine.
 *
 * @param unit starts are multiples of it, so that strided convolutions see the grid that they would see in the whole image
 */
export function layTiles(length: number, tile: number, overlap: number, unit: number): Axis {
  const stride = Math.max(unit, Math.floor((tile - overlap) / unit) * unit);
  const count = Math.ceil((length - tile) / stride) + 1;
  const starts = Array.from({ length: count }, (_, at) =>
    count === 1 ? 0 : unit * Math.round((at * (length - tile)) / (count - 1) / unit),
  );
  const [margin, ramp] = [overlap / 4, Math.max(overlap / 2, 1)];
  const rise = (distance: number): number => Math.sin((Math.PI / 2) * Math.min(1, Math.max(0, (distance - margin) / ramp))) ** 2;
  const weights = starts.map((_, at) =>
    Float64Array.from({ length: tile }, (_, x) => (at === 0 ? 1 : rise(x + 0.5)) * (at === count - 1 ? 1 : rise(tile - x - 0.5))),
  );
  const sums = new Float64Array(length);
  starts.forEach((start, at) => weights[at]!.forEach((weight, x) => (sums[start + x]! += weight)));
  starts.forEach((start, at) => weights[at]!.forEach((weight, x) => (weights[at]![x] = weight / sums[start + x]!)));
  return { starts, weights };
}

/** Cuts an image into overlapping tiles, translates one after the other, and blends the results by weights that are smooth. */
export const tiles: Fit = {
  description: 'in overlapping tiles of --tile, blended, which bounds the memory of the device',
  takesSize: false,
  takesTile: true,
  fixedPiece: ({ tile }) => tile,
  plan([width, height], { tile, overlap, sizes: { multipleOf } }) {
    // Of a network whose sides are multiples of nearly a tile, tiles could not overlap as they should.
    const unit = multipleOf <= overlap ? multipleOf : 1;
    const upTo = (side: number, least: number): number => Math.max(least, Math.ceil(side / unit) * unit);
    const fitted = [upTo(width, tile[0]), upTo(height, tile[1])] as const;
    return {
      fitted,
      piece: tile,
      prepare: (image) => reflectPad(image, ...fitted),
      async run(image, through) {
        const across = layTiles(fitted[0], tile[0], overlap, unit);
        const down = layTiles(fitted[1], tile[1], overlap, unit);
        return cropPadded(await blend(image, across, down, through), width, height);
      },
    };
  },
};

/** Sums up a row of tiles at a time: of the sums, no more rows are kept than a tile has. */
async function blend(image: RgbImage, across: Axis, down: Axis, through: (tile: RgbImage) => Promise<RgbImage>): Promise<RgbImage> {
  const [wide, high] = [across.weights[0]!.length, down.weights[0]!.length];
  const result = createImage(image.width, image.height);
  let numbers: Numbers | undefined;
  const rowLength = image.width * 3;
  const sums = new Float32Array(high * rowLength);
  for (const [row, top] of down.starts.entries()) {
    for (const [column, left] of across.starts.entries()) {
      const tile = await through(crop(image, left, top, wide, high));
      const { data } = tile;
      for (let y = 0, from = 0; y < high; y++) {
        for (let x = 0, to = y * rowLength + left * 3; x < wide; x++) {
          const weight = down.weights[row]![y]! * across.weights[column]![x]!;
          for (let c = 0; c < 3; c++) sums[to++]! += weight * data[from++]!;
        }
      }
      if (tile.values?.kind !== 'numbers') continue;
      numbers ??= wholeOf(tile.values, image);
      blendValues(tile.values, numbers, { left, top, width: image.width }, across.weights[column]!, down.weights[row]!);
    }
    // Rows above the next tiles are complete; the others move up.
    const complete = (down.starts[row + 1] ?? top + high) - top;
    for (let at = 0; at < complete * rowLength; at++) result.data[top * rowLength + at] = Math.round(sums[at]!);
    sums.copyWithin(0, complete * rowLength);
    sums.fill(0, (high - complete) * rowLength);
  }
  if (numbers) result.values = { kind: 'numbers', ...numbers };
  return result;
}

type Numbers = { readonly channels: number; readonly data: Float32Array };

/** The numbers of a whole image, all 0, for results that have those of a tile. */
const wholeOf = ({ channels }: Numbers, { width, height }: RgbImage): Numbers => ({
  channels,
  data: new Float32Array(width * height * channels),
});

/** Adds a tile's numbers to those of the whole image, each by its weight. */
function blendValues(
  { channels, data }: Numbers,
  whole: Numbers,
  { left, top, width }: { readonly left: number; readonly top: number; readonly width: number },
  across: Float64Array,
  down: Float64Array,
): void {
  for (let y = 0, from = 0; y < down.length; y++) {
    for (let x = 0, to = ((top + y) * width + left) * channels; x < across.length; x++) {
      const weight = down[y]! * across[x]!;
      for (let c = 0; c < channels; c++) whole.data[to++]! += weight * data[from++]!;
    }
  }
}
