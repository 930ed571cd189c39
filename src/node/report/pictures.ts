import type { RgbImage } from '../../data/image.js';
import { encodePng } from '../images/read.js';
import { geometricIndices } from './series.js';
import type { TrainingReport } from './types.js';

/** Pages beyond this are slow to open and awkward to send. */
export const LARGEST_PICTURES_BYTES = 13 * 2 ** 20;
export const MOST_SNAPSHOTS = 20;

/** A sample as a page shows it: data URIs, by the columns of the report. */
export interface PictureRow {
  readonly name: string;
  readonly given: readonly string[];
  readonly wanted: readonly string[];
  /** For each shown step a picture of each column; undefined for one that there is not. */
  readonly outputs: readonly (readonly (string | undefined)[])[];
  readonly width: number;
  readonly height: number;
}

export interface Pictures {
  rows: PictureRow[];
  /** The steps whose outputs are shown, oldest first. */
  steps: number[];
  /** How many there were before some were left out for the size of the page. */
  allRows: number;
  allSteps: number;
}

/** A report is rewritten throughout a run with mostly the same images. */
const encoded = new WeakMap<RgbImage, string>();

function dataUri(image: RgbImage): string {
  const known = encoded.get(image);
  if (known !== undefined) return known;
  const uri = `data:image/png;base64,${Buffer.from(encodePng(image)).toString('base64')}`;
  encoded.set(image, uri);
  return uri;
}

/**
 * Chooses the pictures of a page and encodes them: as many validation images as have room with their first and last
 * output, then as many snapshots between those as still fit.
 *
 * @param budget bytes for all data URIs together; the first image is shown even if it alone takes more
 */
export function choosePictures(report: TrainingReport, budget = LARGEST_PICTURES_BYTES): Pictures {
  const { given, wanted, made, snapshots } = report;
  const fixedSets = [...given, ...wanted];
  const first = snapshots[0]?.outputs ?? [];
  const last = snapshots[snapshots.length - 1]?.outputs ?? [];
  const images = Math.min(...(fixedSets.length > 0 ? fixedSets.map((set) => set.images.length) : [last.length]));
  const sizeOf = (pictures: readonly (RgbImage | undefined)[]): number =>
    pictures.reduce((sum, image) => sum + (image === undefined ? 0 : dataUri(image).length), 0);
  const fixedAt = (row: number): RgbImage[] => fixedSets.map((set) => set.images[row]!);

  let used = 0;
  let rowCount = 0;
  for (; rowCount < images; rowCount++) {
    const size = sizeOf([...fixedAt(rowCount), ...(first[rowCount] ?? []), ...(last[rowCount] ?? [])]);
    if (rowCount > 0 && used + size > budget) break;
    used += size;
  }

  const shownRows = Array.from({ length: rowCount }, (_, row) => row);
  const fixed = shownRows.reduce((sum, row) => sum + sizeOf(fixedAt(row)), 0);
  const weigh = (indices: number[]): number =>
    indices.reduce((sum, index) => sum + shownRows.reduce((total, row) => total + sizeOf(snapshots[index]!.outputs[row] ?? []), 0), fixed);
  let count = Math.min(snapshots.length, MOST_SNAPSHOTS);
  if (snapshots.length > 0 && rowCount > 0) {
    // The newest snapshot tells what the others weigh, so that not all of them need to be encoded to be left out.
    const each = weigh([snapshots.length - 1]) - fixed;
    count = Math.max(Math.min(count, Math.floor(((budget - fixed) / Math.max(each, 1)) * 1.2)), 1);
  }
  let indices = geometricIndices(snapshots.length, count);
  while (indices.length > 1 && weigh(indices) > budget) indices = geometricIndices(snapshots.length, indices.length - 1);

  const uri = (image: RgbImage | undefined): string | undefined => (image === undefined ? undefined : dataUri(image));
  return {
    rows: shownRows.map((row) => {
      const outputs = indices.map((index) => made.map((_, column) => snapshots[index]!.outputs[row]?.[column]));
      const measure = [...fixedAt(row), ...outputs.flat()].reverse().find((image) => image !== undefined);
      return {
        name: report.names[row] ?? `image ${row + 1}`,
        given: given.map((set) => dataUri(set.images[row]!)),
        wanted: wanted.map((set) => dataUri(set.images[row]!)),
        outputs: outputs.map((pictures) => pictures.map(uri)),
        width: wanted[0]?.images[row]?.width ?? measure?.width ?? 0,
        height: wanted[0]?.images[row]?.height ?? measure?.height ?? 0,
      };
    }),
    steps: indices.map((index) => snapshots[index]!.step),
    allRows: images,
    allSteps: snapshots.length,
  };
}
