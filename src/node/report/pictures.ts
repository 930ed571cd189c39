import type { RgbImage } from '../../data/image.js';
import { encodePng } from '../images/read.js';
import { geometricIndices } from './series.js';
import type { TrainingReport } from './types.js';

/** Pages beyond this are slow to open and awkward to send. */
export const LARGEST_PICTURES_BYTES = 13 * 2 ** 20;
export const MOST_SNAPSHOTS = 20;

export interface Pictures {
  rows: { name: string; input: string; target: string; outputs: (string | undefined)[]; width: number; height: number }[];
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
  const images = Math.min(report.inputs.length, report.targets.length);
  const last = report.snapshots[report.snapshots.length - 1];
  const sizeOf = (image: RgbImage | undefined) => (image === undefined ? 0 : dataUri(image).length);

  let used = 0;
  let rowCount = 0;
  for (; rowCount < images; rowCount++) {
    const size = [
      report.inputs[rowCount],
      report.targets[rowCount],
      report.snapshots[0]?.outputs[rowCount],
      last?.outputs[rowCount],
    ].reduce((sum, image) => sum + sizeOf(image), 0);
    if (rowCount > 0 && used + size > budget) break;
    used += size;
  }

  const fixed = [...report.inputs.slice(0, rowCount), ...report.targets.slice(0, rowCount)].reduce((sum, image) => sum + sizeOf(image), 0);
  const weigh = (indices: number[]) =>
    indices.reduce(
      (sum, index) => sum + report.snapshots[index]!.outputs.slice(0, rowCount).reduce((total, image) => total + sizeOf(image), 0),
      fixed,
    );
  let count = Math.min(report.snapshots.length, MOST_SNAPSHOTS);
  if (last !== undefined && rowCount > 0) {
    // The newest snapshot tells what the others weigh, so that not all of them need to be encoded to be left out.
    const each = weigh([report.snapshots.length - 1]) - fixed;
    count = Math.max(Math.min(count, Math.floor(((budget - fixed) / Math.max(each, 1)) * 1.2)), 1);
  }
  let indices = geometricIndices(report.snapshots.length, count);
  while (indices.length > 1 && weigh(indices) > budget) indices = geometricIndices(report.snapshots.length, indices.length - 1);

  const uri = (image: RgbImage | undefined) => (image === undefined ? undefined : dataUri(image));
  return {
    rows: Array.from({ length: rowCount }, (_, row) => ({
      name: report.names[row] ?? `image ${row + 1}`,
      input: dataUri(report.inputs[row]!),
      target: dataUri(report.targets[row]!),
      outputs: indices.map((index) => uri(report.snapshots[index]!.outputs[row])),
      width: report.targets[row]!.width,
      height: report.targets[row]!.height,
    })),
    steps: indices.map((index) => report.snapshots[index]!.step),
    allRows: images,
    allSteps: report.snapshots.length,
  };
}
